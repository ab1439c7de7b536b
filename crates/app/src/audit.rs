//! Audit records: what of the change log a partner may read (SEC-011, SEC-014, SEC-021).
//!
//! A record is written in the transaction of the change, under the id of its event in the log, once for each tenant
//! that it concerns. The log itself holds no names of people; records do, and can be erased.

use serde_json::{Map, Value as Json};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::time::{Period, Timestamp};
use tierline_store::log::Outcome;
use tierline_store::tables::audit::{AuditRecord, KNOWN_CUSTOMERS};
use tierline_store::tables::audit_records;
use tierline_store::{StoreError, Tx, Value};
use uuid::Uuid;

use crate::act::Act;
use crate::actor::{self, ActorSpec};
use crate::attempt::Trail;
use crate::ctx::Ctx;
use crate::error::{AppError, Refusal};
use crate::names::{self, by_id};
use crate::notices;
use crate::outbox;
use crate::touched::{self, Noun, Thing};

/// Days a query covers where it does not say (SEC-012).
pub const DEFAULT_DAYS: i32 = 30;

/// What a command is called in audit records.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The command, or the kind of event that happens by date.
    pub verb: &'static str,
    /// The documented operation type.
    pub operation: &'static str,
    /// The documented resource type.
    pub resource: &'static str,
    /// What is touched.
    pub noun: Noun,
    /// Whether what is touched was there before.
    pub changes: bool,
}

macro_rules! operations {
    ($($verb:literal $means:ident => $operation:literal of $resource:literal, $noun:ident;)+) => {
        &[$(Operation {
            verb: $verb, operation: $operation, resource: $resource, noun: Noun::$noun, changes: operations!(@$means),
        }),+]
    };
    (@makes) => { false };
    (@changes) => { true };
}

