//! Applying for a program account (section 2 of the rulebook).

use serde::{Deserialize, Serialize};
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{
    Account, AccountState, Agreement, AgreementState, Cloud, Environment, Location, LocationKind,
    LocationState, Organization, PartnerType, Requirement, ResellerEnrolment, SupportPlan, Tenant,
    TenantType,
};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, add_months};
use tierline_rules::facts::{Application, Facts, Party, TenantChoice};
use tierline_rules::rules::enrolment::tenure_months;
use tierline_rules::{Checkpoint, names as forms, regions};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::billing::fx;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::locations::new_name;
use crate::names::{self, by_id};
use crate::world::{PARTNER_TEMPLATE, add_location};
use crate::{facts, standing};

/// Months a de-authorised reseller waits (ENR-036).
const WAIT_MONTHS: i32 = 12;

/// An application. What it leaves out is sufficient; `none` leaves a thing out on purpose.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// The type asked for.
    #[serde(rename = "type")]
    pub kind: String,
    /// `new`, `existing` (the applicant's program tenant), or a tenant.
    pub tenant: String,
    /// The country; the account's or the organization's by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The location to be tied; an active one of the country, tied to nothing, by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Address of the primary contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<String>,
    /// Business registration number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_number: Option<String>,
    /// Customer-support details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_contact: Option<String>,
    /// A partner whose sign-in is used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_of: Option<String>,
    /// `passed`, `open` or `failed`.
    #[serde(default = "passed")]
    pub credit_check: String,
    /// A managed service is offered.
    #[serde(default = "yes")]
    pub managed_service: bool,
    /// A receivables process exists.
    #[serde(default = "yes")]
    pub receivables: bool,
    /// Infrastructure to support resellers exists.
    #[serde(default = "yes")]
    pub reseller_infrastructure: bool,
}

fn passed() -> String {
    "passed".to_owned()
}
const fn yes() -> bool {
    true
}

/// What became of an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Applied {
    /// The account.
    pub account: String,
    /// Its program tenant.
    pub tenant: String,
    /// Its state.
    pub state: AccountState,
}

/// A word left out on purpose.
fn left_out(text: Option<&String>) -> bool {
    text.is_some_and(|text| text == "none")
}

/// States in which an account has been in the program.
fn been_in(account: &Account) -> bool {
    account.kind != PartnerType::Advisor
        && matches!(
            account.state,
            AccountState::Active
                | AccountState::Restricted
                | AccountState::Suspended
                | AccountState::Deauthorized
                | AccountState::Terminated
        )
}

/// Counts as a reseller that transacts; a direct-bill partner was one before (ENR-011).
fn tenured(account: &Account) -> bool {
    matches!(
        account.kind,
        PartnerType::IndirectReseller | PartnerType::DirectBill
    ) && matches!(
        account.state,
        AccountState::Active | AccountState::Restricted | AccountState::Suspended
    )
}

async fn organization(acting: &Acting, tx: &mut Tx<'_>) -> Result<Organization, AppError> {
    match (&acting.account, &acting.organization) {
        (Some(account), _) => by_id(tx, account.organization).await,
        (None, Some(organization)) => Ok(organization.clone()),
        (None, None) => Err(AppError::Forbidden(acting.caller.kind.to_string())),
    }
}

async fn accounts_of(
    tx: &mut Tx<'_>,
    organization: &Organization,
) -> Result<Vec<Account>, AppError> {
    let key = [Value::Id(organization.id.uuid())];
    Ok(tx
        .find::<Account>(tables::accounts::BY_ORGANIZATION, &key)
        .await?)
}

/// The tenant an application is for, and the account of the applicant that already uses it.
struct Chosen {
    choice: TenantChoice,
    tenant: Option<Tenant>,
    own: Option<Account>,
}

