//! Test resellers of a provider's sandbox (ENR-041): made in one act, with tenant, signed agreement and partnership.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tierline_domain::address::{Address, Person};
use tierline_domain::partner::{
    Account, AccountState, Agreement, AgreementState, Cloud, Environment, Location,
    MembershipState, Organization, PartnerType, Partnership, PartnershipState, ResellerEnrolment,
    SupportPlan, Tenant, TenantType,
};
use tierline_domain::place::Country;
use tierline_domain::vetting::{ProfileKind, Vetting};
use tierline_rules::facts::{Facts, Party};
use tierline_rules::{Checkpoint, regions};
use tierline_store::tables::PartnerProfile;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::facts;
use crate::names::{self, by_id};
use crate::profiles::LegalBusiness;
use crate::world::PARTNER_TEMPLATE;

/// Where the tenants of test resellers live.
const TENANT_DOMAIN: &str = "sandbox.example";

/// The domain of a test reseller's tenant.
#[must_use]
pub fn tenant_domain(prefix: &str) -> String {
    format!("{}.{TENANT_DOMAIN}", prefix.trim().to_ascii_lowercase())
}

/// Make a test reseller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSandboxReseller {
    /// The PartnerID that it shares, or the name of its location or of whoever has it.
    pub partner_id: String,
    /// First label of its tenant's domain; unused so far.
    pub domain_prefix: String,
    /// Its company's name.
    pub company_name: String,
    /// Country of its tenant.
    pub country: Country,
    /// Its legal address.
    #[serde(default)]
    pub address: Address,
    /// Whom the program turns to.
    #[serde(default)]
    pub primary_contact: Person,
}

/// A test reseller as it was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// Its account's short name.
    pub account: String,
    /// Its tenant.
    pub tenant: Id,
    /// Its agreement's signature.
    pub signature: Id,
    /// When it was made.
    pub signed: tierline_domain::time::Timestamp,
}

/// A bare identifier in an answer.
pub type Id = uuid::Uuid;

/// Test resellers that a provider holds.
async fn held(tx: &mut Tx<'_>, provider: &Account) -> Result<Vec<Account>, AppError> {
    let ties = tx
        .find::<Partnership>(
            tables::partnerships::BY_PROVIDER,
            &[Value::Id(provider.id.uuid())],
        )
        .await?;
    let mut found = Vec::new();
    for tie in ties
        .iter()
        .filter(|tie| tie.state == PartnershipState::Active)
    {
        let account: Account = by_id(tx, tie.reseller).await?;
        if account.environment == Environment::Sandbox {
            found.push(account);
        }
    }
    Ok(found)
}

async fn place(tx: &mut Tx<'_>, partner_id: &str) -> Result<Location, AppError> {
    match names::the_place(tx, partner_id.trim()).await {
        Err(AppError::NotFound { .. }) => Err(AppError::invalid(
            "mpn_id",
            format!("`{partner_id}` is no PartnerID"),
        )),
        found => found,
    }
}

impl CreateSandboxReseller {
    /// The reseller as it would stand beside its provider.
    fn prospect(&self, provider: &Party, today: tierline_domain::time::Date) -> Party {
        Party {
            name: self.domain_prefix.to_lowercase(),
            title: self.company_name.clone(),
            organization: format!("ORG-{}", self.domain_prefix.to_lowercase()),
            kind: PartnerType::IndirectReseller,
            acts_as_reseller: true,
            country: self.country,
            region: regions::region_on(self.country, today),
            state: AccountState::Active,
            environment: Environment::Sandbox,
            signed: true,
            ..provider.clone()
        }
    }
}

