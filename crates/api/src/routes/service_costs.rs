//! What a customer's services cost the partner in the month that was billed last.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::AppError;
use tierline_app::billing::views::{self, Directory, Entry, figures};
use tierline_domain::billing::{Invoice, InvoiceKind};
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Date, add_days, add_months};
use tierline_store::Tx;
use utoipa::ToSchema;

use super::customers;
use super::invoices::Looker;
use super::line_items::Described;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{Attributes, Collection, Link, Links};

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/v1/customers/{customer-id}/servicecosts/{billing-period}",
            "What a customer's services cost in the month billed last, in sum. The only period is MostRecent.",
            summary,
        )
        .answers::<ServiceCostsSummary>(ok)
        .shows(
            "service-costs-summary-get",
            "invoices.rs a_customers_costs_are_the_lines_of_its_last_bills",
        ),
        route::get(
            "/v1/customers/{customer-id}/servicecosts/{billing-period}/lineitems",
            "The same, line by line.",
            lines,
        )
        .answers::<Collection<ServiceCostLineItem>>(ok)
        .shows(
            "service-costs-line-items-list",
            "invoices.rs a_customers_costs_are_the_lines_of_its_last_bills",
        ),
    ]
}

/// What one customer's services cost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServiceCostsSummary {
    billing_start_date: String,
    billing_end_date: String,
    pretax_total: Decimal,
    /// Tax is on the invoice's total (BIL-027).
    tax: Decimal,
    after_tax_total: Decimal,
    #[schema(value_type = String)]
    currency_code: Currency,
    currency_symbol: String,
    customer_id: String,
    /// The kind of bills, and its part as a summary of the same form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    details: Vec<ServiceCostsDetail>,
    links: Links,
    attributes: Attributes,
}

/// The part of one kind of bills.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceCostsDetail {
    invoice_type: &'static str,
    summary: ServiceCostsSummary,
}

/// One charge.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServiceCostLineItem {
    after_tax_total: Decimal,
    charge_type: &'static str,
    #[schema(value_type = String)]
    currency_code: Currency,
    currency_symbol: String,
    customer_id: String,
    customer_name: String,
    end_date: String,
    offer_id: String,
    offer_name: String,
    order_id: String,
    pretax_total: Decimal,
    quantity: Decimal,
    #[serde(rename = "resellerMPNId")]
    reseller_mpn_id: String,
    start_date: String,
    subscription_friendly_name: String,
    subscription_id: String,
    tax: Decimal,
    unit_price: Decimal,
    invoice_number: String,
    invoice_type: &'static str,
    product_id: String,
    sku_id: String,
    availability_id: String,
    product_name: String,
    sku_name: String,
    publisher_name: String,
    publisher_id: String,
    term_and_billing_cycle: String,
    discount_details: String,
}

impl ServiceCostLineItem {
    fn of(invoice: &Invoice, entry: &Entry) -> Self {
        let (charge, line) = (&entry.billed.charge, figures(&entry.billed));
        let described = Described::of(entry);
        Self {
            after_tax_total: Decimal::of(line.amount),
            charge_type: charge.kind.as_str(),
            currency_code: line.amount.currency,
            currency_symbol: catalog::symbol(line.amount.currency),
            customer_id: charge.customer.to_string(),
            customer_name: entry.buyer.name.clone(),
            end_date: format!("{}T00:00:00", charge.until_day),
            offer_id: catalog::item_id(&entry.goods.item),
            offer_name: entry.goods.item.title.clone(),
            order_id: described.order,
            pretax_total: Decimal::of(line.amount),
            quantity: Decimal::read(&charge.basis.quantity.to_string()),
            reseller_mpn_id: entry
                .reseller
                .as_ref()
                .map_or_else(|| "-1".to_owned(), |reseller| reseller.partner_id.clone()),
            start_date: format!("{}T00:00:00", charge.from_day),
            subscription_friendly_name: described.name,
            subscription_id: charge.subscription.to_string(),
            tax: Decimal::read("0"),
            unit_price: Decimal::of(line.unit_price),
            invoice_number: invoice.handle.clone(),
            invoice_type: super::invoices::kind_name(invoice.kind),
            product_id: described.product,
            sku_id: described.sku,
            availability_id: described.availability,
            product_name: described.product_name,
            sku_name: entry.goods.item.title.clone(),
            publisher_name: described.publisher_name,
            publisher_id: described.publisher_id,
            term_and_billing_cycle: described.term_and_cycle,
            discount_details: String::new(),
        }
    }
}