impl Apply {
    async fn choose(
        &self,
        acting: &Acting,
        accounts: &[Account],
        tx: &mut Tx<'_>,
    ) -> Result<Chosen, AppError> {
        let tenant = match self.tenant.as_str() {
            "new" => {
                return Ok(Chosen {
                    choice: TenantChoice::New,
                    tenant: None,
                    own: acting.account.clone(),
                });
            }
            "existing" => {
                let account = acting.account.as_ref().or(accounts.first());
                let account = account
                    .ok_or_else(|| AppError::invalid("tenant", "there is no program tenant yet"))?;
                by_id::<Tenant, _>(tx, account.tenant).await?
            }
            name => names::the_tenant(tx, name).await?,
        };
        let own = acting
            .account
            .as_ref()
            .filter(|account| account.tenant == tenant.id)
            .or_else(|| {
                accounts
                    .iter()
                    .find(|account| account.tenant == tenant.id && acting.account.is_none())
            })
            .cloned();
        let handle = tenant.handle.clone();
        Ok(match own {
            Some(own) => Chosen {
                choice: TenantChoice::Existing(handle),
                tenant: Some(tenant),
                own: Some(own),
            },
            None => Chosen {
                choice: TenantChoice::Other(handle),
                tenant: Some(tenant),
                own: acting.account.clone(),
            },
        })
    }

    fn country(&self, own: Option<&Account>, organization: &Organization) -> Option<Country> {
        self.country
            .or(own.map(|account| account.country))
            .or(organization.headquarters)
    }

    fn wanted(&self) -> Option<PartnerType> {
        self.kind.parse().ok()
    }
}

async fn held_by(tx: &mut Tx<'_>, tenant: &Tenant, today: Date) -> Result<Option<Party>, AppError> {
    let users = tx
        .find::<Account>(tables::accounts::BY_TENANT, &[Value::Id(tenant.id.uuid())])
        .await?;
    let holder = users.into_iter().find(|account| {
        account.kind != PartnerType::Advisor && account.state != AccountState::NotEnrolled
    });
    match holder {
        Some(holder) => Ok(Some(facts::party(tx, &holder, today).await?)),
        None => Ok(None),
    }
}

/// The first day on which a de-authorised reseller of the organization may enrol in the region again.
fn wait_until(accounts: &[Account], country: Country, today: Date) -> Option<Date> {
    let region = |country| regions::region_on(country, today).map(|fact| fact.region);
    accounts
        .iter()
        .filter(|account| {
            account.state == AccountState::Deauthorized
                && region(account.country) == region(country)
        })
        .map(|account| add_months(account.state_since, WAIT_MONTHS))
        .max()
}

/// Cloud revenue as ENR-012 counts it, in US dollars at the rate of a day's month: what is recorded, nothing for a newcomer,
/// enough otherwise.
async fn revenue(
    tx: &mut Tx<'_>,
    own: Option<&Account>,
    accounts: &[Account],
    newcomer: bool,
    day: Date,
) -> Result<Option<Money>, AppError> {
    let recorded = own
        .and_then(|account| account.revenue_cloud)
        .or_else(|| accounts.iter().find_map(|account| account.revenue_cloud));
    match recorded {
        Some(recorded) => Ok(Some(fx::in_dollars(tx, recorded, day).await?)),
        None => Ok(newcomer.then_some(Money::zero(Currency::USD))),
    }
}

/// The support plan of an applicant; one that nothing is recorded about is bought once the credit check is
/// passed (ENR-013).
async fn support_plan(tx: &mut Tx<'_>, own: Option<&Account>) -> Result<SupportPlan, AppError> {
    let Some(account) = own else {
        return Ok(SupportPlan::Advanced);
    };
    if account.kind.is_billed() || account.support_plan != SupportPlan::None {
        return Ok(account.support_plan);
    }
    let judged = standing::latest(tx, account.id, Requirement::SupportPlan).await?;
    Ok(match judged {
        Some(judged) if !judged.passed => SupportPlan::None,
        _ => SupportPlan::Advanced,
    })
}

