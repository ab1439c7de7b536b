//! Effective access as people and programs read it.

use serde::Serialize;
use tierline_app::effective::{Effective, Gap, Grant, Source};
use tierline_domain::time::Timestamp;
use tierline_rules::{Lang, book};
use utoipa::ToSchema;

use crate::render::{DecisionView, ViolationView};
use crate::wire::roles;

/// What a partner's user may do in a customer's tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveView {
    /// The name by which the user signs in.
    user: String,
    /// Its partner, by its short name.
    partner: String,
    /// The customer's tenant.
    customer: String,
    /// The customer's short name.
    customer_name: String,
    /// The instant for which this holds.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether the user may do anything there.
    allowed: bool,
    /// Roles that the user holds there.
    roles: Vec<GrantView>,
    /// What there is of delegation that gives the user nothing, and why.
    not_held: Vec<GapView>,
    /// The rules that stand in the way of everything.
    refusals: Vec<ViolationView>,
}

/// Where roles come from.
#[derive(Debug, Serialize, ToSchema)]
struct SourceView {
    /// `granular` or `full`.
    kind: &'static str,
    /// The granular relationship.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
}

impl SourceView {
    fn of(source: &Source) -> Self {
        Self {
            kind: source.kind,
            id: source.id.map(|id| id.to_string()),
            name: source.name.clone(),
            state: source.state.map(|state| state.to_string()),
        }
    }
}

/// A role that is held.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GrantView {
    /// The directory role's name.
    role: String,
    /// The id of its template.
    role_definition_id: String,
    from: SourceView,
    /// The partner's group that holds it; not told to the customer.
    group: Option<String>,
    /// Until when; without an end where it is null.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// That end moves by itself.
    auto_extend: bool,
}

impl GrantView {
    fn of(grant: &Grant) -> Self {
        Self {
            role: grant.role.clone(),
            role_definition_id: roles::shown(&grant.role),
            from: SourceView::of(&grant.from),
            group: grant.group.clone(),
            until: grant.until,
            auto_extend: grant.auto_extend,
        }
    }
}

/// Roles that are not held.
#[derive(Debug, Serialize, ToSchema)]
struct GapView {
    /// Names of directory roles.
    roles: Vec<String>,
    from: SourceView,
    /// The partner's group that holds them; not told to the customer.
    group: Option<String>,
    /// The rule that says why.
    rule: String,
    /// What it says.
    statement: String,
    /// When the delegation ended, if it did.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

impl GapView {
    fn of(gap: &Gap, lang: Lang) -> Self {
        let entry = book::entry(gap.rule);
        Self {
            roles: gap.roles.clone(),
            from: SourceView::of(&gap.from),
            group: gap.group.clone(),
            rule: gap.rule.to_string(),
            statement: entry
                .map(|entry| entry.texts(lang).statement.clone())
                .unwrap_or_default(),
            since: gap.since,
        }
    }
}

impl EffectiveView {
    /// An answer in a language.
    #[must_use]
    pub fn of(found: &Effective, lang: Lang) -> Self {
        Self {
            user: found.user.clone(),
            partner: found.partner.handle.clone(),
            customer: found.customer.id.to_string(),
            customer_name: found.customer.handle.clone(),
            at: found.at,
            allowed: found.decision.allowed,
            roles: found.roles.iter().map(GrantView::of).collect(),
            not_held: found
                .gaps
                .iter()
                .map(|gap| GapView::of(gap, lang))
                .collect(),
            refusals: DecisionView::of(&found.decision, None, lang).into_violations(),
        }
    }
}
