//! Price books of partners: entries are added and never edited, and a preview tells what they come to.
//!
//! The operator sets no conditions on prices below it (BIL-003): an entry is refused only where it cannot be a price, or names
//! somebody that its owner has nothing to do with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tierline_billing::book::{self, Sale};
use tierline_domain::billing::{PriceMethod, PriceRule};
use tierline_domain::catalog::{Item, Term};
use tierline_domain::customer::{RelationshipState, Segment};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{Account, PartnerType, Partnership, PartnershipState, Tenant};
use tierline_domain::time::{Date, Timestamp};
use tierline_rules::facts::Facts;
use tierline_rules::{Checkpoint, regions};
use tierline_store::{Tx, Value, tables};

use super::books::Books;
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{facts, names, prices};

/// Markups up to a hundredfold price.
const RATE_MAX_BP: i64 = 1_000_000;

/// A share in hundredths of a per cent, written as per cent: `20`, `"12.5"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(i64);

impl Percent {
    /// Hundredths of a per cent.
    #[must_use]
    pub const fn basis_points(self) -> i64 {
        self.0
    }

    /// From hundredths of a per cent.
    #[must_use]
    pub const fn of(basis_points: i64) -> Self {
        Self(basis_points)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let text = format!("{sign}{whole}.{part:02}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}
impl FromStr for Percent {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is no percentage such as 20 or 12.5");
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let numeric =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !numeric(whole) || !numeric(part) || part.len() > 2 {
            return Err(bad());
        }
        let number: i64 = format!("{whole}{part:0<2}").parse().map_err(|_| bad())?;
        Ok(Self(number.saturating_mul(sign)))
    }
}
impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Json::deserialize(deserializer)? {
            Json::String(text) => text,
            Json::Number(number) => number.to_string(),
            _ => String::new(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Add an entry to the caller's price book.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPrice {
    /// The reseller that it is for; everyone, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<String>,
    /// The customer that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The item that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The segment of items that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// The term that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// A share of the price, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Percent>,
    /// A share of the cost, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markup: Option<Percent>,
    /// A price per seat for the whole term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Money>,
    /// The item stands in the provider's marketplace.
    #[serde(default)]
    pub open: bool,
    /// The first day; today by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// An entry as it is told to its owner.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its id.
    pub id: Id<PriceRule>,
    /// The reseller that it is for.
    pub buyer: Option<String>,
    /// The customer that it is for.
    pub customer: Option<String>,
    /// The item that it is for.
    pub item: Option<String>,
    /// The segment that it is for.
    pub segment: Option<Segment>,
    /// The term that it is for.
    pub term: Option<Term>,
    /// How the price is made.
    pub method: PriceMethod,
    /// Margin or markup, in per cent.
    pub percent: Option<Percent>,
    /// The fixed price.
    pub fixed: Option<Money>,
    /// The item stands in the provider's marketplace.
    pub open: bool,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Option<Date>,
    /// When it was recorded.
    pub recorded: Timestamp,
}

impl Entry {
    async fn of(tx: &mut Tx<'_>, rule: &PriceRule) -> Result<Self, AppError> {
        let buyer = match rule.buyer {
            Some(id) => Some(names::account_by_id(tx, id).await?.handle),
            None => None,
        };
        let customer = match rule.customer {
            Some(id) => Some(names::by_id::<Tenant, _>(tx, id).await?.handle),
            None => None,
        };
        let item = match rule.item {
            Some(id) => Some(names::by_id::<Item, _>(tx, id).await?.handle),
            None => None,
        };
        let percent = (rule.method != PriceMethod::Fixed).then(|| Percent::of(rule.rate_bp));
        Ok(Self {
            id: rule.id,
            buyer,
            customer,
            item,
            segment: rule.segment,
            term: rule.term,
            method: rule.method,
            percent,
            fixed: rule.fixed,
            open: rule.open,
            from: rule.from_day,
            until: rule.until_day,
            recorded: rule.recorded,
        })
    }
}

/// A partner's own book, oldest entry first.
///
/// # Errors
/// When the store fails.
pub async fn book_of(tx: &mut Tx<'_>, owner: Id<Account>) -> Result<Vec<Entry>, AppError> {
    let key = [Value::Id(owner.uuid())];
    let rules = tx.find::<PriceRule>(tables::price_rules::BY_OWNER, &key);
    let mut entries = Vec::new();
    for rule in rules.await? {
        entries.push(Entry::of(tx, &rule).await?);
    }
    Ok(entries)
}

/// The currency in which a partner sets prices: that of its location (BIL-020).
#[must_use]
pub fn currency_of(owner: &Account) -> Currency {
    regions::currency(owner.country).unwrap_or(Currency::USD)
}

/// A reseller that a provider has a partnership with; another one does not exist for it.
async fn reseller_of(tx: &mut Tx<'_>, provider: &Account, name: &str) -> Result<Account, AppError> {
    let found = names::account(tx, name).await?;
    if let Some(reseller) = found
        && active(tx, provider.id, reseller.id).await?
    {
        return Ok(reseller);
    }
    Err(AppError::missing("reseller", name))
}

async fn active(
    tx: &mut Tx<'_>,
    provider: Id<Account>,
    reseller: Id<Account>,
) -> Result<bool, AppError> {
    let key = [Value::Id(provider.uuid()), Value::Id(reseller.uuid())];
    let tie = tx.get::<Partnership>(&key).await?;
    Ok(tie.is_some_and(|tie| tie.state == PartnershipState::Active))
}

/// A customer of a partner; another one does not exist for it.
pub(super) async fn customer_of(
    tx: &mut Tx<'_>,
    partner: &Account,
    name: &str,
) -> Result<Tenant, AppError> {
    if let Some(tenant) = names::tenant(tx, name).await?
        && facts::relation(tx, partner, &tenant).await?.state == RelationshipState::Active
    {
        return Ok(tenant);
    }
    Err(AppError::missing("customer", name))
}

/// An item that a partner may sell; one that is for others alone does not exist for it.
async fn item_for(tx: &mut Tx<'_>, owner: &Account, name: &str) -> Result<Item, AppError> {
    let item = crate::catalogue::item_of_wire(tx, name).await?;
    item.filter(|item| item.exclusive_to.is_empty() || item.exclusive_to.contains(&owner.handle))
        .ok_or_else(|| AppError::missing("item", name))
}

impl SetPrice {
    fn method(&self) -> Result<(PriceMethod, i64), AppError> {
        match (self.margin, self.markup, self.fixed) {
            (Some(margin), None, None) => Ok((PriceMethod::Margin, margin.0)),
            (None, Some(markup), None) => Ok((PriceMethod::Markup, markup.0)),
            (None, None, Some(_)) => Ok((PriceMethod::Fixed, 0)),
            _ => Err(AppError::invalid(
                "margin",
                "give exactly one of margin, markup and fixed",
            )),
        }
    }

    /// The entry, read against its owner and the day.
    async fn rule(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
    ) -> Result<PriceRule, AppError> {
        let owner = acting.partner()?;
        let today = ctx.now.date();
        let (method, rate_bp) = self.method()?;
        let field = method.as_str();
        if rate_bp < 0 {
            return Err(AppError::invalid(
                field,
                "is negative; give a share of 0 or more",
            ));
        }
        if method == PriceMethod::Margin && rate_bp >= book::WHOLE_BP {
            return Err(AppError::invalid(
                field,
                "is a share of the price, so less than 100 per cent",
            ));
        }
        if rate_bp > RATE_MAX_BP {
            return Err(AppError::invalid(field, "is 10000 per cent at most"));
        }
        if let Some(fixed) = self.fixed {
            let own = currency_of(owner);
            if fixed.currency != own {
                return Err(AppError::invalid(
                    field,
                    format!("is in {own}, the currency of your location (BIL-020)"),
                ));
            }
            if fixed.minor < 0 {
                return Err(AppError::invalid(
                    field,
                    "is negative; give a price of 0 or more",
                ));
            }
            if self.item.is_none() || self.term.is_none() {
                return Err(AppError::invalid(
                    field,
                    "is the price of an item for a term; give `item` and `term` too",
                ));
            }
        }
        let from_day = self.from.unwrap_or(today);
        if from_day < today {
            return Err(AppError::invalid(
                "from",
                format!("lies in the past; give {today} or later"),
            ));
        }
        if self.until.is_some_and(|until| until < from_day) {
            return Err(AppError::invalid(
                "until",
                format!("lies before {from_day}, the first day"),
            ));
        }
        if self.open && (owner.kind != PartnerType::IndirectProvider || self.item.is_none()) {
            return Err(AppError::invalid(
                "open",
                "is for an item that a provider opens to its resellers; give `item`, or leave `open` out",
            ));
        }
        let buyer = match &self.buyer {
            Some(name) => Some(reseller_of(tx, owner, name).await?.id),
            None => None,
        };
        let customer = match &self.customer {
            Some(name) => Some(customer_of(tx, owner, name).await?.id),
            None => None,
        };
        let item = match &self.item {
            Some(name) => Some(item_for(tx, owner, name).await?),
            None => None,
        };
        if let Some((item, term)) = item.as_ref().zip(self.term)
            && item.offer(term).is_none()
        {
            return Err(AppError::invalid(
                "term",
                format!("{} is not sold for {term}", item.handle),
            ));
        }
        Ok(PriceRule {
            id: ctx.ids().next(),
            owner: owner.id,
            buyer,
            customer,
            item: item.map(|item| item.id),
            segment: self.segment,
            term: self.term,
            method,
            rate_bp,
            fixed: self.fixed,
            open: self.open,
            from_day,
            until_day: self.until,
            recorded: ctx.now,
        })
    }
}

impl UseCase for SetPrice {
    type Out = Entry;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SetPrice
    }

    fn subject(&self) -> String {
        self.item.clone().unwrap_or_else(|| "price book".to_owned())
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let found = facts::begin(tx, ctx, acting, Checkpoint::SetPrice).await?;
        self.rule(ctx, acting, tx).await?;
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Entry, AppError> {
        let rule = self.rule(ctx, acting, tx).await?;
        tx.insert(&rule).await?;
        Entry::of(tx, &rule).await
    }
}

/// What a preview is of.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The item.
    pub item: String,
    /// The term; the item's yearly one, or its first, by default.
    pub term: Option<Term>,
    /// The customer.
    pub customer: Option<String>,
    /// The reseller between a provider and the customer.
    pub reseller: Option<String>,
    /// The provider through which a reseller buys; the only one it has, by default.
    pub provider: Option<String>,
    /// The day whose prices hold; today by default.
    pub day: Option<Date>,
}

/// What one tier pays and asks, per seat for a whole term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tier {
    /// The partner.
    pub partner: String,
    /// What it pays.
    pub cost: Money,
    /// What it asks.
    pub price: Money,
    /// The share of the price that is not cost, in per cent; none of a price of nothing.
    pub margin: Option<Percent>,
}

impl Tier {
    fn of(partner: &Account, cost: Money, price: Money) -> Self {
        Self {
            partner: partner.handle.clone(),
            cost,
            price,
            margin: book::margin_bp(price, cost).map(Percent::of),
        }
    }
}

/// What an item would cost.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// The item.
    pub item: String,
    /// The term.
    pub term: Term,
    /// The day whose prices hold.
    pub day: Date,
    /// The estimated retail price of the operator's list, for who may see lists (BIL-024).
    pub retail: Option<Money>,
    /// The share of that which the operator's list price leaves, in per cent (BIL-025).
    pub retail_margin: Option<Percent>,
    /// The tiers that the caller may see, from the operator down: its own; the operator sees all.
    pub tiers: Vec<Tier>,
}

