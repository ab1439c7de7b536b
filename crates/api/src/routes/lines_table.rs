//! The lines of an invoice as a table, streamed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_app::billing::views::{self, Choice, Directory, figures};
use tierline_domain::billing::Invoice;
use tierline_domain::money::Money;

use super::books::Keeper;
use crate::ours::{Details, OwnCall};
use crate::wire::csv;

/// Lines that are read at a time.
const FILE_PAGE: usize = 2_000;

/// The columns of the table of lines.
const COLUMNS: [&str; 21] = [
    "invoice",
    "month",
    "issuer",
    "recipient",
    "line",
    "customer",
    "customer_name",
    "customer_domain",
    "reseller",
    "order",
    "subscription",
    "item",
    "title",
    "charge",
    "charge_type",
    "from",
    "until",
    "quantity",
    "unit_price",
    "amount",
    "currency",
];

/// The figure of an amount.
fn figure(money: Money) -> String {
    let text = money.to_string();
    text.split_once(' ')
        .map_or_else(|| text.clone(), |(_, figure)| figure.to_owned())
}

/// What the rows of a table have in common.
struct Table {
    invoice: Invoice,
    issuer: String,
    recipient: String,
}

impl Table {
    fn row(&self, entry: &views::Entry) -> [String; 21] {
        let (charge, line) = (&entry.billed.charge, figures(&entry.billed));
        [
            self.invoice.handle.clone(),
            self.invoice.month.to_string(),
            self.issuer.clone(),
            self.recipient.clone(),
            line.position.to_string(),
            entry.buyer.tenant.handle.clone(),
            entry.buyer.name.clone(),
            entry.buyer.tenant.domain.clone(),
            entry
                .reseller
                .as_ref()
                .map_or_else(String::new, |one| one.account.handle.clone()),
            entry
                .billed
                .order
                .map_or_else(String::new, |id| id.to_string()),
            charge.subscription.to_string(),
            entry.goods.item.handle.clone(),
            entry.goods.item.title.clone(),
            charge.id.to_string(),
            charge.kind.to_string(),
            charge.from_day.to_string(),
            charge.until_day.to_string(),
            charge.basis.quantity.to_string(),
            figure(line.unit_price),
            figure(line.amount),
            line.amount.currency.to_string(),
        ]
    }
}

/// The lines as a stream: a page is read when the one before it was taken.
pub(super) async fn table(Path(id): Path<String>, call: OwnCall) -> Result<Response, Details> {
    call.query(&[])?;
    let keeper = Keeper::of(&call);
    let head = call
        .read(move |tx| {
            let (keeper, id) = (keeper.clone(), id.clone());
            Box::pin(async move {
                let invoice = keeper.invoice(tx, &id).await?;
                let mut names = Directory::default();
                Ok(Table {
                    issuer: names.handle(tx, invoice.issuer).await?,
                    recipient: names.handle(tx, invoice.recipient).await?,
                    invoice,
                })
            })
        })
        .await?;
    let disposition = format!("attachment; filename={}.csv", head.invoice.handle);
    let app = call.server.app().clone();
    let head = Arc::new(head);
    let first = csv::row(COLUMNS.iter().copied());
    let stream = futures_util::stream::try_unfold((Some(0_i64), first), move |(place, before)| {
        let (app, head) = (app.clone(), Arc::clone(&head));
        async move {
            let Some(after) = place else {
                return Ok::<_, AppError>(None);
            };
            let invoice = head.invoice.id;
            let page = app.read(ask(move |tx| {
                Box::pin(async move {
                    let page = (FILE_PAGE, 0);
                    let found = views::lines(tx, invoice, Choice::Any, after, page).await?;
                    Directory::default().entries(tx, found).await
                })
            }));
            let entries = page.await?;
            let last = entries.last().map(|last| figures(&last.billed).position);
            let next = last.filter(|_| entries.len() >= FILE_PAGE);
            let mut text = before;
            for entry in &entries {
                text.push_str(&csv::row(head.row(entry).iter().map(String::as_str)));
            }
            Ok(Some((text, (next, String::new()))))
        }
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}
