//! Changing a subscription: it is sent back with what shall be otherwise, and the difference says what is asked for.

use axum::Json;
use axum::extract::Path;
use http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tierline_app::change_subscription::Change;
use tierline_app::update_subscription::Omitted;
use tierline_domain::catalog::{Frequency, Item, Term};
use utoipa::ToSchema;

use super::lines;
use super::subscriptions::{self, Found, SubscriptionResource};
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::{self, Tag};
use crate::wire::{body, catalog};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::patch(
            subscriptions::ONE,
            "Change a subscription: send it back with what shall be otherwise.",
            change,
        )
        .takes::<SubscriptionPatch>()
        .answers::<SubscriptionResource>(StatusCode::OK)
        .shows(
            "subscriptions-update",
            "subscription_changes.rs what_a_body_leaves_out_is_cleared",
        )
        .shows(
            "subscriptions-change-quantity",
            "subscription_changes.rs seats_come_and_go",
        )
        .shows(
            "subscriptions-suspend",
            "subscription_changes.rs a_subscription_is_suspended_and_comes_back",
        )
        .shows(
            "subscriptions-reactivate",
            "subscription_changes.rs a_subscription_is_suspended_and_comes_back",
        )
        .shows(
            "subscriptions-cancel",
            "subscription_changes.rs a_subscription_is_cancelled_within_its_window",
        )
        .shows(
            "subscriptions-update-nickname",
            "subscription_changes.rs a_subscription_is_renamed",
        )
        .shows(
            "subscriptions-update-autorenew",
            "subscription_changes.rs renewal_is_switched",
        )
        .shows_partly(
            "subscriptions-schedule-changes",
            "subscription_changes.rs seats_are_scheduled_for_the_next_term",
            "seats only: another item, term, billing cycle or end for the next term answers 501",
        )
        .shows(
            "subscriptions-update-billing-frequency",
            "subscription_changes.rs billing_frequency_changes_where_it_may",
        ),
    ]
}

/// What shall be at the next term, or with the next charge, as it is sent.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewInstructions {
    product: Option<NewInstructedProduct>,
    quantity: Option<i64>,
    custom_term_end_date: Option<String>,
}

/// What is to be billed then.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewInstructedProduct {
    product_id: Option<String>,
    sku_id: Option<String>,
    availability_id: Option<String>,
    billing_cycle: Option<String>,
    term_duration: Option<String>,
    promotion_id: Option<String>,
}

/// A subscription as it is sent back. What cannot be changed is not looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriptionPatch {
    /// The subscription of the path, where it is named again.
    id: Option<String>,
    friendly_name: Option<String>,
    quantity: Option<i64>,
    /// `active`, `suspended` or `deleted`.
    status: Option<String>,
    /// Left out, it is switched off.
    auto_renew_enabled: Option<bool>,
    billing_cycle: Option<String>,
    term_duration: Option<String>,
    /// The PartnerID of the reseller of record.
    partner_id: Option<String>,
    /// Left out, nothing is scheduled.
    scheduled_next_term_instructions: Option<NewInstructions>,
    /// Left out, no change of the billing cycle waits.
    next_charge_instructions: Option<NewInstructions>,
    attributes: Option<Tag>,
}

fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// What becomes of the whole subscription.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Stays,
    Back,
    Pauses,
    Ends,
}

impl SubscriptionPatch {
    fn turn(&self, found: &Found) -> Result<Turn, Problem> {
        let state = found.row.state;
        let word = said(self.status.as_ref()).map(body::word);
        Ok(match word.as_deref() {
            None | Some("none") => Turn::Stays,
            Some(word) if word == state.as_str() => Turn::Stays,
            Some("active") => Turn::Back,
            Some("suspended") => Turn::Pauses,
            Some("deleted") => Turn::Ends,
            Some(word) => {
                return Err(Problem::malformed(
                    "status",
                    &format!("`{word}` cannot be asked for; it is active, suspended or deleted"),
                ));
            }
        })
    }