impl UseCase for CreateSandboxReseller {
    type Out = Made;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::InvitePartner
    }

    fn subject(&self) -> String {
        self.domain_prefix.clone()
    }

    /// Whoever asks for a test reseller acts in its sandbox, whose limits are those of ENR-041.
    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let own = acting.partner()?;
        let today = ctx.now.date();
        let place = place(tx, &self.partner_id).await?;
        let region = |country| regions::region_on(country, today).map(|fact| fact.region);
        if region(place.country) != region(self.country) {
            let problem = format!(
                "the location of PartnerID {} is in another region than {}",
                self.partner_id, self.country
            );
            return Err(AppError::invalid("mpn_id", problem));
        }
        if tx.domain_held(&tenant_domain(&self.domain_prefix)).await? {
            return Err(AppError::invalid("tenant.domain_prefix", "is taken"));
        }
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.form.sandbox_resellers =
            i64::try_from(held(tx, own).await?.len()).unwrap_or(i64::MAX);
        if let Some(provider) = &found.actor {
            let prospect = self.prospect(provider, today);
            found.other = Some(prospect);
        }
        if let Some(provider) = &mut found.actor {
            provider.environment = Environment::Sandbox;
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Made, AppError> {
        let provider = acting.partner()?;
        let ids = crate::ctx::Ids::named("test reseller", &ctx.seed.to_string(), ctx.now);
        let today = ctx.now.date();
        let place = place(tx, &self.partner_id).await?;
        let handle = format!("sandbox-{}", self.domain_prefix.trim().to_lowercase());
        let free = names::account(tx, &handle).await?.is_none()
            && names::tenant(tx, &handle).await?.is_none();
        let handle = if free { handle } else { ids.uuid().to_string() };
        let organization = Organization {
            id: ids.next(),
            handle: format!("ORG-{handle}"),
            name: self.company_name.trim().to_owned(),
            headquarters: Some(self.country),
            membership: MembershipState::Active,
        };
        tx.insert(&organization).await?;
        let domain = tenant_domain(&self.domain_prefix);
        let tenant = Tenant {
            id: ids.next(),
            handle: format!("{handle}-csp"),
            organization: organization.id,
            kind: TenantType::Partner,
            country: self.country,
            domain: domain.clone(),
            associated_with: None,
            program_since: Some(today),
        };
        tx.insert(&tenant).await?;
        let account = Account {
            id: ids.next(),
            handle,
            organization: organization.id,
            kind: PartnerType::IndirectReseller,
            country: self.country,
            state: AccountState::Active,
            state_since: today,
            onboarded: today,
            tenant: tenant.id,
            location: Some(place.id),
            domain,
            environment: Environment::Sandbox,
            sandbox_customers: 0,
            cloud: Cloud::Public,
            approvals: Vec::new(),
            revenue_cloud: None,
            revenue_perpetual: None,
            transitioning: false,
            reseller_enrolment: ResellerEnrolment::Complete,
            support_plan: SupportPlan::None,
            support_benefit: false,
            third_party_mfa_exception: false,
            legal_name: None,
            security_contact: None,
            version: 1,
        };
        tx.insert(&account).await?;
        self.sign(ctx, acting, tx, &account).await?;
        tx.put(&Partnership {
            provider: provider.id,
            reseller: account.id,
            state: PartnershipState::Active,
            since: ctx.now,
            removal_requested: None,
            provider_access: true,
        })
        .await?;
        Ok(Made {
            account: account.handle,
            tenant: tenant.id.uuid(),
            signature: ids.uuid(),
            signed: ctx.now,
        })
    }
}

impl CreateSandboxReseller {
    /// Its agreement counts as signed by whoever makes it, and its legal business as verified.
    async fn sign(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
        account: &Account,
    ) -> Result<(), AppError> {
        let signer = acting.caller.user.as_ref().unwrap_or(&acting.caller.name);
        tx.put(&Agreement {
            account: account.id,
            state: AgreementState::Accepted,
            accepted: Some(ctx.now.date()),
            template: PARTNER_TEMPLATE.to_owned(),
            signer: Some(signer.clone()),
            signer_left: false,
            terms_updated: None,
        })
        .await?;
        let body: Json = serde_json::to_value(LegalBusiness {
            company_name: self.company_name.trim().to_owned(),
            address: self.address.clone(),
            primary_contact: self.primary_contact.clone(),
            company_approver_address: None,
            company_approver_email: None,
        })
        .unwrap_or_default();
        tx.put(&PartnerProfile {
            account: account.id,
            kind: ProfileKind::LegalBusiness,
            body: tierline_store::Json(body),
            finalized: None,
            vetting: Vetting::Authorized,
            version: 1,
        })
        .await?;
        Ok(())
    }
}

/// Delete a test reseller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteSandboxReseller {
    /// Its tenant.
    pub reseller: String,
}

impl UseCase for DeleteSandboxReseller {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RemovePartnership
    }

    fn subject(&self) -> String {
        self.reseller.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let own = acting.partner()?;
        let other = self.one(tx, own).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.other = Some(facts::party(tx, &other, ctx.now.date()).await?);
        found.partnership = Some(facts::partnership(tx, own, &other, ctx.now).await?);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let provider = acting.partner()?;
        let mut account = self.one(tx, provider).await?;
        let key = [Value::Id(provider.id.uuid()), Value::Id(account.id.uuid())];
        if let Some(mut tie) = tx.get::<Partnership>(&key).await? {
            tie.state = PartnershipState::Removed;
            tie.since = ctx.now;
            tie.provider_access = false;
            tx.put(&tie).await?;
        }
        let mut tenant: Tenant = by_id(tx, account.tenant).await?;
        // Its name may be used again; what refers to it stays.
        tenant.domain = format!("{}.deleted", tenant.id);
        tx.put(&tenant).await?;
        account.domain.clone_from(&tenant.domain);
        account.state = AccountState::Terminated;
        account.state_since = ctx.now.date();
        account.location = None;
        account.version = account.version.saturating_add(1);
        tx.put(&account).await?;
        let profile = [
            Value::Id(account.id.uuid()),
            Value::Text(ProfileKind::LegalBusiness.to_string()),
        ];
        tx.delete::<PartnerProfile>(&profile).await?;
        Ok(())
    }
}

impl DeleteSandboxReseller {
    /// The provider's own test reseller of that tenant; of others it learns nothing.
    async fn one(&self, tx: &mut Tx<'_>, provider: &Account) -> Result<Account, AppError> {
        let missing = || AppError::missing("test reseller", &self.reseller);
        let tenant = names::tenant(tx, &self.reseller)
            .await?
            .ok_or_else(missing)?;
        let own = held(tx, provider).await?;
        own.into_iter()
            .find(|account| account.tenant == tenant.id)
            .ok_or_else(missing)
    }
}
