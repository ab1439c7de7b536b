//! The program's tables, one row type each. Whole rows are read and written with fixed texts that the
//! `table!` macro builds; everything else is a named statement beside its table.

use tierline_domain::address::Address;
use tierline_domain::admin::{AdminRelationship, Assignment, Group, User};
use tierline_domain::catalog::{DatedPrice, Item, Promotion};
use tierline_domain::customer::{Attestation, Customer, Relationship};
use tierline_domain::id::Id;
use tierline_domain::order::{Cart, Document, Order, OrderRequest};
use tierline_domain::partner::{
    Account, Affiliation, Agreement, Judgement, Location, Organization, Partnership, Tenant, Waiver,
};
use tierline_domain::subscription::{
    Activated, Charge, CreditLine, Overage, ProductUpgrade, Registered, ResourceRole, Subscription,
    Transfer, UpgradeRecord,
};
use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::engine::Behind;
use crate::statement::Statement;
use crate::table;
use crate::value::{Json, Value, Written};

pub mod audit;
pub mod billing;
pub mod catalogue;
pub mod delegation;
pub mod directory;
mod fields;
pub mod files;
pub mod identity;
pub mod listed;
pub mod notices;
pub mod prices;
pub mod security;
pub mod support;

pub use prices::price_lists;

pub use identity::{
    Application, ApplicationSecret, AuthorizationCode, Consent, Grant, Password, RefreshToken,
    SignIn, StoredKey, application_secrets, applications, authorization_codes, consents, passwords,
    refresh_tokens, sign_ins, signing_keys,
};
pub mod time;
pub mod usage;
mod vetting;

pub use time::{Due, WorldClock, schedule, world_clocks};
pub use usage::{
    credit_losses, meter_prices, meters, resource_access, usage_charges, usage_days, usage_events,
    usage_resources, usage_uploads,
};
pub use vetting::*;
pub mod webhooks;

pub use audit::audit_records;
pub use billing::{
    agreed_prices, batches, billing_arrangements, billing_runs, fx_rates, invoice_lines, invoices,
    payment_instructions, payments, postings, price_rules, tax_exemptions, tax_rates,
};
pub use delegation::{admin_drafts, admin_operations, admin_requests, delegation_uses};
pub use directory::{directory_users, licences, role_members};
pub use files::{export_parts, exports, paper_contents, papers};
pub use listed::{Known, Listed, known_customers, listed_customers};
pub use security::{CallDay, call_days, fraud_events};
pub use support::{service_notes, service_requests};
pub use webhooks::{
    webhook_attempts, webhook_certificates, webhook_deliveries, webhook_registrations,
};