/// Commands that audit records tell of. The others have no documented type, and stand in the change log alone; of some of
/// them receivers hear.
pub const OPERATIONS: &[Operation] = operations! {
    "order" makes => "create_order" of "order", Order;
    "checkout_cart" makes => "create_order" of "order", Order;
    "answer_order_request" makes => "create_order" of "order", Order;
    "upload_document" makes => "update_order" of "order", Order;
    "change_order" changes => "update_order" of "order", Order;
    "change_quantity" changes => "update_subscription" of "subscription", Subscription;
    "cancel" changes => "update_subscription" of "subscription", Subscription;
    "suspend" changes => "update_subscription" of "subscription", Subscription;
    "reactivate" changes => "update_subscription" of "subscription", Subscription;
    "set_renewal" changes => "update_subscription" of "subscription", Subscription;
    "schedule_change" changes => "update_subscription" of "subscription", Subscription;
    "change_frequency" changes => "update_subscription" of "subscription", Subscription;
    "change_term" changes => "update_subscription" of "subscription", Subscription;
    "set_partner_of_record" changes => "update_subscription" of "subscription", Subscription;
    "set_support_contact" changes => "update_subscription" of "subscription", Subscription;
    "update_subscription" changes => "update_subscription" of "subscription", Subscription;
    "change_subscription" changes => "update_subscription" of "subscription", Subscription;
    "set_overage" changes => "update_subscription" of "subscription", Subscription;
    "migrate" changes => "upgrade_subscription" of "subscription", Subscription;
    "upgrade" changes => "upgrade_subscription" of "subscription", Subscription;
    "convert_trial" changes => "convert_trial_subscription" of "subscription", Subscription;
    "create_customer" makes => "add_customer" of "customer", Customer;
    "set_qualification" changes => "update_customer_qualification" of "customer", Customer;
    "set_self_service" changes => "update_self_serve_policy" of "self_serve_policy", Relationship;
    "accept_relationship" makes => "add_customer" of "partner_customer_relationship", Relationship;
    "extend_relationship" makes => "extend_relationship" of "partner_customer_relationship", Relationship;
    "remove_relationship" changes => "remove_partner_customer_relationship" of "partner_customer_relationship", Relationship;
    "accept_partnership" makes => "create_partner_relationship" of "partner_relationship", Partnership;
    "remove_partnership" makes => "remove_partner_relationship" of "partner_relationship", Partnership;
    "end_partnership" makes => "remove_partner_relationship" of "partner_relationship", Partnership;
    "attest" makes => "create_agreement" of "agreement", CustomerAgreement;
    "accept_customer_agreement" makes => "create_agreement" of "agreement", CustomerAgreement;
    "sign_agreement" changes => "create_agreement" of "agreement", PartnerAgreement;
    "create_transfer" makes => "create_transfer" of "transfer", Transfer;
    "request_transfer" makes => "create_transfer" of "transfer", Transfer;
    "accept_transfer" changes => "update_transfer" of "transfer", Transfer;
    "reject_transfer" changes => "update_transfer" of "transfer", Transfer;
    "withdraw_transfer" changes => "update_transfer" of "transfer", Transfer;
    "create_directory_user" makes => "create_customer_user" of "customer_user", DirectoryUser;
    "update_directory_user" changes => "update_customer_user" of "customer_user", DirectoryUser;
    "delete_directory_user" changes => "delete_customer_user" of "customer_user", DirectoryUser;
    "restore_directory_user" changes => "restore_customer_user" of "customer_user", DirectoryUser;
    "reset_directory_password" changes => "reset_customer_user_password" of "customer_user", DirectoryUser;
    "add_role_member" changes => "add_user_member" of "customer_directory_role", DirectoryUser;
    "remove_role_member" changes => "remove_user_member" of "customer_directory_role", DirectoryUser;
    "assign_licences" changes => "update_customer_user_licenses" of "license", DirectoryUser;
    "create_user" makes => "create_partner_user" of "partner_user", User;
    "assign_role" changes => "update_partner_user" of "partner_user", User;
    "associate_location" makes => "create_mpn_association" of "mpn_association", Location;
    "send_admin" makes => "granular_admin_relationship_created" of "granular_admin_relationship", Admin;
    "request_admin" makes => "granular_admin_relationship_created" of "granular_admin_relationship", Admin;
    "approve_admin" changes => "granular_admin_relationship_approved" of "granular_admin_relationship", Admin;
    "update_admin" changes => "granular_admin_relationship_updated" of "granular_admin_relationship", Admin;
    "terminate_admin" changes => "granular_admin_relationship_termination_requested" of "granular_admin_relationship", Admin;
    "assign_roles" changes => "granular_admin_access_assignment_created" of "granular_admin_access_assignment", Assignment;
    "change_roles" changes => "granular_admin_access_assignment_updated" of "granular_admin_access_assignment", Assignment;
    "remove_roles" changes => "granular_admin_access_assignment_deleted" of "granular_admin_access_assignment", Assignment;
    "report_fraud" makes => "" of "", FraudEvent;
    "end_delegation" changes => "dap_admin_relationship_terminated" of "partner_customer_dap", Relationship;
};

/// The same for what happens by date. What has no documented type leaves no record, but receivers hear of it.
pub const BY_DATE: &[Operation] = operations! {
    "subscription_renewed" makes => "update_subscription" of "subscription", Subscription;
    "subscription_expired" makes => "update_subscription" of "subscription", Subscription;
    "subscription_suspended" makes => "update_subscription" of "subscription", Subscription;
    "subscription_disabled" makes => "update_subscription" of "subscription", Subscription;
    "subscription_deleted" makes => "update_subscription" of "subscription", Subscription;
    "subscription_changed" makes => "update_subscription" of "subscription", Subscription;
    "subscription_transferred" makes => "update_subscription" of "subscription", Subscription;
    "trial_converted" makes => "convert_trial_subscription" of "subscription", Subscription;
    "admin_active" makes => "granular_admin_relationship_activated" of "granular_admin_relationship", Admin;
    "admin_extended" makes => "granular_admin_relationship_updated" of "granular_admin_relationship", Admin;
    "admin_expired" makes => "granular_admin_relationship_expired" of "granular_admin_relationship", Admin;
    "admin_terminated" makes => "granular_admin_relationship_terminated" of "granular_admin_relationship", Admin;
    "assignment_active" makes => "granular_admin_access_assignment_activated" of "granular_admin_access_assignment", Assignment;
    "assignment_updated" makes => "" of "", Assignment;
    "assignment_deleted" makes => "" of "", Assignment;
    "delegation_converted" makes => "dap_admin_relationship_terminated" of "partner_customer_dap", Relationship;
    "transfer_expired" makes => "update_transfer" of "transfer", Transfer;
    "budget_exceeded" makes => "" of "", Customer;
    "invoice_ready" makes => "ready_invoice" of "invoice", Invoice;
};

