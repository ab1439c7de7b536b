//! A world on disk: one directory with a SQLite file, the keys beside it, and its snapshots.
//!
//! A directory is marked until it is whole, so that what has a world's name and no mark is a world, whenever the process
//! ends.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tierline_app::clock::Clock;
use tierline_app::demo::{LayDemo, LayWorld};
use tierline_app::time::{keep_forward, kept_clock, resume_clock};
use tierline_app::{App, AppError};
use tierline_domain::time::Timestamp;
use tierline_store::tables::webhooks::{Attempt, Delivery};
use tierline_store::tables::{
    AuthorizationCode, RefreshToken, SignIn, StoredKey, WorldClock, webhook_attempts,
};
use tierline_store::{Command, Db, DbConfig, StoreError, Table, Tx, Value, schema};

use crate::identity::Issuer;
use crate::routes::tokens::seed_credentials;

/// The database of a world.
const DATABASE: &str = "tierline.db";
/// The database that takes its place at a reset.
const NEXT_DATABASE: &str = "tierline.next.db";
/// The key that signs checkpoints of its log.
pub(super) const LOG_KEY: &str = "log.key";
/// The key that signs its webhooks.
pub(super) const WEBHOOK_KEY: &str = "webhooks.pem";
/// Here while it is being made.
const MAKING: &str = ".making";
/// What is known of it besides.
const ABOUT: &str = "world.json";
/// The snapshot of how a world began.
pub(super) const BEGINNING: &str = "beginning";

/// Why a world could not be made, copied or opened.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The program failed.
    #[error("the program failed")]
    App(#[from] AppError),
    /// The directory cannot be read or written.
    #[error("the directory cannot be read or written")]
    Disk(#[from] std::io::Error),
    /// There is no database where a world should be.
    #[error("{0} does not exist")]
    Missing(PathBuf),
    /// The log's key cannot be read or written.
    #[error("the log's key cannot be read or written")]
    Key(#[from] tierline_store::log::KeyError),
}

impl Failure {
    /// The world that it was about went away meanwhile.
    pub(super) const fn is_closed(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Closed) | Self::App(AppError::Store(StoreError::Closed))
        )
    }
}

/// Where a world comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct About {
    /// When it was made, by the server's clock.
    pub(super) made: Timestamp,
    /// The world that it was forked from.
    pub(super) from: Option<String>,
}

/// What a new database begins with, laid down at once: a world without credentials is none.
pub struct Beginning {
    /// The facts of a world file; the demo world without one.
    pub given: Option<Vec<serde_json::Value>>,
    /// Where the world's clock stands.
    pub now: Timestamp,
    /// Now at the server.
    pub server_now: Timestamp,
}

impl Command for Beginning {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let now = self.now;
        match self.given.clone() {
            Some(given) => LayWorld { given, now }.run(tx).await?,
            None => LayDemo { now }.run(tx).await?,
        }
        seed_credentials(tx, self.server_now).await
    }
}

/// What a world is made of.
pub(super) enum Source {
    /// The demo world, at an instant at which its clock stands; running from now without one.
    Demo(Option<Timestamp>),
    /// A copy of a world as it is, and the directory of its log's key.
    World(App, PathBuf),
    /// A copy of a snapshot, and the directory of its log's key.
    Snapshot(PathBuf, PathBuf),
}

/// Opens a world that is there, with its clock as it was kept.
pub(super) async fn open(directory: &Path) -> Result<App, Failure> {
    let path = directory.join(DATABASE);
    if !path.exists() {
        return Err(Failure::Missing(path));
    }
    opened(open_file(path).await?).await
}

async fn open_file(path: PathBuf) -> Result<Db, Failure> {
    Ok(Db::open(&DbConfig::File { path }, schema::MIGRATIONS).await?)
}

/// A database that is nothing until it is whole: what happens to it on the way is not waited for on its way to the disk.
async fn open_unfinished(path: PathBuf) -> Result<Db, Failure> {
    let db = open_file(path).await?;
    db.wait_for_disk(false).await?;
    Ok(db)
}

async fn opened(db: Db) -> Result<App, Failure> {
    let kept = kept_clock(&db).await?;
    let clock = kept.as_ref().map_or_else(Clock::wall, Clock::kept);
    Ok(App::new(db, clock))
}

/// Whether a directory was not filled to its end.
pub(super) fn is_half_made(directory: &Path) -> bool {
    directory.join(MAKING).exists()
}

