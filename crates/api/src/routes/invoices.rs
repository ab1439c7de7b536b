//! Invoices of the operator as the partner that pays them reads them: lists, balances, documents, line items.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, json};
use tierline_app::act::{Act, decide_only};
use tierline_app::billing::issued::{self, Draft, Issue};
use tierline_app::billing::views::{self, Directory};
use tierline_app::billing::{papers, pdf};
use tierline_app::error::Refusal;
use tierline_app::{App, AppError, Ctx};
use tierline_domain::billing::{
    Invoice, InvoiceDocument, InvoiceKind, InvoiceState, Party, Payment,
};
use tierline_domain::catalog::ItemKind;
use tierline_domain::money::Currency;
use tierline_domain::partner::Account;
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_rules::Lang;
use tierline_store::Tx;
use utoipa::ToSchema;

use super::invoice_lines::{by_path, by_query, unbilled};
use super::line_items::{Bill, LineItem};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{Attributes, Collection, Link, Links, Page};

/// Most invoices of one page.
const PAGE_MAX: usize = 200;
/// Most lines of one page.
pub(super) const LINES_MAX: usize = 2_000;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    let lines = "Lines of an invoice: the type follows the provider and the kind of lines.";
    vec![
        route::get(
            "/v1/invoices",
            "The operator's invoices to the partner, newest first.",
            list,
        )
        .query("size", "Most invoices of the page.")
        .query("offset", "How many are left out.")
        .answers::<Collection<InvoiceResource>>(ok)
        .shows("invoices-list", "invoices.rs a_partner_reads_its_invoices"),
        route::get("/v1/invoices/{invoice-id}", "One invoice.", read)
            .answers::<InvoiceResource>(ok)
            .shows("invoices-get", "invoices.rs a_partner_reads_its_invoices"),
        route::get(
            "/v1/invoices/{invoice-id}/documents/statement",
            "The invoice as PDF.",
            statement,
        )
        .answers_plain(ok)
        .shows(
            "invoice-statement-get",
            "invoices.rs a_statement_is_a_pdf_and_the_same_each_time",
        ),
        route::get(
            "/v1/invoices/{invoice-id}/receipts/{receipt-id}/documents/statement",
            "The receipt of a payment as PDF.",
            receipt,
        )
        .answers_plain(ok)
        .shows(
            "invoice-receipt-statement-get",
            "invoices.rs a_payment_has_a_receipt",
        ),
        route::get(
            "/v1/invoices/estimates/links",
            "Where to read what is not billed yet.",
            estimates,
        )
        .query(
            "currencyCode",
            "The currency; the partner's own where it is left out.",
        )
        .answers::<Collection<EstimateLink>>(ok)
        .shows(
            "invoice-estimate-links-list",
            "invoices.rs what_is_not_billed_yet_is_listed_by_period",
        ),
        not_billed(),
        route::get("/v1/invoices/{invoice-id}/lineitems", lines, by_query)
            .query("provider", "office, azure, onetime, marketplace or all.")
            .query("invoiceLineItemType", "billinglineitems or usagelineitems.")
            .query("currencyCode", "Only lines in this currency.")
            .query("size", "Most lines of the page.")
            .query("offset", "How many are left out (office, azure).")
            .query(
                "hasPartnerEarnedCredit",
                "Only lines that earned credit, or none of them.",
            )
            .answers::<Collection<LineItem>>(ok)
            .shows(
                "invoice-line-items-list",
                "invoices.rs lines_have_the_type_of_their_provider",
            )
            .shows(
                "invoice-billed-consumption-list",
                "invoices.rs a_month_of_consumption_is_told_apart_by_its_days",
            ),
        route::get(
            "/v1/invoices/{invoice-id}/lineitems/{billing-provider}/{invoice-line-item-type}",
            lines,
            by_path,
        )
        .query("size", "Most lines of the page.")
        .query("offset", "How many are left out (office, azure).")
        .answers::<Collection<LineItem>>(ok)
        .shows(
            "invoice-line-items-list-by-path",
            "invoices.rs lines_have_the_type_of_their_provider",
        ),
    ]
}

/// The route of what is not billed yet.
fn not_billed() -> Route {
    route::get(
        "/v1/invoices/unbilled/lineitems",
        "What is not billed yet.",
        unbilled,
    )
    .query("provider", "onetime, marketplace or all.")
    .query("invoiceLineItemType", "billinglineitems or usagelineitems.")
    .query("currencyCode", "Only lines in this currency.")
    .query("period", "current or previous.")
    .query("size", "Most lines of the page.")
    .answers::<Collection<LineItem>>(StatusCode::OK)
    .shows(
        "invoice-unbilled-consumption-list",
        "invoices.rs what_is_not_billed_yet_is_listed_by_period",
    )
    .shows(
        "invoice-unbilled-recon-list",
        "invoices.rs what_is_not_billed_yet_is_listed_by_period",
    )
}

