//! Lines of the operator's invoices, and of those to come, page by page.

use std::sync::Arc;

use axum::extract::Path;
use tierline_app::AppError;
use tierline_app::billing::consumption::{self, Source, UsageRow, Wanted};
use tierline_app::billing::exports::Place;
use tierline_app::billing::views::{self, Choice, Directory, Entry, Period, Reckoned};
use tierline_domain::billing::InvoiceKind;
use tierline_domain::time::Date;
use tierline_store::Tx;

use super::invoices::{LINES_MAX, Looker, wanted_currency};
use super::line_items::{
    Bill, DailyUsageLineItem, LicenseBasedLineItem, LineItem, Shape, UsageBasedLineItem,
};
use super::rated_usage::DailyRatedUsageLineItem;
use super::reconciliation::ReconciledLine;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::wire::envelope::{Collection, Page};
use crate::wire::seek;

fn size(call: &Call) -> Result<usize, Problem> {
    Ok(match call.query.number("size")? {
        None | Some(0) => LINES_MAX,
        Some(size) => size.min(LINES_MAX),
    })
}

/// Whether only lines with earned credit are asked for, or only those without.
fn wanted_credit(call: &Call) -> Option<bool> {
    let given = call.query.get("hasPartnerEarnedCredit");
    given.map(|_| call.query.flag("hasPartnerEarnedCredit"))
}

/// Lines in the form of their type.
fn of_lines(shape: Shape, bill: Bill, entries: &[Entry]) -> Vec<LineItem> {
    let bill = Arc::new(bill);
    let one = |entry: &Entry| match shape {
        Shape::LicenseBased => LineItem::License(Box::new(LicenseBasedLineItem::of(&bill, entry))),
        _ => LineItem::OneTime(Box::new(ReconciledLine {
            bill: Arc::clone(&bill),
            reckoned: Reckoned::of(entry),
        })),
    };
    entries.iter().map(one).collect()
}

/// Consumption in the form of its type.
fn of_usage(shape: Shape, bill: &Bill, rows: &[UsageRow]) -> Vec<LineItem> {
    let one = |row: &UsageRow| match shape {
        Shape::UsageBased => LineItem::Usage(Box::new(UsageBasedLineItem::of(bill, row))),
        Shape::DailyUsage => LineItem::Daily(Box::new(DailyUsageLineItem::of(bill, row))),
        _ => LineItem::Rated(Box::new(DailyRatedUsageLineItem::of(bill, row))),
    };
    rows.iter().map(one).collect()
}

/// The query of a list of lines as its links carry it.
fn again(call: &Call, size: usize) -> String {
    let given = [
        "provider",
        "invoicelineitemtype",
        "currencycode",
        "period",
        "haspartnerearnedcredit",
    ];
    let mut query: Vec<String> = given
        .iter()
        .filter_map(|name| {
            let value = call.query.get(name)?;
            let plain = value
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            plain.then(|| format!("{name}={value}"))
        })
        .collect();
    query.push(format!("size={size}"));
    query.join("&")
}

