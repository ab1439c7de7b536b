//! A subscription becomes something dearer: transitions of new commerce, upgrades of the traditional generation.

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::act::{Act, decide_only};
use tierline_app::{AppError, names, transition};
use tierline_domain::catalog::{Frequency, Generation, Item, Term};
use tierline_domain::id::Id;
use tierline_domain::subscription::{Subscription, UpgradeRecord};
use tierline_rules::{Decision, Lang};
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::catalog::offers::{self, OfferView};
use super::lines;
use super::subscriptions::{self, Found};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::render;
use crate::route::{self, Route};
use crate::wire::envelope::{Attributes, Collection};
use crate::wire::{body, catalog};

const TRANSITIONS: &str = "/v1/customers/{customer-id}/subscriptions/{subscription-id}/transitions";
const UPGRADES: &str = "/v1/customers/{customer-id}/subscriptions/{subscription-id}/upgrades";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/transitionEligibilities",
            "Into what a subscription may go.",
            eligibilities,
        )
        .query("eligibilityType", "immediate, the default, or scheduled.")
        .answers::<Collection<TransitionEligibility>>(StatusCode::OK)
        .shows(
            "subscription-transition-eligibilities-list",
            "transitions.rs eligibility_tells_why_not",
        ),
        route::post(
            TRANSITIONS,
            "Take a subscription to a dearer item.",
            transit,
        )
        .takes::<NewTransition>()
        .answers::<Transition>(StatusCode::OK)
        .shows(
            "subscription-transitions-create",
            "transitions.rs a_subscription_goes_to_a_dearer_item",
        ),
        route::get(TRANSITIONS, "What a subscription went through.", list)
            .query("operationId", "Only one of them.")
            .answers::<Collection<Transition>>(StatusCode::OK)
            .shows(
                "subscription-transitions-list",
                "transitions.rs a_subscription_goes_to_a_dearer_item",
            ),
        route::get(
            UPGRADES,
            "Offers to which a traditional subscription may go.",
            upgrades,
        )
        .answers::<Collection<Upgrade>>(StatusCode::OK)
        .shows(
            "subscription-upgrades-list",
            "transitions.rs a_traditional_subscription_is_upgraded",
        ),
        route::post(
            UPGRADES,
            "Take a traditional subscription to another offer.",
            upgrade,
        )
        .takes::<NewUpgrade>()
        .answers::<UpgradeResult>(StatusCode::OK)
        .shows(
            "subscription-upgrades-create",
            "transitions.rs a_traditional_subscription_is_upgraded",
        ),
    ]
}

const ALONE: &str = "transition_only";
const WITH_LICENCES: &str = "transition_with_license_transfer";

/// A reason against it.
#[derive(Debug, Serialize, ToSchema)]
struct Reason {
    code: u32,
    description: String,
}

/// The short codes that stand for a target that does not fit (SUB-028).
const fn short(code: u32) -> u32 {
    match code {
        900_258 => 1,
        900_261 => 2,
        900_267 => 3,
        900_236 => 4,
        other => other,
    }
}

/// Why a decision forbids: the deciding rule, in a sentence.
fn reasons(decision: &Decision, lang: Lang) -> Vec<Reason> {
    if decision.allowed {
        return Vec::new();
    }
    let code = decision.wire.and_then(|wire| wire.code);
    vec![Reason {
        code: code.map_or(0, short),
        description: render::headline(decision, lang),
    }]
}

/// Whether a way is open.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Eligibility {
    is_eligible: bool,
    transition_type: &'static str,
    errors: Vec<Reason>,
}

/// Whether a subscription that is there may take the seats.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriptionEligibility {
    is_eligible: bool,
    subscription_id: String,
    subscription_friendly_name: String,
    subscription_term_duration: String,
    #[schema(value_type = String)]
    subscription_billing_cycle: Frequency,
    errors: Vec<Reason>,
}

/// An item into which a subscription may go, or may not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransitionEligibility {
    /// The subscription: what is asked of it, the answer changes with it.
    operation_id: String,
    catalog_item_id: String,
    title: String,
    description: String,
    quantity: i64,
    eligibilities: Vec<Eligibility>,
    subscription_eligibilities: Vec<SubscriptionEligibility>,
    attributes: Attributes,
}

