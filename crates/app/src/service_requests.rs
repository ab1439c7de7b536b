//! Requests for support with the operator: a partner opens one, both write to it, either closes it.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::address::Person;
use tierline_domain::admin::User;
use tierline_domain::catalog::{Item, Publisher};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{Account, Partnership, PartnershipState, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::support::{
    RequestStatus, ServiceNote, ServiceRequest, Severity, TicketSubject, Topic,
};
use tierline_domain::time::Timestamp;
use tierline_rules::facts::{Caller, Facts};
use tierline_rules::rules::support::sees_every_request;
use tierline_rules::{Checkpoint, Lang};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use crate::access;
use crate::actor::{Acting, OPERATOR};
use crate::attempt::UseCase;
use crate::catalogue::item_of_wire;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{facts, fields, fraud, profiles, standing};

/// What a request is called where there is none.
pub const REQUEST: &str = "service request";
/// Most letters of a title.
const TITLE_MAX: usize = 250;
/// Most letters of a description, and of a note.
const TEXT_MAX: usize = 10_000;
/// Most notes to which a partner adds one. The operator always answers.
const NOTES_MAX: i64 = 500;
/// Most letters of a name in place of a number.
const NAME_MAX: usize = 40;

/// Open a ticket with the operator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenTicket {
    /// Names it; a number by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// For which customer.
    #[serde(default)]
    pub customer: Option<String>,
    /// About what; as its topic has it by default.
    #[serde(default)]
    pub about: Option<TicketSubject>,
    /// The number of its topic; the first one of what it is about by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// About which subscription.
    #[serde(default)]
    pub subscription: Option<String>,
    /// About which item, or which product of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// In few words; the topic's name by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// In many.
    #[serde(default)]
    pub description: String,
    /// How much it weighs.
    #[serde(default = "moderate")]
    pub severity: Severity,
    /// The language in which the partner wants to be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Whom the operator asks; whoever opens it by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Person>,
}

const fn moderate() -> Severity {
    Severity::Moderate
}

/// What a request is about.
struct Matter {
    customer: Option<Tenant>,
    subscription: Option<Subscription>,
    item: Option<Item>,
}

impl OpenTicket {
    /// One of a topic, with nothing else said.
    pub(crate) const fn of_topic(topic: String, customer: Option<String>) -> Self {
        Self {
            id: None,
            customer,
            about: None,
            topic: Some(topic),
            subscription: None,
            item: None,
            title: None,
            description: String::new(),
            severity: moderate(),
            locale: None,
            contact: None,
        }
    }

    /// The topic, which says what the request is about.
    fn topic(&self) -> Result<&'static Topic, AppError> {
        let topic = match (&self.topic, self.about) {
            (Some(id), _) => Topic::find(id),
            (None, Some(about)) => Topic::first(about),
            (None, None) => return Err(AppError::invalid("topic", "is missing")),
        };
        let topic = topic.ok_or_else(|| {
            AppError::invalid("topic", "is none of the numbers in the list of topics")
        })?;
        if self.about.is_some_and(|about| about != topic.about) {
            let problem = format!("is not what the topic {} is about", topic.id);
            return Err(AppError::invalid("about", problem));
        }
        Ok(topic)
    }

    async fn matter(&self, tx: &mut Tx<'_>) -> Result<Matter, AppError> {
        let subscription = match &self.subscription {
            Some(name) => Some(names::the_subscription(tx, name).await?),
            None => None,
        };
        let customer = match (&self.customer, &subscription) {
            (Some(name), _) => Some(names::the_tenant(tx, name).await?),
            (None, Some(subscription)) => Some(by_id(tx, subscription.customer).await?),
            (None, None) => None,
        };
        let named = match &self.item {
            Some(name) => Some(sold(tx, name).await?),
            None => None,
        };
        let item = match &subscription {
            Some(subscription) => Some(by_id::<Item, _>(tx, subscription.item).await?),
            None => named.clone(),
        };
        if named.is_some_and(|named| item.as_ref().is_none_or(|item| item.id != named.id)) {
            let problem = "is another one than that of the subscription";
            return Err(AppError::invalid("item", problem));
        }
        let others = subscription.as_ref().zip(customer.as_ref());
        if others.is_some_and(|(subscription, customer)| subscription.customer != customer.id) {
            let name = self.subscription.as_deref().unwrap_or_default();
            return Err(AppError::missing("subscription", name));
        }
        Ok(Matter {
            customer,
            subscription,
            item,
        })
    }
}

