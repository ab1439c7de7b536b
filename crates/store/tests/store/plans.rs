//! Reads that must not grow with their table are ranges of an index, on both engines.

use tierline_domain::customer::{Acquired, Delegation, Relationship, RelationshipState};
use tierline_domain::id::Id;
use tierline_domain::partner::{MembershipState, Organization, Tenant, TenantType};
use tierline_domain::time::Timestamp;
use tierline_store::log::Outcome;
use tierline_store::registers::{CUSTOMERS, CUSTOMERS_OF};
use tierline_store::tables::audit::{AuditRecord, KNOWN_CUSTOMERS};
use tierline_store::tables::audit_records::{BEFORE, OF_CUSTOMER_BEFORE, OF_RESOURCE_BEFORE};
use tierline_store::tables::{
    Due, Known, Listed, known_customers, listed_customers, organizations, relationships, schedule,
    tenants, usage,
};
use tierline_store::testing::both_engines;
use tierline_store::value::Field;
use tierline_store::{Command, Json, Statement, StoreError, Table, Tx, Value, schema};
use uuid::Uuid;

const ANALYZE: Statement = Statement::new("plans::ANALYZE", "ANALYZE audit_records");
const ANALYZE_SCHEDULE: Statement = Statement::new("plans::ANALYZE_SCHEDULE", "ANALYZE schedule");
const RECORDS: u32 = 4_000;
const RESOURCES: [&str; 4] = ["order", "customer", "subscription", "license"];

/// Records of four tenants, three customers and four types of things.
struct Fill;

impl Command for Fill {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let organization = Organization {
            id: Id::from_uuid(Uuid::from_u128(1)),
            handle: "one".to_owned(),
            name: "One".to_owned(),
            headquarters: None,
            membership: MembershipState::Active,
        };
        // Past the log: what stands in these rows is no matter here.
        tx.execute(organizations::INSERT, &organization.values())
            .await?;
        for number in 0..4 {
            let tenant = Tenant {
                id: Id::from_uuid(Uuid::from_u128(number)),
                handle: number.to_string(),
                organization: organization.id,
                kind: TenantType::Partner,
                country: "FR".parse().unwrap(),
                domain: number.to_string(),
                associated_with: None,
                program_since: None,
            };
            tx.execute(tenants::INSERT, &tenant.values()).await?;
        }
        for number in 0..RECORDS {
            let resource = usize::try_from(number / 4 % 4).unwrap();
            tx.insert(&AuditRecord {
                event: Uuid::from_u128(u128::from(number) + 1),
                tenant: Id::from_uuid(Uuid::from_u128(u128::from(number % 4))),
                at_world: Timestamp::from_micros(i64::from(number) * 1_000_000).unwrap(),
                operation: "update_subscription".to_owned(),
                resource: RESOURCES[resource].to_owned(),
                subject: number.to_string(),
                outcome: Outcome::Succeeded,
                rule: None,
                customer: Some(Id::from_uuid(Uuid::from_u128(u128::from(number / 16 % 3)))),
                user_name: None,
                application: None,
                correlation: None,
                old_value: None,
                new_value: None,
            })
            .await?;
        }
        tx.execute(ANALYZE, &[]).await.map(drop)
    }
}

