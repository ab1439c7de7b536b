//! How far accounts are in the program, and the operator's registers.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::overview::enrolment::{self, Enrolment, PAGE_MAX, Place};
use tierline_app::overview::{region, register};
use tierline_app::verification::business_days;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::registers::EnrolmentRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::home::AgreementWord;
use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::route::{self, Route};
use crate::wire::seek;

/// States of an account.
const STATES: [&str; 10] = [
    "not_enrolled",
    "applied",
    "pending",
    "rejected",
    "qualified",
    "active",
    "restricted",
    "suspended",
    "deauthorized",
    "terminated",
];

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/enrolments",
            "Accounts by how long they are in their state: all for the operator, a partner's own company's.",
            list,
        )
        .query("state", "Only those in this state, such as pending.")
        .query("count", "Most accounts of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<EnrolmentPage>(ok),
        route::get(
            "/program/v1/enrolments/{partner}",
            "How far one account is: its three steps, verification, agreements by region, PartnerIDs.",
            single,
        )
        .answers::<EnrolmentView>(ok),
        route::get(
            "/program/v1/waivers",
            "Dated waivers of the self-sale ban, the latest first; the operator's.",
            waivers,
        )
        .answers::<WaiverList>(ok),
        route::get(
            "/program/v1/affiliations",
            "The register of ownership and control; the operator's.",
            affiliations,
        )
        .query("count", "Most entries of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<AffiliationPage>(ok),
        route::get(
            "/program/v1/parameters",
            "What the profile fixes and the operator has set, with the days from which on it holds; the operator's.",
            parameters,
        )
        .answers::<ParameterList>(ok),
    ]
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
struct EnrolmentPage {
    items: Vec<EnrolmentEntry>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// States of an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum AccountWord {
    NotEnrolled,
    Applied,
    Pending,
    Rejected,
    Qualified,
    Active,
    Restricted,
    Suspended,
    Deauthorized,
    Terminated,
}

/// An account in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnrolmentEntry {
    id: String,
    /// Its short name, by which commands name it.
    name: String,
    /// Its company.
    title: String,
    /// `indirect_provider`, `indirect_reseller`, `direct_bill` or `advisor`.
    kind: String,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    region: Option<String>,
    #[schema(value_type = AccountWord)]
    state: String,
    /// The day on which it entered its state.
    #[schema(value_type = String, format = Date)]
    since: Date,
    /// Business days since then.
    business_days: i64,
    /// `active`, `pending` or `rejected`: the company's membership.
    membership: String,
    /// The account's own partner agreement.
    #[schema(value_type = AgreementWord)]
    agreement: String,
    /// The PartnerID that is associated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    partner_id: Option<String>,
}

fn entry(row: EnrolmentRow, today: Date) -> EnrolmentEntry {
    EnrolmentEntry {
        id: row.id.to_string(),
        name: row.handle,
        title: row.name,
        kind: row.kind.to_string(),
        region: region(row.country, today),
        country: row.country.to_string(),
        state: row.state.to_string(),
        business_days: business_days(row.since, today),
        since: row.since,
        membership: row.membership.to_string(),
        agreement: row.agreement,
        partner_id: Some(row.partner_id).filter(|id| !id.is_empty()),
    }
}

async fn list(call: OwnCall) -> Strict<EnrolmentPage> {
    let listing = call.listing(&["state"], PAGE_MAX)?;
    let state = call.one_of(&listing, "state", &STATES)?.unwrap_or_default();
    let (after, count) = (call.place::<Place>(&listing)?, listing.count);
    let viewer = call.principal.viewer();
    let (rows, next) = call
        .read(move |tx| {
            let viewer = viewer.clone();
            Box::pin(async move { enrolment::page(tx, &viewer, state, after, count).await })
        })
        .await?;
    let today = call.server.app().clock().world_now().date();
    Ok(Json(EnrolmentPage {
        items: rows.into_iter().map(|row| entry(row, today)).collect(),
        next: next.map(|place| seek::token(&place)),
    }))
}

