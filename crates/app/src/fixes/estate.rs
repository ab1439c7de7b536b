//! What mends the facts of orders, of running subscriptions and of transfers.

use serde_json::{Value as Json, json};
use tierline_domain::catalog::{Generation, Item, ItemKind};
use tierline_domain::partner::{Account, PartnerType, Partnership, PartnershipState};
use tierline_domain::subscription::{Subscription, SubscriptionState, TransferKind};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Ceiling, Facts, Named, Party, SubscriptionFact};
use tierline_rules::registry::Ground;
use tierline_store::{Tx, Value, tables};

use super::{Fix, customer_of, other_reseller, resellers};
use crate::act::Act;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::subscription::estate;

/// Candidates for a ground of sections 8 to 10.
pub(super) async fn of(
    tx: &mut Tx<'_>,
    ground: Ground,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    Ok(match ground {
        Ground::TermChoice => without(act, &["term", "frequency"]),
        Ground::FrequencyChoice => without(act, &["frequency"]),
        Ground::CurrencyChoice => without(act, &["currency"]),
        Ground::Alignment | Ground::AlignmentTerms | Ground::AlignmentKind => {
            without(act, &["custom_end", "align_with"])
        }
        Ground::OfferAttestation => without(act, &["attestation_accepted"]),
        Ground::StaleEtag => without(act, &["etag"]),
        Ground::OrderReview => vec![Fix::instead(act.with("document", json!("purchase_order")))],
        Ground::Quantity | Ground::BaseShare => within_bounds(act, facts),
        Ground::Credit => affordable(act, facts),
        Ground::CustomerCeiling | Ground::PromotionLimit => what_remains(act, facts),
        Ground::FurtherResellers | Ground::FurtherResellerIdentity => further(act, facts),
        Ground::FurtherResellerAgreement => further_sign(act, facts),
        Ground::NamedPlaceState => other_reseller(tx, act, facts).await?,
        Ground::Segment => qualify(act, facts),
        Ground::Prerequisite => buy_prerequisite(act, facts),
        Ground::ConsumptionPlan => buy_plan(tx, act, facts).await?,
        Ground::AddOnParent | Ground::AddOnParentState => right_parent(tx, act, facts).await?,
        Ground::SeatBounds => seat_bounds(act, facts),
        Ground::SeatWindow => reducible(act, facts),
        Ground::SubscriptionState => come_back(act, facts),
        Ground::SubscriptionOwner => seller_acts(tx, act, facts).await?,
        Ground::RenewalOff => switch_on(act, facts),
        Ground::FrequencyPlace => of_the_order(act, facts),
        Ground::OrderSiblings => wake_siblings(act, facts),
        Ground::OverageHolder => holder_lets_go(act, facts),
        Ground::LiveChildren => end_children(act, facts),
        Ground::TrialItem => convert(act, facts),
        Ground::TargetState
        | Ground::TargetWindow
        | Ground::TargetItem
        | Ground::TargetSelf
        | Ground::TargetTerm
        | Ground::TargetEnd
        | Ground::ScheduledTarget => without(act, &["into"]),
        Ground::TransitionSeats => without(act, &["quantity"]),
        Ground::ScheduledEnd => without_end(act),
        Ground::ConversionSeats => enough_seats(act, facts),
        Ground::ReceiverRelationship => receiver_invites(act, facts),
        Ground::ReceiverPlan => receiver_buys_plan(tx, act, facts).await?,
        Ground::TransferReseller => receivers_reseller(tx, act, facts).await?,
        Ground::TransferInitiator if facts.checkpoint == Checkpoint::WithdrawTransfer => {
            initiator(act, facts)
        }
        Ground::TransferInitiator if facts.checkpoint == Checkpoint::RejectTransfer => {
            decider(act, facts)
        }
        Ground::TransferInitiator => receiver(facts)
            .map(|to| Fix::instead(act.by(&to.name).with("to", json!(null))))
            .into_iter()
            .collect(),
        Ground::TransferParty => decider(act, facts),
        Ground::TransferContents => wake_contents(act, facts),
        Ground::SameParty => another_side(tx, act, facts).await?,
        _ => Vec::new(),
    })
}

