//! Partner and customer: invite, accept, decline, withdraw, extend, remove, and what each leaves behind.

use serde::{Deserialize, Serialize};
use tierline_domain::admin::{AdminRelationship, AdminState};
use tierline_domain::catalog::{Generation, Item, ItemKind};
use tierline_domain::customer::{
    AcceptedBy, Acquired, Attestation, Delegation, Relationship, RelationshipState,
};
use tierline_domain::partner::{Account, PartnerType, Tenant};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_domain::time::{Date, Period, Timestamp};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, Named, Tier};
use tierline_rules::rules::delegation::full_delegation_ended;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::partnership::{Link, yes};
use crate::windows::WINDOW_HOURS;
use crate::{admin, attest, events, facts, kinship, listed, schedule, support_contact};

/// One relationship as a command leaves it.
#[derive(Clone, Debug, Serialize)]
pub struct Related {
    /// The partner.
    pub partner: String,
    /// The customer.
    pub customer: String,
    /// The state now.
    pub state: RelationshipState,
}

/// What a command about relationships answers.
#[derive(Clone, Debug, Serialize)]
pub struct Relations {
    /// The relationships it was about.
    pub relationships: Vec<Related>,
}

/// Reads the row of a pair, or what stands for "none".
///
/// # Errors
/// When the store fails.
pub(crate) async fn row(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
    now: Timestamp,
) -> Result<Relationship, AppError> {
    let key = [Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())];
    Ok(tx.get::<Relationship>(&key).await?.unwrap_or(Relationship {
        partner: partner.id,
        customer: customer.id,
        state: RelationshipState::None,
        since: now,
        removed: None,
        delegation: Delegation::None,
        acquired: Acquired::Directly,
        joint_with: None,
        self_service: false,
    }))
}

fn subject(partner: &Account, customer: &Tenant) -> String {
    format!("{} {}", partner.handle, customer.handle)
}

/// Writes a relationship in its new state and keeps the schedule true to it. Old full delegation is not
/// granted any more (DAP-002), and nothing that was switched on survives the end.
pub(crate) async fn become_state(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (partner, customer): (&Account, &Tenant),
    mut tie: Relationship,
    state: RelationshipState,
) -> Result<Related, AppError> {
    // What an invitation asked for while it was still granted comes with its acceptance.
    let granted = matches!(state, RelationshipState::Invited)
        || (state == RelationshipState::Active && tie.state == RelationshipState::Invited);
    if !granted || ctx.now.date() >= full_delegation_ended(Checkpoint::InviteCustomer) {
        tie.delegation = Delegation::None;
    }
    tie.state = state;
    tie.since = ctx.now;
    tie.removed = (state == RelationshipState::Removed).then(|| ctx.now.date());
    tie.self_service = false;
    listed::relationship(tx, &tie).await?;
    let subject = subject(partner, customer);
    schedule::drop_open(tx, schedule::RELATIONSHIP_LAPSE, &subject).await?;
    if state == RelationshipState::Invited {
        let due = ctx.now.plus(Period::days(schedule::INVITATION_DAYS))?;
        schedule::plan(tx, schedule::RELATIONSHIP_LAPSE, &subject, due).await?;
    }
    Ok(related(partner, customer, state))
}

fn related(partner: &Account, customer: &Tenant, state: RelationshipState) -> Related {
    Related {
        partner: partner.handle.clone(),
        customer: customer.handle.clone(),
        state,
    }
}

/// The sellers of a chain, with their tiers: one alone, or a provider and its reseller.
fn tiers<'a>(provider: Option<&'a Account>, facing: &'a Account) -> Vec<(&'a Account, Tier)> {
    match provider {
        Some(provider) => vec![(provider, Tier::Provider), (facing, Tier::Reseller)],
        None => vec![(facing, Tier::Only)],
    }
}

/// The provider of a chain: the one that stands behind, or the facing partner if it is one.
fn provider_of<'a>(behind: Option<&'a Account>, facing: &'a Account) -> Option<&'a Account> {
    behind
        .or(Some(facing))
        .filter(|account| account.kind == PartnerType::IndirectProvider)
}