/// An invoice or a note.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvoiceResource {
    id: String,
    invoice_date: String,
    billing_period_start_date: String,
    billing_period_end_date: String,
    total_charges: Decimal,
    paid_amount: Decimal,
    #[schema(value_type = String)]
    currency_code: Currency,
    currency_symbol: String,
    pdf_download_link: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tax_receipts: Vec<TaxReceipt>,
    invoice_details: Vec<InvoiceDetail>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    amendments: Vec<InvoiceResource>,
    /// `invoice`, `void_note` or `adjustment_note`.
    #[schema(value_type = String)]
    document_type: InvoiceDocument,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    amends_of: Option<String>,
    /// `Recurring` or `OneTime`.
    invoice_type: &'static str,
    status: &'static str,
    links: Links,
    attributes: Attributes,
}

/// The receipt of a payment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TaxReceipt {
    id: String,
    tax_receipt_pdf_download_link: String,
}

/// Lines of one type on an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvoiceDetail {
    invoice_line_item_type: &'static str,
    billing_provider: &'static str,
    links: Links,
    attributes: Attributes,
}

/// An invoice with what is shown beside it.
struct Shown {
    invoice: Invoice,
    kinds: Vec<ItemKind>,
    payments: Vec<Payment>,
    notes: Vec<Shown>,
    amends: Option<String>,
}

async fn shown(tx: &mut Tx<'_>, invoice: Invoice) -> Result<Shown, AppError> {
    let mut notes = Vec::new();
    for note in views::notes(tx, &invoice).await? {
        notes.push(Shown {
            kinds: views::kinds(tx, &note).await?,
            payments: Vec::new(),
            notes: Vec::new(),
            amends: Some(invoice.handle.clone()),
            invoice: note,
        });
    }
    let amends = match invoice.amends {
        Some(id) => Some(
            tierline_app::names::by_id::<Invoice, _>(tx, id)
                .await?
                .handle,
        ),
        None => None,
    };
    Ok(Shown {
        kinds: views::kinds(tx, &invoice).await?,
        payments: views::payments(tx, &invoice).await?,
        notes,
        amends,
        invoice,
    })
}

pub(super) const fn kind_name(kind: InvoiceKind) -> &'static str {
    match kind {
        InvoiceKind::Recurring => "Recurring",
        InvoiceKind::OneTime => "OneTime",
    }
}

