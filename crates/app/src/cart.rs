//! Carts: filled and changed. Every line is judged on its own facts, after those before it; the lines of one
//! group become one order at checkout (ORD-005).

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind, Promotion, Publisher, Term};
use tierline_domain::id::Id;
use tierline_domain::money::Currency;
use tierline_domain::order::{
    Cart, CartState, Fault, GroupOrder, Line, Order, Pricing, RoleDeclared,
};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Date, Period};
use tierline_rules::facts::{CartFact, Ceiling, Facts};
use tierline_rules::{Checkpoint, Decision, RuleId, Violation, rules};
use tierline_store::Tx;
use tierline_store::log::{hex, sha256};
use uuid::Uuid;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::{AppError, Refusal};
use crate::names::{self, by_id};
use crate::order::{Placed, Sale, Wanted, home, wanted_facts};
use crate::{facts, purchase};

/// Days a cart lives (ORD-002).
pub const CART_DAYS: i32 = 7;
/// A line's error: the identifier names nothing.
const UNKNOWN_ITEM: u32 = 10_001;
/// A line's error: it cannot be processed, for a reason that has no code of its own on lines.
const CANNOT_BE_PROCESSED: u32 = 10_006;

/// Fill a cart with one line: judged like an order, without checkout.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CreateCart(pub Wanted);

/// Fill a cart of the acting partner with one line.
pub(crate) async fn fill(
    ctx: &Ctx,
    acting: &Acting,
    facts: &Facts,
    tx: &mut Tx<'_>,
    wanted: &Wanted,
) -> Result<Cart, AppError> {
    let customer = names::the_tenant(tx, &wanted.customer).await?;
    let item = names::the_item(tx, &wanted.item).await?;
    let mut cart = empty(ctx, acting, facts, &customer)?;
    cart.lines = vec![wanted.line(&item)];
    cart.role_declared = wanted.role();
    tx.insert(&cart).await?;
    Ok(cart)
}

fn empty(ctx: &Ctx, acting: &Acting, facts: &Facts, customer: &Tenant) -> Result<Cart, AppError> {
    let id: Id<Cart> = ctx.ids().next();
    Ok(Cart {
        id,
        handle: id.to_string(),
        partner: acting.partner()?.id,
        customer: customer.id,
        lines: Vec::new(),
        role_declared: RoleDeclared::Direct,
        state: CartState::Active,
        created: ctx.now,
        modified: ctx.now,
        modified_by: acting.caller.name.clone(),
        ordered_as: None,
        became: None,
        placed: Vec::new(),
        home: home(facts),
        version: 1,
    })
}

impl UseCase for CreateCart {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateCart
    }

    fn subject(&self) -> String {
        self.0.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        wanted_facts(&self.0, ctx, acting, tx, Checkpoint::CreateCart).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let cart = fill(ctx, acting, facts, tx, &self.0).await?;
        Ok(Placed {
            cart: Some(cart.handle),
            ..Placed::of(facts)
        })
    }
}

/// Put another line into a cart of one line: judged like its creation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateCart {
    /// The cart.
    pub cart: String,
    /// What it should hold.
    pub wanted: Wanted,
}

impl UseCase for UpdateCart {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateCart
    }

    fn subject(&self) -> String {
        self.cart.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        wanted_facts(&self.wanted, ctx, acting, tx, Checkpoint::CreateCart).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let mut cart = names::the_cart(tx, &self.cart).await?;
        let item = names::the_item(tx, &self.wanted.item).await?;
        cart.lines = vec![self.wanted.line(&item)];
        cart.role_declared = self.wanted.role();
        touch(ctx, acting, tx, &mut cart).await?;
        Ok(Placed {
            cart: Some(cart.handle),
            ..Placed::of(facts)
        })
    }
}

async fn touch(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    cart: &mut Cart,
) -> Result<(), AppError> {
    cart.modified = ctx.now;
    cart.modified_by.clone_from(&acting.caller.name);
    cart.version = cart.version.saturating_add(1);
    Ok(tx.put(cart).await?)
}

/// Fill a cart with several lines, or give an open one other lines.
///
/// A line that fails carries its fault while the others stand. Where none stands, a fault that the documents know
/// on lines still makes a cart; otherwise the call is refused as its first line is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillCart {
    /// A customer or tenant.
    pub customer: String,
    /// The lines; the add-ons of a line follow it.
    pub lines: Vec<Wanted>,
    /// The cart to change; a new one is made where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cart: Option<String>,
    /// The version that the caller read (ORD-004).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
    /// Names the new cart in this world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<String>,
}

