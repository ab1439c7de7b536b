//! A new customer: its company, tenant, relationships and first granular rights, made in one act.

use serde::{Deserialize, Serialize};
use tierline_domain::address::{Address, folded};
use tierline_domain::admin::{AdminRelationship, AdminState, DirectoryRole};
use tierline_domain::customer::{Acquired, Customer, Delegation, Relationship, RelationshipState};
use tierline_domain::id::Id;
use tierline_domain::partner::{
    Account, MembershipState, Organization, PartnerType, Tenant, TenantType,
};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, add_days};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{CustomerForm, Facts, Tier};
use tierline_rules::names as forms;
use tierline_store::idempotency::{Replay, RequestKey};
use tierline_store::log::{hex, sha256};
use tierline_store::tables::Contact;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::partnership::yes;
use crate::profiles::{address_faults, culture, language_faults};
use crate::world::default_customer;
use crate::{directory, facts, kinship, listed, names, schedule};

/// The word that leaves a value out.
const LEFT_OUT: &str = "none";
/// A telephone number for whoever gives none and does not leave it out.
const SOME_PHONE: &str = "+1 555 0100";
/// From this day a new customer comes with granular rights (GDA-021, X-17).
const DEFAULT_RIGHTS_FROM: Date = Date::constant(2023, 11, 1);
/// How long they last (GDA-004).
const DEFAULT_RIGHTS_DAYS: i32 = 730;

/// What a new customer's default granular relationship holds (GDA-022).
const DEFAULT_ROLES: [DirectoryRole; 9] = [
    DirectoryRole::DirectoryReader,
    DirectoryRole::DirectoryWriter,
    DirectoryRole::LicenseAdministrator,
    DirectoryRole::ServiceSupportAdministrator,
    DirectoryRole::UserAdministrator,
    DirectoryRole::PrivilegedRoleAdministrator,
    DirectoryRole::HelpdeskAdministrator,
    DirectoryRole::PrivilegedAuthenticationAdministrator,
    DirectoryRole::GlobalReader,
];
/// What billed partners hold besides.
const BILLED_ROLES: [DirectoryRole; 2] = [
    DirectoryRole::CloudApplicationAdministrator,
    DirectoryRole::ApplicationAdministrator,
];

/// Roles of a partner's default granular relationship with a new customer (GDA-022).
#[must_use]
pub fn default_roles(kind: PartnerType) -> Vec<DirectoryRole> {
    let billed: &[DirectoryRole] = if kind.is_billed() { &BILLED_ROLES } else { &[] };
    DEFAULT_ROLES.iter().chain(billed).copied().collect()
}

/// Create a customer tenant, for the own business or for a reseller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateCustomer {
    /// Names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Company name. The name of a company on record makes a further tenant of that company.
    pub name: String,
    /// Country.
    pub country: Country,
    /// Initial domain.
    pub domain: String,
    /// Mail address.
    pub email: String,
    /// Telephone; `none` leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Registration number; `none` leaves it out, and by default it is one that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_number: Option<String>,
    /// A number is taken only for the countries that ask for one, as on the documented form (CUS-012).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub number_only_where_asked: bool,
    /// The reseller it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_reseller: Option<String>,
    /// Makes a repeat safe (GEN-006).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The default granular relationship is wanted (GDA-021).
    #[serde(default = "yes")]
    pub default_rights: bool,
    /// First name of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Language and country of texts; `en-US` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub culture: Option<String>,
    /// Two-letter language; `en` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its address; only its country without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Old full delegation is asked for (DAP-002).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub full_delegation: bool,
}

/// What creating a customer answers.
#[derive(Clone, Debug, Serialize)]
pub struct Created {
    /// The customer.
    pub customer: String,
    /// An earlier answer was returned.
    pub replayed: bool,
    /// The name passed, but is hardly that of a company (CUS-013).
    pub warning: Option<String>,
}

impl Created {
    fn again(customer: String) -> Self {
        Self {
            customer,
            replayed: true,
            warning: None,
        }
    }
}

