//! Files of lines: what was asked for, and the parts that a worker made; and the lines themselves, as documents read them.

use tierline_domain::billing::{Basis, Invoice, Party};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::export::{ExportKind, ExportState};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::order::Order;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::place::Country;
use tierline_domain::subscription::{Charge, ChargeKind, Subscription};
use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

use crate::engine::Migration;
use crate::error::StoreError;
use crate::row::{FromRow, Row};
use crate::statement::Statement;
use crate::table::Table;
use crate::value::Json;
use crate::{rows, statements, table};

/// Exports and their parts. What a partner is billed next is found by who sold it.
pub const MIGRATION: Migration = Migration {
    name: "0006_bills",
    sql: "
CREATE INDEX charges_seller ON charges (seller, booked, id);
CREATE TABLE exports (
    id {id} PRIMARY KEY, owner {text} NOT NULL, secret {text} NOT NULL,
    kind {text} NOT NULL CHECK (kind IN ('billed_usage','unbilled_usage','lines')), invoice {id}, from_day {day}, until_day {day},
    currency {text}, is_full {bool} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('notstarted','running','succeeded','failed')), reached {json} NOT NULL,
    parts {int} NOT NULL, lines {int} NOT NULL, size {int} NOT NULL, sums {json} NOT NULL, digest {bytes} NOT NULL, problem {text},
    requested {instant} NOT NULL, changed {instant} NOT NULL, claimed_until {instant} NOT NULL, expires {instant} NOT NULL
) {strict};
CREATE INDEX exports_open ON exports (state, requested);
CREATE INDEX exports_owner ON exports (owner, requested);
CREATE TABLE export_parts (
    export {id} NOT NULL REFERENCES exports (id), number {int} NOT NULL, lines {int} NOT NULL, size {int} NOT NULL, digest {bytes} NOT NULL,
    content {bytes} NOT NULL, PRIMARY KEY (export, number)
) {strict};
",
};

/// Papers of bills as they were first issued. What they say has names in it and lies apart, so that the log answers for the digest
/// alone.
pub const PAPERS: Migration = Migration {
    name: "0008_money",
    sql: "
CREATE TABLE papers (
    invoice {id} PRIMARY KEY REFERENCES invoices (id), digest {bytes} NOT NULL, size {int} NOT NULL, issued {instant} NOT NULL
) {strict};
CREATE INDEX papers_digest ON papers (digest);
CREATE TABLE paper_contents (
    invoice {id} PRIMARY KEY REFERENCES papers (invoice), document {json} NOT NULL
) {strict};
CREATE INDEX export_parts_digest ON export_parts (digest);
",
};

/// Lines that somebody asked for as files.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// Its id.
    pub id: Uuid,
    /// Who asked for it.
    pub owner: Party,
    /// What opens its parts without a token.
    pub secret: String,
    /// What it holds.
    pub kind: ExportKind,
    /// The invoice whose lines it holds.
    pub invoice: Option<Uuid>,
    /// The first day of the month that it looks at, where there is no invoice yet.
    pub from_day: Option<Date>,
    /// The first day of the month that follows.
    pub until_day: Option<Date>,
    /// Only lines in this currency.
    pub currency: Option<Currency>,
    /// With every member, and not the most asked for only.
    pub is_full: bool,
    /// How far it is.
    pub state: ExportState,
    /// Where the part that was written last ended.
    pub reached: Json<serde_json::Value>,
    /// Parts written.
    pub parts: i64,
    /// Lines in them.
    pub lines: i64,
    /// Their size in bytes.
    pub size: i64,
    /// Sum of the lines, in each currency.
    pub sums: Json<Vec<Money>>,
    /// SHA-256 of the parts' digests, in order.
    pub digest: Vec<u8>,
    /// Why it could not be made.
    pub problem: Option<String>,
    /// When it was asked for, by the server's clock.
    pub requested: Timestamp,
    /// When something was done about it last.
    pub changed: Timestamp,
    /// Until when a worker has it to itself.
    pub claimed_until: Timestamp,
    /// When it is forgotten.
    pub expires: Timestamp,
}