/// How a command is called in audit records, if it is.
#[must_use]
pub fn operation(verb: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|known| known.verb == verb)
}

/// How things that a command is about to change look now.
///
/// # Errors
/// When the store fails.
pub(crate) async fn before(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    verb: &str,
    params: &Map<String, Json>,
) -> Result<Vec<Thing>, AppError> {
    match operation(verb).filter(|operation| operation.changes) {
        Some(operation) => {
            let meant = touched::references(operation.noun, ctx.actor.party(), params, None);
            touched::find(tx, operation.noun, &meant).await
        }
        None => Ok(Vec::new()),
    }
}

/// Records what a command did, and puts what receivers want to hear of it into the outbox.
///
/// # Errors
/// When the store fails.
pub(crate) async fn done(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (verb, params): (&str, &Map<String, Json>),
    trail: &Trail,
    before: Vec<Thing>,
    result: &Json,
) -> Result<(), AppError> {
    let is_again = result.get("replayed").and_then(Json::as_bool) == Some(true);
    // Other roles for a group that holds some are a change, whatever the command was called.
    let changes = verb == "assign_roles" && result.get("operation").is_some();
    let verb = if changes { "change_roles" } else { verb };
    let Some(operation) = operation(verb).filter(|_| !is_again) else {
        return Ok(());
    };
    let actor = trail.actor.as_deref().unwrap_or(ctx.actor.party());
    let meant = touched::references(operation.noun, actor, params, Some(result));
    let after = touched::find(tx, operation.noun, &meant).await?;
    let mut known = Vec::with_capacity(2);
    for thing in after {
        let old = before.iter().find(|old| old.id == thing.id);
        if !operation.operation.is_empty() {
            record(ctx, tx, operation, trail, (old, &thing), &mut known).await?;
        }
        outbox::tell(ctx, tx, operation.verb, trail.event, (old, &thing)).await?;
        notices::tell(ctx, tx, operation.verb, trail.event, &thing).await?;
    }
    Ok(())
}

/// Records what happened by date, or as a consequence.
///
/// # Errors
/// When the store fails.
pub(crate) async fn happened(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
    event: Uuid,
) -> Result<(), AppError> {
    let Some(operation) = BY_DATE.iter().find(|known| known.verb == kind) else {
        return Ok(());
    };
    let pairs = matches!(operation.noun, Noun::Assignment | Noun::Relationship);
    let meant = [match subject.split_once(' ').filter(|_| pairs) {
        Some((one, other)) => touched::Reference::Pair(one.to_owned(), other.to_owned()),
        None => touched::Reference::One(subject.to_owned()),
    }];
    let trail = Trail {
        event,
        actor: None,
        account: None,
        user: None,
    };
    let ctx = Ctx {
        application: Some("scheduler".to_owned()),
        ..ctx.clone()
    };
    for thing in touched::find(tx, operation.noun, &meant).await? {
        if !operation.operation.is_empty() {
            record(&ctx, tx, operation, &trail, (None, &thing), &mut Vec::new()).await?;
        }
        outbox::tell(&ctx, tx, kind, event, (None, &thing)).await?;
        notices::tell(&ctx, tx, kind, event, &thing).await?;
    }
    Ok(())
}

