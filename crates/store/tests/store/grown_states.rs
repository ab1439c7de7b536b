//! A database from before granular relationships had all their states keeps what it holds.

use tierline_domain::admin::{AdminRelationship, AdminState, Assignment, AssignmentState};
use tierline_domain::time::Timestamp;
use tierline_store::tables::{assignments, delegation};
use tierline_store::testing::both_engines;
use tierline_store::{Command, Db, Migration, StoreError, Tx, Value, statements};
use uuid::Uuid;

/// The tables that the migration changes or points to, as they were.
const BEFORE: Migration = Migration {
    name: "before",
    sql: "
CREATE TABLE accounts (id {id} PRIMARY KEY) {strict};
CREATE TABLE tenants (id {id} PRIMARY KEY) {strict};
CREATE TABLE admin_relationships (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    name {text} NOT NULL, roles {json} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('approval_pending','approved','active','expired','termination_requested','terminated')),
    requested {instant} NOT NULL, ends {day} NOT NULL, days {int} NOT NULL, auto_extend {bool} NOT NULL, is_default {bool} NOT NULL, assigned {json} NOT NULL
) {strict};
CREATE TABLE security_groups (id {id} PRIMARY KEY) {strict};
CREATE TABLE assignments (
    admin_relationship {id} NOT NULL REFERENCES admin_relationships (id), security_group {id} NOT NULL REFERENCES security_groups (id),
    roles {json} NOT NULL, PRIMARY KEY (admin_relationship, security_group)
) {strict};
",
};
static OLD: &[Migration] = &[BEFORE];
static NEW: &[Migration] = &[BEFORE, delegation::MIGRATION];

statements! {
    PARTNER = "INSERT INTO accounts (id) VALUES ($1)";
    CUSTOMER = "INSERT INTO tenants (id) VALUES ($1)";
    GROUP = "INSERT INTO security_groups (id) VALUES ($1)";
    RIGHTS = "INSERT INTO admin_relationships (id, handle, partner, customer, name, roles, state, requested, ends, days, auto_extend, is_default, assigned) VALUES ($1, 'old', $1, $1, 'old', $2, 'termination_requested', $3, $4, 365, $5, $5, $2)";
    HELD = "INSERT INTO assignments (admin_relationship, security_group, roles) VALUES ($1, $1, $2)";
}

const ID: Uuid = Uuid::from_u128(7);

fn at() -> Timestamp {
    "2023-11-15".parse().unwrap()
}

/// Writes what a database of before holds.
struct Fill;

impl Command for Fill {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let id = || Value::Id(ID);
        let roles = || Value::Json("[\"global_reader\"]".to_owned());
        for statement in [PARTNER, CUSTOMER, GROUP] {
            tx.execute(statement, &[id()]).await?;
        }
        let rights = [
            id(),
            roles(),
            Value::Instant(at()),
            Value::Day(at().date()),
            Value::Bool(false),
        ];
        tx.execute(RIGHTS, &rights).await?;
        tx.execute(HELD, &[id(), roles()]).await?;
        Ok(())
    }
}

/// Reads it as it is now.
struct Find;

impl Command for Find {
    type Out = (Option<AdminRelationship>, Vec<Assignment>);
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let key = [Value::Id(ID)];
        let rights = tx.get::<AdminRelationship>(&key).await?;
        let held = tx.find(assignments::BY_RELATIONSHIP, &key).await?;
        Ok((rights, held))
    }
}

#[tokio::test]
async fn states_stay_when_their_column_is_another() {
    both_engines(OLD, |test| async move {
        test.db.write(Fill).await.unwrap();
        let db = Db::open(&test.config, NEW).await.unwrap();
        let (rights, held) = db.read(Find).await.unwrap();
        let rights = rights.unwrap();
        assert_eq!(rights.state, AdminState::TerminationRequested);
        assert_eq!(
            (rights.version, rights.activated, rights.changed),
            (1, None, None)
        );
        assert_eq!(rights.requested, at());
        assert_eq!(rights.end().to_string(), "2023-11-16T00:00:00Z");
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].state, AssignmentState::Active);
    })
    .await;
}