impl UseCase for Apply {
    type Out = Applied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Apply
    }

    fn subject(&self) -> String {
        self.kind.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let today = ctx.now.date();
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::Apply).await?;
        let organization = organization(acting, tx).await?;
        let accounts = accounts_of(tx, &organization).await?;
        let Chosen {
            choice,
            tenant,
            own,
        } = self.choose(acting, &accounts, tx).await?;
        let country = self
            .country(own.as_ref(), &organization)
            .ok_or_else(|| AppError::invalid("country", "is missing"))?;
        let newcomer = !accounts.iter().any(been_in);
        let location = match &self.location {
            Some(name) => {
                let place = names::the_place(tx, name).await?;
                Some(facts::place(tx, &place).await?)
            }
            None => None,
        };
        let associated = match tenant.as_ref().and_then(|tenant| tenant.associated_with) {
            Some(account) => Some(names::account_by_id(tx, account).await?.handle),
            None => None,
        };
        let failed_on = match &own {
            Some(account) => standing::assessment_failed(tx, account.id).await?,
            None => None,
        };
        let credentials_of = match &self.credentials_of {
            Some(name) => names::account(tx, name)
                .await?
                .map(|account| account.handle),
            None => None,
        };
        let domains: Vec<String> = accounts
            .iter()
            .map(|account| account.domain.clone())
            .collect();
        let email = self.contact_email.clone();
        let (number, fits) = match &self.registration_number {
            None => (Some("valid".to_owned()), true),
            Some(_) if left_out(self.registration_number.as_ref()) => (None, false),
            Some(number) => (
                Some(number.clone()),
                forms::registration_number_fits(country, number),
            ),
        };
        found.application = Some(Box::new(Application {
            wanted: self.wanted(),
            wanted_word: self.kind.clone(),
            organization: organization.handle.clone(),
            account: match &own {
                Some(own) => Some(facts::party(tx, own, today).await?),
                None => None,
            },
            tenant_held_by: match &tenant {
                Some(tenant) => held_by(tx, tenant, today).await?,
                None => None,
            },
            tenant_own: tenant
                .as_ref()
                .is_none_or(|tenant| tenant.organization == organization.id),
            tenant: choice,
            tenant_associated_with: associated,
            tenant_country: tenant.as_ref().map(|tenant| tenant.country),
            country,
            region: regions::region_on(country, today),
            location,
            membership: organization.membership,
            tenure_months: accounts
                .iter()
                .filter(|account| tenured(account))
                .map(|account| tenure_months(account.onboarded, today))
                .max()
                .unwrap_or(0),
            newcomer,
            revenue_cloud: revenue(tx, own.as_ref(), &accounts, newcomer, today).await?,
            contact_email_bad: email
                .as_ref()
                .is_some_and(|email| !forms::on_company_domain(email, &domains)),
            contact_email: email.unwrap_or_default(),
            registration_number: number,
            registration_number_fits: fits,
            support_contact: (!left_out(self.support_contact.as_ref()))
                .then(|| self.support_contact.clone().unwrap_or_default()),
            credentials_of,
            credit_check: self.credit_check.clone(),
            managed_service: self.managed_service,
            receivables: self.receivables,
            reseller_infrastructure: self.reseller_infrastructure,
            support_plan: support_plan(tx, own.as_ref()).await?,
            wait_until: wait_until(&accounts, country, today),
            assessment_failed: failed_on,
        }));
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Applied, AppError> {
        let organization = organization(acting, tx).await?;
        let accounts = accounts_of(tx, &organization).await?;
        let chosen = self.choose(acting, &accounts, tx).await?;
        let (Some(kind), Some(form)) = (self.wanted(), &facts.application) else {
            return Err(AppError::invalid("type", "is no partner type"));
        };
        let account = match (&chosen.choice, chosen.own) {
            (TenantChoice::Existing(_), Some(own)) => enrol_again(ctx, tx, own, kind).await?,
            _ => open_account(ctx, tx, &organization, kind, form.country, chosen.tenant).await?,
        };
        let account = tie_location(tx, account, self.location.as_deref()).await?;
        let tenant: Tenant = by_id(tx, account.tenant).await?;
        Ok(Applied {
            account: account.handle,
            tenant: tenant.handle,
            state: account.state,
        })
    }
}

/// Enrolment on the tenant that the applicant has: a move to the indirect model, or a fresh start.
async fn enrol_again(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut account: Account,
    kind: PartnerType,
) -> Result<Account, AppError> {
    let moves = account.kind == PartnerType::DirectBill && kind == PartnerType::IndirectReseller;
    let running = matches!(
        account.state,
        AccountState::Qualified
            | AccountState::Active
            | AccountState::Restricted
            | AccountState::Suspended
    );
    if moves && running {
        account.transitioning = true;
        if account.reseller_enrolment == ResellerEnrolment::None {
            account.reseller_enrolment = ResellerEnrolment::Open;
        }
    } else if !running {
        account.kind = kind;
        account.state = AccountState::Pending;
        account.state_since = ctx.now.date();
    }
    account.version = account.version.saturating_add(1);
    tx.put(&account).await?;
    let mut tenant: Tenant = by_id(tx, account.tenant).await?;
    become_program_tenant(ctx, &mut tenant);
    tx.put(&tenant).await?;
    Ok(account)
}