pub(super) fn first(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

pub(super) fn issued(invoice: &Invoice) -> Timestamp {
    let laid_down = || Timestamp::start_of(add_days(invoice.due, -60));
    invoice.issued.unwrap_or_else(laid_down)
}

impl InvoiceDetail {
    /// Which types of lines an invoice has: by provider, in the order of the documentation.
    fn of(own: &str, kind: InvoiceKind, kinds: &[ItemKind]) -> Vec<Self> {
        let has_usage = kinds.iter().any(|kind| kind.is_consumption());
        let has_seats = kinds.iter().any(|kind| !kind.is_consumption());
        let types: &[(bool, &str, &str, &str)] = match kind {
            InvoiceKind::Recurring => &[
                (has_seats, "office", "Office", "billing_line_items"),
                (has_usage, "azure", "Azure", "billing_line_items"),
                (has_usage, "azure", "Azure", "usage_line_items"),
            ],
            InvoiceKind::OneTime => &[
                (true, "one_time", "OneTime", "billing_line_items"),
                (has_usage, "marketplace", "Marketplace", "usage_line_items"),
            ],
        };
        let detail = |(_, provider, path, line_type): &(bool, &'static str, &str, &'static str)| {
            let last = match *line_type {
                "usage_line_items" => "UsageLineItems",
                _ => "BillingLineItems",
            };
            Self {
                invoice_line_item_type: line_type,
                billing_provider: provider,
                links: Links::own(format!("{own}/lineitems/{path}/{last}")),
                attributes: Attributes::of("InvoiceDetail"),
            }
        };
        types.iter().filter(|entry| entry.0).map(detail).collect()
    }
}

impl InvoiceResource {
    fn of(shown: Shown) -> Self {
        let invoice = shown.invoice;
        let id = invoice.handle.clone();
        let kind = kind_name(invoice.kind);
        let own = format!("/invoices/{kind}-{id}");
        let end = add_days(add_months(invoice.month, 1), -1);
        let receipts = shown.payments.iter().map(|payment| {
            let receipt = papers::receipt_number(payment);
            TaxReceipt {
                tax_receipt_pdf_download_link: format!(
                    "/invoices/{id}/receipts/{receipt}/documents/statement"
                ),
                id: receipt,
            }
        });
        Self {
            invoice_date: issued(&invoice).to_string(),
            billing_period_start_date: first(invoice.month),
            billing_period_end_date: first(end),
            total_charges: Decimal::of(invoice.amount),
            paid_amount: Decimal::of(invoice.paid),
            currency_code: invoice.amount.currency,
            currency_symbol: catalog::symbol(invoice.amount.currency),
            pdf_download_link: format!("/invoices/{id}/documents/statement"),
            tax_receipts: receipts.collect(),
            invoice_details: InvoiceDetail::of(&own, invoice.kind, &shown.kinds),
            amendments: shown.notes.into_iter().map(Self::of).collect(),
            document_type: invoice.document,
            amends_of: shown.amends,
            invoice_type: kind,
            status: if invoice.state == InvoiceState::Void {
                "void"
            } else {
                "active"
            },
            links: Links::own(own),
            attributes: Attributes::of("Invoice"),
            id,
        }
    }
}

/// The context of a look at bills, and who looks.
#[derive(Clone)]
pub(super) struct Looker {
    ctx: Ctx,
    pub(super) account: Account,
}

impl Looker {
    pub(super) fn of(call: &Call) -> Self {
        Self {
            ctx: call.ctx(),
            account: call.account.clone(),
        }
    }

    fn party(&self) -> Party {
        Party::Account(self.account.id)
    }

    /// Whether the caller may read invoices. A look leaves no trace, so it is only decided.
    pub(super) async fn permitted(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let name = self.account.handle.clone();
        let act = Act {
            actor: self.ctx.actor.clone(),
            verb: "read_invoice".to_owned(),
            params: Map::from_iter([("partner".to_owned(), json!(name))]),
        };
        let (decision, facts) = decide_only(&self.ctx, tx, &act).await?;
        if decision.allowed {
            return Ok(());
        }
        Err(AppError::Refused(Box::new(Refusal {
            decision,
            facts,
            subject: name,
        })))
    }

    /// The operator's invoices to the caller, newest first.
    pub(super) async fn invoices(&self, tx: &mut Tx<'_>) -> Result<Vec<Invoice>, AppError> {
        self.permitted(tx).await?;
        let mut found = tierline_app::billing::owed(tx, self.account.id).await?;
        found.sort_by_key(|invoice| std::cmp::Reverse((issued(invoice), invoice.number)));
        Ok(found)
    }

    /// One of them; what others were billed does not exist.
    pub(super) async fn invoice(&self, tx: &mut Tx<'_>, name: &str) -> Result<Invoice, AppError> {
        self.permitted(tx).await?;
        let found = views::invoice(tx, self.party(), name).await?;
        if found.issuer == Party::Operator && found.recipient == self.party() {
            return Ok(found);
        }
        Err(AppError::missing("invoice", name))
    }

    /// What stands at the head of every line.
    pub(super) async fn bill(
        &self,
        tx: &mut Tx<'_>,
        names: &mut Directory,
        invoice: Option<&Invoice>,
    ) -> Result<Bill, AppError> {
        let own = names.dealer(tx, self.account.id).await?;
        Ok(Bill::of(&self.account, &own.name, &own.partner_id, invoice))
    }
}

async fn list(call: Call) -> Result<Json<Collection<InvoiceResource>>, Problem> {
    let page = Page::of(&call, PAGE_MAX)?;
    let looker = Looker::of(&call);
    let found = call
        .read(move |tx| {
            let looker = looker.clone();
            Box::pin(async move {
                let invoices = looker.invoices(tx).await?;
                // A note stands with the invoice that it corrects.
                let is_note = |one: &Invoice| {
                    one.amends.is_some() && one.document != InvoiceDocument::Invoice
                };
                let own = invoices.into_iter().filter(|one| !is_note(one));
                let mut list = Vec::new();
                for invoice in own.skip(page.offset).take(page.reach()) {
                    list.push(shown(tx, invoice).await?);
                }
                Ok(list)
            })
        })
        .await?;
    let items = found.into_iter().map(InvoiceResource::of).collect();
    Ok(Json(page.by_offset(items, "/invoices")))
}

async fn read(Path(id): Path<String>, call: Call) -> Result<Json<InvoiceResource>, Problem> {
    let looker = Looker::of(&call);
    let found = call
        .read(move |tx| {
            let (looker, id) = (looker.clone(), id.clone());
            Box::pin(async move {
                let invoice = looker.invoice(tx, &id).await?;
                shown(tx, invoice).await
            })
        })
        .await?;
    Ok(Json(InvoiceResource::of(found)))
}

/// A PDF as a download.
pub(super) fn download(name: &str, content: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename={name}.pdf"))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/pdf"),
        ),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, content).into_response()
}

