//! Notices: what parties write to each other.
//!
//! What becomes of a subscription a customer hears from its partner. The operator writes about incidents, operations and recorded
//! acceptances of the customer agreement, and about nothing else (SUP-013). A provider tells its reseller of the partner
//! agreement (AGR-011), a partner its customers what its support is (SUP-003). Each is written in the transaction of what it
//! tells of.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::id::Id;
use tierline_domain::notice::{Announcement, Notice, NoticeTopic, SupportOffer};
use tierline_domain::partner::{Account, Organization, PartnershipState, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_rules::Checkpoint;
use tierline_rules::facts::{CallerKind, Facts};
use tierline_store::tables::{notices as sql, relationships};
use tierline_store::{Table as _, Tx, Value};
use uuid::Uuid;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::touched::Thing;
use crate::{facts, fields};

/// Most letters of a text.
const TEXT_MAX: usize = 4_000;
/// Most letters of a part of a support offer.
const PART_MAX: usize = 500;

/// Whom a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Account(Id<Account>),
    Customer(Id<Tenant>),
}

impl To {
    /// Who it is, in the two columns that tell.
    const fn columns(self) -> (Option<Id<Account>>, Option<Id<Tenant>>) {
        match self {
            Self::Account(account) => (Some(account), None),
            Self::Customer(customer) => (None, Some(customer)),
        }
    }
}

/// Commands and events that a customer hears of from its partner where they change a subscription. A renewal is what it knows
/// already.
const OF_SUBSCRIPTIONS: &[&str] = &[
    "change_quantity",
    "cancel",
    "suspend",
    "reactivate",
    "set_renewal",
    "schedule_change",
    "change_frequency",
    "change_term",
    "set_support_contact",
    "upgrade",
    "convert_trial",
    "migrate",
    "update_subscription",
    "change_subscription",
    "subscription_changed",
    "subscription_expired",
    "subscription_suspended",
    "subscription_disabled",
    "subscription_deleted",
    "subscription_transferred",
    "trial_converted",
];

/// What a change says to somebody.
struct Word {
    topic: NoticeTopic,
    author: Option<Id<Account>>,
    to: To,
    about: String,
    text: String,
}

/// Tells whom it concerns of a change, in its own transaction.
///
/// # Errors
/// When the store fails.
pub(crate) async fn tell(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    verb: &str,
    event: Uuid,
    thing: &Thing,
) -> Result<(), AppError> {
    for word in words(ctx, tx, verb, thing).await? {
        let (author, to) = (word.author, word.to);
        let name = format!("{event} {author:?} {to:?} {}", word.about);
        let (account, customer) = to.columns();
        let notice = Notice {
            id: Ids::named("notice", &name, ctx.now).next(),
            topic: word.topic,
            author,
            account,
            customer,
            about: word.about,
            happened: verb.to_owned(),
            text: word.text,
            at: ctx.now,
            read_at: None,
        };
        tx.insert(&notice).await?;
    }
    Ok(())
}