impl CreateCustomer {
    fn phone(&self) -> Option<String> {
        let given = self.phone.as_deref().unwrap_or(SOME_PHONE);
        (given != LEFT_OUT).then(|| given.to_owned())
    }

    fn registration_number(&self) -> Option<String> {
        match self.registration_number.as_deref() {
            Some(LEFT_OUT) => None,
            Some(given) => Some(given.to_owned()),
            None => forms::registration_number_example(self.country),
        }
    }

    fn bad_fields(&self) -> Vec<String> {
        let fields = [
            ("email", forms::mail_domain(&self.email).is_some()),
            ("domain", forms::domain_well_formed(&self.domain)),
        ];
        let mut bad: Vec<String> = fields
            .into_iter()
            .filter(|(_, well_formed)| !well_formed)
            .map(|(field, _)| field.to_owned())
            .collect();
        if let Some(address) = &self.address {
            let faults = address_faults("address", address).into_iter();
            bad.extend(faults.map(|(field, problem)| format!("{field} {problem}")));
        }
        let plain = default_customer(Id::from_uuid(uuid::Uuid::nil()));
        let faults = language_faults(
            self.language.as_ref().unwrap_or(&plain.language),
            self.culture.as_ref().unwrap_or(&plain.culture),
        );
        bad.extend(faults.into_iter().map(|(field, _)| field));
        bad
    }

    fn address(&self) -> Address {
        Address {
            country: Some(self.country),
            ..self.address.clone().unwrap_or_default()
        }
    }

    /// Everything that makes two requests the same; what it is called here does not.
    fn fingerprint(&self) -> String {
        let same = Self {
            id: None,
            request_id: None,
            ..self.clone()
        };
        let text = serde_json::to_string(&same).unwrap_or_default();
        hex(&sha256(text.as_bytes()))
    }

    fn key(&self, account: &Account) -> Option<RequestKey> {
        // The caller's own word for it, apart from the id of the call that carries it.
        let request_id = format!("customer {}", self.request_id.as_ref()?);
        Some(RequestKey {
            tenant: account.tenant.uuid(),
            request_id,
            method: Checkpoint::CreateCustomer.to_string(),
            path: String::new(),
            fingerprint: self.fingerprint(),
        })
    }

    /// The customer that the same request made before.
    async fn earlier(&self, acting: &Acting, tx: &mut Tx<'_>) -> Result<Option<String>, AppError> {
        let Some(key) = acting
            .account
            .as_ref()
            .and_then(|account| self.key(account))
        else {
            return Ok(None);
        };
        match tx.replay(&key).await? {
            Replay::Answered(customer) => Ok(Some(customer)),
            Replay::Clash => Err(AppError::Conflict(
                "the request id was used for another customer".to_owned(),
            )),
            Replay::New => Ok(None),
        }
    }

    async fn remember(
        &self,
        ctx: &Ctx,
        account: &Account,
        tx: &mut Tx<'_>,
        customer: &str,
    ) -> Result<(), AppError> {
        if let Some(key) = self.key(account) {
            tx.remember(&key, customer, ctx.server_now).await?;
        }
        Ok(())
    }

    async fn company(&self, tx: &mut Tx<'_>) -> Result<Option<Organization>, AppError> {
        let name = Value::Text(self.name.trim().to_owned());
        let known = tx
            .find::<Organization>(tables::organizations::BY_NAME, &[name])
            .await?;
        Ok(known.into_iter().next())
    }
}

/// A tenant with that domain, in whatever case it is written.
async fn holder(tx: &mut Tx<'_>, domain: &str) -> Result<Option<Tenant>, AppError> {
    let domain = Value::Text(domain.trim().to_ascii_lowercase());
    Ok(tx
        .find::<Tenant>(tables::tenants::BY_DOMAIN, &[domain])
        .await?
        .into_iter()
        .next())
}

