//! `tierline do`: carry out a command on a running sandbox server, as a remedy writes it.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::explain::read_params;
use crate::{Printer, chain, client, fail};

/// Do something on a running sandbox server.
///
/// Ends with 0 when it was done, 1 when it was refused, 2 when it could not be asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is done.
    verb: String,
    /// Who does it.
    #[arg(long = "as", value_name = "NAME")]
    actor: String,
    /// Its parameters: name=value, lists as a,b, anything else as name:=JSON.
    params: Vec<String>,
    /// The server.
    #[arg(long, env = "TIERLINE_SERVER", default_value = "http://127.0.0.1:8080")]
    server: String,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    match act(&args).await {
        Ok(Answer::Done(result)) => {
            Printer::line(serde_json::to_string_pretty(&result).unwrap_or_default());
            ExitCode::SUCCESS
        }
        Ok(Answer::Refused(problem)) => {
            Printer::complain(problem["detail"].as_str().unwrap_or("it was refused"));
            for rule in problem["decision"]["violations"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let word = |member: &str| rule[member].as_str().unwrap_or_default();
                Printer::complain(format!("{}: {}", word("rule"), word("statement")));
            }
            ExitCode::from(1)
        }
        Err(problem) => fail(problem),
    }
}

/// What a server said.
enum Answer {
    Done(Value),
    /// Problem details, with the decision where a rule refused it.
    Refused(Value),
}

async fn act(args: &Args) -> Result<Answer, String> {
    let params = read_params(&args.params)?;
    let server = args.server.trim_end_matches('/');
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
        .post(format!("{server}/program/v1/commands/{}", args.verb))
        .query(&[("as", &args.actor)])
        .bearer_auth(token)
        .json(&Value::Object(params))
        .send()
        .await
        .map_err(unreachable)?;
    let status = answer.status();
    let body: Value = answer.json().await.map_err(unreachable)?;
    if status.is_success() {
        Ok(Answer::Done(body["result"].clone()))
    } else if status.is_client_error() {
        Ok(Answer::Refused(body))
    } else {
        Err(format!("{server}: the server failed ({status})"))
    }
}
