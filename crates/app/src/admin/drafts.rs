//! Requests that their partner still writes: begun, changed, dropped, and sent.

use serde::{Deserialize, Serialize};
use tierline_domain::admin::{AdminRelationship, Draft};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{AdminFact, Facts};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::{Administered, custom, found, known, send, two_years};
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::facts;
use crate::names::{self, by_id};

/// What a command about a draft answers.
#[derive(Clone, Debug, Serialize)]
pub struct Drafted {
    /// The draft.
    pub draft: Id<AdminRelationship>,
}

/// Whether a partner has given a name to a request or relationship other than this one (GDA-003).
pub(crate) async fn name_taken(
    tx: &mut Tx<'_>,
    partner: &Account,
    name: &str,
    but: Option<Id<AdminRelationship>>,
) -> Result<bool, AppError> {
    let key = [Value::Id(partner.id.uuid())];
    let sent = tx
        .find::<AdminRelationship>(tables::admin_relationships::BY_PARTNER, &key)
        .await?;
    if sent.iter().any(|other| other.name == name) {
        return Ok(true);
    }
    let drafts = tx
        .find::<Draft>(tables::admin_drafts::BY_PARTNER, &key)
        .await?;
    Ok(drafts
        .iter()
        .any(|other| other.name == name && Some(other.id) != but))
}

/// A partner's draft by its id or its name, if there is one.
///
/// # Errors
/// When the store fails.
pub async fn draft(
    tx: &mut Tx<'_>,
    partner: &Account,
    name: &str,
) -> Result<Option<Draft>, AppError> {
    if let Ok(id) = name.parse::<Uuid>() {
        let row = tx.get::<Draft>(&[Value::Id(id)]).await?;
        return Ok(row.filter(|row| row.partner == partner.id));
    }
    let key = [Value::Id(partner.id.uuid())];
    let own = tx
        .find::<Draft>(tables::admin_drafts::BY_PARTNER, &key)
        .await?;
    Ok(own.into_iter().find(|row| row.name == name))
}

/// What is asked for, as the rules see it.
async fn wanted(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    draft: &Draft,
    customer: Option<&str>,
) -> Result<Facts, AppError> {
    let partner = acting.partner()?;
    let mut facts = facts::begin(tx, ctx, acting, checkpoint).await?;
    if let Some(name) = customer
        && let Some(customer) = names::tenant(tx, name).await?
    {
        facts.relation = Some(facts::relation(tx, partner, &customer).await?);
    }
    facts.admin = Some(Box::new(AdminFact {
        wanted_name: Some(draft.name.clone()),
        name_taken: name_taken(tx, partner, &draft.name, Some(draft.id)).await?,
        days: Some(draft.days),
        roles: draft.roles.clone(),
        custom_roles: custom(&draft.roles),
        auto_extend: draft.auto_extend,
        own: true,
        customer: customer.map(str::to_owned),
        partner: Some(partner.handle.clone()),
        ..AdminFact::default()
    }));
    Ok(facts)
}

/// The name of a draft's customer.
async fn named(tx: &mut Tx<'_>, draft: &Draft) -> Result<Option<String>, AppError> {
    Ok(match draft.customer {
        Some(id) => Some(by_id::<Tenant, _>(tx, id).await?.handle),
        None => None,
    })
}

/// The customer that is named, once the rules have let it pass.
async fn customer_id(tx: &mut Tx<'_>, name: Option<&str>) -> Result<Option<Id<Tenant>>, AppError> {
    Ok(match name {
        Some(name) => Some(names::the_tenant(tx, name).await?.id),
        None => None,
    })
}

/// Begin a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftAdmin {
    /// Its name, unique within the partner.
    pub name: String,
    /// The customer, if it is known yet.
    #[serde(default)]
    pub customer: Option<String>,
    /// How long.
    #[serde(default = "two_years")]
    pub days: i64,
    /// Built-in directory roles.
    pub roles: Vec<String>,
    /// Extends itself.
    #[serde(default)]
    pub auto_extend: bool,
}

impl DraftAdmin {
    fn row(&self, ctx: &Ctx, acting: &Acting) -> Result<Draft, AppError> {
        Ok(Draft {
            id: ctx.ids().next(),
            partner: acting.partner()?.id,
            customer: None,
            name: self.name.clone(),
            roles: self.roles.clone(),
            days: self.days,
            auto_extend: self.auto_extend,
            created: ctx.now,
            changed: ctx.now,
            version: 1,
        })
    }
}

impl UseCase for DraftAdmin {
    type Out = Drafted;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::DraftAdmin
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let row = self.row(ctx, acting)?;
        let customer = self.customer.as_deref();
        wanted(ctx, acting, tx, self.checkpoint(), &row, customer).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Drafted, AppError> {
        let mut row = self.row(ctx, acting)?;
        row.customer = customer_id(tx, self.customer.as_deref()).await?;
        tx.insert(&row).await?;
        Ok(Drafted { draft: row.id })
    }
}