/// What became of one line.
enum Judgement {
    Stands(Facts),
    Refused(Box<Refusal>),
    Unknown,
}

impl Judgement {
    /// The fault as it stands on the line.
    fn fault(&self) -> Option<Fault> {
        let refusal = match self {
            Self::Stands(_) => return None,
            Self::Unknown => return Some(fault(UNKNOWN_ITEM, None)),
            Self::Refused(refusal) => refusal,
        };
        let coded = line_fault(&refusal.decision);
        let ceiling = refusal
            .facts
            .purchase
            .as_ref()
            .and_then(|line| line.customer_max)
            .filter(|_| coded.is_some());
        let (code, rule) = match coded {
            Some(coded) => coded,
            None => (
                CANNOT_BE_PROCESSED,
                refusal.decision.violations.first()?.rule,
            ),
        };
        Some(Fault {
            available: ceiling.map(Ceiling::left),
            purchased: ceiling.map(|ceiling| ceiling.used),
            ..fault(code, Some(rule.to_string()))
        })
    }

    /// The documents know this fault on a line.
    fn is_of_the_line(&self) -> bool {
        matches!(self, Self::Refused(refusal) if line_fault(&refusal.decision).is_some())
    }
}

/// The code and rule of a line's fault, where nothing fails at an earlier step: the caller, the chain and the
/// relationship are in order.
fn line_fault(decision: &Decision) -> Option<(u32, RuleId)> {
    let step = |violation: &Violation| {
        let rule =
            rules::all().find(|rule| rule.id == violation.rule && rule.ground == violation.ground);
        rule.map(|rule| rule.step)
    };
    let first = step(decision.violations.first()?)?;
    decision.violations.iter().find_map(|violation| {
        let code = violation.answer.line_code?;
        (step(violation) == Some(first)).then_some((code, violation.rule))
    })
}

const fn fault(code: u32, rule: Option<String>) -> Fault {
    Fault {
        code,
        rule,
        available: None,
        purchased: None,
    }
}

impl FillCart {
    async fn found(&self, tx: &mut Tx<'_>) -> Result<Option<Cart>, AppError> {
        match &self.cart {
            Some(cart) => names::the_cart(tx, cart).await.map(Some),
            None => Ok(None),
        }
    }

    /// The lines with their items and groups.
    async fn lines(
        &self,
        seller: &Account,
        tx: &mut Tx<'_>,
    ) -> Result<Vec<(Option<Item>, Line)>, AppError> {
        let mut lines = Vec::with_capacity(self.lines.len());
        for wanted in &self.lines {
            lines.push(match names::item(tx, &wanted.item).await? {
                Some(item) => {
                    let line = wanted.line(&item);
                    (Some(item), line)
                }
                None => (None, unknown(wanted)),
            });
        }
        group(seller, &mut lines);
        Ok(lines)
    }

    /// Judges every line after those before it; what they would become is undone.
    async fn judged(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
    ) -> Result<Vec<(Line, Judgement)>, AppError> {
        let cart = self.found(tx).await?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        let fact = cart.as_ref().map(|cart| CartFact {
            changed_after_order: cart.state == CartState::Ordered,
            empty: false,
            ..cart_fact(ctx, acting, cart, &customer)
        });
        let moved = cart
            .as_ref()
            .zip(self.seen)
            .is_some_and(|(cart, seen)| cart.version != seen);
        let lines = self.lines(acting.partner()?, tx).await?;
        tx.savepoint("cart").await?;
        let known = (customer, fact, moved);
        let judged = Box::pin(self.rehearse(ctx, acting, tx, known, lines)).await;
        tx.rollback_to("cart").await?;
        tx.release("cart").await?;
        judged
    }