/// What it rests on whether a request about something may be open.
async fn opening(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    about: TicketSubject,
    matter: Matter,
) -> Result<Facts, AppError> {
    let mut found = facts::begin(tx, ctx, acting, Checkpoint::OpenTicket).await?;
    found.form.about = Some(about.to_string());
    let (customer, subscription) = (matter.customer.as_ref(), matter.subscription.as_ref());
    found.form.contacts = contacts(tx, acting, subscription, customer).await?;
    if let Some(item) = matter.item {
        if item.kind.is_consumption() {
            found.form.metered = Some(item.handle.clone());
        }
        if item.publisher == Publisher::ThirdParty {
            found.form.third_party = Some(item.handle);
        }
    }
    if let (Some(customer), Some(partner)) = (customer, &acting.account) {
        found.relation = Some(facts::relation(tx, partner, customer).await?);
        found.access = Some(access::access(ctx, acting, tx, customer, "open_ticket", "").await?);
    }
    Ok(found)
}

impl UseCase for OpenTicket {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::OpenTicket
    }

    fn subject(&self) -> String {
        self.customer.clone().unwrap_or_default()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let topic = self.topic()?;
        let matter = self.matter(tx).await?;
        let customer = matter.customer.clone();
        let mut found = opening(ctx, acting, tx, topic.about, matter).await?;
        if topic.id == Topic::FRAUD_CREDIT {
            if customer.is_none() {
                return Err(AppError::invalid("customer", "is missing"));
            }
            let asked = (customer.as_ref(), None);
            fraud::credit(ctx, acting, tx, asked, &mut found).await?;
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let topic = self.topic()?;
        let matter = self.matter(tx).await?;
        let handle = match &self.id {
            Some(name) => {
                numbered(name)?;
                let taken = names::service_request(tx, name).await?.is_some();
                fields::free("id", name, taken)?;
                name.clone()
            }
            None => free_number(ctx, tx).await?,
        };
        let opener = whoever(acting);
        let request = ServiceRequest {
            id: ctx.ids().next(),
            handle,
            partner: acting.partner()?.id,
            customer: matter.customer.map(|customer| customer.id),
            subscription: matter.subscription.map(|subscription| subscription.id),
            item: matter.item.map(|item| item.id),
            topic: topic.id.to_owned(),
            about: topic.about,
            title: match &self.title {
                Some(title) => fields::said("title", title, TITLE_MAX)?,
                None => topic.name(ctx.lang.code()).to_owned(),
            },
            description: fields::bounded("description", &self.description, TEXT_MAX)?,
            severity: self.severity,
            status: RequestStatus::Open,
            locale: spoken(self.locale.as_deref(), ctx.lang)?,
            contact: match &self.contact {
                Some(contact) => reachable(contact)?,
                None => opener.clone(),
            },
            opened_by: signs_in(&acting.caller, acting.user.as_deref()),
            updated_by: Some(opener),
            opened: ctx.now,
            modified: ctx.now,
            closed: None,
            due: self.severity.due(ctx.now),
            answered: None,
            version: 1,
        };
        tx.insert(&request).await?;
        Ok(json!({ "ticket": request.handle, "about": topic.about, "due": request.due }))
    }
}

/// An item by its name or its id in the catalogue, or one of a product.
async fn sold(tx: &mut Tx<'_>, name: &str) -> Result<Item, AppError> {
    if let Some(item) = item_of_wire(tx, name).await? {
        return Ok(item);
    }
    let key = [Value::Text(name.to_uppercase())];
    let items = tx.find::<Item>(tables::items::OF_PRODUCT, &key).await?;
    let problem = "is no item and no product of the catalogue";
    items
        .into_iter()
        .next()
        .ok_or_else(|| AppError::invalid("item", problem))
}

/// The number of a request: a six, the day as `yymmdd`, and eight digits of an id.
pub(crate) fn number(opened: Timestamp, id: Uuid) -> String {
    let day: String = opened
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .take(8)
        .skip(2)
        .collect();
    let drawn = id.as_u64_pair().1 % 100_000_000;
    format!("6{day}{drawn:08}")
}

/// A number that no request has.
async fn free_number(ctx: &Ctx, tx: &mut Tx<'_>) -> Result<String, AppError> {
    let ids = ctx.further("ticket").ids();
    loop {
        let number = number(ctx.now, ids.uuid());
        if names::service_request(tx, &number).await?.is_none() {
            return Ok(number);
        }
    }
}

/// A name that a request may have in place of a number: it is a step of a path, and no other step of one.
pub(crate) fn numbered(name: &str) -> Result<(), AppError> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if name.is_empty()
        || name.len() > NAME_MAX
        || !name.chars().all(plain)
        || name == "supporttopics"
    {
        let problem = format!("is 1 to {NAME_MAX} letters, digits and hyphens");
        return Err(AppError::invalid("id", problem));
    }
    Ok(())
}