fn without(act: &Act, parameters: &[&str]) -> Vec<Fix> {
    let changed = parameters.iter().fold(act.clone(), |act, parameter| {
        act.with(parameter, json!(null))
    });
    if changed == *act {
        return Vec::new();
    }
    vec![Fix::instead(changed)]
}

fn quantity(act: &Act, count: i64) -> Vec<Fix> {
    vec![Fix::instead(act.with("quantity", json!(count)))]
}

/// A quantity that the item allows and that covers its share of the base.
fn within_bounds(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(line) = &facts.purchase else {
        return Vec::new();
    };
    let least = line.min_quantity.max(line.least_of_base.unwrap_or(1));
    if least > line.max_quantity {
        return Vec::new();
    }
    quantity(act, line.quantity.clamp(least, line.max_quantity))
}

/// As much as the credit pays for.
fn affordable(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(credit) = &facts.credit else {
        return Vec::new();
    };
    let (before, asked) = match (&facts.purchase, &facts.subscription) {
        (Some(line), _) => (0, line.quantity),
        (None, Some(subscription)) => {
            let wanted = subscription.new_quantity.unwrap_or(subscription.quantity);
            (
                subscription.quantity,
                wanted.saturating_sub(subscription.quantity),
            )
        }
        (None, None) => return Vec::new(),
    };
    let paid = asked
        .checked_mul(credit.available.minor.max(0))
        .and_then(|product| product.checked_div(credit.required.minor));
    paid.filter(|paid| *paid > 0)
        .map_or_else(Vec::new, |paid| quantity(act, before.saturating_add(paid)))
}

/// No more than a ceiling leaves.
fn what_remains(act: &Act, facts: &Facts) -> Vec<Fix> {
    if let Some(ceiling) = facts.purchase.as_ref().and_then(|line| line.customer_max) {
        let left = ceiling.left();
        return if left > 0 {
            quantity(act, left)
        } else {
            Vec::new()
        };
    }
    let Some(subscription) = &facts.subscription else {
        return Vec::new();
    };
    let left = [subscription.customer_max, subscription.promotion]
        .into_iter()
        .flatten()
        .map(Ceiling::left)
        .min()
        .unwrap_or(0);
    if left > 0 {
        quantity(act, subscription.quantity.saturating_add(left))
    } else {
        Vec::new()
    }
}

/// The entries that may stay: behind a first reseller, at most five, each a reseller.
fn further(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(line) = &facts.purchase else {
        return Vec::new();
    };
    let valid: Vec<&str> = line
        .further_resellers
        .iter()
        .filter(|named| named.party().is_some_and(|party| party.acts_as_reseller))
        .filter_map(Named::given)
        .take(5)
        .collect();
    if facts.named.is_some() && !valid.is_empty() {
        vec![Fix::instead(act.with("further_resellers", json!(valid)))]
    } else {
        without(act, &["further_resellers"])
    }
}

fn further_sign(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(line) = &facts.purchase else {
        return Vec::new();
    };
    let commands = line
        .further_resellers
        .iter()
        .filter_map(Named::party)
        .filter(|party| !party.signed)
        .map(|party| Act::of(&party.name, "sign_agreement", json!({})))
        .collect();
    vec![Fix::commands(commands, act)]
}

/// The seller sets the qualification that the offer is made for.
fn qualify(act: &Act, facts: &Facts) -> Vec<Fix> {
    let (Some(seller), Some(line), Some(customer)) =
        (&facts.actor, &facts.purchase, customer_of(act, facts))
    else {
        return Vec::new();
    };
    let command = Act::of(
        &seller.name,
        "set_qualification",
        json!({ "customer": customer, "value": line.segment }),
    );
    vec![Fix::commands(vec![command], act)]
}

/// The same kind of purchase for another item, as a step on the way.
fn buy(act: &Act, facts: &Facts, item: &str, count: i64) -> Option<Act> {
    let seller = facts.actor.as_ref()?;
    let customer = customer_of(act, facts)?;
    let command = Act::of(
        &seller.name,
        "order",
        json!({ "customer": customer, "item": item, "quantity": count }),
    );
    Some(match facts.named.given() {
        Some(given) => command.with("partner_of_record", json!(given)),
        None => command,
    })
}

fn buy_prerequisite(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(line) = &facts.purchase else {
        return Vec::new();
    };
    line.prerequisites
        .iter()
        .filter_map(|item| buy(act, facts, item, line.quantity))
        .map(|command| Fix::commands(vec![command], act))
        .collect()
}

