//! `tierline access`: what a partner's user may do in a customer's tenant, and why not more.

use std::process::ExitCode;

use serde_json::{Value, json};
use tierline_api::effective::EffectiveView;
use tierline_app::App;
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::check;
use tierline_app::clock::Clock;
use tierline_app::demo::{LayDemo, LayWorld};
use tierline_app::effective;
use tierline_rules::{Lang, phrases};
use tierline_store::{Db, DbConfig, schema};

use crate::explain::wrap;
use crate::{Language, Printer, chain, fail};

/// Tell which roles a partner's user holds in a customer's tenant, from where, until when, and why there are no more
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tierline access desk-lead bakery --world docs/guides/delegation.yaml\n  \
                        tierline access admin@harborlight.example juniper-bakery --server http://localhost:8080 --json"
)]
pub(crate) struct Args {
    /// The user: the name by which it signs in, or its short name.
    user: String,
    /// The customer.
    customer: String,
    /// Ask a running sandbox server.
    #[arg(long, env = "TIERLINE_SERVER")]
    server: Option<String>,
    /// Ask a world file instead; without either, the built-in demo world.
    #[arg(long)]
    world: Option<std::path::PathBuf>,
    /// Language of the texts.
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    /// For programs.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    let lang = Lang::from(args.lang);
    let answer = match &args.server {
        Some(server) => ask_server(server, &args).await,
        None => ask_here(&args, lang).await,
    };
    match answer {
        Ok(answer) if args.json => {
            Printer::line(serde_json::to_string_pretty(&answer).unwrap_or_default());
            exit(&answer)
        }
        Ok(answer) => {
            tell(&answer, lang);
            exit(&answer)
        }
        Err(problem) => fail(phrases::failure_in(&problem, lang)),
    }
}

/// 0 where the user may do something there, 1 where nothing.
fn exit(answer: &Value) -> ExitCode {
    ExitCode::from(u8::from(answer["allowed"] != json!(true)))
}

/// The program of a world file in memory; without one, of the built-in demo world.
pub(crate) async fn world_of(file: Option<&std::path::Path>) -> Result<App, String> {
    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .map_err(|error| chain(&error))?;
    let app = App::new(db, Clock::wall());
    match file {
        Some(file) => {
            let (now, given) = check::read_world(file).map_err(|bad| bad.to_string())?;
            app.clock().move_to(now);
            let laid = app.db().write(LayWorld { given, now }).await;
            laid.map_err(|error| chain(&error))?;
        }
        None => {
            let now = app.clock().world_now();
            let laid = app.db().write(LayDemo { now }).await;
            laid.map_err(|error| chain(&error))?;
        }
    }
    Ok(app)
}

async fn ask_here(args: &Args, lang: Lang) -> Result<Value, String> {
    let app = world_of(args.world.as_deref()).await?;
    let ctx = app.ctx(ActorSpec::operator());
    let (user, customer) = (args.user.clone(), args.customer.clone());
    let found = app.read(ask(move |tx| {
        let (ctx, user, customer) = (ctx.clone(), user.clone(), customer.clone());
        Box::pin(async move { effective::of(&ctx, tx, &customer, Some(&user)).await })
    }));
    let found = found.await.map_err(|error| chain(&error))?;
    serde_json::to_value(EffectiveView::of(&found, lang)).map_err(|error| chain(&error))
}

async fn ask_server(server: &str, args: &Args) -> Result<Value, String> {
    let server = server.trim_end_matches('/');
    let http = reqwest::Client::builder()
        .build()
        .map_err(|error| chain(&error))?;
    let unreachable = |error: reqwest::Error| format!("{server}: {}", chain(&error));
    let credentials = http.get(format!("{server}/sandbox/credentials")).send();
    let credentials: Value = credentials
        .await
        .map_err(unreachable)?
        .json()
        .await
        .map_err(unreachable)?;
    let principals = credentials["principals"].as_array().into_iter().flatten();
    let operator = principals
        .into_iter()
        .find(|principal| principal["kind"] == json!("operator"));
    let token = operator
        .and_then(|operator| operator["accessTokenUser"].as_str())
        .ok_or("the server offers no credentials: it is no sandbox")?;
    let customer = &args.customer;
    let mut address = reqwest::Url::parse(server).map_err(|error| chain(&error))?;
    address
        .path_segments_mut()
        .map_err(|()| format!("{server} is no address"))?
        .pop_if_empty()
        .extend(["program", "v1", "customers", customer, "effective-access"]);
    address.query_pairs_mut().append_pair("user", &args.user);
    let answer = http
        .get(address)
        .bearer_auth(token)
        .header("X-Locale", args.lang.tag())
        .send()
        .await
        .map_err(unreachable)?;
    let status = answer.status();
    let body: Value = answer.json().await.map_err(unreachable)?;
    if status.is_success() {
        Ok(body)
    } else {
        let problem = body["detail"].as_str().unwrap_or("the server failed");
        Err(problem.to_owned())
    }
}

