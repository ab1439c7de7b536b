//! Ties between the parties of a world: partnerships, relationships, evidence, delegation, users.

use super::{CUSTOMER_TEMPLATE, Fields, named_id};
use serde_json::{Map, Value as Json};
use tierline_domain::admin::{AdminRelationship, Assignment, AssignmentState, Group, User};
use tierline_domain::customer::{AcceptedBy, Attestation, Relationship, RelationshipState};
use tierline_domain::partner::{Account, Partnership, PartnershipState, Tenant};
use tierline_domain::time::{Period, Timestamp, add_days, add_months};
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;
use crate::names;
use crate::{facts, listed, schedule};

pub(super) async fn partnership(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let provider = names::the_account(tx, &f.must::<String>("provider")?).await?;
    let reseller = names::the_account(tx, &f.must::<String>("reseller")?).await?;
    let known = tx
        .get::<Partnership>(&[Value::Id(provider.id.uuid()), Value::Id(reseller.id.uuid())])
        .await?;
    let mut row = known.unwrap_or(Partnership {
        provider: provider.id,
        reseller: reseller.id,
        state: PartnershipState::Active,
        since: Timestamp::noon(add_months(today.date(), -12)),
        removal_requested: None,
        provider_access: true,
    });
    f.set("state", &mut row.state)?;
    f.set("since", &mut row.since)?;
    if let Some(days) = f.get::<i32>("days_ago")? {
        row.since = Timestamp::noon(add_days(today.date(), days.saturating_neg()));
    }
    f.set_some("removal_requested", &mut row.removal_requested)?;
    if row.state == PartnershipState::Invited && !f.has("since") {
        row.since = Timestamp::noon(add_days(today.date(), -1));
    }
    tx.put(&row).await?;
    if row.state == PartnershipState::Invited {
        let subject = format!("{} {}", provider.handle, reseller.handle);
        schedule::plan(
            tx,
            schedule::PARTNERSHIP_LAPSE,
            &subject,
            row.since.plus(Period::days(schedule::INVITATION_DAYS))?,
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn relationship(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let customer = names::the_tenant(tx, &f.must::<String>("customer")?).await?;
    let known = tx
        .get::<Relationship>(&[Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())])
        .await?;
    let mut row = known.unwrap_or(Relationship {
        partner: partner.id,
        customer: customer.id,
        state: RelationshipState::Active,
        since: Timestamp::noon(add_months(today.date(), -12)),
        removed: None,
        delegation: tierline_domain::customer::Delegation::None,
        acquired: tierline_domain::customer::Acquired::Directly,
        joint_with: None,
        self_service: false,
    });
    f.set("state", &mut row.state)?;
    f.set_some("removed", &mut row.removed)?;
    f.set("delegation", &mut row.delegation)?;
    f.set("acquired", &mut row.acquired)?;
    if row.state == RelationshipState::Invited {
        row.since = Timestamp::noon(add_days(today.date(), -1));
    }
    listed::relationship(tx, &row).await?;
    if row.state == RelationshipState::Invited {
        let subject = format!("{} {}", partner.handle, customer.handle);
        schedule::plan(
            tx,
            schedule::RELATIONSHIP_LAPSE,
            &subject,
            row.since.plus(Period::days(schedule::INVITATION_DAYS))?,
        )
        .await?;
    }
    if row.state == RelationshipState::Active
        && partner.kind.is_billed()
        && !facts::attested(tx, partner.id, customer.id).await?
    {
        tx.put(&evidence(&partner, &customer, today)).await?;
    }
    Ok(())
}

pub(super) fn evidence(partner: &Account, customer: &Tenant, today: Timestamp) -> Attestation {
    Attestation {
        id: named_id(
            "attestation",
            &format!("{} {}", partner.handle, customer.handle),
        ),
        customer: customer.id,
        partner: Some(partner.id),
        accepted_by: AcceptedBy::Partner,
        first_name: "Kim".to_owned(),
        last_name: "Sand".to_owned(),
        email: format!("kim@{}.example", customer.handle.to_lowercase()),
        phone: None,
        agreed: add_months(today.date(), -12),
        template: CUSTOMER_TEMPLATE.to_owned(),
        recorded_by: partner.handle.clone(),
        recorded_at: Timestamp::noon(add_months(today.date(), -12)),
    }
}

pub(super) async fn attestation(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let customer = names::the_tenant(tx, &f.must::<String>("customer")?).await?;
    let accepted_by: AcceptedBy = f.get("accepted_by")?.unwrap_or(AcceptedBy::Partner);
    let partner = match f.text("partner")? {
        Some(partner) if accepted_by == AcceptedBy::Partner => {
            Some(names::the_account(tx, &partner).await?)
        }
        _ => None,
    };
    let key = [Value::Id(customer.id.uuid())];
    let known = tx
        .find::<Attestation>(tables::attestations::BY_CUSTOMER, &key)
        .await?;
    let template = f
        .text("template")?
        .unwrap_or_else(|| CUSTOMER_TEMPLATE.to_owned());
    let mut same = known.into_iter().filter(|known| {
        known.partner == partner.as_ref().map(|partner| partner.id)
            && known.accepted_by == accepted_by
            && known.template == template
    });
    if f.text("state")?.as_deref() == Some("missing") {
        for row in same {
            tx.delete::<Attestation>(&[Value::Id(row.id.uuid())])
                .await?;
        }
        return Ok(());
    }
    let mut row = match (same.next_back(), &partner) {
        (Some(known), _) => known,
        (None, Some(partner)) => evidence(partner, &customer, today),
        (None, None) => Attestation {
            id: named_id("attestation", &format!("direct {}", customer.handle)),
            customer: customer.id,
            partner: None,
            accepted_by: AcceptedBy::Customer,
            first_name: "Kim".to_owned(),
            last_name: "Sand".to_owned(),
            email: format!("kim@{}.example", customer.handle.to_lowercase()),
            phone: None,
            agreed: add_months(today.date(), -12),
            template: CUSTOMER_TEMPLATE.to_owned(),
            recorded_by: customer.handle.clone(),
            recorded_at: Timestamp::noon(add_months(today.date(), -12)),
        },
    };
    if let Some(contact) = f.get::<Map<String, Json>>("contact")? {
        let contact = Fields {
            noun: "attestation.contact",
            map: &contact,
        };
        contact.set("first_name", &mut row.first_name)?;
        contact.set("last_name", &mut row.last_name)?;
        contact.set("email", &mut row.email)?;
        contact.set_some("phone", &mut row.phone)?;
    }
    if row.template != template {
        row.id = named_id("attestation", &format!("{template} {}", row.id));
        row.template = template;
    }
    f.set("date", &mut row.agreed)?;
    Ok(tx.put(&row).await?)
}

pub(super) async fn admin_relationship(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::admin_relationship(tx, &handle).await? {
        Some(known) => known,
        None => AdminRelationship {
            id: named_id("admin_relationship", &handle),
            name: handle.clone(),
            handle: handle.clone(),
            partner: names::the_account(tx, &f.must::<String>("partner")?)
                .await?
                .id,
            customer: names::the_tenant(tx, &f.must::<String>("customer")?)
                .await?
                .id,
            roles: Vec::new(),
            state: tierline_domain::admin::AdminState::Active,
            requested: Timestamp::noon(add_days(today.date(), -30)),
            ends: add_months(today.date(), 12),
            days: 395,
            auto_extend: false,
            is_default: false,
            assigned: Vec::new(),
            activated: None,
            changed: None,
            version: 1,
        },
    };
    f.set("name", &mut row.name)?;
    f.set("roles", &mut row.roles)?;
    f.set("state", &mut row.state)?;
    f.set("requested", &mut row.requested)?;
    f.set("ends", &mut row.ends)?;
    f.set("auto_extend", &mut row.auto_extend)?;
    f.set("default", &mut row.is_default)?;
    f.set("assigned", &mut row.assigned)?;
    tx.put(&row).await?;
    for held in f
        .get::<Vec<Map<String, Json>>>("groups")?
        .unwrap_or_default()
    {
        let held = Fields {
            noun: "admin_relationship.groups",
            map: &held,
        };
        let group = names::the_group(tx, &held.must::<String>("group")?).await?;
        let roles = held.must("roles")?;
        tx.put(&Assignment {
            admin_relationship: row.id,
            security_group: group.id,
            roles,
            state: AssignmentState::Active,
            created: None,
            changed: None,
            version: 1,
        })
        .await?;
    }
    schedule::plan_admin(tx, &row).await
}

pub(super) async fn group(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::group(tx, &handle).await? {
        Some(known) => known,
        None => Group {
            id: named_id("group", &handle),
            partner: names::the_account(tx, &f.must::<String>("partner")?)
                .await?
                .id,
            handle,
            members: Vec::new(),
            nested_in_admin_agents: true,
        },
    };
    f.set("members", &mut row.members)?;
    f.set("nested_in_admin_agents", &mut row.nested_in_admin_agents)?;
    Ok(tx.put(&row).await?)
}

pub(super) async fn user(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let known = names::user(tx, &handle).await?;
    let mut row = known.unwrap_or_else(|| User {
        id: named_id("user", &handle),
        sign_in_name: format!("{}@{}", handle.to_lowercase(), partner.domain),
        handle,
        partner: partner.id,
        roles: Vec::new(),
        mfa: tierline_domain::admin::Mfa::Present,
        account: tierline_domain::admin::UserAccount::Person,
        guest_in: Vec::new(),
    });
    f.set("roles", &mut row.roles)?;
    f.set("mfa", &mut row.mfa)?;
    f.set("account", &mut row.account)?;
    f.set("guest_in", &mut row.guest_in)?;
    Ok(tx.put(&row).await?)
}