/// The facts about a tenant that would become an end customer of these partners.
async fn tenant_facts(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    found: &mut Facts,
    tenant: &Tenant,
    behind: Option<&Account>,
    facing: &Account,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let provider = provider_of(behind, facing);
    let buyer = facts::buyer(tx, tenant, provider, today).await?;
    found.kinship = kinship::of(tx, tenant, &tiers(behind, facing), today).await?;
    if let Some(provider) = provider {
        found.exclusivity = facts::exclusivity(tx, provider, tenant, ctx.now).await?;
    }
    found.buyer = Some(buyer);
    Ok(())
}

/// Ask a customer for a reseller relationship, alone or together with the own provider (CUS-004).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteCustomer {
    /// Whom.
    pub customer: String,
    /// The provider of a joint invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_provider: Option<String>,
    /// Old full delegation is asked for (DAP-002).
    #[serde(default)]
    pub full_delegation: bool,
}

impl InviteCustomer {
    async fn provider(&self, tx: &mut Tx<'_>) -> Result<Option<Account>, AppError> {
        match &self.with_provider {
            Some(name) => Ok(Some(names::the_account(tx, name).await?)),
            None => Ok(None),
        }
    }
}

impl UseCase for InviteCustomer {
    type Out = Relations;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::InviteCustomer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let own = acting.partner()?;
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let provider = self.provider(tx).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        tenant_facts(ctx, tx, &mut found, &tenant, provider.as_ref(), own).await?;
        found.relation = Some(facts::relation(tx, own, &tenant).await?);
        if let Some(provider) = &provider {
            found.other = Some(facts::party(tx, provider, ctx.now.date()).await?);
            found.partnership = Some(facts::partnership(tx, provider, own, ctx.now).await?);
            found.other_relation = Some(facts::relation(tx, provider, &tenant).await?);
        }
        found.form.full_delegation = self.full_delegation;
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Relations, AppError> {
        let own = acting.partner()?;
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let provider = self.provider(tx).await?;
        let mut relationships = Vec::with_capacity(2);
        if let Some(provider) = &provider {
            relationships.push(self.invite(ctx, tx, provider, &tenant, Some(own)).await?);
        }
        relationships.push(
            self.invite(ctx, tx, own, &tenant, provider.as_ref())
                .await?,
        );
        Ok(Relations { relationships })
    }
}

impl InviteCustomer {
    /// Puts an invitation on record. What is in force already stays in force.
    async fn invite(
        &self,
        ctx: &Ctx,
        tx: &mut Tx<'_>,
        partner: &Account,
        tenant: &Tenant,
        joint_with: Option<&Account>,
    ) -> Result<Related, AppError> {
        let mut tie = row(tx, partner, tenant, ctx.now).await?;
        if tie.state == RelationshipState::Active {
            return Ok(related(partner, tenant, tie.state));
        }
        tie.joint_with = joint_with.map(|other| other.id);
        tie.acquired = if joint_with.is_some() && partner.acts_as_reseller() {
            Acquired::AsReseller
        } else {
            Acquired::Directly
        };
        tie.delegation = if self.full_delegation {
            Delegation::Full
        } else {
            Delegation::None
        };
        become_state(ctx, tx, (partner, tenant), tie, RelationshipState::Invited).await
    }
}

/// One partner, or a reseller and its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "is a name, or a list of names")]
pub enum Partners {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Partners {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }

    /// The provider behind, if there are two, and the partner that faces the customer.
    pub(crate) async fn resolve(
        &self,
        tx: &mut Tx<'_>,
    ) -> Result<(Option<Account>, Account), AppError> {
        let wrong = || {
            AppError::invalid(
                "partner",
                "names one partner, or a reseller and its provider",
            )
        };
        match self.names() {
            [one] => Ok((None, names::the_account(tx, one).await?)),
            [first, second] => {
                let first = names::the_account(tx, first).await?;
                let second = names::the_account(tx, second).await?;
                if first.kind == PartnerType::IndirectProvider {
                    Ok((Some(first), second))
                } else {
                    Ok((Some(second), first))
                }
            }
            _ => Err(wrong()),
        }
    }
}