    async fn rehearse(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
        (customer, fact, moved): (Tenant, Option<CartFact>, bool),
        lines: Vec<(Option<Item>, Line)>,
    ) -> Result<Vec<(Line, Judgement)>, AppError> {
        let seed = ctx.seed.to_string();
        let mut sale = Sale::of(ctx, acting, customer, &seed, Checkpoint::CreateCart)?;
        sale.moved = moved;
        let alone = lines.len() == 1;
        let mut judged = Vec::with_capacity(lines.len());
        for (place, ((item, line), wanted)) in lines.into_iter().zip(&self.lines).enumerate() {
            let Some(item) = item else {
                judged.push((line, Judgement::Unknown));
                continue;
            };
            let hung = sale.with_parent(line.clone());
            let outcome = sale
                .judge(tx, &item, &hung, wanted.role(), fact.clone())
                .await?;
            judged.push((
                line,
                match outcome {
                    Ok(facts) => {
                        if !alone {
                            sale.provision(tx, &facts, &item, &hung, place).await?;
                        }
                        Judgement::Stands(facts)
                    }
                    Err(refusal) => Judgement::Refused(refusal),
                },
            ));
        }
        Ok(judged)
    }
}

/// A line whose identifier names nothing.
fn unknown(wanted: &Wanted) -> Line {
    let term = wanted.term.unwrap_or(Term::YEAR);
    let frequency = wanted.frequency.unwrap_or(Frequency::Monthly);
    let mut line = wanted.line_of(Id::from_uuid(Uuid::nil()), term, frequency);
    line.details.unknown_item = Some(wanted.item.clone());
    line
}

/// What lines of one order have in common.
#[derive(PartialEq)]
struct Common {
    traditional: bool,
    family: &'static str,
    frequency: Frequency,
    currency: Currency,
    partner_of_record: Option<String>,
    further_resellers: Vec<String>,
}

impl Common {
    fn of(seller: &Account, item: &Item, line: &Line) -> Self {
        Self {
            traditional: item.generation == Generation::Traditional,
            family: family(item),
            frequency: line.frequency,
            currency: line
                .currency
                .unwrap_or_else(|| facts::billing_currency(seller, item)),
            partner_of_record: line.partner_of_record.clone(),
            further_resellers: line.further_resellers.clone(),
        }
    }
}

/// Families of products that are ordered together.
fn family(item: &Item) -> &'static str {
    match (item.publisher, item.kind) {
        (Publisher::ThirdParty, _) | (_, ItemKind::Marketplace) => "marketplace",
        (_, ItemKind::Licence | ItemKind::AddOn | ItemKind::Trial) => "licences",
        (_, kind) if kind.is_consumption() => "consumption",
        _ => "prepaid",
    }
}

/// Gives every line the name of its group. Add-ons go with the line that they are nested in.
fn group(seller: &Account, lines: &mut [(Option<Item>, Line)]) {
    let mut known: Vec<(Common, String)> = Vec::new();
    let mut names: Vec<String> = Vec::with_capacity(lines.len());
    for (item, line) in lines.iter() {
        let base = line.details.add_on_of.and_then(|base| names.get(base));
        let name = match (base, item) {
            (Some(base), _) => base.clone(),
            (None, None) => String::new(),
            (None, Some(item)) => {
                let common = Common::of(seller, item, line);
                let alike = known.iter().find(|(other, _)| *other == common);
                match alike {
                    Some((_, name)) => name.clone(),
                    None => {
                        let same =
                            |other: &&(Common, String)| other.0.traditional == common.traditional;
                        let number = known.iter().filter(same).count();
                        let prefix = if common.traditional { "OMS-" } else { "" };
                        let name = format!("{prefix}{number}");
                        known.push((common, name.clone()));
                        name
                    }
                }
            }
        };
        names.push(name);
    }
    for ((_, line), name) in lines.iter_mut().zip(names) {
        line.details.group = name;
    }
}

