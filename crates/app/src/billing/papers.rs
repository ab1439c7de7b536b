//! What stands on the paper of an invoice, a credit note, a receipt or a statement of account.

use std::collections::BTreeMap;

use tierline_domain::address::Address as Postal;
use tierline_domain::billing::{Invoice, InvoiceDocument, InvoiceState, Party, Payment};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Charge, ChargeKind};
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_domain::usage::UsageCharge;
use tierline_domain::vetting::ProfileKind;
use tierline_store::tables::{Contact, files};
use tierline_store::{Tx, Value};
use uuid::Uuid;

use super::pdf::{Address, Document, Group, Line, day};
use super::views::{self, Choice, Directory, Entry, OPERATOR_NAME, figures};
use crate::error::AppError;
use crate::names::by_id;
use crate::profiles::{self, Content};

/// Most lines that are printed one by one.
const LINES_MAX: usize = 400;
/// Most sums of customers and items; beyond them there is one for each item.
const SUMS_MAX: usize = 1_500;

/// An invoice or a credit note on paper.
///
/// # Errors
/// When something that it names is gone, or the store fails.
pub async fn invoice(tx: &mut Tx<'_>, invoice: &Invoice) -> Result<Document, AppError> {
    let mut names = Directory::default();
    let is_note = invoice.document != InvoiceDocument::Invoice;
    let title = if is_note { "Credit note" } else { "Invoice" };
    let currency = invoice.amount.currency;
    let open = super::open(invoice)?;
    let due = day(invoice.due);
    let headline = match invoice.state {
        InvoiceState::Void => ("Taken back".to_owned(), open, "by a credit note".to_owned()),
        InvoiceState::Paid => ("Amount due".to_owned(), open, "settled".to_owned()),
        _ if open.minor < 0 => (
            "In your favour".to_owned(),
            open.negated()?,
            "set off against what is owed".to_owned(),
        ),
        _ => ("Amount due".to_owned(), open, format!("by {due}")),
    };
    let issued = invoice.issued.map(Timestamp::date);
    let mut facts = vec![
        (format!("{title} number"), invoice.handle.clone()),
        ("Issued".to_owned(), issued.map_or_else(String::new, day)),
        ("Billing period".to_owned(), period(invoice.month)),
        ("Due".to_owned(), due),
        ("Currency".to_owned(), currency.to_string()),
    ];
    if let Some(amended) = invoice.amends {
        let amended: Invoice = by_id(tx, amended).await?;
        facts.push(("Corrects invoice".to_owned(), amended.handle));
    }
    let mut totals = vec![
        ("Net".to_owned(), invoice.net),
        ("Tax".to_owned(), invoice.tax),
    ];
    if invoice.paid.minor != 0 {
        totals.push(("Total".to_owned(), invoice.amount));
        totals.push(("Paid".to_owned(), invoice.paid.negated()?));
        totals.push(("Amount due".to_owned(), open));
    } else {
        totals.push(("Total".to_owned(), invoice.amount));
    }
    let agent = match invoice.agent {
        Some(agent) => Some(address(tx, &mut names, Party::Account(agent)).await?),
        None => None,
    };
    let (groups, note) = groups(tx, &mut names, invoice).await?;
    let mut notes =
        vec!["Tax is computed on the total of the invoice and not on its lines.".to_owned()];
    notes.extend(note);
    if !is_note {
        notes.push("Please name the invoice number with your payment.".to_owned());
    }
    Ok(Document {
        title: title.to_owned(),
        number: invoice.handle.clone(),
        issuer: address(tx, &mut names, invoice.issuer).await?,
        recipient: address(tx, &mut names, invoice.recipient).await?,
        agent,
        facts,
        headline,
        groups,
        totals,
        notes,
    })
}

/// The receipt of a payment on paper.
///
/// # Errors
/// When something that it names is gone, or the store fails.
pub async fn receipt(
    tx: &mut Tx<'_>,
    invoice: &Invoice,
    payment: &Payment,
) -> Result<Document, AppError> {
    let mut names = Directory::default();
    let received = day(payment.received);
    let line = Line {
        title: format!("Payment {}", payment.handle),
        detail: format!("on invoice {} of {}", invoice.handle, period(invoice.month)),
        quantity: None,
        unit: None,
        amount: payment.amount,
    };
    Ok(Document {
        title: "Receipt".to_owned(),
        number: receipt_number(payment),
        issuer: address(tx, &mut names, payment.payee).await?,
        recipient: address(tx, &mut names, payment.payer).await?,
        agent: None,
        facts: vec![
            ("Receipt number".to_owned(), receipt_number(payment)),
            ("Received".to_owned(), received.clone()),
            ("Invoice".to_owned(), invoice.handle.clone()),
            ("Reference".to_owned(), payment.handle.clone()),
        ],
        headline: (
            "Received with thanks".to_owned(),
            payment.amount,
            format!("on {received}"),
        ),
        groups: vec![Group {
            title: names.name(tx, payment.payer).await?,
            detail: String::new(),
            lines: vec![line],
            total: payment.amount,
        }],
        totals: vec![
            ("Invoice total".to_owned(), invoice.amount),
            ("of it tax".to_owned(), invoice.tax),
            ("Received".to_owned(), payment.amount),
        ],
        notes: Vec::new(),
    })
}

