//! What every tier sold and bought: invoices in both directions with their lines, down to the charge, the subscription and the
//! postings; statements of account; margins. Nobody sees more than its own edges.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Map;
use tierline_app::act::{Act, decide_only};
use tierline_app::billing::exports::{self, Request, What};
use tierline_app::billing::views::{self, Choice, Directory, figures};
use tierline_app::billing::{issued, margins, open, papers};
use tierline_app::error::Refusal;
use tierline_app::{AppError, Ctx};
use tierline_domain::billing::{
    Invoice, InvoiceDocument, InvoiceKind, InvoiceState, LedgerAccount, Party, Posting,
};
use tierline_domain::export::{ExportKind, ExportState};
use tierline_domain::money::{Currency, Money};
use tierline_domain::time::{Date, Timestamp};
use tierline_store::{Tx, Value, tables};
use utoipa::ToSchema;

use super::discovery;
use super::exports::{BillingManifest, alive, export_id, new_secret};
use super::invoices::{download, issue};
use super::lines_table::table;
use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Access, Route};

/// Most lines of one page.
const LINES_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    let party = |route: Route| route.access(Access::Party);
    vec![
        party(route::get(
            "/program/v1/invoices",
            "Invoices that the caller owes, or is owed.",
            list,
        ))
        .query("side", "received (the default) or issued.")
        .query("month", "Only those of a month, such as 2026-11.")
        .answers::<InvoiceList>(ok),
        party(route::get("/program/v1/invoices/{id}", "One invoice.", one))
            .answers::<InvoiceView>(ok),
        party(route::get(
            "/program/v1/invoices/{id}/lines",
            "Its lines: each with its charge, its subscription, and what it means in the caller's books.",
            lines,
        ))
        .query("after", "The `next` of the page before.")
        .query("count", "Most lines of the page, 1 to 200.")
        .answers::<LineList>(ok),
        party(route::get(
            "/program/v1/invoices/{id}/lines.csv",
            "Its lines as a table.",
            table,
        ))
        .answers_plain(ok),
        party(route::get(
            "/program/v1/invoices/{id}/document",
            "The invoice as PDF.",
            document,
        ))
        .answers_plain(ok),
        party(route::post(
            "/program/v1/invoices/{id}/export",
            "Ask for its lines as compressed files.",
            export,
        ))
        .answers::<ExportView>(StatusCode::ACCEPTED),
        party(route::get(
            "/program/v1/exports/{id}",
            "How far an export is, and where its files are.",
            export_state,
        ))
        .answers::<ExportView>(ok),
        party(route::get(
            "/program/v1/account",
            "The account of the caller with another party: bills, notes and payments, and what is owed after each.",
            account,
        ))
        .query("with", "The other party: operator, a partner or a customer.")
        .query("currency", "The currency, such as USD.")
        .answers::<AccountView>(ok),
        party(route::get(
            "/program/v1/margins",
            "What the caller earned on the bills of a month, by buyer and item.",
            earned,
        ))
        .query("month", "The month, such as 2026-11.")
        .answers::<MarginList>(ok),
    ]
}

/// Invoices.
#[derive(Debug, Serialize, ToSchema)]
struct InvoiceList {
    items: Vec<InvoiceView>,
}

/// One invoice or note.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvoiceView {
    id: String,
    /// The month that it bills.
    #[schema(value_type = String)]
    month: Date,
    #[schema(value_type = String)]
    kind: InvoiceKind,
    #[schema(value_type = String)]
    document: InvoiceDocument,
    #[schema(value_type = String)]
    state: InvoiceState,
    /// Who is owed.
    issuer: String,
    /// Who owes.
    recipient: String,
    /// Who sends it on the issuer's behalf (BIL-002).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agent: Option<String>,
    #[schema(value_type = String)]
    net: Money,
    #[schema(value_type = String)]
    tax: Money,
    #[schema(value_type = String)]
    amount: Money,
    #[schema(value_type = String)]
    paid: Money,
    /// What is still owed.
    #[schema(value_type = String)]
    open: Money,
    lines: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    issued: Option<Timestamp>,
    #[schema(value_type = String)]
    due: Date,
    links: BTreeMap<&'static str, String>,
}

/// Lines of an invoice.
#[derive(Debug, Serialize, ToSchema)]
struct LineList {
    items: Vec<LineView>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<i64>,
}