/// The customer accepts an invitation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptRelationship {
    /// Whose invitation.
    pub partner: Partners,
    /// The link.
    #[serde(default)]
    pub link: Link,
    /// The customer agreement is accepted in the same act (CUS-007).
    #[serde(default)]
    pub accept_agreement: bool,
}

/// The tenant that would accept: the customer's own. Anybody else is judged by the tenant it sits in.
async fn accepting_tenant(tx: &mut Tx<'_>, acting: &Acting) -> Result<Tenant, AppError> {
    match (&acting.tenant, &acting.account) {
        (Some(tenant), _) => Ok(tenant.clone()),
        (None, Some(account)) => by_id(tx, account.tenant).await,
        (None, None) => Err(AppError::Forbidden(acting.caller.kind.to_string())),
    }
}

impl UseCase for AcceptRelationship {
    type Out = Relations;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AcceptRelationship
    }

    fn subject(&self) -> String {
        self.partner.names().join(" ")
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let tenant = accepting_tenant(tx, acting).await?;
        let (behind, facing) = self.partner.resolve(tx).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        // The seller is who would be accepted, not who acts.
        found.actor = None;
        tenant_facts(ctx, tx, &mut found, &tenant, behind.as_ref(), &facing).await?;
        let today = ctx.now.date();
        let party = facts::party(tx, &facing, today).await?;
        let relation = facts::relation(tx, &facing, &tenant).await?;
        if let Some(provider) = &behind {
            found.other = Some(facts::party(tx, provider, today).await?);
            found.relation = Some(facts::relation(tx, provider, &tenant).await?);
            found.other_relation = Some(relation);
            found.named = Named::Account {
                given: facing.handle.clone(),
                party: Box::new(party),
            };
        } else {
            found.other = Some(party);
            found.relation = Some(relation);
        }
        found.form.link_altered = self.link == Link::Altered;
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Relations, AppError> {
        let tenant = acting.customer()?;
        let (behind, facing) = self.partner.resolve(tx).await?;
        let mut relationships = Vec::with_capacity(2);
        for partner in behind.iter().chain([&facing]) {
            relationships.push(accept(ctx, tx, partner, tenant).await?);
        }
        if self.accept_agreement {
            accept_agreement(ctx, tx, acting, tenant).await?;
        }
        Ok(Relations { relationships })
    }
}

async fn accept(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Account,
    tenant: &Tenant,
) -> Result<Related, AppError> {
    let tie = row(tx, partner, tenant, ctx.now).await?;
    if tie.state == RelationshipState::Active {
        return Ok(related(partner, tenant, tie.state));
    }
    become_state(ctx, tx, (partner, tenant), tie, RelationshipState::Active).await
}

/// Records that the customer itself accepted the customer agreement: once is enough for every partner
/// (AGR-028).
async fn accept_agreement(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    acting: &Acting,
    tenant: &Tenant,
) -> Result<(), AppError> {
    let key = [Value::Id(tenant.id.uuid())];
    let known = tx
        .find::<Attestation>(tables::attestations::BY_CUSTOMER, &key)
        .await?;
    if known
        .iter()
        .any(|known| known.accepted_by == AcceptedBy::Customer)
    {
        return Ok(());
    }
    attest::accept_directly(ctx, tx, acting, tenant).await
}

/// The customer says no to an invitation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineRelationship {
    /// Whose invitation.
    pub partner: String,
}

impl UseCase for DeclineRelationship {
    type Out = Relations;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::DeclineRelationship
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.customer()?;
        names::the_account(tx, &self.partner).await?;
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Relations, AppError> {
        let partner = names::the_account(tx, &self.partner).await?;
        answer_invitation(
            ctx,
            tx,
            &partner,
            acting.customer()?,
            RelationshipState::Declined,
        )
        .await
    }
}

