//! `tierline explain`: the decision for a deal, told like a colleague would.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use tierline_api::render;
use tierline_app::App;
use tierline_app::act::Act;
use tierline_app::actor::ActorSpec;
use tierline_app::check;
use tierline_app::clock::Clock;
use tierline_app::demo::{LayDemo, LayWorld};
use tierline_app::remedy::WAIT;
use tierline_rules::{Lang, phrases};
use tierline_store::{Db, DbConfig, schema};

use crate::{Language, Printer, chain, client, fail};

/// Explain a deal: may it go through, and if not, which rule, which fact, what remedy.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tierline explain order --as cedar customer=red-rock-dental item=desk-standard quantity=10\n  \
                        tierline explain invite_customer --as harbor customer=isar-bakery --lang ja"
)]
pub(crate) struct Args {
    /// What is tried: order, `invite_customer`, `accept_partnership`, …
    verb: String,
    /// Who tries it: a partner, a customer, `operator`.
    #[arg(long = "as", value_name = "NAME")]
    actor: String,
    /// Its parameters: name=value, lists as a,b, anything else as name:=JSON.
    params: Vec<String>,
    /// Ask a running server.
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
    let failed = |problem: String| fail(phrases::failure_in(&problem, lang));
    let params = match read_params(&args.params) {
        Ok(params) => params,
        Err(problem) => return failed(problem),
    };
    let answer = match &args.server {
        Some(server) => ask_server(server, &args, params).await,
        None => ask_here(&args, params, lang).await,
    };
    match answer {
        Ok(answer) if args.json => {
            Printer::line(serde_json::to_string_pretty(&answer).unwrap_or_default());
            exit(&answer)
        }
        Ok(answer) => {
            tell(&answer, lang, &Paste::of(&args));
            exit(&answer)
        }
        Err(problem) => failed(problem),
    }
}

/// 0 allowed, 1 refused.
fn exit(answer: &Value) -> ExitCode {
    ExitCode::from(u8::from(answer["allowed"] != json!(true)))
}

/// Parameters that hold texts, whatever they look like.
const TEXTS: [&str; 26] = [
    "company_name",
    "contact",
    "description",
    "display_name",
    "first_name",
    "friendly_name",
    "hours",
    "last_name",
    "name",
    "note",
    "partner_id",
    "partner_of_record",
    "phone",
    "price",
    "provided_by",
    "purpose",
    "reason",
    "resource",
    "resource_group",
    "resource_type",
    "scope",
    "security_contact",
    "text",
    "ticket",
    "title",
    "topic",
];
/// Parameters that hold lists, be it of one.
const LISTS: [&str; 7] = [
    "roles",
    "members",
    "subscriptions",
    "further_resellers",
    "documents",
    "events",
    "notices",
];

/// Parameters as they are written: `name=value`, a list as `name=a,b`, and anything else as `name:=JSON`.
///
/// # Errors
/// What is wrong with one of them.
pub(crate) fn read_params(pairs: &[String]) -> Result<Map<String, Value>, String> {
    let mut params = Map::new();
    for pair in pairs {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("`{pair}` is not name=value"))?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => {
                let value = serde_json::from_str(value);
                (
                    name,
                    value.map_err(|error| format!("`{name}` is no JSON: {error}"))?,
                )
            }
            None => (name, meant(name, value)),
        };
        if params.insert(name.to_owned(), value).is_some() {
            return Err(format!("`{name}` is given twice"));
        }
    }
    Ok(params)
}

/// What a value is meant to be.
fn meant(name: &str, value: &str) -> Value {
    if TEXTS.contains(&name) {
        return json!(value);
    }
    if LISTS.contains(&name) || value.contains(',') {
        return json!(value.split(',').collect::<Vec<_>>());
    }
    match (value, value.parse::<i64>()) {
        (_, Ok(number)) => json!(number),
        ("true", _) => json!(true),
        ("false", _) => json!(false),
        (text, _) => json!(text),
    }
}

