//! A subscription as it is shown.

use std::fmt::Display;

use serde::Serialize;
use tierline_app::{charges, windows};
use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind, Term};
use tierline_domain::id::Id;
use tierline_domain::listing::Product;
use tierline_domain::order::{Order, OrderLine};
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_domain::time::Timestamp;
use utoipa::ToSchema;

use super::lines::PurchaseCommitment;
use super::orders;
use crate::wire::catalog;
use crate::wire::envelope::{self, Attributes, Link, Links};

/// An end that never comes.
const FAR: &str = "9999-12-31";

/// A kind of product, and the finer one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProductType {
    id: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub_type: Option<SubType>,
}

/// The finer kind of a product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubType {
    id: String,
    display_name: String,
}

impl ProductType {
    fn of(product: &Product) -> Self {
        let (id, finer) = catalog::product_type(product.shelf);
        let finer = finer.map(str::to_owned).or_else(|| product.subtype.clone());
        Self {
            id: id.to_owned(),
            display_name: id.to_owned(),
            sub_type: finer.map(|id| SubType {
                display_name: id.clone(),
                id,
            }),
        }
    }
}

/// What cancelling gives back, and until when.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefundOption {
    #[serde(rename = "type")]
    kind: &'static str,
    expires_at: String,
}

/// Seats that may still be taken away.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefundableQuantity {
    total_quantity: i64,
    details: Vec<RefundableSeats>,
}

/// Seats added at one moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefundableSeats {
    quantity: i64,
    allowed_until_date_time: String,
}

/// What is to come at the next term, or with the next charge.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Instructions {
    product: InstructedProduct,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    custom_term_end_date: Option<String>,
}

/// What is to be billed then.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InstructedProduct {
    product_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sku_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    availability_id: Option<String>,
    billing_cycle: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    term_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    promotion_id: Option<String>,
}

impl Instructions {
    fn of(item: &Item, cycle: Frequency, term: Term, quantity: i64) -> Self {
        let id = catalog::item_id(item);
        let mut parts = id.split(':').map(str::to_owned);
        Self {
            product: InstructedProduct {
                product_id: parts.next().unwrap_or_default(),
                sku_id: parts.next(),
                availability_id: parts.next(),
                billing_cycle: catalog::cycle(cycle),
                term_duration: period(term),
                promotion_id: None,
            },
            quantity,
            custom_term_end_date: None,
        }
    }
}

/// A term as a period: plans have none, what is bought for ever has an empty one.
fn period(term: Term) -> Option<String> {
    match term {
        Term::None => None,
        Term::OneTime => Some(String::new()),
        term @ (Term::Months(_) | Term::Uneven { .. }) => Some(term.to_string()),
    }
}

/// To what a savings plan applies.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Scope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscription_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entitlement_id: Option<String>,
}

/// What a savings plan promises, and for what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PlanLine {
    id: String,
    friendly_name: String,
    scope: Scope,
    auto_renew_enabled: bool,
    status: &'static str,
    purchase_commitment: PurchaseCommitment,
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionResource {
    #[schema(value_type = String)]
    id: Id<Subscription>,
    offer_id: String,
    offer_name: String,
    /// What the customer's tenant knows it by, where it is not bought by the seat of new commerce.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    entitlement_id: Option<Id<Subscription>>,
    friendly_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    product_type: Option<ProductType>,
    quantity: i64,
    unit_type: &'static str,
    has_purchasable_addons: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    parent_subscription_id: Option<Id<Subscription>>,
    creation_date: String,
    effective_start_date: String,
    commitment_end_date: String,
    commitment_end_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    billing_cycle_end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    billing_cycle_end_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancellation_allowed_until_date: Option<String>,
    status: &'static str,
    auto_renew_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scheduled_next_term_instructions: Option<Instructions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_charge_instructions: Option<Instructions>,
    is_trial: bool,
    is_microsoft_product: bool,
    billing_type: &'static str,
    billing_cycle: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    term_duration: Option<String>,
    renewal_term_duration: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refund_options: Option<Vec<RefundOption>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refundable_quantity: Option<RefundableQuantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    publisher_name: Option<String>,
    /// The PartnerID of the reseller of record; empty where there is none.
    partner_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    order_id: Option<Id<Order>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    product_order_id: Option<Id<Subscription>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    promotion_id: Option<String>,
    contract_type: &'static str,
    attention_needed: bool,
    action_taken: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    line_items: Vec<PlanLine>,
    links: Links,
    attributes: Attributes,
}

