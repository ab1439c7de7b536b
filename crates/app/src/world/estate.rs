//! What is sold and held in a world: items, prices, carts, orders, subscriptions, money.

use super::{Fields, named_id, some_organization};
use serde_json::{Map, Value as Json};
use tierline_domain::billing::InvoiceState;
use tierline_domain::catalog::{
    DatedPrice, Frequency, Generation, Item, ItemKind, Offered, Promotion, Publisher, Term,
};
use tierline_domain::customer::Segment;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::order::{
    Cart, CartState, Details, Line, Order, OrderLine, OrderState, RoleDeclared,
};
use tierline_domain::partner::Waiver;
use tierline_domain::subscription::{
    Batch, CreditLine, ResourceRole, ResourceRoleName, Subscription, SubscriptionState, Transfer,
    TransferKind, TransferState,
};
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_domain::usage::{AccessEffect, CreditLoss, ResourceAccess};
use tierline_rules::regions;
use tierline_store::tables::Setting;
use tierline_store::{Tx, Value, tables};

use crate::billing;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::prices;
use crate::{catalogue, facts, numbers, order, schedule, transfer};

/// The terms of an item that names none: a month, a year, three years, each with every frequency up to it.
pub(super) fn usual_terms() -> Vec<Offered> {
    let every = [Frequency::Monthly, Frequency::Annual, Frequency::Triennial];
    [Term::MONTH, Term::YEAR, Term::THREE_YEARS]
        .into_iter()
        .map(|term| Offered {
            term,
            frequencies: every
                .into_iter()
                .filter(|each| term.admits(*each))
                .collect(),
            prices: Vec::new(),
        })
        .collect()
}

pub(super) async fn item(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::item(tx, &handle).await? {
        Some(known) => known,
        None => Item {
            id: named_id("item", &handle),
            title: title(&handle),
            handle,
            catalogue_id: String::new(),
            kind: ItemKind::Licence,
            generation: Generation::NewCommerce,
            publisher: Publisher::Operator,
            segment: Segment::Commercial,
            offered: usual_terms(),
            min_quantity: 1,
            max_quantity: 10_000,
            customer_max: None,
            prerequisites: Vec::new(),
            percent_of_base: None,
            trial_of: None,
            upgrades_to: Vec::new(),
            concurrent_limit: None,
            end_of_sale: None,
            not_sold_in: Vec::new(),
            exclusive_to: Vec::new(),
            requires_attestation: false,
            partner_of_record_fixed: false,
            renewable: true,
            cancellable: true,
            listed_from: None,
        },
    };
    f.set("kind", &mut row.kind)?;
    f.set("generation", &mut row.generation)?;
    f.set("publisher", &mut row.publisher)?;
    f.set("segment", &mut row.segment)?;
    f.set("min", &mut row.min_quantity)?;
    f.set("max", &mut row.max_quantity)?;
    f.set_some("customer_max", &mut row.customer_max)?;
    f.set("prerequisites", &mut row.prerequisites)?;
    f.set_some("percent_of_base", &mut row.percent_of_base)?;
    f.set_some("trial_of", &mut row.trial_of)?;
    f.set("upgrades_to", &mut row.upgrades_to)?;
    f.set_some("concurrent_limit", &mut row.concurrent_limit)?;
    f.set_some("end_of_sale", &mut row.end_of_sale)?;
    f.set("not_sold_in", &mut row.not_sold_in)?;
    f.set("exclusive_to", &mut row.exclusive_to)?;
    f.set("requires_attestation", &mut row.requires_attestation)?;
    f.set("partner_of_record_fixed", &mut row.partner_of_record_fixed)?;
    f.set("renewable", &mut row.renewable)?;
    f.set("cancellable", &mut row.cancellable)?;
    if let Some(terms) = f.get::<Map<String, Json>>("terms")? {
        let mut offered = Vec::new();
        for (term, frequencies) in terms {
            let term: Term = term
                .parse()
                .map_err(|error| AppError::invalid("item.terms", error))?;
            let frequencies = serde_json::from_value(frequencies)
                .map_err(|error| AppError::invalid("item.terms", error))?;
            let prices = row
                .offer(term)
                .map(|known| known.prices.clone())
                .unwrap_or_default();
            offered.push(Offered {
                term,
                frequencies,
                prices,
            });
        }
        row.offered = offered;
    }
    if let Some(prices) = f.get::<Map<String, Json>>("prices")? {
        for offered in &mut row.offered {
            offered.prices = match prices.get(&offered.term.to_string()) {
                Some(prices) => serde_json::from_value(prices.clone())
                    .map_err(|error| AppError::invalid("item.prices", error))?,
                None => Vec::new(),
            };
        }
    }
    row.catalogue_id = catalogue::id_for(&row);
    tx.put(&row).await?;
    catalogue::enter(tx, &row).await
}