#[tokio::test]
async fn pages_of_audit_records_are_ranges_of_an_index() {
    both_engines(schema::MIGRATIONS, |test| async move {
        test.db.write(Fill).await.unwrap();
        let from = Value::Instant(Timestamp::from_micros(0).unwrap());
        let until = Value::Instant(Timestamp::from_micros(i64::from(RECORDS) * 1_000_000).unwrap());
        let (id, rows) = (Value::Id(Uuid::from_u128(1)), Value::Int(21));
        let page = |range: Option<Value>| {
            let key = std::iter::once(id.clone()).chain(range);
            let rest = [from.clone(), until.clone(), id.clone(), rows.clone()];
            key.chain(rest).collect::<Vec<_>>()
        };
        let word = Value::Text("order".to_owned());
        for (statement, params, index) in [
            (BEFORE, page(None), "audit_records_at"),
            (
                OF_CUSTOMER_BEFORE,
                page(Some(id.clone())),
                "audit_records_customer",
            ),
            (
                OF_RESOURCE_BEFORE,
                page(Some(word)),
                "audit_records_resource",
            ),
        ] {
            let plan = test.plan(statement, params).await.unwrap();
            let (engine, name) = (test.engine, statement.name);
            assert!(plan.contains(index), "{engine}, {name}: {plan}");
            // Neither is the whole table read, nor are its rows sorted.
            for word in ["SCAN", "Seq Scan", "TEMP B-TREE", "Sort"] {
                assert!(!plan.contains(word), "{engine}, {name}: {plan}");
            }
        }
        // A partner's customers are looked up without a look at its records.
        let plan = test.plan(KNOWN_CUSTOMERS, vec![id]).await.unwrap();
        assert!(!plan.contains("audit_records"), "{plan}");
    })
    .await;
}

/// Things that are due, half of them done.
struct Schedule;

impl Command for Schedule {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for number in 0..RECORDS {
            let due = Timestamp::from_micros(i64::from(number) * 1_000_000).unwrap();
            tx.insert(&Due {
                id: Uuid::from_u128(u128::from(number) + 1),
                due,
                kind: "term_end".to_owned(),
                subject: number.to_string(),
                done: (number % 2 == 0).then_some(due),
                problem: None,
            })
            .await?;
        }
        tx.execute(ANALYZE_SCHEDULE, &[]).await.map(drop)
    }
}

