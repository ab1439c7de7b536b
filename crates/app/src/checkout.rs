//! Checkout: every group of a cart's lines becomes an order of its own, and a refused one undoes no other.

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::Item;
use tierline_domain::order::{Cart, Line, Order, RoleDeclared};
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::Subscription;
use tierline_rules::Checkpoint;
use tierline_rules::facts::{CartFact, Facts};
use tierline_store::Tx;

use crate::act::Act;
use crate::actor::Acting;
use crate::attempt::{UseCase, keep_further, record_refusal};
use crate::cart::{cart_fact, ordered};
use crate::ctx::Ctx;
use crate::error::{AppError, Refusal};
use crate::facts;
use crate::names::{self, by_id};
use crate::order::{GroupRefused, Placed, Sale};

/// Check out a cart that exists: one order for each group of its lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutCart {
    /// The cart.
    pub cart: String,
    /// Its customer, where the caller names it: a cart of another one does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The version that the caller read (ORD-004).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
}

/// Groups of a cart's lines in their order, with the places of their lines.
fn groups(cart: &Cart) -> Vec<(String, Vec<usize>)> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, line) in cart.lines.iter().enumerate() {
        let name = &line.details.group;
        match groups.iter_mut().find(|(group, _)| group == name) {
            Some((_, places)) => places.push(place),
            None => groups.push((name.clone(), vec![place])),
        }
    }
    groups
}

impl CheckoutCart {
    /// The cart, and the customer whose it is said to be.
    async fn cart(&self, tx: &mut Tx<'_>) -> Result<(Cart, Tenant), AppError> {
        let cart = names::the_cart(tx, &self.cart).await?;
        let customer: Tenant = match &self.customer {
            Some(named) => names::the_tenant(tx, named).await?,
            None => by_id(tx, cart.customer).await?,
        };
        Ok((cart, customer))
    }

    /// Groups that are no orders yet. A repeat answers as the first time did for those that are (ORD-003).
    fn open(cart: &Cart) -> Vec<(String, Vec<usize>)> {
        let mut open = groups(cart);
        open.retain(|(group, _)| !cart.placed.iter().any(|placed| placed.group == *group));
        open
    }