/// What every tier of a sale would pay, for a caller that is one of them: each sees its own cost and price and nothing of the
/// tier above its seller. Without a caller it is the operator that looks, and names the tiers.
///
/// # Errors
/// When something named does not exist for the caller, or has no price; when the store fails.
pub async fn preview(
    tx: &mut Tx<'_>,
    caller: Option<&Account>,
    wanted: &Wanted,
    today: Date,
) -> Result<Preview, AppError> {
    let (seller, reseller) = parties(tx, caller, wanted).await?;
    let nearest = caller.unwrap_or_else(|| reseller.as_ref().unwrap_or(&seller));
    let customer = match &wanted.customer {
        Some(name) => Some(customer_of(tx, nearest, name).await?),
        None => None,
    };
    let item = item_for(tx, &seller, &wanted.item).await?;
    let term = match wanted.term {
        Some(term) => term,
        None => usual_term(&item)?,
    };
    let day = wanted.day.unwrap_or(today);
    let sale = Sale {
        buyer: reseller.as_ref().map(|reseller| reseller.id),
        customer: customer.as_ref().map(|customer| customer.id),
        item: item.id,
        segment: item.segment,
        is_rated: item.kind.is_consumption(),
        term,
        day,
    };
    let mut books = Books::default();
    let list = cost_of(tx, &seller, customer.as_ref(), &item, term, day).await?;
    let price = books.quoted(tx, seller.id, &sale, list).await?;
    let mut tiers = vec![Tier::of(&seller, list, price)];
    if let Some(reseller) = &reseller {
        let sale = Sale {
            buyer: None,
            ..sale
        };
        let asked = books.quoted(tx, reseller.id, &sale, price).await?;
        tiers.push(Tier::of(reseller, price, asked));
    }
    if let Some(caller) = caller {
        tiers.retain(|tier| tier.partner == caller.handle);
    }
    let market = customer.map_or(seller.country, |customer| customer.country);
    let listed = prices::in_force(tx, &item, market, term, list.currency, day).await?;
    let retail = listed
        .filter(|_| caller.is_none_or(|caller| caller.kind.is_billed()))
        .and_then(|listed| listed.retail_price());
    Ok(Preview {
        item: item.handle,
        term,
        day,
        retail,
        retail_margin: retail.and_then(|retail| book::margin_bp(retail, list).map(Percent::of)),
        tiers,
    })
}