/// One file of an export: compressed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportPart {
    /// The export.
    pub export: Uuid,
    /// Its place, from one.
    pub number: i64,
    /// Lines in it.
    pub lines: i64,
    /// Its size in bytes.
    pub size: i64,
    /// SHA-256 of its bytes.
    pub digest: Vec<u8>,
    /// The file; empty once its time is over.
    pub content: Vec<u8>,
}

/// The paper of an invoice or a credit note, as it was first issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The invoice.
    pub invoice: Id<Invoice>,
    /// SHA-256 of the PDF.
    pub digest: Vec<u8>,
    /// Its size in bytes.
    pub size: i64,
    /// When somebody first asked for it, by the world's clock.
    pub issued: Timestamp,
}

/// What a paper says.
#[derive(Clone, Debug, PartialEq)]
pub struct PaperContent {
    /// The invoice.
    pub invoice: Id<Invoice>,
    /// Its texts.
    pub document: Json<serde_json::Value>,
}

table! {
    /// Exports.
    exports: Export {
        key { id }
        columns {
            id, owner, secret, kind, invoice, from_day, until_day, currency, is_full, state, reached, parts, lines, size, sums, digest, problem,
            requested, changed, claimed_until, expires
        }
        finds { OPEN = "WHERE state IN ('notstarted','running') AND claimed_until <= $1 ORDER BY requested, id LIMIT $2" }
    }
}
table! {
    /// Their files.
    export_parts: ExportPart {
        key { export, number }
        columns { export, number, lines, size, digest, content }
        finds { ONE = "WHERE export = $1 AND number = $2" }
    }
}
table! {
    /// Papers of bills.
    papers: Paper {
        key { invoice }
        columns { invoice, digest, size, issued }
        finds { BY_DIGEST = "WHERE digest = $1 ORDER BY invoice" }
    }
}
table! {
    /// What they say.
    paper_contents: PaperContent {
        key { invoice }
        columns { invoice, document }
        finds {}
    }
}

/// What a line of an invoice, or of one to come, is about: the charge, and what is said of its subscription.
#[derive(Clone, Debug)]
pub struct Billed {
    /// The charge.
    pub charge: Charge,
    /// The line on the invoice; absent before there is one.
    pub line: Option<BilledLine>,
    /// The subscription's short name.
    pub handle: String,
    /// What the customer calls it.
    pub friendly_name: Option<String>,
    /// Its order.
    pub order: Option<Id<Order>>,
    /// The last day of its term.
    pub term_end: Option<Date>,
    /// When it was bought.
    pub bought: Timestamp,
    /// The resource that it pays for.
    pub parent: Option<Id<Subscription>>,
}

/// The figures of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BilledLine {
    /// The run or correction that wrote it.
    pub source: Uuid,
    /// Its place.
    pub position: i64,
    /// Price per seat for a whole term on this edge.
    pub unit_price: Money,
    /// What it comes to.
    pub amount: Money,
}

/// A line of an invoice as reconciliation lists it: what is said of each of many, and no more.
#[derive(Clone, Debug)]
pub struct Reconciled {
    /// Its place on the invoice.
    pub position: i64,
    /// Price per seat for a whole term on this edge, in minor units.
    pub unit_minor: i64,
    /// What it comes to, in minor units.
    pub minor: i64,
    /// The currency of both.
    pub currency: Currency,
    /// The charge.
    pub charge: Id<Charge>,
    /// The subscription that was charged.
    pub subscription: Id<Subscription>,
    /// What was charged for.
    pub kind: ChargeKind,
    /// How the amount follows from the price.
    pub basis: Basis,
    /// The first day that it is for.
    pub from_day: Date,
    /// The last day that it is for.
    pub until_day: Date,
    /// When it was booked.
    pub booked: Timestamp,
    /// Who uses it.
    pub customer: Id<Tenant>,
    /// What it is of.
    pub item: Id<Item>,
    /// The reseller of record.
    pub reseller: Option<Id<Account>>,
    /// The term that is charged.
    pub term: Term,
    /// How often that is.
    pub frequency: Frequency,
    /// The day as of which prices hold.
    pub priced_on: Date,
    /// What the customer calls the subscription.
    pub friendly_name: Option<String>,
    /// Its order.
    pub order: Option<Id<Order>>,
    /// The last day of its term.
    pub term_end: Option<Date>,
    /// When it was bought.
    pub bought: Timestamp,
}