/// A subscription with what it shows.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) row: Subscription,
    pub(super) item: Item,
    pub(super) customer: Tenant,
    /// The PartnerID of its reseller of record.
    pub(super) reseller: Option<String>,
    /// What a trial becomes.
    pub(super) paid: Option<Item>,
    /// What it is of from the next term on, where that is scheduled.
    pub(super) next_item: Option<Item>,
    pub(super) product: Option<Product>,
    pub(super) has_add_ons: bool,
    /// The line of the order that made it.
    pub(super) line: Option<OrderLine>,
    /// Days in which the law of the customer's country lets it cancel (SUB-003).
    pub(super) statutory: Option<i64>,
    pub(super) now: Timestamp,
}

pub(super) fn first_instant(day: impl Display) -> String {
    format!("{day}T00:00:00Z")
}

pub(super) fn last_instant(day: impl Display) -> String {
    format!("{day}T23:59:59Z")
}

impl Found {
    pub(super) fn path(&self) -> String {
        format!(
            "/customers/{}/subscriptions/{}",
            self.customer.id, self.row.id
        )
    }

    /// What the customer calls it.
    pub(super) fn name(&self) -> &str {
        self.row.friendly_name.as_ref().unwrap_or(&self.item.title)
    }

    /// The first or the last instant of the last day of its term; far away where it has none.
    pub(super) fn committed_until(&self, instant: fn(String) -> String) -> String {
        let last = self.row.term_end.map(|day| day.to_string());
        instant(last.unwrap_or_else(|| FAR.to_owned()))
    }

    pub(super) const fn is_trial(&self) -> bool {
        matches!(self.item.kind, ItemKind::Trial)
    }

    /// How it is counted, and how it is billed.
    const fn unit(&self) -> (&'static str, &'static str) {
        match self.item.kind {
            ItemKind::ConsumptionPlan | ItemKind::Consumption | ItemKind::PreviousConsumption => {
                ("Usage-based", "usage")
            }
            ItemKind::Reservation => ("Benefit", "benefit"),
            _ => ("Licenses", "license"),
        }
    }

    fn is_live(&self) -> bool {
        matches!(
            self.row.state,
            SubscriptionState::Active | SubscriptionState::Suspended
        )
    }

    /// The end of the window for cancelling; an upgrade has closed it (SUB-027).
    fn cancel_until(&self) -> Option<Timestamp> {
        let is_open = self.is_live() && self.item.cancellable && !windows::upgraded(&self.row);
        windows::cancel_until(&self.row, &self.item, self.statutory).filter(|_| is_open)
    }

    /// What is given back in full, and what less the days used (SUB-002, SUB-037).
    fn refund_options(&self) -> Option<Vec<RefundOption>> {
        let until = self.cancel_until().filter(|until| self.now < *until)?;
        let kind = match self.item.kind {
            ItemKind::PerpetualSoftware | ItemKind::Marketplace => "Full",
            _ => "Partial",
        };
        Some(vec![RefundOption {
            kind,
            expires_at: until.to_string(),
        }])
    }

    fn refundable(&self) -> Option<RefundableQuantity> {
        let by_seat = matches!(self.item.kind, ItemKind::Licence | ItemKind::AddOn);
        if !by_seat || !self.is_live() || self.item.generation != Generation::NewCommerce {
            return None;
        }
        let open = windows::reducible(&self.row, self.now);
        Some(RefundableQuantity {
            total_quantity: open
                .iter()
                .fold(0, |sum: i64, (seats, _)| sum.saturating_add(*seats)),
            details: open
                .iter()
                .map(|(quantity, until)| RefundableSeats {
                    quantity: *quantity,
                    allowed_until_date_time: until.to_string(),
                })
                .collect(),
        })
    }

    /// What is scheduled; a trial that renews becomes the paid item for a year (SUB-030).
    fn next_term(&self) -> Option<Instructions> {
        let (row, scheduled) = (&self.row, self.row.scheduled_quantity);
        let becomes_paid = self.paid.is_some() && row.renewal && self.is_live();
        if !becomes_paid && scheduled.is_none() && row.next_term.is_none() {
            return None;
        }
        let next = row.next_term.unwrap_or_default();
        let (item, term, cycle) = self.by_itself();
        let mut shown = Instructions::of(
            self.next_item.as_ref().unwrap_or(item),
            next.frequency.unwrap_or(cycle),
            next.term.unwrap_or(term),
            scheduled.unwrap_or(row.quantity),
        );
        shown.custom_term_end_date = next.end.map(last_instant);
        shown.product.promotion_id = next.promotion.map(|id| id.to_string());
        Some(shown)
    }