/// One record for each tenant that it concerns: the owners of the thing, and whoever did it.
async fn record(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    operation: &Operation,
    trail: &Trail,
    (old, new): (Option<&Thing>, &Thing),
    known: &mut Vec<Id<Tenant>>,
) -> Result<(), AppError> {
    let mut tenants: Vec<Id<Tenant>> = trail.account.iter().map(|account| account.tenant).collect();
    for owner in &new.owners {
        let tenant = match &trail.account {
            Some(account) if account.id == *owner => account.tenant,
            _ => names::seen::<Account, _>(tx, *owner).await?.tenant,
        };
        if !tenants.contains(&tenant) {
            tenants.push(tenant);
        }
    }
    for tenant in tenants {
        if known.contains(&tenant) {
            continue;
        }
        known.push(tenant);
        let row = AuditRecord {
            event: trail.event,
            tenant,
            at_world: ctx.now,
            operation: operation.operation.to_owned(),
            resource: operation.resource.to_owned(),
            subject: new.id.clone(),
            outcome: Outcome::Succeeded,
            rule: None,
            customer: new.customer,
            user_name: trail.user.clone(),
            application: ctx.application.clone(),
            correlation: ctx.correlation.clone(),
            old_value: old.map(|old| tierline_store::Json(old.look.clone())),
            new_value: Some(tierline_store::Json(new.look.clone())),
        };
        tx.insert(&row).await?;
    }
    Ok(())
}

/// Records a refusal for the partner that was refused, with the rule that refused it.
///
/// # Errors
/// When the store fails.
pub(crate) async fn refused(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    act: &Act,
    refusal: &Refusal,
    event: Uuid,
) -> Result<(), StoreError> {
    match refused_of(ctx, tx, act, refusal, event).await {
        Err(AppError::Store(error)) => Err(error),
        // Who names what is not there leaves no record: there is nothing to record it of.
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn refused_of(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    act: &Act,
    refusal: &Refusal,
    event: Uuid,
) -> Result<(), AppError> {
    let Some(operation) = operation(&act.verb) else {
        return Ok(());
    };
    let acting = actor::resolve(tx, &ctx.actor).await?;
    let Some(account) = acting.account.clone() else {
        return Ok(());
    };
    let meant = touched::references(operation.noun, &account.handle, &act.params, None);
    let things = touched::find(tx, operation.noun, &meant).await?;
    let own = things
        .iter()
        .find(|thing| thing.owners.contains(&account.id));
    let customer = match own.and_then(|thing| thing.customer) {
        Some(customer) => Some(customer),
        None => named_customer(tx, &account, act).await?,
    };
    let row = AuditRecord {
        event,
        tenant: account.tenant,
        at_world: ctx.now,
        operation: operation.operation.to_owned(),
        resource: operation.resource.to_owned(),
        // What is not the partner's own is called as the partner called it: an id would tell that it exists.
        subject: own.map_or_else(|| refusal.subject.clone(), |thing| thing.id.clone()),
        outcome: Outcome::Failed,
        rule: refusal
            .decision
            .violations
            .first()
            .map(|violation| violation.rule.to_string()),
        customer,
        user_name: user_name(&ctx.actor).or(acting.user.map(|user| user.sign_in_name.clone())),
        application: ctx.application.clone(),
        correlation: ctx.correlation.clone(),
        old_value: own.map(|thing| tierline_store::Json(thing.look.clone())),
        new_value: None,
    };
    Ok(tx.insert(&row).await?)
}

/// The sign-in name that a token carries.
pub(crate) fn user_name(actor: &ActorSpec) -> Option<String> {
    match actor {
        ActorSpec::Named(_) => None,
        ActorSpec::Person(person) => person.user.clone(),
    }
}

/// The customer that a command names, if the partner has to do with it.
async fn named_customer(
    tx: &mut Tx<'_>,
    account: &Account,
    act: &Act,
) -> Result<Option<Id<Tenant>>, AppError> {
    let Some(name) = act.text("customer") else {
        return Ok(None);
    };
    let Some(tenant) = names::tenant(tx, name).await? else {
        return Ok(None);
    };
    Ok(is_known(tx, account.id, tenant.id)
        .await?
        .then_some(tenant.id))
}

/// Whether a partner has, or had, a relationship with a customer, and so may see its name.
async fn is_known(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    customer: Id<Tenant>,
) -> Result<bool, AppError> {
    let key = [Value::Id(partner.uuid()), Value::Id(customer.uuid())];
    let tie = tx.get::<Relationship>(&key).await?;
    Ok(tie.is_some_and(|tie| {
        matches!(
            tie.state,
            RelationshipState::Active | RelationshipState::Removed
        )
    }))
}

/// A record as its partner reads it, with the name of its customer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The record.
    pub record: AuditRecord,
    /// The customer's name, where the partner may know it.
    pub customer_name: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// Where the page before ended.
    pub after: Option<(Timestamp, Uuid)>,
    /// Which of them.
    pub filter: Option<Filter>,
    /// How many.
    pub size: usize,
}

/// A condition on records.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Part of the customer's name, whatever the case.
    CompanyName(String),
    /// The customer.
    Customer(String),
    /// The type of the resource.
    Resource(String),
    /// Both hold.
    Both(Box<Filter>, Box<Filter>),
    /// One of them holds.
    Either(Box<Filter>, Box<Filter>),
}