/// What a change says, and to whom.
async fn words(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    verb: &str,
    thing: &Thing,
) -> Result<Vec<Word>, AppError> {
    let word = |topic, author, to, about: &str| Word {
        topic,
        author,
        to,
        about: about.to_owned(),
        text: String::new(),
    };
    let of = thing.customer.zip(thing.owners.first().copied());
    Ok(match (verb, of) {
        ("report_fraud", Some((_, partner))) => {
            // What is seen again has been told.
            let is_new = thing.look.get("version").and_then(Json::as_i64) == Some(1);
            let row = names::subscription(tx, &thing.id).await?.filter(|_| is_new);
            let told = row.map(|row| {
                let to = To::Account(partner);
                word(NoticeTopic::Operations, None, to, &row.handle)
            });
            told.into_iter().collect()
        }
        ("attest", Some((customer, partner))) => {
            let partner = names::seen::<Account, _>(tx, partner).await?;
            let to = To::Customer(customer);
            vec![word(
                NoticeTopic::AgreementRecorded,
                None,
                to,
                &partner.handle,
            )]
        }
        ("accept_relationship" | "extend_relationship" | "create_customer", _) => {
            let Some(customer) = thing.customer else {
                return Ok(Vec::new());
            };
            let mut told = Vec::new();
            for partner in partners(tx, thing, customer).await? {
                let Some(offer) = offer_of(tx, partner).await? else {
                    continue;
                };
                let account = names::seen::<Account, _>(tx, partner).await?;
                let to = To::Customer(customer);
                told.push(Word {
                    text: spelled(&offer),
                    ..word(NoticeTopic::Support, Some(partner), to, &account.handle)
                });
            }
            told
        }
        ("accept_partnership", _) => match pair(tx, thing).await? {
            Some((provider, reseller)) => {
                let party = facts::party(tx, &reseller, ctx.now.date()).await?;
                let to = To::Account(reseller.id);
                let topic = NoticeTopic::PartnerAgreement;
                let told = word(topic, Some(provider), to, &reseller.handle);
                Some(told).filter(|_| !party.signed).into_iter().collect()
            }
            None => Vec::new(),
        },
        (verb, _) if OF_SUBSCRIPTIONS.contains(&verb) => {
            let Some(row) = names::subscription(tx, &thing.id).await? else {
                return Ok(Vec::new());
            };
            let partner = spokesman(tx, &row).await?;
            let told = partner.map(|partner| {
                let to = To::Customer(row.customer);
                word(NoticeTopic::Subscription, Some(partner), to, &row.handle)
            });
            told.into_iter().collect()
        }
        _ => Vec::new(),
    })
}

/// The partners of a new relationship; of a new customer, everybody who serves it.
async fn partners(
    tx: &mut Tx<'_>,
    thing: &Thing,
    customer: Id<Tenant>,
) -> Result<Vec<Id<Account>>, AppError> {
    if !thing.owners.is_empty() {
        return Ok(thing.owners.clone());
    }
    let key = [Value::Id(customer.uuid())];
    let ties = tx.find::<Relationship>(relationships::BY_CUSTOMER, &key);
    let ties = ties.await?.into_iter();
    let active = ties.filter(|tie| tie.state == RelationshipState::Active);
    Ok(active.map(|tie| tie.partner).collect())
}

/// The provider and the reseller of a partnership.
async fn pair(
    tx: &mut Tx<'_>,
    partnership: &Thing,
) -> Result<Option<(Id<Account>, Account)>, AppError> {
    let mut accounts = Vec::with_capacity(2);
    for owner in &partnership.owners {
        accounts.push(names::account_by_id(tx, *owner).await?);
    }
    Ok(match accounts.as_slice() {
        [provider, reseller] => Some((provider.id, reseller.clone())),
        _ => None,
    })
}

/// The partner from which a customer hears about a subscription: the reseller of record as long as it serves the customer, and
/// else the one that sold it; nobody where the operator did.
async fn spokesman(tx: &mut Tx<'_>, row: &Subscription) -> Result<Option<Id<Account>>, AppError> {
    let Some(seller) = row.seller else {
        return Ok(None);
    };
    match row.partner_of_record {
        Some(reseller) if facts::serves(tx, reseller, row.customer).await? => Ok(Some(reseller)),
        _ => Ok(Some(seller)),
    }
}

/// What a partner says of its support, if it does.
///
/// # Errors
/// When the store fails.
pub async fn offer_of(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
) -> Result<Option<SupportOffer>, AppError> {
    Ok(tx.get::<SupportOffer>(&[Value::Id(partner.uuid())]).await?)
}

/// A support offer in lines.
fn spelled(offer: &SupportOffer) -> String {
    let parts = [&offer.scope, &offer.hours, &offer.contact, &offer.price];
    let parts = parts.into_iter().chain([&offer.provided_by]);
    let said: Vec<&str> = parts
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    said.join("\n")
}

/// Write to somebody: a partner to its customer, a provider to its reseller and back, the operator to anybody.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendNotice {
    /// To which partner or customer.
    pub to: String,
    /// About what, where the operator writes; nobody else says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Announcement>,
    /// What to say.
    pub text: String,
}