/// One line, and what it rests on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LineView {
    position: i64,
    customer: String,
    customer_name: String,
    item: String,
    title: String,
    #[schema(value_type = String)]
    unit_price: Money,
    #[schema(value_type = String)]
    amount: Money,
    charge: ChargeView,
    subscription: SubscriptionView,
    /// In the caller's books only.
    postings: Vec<PostingView>,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChargeView {
    id: String,
    kind: String,
    #[schema(value_type = String)]
    from: Date,
    #[schema(value_type = String)]
    until: Date,
    #[schema(value_type = String)]
    booked: Timestamp,
    /// Quantity × months ÷ term × days ÷ cycle, and where it is rounded (BIL-050).
    basis: String,
}

/// On what.
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionView {
    id: String,
    name: String,
}

/// A movement in the caller's books.
#[derive(Debug, Serialize, ToSchema)]
struct PostingView {
    #[schema(value_type = String)]
    debit: LedgerAccount,
    #[schema(value_type = String)]
    credit: LedgerAccount,
    counterparty: String,
    #[schema(value_type = String)]
    amount: Money,
    #[schema(value_type = String)]
    day: Date,
}

/// An export of lines.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExportView {
    id: String,
    #[schema(value_type = String)]
    state: ExportState,
    lines: i64,
    #[schema(value_type = Vec<String>)]
    sums: Vec<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
    /// The files, once they are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    manifest: Option<BillingManifest>,
}

/// A statement of account.
#[derive(Debug, Serialize, ToSchema)]
struct AccountView {
    with: String,
    /// What the caller owes; negative where it is owed.
    #[schema(value_type = String)]
    balance: Money,
    /// As buyer: what the other party billed the caller.
    bought: Vec<MovementView>,
    /// As seller.
    sold: Vec<MovementView>,
}

/// A bill, a note or a payment.
#[derive(Debug, Serialize, ToSchema)]
struct MovementView {
    #[schema(value_type = String)]
    day: Date,
    kind: &'static str,
    reference: String,
    #[schema(value_type = String)]
    amount: Money,
    #[schema(value_type = String)]
    balance: Money,
}

/// Margins of a month.
#[derive(Debug, Serialize, ToSchema)]
struct MarginList {
    #[schema(value_type = String)]
    month: Date,
    items: Vec<MarginView>,
    totals: Vec<MarginTotal>,
}

/// What was earned with one item at one buyer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MarginView {
    buyer: String,
    buyer_name: String,
    item: String,
    title: String,
    #[schema(value_type = String)]
    revenue: Money,
    #[schema(value_type = String)]
    cost: Money,
    #[schema(value_type = String)]
    margin: Money,
}

/// The sum in one currency.
#[derive(Debug, Serialize, ToSchema)]
struct MarginTotal {
    #[schema(value_type = String)]
    revenue: Money,
    #[schema(value_type = String)]
    cost: Money,
    #[schema(value_type = String)]
    margin: Money,
}

/// Who looks into its books.
#[derive(Clone)]
pub(super) struct Keeper {
    ctx: Ctx,
    party: Party,
}

impl Keeper {
    pub(super) fn of(call: &OwnCall) -> Self {
        let principal = &call.principal;
        let party = match (&principal.account, &principal.customer) {
            (Some(account), _) => Party::Account(account.id),
            (None, Some(customer)) => Party::Customer(customer.id),
            (None, None) => Party::Operator,
        };
        Self {
            ctx: call.ctx(),
            party,
        }
    }

    /// Whether the caller's roles let it. A customer's users read the customer's own bills. A look is only decided.
    async fn permitted(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        if self.party.customer().is_some() {
            return Ok(());
        }
        let act = Act {
            actor: self.ctx.actor.clone(),
            verb: "read_books".to_owned(),
            params: Map::new(),
        };
        let (decision, facts) = decide_only(&self.ctx, tx, &act).await?;
        if decision.allowed {
            return Ok(());
        }
        Err(AppError::Refused(Box::new(Refusal {
            decision,
            facts,
            subject: "books".to_owned(),
        })))
    }

    pub(super) async fn invoice(&self, tx: &mut Tx<'_>, id: &str) -> Result<Invoice, AppError> {
        self.permitted(tx).await?;
        views::invoice(tx, self.party, id).await
    }
}