/// A customer as lines name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its company.
    pub name: String,
    /// Its first domain.
    pub domain: String,
    /// Its country.
    pub country: Country,
}

rows! {
    Reconciled {
        position, unit_minor, minor, currency, charge, subscription, kind, basis, from_day, until_day, booked, customer, item, reseller, term,
        frequency, priced_on, friendly_name, order, term_end, bought
    }
    Named { name, domain, country }
}

/// Columns of a charge.
const CHARGE_COLUMNS: usize = 18;

impl FromRow for Billed {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let at = |offset: usize| CHARGE_COLUMNS + offset;
        let position: Option<i64> = row.get(at(6))?;
        let line = match position {
            Some(position) => {
                let currency: Currency = row.get(at(9))?;
                Some(BilledLine {
                    source: row.get(at(10))?,
                    position,
                    unit_price: Money::new(row.get(at(7))?, currency),
                    amount: Money::new(row.get(at(8))?, currency),
                })
            }
            None => None,
        };
        Ok(Self {
            charge: Charge::from_row(row)?,
            line,
            handle: row.get(at(0))?,
            friendly_name: row.get(at(1))?,
            order: row.get(at(2))?,
            term_end: row.get(at(3))?,
            bought: row.get(at(4))?,
            parent: row.get(at(5))?,
        })
    }
}

macro_rules! billed {
    ($line:literal, $rest:literal) => {
        concat!(
            "SELECT c.id, c.subscription, c.position, c.kind, c.amount, c.from_day, c.until_day, c.booked, c.basis, c.unit_price, c.seller, ",
            "c.reseller, c.customer, c.item, c.term, c.frequency, c.priced_on, c.home, ",
            "s.handle, s.friendly_name, s.order_id, s.term_end, s.bought, s.parent, ",
            $line,
            $rest
        )
    };
}

