//! Line items: which ones a client asks for, and what each of the documented types says.

use std::fmt;

use serde::{Serialize, Serializer};
use tierline_app::billing::consumption::UsageRow;
use tierline_app::billing::views::{Choice, Entry, figures};
use tierline_domain::billing::{Invoice, InvoiceKind, Party};
use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::Account;
use tierline_domain::time::Date;
use utoipa::ToSchema;

use super::rated_usage::DailyRatedUsageLineItem;
use super::reconciliation::ReconciledLine;
use crate::problem::Problem;
use crate::wire::catalog;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::Attributes;

/// Whose lines are meant: the first part of what fixes the type of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Office,
    Azure,
    OneTime,
    Marketplace,
    All,
}

/// Billing or usage: the second part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineType {
    Billing,
    Usage,
}

/// The types of lines that there are. Clients know no other pair of provider and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    LicenseBased,
    UsageBased,
    DailyUsage,
    OneTime,
    DailyRated,
}

fn plain(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

impl Provider {
    fn read(text: &str) -> Result<Self, Problem> {
        match plain(text).as_str() {
            "office" => Ok(Self::Office),
            "azure" => Ok(Self::Azure),
            "onetime" => Ok(Self::OneTime),
            "marketplace" => Ok(Self::Marketplace),
            "all" => Ok(Self::All),
            _ => Err(Problem::malformed(
                "provider",
                "is office, azure, onetime, marketplace or all",
            )),
        }
    }
}

impl LineType {
    fn read(text: &str) -> Result<Self, Problem> {
        match plain(text).as_str() {
            "billinglineitems" => Ok(Self::Billing),
            "usagelineitems" => Ok(Self::Usage),
            _ => Err(Problem::malformed(
                "invoiceLineItemType",
                "is billinglineitems or usagelineitems",
            )),
        }
    }
}

impl Shape {
    /// The type of line of a provider and a type.
    ///
    /// # Errors
    /// A 400 for a pair that there is not.
    pub(super) fn of(provider: Option<&str>, line_type: Option<&str>) -> Result<Self, Problem> {
        let missing = |name| Problem::malformed(name, "is missing");
        let provider = Provider::read(provider.ok_or_else(|| missing("provider"))?)?;
        let line_type = LineType::read(line_type.ok_or_else(|| missing("invoiceLineItemType"))?)?;
        match (provider, line_type) {
            (Provider::Office, LineType::Billing) => Ok(Self::LicenseBased),
            (Provider::Azure, LineType::Billing) => Ok(Self::UsageBased),
            (Provider::Azure, LineType::Usage) => Ok(Self::DailyUsage),
            (Provider::OneTime | Provider::All, LineType::Billing) => Ok(Self::OneTime),
            (Provider::OneTime | Provider::Marketplace | Provider::All, LineType::Usage) => {
                Ok(Self::DailyRated)
            }
            (Provider::Office, LineType::Usage) | (Provider::Marketplace, LineType::Billing) => {
                Err(Problem::malformed(
                    "invoiceLineItemType",
                    "office has billinglineitems only, marketplace usagelineitems only",
                ))
            }
        }
    }

    /// Paged by offset, as the older types are; the others by continuation token.
    pub(super) const fn is_by_offset(self) -> bool {
        matches!(
            self,
            Self::LicenseBased | Self::UsageBased | Self::DailyUsage
        )
    }

    /// Which lines of an invoice these are; none where they stand on the other of the two bills.
    pub(super) const fn choice(self, kind: InvoiceKind) -> Option<Choice> {
        match (self, kind) {
            (Self::LicenseBased, InvoiceKind::Recurring) => Some(Choice::Seats),
            (Self::UsageBased | Self::DailyUsage, InvoiceKind::Recurring)
            | (Self::DailyRated, InvoiceKind::OneTime) => Some(Choice::Usage),
            (Self::OneTime, InvoiceKind::OneTime) => Some(Choice::Any),
            _ => None,
        }
    }
}

/// What all lines of an answer have in common.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    /// The partner's tenant.
    pub(super) partner_id: String,
    pub(super) partner_name: String,
    /// The partner's own PartnerID.
    pub(super) mpn_id: String,
    /// Empty before there is an invoice.
    pub(super) number: String,
}

impl Bill {
    /// At the head of what a party that is no partner reads.
    pub(crate) fn of_party(party: Party, name: &str, invoice: Option<&Invoice>) -> Self {
        Self {
            partner_id: party
                .customer()
                .map_or_else(String::new, |tenant| tenant.to_string()),
            partner_name: name.to_owned(),
            mpn_id: String::new(),
            number: invoice.map_or_else(String::new, |invoice| invoice.handle.clone()),
        }
    }

