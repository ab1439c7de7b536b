//! Provider and reseller: invite, accept, decline, withdraw, remove, and what each leaves behind.

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{Account, PartnerType, Partnership, PartnershipState, Tenant};
use tierline_domain::time::{Period, Timestamp};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{events, facts, schedule};

/// An invitation's link, as it was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// As it was sent.
    #[default]
    Original,
    /// Not as it was sent.
    Altered,
}

pub(crate) const fn yes() -> bool {
    true
}

/// What a command about a partnership answers.
#[derive(Clone, Debug, Serialize)]
pub struct Tied {
    /// The provider.
    pub provider: String,
    /// The reseller.
    pub reseller: String,
    /// The state of their tie now.
    pub state: PartnershipState,
}

/// Reads the row of a pair, or what stands for "none".
async fn row(
    tx: &mut Tx<'_>,
    provider: &Account,
    reseller: &Account,
    now: Timestamp,
) -> Result<Partnership, AppError> {
    let key = [Value::Id(provider.id.uuid()), Value::Id(reseller.id.uuid())];
    Ok(tx.get::<Partnership>(&key).await?.unwrap_or(Partnership {
        provider: provider.id,
        reseller: reseller.id,
        state: PartnershipState::None,
        since: now,
        removal_requested: None,
        provider_access: false,
    }))
}

fn subject(provider: &Account, reseller: &Account) -> String {
    format!("{} {}", provider.handle, reseller.handle)
}

/// Moves a pair to a state and keeps the schedule true to it.
async fn become_state(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (provider, reseller): (&Account, &Account),
    state: PartnershipState,
) -> Result<Tied, AppError> {
    let mut tie = row(tx, provider, reseller, ctx.now).await?;
    tie.state = state;
    tie.since = ctx.now;
    tie.removal_requested = None;
    tie.provider_access = state == PartnershipState::Active;
    tx.put(&tie).await?;
    let subject = subject(provider, reseller);
    schedule::drop_open(tx, schedule::PARTNERSHIP_LAPSE, &subject).await?;
    if state == PartnershipState::Invited {
        let due = ctx.now.plus(Period::days(schedule::INVITATION_DAYS))?;
        schedule::plan(tx, schedule::PARTNERSHIP_LAPSE, &subject, due).await?;
    }
    Ok(tied(provider, reseller, state))
}

fn tied(provider: &Account, reseller: &Account, state: PartnershipState) -> Tied {
    Tied {
        provider: provider.handle.clone(),
        reseller: reseller.handle.clone(),
        state,
    }
}

/// Provider and reseller of a pair that may be given from either side.
fn sides<'a>(own: &'a Account, other: &'a Account) -> (&'a Account, &'a Account) {
    if other.kind == PartnerType::IndirectProvider && own.kind != PartnerType::IndirectProvider {
        (other, own)
    } else {
        (own, other)
    }
}

/// Facts of a command about the tie of the caller with another partner.
async fn pair_facts(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    other: &Account,
) -> Result<Facts, AppError> {
    let mut found = facts::begin(tx, ctx, acting, checkpoint).await?;
    found.other = Some(facts::party(tx, other, ctx.now.date()).await?);
    if let Some(own) = &acting.account {
        let (provider, reseller) = sides(own, other);
        found.partnership = Some(facts::partnership(tx, provider, reseller, ctx.now).await?);
    }
    Ok(found)
}

/// Send a partnership invitation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitePartner {
    /// Whom.
    pub partner: String,
}

impl UseCase for InvitePartner {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::InvitePartner
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let other = names::the_account(tx, &self.partner).await?;
        pair_facts(ctx, acting, tx, self.checkpoint(), &other).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let provider = acting.partner()?;
        let reseller = names::the_account(tx, &self.partner).await?;
        let known = row(tx, provider, &reseller, ctx.now).await?;
        if known.state == PartnershipState::Active {
            return Ok(tied(provider, &reseller, known.state));
        }
        become_state(ctx, tx, (provider, &reseller), PartnershipState::Invited).await
    }
}

/// Follow the link of an invitation and accept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptPartnership {
    /// Whose invitation.
    pub provider: String,
    /// The confirmation was ticked (REL-004).
    #[serde(default = "yes")]
    pub confirmed: bool,
    /// The link.
    #[serde(default)]
    pub link: Link,
}

impl UseCase for AcceptPartnership {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AcceptPartnership
    }

    fn subject(&self) -> String {
        self.provider.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.other = Some(facts::party(tx, &provider, ctx.now.date()).await?);
        found.form.unconfirmed = !self.confirmed;
        found.form.link_altered = self.link == Link::Altered;
        if let Some(own) = &acting.account {
            let tenant: Tenant = by_id(tx, own.tenant).await?;
            found.partnership = Some(facts::partnership(tx, &provider, own, ctx.now).await?);
            found.relation = Some(facts::relation(tx, &provider, &tenant).await?);
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        let reseller = acting.partner()?;
        let known = row(tx, &provider, reseller, ctx.now).await?;
        if known.state == PartnershipState::Active {
            return Ok(tied(&provider, reseller, known.state));
        }
        become_state(ctx, tx, (&provider, reseller), PartnershipState::Active).await
    }
}

/// End a partnership. Customers, delegated rights and subscriptions stay as they are (REL-014, CUS-029).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovePartnership {
    /// The other side.
    pub partner: String,
    /// Confirmed, and declared to be in good faith (REL-012, REL-015).
    #[serde(default = "yes")]
    pub good_faith: bool,
}

