//! `tierline webhooks`: who hears of what, how the telling goes, and what is told again, on the database itself.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::clock::Clock;
use tierline_app::webhooks::{self, Addressed, History, Replay, Subscriber};
use tierline_domain::time::Timestamp;
use tierline_store::tables::webhooks::Delivery;
use tierline_store::{Db, DbConfig, schema};
use uuid::Uuid;

use crate::{Printer, chain, fail};

/// Look at webhooks and their deliveries; replay dead letters.
///
/// Works beside a running server and without one. What is replayed is sent by the server, within seconds.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// Where the database lives.
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// A PostgreSQL server instead of the file in the data directory.
    #[arg(long, global = true)]
    database: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Which partners hear of which events, and where.
    Registrations,
    /// Events on their way, delivered and parked, newest first.
    Deliveries {
        /// Only those of a partner.
        #[arg(long)]
        partner: Option<String>,
        /// Only those in a state.
        #[arg(long, value_parser = ["waiting", "delivered", "parked"])]
        state: Option<String>,
        /// Most lines.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        count: u16,
    },
    /// Events that were given up after ten attempts, newest first: `deliveries --state parked`.
    DeadLetters {
        /// Only those of a partner.
        #[arg(long)]
        partner: Option<String>,
        /// Most lines.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        count: u16,
    },
    /// One event and how it was tried.
    Show {
        /// Its id.
        id: Uuid,
    },
    /// Try events again, from the first attempt on; their ids stay.
    Replay {
        /// Their ids.
        #[arg(required_unless_present = "parked")]
        ids: Vec<Uuid>,
        /// All that were given up.
        #[arg(long, conflicts_with = "ids")]
        parked: bool,
        /// With --parked, only those of a partner.
        #[arg(long, requires = "parked")]
        partner: Option<String>,
    },
}

pub(crate) async fn run(args: Args) -> ExitCode {
    match act(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(problem),
    }
}

async fn act(args: Args) -> Result<(), String> {
    let file = match (&args.database, &args.data_dir) {
        (None, None) => return Err("give --data-dir or --database".to_owned()),
        (_, directory) => directory.clone().unwrap_or_default().join("tierline.db"),
    };
    if args.database.is_none() && !file.exists() {
        return Err(format!("{} does not exist", file.display()));
    }
    let db = Db::open(&DbConfig::of(args.database, file), schema::MIGRATIONS)
        .await
        .map_err(|error| chain(&error))?;
    let app = App::new(db, Clock::wall());
    let told = on(&app, args.verb).await;
    app.db().clone().shutdown().await;
    told?.tell(args.json);
    Ok(())
}

/// What a verb found or did.
enum Told {
    Subscribers(Vec<Subscriber>),
    Deliveries(Vec<Addressed>),
    One(Box<(Addressed, History)>),
    Replayed(Vec<Uuid>),
}

async fn on(app: &App, verb: Verb) -> Result<Told, String> {
    match verb {
        Verb::Registrations => {
            let read = ask(|tx| Box::pin(webhooks::subscribers(tx)));
            let found = app.read(read).await.map_err(|error| chain(&error))?;
            Ok(Told::Subscribers(found))
        }
        Verb::Deliveries {
            partner,
            state,
            count,
        } => list(app, partner, state, count.into())
            .await
            .map(Told::Deliveries),
        Verb::DeadLetters { partner, count } => {
            list(app, partner, Some("parked".to_owned()), count.into())
                .await
                .map(Told::Deliveries)
        }
        Verb::Show { id } => {
            let read = ask(move |tx| {
                Box::pin(async move {
                    let found = webhooks::history(tx, None, id).await?;
                    let addressed = webhooks::addressed(tx, found.delivery.clone()).await?;
                    Ok((addressed, found))
                })
            });
            let (addressed, found) = app.read(read).await.map_err(|error| chain(&error))?;
            Ok(Told::One(Box::new((addressed, found))))
        }
        Verb::Replay {
            ids,
            parked,
            partner,
        } => replay(app, ids, parked, partner).await,
    }
}

