//! Bills as they are looked at: whose an invoice is, its lines with everything that is said of them, what is not billed yet.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use tierline_domain::billing::{Invoice, InvoiceKind, InvoiceState, Party, Payment};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::listing::Product;
use tierline_domain::money::Money;
use tierline_domain::partner::{Account, Location, Organization, Tenant};
use tierline_domain::time::{Date, Timestamp, add_months};
use tierline_domain::usage::{Meter, UsageResource};
use tierline_store::tables::files::{self, Billed, BilledLine, Named, Reconciled};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::run::kind_of;
use crate::catalogue;
use crate::error::AppError;
use crate::names::by_id;

/// An invoice that a party may see: its issuer, its recipient, or who sends it for the issuer. Anybody else's does not exist. The
/// number may bear the kind in front, as links have it: `OneTime-G000000001`.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn invoice(tx: &mut Tx<'_>, party: Party, name: &str) -> Result<Invoice, AppError> {
    let number = bare(name);
    // Ids compare without regard to case; the operator's numbers are written in capitals.
    for written in [
        number.to_owned(),
        number.to_uppercase(),
        number.to_lowercase(),
    ] {
        let key = [Value::Text(written)];
        let found = tx
            .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
            .await?;
        if let Some(found) = found.into_iter().find(|one| concerns(one, party)) {
            return Ok(found);
        }
    }
    Err(AppError::missing("invoice", name))
}

/// A number without the kind in front of it.
#[must_use]
pub fn bare(name: &str) -> &str {
    ["recurring-", "onetime-"]
        .into_iter()
        .find_map(|kind| {
            let (front, rest) = name.split_at_checked(kind.len())?;
            front.eq_ignore_ascii_case(kind).then_some(rest)
        })
        .unwrap_or(name)
}

/// Whether an invoice is a party's to see. A draft is nobody's yet.
#[must_use]
pub fn concerns(invoice: &Invoice, party: Party) -> bool {
    let sends = invoice.agent.map(Party::Account) == Some(party);
    invoice.state != InvoiceState::Draft
        && (invoice.issuer == party || invoice.recipient == party || sends)
}

/// A partner, a customer or the operator by name.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn party(tx: &mut Tx<'_>, name: &str) -> Result<Party, AppError> {
    super::party(tx, name).await
}

/// What was billed to a party, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn received(tx: &mut Tx<'_>, party: Party) -> Result<Vec<Invoice>, AppError> {
    let key = [Value::Text(party.to_string())];
    Ok(tx
        .find::<Invoice>(tables::invoices::BY_RECIPIENT, &key)
        .await?)
}

/// What a party billed, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn issued(tx: &mut Tx<'_>, party: Party) -> Result<Vec<Invoice>, AppError> {
    let key = [Value::Text(party.to_string())];
    Ok(tx
        .find::<Invoice>(tables::invoices::BY_ISSUER, &key)
        .await?)
}

/// Notes that correct an invoice.
///
/// # Errors
/// When the store fails.
pub async fn notes(tx: &mut Tx<'_>, invoice: &Invoice) -> Result<Vec<Invoice>, AppError> {
    let key = [Value::Id(invoice.id.uuid())];
    Ok(tx.find::<Invoice>(tables::invoices::AMENDING, &key).await?)
}

/// What was paid on an invoice.
///
/// # Errors
/// When the store fails.
pub async fn payments(tx: &mut Tx<'_>, invoice: &Invoice) -> Result<Vec<Payment>, AppError> {
    let key = [Value::Id(invoice.id.uuid())];
    Ok(tx
        .find::<Payment>(tables::payments::OF_INVOICE, &key)
        .await?)
}

/// Which lines are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All of them.
    Any,
    /// Consumption.
    Usage,
    /// Everything but consumption.
    Seats,
}

impl Choice {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Usage => "use",
            Self::Seats => "seats",
        }
    }
}