/// Items to which one may be upgraded; one that the catalogue does not know is left out.
async fn targets(tx: &mut Tx<'_>, item: &Item) -> Result<Vec<Item>, AppError> {
    let mut found = Vec::with_capacity(item.upgrades_to.len());
    for handle in &item.upgrades_to {
        found.extend(names::item(tx, handle).await?);
    }
    Ok(found)
}

/// What would be decided on an upgrade.
async fn tried(
    tx: &mut Tx<'_>,
    call: &Asking,
    found: &Found,
    to: &Item,
    (into, licences): (Option<&Subscription>, bool),
) -> Result<Decision, AppError> {
    let mut params = json!({
        "subscription": found.row.id, "to": to.handle, "move_licences": licences,
    });
    if let (Some(into), Some(map)) = (into, params.as_object_mut()) {
        map.insert("into".to_owned(), json!(into.id));
    }
    let act = Act {
        actor: call.ctx.actor.clone(),
        ..Act::of("", "upgrade", params)
    };
    let (decision, _) = decide_only(&call.ctx, tx, &act).await?;
    Ok(decision)
}

/// Who asks, and in which language.
#[derive(Clone)]
struct Asking {
    ctx: tierline_app::Ctx,
    lang: Lang,
}

impl Asking {
    fn of(call: &Call) -> Self {
        Self {
            ctx: call.ctx(),
            lang: call.principal.lang,
        }
    }
}

async fn eligible(
    tx: &mut Tx<'_>,
    asking: Asking,
    found: Found,
) -> Result<Vec<TransitionEligibility>, AppError> {
    let key = [Stored::Id(found.customer.id.uuid())];
    let estate = tx
        .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?;
    let mut all = Vec::new();
    for to in targets(tx, &found.item).await? {
        let mut eligibilities = Vec::with_capacity(2);
        for (transition_type, licences) in [(ALONE, false), (WITH_LICENCES, true)] {
            let decision = tried(tx, &asking, &found, &to, (None, licences)).await?;
            eligibilities.push(Eligibility {
                is_eligible: decision.allowed,
                transition_type,
                errors: reasons(&decision, asking.lang),
            });
        }
        let mut subscription_eligibilities = Vec::new();
        let same = |row: &&Subscription| {
            row.item == to.id && row.seller == found.row.seller && row.id != found.row.id
        };
        for row in estate.iter().filter(same) {
            let decision = tried(tx, &asking, &found, &to, (Some(row), false)).await?;
            subscription_eligibilities.push(SubscriptionEligibility {
                is_eligible: decision.allowed,
                subscription_id: row.id.to_string(),
                subscription_friendly_name: row.friendly_name.as_ref().unwrap_or(&to.title).clone(),
                subscription_term_duration: row.term.to_string(),
                subscription_billing_cycle: row.frequency,
                errors: reasons(&decision, asking.lang),
            });
        }
        all.push(TransitionEligibility {
            operation_id: found.row.id.to_string(),
            catalog_item_id: catalog::item_id(&to),
            description: to.title.clone(),
            title: to.title,
            quantity: found.row.quantity,
            eligibilities,
            subscription_eligibilities,
            attributes: Attributes::of("TransitionEligibility"),
        });
    }
    Ok(all)
}

/// Into what a subscription may go at its next term. Nothing scheduled goes into another one (SUB-049).
async fn schedulable(
    tx: &mut Tx<'_>,
    asking: Asking,
    found: Found,
) -> Result<Vec<TransitionEligibility>, AppError> {
    let mut all = Vec::new();
    for to in targets(tx, &found.item).await? {
        let params = json!({
            "subscription": found.row.id, "item": to.handle, "quantity": found.row.quantity,
        });
        let act = Act {
            actor: asking.ctx.actor.clone(),
            ..Act::of("", "schedule_change", params)
        };
        let (decision, _) = decide_only(&asking.ctx, tx, &act).await?;
        all.push(TransitionEligibility {
            operation_id: found.row.id.to_string(),
            catalog_item_id: catalog::item_id(&to),
            description: to.title.clone(),
            title: to.title,
            quantity: found.row.quantity,
            eligibilities: vec![Eligibility {
                is_eligible: decision.allowed,
                transition_type: ALONE,
                errors: reasons(&decision, asking.lang),
            }],
            subscription_eligibilities: Vec::new(),
            attributes: Attributes::of("TransitionEligibility"),
        });
    }
    Ok(all)
}

