//! What a partner sets and reads of a customer, and what a customer buys by itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::customer::{Customer, Qualification, RelationshipState, Segment};
use tierline_domain::partner::{Organization, Tenant};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_domain::vetting::{self, EducationSegment};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{CallerKind, Facts};
use tierline_store::{Tx, Value, tables};

use crate::access;
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::order::{self, Placed, Wanted};
use crate::qualifications::{self, Asked};
use crate::world::default_customer;
use crate::{facts, relationship};

/// The word that leaves a value out.
const LEFT_OUT: &str = "none";

/// Facts of a partner's command for a customer: the tenant and what ties the two.
pub(crate) async fn customer_facts(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    customer: &str,
) -> Result<Facts, AppError> {
    let own = acting.partner()?;
    let tenant = names::the_tenant(tx, customer).await?;
    let mut found = facts::begin(tx, ctx, acting, checkpoint).await?;
    found.buyer = Some(facts::buyer(tx, &tenant, None, ctx.now.date()).await?);
    found.relation = Some(facts::relation(tx, own, &tenant).await?);
    Ok(found)
}

/// Set a special qualification.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetQualification {
    /// The customer.
    pub customer: String,
    /// The qualification.
    pub value: Special,
    /// The partner's validation code, which the government community cloud needs; `none` leaves it out.
    #[serde(default = "some_code")]
    pub validation_code: String,
    /// A validation code on record, by which the partner qualifies the customer; counted down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The kind of school.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<EducationSegment>,
    /// A page that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

fn some_code() -> String {
    "validated".to_owned()
}

tierline_domain::words! {
    /// Special qualifications as they are asked for (CUS-024).
    pub enum Special {
        /// Take it away.
        None = "none",
        /// Education.
        Education = "education",
        /// Nonprofit.
        Nonprofit = "nonprofit",
        /// Government community cloud.
        GovernmentCommunityCloud = "government_community_cloud",
        /// A state-owned entity.
        StateOwned = "state_owned",
    }
}

impl Special {
    /// What is put on record; nothing for what is refused.
    const fn on_record(self) -> Option<vetting::Special> {
        match self {
            Self::Education => Some(vetting::Special::Education),
            Self::GovernmentCommunityCloud => Some(vetting::Special::GovernmentCommunityCloud),
            Self::StateOwned => Some(vetting::Special::StateOwned),
            Self::None | Self::Nonprofit => None,
        }
    }
}

/// A customer's qualification after a change.
#[derive(Clone, Debug, Serialize)]
pub struct Qualified {
    /// The segment.
    pub segment: Segment,
    /// How far its verification is (CUS-025).
    pub qualification: Qualification,
    /// A state-owned entity.
    pub state_owned: bool,
}

impl UseCase for SetQualification {
    type Out = Qualified;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SetQualification
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = customer_facts(ctx, acting, tx, self.checkpoint(), &self.customer).await?;
        found.form.qualification = Some(self.value.to_string());
        let good = match &self.code {
            Some(code) => qualifications::code_is_good(tx, acting.partner()?, code).await?,
            None => self.validation_code != LEFT_OUT,
        };
        found.form.validation_code_missing =
            self.value == Special::GovernmentCommunityCloud && !good;
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Qualified, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let known = tx.get::<Customer>(&[Value::Id(tenant.id.uuid())]).await?;
        let mut customer = known.unwrap_or_else(|| default_customer(tenant.id));
        match self.value {
            Special::Education => {
                customer.segment = Segment::Education;
                customer.qualification = Qualification::InReview;
            }
            Special::GovernmentCommunityCloud => {
                customer.segment = Segment::GovernmentCommunityCloud;
                customer.qualification = Qualification::Approved;
            }
            Special::StateOwned => customer.state_owned = true,
            // Refused (CUS-024).
            Special::None | Special::Nonprofit => {}
        }
        customer.version = customer.version.saturating_add(1);
        tx.put(&customer).await?;
        if let Some(special) = self.value.on_record() {
            let asked = Asked {
                special,
                segment: self.segment,
                website: self.website.as_deref(),
                code: self.code.as_deref(),
            };
            qualifications::ask(ctx, tx, (acting.partner()?, &tenant), asked).await?;
        }
        Ok(Qualified {
            segment: customer.segment,
            qualification: customer.qualification,
            state_owned: customer.state_owned,
        })
    }
}

/// Switch self-service purchase for a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetSelfService {
    /// The customer.
    pub customer: String,
    /// On or off.
    pub enabled: bool,
}

impl UseCase for SetSelfService {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SetSelfService
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
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let mut tie = relationship::row(tx, acting.partner()?, &tenant, ctx.now).await?;
        tie.self_service = self.enabled;
        tx.put(&tie).await?;
        Ok(json!({ "customer": tenant.handle, "enabled": self.enabled }))
    }
}

/// A customer buys by itself; the partner pays and is not asked (CUS-026).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfServicePurchase {
    /// What.
    pub item: String,
    /// Who would pay.
    pub partner: String,
}