/// Mark what was written to the actor as read: what is named, or all of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadNotices {
    /// Ids; everything where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Uuid>,
}

/// Tell one's customers what one's support is (SUP-003).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferSupport {
    /// What it helps with.
    pub scope: String,
    /// When.
    pub hours: String,
    /// How it is reached.
    pub contact: String,
    /// What it costs.
    pub price: String,
    /// Who helps on the partner's behalf; itself by default.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provided_by: String,
}

impl SendNotice {
    /// Whom it is for; whoever may not know of it, or has nothing to do with it, finds nobody there.
    async fn recipient(&self, acting: &Acting, tx: &mut Tx<'_>) -> Result<To, AppError> {
        let is_operator = acting.caller.kind == CallerKind::Operator;
        if is_operator && self.topic.is_none() {
            return Err(AppError::invalid("topic", "is missing"));
        }
        if !is_operator && self.topic.is_some() {
            return Err(AppError::invalid(
                "topic",
                "is for the operator; leave it out",
            ));
        }
        let account = names::account(tx, &self.to).await?;
        if is_operator {
            return match account {
                Some(account) => Ok(To::Account(account.id)),
                None => Ok(To::Customer(names::the_tenant(tx, &self.to).await?.id)),
            };
        }
        let own = acting.partner()?;
        let nobody = || AppError::missing("party", &self.to);
        // A customer may have a partner's short name.
        if let Some(account) = account
            && is_tied(tx, own, &account).await?
        {
            return Ok(To::Account(account.id));
        }
        let customer = names::tenant(tx, &self.to).await?.ok_or_else(nobody)?;
        let serves = facts::serves(tx, own.id, customer.id).await?;
        serves
            .then_some(To::Customer(customer.id))
            .ok_or_else(nobody)
    }
}

/// Whether two partners are provider and reseller of each other.
async fn is_tied(tx: &mut Tx<'_>, one: &Account, other: &Account) -> Result<bool, AppError> {
    for (provider, reseller) in [(one, other), (other, one)] {
        let state = facts::partnership_state(tx, provider.id, reseller.id).await?;
        if state == PartnershipState::Active {
            return Ok(true);
        }
    }
    Ok(false)
}

impl UseCase for SendNotice {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::WriteNotice
    }

    fn subject(&self) -> String {
        self.to.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        self.recipient(acting, tx).await?;
        fields::said("text", &self.text, TEXT_MAX)?;
        facts::begin(tx, ctx, acting, Checkpoint::WriteNotice).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let to = self.recipient(acting, tx).await?;
        let (account, customer) = to.columns();
        let notice = Notice {
            id: ctx.ids().next(),
            topic: self.topic.map_or(NoticeTopic::Message, Announcement::topic),
            author: acting.account.as_ref().map(|account| account.id),
            account,
            customer,
            about: String::new(),
            happened: String::new(),
            text: fields::said("text", &self.text, TEXT_MAX)?,
            at: ctx.now,
            read_at: None,
        };
        tx.insert(&notice).await?;
        Ok(json!({ "notice": notice.id }))
    }
}

/// Whose notices an actor reads; the operator has none.
fn reader(acting: &Acting) -> Result<To, AppError> {
    match (&acting.account, &acting.tenant) {
        (Some(account), _) => Ok(To::Account(account.id)),
        (None, Some(tenant)) => Ok(To::Customer(tenant.id)),
        (None, None) => Err(AppError::Forbidden(acting.caller.kind.to_string())),
    }
}