async fn eligibilities(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<TransitionEligibility>>, Problem> {
    let kind = call.query.get("eligibilitytype").map(body::word);
    let at_next_term = match kind.as_deref() {
        None | Some("immediate") => false,
        Some("scheduled") => true,
        Some(other) => {
            let text = format!("`{other}` is neither immediate nor scheduled");
            return Err(Problem::malformed("eligibilityType", &text));
        }
    };
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let own = format!("{}/transitionEligibilities", found.path());
    let asking = Asking::of(&call);
    let all = call
        .read(move |tx| {
            let (asking, found) = (asking.clone(), found.clone());
            Box::pin(async move {
                if at_next_term {
                    schedulable(tx, asking, found).await
                } else {
                    eligible(tx, asking, found).await
                }
            })
        })
        .await?;
    Ok(Json(Collection::whole(all, own)))
}

/// A transition as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewTransition {
    from_catalog_item_id: Option<String>,
    from_subscription_id: Option<String>,
    to_catalog_item_id: Option<String>,
    /// A subscription that is there; a new one, or the same, where none is named.
    to_subscription_id: Option<String>,
    quantity: Option<i64>,
    term_duration: Option<String>,
    billing_cycle: Option<String>,
    /// `transition_only` or `transition_with_license_transfer`.
    transition_type: Option<String>,
}

/// A step of a transition.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransitionEvent {
    name: &'static str,
    status: &'static str,
    timestamp: String,
    errors: Vec<Reason>,
    attributes: Attributes,
}

/// A transition that was carried out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "members are called as documented"
)]
struct Transition {
    #[schema(value_type = String)]
    operation_id: Id<UpgradeRecord>,
    from_catalog_item_id: String,
    #[schema(value_type = String)]
    from_subscription_id: Id<Subscription>,
    to_catalog_item_id: String,
    #[schema(value_type = String)]
    to_subscription_id: Id<Subscription>,
    quantity: i64,
    term_duration: String,
    billing_cycle: &'static str,
    transition_type: &'static str,
    events: Vec<TransitionEvent>,
    attributes: Attributes,
}

impl Transition {
    async fn of(tx: &mut Tx<'_>, record: UpgradeRecord) -> Result<Self, AppError> {
        let from = names::by_id::<Item, _>(tx, record.from_item).await?;
        let to = names::by_id::<Item, _>(tx, record.to_item).await?;
        let event = |name, status| TransitionEvent {
            name,
            status,
            timestamp: record.at.to_string(),
            errors: Vec::new(),
            attributes: Attributes::of("TransitionEvent"),
        };
        let mut events = vec![
            event("Conversion", "Started"),
            event("Conversion", "Completed"),
        ];
        // A part that becomes a second subscription leaves its licences to be assigned by hand (SUB-029).
        if record.move_licences && record.target == record.subscription {
            events.extend([
                event("LicenseReassignment", "Started"),
                event("LicenseReassignment", "Completed"),
            ]);
        }
        Ok(Self {
            operation_id: record.id,
            from_catalog_item_id: catalog::item_id(&from),
            from_subscription_id: record.subscription,
            to_catalog_item_id: catalog::item_id(&to),
            to_subscription_id: record.target,
            quantity: record.quantity,
            term_duration: record.term.to_string(),
            billing_cycle: catalog::cycle(record.frequency),
            transition_type: if record.move_licences {
                WITH_LICENCES
            } else {
                ALONE
            },
            events,
            attributes: Attributes::of("Transition"),
        })
    }
}

async fn done(tx: &mut Tx<'_>, row: Subscription) -> Result<Vec<Transition>, AppError> {
    let mut all = Vec::new();
    for record in transition::upgrades_of(tx, &row).await? {
        all.push(Transition::of(tx, record).await?);
    }
    Ok(all)
}

async fn transitions(call: &Call, found: &Found) -> Result<Vec<Transition>, Problem> {
    let row = found.row.clone();
    call.read(move |tx| Box::pin(done(tx, row.clone()))).await
}

async fn list(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<Transition>>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let wanted = call.query.get("operationid");
    let mut all = transitions(&call, &found).await?;
    all.retain(|one| {
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&one.operation_id.to_string()))
    });
    let own = format!("{}/transitions", found.path());
    Ok(Json(Collection::whole(all, own)))
}