/// Lines of an invoice behind a place, which an offset may leave out some of.
///
/// # Errors
/// When the store fails.
pub async fn lines(
    tx: &mut Tx<'_>,
    invoice: Id<Invoice>,
    choice: Choice,
    after: i64,
    (count, offset): (usize, usize),
) -> Result<Vec<Billed>, AppError> {
    let key = [
        Value::Id(invoice.uuid()),
        Value::Int(after),
        Value::Text(choice.as_str().to_owned()),
        Value::Int(i64::try_from(count).unwrap_or(i64::MAX)),
        Value::Int(i64::try_from(offset).unwrap_or(i64::MAX)),
    ];
    Ok(tx.fetch_all::<Billed>(files::LINES, &key).await?)
}

/// Lines of one customer on an invoice of a month.
///
/// # Errors
/// When the store fails.
pub async fn lines_of_customer(
    tx: &mut Tx<'_>,
    invoice: &Invoice,
    customer: Id<Tenant>,
) -> Result<Vec<Billed>, AppError> {
    let key = [
        Value::Id(invoice.id.uuid()),
        Value::Id(customer.uuid()),
        Value::Instant(Timestamp::start_of(invoice.month)),
        Value::Instant(Timestamp::start_of(add_months(invoice.month, 1))),
    ];
    Ok(tx
        .fetch_all::<Billed>(files::LINES_OF_CUSTOMER, &key)
        .await?)
}

/// Of which month something is that no invoice has yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// This one.
    Current,
    /// The one before: what was booked in it and is not billed yet, or was booked since for days of it.
    Previous,
}

/// The place of a charge in the order of booking.
pub type Booked = (Timestamp, Uuid);

/// What a seller will be billed and is not yet, from a place on. A page may hold fewer than were asked for; the list ends where
/// there is no further place.
///
/// # Errors
/// When the store fails.
pub async fn unbilled(
    tx: &mut Tx<'_>,
    seller: &Account,
    (period, today): (Period, Date),
    choice: Choice,
    after: Option<Booked>,
    count: usize,
) -> Result<(Vec<Billed>, Option<Booked>), AppError> {
    let this = today.first_of_month();
    let runs = tx
        .find::<tierline_domain::billing::BillingRun>(tables::billing_runs::EVERY, &[])
        .await?;
    let done = |billed: &Billed| {
        runs.iter().any(|run| {
            run.state == tierline_domain::billing::RunState::Complete
                && run.home == billed.charge.home
                && run.month == billed.charge.booked.date().first_of_month()
        })
    };
    let (from, until) = match period {
        Period::Current => (this, add_months(this, 1)),
        Period::Previous => (add_months(this, -1), add_months(this, 1)),
    };
    let start = Timestamp::start_of(from).as_micros().saturating_sub(1);
    let start = (Timestamp::from_micros(start)?, Uuid::max());
    let (at, id) = after.unwrap_or(start);
    let key = [
        Value::Id(seller.id.uuid()),
        Value::Instant(at),
        Value::Id(id),
        Value::Instant(Timestamp::start_of(until)),
        Value::Text(choice.as_str().to_owned()),
        Value::Int(i64::try_from(count).unwrap_or(i64::MAX)),
    ];
    let mut found = tx.fetch_all::<Billed>(files::BOOKED, &key).await?;
    let next = found
        .last()
        .filter(|_| found.len() >= count)
        .map(|last| (last.charge.booked, last.charge.id.uuid()));
    found.retain(|billed| {
        let is_earlier = billed.charge.booked.date() < this || billed.charge.until_day < this;
        is_earlier == (period == Period::Previous) && !done(billed)
    });
    Ok((found, next))
}

/// Lines of an invoice behind a place, as reconciliation lists them.
///
/// # Errors
/// When the store fails.
pub async fn reconciled(
    tx: &mut Tx<'_>,
    invoice: Id<Invoice>,
    after: i64,
    count: usize,
) -> Result<Vec<Reconciled>, AppError> {
    let key = [
        Value::Id(invoice.uuid()),
        Value::Int(after),
        Value::Int(i64::try_from(count).unwrap_or(i64::MAX)),
    ];
    Ok(tx.fetch_all::<Reconciled>(files::RECONCILED, &key).await?)
}