    /// The term and the billing cycle from now on; a change of the cycle alone concerns the running term.
    fn billing(&self, found: &Found) -> Result<Option<Change>, Problem> {
        let row = &found.row;
        let term = lines::term(self.term_duration.as_deref(), "termDuration")?;
        let cycle = lines::cycle(self.billing_cycle.as_deref(), "billingCycle")?
            .filter(|cycle| *cycle != Frequency::None);
        if let Some(term) = term.filter(|term| *term != row.term && row.term.months().is_some()) {
            return Ok(Some(Change::Term(term, cycle.unwrap_or(row.frequency))));
        }
        let wanted = match (
            cycle.filter(|cycle| *cycle != row.frequency),
            self.next_charge()?,
        ) {
            (Some(cycle), _) | (None, Some(cycle)) => cycle,
            // A change that waits is taken back, where the body leaves it out (SUB-021).
            (None, None) => row.frequency,
        };
        if wanted == row.pending_frequency.unwrap_or(row.frequency) {
            return Ok(None);
        }
        Ok(Some(Change::Frequency(wanted)))
    }

    fn next_charge(&self) -> Result<Option<Frequency>, Problem> {
        let product = self
            .next_charge_instructions
            .as_ref()
            .and_then(|next| next.product.as_ref());
        let cycle = product.and_then(|product| product.billing_cycle.as_deref());
        lines::cycle(cycle, "nextChargeInstructions.product.billingCycle")
    }

    fn renewal(&self, found: &Found) -> Option<Change> {
        match self.auto_renew_enabled {
            Some(wanted) => (wanted != found.row.renewal).then_some(Change::Renewal(wanted)),
            None => found
                .row
                .renewal
                .then(|| Change::Clear(vec![Omitted::Renewal])),
        }
    }

    /// What shall be at the next term. A change of seats drops what was scheduled (SUB-020), so that the same
    /// instructions sent along with it ask for nothing.
    fn next_term(&self, found: &Found) -> Result<Option<Change>, Problem> {
        let row = &found.row;
        let Some(wanted) = &self.scheduled_next_term_instructions else {
            let drops = row.scheduled_quantity.is_some() && self.auto_renew_enabled == Some(true);
            return Ok(drops.then(|| Change::Clear(vec![Omitted::NextTerm])));
        };
        let (item, term, cycle) = match &found.paid {
            Some(paid) => (paid, Term::YEAR, Frequency::Monthly),
            None => (
                &found.item,
                row.term,
                row.pending_frequency.unwrap_or(row.frequency),
            ),
        };
        wanted.fits(item, term, cycle)?;
        let quantity = wanted.quantity.unwrap_or(row.quantity);
        Ok(match (&found.paid, row.scheduled_quantity) {
            (_, Some(scheduled)) if scheduled == quantity => None,
            (Some(_), None) if quantity == row.quantity => None,
            (Some(_), _) => Some(Change::TrialEnd(quantity)),
            (None, _) => Some(Change::NextTerm(quantity)),
        })
    }

    /// Everything in which the body differs from the subscription, in the order in which it is done: what needs it to
    /// be active follows its coming back, and its end comes last.
    fn changes(&self, found: &Found) -> Result<Vec<Change>, Problem> {
        let row = &found.row;
        let turn = self.turn(found)?;
        let mut changes = Vec::new();
        if turn == Turn::Back {
            changes.push(Change::Reactivate);
        }
        if let Some(reseller) = said(self.partner_id.as_ref())
            && found.reseller.as_deref() != Some(reseller)
        {
            changes.push(Change::PartnerOfRecord(reseller.to_owned()));
        }
        let quantity = self.quantity.filter(|quantity| *quantity != row.quantity);
        changes.extend(quantity.map(Change::Quantity));
        // Suspending and cancelling switch renewal off and drop what was scheduled themselves (SUB-011, SUB-020).
        if matches!(turn, Turn::Stays | Turn::Back) {
            changes.extend(self.billing(found)?);
            changes.extend(self.renewal(found));
            changes.extend(self.next_term(found)?);
        }
        if let Some(name) = said(self.friendly_name.as_ref())
            && name != found.name()
        {
            changes.push(Change::Nickname(name.to_owned()));
        }
        changes.extend(match turn {
            Turn::Pauses => Some(Change::Suspend),
            Turn::Ends => Some(Change::Cancel),
            Turn::Stays | Turn::Back => None,
        });
        Ok(changes)
    }
}

