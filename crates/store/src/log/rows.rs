//! What the log says of rows: every event carries the rows written since the one before it, so that a row that was
//! edited, added or removed behind the program's back shows.

use std::collections::BTreeMap;

use tierline_domain::admin::{
    AdminOperation, AdminRelationship, AdminRequest, Assignment, DelegationUse, Draft, Group, User,
};
use tierline_domain::billing::{
    AgreedPrice, Batch, BillingArrangement, BillingRun, FxRate, Invoice, Payment,
    PaymentInstruction, PriceRule, TaxExemption, TaxRate,
};
use tierline_domain::catalog::{DatedPrice, Item, Promotion};
use tierline_domain::customer::{Customer, Relationship};
use tierline_domain::directory::{Licence, RoleMember};
use tierline_domain::order::{Cart, Document, Order, OrderRequest};
use tierline_domain::partner::{
    Account, Affiliation, Agreement, Judgement, Location, Organization, Partnership, Tenant, Waiver,
};
use tierline_domain::price_list::ListPrice;
use tierline_domain::subscription::{
    Activated, Charge, CreditLine, Overage, ProductUpgrade, Registered, ResourceRole, Subscription,
    Transfer, UpgradeRecord,
};
use tierline_domain::usage::{
    CreditLoss, Meter, MeterPrice, ResourceAccess, UsageCharge, UsageUpload,
};

use super::canonical;
use crate::engine::Tx;
use crate::error::StoreError;
use crate::row::{FromRow, Row};
use crate::statements;
use crate::table::Table;
use crate::tables::files::Paper;
use crate::tables::{
    AccountCheck, Counter, QualificationRequest, Setting, StoredDecision, ValidationCode,
    VerifiedDomain,
};
use crate::value::{Json, Value};

statements! {
    TOLD = "SELECT position, data FROM events WHERE position > $1 ORDER BY position LIMIT 1000";
}

/// Tables that the log does not answer for, and why.
pub const EXEMPT: &[(&str, &str)] = &[
    ("application_secrets", CREDENTIALS),
    ("applications", CREDENTIALS),
    ("attestations", PERSONAL),
    (
        "audit_records",
        "a projection of the log, with personal values",
    ),
    ("authorization_codes", CREDENTIALS),
    ("bases", CATALOGUE),
    (
        "call_days",
        "calls as each server counted them, by its own clock: no fact of the program",
    ),
    ("checkpoints", "the log itself, signed"),
    ("consents", CREDENTIALS),
    ("contacts", PERSONAL),
    ("directory_users", PERSONAL),
    ("events", "the log itself, chained"),
    ("export_parts", FILES),
    ("exports", FILES),
    ("fraud_events", PERSONAL),
    ("idempotency", "answers kept for a day"),
    ("invoice_lines", BATCHED),
    (
        "known_customers",
        "a projection of customers and names, which are personal values",
    ),
    (
        "listed_customers",
        "a projection of relationships and names, which are personal values",
    ),
    ("listings", CATALOGUE),
    ("notices", PERSONAL),
    ("offer_categories", CATALOGUE),
    ("offers", CATALOGUE),
    (
        "paper_contents",
        "texts with names, from which the paper is made again: the log answers for its digest",
    ),
    ("partner_profiles", PERSONAL),
    ("passwords", CREDENTIALS),
    ("postings", BATCHED),
    ("products", CATALOGUE),
    ("promotion_listings", CATALOGUE),
    ("refresh_tokens", CREDENTIALS),
    (
        "schedule",
        "what is still to come follows from the rows that it is about",
    ),
    (
        "schema_migrations",
        "the schema's own record, checked when a database is opened",
    ),
    ("service_notes", PERSONAL),
    ("service_requests", PERSONAL),
    ("sign_ins", CREDENTIALS),
    ("signing_keys", CREDENTIALS),
    ("support_offers", PERSONAL),
    (
        "usage_days",
        "sums of the events, which `verify` adds up again, and what follows from them: rated anew, they are the same",
    ),
    ("usage_events", UPLOADED),
    (
        "usage_resources",
        "a resource's id is the digest of all that is known of it, which `verify` works out again",
    ),
    ("webhook_attempts", POST),
    ("webhook_certificates", POST),
    ("webhook_deliveries", POST),
    ("webhook_registrations", POST),
    (
        "world_clocks",
        "where a sandbox's clock stands: every event carries the instant itself",
    ),
];

const CREDENTIALS: &str =
    "credentials, which come and go by the server's clock and not by the world's";
const PERSONAL: &str =
    "personal values: a digest of a name can be guessed, and the row can be erased";
const CATALOGUE: &str =
    "how items are shown: the operator's files say it, and an import replaces it whole";
