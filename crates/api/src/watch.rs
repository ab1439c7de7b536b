//! Does what is due as time passes by itself: the same items, by the same code, as when a clock is moved.

use std::time::Duration;

use tierline_app::{App, AppError};
use tierline_store::StoreError;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often a look is taken. Any number of servers may look at one database: each item is done once.
const PAUSE: Duration = Duration::from_secs(1);

/// A worker at work, until it is dropped.
pub struct Watch {
    task: JoinHandle<()>,
}

impl Watch {
    /// Starts to watch the schedule of an app.
    #[must_use]
    pub fn start(app: App) -> Self {
        let task = tokio::spawn(async move {
            let mut looks = tokio::time::interval(PAUSE);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                looks.tick().await;
                match app.fall_due().await {
                    Ok(done) if done.fired() > 0 => {
                        tracing::info!(fired = done.fired(), "what was due is done");
                    }
                    Ok(_) => {}
                    Err(AppError::Store(StoreError::Closed)) => return,
                    // What is not done now is done at the next look.
                    Err(error) => tracing::warn!(%error, "what is due was not done"),
                }
            }
        });
        Self { task }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
