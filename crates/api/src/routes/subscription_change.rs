//! Changing a subscription: it is sent back with what shall be otherwise, and the difference says what is asked for.

use std::time::Duration;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tierline_app::catalogue;
use tierline_app::change_subscription::{Change, Scheduled};
use tierline_app::update_subscription::Omitted;
use tierline_domain::catalog::{Frequency, Item, Promotion};
use tierline_domain::subscription::NextTerm;
use utoipa::ToSchema;

use super::lines::{self, Items};
use super::subscriptions::{self, Found, SubscriptionResource};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::dates::{self, Given};
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
        .answers_plain(StatusCode::ACCEPTED)
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
        .shows(
            "subscriptions-schedule-changes",
            "subscription_changes.rs the_next_term_may_be_another",
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
    fn next_term(&self, found: &Found, named: &Named) -> Result<Option<Change>, Problem> {
        let row = &found.row;
        let is_scheduled = row.scheduled_quantity.is_some() || row.next_term.is_some();
        let Some(wanted) = &self.scheduled_next_term_instructions else {
            let drops = is_scheduled && self.auto_renew_enabled == Some(true);
            return Ok(drops.then(|| Change::Clear(vec![Omitted::NextTerm])));
        };
        let quantity = wanted.quantity.unwrap_or(row.quantity);
        let (next, item) = wanted.next_term(found, named)?;
        // A trial becomes paid by itself: what says so asks for nothing.
        let stays = (is_scheduled || found.paid.is_some())
            && row.scheduled_quantity.unwrap_or(row.quantity) == quantity
            && row.next_term.unwrap_or_default() == next;
        let scheduled = Scheduled {
            quantity,
            item,
            term: next.term,
            frequency: next.frequency,
            end: next.end,
            promotion: next.promotion.map(|id| id.to_string()),
        };
        let change = if found.paid.is_some() {
            Change::TrialEnd(scheduled)
        } else {
            Change::NextTerm(scheduled)
        };
        Ok((!stays).then_some(change))
    }

    /// Everything in which the body differs from the subscription, in the order in which it is done: what needs it to
    /// be active follows its coming back, and its end comes last.
    fn changes(&self, found: &Found, named: &Named) -> Result<Vec<Change>, Problem> {
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
            changes.extend(self.next_term(found, named)?);
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

impl NewInstructedProduct {
    /// The catalogue's id of the item that is named, where it is another one: what is left out is as it is now.
    fn other_item(&self, item: &Item) -> Option<String> {
        let now = catalog::item_id(item);
        let given = [&self.product_id, &self.sku_id, &self.availability_id];
        let parts = given.into_iter().zip(now.split(':'));
        let named: Vec<&str> = parts
            .map(|(given, now)| said(given.as_ref()).unwrap_or(now))
            .collect();
        let named = named.join(":");
        (!named.eq_ignore_ascii_case(&now)).then_some(named)
    }
}

impl NewInstructions {
    /// The item that is named, where it is another one.
    fn other_item(&self, found: &Found) -> Option<String> {
        self.product.as_ref()?.other_item(found.by_itself().0)
    }

    /// What shall be otherwise, and the short name of the item that is to come.
    fn next_term(
        &self,
        found: &Found,
        named: &Named,
    ) -> Result<(NextTerm, Option<String>), Problem> {
        let product = self.product.clone().unwrap_or_default();
        let item = match self.other_item(found) {
            Some(other) => Some(named.items.of(Some(&other)).ok_or_else(|| {
                let text = format!("{SKU}: {other} is not in the catalogue");
                Problem::documented(StatusCode::NOT_FOUND, 400_013, &text)
            })?),
            None => None,
        };
        let promotion = named.promotion.as_ref();
        if promotion.is_some() && found.paid.is_some() {
            let text = "is left out: what a trial becomes earns no promotion";
            return Err(Problem::malformed(PROMOTION, text));
        }
        let to_come = item.unwrap_or_else(|| found.by_itself().0);
        if promotion.is_some_and(|promotion| promotion.item != to_come.id) {
            let text = "is for another item; leave it out, or name one of the item of that term";
            return Err(Problem::malformed(PROMOTION, text));
        }
        let term = lines::term(product.term_duration.as_deref(), TERM)?;
        let cycle = lines::cycle(product.billing_cycle.as_deref(), CYCLE)?;
        let end = said(self.custom_term_end_date.as_ref())
            .map(|text| match dates::read(text) {
                Some(Given::Day(day)) => Ok(day),
                Some(Given::Instant(at)) => Ok(at.date()),
                None => Err(Problem::malformed(END, "is a date such as 2026-12-31")),
            })
            .transpose()?;
        let (_, its_term, its_cycle) = found.by_itself();
        let next = NextTerm {
            item: item.map(|item| item.id),
            term: term.filter(|term| *term != its_term),
            frequency: cycle.filter(|cycle| *cycle != its_cycle),
            end,
            promotion: promotion
                .map(|promotion| promotion.id)
                .filter(|promotion| found.row.promotion != Some(*promotion)),
        };
        Ok((next, item.map(|item| item.handle.clone())))
    }
}

/// What a body names by the catalogue's ids.
struct Named {
    items: Items,
    promotion: Option<Promotion>,
}

/// The promotion that a body names, by the catalogue's id or its own.
async fn promotion(call: &Call, named: &str) -> Result<Promotion, Problem> {
    let wanted = named.to_owned();
    let found = call
        .read(move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { catalogue::promotion(tx, &wanted).await })
        })
        .await?;
    let found = found.map(|found| found.promotion);
    found.ok_or_else(|| {
        let text = format!("{named} is no promotion of the catalogue; leave it out, or name one");
        Problem::malformed(PROMOTION, &text)
    })
}