impl UseCase for ReadNotices {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::WriteNotice
    }

    fn subject(&self) -> String {
        String::new()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        reader(acting)?;
        facts::begin(tx, ctx, acting, Checkpoint::WriteNotice).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let to = reader(acting)?;
        if self.notices.is_empty() {
            let (statement, id) = match to {
                To::Account(account) => (sql::READ_OF_ACCOUNT, account.uuid()),
                To::Customer(customer) => (sql::READ_OF_CUSTOMER, customer.uuid()),
            };
            let read = [Value::Instant(ctx.now), Value::Id(id)];
            return Ok(json!({ "read": tx.execute(statement, &read).await? }));
        }
        let mut read = 0;
        for id in &self.notices {
            let notice = tx.get::<Notice>(&[Value::Id(*id)]).await?;
            let own = notice.filter(|notice| match to {
                To::Account(account) => notice.account == Some(account),
                To::Customer(customer) => notice.customer == Some(customer),
            });
            let mut notice = own.ok_or_else(|| AppError::missing("notice", id))?;
            if notice.read_at.is_none() {
                notice.read_at = Some(ctx.now);
                tx.put(&notice).await?;
                read += 1;
            }
        }
        Ok(json!({ "read": read }))
    }
}

impl UseCase for OfferSupport {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::WriteNotice
    }

    fn subject(&self) -> String {
        String::new()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        facts::begin(tx, ctx, acting, Checkpoint::WriteNotice).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let partner = acting.partner()?;
        let offer = SupportOffer {
            partner: partner.id,
            scope: fields::said("scope", &self.scope, PART_MAX)?,
            hours: fields::said("hours", &self.hours, PART_MAX)?,
            contact: fields::said("contact", &self.contact, PART_MAX)?,
            price: fields::said("price", &self.price, PART_MAX)?,
            provided_by: fields::bounded("provided_by", &self.provided_by, PART_MAX)?,
            since: ctx.now,
        };
        let old = offer_of(tx, partner.id).await?;
        let is_same = old.is_some_and(|old| {
            SupportOffer {
                since: ctx.now,
                ..old
            } == offer
        });
        if is_same {
            return Ok(json!({ "partner": partner.handle, "told": 0 }));
        }
        tx.put(&offer).await?;
        let key = [Value::Id(partner.id.uuid())];
        let ties = tx.find::<Relationship>(relationships::BY_PARTNER, &key);
        let ids = ctx.further("notices").ids();
        let active = ties
            .await?
            .into_iter()
            .filter(|tie| tie.state == RelationshipState::Active);
        let told: Vec<Notice> = active
            .map(|tie| Notice {
                id: ids.next(),
                topic: NoticeTopic::Support,
                author: Some(partner.id),
                account: None,
                customer: Some(tie.customer),
                about: partner.handle.clone(),
                happened: "offer_support".to_owned(),
                text: spelled(&offer),
                at: ctx.now,
                read_at: None,
            })
            .collect();
        tx.write_all(Notice::insert(), &told).await?;
        let told = told.len();
        Ok(json!({ "partner": partner.handle, "told": told }))
    }
}

/// Where a notice was written by hand, or of what it tells; for whom.
#[derive(Clone, Debug)]
pub struct Told {
    /// It.
    pub notice: Notice,
    /// Short name and company of whoever wrote it; nothing for the operator.
    pub author: Option<(String, String)>,
    /// Short name and company of whoever it was written to.
    pub to: (String, String),
}

/// Everything that is told of a notice.
///
/// # Errors
/// When the store fails.
pub async fn told(tx: &mut Tx<'_>, notice: Notice) -> Result<Told, AppError> {
    let author = match notice.author {
        Some(author) => Some(named(tx, author).await?),
        None => None,
    };
    let to = match (notice.account, notice.customer) {
        (Some(account), _) => named(tx, account).await?,
        (None, Some(customer)) => {
            let tenant: Tenant = by_id(tx, customer).await?;
            let company = company(tx, tenant.organization).await?;
            (tenant.handle, company)
        }
        (None, None) => (String::new(), String::new()),
    };
    Ok(Told { notice, author, to })
}

async fn named(tx: &mut Tx<'_>, account: Id<Account>) -> Result<(String, String), AppError> {
    let account = names::account_by_id(tx, account).await?;
    let company = company(tx, account.organization).await?;
    Ok((account.handle, company))
}

async fn company(tx: &mut Tx<'_>, organization: Id<Organization>) -> Result<String, AppError> {
    let company: Organization = by_id(tx, organization).await?;
    Ok(company.name)
}