fn word<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn tell(answer: &Value, lang: Lang) {
    let ja = lang == Lang::Ja;
    let (user, customer) = (word(answer, "user"), word(answer, "customerName"));
    let partner = word(answer, "partner");
    // To the minute: a world's clock runs while it is asked.
    let at = word(answer, "at").get(..16).unwrap_or_default();
    let at = at.replace('T', " ");
    Printer::line(match (answer["allowed"] == json!(true), ja) {
        (true, false) => format!("{user} of {partner} may act for {customer} (as of {at})."),
        (false, false) => {
            format!("{user} of {partner} may do nothing for {customer} (as of {at}).")
        }
        (true, true) => {
            format!("{partner} の {user} は {customer} のために操作できます（{at} 時点）。")
        }
        (false, true) => {
            format!("{partner} の {user} は {customer} のために何もできません（{at} 時点）。")
        }
    });
    let roles = answer["roles"].as_array().into_iter().flatten();
    for (place, grant) in roles.enumerate() {
        if place == 0 {
            Printer::line(if ja {
                "\n保持するロール:"
            } else {
                "\nRoles held:"
            });
        }
        Printer::line(format!("  {}  {}", word(grant, "role"), origin(grant, ja)));
    }
    let gaps = answer["notHeld"].as_array().into_iter().flatten();
    for (place, gap) in gaps.enumerate() {
        if place == 0 {
            Printer::line(if ja {
                "\n保持しないロールとその理由:"
            } else {
                "\nNot held, and why:"
            });
        }
        let names = gap["roles"].as_array().into_iter().flatten();
        let names: Vec<&str> = names.filter_map(Value::as_str).collect();
        Printer::line(format!("  {}  {}", names.join(", "), origin(gap, ja)));
        let statement = wrap(word(gap, "statement"), 13);
        Printer::line(format!("    {}  {statement}", word(gap, "rule")));
    }
    let refusals = answer["refusals"].as_array().into_iter().flatten();
    for (place, refusal) in refusals.enumerate() {
        if place == 0 {
            Printer::line(if ja {
                "\n操作を妨げる規則:"
            } else {
                "\nWhat stands in the way:"
            });
        }
        let statement = wrap(word(refusal, "statement"), 11);
        Printer::line(format!("  {}  {statement}", word(refusal, "rule")));
    }
}

/// Where roles come from, in one line.
fn origin(value: &Value, ja: bool) -> String {
    let from = &value["from"];
    let mut parts: Vec<String> = Vec::new();
    let part = |english: &str, japanese: &str, value: &str| {
        format!("{} {value}", if ja { japanese } else { english })
    };
    if word(from, "kind") == "full" {
        parts.push(
            if ja {
                "完全な代理管理"
            } else {
                "full delegation"
            }
            .to_owned(),
        );
    } else {
        let state = format!("{} ({})", word(from, "name"), word(from, "state"));
        parts.push(part("from", "関係", &state));
    }
    if let Some(group) = value["group"].as_str() {
        parts.push(part("group", "グループ", group));
    }
    if let Some(until) = value["until"].as_str() {
        parts.push(part("until", "期限", until));
    }
    if value["autoExtend"] == json!(true) {
        parts.push(if ja { "自動延長" } else { "extends itself" }.to_owned());
    }
    if let Some(since) = value["since"].as_str() {
        parts.push(part("ended", "終了", since));
    }
    parts.join(" · ")
}