impl Filter {
    fn holds(&self, entry: &Entry) -> bool {
        match self {
            Self::CompanyName(part) => entry
                .customer_name
                .as_ref()
                .is_some_and(|name| name.to_lowercase().contains(&part.to_lowercase())),
            Self::Customer(id) => entry
                .record
                .customer
                .is_some_and(|customer| customer.to_string().eq_ignore_ascii_case(id)),
            Self::Resource(word) => entry.record.resource == *word,
            Self::Both(one, other) => one.holds(entry) && other.holds(entry),
            Self::Either(one, other) => one.holds(entry) || other.holds(entry),
        }
    }

    const fn is_joined(&self) -> bool {
        matches!(self, Self::Both(..) | Self::Either(..))
    }

    fn asks_for_names(&self) -> bool {
        match self {
            Self::CompanyName(_) => true,
            Self::Customer(_) | Self::Resource(_) => false,
            Self::Both(one, other) | Self::Either(one, other) => {
                one.asks_for_names() || other.asks_for_names()
            }
        }
    }

    /// Ranges of the indexes that hold every match between them; nothing where only all records do.
    fn ranges(&self, customers: &[(Uuid, String)]) -> Option<Vec<Range>> {
        let ranges = match self {
            Self::CompanyName(part) => {
                let part = part.to_lowercase();
                let named = customers
                    .iter()
                    .filter(|(_, name)| name.to_lowercase().contains(&part));
                named.map(|(id, _)| Range::Customer(*id)).collect()
            }
            Self::Customer(id) => vec![Range::Customer(id.parse().unwrap_or(Uuid::nil()))],
            Self::Resource(word) => vec![Range::Resource(word.clone())],
            Self::Both(one, other) => match (one.ranges(customers), other.ranges(customers)) {
                (Some(one), Some(other)) => narrower(one, other),
                (one, other) => one.or(other)?,
            },
            Self::Either(one, other) => {
                let mut ranges = one.ranges(customers)?;
                ranges.extend(other.ranges(customers)?);
                ranges
            }
        };
        (ranges.len() <= RANGES_MAX).then_some(ranges)
    }
}

/// One range of one index, read from its newest record on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Range {
    /// All records.
    Whole,
    /// Those about a customer.
    Customer(Uuid),
    /// Those of a type of resource.
    Resource(String),
}

/// The ranges that hold fewer records: a customer's are fewer than a type's.
fn narrower(one: Vec<Range>, other: Vec<Range>) -> Vec<Range> {
    let is_of_customers = |ranges: &[Range]| {
        ranges
            .iter()
            .all(|range| matches!(range, Range::Customer(_)))
    };
    match (is_of_customers(&one), is_of_customers(&other)) {
        (true, true) if other.len() < one.len() => other,
        (false, true) => other,
        _ => one,
    }
}

/// How many records are read of a range at a time while a filter looks for its matches.
const STRIDE: usize = 500;
/// How many ranges are read side by side. A name that more customers bear is common, and soon met among all records.
const RANGES_MAX: usize = 32;