impl NewInstructions {
    /// Nothing but seats can be scheduled: what is said of the rest says what is so already.
    fn fits(&self, item: &Item, term: Term, cycle: Frequency) -> Result<(), Problem> {
        let id = catalog::item_id(item);
        let mut parts = id.split(':');
        let product = self.product.clone().unwrap_or_default();
        let texts = [
            (PRODUCT, &product.product_id, parts.next()),
            (SKU, &product.sku_id, parts.next()),
            (AVAILABILITY, &product.availability_id, parts.next()),
            (PROMOTION, &product.promotion_id, None),
            (END, &self.custom_term_end_date, None),
        ];
        let is_other = |given: &Option<String>, so: Option<&str>| {
            said(given.as_ref())
                .is_some_and(|given| so.is_none_or(|so| !so.eq_ignore_ascii_case(given)))
        };
        let other = texts
            .into_iter()
            .find(|(_, given, so)| is_other(given, *so))
            .map(|(member, _, _)| member);
        let asked = lines::term(product.term_duration.as_deref(), TERM)?;
        let other_term = asked.is_some_and(|asked| asked != term).then_some(TERM);
        let asked = lines::cycle(product.billing_cycle.as_deref(), CYCLE)?;
        let other_cycle = asked.is_some_and(|asked| asked != cycle).then_some(CYCLE);
        match other.or(other_term).or(other_cycle) {
            Some(member) => Err(Problem::not_built(&format!(
                "{member}: a next term with anything but another quantity"
            ))),
            None => Ok(()),
        }
    }
}

const PRODUCT: &str = "scheduledNextTermInstructions.product.productId";
const SKU: &str = "scheduledNextTermInstructions.product.skuId";
const AVAILABILITY: &str = "scheduledNextTermInstructions.product.availabilityId";
const PROMOTION: &str = "scheduledNextTermInstructions.product.promotionId";
const TERM: &str = "scheduledNextTermInstructions.product.termDuration";
const CYCLE: &str = "scheduledNextTermInstructions.product.billingCycle";
const END: &str = "scheduledNextTermInstructions.customTermEndDate";

async fn change(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Changed, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let patch: SubscriptionPatch = call.body()?;
    let id = found.row.id.to_string();
    if said(patch.id.as_ref()).is_some_and(|named| !named.eq_ignore_ascii_case(&id)) {
        return Err(Problem::malformed(
            "id",
            "is the subscription of the path, or left out",
        ));
    }
    let tag = patch
        .attributes
        .as_ref()
        .and_then(|tag| tag.etag.as_deref());
    let seen = call.etag(tag).map(|tag| envelope::version(&tag));
    let mut changes = patch.changes(&found)?;
    if changes.is_empty() {
        if seen.is_none_or(|seen| seen == found.row.version) {
            return Ok(answer(&found));
        }
        // A tag that is stale is refused also where nothing is asked for.
        changes.push(Change::Clear(Vec::new()));
    }
    // What is asked for is the difference to what was read just now: it must not have changed since.
    let etag = seen.unwrap_or(found.row.version);
    let params = json!({ "subscription": id, "etag": etag, "changes": changes });
    call.perform("change_subscription", params).await?;
    let changed = subscriptions::find(&call, &customer, &subscription).await?;
    Ok(answer(&changed))
}

/// The subscription, and where it is read.
type Changed = ([(HeaderName, String); 1], Json<SubscriptionResource>);

fn answer(found: &Found) -> Changed {
    ([(header::LOCATION, found.path())], Json(found.shown()))
}
