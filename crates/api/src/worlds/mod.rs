//! The worlds of a sandbox server: each a SQLite file with a clock, keys and workers of its own, behind one port.
//!
//! A request belongs to the world that its host name (`NAME.localhost`) or its `X-Tierline-World` names, and to the
//! server's own world where it names none. Behind that choice a world has a router, an issuer and a store that no other
//! shares, so that what belongs to one is nothing in another.

mod files;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName};
use tierline_app::App;
use tierline_app::clock::Clock;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::log::{LogKey, Sealer};
use tokio::sync::Mutex;
use tower::ServiceExt as _;

use crate::calls::Counting;
use crate::deliver::{self, Courier};
use crate::exporter::{Exporter, Exporting};
use crate::identity::Issuer;
use crate::problem::Problem;
use crate::server::{self, Door, Server, Settings};
use crate::watch::Watch;
use files::{About, BEGINNING, Source};
pub use files::{Beginning, Failure};

/// The name of the server's own world.
pub const OWN: &str = "default";
/// The header that names a request's world.
pub const HEADER: &str = "x-tierline-world";
const NAMED: HeaderName = HeaderName::from_static(HEADER);
/// Most worlds beside the server's own, unless it is told otherwise: each keeps a few threads and connections.
pub const WORLDS_MAX: usize = 50;
/// Most snapshots of a world, its beginning included: each is a file as large as the world was.
pub const SNAPSHOTS_MAX: usize = 50;
/// The member of a request that says where the clock of a new world stands.
pub(crate) const NOW: &str = "now";
/// Most letters of a name: it is part of a host name.
const NAME_MAX: usize = 40;

/// One world, open and at work.
pub(crate) struct World {
    name: String,
    directory: PathBuf,
    about: Option<About>,
    server: Server,
    door: Door,
    _workers: (deliver::Running, Sealer, Watch, Exporting, Counting),
}

/// What is behind a name.
enum Slot {
    Open(Arc<World>),
    /// Somebody makes, resets or deletes it.
    Busy(&'static str),
    /// It is there and cannot be opened; the log says why.
    Broken,
}

/// The registry. Clones share it.
#[derive(Clone)]
pub struct Worlds {
    inner: Arc<Inner>,
}

struct Inner {
    /// The server's own world, and where its keys and snapshots lie.
    own: App,
    root: PathBuf,
    settings: Settings,
    port: u16,
    slots: RwLock<BTreeMap<String, Slot>>,
    /// Whose turn it is to keep a snapshot: two of one name would write one file.
    keeping: Mutex<()>,
}

/// A world as it is told of.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) address: String,
    /// `open`, or what is being done to it.
    pub(crate) state: &'static str,
    pub(crate) from: Option<String>,
    pub(crate) made: Option<Timestamp>,
    /// Where its clock stands; none while it is busy.
    pub(crate) clock: Option<Timestamp>,
    pub(crate) snapshots: Vec<String>,
}

/// What a new world is made of.
#[derive(Debug)]
pub(crate) enum Origin {
    /// The demo world; its clock stands at an instant, or runs from now.
    Demo(Option<Timestamp>),
    /// Another world, as it is or as a snapshot has it.
    World(String, Option<String>),
}

