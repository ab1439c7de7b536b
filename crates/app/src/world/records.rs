//! What is on record about customers beside their ties: contacts, qualifications, codes and checks.

use tierline_domain::address::{Person, folded};
use tierline_domain::admin::DirectoryRole;
use tierline_domain::customer::{Customer, CustomerState, Qualification, Segment};
use tierline_domain::directory::{DirectoryUser, Licence, RoleMember};
use tierline_domain::fraud::{FraudEvent, FraudKind, FraudReason, FraudStatus, FraudStep, Level};
use tierline_domain::partner::{Organization, Tenant};
use tierline_domain::support::{RequestStatus, ServiceNote, ServiceRequest, Severity, Topic};
use tierline_domain::time::{Timestamp, add_days};
use tierline_domain::vetting::{CheckStatus, Special};
use tierline_store::tables::{AccountCheck, Contact, QualificationRequest, ValidationCode};
use tierline_store::{Tx, Value};

use super::{Fields, default_customer, named_id};
use crate::actor::OPERATOR;
use crate::error::AppError;
use crate::fraud::title_of;
use crate::listed;
use crate::names::{self, by_id};
use crate::profiles::sample_address;
use crate::service_requests::number;

/// A customer's contact and address, unless they are on record.
pub(super) async fn contact(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), AppError> {
    let key = [Value::Id(tenant.id.uuid())];
    if tx.get::<Contact>(&key).await?.is_some() {
        return Ok(());
    }
    let organization: Organization = by_id(tx, tenant.organization).await?;
    let address = tierline_domain::address::Address {
        first_name: Some("Kim".to_owned()),
        last_name: Some("Sand".to_owned()),
        ..sample_address(tenant.country, &tenant.handle)
    };
    tx.put(&Contact {
        tenant: tenant.id,
        folded: folded(&organization.name),
        company_name: organization.name,
        email: format!("kim@{}", tenant.domain),
        first_name: address.first_name.clone(),
        last_name: address.last_name.clone(),
        phone: address.phone.clone(),
        address: tierline_store::Json(address),
    })
    .await?;
    Ok(())
}

fn days_ago(f: &Fields<'_>, today: Timestamp) -> Result<Timestamp, AppError> {
    let days: i32 = f.get("days_ago")?.unwrap_or(30);
    Ok(Timestamp::noon(add_days(
        today.date(),
        days.saturating_neg(),
    )))
}

/// `qualification: {partner, customer, value, state, reason, website, segment, days_ago}`
pub(super) async fn qualification(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let customer = names::the_tenant(tx, &f.must::<String>("customer")?).await?;
    let special: Special = f.must("value")?;
    let state: Qualification = f.get("state")?.unwrap_or(Qualification::Approved);
    tx.put(&QualificationRequest {
        id: named_id(
            "qualification",
            &format!("{} {special} {state}", customer.handle),
        ),
        customer: customer.id,
        partner: partner.id,
        special,
        segment: f.get("segment")?,
        website: f.get("website")?,
        state,
        reason: f.get("reason")?,
        created: days_ago(f, today)?,
    })
    .await?;
    let known = tx.get::<Customer>(&[Value::Id(customer.id.uuid())]).await?;
    let mut details = known.unwrap_or_else(|| default_customer(customer.id));
    match special {
        Special::Education => {
            details.segment = Segment::Education;
            details.qualification = state;
        }
        Special::GovernmentCommunityCloud => details.segment = Segment::GovernmentCommunityCloud,
        Special::StateOwned => details.state_owned = true,
    }
    listed::customer(tx, &details).await
}

/// `validation_code: {partner, code, organization, most, remaining, days_ago}`
pub(super) async fn validation_code(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let most: i64 = f.get("most")?.unwrap_or(5);
    tx.put(&ValidationCode {
        partner: partner.id,
        code: f.must("code")?,
        organization: f.must("organization")?,
        most,
        remaining: f.get("remaining")?.unwrap_or(most),
        changed: days_ago(f, today)?,
    })
    .await?;
    Ok(())
}