const BATCHED: &str = "the log answers for them through the batch that wrote them, which `verify` of the ledger follows";
const UPLOADED: &str =
    "the log answers for them through the digest of the file that they came with";
const FILES: &str = "files made of lines that the log answers for: each bears its digest";
const POST: &str = "what a worker sends, and how often it tried: no fact of the program";

macro_rules! logged {
    ($($row:ty),+ $(,)?) => {
        /// Tables whose rows the log answers for.
        pub const LOGGED: &[&str] = &[$(<$row as Table>::NAME),+];

        /// Every row that the log answers for, as it is: table and key, and its digest. Of a table with a row that cannot be
        /// read only that row is told.
        async fn rows_as_they_are(tx: &mut Tx<'_>) -> Result<(Rows, Vec<Unreadable>), StoreError> {
            let (mut rows, mut unreadable) = (Rows::new(), Vec::new());
            $(match tx.find::<$row>(<$row as Table>::all_rows_sql(), &[]).await {
                Ok(found) => for row in found {
                    let digest = canonical::row_digest(<$row as Table>::NAME, &row.values());
                    rows.insert((<$row as Table>::NAME.to_owned(), key_text(&row.key())), half(&digest));
                },
                Err(StoreError::Corrupt { column, row, .. }) => unreadable.push(Unreadable {
                    table: <$row as Table>::NAME,
                    column,
                    row,
                }),
                Err(error) => return Err(error),
            })+
            Ok((rows, unreadable))
        }
    };
}

/// A row that holds what its column does not allow.
struct Unreadable {
    table: &'static str,
    column: String,
    row: String,
}

/// Tables that have grown since rows of theirs were first told of, and how many columns they had. Those that came later
/// stand behind, and count only where they hold something: what was told of a row before is still what it is.
const GROWN: &[(&str, usize)] = &[("subscriptions", 36)];

/// The values of a row that its digest is made of.
pub(super) fn counted<'a>(table: &str, values: &'a [Value]) -> &'a [Value] {
    let grown = GROWN.iter().find(|(name, _)| *name == table);
    let Some((_, first)) = grown else {
        return values;
    };
    let filled = values
        .iter()
        .rposition(|value| !matches!(value, Value::Null(_)));
    let end = filled.map_or(0, |last| last.saturating_add(1)).max(*first);
    values.get(..end).unwrap_or(values)
}

/// Table and key, and the digest.
type Rows = BTreeMap<(String, String), String>;

logged!(
    Account,
    AccountCheck,
    Activated,
    AdminOperation,
    AdminRelationship,
    AdminRequest,
    Affiliation,
    AgreedPrice,
    Agreement,
    Assignment,
    Batch,
    BillingArrangement,
    BillingRun,
    Cart,
    Charge,
    Counter,
    CreditLine,
    CreditLoss,
    Customer,
    DatedPrice,
    DelegationUse,
    Document,
    Draft,
    FxRate,
    Group,
    Invoice,
    Item,
    Judgement,
    Licence,
    ListPrice,
    Location,
    Meter,
    MeterPrice,
    Order,
    OrderRequest,
    Organization,
    Overage,
    Paper,
    Partnership,
    Payment,
    PaymentInstruction,
    PriceRule,
    ProductUpgrade,
    Promotion,
    QualificationRequest,
    Registered,
    Relationship,
    ResourceAccess,
    ResourceRole,
    RoleMember,
    Setting,
    StoredDecision,
    Subscription,
    TaxExemption,
    TaxRate,
    Tenant,
    Transfer,
    UpgradeRecord,
    UsageCharge,
    UsageUpload,
    User,
    ValidationCode,
    VerifiedDomain,
    Waiver,
);

/// Rows that a transaction has written, and how many of them an event has told of.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    rows: Vec<String>,
    told: usize,
}

/// A point in a transaction to which it may go back.
pub(crate) type Mark = (usize, usize);

impl Changes {
    /// A row as it was written.
    pub(crate) fn wrote<T: Table>(&mut self, key: &[Value], values: &[Value]) {
        if LOGGED.contains(&T::NAME) {
            let digest = half(&canonical::row_digest(T::NAME, values));
            self.rows
                .push(format!("{} {} {digest}", T::NAME, key_text(key)));
        }
    }

    /// A row that is gone.
    pub(crate) fn removed<T: Table>(&mut self, key: &[Value]) {
        if LOGGED.contains(&T::NAME) {
            self.rows.push(format!("{} {} -", T::NAME, key_text(key)));
        }
    }

    /// Whether the log answers for each row of a table.
    pub(crate) fn tells_of(table: &str) -> bool {
        LOGGED.contains(&table)
    }

    pub(crate) fn mark(&self) -> Mark {
        (self.rows.len(), self.told)
    }

    pub(crate) fn back_to(&mut self, (written, told): Mark) {
        self.rows.truncate(written);
        self.told = told;
    }