impl Worlds {
    /// The worlds below a directory; those that are there already are opened. One that cannot be opened stops no other.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn open(
        own: App,
        root: &Path,
        settings: Settings,
        address: SocketAddr,
    ) -> Result<Self, Failure> {
        let worlds = Self {
            inner: Arc::new(Inner {
                own,
                root: root.to_owned(),
                settings,
                port: address.port(),
                slots: RwLock::default(),
                keeping: Mutex::default(),
            }),
        };
        let place = worlds.place();
        std::fs::create_dir_all(&place)?;
        for found in std::fs::read_dir(&place)? {
            let found = found?;
            let Ok(name) = found.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                // What an interrupted call had left to remove.
                std::fs::remove_dir_all(found.path())?;
            } else if check_name("name", &name).is_ok() {
                if files::is_half_made(&found.path()) {
                    std::fs::remove_dir_all(found.path())?;
                    continue;
                }
                let slot = match worlds.open_one(&name).await {
                    Ok(world) => Slot::Open(world),
                    Err(failure) => {
                        let error: &dyn std::error::Error = &failure;
                        tracing::error!(error, name, "a world cannot be opened");
                        Slot::Broken
                    }
                };
                worlds.slots_mut().insert(name, slot);
            }
        }
        Ok(worlds)
    }

    fn place(&self) -> PathBuf {
        self.inner.root.join("worlds")
    }

    fn slots(&self) -> RwLockReadGuard<'_, BTreeMap<String, Slot>> {
        self.inner
            .slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn slots_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Slot>> {
        self.inner
            .slots
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self, name: &str) -> String {
        let port = self.inner.port;
        if name == OWN {
            return format!("http://localhost:{port}");
        }
        format!("http://{name}.localhost:{port}")
    }

    /// Opens a world that is there.
    async fn open_one(&self, name: &str) -> Result<Arc<World>, Failure> {
        let app = files::open(&self.place().join(name)).await?;
        let now = app.clock().server_now();
        let issuer = Issuer::open(app.db().clone(), &self.address(name), now).await?;
        self.start(name, app, issuer).await
    }

    /// Sets a world that is whole to work.
    async fn start(&self, name: &str, app: App, issuer: Issuer) -> Result<Arc<World>, Failure> {
        let directory = self.place().join(name);
        let address = self.address(name);
        let settings = Settings {
            public_url: None,
            world: Some(name.to_owned()),
            ..self.inner.settings.clone()
        };
        // What fell due while no server ran is done before anybody is answered.
        app.fall_due().await?;
        let key = LogKey::load_or_create(&directory.join(files::LOG_KEY))?;
        let sealer = Sealer::start(app.db().clone(), Arc::new(key), || {
            Clock::wall().server_now()
        });
        let courier = Courier::new(
            app.clone(),
            deliver::Settings {
                base: address,
                sandbox: settings.sandbox,
                key_file: Some(directory.join(files::WEBHOOK_KEY)),
            },
        );
        let server = Server::new(app.clone(), issuer, settings);
        Ok(Arc::new(World {
            name: name.to_owned(),
            about: files::about(&directory),
            directory,
            door: Door::new(&server),
            server: server.clone(),
            _workers: (
                courier.start(),
                sealer,
                Watch::start(app.clone()),
                Exporter::new(app).start(),
                Counting::start(server),
            ),
        }))
    }

    /// Has the world that a request names answer it, or `own` where it names none.
    pub(crate) async fn answer<S>(&self, own: S, request: Request) -> Result<Response, Infallible>
    where
        S: tower::Service<Request, Response = Response, Error = Infallible, Future: Send>,
    {
        match named(&request).and_then(|name| name.map(|name| self.find(&name)).transpose()) {
            Ok(None) => own.oneshot(request).await,
            Ok(Some(world)) => world.door.clone().oneshot(request).await,
            Err(problem) => Ok(server::refused(request, problem).await),
        }
    }

    /// The world of a name other than the server's own.
    fn find(&self, name: &str) -> Result<Arc<World>, Problem> {
        match self.slots().get(name) {
            None => Err(Problem::no_world(name)),
            Some(Slot::Busy(what)) => Err(busy(name, what)),
            Some(Slot::Broken) => Err(broken(name)),
            Some(Slot::Open(world)) => Ok(Arc::clone(world)),
        }
    }

    /// The app and the directory of any world.
    fn any(&self, name: &str) -> Result<(App, PathBuf), Problem> {
        if name == OWN {
            return Ok((self.inner.own.clone(), self.inner.root.clone()));
        }
        let world = self.find(name)?;
        Ok((world.server.app().clone(), world.directory.clone()))
    }

    /// The server behind the clock of a world; none for the server's own world.
    ///
    /// # Errors
    /// When there is no such world.
    pub(crate) fn server_of(&self, name: &str) -> Result<Option<Server>, Problem> {
        if name == OWN {
            return Ok(None);
        }
        Ok(Some(self.find(name)?.server.clone()))
    }

    /// One world as it is told of.
    ///
    /// # Errors
    /// When there is no such world.
    pub(crate) fn told_one(&self, name: &str) -> Result<Told, Problem> {
        let found = self.list().into_iter().find(|told| told.name == name);
        found.ok_or_else(|| Problem::no_world(name))
    }

    /// Every world, the server's own first.
    pub(crate) fn list(&self) -> Vec<Told> {
        let own = Told {
            name: OWN.to_owned(),
            address: self.address(OWN),
            state: "open",
            from: None,
            made: None,
            clock: Some(self.inner.own.clock().world_now()),
            snapshots: files::snapshots(&self.inner.root),
        };
        let slots = self.slots();
        let others = slots.iter().map(|(name, slot)| {
            let world = match slot {
                Slot::Open(world) => Ok(world),
                Slot::Busy(what) => Err(*what),
                Slot::Broken => Err("broken"),
            };
            let about = world.ok().and_then(|world| world.about.clone());
            Told {
                name: name.clone(),
                address: self.address(name),
                state: world.err().unwrap_or("open"),
                from: about.as_ref().and_then(|about| about.from.clone()),
                made: about.map(|about| about.made),
                clock: world
                    .ok()
                    .map(|world| world.server.app().clock().world_now()),
                snapshots: world
                    .map(|world| files::snapshots(&world.directory))
                    .unwrap_or_default(),
            }
        });
        std::iter::once(own).chain(others).collect()
    }

    /// Makes a world. Who stops waiting does not stop it.
    ///
    /// # Errors
    /// When its name is no good or taken, there are too many, its origin is not there, or the store fails.
    pub(crate) async fn create(&self, name: &str, from: Origin) -> Result<Told, Problem> {
        check_name("name", name)?;
        let (source, from) = match from {
            Origin::Demo(now) => {
                check_now(now)?;
                (Source::Demo(now), None)
            }
            Origin::World(from, None) => {
                let (app, directory) = self
                    .any(&from)
                    .map_err(|problem| in_field("from", problem))?;
                (Source::World(app, directory), Some(from))
            }
            Origin::World(from, Some(snapshot)) => {
                let (_, directory) = self
                    .any(&from)
                    .map_err(|problem| in_field("from", problem))?;
                let file = existing(&directory, &from, &snapshot)?;
                (Source::Snapshot(file, directory), Some(from))
            }
        };
        {
            let mut slots = self.slots_mut();
            if slots.contains_key(name) {
                return Err(Problem::conflict(&format!(
                    "name: there is a world `{name}` already; delete it, or choose another name"
                )));
            }
            let most = self.inner.settings.worlds_max;
            if slots.len() >= most {
                return Err(Problem::conflict(&format!(
                    "this server holds {most} worlds, as many as it may; delete one first"
                )));
            }
            slots.insert(name.to_owned(), Slot::Busy("being made"));
        }
        let about = About {
            made: Clock::wall().server_now(),
            from,
        };
        let (worlds, name) = (self.clone(), name.to_owned());
        finished(tokio::spawn(async move {
            let made = worlds.make(&name, source, &about).await;
            worlds.settle(&name, made)?;
            worlds.told_one(&name)
        }))
        .await
    }

    async fn make(&self, name: &str, source: Source, about: &About) -> Result<Arc<World>, Failure> {
        let directory = self.place().join(name);
        match files::fill(&directory, source, about, &self.address(name)).await {
            Ok((app, issuer)) => self.start(name, app, issuer).await,
            Err(failure) => {
                // What is left of it is removed at the next start, if it cannot be now.
                drop(std::fs::remove_dir_all(&directory));
                Err(failure)
            }
        }
    }

    /// Puts a world behind its name, or takes the name away where there is none.
    fn settle(&self, name: &str, world: Result<Arc<World>, Failure>) -> Result<(), Problem> {
        match world {
            Ok(world) => {
                self.slots_mut().insert(name.to_owned(), Slot::Open(world));
                Ok(())
            }
            Err(failure) => {
                self.slots_mut().remove(name);
                Err(failed(name, &failure))
            }
        }
    }

    /// Takes a world out of its slot, to reset or delete it; none where it is broken.
    fn take(&self, name: &str, what: &'static str) -> Result<Option<Arc<World>>, Problem> {
        let mut slots = self.slots_mut();
        match slots.get(name) {
            None => Err(Problem::no_world(name)),
            Some(Slot::Busy(what)) => Err(busy(name, what)),
            Some(Slot::Broken) => {
                slots.insert(name.to_owned(), Slot::Busy(what));
                Ok(None)
            }
            Some(Slot::Open(world)) => {
                let world = Arc::clone(world);
                slots.insert(name.to_owned(), Slot::Busy(what));
                Ok(Some(world))
            }
        }
    }

    /// Keeps a world as it is, under a name.
    ///
    /// # Errors
    /// When the name is no good or taken, there is no such world, or the store fails.
    pub(crate) async fn snapshot(&self, name: &str, snapshot: &str) -> Result<Told, Problem> {
        check_name("name", snapshot)?;
        let (app, directory) = self.any(name)?;
        let (worlds, name, snapshot) = (self.clone(), name.to_owned(), snapshot.to_owned());
        finished(tokio::spawn(async move {
            let _turn = worlds.inner.keeping.lock().await;
            let kept = files::snapshots(&directory);
            if kept.contains(&snapshot) || snapshot == BEGINNING {
                return Err(Problem::conflict(&format!(
                    "name: world `{name}` has a snapshot `{snapshot}` already; choose another name"
                )));
            }
            if kept.len() >= SNAPSHOTS_MAX {
                return Err(Problem::conflict(&format!(
                    "world `{name}` has {SNAPSHOTS_MAX} snapshots, as many as it may; fork it, or delete it with them"
                )));
            }
            let kept = files::snapshot(&app, &directory, &snapshot).await;
            kept.map_err(|failure| failed(&name, &failure))?;
            worlds.told_one(&name)
        }))
        .await
    }

    /// Takes a world back to a snapshot, its clock too; to how it began without one.
    ///
    /// # Errors
    /// When it is the server's own, there is no such world or snapshot, or the store fails.
    pub(crate) async fn reset(
        &self,
        name: &str,
        snapshot: Option<String>,
    ) -> Result<Told, Problem> {
        not_own(name, "reset")?;
        let snapshot = snapshot.unwrap_or_else(|| BEGINNING.to_owned());
        let directory = self.find(name)?.directory.clone();
        existing(&directory, name, &snapshot)?;
        let world = self.take(name, "being reset")?;
        let (worlds, name) = (self.clone(), name.to_owned());
        finished(tokio::spawn(async move {
            close(world).await;
            let back = files::put_back(&directory, &snapshot).await;
            // Whichever database is there now, the world goes on with it.
            worlds.settle(&name, worlds.open_one(&name).await)?;
            back.map_err(|failure| failed(&name, &failure))?;
            worlds.told_one(&name)
        }))
        .await
    }

    /// Deletes a world and its snapshots.
    ///
    /// # Errors
    /// When it is the server's own, there is no such world, or its directory cannot be removed.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Problem> {
        not_own(name, "deleted")?;
        let world = self.take(name, "being deleted")?;
        let (worlds, name) = (self.clone(), name.to_owned());
        finished(tokio::spawn(async move {
            let directory = worlds.place().join(&name);
            close(world).await;
            // Gone in one step; what has no name any more may take its time.
            let gone = worlds.place().join(format!(".{name}.gone"));
            let renamed = std::fs::rename(&directory, &gone);
            worlds.slots_mut().remove(&name);
            renamed
                .and_then(|()| std::fs::remove_dir_all(&gone))
                .map_err(|error| failed(&name, &error.into()))
        }))
        .await
    }

    /// Ends every world, when the server ends.
    pub async fn close(&self) {
        let slots = std::mem::take(&mut *self.slots_mut());
        for slot in slots.into_values() {
            if let Slot::Open(world) = slot {
                close(Some(world)).await;
            }
        }
    }
}

