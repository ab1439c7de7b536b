//! A day's rated consumption as a line, with every member or with those that are asked for most.

use serde::Serialize;
use tierline_app::billing::consumption::UsageRow;
use tierline_domain::money::Currency;
use tierline_domain::usage::UsageResource;
use utoipa::ToSchema;

use super::line_items::{
    Bill, first, name_of, over, parts, product_name, publisher, reseller_mpn, shifted,
};
use crate::wire::decimal::Decimal;
use crate::wire::envelope::Attributes;

/// A day's rated consumption. Empty texts are printed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DailyRatedUsageLineItem {
    partner_id: String,
    partner_name: String,
    customer_id: String,
    customer_name: String,
    customer_domain_name: String,
    invoice_number: String,
    product_id: String,
    sku_id: String,
    availability_id: String,
    sku_name: String,
    product_name: String,
    publisher_name: String,
    publisher_id: String,
    subscription_id: String,
    subscription_description: String,
    charge_start_date: String,
    charge_end_date: String,
    usage_date: String,
    meter_type: String,
    meter_category: String,
    meter_id: String,
    meter_sub_category: String,
    meter_name: String,
    meter_region: String,
    unit_of_measure: String,
    resource_location: String,
    consumed_service: String,
    resource_group: String,
    resource_uri: String,
    tags: String,
    additional_info: String,
    service_info1: String,
    service_info2: String,
    customer_country: String,
    mpn_id: String,
    reseller_mpn_id: String,
    charge_type: &'static str,
    unit_price: Decimal,
    quantity: Decimal,
    unit_type: String,
    billing_pre_tax_total: Decimal,
    #[schema(value_type = String)]
    billing_currency: Currency,
    pricing_pre_tax_total: Decimal,
    #[schema(value_type = String)]
    pricing_currency: Currency,
    entitlement_id: String,
    entitlement_description: String,
    #[serde(rename = "pcToBCExchangeRate")]
    pc_to_bc_exchange_rate: Decimal,
    #[serde(rename = "pcToBCExchangeRateDate")]
    pc_to_bc_exchange_rate_date: String,
    effective_unit_price: Decimal,
    rate_of_partner_earned_credit: Decimal,
    has_partner_earned_credit: bool,
    rate_of_credit: Decimal,
    credit_type: &'static str,
    benefit_order_id: String,
    benefit_id: String,
    benefit_type: &'static str,
    invoice_line_item_type: &'static str,
    billing_provider: &'static str,
    attributes: Attributes,
}

fn number(number: tierline_domain::decimal::Decimal) -> Decimal {
    Decimal::read(&number.to_string())
}

/// What the owner of a resource wrote on it, as JSON in a text.
fn tags(resource: &UsageResource) -> String {
    if resource.tags.is_empty() {
        return String::new();
    }
    serde_json::to_string(&resource.tags).unwrap_or_default()
}

impl DailyRatedUsageLineItem {
    pub(crate) fn of(bill: &Bill, row: &UsageRow) -> Self {
        let entry = row.entry.as_ref();
        let (charge, meter, resource) = (&entry.billed.charge, &row.meter, row.resource.as_deref());
        let [product_id, sku_id, availability_id] = parts(entry);
        let (publisher_name, publisher_id) = publisher(entry);
        let earns = row.credit_percent > 0;
        let rate = Decimal::read(&shifted(i128::from(row.credit_percent), 2));
        let of_resource = |part: fn(&UsageResource) -> &String| {
            resource.map_or_else(String::new, |one| part(one).clone())
        };
        let entitlement = entry.billed.parent.unwrap_or(charge.subscription);
        Self {
            partner_id: bill.partner_id.clone(),
            partner_name: bill.partner_name.clone(),
            customer_id: charge.customer.to_string(),
            customer_name: entry.buyer.name.clone(),
            customer_domain_name: entry.buyer.tenant.domain.clone(),
            invoice_number: bill.number.clone(),
            product_id,
            sku_id,
            availability_id,
            sku_name: entry.goods.item.title.clone(),
            product_name: product_name(entry),
            publisher_name,
            publisher_id,
            subscription_id: charge.subscription.to_string(),
            subscription_description: name_of(entry),
            charge_start_date: first(charge.from_day),
            charge_end_date: over(charge.until_day),
            usage_date: first(row.day),
            meter_type: meter.unit.clone(),
            meter_category: meter.category.clone(),
            meter_id: meter.handle.clone(),
            meter_sub_category: meter.subcategory.clone(),
            meter_name: meter.name.clone(),
            meter_region: meter.region.clone(),
            unit_of_measure: meter.unit.clone(),
            resource_location: of_resource(|one| &one.location),
            consumed_service: meter.category.clone(),
            resource_group: of_resource(|one| &one.resource_group),
            resource_uri: of_resource(|one| &one.uri),
            tags: resource.map_or_else(String::new, tags),
            additional_info: String::new(),
            service_info1: String::new(),
            service_info2: String::new(),
            customer_country: entry.buyer.tenant.country.to_string(),
            mpn_id: bill.mpn_id.clone(),
            reseller_mpn_id: reseller_mpn(entry),
            charge_type: charge.kind.as_str(),
            unit_price: number(row.unit_price),
            quantity: number(row.quantity),
            unit_type: meter.unit.clone(),
            billing_pre_tax_total: Decimal::of(row.amount),
            billing_currency: row.amount.currency,
            pricing_pre_tax_total: number(row.priced),
            pricing_currency: row.priced_in,
            entitlement_id: entitlement.to_string(),
            entitlement_description: name_of(entry),
            pc_to_bc_exchange_rate: number(row.rate),
            pc_to_bc_exchange_rate_date: first(charge.from_day.first_of_month()),
            effective_unit_price: number(row.effective_price),
            rate_of_partner_earned_credit: rate.clone(),
            has_partner_earned_credit: earns,
            rate_of_credit: rate,
            credit_type: if earns {
                "Partner Earned Credit Applied"
            } else {
                "Credit Not Applied"
            },
            benefit_order_id: String::new(),
            benefit_id: String::new(),
            benefit_type: "Charge",
            invoice_line_item_type: "usage_line_items",
            billing_provider: "marketplace",
            attributes: Attributes::of("DailyRatedUsageLineItem"),
        }
    }
}

