//! How far an account is in the program: its three steps, its verification, its agreements by region, its PartnerIDs
//! (ENR-001, ENR-005 to ENR-010).

use tierline_domain::partner::{
    Account, AccountState, Agreement, AgreementState, Judgement, Location, MembershipState,
    Organization, Requirement,
};
use tierline_domain::time::Date;
use tierline_store::registers::EnrolmentRow;
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::{Viewer, region};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::verification::business_days;
use crate::{facts, names};

/// Most accounts of a page.
pub const PAGE_MAX: usize = 200;

/// The place of an account in the list: since when it is in its state, and its id.
pub type Place = (Date, Uuid);

/// One of the three steps (ENR-001).
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// `membership`, `enrolment` or `agreement`.
    pub name: &'static str,
    /// It is done.
    pub is_done: bool,
    /// The rule that asks for it.
    pub rule: &'static str,
}

/// The partner agreement in one region of a company.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Short name of the account.
    pub account: String,
    /// Its country.
    pub country: String,
    /// The region that the country is in today.
    pub region: Option<String>,
    /// State of the account.
    pub state: AccountState,
    /// Accepted, or open.
    pub agreement: AgreementState,
    /// The day of acceptance.
    pub accepted: Option<Date>,
    /// Version of the terms.
    pub template: Option<String>,
    /// Who accepted.
    pub signer: Option<String>,
    /// It holds for the region: accepted by this account, or by another of the company in the same region (AGR-009).
    pub holds: bool,
}

/// A place of business with its PartnerID.
#[derive(Clone, Debug)]
pub struct Business {
    /// The location.
    pub location: Location,
    /// Short names of the accounts that are associated with it.
    pub accounts: Vec<String>,
}

/// Everything about one enrolment.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The account.
    pub account: Account,
    /// Its company.
    pub organization: Organization,
    /// The region that its country is in today.
    pub region: Option<String>,
    /// The three steps.
    pub steps: [Step; 3],
    /// Business days since it entered its state (ENR-006).
    pub business_days: i64,
    /// What people decided about it, oldest first. Its partner sees of what was refused why, and of the rest only that.
    pub judgements: Vec<Judgement>,
    /// The agreement in every region in which the company has an account.
    pub agreements: Vec<Signed>,
    /// Its company's locations.
    pub locations: Vec<Business>,
}

/// A page of accounts, longest in their state first, and where the next one begins: all for the operator, those of its
/// own company for a partner.
///
/// # Errors
/// When the store fails, and for customers.
pub async fn page(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    state: &str,
    after: Option<Place>,
    count: usize,
) -> Result<(Vec<EnrolmentRow>, Option<Place>), AppError> {
    let whose = match viewer {
        Viewer::Operator => None,
        Viewer::Partner(account) => Some(account.organization.uuid()),
        Viewer::Customer(_) => return Err(AppError::Forbidden("customer".to_owned())),
    };
    let count = count.clamp(1, PAGE_MAX);
    let most = i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1);
    let after = after.unwrap_or((Date::constant(1, 1, 1), Uuid::nil()));
    let mut rows = tx.enrolment_page(whose, state, after, most).await?;
    let is_more = rows.len() > count;
    rows.truncate(count);
    let next = rows
        .last()
        .filter(|_| is_more)
        .map(|row| (row.since, row.id));
    Ok((rows, next))
}

/// How far one account is.
///
/// # Errors
/// When there is none that the viewer may see.
pub async fn one(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    name: &str,
) -> Result<Enrolment, AppError> {
    let unknown = || AppError::missing("partner", name);
    let account = names::account(tx, name).await?.ok_or_else(unknown)?;
    let may = match viewer {
        Viewer::Operator => true,
        Viewer::Partner(own) => own.organization == account.organization,
        Viewer::Customer(_) => false,
    };
    if !may {
        return Err(unknown());
    }
    let today = ctx.now.date();
    let organization: Organization = names::by_id(tx, account.organization).await?;
    let party = facts::party(tx, &account, today).await?;
    let is_enrolled = !matches!(
        account.state,
        AccountState::NotEnrolled
            | AccountState::Applied
            | AccountState::Pending
            | AccountState::Rejected
    );
    let step = |name, is_done, rule| Step {
        name,
        is_done,
        rule,
    };
    let is_member = organization.membership == MembershipState::Active;
    Ok(Enrolment {
        region: region(account.country, today),
        steps: [
            step("membership", is_member, "ENR-008"),
            step("enrolment", is_enrolled, "ENR-005"),
            step("agreement", party.signed, "ENR-009"),
        ],
        business_days: business_days(account.state_since, today),
        judgements: judgements(tx, &account, matches!(viewer, Viewer::Operator)).await?,
        agreements: agreements(tx, &account, today).await?,
        locations: locations(tx, &organization).await?,
        account,
        organization,
    })
}

async fn judgements(
    tx: &mut Tx<'_>,
    account: &Account,
    is_operator: bool,
) -> Result<Vec<Judgement>, AppError> {
    let mut found = Vec::new();
    for requirement in [
        Requirement::Verification,
        Requirement::Capability,
        Requirement::SupportPlan,
    ] {
        let key = [
            Value::Id(account.id.uuid()),
            Value::Text(requirement.to_string()),
        ];
        found.extend(tx.find::<Judgement>(tables::judgements::OF, &key).await?);
    }
    found.sort_by_key(|judgement| (judgement.day, judgement.recorded_at, judgement.id));
    if !is_operator {
        for judgement in &mut found {
            crate::actor::OPERATOR.clone_into(&mut judgement.recorded_by);
            if judgement.passed {
                judgement.evidence = String::new();
            }
        }
    }
    Ok(found)
}

async fn agreements(
    tx: &mut Tx<'_>,
    account: &Account,
    today: Date,
) -> Result<Vec<Signed>, AppError> {
    let key = [Value::Id(account.organization.uuid())];
    let every = tx
        .find::<Account>(tables::accounts::BY_ORGANIZATION, &key)
        .await?;
    let mut found = Vec::with_capacity(every.len());
    for account in every {
        let agreement = tx.get::<Agreement>(&[Value::Id(account.id.uuid())]).await?;
        let holds = facts::party(tx, &account, today).await?.signed;
        found.push(Signed {
            country: account.country.to_string(),
            region: region(account.country, today),
            state: account.state,
            agreement: agreement
                .as_ref()
                .map_or(AgreementState::Open, |row| row.state),
            accepted: agreement.as_ref().and_then(|row| row.accepted),
            template: agreement.as_ref().map(|row| row.template.clone()),
            signer: agreement.and_then(|row| row.signer),
            holds,
            account: account.handle,
        });
    }
    Ok(found)
}

async fn locations(
    tx: &mut Tx<'_>,
    organization: &Organization,
) -> Result<Vec<Business>, AppError> {
    let key = [Value::Id(organization.id.uuid())];
    let places = tx
        .find::<Location>(tables::locations::BY_ORGANIZATION, &key)
        .await?;
    let mut found = Vec::with_capacity(places.len());
    for location in places {
        let key = [Value::Id(location.id.uuid())];
        let accounts = tx
            .find::<Account>(tables::accounts::BY_LOCATION, &key)
            .await?;
        found.push(Business {
            accounts: accounts.into_iter().map(|account| account.handle).collect(),
            location,
        });
    }
    Ok(found)
}