/// `suite-standard` reads better as "Suite standard".
pub(super) fn title(handle: &str) -> String {
    let mut letters = handle.replace('-', " ").chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        *first = first.to_ascii_uppercase();
    }
    letters.into_iter().collect()
}

pub(super) async fn price(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    Ok(tx
        .put(&DatedPrice {
            item: item.id,
            term: f.must("term")?,
            from_day: f.must("from")?,
            amount: f.must("amount")?,
        })
        .await?)
}

pub(super) async fn promotion(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    let row = Promotion {
        id: named_id("promotion", &handle),
        handle,
        item: item.id,
        max_seats: f.must("max_seats")?,
        discount_percent: f.must("discount_percent")?,
    };
    tx.put(&row).await?;
    catalogue::enter_promotion(tx, &row, &item).await
}

/// The trial of an item, if there is one.
async fn trial_of(tx: &mut Tx<'_>, item: &Item) -> Result<Option<Id<Item>>, AppError> {
    let key = [Value::Text(ItemKind::Trial.to_string())];
    let trials = tx.find::<Item>(tables::items::BY_KIND, &key).await?;
    let mut trials = trials.into_iter();
    let found = trials.find(|trial| trial.trial_of.as_ref() == Some(&item.handle));
    Ok(found.map(|trial| trial.id))
}

pub(super) async fn subscription(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let known = names::subscription(tx, &handle).await?;
    let is_new = known.is_none();
    let mut row = match known {
        Some(known) => known,
        None => new_subscription(tx, f, &handle).await?,
    };
    let item: Item = by_id(tx, row.item).await?;
    if !is_new {
        f.set("quantity", &mut row.quantity)?;
    }
    f.set("state", &mut row.state)?;
    f.set("bought", &mut row.bought)?;
    f.set_some("renewed", &mut row.renewed)?;
    f.set("renewal", &mut row.renewal)?;
    f.set("renewal_queued", &mut row.renewal_queued)?;
    f.set("currency", &mut row.currency)?;
    f.set_some("upgraded", &mut row.upgraded)?;
    f.set("converted_from_trial", &mut row.converted_from_trial)?;
    if row.converted_from_trial {
        row.trial = trial_of(tx, &item).await?;
    }
    f.set("updates", &mut row.updates)?;
    f.set("default_owner", &mut row.default_owner)?;
    f.set_some("pending_frequency", &mut row.pending_frequency)?;
    row.deprovisioned = f
        .get("deprovisioned")?
        .unwrap_or(row.state == SubscriptionState::Deleted);
    if let Some(order) = f.text("order")? {
        row.order_handle = Some(order);
    }
    if let Some(parent) = f.text("parent")? {
        row.parent = Some(names::the_subscription(tx, &parent).await?.id);
    }
    if let Some(change) = f.get::<Map<String, Json>>("scheduled_change")? {
        row.scheduled_quantity = change.get("quantity").and_then(Json::as_i64);
    }
    if let Some(promotion) = f.text("promotion")? {
        row.promotion = Some(names::the_promotion(tx, &promotion).await?.id);
    }
    if is_new || f.has("bought") || f.has("renewed") || f.has("added") {
        let first = Batch {
            quantity: row.quantity,
            at: row.renewed.unwrap_or(row.bought),
        };
        let added: Vec<Batch> = f.get("added")?.unwrap_or_default();
        row.quantity = added.iter().fold(row.quantity, |sum, batch| {
            sum.saturating_add(batch.quantity)
        });
        row.batches = std::iter::once(first).chain(added).collect();
        row.term_end = natural_end(&row, today.date());
        row.unit_price = price_in_force(tx, &item, &row).await?;
    }
    f.set_some("term_end", &mut row.term_end)?;
    tx.put(&row).await?;
    schedule::drop_all(tx, &row.handle).await?;
    schedule::plan_subscription(tx, &row, today).await
}

/// The day before the anniversary (BIL-043); a running subscription that renews has had its renewals.
pub(super) fn natural_end(row: &Subscription, today: Date) -> Option<Date> {
    let anchor = row.renewed.unwrap_or(row.bought).date();
    let months = row.term.months()?;
    let mut terms: i32 = 1;
    let end = |terms: i32| add_days(add_months(anchor, months.saturating_mul(terms)), -1);
    while row.state == SubscriptionState::Active
        && row.renewal
        && end(terms) < today
        && terms < 1200
    {
        terms = terms.saturating_add(1);
    }
    Some(end(terms))
}