    /// What the next term is of where nothing is scheduled: item, length and billing.
    pub(super) fn by_itself(&self) -> (&Item, Term, Frequency) {
        let row = &self.row;
        match &self.paid {
            Some(paid) => (paid, Term::YEAR, Frequency::Monthly),
            None => {
                let cycle = row.pending_frequency.unwrap_or(row.frequency);
                (&self.item, row.term, cycle)
            }
        }
    }

    fn next_charge(&self) -> Option<Instructions> {
        self.row
            .pending_frequency
            .map(|cycle| Instructions::of(&self.item, cycle, self.row.term, self.row.quantity))
    }

    /// What a savings plan promises.
    fn plan_lines(&self) -> Vec<PlanLine> {
        let details = self.line.as_ref().map(|line| &line.line.details);
        let Some((details, commitment)) =
            details.and_then(|details| details.commitment.as_ref().map(|made| (details, made)))
        else {
            return Vec::new();
        };
        let told = |name: &str| {
            let mut context = details.context.iter();
            context
                .find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())
                .map(|(_, value)| value.clone())
        };
        vec![PlanLine {
            id: self.row.id.to_string(),
            friendly_name: self.name().to_owned(),
            scope: Scope {
                kind: told("scope").unwrap_or_else(|| "shared".to_owned()),
                subscription_id: told("subscriptionId"),
                entitlement_id: told("entitlementId"),
            },
            auto_renew_enabled: self.row.renewal,
            status: self.row.state.as_str(),
            purchase_commitment: PurchaseCommitment::of(commitment),
        }]
    }

    fn links(&self, offer: &str) -> Links {
        let path = self.path();
        let mut links = Links::own(path.clone());
        links = orders::catalogue_links(links, offer, self.customer.country);
        if self.item.generation == Generation::Traditional {
            let country = self.customer.country;
            links = links.with(
                "offer",
                Link::get(format!("/offers/{offer}?country={country}")),
            );
        }
        if let Some(parent) = self.row.parent {
            let uri = format!("/customers/{}/subscriptions/{parent}", self.customer.id);
            links = links.with("parentSubscription", Link::get(uri));
        }
        if self.item.kind == ItemKind::Marketplace {
            let uri = format!("{path}/activationlinks");
            links = links.with("activationLinks", Link::get(uri));
        }
        links
    }

    pub(super) fn shown(&self) -> SubscriptionResource {
        let (row, item) = (&self.row, &self.item);
        let offer_id = catalog::item_id(item);
        let (unit_type, billing_type) = self.unit();
        let end = row.term_end;
        let cycle_end = end.map(|_| charges::running(row).on(self.now.date()).last);
        let in_tenant = item.generation == Generation::Traditional || item.kind.is_consumption();
        SubscriptionResource {
            id: row.id,
            offer_name: item.title.clone(),
            entitlement_id: in_tenant.then_some(row.resource.unwrap_or(row.id)),
            friendly_name: self.name().to_owned(),
            product_type: self.product.as_ref().map(ProductType::of),
            quantity: row.quantity,
            unit_type,
            has_purchasable_addons: self.has_add_ons,
            parent_subscription_id: row.parent,
            creation_date: row.bought.to_string(),
            effective_start_date: row.renewed.unwrap_or(row.bought).to_string(),
            commitment_end_date: self.committed_until(first_instant),
            commitment_end_date_time: self.committed_until(last_instant),
            billing_cycle_end_date: cycle_end.map(first_instant),
            billing_cycle_end_date_time: cycle_end.map(last_instant),
            cancellation_allowed_until_date: self.cancel_until().map(|until| until.to_string()),
            status: row.state.as_str(),
            auto_renew_enabled: row.renewal,
            scheduled_next_term_instructions: self.next_term(),
            next_charge_instructions: self.next_charge(),
            is_trial: self.is_trial(),
            is_microsoft_product: catalog::is_own(item.publisher),
            billing_type,
            billing_cycle: row.frequency.as_str(),
            term_duration: period(row.term),
            renewal_term_duration: "",
            refund_options: self.refund_options(),
            refundable_quantity: self.refundable(),
            publisher_name: self
                .product
                .as_ref()
                .map(|product| product.publisher_name.clone()),
            partner_id: self.reseller.clone().unwrap_or_default(),
            order_id: row.order_id,
            product_order_id: (item.kind == ItemKind::Reservation).then_some(row.id),
            promotion_id: row.promotion.map(|id| id.to_string()),
            contract_type: match item.kind {
                ItemKind::PerpetualSoftware => "product_key",
                _ => "subscription",
            },
            attention_needed: false,
            action_taken: false,
            line_items: self.plan_lines(),
            links: self.links(&offer_id),
            attributes: Attributes::tagged("Subscription", envelope::tag(row.id, row.version)),
            offer_id,
        }
    }
}
