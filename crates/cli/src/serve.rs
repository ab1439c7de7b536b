//! `tierline serve`: one world behind one port.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tierline_api::identity::Issuer;
use tierline_api::identity::external::{External, Trust};
use tierline_api::sandbox::Known;
use tierline_api::throttle::Budgets;
use tierline_api::worlds::{Beginning, WORLDS_MAX};
use tierline_api::{Counting, Courier, Exporter, Server, Settings, Watch, Worlds, deliver};
use tierline_app::App;
use tierline_app::check;
use tierline_app::clock::Clock;
use tierline_app::time::kept_clock;
use tierline_domain::partner::{Account, AccountState, PartnerType};
use tierline_domain::time::Timestamp;
use tierline_store::log::{LogKey, Sealer};
use tierline_store::tables::WorldClock;
use tierline_store::{Command, Db, DbConfig, Tx, schema, tables};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::{Printer, fail};

/// Serve the program.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A sandbox with a demo world.
    #[arg(long)]
    demo: bool,
    /// A sandbox: its clock can be moved and its credentials listed. Without --data-dir it lives in a temporary
    /// directory and is gone at exit.
    #[arg(long)]
    sandbox: bool,
    /// Address to listen on; port 0 takes a free one and prints it.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A PostgreSQL server instead of a file: postgres://… with one host or several.
    #[arg(long)]
    database: Option<String>,
    /// Where the database and the signing keys live.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// A world file from which an empty sandbox starts.
    #[arg(long)]
    world: Option<PathBuf>,
    /// Pin a sandbox's clock to an instant.
    #[arg(long)]
    now: Option<Timestamp>,
    /// The address under which others reach this server, where that is not the one it listens on: tokens name it as their
    /// issuer, and webhooks point to it.
    #[arg(long)]
    public_url: Option<String>,
    /// Trust tokens of this OpenID Connect issuer in place of the built-in one; `{tenantid}` in it stands for
    /// the tenant of a token.
    #[arg(long, requires = "audience")]
    issuer: Option<String>,
    /// For whom its tokens have to be; may be given several times.
    #[arg(long, requires = "issuer")]
    audience: Vec<String>,
    /// The tenant of the operator's staff at that issuer.
    #[arg(long, requires = "issuer")]
    operator_tenant: Option<uuid::Uuid>,
    /// Most worlds of a sandbox beside its own.
    #[arg(long, default_value_t = WORLDS_MAX)]
    worlds_max: usize,
    /// How often a partner may call: `documented`, `off`, or numbers in place of documented ones such as
    /// `customers=500/60,writes=100/60` (calls and seconds). Off on a sandbox unless it is given.
    #[arg(long, value_parser = throttle)]
    throttle: Option<Limits>,
}

/// What `--throttle` says.
#[derive(Clone, Debug)]
struct Limits(Option<Budgets>);

fn throttle(text: &str) -> Result<Limits, String> {
    match text {
        "off" => Ok(Limits(None)),
        "documented" => Ok(Limits(Some(Budgets::default()))),
        budgets => Budgets::read(budgets).map(|budgets| Limits(Some(budgets))),
    }
}

/// Whether nobody lives in a database yet.
struct IsEmpty;

impl Command for IsEmpty {
    type Out = bool;
    type Error = tierline_app::AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, Self::Error> {
        Ok(tx
            .find::<Account>(tables::accounts::EVERY, &[])
            .await?
            .is_empty())
    }
}

impl Args {
    const fn is_sandbox(&self) -> bool {
        self.demo || self.sandbox
    }

    /// What contradicts itself, with the option at fault and the remedy: nothing of it is guessed.
    fn contradiction(&self) -> Option<&'static str> {
        if self.demo && self.world.is_some() {
            return Some(
                "--world: a server has one world, and --demo brings its own; give --sandbox in place of --demo, or leave --world out",
            );
        }
        if self.is_sandbox() {
            return None;
        }
        if self.world.is_some() {
            return Some(
                "--world: a world file holds made-up partners, whose credentials can be listed, and is for a sandbox; \
                 add --sandbox, or leave --world out",
            );
        }
        if self.now.is_some() {
            return Some(
                "--now: only the clock of a sandbox can be pinned, others follow the wall clock; add --sandbox or --demo, or leave --now out",
            );
        }
        self.data_dir.is_none().then_some(
            "--data-dir: is missing, and without it nothing would be kept; give it, or --demo for a throw-away world",
        )
    }
}

/// Where the world that is served comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It was there already; what the options name to begin with is left aside.
    Found,
    /// It begins now.
    New,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(problem),
    }
}