pub(super) fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// What names the source again names the source.
pub(super) fn same(member: &str, named: Option<&String>, so: &str) -> Result<(), Problem> {
    if said(named).is_none_or(|named| named.eq_ignore_ascii_case(so)) {
        return Ok(());
    }
    let text = format!("is `{so}`, which the subscription is, or left out");
    Err(Problem::malformed(member, &text))
}

/// The item that a member names.
async fn item(call: &Call, member: &str, given: Option<&String>) -> Result<Item, Problem> {
    let given = said(given).ok_or_else(|| Problem::malformed(member, "is missing"))?;
    let items = lines::items(call, std::iter::once(Some(given))).await?;
    let missing = || AppError::missing("item", given);
    items
        .of(Some(given))
        .cloned()
        .ok_or_else(|| lines::problem(call, member, missing()))
}

impl NewTransition {
    /// The term and the billing cycle, where they are named; in an existing subscription they are its own.
    fn billing(&self) -> Result<(Option<Term>, Option<Frequency>), Problem> {
        let term = lines::term(self.term_duration.as_deref(), "termDuration")?;
        let cycle = lines::cycle(self.billing_cycle.as_deref(), "billingCycle")?;
        if said(self.to_subscription_id.as_ref()).is_some() {
            return Ok((None, None));
        }
        Ok((term, cycle))
    }

    fn moves_licences(&self) -> Result<bool, Problem> {
        match said(self.transition_type.as_ref())
            .map(body::word)
            .as_deref()
        {
            Some(ALONE) => Ok(false),
            Some(WITH_LICENCES) => Ok(true),
            _ => Err(Problem::malformed(
                "transitionType",
                "is transition_only or transition_with_license_transfer",
            )),
        }
    }
}

async fn transit(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Transition>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let new: NewTransition = call.body()?;
    same(
        "fromCatalogItemId",
        new.from_catalog_item_id.as_ref(),
        &catalog::item_id(&found.item),
    )?;
    same(
        "fromSubscriptionId",
        new.from_subscription_id.as_ref(),
        &found.row.id.to_string(),
    )?;
    let licences = new.moves_licences()?;
    let quantity = new
        .quantity
        .ok_or_else(|| Problem::malformed("quantity", "is missing"))?;
    let (term, frequency) = new.billing()?;
    let to = item(&call, "toCatalogItemId", new.to_catalog_item_id.as_ref()).await?;
    let mut params = json!({
        "subscription": found.row.id, "to": to.handle, "quantity": quantity, "move_licences": licences,
    });
    if let (Some(into), Some(map)) = (
        said(new.to_subscription_id.as_ref()),
        params.as_object_mut(),
    ) {
        let into = subscriptions::find(&call, &customer, into).await?;
        map.insert("into".to_owned(), json!(into.row.id));
    }
    if let Some(map) = params.as_object_mut() {
        map.extend(term.map(|term| ("term".to_owned(), json!(term))));
        map.extend(frequency.map(|each| ("frequency".to_owned(), json!(each))));
    }
    let done = carried_out(&call, &found, params).await?;
    Ok(Json(done))
}

/// Carries an upgrade out; repeated, the same one is answered again, whatever followed it.
async fn carried_out(call: &Call, found: &Found, params: Value) -> Result<Transition, Problem> {
    let changed = call.perform("upgrade", params).await?;
    let operation = changed.get("operation").and_then(Value::as_str);
    let all = transitions(call, found).await?;
    all.into_iter()
        .find(|one| operation == Some(one.operation_id.to_string().as_str()))
        .ok_or_else(|| Problem::not_found("the transition"))
}

/// An offer to which a traditional subscription may go.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "members are called as documented"
)]
struct Upgrade {
    target_offer: OfferView,
    /// `none` where it may not.
    upgrade_type: &'static str,
    is_eligible: bool,
    quantity: i64,
    upgrade_errors: Vec<UpgradeError>,
    attributes: Attributes,
}

/// Why an upgrade is not possible.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpgradeError {
    code: &'static str,
    description: String,
    additional_details: String,
}

impl UpgradeError {
    fn of(decision: &Decision, lang: Lang) -> Self {
        let rule = decision.violations.first();
        Self {
            code: match decision.wire.and_then(|wire| wire.code) {
                Some(800_012) => "subscription_status_not_active",
                Some(800_021) => "subscription_target_offer_not_found",
                _ => "other",
            },
            description: render::headline(decision, lang),
            additional_details: rule
                .map_or_else(String::new, |violation| violation.rule.to_string()),
        }
    }
}

