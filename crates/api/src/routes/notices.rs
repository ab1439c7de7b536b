//! Notices, what partners say of their support, and the text of the partner agreement.

use http::StatusCode;
use serde::Serialize;
use tierline_app::notices::{self, Told};
use tierline_app::overview::Viewer;
use tierline_app::world::PARTNER_TEMPLATE;
use tierline_app::{AppError, names};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::id::Id;
use tierline_domain::notice::{Notice, SupportOffer};
use tierline_domain::partner::{Account, Organization};
use tierline_domain::time::Timestamp;
use tierline_store::tables::{notices as sql, relationships};
use tierline_store::{Tx, Value as Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::ours::{OwnCall, Strict};
use crate::route::{self, Access, Route};
use crate::wire::seek;

/// Most notices of a page.
const PAGE_MAX: usize = 200;
/// The text of the partner agreement, in the one language in which it exists (AGR-010).
const AGREEMENT: &str = include_str!("../../../../program/partner-agreement.md");

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/notices",
            "What was written to the caller, the latest first; or what the caller wrote.",
            list,
        )
        .access(Access::Party)
        .query("box", "received or sent; received without it. The operator has sent some alone.")
        .query("state", "unread for those that nobody has read; all without it.")
        .query("count", "Most notices of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<NoticePage>(ok),
        route::get(
            "/program/v1/support-offers",
            "What support is like: a partner's own word, or those of a customer's partners, or everybody's for the operator.",
            offers,
        )
        .access(Access::Party)
        .answers::<SupportOfferList>(ok),
        route::get(
            "/program/v1/partner-agreement",
            "The text of the partner agreement. It exists in English only (AGR-010).",
            agreement,
        )
        .access(Access::Open)
        .answers::<AgreementText>(ok),
    ]
}

/// A page of notices.
#[derive(Debug, Serialize, ToSchema)]
struct NoticePage {
    items: Vec<NoticeView>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A notice.
#[derive(Debug, Serialize, ToSchema)]
struct NoticeView {
    id: String,
    #[schema(value_type = NoticeWord)]
    topic: &'static str,
    /// Short name of the partner that wrote it; absent where the operator did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from_title: Option<String>,
    /// Short name of whoever it was written to.
    to: String,
    to_title: String,
    /// Short name of what it is about: a subscription, a partner. Absent where it speaks for itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    about: String,
    /// What happened to that: the command or event. Absent where somebody wrote by hand.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    happened: String,
    /// What somebody wrote by hand.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    text: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    read: Option<Timestamp>,
}

/// What a notice is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum NoticeWord {
    Subscription,
    Support,
    PartnerAgreement,
    Message,
    AgreementRecorded,
    Incident,
    Operations,
}

impl NoticeView {
    fn of(told: Told) -> Self {
        let (from, from_title) = told.author.unzip();
        let (to, to_title) = told.to;
        let notice = told.notice;
        Self {
            id: notice.id.to_string(),
            topic: notice.topic.as_str(),
            from,
            from_title,
            to,
            to_title,
            about: notice.about,
            happened: notice.happened,
            text: notice.text,
            at: notice.at,
            read: notice.read_at,
        }
    }
}

/// Where a page ended.
type Place = (Timestamp, Uuid);

