//! The program as a graph: who takes part, where, and what ties them to each other.

use std::collections::BTreeSet;

use tierline_domain::customer::RelationshipState;
use tierline_domain::partner::{Account, PartnerType};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::Tx;
use tierline_store::chart::{Chart, Part};
use uuid::Uuid;

use super::{Viewer, region};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::world::CLOUD_TEMPLATE;

/// Most partners, most customers, and most ties of each sort.
pub const MOST: i64 = 5_000;

/// Somebody who takes part.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its account or tenant; none for the operator.
    pub id: Option<Uuid>,
    /// Its short name.
    pub name: String,
    /// Its company; the short name where the viewer may not know more.
    pub title: String,
    /// `operator`, a partner's role, or `customer`.
    pub kind: &'static str,
    /// The country, where the viewer may know it.
    pub country: Option<Country>,
    /// The region that the country is in today.
    pub region: Option<String>,
    /// State of a partner's account.
    pub state: Option<String>,
    /// `accepted` or `open`: the partner agreement, where the viewer may know it.
    pub agreement: Option<String>,
}

/// What ties two of them.
#[derive(Clone, Debug)]
pub struct Edge {
    /// `program`, `partnership` or `relationship`.
    pub kind: &'static str,
    /// Short name of the end nearer to the operator.
    pub from: String,
    /// Short name of the other end.
    pub to: String,
    /// Id of the end nearer to the operator; none for the operator.
    pub from_id: Option<Uuid>,
    /// Id of the other end.
    pub to_id: Uuid,
    /// Its state.
    pub state: String,
    /// Since when it is in that state.
    pub since: Option<Timestamp>,
    /// `accepted` or `open`: of a relationship, the customer agreement as its partner has attested it; of a
    /// partnership, the reseller's partner agreement.
    pub agreement: Option<&'static str>,
    /// When the reseller asked for the end of a partnership.
    pub removal_requested: Option<Date>,
}

/// A part of the program.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Who takes part.
    pub nodes: Vec<Node>,
    /// What ties them.
    pub edges: Vec<Edge>,
    /// There is more than is shown.
    pub is_cut: bool,
}

const fn role(kind: PartnerType) -> &'static str {
    match kind {
        PartnerType::IndirectProvider => "indirect_provider",
        PartnerType::IndirectReseller => "indirect_reseller",
        PartnerType::DirectBill => "direct_bill",
        PartnerType::Advisor => "advisor",
    }
}

const fn word(is_accepted: bool) -> &'static str {
    if is_accepted { "accepted" } else { "open" }
}

/// The viewer's part of the program, drawn from four statements.
///
/// # Errors
/// When the store fails.
pub async fn graph(ctx: &Ctx, tx: &mut Tx<'_>, viewer: &Viewer) -> Result<Graph, AppError> {
    let part = match viewer {
        Viewer::Operator => Part::Whole,
        Viewer::Partner(account) => Part::Partner(account.id.uuid()),
        Viewer::Customer(tenant) => Part::Customer(tenant.id.uuid()),
    };
    let chart = tx.chart(part, CLOUD_TEMPLATE, MOST).await?;
    Ok(draw(&chart, viewer, ctx.now.date()))
}

/// Whether a partner may know what a customer is called: its own customers, and those that were.
fn knows(chart: &Chart, own: &Account) -> BTreeSet<Uuid> {
    let known = chart.relationships.iter().filter(|tie| {
        tie.partner == own.id.uuid()
            && matches!(
                tie.state,
                RelationshipState::Active | RelationshipState::Removed
            )
    });
    known.map(|tie| tie.customer).collect()
}