/// The partner takes its invitation back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawInvitation {
    /// Who was invited.
    pub customer: String,
}

impl UseCase for WithdrawInvitation {
    type Out = Relations;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::WithdrawInvitation
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        names::the_tenant(tx, &self.customer).await?;
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Relations, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        answer_invitation(
            ctx,
            tx,
            acting.partner()?,
            &tenant,
            RelationshipState::Withdrawn,
        )
        .await
    }
}

/// Answers an invitation that is still open, and its other half if it was a joint one.
async fn answer_invitation(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Account,
    tenant: &Tenant,
    state: RelationshipState,
) -> Result<Relations, AppError> {
    let own = row(tx, partner, tenant, ctx.now).await?;
    let mut halves = vec![partner.clone()];
    if let Some(other) = own
        .joint_with
        .filter(|_| own.state == RelationshipState::Invited)
    {
        halves.push(names::account_by_id(tx, other).await?);
    }
    let mut relationships = Vec::with_capacity(2);
    for half in &halves {
        let tie = row(tx, half, tenant, ctx.now).await?;
        relationships.push(if tie.state == RelationshipState::Invited {
            become_state(ctx, tx, (half, tenant), tie, state).await?
        } else {
            related(half, tenant, tie.state)
        });
    }
    Ok(Relations { relationships })
}

/// A transitioning partner extends a customer it won directly to a provider (ENR-029). The provider gets
/// no delegated administration (ENR-030).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtendRelationship {
    /// The customer.
    pub customer: String,
    /// The provider.
    pub to: String,
    /// The customer gave informed consent beforehand.
    pub consent: bool,
}

impl UseCase for ExtendRelationship {
    type Out = Relations;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ExtendRelationship
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let own = acting.partner()?;
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let provider = names::the_account(tx, &self.to).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        tenant_facts(ctx, tx, &mut found, &tenant, Some(&provider), own).await?;
        found.relation = Some(facts::relation(tx, own, &tenant).await?);
        found.other = Some(facts::party(tx, &provider, ctx.now.date()).await?);
        found.partnership = Some(facts::partnership(tx, &provider, own, ctx.now).await?);
        found.other_relation = Some(facts::relation(tx, &provider, &tenant).await?);
        found.form.consent = Some(self.consent);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Relations, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let provider = names::the_account(tx, &self.to).await?;
        let mut tie = row(tx, &provider, &tenant, ctx.now).await?;
        tie.joint_with = tie.joint_with.or(Some(acting.partner()?.id));
        let extended = if tie.state == RelationshipState::Active {
            related(&provider, &tenant, tie.state)
        } else {
            become_state(
                ctx,
                tx,
                (&provider, &tenant),
                tie,
                RelationshipState::Active,
            )
            .await?
        };
        Ok(Relations {
            relationships: vec![extended],
        })
    }
}

/// End a reseller relationship.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveRelationship {
    /// The customer.
    pub customer: String,
    /// Declared to be in good faith (CUS-021).
    #[serde(default = "yes")]
    pub good_faith: bool,
}

/// Subscriptions of a customer that a partner sold, or stands on as reseller of record.
async fn held_by(
    tx: &mut Tx<'_>,
    partner: &Account,
    tenant: &Tenant,
) -> Result<Vec<(Subscription, Item)>, AppError> {
    let mut held = Vec::new();
    for subscription in tx
        .find::<Subscription>(
            tables::subscriptions::BY_CUSTOMER,
            &[Value::Id(tenant.id.uuid())],
        )
        .await?
    {
        let own = Some(partner.id);
        if subscription.seller == own || subscription.partner_of_record == own {
            let item = by_id::<Item, _>(tx, subscription.item).await?;
            held.push((subscription, item));
        }
    }
    Ok(held)
}