impl UseCase for RemovePartnership {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RemovePartnership
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let other = names::the_account(tx, &self.partner).await?;
        let mut found = pair_facts(ctx, acting, tx, self.checkpoint(), &other).await?;
        found.form.unconfirmed = !self.good_faith;
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let other = names::the_account(tx, &self.partner).await?;
        end(ctx, tx, sides(acting.partner()?, &other)).await
    }
}

/// Ends what there is: a partnership in force is removed, an open invitation withdrawn.
async fn end(ctx: &Ctx, tx: &mut Tx<'_>, pair: (&Account, &Account)) -> Result<Tied, AppError> {
    let known = row(tx, pair.0, pair.1, ctx.now).await?;
    let state = match known.state {
        PartnershipState::Active => PartnershipState::Removed,
        PartnershipState::Invited => PartnershipState::Withdrawn,
        other => return Ok(tied(pair.0, pair.1, other)),
    };
    become_state(ctx, tx, pair, state).await
}

/// End the provider's access to the reseller's own account; the partnership stays (REL-006).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawProviderAccess {
    /// The provider.
    pub provider: String,
}

impl UseCase for WithdrawProviderAccess {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::WithdrawProviderAccess
    }

    fn subject(&self) -> String {
        self.provider.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        pair_facts(ctx, acting, tx, self.checkpoint(), &provider).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        let reseller = acting.partner()?;
        let mut tie = row(tx, &provider, reseller, ctx.now).await?;
        if tie.provider_access {
            tie.provider_access = false;
            tx.put(&tie).await?;
        }
        Ok(tied(&provider, reseller, tie.state))
    }
}

/// The reseller says no to an invitation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclinePartnership {
    /// Whose invitation.
    pub provider: String,
}

impl UseCase for DeclinePartnership {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::DeclinePartnership
    }

    fn subject(&self) -> String {
        self.provider.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        pair_facts(ctx, acting, tx, self.checkpoint(), &provider).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        let pair = (&provider, acting.partner()?);
        answer_invitation(ctx, tx, pair, PartnershipState::Declined).await
    }
}

/// The provider takes its invitation back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawPartnership {
    /// Who was invited.
    pub partner: String,
}

impl UseCase for WithdrawPartnership {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::WithdrawPartnership
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let reseller = names::the_account(tx, &self.partner).await?;
        pair_facts(ctx, acting, tx, self.checkpoint(), &reseller).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let reseller = names::the_account(tx, &self.partner).await?;
        let pair = (acting.partner()?, &reseller);
        answer_invitation(ctx, tx, pair, PartnershipState::Withdrawn).await
    }
}

/// Answers an invitation that is still open; what is not invited stays as it is.
async fn answer_invitation(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    pair: (&Account, &Account),
    state: PartnershipState,
) -> Result<Tied, AppError> {
    let known = row(tx, pair.0, pair.1, ctx.now).await?;
    if known.state != PartnershipState::Invited {
        return Ok(tied(pair.0, pair.1, known.state));
    }
    become_state(ctx, tx, pair, state).await
}

/// The reseller opens a support case that asks for the end of a partnership (REL-013, TXN-606). Until the
/// operator has carried it out the partnership is in force (TXN-607).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestPartnershipRemoval {
    /// The provider.
    pub provider: String,
}

impl UseCase for RequestPartnershipRemoval {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RequestPartnershipRemoval
    }

    fn subject(&self) -> String {
        self.provider.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        pair_facts(ctx, acting, tx, self.checkpoint(), &provider).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        let reseller = acting.partner()?;
        let mut tie = row(tx, &provider, reseller, ctx.now).await?;
        if tie.state == PartnershipState::Active {
            tie.removal_requested = tie.removal_requested.or(Some(ctx.now.date()));
            tx.put(&tie).await?;
        }
        Ok(tied(&provider, reseller, tie.state))
    }
}

/// The operator carries a reseller's support case out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndPartnership {
    /// The provider.
    pub provider: String,
    /// The reseller.
    pub reseller: String,
}

impl UseCase for EndPartnership {
    type Out = Tied;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        format!("{} {}", self.provider, self.reseller)
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.operator()?;
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Tied, AppError> {
        let provider = names::the_account(tx, &self.provider).await?;
        let reseller = names::the_account(tx, &self.reseller).await?;
        end(ctx, tx, (&provider, &reseller)).await
    }
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
    if kind != schedule::PARTNERSHIP_LAPSE {
        return Ok(false);
    }
    lapse(ctx, tx, subject).await?;
    Ok(true)
}

/// An invitation that nobody answered lapses.
async fn lapse(ctx: &Ctx, tx: &mut Tx<'_>, subject: &str) -> Result<(), AppError> {
    let Some((provider, reseller)) = subject.split_once(' ') else {
        return Ok(());
    };
    let provider = names::the_account(tx, provider).await?;
    let reseller = names::the_account(tx, reseller).await?;
    let mut tie = row(tx, &provider, &reseller, ctx.now).await?;
    let due = tie.since.plus(Period::days(schedule::INVITATION_DAYS))?;
    if tie.state == PartnershipState::Invited && due <= ctx.now {
        tie.state = PartnershipState::Lapsed;
        tie.since = ctx.now;
        tx.put(&tie).await?;
        events::happened(ctx, tx, schedule::PARTNERSHIP_LAPSE, subject).await?;
    }
    Ok(())
}
