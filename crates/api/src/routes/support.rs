//! Requests for support as our own portal reads them: a partner's, or everybody's for the operator.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::overview::Viewer;
use tierline_app::service_requests::{self, Sees};
use tierline_app::{AppError, actor, names};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::support::{ServiceNote, ServiceRequest, TOPICS, Topic};
use tierline_domain::time::Timestamp;
use tierline_store::tables::service_requests as rows;
use tierline_store::{Tx, Value as Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::route::{self, Route};
use crate::wire::people::WireContact;
use crate::wire::seek;

/// Most requests of a page.
const PAGE_MAX: usize = 200;
/// What lists are narrowed to; the last one is what waits for its first answer.
const STATUSES: [&str; 4] = ["open", "attention_needed", "closed", "unanswered"];

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/support-requests",
            "Requests for support, the latest first: a partner's own, as far as its user sees them, or all of them for the operator.",
            list,
        )
        .query("status", "open, attention_needed, closed, or unanswered for those that wait for their first answer.")
        .query("count", "Most requests of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<SupportPage>(ok),
        route::get(
            "/program/v1/support-requests/{id}",
            "A request for support with everything that was written to it.",
            single,
        )
        .answers::<SupportView>(ok),
        route::get(
            "/program/v1/support-topics",
            "What requests for support are filed under.",
            topics,
        )
        .answers::<TopicList>(ok),
    ]
}

/// A page of requests.
#[derive(Debug, Serialize, ToSchema)]
struct SupportPage {
    items: Vec<SupportEntry>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A request in a list.
#[derive(Debug, Serialize, ToSchema)]
struct SupportEntry {
    /// Its number.
    id: String,
    /// Short name of the partner.
    partner: String,
    /// The partner's company.
    partner_title: String,
    /// Short name of the customer it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer: Option<String>,
    /// The customer's company.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer_title: Option<String>,
    /// Number of its topic.
    topic: String,
    /// Name of its topic, in the caller's language.
    topic_title: String,
    title: String,
    /// `critical`, `moderate` or `minimal`.
    #[schema(value_type = SeverityWord)]
    severity: String,
    /// `open`, `attention_needed` or `closed`.
    #[schema(value_type = SupportWord)]
    status: String,
    #[schema(value_type = String, format = DateTime)]
    opened: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified: Timestamp,
    /// When a first answer is, or was, due (SUP-010).
    #[schema(value_type = String, format = DateTime)]
    due: Timestamp,
    /// When the operator answered first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    answered: Option<Timestamp>,
    /// The first answer came, or is by now, later than it was due.
    late: bool,
}

/// A request with everything that was written to it.
#[derive(Debug, Serialize, ToSchema)]
struct SupportView {
    #[serde(flatten)]
    entry: SupportEntry,
    description: String,
    /// The language in which the partner wants to be answered.
    locale: String,
    contact: WireContact,
    /// The name with which whoever opened it signs in; empty where nobody in particular did.
    opened_by: String,
    /// Short name of the subscription it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscription: Option<String>,
    notes: Vec<SupportNote>,
}

/// What was written to a request.
#[derive(Debug, Serialize, ToSchema)]
struct SupportNote {
    author: String,
    /// The operator wrote it.
    by_operator: bool,
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    text: String,
}

/// How much a request weighs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum SeverityWord {
    Critical,
    Moderate,
    Minimal,
}

/// How far a request is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum SupportWord {
    Open,
    AttentionNeeded,
    Closed,
}

/// Topics.
#[derive(Debug, Serialize, ToSchema)]
struct TopicList {
    items: Vec<TopicEntry>,
}

/// What requests are filed under.
#[derive(Debug, Serialize, ToSchema)]
struct TopicEntry {
    id: &'static str,
    title: &'static str,
    /// `licences`, `consumption`, `technical`, `third_party`, `own_tenant` or `program`.
    about: &'static str,
}

/// Who reads, and how.
#[derive(Clone)]
struct Reader {
    /// Whose requests; none for the operator, who reads everybody's.
    partner: Option<Account>,
    sees: Sees,
    language: &'static str,
    now: Timestamp,
}

impl Reader {
    fn of(call: &OwnCall) -> Result<Self, Details> {
        let partner = match call.principal.viewer() {
            Viewer::Operator => None,
            _ => {
                let own = call.principal.partner();
                Some(own.map_err(|problem| call.refuse(problem))?.clone())
            }
        };
        let caller = actor::calling(&call.principal.actor());
        Ok(Self {
            partner,
            sees: Sees::of(&caller, None),
            language: call.principal.lang.code(),
            now: call.server.app().clock().world_now(),
        })
    }