impl InvoiceView {
    async fn of(
        tx: &mut Tx<'_>,
        names: &mut Directory,
        invoice: Invoice,
    ) -> Result<Self, AppError> {
        let agent = match invoice.agent {
            Some(agent) => Some(names.handle(tx, Party::Account(agent)).await?),
            None => None,
        };
        let own = format!("/program/v1/invoices/{}", invoice.handle);
        let links = ["lines", "lines.csv", "document"];
        let links = links.map(|name| (name, format!("{own}/{name}")));
        Ok(Self {
            month: invoice.month,
            kind: invoice.kind,
            document: invoice.document,
            state: invoice.state,
            issuer: names.handle(tx, invoice.issuer).await?,
            recipient: names.handle(tx, invoice.recipient).await?,
            agent,
            net: invoice.net,
            tax: invoice.tax,
            amount: invoice.amount,
            paid: invoice.paid,
            open: open(&invoice)?,
            lines: invoice.lines,
            issued: invoice.issued,
            due: invoice.due,
            links: BTreeMap::from(links),
            id: invoice.handle,
        })
    }
}

/// A month as `2026-11`.
fn month(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let is_plain = year.len() == 4 && rest.len() == 2;
    format!("{text}-01").parse().ok().filter(|_| is_plain)
}

async fn list(call: OwnCall) -> Strict<InvoiceList> {
    let (mut is_issued, mut only) = (false, None);
    for (name, value) in call.query(&["side", "month"])? {
        let bad = |text: &str| call.refuse(Problem::malformed(&name, text));
        match (name.as_str(), value.as_str()) {
            ("side", "received") => is_issued = false,
            ("side", "issued") => is_issued = true,
            ("side", _) => return Err(bad("is received or issued")),
            _ => only = Some(month(&value).ok_or_else(|| bad("is a month such as 2026-11"))?),
        }
    }
    let keeper = Keeper::of(&call);
    let items = call
        .read(move |tx| {
            let keeper = keeper.clone();
            Box::pin(async move {
                keeper.permitted(tx).await?;
                let found = if is_issued {
                    views::issued(tx, keeper.party).await?
                } else {
                    views::received(tx, keeper.party).await?
                };
                let mut names = Directory::default();
                let mut items = Vec::new();
                for invoice in found {
                    if only.is_none_or(|only| invoice.month == only) {
                        items.push(InvoiceView::of(tx, &mut names, invoice).await?);
                    }
                }
                Ok(items)
            })
        })
        .await?;
    Ok(Json(InvoiceList { items }))
}

async fn one(Path(id): Path<String>, call: OwnCall) -> Strict<InvoiceView> {
    call.query(&[])?;
    let keeper = Keeper::of(&call);
    let found = call
        .read(move |tx| {
            let (keeper, id) = (keeper.clone(), id.clone());
            Box::pin(async move {
                let invoice = keeper.invoice(tx, &id).await?;
                InvoiceView::of(tx, &mut Directory::default(), invoice).await
            })
        })
        .await?;
    Ok(Json(found))
}

/// What a line means in one party's books: a run writes two postings for each of its lines, in the order of the lines.
async fn postings_of(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    party: Party,
    line: &views::Entry,
) -> Result<Vec<PostingView>, AppError> {
    let figures = figures(&line.billed);
    let before = figures.position.saturating_sub(1).saturating_mul(2);
    let key = [Value::Id(figures.source), Value::Int(before), Value::Int(2)];
    let found = tx
        .find::<Posting>(tables::postings::OF_SOURCE, &key)
        .await?;
    let mut list = Vec::new();
    for posting in found {
        if posting.event != line.billed.charge.id.uuid() || posting.party != party {
            continue;
        }
        list.push(PostingView {
            debit: posting.debit,
            credit: posting.credit,
            counterparty: names.handle(tx, posting.counterparty).await?,
            amount: posting.amount(),
            day: posting.day,
        });
    }
    Ok(list)
}