impl UseCase for CreateCustomer {
    type Out = Created;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateCustomer
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        if self.earlier(acting, tx).await?.is_some() {
            // GEN-006: a repeat answers as the first time did, whatever changed since.
            return facts::begin(tx, ctx, acting, Checkpoint::ReadCustomer).await;
        }
        let own = acting.partner()?;
        let today = ctx.now.date();
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.named = facts::named(tx, self.for_reseller.as_deref(), today).await?;
        let reseller = facts::named_account(tx, &found.named).await?;
        if let Some(reseller) = &reseller {
            found.partnership = Some(facts::partnership(tx, own, reseller, ctx.now).await?);
        }
        let holder = holder(tx, &self.domain).await?;
        if let Some(holder) = &holder {
            found.exclusivity = facts::exclusivity(tx, own, holder, ctx.now).await?;
        }
        if let Some(company) = self.company(tx).await? {
            let sellers = match &reseller {
                Some(reseller) => vec![(own, Tier::Provider), (reseller, Tier::Reseller)],
                None => vec![(own, Tier::Only)],
            };
            found.kinship = kinship::of_company(tx, company.id, &sellers, today).await?;
        }
        found.form.full_delegation = self.full_delegation;
        let number = self.registration_number();
        found.customer_form = Some(Box::new(CustomerForm {
            name: self.name.clone(),
            country: self.country,
            domain: self.domain.clone(),
            domain_taken_by: holder.map(|tenant| tenant.handle),
            email: self.email.clone(),
            phone: self.phone(),
            registration_number_fits: number
                .as_deref()
                .is_none_or(|number| forms::registration_number_fits(self.country, number)),
            registration_number: number,
            number_only_where_asked: self.number_only_where_asked,
            for_reseller: found.named.clone(),
            bad_fields: self.bad_fields(),
        }));
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Created, AppError> {
        if let Some(customer) = self.earlier(acting, tx).await? {
            return Ok(Created::again(customer));
        }
        let own = acting.partner()?;
        let reseller = facts::named_account(tx, &facts.named).await?;
        let tenant = self.settle(ctx, tx).await?;
        let delegation = if self.full_delegation {
            Delegation::Full
        } else {
            Delegation::None
        };
        relate(ctx, tx, own, &tenant, reseller.as_ref(), delegation).await?;
        if let Some(reseller) = &reseller {
            relate(ctx, tx, reseller, &tenant, Some(own), delegation).await?;
        }
        if self.default_rights && ctx.now.date() >= DEFAULT_RIGHTS_FROM {
            for partner in std::iter::once(own).chain(&reseller) {
                grant(ctx, tx, partner, &tenant).await?;
            }
        }
        self.remember(ctx, own, tx, &tenant.handle).await?;
        let dubious = forms::company_name_dubious(&self.name);
        Ok(Created {
            customer: tenant.handle,
            replayed: false,
            warning: dubious.then(|| format!("`{}` is hardly the name of a company", self.name)),
        })
    }
}

