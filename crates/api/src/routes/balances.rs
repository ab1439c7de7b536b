//! What a partner owes the operator, by currency and kind of bill.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;
use tierline_app::AppError;
use tierline_app::billing::{open, views};
use tierline_domain::billing::{Invoice, InvoiceKind, Payment};
use tierline_domain::money::{Currency, Money};
use tierline_domain::time::Timestamp;
use utoipa::ToSchema;

use super::invoices::{Looker, first, issued, kind_name};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{Attributes, Collection, Links, instant};

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/v1/invoices/summary",
            "What the partner owes in its own currency.",
            summary,
        )
        .answers::<InvoiceSummary>(ok)
        .shows(
            "invoices-summary-get",
            "invoices.rs balances_are_the_sums_of_what_is_open",
        ),
        route::get(
            "/v1/invoices/summaries",
            "What the partner owes, by currency.",
            summaries,
        )
        .answers::<Collection<InvoiceSummary>>(ok)
        .shows(
            "invoices-summaries-list",
            "invoices.rs balances_are_the_sums_of_what_is_open",
        ),
    ]
}

/// What is owed in a currency, of both kinds of bills or of one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvoiceSummary {
    balance_amount: Decimal,
    #[schema(value_type = String)]
    currency_code: Currency,
    currency_symbol: String,
    accounting_date: String,
    first_invoice_creation_date: String,
    /// The first instant of all where nothing was paid yet.
    last_payment_date: String,
    last_payment_amount: Decimal,
    latest_invoice_date: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<SummaryDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    links: Option<Links>,
    attributes: Attributes,
}

/// What is owed of one kind of bills.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SummaryDetail {
    invoice_type: &'static str,
    #[schema(no_recursion)]
    summary: InvoiceSummary,
}

/// A bill and what was paid on it.
type Settled = (Invoice, Vec<Payment>);

impl InvoiceSummary {
    fn sum(bills: &[&Settled], currency: Currency, now: Timestamp) -> Result<Self, AppError> {
        let mut balance = Money::zero(currency);
        for (bill, _) in bills {
            balance = balance.plus(open(bill)?)?;
        }
        let dates = bills.iter().map(|(bill, _)| issued(bill));
        let paid = bills.iter().flat_map(|(_, payments)| payments);
        let last = paid.max_by_key(|payment| (payment.received, payment.recorded));
        Ok(Self {
            balance_amount: Decimal::of(balance),
            currency_code: currency,
            currency_symbol: catalog::symbol(currency),
            accounting_date: now.to_string(),
            first_invoice_creation_date: instant(dates.clone().min()),
            last_payment_date: last.map_or_else(|| instant(None), |paid| first(paid.received)),
            last_payment_amount: last
                .map_or_else(|| Decimal::read("0"), |paid| Decimal::of(paid.amount)),
            latest_invoice_date: instant(dates.max()),
            details: Vec::new(),
            links: None,
            attributes: Attributes::of("InvoiceSummary"),
        })
    }

    fn of(bills: &[&Settled], currency: Currency, now: Timestamp) -> Result<Self, AppError> {
        let mut whole = Self::sum(bills, currency, now)?;
        for kind in [InvoiceKind::Recurring, InvoiceKind::OneTime] {
            let of_kind: Vec<&Settled> = bills
                .iter()
                .copied()
                .filter(|(bill, _)| bill.kind == kind)
                .collect();
            if !of_kind.is_empty() {
                whole.details.push(SummaryDetail {
                    invoice_type: kind_name(kind),
                    summary: Self::sum(&of_kind, currency, now)?,
                });
            }
        }
        whole.links = Some(Links::own("/invoices/summary"));
        Ok(whole)
    }
}

/// Balances by currency, the partner's own first.
async fn balances(call: &Call) -> Result<Vec<InvoiceSummary>, Problem> {
    let (looker, now) = (Looker::of(call), call.server.app().clock().world_now());
    call.read(move |tx| {
        let looker = looker.clone();
        Box::pin(async move {
            let mut by_currency: BTreeMap<Currency, Vec<Settled>> = BTreeMap::new();
            for invoice in looker.invoices(tx).await? {
                let payments = views::payments(tx, &invoice).await?;
                let currency = invoice.amount.currency;
                by_currency
                    .entry(currency)
                    .or_default()
                    .push((invoice, payments));
            }
            let own = tierline_app::facts::own_currency(&looker.account);
            by_currency.entry(own).or_default();
            let mut list = Vec::with_capacity(by_currency.len());
            for (currency, bills) in &by_currency {
                let bills: Vec<&Settled> = bills.iter().collect();
                list.push((
                    *currency != own,
                    InvoiceSummary::of(&bills, *currency, now)?,
                ));
            }
            list.sort_by_key(|(is_other, _)| *is_other);
            Ok(list.into_iter().map(|(_, summary)| summary).collect())
        })
    })
    .await
}

async fn summary(call: Call) -> Result<Json<InvoiceSummary>, Problem> {
    let first = balances(&call).await?.into_iter().next();
    first.map(Json).ok_or_else(|| Problem::not_found("balance"))
}

async fn summaries(call: Call) -> Result<Json<Collection<InvoiceSummary>>, Problem> {
    let items = balances(&call).await?;
    Ok(Json(Collection::whole(items, "/invoices/summaries")))
}