#[tokio::test]
async fn pages_of_the_schedule_and_what_is_next_are_ranges_of_an_index() {
    both_engines(schema::MIGRATIONS, |test| async move {
        test.db.write(Schedule).await.unwrap();
        let at = Value::Instant(Timestamp::from_micros(900_000_000).unwrap());
        let place = [at.clone(), Value::Id(Uuid::from_u128(1)), Value::Int(20)];
        for (statement, params, index) in [
            (
                schedule::NEXT,
                vec![at.clone(), Value::Int(20)],
                "schedule_due",
            ),
            (schedule::FIRST_AFTER, vec![at], "schedule_due"),
            (schedule::OPEN_AFTER, place.to_vec(), "schedule_due"),
            (schedule::DONE_BEFORE, place.to_vec(), "schedule_done"),
            (schedule::ASIDE_BEFORE, place.to_vec(), "schedule_set_aside"),
            (
                schedule::OPEN_FOR,
                vec![Value::Text("7".to_owned())],
                "schedule_subject",
            ),
        ] {
            let plan = test.plan(statement, params).await.unwrap();
            let (engine, name) = (test.engine, statement.name);
            assert!(plan.contains(index), "{engine}, {name}: {plan}");
            for word in ["SCAN", "Seq Scan", "TEMP B-TREE", "Sort"] {
                assert!(!plan.contains(word), "{engine}, {name}: {plan}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn known_events_are_looked_up_one_by_one() {
    both_engines(schema::MIGRATIONS, |test| async move {
        if test.engine == "PostgreSQL" {
            // It plans with the table's size, and reads an empty one.
            return;
        }
        let ids = vec![Value::Id(Uuid::from_u128(1)); usage::KNOWN_MAX];
        let plan = test.plan(usage::KNOWN, ids).await.unwrap();
        assert!(plan.contains("SEARCH e USING INDEX"), "{plan}");
        assert!(!plan.contains("SCAN e"), "{plan}");
    })
    .await;
}

const ADD_ACCOUNT: Statement = Statement::new(
    "plans::ADD_ACCOUNT",
    "INSERT INTO accounts (id, handle, organization, kind, country, state, state_since, onboarded, tenant, domain, environment,
        sandbox_customers, cloud, approvals, transitioning, reseller_enrolment, support_plan, support_benefit, third_party_mfa_exception, version)
     VALUES ($1, $2, $3, 'indirect_provider', 'FR', 'active', $4, $4, $5, $2, 'sandbox', 0, 'public', $6, FALSE, 'none', 'none', FALSE, FALSE, 1)",
);
const ANALYZED: [Statement; 6] = [
    Statement::new("plans::KNOWN", "ANALYZE known_customers"),
    Statement::new("plans::LISTED", "ANALYZE listed_customers"),
    Statement::new("plans::RELATIONSHIPS", "ANALYZE relationships"),
    Statement::new("plans::TENANTS", "ANALYZE tenants"),
    Statement::new("plans::ORGANIZATIONS", "ANALYZE organizations"),
    Statement::new("plans::CONTACTS", "ANALYZE contacts"),
];

/// Two partners with customers of one organization each.
struct Customers;

impl Command for Customers {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let now = Timestamp::from_micros(0).unwrap();
        for number in 0..RECORDS {
            let handle = format!("company-{number:05}");
            let id = Uuid::from_u128(u128::from(number) + 1);
            let organization = Organization {
                id: Id::from_uuid(id),
                handle: handle.clone(),
                name: handle.clone(),
                headquarters: None,
                membership: MembershipState::Active,
            };
            tx.execute(organizations::INSERT, &organization.values())
                .await?;
            let tenant = Tenant {
                id: Id::from_uuid(id),
                handle: handle.clone(),
                organization: organization.id,
                kind: TenantType::Customer,
                country: "FR".parse().unwrap(),
                domain: handle.clone(),
                associated_with: None,
                program_since: None,
            };
            tx.execute(tenants::INSERT, &tenant.values()).await?;
            if number < 2 {
                let values = [
                    Value::Id(id),
                    Value::Text(handle.clone()),
                    Value::Id(id),
                    Value::Day(now.date()),
                    Value::Id(id),
                    Json(Vec::<String>::new()).to_value(),
                ];
                tx.execute(ADD_ACCOUNT, &values).await?;
            }
            let partner = Uuid::from_u128(u128::from(number % 2) + 1);
            let tie = Relationship {
                partner: Id::from_uuid(partner),
                customer: tenant.id,
                state: RelationshipState::Active,
                since: now,
                removed: None,
                delegation: Delegation::None,
                acquired: Acquired::Directly,
                joint_with: None,
                self_service: false,
            };
            tx.execute(relationships::INSERT, &tie.values()).await?;
            let listed = Listed {
                partner: tie.partner,
                customer: tie.customer,
                folded: handle.clone(),
            };
            tx.execute(listed_customers::INSERT, &listed.values())
                .await?;
            let known = Known {
                customer: tie.customer,
                folded: handle,
            };
            tx.execute(known_customers::INSERT, &known.values()).await?;
        }
        for statement in ANALYZED {
            tx.execute(statement, &[]).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn pages_of_customers_are_ranges_of_an_index() {
    both_engines(schema::MIGRATIONS, |test| async move {
        test.db.write(Customers).await.unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let (name, id) = (text("company-00900"), Value::Id(Uuid::from_u128(901)));
        let (all, most) = (text("%%"), Value::Int(201));
        let partner = Value::Id(Uuid::from_u128(1));
        let of = vec![
            partner,
            name.clone(),
            id.clone(),
            text(""),
            text(""),
            all.clone(),
            most.clone(),
        ];
        for (statement, params, index) in [
            (CUSTOMERS_OF, of, "listed_customers_name"),
            (
                CUSTOMERS,
                vec![name, id, text(""), all, most],
                "known_customers_name",
            ),
        ] {
            let plan = test.plan(statement, params).await.unwrap();
            let engine = test.engine;
            assert!(plan.contains(index), "{engine}: {plan}");
            for word in [
                "SCAN",
                "Seq Scan on listed",
                "Seq Scan on known",
                "TEMP B-TREE",
                "Sort",
            ] {
                assert!(!plan.contains(word), "{engine}: {plan}");
            }
        }
    })
    .await;
}
