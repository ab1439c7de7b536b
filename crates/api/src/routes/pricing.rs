//! Price sheets and exchange rates, as the documentation has them downloaded.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, json};
use tierline_app::act::{Act, decide_only};
use tierline_app::error::Refusal;
use tierline_app::prices::rates;
use tierline_app::prices::sheet::{self, View};
use tierline_app::{AppError, Ctx};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, add_months};
use tierline_store::Tx;

use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::{path, zip};

pub mod ours;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1.0/sales/pricesheets(Market='{market}',PricesheetView='{view}')/$value",
            "The prices of a market as a CSV file, or as a zip archive under `Accept-Encoding: deflate`.",
            price_sheet,
        )
        .mounted_at("/v1.0/sales/pricesheets/{arguments}/$value")
        .access(Access::PartyUser)
        .query("timeline", "`current`, `history` or `future`: this month, the one of `month`, or the next.")
        .query("month", "With `history`: YYYYMM.")
        .answers_plain(StatusCode::OK)
        .shows_partly(
            "price-sheet-download",
            "pricing.rs a_partner_downloads_a_price_sheet",
            "consumption has no meters of its own: rated usage brings its price with it",
        ),
        route::get(
            "/v1.0/sales/fxrates(Month='{month}')/$value",
            "The exchange rates of a month as a CSV file, or as a zip archive under `Accept-Encoding: deflate`.",
            exchange_rates,
        )
        .mounted_at("/v1.0/sales/fxrates/{arguments}/$value")
        .access(Access::PartyUser)
        .answers_plain(StatusCode::OK)
        .shows("fx-rates-download", "pricing.rs a_partner_downloads_exchange_rates"),
    ]
}

const VIEWS: [(&str, View); 5] = [
    ("updatedlicensebased", View::Licences),
    ("software", View::Software),
    ("marketplace", View::Marketplace),
    ("azure_reservations", View::Reservations),
    ("azure_consumption", View::Consumption),
];

fn view(word: &str) -> Result<View, Problem> {
    let found = VIEWS.iter().find(|(name, _)| *name == word);
    found.map(|(_, view)| *view).ok_or_else(|| {
        let names: Vec<&str> = VIEWS.iter().map(|(name, _)| *name).collect();
        Problem::malformed("PricesheetView", &format!("is one of {}", names.join(", ")))
    })
}

/// The day as of which a sheet is: today, the first of the next month, or the first of an earlier one.
fn day(call: &Call) -> Result<Date, Problem> {
    let today = call.server.app().clock().world_now().date();
    let timeline = call.query.get("timeline").map(str::to_lowercase);
    match timeline.as_deref() {
        None | Some("" | "current") => Ok(today),
        Some("future") => Ok(add_months(today.first_of_month(), 1)),
        Some("history") => {
            let given = call.query.get("month").unwrap_or_default();
            let month = rates::month(given).filter(|month| *month <= today);
            let text = "is a month such as 202607 that has begun; `history` needs it";
            month.ok_or_else(|| Problem::malformed("month", text))
        }
        Some(_) => Err(Problem::malformed(
            "timeline",
            "is `current`, `history` or `future`",
        )),
    }
}

/// Whether the program lets the caller read prices (BIL-024). A look leaves no trace, so it is only decided.
async fn permitted(ctx: &Ctx, tx: &mut Tx<'_>, market: Country) -> Result<(), AppError> {
    let act = Act {
        actor: ctx.actor.clone(),
        verb: "read_price_sheet".to_owned(),
        params: Map::from_iter([("market".to_owned(), json!(market.to_string()))]),
    };
    let (decision, facts) = decide_only(ctx, tx, &act).await?;
    if decision.allowed {
        return Ok(());
    }
    Err(AppError::Refused(Box::new(Refusal {
        decision,
        facts,
        subject: market.to_string(),
    })))
}

async fn price_sheet(Path(arguments): Path<String>, call: Call) -> Result<Response, Problem> {
    let market = path::argument(&arguments, "market").unwrap_or_default();
    let market: Country = market
        .parse()
        .map_err(|_| Problem::malformed("Market", "is an ISO 3166-1 code such as US"))?;
    let view = view(path::argument(&arguments, "pricesheetview").unwrap_or_default())?;
    let (ctx, day) = (call.ctx(), day(&call)?);
    let text = call
        .read(move |tx| {
            let ctx = ctx.clone();
            Box::pin(async move {
                permitted(&ctx, tx, market).await?;
                sheet::of_market(tx, market, view, day).await
            })
        })
        .await?;
    file(&call.headers, "sheets", text)
}

async fn exchange_rates(Path(arguments): Path<String>, call: Call) -> Result<Response, Problem> {
    let month = path::argument(&arguments, "month").and_then(rates::month);
    let month = month.ok_or_else(|| Problem::malformed("Month", "is a month such as 202607"))?;
    let (ctx, market) = (call.ctx(), call.account.country);
    let text = call
        .read(move |tx| {
            let ctx = ctx.clone();
            Box::pin(async move {
                permitted(&ctx, tx, market).await?;
                rates::of_month(tx, month).await
            })
        })
        .await?;
    file(&call.headers, "fxrates", text)
}

/// A file to be saved, packed where the caller asks for that.
fn file(headers: &HeaderMap, name: &str, text: String) -> Result<Response, Problem> {
    let asked = headers.get_all(header::ACCEPT_ENCODING).iter();
    let is_packed = asked
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| coding.trim().eq_ignore_ascii_case("deflate"));
    let csv = format!("{name}.csv");
    let (saved, bytes) = if is_packed {
        let packed = zip::archive(&csv, text.as_bytes());
        let packed = packed.map_err(|error| {
            tracing::error!(%error, "a file could not be packed");
            Problem::failed()
        })?;
        (format!("{name}.zip"), packed)
    } else {
        (csv, text.into_bytes())
    };
    let mut response = (StatusCode::OK, bytes).into_response();
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, plain);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    if let Ok(disposition) = format!("attachment; filename={saved}").parse() {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}