/// What was, or will be, charged for a line: the figures of the invoice's edge, or the operator's where there is none yet.
#[must_use]
pub fn figures(billed: &Billed) -> BilledLine {
    billed.line.unwrap_or(BilledLine {
        source: Uuid::nil(),
        position: 0,
        unit_price: billed.charge.unit_price,
        amount: billed.charge.amount,
    })
}

/// How many lines are looked at to tell what an invoice holds.
const LOOK_MAX: i64 = 5_000;

/// What the lines of an invoice are: the kinds of what they are for. Of a long invoice every kind that its own allows is given.
///
/// # Errors
/// When the store fails.
pub async fn kinds(tx: &mut Tx<'_>, invoice: &Invoice) -> Result<Vec<ItemKind>, AppError> {
    let key = [Value::Id(invoice.id.uuid()), Value::Int(LOOK_MAX)];
    let found = tx.fetch_all::<(ItemKind,)>(files::KINDS, &key).await?;
    let mut kinds: Vec<ItemKind> = found.into_iter().map(|(kind,)| kind).collect();
    if invoice.lines > LOOK_MAX {
        let rest: &[ItemKind] = match invoice.kind {
            InvoiceKind::Recurring => &[ItemKind::Licence, ItemKind::PreviousConsumption],
            InvoiceKind::OneTime => &[ItemKind::Licence, ItemKind::Consumption],
        };
        let known = kinds.clone();
        kinds.extend(rest.iter().filter(|kind| !known.contains(kind)));
    }
    Ok(kinds)
}

/// Whether something is billed by what was used.
#[must_use]
pub fn is_usage(item: &Item) -> bool {
    item.kind.is_consumption()
}

/// A customer as bills name it.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// Its tenant.
    pub tenant: Tenant,
    /// Its company.
    pub name: String,
}

/// An item as bills name it.
#[derive(Clone, Debug)]
pub struct Goods {
    /// The item.
    pub item: Item,
    /// Its product, in new commerce.
    pub product: Option<Product>,
    /// On which of the two bills it stands.
    pub kind: InvoiceKind,
}

/// A partner as bills name it.
#[derive(Clone, Debug)]
pub struct Dealer {
    /// Its account.
    pub account: Account,
    /// Its company.
    pub name: String,
    /// Its PartnerID; empty where it has none.
    pub partner_id: String,
}

/// How many names of a kind are kept: what is read for long lists stays bounded.
const KEPT_MAX: usize = 10_000;

/// Names that were looked up for lines.
#[derive(Debug, Default)]
pub struct Directory {
    buyers: HashMap<Id<Tenant>, Arc<Buyer>>,
    named: HashMap<Id<Tenant>, Arc<Named>>,
    goods: HashMap<Id<Item>, Arc<Goods>>,
    dealers: HashMap<Id<Account>, Arc<Dealer>>,
    meters: HashMap<i64, Arc<Meter>>,
    resources: HashMap<Uuid, Arc<UsageResource>>,
}

fn keep<K: Eq + Hash, V>(kept: &mut HashMap<K, Arc<V>>, key: K, value: V) -> Arc<V> {
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    let value = Arc::new(value);
    kept.insert(key, Arc::clone(&value));
    value
}