/// Fills a directory, which must not be there yet, with a world that issues tokens under an address.
pub(super) async fn fill(
    directory: &Path,
    source: Source,
    about: &About,
    address: &str,
) -> Result<(App, Issuer), Failure> {
    std::fs::create_dir(directory)?;
    std::fs::write(directory.join(MAKING), [])?;
    let file = directory.join(DATABASE);
    let app = match source {
        Source::Demo(now) => {
            let clock = now.map_or_else(Clock::wall, Clock::pinned);
            let app = App::new(open_unfinished(file).await?, clock);
            let beginning = Beginning {
                given: None,
                now: app.clock().world_now(),
                server_now: app.clock().server_now(),
            };
            app.db().write(beginning).await?;
            app
        }
        Source::World(app, keys) => {
            copy_log_key(&keys, directory)?;
            // Asked before: what is in the copy may have been moved further, never less.
            let clock = Some(app.clock_now());
            app.db().snapshot_to(&file).await?;
            severed(file, clock).await?
        }
        Source::Snapshot(snapshot, keys) => {
            copy_log_key(&keys, directory)?;
            std::fs::copy(snapshot, &file)?;
            severed(file, None).await?
        }
    };
    // The keys of its tokens belong to its beginning: a reset leaves tokens valid.
    let now = app.clock().server_now();
    let issuer = Issuer::open(app.db().clone(), address, now).await?;
    snapshot(&app, directory, BEGINNING).await?;
    app.db().wait_for_disk(true).await?;
    let about = serde_json::to_vec(about).map_err(std::io::Error::from)?;
    std::fs::write(directory.join(ABOUT), about)?;
    std::fs::remove_file(directory.join(MAKING))?;
    Ok((app, issuer))
}

/// A copy's log goes on under its origin's key. It is copied first: an origin that is deleted meanwhile leaves no copy
/// without it.
fn copy_log_key(from: &Path, to: &Path) -> Result<(), Failure> {
    let key = from.join(LOG_KEY);
    if key.exists() {
        std::fs::copy(key, to.join(LOG_KEY))?;
    }
    Ok(())
}

/// A copy, without what lets anybody into the world that it was taken of.
async fn severed(file: PathBuf, clock: Option<WorldClock>) -> Result<App, Failure> {
    let db = open_unfinished(file).await?;
    db.write(Sever { clock }).await?;
    opened(db).await
}

/// Where a world comes from; nothing is known of the server's own.
pub(super) fn about(directory: &Path) -> Option<About> {
    let text = std::fs::read(directory.join(ABOUT)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The file of a snapshot.
pub(super) fn snapshot_file(directory: &Path, name: &str) -> PathBuf {
    directory.join("snapshots").join(format!("{name}.db"))
}

/// Keeps a world as it is.
pub(super) async fn snapshot(app: &App, directory: &Path, name: &str) -> Result<(), Failure> {
    let file = snapshot_file(directory, name);
    let making = directory.join("snapshots").join(format!(".{name}"));
    std::fs::create_dir_all(directory.join("snapshots"))?;
    if making.exists() {
        std::fs::remove_file(&making)?;
    }
    app.keep_clock().await?;
    app.db().snapshot_to(&making).await?;
    std::fs::rename(making, file)?;
    Ok(())
}

/// The names of a world's snapshots, sorted.
pub(super) fn snapshots(directory: &Path) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(directory.join("snapshots")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = files
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".db")?.to_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// Puts a snapshot in the place of a world's database, which is closed. The database is the old one until the rename,
/// and the snapshot's from then on.
pub(super) async fn put_back(directory: &Path, name: &str) -> Result<(), Failure> {
    let next = directory.join(NEXT_DATABASE);
    if next.exists() {
        std::fs::remove_file(&next)?;
    }
    std::fs::copy(snapshot_file(directory, name), &next)?;
    from_then_on(&next).await?;
    for file in [NEXT_DATABASE, DATABASE] {
        // A closed database has nothing beside it; what were left would be read into the other one.
        let log = directory.join(format!("{file}-wal"));
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            let text = format!("{} is still in use", log.display());
            return Err(std::io::Error::other(text).into());
        }
    }
    // What takes the place of a world is on the disk before.
    File::open(&next)?.sync_all()?;
    std::fs::rename(next, directory.join(DATABASE))?;
    Ok(())
}

/// A running clock goes on from where it stood in a snapshot, not from what has passed since.
async fn from_then_on(file: &Path) -> Result<(), Failure> {
    let db = open_file(file.to_owned()).await?;
    db.write(Resume).await?;
    db.shutdown().await;
    Ok(())
}

struct Resume;

impl Command for Resume {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        resume_clock(tx).await
    }
}

/// Takes away what lets anybody in: keys, sign-ins and what was issued on them. Events that wait to be told are told by
/// the world in which they happened.
struct Sever {
    /// Where the clock of its origin stood; where it was kept without one.
    clock: Option<WorldClock>,
}

impl Command for Sever {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        remove_all::<AuthorizationCode>(tx).await?;
        remove_all::<RefreshToken>(tx).await?;
        remove_all::<SignIn>(tx).await?;
        remove_all::<StoredKey>(tx).await?;
        match &self.clock {
            Some(clock) => keep_forward(tx, clock).await?,
            None => resume_clock(tx).await?,
        }
        for delivery in tx.find::<Delivery>(Delivery::all_rows_sql(), &[]).await? {
            if delivery.state != "waiting" {
                continue;
            }
            let id = [Value::Id(delivery.id)];
            for attempt in tx
                .find::<Attempt>(webhook_attempts::OF_DELIVERY, &id)
                .await?
            {
                tx.delete::<Attempt>(&attempt.key()).await?;
            }
            tx.delete::<Delivery>(&id).await?;
        }
        Ok(())
    }
}

async fn remove_all<T: Table>(tx: &mut Tx<'_>) -> Result<(), AppError> {
    for row in tx.find::<T>(T::all_rows_sql(), &[]).await? {
        tx.delete::<T>(&row.key()).await?;
    }
    Ok(())
}