statements! {
    /// Lines of an invoice from a place on. `any`, or only those of consumption (`use`) or without (`seats`).
    pub LINES = billed!(
        "l.position, l.unit_minor, l.minor, l.currency, l.source ",
        "FROM invoice_lines l JOIN charges c ON c.id = l.charge JOIN subscriptions s ON s.id = c.subscription JOIN items i ON i.id = c.item
         WHERE l.invoice = $1 AND l.position > $2
         AND ($3 = 'any' OR ($3 = 'use') = (i.kind IN ('consumption','consumption_plan','previous_consumption')))
         ORDER BY l.position LIMIT $4 OFFSET $5"
    );
    /// Lines of an invoice from a place on, as reconciliation lists them.
    pub RECONCILED = "SELECT l.position, l.unit_minor, l.minor, l.currency, c.id, c.subscription, c.kind, c.basis, c.from_day, c.until_day,
            c.booked, c.customer, c.item, c.reseller, c.term, c.frequency, c.priced_on, s.friendly_name, s.order_id, s.term_end, s.bought
        FROM invoice_lines l JOIN charges c ON c.id = l.charge JOIN subscriptions s ON s.id = c.subscription
        WHERE l.invoice = $1 AND l.position > $2 ORDER BY l.position LIMIT $3";
    /// The place of the line that stands so many behind a place.
    pub BEHIND = "SELECT position FROM invoice_lines WHERE invoice = $1 AND position > $2 ORDER BY position LIMIT 1 OFFSET $3";
    /// How lines name a customer.
    pub NAMED = "SELECT o.name, t.domain, t.country FROM tenants t JOIN organizations o ON o.id = t.organization WHERE t.id = $1";
    /// What a seller booked from a place on, before an instant.
    pub BOOKED = billed!(
        "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS TEXT), NULL ",
        "FROM charges c JOIN subscriptions s ON s.id = c.subscription JOIN items i ON i.id = c.item
         WHERE c.seller = $1 AND (c.booked, c.id) > ($2, $3) AND c.booked < $4
         AND ($5 = 'any' OR ($5 = 'use') = (i.kind IN ('consumption','consumption_plan','previous_consumption')))
         ORDER BY c.booked, c.id LIMIT $6"
    );
    /// Lines of one customer on an invoice.
    pub LINES_OF_CUSTOMER = billed!(
        "l.position, l.unit_minor, l.minor, l.currency, l.source ",
        "FROM charges c JOIN invoice_lines l ON l.charge = c.id AND l.invoice = $1 JOIN subscriptions s ON s.id = c.subscription
         WHERE c.customer = $2 AND c.booked >= $3 AND c.booked < $4 ORDER BY l.position"
    );
    /// Kinds of items among the first lines of an invoice.
    pub KINDS = "SELECT DISTINCT i.kind FROM (SELECT charge FROM invoice_lines WHERE invoice = $1 ORDER BY position LIMIT $2) l
        JOIN charges c ON c.id = l.charge JOIN items i ON i.id = c.item ORDER BY i.kind";
    /// The different amounts of an invoice's lines, and how many lines have each.
    pub AMOUNTS = "SELECT minor, COUNT(*) FROM invoice_lines WHERE invoice = $1 GROUP BY minor ORDER BY minor";
    /// Sums of an invoice by customer and item.
    pub BY_CUSTOMER = "SELECT c.customer, c.item, CAST(SUM(l.minor) AS BIGINT), COUNT(*) FROM invoice_lines l JOIN charges c ON c.id = l.charge
        WHERE l.invoice = $1 GROUP BY c.customer, c.item ORDER BY c.customer, c.item LIMIT $2";
    /// Sums of an invoice by item.
    pub BY_ITEM = "SELECT c.item, CAST(SUM(l.minor) AS BIGINT), COUNT(*) FROM invoice_lines l JOIN charges c ON c.id = l.charge
        WHERE l.invoice = $1 GROUP BY c.item ORDER BY c.item";
    /// Sums of what somebody sold on invoices of a month, by who bought it, what and in which currency.
    pub SOLD = "SELECT v.recipient, c.item, l.currency, CAST(SUM(l.minor) AS BIGINT) FROM invoices v JOIN invoice_lines l ON l.invoice = v.id
        JOIN charges c ON c.id = l.charge WHERE v.issuer = $1 AND v.month = $2 AND v.state <> 'draft'
        GROUP BY v.recipient, c.item, l.currency ORDER BY v.recipient, c.item, l.currency";
    /// Sums of what somebody bought on invoices of a month, by the reseller and the customer it was bought for, what and in which currency.
    pub BOUGHT = "SELECT c.reseller, c.customer, c.item, l.currency, CAST(SUM(l.minor) AS BIGINT) FROM invoices v
        JOIN invoice_lines l ON l.invoice = v.id JOIN charges c ON c.id = l.charge WHERE v.recipient = $1 AND v.month = $2 AND v.state <> 'draft'
        GROUP BY c.reseller, c.customer, c.item, l.currency ORDER BY c.reseller, c.customer, c.item, l.currency";
    /// A worker takes an export for itself, unless somebody else has it.
    pub CLAIM = "UPDATE exports SET claimed_until = $1, state = 'running', changed = $2 WHERE id = $3 AND claimed_until <= $2
        AND state IN ('notstarted','running')";
    /// The parts of an export, without their contents.
    pub PARTS = "SELECT number, lines, size, digest FROM export_parts WHERE export = $1 ORDER BY number";
    /// Every export.
    pub EVERY = "SELECT id FROM exports ORDER BY id";
    /// What the lines of an invoice come to that are of consumption.
    pub CONSUMED = "SELECT CAST(COALESCE(SUM(l.minor), 0) AS BIGINT) FROM invoice_lines l JOIN charges c ON c.id = l.charge
        JOIN items i ON i.id = c.item WHERE l.invoice = $1 AND i.kind IN ('consumption','consumption_plan','previous_consumption')";
    /// Parts of exports whose time is over lose their contents; what is known of them stays, so that a file that somebody kept can be
    /// told from another.
    pub FORGET_PARTS = "UPDATE export_parts SET content = $1 WHERE length(content) > 0
        AND export IN (SELECT id FROM exports WHERE expires <= $2)";
    /// The export and the number of a part with a digest.
    pub PART_OF = "SELECT export, number FROM export_parts WHERE digest = $1 ORDER BY export, number LIMIT 1";
    /// The papers behind a place.
    pub PAPERS_FROM = "SELECT invoice FROM papers WHERE invoice > $1 ORDER BY invoice LIMIT 500";
}

/// Statements that are no whole rows.
pub const STATEMENTS: &[Statement] = ALL;