impl Directory {
    /// A customer.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn buyer(&mut self, tx: &mut Tx<'_>, id: Id<Tenant>) -> Result<Arc<Buyer>, AppError> {
        if let Some(known) = self.buyers.get(&id) {
            return Ok(Arc::clone(known));
        }
        let tenant: Tenant = by_id(tx, id).await?;
        let company: Organization = by_id(tx, tenant.organization).await?;
        let buyer = Buyer {
            tenant,
            name: company.name,
        };
        Ok(keep(&mut self.buyers, id, buyer))
    }

    /// A customer, of whom nothing is read but how lines name it.
    async fn named(&mut self, tx: &mut Tx<'_>, id: Id<Tenant>) -> Result<Arc<Named>, AppError> {
        if let Some(known) = self.named.get(&id) {
            return Ok(Arc::clone(known));
        }
        let key = [Value::Id(id.uuid())];
        let found = tx.fetch_optional::<Named>(files::NAMED, &key).await?;
        let found = found.ok_or_else(|| AppError::missing("tenant", id))?;
        Ok(keep(&mut self.named, id, found))
    }

    /// An item.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn goods(&mut self, tx: &mut Tx<'_>, id: Id<Item>) -> Result<Arc<Goods>, AppError> {
        if let Some(known) = self.goods.get(&id) {
            return Ok(Arc::clone(known));
        }
        let item: Item = by_id(tx, id).await?;
        let product = catalogue::product_of(tx, &item).await?;
        let kind = kind_of(&item);
        let goods = Goods {
            item,
            product,
            kind,
        };
        Ok(keep(&mut self.goods, id, goods))
    }

    /// A partner.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn dealer(
        &mut self,
        tx: &mut Tx<'_>,
        id: Id<Account>,
    ) -> Result<Arc<Dealer>, AppError> {
        if let Some(known) = self.dealers.get(&id) {
            return Ok(Arc::clone(known));
        }
        let account: Account = by_id(tx, id).await?;
        let company: Organization = by_id(tx, account.organization).await?;
        let partner_id = match account.location {
            Some(place) => by_id::<Location, _>(tx, place).await?.partner_id,
            None => String::new(),
        };
        let dealer = Dealer {
            name: account.legal_name.clone().unwrap_or(company.name),
            account,
            partner_id,
        };
        Ok(keep(&mut self.dealers, id, dealer))
    }

    /// A meter, by its number.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn meter(&mut self, tx: &mut Tx<'_>, number: i64) -> Result<Arc<Meter>, AppError> {
        if let Some(known) = self.meters.get(&number) {
            return Ok(Arc::clone(known));
        }
        let meter = tx.get::<Meter>(&[Value::Int(number)]).await?;
        let meter = meter.ok_or_else(|| AppError::missing("meter", number))?;
        Ok(keep(&mut self.meters, number, meter))
    }

    /// A resource that usage was reported of; none where none was named.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn resource(
        &mut self,
        tx: &mut Tx<'_>,
        id: Uuid,
    ) -> Result<Option<Arc<UsageResource>>, AppError> {
        if id.is_nil() {
            return Ok(None);
        }
        if let Some(known) = self.resources.get(&id) {
            return Ok(Some(Arc::clone(known)));
        }
        let resource = tx.get::<UsageResource>(&[Value::Id(id)]).await?;
        let resource = resource.ok_or_else(|| AppError::missing("resource", id))?;
        Ok(Some(keep(&mut self.resources, id, resource)))
    }

    /// A line with the names on it.
    ///
    /// # Errors
    /// When something of it is gone, or the store fails.
    pub async fn entry(&mut self, tx: &mut Tx<'_>, billed: Billed) -> Result<Entry, AppError> {
        let charge = &billed.charge;
        let reseller = match charge.reseller {
            Some(id) => Some(self.dealer(tx, id).await?),
            None => None,
        };
        Ok(Entry {
            buyer: self.buyer(tx, charge.customer).await?,
            goods: self.goods(tx, charge.item).await?,
            reseller,
            billed,
        })
    }

    /// Lines with the names on them.
    ///
    /// # Errors
    /// When something of them is gone, or the store fails.
    pub async fn entries(
        &mut self,
        tx: &mut Tx<'_>,
        billed: Vec<Billed>,
    ) -> Result<Vec<Entry>, AppError> {
        let mut entries = Vec::with_capacity(billed.len());
        for billed in billed {
            entries.push(self.entry(tx, billed).await?);
        }
        Ok(entries)
    }

    /// Lines of reconciliation with the names on them.
    ///
    /// # Errors
    /// When something of them is gone, or the store fails.
    pub async fn reckoned(
        &mut self,
        tx: &mut Tx<'_>,
        lines: Vec<Reconciled>,
    ) -> Result<Vec<Reckoned>, AppError> {
        let mut reckoned = Vec::with_capacity(lines.len());
        for line in lines {
            let reseller = match line.reseller {
                Some(id) => Some(self.dealer(tx, id).await?),
                None => None,
            };
            reckoned.push(Reckoned {
                buyer: self.named(tx, line.customer).await?,
                goods: self.goods(tx, line.item).await?,
                reseller,
                line,
            });
        }
        Ok(reckoned)
    }

    /// The name of a party on paper.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn name(&mut self, tx: &mut Tx<'_>, party: Party) -> Result<String, AppError> {
        Ok(match party {
            Party::Operator => OPERATOR_NAME.to_owned(),
            Party::Account(id) => self.dealer(tx, id).await?.name.clone(),
            Party::Customer(id) => self.buyer(tx, id).await?.name.clone(),
        })
    }

    /// The short name of a party.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn handle(&mut self, tx: &mut Tx<'_>, party: Party) -> Result<String, AppError> {
        Ok(match party {
            Party::Operator => crate::actor::OPERATOR.to_owned(),
            Party::Account(id) => self.dealer(tx, id).await?.account.handle.clone(),
            Party::Customer(id) => self.buyer(tx, id).await?.tenant.handle.clone(),
        })
    }
}