/// Somebody whom the operator can ask.
fn reachable(contact: &Person) -> Result<Person, AppError> {
    if let Some((field, problem)) = profiles::person_faults("contact", contact)
        .into_iter()
        .next()
    {
        return Err(AppError::invalid(field, problem));
    }
    let texts = [
        Some(&contact.first_name),
        contact.middle_name.as_ref(),
        Some(&contact.last_name),
        contact.email.as_ref(),
    ];
    for text in texts.into_iter().flatten() {
        fields::bounded("contact", text, TITLE_MAX)?;
    }
    Ok(contact.clone())
}

/// A contact with what is given of another one.
fn merged(contact: &Person, given: &Person) -> Person {
    let name = |given: &String, kept: &String| if given.is_empty() { kept } else { given }.clone();
    Person {
        first_name: name(&given.first_name, &contact.first_name),
        middle_name: given
            .middle_name
            .clone()
            .or_else(|| contact.middle_name.clone()),
        last_name: name(&given.last_name, &contact.last_name),
        email: given.email.clone().or_else(|| contact.email.clone()),
        phone: given.phone.clone().or_else(|| contact.phone.clone()),
    }
}

/// A language and a country, as `en-US`; the caller's own where none is named.
fn spoken(locale: Option<&str>, own: Lang) -> Result<String, AppError> {
    let locale = locale.unwrap_or(match own {
        Lang::En => "en-US",
        Lang::Ja => "ja-JP",
    });
    let language = locale.split('-').next().unwrap_or_default();
    match profiles::language_faults(language, locale).first() {
        Some(_) => Err(AppError::invalid(
            "locale",
            format!("`{locale}` is no language and country such as en-US"),
        )),
        None => Ok(profiles::culture(locale)),
    }
}

/// The name with which a caller signs in; empty for nobody in particular.
pub(crate) fn signs_in(caller: &Caller, user: Option<&User>) -> String {
    match user {
        Some(user) => user.sign_in_name.clone(),
        None => caller.user.clone().unwrap_or_default(),
    }
}

/// Who acts, as a person to turn to: what a user is called, or else the name it signs in with.
fn whoever(acting: &Acting) -> Person {
    let name = signs_in(&acting.caller, acting.user.as_deref());
    let given = acting.user.as_ref().map(|user| user.handle.as_str());
    let given = given.filter(|handle| handle.contains(' '));
    let called = given.or_else(|| name.split('@').next()).unwrap_or_default();
    let mut words = called
        .split([' ', '.', '-', '_'])
        .filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    let first = words.next().map(capital).unwrap_or_default();
    let rest: Vec<String> = words.map(capital).collect();
    Person {
        first_name: first,
        last_name: rest.join(" "),
        email: Some(name).filter(|name| name.contains('@')),
        ..Person::default()
    }
}

/// To whom somebody turns instead: the support contact or the seller of the subscription; a customer else to
/// its partners, a reseller else to its providers.
async fn contacts(
    tx: &mut Tx<'_>,
    acting: &Acting,
    subscription: Option<&Subscription>,
    customer: Option<&Tenant>,
) -> Result<Vec<String>, AppError> {
    let own = acting.account.as_ref().map(|account| account.id);
    let mut found = Vec::new();
    if let Some(subscription) = subscription {
        let contact = match acting.account {
            None => subscription.support_contact.or(subscription.seller),
            Some(_) => subscription.seller,
        };
        found.extend(contact.filter(|contact| Some(*contact) != own));
    } else if let Some(account) = &acting.account {
        let ties = tx
            .find::<Partnership>(
                tables::partnerships::BY_RESELLER,
                &[Value::Id(account.id.uuid())],
            )
            .await?;
        let in_force = ties
            .into_iter()
            .filter(|tie| tie.state == PartnershipState::Active);
        found.extend(in_force.map(|tie| tie.provider));
    } else if let Some(customer) = customer {
        let ties = tx
            .find::<Relationship>(
                tables::relationships::BY_CUSTOMER,
                &[Value::Id(customer.id.uuid())],
            )
            .await?;
        let in_force = ties
            .into_iter()
            .filter(|tie| tie.state == RelationshipState::Active);
        found.extend(in_force.map(|tie| tie.partner));
    }
    let mut names = Vec::with_capacity(found.len());
    for partner in found {
        names.push(names::account_by_id(tx, partner).await?.handle);
    }
    names.sort();
    Ok(names)
}