    /// Sells one group: its order and the facts of its lines, or the first refusal.
    async fn sell(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
        (cart, fact): (&Cart, &CartFact),
        (group, places): (&str, &[usize]),
    ) -> Result<Result<Sold, Box<Refusal>>, AppError> {
        let mut sale = Sale::of_group(ctx, acting, tx, cart, group).await?;
        sale.moved = self.seen.is_some_and(|seen| seen != cart.version);
        let mut decided = Vec::with_capacity(places.len());
        for place in places {
            let Some(line) = cart.lines.get(*place) else {
                continue;
            };
            let line = sale.with_parent(line.clone());
            sale.faulty = line.details.fault.is_some();
            let role = role(cart, &line);
            let outcome = if line.details.unknown_item.is_some() {
                sale.judge_nothing(tx).await?
            } else {
                let item: Item = by_id(tx, line.item).await?;
                let outcome = sale
                    .judge(tx, &item, &line, role, Some(fact.clone()))
                    .await?;
                if let Ok(facts) = &outcome {
                    sale.provision(tx, facts, &item, &line, *place).await?;
                }
                outcome
            };
            match outcome {
                Ok(facts) => decided.push(facts),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        let order = sale.finish(tx).await?;
        Ok(Ok(Sold {
            order,
            first: sale.first(),
            decided,
        }))
    }

    /// Sells a group and undoes what a refused one had done so far.
    async fn try_group(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
        cart: (&Cart, &CartFact),
        group: (&str, &[usize]),
    ) -> Result<Result<Sold, Box<Refusal>>, AppError> {
        tx.savepoint("group").await?;
        let outcome = self.sell(ctx, acting, tx, cart, group).await?;
        if outcome.is_err() {
            tx.rollback_to("group").await?;
        }
        tx.release("group").await?;
        Ok(outcome)
    }

    /// Facts of the first group that would go through, else of the first refusal.
    async fn rehearse(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
        cart: (&Cart, &CartFact),
        open: &[(String, Vec<usize>)],
    ) -> Result<Facts, AppError> {
        let mut refused = None;
        for (group, places) in open {
            match self.sell(ctx, acting, tx, cart, (group, places)).await? {
                Ok(sold) => {
                    let first = sold.decided.into_iter().next();
                    return first.ok_or_else(no_line);
                }
                Err(refusal) => refused = refused.or(Some(refusal.facts)),
            }
            tx.rollback_to("checkout").await?;
        }
        refused.ok_or_else(no_line)
    }
}

/// What a group became.
struct Sold {
    order: Order,
    first: Option<String>,
    /// The facts of its lines.
    decided: Vec<Facts>,
}

fn no_line() -> AppError {
    AppError::invalid("lineItems", "a cart has at least one line")
}

/// The role declared for a line: the cart's, unless its lines differ in it.
fn role(cart: &Cart, line: &Line) -> RoleDeclared {
    match (cart.lines.len(), cart.role_declared) {
        (1, role) => role,
        (_, RoleDeclared::None) => RoleDeclared::None,
        _ if line.partner_of_record.is_some() => RoleDeclared::Indirect,
        _ => RoleDeclared::Direct,
    }
}

impl UseCase for CheckoutCart {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CheckoutCart
    }

    fn subject(&self) -> String {
        self.cart.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let (cart, customer) = self.cart(tx).await?;
        let fact = cart_fact(ctx, acting, &cart, &customer);
        let open = Self::open(&cart);
        if cart.became.is_some() && !fact.changed_after_order && fact.own {
            // ORD-003: an identical repeat answers as the first time did, whatever changed since; groups that were
            // refused then are tried again.
            return facts::begin(tx, ctx, acting, Checkpoint::ReadSubscription).await;
        }
        let open = if open.is_empty() { groups(&cart) } else { open };
        if let Some((group, line)) = lone(&cart, &open) {
            // One line is decided without making anything first.
            let mut sale = Sale::of_group(ctx, acting, tx, &cart, group).await?;
            sale.moved = self.seen.is_some_and(|seen| seen != cart.version);
            sale.faulty = line.details.fault.is_some();
            let line = sale.with_parent(line.clone());
            let item: Item = by_id(tx, line.item).await?;
            return sale
                .facts(tx, &item, &line, role(&cart, &line), Some(fact))
                .await;
        }
        tx.savepoint("checkout").await?;
        let found = self.rehearse(ctx, acting, tx, (&cart, &fact), &open).await;
        tx.rollback_to("checkout").await?;
        tx.release("checkout").await?;
        found
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let (mut cart, customer) = self.cart(tx).await?;
        let mut open = Self::open(&cart);
        if open.is_empty() {
            return replayed(tx, cart).await;
        }
        let fact = cart_fact(ctx, acting, &cart, &customer);
        let mut orders = Vec::new();
        let mut placed = Placed::of(facts);
        if let Some((group, line)) = lone(&cart, &open) {
            let mut sale = Sale::of_group(ctx, acting, tx, &cart, group).await?;
            let line = sale.with_parent(line.clone());
            let item: Item = by_id(tx, line.item).await?;
            sale.provision(tx, facts, &item, &line, 0).await?;
            let order = sale.finish(tx).await?;
            placed.subscription = sale.first();
            orders.push((group.to_owned(), order.id));
            open.clear();
        }
        for (group, places) in &open {
            let group = (group.as_str(), places.as_slice());
            let tried = Box::pin(self.try_group(ctx, acting, tx, (&cart, &fact), group));
            match tried.await? {
                Ok(sold) => {
                    // The command itself keeps the decision on the first line that it sells.
                    let kept = usize::from(orders.is_empty() && cart.became.is_none());
                    for (place, facts) in sold.decided.iter().enumerate().skip(kept) {
                        let name = format!("{} {place}", group.0);
                        keep_further(ctx, tx, facts, &self.cart, &name).await?;
                    }
                    placed.subscription = placed.subscription.or(sold.first);
                    orders.push((group.0.to_owned(), sold.order.id));
                }
                Err(refusal) => {
                    let decision = refusal.decision.clone();
                    let ctx = ctx.further(group.0);
                    let params = serde_json::json!({ "cart": self.cart });
                    let act = Act {
                        actor: ctx.actor.clone(),
                        ..Act::of("", "checkout_cart", params)
                    };
                    record_refusal(&ctx, tx, &act, &AppError::Refused(refusal)).await?;
                    placed.errors.push(GroupRefused {
                        group: group.0.to_owned(),
                        decision,
                    });
                }
            }
        }
        if !orders.is_empty() {
            ordered(ctx, tx, &mut cart, &orders).await?;
        }
        placed.orders = handles(&cart);
        placed.order = placed.orders.first().cloned();
        placed.cart = Some(cart.handle);
        Ok(placed)
    }
}

/// The group and line of what is left of a cart, where that is one line of an item that there is.
fn lone<'a>(cart: &'a Cart, open: &'a [(String, Vec<usize>)]) -> Option<(&'a str, &'a Line)> {
    if cart.became.is_some() {
        return None;
    }
    let [(group, places)] = open else {
        return None;
    };
    let [place] = places.as_slice() else {
        return None;
    };
    let line = cart.lines.get(*place)?;
    line.details.unknown_item.is_none().then_some((group, line))
}

fn handles(cart: &Cart) -> Vec<String> {
    let placed = cart.placed.iter().map(|placed| placed.order.to_string());
    placed.collect()
}

/// What a cart became the first time.
async fn replayed(tx: &mut Tx<'_>, cart: Cart) -> Result<Placed, AppError> {
    let mut orders = handles(&cart);
    if orders.is_empty() {
        orders.extend(cart.became.map(|order| order.to_string()));
    }
    let mut subscription = None;
    if let Some(order) = cart.became {
        let order: Order = by_id(tx, order).await?;
        if let Some(id) = order.lines.iter().find_map(|line| line.subscription) {
            subscription = Some(by_id::<Subscription, _>(tx, id).await?.handle);
        }
    }
    Ok(Placed {
        cart: Some(cart.handle),
        order: orders.first().cloned(),
        subscription,
        orders,
        replayed: true,
        ..Placed::default()
    })
}