/// The operator as bills name it.
pub const OPERATOR_NAME: &str = "Program operator";

/// A line with the names on it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The charge and the line.
    pub billed: Billed,
    /// The customer.
    pub buyer: Arc<Buyer>,
    /// What it is of.
    pub goods: Arc<Goods>,
    /// The reseller of record.
    pub reseller: Option<Arc<Dealer>>,
}

impl Entry {
    /// What the line comes to.
    #[must_use]
    pub fn amount(&self) -> Money {
        figures(&self.billed).amount
    }
}

/// A line of reconciliation with the names on it.
#[derive(Clone, Debug)]
pub struct Reckoned {
    /// The line.
    pub line: Reconciled,
    /// The customer.
    pub buyer: Arc<Named>,
    /// What it is of.
    pub goods: Arc<Goods>,
    /// The reseller of record.
    pub reseller: Option<Arc<Dealer>>,
}

impl Reckoned {
    /// A line that was read with all that is known of it.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let (billed, charge) = (&entry.billed, &entry.billed.charge);
        let figures = figures(billed);
        Self {
            line: Reconciled {
                position: figures.position,
                unit_minor: figures.unit_price.minor,
                minor: figures.amount.minor,
                currency: figures.amount.currency,
                charge: charge.id,
                subscription: charge.subscription,
                kind: charge.kind,
                basis: charge.basis,
                from_day: charge.from_day,
                until_day: charge.until_day,
                booked: charge.booked,
                customer: charge.customer,
                item: charge.item,
                reseller: charge.reseller,
                term: charge.term,
                frequency: charge.frequency,
                priced_on: charge.priced_on,
                friendly_name: billed.friendly_name.clone(),
                order: billed.order,
                term_end: billed.term_end,
                bought: billed.bought,
            },
            buyer: Arc::new(Named {
                name: entry.buyer.name.clone(),
                domain: entry.buyer.tenant.domain.clone(),
                country: entry.buyer.tenant.country,
            }),
            goods: Arc::clone(&entry.goods),
            reseller: entry.reseller.clone(),
        }
    }

    /// Price per seat for a whole term.
    #[must_use]
    pub const fn unit_price(&self) -> Money {
        Money::new(self.line.unit_minor, self.line.currency)
    }

    /// What the line comes to.
    #[must_use]
    pub const fn amount(&self) -> Money {
        Money::new(self.line.minor, self.line.currency)
    }
}