impl CreateCustomer {
    /// Makes the company, unless it is on record, its tenant, and what makes that a customer.
    async fn settle(&self, ctx: &Ctx, tx: &mut Tx<'_>) -> Result<Tenant, AppError> {
        let ids = Ids::named("customer", &ctx.seed.to_string(), ctx.now);
        let handle = match &self.id {
            Some(id) if names::tenant(tx, id).await?.is_some() => {
                return Err(AppError::Conflict(format!("the name {id} is taken")));
            }
            Some(id) => id.clone(),
            None => free_handle(tx, &self.name, &ids).await?,
        };
        let company = match self.company(tx).await? {
            Some(known) => known,
            None => self.incorporate(tx, &handle, &ids).await?,
        };
        let tenant = Tenant {
            id: ids.next(),
            handle,
            organization: company.id,
            kind: TenantType::Customer,
            country: self.country,
            domain: self.domain.trim().to_ascii_lowercase(),
            associated_with: None,
            program_since: None,
        };
        tx.insert(&tenant).await?;
        tx.put(&Contact {
            tenant: tenant.id,
            company_name: self.name.trim().to_owned(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            phone: self.phone(),
            address: tierline_store::Json(self.address()),
            folded: folded(&self.name),
        })
        .await?;
        let plain = default_customer(tenant.id);
        let customer = Customer {
            registration_number: self.registration_number(),
            culture: self.culture.as_deref().map_or(plain.culture, culture),
            language: self
                .language
                .as_deref()
                .map_or(plain.language, str::to_lowercase),
            ..default_customer(tenant.id)
        };
        listed::customer(tx, &customer).await?;
        let name = [&self.first_name, &self.last_name].map(|name| name.as_deref().unwrap_or(""));
        directory::first_administrator(tx, &tenant, ids.next(), name.into(), ctx.now).await?;
        Ok(tenant)
    }

    async fn incorporate(
        &self,
        tx: &mut Tx<'_>,
        handle: &str,
        ids: &Ids,
    ) -> Result<Organization, AppError> {
        let id: Id<Organization> = ids.next();
        let named = format!("ORG-{handle}");
        let taken = names::organization(tx, &named).await?.is_some();
        let company = Organization {
            id,
            handle: if taken { id.to_string() } else { named },
            name: self.name.trim().to_owned(),
            headquarters: Some(self.country),
            membership: MembershipState::Active,
        };
        tx.insert(&company).await?;
        Ok(company)
    }
}

/// "Orchard Bakery SAS" becomes `orchard-bakery-sas`, unless somebody is called that.
async fn free_handle(tx: &mut Tx<'_>, name: &str, ids: &Ids) -> Result<String, AppError> {
    let mut handle = String::new();
    for letter in name.trim().chars() {
        if letter.is_ascii_alphanumeric() {
            handle.push(letter.to_ascii_lowercase());
        } else if !handle.ends_with('-') && !handle.is_empty() {
            handle.push('-');
        }
    }
    let handle = handle.trim_end_matches('-').to_owned();
    let taken = handle.is_empty()
        || names::tenant(tx, &handle).await?.is_some()
        || names::account(tx, &handle).await?.is_some()
        || names::user(tx, &handle).await?.is_some();
    Ok(if taken {
        ids.uuid().to_string()
    } else {
        handle
    })
}

/// A customer belongs to its creator, and to the reseller it is created for, from the start (CUS-032).
async fn relate(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Account,
    tenant: &Tenant,
    joint_with: Option<&Account>,
    delegation: Delegation,
) -> Result<(), AppError> {
    let through_provider = joint_with.is_some() && partner.acts_as_reseller();
    let tie = Relationship {
        partner: partner.id,
        customer: tenant.id,
        state: RelationshipState::Active,
        since: ctx.now,
        removed: None,
        delegation,
        acquired: if through_provider {
            Acquired::AsReseller
        } else {
            Acquired::Directly
        },
        joint_with: joint_with.map(|other| other.id),
        self_service: false,
    };
    listed::relationship(tx, &tie).await
}

/// The default granular relationship (GDA-021): active at once, held by nobody yet (GDA-023).
async fn grant(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Account,
    tenant: &Tenant,
) -> Result<(), AppError> {
    let handle = format!("default-{}-{}", partner.handle, tenant.handle);
    let roles = default_roles(partner.kind);
    let admin = AdminRelationship {
        id: Ids::named("default rights", &handle, ctx.now).next(),
        name: handle.clone(),
        handle,
        partner: partner.id,
        customer: tenant.id,
        roles: roles.iter().map(ToString::to_string).collect(),
        state: AdminState::Active,
        requested: ctx.now,
        ends: add_days(ctx.now.date(), DEFAULT_RIGHTS_DAYS),
        days: i64::from(DEFAULT_RIGHTS_DAYS),
        auto_extend: false,
        is_default: true,
        assigned: Vec::new(),
        activated: Some(ctx.now),
        changed: None,
        version: 1,
    };
    tx.put(&admin).await?;
    schedule::plan_admin(tx, &admin).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_roles_for_billed_partners_and_nine_for_resellers() {
        assert_eq!(default_roles(PartnerType::DirectBill).len(), 11);
        assert_eq!(default_roles(PartnerType::IndirectProvider).len(), 11);
        let reseller = default_roles(PartnerType::IndirectReseller);
        assert_eq!(reseller.len(), 9);
        assert!(!reseller.contains(&DirectoryRole::ApplicationAdministrator));
    }
}