/// From the application on the tenant is a program tenant (IDN-028).
fn become_program_tenant(ctx: &Ctx, tenant: &mut Tenant) {
    if tenant.kind != TenantType::Partner {
        tenant.kind = TenantType::Partner;
        tenant.program_since = Some(ctx.now.date());
    }
}

/// The name of the next account of a company: one that no account, tenant or location has yet.
///
/// # Errors
/// When the store fails.
pub(crate) async fn free_name(
    tx: &mut Tx<'_>,
    organization: &Organization,
) -> Result<String, AppError> {
    let base = organization
        .handle
        .strip_prefix("ORG-")
        .unwrap_or(&organization.handle)
        .to_owned();
    let mut number = 1_u32;
    loop {
        let name = if number == 1 {
            base.clone()
        } else {
            format!("{base}-{number}")
        };
        let taken = names::account(tx, &name).await?.is_some()
            || names::tenant(tx, &format!("{name}-csp")).await?.is_some()
            || names::tenant(tx, &name).await?.is_some();
        if !taken {
            return Ok(name);
        }
        number = number.saturating_add(1);
    }
}

async fn open_account(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    organization: &Organization,
    kind: PartnerType,
    country: Country,
    tenant: Option<Tenant>,
) -> Result<Account, AppError> {
    let (ids, today) = (ctx.ids(), ctx.now.date());
    let handle = free_name(tx, organization).await?;
    let mut tenant = match tenant {
        Some(tenant) => tenant,
        None => Tenant {
            id: ids.next(),
            handle: format!("{handle}-csp"),
            organization: organization.id,
            kind: TenantType::Customer,
            country,
            domain: format!("{}-csp.example", handle.to_lowercase()),
            associated_with: None,
            program_since: None,
        },
    };
    become_program_tenant(ctx, &mut tenant);
    tx.put(&tenant).await?;
    let account = Account {
        id: ids.next(),
        handle,
        organization: organization.id,
        kind,
        country,
        state: AccountState::Pending,
        state_since: today,
        onboarded: today,
        tenant: tenant.id,
        location: None,
        domain: tenant.domain.clone(),
        environment: Environment::Production,
        sandbox_customers: 0,
        cloud: Cloud::Public,
        approvals: Vec::new(),
        revenue_cloud: None,
        revenue_perpetual: None,
        transitioning: false,
        reseller_enrolment: ResellerEnrolment::None,
        support_plan: if kind.is_billed() {
            SupportPlan::Advanced
        } else {
            SupportPlan::None
        },
        support_benefit: false,
        third_party_mfa_exception: false,
        legal_name: None,
        security_contact: None,
        version: 1,
    };
    tx.insert(&account).await?;
    tx.put(&Agreement {
        account: account.id,
        state: AgreementState::Open,
        accepted: None,
        template: PARTNER_TEMPLATE.to_owned(),
        signer: None,
        signer_left: false,
        terms_updated: None,
    })
    .await?;
    Ok(account)
}

/// Ties the location asked for, or an active one of the country that is tied to nothing.
async fn tie_location(
    tx: &mut Tx<'_>,
    mut account: Account,
    wanted: Option<&str>,
) -> Result<Account, AppError> {
    if wanted.is_none() && account.location.is_some() {
        return Ok(account);
    }
    let free = match wanted {
        Some(name) => Some(names::the_place(tx, name).await?),
        None => free_location(tx, &account).await?,
    };
    let place = if let Some(place) = free {
        place
    } else {
        let name = new_name(tx, &account, account.country).await?;
        add_location(tx, &name, account.organization, account.country).await?
    };
    account.location = Some(place.id);
    tx.put(&account).await?;
    Ok(account)
}

/// An active location of the account's organization and country that no account is tied to.
///
/// # Errors
/// When the store fails.
pub async fn free_location(
    tx: &mut Tx<'_>,
    account: &Account,
) -> Result<Option<Location>, AppError> {
    let key = [Value::Id(account.organization.uuid())];
    for place in tx
        .find::<Location>(tables::locations::BY_ORGANIZATION, &key)
        .await?
    {
        let usable = place.kind == LocationKind::Location
            && place.state == LocationState::Active
            && place.country == account.country;
        let tied = tx
            .find::<Account>(tables::accounts::BY_LOCATION, &[Value::Id(place.id.uuid())])
            .await?;
        if usable && tied.is_empty() {
            return Ok(Some(place));
        }
    }
    Ok(None)
}