pub(super) async fn by_query(
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<Collection<LineItem>>, Problem> {
    let shape = Shape::of(
        call.query.get("provider"),
        call.query.get("invoiceLineItemType"),
    )?;
    lines(&call, &id, shape, &format!("/invoices/{id}/lineitems")).await
}

pub(super) async fn by_path(
    Path((id, provider, line_type)): Path<(String, String, String)>,
    call: Call,
) -> Result<Json<Collection<LineItem>>, Problem> {
    let shape = Shape::of(Some(&provider), Some(&line_type))?;
    let own = format!("/invoices/{id}/lineitems/{provider}/{line_type}");
    lines(&call, &id, shape, &own).await
}

/// A page of lines, and where the next one begins.
#[derive(Default)]
struct Found {
    items: Vec<LineItem>,
    next: Option<Place>,
}

/// Lines of an invoice: a page by offset holds one more than is shown, where there is one.
async fn of_invoice(
    tx: &mut Tx<'_>,
    (looker, id): (&Looker, &str),
    shape: Shape,
    wanted: Wanted,
    (page, place): (Page, Place),
) -> Result<Found, AppError> {
    let invoice = looker.invoice(tx, id).await?;
    let mut names = Directory::default();
    let bill = looker.bill(tx, &mut names, Some(&invoice)).await?;
    let mut found = Found::default();
    let is_other = wanted
        .currency
        .is_some_and(|wanted| wanted != invoice.net.currency);
    let Some(choice) = shape.choice(invoice.kind).filter(|_| !is_other) else {
        return Ok(found);
    };
    match shape {
        Shape::LicenseBased | Shape::OneTime => {
            let count = (page.reach(), page.offset);
            let mut lines = views::lines(tx, invoice.id, choice, place.line, count).await?;
            if !shape.is_by_offset() {
                let is_more = lines.len() > page.size;
                lines.truncate(page.size);
                found.next = lines.last().filter(|_| is_more).map(|last| Place {
                    line: views::figures(last).position,
                    ..Place::default()
                });
            }
            let entries = names.entries(tx, lines).await?;
            found.items = of_lines(shape, bill, &entries);
        }
        Shape::UsageBased => {
            let count = (page.reach(), page.offset);
            let mut rows = Vec::new();
            for line in views::lines(tx, invoice.id, choice, 0, count).await? {
                let entry = Arc::new(names.entry(tx, line).await?);
                rows.push(consumption::month(tx, &mut names, entry).await?);
            }
            found.items = of_usage(shape, &bill, &rows);
        }
        Shape::DailyUsage | Shape::DailyRated => {
            let source = Source::Invoice(invoice.id);
            let count = if shape.is_by_offset() {
                page.reach()
            } else {
                page.size
            };
            let (rows, next) =
                consumption::page(tx, &mut names, &source, place, count, wanted).await?;
            found.items = of_usage(shape, &bill, &rows);
            found.next = next;
        }
    }
    Ok(found)
}

async fn lines(
    call: &Call,
    id: &str,
    shape: Shape,
    path: &str,
) -> Result<Json<Collection<LineItem>>, Problem> {
    let looker = Looker::of(call);
    let wanted = Wanted {
        currency: wanted_currency(call)?,
        credit: wanted_credit(call),
        kind: None,
    };
    let (page, place) = if shape.is_by_offset() {
        let page = Page::of(call, LINES_MAX)?;
        let place = Place {
            rows: page.offset,
            ..Place::default()
        };
        (page, place)
    } else {
        let page = Page {
            size: size(call)?,
            offset: 0,
        };
        (page, seek::place(call)?.unwrap_or_default())
    };
    let id = id.to_owned();
    let found = call
        .read(move |tx| {
            let (looker, id) = (looker.clone(), id.clone());
            Box::pin(
                async move { of_invoice(tx, (&looker, &id), shape, wanted, (page, place)).await },
            )
        })
        .await?;
    let own = format!("{path}?{}", again(call, page.size));
    if shape.is_by_offset() {
        return Ok(Json(page.by_offset(found.items, &own)));
    }
    let token = found.next.as_ref().map(seek::token);
    Ok(Json(Collection::seek(found.items, &own, token)))
}

/// What is not billed yet, from a place on.
async fn to_come(
    tx: &mut Tx<'_>,
    looker: &Looker,
    shape: Shape,
    (period, today): (Period, Date),
    wanted: Wanted,
    (place, count): (Place, usize),
) -> Result<Found, AppError> {
    looker.permitted(tx).await?;
    let mut names = Directory::default();
    let bill = looker.bill(tx, &mut names, None).await?;
    if shape == Shape::DailyRated {
        let source = Source::Unbilled {
            seller: Box::new(looker.account.clone()),
            period,
            today,
        };
        let (rows, next) = consumption::page(tx, &mut names, &source, place, count, wanted).await?;
        return Ok(Found {
            items: of_usage(shape, &bill, &rows),
            next,
        });
    }
    let (when, after) = ((period, today), place.booked);
    let (found, next) =
        views::unbilled(tx, &looker.account, when, Choice::Any, after, count).await?;
    let mut entries = names.entries(tx, found).await?;
    entries.retain(|entry| {
        let currency = entry.amount().currency;
        entry.goods.kind == InvoiceKind::OneTime
            && wanted.currency.is_none_or(|wanted| wanted == currency)
    });
    Ok(Found {
        items: of_lines(shape, bill, &entries),
        next: next.map(|booked| Place {
            booked: Some(booked),
            ..Place::default()
        }),
    })
}

pub(super) async fn unbilled(call: Call) -> Result<Json<Collection<LineItem>>, Problem> {
    let shape = Shape::of(
        call.query.get("provider"),
        call.query.get("invoiceLineItemType"),
    )?;
    if !matches!(shape, Shape::OneTime | Shape::DailyRated) {
        return Err(Problem::malformed(
            "provider",
            "is onetime, marketplace or all: recurring bills have no lines before they are issued",
        ));
    }
    let period = match call
        .query
        .get("period")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("current") => Period::Current,
        Some("previous") => Period::Previous,
        Some(_) => return Err(Problem::malformed("period", "is current or previous")),
    };
    let looker = Looker::of(&call);
    let size = size(&call)?;
    let wanted = Wanted {
        kind: Some(InvoiceKind::OneTime),
        currency: wanted_currency(&call)?,
        credit: wanted_credit(&call),
    };
    let place: Place = seek::place(&call)?.unwrap_or_default();
    let today = call.server.app().clock().world_now().date();
    let found = call
        .read(move |tx| {
            let looker = looker.clone();
            Box::pin(async move {
                let when = (period, today);
                to_come(tx, &looker, shape, when, wanted, (place, size)).await
            })
        })
        .await?;
    let own = format!("/invoices/unbilled/lineitems?{}", again(&call, size));
    let token = found.next.as_ref().map(seek::token);
    Ok(Json(Collection::seek(found.items, &own, token)))
}
