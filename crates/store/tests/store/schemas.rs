//! The program's own schema and statements, on both engines.

use tierline_store::testing::{both_engines, postgres, sqlite};
use tierline_store::{
    Command, Statement, StoreError, Tx, customers, holdings, idempotency, log, overview, schema,
    tables,
};

/// Every statement of every table.
fn statements() -> Vec<Statement> {
    macro_rules! all {
        ($($table:ident)+) => { [$(tables::$table::STATEMENTS),+].concat() };
    }
    let mut statements = all!(
        organizations affiliations waivers locations tenants accounts agreements partnerships customers relationships attestations
        admin_relationships security_groups assignments users items dated_prices promotions carts orders documents order_requests subscriptions
        charges upgrades registrations activations product_upgrades overages transfers resource_roles invoices credit_lines settings counters schedule world_clocks decisions applications application_secrets sign_ins authorization_codes refresh_tokens consents passwords signing_keys contacts judgements
        audit_records webhook_registrations webhook_deliveries webhook_attempts webhook_certificates
        partner_profiles qualifications validation_codes account_checks verified_domains
        admin_drafts admin_requests admin_operations delegation_uses
        price_lists price_rules agreed_prices billing_arrangements billing_runs batches invoice_lines postings payments payment_instructions tax_rates tax_exemptions fx_rates
        meters meter_prices usage_uploads usage_events usage_resources usage_days usage_charges resource_access credit_losses exports export_parts papers paper_contents
        listed_customers known_customers
    );
    statements.extend(tables::catalogue::STATEMENTS.concat());
    statements.extend(tables::directory::STATEMENTS.concat());
    statements.extend(tables::support::STATEMENTS.concat());
    statements.extend(tables::security::STATEMENTS.concat());
    statements.extend(tables::notices::STATEMENTS.concat());
    statements.extend(log::STATEMENTS.concat());
    statements.extend_from_slice(idempotency::ALL);
    statements.extend_from_slice(holdings::ALL);
    statements.extend_from_slice(tables::identity::ALL);
    statements.extend_from_slice(customers::ALL);
    statements.extend(overview::STATEMENTS.concat());
    statements.extend_from_slice(tables::audit::STATEMENTS);
    statements.extend_from_slice(tables::webhooks::STATEMENTS);
    statements.extend_from_slice(tables::time::STATEMENTS);
    statements.extend_from_slice(tables::billing::STATEMENTS);
    statements.extend_from_slice(tables::usage::STATEMENTS);
    statements.extend_from_slice(tables::files::STATEMENTS);
    statements
}

struct PrepareAll;
impl Command for PrepareAll {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for statement in statements() {
            tx.prepare(statement).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn every_statement_is_understood_by_both_engines() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let done = test.db.write(PrepareAll).await;
        assert!(done.is_ok(), "{done:?}");
    })
    .await;
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let here = sqlite(schema::MIGRATIONS).await;
    let Some(there) = postgres(schema::MIGRATIONS).await else {
        return;
    };
    let (here, there) = (
        here.columns().await.unwrap(),
        there.columns().await.unwrap(),
    );
    assert_eq!(here.len(), there.len());
    for (one, other) in here.iter().zip(&there) {
        assert_eq!(one, other);
    }
    let prepared = statements();
    let plumbing = ["events", "checkpoints", "idempotency", "schema_migrations"];
    for table in here
        .iter()
        .map(|column| &column.table)
        .filter(|table| !plumbing.contains(&table.as_str()))
    {
        let is_listed = prepared
            .iter()
            .any(|statement| statement.name == format!("{table}.INSERT"));
        assert!(is_listed, "{table} is missing in the list above");
    }
}

/// What was done to databases that are kept stays as it was done: a migration that has been here is never edited, and a
/// change of the schema is one more.
#[test]
fn a_migration_is_never_edited() {
    let frozen: Vec<&str> = include_str!("../migrations.txt").lines().collect();
    let now: Vec<String> = schema::MIGRATIONS
        .iter()
        .map(|migration| {
            let digest = migration.checksum();
            let digest = digest.iter().map(|byte| format!("{byte:02x}"));
            format!("{} {}", migration.name, digest.collect::<Vec<_>>().concat())
        })
        .collect();
    assert_eq!(
        now, frozen,
        "a new one is added at the end of migrations.txt"
    );
}

/// Every table is one that the log answers for, or is exempt with a reason, and none is both.
#[tokio::test]
async fn the_log_answers_for_every_table_or_says_why_not() {
    let here = sqlite(schema::MIGRATIONS).await;
    for column in here.columns().await.unwrap() {
        let table = column.table;
        let logged = log::LOGGED.contains(&table.as_str());
        let exempt = log::EXEMPT
            .iter()
            .any(|(name, reason)| *name == table && reason.len() > 10);
        assert!(
            logged != exempt,
            "{table}: logged {logged}, exempt {exempt}"
        );
    }
}