impl SelfServicePurchase {
    fn wanted(&self, tenant: &Tenant) -> Wanted {
        Wanted::one_of(&tenant.handle, &self.item)
    }
}

impl UseCase for SelfServicePurchase {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SelfServicePurchase
    }

    fn subject(&self) -> String {
        self.item.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let tenant = acting.customer()?;
        let partner = names::the_account(tx, &self.partner).await?;
        let item = names::the_item(tx, &self.item).await?;
        let today = ctx.now.date();
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        let tie = relationship::row(tx, &partner, tenant, ctx.now).await?;
        found.form.self_service = Some(tie.self_service && tie.state == RelationshipState::Active);
        let eligible = item.kind == ItemKind::Reservation;
        found.form.self_service_item = Some((item.handle, eligible));
        found.other = Some(facts::party(tx, &partner, today).await?);
        found.buyer = Some(facts::buyer(tx, tenant, None, today).await?);
        found.relation = Some(facts::relation(tx, &partner, tenant).await?);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let wanted = self.wanted(acting.customer()?);
        let partner = names::the_account(tx, &self.partner).await?;
        let payer = Acting {
            account: Some(partner),
            ..acting.clone()
        };
        order::buy(ctx, &payer, facts, tx, &wanted).await
    }
}

/// Read a customer's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadCustomer {
    /// The customer.
    pub customer: String,
}

/// A customer's record.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerRecord {
    /// The customer.
    pub customer: String,
    /// What only a reader in the customer's tenant sees (GDA-027).
    pub company_details: Option<Json>,
}

impl ReadCustomer {
    async fn may_see_details(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
        tenant: &Tenant,
    ) -> Result<bool, AppError> {
        if acting.account.is_some() {
            return access::company_details_open(ctx, acting, tx, tenant).await;
        }
        let own = acting.tenant.as_ref();
        Ok(own.is_some_and(|own| own.id == tenant.id))
    }
}

impl UseCase for ReadCustomer {
    type Out = CustomerRecord;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadCustomer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        if acting.caller.kind == CallerKind::Partner {
            return customer_facts(ctx, acting, tx, self.checkpoint(), &self.customer).await;
        }
        let tenant = names::the_tenant(tx, &self.customer).await?;
        if acting.caller.kind == CallerKind::Customer && acting.customer()?.id != tenant.id {
            return Err(AppError::missing("customer", &self.customer));
        }
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<CustomerRecord, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let details = if self.may_see_details(ctx, acting, tx, &tenant).await? {
            let company: Organization = by_id(tx, tenant.organization).await?;
            Some(json!({
                "company_name": company.name,
                "domain": tenant.domain,
                "country": tenant.country,
            }))
        } else {
            None
        };
        Ok(CustomerRecord {
            customer: tenant.handle,
            company_details: details,
        })
    }
}

/// Fetch the keys of software that the partner sold to a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadSoftwareKeys {
    /// The customer.
    pub customer: String,
}

/// Keys of software.
#[derive(Clone, Debug, Serialize)]
pub struct SoftwareKeys {
    /// One for each software subscription or licence.
    pub keys: Vec<SoftwareKey>,
}

/// The key of one purchase.
#[derive(Clone, Debug, Serialize)]
pub struct SoftwareKey {
    /// The purchase.
    pub subscription: String,
    /// The item.
    pub item: String,
    /// The key.
    pub key: String,
}

/// Five groups of five, the same at every reading.
fn product_key(subscription: &Subscription) -> String {
    let drawn = Ids::named(
        "product key",
        &subscription.id.to_string(),
        subscription.bought,
    );
    let text = format!("{}{}", drawn.uuid().simple(), drawn.uuid().simple()).to_uppercase();
    let letters: Vec<char> = text.chars().rev().take(25).collect();
    letters
        .chunks(5)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join("-")
}

impl UseCase for ReadSoftwareKeys {
    type Out = SoftwareKeys;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadSoftwareKeys
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        customer_facts(ctx, acting, tx, self.checkpoint(), &self.customer).await
    }

    async fn apply(
        &self,
        _: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<SoftwareKeys, AppError> {
        let own = acting.partner()?;
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let mut keys = Vec::new();
        for subscription in tx
            .find::<Subscription>(
                tables::subscriptions::BY_CUSTOMER,
                &[Value::Id(tenant.id.uuid())],
            )
            .await?
        {
            let item: Item = by_id(tx, subscription.item).await?;
            let software = matches!(
                item.kind,
                ItemKind::SoftwareSubscription | ItemKind::PerpetualSoftware
            );
            let sold = subscription.seller == Some(own.id)
                && subscription.state != SubscriptionState::Deleted;
            if software && sold {
                keys.push(SoftwareKey {
                    key: product_key(&subscription),
                    subscription: subscription.handle,
                    item: item.handle,
                });
            }
        }
        Ok(SoftwareKeys { keys })
    }
}