/// The world that a request names; none for the server's own.
///
/// # Errors
/// When it names two.
pub(crate) fn named(request: &Request) -> Result<Option<String>, Problem> {
    let mut name: Option<String> = None;
    for value in request.headers().get_all(NAMED) {
        let value = value.to_str().map(str::trim).unwrap_or("\u{fffd}");
        let value = value.to_ascii_lowercase();
        if let Some(before) = name.filter(|before| *before != value) {
            return Err(Problem::malformed(
                "X-Tierline-World",
                &format!("names `{before}` and `{value}`; leave one of them out"),
            ));
        }
        name = Some(value);
    }
    let host = match request.uri().host() {
        Some(host) => Some(host),
        None => host_of(request.headers()),
    };
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    if let Some(host) = host.strip_suffix(".localhost") {
        if let Some(name) = name.filter(|name| name != host) {
            return Err(Problem::malformed(
                "X-Tierline-World",
                &format!("names `{name}`, and the host name `{host}`; leave one of them out"),
            ));
        }
        name = Some(host.to_owned());
    }
    Ok(name.filter(|name| name != OWN))
}

/// The host name of a `Host` header, without its port.
fn host_of(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(http::header::HOST)?.to_str().ok()?;
    Some(host.split_once(':').map_or(host, |(host, _)| host))
}

