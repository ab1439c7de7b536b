//! Special qualifications of customers: asked for, verified, decided (CUS-024, CUS-025).

use serde::{Deserialize, Serialize};
use tierline_domain::customer::{Customer, Qualification, Segment};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Period, Timestamp};
use tierline_domain::vetting::{EducationSegment, Special};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_rules::names as forms;
use tierline_store::tables::{QualificationRequest, ValidationCode};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::by_id;
use crate::world::default_customer;
use crate::{facts, listed, schedule};

/// Days that a verification takes, unless the operator is quicker.
const REVIEW_DAYS: i32 = 2;
/// Why an education qualification is refused by itself.
const NO_SCHOOL: &str = "The website belongs neither to the customer nor to a place of education.";
/// Labels of domains that only places of education hold.
const EDUCATION_LABELS: [&str; 5] = ["edu", "ac", "k12", "sch", "school"];

/// What the caller says of the customer.
pub(crate) struct Asked<'a> {
    pub(crate) special: Special,
    pub(crate) segment: Option<EducationSegment>,
    pub(crate) website: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
}

/// Puts a request on record. Education is verified first; the others count at once.
///
/// # Errors
/// When the store fails.
pub(crate) async fn ask(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (partner, customer): (&Account, &Tenant),
    asked: Asked<'_>,
) -> Result<QualificationRequest, AppError> {
    let state = match asked.special {
        Special::Education => Qualification::InReview,
        Special::GovernmentCommunityCloud | Special::StateOwned => Qualification::Approved,
    };
    if let Some(code) = asked.code {
        use_up(ctx, tx, partner, code).await?;
    }
    let id: Id<QualificationRequest> = crate::ctx::Ids::named(
        "qualification",
        &format!("{} {}", ctx.seed, customer.id),
        ctx.now,
    )
    .next();
    let row = QualificationRequest {
        id,
        customer: customer.id,
        partner: partner.id,
        special: asked.special,
        segment: asked.segment,
        website: asked.website.map(str::to_owned),
        state,
        reason: None,
        created: ctx.now,
    };
    tx.insert(&row).await?;
    if state == Qualification::InReview {
        let due = ctx.now.plus(Period::days(REVIEW_DAYS))?;
        schedule::plan(tx, schedule::QUALIFICATION_REVIEW, &row.id.to_string(), due).await?;
    }
    Ok(row)
}

/// Whether a partner's validation code is on record and not used up.
///
/// # Errors
/// When the store fails.
pub(crate) async fn code_is_good(
    tx: &mut Tx<'_>,
    partner: &Account,
    code: &str,
) -> Result<bool, AppError> {
    let key = [Value::Id(partner.id.uuid()), Value::Text(code.to_owned())];
    let known = tx.get::<ValidationCode>(&key).await?;
    Ok(known.is_some_and(|code| code.remaining > 0))
}

async fn use_up(ctx: &Ctx, tx: &mut Tx<'_>, partner: &Account, code: &str) -> Result<(), AppError> {
    let key = [Value::Id(partner.id.uuid()), Value::Text(code.to_owned())];
    if let Some(mut row) = tx.get::<ValidationCode>(&key).await? {
        row.remaining = row.remaining.saturating_sub(1).max(0);
        row.changed = ctx.now;
        tx.put(&row).await?;
    }
    Ok(())
}

/// The qualifications of a customer, the oldest first. What a customer had before anybody asked is one of them.
///
/// # Errors
/// When the store fails.
pub async fn of_customer(
    tx: &mut Tx<'_>,
    customer: &Tenant,
    partner: &Account,
) -> Result<Vec<QualificationRequest>, AppError> {
    let key = [Value::Id(customer.id.uuid())];
    let rows = tx
        .find::<QualificationRequest>(tables::qualifications::BY_CUSTOMER, &key)
        .await?;
    if !rows.is_empty() {
        return Ok(rows);
    }
    let details = tx.get::<Customer>(&key).await?;
    let special = details.as_ref().and_then(|details| match details.segment {
        Segment::Education => Some((Special::Education, details.qualification)),
        Segment::GovernmentCommunityCloud => {
            Some((Special::GovernmentCommunityCloud, details.qualification))
        }
        Segment::Commercial | Segment::Nonprofit => details
            .state_owned
            .then_some((Special::StateOwned, Qualification::Approved)),
    });
    Ok(special
        .map(|(special, state)| QualificationRequest {
            id: Id::from_uuid(customer.id.uuid()),
            customer: customer.id,
            partner: partner.id,
            special,
            segment: None,
            website: None,
            state,
            reason: None,
            created: Timestamp::EPOCH,
        })
        .into_iter()
        .collect())
}