/// Whom the operator bills in a sale, and the reseller behind it.
async fn parties(
    tx: &mut Tx<'_>,
    caller: Option<&Account>,
    wanted: &Wanted,
) -> Result<(Account, Option<Account>), AppError> {
    let Some(caller) = caller else {
        let name = wanted.provider.as_deref();
        let name =
            name.ok_or_else(|| AppError::invalid("provider", "says whom you bill; it is missing"))?;
        let seller = names::the_account(tx, name).await?;
        let reseller = match &wanted.reseller {
            Some(name) => Some(reseller_of(tx, &seller, name).await?),
            None => None,
        };
        return Ok((seller, reseller));
    };
    match caller.kind {
        PartnerType::IndirectReseller => {
            let provider = provider_of(tx, caller, wanted.provider.as_deref()).await?;
            Ok((provider, Some(caller.clone())))
        }
        PartnerType::IndirectProvider => {
            let reseller = match &wanted.reseller {
                Some(name) => Some(reseller_of(tx, caller, name).await?),
                None => None,
            };
            Ok((caller.clone(), reseller))
        }
        PartnerType::DirectBill | PartnerType::Advisor => Ok((caller.clone(), None)),
    }
}

/// The provider through which a reseller buys: the one that it names, or the only one that it has.
async fn provider_of(
    tx: &mut Tx<'_>,
    reseller: &Account,
    named: Option<&str>,
) -> Result<Account, AppError> {
    if let Some(name) = named {
        let found = names::account(tx, name).await?;
        if let Some(provider) = found
            && active(tx, provider.id, reseller.id).await?
        {
            return Ok(provider);
        }
        return Err(AppError::missing("provider", name));
    }
    let mut of = providers(tx, reseller).await?;
    match (of.pop(), of.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(AppError::missing("provider", "of yours")),
        (Some(_), false) => Err(AppError::invalid(
            "provider",
            "you have several; say through which you buy",
        )),
    }
}