impl UseCase for FillCart {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateCart
    }

    fn subject(&self) -> String {
        self.cart.clone().unwrap_or_else(|| self.customer.clone())
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let judged = self.judged(ctx, acting, tx).await?;
        let of_a_line = judged.iter().any(|(_, outcome)| outcome.is_of_the_line());
        let mut refused = None;
        let mut nothing = None;
        for (line, outcome) in judged {
            match outcome {
                Judgement::Stands(facts) => return Ok(facts),
                Judgement::Refused(refusal) => refused = refused.or(Some(refusal.facts)),
                Judgement::Unknown => nothing = nothing.or(line.details.unknown_item),
            }
        }
        match refused {
            _ if of_a_line => facts::begin(tx, ctx, acting, Checkpoint::CreateCart).await,
            Some(facts) => Ok(facts),
            None => match nothing {
                Some(item) => Err(AppError::missing("item", item)),
                None => Err(AppError::invalid(
                    "lineItems",
                    "a cart has at least one line",
                )),
            },
        }
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let mut lines = Vec::with_capacity(self.lines.len());
        for (mut line, outcome) in self.judged(ctx, acting, tx).await? {
            line.details.fault = outcome.fault();
            lines.push(line);
        }
        let declared = self.lines.iter().map(Wanted::role);
        let indirect = declared.fold(RoleDeclared::Direct, |role, of_line| {
            if of_line == RoleDeclared::Direct {
                role
            } else {
                of_line
            }
        });
        let mut cart = match self.found(tx).await? {
            Some(cart) => cart,
            None => {
                let customer = names::the_tenant(tx, &self.customer).await?;
                let mut cart = empty(ctx, acting, facts, &customer)?;
                cart.handle = self.creates.clone().unwrap_or(cart.handle);
                cart.version = 0;
                cart
            }
        };
        cart.lines = lines;
        cart.role_declared = indirect;
        touch(ctx, acting, tx, &mut cart).await?;
        Ok(Placed {
            cart: Some(cart.handle),
            ..Placed::of(facts)
        })
    }
}

/// Fingerprint of what a cart would order.
fn fingerprint(cart: &Cart) -> String {
    let lines = serde_json::to_string(&(&cart.lines, cart.role_declared)).unwrap_or_default();
    hex(&sha256(lines.as_bytes()))
}

fn changed_since(cart: &Cart) -> bool {
    cart.ordered_as
        .as_ref()
        .is_some_and(|ordered| *ordered != fingerprint(cart))
}

/// A cart as the rules see it.
pub(crate) fn cart_fact(ctx: &Ctx, acting: &Acting, cart: &Cart, customer: &Tenant) -> CartFact {
    let expires = cart.created.plus(Period::days(CART_DAYS));
    let partner = acting.account.as_ref().map(|account| account.id);
    CartFact {
        name: cart.handle.clone(),
        own: partner == Some(cart.partner) && customer.id == cart.customer,
        empty: cart.lines.is_empty(),
        created: cart.created,
        expired: expires.is_ok_and(|expires| ctx.now >= expires) && cart.state == CartState::Active,
        changed_after_order: changed_since(cart),
    }
}

/// Writes down which orders a cart's groups became.
pub(crate) async fn ordered(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    cart: &mut Cart,
    orders: &[(String, Id<Order>)],
) -> Result<(), AppError> {
    cart.placed
        .extend(orders.iter().map(|(group, order)| GroupOrder {
            group: group.clone(),
            order: *order,
        }));
    cart.became = cart.placed.first().map(|placed| placed.order);
    cart.state = CartState::Ordered;
    cart.ordered_as = Some(fingerprint(cart));
    cart.modified = ctx.now;
    cart.version = cart.version.saturating_add(1);
    Ok(tx.put(cart).await?)
}

/// A line with what it would cost today.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// The item; none where the line names nothing.
    pub item: Option<Item>,
    /// The currency it is billed in.
    pub currency: Currency,
    /// Its prices, where it has any.
    pub pricing: Option<Pricing>,
    /// The promotion that applies (ORD-033).
    pub promotion: Option<Promotion>,
}

/// The lines of a cart with what they would cost on a day.
///
/// # Errors
/// When the store fails.
pub async fn quoted(
    tx: &mut Tx<'_>,
    seller: &Account,
    cart: &Cart,
    today: Date,
) -> Result<Vec<Quoted>, AppError> {
    let mut quoted = Vec::with_capacity(cart.lines.len());
    for line in &cart.lines {
        let item = match line.details.unknown_item {
            Some(_) => None,
            None => Some(by_id::<Item, _>(tx, line.item).await?),
        };
        let Some(item) = item else {
            quoted.push(Quoted {
                item: None,
                currency: line.currency.unwrap_or(Currency::USD),
                pricing: None,
                promotion: None,
            });
            continue;
        };
        let list = purchase::unit_price(tx, seller, cart.customer, &item, line, today).await?;
        let promotion = purchase::promotion(tx, &item, cart.customer, line, today).await?;
        let percent = promotion.as_ref().map_or(0, |found| found.discount_percent);
        quoted.push(Quoted {
            currency: line
                .currency
                .unwrap_or_else(|| facts::billing_currency(seller, &item)),
            pricing: purchase::pricing(tx, list, percent, line, line.custom_end, today).await?,
            promotion,
            item: Some(item),
        });
    }
    Ok(quoted)
}