    pub(crate) fn of(
        account: &Account,
        name: &str,
        mpn_id: &str,
        invoice: Option<&Invoice>,
    ) -> Self {
        Self {
            partner_id: account.tenant.to_string(),
            partner_name: name.to_owned(),
            mpn_id: mpn_id.to_owned(),
            number: invoice.map_or_else(String::new, |invoice| invoice.handle.clone()),
        }
    }
}

pub(super) fn first(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

/// The instant at which a day is over.
pub(super) fn over(day: Date) -> String {
    first(tierline_domain::time::add_days(day, 1))
}

/// Product, SKU and availability of an item of new commerce; nothing of the traditional generation.
pub(super) fn parts(entry: &Entry) -> [String; 3] {
    let id = catalog::item_id(&entry.goods.item);
    let mut parts = id.split(':').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    [next(), next(), next()]
}

pub(super) fn product_name(entry: &Entry) -> String {
    let product = entry.goods.product.as_ref();
    product.map_or_else(
        || entry.goods.item.title.clone(),
        |product| product.title.in_language("en").to_owned(),
    )
}

pub(super) fn publisher(entry: &Entry) -> (String, String) {
    let product = entry.goods.product.as_ref();
    let name = product.map_or_else(String::new, |product| product.publisher_name.clone());
    let id = product.map_or_else(String::new, |product| product.id.clone());
    (name, id)
}

/// How a term and its frequency are called on bills.
#[derive(Clone, Copy, Debug)]
pub(super) struct TermAndCycle(pub(super) Term, pub(super) Frequency);

impl fmt::Display for TermAndCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Term::None => {}
            Term::OneTime => f.write_str("One-Time")?,
            Term::Months(12) => f.write_str("1 Year")?,
            Term::Months(36) => f.write_str("3 Years")?,
            Term::Months(1) => f.write_str("1 Month")?,
            term => write!(f, "{term}")?,
        }
        let cycle = cycle(self.1);
        if self.0 != Term::None && !cycle.is_empty() {
            f.write_str(", ")?;
        }
        f.write_str(cycle)
    }
}

impl Serialize for TermAndCycle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

pub(super) const fn cycle(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Monthly => "Monthly",
        Frequency::Annual => "Annual",
        Frequency::Triennial => "Triennial",
        Frequency::OneTime => "OneTime",
        Frequency::None => "",
    }
}

/// How a line is described, apart from its figures.
pub(super) struct Described {
    pub(super) product: String,
    pub(super) sku: String,
    pub(super) availability: String,
    pub(super) product_name: String,
    pub(super) publisher_name: String,
    pub(super) publisher_id: String,
    pub(super) term_and_cycle: String,
    pub(super) name: String,
    pub(super) order: String,
}

impl Described {
    pub(super) fn of(entry: &Entry) -> Self {
        let [product, sku, availability] = parts(entry);
        let (publisher_name, publisher_id) = publisher(entry);
        Self {
            product,
            sku,
            availability,
            product_name: product_name(entry),
            publisher_name,
            publisher_id,
            term_and_cycle: TermAndCycle(entry.billed.charge.term, entry.billed.charge.frequency)
                .to_string(),
            name: name_of(entry),
            order: order(entry),
        }
    }
}

pub(super) fn reseller_mpn(entry: &Entry) -> String {
    // A direct sale has the number 0 (BIL-005).
    let reseller = entry.reseller.as_ref();
    reseller.map_or_else(|| "0".to_owned(), |reseller| reseller.partner_id.clone())
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_default()
}

/// PartnerID of the reseller as a number: −1 where there is none.
fn tier2(entry: &Entry) -> i64 {
    let reseller = entry.reseller.as_ref();
    reseller.map_or(-1, |reseller| number(&reseller.partner_id))
}

pub(super) fn name_of(entry: &Entry) -> String {
    let given = entry.billed.friendly_name.clone();
    given.unwrap_or_else(|| entry.goods.item.title.clone())
}

fn order(entry: &Entry) -> String {
    let order = entry.billed.order;
    order.map_or_else(String::new, |order| order.to_string())
}

/// An amount of minor units ÷ a count, as a decimal of up to twelve digits.
pub(super) fn each(amount: Money, count: i64) -> Decimal {
    if count == 0 {
        return Decimal::whole(0);
    }
    if let (Some(minor), Some(0)) = (
        amount.minor.checked_div(count),
        amount.minor.checked_rem(count),
    ) {
        return Decimal::of(Money { minor, ..amount });
    }
    let digits = amount.currency.digits();
    let scaled = i128::from(amount.minor)
        .saturating_mul(1_000_000_000_000)
        .checked_div(i128::from(count))
        .unwrap_or_default();
    Decimal::read(&shifted(scaled, digits.saturating_add(12)))
}

