//! The catalogue: products, SKUs, availabilities, offers, promotions; by market, or by customer.

use tierline_app::AppError;
use tierline_app::catalogue::Asked;
use tierline_app::names;
use tierline_domain::customer::{
    Customer, Qualification, Relationship, RelationshipState, Segment,
};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::place::Country;
use tierline_rules::regions;
use tierline_store::{Tx, Value as Stored};

use crate::call::Call;
use crate::problem::Problem;
use crate::route::Route;
use crate::wire::catalog;

mod inventory;
pub(super) mod offers;
mod products;
mod promotions;
mod views;

pub(super) fn routes() -> Vec<Route> {
    [
        products::routes(),
        products::customer_routes(),
        inventory::routes(),
        offers::routes(),
        promotions::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A bad query value.
const BAD_VALUE: u32 = 3000;
/// A target segment that the caller may not see.
const SEGMENT_DENIED: u32 = 400_030;

fn bad_query(key: &str, problem: &str) -> Problem {
    let text = format!("{key}: {problem}");
    Problem::documented(http::StatusCode::BAD_REQUEST, BAD_VALUE, &text)
}

fn segment_denied(given: &str) -> Problem {
    let text = format!("targetSegment: `{given}` is not open to this caller");
    Problem::documented(http::StatusCode::FORBIDDEN, SEGMENT_DENIED, &text)
}

/// For what market a call asks, and how its links go on.
#[derive(Clone, Debug)]
struct Market {
    asked: Asked,
    /// What links to a single resource carry: the market.
    query: String,
    /// What links to lists carry: the market and what narrows it.
    narrowed: String,
    language: &'static str,
    locale: String,
    /// Who asks, by its short name.
    partner: String,
}

impl Market {
    /// The market that the query names.
    fn of_country(call: &Call) -> Result<Self, Problem> {
        let given = call
            .query
            .get("country")
            .ok_or_else(|| bad_query("country", "is missing; give two letters such as US"))?;
        let country: Country = given
            .parse()
            .ok()
            .filter(|country| regions::place(*country).is_some())
            .ok_or_else(|| {
                bad_query("country", &format!("`{given}` is no market of the program"))
            })?;
        let segments = match call.query.get("targetsegment") {
            Some(given) => vec![
                catalog::segment_of(given)
                    .filter(|segment| may_see(&call.account, *segment))
                    .ok_or_else(|| segment_denied(given))?,
            ],
            None => open_to(&call.account),
        };
        Ok(Self::new(call, country, given, segments))
    }

    /// The market and the segments of a customer, which must be the caller's.
    async fn of_customer(call: &Call, customer: &str) -> Result<Self, Problem> {
        let (account, wanted) = (call.account.clone(), customer.to_owned());
        let found = call
            .read(move |tx| Box::pin(own_customer(tx, account.clone(), wanted.clone())))
            .await?;
        let (tenant, details) =
            found.ok_or_else(|| Problem::no_customer(&call.account.handle, customer))?;
        let special = details
            .filter(|details| details.qualification == Qualification::Approved)
            .map(|details| details.segment)
            .filter(|segment| *segment != Segment::Commercial && may_see(&call.account, *segment));
        let mut segments = vec![Segment::Commercial];
        segments.extend(special);
        if let Some(given) = call.query.get("targetsegment") {
            let segment = catalog::segment_of(given)
                .filter(|segment| segments.contains(segment))
                .ok_or_else(|| segment_denied(given))?;
            segments = vec![segment];
        }
        let country = tenant.country;
        Ok(Self::new(call, country, country.as_str(), segments))
    }

    fn new(call: &Call, country: Country, spelled: &str, segments: Vec<Segment>) -> Self {
        let mut query = format!("country={}", encoded(spelled));
        let mut narrowed = query.clone();
        for (key, name, everywhere) in [
            ("targetsegment", "targetSegment", false),
            ("reservationscope", "reservationScope", true),
        ] {
            let Some(value) = call.query.get(key) else {
                continue;
            };
            let part = format!("&{name}={}", encoded(value));
            narrowed.push_str(&part);
            if everywhere {
                query.push_str(&part);
            }
        }
        let header = call.headers.get("x-locale");
        let locale = header
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(',').next())
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .unwrap_or("en-US");
        let scope = call.query.get("reservationscope");
        Self {
            asked: Asked {
                country,
                segments,
                today: call.server.app().clock().world_now().date(),
                with_plan: scope.is_some_and(|scope| scope.eq_ignore_ascii_case("AzurePlan")),
            },
            query,
            narrowed,
            language: call.principal.lang.code(),
            locale: locale.to_owned(),
            partner: call.account.handle.clone(),
        }
    }
}

/// Whether a partner may see what is made for a segment: the government community cloud takes an approval.
fn may_see(account: &Account, segment: Segment) -> bool {
    segment != Segment::GovernmentCommunityCloud
        || account
            .approvals
            .iter()
            .any(|approval| approval == segment.as_str())
}

fn open_to(account: &Account) -> Vec<Segment> {
    let all = Segment::ALL.iter().copied();
    all.filter(|segment| may_see(account, *segment)).collect()
}

/// A value as it stands in a query.
fn encoded(value: &str) -> String {
    value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b':') {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// A customer with which the partner has an active relationship.
async fn own_customer(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: String,
) -> Result<Option<(Tenant, Option<Customer>)>, AppError> {
    let Some(tenant) = names::tenant(tx, &customer).await? else {
        return Ok(None);
    };
    let key = [Stored::Id(partner.id.uuid()), Stored::Id(tenant.id.uuid())];
    let relation = tx.get::<Relationship>(&key).await?;
    if relation.is_none_or(|relation| relation.state != RelationshipState::Active) {
        return Ok(None);
    }
    let details = tx.get(&[Stored::Id(tenant.id.uuid())]).await?;
    Ok(Some((tenant, details)))
}
