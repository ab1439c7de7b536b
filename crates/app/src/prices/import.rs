//! Price lists from a sheet: checked against the catalogue and against what stands, applied as a whole or not at all.
//!
//! What a file says of a time takes the place of what stood there; of other times and items it says nothing. Months before the
//! running one are closed: a file may repeat what held in them, and change nothing of it (BIL-023).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::id::Id;
use tierline_domain::listing::Listing;
use tierline_domain::money::{Currency, Money};
use tierline_domain::place::Country;
use tierline_domain::price_list::ListPrice;
use tierline_domain::time::{Date, add_days};
use tierline_store::{Command, Lock, Tx, Value, tables};

use super::csv::{FAULTS_MAX, Fault};
use super::sheet::{Line, Shelves};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::events;

/// Puts the lines of a sheet on the lists.
pub struct Import {
    /// Who, and when.
    pub ctx: Ctx,
    /// The lines.
    pub lines: Vec<Line>,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines of the file.
    pub lines: usize,
    /// Prices that they come to: lines of several billing plans are one.
    pub prices: usize,
    /// Prices of the lists that are new or changed.
    pub changed: usize,
    /// Prices that stand there no more.
    pub removed: usize,
}

/// One price through time: an item in a market, in a currency, for a term.
type Key = (Id<Item>, Country, Currency, Term);

/// The billing plans of one price, and the line of each.
type Plans = Vec<(Option<Frequency>, usize)>;

/// A price of a file, and where it stands.
#[derive(Clone, Debug)]
struct Period {
    line: usize,
    price: ListPrice,
}

impl Command for Import {
    type Out = Result<Imported, Vec<Fault>>;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::on("prices", "lists")]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let shelves = Shelves::load(tx).await?;
        let (periods, mut faults) = gather(&self.lines, &shelves);
        for of_key in periods.values() {
            faults.extend(succession(of_key));
        }
        let open_from = self.ctx.now.date().first_of_month();
        let mut stood = standing(tx, &periods).await?;
        let mut changes = Vec::new();
        for (key, of_key) in &periods {
            if !faults.is_empty() {
                break;
            }
            let old = stood.remove(key).unwrap_or_default();
            match settle(tx, &shelves, open_from, of_key, &old).await? {
                Ok(new) => changes.push((old, new)),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            faults.sort_by_key(|fault| fault.line);
            faults.truncate(FAULTS_MAX);
            return Ok(Err(faults));
        }
        let mut done = Imported {
            lines: self.lines.len(),
            prices: periods.values().map(Vec::len).sum(),
            ..Imported::default()
        };
        for (old, new) in changes {
            apply(tx, &shelves, &old, &new, &mut done).await?;
        }
        if done.changed > 0 || done.removed > 0 {
            let subject = format!("{} prices, {} removed", done.changed, done.removed);
            events::happened(&self.ctx, tx, "prices_imported", &subject).await?;
        }
        Ok(Ok(done))
    }
}

