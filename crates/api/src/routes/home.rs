//! What needs the caller, and the map of its part of the program.

use http::StatusCode;
use serde::Serialize;
use tierline_app::overview::home::{self, AHEAD_DAYS, CreditState, Home, Matter};
use tierline_app::overview::map::{self, Edge, Graph, Node};
use tierline_domain::time::{Date, Timestamp};
use tierline_store::overview::Hit;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::ours::{OwnCall, Strict};
use crate::route::{self, Access, Route};

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/home",
            "What needs the caller today: counts with a few examples.",
            needs,
        )
        .access(Access::Party)
        .answers::<HomeView>(ok),
        route::get(
            "/program/v1/map",
            "Who takes part and what ties them: the caller's part of the program.",
            graph,
        )
        .access(Access::Party)
        .answers::<MapView>(ok),
    ]
}

/// What needs the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HomeView {
    /// `operator`, `partner` or `customer`.
    #[schema(value_type = ViewerKind)]
    viewer: &'static str,
    /// The caller's short name.
    name: String,
    /// Days ahead in which renewals and ends of rights are counted.
    ahead_days: i32,
    /// Each kind of which there is something.
    items: Vec<MatterView>,
    /// The credit line of a seller whose user may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    credit: Option<CreditView>,
    /// Active subscriptions that a partner sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscriptions: Option<i64>,
}

/// Who looks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum ViewerKind {
    Operator,
    Partner,
    Customer,
}

/// Kinds of what needs somebody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum MatterKind {
    /// Invitations that the caller has not answered: a reseller's from providers, a customer's from partners.
    Invitations,
    /// A provider's invitations that resellers have not answered.
    ResellersInvited,
    /// A partner's invitations that customers have not answered.
    CustomersInvited,
    /// The caller's partner agreement; `about` is its region.
    AgreementToSign,
    /// Partners that sell to the customer once its customer agreement is accepted: its own acceptance is enough for all.
    CustomerAgreement,
    /// The caller is on its way into the program; `about` is its state.
    Enrolment,
    /// The caller's account is restricted, suspended or out of the program; `about` is its state.
    Standing,
    /// Subscriptions that come to the end of their term; `about` is the customer.
    Renewals,
    /// Granular rights that end and do not extend themselves.
    RightsEnding,
    /// Requests for granular rights that a customer has not answered.
    RightsToApprove,
    /// Order requests that a provider has not answered.
    OrderRequests,
    /// A reseller's order requests that are not answered.
    OrderRequestsOpen,
    /// Transfers that wait for the caller.
    Transfers,
    /// Bills that the caller has not paid; `about` is the amount.
    InvoicesDue,
    /// Bills that the caller disputes.
    InvoicesDisputed,
    /// The caller's bills that others dispute.
    InvoicesContested,
    /// What was refused to the caller lately; `name` is the deciding rule, `about` the command.
    Refusals,
    /// Webhook events that could not be delivered.
    DeliveriesParked,
    /// Accounts in verification; the operator's.
    Enrolments,
    /// Partnerships whose end a reseller asked for; the operator's.
    PartnershipRemovals,
    /// Special qualifications to decide; the operator's.
    Qualifications,
    /// Requests for support that are open; the operator's, and due when their first answer is.
    SupportRequests,
    /// The partner's requests for support with which the operator waits for it; `about` is the number.
    SupportReplies,
    /// Alerts of fraud for which the caller is liable and that it has not looked at.
    FraudAlerts,
    /// What was written to the caller and nobody has read; `name` is the topic.
    Notices,
    /// What could not be done by date; the operator's.
    SetAside,
}

/// One kind of thing that needs somebody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MatterView {
    #[schema(value_type = MatterKind)]
    kind: &'static str,
    count: i64,
    /// There are more than were counted.
    is_more: bool,
    /// Those that are due first, at most five.
    examples: Vec<ExampleView>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct ExampleView {
    /// The thing; the other party's id where the thing has none of its own.
    id: String,
    name: String,
    /// The other party's short name, or what the kind says.
    about: String,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// The day by which something has to be done, or since which it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    day: Option<Date>,
}

/// A credit line, in US dollars.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreditView {
    /// Such as `USD 50000.00`.
    limit: String,
    /// What is left of it.
    available: String,
    /// Whole percent that are used up; above 100 where it is overdrawn.
    used_percent: i64,
}