/// Whose requests of its partner a caller sees: everybody's, or those that were opened under its own name (SUP-016).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sees {
    /// All of them.
    pub all: bool,
    /// The name.
    pub own: String,
}

impl Sees {
    /// What a caller sees.
    #[must_use]
    pub fn of(caller: &Caller, user: Option<&User>) -> Self {
        Self {
            all: sees_every_request(caller.roles),
            own: signs_in(caller, user),
        }
    }

    /// The two values by which statements tell.
    #[must_use]
    pub fn values(&self) -> [Value; 2] {
        [Value::Bool(self.all), Value::Text(self.own.clone())]
    }
}

/// A request of a partner that a caller may see. For anybody else there is none.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn the_request(
    tx: &mut Tx<'_>,
    partner: &Account,
    sees: &Sees,
    name: &str,
) -> Result<ServiceRequest, AppError> {
    names::service_request(tx, name)
        .await?
        .filter(|request| request.partner == partner.id)
        .filter(|request| sees.all || request.opened_by == sees.own)
        .ok_or_else(|| AppError::missing(REQUEST, name))
}

/// What was written to a request, in order.
///
/// # Errors
/// When the store fails.
pub async fn notes(
    tx: &mut Tx<'_>,
    request: &ServiceRequest,
) -> Result<Vec<ServiceNote>, AppError> {
    let key = [Value::Id(request.id.uuid())];
    let statement = tables::service_notes::OF_REQUEST;
    Ok(tx.find::<ServiceNote>(statement, &key).await?)
}

/// Change a ticket or write to it; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateTicket {
    /// The ticket.
    pub ticket: String,
    /// In few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// In many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How much it weighs. A first answer that is still due counts from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Close it, or open it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RequestStatus>,
    /// What to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whom the operator asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Person>,
}

/// The operator answers a ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerTicket {
    /// The ticket.
    pub ticket: String,
    /// What to say.
    pub note: String,
    /// Wait for the partner, close it or open it again; by default it is open, and closed where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RequestStatus>,
}

/// Puts a request into a state. One that is opened again without an answer waits for it anew.
fn enter(request: &mut ServiceRequest, status: RequestStatus, now: Timestamp) {
    if request.status == status {
        return;
    }
    if request.status == RequestStatus::Closed && request.answered.is_none() {
        request.due = request.severity.due(now);
    }
    request.status = status;
    request.closed = Some(now).filter(|_| status == RequestStatus::Closed);
}

/// Gives a request another severity. A first answer that is still due counts from now on, and is not put off where it
/// weighs more; what is late stays late.
fn weigh(request: &mut ServiceRequest, severity: Severity, now: Timestamp) {
    if request.answered.is_none() && !request.is_late(now) {
        let due = severity.due(now);
        let is_raised = severity.hours() < request.severity.hours();
        request.due = if is_raised { due.min(request.due) } else { due };
    }
    request.severity = severity;
}

/// Adds a note.
async fn add(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    request: &ServiceRequest,
    text: &str,
    by: Option<&Person>,
) -> Result<(), AppError> {
    let text = fields::said("note", text, TEXT_MAX)?;
    let key = [Value::Id(request.id.uuid())];
    let last: Option<(i64,)> = tx.fetch_optional(tables::support::LAST_NOTE, &key).await?;
    let written = last.map_or(0, |(position,)| position);
    if by.is_some() && written >= NOTES_MAX {
        let problem = format!(
            "note: {} has {NOTES_MAX} of them; open another one",
            request.handle
        );
        return Err(AppError::Conflict(problem));
    }
    let author = by.map(|person| format!("{} {}", person.first_name, person.last_name));
    tx.insert(&ServiceNote {
        request: request.id,
        position: written.saturating_add(1),
        author: author.map_or_else(|| OPERATOR.to_owned(), |name| name.trim().to_owned()),
        by_operator: by.is_none(),
        created: ctx.now,
        text,
    })
    .await?;
    Ok(())
}

async fn save(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut request: ServiceRequest,
    by: Option<Person>,
) -> Result<Json, AppError> {
    request.updated_by = by;
    request.modified = ctx.now;
    request.version = request.version.saturating_add(1);
    tx.put(&request).await?;
    Ok(told(&request))
}

fn told(request: &ServiceRequest) -> Json {
    json!({ "ticket": request.handle, "status": request.status, "due": request.due })
}

impl UpdateTicket {
    async fn request(&self, acting: &Acting, tx: &mut Tx<'_>) -> Result<ServiceRequest, AppError> {
        let sees = Sees::of(&acting.caller, acting.user.as_deref());
        the_request(tx, acting.partner()?, &sees, &self.ticket).await
    }