const UPGRADE_ONLY: &str = "upgrade_only";
const UPGRADE_WITH_LICENCES: &str = "upgrade_with_license_transfer";

/// For each target whether the upgrade is possible, with licences or without: without takes lesser rights in the
/// customer's tenant (ROL-036).
async fn decisions(
    tx: &mut Tx<'_>,
    asking: Asking,
    found: Found,
) -> Result<Vec<(Item, Decision, bool)>, AppError> {
    let mut all = Vec::new();
    for to in targets(tx, &found.item).await? {
        let full = tried(tx, &asking, &found, &to, (None, true)).await?;
        if full.allowed {
            all.push((to, full, true));
            continue;
        }
        let alone = tried(tx, &asking, &found, &to, (None, false)).await?;
        all.push((to, alone, false));
    }
    Ok(all)
}

async fn upgrades(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<Upgrade>>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let own = format!("{}/upgrades", found.path());
    if found.item.generation != Generation::Traditional {
        return Ok(Json(Collection::whole(Vec::new(), own)));
    }
    let (asking, quantity) = (Asking::of(&call), found.row.quantity);
    let tried = call
        .read(move |tx| Box::pin(decisions(tx, asking.clone(), found.clone())))
        .await?;
    let lang = call.principal.lang;
    let mut all = Vec::with_capacity(tried.len());
    for (to, decision, licences) in &tried {
        let Some(target_offer) = offers::shown(&call, &customer, catalog::item_id(to)).await?
        else {
            continue;
        };
        let errors = (!decision.allowed).then(|| UpgradeError::of(decision, lang));
        all.push(Upgrade {
            target_offer,
            upgrade_type: match (decision.allowed, licences) {
                (false, _) => "none",
                (true, true) => UPGRADE_WITH_LICENCES,
                (true, false) => UPGRADE_ONLY,
            },
            is_eligible: decision.allowed,
            quantity,
            upgrade_errors: errors.into_iter().collect(),
            attributes: Attributes::of("Upgrade"),
        });
    }
    Ok(Json(Collection::whole(all, own)))
}

/// An upgrade as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewUpgrade {
    target_offer: Option<NewTarget>,
    /// `upgrade_only` or `upgrade_with_license_transfer`, the default.
    upgrade_type: Option<String>,
    /// All seats, where it is left out.
    quantity: Option<i64>,
}

/// The offer to which it goes.
#[derive(Debug, Deserialize, ToSchema)]
struct NewTarget {
    id: Option<String>,
}

/// What an upgrade did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpgradeResult {
    #[schema(value_type = String)]
    source_subscription_id: Id<Subscription>,
    #[schema(value_type = String)]
    target_subscription_id: Id<Subscription>,
    upgrade_type: &'static str,
    upgrade_errors: Vec<UpgradeError>,
    license_errors: Vec<UpgradeError>,
    attributes: Attributes,
}

async fn upgrade(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<UpgradeResult>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let new: NewUpgrade = call.body()?;
    let licences = match said(new.upgrade_type.as_ref()).map(body::word).as_deref() {
        Some(UPGRADE_ONLY) => false,
        None | Some(UPGRADE_WITH_LICENCES) => true,
        Some(_) => {
            return Err(Problem::malformed(
                "upgradeType",
                "is upgrade_only or upgrade_with_license_transfer",
            ));
        }
    };
    let target = new.target_offer.and_then(|target| target.id);
    let to = item(&call, "targetOffer.id", target.as_ref()).await?;
    let quantity = new.quantity.unwrap_or(found.row.quantity);
    let params = json!({
        "subscription": found.row.id, "to": to.handle, "quantity": quantity, "move_licences": licences,
    });
    let done = carried_out(&call, &found, params).await?;
    Ok(Json(UpgradeResult {
        source_subscription_id: found.row.id,
        target_subscription_id: done.to_subscription_id,
        upgrade_type: if licences {
            UPGRADE_WITH_LICENCES
        } else {
            UPGRADE_ONLY
        },
        upgrade_errors: Vec::new(),
        license_errors: Vec::new(),
        attributes: Attributes::of("UpgradeResult"),
    }))
}