/// The lines of a customer on the bills of the month that was billed last.
struct Costs {
    month: Date,
    lines: Vec<(Invoice, Entry)>,
}

async fn costs(
    tx: &mut Tx<'_>,
    looker: &Looker,
    account: &Account,
    customer: &Tenant,
) -> Result<Costs, AppError> {
    looker.permitted(tx).await?;
    let invoices = tierline_app::billing::owed(tx, account.id).await?;
    let month = invoices.iter().map(|invoice| invoice.month).max();
    let month = month.ok_or_else(|| AppError::missing("service costs of", customer.id))?;
    let mut names = Directory::default();
    let mut lines = Vec::new();
    for invoice in invoices.into_iter().filter(|one| one.month == month) {
        let found = views::lines_of_customer(tx, &invoice, customer.id).await?;
        for entry in names.entries(tx, found).await? {
            lines.push((invoice.clone(), entry));
        }
    }
    Ok(Costs { month, lines })
}

/// The costs of the path's customer, and its id.
async fn of_path(call: &Call, customer: &str, period: &str) -> Result<(Tenant, Costs), Problem> {
    let tenant = customers::required(&call.server, &call.principal, customer)
        .await?
        .tenant;
    if !period.eq_ignore_ascii_case("mostrecent") {
        return Err(Problem::malformed("billing-period", "is MostRecent"));
    }
    let (looker, account, of) = (Looker::of(call), call.account.clone(), tenant.clone());
    let found = call
        .read(move |tx| {
            let (looker, account, of) = (looker.clone(), account.clone(), of.clone());
            Box::pin(async move { costs(tx, &looker, &account, &of).await })
        })
        .await?;
    Ok((tenant, found))
}

impl ServiceCostsSummary {
    fn sum<'a>(
        customer: &Tenant,
        month: Date,
        currency: Currency,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Self, AppError> {
        let mut total = Money::zero(currency);
        for entry in entries {
            total = total.plus(entry.amount())?;
        }
        let own = format!("/customers/{}/servicecosts/mostrecent", customer.id);
        let lines = Link::get(format!("{own}/lineitems"));
        Ok(Self {
            billing_start_date: format!("{month}T00:00:00Z"),
            billing_end_date: format!("{}T00:00:00Z", add_days(add_months(month, 1), -1)),
            pretax_total: Decimal::of(total),
            tax: Decimal::read("0"),
            after_tax_total: Decimal::of(total),
            currency_code: currency,
            currency_symbol: catalog::symbol(currency),
            customer_id: customer.id.to_string(),
            details: Vec::new(),
            links: Links::own(own).with("serviceCostLineItems", lines),
            attributes: Attributes::of("ServiceCostsSummary"),
        })
    }
}

async fn summary(
    Path((customer, period)): Path<(String, String)>,
    call: Call,
) -> Result<Json<ServiceCostsSummary>, Problem> {
    let (tenant, costs) = of_path(&call, &customer, &period).await?;
    let own = tierline_app::facts::own_currency(&call.account);
    let currencies = costs.lines.iter().map(|(_, entry)| entry.amount().currency);
    // One sum is in one currency: the partner's own, where there is anything in it.
    let currency = currencies
        .clone()
        .find(|currency| *currency == own)
        .or_else(|| currencies.clone().next())
        .unwrap_or(own);
    let of_kind = |kind: Option<InvoiceKind>| {
        costs
            .lines
            .iter()
            .filter(move |(invoice, _)| kind.is_none_or(|kind| kind == invoice.kind))
            .map(|(_, entry)| entry)
            .filter(move |entry| entry.amount().currency == currency)
    };
    let sum = |kind| {
        let sum = ServiceCostsSummary::sum(&tenant, costs.month, currency, of_kind(kind));
        sum.map_err(|error| call.problem(error))
    };
    let mut whole = sum(None)?;
    for kind in [InvoiceKind::Recurring, InvoiceKind::OneTime] {
        if of_kind(Some(kind)).next().is_some() {
            whole.details.push(ServiceCostsDetail {
                invoice_type: super::invoices::kind_name(kind),
                summary: sum(Some(kind))?,
            });
        }
    }
    Ok(Json(whole))
}

async fn lines(
    Path((customer, period)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<ServiceCostLineItem>>, Problem> {
    let (tenant, costs) = of_path(&call, &customer, &period).await?;
    let items = costs
        .lines
        .iter()
        .map(|(invoice, entry)| ServiceCostLineItem::of(invoice, entry));
    let own = format!("/customers/{}/servicecosts/MostRecent/lineitems", tenant.id);
    Ok(Json(Collection::whole(items.collect(), own)))
}