/// A whole number as a decimal with so many digits behind the point.
pub(super) fn shifted(scaled: i128, digits: u32) -> String {
    let sign = if scaled < 0 { "-" } else { "" };
    let digits = usize::try_from(digits).unwrap_or(2);
    let text = format!(
        "{:0>width$}",
        scaled.unsigned_abs(),
        width = digits.saturating_add(1)
    );
    let (whole, part) = text.split_at(text.len().saturating_sub(digits));
    format!("{sign}{whole}.{part}")
}

/// A line of a licence of the traditional generation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LicenseBasedLineItem {
    partner_id: String,
    customer_id: String,
    customer_name: String,
    mpn_id: i64,
    tier2_mpn_id: i64,
    order_id: String,
    subscription_id: String,
    syndication_partner_subscription_number: String,
    offer_id: String,
    durable_offer_id: String,
    offer_name: String,
    domain_name: String,
    billing_cycle_type: String,
    subscription_name: String,
    subscription_description: String,
    subscription_start_date: String,
    subscription_end_date: String,
    charge_start_date: String,
    charge_end_date: String,
    charge_type: &'static str,
    unit_price: Decimal,
    quantity: i64,
    amount: Decimal,
    total_other_discount: Decimal,
    subtotal: Decimal,
    tax: Decimal,
    total_for_customer: Decimal,
    #[schema(value_type = String)]
    currency: Currency,
    invoice_line_item_type: &'static str,
    billing_provider: &'static str,
    attributes: Attributes,
}

impl LicenseBasedLineItem {
    pub(super) fn of(bill: &Bill, entry: &Entry) -> Self {
        let (charge, line) = (&entry.billed.charge, figures(&entry.billed));
        let offer = catalog::item_id(&entry.goods.item);
        let end = entry.billed.term_end.unwrap_or(charge.until_day);
        Self {
            partner_id: bill.partner_id.clone(),
            customer_id: charge.customer.to_string(),
            customer_name: entry.buyer.name.clone(),
            mpn_id: number(&bill.mpn_id),
            tier2_mpn_id: tier2(entry),
            order_id: order(entry),
            subscription_id: charge.subscription.to_string(),
            syndication_partner_subscription_number: charge.subscription.to_string(),
            offer_id: offer.clone(),
            durable_offer_id: offer,
            offer_name: entry.goods.item.title.clone(),
            domain_name: entry.buyer.tenant.domain.clone(),
            billing_cycle_type: cycle(charge.frequency).to_uppercase(),
            subscription_name: name_of(entry),
            subscription_description: name_of(entry),
            subscription_start_date: first(charge.priced_on),
            subscription_end_date: first(end),
            charge_start_date: first(charge.from_day),
            charge_end_date: first(charge.until_day),
            charge_type: charge.kind.as_str(),
            unit_price: Decimal::of(line.unit_price),
            quantity: charge.basis.quantity,
            amount: Decimal::of(line.amount),
            total_other_discount: Decimal::read("0"),
            subtotal: Decimal::of(line.amount),
            tax: Decimal::read("0"),
            total_for_customer: Decimal::of(line.amount),
            currency: line.amount.currency,
            invoice_line_item_type: "billing_line_items",
            billing_provider: "office",
            attributes: Attributes::of("LicenseBasedLineItem"),
        }
    }
}

/// What stands on lines of the consumption offer that went before the plan, with prices or without.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the members are named as documented"
)]
pub(crate) struct Consumed {
    partner_id: String,
    partner_name: String,
    partner_billable_account_id: String,
    customer_id: String,
    customer_company_name: String,
    mpn_id: i64,
    tier2_mpn_id: i64,
    invoice_number: String,
    subscription_id: String,
    subscription_name: String,
    subscription_description: String,
    billing_cycle_type: String,
    order_id: String,
    service_name: String,
    service_type: String,
    resource_guid: String,
    resource_name: String,
    region: String,
    consumed_quantity: Decimal,
    charge_start_date: String,
    charge_end_date: String,
    unit: String,
    invoice_line_item_type: &'static str,
    billing_provider: &'static str,
}