/// The window of a query: what it leaves out reaches thirty days from what it gives, or back from now.
///
/// # Errors
/// When it lies outside the calendar.
pub fn window(
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), AppError> {
    let days = Period::days(DEFAULT_DAYS);
    Ok(match (from, until) {
        (Some(from), Some(until)) => (from, until),
        (Some(from), None) => (from, from.plus(days)?.min(after(now))),
        (None, Some(until)) => (until.minus(days)?, until),
        (None, None) => (now.minus(days)?, after(now)),
    })
}

/// The next instant: a window ends before its end, and what happens now belongs to it.
fn after(now: Timestamp) -> Timestamp {
    Timestamp::from_micros(now.as_micros().saturating_add(1)).unwrap_or(now)
}

/// A partner's records, newest first: one page, and whether another follows.
///
/// # Errors
/// When the store fails.
pub async fn read(
    tx: &mut Tx<'_>,
    account: &Account,
    query: &Query,
) -> Result<(Vec<Entry>, bool), AppError> {
    let wanted = query.size.saturating_add(1);
    let ranges = ranges_of(tx, account, query).await?;
    let is_whole = ranges.as_slice() == [Range::Whole];
    // Where a range holds other records too, a page may lie far apart in it.
    let stride = match &query.filter {
        Some(filter) if is_whole || filter.is_joined() => STRIDE,
        _ => wanted.min(STRIDE.saturating_add(1)),
    };
    let mut position = query.after.unwrap_or((query.until, Uuid::nil()));
    let mut names = Names::default();
    let mut found = Vec::with_capacity(wanted.min(STRIDE));
    loop {
        let (records, next) = merged(tx, account, query, &ranges, position, stride).await?;
        for record in records {
            let customer_name = names.of(tx, account, record.customer).await?;
            let entry = Entry {
                record,
                customer_name,
            };
            if query
                .filter
                .as_ref()
                .is_none_or(|filter| filter.holds(&entry))
            {
                found.push(entry);
            }
        }
        match next {
            Some(next) if found.len() < wanted => position = next,
            _ => {
                let is_more = found.len() > query.size;
                found.truncate(query.size);
                return Ok((found, is_more));
            }
        }
    }
}

async fn ranges_of(
    tx: &mut Tx<'_>,
    account: &Account,
    query: &Query,
) -> Result<Vec<Range>, AppError> {
    let Some(filter) = &query.filter else {
        return Ok(vec![Range::Whole]);
    };
    let customers = if filter.asks_for_names() {
        let key = [Value::Id(account.id.uuid())];
        tx.fetch_all::<(Uuid, String)>(KNOWN_CUSTOMERS, &key)
            .await?
    } else {
        Vec::new()
    };
    Ok(filter
        .ranges(&customers)
        .unwrap_or_else(|| vec![Range::Whole]))
}

/// The next records of some ranges in one order, each once, and where to read on if any range has more.
///
/// A range that was read in full strides may hold more behind its last record, so nothing behind the newest of these last
/// ones is given yet.
async fn merged(
    tx: &mut Tx<'_>,
    account: &Account,
    query: &Query,
    ranges: &[Range],
    position: (Timestamp, Uuid),
    stride: usize,
) -> Result<(Vec<AuditRecord>, Option<(Timestamp, Uuid)>), AppError> {
    let place = |record: &AuditRecord| (record.at_world, record.event);
    let mut records = Vec::new();
    let mut next = None;
    for range in ranges {
        let page = stretch(tx, account, query, range, position, stride).await?;
        if page.len() >= stride {
            next = next.max(page.last().map(place));
        }
        records.extend(page);
    }
    records.sort_by_key(|record| std::cmp::Reverse(place(record)));
    records.dedup_by_key(|record| record.event);
    if let Some(next) = next {
        records.retain(|record| place(record) >= next);
    }
    Ok((records, next))
}