/// The price per seat in force at purchase, or at the last renewal, promotion included.
pub(super) async fn price_in_force(
    tx: &mut Tx<'_>,
    item: &Item,
    row: &Subscription,
) -> Result<Option<Money>, AppError> {
    let day = row.renewed.unwrap_or(row.bought).date();
    let list = prices::list_price(tx, item, row.customer, row.term, row.currency, day).await?;
    let Some((list, promotion)) = list.zip(row.promotion) else {
        return Ok(list);
    };
    let promotion: Promotion = by_id(tx, promotion).await?;
    let rest = 100_i64.saturating_sub(promotion.discount_percent);
    Ok(Some(list.share(
        rest,
        100,
        tierline_domain::money::Rounding::Cut,
    )?))
}

pub(super) async fn new_subscription(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    handle: &str,
) -> Result<Subscription, AppError> {
    let item = names::the_item(
        tx,
        &f.text("item")?
            .unwrap_or_else(|| "suite-standard".to_owned()),
    )
    .await?;
    let seller = match f.must::<String>("seller")?.as_str() {
        crate::actor::OPERATOR => None,
        name => Some(names::the_account(tx, name).await?),
    };
    let term = f.get("term")?.unwrap_or_else(|| order::default_term(&item));
    let reseller = match f.text("partner_of_record")? {
        Some(name) => facts::named_account_of(tx, &name).await?,
        None => None,
    };
    Ok(Subscription {
        id: named_id("subscription", handle),
        handle: handle.to_owned(),
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        quantity: f
            .get("quantity")?
            .unwrap_or(if item.kind.has_seats() { 10 } else { 1 }),
        term,
        frequency: f
            .get("frequency")?
            .unwrap_or_else(|| order::default_frequency(&item, term)),
        partner_of_record: reseller.map(|reseller| reseller.id),
        state: SubscriptionState::Active,
        bought: "2023-06-15T10:00:00Z".parse()?,
        renewed: None,
        term_end: None,
        renewal: item.renewable && term.months().is_some(),
        renewal_queued: false,
        currency: seller.as_ref().map_or(Currency::EUR, |seller| {
            facts::billing_currency(seller, &item)
        }),
        promotion: None,
        unit_price: None,
        batches: Vec::new(),
        scheduled_quantity: None,
        next_term: None,
        began: None,
        pending_frequency: None,
        upgraded: None,
        converted_from_trial: false,
        trial: None,
        updates: 0,
        order_id: None,
        order_handle: Some(format!("order of {handle}")),
        parent: None,
        resource: None,
        deprovisioned: false,
        default_owner: true,
        support_contact: None,
        friendly_name: Some(item.title.clone()),
        home: seller
            .as_ref()
            .and_then(|seller| regions::place(seller.country))
            .map_or_else(String::new, |place| place.region.to_string()),
        seller: seller.map(|seller| seller.id),
        item: item.id,
        version: 1,
    })
}

/// One line with everything at its default.
pub(super) fn plain_line(item: &Item, quantity: i64) -> Line {
    let term = order::default_term(item);
    Line {
        item: item.id,
        quantity,
        term,
        frequency: order::default_frequency(item, term),
        partner_of_record: None,
        further_resellers: Vec::new(),
        custom_end: None,
        currency: None,
        attestation_accepted: true,
        parent: None,
        friendly_name: None,
        availability_outdated: false,
        creates: None,
        align_with: None,
        details: Details::default(),
    }
}

pub(super) async fn cart(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let mut line = plain_line(&item, f.must("quantity")?);
    f.set_some("partner_of_record", &mut line.partner_of_record)?;
    line.availability_outdated = f.text("availability")?.as_deref() == Some("outdated");
    let created: Timestamp = f.must("created")?;
    let row = Cart {
        id: named_id("cart", &handle),
        handle,
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        role_declared: if line.partner_of_record.is_some() {
            RoleDeclared::Indirect
        } else {
            RoleDeclared::Direct
        },
        lines: vec![line],
        state: CartState::Active,
        created,
        modified: created,
        modified_by: partner.handle.clone(),
        ordered_as: None,
        became: None,
        placed: Vec::new(),
        home: regions::place(partner.country)
            .map_or_else(String::new, |place| place.region.to_string()),
        partner: partner.id,
        version: 1,
    };
    Ok(tx.put(&row).await?)
}