/// `account_check: {customer, status, days_ago}`: the check and the state of the account that follows from it.
pub(super) async fn account_check(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let customer = names::the_tenant(tx, &f.must::<String>("customer")?).await?;
    let status: CheckStatus = f.must("status")?;
    tx.put(&AccountCheck {
        customer: customer.id,
        status,
        changed: days_ago(f, today)?,
    })
    .await?;
    let known = tx.get::<Customer>(&[Value::Id(customer.id.uuid())]).await?;
    let mut details = known.unwrap_or_else(|| default_customer(customer.id));
    details.account_state = match status {
        CheckStatus::Allowed => CustomerState::Approved,
        CheckStatus::NotAllowed => CustomerState::Disapproved,
        CheckStatus::UnderReview | CheckStatus::Unknown | CheckStatus::NotReady => {
            CustomerState::UnderReview
        }
    };
    listed::customer(tx, &details).await
}

/// `directory_user: {id, customer, first_name, last_name, usage_location, roles, licences, days_ago, deleted_days_ago}`, where the id
/// is what stands before the customer's domain in its sign-in name.
pub(super) async fn directory_user(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let customer = names::the_tenant(tx, &f.must::<String>("customer")?).await?;
    let sign_in_name = format!("{}@{}", f.must::<String>("id")?, customer.domain);
    let [first_name, last_name] = [f.must::<String>("first_name")?, f.must("last_name")?];
    let deleted: Option<i32> = f.get("deleted_days_ago")?;
    let user = DirectoryUser {
        id: named_id("directory_user", &sign_in_name),
        tenant: customer.id,
        folded: sign_in_name.to_lowercase(),
        sign_in_name,
        display_name: format!("{first_name} {last_name}"),
        first_name,
        last_name,
        usage_location: f.get("usage_location")?.unwrap_or(customer.country),
        phone: f.get("phone")?,
        immutable_id: None,
        renews_password: false,
        created: days_ago(f, today)?,
        deleted: deleted.map(|days| Timestamp::noon(add_days(today.date(), days.saturating_neg()))),
        version: 1,
    };
    tx.insert(&user).await?;
    for role in f.get::<Vec<DirectoryRole>>("roles")?.unwrap_or_default() {
        tx.insert(&RoleMember {
            member: user.id,
            role,
            tenant: customer.id,
        })
        .await?;
    }
    for item in f.get::<Vec<String>>("licences")?.unwrap_or_default() {
        let item = names::the_item(tx, &item).await?;
        tx.insert(&Licence {
            holder: user.id,
            item: item.id,
            tenant: customer.id,
            excluded: Vec::new(),
            assigned: user.created,
        })
        .await?;
    }
    Ok(())
}