const SKU: &str = "scheduledNextTermInstructions.product.skuId";
const PROMOTION: &str = "scheduledNextTermInstructions.product.promotionId";
const TERM: &str = "scheduledNextTermInstructions.product.termDuration";
const CYCLE: &str = "scheduledNextTermInstructions.product.billingCycle";
const END: &str = "scheduledNextTermInstructions.customTermEndDate";

async fn change(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Response, Problem> {
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
    let next = patch.scheduled_next_term_instructions.as_ref();
    let item = next.and_then(|next| next.other_item(&found));
    let product = next.and_then(|next| next.product.as_ref());
    let named = Named {
        items: lines::items(&call, std::iter::once(item.as_deref())).await?,
        promotion: match said(product.and_then(|product| product.promotion_id.as_ref())) {
            Some(named) => Some(promotion(&call, named).await?),
            None => None,
        },
    };
    let mut changes = patch.changes(&found, &named)?;
    if changes.is_empty() {
        if seen.is_none_or(|seen| seen == found.row.version) {
            return Ok(answer(&found).into_response());
        }
        // A tag that is stale is refused also where nothing is asked for.
        changes.push(Change::Clear(Vec::new()));
    }
    // What is asked for is the difference to what was read just now: it must not have changed since.
    let etag = seen.unwrap_or(found.row.version);
    let params = json!({ "subscription": id, "etag": etag, "changes": changes });
    let (patience, place) = (Patience::of(&call.headers), found.path());
    let leave = call.server.leave().await;
    let written = async move {
        // Held until the end.
        let _leave = leave;
        call.perform("change_subscription", params).await?;
        let changed = subscriptions::find(&call, &customer, &subscription).await?;
        Ok(answer(&changed).into_response())
    };
    patience.wait_for(written, place).await
}

/// How long a caller waits for an update (GEN-009): what takes longer is answered as accepted, goes on, and is polled for where
/// the subscription is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Patience {
    wait: Duration,
    /// The caller asked for it (RFC 7240).
    is_asked: bool,
}

/// How long an update may take where the caller does not say; shorter than any call may.
const PATIENCE: Duration = Duration::from_secs(20);
/// The same where the caller would rather not wait: time enough to hear of most refusals.
const HASTE: Duration = Duration::from_secs(1);

impl Patience {
    /// As `Prefer: respond-async, wait=5` has it; with `wait=0` it is not waited for at all.
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all("prefer").iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let asked = values
            .flat_map(|value| value.split([',', ';']))
            .map(|one| one.trim().to_ascii_lowercase());
        let asked: Vec<String> = asked.collect();
        let is_asked = asked.iter().any(|one| one == "respond-async");
        let wait = asked.iter().find_map(|one| {
            let seconds = one.strip_prefix("wait")?.trim_start().strip_prefix('=')?;
            seconds.trim().parse().ok().map(Duration::from_secs)
        });
        let wait = if is_asked {
            wait.unwrap_or(HASTE)
        } else {
            PATIENCE
        };
        Self {
            wait: wait.min(PATIENCE),
            is_asked,
        }
    }

    /// The answer of an update, or that it was accepted and where to look.
    async fn wait_for(
        self,
        update: impl Future<Output = Result<Response, Problem>> + Send + 'static,
        place: String,
    ) -> Result<Response, Problem> {
        let told = place.clone();
        let mut task = tokio::spawn(update);
        let done = if self.wait.is_zero() {
            None
        } else {
            tokio::time::timeout(self.wait, &mut task).await.ok()
        };
        let Some(done) = done else {
            tokio::spawn(async move {
                if let Ok(Err(problem)) = task.await {
                    let status = problem.status.as_u16();
                    tracing::warn!(
                        status,
                        place = told,
                        "an update that was accepted did not come about"
                    );
                }
            });
            let mut accepted = (StatusCode::ACCEPTED, [(header::LOCATION, place)]).into_response();
            if self.is_asked {
                let applied = HeaderValue::from_static("respond-async");
                accepted.headers_mut().insert("preference-applied", applied);
            }
            return Ok(accepted);
        };
        done.unwrap_or_else(|broken| match broken.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Problem::closing()),
        })
    }
}

/// The subscription, and where it is read.
type Changed = ([(HeaderName, String); 1], Json<SubscriptionResource>);

fn answer(found: &Found) -> Changed {
    ([(header::LOCATION, found.path())], Json(found.shown()))
}