async fn lines(Path(id): Path<String>, call: OwnCall) -> Strict<LineList> {
    let (mut after, mut count) = (0_i64, LINES_MAX);
    for (name, value) in call.query(&["after", "count"])? {
        let bad = |text: &str| call.refuse(Problem::malformed(&name, text));
        if name == "count" {
            let given = value.parse().ok();
            let given = given.filter(|count| (1..=LINES_MAX).contains(count));
            count = given.ok_or_else(|| bad("is a number from 1 to 200"))?;
        } else {
            let given = value.parse().ok().filter(|place| *place >= 0);
            after = given.ok_or_else(|| bad("is the `next` of the page before, as it came"))?;
        }
    }
    let keeper = Keeper::of(&call);
    let found = call
        .read(move |tx| {
            let (keeper, id) = (keeper.clone(), id.clone());
            Box::pin(async move {
                let invoice = keeper.invoice(tx, &id).await?;
                let reach = (count.saturating_add(1), 0);
                let mut found = views::lines(tx, invoice.id, Choice::Any, after, reach).await?;
                let is_more = found.len() > count;
                found.truncate(count);
                let mut names = Directory::default();
                let mut items = Vec::with_capacity(found.len());
                for entry in names.entries(tx, found).await? {
                    let postings = postings_of(tx, &mut names, keeper.party, &entry).await?;
                    items.push(LineView::of(&entry, postings));
                }
                let next = items.last().map(|line| line.position);
                Ok(LineList {
                    next: next.filter(|_| is_more),
                    items,
                })
            })
        })
        .await?;
    Ok(Json(found))
}

impl LineView {
    fn of(entry: &views::Entry, postings: Vec<PostingView>) -> Self {
        let (charge, line) = (&entry.billed.charge, figures(&entry.billed));
        Self {
            position: line.position,
            customer: entry.buyer.tenant.handle.clone(),
            customer_name: entry.buyer.name.clone(),
            item: entry.goods.item.handle.clone(),
            title: entry.goods.item.title.clone(),
            unit_price: line.unit_price,
            amount: line.amount,
            charge: ChargeView {
                id: charge.id.to_string(),
                kind: charge.kind.to_string(),
                from: charge.from_day,
                until: charge.until_day,
                booked: charge.booked,
                basis: charge.basis.to_string(),
            },
            subscription: SubscriptionView {
                id: charge.subscription.to_string(),
                name: entry.billed.handle.clone(),
            },
            postings,
        }
    }
}

async fn document(Path(id): Path<String>, call: OwnCall) -> Result<Response, Details> {
    call.query(&[])?;
    let keeper = Keeper::of(&call);
    let draft = call
        .read(move |tx| {
            let (keeper, id) = (keeper.clone(), id.clone());
            Box::pin(async move {
                let invoice = keeper.invoice(tx, &id).await?;
                issued::paper(tx, &invoice).await
            })
        })
        .await?;
    let name = draft.document.number.clone();
    let content = issue(call.server.app(), (call.ctx(), call.principal.lang), draft).await;
    let content = content.map_err(|problem| call.refuse(problem))?;
    Ok(download(&name, content))
}

async fn export(Path(id): Path<String>, call: OwnCall) -> Result<Response, Details> {
    call.query(&[])?;
    let keeper = Keeper::of(&call);
    let party = keeper.party;
    let invoice = call
        .read(move |tx| {
            let (keeper, id) = (keeper.clone(), id.clone());
            Box::pin(async move { keeper.invoice(tx, &id).await })
        })
        .await?;
    let about = format!("lines {}", invoice.handle);
    let request = Request {
        id: export_id(call.principal.request_id.as_deref(), party, &about),
        owner: party,
        secret: new_secret(),
        what: What::Invoice {
            invoice: invoice.id,
            kind: ExportKind::Lines,
        },
        is_full: true,
        now: call.server.app().clock().server_now(),
    };
    let export = request.id;
    let written = call.server.app().db().write(request).await;
    written.map_err(|error| call.failed(error))?;
    let view = look(&call, export.to_string()).await?;
    let address = HeaderValue::from_str(&format!("/program/v1/exports/{export}"))
        .unwrap_or(HeaderValue::from_static("/program/v1/exports"));
    let headers = [(header::LOCATION, address)];
    Ok((StatusCode::ACCEPTED, headers, Json(view)).into_response())
}

async fn look(call: &OwnCall, id: String) -> Result<ExportView, Details> {
    let party = Keeper::of(call).party;
    let (export, parts) = call
        .read(move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let export = exports::of(tx, party, &id).await?;
                let parts = exports::parts(tx, &export).await?;
                Ok((export, parts))
            })
        })
        .await?;
    let now = call.server.app().clock().server_now();
    alive(&export, now).map_err(|problem| call.refuse(problem))?;
    let tenant = match (&call.principal.account, &call.principal.customer) {
        (Some(account), _) => account.tenant.to_string(),
        (None, Some(customer)) => customer.id.to_string(),
        (None, None) => String::new(),
    };
    let base = discovery::base(&call.server, &call.headers);
    let is_done = export.state == ExportState::Succeeded;
    Ok(ExportView {
        id: export.id.to_string(),
        state: export.state,
        lines: export.lines,
        sums: export.sums.0.clone(),
        problem: export.problem.clone(),
        manifest: is_done.then(|| BillingManifest::of(&export, &parts, &tenant, &base)),
    })
}