table! {
    /// Companies.
    organizations: Organization {
        key { id }
        columns { id, handle, name, headquarters, membership }
        finds { BY_HANDLE = "WHERE handle = $1", BY_NAME = "WHERE name = $1 ORDER BY handle" }
    }
}
table! {
    /// Recorded ties of ownership or control.
    affiliations: Affiliation {
        key { of_org, with_org }
        columns { of_org, with_org, since }
        finds { TOUCHING = "WHERE of_org = $1 OR with_org = $1 ORDER BY of_org, with_org" }
    }
}
table! {
    /// Waivers of the self-sale ban.
    waivers: Waiver {
        key { handle }
        columns { handle, organization, from_day, until_day }
        finds {
            IN_FORCE = "WHERE organization = $1 AND from_day <= $2 AND until_day >= $2 ORDER BY handle",
            BY_ORGANIZATION = "WHERE organization = $1 ORDER BY handle"
        }
    }
}
table! {
    /// Location accounts and their PartnerIDs.
    locations: Location {
        key { id }
        columns { id, handle, organization, country, kind, state, partner_id }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_PARTNER_ID = "WHERE partner_id = $1",
            BY_ORGANIZATION = "WHERE organization = $1 ORDER BY handle"
        }
    }
}
table! {
    /// Directory tenants.
    tenants: Tenant {
        key { id }
        columns { id, handle, organization, kind, country, domain, associated_with, program_since }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_DOMAIN = "WHERE domain = $1",
            BY_ORGANIZATION = "WHERE organization = $1 ORDER BY handle"
        }
    }
}
table! {
    /// Program accounts.
    accounts: Account {
        key { id }
        columns {
            id, handle, organization, kind, country, state, state_since, onboarded, tenant, location, domain, environment,
            sandbox_customers, cloud, approvals, revenue_cloud, revenue_perpetual, transitioning, reseller_enrolment, support_plan,
            support_benefit, third_party_mfa_exception, legal_name, security_contact, version
        }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_TENANT = "WHERE tenant = $1 ORDER BY handle",
            BY_ORGANIZATION = "WHERE organization = $1 ORDER BY handle",
            BY_LOCATION = "WHERE location = $1 ORDER BY handle",
            EVERY = "ORDER BY handle"
        }
    }
}
table! {
    /// Partner agreements.
    agreements: Agreement {
        key { account }
        columns { account, state, accepted, template, signer, signer_left, terms_updated }
        finds {}
    }
}
table! {
    /// Decisions about requirements that are judged outside the system.
    judgements: Judgement {
        key { id }
        columns { id, account, requirement, passed, day, recorded_at, recorded_by, evidence }
        finds {
            OF = "WHERE account = $1 AND requirement = $2 ORDER BY day, recorded_at, id"
        }
    }
}
table! {
    /// Provider–reseller relations.
    partnerships: Partnership {
        key { provider, reseller }
        columns { provider, reseller, state, since, removal_requested, provider_access }
        finds {
            BY_PROVIDER = "WHERE provider = $1 ORDER BY reseller",
            BY_RESELLER = "WHERE reseller = $1 ORDER BY provider"
        }
    }
}
table! {
    /// What makes a tenant an end customer.
    customers: Customer {
        key { tenant }
        columns {
            tenant, office, segment, state_owned, qualification, account_state, conditional_access, budget, extra_subscriptions,
            culture, language, registration_number, version
        }
        finds {}
    }
}
table! {
    /// Reseller relationships.
    relationships: Relationship {
        key { partner, customer }
        columns { partner, customer, state, since, removed, delegation, acquired, joint_with, self_service }
        finds {
            BY_PARTNER = "WHERE partner = $1 ORDER BY customer",
            BY_CUSTOMER = "WHERE customer = $1 ORDER BY partner",
            SELF_SERVED = "WHERE partner = $1 AND self_service ORDER BY customer"
        }
    }
}
table! {
    /// Evidence of the customer agreement.
    attestations: Attestation {
        key { id }
        columns {
            id, customer, partner, accepted_by, first_name, last_name, email, phone, agreed, template, recorded_by, recorded_at
        }
        finds { BY_CUSTOMER = "WHERE customer = $1 ORDER BY recorded_at, id" }
    }
}
table! {
    /// Granular delegated administration.
    admin_relationships: AdminRelationship {
        key { id }
        columns { id, handle, partner, customer, name, roles, state, requested, ends, days, auto_extend, is_default, assigned, activated, changed, version }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_PAIR = "WHERE partner = $1 AND customer = $2 ORDER BY handle",
            BY_PARTNER = "WHERE partner = $1 ORDER BY handle",
            BY_CUSTOMER = "WHERE customer = $1 ORDER BY handle"
        }
    }
}
table! {
    /// Security groups of partners.
    security_groups: Group {
        key { id }
        columns { id, handle, partner, members, nested_in_admin_agents }
        finds { BY_HANDLE = "WHERE handle = $1", BY_PARTNER = "WHERE partner = $1 ORDER BY handle" }
    }
}
table! {
    /// Roles of granular relationships held by groups.
    assignments: Assignment {
        key { admin_relationship, security_group }
        columns { admin_relationship, security_group, roles, state, created, changed, version }
        finds { BY_RELATIONSHIP = "WHERE admin_relationship = $1 ORDER BY security_group" }
    }
}
table! {
    /// Users of partners' tenants.
    users: User {
        key { id }
        columns { id, handle, partner, roles, mfa, account, guest_in, sign_in_name }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_PARTNER = "WHERE partner = $1 ORDER BY handle",
            BY_SIGN_IN_NAME = "WHERE sign_in_name = $1"
        }
    }
}
table! {
    /// The catalogue.
    items: Item {
        key { id }
        columns {
            id, handle, catalogue_id, title, kind, generation, publisher, segment, offered, min_quantity, max_quantity, customer_max, prerequisites,
            percent_of_base, trial_of, upgrades_to, concurrent_limit, end_of_sale, not_sold_in, exclusive_to, requires_attestation,
            partner_of_record_fixed, renewable, cancellable, listed_from
        }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_KIND = "WHERE kind = $1 ORDER BY handle",
            BY_CATALOGUE_ID = "WHERE catalogue_id = $1 AND catalogue_id <> ''",
            OF_PRODUCT = "WHERE id IN (SELECT item FROM listings WHERE product = $1) ORDER BY catalogue_id",
            OF_SKU = "WHERE id IN (SELECT item FROM listings WHERE product = $1 AND sku = $2) ORDER BY catalogue_id",
            OFFERED = "WHERE id IN (SELECT item FROM offers WHERE rank BETWEEN $1 AND $2) ORDER BY catalogue_id",
            AFTER = "WHERE handle > $1 ORDER BY handle LIMIT $2",
            EVERY = "ORDER BY handle"
        }
    }
}
table! {
    /// Prices that changed.
    dated_prices: DatedPrice {
        key { item, term, from_day }
        columns { item, term, from_day, amount }
        finds {
            OF_TERM = "WHERE item = $1 AND term = $2 AND from_day <= $3 ORDER BY from_day",
            EVERY = "ORDER BY item, term, from_day"
        }
    }
}
table! {
    /// Promotions.
    promotions: Promotion {
        key { id }
        columns { id, handle, item, max_seats, discount_percent }
        finds { BY_HANDLE = "WHERE handle = $1", BY_ITEM = "WHERE item = $1 ORDER BY discount_percent DESC, handle" }
    }
}
table! {
    /// Carts.
    carts: Cart {
        key { id }
        fixed { handle }
        columns {
            id, handle, partner, customer, lines, role_declared, state, created, modified, modified_by, ordered_as, became, placed, home, version
        }
        finds { BY_HANDLE = "WHERE handle = $1" }
    }
}
table! {
    /// Orders.
    orders: Order {
        key { id }
        columns { id, handle, partner, customer, lines, state, placed, currency, number, home, version }
        finds { BY_HANDLE = "WHERE handle = $1", BY_PAIR = "WHERE partner = $1 AND customer = $2 ORDER BY placed, id" }
    }
}
table! {
    /// Files beside orders.
    documents: Document {
        key { id }
        columns { id, order_id, position, kind, name, media, content, added }
        finds { BY_ORDER = "WHERE order_id = $1 ORDER BY position" }
    }
}
table! {
    /// Resellers' requests for a purchase.
    order_requests: OrderRequest {
        key { id }
        columns { id, handle, reseller, provider, customer, line, state, note, reason, created, answered, became, version, quoted }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_PROVIDER = "WHERE provider = $1 ORDER BY created DESC, id",
            BY_RESELLER = "WHERE reseller = $1 ORDER BY created DESC, id"
        }
    }
}
table! {
    /// Subscriptions.
    subscriptions: Subscription {
        key { id }
        fixed { handle }
        columns {
            id, handle, seller, customer, item, quantity, term, frequency, partner_of_record, state, bought, renewed, term_end, renewal,
            renewal_queued, currency, promotion, unit_price, batches, scheduled_quantity, next_term, began, pending_frequency, upgraded, converted_from_trial,
            updates, order_id, order_handle, parent, resource, deprovisioned, default_owner, support_contact, friendly_name, home, version, trial
        }
        apart { customer }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            BY_CUSTOMER = "WHERE customer = $1 ORDER BY bought, handle",
            BY_SELLER = "WHERE seller = $1 ORDER BY bought, handle",
            BY_PARENT = "WHERE parent = $1 ORDER BY bought, handle",
            EVERY = "ORDER BY bought, handle"
        }
    }
}
table! {
    /// Amounts booked on subscriptions.
    charges: Charge {
        key { id }
        columns {
            id, subscription, position, kind, amount, from_day, until_day, booked, basis, unit_price, seller, reseller, customer, item, term,
            frequency, priced_on, home
        }
        kept { false }
        finds {
            BY_SUBSCRIPTION = "WHERE subscription = $1 ORDER BY position",
            OF_MONTH = "WHERE home = $1 AND (booked, id) > ($2, $3) AND booked < $4 ORDER BY booked, id LIMIT $5",
            OF_CUSTOMER = "WHERE customer = $1 AND booked >= $2 AND booked < $3 ORDER BY booked, id"
        }
    }
}
table! {
    /// Upgrades that were carried out.
    upgrades: UpgradeRecord {
        key { id }
        columns { id, subscription, position, target, from_item, to_item, quantity, term, frequency, move_licences, at }
        finds { BY_SUBSCRIPTION = "WHERE subscription = $1 ORDER BY position" }
    }
}
table! {
    /// Consumption subscriptions for which reservations may be bought.
    registrations: Registered {
        key { subscription }
        columns { subscription, at }
        finds {}
    }
}
table! {
    /// Marketplace subscriptions that were activated.
    activations: Activated {
        key { subscription }
        columns { subscription, at }
        finds {}
    }
}
table! {
    /// Moves from the previous consumption offer to a plan.
    product_upgrades: ProductUpgrade {
        key { id }
        columns { id, partner, customer, lines, at }
        finds { BY_PAIR = "WHERE partner = $1 AND customer = $2 ORDER BY at, id" }
    }
}
table! {
    /// Where the use beyond licences flows.
    overages: Overage {
        key { customer, service }
        columns { customer, service, partner, subscription, enabled, modified, version }
        finds { BY_CUSTOMER = "WHERE customer = $1 ORDER BY service" }
    }
}
table! {
    /// Transfers between partners.
    transfers: Transfer {
        key { id }
        columns { id, handle, kind, from_partner, to_partner, customer, lines, partner_of_record, state, created, modified, modified_by, version }
        finds { BY_HANDLE = "WHERE handle = $1", BY_CUSTOMER = "WHERE customer = $1 ORDER BY created, id" }
    }
}
table! {
    /// Roles on consumption resources.
    resource_roles: ResourceRole {
        key { partner, subscription }
        columns { partner, subscription, role }
        finds { BY_SUBSCRIPTION = "WHERE subscription = $1 ORDER BY partner" }
    }
}
table! {
    /// Credit lines.
    credit_lines: CreditLine {
        key { partner }
        columns { partner, credit_limit, unpaid, unbilled }
        finds {}
    }
}