async fn stretch(
    tx: &mut Tx<'_>,
    account: &Account,
    query: &Query,
    range: &Range,
    (at, event): (Timestamp, Uuid),
    rows: usize,
) -> Result<Vec<AuditRecord>, AppError> {
    let rows = Value::Int(i64::try_from(rows).unwrap_or(i64::MAX));
    let tenant = Value::Id(account.tenant.uuid());
    let (from, at, event) = (
        Value::Instant(query.from),
        Value::Instant(at),
        Value::Id(event),
    );
    Ok(match range {
        Range::Whole => {
            let key = [tenant, from, at, event, rows];
            tx.find(audit_records::BEFORE, &key).await?
        }
        Range::Customer(customer) => {
            let key = [tenant, Value::Id(*customer), from, at, event, rows];
            tx.find(audit_records::OF_CUSTOMER_BEFORE, &key).await?
        }
        Range::Resource(word) => {
            let key = [tenant, Value::Text(word.clone()), from, at, event, rows];
            tx.find(audit_records::OF_RESOURCE_BEFORE, &key).await?
        }
    })
}

/// One of a partner's records.
///
/// # Errors
/// When the partner has none of this id, or the store fails.
pub async fn one(tx: &mut Tx<'_>, account: &Account, event: Uuid) -> Result<Entry, AppError> {
    let key = [Value::Id(account.tenant.uuid()), Value::Id(event)];
    let record = tx
        .get::<AuditRecord>(&key)
        .await?
        .ok_or_else(|| AppError::missing("audit record", event))?;
    let customer_name = Names::default().of(tx, account, record.customer).await?;
    Ok(Entry {
        record,
        customer_name,
    })
}

/// Names of customers that were looked up already.
#[derive(Default)]
struct Names(std::collections::HashMap<Id<Tenant>, Option<String>>);

impl Names {
    async fn of(
        &mut self,
        tx: &mut Tx<'_>,
        account: &Account,
        customer: Option<Id<Tenant>>,
    ) -> Result<Option<String>, AppError> {
        let Some(customer) = customer else {
            return Ok(None);
        };
        if let Some(name) = self.0.get(&customer) {
            return Ok(name.clone());
        }
        let name = if is_known(tx, account.id, customer).await? {
            let tenant: Tenant = by_id(tx, customer).await?;
            Some(
                by_id::<Organization, _>(tx, tenant.organization)
                    .await?
                    .name,
            )
        } else {
            None
        };
        self.0.insert(customer, name.clone());
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(count: u128) -> Vec<(Uuid, String)> {
        let customer = |number| (Uuid::from_u128(number), format!("Bakery {number}"));
        (1..=count).map(customer).collect()
    }

    #[test]
    fn a_filter_is_looked_for_in_the_narrowest_ranges() {
        let name = || Filter::CompanyName("BAKERY".to_owned());
        let order = || Filter::Resource("order".to_owned());
        let one = |number: u128| Filter::Customer(Uuid::from_u128(number).to_string());
        let both = |one, other| Filter::Both(Box::new(one), Box::new(other));
        let either = |one, other| Filter::Either(Box::new(one), Box::new(other));
        let customers = |numbers: &[u128]| {
            let range = |number: &u128| Range::Customer(Uuid::from_u128(*number));
            Some(numbers.iter().map(range).collect::<Vec<_>>())
        };
        let orders = Range::Resource("order".to_owned());
        let few = known(2);
        assert_eq!(name().ranges(&few), customers(&[1, 2]));
        assert_eq!(order().ranges(&few), Some(vec![orders.clone()]));
        assert_eq!(both(order(), name()).ranges(&few), customers(&[1, 2]));
        assert_eq!(both(one(7), name()).ranges(&few), customers(&[7]));
        let mut joined = customers(&[7]).unwrap();
        joined.push(orders.clone());
        assert_eq!(either(one(7), order()).ranges(&few), Some(joined));
        let nobody = Filter::CompanyName("brewery".to_owned());
        assert_eq!(nobody.ranges(&few), Some(Vec::new()));
        // A name that many bear is soon met among all records; a type narrows even that.
        let many = known(40);
        assert_eq!(name().ranges(&many), None);
        assert_eq!(both(name(), order()).ranges(&many), Some(vec![orders]));
        assert_eq!(either(name(), order()).ranges(&many), None);
    }
}