pub(super) async fn placed_order(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let line = plain_line(&item, f.must("quantity")?);
    let row = Order {
        id: named_id("order", &handle),
        handle,
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        lines: vec![OrderLine {
            line,
            subscription: None,
            pricing: None,
            cancelled: false,
        }],
        state: f.get("state")?.unwrap_or(OrderState::Completed),
        placed: today,
        currency: facts::billing_currency(&partner, &item),
        number: numbers::next(tx, partner.id).await?,
        home: regions::place(partner.country)
            .map_or_else(String::new, |place| place.region.to_string()),
        partner: partner.id,
        version: 1,
    };
    Ok(tx.put(&row).await?)
}

pub(super) async fn transfer(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let from = names::the_account(tx, &f.must::<String>("from")?).await?;
    let created = f
        .get("created")?
        .unwrap_or_else(|| Timestamp::noon(add_days(today.date(), -1)));
    let subscriptions: Vec<String> = f.must("subscriptions")?;
    let row = Transfer {
        id: named_id("transfer", &handle),
        kind: f.must::<TransferKind>("kind")?,
        from_partner: from.id,
        to_partner: names::the_account(tx, &f.must::<String>("to")?).await?.id,
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        lines: transfer::lines(tx, &subscriptions).await?,
        partner_of_record: f.get("partner_of_record")?,
        state: f.must::<TransferState>("state")?,
        created,
        modified: created,
        modified_by: from.handle,
        handle,
        version: 1,
    };
    tx.put(&row).await?;
    schedule::plan_transfer(tx, &row).await
}

pub(super) async fn invoice(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let state = f.get("state")?.unwrap_or(InvoiceState::Unpaid);
    let row = billing::laid_down(handle, partner.id, f.must("amount")?, f.must("due")?, state);
    tx.put(&row).await?;
    billing::collection::plan(tx, &row, today.date()).await
}

pub(super) async fn credit(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let none = Money::zero(Currency::USD);
    let row = CreditLine {
        partner: partner.id,
        credit_limit: f.must("limit")?,
        unpaid: f.get("unpaid")?.unwrap_or(none),
        unbilled: f.get("unbilled")?.unwrap_or(none),
    };
    Ok(tx.put(&row).await?)
}

pub(super) async fn support_contact(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let mut row = names::the_subscription(tx, &f.must::<String>("subscription")?).await?;
    row.support_contact = Some(
        names::the_account(tx, &f.must::<String>("contact")?)
            .await?
            .id,
    );
    Ok(tx.put(&row).await?)
}

/// A role that holds always, for all of a subscription, and is the partner's own; or access that is bounded.
pub(super) async fn resource_role(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let subscription = names::the_subscription(tx, &f.must::<String>("subscription")?).await?;
    let role = f.must::<ResourceRoleName>("role")?;
    let bounds = ["scope", "from", "until", "linked_to", "denied"];
    if !bounds.iter().any(|bound| f.has(bound)) {
        return Ok(tx
            .put(&ResourceRole {
                partner: partner.id,
                subscription: subscription.id,
                role,
            })
            .await?);
    }
    let linked = match f.text("linked_to")?.as_deref() {
        None => partner.location,
        Some("none") => None,
        Some(place) => Some(names::the_place(tx, place).await?.id),
    };
    let effect = if f.get::<bool>("denied")?.unwrap_or(false) {
        AccessEffect::Deny
    } else {
        AccessEffect::Allow
    };
    let row = ResourceAccess {
        partner: partner.id,
        subscription: subscription.id,
        scope: f.text("scope")?.unwrap_or_default(),
        effect,
        role,
        begins: f.get("from")?,
        ends: f.get("until")?,
        linked,
    };
    Ok(tx.put(&row).await?)
}

pub(super) async fn credit_loss(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let row = CreditLoss {
        partner: names::the_account(tx, &f.must::<String>("partner")?)
            .await?
            .id,
        from_day: f.must("from")?,
        until_day: f.get("until")?,
    };
    Ok(tx.put(&row).await?)
}

pub(super) async fn waiver(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let row = Waiver {
        handle: f.must("id")?,
        organization: some_organization(tx, &f.must::<String>("organization")?)
            .await?
            .id,
        from_day: f.must("from")?,
        until_day: f.must("until")?,
    };
    Ok(tx.put(&row).await?)
}

pub(super) async fn setting(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    for (key, value) in f.map {
        tx.put(&Setting {
            key: key.clone(),
            value: tierline_store::Json(value.clone()),
        })
        .await?;
    }
    Ok(())
}