/// How far an account is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnrolmentView {
    id: String,
    name: String,
    title: String,
    kind: String,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    region: Option<String>,
    #[schema(value_type = AccountWord)]
    state: String,
    #[schema(value_type = String, format = Date)]
    since: Date,
    /// Business days since then.
    business_days: i64,
    /// The day on which it was authorised first, where it has been.
    #[schema(value_type = String, format = Date)]
    onboarded: Date,
    /// `active`, `pending` or `rejected`: the company's membership.
    membership: String,
    domain: String,
    /// The three steps before new business, in order.
    steps: Vec<StepView>,
    /// What people decided about it, oldest first.
    judgements: Vec<JudgementView>,
    /// The partner agreement in every region in which the company has an account.
    agreements: Vec<RegionAgreement>,
    /// The company's locations with their PartnerIDs.
    locations: Vec<LocationView>,
}

/// One of the three steps.
#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    /// `membership`, `enrolment` or `agreement`.
    #[schema(value_type = StepWord)]
    name: &'static str,
    done: bool,
    /// The rule that asks for it.
    rule: &'static str,
}

/// The three steps.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum StepWord {
    Membership,
    Enrolment,
    Agreement,
}

/// A decision that people made.
#[derive(Debug, Serialize, ToSchema)]
struct JudgementView {
    /// `verification`, `capability` or `support_plan`.
    requirement: String,
    passed: bool,
    #[schema(value_type = String, format = Date)]
    day: Date,
    #[schema(value_type = String, format = DateTime)]
    recorded: Timestamp,
    by: String,
    /// Evidence or reasons; a partner reads the reasons of what was not passed.
    evidence: String,
}

/// The partner agreement of one account, hence of its region.
#[derive(Debug, Serialize, ToSchema)]
struct RegionAgreement {
    /// Short name of the account.
    account: String,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    region: Option<String>,
    /// State of the account.
    #[schema(value_type = AccountWord)]
    state: String,
    #[schema(value_type = AgreementWord)]
    agreement: String,
    /// It holds: accepted by this account, or by another of the company in the same region.
    holds: bool,
    /// The day of acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    accepted: Option<Date>,
    /// Version of the terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    template: Option<String>,
    /// Who accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signer: Option<String>,
}

/// A place of business.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LocationView {
    /// Its short name.
    name: String,
    partner_id: String,
    country: String,
    /// `location` or `global`.
    kind: String,
    /// `active`, `pending`, `rejected` or `inactive`.
    state: String,
    /// Short names of the accounts that are associated with it.
    accounts: Vec<String>,
}

fn whole(found: Enrolment) -> EnrolmentView {
    let judgements = found.judgements.into_iter().map(|judgement| JudgementView {
        requirement: judgement.requirement.to_string(),
        passed: judgement.passed,
        day: judgement.day,
        recorded: judgement.recorded_at,
        by: judgement.recorded_by,
        evidence: judgement.evidence,
    });
    let agreements = found.agreements.into_iter().map(|signed| RegionAgreement {
        account: signed.account,
        country: signed.country,
        region: signed.region,
        state: signed.state.to_string(),
        agreement: signed.agreement.to_string(),
        holds: signed.holds,
        accepted: signed.accepted,
        template: signed.template,
        signer: signed.signer,
    });
    let locations = found.locations.into_iter().map(|place| LocationView {
        name: place.location.handle,
        partner_id: place.location.partner_id,
        country: place.location.country.to_string(),
        kind: place.location.kind.to_string(),
        state: place.location.state.to_string(),
        accounts: place.accounts,
    });
    let steps = found.steps.into_iter().map(|step| StepView {
        name: step.name,
        done: step.is_done,
        rule: step.rule,
    });
    let account = found.account;
    EnrolmentView {
        id: account.id.to_string(),
        name: account.handle,
        title: found.organization.name,
        kind: account.kind.to_string(),
        country: account.country.to_string(),
        region: found.region,
        state: account.state.to_string(),
        since: account.state_since,
        business_days: found.business_days,
        onboarded: account.onboarded,
        membership: found.organization.membership.to_string(),
        domain: account.domain,
        steps: steps.collect(),
        judgements: judgements.collect(),
        agreements: agreements.collect(),
        locations: locations.collect(),
    }
}

