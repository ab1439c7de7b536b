//! Verifies a database: rows that refer to each other are there, and every stored decision, replayed from its
//! facts under the rules of today, comes out as it was stored.

use std::fmt;

use tierline_domain::order::Order;
use tierline_domain::subscription::Subscription;
use tierline_rules::{Facts, decide};
use tierline_store::log::{LogKey, Problem, verify_log, verify_rows};
use tierline_store::tables::StoredDecision;
use tierline_store::{Command, StoreError, Tx, Value, statements};

use crate::billing::{exports, issued};
use crate::error::AppError;
use crate::usage;

statements! {
    pub DECISIONS = "SELECT id FROM decisions ORDER BY at_world, id";
    pub ORDERS = "SELECT id FROM orders ORDER BY partner, number";
}

/// What verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Decisions replayed.
    pub decisions: usize,
    /// Orders followed to their subscriptions.
    pub orders: usize,
    /// Invoices added up.
    pub invoices: i64,
    /// Lines of invoices worked out again.
    pub lines: i64,
    /// Postings followed.
    pub postings: i64,
    /// Events sealed and as they were sealed.
    pub sealed: i64,
    /// Events that wait for the sealer.
    pub unsealed: i64,
    /// What does not agree: table, row and problem.
    pub findings: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        write!(
            f,
            "{} decisions replayed, {} orders followed, {} invoices of {} lines and {} postings added up, {} events sealed, \
             {} not sealed yet, {} findings",
            self.decisions,
            self.orders,
            self.invoices,
            self.lines,
            self.postings,
            self.sealed,
            self.unsealed,
            self.findings.len()
        )
    }
}

impl Report {
    /// Nothing disagrees, and the log is what was sealed.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Verifies everything, the log against the key that signs it.
pub struct Verify {
    /// The key outside the database.
    pub key: LogKey,
}

impl Command for Verify {
    type Out = Report;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Report, AppError> {
        let mut report = Report::default();
        report.findings.extend(verify_rows(tx).await?);
        let told = decisions(tx, &mut report).await;
        unreadable(told, &mut report)?;
        let told = orders(tx, &mut report).await;
        unreadable(told, &mut report)?;
        match crate::billing::verify::audit(tx).await {
            Ok(audit) => {
                report.lines = audit.lines;
                report.postings = audit.postings;
                report.invoices = audit.invoices;
                report.findings.extend(audit.findings);
            }
            Err(error) => unreadable(Err(error), &mut report)?,
        }
        let told = exports::verify(tx).await;
        match told {
            Ok(found) => report.findings.extend(found),
            Err(error) => unreadable(Err(error), &mut report)?,
        }
        let told = issued::verify(tx).await;
        match told {
            Ok(found) => report.findings.extend(found),
            Err(error) => unreadable(Err(error), &mut report)?,
        }
        let told = usage::verify::verify(tx).await;
        match told {
            Ok(found) => report.findings.extend(found),
            Err(error) => unreadable(Err(error), &mut report)?,
        }
        let log = verify_log(tx, &self.key).await?;
        report.sealed = log.sealed;
        report.unsealed = log.unsealed;
        report.findings.extend(log.broken.map(|broken| {
            let table = match broken.problem {
                Problem::BadSignature => "checkpoints",
                _ => "events",
            };
            format!("{table} {}: {}", broken.seq, broken.problem)
        }));
        Ok(report)
    }
}

/// A row that cannot be read is a finding, and what comes after it is looked at all the same.
fn unreadable(told: Result<(), AppError>, report: &mut Report) -> Result<(), AppError> {
    match told {
        Err(AppError::Store(StoreError::Corrupt {
            table, column, row, ..
        })) => {
            report
                .findings
                .push(format!("{table} {row}: its {column} cannot be read"));
            Ok(())
        }
        other => other,
    }
}

async fn decisions(tx: &mut Tx<'_>, report: &mut Report) -> Result<(), AppError> {
    for (id,) in tx.fetch_all::<(uuid::Uuid,)>(DECISIONS, &[]).await? {
        let Some(row) = tx.get::<StoredDecision>(&[Value::Id(id)]).await? else {
            continue;
        };
        report.decisions = report.decisions.saturating_add(1);
        let facts: Facts = match row.facts.read() {
            Ok(facts) => facts,
            Err(error) => {
                report
                    .findings
                    .push(format!("decisions {id}: its facts cannot be read: {error}"));
                continue;
            }
        };
        let again: Vec<String> = decide(&facts, &[])
            .failed()
            .iter()
            .map(|rule| rule.id.to_string())
            .collect();
        if again != row.rules.0 || again.is_empty() != row.allowed {
            report.findings.push(format!(
                "decisions {id}: stored {:?}, replayed {again:?}",
                row.rules.0
            ));
        }
    }
    Ok(())
}

async fn orders(tx: &mut Tx<'_>, report: &mut Report) -> Result<(), AppError> {
    let (mut partner, mut expected) = (None, 0_i64);
    for (id,) in tx.fetch_all::<(uuid::Uuid,)>(ORDERS, &[]).await? {
        let Some(order) = tx.get::<Order>(&[Value::Id(id)]).await? else {
            continue;
        };
        report.orders = report.orders.saturating_add(1);
        if partner.replace(order.partner) != Some(order.partner) {
            expected = 0;
        }
        expected = expected.saturating_add(1);
        if order.number != expected {
            report.findings.push(format!(
                "orders {id}: number {} where {expected} was due",
                order.number
            ));
            expected = order.number;
        }
        for line in &order.lines {
            let Some(subscription) = line.subscription else {
                continue;
            };
            match tx
                .get::<Subscription>(&[Value::Id(subscription.uuid())])
                .await?
            {
                Some(found) if found.order_id == Some(order.id) => {}
                Some(_) => report.findings.push(format!(
                    "subscriptions {subscription}: does not name its order {id}"
                )),
                None => report.findings.push(format!(
                    "orders {id}: its subscription {subscription} is missing"
                )),
            }
        }
    }
    Ok(())
}