async fn export_state(Path(id): Path<String>, call: OwnCall) -> Strict<ExportView> {
    call.query(&[])?;
    Ok(Json(look(&call, id).await?))
}

impl MovementView {
    fn of(moved: papers::Movement) -> Self {
        Self {
            day: moved.day,
            kind: moved.kind,
            reference: moved.reference,
            amount: moved.amount,
            balance: moved.balance,
        }
    }
}

async fn account(call: OwnCall) -> Strict<AccountView> {
    let (mut with, mut currency) = (None, None);
    for (name, value) in call.query(&["with", "currency"])? {
        let bad = |text: &str| call.refuse(Problem::malformed(&name, text));
        if name == "with" {
            with = Some(value);
        } else {
            let code = value.parse::<Currency>();
            currency = Some(code.map_err(|_| bad("is a code such as USD"))?);
        }
    }
    let missing = |name: &str| call.refuse(Problem::malformed(name, "is missing"));
    let with = with.ok_or_else(|| missing("with"))?;
    let currency = currency.ok_or_else(|| missing("currency"))?;
    let keeper = Keeper::of(&call);
    let found = call
        .read(move |tx| {
            let (keeper, with) = (keeper.clone(), with.clone());
            Box::pin(async move {
                keeper.permitted(tx).await?;
                let unknown = || AppError::missing("account with", &with);
                // Who was never billed by the caller nor billed it is as good as nobody.
                let other = views::party(tx, &with).await.map_err(|error| match error {
                    AppError::NotFound { .. } => unknown(),
                    error => error,
                })?;
                let bought = papers::account(tx, (other, keeper.party), currency).await?;
                let sold = papers::account(tx, (keeper.party, other), currency).await?;
                if bought.is_empty() && sold.is_empty() {
                    return Err(unknown());
                }
                let last = |moved: &[papers::Movement]| {
                    moved
                        .last()
                        .map_or(Money::zero(currency), |moved| moved.balance)
                };
                Ok(AccountView {
                    balance: last(&bought).minus(last(&sold))?,
                    with,
                    bought: bought.into_iter().map(MovementView::of).collect(),
                    sold: sold.into_iter().map(MovementView::of).collect(),
                })
            })
        })
        .await?;
    Ok(Json(found))
}

async fn earned(call: OwnCall) -> Strict<MarginList> {
    let mut of = None;
    for (name, value) in call.query(&["month"])? {
        let bad = || call.refuse(Problem::malformed(&name, "is a month such as 2026-11"));
        of = Some(month(&value).ok_or_else(bad)?);
    }
    let of = of.ok_or_else(|| call.refuse(Problem::malformed("month", "is missing")))?;
    let keeper = Keeper::of(&call);
    let found = call
        .read(move |tx| {
            let keeper = keeper.clone();
            Box::pin(async move {
                keeper.permitted(tx).await?;
                let mut names = Directory::default();
                let (mut items, mut totals) = (Vec::new(), BTreeMap::new());
                for one in margins::of(tx, keeper.party, of).await? {
                    let none = Money::zero(one.revenue.currency);
                    let total: &mut MarginTotal =
                        totals.entry(one.revenue.currency).or_insert(MarginTotal {
                            revenue: none,
                            cost: none,
                            margin: none,
                        });
                    total.revenue = total.revenue.plus(one.revenue)?;
                    total.cost = total.cost.plus(one.cost)?;
                    total.margin = total.margin.plus(one.margin)?;
                    let goods = names.goods(tx, one.item).await?;
                    items.push(MarginView {
                        buyer: names.handle(tx, one.buyer).await?,
                        buyer_name: names.name(tx, one.buyer).await?,
                        item: goods.item.handle.clone(),
                        title: goods.item.title.clone(),
                        revenue: one.revenue,
                        cost: one.cost,
                        margin: one.margin,
                    });
                }
                Ok(MarginList {
                    month: of,
                    items,
                    totals: totals.into_values().collect(),
                })
            })
        })
        .await?;
    Ok(Json(found))
}
