//! Old full delegation: how it ends, and when it was used last.

use serde::{Deserialize, Serialize};
use tierline_domain::admin::{AdminRelationship, AdminState, DelegationUse};
use tierline_domain::customer::{Delegation, Relationship};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, PartnerType, Tenant};
use tierline_domain::time::{Period, add_days};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value};

use super::Administered;
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::new_customer::default_roles;
use crate::{events, facts, relationship, schedule, support_contact};

/// Full delegation that was converted goes (DAP-007). Subject: partner and customer.
pub const DELEGATION_REMOVAL: &str = "delegation_removal";
/// Days for which converted rights last: a year (DAP-007).
const CONVERTED_DAYS: i32 = 365;
/// Days after which full delegation goes that was converted (DAP-007).
const REMOVAL_DAYS: i32 = 30;

/// Ends old full delegation and nothing else (DAP-003): the partner names the customer, the customer the partner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndDelegation {
    /// The customer, where the partner ends it.
    #[serde(default)]
    pub customer: Option<String>,
    /// The partner, where the customer ends it.
    #[serde(default)]
    pub partner: Option<String>,
}

impl EndDelegation {
    /// Between whom. To each side nobody exists but those with whom it has to do.
    async fn between(
        &self,
        acting: &Acting,
        tx: &mut Tx<'_>,
    ) -> Result<(Account, Tenant), AppError> {
        if let Some(own) = &acting.tenant {
            let name = self.partner.as_deref();
            let name = name.ok_or_else(|| AppError::invalid("partner", "is missing"))?;
            let found = names::account(tx, name).await?;
            let partner = found.ok_or_else(|| AppError::missing("partner", name))?;
            return Ok((partner, own.clone()));
        }
        let name = self.customer.as_deref();
        let name = name.ok_or_else(|| AppError::invalid("customer", "is missing"))?;
        Ok((
            acting.partner()?.clone(),
            names::the_tenant(tx, name).await?,
        ))
    }
}

impl UseCase for EndDelegation {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::TerminateAdmin
    }

    fn subject(&self) -> String {
        let other = self.customer.as_ref().or(self.partner.as_ref());
        other.cloned().unwrap_or_default()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let (partner, customer) = self.between(acting, tx).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        let relation = facts::relation(tx, &partner, &customer).await?;
        if !relation.is_active() {
            // Whether there is such a party is not for those without a relationship to know.
            let (what, name) = if acting.tenant.is_some() {
                ("partner", &self.partner)
            } else {
                ("customer", &self.customer)
            };
            return Err(AppError::missing(what, name.clone().unwrap_or_default()));
        }
        found.buyer = Some(facts::buyer(tx, &customer, None, ctx.now.date()).await?);
        found.relation = Some(relation);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let (partner, customer) = self.between(acting, tx).await?;
        let mut tie = relationship::row(tx, &partner, &customer, ctx.now).await?;
        tie.delegation = Delegation::None;
        tx.put(&tie).await?;
        support_contact::rights_ended(tx, partner.id, customer.id).await
    }
}

/// The operator converts full delegation into granular rights: for a year, with the nine default roles; the old
/// delegation goes thirty days later (DAP-007).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvertDelegation {
    /// The partner.
    pub partner: String,
    /// The customer.
    pub customer: String,
}

impl UseCase for ConvertDelegation {
    type Out = Administered;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        format!("{} {}", self.partner, self.customer)
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.operator()?;
        let partner = names::the_account(tx, &self.partner).await?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        let tie = relationship::row(tx, &partner, &customer, ctx.now).await?;
        if tie.delegation != Delegation::Full {
            let text = format!("{} holds no full delegation there to convert", self.partner);
            return Err(AppError::Conflict(text));
        }
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Administered, AppError> {
        let partner = names::the_account(tx, &self.partner).await?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        let handle = format!("converted-{}-{}", partner.handle, customer.handle);
        if let Some(known) = names::admin_relationship(tx, &handle).await? {
            return Ok(Administered::of(&known, None));
        }
        let roles = default_roles(PartnerType::IndirectReseller);
        let row = AdminRelationship {
            id: Ids::named("converted rights", &handle, ctx.now).next(),
            name: handle.clone(),
            handle,
            partner: partner.id,
            customer: customer.id,
            roles: roles.iter().map(ToString::to_string).collect(),
            state: AdminState::Active,
            requested: ctx.now,
            ends: add_days(ctx.now.date(), CONVERTED_DAYS),
            days: i64::from(CONVERTED_DAYS),
            auto_extend: false,
            is_default: false,
            assigned: Vec::new(),
            activated: Some(ctx.now),
            changed: None,
            version: 1,
        };
        tx.put(&row).await?;
        schedule::plan_admin(tx, &row).await?;
        let subject = format!("{} {}", partner.id, customer.id);
        let due = ctx.now.plus(Period::days(REMOVAL_DAYS))?;
        schedule::plan(tx, DELEGATION_REMOVAL, &subject, due).await?;
        Ok(Administered::of(&row, None))
    }
}

/// Does what fell due, if it is about old delegation.
pub(super) async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if kind != DELEGATION_REMOVAL {
        return Ok(false);
    }
    let Some((partner, customer)) = subject.split_once(' ') else {
        return Ok(true);
    };
    let partner = names::the_account(tx, partner).await?;
    let customer = names::the_tenant(tx, customer).await?;
    let key = [Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())];
    if let Some(mut tie) = tx.get::<Relationship>(&key).await?
        && tie.delegation == Delegation::Full
    {
        tie.delegation = Delegation::None;
        tx.put(&tie).await?;
        support_contact::rights_ended(tx, partner.id, customer.id).await?;
        events::happened(ctx, tx, "delegation_converted", subject).await?;
    }
    Ok(true)
}

/// Full delegation is used now (DAP-005).
pub(crate) async fn used(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    customer: &str,
) -> Result<(), AppError> {
    let customer = names::the_tenant(tx, customer).await?.id;
    let row = DelegationUse {
        partner,
        customer,
        used: ctx.now,
    };
    Ok(tx.put(&row).await?)
}

/// When full delegation was used last; absent where it never was since the server keeps count.
///
/// # Errors
/// When the store fails.
pub async fn last_use(
    tx: &mut Tx<'_>,
    tie: &Relationship,
) -> Result<Option<DelegationUse>, AppError> {
    let key = [
        Value::Id(tie.partner.uuid()),
        Value::Id(tie.customer.uuid()),
    ];
    Ok(tx.get(&key).await?)
}

/// The handle of a tie's customer.
pub(super) async fn customer_of(tx: &mut Tx<'_>, tie: &Relationship) -> Result<String, AppError> {
    Ok(by_id::<Tenant, _>(tx, tie.customer).await?.handle)
}