/// The number of a receipt: the payment's id in short.
#[must_use]
pub fn receipt_number(payment: &Payment) -> String {
    payment.id.uuid().simple().to_string().to_uppercase()
}

/// The name of a receipt's file, without its ending.
#[must_use]
pub fn receipt_name(number: &str) -> String {
    format!("{RECEIPT}{number}")
}

/// How the names of receipts begin.
const RECEIPT: &str = "Receipt-";

/// The payment that a receipt's name tells.
#[must_use]
pub fn receipt_of(name: &str) -> Option<Uuid> {
    name.strip_prefix(RECEIPT)?.parse().ok()
}

/// One line of a statement of account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The day in the books.
    pub day: Date,
    /// `invoice`, `credit_note` or `payment`.
    pub kind: &'static str,
    /// The number, or the payer's reference.
    pub reference: String,
    /// What it adds to what is owed; payments take away.
    pub amount: Money,
    /// What is owed afterwards.
    pub balance: Money,
}

/// The account of a seller with a buyer in one currency: every bill, note and payment in order, with what is owed after each.
///
/// # Errors
/// When amounts overflow or the store fails.
pub async fn account(
    tx: &mut Tx<'_>,
    (seller, buyer): (Party, Party),
    currency: Currency,
) -> Result<Vec<Movement>, AppError> {
    let key = [
        Value::Text(buyer.to_string()),
        Value::Text(seller.to_string()),
    ];
    let bills = tx
        .find::<Invoice>(tierline_store::tables::invoices::OWED, &key)
        .await?;
    let paid = tx
        .find::<Payment>(tierline_store::tables::payments::BETWEEN, &key)
        .await?;
    let mut moved: Vec<(Date, u8, String, &'static str, Money)> = Vec::new();
    for bill in bills {
        let is_note = bill.document != InvoiceDocument::Invoice;
        let kind = if is_note { "credit_note" } else { "invoice" };
        let at = bill.issued.map_or(bill.month, Timestamp::date);
        moved.push((at, u8::from(is_note), bill.handle, kind, bill.amount));
    }
    for payment in paid {
        let amount = payment.amount.negated()?;
        moved.push((payment.received, 2, payment.handle, "payment", amount));
    }
    moved.retain(|(.., amount)| amount.currency == currency);
    moved.sort_by(|one, other| (one.0, one.1, &one.2).cmp(&(other.0, other.1, &other.2)));
    let mut balance = Money::zero(currency);
    let mut lines = Vec::with_capacity(moved.len());
    for (day, _, reference, kind, amount) in moved {
        balance = balance.plus(amount)?;
        lines.push(Movement {
            day,
            kind,
            reference,
            amount,
            balance,
        });
    }
    Ok(lines)
}

/// A month as it is printed: `1 – 30 November 2026`.
fn period(month: Date) -> String {
    let last = add_days(add_months(month.first_of_month(), 1), -1);
    format!("1 – {}", day(last))
}

/// A party on paper.
async fn address(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    party: Party,
) -> Result<Address, AppError> {
    match party {
        Party::Operator => Ok(Address {
            name: OPERATOR_NAME.to_owned(),
            lines: Vec::new(),
        }),
        Party::Account(id) => partner(tx, names, id).await,
        Party::Customer(id) => customer(tx, names, id).await,
    }
}

async fn partner(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    id: Id<Account>,
) -> Result<Address, AppError> {
    let dealer = names.dealer(tx, id).await?;
    let current = profiles::current(tx, &dealer.account, ProfileKind::Billing).await?;
    let Content::Billing(profile) = current.content else {
        return Ok(Address {
            name: dealer.name.clone(),
            lines: Vec::new(),
        });
    };
    let mut lines = postal(&profile.address);
    if !dealer.partner_id.is_empty() {
        lines.push(format!("PartnerID {}", dealer.partner_id));
    }
    lines.extend(profile.tax_id.map(|id| format!("Tax number {id}")));
    Ok(Address {
        name: profile.company_name,
        lines,
    })
}

async fn customer(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    id: Id<Tenant>,
) -> Result<Address, AppError> {
    let buyer = names.buyer(tx, id).await?;
    let contact = tx.get::<Contact>(&[Value::Id(id.uuid())]).await?;
    let mut lines = match contact {
        Some(contact) => postal(&contact.address.0),
        None => vec![buyer.tenant.country.to_string()],
    };
    lines.push(buyer.tenant.domain.clone());
    Ok(Address {
        name: buyer.name.clone(),
        lines,
    })
}

fn postal(address: &Postal) -> Vec<String> {
    let town = [
        address.postal_code.clone(),
        address.city.clone(),
        address.state.clone(),
    ];
    let town: Vec<String> = town.into_iter().flatten().collect();
    let country = address.country.map(|country| country.to_string());
    let lines = [
        Some(address.line1.clone()),
        address.line2.clone(),
        Some(town.join(" ")),
        country,
    ];
    lines
        .into_iter()
        .flatten()
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// The lines as they are printed, and what is said of what is left out: each line, or sums by customer and item, or by item.
async fn groups(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    invoice: &Invoice,
) -> Result<(Vec<Group>, Option<String>), AppError> {
    let page = (LINES_MAX.saturating_add(1), 0);
    let lines = views::lines(tx, invoice.id, Choice::Any, 0, page).await?;
    if lines.len() <= LINES_MAX {
        let entries = names.entries(tx, lines).await?;
        let meters = meters(tx, names, &entries).await?;
        let groups = by_customer(&entries, &meters, invoice.net.currency)?;
        return Ok((groups, None));
    }
    let note = format!(
        "This invoice has {} lines, which are summed up here. The reconciliation data gives each of them.",
        invoice.lines
    );
    let most = i64::try_from(SUMS_MAX.saturating_add(1)).unwrap_or(i64::MAX);
    let key = [Value::Id(invoice.id.uuid()), Value::Int(most)];
    let sums = tx
        .fetch_all::<(Id<Tenant>, Id<_>, i64, i64)>(files::BY_CUSTOMER, &key)
        .await?;
    let summed = |title: String, count: i64, minor: i64| Line {
        title,
        detail: format!("{count} lines"),
        quantity: None,
        unit: None,
        amount: Money::new(minor, invoice.net.currency),
    };
    if sums.len() > SUMS_MAX {
        let key = [Value::Id(invoice.id.uuid())];
        let sums = tx
            .fetch_all::<(Id<_>, i64, i64)>(files::BY_ITEM, &key)
            .await?;
        let mut lines = Vec::with_capacity(sums.len());
        for (item, minor, count) in sums {
            let goods = names.goods(tx, item).await?;
            lines.push(summed(goods.item.title.clone(), count, minor));
        }
        let group = Group {
            title: "All customers".to_owned(),
            detail: String::new(),
            lines,
            total: invoice.net,
        };
        return Ok((vec![group], Some(note)));
    }
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    for (customer, item, minor, count) in sums {
        let buyer = names.buyer(tx, customer).await?;
        let goods = names.goods(tx, item).await?;
        let line = summed(goods.item.title.clone(), count, minor);
        add(&mut groups, (&buyer.name, &buyer.tenant.domain), line)?;
    }
    Ok((groups.into_values().collect(), Some(note)))
}

fn add(
    groups: &mut BTreeMap<(String, String), Group>,
    (name, domain): (&str, &str),
    line: Line,
) -> Result<(), AppError> {
    let key = (name.to_owned(), domain.to_owned());
    let group = groups.entry(key).or_insert_with(|| Group {
        title: name.to_owned(),
        detail: domain.to_owned(),
        lines: Vec::new(),
        total: Money::zero(line.amount.currency),
    });
    group.total = group.total.plus(line.amount)?;
    group.lines.push(line);
    Ok(())
}

/// What the charges for consumption are of: the name of each one's meter.
async fn meters(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    entries: &[Entry],
) -> Result<BTreeMap<Id<Charge>, String>, AppError> {
    let mut meters = BTreeMap::new();
    for charge in entries.iter().map(|entry| &entry.billed.charge) {
        if charge.kind != ChargeKind::Usage {
            continue;
        }
        let key = [Value::Id(charge.id.uuid())];
        // Consumption that was rated elsewhere comes without meters.
        if let Some(of) = tx.get::<UsageCharge>(&key).await? {
            let meter = names.meter(tx, of.meter).await?;
            meters.insert(charge.id, meter.name.clone());
        }
    }
    Ok(meters)
}

fn by_customer(
    entries: &[Entry],
    meters: &BTreeMap<Id<Charge>, String>,
    currency: Currency,
) -> Result<Vec<Group>, AppError> {
    let mut groups = BTreeMap::new();
    for entry in entries {
        let charge = &entry.billed.charge;
        let figures = figures(&entry.billed);
        debug_assert_eq!(figures.amount.currency, currency);
        let line = Line {
            title: entry.goods.item.title.clone(),
            detail: format!(
                "{} · {} – {}",
                meters
                    .get(&charge.id)
                    .map_or(charge.kind.as_str(), String::as_str),
                day(charge.from_day),
                day(charge.until_day)
            ),
            quantity: Some(charge.basis.quantity),
            unit: Some(figures.unit_price),
            amount: figures.amount,
        };
        let buyer = &entry.buyer;
        add(&mut groups, (&buyer.name, &buyer.tenant.domain), line)?;
    }
    Ok(groups.into_values().collect())
}