/// The lines as prices, sorted by what they are the price of and by their first day.
fn gather(lines: &[Line], shelves: &Shelves) -> (BTreeMap<Key, Vec<Period>>, Vec<Fault>) {
    let mut listed: HashMap<(&str, &str), Vec<&Listing>> = HashMap::new();
    for listing in &shelves.listings {
        let of_sku = (listing.product.as_str(), listing.sku.as_str());
        listed.entry(of_sku).or_default().push(listing);
    }
    let mut found: BTreeMap<Key, Vec<Period>> = BTreeMap::new();
    let mut seen: HashMap<(Key, Date), Plans> = HashMap::new();
    let mut faults = Vec::new();
    for line in lines {
        let of_sku = listed.get(&(line.product.as_str(), line.sku.as_str()));
        let item = match item_of(line, of_sku.map_or(&[][..], Vec::as_slice), shelves) {
            Ok(item) => item,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let price = ListPrice {
            item: item.id,
            market: line.market,
            currency: line.price.currency,
            term: line.term,
            from_day: line.from_day,
            until_day: line.until_day,
            unit_minor: line.price.minor,
            retail_minor: line.retail_minor,
        };
        let key = (item.id, line.market, price.currency, line.term);
        let plans = seen.entry((key, line.from_day)).or_default();
        let twice = plans
            .iter()
            .find(|(plan, _)| *plan == line.plan || plan.is_none() || line.plan.is_none());
        if let Some((_, first)) = twice {
            let text = format!("the same price stands on line {first} already");
            faults.push(Fault::new(line.line, "", text));
            continue;
        }
        plans.push((line.plan, line.line));
        let of_key = found.entry(key).or_default();
        match of_key
            .iter()
            .find(|other| other.price.from_day == line.from_day)
        {
            None => of_key.push(Period {
                line: line.line,
                price,
            }),
            Some(other) if other.price == price => {}
            Some(other) => {
                let text = format!(
                    "differs from line {}: a price is that of the term, whatever the billing plan",
                    other.line
                );
                faults.push(Fault::new(line.line, "UnitPrice", text));
            }
        }
    }
    for of_key in found.values_mut() {
        of_key.sort_by_key(|period| period.price.from_day);
    }
    (found, faults)
}

/// The item of a line, which is sold for its term and with its plan.
fn item_of<'a>(line: &Line, of_sku: &[&Listing], shelves: &'a Shelves) -> Result<&'a Item, Fault> {
    let bad = |column, text: String| Err(Fault::new(line.line, column, text));
    if of_sku.is_empty() {
        let text = format!("the catalogue has no SKU {}:{}", line.product, line.sku);
        return bad("SkuId", text);
    }
    let fits = |listing: &&&Listing| {
        line.segment
            .is_none_or(|segment| listing.segment == segment)
    };
    let fitting: Vec<&&Listing> = of_sku.iter().filter(fits).collect();
    let listing = match fitting.as_slice() {
        [one] => one,
        [] => return bad("Segment", "the SKU is not sold to this segment".to_owned()),
        _ => {
            return bad(
                "Segment",
                "the SKU is sold to several segments; say which".to_owned(),
            );
        }
    };
    let Some(item) = shelves.items.get(&listing.item) else {
        return bad("SkuId", "the catalogue has no item for this SKU".to_owned());
    };
    let Some(offered) = item.offer(line.term) else {
        let text = format!("{} is not sold for this term", item.handle);
        return bad("TermDuration", text);
    };
    match line.plan {
        Some(plan) if !offered.frequencies.contains(&plan) => bad(
            "BillingPlan",
            format!("{} is not billed like this for the term", item.handle),
        ),
        _ => Ok(item),
    }
}

/// A gap or an overlap between two prices of a file.
fn succession(of_key: &[Period]) -> Vec<Fault> {
    let pairs = of_key.iter().zip(of_key.iter().skip(1));
    let between = pairs.filter_map(|(one, next)| {
        let from = next.price.from_day;
        let text = match one.price.until_day {
            Some(until) if add_days(until, 1) == from => return None,
            Some(until) if until < from => {
                format!("leaves a gap after {until}, where line {} ends", one.line)
            }
            _ => format!(
                "overlaps with line {}; that must end on {}",
                one.line,
                add_days(from, -1)
            ),
        };
        Some(Fault::new(next.line, "EffectiveStartDate", text))
    });
    between.collect()
}

/// What stands on the lists of a file's markets.
async fn standing(
    tx: &mut Tx<'_>,
    periods: &BTreeMap<Key, Vec<Period>>,
) -> Result<BTreeMap<Key, Vec<ListPrice>>, AppError> {
    let markets: BTreeSet<Country> = periods.keys().map(|(_, market, ..)| *market).collect();
    let mut stood: BTreeMap<Key, Vec<ListPrice>> = BTreeMap::new();
    for market in markets {
        let key = [Value::Text(market.to_string())];
        for price in tx
            .find::<ListPrice>(tables::price_lists::OF_MARKET, &key)
            .await?
        {
            let key = (price.item, price.market, price.currency, price.term);
            stood.entry(key).or_default().push(price);
        }
    }
    Ok(stood)
}

/// One price through time as it is after the file, or what is wrong with that.
async fn settle(
    tx: &mut Tx<'_>,
    shelves: &Shelves,
    open_from: Date,
    of_key: &[Period],
    old: &[ListPrice],
) -> Result<Result<Vec<ListPrice>, Fault>, AppError> {
    for period in of_key
        .iter()
        .filter(|period| period.price.from_day < open_from)
    {
        if !repeats(tx, shelves, open_from, &period.price, old).await? {
            let text = format!(
                "lies in a closed month, which had another price; begin on {open_from} or later"
            );
            return Ok(Err(Fault::new(period.line, "EffectiveStartDate", text)));
        }
    }
    // What repeats the item's own price of a closed month is not written down for it.
    let floor = old
        .first()
        .map_or(open_from, |first| first.from_day.min(open_from));
    let news: Vec<ListPrice> = of_key
        .iter()
        .filter(|period| period.price.until_day.is_none_or(|until| until >= floor))
        .map(|period| ListPrice {
            from_day: period.price.from_day.max(floor),
            ..period.price.clone()
        })
        .collect();
    let (Some(first), Some(last), Some(line)) = (news.first(), news.last(), of_key.first()) else {
        return Ok(Ok(old.to_vec()));
    };
    if old.is_empty() && own_throughout(tx, shelves, &news).await? {
        return Ok(Ok(Vec::new()));
    }
    let start = first.from_day;
    let mut whole: Vec<ListPrice> = Vec::new();
    for before in old.iter().filter(|before| before.from_day < start) {
        let end = add_days(start, -1);
        let until = before.until_day.map_or(end, |until| until.min(end));
        whole.push(ListPrice {
            until_day: Some(until),
            ..before.clone()
        });
    }
    let after = last.until_day.map(|until| add_days(until, 1));
    whole.extend(news.iter().cloned());
    if let Some(after) = after {
        for later in old
            .iter()
            .filter(|later| later.until_day.is_none_or(|until| until >= after))
        {
            whole.push(ListPrice {
                from_day: later.from_day.max(after),
                ..later.clone()
            });
        }
    }
    for (one, next) in whole.iter().zip(whole.iter().skip(1)) {
        let end = one.until_day.map(|until| add_days(until, 1));
        if end != Some(next.from_day) {
            let until = one.until_day.unwrap_or(one.from_day);
            let text = format!(
                "leaves a gap on the list between {until} and {}",
                next.from_day
            );
            return Ok(Err(Fault::new(line.line, "EffectiveStartDate", text)));
        }
    }
    let whole = joined(whole);
    Ok(Ok(if whole == joined(old.to_vec()) {
        old.to_vec()
    } else {
        whole
    }))
}