/// One operator setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: Json<serde_json::Value>,
}
table! {
    /// Operator settings.
    settings: Setting {
        key { key }
        columns { key, value }
        finds { EVERY = "ORDER BY key" }
    }
}

/// A counter for human numbers, gapless because it moves in the transaction that uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What it counts.
    pub name: String,
    /// The last number given out.
    pub value: i64,
}

impl Counter {
    /// What counts the orders of a partner.
    #[must_use]
    pub fn of_orders(partner: Id<Account>) -> String {
        format!("orders {partner}")
    }
}

/// Asked of the partner that an order is of: the counter of its orders.
impl Behind for Account {
    const BY_NAME: Statement = accounts::BY_HANDLE;

    fn asked(&self) -> Vec<Value> {
        vec![Value::Text(Counter::of_orders(self.id))]
    }
}

table! {
    /// Counters.
    counters: Counter {
        key { name }
        columns { name, value }
        apart { name }
        finds {}
    }
}

/// Personal values of a customer, apart from everything else so that they can be erased.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// The tenant.
    pub tenant: tierline_domain::id::Id<tierline_domain::partner::Tenant>,
    /// Company name on bills.
    pub company_name: String,
    /// Mail address.
    pub email: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Postal address as it was given.
    pub address: Json<Address>,
    /// The company name as lists are searched and sorted by it.
    pub folded: String,
}
table! {
    /// Personal values of customers.
    contacts: Contact {
        key { tenant }
        columns { tenant, company_name, email, first_name, last_name, phone, address, folded }
        finds {}
    }
}

