//! What is on record about customers beside their ties: contacts, qualifications, codes and checks.

use tierline_domain::address::folded;
use tierline_domain::customer::{Customer, CustomerState, Qualification, Segment};
use tierline_domain::partner::{Organization, Tenant};
use tierline_domain::time::{Timestamp, add_days};
use tierline_domain::vetting::{CheckStatus, Special};
use tierline_store::tables::{AccountCheck, Contact, QualificationRequest, ValidationCode};
use tierline_store::{Tx, Value};

use super::{Fields, default_customer, named_id};
use crate::error::AppError;
use crate::listed;
use crate::names::{self, by_id};
use crate::profiles::sample_address;

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