async fn serve(args: Args) -> Result<(), String> {
    if let Some(problem) = args.contradiction() {
        return Err(problem.to_owned());
    }
    let sandbox = args.is_sandbox();
    let temporary = match &args.data_dir {
        Some(_) => None,
        None => {
            Some(tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"))?)
        }
    };
    let directory = args
        .data_dir
        .clone()
        .or_else(|| {
            temporary
                .as_ref()
                .map(|directory| directory.path().to_owned())
        })
        .unwrap_or_default();
    std::fs::create_dir_all(&directory)
        .map_err(|error| format!("{}: {error}", directory.display()))?;
    let (app, origin) = open(&args, &directory).await?;
    // What fell due while no server ran is done before anybody is answered.
    app.fall_due().await.map_err(|error| crate::chain(&error))?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("{}: {error}", args.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let issuer = issuer(&args, &app, address).await?;
    let budgets = match args.throttle.clone() {
        Some(Limits(budgets)) => budgets,
        None if sandbox => None,
        None => Some(Budgets::default()),
    };
    let settings = Settings {
        sandbox,
        public_url: args.public_url.clone(),
        budgets,
        worlds_max: args.worlds_max,
        ..Settings::default()
    };
    let worlds = match &args.database {
        None if sandbox => {
            let opened = Worlds::open(app.clone(), &directory, settings.clone(), address).await;
            Some(opened.map_err(|error| crate::chain(&error))?)
        }
        _ => None,
    };
    let server = match worlds.clone() {
        Some(worlds) => Server::of_worlds(app, issuer, settings, worlds),
        None => Server::new(app, issuer, settings),
    };
    let log_key =
        LogKey::load_or_create(&directory.join("log.key")).map_err(|error| crate::chain(&error))?;
    let db = server.app().db().clone();
    let sealer = Sealer::start(db.clone(), Arc::new(log_key), || Clock::wall().server_now());
    let base = args
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    let courier = Courier::new(
        server.app().clone(),
        deliver::Settings {
            base: base.trim_end_matches('/').to_owned(),
            sandbox,
            key_file: Some(directory.join("webhooks.pem")),
        },
    )
    .start();
    let watch = Watch::start(server.app().clone());
    let exporting = Exporter::new(server.app().clone()).start();
    let counting = Counting::start(server.clone());
    let stop = stop()?;
    let known = if sandbox {
        let known = tierline_api::sandbox::known(server.app()).await;
        known.map_err(|error| crate::chain(&error))?
    } else {
        Vec::new()
    };
    greet(&args, address, origin, server.app().clock(), &known);
    let served = tierline_api::serve(server.clone(), listener, stop).await;
    drop(watch);
    drop(counting);
    server.settled().await;
    if let Err(error) = server.keep_calls().await {
        tracing::warn!(%error, "calls were not written down");
    }
    drop(exporting);
    drop(courier);
    drop(sealer);
    if let Some(worlds) = worlds {
        worlds.close().await;
    }
    db.shutdown().await;
    served.map_err(|error| error.to_string())
}

async fn open(args: &Args, directory: &Path) -> Result<(App, Origin), String> {
    let config = DbConfig::of(args.database.clone(), directory.join("tierline.db"));
    let db = Db::open(&config, schema::MIGRATIONS)
        .await
        .map_err(|error| crate::chain(&error))?;
    let fresh = db
        .read(IsEmpty)
        .await
        .map_err(|error| crate::chain(&error))?;
    let kept = kept_clock(&db)
        .await
        .map_err(|error| crate::chain(&error))?;
    let app = App::new(db, clock(args, kept.as_ref())?);
    if fresh && (args.demo || args.world.is_some()) {
        let given = match &args.world {
            Some(file) => {
                let (today, given) = check::read_world(file).map_err(|bad| bad.to_string())?;
                if args.now.is_none() {
                    app.clock().move_to(today);
                }
                Some(given)
            }
            None => None,
        };
        let beginning = Beginning {
            given,
            now: app.clock().world_now(),
            server_now: app.clock().server_now(),
        };
        let laid = app.db().write(beginning).await;
        laid.map_err(|error| crate::chain(&error))?;
    }
    if args.now.is_some() || (fresh && args.world.is_some()) {
        let kept = app.keep_clock().await;
        kept.map_err(|error| crate::chain(&error))?;
    }
    Ok((app, if fresh { Origin::New } else { Origin::Found }))
}

/// The clock of the world that is served: as it was left, unless it is pinned to a later instant.
fn clock(args: &Args, kept: Option<&WorldClock>) -> Result<Clock, String> {
    let stood = kept.map(Clock::kept);
    match (args.now, stood) {
        (None, None) => Ok(Clock::wall()),
        (_, Some(_)) if !args.is_sandbox() => Err(
            "--data-dir: the clock of the world in it was moved on a sandbox, and production follows the wall clock; \
             add --sandbox, or give another directory"
                .to_owned(),
        ),
        (None, Some(clock)) => Ok(clock),
        (Some(now), Some(clock)) if now < clock.world_now() => Err(format!(
            "--now: the clock of this world stands at {} and only moves forward; leave --now out, or give another directory",
            clock.world_now()
        )),
        (Some(now), _) => Ok(Clock::pinned(now)),
    }
}

/// Issues tokens under the server's own address, and trusts whom the operator names.
async fn issuer(args: &Args, app: &App, address: SocketAddr) -> Result<Issuer, String> {
    let own = format!("http://{address}");
    let name = args.public_url.as_deref().unwrap_or(&own);
    let now = app.clock().server_now();
    let issuer = Issuer::open(app.db().clone(), name, now)
        .await
        .map_err(|error| crate::chain(&error))?;
    let Some(trusted) = &args.issuer else {
        return Ok(issuer);
    };
    let trust = Trust {
        issuer: trusted.clone(),
        audiences: args.audience.clone(),
        operator_tenant: args.operator_tenant,
    };
    let external = External::new(trust).map_err(|error| crate::chain(&error))?;
    Ok(issuer.trusting(external))
}

/// Ctrl-C, or the SIGTERM by which a supervisor asks a service to end. Heard from here on, so that who has
/// seen the greeting can count on it.
fn stop() -> Result<impl Future<Output = ()> + Send + 'static, String> {
    let heard = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
    let (mut interrupt, mut terminate) = (
        heard(SignalKind::interrupt())?,
        heard(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// What is served, where it lives and how long it lasts.
fn greet(args: &Args, address: SocketAddr, origin: Origin, clock: &Clock, known: &[Known]) {
    Printer::line(format!(
        "tierline {} listens on http://{address}",
        env!("CARGO_PKG_VERSION")
    ));
    Printer::line(format!("  reference    http://{address}/docs"));
    Printer::line(format!("  world        {}", world(args, origin)));
    let clock = if clock.stands() {
        format!("stands at {} until it is moved", clock.world_now())
    } else if args.is_sandbox() {
        "runs, and can be moved".to_owned()
    } else {
        "is the wall clock's".to_owned()
    };
    Printer::line(format!("  its clock    {clock}"));
    if !args.is_sandbox() {
        return;
    }
    Printer::line(format!(
        "  credentials  http://{address}/sandbox/credentials has everybody's"
    ));
    introduce(known);
    if args.demo {
        Printer::line("");
        Printer::line(
            "A demo program in four regions, with providers, resellers, direct-bill partners and their customers.",
        );
        Printer::line("Ask it about a deal, in another terminal:");
        Printer::line("");
        Printer::line(format!(
            "  {} explain order --as {ASKS} customer=red-rock-dental item=desk-standard quantity=10 --server http://{address}",
            crate::explain::program()
        ));
    }
    Printer::line("");
    Printer::line(format!("Ctrl-C stops it; {}.", afterwards(args)));
}

/// The reseller of the demo world that the sample asks for.
const ASKS: &str = "cedar";

/// The credentials of a provider and of a reseller that may act: for an application, and to sign in with.
fn introduce(known: &[Known]) {
    for kind in [PartnerType::IndirectProvider, PartnerType::IndirectReseller] {
        let fits = |known: &&Known| known.kind == kind && known.state == AccountState::Active;
        let of_sample = known.iter().filter(fits).find(|known| known.handle == ASKS);
        let Some(known) = of_sample.or_else(|| known.iter().find(fits)) else {
            continue;
        };
        Printer::line(format!(
            "    {} ({kind}, {})",
            known.handle,
            known.user.as_deref().unwrap_or("no user")
        ));
        Printer::line(format!(
            "      tenant {}  client {}  secret {}",
            known.tenant, known.client_id, known.client_secret
        ));
    }
}

fn world(args: &Args, origin: Origin) -> String {
    let kind = if args.is_sandbox() {
        "a sandbox"
    } else {
        "production"
    };
    let what = match (origin, &args.world) {
        (Origin::Found, Some(file)) => format!("as it was left; {} is not read", file.display()),
        (Origin::Found, None) => "as it was left".to_owned(),
        (Origin::New, Some(file)) => format!("begun from {}", file.display()),
        (Origin::New, None) if args.demo => "a new demo world".to_owned(),
        (Origin::New, None) => "empty".to_owned(),
    };
    format!("{kind}, {what}")
}

fn afterwards(args: &Args) -> String {
    match (&args.database, &args.data_dir) {
        (None, None) => "this world is gone then".to_owned(),
        (None, Some(directory)) => format!("this world stays in {}", directory.display()),
        (Some(_), Some(_)) => "this world stays in the database".to_owned(),
        (Some(_), None) => {
            "this world stays in the database, but the keys of its log are gone then: --data-dir keeps them".to_owned()
        }
    }
}