async fn ask_here(args: &Args, params: Map<String, Value>, lang: Lang) -> Result<Value, String> {
    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .map_err(|error| chain(&error))?;
    let app = App::new(db, Clock::wall());
    match &args.world {
        Some(file) => {
            let (now, given) = check::read_world(file).map_err(|bad| bad.to_string())?;
            app.clock().move_to(now);
            app.db()
                .write(LayWorld { given, now })
                .await
                .map_err(|error| chain(&error))?;
        }
        None => {
            let now = app.clock().world_now();
            app.db()
                .write(LayDemo { now })
                .await
                .map_err(|error| chain(&error))?;
        }
    }
    let actor = ActorSpec::of(&args.actor);
    let mut ctx = app.ctx(actor.clone());
    ctx.lang = lang;
    let act = Act {
        actor,
        verb: args.verb.clone(),
        params,
    };
    let explained = app.explain(ctx, act).await.map_err(|error| chain(&error))?;
    let mut shown = render::decision(&explained.decision, explained.remedy.as_ref(), lang);
    shown["chain"] = render::chain(&explained.facts);
    Ok(shown)
}

async fn ask_server(
    server: &str,
    args: &Args,
    params: Map<String, Value>,
) -> Result<Value, String> {
    let server = server.trim_end_matches('/');
    let http = client::http(server)?;
    let unreachable = |error: reqwest::Error| format!("{server}: {}", chain(&error));
    let credentials: Value = http
        .get(format!("{server}/sandbox/credentials"))
        .send()
        .await
        .map_err(unreachable)?
        .json()
        .await
        .map_err(unreachable)?;
    let principals = credentials["principals"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let operator = principals
        .iter()
        .find(|principal| principal["kind"] == json!("operator"));
    let token = operator
        .and_then(|operator| operator["accessTokenUser"].as_str())
        .ok_or("the server offers no credentials: it is no sandbox")?;
    let answer = http
        .post(format!("{server}/program/v1/decisions"))
        .bearer_auth(token)
        .header("X-Locale", args.lang.tag())
        .json(&json!({ "as": args.actor, "verb": args.verb, "params": params }))
        .send()
        .await
        .map_err(unreachable)?;
    let status = answer.status();
    let body: Value = answer.json().await.map_err(unreachable)?;
    if status.is_success() {
        Ok(body)
    } else {
        Err(body["detail"]
            .as_str()
            .unwrap_or("the server failed")
            .to_owned())
    }
}

/// The program as it was called, so that what is printed to be pasted calls it in the same way.
pub(crate) fn program() -> String {
    let called = std::env::args().next();
    quoted(&called.unwrap_or_else(|| "tierline".to_owned()))
}

/// A word of a shell's line, quoted where it has to be.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_-.,:/@+=%".contains(letter);
    if word.chars().all(plain) && !word.is_empty() {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// What makes a printed command one that can be pasted.
struct Paste {
    /// How this program was called.
    program: String,
    /// The option that names the server, where the environment does not name it already.
    server: String,
    /// How the world is served in which the commands are carried out; none where a server was asked.
    serve: Option<String>,
}

impl Paste {
    fn of(args: &Args) -> Self {
        let program = program();
        let named = std::env::var("TIERLINE_SERVER").ok();
        let server = args.server.as_ref().filter(|_| named != args.server);
        let serve = match (&args.server, &args.world) {
            (Some(_), _) => None,
            (None, None) => Some(format!("{program} serve --demo")),
            (None, Some(file)) => {
                let file = quoted(&file.to_string_lossy());
                Some(format!("{program} serve --sandbox --world {file}"))
            }
        };
        Self {
            server: server.map_or_else(String::new, |url| format!(" --server {}", quoted(url))),
            program,
            serve,
        }
    }
}

fn tell(answer: &Value, lang: Lang, paste: &Paste) {
    let ja = lang == Lang::Ja;
    let links = texts(&answer["chain"]["links"]).join(" → ");
    let terminal = std::io::stdout().is_terminal();
    let bold = |text: &str| {
        if terminal {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    let verdict = match (answer["allowed"] == json!(true), ja) {
        (true, false) => "Yes, this goes through.",
        (true, true) => "はい、この取引は成立します。",
        (false, false) => "No, this does not go through.",
        (false, true) => "いいえ、この取引は成立しません。",
    };
    Printer::line(bold(verdict));
    if links.contains('→') {
        Printer::line(format!("\n  {links}"));
    }
    if let Some(waiver) = answer["waiver"].as_str() {
        Printer::line(if ja {
            format!("\n  オペレーターの免除 {waiver} による")
        } else {
            format!("\n  under the operator's waiver {waiver}")
        });
    }
    let violations = answer["violations"].as_array().cloned().unwrap_or_default();
    for violation in &violations {
        Printer::line(format!(
            "\n{}  {}",
            bold(violation["rule"].as_str().unwrap_or_default()),
            wrap(violation["statement"].as_str().unwrap_or_default(), 9)
        ));
        for fact in violation["facts"].as_array().into_iter().flatten() {
            Printer::line(format!(
                "         · {}: {}",
                fact["label"].as_str().unwrap_or_default(),
                fact["value"].as_str().unwrap_or_default()
            ));
        }
    }
    if violations.is_empty() {
        return;
    }
    if let (Some(status), code) = (answer["wire"]["status"].as_u64(), &answer["wire"]["code"]) {
        Printer::line(format!(
            "\n{} {status} {}",
            if ja { "応答:" } else { "On the wire:" },
            if code.is_null() {
                String::new()
            } else {
                code.to_string()
            }
        ));
    }
    match &answer["remedy"] {
        Value::Null => tell_rules_remedies(&violations, ja),
        remedy => {
            Printer::line(if ja {
                "\n次のとおりにすれば成立します（試行済み）:"
            } else {
                "\nWhat makes it pass (rehearsed):"
            });
            tell_remedy(remedy, paste);
            if !remedy["otherwise"].is_null() {
                Printer::line(if ja {
                    "\nまたは、リセラー自身の依頼として（試行済み）:"
                } else {
                    "\nOr as the reseller's own request (rehearsed):"
                });
                tell_remedy(&remedy["otherwise"], paste);
            }
            if let Some(serve) = &paste.serve {
                Printer::line(if ja {
                    format!("\n実行するには、この世界を先に提供します: {serve}")
                } else {
                    format!("\nTo carry it out, serve this world first: {serve}")
                });
            }
        }
    }
}

/// What the failing rules themselves say can be done, where no list of commands was found that passes.
fn tell_rules_remedies(violations: &[Value], ja: bool) {
    let mut told: Vec<(&str, &str)> = Vec::new();
    for violation in violations {
        let word = |member: &str| violation[member].as_str().unwrap_or_default();
        let (rule, remedy) = (word("rule"), word("remedy"));
        // Where the rulebook refers to the remedy of another failing rule, that one is told.
        let refers = violations
            .iter()
            .filter_map(|other| other["rule"].as_str())
            .any(|other| remedy.contains(other));
        let known = told.iter().any(|(_, known)| *known == remedy);
        if !remedy.is_empty() && !refers && !known {
            told.push((rule, remedy));
        }
    }
    Printer::line(match (told.is_empty(), ja) {
        (true, false) => "\nNo command cures it.",
        (true, true) => "\nこれを解消するコマンドはありません。",
        (false, false) => {
            "\nNo list of commands was found that makes it pass. What the rules say of it:"
        }
        (false, true) => "\n成立させるコマンドの並びは見つかりませんでした。規則が示す対処:",
    });
    for (rule, remedy) in told {
        Printer::line(format!("  {rule}  {}", wrap(remedy, 11)));
    }
}

/// The commands of a remedy and the action that passes then, as lines to paste.
fn tell_remedy(remedy: &Value, paste: &Paste) {
    let commands = remedy["commands"].as_array().into_iter().flatten();
    for act in commands.chain(std::iter::once(&remedy["then"])) {
        Printer::line(format!("  {}", command(act, paste)));
    }
}

/// A parameter as it is read again.
fn written(name: &str, value: &Value) -> String {
    let plain = match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            texts.join(",")
        }
        other => other.to_string(),
    };
    if meant(name, &plain) == *value {
        format!("{name}={plain}")
    } else {
        format!("{name}:={value}")
    }
}

/// An act as a line to paste.
fn command(act: &Value, paste: &Paste) -> String {
    let word = |member: &str| act[member].as_str().unwrap_or_default();
    let (program, verb, actor) = (&paste.program, word("verb"), quoted(word("as")));
    if verb == WAIT {
        let by = act["params"]["by"].as_str().unwrap_or_default();
        return format!("{program} clock advance {by}{}", paste.server);
    }
    let mut line = format!("{program} do {verb} --as {actor}");
    for (name, value) in act["params"].as_object().into_iter().flatten() {
        line.push(' ');
        line.push_str(&quoted(&written(name, value)));
    }
    line.push_str(&paste.server);
    line
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// Folds a text at about a hundred columns, hanging under its start.
pub(crate) fn wrap(text: &str, indent: usize) -> String {
    let mut line = 0;
    let mut folded = String::new();
    for word in text.split(' ') {
        let width = word.chars().count();
        if line > 0 && line + width > 90 {
            folded.push('\n');
            folded.push_str(&" ".repeat(indent));
            line = 0;
        } else if line > 0 {
            folded.push(' ');
            line += 1;
        }
        folded.push_str(word);
        line += width;
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_are_meant_to_be() {
        let read = |pair: &str| read_params(&[pair.to_owned()]).map(Value::Object);
        for (pair, value) in [
            ("quantity=3", json!({"quantity": 3})),
            ("accept=true", json!({"accept": true})),
            (
                "roles=directory_reader",
                json!({"roles": ["directory_reader"]}),
            ),
            ("item=a,b", json!({"item": ["a", "b"]})),
            ("note=Well, 3=3", json!({"note": "Well, 3=3"})),
            ("topic=3101", json!({"topic": "3101"})),
            (
                r#"assign:=[{"item": "suite"}]"#,
                json!({"assign": [{"item": "suite"}]}),
            ),
        ] {
            assert_eq!(read(pair), Ok(value), "{pair}");
        }
        assert!(read("assign").is_err());
        let english = read("assign:=[").unwrap_err();
        assert_ne!(phrases::failure_in(&english, Lang::Ja), english);
        // Whatever is printed to be pasted is read as what it was.
        for value in [
            json!(3),
            json!("3"),
            json!("a,b"),
            json!("true"),
            json!(true),
            json!(null),
            json!(["a"]),
            json!(["a", "b"]),
            json!(["a,b", "c"]),
            json!([{"item": "suite"}]),
            json!({"first_name": "Uma"}),
        ] {
            for name in ["item", "roles", "note"] {
                let again = read(&written(name, &value));
                assert_eq!(again, Ok(json!({ name: value })), "{name} {value}");
            }
        }
        let twice = ["item=a".to_owned(), "item:=1".to_owned()];
        assert!(read_params(&twice).is_err());
    }

    #[test]
    fn words_are_quoted_for_a_shell_where_they_have_to_be() {
        for (word, line) in [
            ("customer=red-rock", "customer=red-rock"),
            ("price=EUR 106.00", "'price=EUR 106.00'"),
            ("name=O'Hara", "'name=O'\\''Hara'"),
            ("name=a;b", "'name=a;b'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), line);
        }
    }
}