async fn items_of(tx: &mut Tx<'_>, kind: ItemKind) -> Result<Vec<Item>, AppError> {
    let key = [Value::Text(kind.to_string())];
    Ok(tx.find::<Item>(tables::items::BY_KIND, &key).await?)
}

/// The plan, and a subscription under it.
async fn buy_plan(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let plans = items_of(tx, ItemKind::ConsumptionPlan).await?;
    let usage = items_of(tx, ItemKind::Consumption).await?;
    let owned = facts
        .purchase
        .as_ref()
        .is_some_and(|line| line.plan_state == Some(SubscriptionState::Active));
    let mut fixes = Vec::new();
    for plan in &plans {
        for usage in &usage {
            let mut commands = Vec::new();
            if !owned {
                commands.extend(buy(act, facts, &plan.handle, 1));
            }
            commands.extend(buy(act, facts, &usage.handle, 1));
            fixes.push(Fix::commands(commands, act));
        }
    }
    Ok(fixes)
}

/// An active base that the traditional add-on belongs to: one the customer has, or a new one.
async fn right_parent(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let (Some(line), Some(customer), Some(seller)) =
        (&facts.purchase, customer_of(act, facts), &facts.actor)
    else {
        return Ok(Vec::new());
    };
    let customer = names::the_tenant(tx, &customer).await?;
    let mut fixes = Vec::new();
    for row in estate(tx, &customer).await? {
        let item: Item = by_id(tx, row.item).await?;
        if !line.prerequisites.contains(&item.handle) {
            continue;
        }
        let named = act.with("parent", json!(row.handle));
        match row.state {
            SubscriptionState::Active => fixes.push(Fix::instead(named)),
            SubscriptionState::Suspended => {
                let command = Act::of(
                    &seller.name,
                    "reactivate",
                    json!({ "subscription": row.handle }),
                );
                fixes.push(Fix::commands(vec![command], &named));
            }
            _ => {}
        }
    }
    for item in &line.prerequisites {
        let name = format!("base-of-{}", line.item);
        if let Some(command) = buy(act, facts, item, line.quantity) {
            let command = command.with("creates", json!(name));
            let then = act.with("parent", json!(name));
            fixes.push(Fix::commands(vec![command], &then));
        }
    }
    Ok(fixes)
}

fn seat_bounds(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(subscription) = &facts.subscription else {
        return Vec::new();
    };
    let (least, most) = (subscription.min_quantity, subscription.max_quantity);
    match subscription.new_quantity {
        Some(wanted) if least <= most => quantity(act, wanted.clamp(least, most)),
        _ => Vec::new(),
    }
}

/// Only the seats whose windows are open.
fn reducible(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(subscription) = &facts.subscription else {
        return Vec::new();
    };
    let open = subscription
        .reducible
        .iter()
        .fold(0_i64, |sum, (count, _)| sum.saturating_add(*count));
    if open > 0 {
        quantity(act, subscription.quantity.saturating_sub(open))
    } else {
        Vec::new()
    }
}

fn own(facts: &Facts) -> Option<&SubscriptionFact> {
    facts
        .subscription
        .as_deref()
        .filter(|subscription| subscription.own)
}

fn reactivate(seller: &str, name: &str) -> Act {
    Act::of(seller, "reactivate", json!({ "subscription": name }))
}

/// A suspended subscription is reactivated first.
fn come_back(act: &Act, facts: &Facts) -> Vec<Fix> {
    own(facts)
        .filter(|subscription| {
            subscription.state == SubscriptionState::Suspended
                && !matches!(act.verb.as_str(), "reactivate" | "suspend" | "cancel")
        })
        .map(|subscription| {
            let command = reactivate(&subscription.seller, &subscription.name);
            Fix::commands(vec![command], act)
        })
        .into_iter()
        .collect()
}

/// The seller acts, where the caller works with it.
async fn seller_acts(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let (Some(subscription), Some(caller)) = (&facts.subscription, &facts.actor) else {
        return Ok(Vec::new());
    };
    let (Some(seller), Some(caller)) = (
        names::account(tx, &subscription.seller).await?,
        names::account(tx, &caller.name).await?,
    ) else {
        return Ok(Vec::new());
    };
    let related = seller.organization == caller.organization
        || joined(tx, &seller, &caller).await?
        || joined(tx, &caller, &seller).await?;
    Ok(if related {
        vec![Fix::instead(act.by(&seller.handle))]
    } else {
        Vec::new()
    })
}