/// Whether a subscription keeps a relationship from ending (CUS-019): reservations and software have to
/// be cancelled, everything else suspended.
fn is_live(subscription: &Subscription, kind: ItemKind) -> bool {
    let cancelled_only = matches!(
        kind,
        ItemKind::Reservation | ItemKind::SoftwareSubscription | ItemKind::PerpetualSoftware
    );
    match subscription.state {
        SubscriptionState::Active => true,
        SubscriptionState::Suspended => cancelled_only,
        _ => false,
    }
}

/// The last day of a new-commerce commitment that is still active and can no longer be cancelled
/// (CUS-022).
fn committed_until(subscription: &Subscription, item: &Item, now: Timestamp) -> Option<Date> {
    let window = subscription
        .renewed
        .unwrap_or(subscription.bought)
        .plus_hours(WINDOW_HOURS);
    let binding = item.generation == Generation::NewCommerce
        && item.kind != ItemKind::Trial
        && subscription.state == SubscriptionState::Active
        && now >= window;
    subscription.term_end.filter(|_| binding)
}

impl UseCase for RemoveRelationship {
    type Out = Relations;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RemoveRelationship
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let own = acting.partner()?;
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.buyer = Some(facts::buyer(tx, &tenant, None, ctx.now.date()).await?);
        found.relation = Some(facts::relation(tx, own, &tenant).await?);
        found.form.unconfirmed = !self.good_faith;
        for (subscription, item) in held_by(tx, own, &tenant).await? {
            if is_live(&subscription, item.kind) {
                found.form.live.push(format!(
                    "{} ({}, {})",
                    subscription.handle, item.kind, subscription.state
                ));
            }
            if let Some(until) = committed_until(&subscription, &item, ctx.now) {
                let commitment = (subscription.handle.clone(), until);
                found.form.commitments.push(commitment);
            }
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Relations, AppError> {
        let own = acting.partner()?;
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let tie = row(tx, own, &tenant, ctx.now).await?;
        let removed =
            become_state(ctx, tx, (own, &tenant), tie, RelationshipState::Removed).await?;
        end_delegation(ctx, tx, own, &tenant).await?;
        support_contact::leave(tx, own.id, tenant.id).await?;
        Ok(Relations {
            relationships: vec![removed],
        })
    }
}

/// Delegated administration ends with the relationship (CUS-020, CUS-029); roles on the resources
/// themselves stay until the customer takes them away.
async fn end_delegation(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Account,
    tenant: &Tenant,
) -> Result<(), AppError> {
    let pair = [Value::Id(partner.id.uuid()), Value::Id(tenant.id.uuid())];
    for mut rights in tx
        .find::<AdminRelationship>(tables::admin_relationships::BY_PAIR, &pair)
        .await?
    {
        if !matches!(rights.state, AdminState::Expired | AdminState::Terminated) {
            rights.state = AdminState::Terminated;
            rights.ends = ctx.now.date();
            schedule::drop_all(tx, &rights.handle).await?;
            admin::ended_with_relationship(ctx, tx, rights).await?;
        }
    }
    Ok(())
}

/// Does what fell due, if it is this module's.
///
/// # Errors
/// When the store fails.
pub async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if kind != schedule::RELATIONSHIP_LAPSE {
        return Ok(false);
    }
    lapse(ctx, tx, subject).await?;
    Ok(true)
}

/// An invitation that nobody answered lapses.
async fn lapse(ctx: &Ctx, tx: &mut Tx<'_>, subject: &str) -> Result<(), AppError> {
    let Some((partner, customer)) = subject.split_once(' ') else {
        return Ok(());
    };
    let partner = names::the_account(tx, partner).await?;
    let tenant = names::the_tenant(tx, customer).await?;
    let tie = row(tx, &partner, &tenant, ctx.now).await?;
    let due = tie.since.plus(Period::days(schedule::INVITATION_DAYS))?;
    if tie.state == RelationshipState::Invited && due <= ctx.now {
        become_state(ctx, tx, (&partner, &tenant), tie, RelationshipState::Lapsed).await?;
        events::happened(ctx, tx, schedule::RELATIONSHIP_LAPSE, subject).await?;
    }
    Ok(())
}