/// A decision as it was made, with its facts, for replay.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDecision {
    /// Its id.
    pub id: Uuid,
    /// When, in the world.
    pub at_world: Timestamp,
    /// Where it was checked.
    pub checkpoint: String,
    /// Who acted.
    pub actor: String,
    /// What it was about.
    pub subject: String,
    /// Whether it was allowed.
    pub allowed: bool,
    /// Rules that forbade.
    pub rules: Json<Vec<String>>,
    /// The typed facts.
    pub facts: Written,
    /// Version of the profile.
    pub profile: String,
}
table! {
    /// Decisions.
    decisions: StoredDecision {
        key { id }
        columns { id, at_world, checkpoint, actor, subject, allowed, rules, facts, profile }
        kept { false }
        finds {
            BY_SUBJECT = "WHERE subject = $1 ORDER BY at_world, id",
            BEFORE = "WHERE (at_world, id) < ($1, $2) ORDER BY at_world DESC, id DESC LIMIT $3",
            REFUSED_BEFORE = "WHERE NOT allowed AND (at_world, id) < ($1, $2) ORDER BY at_world DESC, id DESC LIMIT $3",
            OF_BEFORE = "WHERE actor = $1 AND (at_world, id) < ($2, $3) ORDER BY at_world DESC, id DESC LIMIT $4",
            REFUSED_OF_BEFORE = "WHERE NOT allowed AND actor = $1 AND (at_world, id) < ($2, $3) ORDER BY at_world DESC, id DESC LIMIT $4"
        }
    }
}