/// Ends a world's work. Whoever still uses it hears that it is closed.
async fn close(world: Option<Arc<World>>) {
    let Some(world) = world else {
        return;
    };
    tracing::info!(world = world.name, "a world is closed");
    world.server.settled().await;
    if let Err(error) = world.server.keep_calls().await {
        tracing::warn!(%error, "calls were not written down");
    }
    world.server.app().db().shutdown().await;
    drop(world);
}

/// What a task of its own came to.
async fn finished<T>(task: tokio::task::JoinHandle<Result<T, Problem>>) -> Result<T, Problem> {
    task.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a change of the worlds broke off");
        Err(Problem::closing())
    })
}

fn failed(name: &str, failure: &Failure) -> Problem {
    let error: &dyn std::error::Error = failure;
    tracing::error!(error, name, "a world could not be changed");
    if failure.is_closed() {
        return Problem::closing();
    }
    Problem::failed()
}

fn busy(name: &str, what: &str) -> Problem {
    Problem::conflict(&format!(
        "world `{name}` is {what}; ask again when that is done"
    ))
}

fn broken(name: &str) -> Problem {
    Problem::conflict(&format!(
        "world `{name}` is there and cannot be opened, and the server's log says why; delete it"
    ))
}

/// A problem of a name, which stands in a member of the body.
fn in_field(field: &str, problem: Problem) -> Problem {
    Problem {
        description: format!("{field}: {}", problem.description),
        ..problem
    }
}