/// Whether a host names a place of education: `x.edu`, `x.ac.uk`, `x.k12.or.us`.
fn of_education(host: &str) -> bool {
    host.split('.')
        .skip(1)
        .any(|label| EDUCATION_LABELS.contains(&label))
}

/// The host of a page, with or without a scheme.
fn host(website: &str) -> String {
    let rest = website.split_once("://").map_or(website, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.trim().to_ascii_lowercase()
}

/// What a verification comes to by itself: a page that is given has to be the customer's own, or one of a place of
/// education.
fn found(row: &QualificationRequest, domain: &str) -> (Qualification, Option<String>) {
    let shown = row.website.as_deref().map(host);
    let good = shown.is_none_or(|host| forms::under_domain(&host, domain) || of_education(&host));
    if good {
        (Qualification::Approved, None)
    } else {
        (Qualification::Denied, Some(NO_SCHOOL.to_owned()))
    }
}

async fn decide(
    tx: &mut Tx<'_>,
    mut row: QualificationRequest,
    (state, reason): (Qualification, Option<String>),
) -> Result<(), AppError> {
    row.state = state;
    row.reason = reason;
    tx.put(&row).await?;
    if row.special == Special::Education {
        let known = tx
            .get::<Customer>(&[Value::Id(row.customer.uuid())])
            .await?;
        let mut customer = known.unwrap_or_else(|| default_customer(row.customer));
        customer.qualification = state;
        customer.version = customer.version.saturating_add(1);
        listed::customer(tx, &customer).await?;
    }
    Ok(())
}

/// The operator decides a qualification before its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideQualification {
    /// The customer whose newest open request it is.
    pub customer: String,
    /// Yes or no.
    pub approve: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl UseCase for DecideQualification {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.operator()?;
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(&self, _: &Ctx, _: &Acting, _: &Facts, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let tenant = crate::names::the_tenant(tx, &self.customer).await?;
        let open = tx
            .find::<QualificationRequest>(
                tables::qualifications::BY_CUSTOMER,
                &[Value::Id(tenant.id.uuid())],
            )
            .await?;
        let row = open
            .into_iter()
            .rfind(|row| row.state == Qualification::InReview)
            .ok_or_else(|| AppError::missing("open qualification of customer", &self.customer))?;
        schedule::drop_all(tx, &row.id.to_string()).await?;
        let outcome = if self.approve {
            (Qualification::Approved, None)
        } else {
            (Qualification::Denied, self.reason.clone())
        };
        decide(tx, row, outcome).await
    }
}

/// Does what fell due, if it is this module's.
///
/// # Errors
/// When the store fails.
pub async fn fall_due(tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<bool, AppError> {
    if kind != schedule::QUALIFICATION_REVIEW {
        return Ok(false);
    }
    let id: uuid::Uuid = subject
        .parse()
        .map_err(|_| AppError::missing("qualification", subject))?;
    let row = tx
        .get::<QualificationRequest>(&[Value::Id(id)])
        .await?
        .filter(|row| row.state == Qualification::InReview);
    if let Some(row) = row {
        let customer: Tenant = by_id(tx, row.customer).await?;
        let outcome = found(&row, &customer.domain);
        decide(tx, row, outcome).await?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_customers_own_or_that_of_a_school() {
        let row = |website: Option<&str>| QualificationRequest {
            id: Id::from_uuid(uuid::Uuid::nil()),
            customer: Id::from_uuid(uuid::Uuid::nil()),
            partner: Id::from_uuid(uuid::Uuid::nil()),
            special: Special::Education,
            segment: None,
            website: website.map(str::to_owned),
            state: Qualification::InReview,
            reason: None,
            created: Timestamp::EPOCH,
        };
        let outcome = |website| found(&row(website), "oak.example").0;
        for good in [
            None,
            Some("https://www.oak.example/school"),
            Some("oak.edu"),
            Some("http://lake.k12.or.us"),
            Some("www.x.ac.uk"),
        ] {
            assert_eq!(outcome(good), Qualification::Approved, "{good:?}");
        }
        for bad in [Some("shop.example"), Some("https://edu.shop.example")] {
            assert_eq!(outcome(bad), Qualification::Denied, "{bad:?}");
        }
    }
}