async fn list(call: OwnCall) -> Strict<NoticePage> {
    let listing = call.listing(&["box", "state"], PAGE_MAX)?;
    let which = call.one_of(&listing, "box", &["received", "sent"])?;
    let unread = call.one_of(&listing, "state", &["unread"])?.is_some();
    let after = call.place::<Place>(&listing)?;
    let now = call.server.app().clock().world_now();
    // Nothing is written later than now.
    let (at, id) = after.unwrap_or((now.next(), Uuid::nil()));
    let is_sent = which == Some("sent");
    let (statement, whose) = match (call.principal.viewer(), is_sent) {
        (Viewer::Operator, _) => (sql::notices::BY_OPERATOR, None),
        (Viewer::Partner(account), true) => (sql::notices::BY_ACCOUNT, Some(account.id.uuid())),
        (Viewer::Partner(account), false) => (sql::notices::TO_ACCOUNT, Some(account.id.uuid())),
        // A customer writes none.
        (Viewer::Customer(_), true) => {
            return Ok(Json(NoticePage {
                items: Vec::new(),
                next: None,
            }));
        }
        (Viewer::Customer(tenant), false) => (sql::notices::TO_CUSTOMER, Some(tenant.id.uuid())),
    };
    let most = i64::try_from(listing.count).unwrap_or(i64::MAX);
    let rest = [
        Stored::Bool(unread),
        Stored::Instant(at),
        Stored::Id(id),
        Stored::Int(most.saturating_add(1)),
    ];
    let key: Vec<Stored> = whose.map(Stored::Id).into_iter().chain(rest).collect();
    let mut found = call
        .read(move |tx| {
            let key = key.clone();
            Box::pin(async move {
                let mut found = Vec::new();
                for notice in tx.scan::<Notice>(statement, &key).await? {
                    let place: Place = (notice.at, notice.id.uuid());
                    let told = notices::told(tx, notice).await?;
                    found.push((place, NoticeView::of(told)));
                }
                Ok(found)
            })
        })
        .await?;
    let more = found.len() > listing.count;
    found.truncate(listing.count);
    let next = found.last().filter(|_| more);
    let next = next.map(|(place, _)| seek::token(place));
    let items = found.into_iter().map(|(_, view)| view).collect();
    Ok(Json(NoticePage { items, next }))
}

/// What partners say of their support.
#[derive(Debug, Serialize, ToSchema)]
struct SupportOfferList {
    items: Vec<SupportOfferView>,
}

/// What a partner says of its support (SUP-003).
#[derive(Debug, Serialize, ToSchema)]
struct SupportOfferView {
    partner: String,
    partner_title: String,
    /// What it helps with.
    scope: String,
    hours: String,
    /// How it is reached.
    contact: String,
    price: String,
    /// Who helps on its behalf; absent where it does so itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    provided_by: String,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

async fn shown(tx: &mut Tx<'_>, offer: SupportOffer) -> Result<SupportOfferView, AppError> {
    let account = names::account_by_id(tx, offer.partner).await?;
    let company: Organization = names::by_id(tx, account.organization).await?;
    Ok(SupportOfferView {
        partner: account.handle,
        partner_title: company.name,
        scope: offer.scope,
        hours: offer.hours,
        contact: offer.contact,
        price: offer.price,
        provided_by: offer.provided_by,
        since: offer.since,
    })
}

/// Offers that a viewer reads.
async fn read(tx: &mut Tx<'_>, viewer: &Viewer) -> Result<Vec<SupportOffer>, AppError> {
    let partners: Vec<Id<Account>> = match viewer {
        Viewer::Operator => {
            return Ok(tx.find(sql::support_offers::EVERY, &[]).await?);
        }
        Viewer::Partner(account) => vec![account.id],
        Viewer::Customer(tenant) => {
            let key = [Stored::Id(tenant.id.uuid())];
            let ties = tx.find::<Relationship>(relationships::BY_CUSTOMER, &key);
            let ties = ties.await?.into_iter();
            let active = ties.filter(|tie| tie.state == RelationshipState::Active);
            active.map(|tie| tie.partner).collect()
        }
    };
    let mut found = Vec::new();
    for partner in partners {
        found.extend(notices::offer_of(tx, partner).await?);
    }
    Ok(found)
}

async fn offers(call: OwnCall) -> Strict<SupportOfferList> {
    call.query(&[])?;
    let viewer = call.principal.viewer();
    let found = call.read(move |tx| {
        let viewer = viewer.clone();
        Box::pin(async move {
            let mut items = Vec::new();
            for offer in read(tx, &viewer).await? {
                items.push(shown(tx, offer).await?);
            }
            Ok(SupportOfferList { items })
        })
    });
    found.await.map(Json)
}

/// The text of the partner agreement.
#[derive(Debug, Serialize, ToSchema)]
struct AgreementText {
    /// The template that partners sign.
    template: &'static str,
    /// The language of the text, whatever the caller's is.
    language: &'static str,
    /// In Markdown.
    text: &'static str,
}

async fn agreement() -> Json<AgreementText> {
    Json(AgreementText {
        template: PARTNER_TEMPLATE,
        language: "en",
        text: AGREEMENT,
    })
}
