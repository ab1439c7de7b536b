//! Reads as values: a function on a transaction, boxed so that it can wait in a queue.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use tierline_store::{Command, Tx};

use crate::error::AppError;

/// What a read answers, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, AppError>> + Send + 'a>>;

/// A read.
pub struct Ask<T, F> {
    read: F,
    answers: PhantomData<fn() -> T>,
}

/// Wraps a function on a transaction as a read.
pub fn ask<T, F>(read: F) -> Ask<T, F>
where
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> Answer<'a, T> + Send + Sync,
{
    Ask {
        read,
        answers: PhantomData,
    }
}

impl<T: Send, F> Command for Ask<T, F>
where
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> Answer<'a, T> + Send + Sync,
{
    type Out = T;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<T, AppError> {
        (self.read)(tx).await
    }
}
