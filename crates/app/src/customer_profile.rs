//! What a partner changes on a customer's record: billing profile, domains, old delegation; and the end of a
//! customer account of a sandbox.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tierline_domain::address::{Address, folded};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::customer::{Customer, Relationship, RelationshipState};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_rules::names as forms;
use tierline_store::log::sha256;
use tierline_store::tables::{Contact, VerifiedDomain};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::customer::customer_facts;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::profiles::{Fault, address_faults, culture, language_faults};
use crate::world::default_customer;
use crate::{directory, facts, listed, relationship};

/// A version as its holder is shown it: a signed number of 64 bits that tells nothing and never comes twice.
#[must_use]
pub fn etag_of(what: &str, version: i64) -> String {
    let digest = sha256(&[what.as_bytes(), &version.to_be_bytes()].concat());
    i64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default()).to_string()
}

/// The version of a customer's billing profile as its holder is shown it.
#[must_use]
pub fn etag(tenant: &Tenant, version: i64) -> String {
    etag_of(&tenant.id.to_string(), version)
}

/// Writes a customer's billing profile in place of what it said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateBillingProfile {
    /// The customer.
    pub customer: String,
    /// The version that the writer has read; whatever it is, without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Company name on bills.
    pub company_name: String,
    /// Mail address.
    pub email: String,
    /// Language and country of texts.
    pub culture: String,
    /// Two-letter language.
    pub language: String,
    /// First name of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Address on bills.
    pub address: Address,
}

impl UpdateBillingProfile {
    fn faults(&self, tenant: &Tenant) -> Vec<Fault> {
        let mut found = Vec::new();
        if let Some(fault) = forms::company_name_fault(&self.company_name) {
            found.push(("company_name".to_owned(), format!("may not be {fault}")));
        }
        if forms::mail_domain(self.email.trim()).is_none() {
            found.push(("email".to_owned(), "is no mail address".to_owned()));
        }
        found.extend(language_faults(&self.language, &self.culture));
        found.extend(address_faults("default_address", &self.address));
        if self
            .address
            .country
            .is_some_and(|country| country != tenant.country)
        {
            found.push((
                "default_address.country".to_owned(),
                format!(
                    "stays {}: the country of a customer does not change",
                    tenant.country
                ),
            ));
        }
        found
    }
}

impl UseCase for UpdateBillingProfile {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateCustomer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        customer_facts(ctx, acting, tx, self.checkpoint(), &self.customer).await
    }

    async fn apply(&self, _: &Ctx, _: &Acting, _: &Facts, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        if let Some((field, problem)) = self.faults(&tenant).into_iter().next() {
            return Err(AppError::Invalid { field, problem });
        }
        let known = tx.get::<Customer>(&[Value::Id(tenant.id.uuid())]).await?;
        let mut customer = known.unwrap_or_else(|| default_customer(tenant.id));
        let stands = etag(&tenant, customer.version);
        if self.etag.as_ref().is_some_and(|held| *held != stands) {
            let problem = "the billing profile was changed since it was read";
            return Err(AppError::invalid("etag", problem));
        }
        customer.culture = culture(&self.culture);
        customer.language = self.language.to_lowercase();
        customer.version = customer.version.saturating_add(1);
        listed::customer(tx, &customer).await?;
        let company_name = self.company_name.trim().to_owned();
        tx.put(&Contact {
            tenant: tenant.id,
            folded: folded(&company_name),
            company_name,
            email: self.email.trim().to_owned(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            phone: self.address.phone.clone(),
            address: tierline_store::Json(self.address.clone()),
        })
        .await?;
        listed::renamed(tx, tenant.id).await
    }
}

/// Adds a domain to a customer's tenant whose ownership is shown already.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddDomain {
    /// The customer.
    pub customer: String,
    /// The domain.
    pub domain: String,
    /// How its users sign in, and where.
    #[serde(default)]
    pub settings: Json,
}

impl UseCase for AddDomain {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateCustomer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        customer_facts(ctx, acting, tx, self.checkpoint(), &self.customer).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let domain = self.domain.trim().to_ascii_lowercase();
        if !forms::domain_well_formed(&domain) {
            return Err(AppError::invalid(
                "verified_domain_name",
                "is no domain name",
            ));
        }
        if tx.domain_held(&domain).await? {
            return Err(AppError::Conflict(format!("the domain {domain} is taken")));
        }
        tx.insert(&VerifiedDomain {
            domain,
            customer: tenant.id,
            settings: tierline_store::Json(self.settings.clone()),
            added: ctx.now,
        })
        .await?;
        Ok(())
    }
}

/// Deletes a customer account of a sandbox, with everything that it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteCustomer {
    /// The customer.
    pub customer: String,
}

async fn held(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Vec<Subscription>, AppError> {
    let key = [Value::Id(tenant.id.uuid())];
    let found = tx
        .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?;
    Ok(found
        .into_iter()
        .filter(|held| held.state != SubscriptionState::Deleted)
        .collect())
}

impl UseCase for DeleteCustomer {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RemoveRelationship
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    /// Reservations and software are cancelled first; everything else goes with the account.
    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let own = acting.partner()?;
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.buyer = Some(facts::buyer(tx, &tenant, None, ctx.now.date()).await?);
        found.relation = Some(facts::relation(tx, own, &tenant).await?);
        for subscription in held(tx, &tenant).await? {
            let item: Item = by_id(tx, subscription.item).await?;
            let first = matches!(
                item.kind,
                ItemKind::Reservation
                    | ItemKind::SoftwareSubscription
                    | ItemKind::PerpetualSoftware
            );
            if first {
                found.form.live.push(format!(
                    "{} ({}, {})",
                    subscription.handle, item.kind, subscription.state
                ));
            }
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let mut tenant = names::the_tenant(tx, &self.customer).await?;
        for mut subscription in held(tx, &tenant).await? {
            subscription.state = SubscriptionState::Deleted;
            subscription.version = subscription.version.saturating_add(1);
            tx.put(&subscription).await?;
            crate::schedule::drop_all(tx, &subscription.handle).await?;
        }
        directory::forget_all(tx, &tenant).await?;
        let ties = tx
            .find::<Relationship>(
                tables::relationships::BY_CUSTOMER,
                &[Value::Id(tenant.id.uuid())],
            )
            .await?;
        for tie in ties {
            let partner: Account = by_id(tx, tie.partner).await?;
            let pair = (&partner, &tenant);
            if tie.state == RelationshipState::Active || tie.state == RelationshipState::Invited {
                relationship::become_state(ctx, tx, pair, tie, RelationshipState::Removed).await?;
            }
        }
        for domain in tx
            .find::<VerifiedDomain>(
                tables::verified_domains::BY_CUSTOMER,
                &[Value::Id(tenant.id.uuid())],
            )
            .await?
        {
            tx.delete::<VerifiedDomain>(&[Value::Text(domain.domain)])
                .await?;
        }
        // What is personal goes; the tenant stays for what refers to it, and its domain may be used again.
        tx.delete::<Contact>(&[Value::Id(tenant.id.uuid())]).await?;
        let customer = [Value::Id(tenant.id.uuid())];
        tx.execute(tables::notices::FORGET_OF_CUSTOMER, &customer)
            .await?;
        listed::renamed(tx, tenant.id).await?;
        tenant.domain = format!("{}.deleted", tenant.id);
        Ok(tx.put(&tenant).await?)
    }
}