/// The providers of a reseller, by name.
pub(super) async fn providers(
    tx: &mut Tx<'_>,
    reseller: &Account,
) -> Result<Vec<Account>, AppError> {
    let key = [Value::Id(reseller.id.uuid())];
    let ties = tx.find::<Partnership>(tables::partnerships::BY_RESELLER, &key);
    let mut found = Vec::new();
    for tie in ties.await? {
        if tie.state == PartnershipState::Active {
            found.push(names::account_by_id(tx, tie.provider).await?);
        }
    }
    found.sort_by(|one, other| one.handle.cmp(&other.handle));
    Ok(found)
}

/// The term that is meant where none is named: a year, or else the first.
pub(super) fn usual_term(item: &Item) -> Result<Term, AppError> {
    let first = item.offered.first().map(|offered| offered.term);
    let year = item.offer(Term::YEAR).map(|offered| offered.term);
    year.or(first)
        .ok_or_else(|| AppError::Impossible(format!("{} is sold for no term", item.handle)))
}

/// What whom the operator bills pays for an item: by the list of the customer's market, or of its own where nobody is known yet.
pub(super) async fn cost_of(
    tx: &mut Tx<'_>,
    seller: &Account,
    customer: Option<&Tenant>,
    item: &Item,
    term: Term,
    day: Date,
) -> Result<Money, AppError> {
    let currency = facts::billing_currency(seller, item);
    let buyer = customer.map_or(seller.tenant, |customer| customer.id);
    let list = prices::list_price(tx, item, buyer, term, currency, day).await?;
    list.ok_or_else(|| {
        AppError::invalid("term", format!("{} has no price for {term}", item.handle))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_as_they_are_written() {
        for (text, basis_points) in [("20", 2_000), ("12.5", 1_250), ("0.01", 1), ("-3.1", -310)] {
            let percent: Percent = text.parse().unwrap();
            assert_eq!(percent.basis_points(), basis_points);
            assert_eq!(percent.to_string(), text);
        }
        for text in ["", ".5", "1.", "1.234", "1e2", "ten", "--1"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }
}