/// Sets a document; many letters take a moment, which no other call waits for.
pub(super) async fn set(document: pdf::Document) -> Result<Vec<u8>, Problem> {
    let done = tokio::task::spawn_blocking(move || pdf::write(&document)).await;
    match done {
        Ok(Ok(content)) => Ok(content),
        _ => Err(Problem::failed()),
    }
}

/// The PDF of a bill's paper, which is kept as what was issued where nobody asked for it before.
pub(super) async fn issue(
    app: &App,
    (ctx, lang): (Ctx, Lang),
    draft: Draft,
) -> Result<Vec<u8>, Problem> {
    let content = set(draft.document.clone()).await?;
    if draft.is_issued {
        return Ok(content);
    }
    let said = draft.document.clone();
    let issue = Issue::of(ctx, draft, &content);
    let issued = app.db().write(issue).await;
    let document = issued.map_err(|error| Problem::of(error, lang))?;
    // Somebody else was first, and something was said otherwise then.
    if document == said {
        Ok(content)
    } else {
        set(document).await
    }
}

async fn statement(Path(id): Path<String>, call: Call) -> Result<Response, Problem> {
    let looker = Looker::of(&call);
    let draft = call
        .read(move |tx| {
            let (looker, id) = (looker.clone(), id.clone());
            Box::pin(async move {
                let invoice = looker.invoice(tx, &id).await?;
                issued::paper(tx, &invoice).await
            })
        })
        .await?;
    let name = draft.document.number.clone();
    let content = issue(call.server.app(), (call.ctx(), call.principal.lang), draft).await?;
    Ok(download(&name, content))
}

async fn receipt(
    Path((id, receipt)): Path<(String, String)>,
    call: Call,
) -> Result<Response, Problem> {
    let looker = Looker::of(&call);
    let document = call
        .read(move |tx| {
            let (looker, id, receipt) = (looker.clone(), id.clone(), receipt.clone());
            Box::pin(async move {
                let invoice = looker.invoice(tx, &id).await?;
                let payments = views::payments(tx, &invoice).await?;
                let meant = |payment: &&Payment| {
                    papers::receipt_number(payment).eq_ignore_ascii_case(&receipt)
                };
                let payment = payments.iter().find(meant);
                let payment = payment.ok_or_else(|| AppError::missing("receipt", &receipt))?;
                papers::receipt(tx, &invoice, payment).await
            })
        })
        .await?;
    let name = papers::receipt_name(&document.number);
    Ok(download(&name, set(document).await?))
}

/// Where to read what is not billed yet.
#[derive(Debug, Serialize, ToSchema)]
struct EstimateLink {
    /// `daily_rated_usage` or `non_consumption`.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    description: &'static str,
    /// `Current` or `Previous`.
    period: &'static str,
    link: Link,
}

async fn estimates(call: Call) -> Result<Json<Collection<EstimateLink>>, Problem> {
    let looker = Looker::of(&call);
    let own = tierline_app::facts::own_currency(&call.account);
    call.read(move |tx| {
        let looker = looker.clone();
        Box::pin(async move { looker.permitted(tx).await })
    })
    .await?;
    let currency = wanted_currency(&call)?.unwrap_or(own);
    let kinds = [
        (
            "daily_rated_usage",
            "Daily rated usage, unbilled",
            "Consumption that is on no invoice yet, by day.",
            "Marketplace",
            "UsageLineItems",
        ),
        (
            "non_consumption",
            "Reconciliation lines, unbilled",
            "Every charge that is on no invoice yet.",
            "all",
            "BillingLineItems",
        ),
    ];
    let mut items = Vec::new();
    for (kind, title, description, provider, line_type) in kinds {
        for (period, word) in [("Current", "current"), ("Previous", "previous")] {
            items.push(EstimateLink {
                kind,
                title,
                description,
                period,
                link: Link::get(format!(
                    "/invoices/unbilled/lineitems?provider={provider}&invoicelineitemtype={line_type}&currencycode={currency}&period={word}&size={LINES_MAX}"
                )),
            });
        }
    }
    let own = format!("/invoices/estimates/links?currencycode={currency}");
    Ok(Json(Collection::whole(items, own)))
}

/// The currency that a call asks for.
pub(super) fn wanted_currency(call: &Call) -> Result<Option<Currency>, Problem> {
    let Some(text) = call.query.get("currencyCode") else {
        return Ok(None);
    };
    let read = text.to_ascii_uppercase().parse();
    read.map(Some)
        .map_err(|_| Problem::malformed("currencyCode", "is a code such as USD"))
}