impl Consumed {
    fn of(bill: &Bill, row: &UsageRow, line_type: &'static str) -> Self {
        let (entry, charge) = (row.entry.as_ref(), &row.entry.billed.charge);
        Self {
            partner_id: bill.partner_id.clone(),
            partner_name: bill.partner_name.clone(),
            partner_billable_account_id: bill.mpn_id.clone(),
            customer_id: charge.customer.to_string(),
            customer_company_name: entry.buyer.name.clone(),
            mpn_id: number(&bill.mpn_id),
            tier2_mpn_id: tier2(entry),
            invoice_number: bill.number.clone(),
            subscription_id: charge.subscription.to_string(),
            subscription_name: name_of(entry),
            subscription_description: name_of(entry),
            billing_cycle_type: cycle(charge.frequency).to_uppercase(),
            order_id: order(entry),
            service_name: row.meter.name.clone(),
            service_type: row.meter.category.clone(),
            resource_guid: row.meter.handle.clone(),
            resource_name: row.meter.name.clone(),
            region: row.meter.region.clone(),
            consumed_quantity: Decimal::read(&row.quantity.to_string()),
            charge_start_date: first(charge.from_day),
            charge_end_date: first(charge.until_day),
            unit: row.meter.unit.clone(),
            invoice_line_item_type: line_type,
            billing_provider: "azure",
        }
    }
}

/// A month's consumption of what went before the plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageBasedLineItem {
    detail_line_item_id: i64,
    sku: String,
    included_quantity: Decimal,
    overage_quantity: Decimal,
    list_price: Decimal,
    #[schema(value_type = String)]
    currency: Currency,
    pretax_charges: Decimal,
    tax_amount: Decimal,
    post_tax_total: Decimal,
    pretax_effective_rate: Decimal,
    post_tax_effective_rate: Decimal,
    charge_type: &'static str,
    #[serde(flatten)]
    consumed: Consumed,
    attributes: Attributes,
}

impl UsageBasedLineItem {
    pub(super) fn of(bill: &Bill, row: &UsageRow) -> Self {
        let (charge, line) = (&row.entry.billed.charge, figures(&row.entry.billed));
        let effective = Decimal::read(&row.effective_price.to_string());
        Self {
            detail_line_item_id: line.position,
            sku: catalog::item_id(&row.entry.goods.item),
            included_quantity: Decimal::read("0"),
            overage_quantity: Decimal::read(&row.quantity.to_string()),
            list_price: Decimal::read(&row.unit_price.to_string()),
            currency: line.amount.currency,
            pretax_charges: Decimal::of(line.amount),
            tax_amount: Decimal::read("0"),
            post_tax_total: Decimal::of(line.amount),
            pretax_effective_rate: effective.clone(),
            post_tax_effective_rate: effective,
            charge_type: charge.kind.as_str(),
            consumed: Consumed::of(bill, row, "billing_line_items"),
            attributes: Attributes::of("UsageBasedLineItem"),
        }
    }
}

/// A day's consumption of what went before the plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DailyUsageLineItem {
    customer_billable_account: String,
    usage_date: String,
    #[serde(flatten)]
    consumed: Consumed,
    attributes: Attributes,
}

impl DailyUsageLineItem {
    pub(super) fn of(bill: &Bill, row: &UsageRow) -> Self {
        Self {
            customer_billable_account: row.entry.billed.charge.customer.to_string(),
            usage_date: first(row.day),
            consumed: Consumed::of(bill, row, "usage_line_items"),
            attributes: Attributes::of("DailyUsageLineItem"),
        }
    }
}

/// A line of any of the types.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum LineItem {
    License(Box<LicenseBasedLineItem>),
    Usage(Box<UsageBasedLineItem>),
    Daily(Box<DailyUsageLineItem>),
    OneTime(Box<ReconciledLine>),
    Rated(Box<DailyRatedUsageLineItem>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_the_documentation_has_its_type() {
        let shape = |provider, line_type| Shape::of(Some(provider), Some(line_type)).unwrap();
        assert_eq!(shape("Office", "BillingLineItems"), Shape::LicenseBased);
        assert_eq!(shape("azure", "billing_line_items"), Shape::UsageBased);
        assert_eq!(shape("azure", "usagelineitems"), Shape::DailyUsage);
        assert_eq!(shape("OneTime", "billinglineitems"), Shape::OneTime);
        assert_eq!(shape("all", "billinglineitems"), Shape::OneTime);
        assert_eq!(shape("one_time", "UsageLineItems"), Shape::DailyRated);
        assert_eq!(shape("marketplace", "usagelineitems"), Shape::DailyRated);
        assert!(Shape::of(Some("office"), Some("usagelineitems")).is_err());
        assert!(Shape::of(Some("nobody"), Some("usagelineitems")).is_err());
        assert!(Shape::of(None, Some("usagelineitems")).is_err());
    }

    #[test]
    fn a_price_of_one_is_exact_to_twelve_digits_more() {
        let money = Money::new(-100, Currency::USD);
        let text = |count| serde_json::to_string(&each(money, count)).unwrap();
        assert_eq!(text(4), "-0.25");
        assert_eq!(text(3), "-0.33333333333333");
        assert_eq!(text(0), "0");
    }
}
