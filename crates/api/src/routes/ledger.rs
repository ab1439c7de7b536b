//! Billing runs and the ledger: the operator sees every run and everybody's books, partners their own books.

use http::StatusCode;
use serde::Serialize;
use tierline_app::AppError;
use tierline_app::billing::{self, run};
use tierline_domain::billing::Party;
use tierline_domain::time::Timestamp;
use tierline_store::{params, tables};
use utoipa::ToSchema;

use crate::answer::Json;
use crate::ours::{OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/billing-runs",
            "Every billing run, oldest first, and how far it is; the operator's alone.",
            runs,
        )
        .answers::<Vec<RunView>>(StatusCode::OK),
        route::get(
            "/program/v1/ledger",
            "What one party's books say, by account and currency: the operator asks for anybody, partners for themselves.",
            ledger,
        )
        .query(
            "party",
            "operator, or the short name of a partner or customer; the caller itself without it.",
        )
        .answers::<LedgerView>(StatusCode::OK),
    ]
}

/// A region's month.
#[derive(Debug, Serialize, ToSchema)]
struct RunView {
    /// Month and region.
    run: String,
    region: String,
    #[schema(value_type = String, format = Date)]
    month: tierline_domain::time::Date,
    /// rating, issuing or complete.
    state: &'static str,
    steps: i64,
    charges: i64,
    lines: i64,
    postings: i64,
    invoices: i64,
    #[schema(value_type = String, format = DateTime)]
    begins: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    finished: Option<Timestamp>,
}

/// A party's books.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerView {
    /// Whose.
    party: String,
    accounts: Vec<LedgerAccountView>,
}

/// An account in one currency.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerAccountView {
    /// Such as receivable or revenue.
    account: String,
    currency: String,
    /// In minor units.
    debit_minor: i64,
    /// In minor units.
    credit_minor: i64,
}

async fn runs(call: OwnCall) -> Strict<Vec<RunView>> {
    call.query(&[])?;
    if !call.principal.claims.operator {
        return Err(call.refuse(Problem::forbidden("billing runs are the operator's")));
    }
    let all = call
        .read(|tx| Box::pin(async move { run::all(tx).await }))
        .await?;
    let shown = all.into_iter().map(|run| RunView {
        run: run.run,
        region: run.region,
        month: run.month,
        state: run.state.as_str(),
        steps: run.steps,
        charges: run.charges,
        lines: run.lines,
        postings: run.postings,
        invoices: run.invoices,
        begins: run.begins,
        finished: run.finished,
    });
    Ok(Json(shown.collect()))
}

async fn ledger(call: OwnCall) -> Strict<LedgerView> {
    let asked = call.query(&["party"])?.into_iter().next();
    let asked = asked.map(|(_, party)| party);
    let own = if call.principal.claims.operator {
        (Party::Operator, "operator".to_owned())
    } else {
        let own = call.principal.partner();
        let own = own.map_err(|problem| call.refuse(problem))?;
        (Party::Account(own.id), own.handle.clone())
    };
    let view = call
        .read(move |tx| {
            let (asked, own) = (asked.clone(), own.clone());
            Box::pin(async move {
                let (party, name) = match asked {
                    None => own,
                    // Of other books nobody but the operator may know.
                    Some(name) if own.0 != Party::Operator && name != own.1 => {
                        return Err(AppError::missing("party", name));
                    }
                    Some(name) => (billing::party(tx, &name).await?, name),
                };
                let rows = tx
                    .fetch_all::<(String, String, i64, i64)>(
                        tables::billing::TRIAL,
                        &params![party],
                    )
                    .await?;
                let accounts = rows
                    .into_iter()
                    .map(
                        |(account, currency, debit_minor, credit_minor)| LedgerAccountView {
                            account,
                            currency,
                            debit_minor,
                            credit_minor,
                        },
                    )
                    .collect();
                Ok(LedgerView {
                    party: name,
                    accounts,
                })
            })
        })
        .await?;
    Ok(Json(view))
}