fn example(hit: Hit) -> ExampleView {
    ExampleView {
        id: hit.id.to_string(),
        name: hit.name,
        about: hit.about,
        at: hit.at,
        day: hit.day,
    }
}

fn matter(matter: Matter) -> MatterView {
    MatterView {
        kind: matter.kind,
        count: matter.count,
        is_more: matter.is_more,
        examples: matter.examples.into_iter().map(example).collect(),
    }
}

async fn needs(call: OwnCall) -> Strict<HomeView> {
    call.query(&[])?;
    let (ctx, viewer) = (call.ctx(), call.principal.viewer());
    let (kind, name) = (super::viewer_kind(&viewer), viewer.name().to_owned());
    let found: Home = call
        .read(move |tx| {
            let (ctx, viewer) = (ctx.clone(), viewer.clone());
            Box::pin(async move { home::home(&ctx, tx, &viewer).await })
        })
        .await?;
    let credit = |credit: CreditState| CreditView {
        limit: credit.limit.to_string(),
        available: credit.available.to_string(),
        used_percent: credit.used_percent,
    };
    Ok(Json(HomeView {
        viewer: kind,
        name,
        ahead_days: AHEAD_DAYS,
        items: found.matters.into_iter().map(matter).collect(),
        credit: found.credit.map(credit),
        subscriptions: found.sold,
    }))
}

/// A part of the program.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MapView {
    nodes: Vec<MapNode>,
    edges: Vec<MapEdge>,
    /// There is more than is shown: at most 5,000 partners, customers, partnerships and relationships each.
    is_cut: bool,
}

/// Kinds of who takes part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum MapNodeKind {
    Operator,
    IndirectProvider,
    IndirectReseller,
    DirectBill,
    Advisor,
    Customer,
}

/// Kinds of ties.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum MapEdgeKind {
    /// The operator and whoever buys from it.
    Program,
    /// A provider and its reseller.
    Partnership,
    /// A partner and its customer.
    Relationship,
}

/// Whether an agreement is accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
pub(super) enum AgreementWord {
    Accepted,
    Open,
}

/// Somebody who takes part.
#[derive(Debug, Serialize, ToSchema)]
struct MapNode {
    /// Its account or tenant; `operator` for the operator.
    id: String,
    /// Its short name.
    name: String,
    /// Its company; the short name where the caller may not know more; empty for the operator.
    title: String,
    #[schema(value_type = MapNodeKind)]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    region: Option<String>,
    /// State of the account, where the caller may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
    /// The partner agreement, where the caller may know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<AgreementWord>)]
    agreement: Option<String>,
}

/// What ties two of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MapEdge {
    #[schema(value_type = MapEdgeKind)]
    kind: &'static str,
    /// Id of the end nearer to the operator.
    from: String,
    /// Id of the other end.
    to: String,
    /// `active`, `invited`, `declined`, `withdrawn`, `lapsed` or `removed`; of a tie with the operator the state of the account.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Of a relationship the customer agreement as the partner has attested it; of the others the partner agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<AgreementWord>)]
    agreement: Option<&'static str>,
    /// When the reseller asked for the end of the partnership.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    removal_requested: Option<Date>,
}

fn node(node: Node) -> MapNode {
    MapNode {
        id: node
            .id
            .map_or_else(|| node.name.clone(), |id| id.to_string()),
        name: node.name,
        title: node.title,
        kind: node.kind,
        country: node.country.map(|country| country.to_string()),
        region: node.region,
        state: node.state,
        agreement: node.agreement,
    }
}

fn edge(edge: Edge) -> MapEdge {
    MapEdge {
        kind: edge.kind,
        from: edge.from_id.map_or(edge.from, |id| id.to_string()),
        to: edge.to_id.to_string(),
        state: edge.state,
        since: edge.since,
        agreement: edge.agreement,
        removal_requested: edge.removal_requested,
    }
}

async fn graph(call: OwnCall) -> Strict<MapView> {
    call.query(&[])?;
    let (ctx, viewer) = (call.ctx(), call.principal.viewer());
    let found: Graph = call
        .read(move |tx| {
            let (ctx, viewer) = (ctx.clone(), viewer.clone());
            Box::pin(async move { map::graph(&ctx, tx, &viewer).await })
        })
        .await?;
    Ok(Json(MapView {
        nodes: found.nodes.into_iter().map(node).collect(),
        edges: found.edges.into_iter().map(edge).collect(),
        is_cut: found.is_cut,
    }))
}