async fn single(Path(partner): Path<String>, call: OwnCall) -> Strict<EnrolmentView> {
    call.query(&[])?;
    let (ctx, viewer) = (call.ctx(), call.principal.viewer());
    let found = call
        .read(move |tx| {
            let (ctx, viewer, partner) = (ctx.clone(), viewer.clone(), partner.clone());
            Box::pin(async move { enrolment::one(&ctx, tx, &viewer, &partner).await })
        })
        .await?;
    Ok(Json(whole(found)))
}

fn operator(call: &OwnCall) -> Result<(), Details> {
    let operator = call.principal.operator_required();
    operator.map_err(|problem| call.refuse(problem))
}

/// Waivers.
#[derive(Debug, Serialize, ToSchema)]
struct WaiverList {
    items: Vec<WaiverView>,
}

/// A dated waiver of the self-sale ban.
#[derive(Debug, Serialize, ToSchema)]
struct WaiverView {
    name: String,
    /// Short name of the company whose accounts may sell.
    organization: String,
    /// The company.
    title: String,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// Its last day.
    #[schema(value_type = String, format = Date)]
    until: Date,
    /// It holds today.
    active: bool,
}

async fn waivers(call: OwnCall) -> Strict<WaiverList> {
    call.query(&[])?;
    operator(&call)?;
    let rows = call
        .read(|tx| Box::pin(async move { Ok(tx.waiver_rows().await?) }))
        .await?;
    let today = call.server.app().clock().world_now().date();
    let shown = |(name, organization, title, from, until)| WaiverView {
        name,
        organization,
        title,
        from,
        until,
        active: from <= today && today <= until,
    };
    Ok(Json(WaiverList {
        items: rows.into_iter().map(shown).collect(),
    }))
}

/// A page of the register of affiliations.
#[derive(Debug, Serialize, ToSchema)]
struct AffiliationPage {
    items: Vec<AffiliationView>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A tie of ownership or control. Ties of ties count as well.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AffiliationView {
    /// Short name of one company.
    of: String,
    of_title: String,
    /// Short name of the other.
    with: String,
    with_title: String,
    /// The day it was recorded; left out where it always held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    since: Option<Date>,
}

async fn affiliations(call: OwnCall) -> Strict<AffiliationPage> {
    let listing = call.listing(&[], PAGE_MAX)?;
    operator(&call)?;
    let after = call.place::<(Uuid, Uuid)>(&listing)?.unwrap_or_default();
    let count = listing.count;
    let most = i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = call
        .read(move |tx| Box::pin(async move { Ok(tx.affiliation_page(after, most).await?) }))
        .await?;
    let is_more = rows.len() > count;
    rows.truncate(count);
    let next = rows.last().filter(|_| is_more);
    let next = next.map(|row| seek::token(&(row.of, row.with)));
    let items = rows.into_iter().map(|row| AffiliationView {
        of: row.of_handle,
        of_title: row.of_name,
        with: row.with_handle,
        with_title: row.with_name,
        since: row.since,
    });
    Ok(Json(AffiliationPage {
        items: items.collect(),
        next,
    }))
}

/// Values of the profile and the operator's settings.
#[derive(Debug, Serialize, ToSchema)]
struct ParameterList {
    items: Vec<ParameterView>,
}

/// One value.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ParameterView {
    name: String,
    value: String,
    /// The day from which on it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// What it was before that day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    before: Option<String>,
    /// The rule that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rule: Option<&'static str>,
    /// The operator set it; otherwise it came with the profile.
    is_set: bool,
}

async fn parameters(call: OwnCall) -> Strict<ParameterList> {
    call.query(&[])?;
    operator(&call)?;
    let found = call.read(|tx| Box::pin(register::parameters(tx))).await?;
    let items = found.into_iter().map(|parameter| ParameterView {
        name: parameter.name,
        value: parameter.value,
        from: parameter.from,
        before: parameter.before,
        rule: parameter.rule,
        is_set: parameter.is_set,
    });
    Ok(Json(ParameterList {
        items: items.collect(),
    }))
}