    /// The request as it is to be, but for the note and its state.
    fn changed(
        &self,
        request: &ServiceRequest,
        now: Timestamp,
    ) -> Result<ServiceRequest, AppError> {
        let mut changed = request.clone();
        if let Some(title) = &self.title {
            changed.title = fields::said("title", title, TITLE_MAX)?;
        }
        if let Some(description) = &self.description {
            changed.description = fields::bounded("description", description, TEXT_MAX)?;
        }
        if let Some(contact) = &self.contact {
            let contact = merged(&request.contact, contact);
            if contact != request.contact {
                changed.contact = reachable(&contact)?;
            }
        }
        if let Some(severity) = self
            .severity
            .filter(|severity| *severity != request.severity)
        {
            weigh(&mut changed, severity, now);
        }
        Ok(changed)
    }

    /// Something is given at all; it may be what stands there already.
    fn says(&self) -> Result<(), AppError> {
        let texts = [&self.title, &self.description, &self.note];
        let says = texts.iter().any(|text| text.is_some())
            || self.severity.is_some()
            || self.status.is_some()
            || self.contact.is_some();
        if says {
            return Ok(());
        }
        Err(AppError::invalid("ticket", "nothing about it is to change"))
    }

    /// The request as it is to be, and whether anything is said about it.
    fn outcome(
        &self,
        request: &ServiceRequest,
        now: Timestamp,
    ) -> Result<(ServiceRequest, bool), AppError> {
        self.says()?;
        let mut changed = self.changed(request, now)?;
        let says = changed != *request || self.note.is_some();
        match self.status.filter(|status| *status != request.status) {
            Some(RequestStatus::AttentionNeeded) => {
                let problem = "is open or closed; only the operator waits for an answer";
                return Err(AppError::invalid("status", problem));
            }
            Some(status) => enter(&mut changed, status, now),
            None if says && request.status == RequestStatus::Closed => {
                let problem = format!(
                    "status: {} is closed; open it again with the same change",
                    request.handle
                );
                return Err(AppError::Conflict(problem));
            }
            // Whatever the partner says is what the operator waited for.
            None if says => enter(&mut changed, RequestStatus::Open, now),
            None => {}
        }
        Ok((changed, says))
    }
}

/// What a request that is there is about.
async fn matter_of(tx: &mut Tx<'_>, request: &ServiceRequest) -> Result<Matter, AppError> {
    Ok(Matter {
        customer: match request.customer {
            Some(customer) => Some(by_id(tx, customer).await?),
            None => None,
        },
        subscription: match request.subscription {
            Some(subscription) => Some(by_id(tx, subscription).await?),
            None => None,
        },
        item: match request.item {
            Some(item) => Some(by_id(tx, item).await?),
            None => None,
        },
    })
}

impl UseCase for UpdateTicket {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateTicket
    }

    fn subject(&self) -> String {
        self.ticket.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let request = self.request(acting, tx).await?;
        let (changed, _) = self.outcome(&request, ctx.now)?;
        let is_opened = request.status == RequestStatus::Closed && changed.closed.is_none();
        if is_opened {
            // Opening it again takes what opening it took.
            let matter = matter_of(tx, &request).await?;
            return opening(ctx, acting, tx, request.about, matter).await;
        }
        facts::begin(tx, ctx, acting, Checkpoint::UpdateTicket).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let request = self.request(acting, tx).await?;
        let (changed, says) = self.outcome(&request, ctx.now)?;
        if !says && changed == request {
            return Ok(told(&request));
        }
        let by = whoever(acting);
        if let Some(note) = &self.note {
            add(ctx, tx, &request, note, Some(&by)).await?;
        }
        save(ctx, tx, changed, Some(by)).await
    }
}

impl UseCase for AnswerTicket {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.ticket.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        names::the_service_request(tx, &self.ticket).await?;
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let mut request = names::the_service_request(tx, &self.ticket).await?;
        add(ctx, tx, &request, &self.note, None).await?;
        let status = match request.status {
            RequestStatus::Closed => RequestStatus::Closed,
            RequestStatus::Open | RequestStatus::AttentionNeeded => RequestStatus::Open,
        };
        enter(&mut request, self.status.unwrap_or(status), ctx.now);
        // What was closed before anybody answered waited for nobody.
        if request.status != RequestStatus::Closed || status != RequestStatus::Closed {
            request.answered.get_or_insert(ctx.now);
        }
        save(ctx, tx, request, None).await
    }
}
