//! A line of new commerce as reconciliation has it. An invoice may have a million of them, so that a line is written from what
//! was read of it without a copy of any text.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use tierline_app::billing::views::Reckoned;
use tierline_domain::catalog::Term;
use tierline_domain::id::Id;
use tierline_domain::money::Currency;
use tierline_domain::order::Order;
use tierline_domain::place::Country;
use tierline_domain::time::Timestamp;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::line_items::{Bill, TermAndCycle, cycle, each};
use crate::wire::dates::Midnight;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::Attributes;

/// An id, or an empty text where there is none.
#[derive(Clone, Copy, Debug)]
struct OrEmpty(Option<Uuid>);

impl Serialize for OrEmpty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(id) => id.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}

/// A line of new commerce. Empty texts are printed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneTimeInvoiceLineItem<'a> {
    partner_id: &'a str,
    #[schema(value_type = String)]
    customer_id: Uuid,
    customer_name: &'a str,
    customer_domain_name: &'a str,
    #[schema(value_type = String)]
    customer_country: Country,
    invoice_number: &'a str,
    mpn_id: &'a str,
    /// The reseller of record; `0` for a direct sale.
    reseller_mpn_id: &'a str,
    #[schema(value_type = String)]
    order_id: OrEmpty,
    #[schema(value_type = String)]
    order_date: Timestamp,
    product_id: &'a str,
    sku_id: &'a str,
    availability_id: &'a str,
    product_name: &'a str,
    sku_name: &'a str,
    product_qualifiers: [&'a str; 0],
    charge_type: &'static str,
    unit_price: Decimal,
    effective_unit_price: Decimal,
    unit_type: &'static str,
    quantity: i64,
    subtotal: Decimal,
    /// Tax is on the invoice's total (BIL-027).
    tax_total: Decimal,
    total_for_customer: Decimal,
    #[schema(value_type = String)]
    currency: Currency,
    publisher_name: &'a str,
    publisher_id: &'a str,
    subscription_description: &'a str,
    #[schema(value_type = String)]
    subscription_id: Uuid,
    #[schema(value_type = String)]
    subscription_start_date: Midnight,
    #[schema(value_type = String)]
    subscription_end_date: Midnight,
    #[schema(value_type = String)]
    charge_start_date: Midnight,
    #[schema(value_type = String)]
    charge_end_date: Midnight,
    #[schema(value_type = String)]
    term_and_billing_cycle: TermAndCycle,
    alternate_id: &'static str,
    #[schema(value_type = String)]
    reference_id: Uuid,
    price_adjustment_description: &'static str,
    discount_details: &'static str,
    credit_reason_code: &'static str,
    #[schema(value_type = String)]
    pricing_currency: Currency,
    #[serde(rename = "pcToBCExchangeRate")]
    pc_to_bc_exchange_rate: Decimal,
    #[serde(rename = "pcToBCExchangeRateDate")]
    #[schema(value_type = String)]
    pc_to_bc_exchange_rate_date: Midnight,
    billable_quantity: Decimal,
    meter_description: &'static str,
    #[schema(value_type = String)]
    reservation_order_id: OrEmpty,
    billing_frequency: &'static str,
    promotion_id: &'static str,
    invoice_line_item_type: &'static str,
    billing_provider: &'static str,
    attributes: Attributes,
}

impl<'a> OneTimeInvoiceLineItem<'a> {
    pub(crate) fn of(bill: &'a Bill, reckoned: &'a Reckoned) -> Self {
        let Reckoned {
            line,
            buyer,
            goods,
            reseller,
        } = reckoned;
        let (item, product) = (&goods.item, goods.product.as_ref());
        let mut parts = item.catalogue_id.split(':');
        let mut part = || parts.next().unwrap_or_default();
        let (product_id, sku_id, availability_id) = (part(), part(), part());
        let amount = reckoned.amount();
        let quantity = line.basis.quantity;
        let subscription = line.subscription.uuid();
        Self {
            partner_id: &bill.partner_id,
            customer_id: line.customer.uuid(),
            customer_name: &buyer.name,
            customer_domain_name: &buyer.domain,
            customer_country: buyer.country,
            invoice_number: &bill.number,
            mpn_id: &bill.mpn_id,
            // A direct sale has the number 0 (BIL-005).
            reseller_mpn_id: reseller.as_ref().map_or("0", |one| &one.partner_id),
            order_id: OrEmpty(line.order.map(Id::<Order>::uuid)),
            order_date: line.bought,
            product_id,
            sku_id,
            availability_id,
            product_name: product.map_or(&item.title, |one| one.title.in_language("en")),
            sku_name: &item.title,
            product_qualifiers: [],
            charge_type: line.kind.as_str(),
            unit_price: Decimal::of(reckoned.unit_price()),
            effective_unit_price: each(amount, quantity),
            unit_type: "",
            quantity,
            subtotal: Decimal::of(amount),
            tax_total: Decimal::whole(0),
            total_for_customer: Decimal::of(amount),
            currency: amount.currency,
            publisher_name: product.map_or("", |one| &one.publisher_name),
            publisher_id: product.map_or("", |one| &one.id),
            subscription_description: line.friendly_name.as_ref().unwrap_or(&item.title),
            subscription_id: subscription,
            subscription_start_date: Midnight(line.priced_on),
            subscription_end_date: Midnight(line.term_end.unwrap_or(line.until_day)),
            charge_start_date: Midnight(line.from_day),
            charge_end_date: Midnight(line.until_day),
            term_and_billing_cycle: TermAndCycle(line.term, line.frequency),
            alternate_id: "",
            reference_id: line.charge.uuid(),
            price_adjustment_description: "",
            discount_details: "",
            credit_reason_code: "",
            pricing_currency: amount.currency,
            pc_to_bc_exchange_rate: Decimal::whole(1),
            pc_to_bc_exchange_rate_date: Midnight(line.booked.date()),
            billable_quantity: Decimal::whole(quantity),
            meter_description: "",
            reservation_order_id: OrEmpty((line.term == Term::OneTime).then_some(subscription)),
            billing_frequency: cycle(line.frequency),
            promotion_id: "",
            invoice_line_item_type: "billing_line_items",
            billing_provider: "one_time",
            attributes: Attributes::of("OneTimeInvoiceLineItem"),
        }
    }
}

/// A line of new commerce among others, with what it is written from.
#[derive(Debug)]
pub(super) struct ReconciledLine {
    pub(super) bill: Arc<Bill>,
    pub(super) reckoned: Reckoned,
}

impl Serialize for ReconciledLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        OneTimeInvoiceLineItem::of(&self.bill, &self.reckoned).serialize(serializer)
    }
}

impl PartialSchema for ReconciledLine {
    fn schema() -> RefOr<Schema> {
        OneTimeInvoiceLineItem::schema()
    }
}

impl ToSchema for ReconciledLine {
    fn name() -> std::borrow::Cow<'static, str> {
        OneTimeInvoiceLineItem::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        OneTimeInvoiceLineItem::schemas(schemas);
    }
}