fn draw(chart: &Chart, viewer: &Viewer, today: Date) -> Graph {
    let full = usize::try_from(MOST).unwrap_or(usize::MAX);
    let mut graph = Graph {
        is_cut: chart.accounts.len() >= full
            || chart.customers.len() >= full
            || chart.partnerships.len() >= full
            || chart.relationships.len() >= full,
        ..Graph::default()
    };
    graph.nodes.push(Node {
        id: None,
        name: crate::actor::OPERATOR.to_owned(),
        title: String::new(),
        kind: "operator",
        country: None,
        region: None,
        state: None,
        agreement: None,
    });
    accounts(&mut graph, chart, viewer, today);
    let known = match viewer {
        Viewer::Partner(account) => Some(knows(chart, account)),
        Viewer::Operator | Viewer::Customer(_) => None,
    };
    for row in &chart.customers {
        let is_known = known.as_ref().is_none_or(|known| known.contains(&row.id));
        graph.nodes.push(Node {
            id: Some(row.id),
            name: row.handle.clone(),
            title: if is_known { &row.name } else { &row.handle }.clone(),
            kind: "customer",
            country: is_known.then_some(row.country),
            region: region(row.country, today).filter(|_| is_known),
            state: None,
            agreement: None,
        });
    }
    ties(&mut graph, chart);
    graph
}

fn accounts(graph: &mut Graph, chart: &Chart, viewer: &Viewer, today: Date) {
    for row in &chart.accounts {
        // A provider may ask whether its reseller has signed (AGR-012); nobody else's agreement is anybody's business.
        let is_told = match viewer {
            Viewer::Operator => true,
            Viewer::Customer(_) => false,
            Viewer::Partner(own) => {
                own.id.uuid() == row.id
                    || chart
                        .partnerships
                        .iter()
                        .any(|tie| tie.provider == own.id.uuid() && tie.reseller == row.id)
            }
        };
        let is_own = match viewer {
            Viewer::Operator => true,
            Viewer::Customer(_) => false,
            Viewer::Partner(own) => own.id.uuid() == row.id,
        };
        graph.nodes.push(Node {
            id: Some(row.id),
            name: row.handle.clone(),
            title: row.name.clone(),
            kind: role(row.kind),
            country: Some(row.country),
            region: region(row.country, today),
            state: Some(row.state.to_string()).filter(|_| is_own),
            agreement: Some(row.agreement.clone()).filter(|_| is_told),
        });
        // Who stands behind a reseller is drawn between them; whoever buys from the operator itself is tied to it.
        if row.kind != PartnerType::IndirectReseller {
            graph.edges.push(Edge {
                kind: "program",
                from: crate::actor::OPERATOR.to_owned(),
                to: row.handle.clone(),
                from_id: None,
                to_id: row.id,
                state: if is_own {
                    row.state.to_string()
                } else {
                    String::from("active")
                },
                since: None,
                agreement: is_told.then(|| word(row.agreement == "accepted")),
                removal_requested: None,
            });
        }
    }
}

fn ties(graph: &mut Graph, chart: &Chart) {
    let mut names: Vec<(Uuid, String)> = graph
        .nodes
        .iter()
        .filter_map(|node| node.id.map(|id| (id, node.name.clone())))
        .collect();
    names.sort_unstable();
    let name = |id: Uuid| {
        let at = names.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        names.get(at).map(|(_, name)| name.clone())
    };
    let mut edges = Vec::with_capacity(chart.partnerships.len());
    for tie in &chart.partnerships {
        if let Some((from, to)) = name(tie.provider).zip(name(tie.reseller)) {
            let reseller = graph
                .nodes
                .iter()
                .find(|node| node.id == Some(tie.reseller));
            let signed = reseller.and_then(|node| node.agreement.as_deref());
            edges.push(Edge {
                kind: "partnership",
                from,
                to,
                from_id: Some(tie.provider),
                to_id: tie.reseller,
                state: tie.state.to_string(),
                since: Some(tie.since),
                agreement: signed.map(|signed| word(signed == "accepted")),
                removal_requested: tie.removal_requested,
            });
        }
    }
    for tie in &chart.relationships {
        if let Some((from, to)) = name(tie.partner).zip(name(tie.customer)) {
            edges.push(Edge {
                kind: "relationship",
                from,
                to,
                from_id: Some(tie.partner),
                to_id: tie.customer,
                state: tie.state.to_string(),
                since: Some(tie.since),
                agreement: Some(word(tie.attested)),
                removal_requested: None,
            });
        }
    }
    graph.edges.extend(edges);
}