/// What is asked for most of a day's rated consumption.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BasicUsage<'a> {
    partner_id: &'a str,
    customer_id: &'a str,
    customer_name: &'a str,
    customer_country: &'a str,
    invoice_number: &'a str,
    mpn_id: &'a str,
    reseller_mpn_id: &'a str,
    product_id: &'a str,
    sku_id: &'a str,
    availability_id: &'a str,
    product_name: &'a str,
    sku_name: &'a str,
    subscription_id: &'a str,
    subscription_description: &'a str,
    charge_start_date: &'a str,
    charge_end_date: &'a str,
    usage_date: &'a str,
    meter_id: &'a str,
    meter_name: &'a str,
    meter_category: &'a str,
    unit_of_measure: &'a str,
    resource_group: &'a str,
    resource_uri: &'a str,
    charge_type: &'a str,
    unit_price: &'a Decimal,
    effective_unit_price: &'a Decimal,
    quantity: &'a Decimal,
    billing_pre_tax_total: &'a Decimal,
    billing_currency: Currency,
    pricing_pre_tax_total: &'a Decimal,
    pricing_currency: Currency,
    rate_of_partner_earned_credit: &'a Decimal,
    has_partner_earned_credit: bool,
    entitlement_id: &'a str,
}

impl DailyRatedUsageLineItem {
    /// The members that are asked for most.
    pub(crate) fn basic(&self) -> BasicUsage<'_> {
        BasicUsage {
            partner_id: &self.partner_id,
            customer_id: &self.customer_id,
            customer_name: &self.customer_name,
            customer_country: &self.customer_country,
            invoice_number: &self.invoice_number,
            mpn_id: &self.mpn_id,
            reseller_mpn_id: &self.reseller_mpn_id,
            product_id: &self.product_id,
            sku_id: &self.sku_id,
            availability_id: &self.availability_id,
            product_name: &self.product_name,
            sku_name: &self.sku_name,
            subscription_id: &self.subscription_id,
            subscription_description: &self.subscription_description,
            charge_start_date: &self.charge_start_date,
            charge_end_date: &self.charge_end_date,
            usage_date: &self.usage_date,
            meter_id: &self.meter_id,
            meter_name: &self.meter_name,
            meter_category: &self.meter_category,
            unit_of_measure: &self.unit_of_measure,
            resource_group: &self.resource_group,
            resource_uri: &self.resource_uri,
            charge_type: self.charge_type,
            unit_price: &self.unit_price,
            effective_unit_price: &self.effective_unit_price,
            quantity: &self.quantity,
            billing_pre_tax_total: &self.billing_pre_tax_total,
            billing_currency: self.billing_currency,
            pricing_pre_tax_total: &self.pricing_pre_tax_total,
            pricing_currency: self.pricing_currency,
            rate_of_partner_earned_credit: &self.rate_of_partner_earned_credit,
            has_partner_earned_credit: self.has_partner_earned_credit,
            entitlement_id: &self.entitlement_id,
        }
    }
}