/// Change a request that was not sent yet. What is left out stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateDraft {
    /// The draft.
    pub draft: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The customer.
    #[serde(default)]
    pub customer: Option<String>,
    /// How long.
    #[serde(default)]
    pub days: Option<i64>,
    /// Its roles.
    #[serde(default)]
    pub roles: Option<Vec<String>>,
    /// Extends itself.
    #[serde(default)]
    pub auto_extend: Option<bool>,
    /// The version that the caller has read; whatever it is, without one.
    #[serde(default)]
    pub etag: Option<i64>,
}

impl UpdateDraft {
    fn over(&self, draft: Draft) -> Draft {
        Draft {
            name: self.name.clone().unwrap_or(draft.name),
            roles: self.roles.clone().unwrap_or(draft.roles),
            days: self.days.unwrap_or(draft.days),
            auto_extend: self.auto_extend.unwrap_or(draft.auto_extend),
            ..draft
        }
    }
}

/// Drop a request that was not sent yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteDraft {
    /// The draft.
    pub draft: String,
    /// The version that the caller has read; whatever it is, without one.
    #[serde(default)]
    pub etag: Option<i64>,
}

/// Send a request to its customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendAdmin {
    /// The draft.
    pub draft: String,
}

/// A draft of the caller, or what the rules are told of one that was sent already (GDA-009).
enum Looked {
    Draft(Draft),
    Sent(Box<Facts>),
}

async fn look(ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>, name: &str) -> Result<Looked, AppError> {
    if let Some(row) = draft(tx, acting.partner()?, name).await? {
        return Ok(Looked::Draft(row));
    }
    let row = found(tx, acting, name).await?;
    let mut facts = facts::begin(tx, ctx, acting, Checkpoint::DraftAdmin).await?;
    let customer: Tenant = by_id(tx, row.customer).await?;
    facts.relation = Some(facts::relation(tx, acting.partner()?, &customer).await?);
    // Only its state is in question; what it was asked with stands.
    facts.admin = Some(Box::new(AdminFact {
        roles: row.roles.clone(),
        ..known(tx, &row, true).await?
    }));
    Ok(Looked::Sent(Box::new(facts)))
}

fn outdated(facts: &mut Facts, etag: Option<i64>, version: i64) {
    if let Some(admin) = &mut facts.admin {
        admin.etag_stale = etag.is_some_and(|held| held != version);
    }
}

async fn the_draft(tx: &mut Tx<'_>, acting: &Acting, name: &str) -> Result<Draft, AppError> {
    let row = draft(tx, acting.partner()?, name).await?;
    row.ok_or_else(|| AppError::missing("admin relationship", name))
}

impl UseCase for UpdateDraft {
    type Out = Drafted;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::DraftAdmin
    }

    fn subject(&self) -> String {
        self.draft.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let row = match look(ctx, acting, tx, &self.draft).await? {
            Looked::Draft(row) => row,
            Looked::Sent(facts) => return Ok(*facts),
        };
        let version = row.version;
        let customer = match &self.customer {
            Some(name) => Some(name.clone()),
            None => named(tx, &row).await?,
        };
        let row = self.over(row);
        let at = self.checkpoint();
        let mut facts = wanted(ctx, acting, tx, at, &row, customer.as_deref()).await?;
        outdated(&mut facts, self.etag, version);
        Ok(facts)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Drafted, AppError> {
        let mut row = self.over(the_draft(tx, acting, &self.draft).await?);
        if let Some(customer) = customer_id(tx, self.customer.as_deref()).await? {
            row.customer = Some(customer);
        }
        row.changed = ctx.now;
        row.version = row.version.saturating_add(1);
        tx.put(&row).await?;
        Ok(Drafted { draft: row.id })
    }
}

impl UseCase for DeleteDraft {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::DraftAdmin
    }

    fn subject(&self) -> String {
        self.draft.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let row = match look(ctx, acting, tx, &self.draft).await? {
            Looked::Draft(row) => row,
            Looked::Sent(facts) => return Ok(*facts),
        };
        let mut facts = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        // What is dropped may be as wrong as it likes.
        facts.admin = Some(Box::new(AdminFact {
            name: Some(row.name.clone()),
            roles: row.roles.clone(),
            own: true,
            ..AdminFact::default()
        }));
        outdated(&mut facts, self.etag, row.version);
        Ok(facts)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let row = the_draft(tx, acting, &self.draft).await?;
        tx.delete::<Draft>(&[Value::Id(row.id.uuid())]).await?;
        Ok(())
    }
}

impl UseCase for SendAdmin {
    type Out = Administered;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RequestAdmin
    }

    fn subject(&self) -> String {
        self.draft.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let row = match look(ctx, acting, tx, &self.draft).await? {
            Looked::Draft(row) => row,
            Looked::Sent(facts) => return Ok(*facts),
        };
        let customer = named(tx, &row).await?;
        let at = self.checkpoint();
        wanted(ctx, acting, tx, at, &row, customer.as_deref()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Administered, AppError> {
        let row = the_draft(tx, acting, &self.draft).await?;
        let customer = row
            .customer
            .ok_or_else(|| AppError::missing("customer", &self.draft))?;
        let customer: Tenant = by_id(tx, customer).await?;
        tx.delete::<Draft>(&[Value::Id(row.id.uuid())]).await?;
        send(ctx, tx, &row, &customer).await
    }
}