async fn joined(tx: &mut Tx<'_>, provider: &Account, reseller: &Account) -> Result<bool, AppError> {
    let key = [Value::Id(provider.id.uuid()), Value::Id(reseller.id.uuid())];
    Ok(tx
        .get::<Partnership>(&key)
        .await?
        .is_some_and(|tie| tie.state == PartnershipState::Active))
}

fn switch_on(act: &Act, facts: &Facts) -> Vec<Fix> {
    own(facts)
        .map(|subscription| {
            let command = Act::of(
                &subscription.seller,
                "set_renewal",
                json!({ "subscription": subscription.name, "renewal": true }),
            );
            Fix::commands(vec![command], act)
        })
        .into_iter()
        .collect()
}

/// The next term ends by itself.
fn without_end(act: &Act) -> Vec<Fix> {
    let Some(Json::Array(changes)) = act.params.get("changes") else {
        return without(act, &["end"]);
    };
    let mut changes = changes.clone();
    for change in &mut changes {
        let next = change.get_mut("next_term").and_then(Json::as_object_mut);
        next.map(|next| next.remove("end"));
    }
    vec![Fix::instead(act.with("changes", json!(changes)))]
}

/// Whoever has the overage sets it to none.
fn holder_lets_go(act: &Act, facts: &Facts) -> Vec<Fix> {
    let holder = facts
        .form
        .overage
        .as_ref()
        .and_then(|meets| meets.holder.as_ref());
    let let_go = |(partner, subscription): &(String, String)| {
        let params = json!({ "subscription": subscription, "enabled": false });
        Fix::commands(vec![Act::of(partner, "set_overage", params)], act)
    };
    holder.map(let_go).into_iter().collect()
}

/// The whole order changes with its subscription.
fn of_the_order(act: &Act, facts: &Facts) -> Vec<Fix> {
    let asked = facts.subscription.as_ref().and_then(|subscription| {
        let (frequency, _) = subscription.new_frequency?;
        Some(json!({ "subscription": subscription.name, "frequency": frequency }))
    });
    let through_order = |params| Act {
        actor: act.actor.clone(),
        ..Act::of("", "change_frequency", params)
    };
    asked
        .map(|params| Fix::instead(through_order(params)))
        .into_iter()
        .collect()
}

/// The suspended subscriptions of the same order come back.
fn wake_siblings(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(subscription) = own(facts) else {
        return Vec::new();
    };
    let commands: Vec<Act> = subscription
        .order_blockers
        .iter()
        .filter(|(_, state)| *state == SubscriptionState::Suspended)
        .map(|(name, _)| reactivate(&subscription.seller, name))
        .collect();
    if commands.is_empty() {
        return Vec::new();
    }
    vec![Fix::commands(commands, act)]
}

/// What runs under a plan is suspended before the plan is.
fn end_children(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(subscription) = own(facts) else {
        return Vec::new();
    };
    let commands = subscription
        .children
        .iter()
        .map(|child| {
            Act::of(
                &subscription.seller,
                "suspend",
                json!({ "subscription": child }),
            )
        })
        .collect();
    vec![Fix::commands(commands, act)]
}

/// The trial becomes a paid subscription first.
fn convert(act: &Act, facts: &Facts) -> Vec<Fix> {
    own(facts)
        .map(|subscription| {
            let command = Act::of(
                &subscription.seller,
                "convert_trial",
                json!({
                    "subscription": subscription.name,
                    "quantity": subscription.quantity,
                    "at": "now",
                }),
            );
            Fix::commands(vec![command], act)
        })
        .into_iter()
        .collect()
}

/// As many seats as the trial has, or the conversion at its end.
fn enough_seats(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(trial) = own(facts) else {
        return Vec::new();
    };
    let mut fixes = quantity(act, trial.quantity);
    fixes.push(Fix::instead(act.with("at", json!("trial_end"))));
    fixes
}

fn receiver(facts: &Facts) -> Option<&Party> {
    facts.transfer.as_ref().map(|transfer| &transfer.to)
}