    /// The rows that no event has told of yet; from now on one has.
    pub(crate) fn tell(&mut self) -> &[String] {
        let untold = self.rows.get(self.told..).unwrap_or_default();
        self.told = self.rows.len();
        untold
    }

    /// The table of a row that no event tells of.
    pub(crate) fn untold(&self) -> Option<String> {
        let row = self.rows.get(self.told)?;
        row.split(' ').next().map(str::to_owned)
    }
}

/// The digest of what one event tells of rows.
pub(crate) fn digest(rows: &[String]) -> Vec<u8> {
    let mut all = String::with_capacity(rows.iter().map(|row| row.len().saturating_add(1)).sum());
    for row in rows {
        all.push_str(row);
        all.push('\n');
    }
    canonical::sha256(all.as_bytes()).to_vec()
}

/// The digits of the first half of a digest: who edits a row would have to find another with the same.
fn half(digest: &[u8]) -> String {
    canonical::hex(digest.get(..16).unwrap_or(digest))
}

fn key_text(key: &[Value]) -> String {
    let parts = key.iter().map(|part| match part {
        Value::Id(id) => id.simple().to_string(),
        Value::Text(text) => text.replace([' ', '/', '%'], "_"),
        Value::Int(number) => number.to_string(),
        Value::Day(day) => day.to_string(),
        other => half(&canonical::sha256(format!("{other:?}").as_bytes())),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What an event tells. One that cannot be read tells nothing here: whoever follows the chain of events names it.
struct Telling {
    position: i64,
    data: Option<serde_json::Value>,
}

impl FromRow for Telling {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let data = row.get::<Json<serde_json::Value>>(1);
        Ok(Self {
            position: row.get(0)?,
            data: data.ok().map(|data| data.0),
        })
    }
}

/// What the events told of rows last.
async fn rows_as_told(tx: &mut Tx<'_>) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    let mut after: i64 = 0;
    loop {
        let events = tx.fetch_all::<Telling>(TOLD, &[Value::Int(after)]).await?;
        let Some(last) = events.last() else {
            return Ok(rows);
        };
        after = last.position;
        for data in events.iter().filter_map(|telling| telling.data.as_ref()) {
            let lines = data.get("rows").and_then(serde_json::Value::as_array);
            for line in lines.into_iter().flatten() {
                take(&mut rows, line.as_str().unwrap_or_default());
            }
        }
    }
}

/// One line of an event: table, key and digest, or a dash where the row is gone.
fn take(rows: &mut Rows, line: &str) {
    let mut parts = line.splitn(3, ' ');
    let (Some(table), Some(key), Some(digest)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let at = (table.to_owned(), key.to_owned());
    match digest {
        "-" => rows.remove(&at),
        digest => rows.insert(at, digest.to_owned()),
    };
}

/// Rows that are not what the log last told of them: `table key: what is wrong`.
///
/// # Errors
/// When the database refuses, or a row cannot be read.
pub async fn verify_rows(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let told = rows_as_told(tx).await?;
    let (mut found, unreadable) = rows_as_they_are(tx).await?;
    let mut findings: Vec<String> = unreadable
        .iter()
        .map(|it| format!("{} {}: its {} cannot be read", it.table, it.row, it.column))
        .collect();
    for (at, digest) in &told {
        let (table, key) = at;
        if unreadable.iter().any(|it| it.table == table) {
            continue;
        }
        match found.remove(at) {
            Some(is) if is == *digest => {}
            Some(_) => findings.push(format!("{table} {key}: was changed past the program")),
            None => findings.push(format!("{table} {key}: was removed past the program")),
        }
    }
    let added = found
        .keys()
        .map(|(table, key)| format!("{table} {key}: was added past the program"));
    findings.extend(added);
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Kind;

    /// A column that a table was given later does not change what was told of a row before, until it holds something.
    #[test]
    fn columns_that_came_later_count_where_they_hold_something() {
        let before: Vec<Value> = (0..36).map(Value::Int).collect();
        let with = |value: Value| {
            let mut row = before.clone();
            row.push(value);
            canonical::row_digest(Subscription::NAME, &row)
        };
        let told = canonical::row_digest(Subscription::NAME, &before);
        assert_eq!(with(Value::Null(Kind::Id)), told);
        assert_ne!(with(Value::Int(1)), told);
        // What is empty among the first columns counts.
        let mut shorter = before.clone();
        shorter[35] = Value::Null(Kind::Id);
        let empty = canonical::row_digest(Subscription::NAME, &shorter);
        shorter.pop();
        assert_ne!(empty, canonical::row_digest(Subscription::NAME, &shorter));
        let grown = GROWN.iter().map(|(table, _)| *table);
        for table in grown {
            assert!(LOGGED.contains(&table), "{table}");
        }
    }
}