fn not_own(name: &str, what: &str) -> Result<(), Problem> {
    if name == OWN {
        return Err(Problem::conflict(&format!(
            "the server's own world cannot be {what}; fork it, and use the fork, or start the server with another data directory"
        )));
    }
    Ok(())
}

/// The file of a snapshot that must be there.
fn existing(directory: &Path, world: &str, snapshot: &str) -> Result<PathBuf, Problem> {
    if snapshot != BEGINNING {
        check_name("snapshot", snapshot)?;
    }
    let file = files::snapshot_file(directory, snapshot);
    if file.exists() {
        return Ok(file);
    }
    let text = format!(
        "world `{world}` has no snapshot `{snapshot}`; list the worlds to see which it has"
    );
    Err(Problem::malformed("snapshot", &text))
}

/// A name that a world or a snapshot may have: it is part of host names and of file names.
fn check_name(field: &str, name: &str) -> Result<(), Problem> {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    if !is_plain || !begins || name.ends_with('-') || name.len() > NAME_MAX {
        let text = format!(
            "is 1 to {NAME_MAX} small letters a to z, digits and hyphens, begins with a letter and does not end with a hyphen"
        );
        return Err(Problem::malformed(field, &text));
    }
    if name == OWN {
        return Err(Problem::malformed(
            field,
            "`default` is the server's own world; choose another name",
        ));
    }
    Ok(())
}

/// The demo program reaches some years back, and its clock has to have somewhere to go.
fn check_now(now: Option<Timestamp>) -> Result<(), Problem> {
    let years = [Date::constant(2020, 1, 1), Date::constant(3000, 1, 1)];
    let [from, until] = years.map(Timestamp::start_of);
    if now.is_some_and(|now| now < from || until <= now) {
        return Err(Problem::malformed(
            NOW,
            "is an instant in the years 2020 to 2999",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_part_of_a_host_name() {
        for good in [
            "a",
            "ci-1",
            "x9",
            "a-very-long-name-but-not-too-long-for-it",
        ] {
            assert!(check_name("name", good).is_ok(), "{good}");
        }
        let long = "a".repeat(NAME_MAX + 1);
        for bad in [
            "", "1a", "-a", "a-", "A", "a b", "a.b", "ü", "../x", "default", &long,
        ] {
            let problem = check_name("name", bad).unwrap_err();
            assert!(problem.description.starts_with("name: "), "{bad}");
        }
    }
}