/// `service_request: {partner, id, customer, subscription, topic, title, description, severity, status, opened_by, hours_ago,
/// answered_hours_ago, notes}`, where a note is a text of the partner, or of the operator behind `operator: `.
pub(super) async fn service_request(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let customer = match f.text("customer")? {
        Some(name) => Some(names::the_tenant(tx, &name).await?.id),
        None => None,
    };
    let subscription = match f.text("subscription")? {
        Some(name) => Some(names::the_subscription(tx, &name).await?),
        None => None,
    };
    let filed: String = f.must("topic")?;
    let topic = Topic::find(&filed).ok_or_else(|| AppError::missing("topic", &filed))?;
    let hours = |hours: i64| today.plus_hours(hours.saturating_neg());
    let opened = hours(f.get("hours_ago")?.unwrap_or(1));
    let severity: Severity = f.get("severity")?.unwrap_or(Severity::Moderate);
    let status: RequestStatus = f.get("status")?.unwrap_or(RequestStatus::Open);
    let opened_by: String = f.get("opened_by")?.unwrap_or_default();
    let answered: Option<i64> = f.get("answered_hours_ago")?;
    let answered = answered.map(hours);
    let notes: Vec<String> = f.get("notes")?.unwrap_or_default();
    let last = notes.last();
    let contact = Person {
        email: Some(opened_by.clone()).filter(|name| !name.is_empty()),
        ..f.get("contact")?.unwrap_or_default()
    };
    let title = f.text("title")?;
    let title = title.unwrap_or_else(|| topic.name("en").to_owned());
    let id = named_id("service_request", &format!("{} {title}", partner.handle));
    let row = ServiceRequest {
        id,
        handle: match f.text("id")? {
            Some(handle) => handle,
            None => number(opened, id.uuid()),
        },
        partner: partner.id,
        customer: customer.or(subscription.as_ref().map(|row| row.customer)),
        item: subscription.as_ref().map(|row| row.item),
        subscription: subscription.map(|row| row.id),
        topic: filed,
        about: topic.about,
        title,
        description: f.text("description")?.unwrap_or_default(),
        severity,
        status,
        locale: "en-US".to_owned(),
        updated_by: match last {
            Some(note) if note.starts_with(BY_OPERATOR) => None,
            _ => Some(contact.clone()),
        },
        contact,
        opened_by,
        opened,
        modified: answered.unwrap_or(opened),
        closed: (status == RequestStatus::Closed).then(|| answered.unwrap_or(opened)),
        due: severity.due(opened),
        answered,
        version: 1,
    };
    tx.insert(&row).await?;
    for (position, note) in (1..).zip(&notes) {
        let said = note.strip_prefix(BY_OPERATOR);
        let name = format!("{} {}", row.contact.first_name, row.contact.last_name);
        tx.insert(&ServiceNote {
            request: row.id,
            position,
            author: said.map_or(name.trim(), |_| OPERATOR).to_owned(),
            by_operator: said.is_some(),
            created: row.modified,
            text: said.unwrap_or(note).to_owned(),
        })
        .await?;
    }
    Ok(())
}

/// `fraud_event: {subscription, id, kind, title, description, severity, confidence, resource, resource_type, resource_group,
/// details, test, hits, hours_ago, status, reason, by}`.
pub(super) async fn fraud_event(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let name: String = f.must("subscription")?;
    let subscription = names::the_subscription(tx, &name).await?;
    let seller = subscription.seller.ok_or_else(|| {
        AppError::invalid("fraud_event.subscription", "was bought of the operator")
    })?;
    let kind: FraudKind = f.must("kind")?;
    let text = |name: &str| -> Result<String, AppError> { Ok(f.get(name)?.unwrap_or_default()) };
    let resource = text("resource")?;
    let id = named_id("fraud_event", &format!("{name} {kind} {resource}"));
    let hours: i64 = f.get("hours_ago")?.unwrap_or(1);
    let at = today.plus_hours(hours.saturating_neg());
    let status: FraudStatus = f.get("status")?.unwrap_or(FraudStatus::Active);
    let by = text("by")?;
    let is_resolved = status == FraudStatus::Resolved;
    let step = FraudStep {
        from: FraudStatus::Active,
        to: status,
        by: by.clone(),
        at: today,
    };
    tx.insert(&FraudEvent {
        id,
        handle: match f.text("id")? {
            Some(handle) => handle,
            None => id.to_string(),
        },
        subscription: subscription.id,
        customer: subscription.customer,
        partner: seller,
        kind,
        severity: f.get("severity")?.unwrap_or(Level::Medium),
        confidence: f.get("confidence")?.unwrap_or(Level::High),
        title: f.text("title")?.unwrap_or_else(|| title_of(kind)),
        description: text("description")?,
        resource,
        resource_type: text("resource_type")?,
        resource_group: text("resource_group")?,
        details: f.get("details")?.unwrap_or_default(),
        is_test: f.get("test")?.unwrap_or_default(),
        hits: f.get("hits")?.unwrap_or(1),
        first_occurrence: at,
        last_occurrence: at,
        first_observed: at,
        last_observed: at,
        status,
        reason: f.get("reason")?.unwrap_or(FraudReason::None),
        resolved: is_resolved.then_some(today),
        resolved_by: if is_resolved { by } else { String::new() },
        steps: if status == FraudStatus::Active {
            Vec::new()
        } else {
            vec![step]
        },
        version: 1,
    })
    .await?;
    Ok(())
}

/// How a note of the operator begins in a world file.
const BY_OPERATOR: &str = "operator: ";