fn receiver_invites(act: &Act, facts: &Facts) -> Vec<Fix> {
    let (Some(to), Some(customer)) = (receiver(facts), customer_of(act, facts)) else {
        return Vec::new();
    };
    let commands = vec![
        Act::of(&to.name, "invite_customer", json!({ "customer": customer })),
        Act::of(
            &customer,
            "accept_relationship",
            json!({ "partner": to.name, "accept_agreement": true }),
        ),
    ];
    vec![Fix::commands(commands, act)]
}

async fn receiver_buys_plan(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let (Some(to), Some(customer)) = (receiver(facts), customer_of(act, facts)) else {
        return Ok(Vec::new());
    };
    let mut fixes = Vec::new();
    for plan in items_of(tx, ItemKind::ConsumptionPlan).await? {
        let command = Act::of(
            &to.name,
            "order",
            json!({ "customer": customer, "item": plan.handle }),
        );
        let command = match facts.named.given() {
            Some(given) => command.with("partner_of_record", json!(given)),
            None => command,
        };
        fixes.push(Fix::commands(vec![command], act));
    }
    Ok(fixes)
}

/// A reseller of the receiving provider, or none where it is a direct-bill partner.
async fn receivers_reseller(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let Some(to) = receiver(facts) else {
        return Ok(Vec::new());
    };
    let mut fixes = Vec::new();
    if to.kind == PartnerType::IndirectProvider {
        for reseller in resellers(tx, &to.name).await? {
            let named = act.with("partner_of_record", json!(reseller.handle));
            fixes.push(Fix::instead(named));
        }
    }
    fixes.extend(without(act, &["partner_of_record"]));
    Ok(fixes)
}

/// Whoever decides this kind of transfer.
fn decider(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(transfer) = &facts.transfer else {
        return Vec::new();
    };
    let who = match transfer.kind {
        TransferKind::Traditional => &transfer.to,
        TransferKind::Plan => &transfer.from,
    };
    if transfer.caller_gives || transfer.caller_receives {
        vec![Fix::instead(act.by(&who.name))]
    } else {
        Vec::new()
    }
}

/// Whoever made the transfer takes it back.
fn initiator(act: &Act, facts: &Facts) -> Vec<Fix> {
    let made_by = facts.transfer.as_ref().map(|transfer| match transfer.kind {
        TransferKind::Traditional => &transfer.from,
        TransferKind::Plan => &transfer.to,
    });
    made_by
        .map(|who| Fix::instead(act.by(&who.name)))
        .into_iter()
        .collect()
}

/// The suspended subscriptions of a transfer come back.
fn wake_contents(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(transfer) = &facts.transfer else {
        return Vec::new();
    };
    let inactive = || {
        transfer
            .subscriptions
            .iter()
            .filter(|carried| carried.state != SubscriptionState::Active)
    };
    let mut fixes = Vec::new();
    if inactive().all(|carried| carried.state == SubscriptionState::Suspended) {
        let commands = inactive()
            .map(|carried| reactivate(&carried.seller, &carried.name))
            .collect();
        fixes.push(Fix::commands(commands, act));
    }
    // Where the transfer is still to be made, the inactive ones can be left out.
    let active: Vec<&str> = transfer
        .subscriptions
        .iter()
        .filter(|carried| carried.state == SubscriptionState::Active)
        .map(|carried| carried.name.as_str())
        .collect();
    if act.params.contains_key("subscriptions") && !active.is_empty() {
        fixes.push(Fix::instead(act.with("subscriptions", json!(active))));
    }
    fixes
}

/// The other partner of a transfer: a provider of the giver, or whoever sold what is asked for.
async fn another_side(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let Some(transfer) = &facts.transfer else {
        return Ok(Vec::new());
    };
    let mut fixes = Vec::new();
    if act.verb == "create_transfer" {
        for provider in super::providers(tx, &transfer.from.name).await? {
            fixes.push(Fix::instead(act.with("to", json!(provider.handle))));
        }
        return Ok(fixes);
    }
    for carried in &transfer.subscriptions {
        let row: Subscription = names::the_subscription(tx, &carried.name).await?;
        let item: Item = by_id(tx, row.item).await?;
        if carried.seller != transfer.to.name && item.generation == Generation::NewCommerce {
            fixes.push(Fix::instead(act.with("from", json!(carried.seller))));
        }
    }
    Ok(fixes)
}