/// Whether a price says of closed months what held in them.
async fn repeats(
    tx: &mut Tx<'_>,
    shelves: &Shelves,
    open_from: Date,
    price: &ListPrice,
    old: &[ListPrice],
) -> Result<bool, AppError> {
    let closed = add_days(open_from, -1);
    let end = price.until_day.map_or(closed, |until| until.min(closed));
    let mut day = price.from_day;
    while day <= end {
        if let Some(stood) = old.iter().find(|stood| stood.holds_on(day)) {
            if (stood.unit_minor, stood.retail_minor) != (price.unit_minor, price.retail_minor) {
                return Ok(false);
            }
            match stood.until_day {
                Some(until) => day = add_days(until, 1),
                None => return Ok(true),
            }
        } else {
            if own(tx, shelves, price, day).await? != Some(price.unit_price()) {
                return Ok(false);
            }
            let next = old
                .iter()
                .map(|stood| stood.from_day)
                .find(|from| *from > day);
            day = next.unwrap_or_else(|| add_days(end, 1));
        }
    }
    Ok(true)
}

/// Whether prices say no more than the item does by itself.
async fn own_throughout(
    tx: &mut Tx<'_>,
    shelves: &Shelves,
    news: &[ListPrice],
) -> Result<bool, AppError> {
    for price in news {
        let own = own(tx, shelves, price, price.from_day).await?;
        if price.retail_minor.is_some() || own != Some(price.unit_price()) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn own(
    tx: &mut Tx<'_>,
    shelves: &Shelves,
    price: &ListPrice,
    day: Date,
) -> Result<Option<Money>, AppError> {
    match shelves.items.get(&price.item) {
        Some(item) => {
            shelves
                .own_price(tx, item, price.term, price.currency, day)
                .await
        }
        None => Ok(None),
    }
}

/// Neighbours of one price become one.
fn joined(prices: Vec<ListPrice>) -> Vec<ListPrice> {
    let mut found: Vec<ListPrice> = Vec::with_capacity(prices.len());
    for price in prices {
        match found.last_mut() {
            Some(last)
                if (last.unit_minor, last.retail_minor)
                    == (price.unit_minor, price.retail_minor) =>
            {
                last.until_day = price.until_day;
            }
            _ => found.push(price),
        }
    }
    found
}

async fn apply(
    tx: &mut Tx<'_>,
    shelves: &Shelves,
    old: &[ListPrice],
    new: &[ListPrice],
    done: &mut Imported,
) -> Result<(), AppError> {
    use tierline_store::Table as _;
    for gone in old
        .iter()
        .filter(|gone| !new.iter().any(|price| price.from_day == gone.from_day))
    {
        tx.delete::<ListPrice>(&gone.key()).await?;
        done.removed = done.removed.saturating_add(1);
    }
    for price in new.iter().filter(|price| !old.contains(price)) {
        tx.put(price).await?;
        done.changed = done.changed.saturating_add(1);
    }
    let Some(first) = new.first() else {
        return Ok(());
    };
    // Another term or market of the item may have been listed just now: the row is read anew.
    let known = shelves.items.get(&first.item);
    if known.is_some_and(|item| item.listed_from.is_none_or(|from| from > first.from_day)) {
        let key = [Value::Id(first.item.uuid())];
        if let Some(mut item) = tx.get::<Item>(&key).await?
            && item.listed_from.is_none_or(|from| from > first.from_day)
        {
            item.listed_from = Some(first.from_day);
            tx.put(&item).await?;
        }
    }
    Ok(())
}
