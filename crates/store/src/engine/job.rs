//! A queued command with its type hidden: what a lane can do with it.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::oneshot;

use super::{Ahead, Command, Lock, Tx};
use crate::error::StoreError;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// With a result.
    Done,
    /// With an error, which may leave a record behind.
    Refused,
    /// In a panic.
    Panicked,
}

/// A command on its way through a lane. Its result is kept until the commit and answered after it.
pub(super) trait Job: Send {
    fn locks(&self) -> &[Lock];
    fn ahead(&self) -> Vec<Ahead>;
    fn is_repeatable(&self) -> bool;
    fn is_refusable(&self) -> bool;
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    fn run<'a, 'b: 'a>(&'a mut self, tx: &'a mut Tx<'b>) -> LocalBoxFuture<'a, Ran>;
    fn record<'a, 'b: 'a>(
        &'a mut self,
        tx: &'a mut Tx<'b>,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>>;
    /// Puts the store's error in place of whatever the command resulted in.
    fn fail(&mut self, error: StoreError);
    fn answer(self: Box<Self>);
}

/// What a command ends in.
pub(super) type Outcome<C> = Result<<C as Command>::Out, <C as Command>::Error>;

pub(super) struct Queued<C: Command> {
    command: C,
    locks: Vec<Lock>,
    result: Outcome<C>,
    /// Who waits for it; none where the caller runs it itself.
    answer: Option<oneshot::Sender<Outcome<C>>>,
}

impl<C: Command> Queued<C> {
    pub(super) fn new(command: C, locks: Vec<Lock>) -> Self {
        Self {
            command,
            locks,
            result: Err(StoreError::Closed.into()),
            answer: None,
        }
    }

    /// Where the result will arrive.
    pub(super) fn awaited(&mut self) -> oneshot::Receiver<Outcome<C>> {
        let (answer, answered) = oneshot::channel();
        self.answer = Some(answer);
        answered
    }

    /// What it resulted in, for a caller that ran it itself.
    pub(super) fn into_outcome(self) -> Outcome<C> {
        self.result
    }
}

impl<C: Command> Job for Queued<C> {
    fn locks(&self) -> &[Lock] {
        &self.locks
    }

    fn ahead(&self) -> Vec<Ahead> {
        self.command.ahead()
    }

    fn is_repeatable(&self) -> bool {
        self.command.is_repeatable()
    }

    fn is_refusable(&self) -> bool {
        self.command.is_refusable()
    }

    fn is_abandoned(&self) -> bool {
        self.answer.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    fn run<'a, 'b: 'a>(&'a mut self, tx: &'a mut Tx<'b>) -> LocalBoxFuture<'a, Ran> {
        Box::pin(async move {
            let command = &self.command;
            let caught = AssertUnwindSafe(async move { command.run(tx).await })
                .catch_unwind()
                .await;
            let (result, ran) = match caught {
                Ok(Ok(out)) => (Ok(out), Ran::Done),
                Ok(Err(error)) => (Err(error), Ran::Refused),
                Err(panic) => (Err(panicked::<C>(panic.as_ref()).into()), Ran::Panicked),
            };
            self.result = result;
            ran
        })
    }

    fn record<'a, 'b: 'a>(
        &'a mut self,
        tx: &'a mut Tx<'b>,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let Err(error) = &self.result else {
                return Ok(());
            };
            let command = &self.command;
            AssertUnwindSafe(async move { command.record_failure(tx, error).await })
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Err(panicked::<C>(panic.as_ref())))
        })
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Err(error.into());
    }

    fn answer(self: Box<Self>) {
        // Nobody may be waiting any more; the work is done all the same.
        if let Some(answer) = self.answer {
            drop(answer.send(self.result));
        }
    }
}

fn panicked<C>(panic: &(dyn Any + Send)) -> StoreError {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("nothing");
    tracing::error!(
        command = std::any::type_name::<C>(),
        said,
        "a command panicked"
    );
    StoreError::Panicked
}