async fn list(
    app: &App,
    partner: Option<String>,
    state: Option<String>,
    count: usize,
) -> Result<Vec<Addressed>, String> {
    let read = ask(move |tx| {
        let (partner, state) = (partner.clone(), state.clone());
        Box::pin(async move {
            webhooks::everybodys(tx, partner.as_deref(), state.as_deref(), count).await
        })
    });
    app.read(read).await.map_err(|error| chain(&error))
}

/// How many dead letters are looked up at a time.
const AT_ONCE: usize = 500;

async fn replay(
    app: &App,
    ids: Vec<Uuid>,
    parked: bool,
    partner: Option<String>,
) -> Result<Told, String> {
    let mut replayed = Vec::new();
    let mut wanted = ids;
    loop {
        if parked {
            let found = list(app, partner.clone(), Some("parked".to_owned()), AT_ONCE).await?;
            wanted = found.iter().map(|found| found.delivery.id).collect();
        }
        for id in &wanted {
            let replay = Replay {
                ctx: app.ctx(ActorSpec::operator()),
                tenant: None,
                id: *id,
            };
            app.db()
                .write(replay)
                .await
                .map_err(|error| chain(&error))?;
            replayed.push(*id);
        }
        // What was replayed is parked no longer, so the next look finds the others.
        if !parked || wanted.is_empty() {
            return Ok(Told::Replayed(replayed));
        }
    }
}

impl Told {
    fn tell(&self, as_json: bool) {
        if as_json {
            let all = match self {
                Self::Subscribers(all) => all.iter().map(subscriber).collect(),
                Self::Deliveries(all) => all.iter().map(delivery).collect(),
                Self::One(one) => single(&one.0, &one.1),
                Self::Replayed(ids) => json!({ "replayed": ids }),
            };
            Printer::line(all);
            return;
        }
        match self {
            Self::Subscribers(all) if all.is_empty() => {
                Printer::line("Nobody is registered for events.");
            }
            Self::Subscribers(all) => {
                for one in all {
                    let row = &one.registration;
                    let events = row.events.0.join(" ");
                    Printer::line(format!("{}  {}  {events}", one.partner, row.url));
                }
            }
            Self::Deliveries(all) if all.is_empty() => Printer::line("There are none."),
            Self::Deliveries(all) => {
                for one in all {
                    Printer::line(line(one));
                }
            }
            Self::One(one) => {
                let (one, history) = one.as_ref();
                Printer::line(line(one));
                for attempt in &history.attempts {
                    let (number, at) = (attempt.number, attempt.at_server);
                    let code = &attempt.code;
                    Printer::line(format!("  {number}  {at}  {code}  {}", attempt.message));
                }
            }
            Self::Replayed(ids) => {
                for id in ids {
                    Printer::line(format!("{id}  is tried again"));
                }
                if ids.is_empty() {
                    Printer::line("There are none.");
                }
            }
        }
    }
}

/// Id, state, when, partner, event, attempts, address.
fn line(one: &Addressed) -> String {
    let row = &one.delivery;
    let times = match row.attempts {
        1 => "1 attempt".to_owned(),
        many => format!("{many} attempts"),
    };
    format!(
        "{}  {:<9}  {}  {}  {}  {times}  {}",
        row.id,
        row.state,
        when(row),
        one.partner,
        row.event_name,
        row.url
    )
}

/// When a delivery ended, or is tried next.
fn when(row: &Delivery) -> Timestamp {
    row.ended.unwrap_or(row.due)
}

fn subscriber(one: &Subscriber) -> Value {
    let row = &one.registration;
    json!({ "partner": one.partner, "url": row.url, "events": row.events.0, "registered": row.registered })
}

fn delivery(one: &Addressed) -> Value {
    let row = &one.delivery;
    let due = row.ended.is_none().then_some(row.due);
    json!({
        "id": row.id, "partner": one.partner, "event": row.event_name, "state": row.state, "url": row.url,
        "resource": row.resource_path, "happened": row.changed, "created": row.created, "attempts": row.attempts,
        "due": due, "ended": row.ended,
    })
}

fn single(one: &Addressed, history: &History) -> Value {
    let mut told = delivery(one);
    let tries = history.attempts.iter().map(|attempt| {
        json!({
            "number": attempt.number, "at": attempt.at_server, "code": attempt.code, "message": attempt.message,
            "systemError": attempt.system_error,
        })
    });
    told["tries"] = tries.collect();
    told
}