    async fn entry(&self, tx: &mut Tx<'_>, row: &ServiceRequest) -> Result<SupportEntry, AppError> {
        let partner: Account = names::by_id(tx, row.partner).await?;
        let company: Organization = names::by_id(tx, partner.organization).await?;
        let customer = match row.customer {
            Some(customer) => {
                let tenant: Tenant = names::by_id(tx, customer).await?;
                let company: Organization = names::by_id(tx, tenant.organization).await?;
                Some((tenant.handle, company.name))
            }
            None => None,
        };
        let (customer, customer_title) = customer.unzip();
        let topic = Topic::find(&row.topic).map_or("", |topic| topic.name(self.language));
        Ok(SupportEntry {
            id: row.handle.clone(),
            partner: partner.handle,
            partner_title: company.name,
            customer,
            customer_title,
            topic: row.topic.clone(),
            topic_title: topic.to_owned(),
            title: row.title.clone(),
            severity: row.severity.to_string(),
            status: row.status.to_string(),
            opened: row.opened,
            modified: row.modified,
            due: row.due,
            answered: row.answered,
            late: row.is_late(self.now),
        })
    }

    async fn page(
        &self,
        tx: &mut Tx<'_>,
        status: &str,
        (at, id): (Timestamp, Uuid),
        most: i64,
    ) -> Result<Vec<(Place, SupportEntry)>, AppError> {
        let status = Stored::Text(status.to_owned());
        let rest = [
            status,
            Stored::Instant(at),
            Stored::Id(id),
            Stored::Int(most),
        ];
        let (statement, first) = match &self.partner {
            None => (rows::BEFORE, Vec::new()),
            Some(partner) => {
                let mut first = vec![Stored::Id(partner.id.uuid())];
                first.extend(self.sees.values());
                (rows::OF_BEFORE, first)
            }
        };
        let key: Vec<Stored> = first.into_iter().chain(rest).collect();
        let mut found = Vec::new();
        for row in tx.scan::<ServiceRequest>(statement, &key).await? {
            let entry = self.entry(tx, &row).await?;
            found.push(((row.opened, row.id.uuid()), entry));
        }
        Ok(found)
    }

    async fn single(&self, tx: &mut Tx<'_>, name: &str) -> Result<SupportView, AppError> {
        let row = match &self.partner {
            None => names::the_service_request(tx, name).await?,
            Some(partner) => service_requests::the_request(tx, partner, &self.sees, name).await?,
        };
        let subscription = match row.subscription {
            Some(id) => {
                let found: Subscription = names::by_id(tx, id).await?;
                Some(found.handle)
            }
            None => None,
        };
        let notes = service_requests::notes(tx, &row).await?;
        let note = |note: ServiceNote| SupportNote {
            author: note.author,
            by_operator: note.by_operator,
            created: note.created,
            text: note.text,
        };
        Ok(SupportView {
            entry: self.entry(tx, &row).await?,
            description: row.description,
            locale: row.locale,
            contact: WireContact::of(&row.contact),
            opened_by: row.opened_by,
            subscription,
            notes: notes.into_iter().map(note).collect(),
        })
    }
}

/// Where a page ended.
type Place = (Timestamp, Uuid);

async fn list(call: OwnCall) -> Strict<SupportPage> {
    let listing = call.listing(&["status"], PAGE_MAX)?;
    let status = call
        .one_of(&listing, "status", &STATUSES)?
        .unwrap_or_default();
    let after = call.place::<Place>(&listing)?;
    let reader = Reader::of(&call)?;
    // Nothing is opened later than now.
    let after = after.unwrap_or((reader.now.next(), Uuid::nil()));
    let most = i64::try_from(listing.count)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let mut found = call
        .read(move |tx| {
            let reader = reader.clone();
            Box::pin(async move { reader.page(tx, status, after, most).await })
        })
        .await?;
    let more = found.len() > listing.count;
    found.truncate(listing.count);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(place, _)| seek::token(place));
    let items = found.into_iter().map(|(_, entry)| entry).collect();
    Ok(Json(SupportPage { items, next }))
}

async fn single(Path(id): Path<String>, call: OwnCall) -> Strict<SupportView> {
    call.query(&[])?;
    let reader = Reader::of(&call)?;
    let found = call.read(move |tx| {
        let (reader, id) = (reader.clone(), id.clone());
        Box::pin(async move { reader.single(tx, &id).await })
    });
    found.await.map(Json)
}

async fn topics(call: OwnCall) -> Strict<TopicList> {
    call.query(&[])?;
    let language = call.principal.lang.code();
    let items = TOPICS.iter().map(|topic| TopicEntry {
        id: topic.id,
        title: topic.name(language),
        about: topic.about.as_str(),
    });
    Ok(Json(TopicList {
        items: items.collect(),
    }))
}
