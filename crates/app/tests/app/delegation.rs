//! What delegation tells both sides, and what a user may do with it.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use crate::common::World;
use serde_json::{Value as Json, json};
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::ctx::Ids;
use tierline_app::effective::{self, Effective};
use tierline_app::{AppError, Ctx, events};

fn given() -> Json {
    json!([
        {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "FR"}},
        {"customer": {"id": "C-1", "country": "FR"}},
        {"customer": {"id": "C-2", "country": "FR"}},
        {"relationship": {"partner": "IP-1", "customer": "C-1", "delegation": "full"}},
        {"relationship": {"partner": "DB-1", "customer": "C-2"}},
        {"user": {"id": "agent", "partner": "IP-1", "roles": ["admin_agent"]}},
        {"user": {"id": "keeper", "partner": "IP-1", "roles": ["helpdesk_agent"]}},
        {"user": {"id": "clerk", "partner": "IP-1", "roles": ["billing_admin"]}},
        {"user": {"id": "stranger", "partner": "DB-1", "roles": ["admin_agent"]}},
        {"group": {"id": "desk", "partner": "IP-1", "members": ["keeper"]}},
        {"group": {"id": "others", "partner": "IP-1", "members": []}},
        {"admin_relationship": {"id": "ar-1", "partner": "IP-1", "customer": "C-1", "ends": "2024-01-15",
            "roles": ["user_administrator", "global_reader", "license_administrator"],
            "groups": [{"group": "desk", "roles": ["user_administrator"]}, {"group": "others", "roles": ["global_reader"]}]}},
        {"admin_relationship": {"id": "ar-2", "partner": "IP-1", "customer": "C-1", "state": "approval_pending",
            "requested": "2023-11-10", "roles": ["directory_writer"]}},
    ])
}

async fn world() -> World {
    World::of("2023-11-15", given()).await
}

/// How often something was told, and on which days.
async fn told(world: &World, kind: &'static str) -> Vec<String> {
    let read = ask(move |tx| {
        Box::pin(async move {
            let recent = tx.fetch_all::<events::Event>(events::RECENT, &[]).await?;
            let told = recent.into_iter().filter(|event| event.kind == kind);
            let mut days: Vec<String> = told.map(|event| event.at.date().to_string()).collect();
            days.reverse();
            Ok(days)
        })
    });
    world.db.read(read).await.unwrap()
}

async fn effective(
    world: &World,
    by: &str,
    user: &str,
    customer: &str,
) -> Result<Effective, AppError> {
    let seed = Ids::named("effective", by, world.now).uuid();
    let ctx = Ctx::new(ActorSpec::of(by), world.now, world.now, seed);
    let (user, customer) = (user.to_owned(), customer.to_owned());
    let read = ask(move |tx| {
        let (ctx, user, customer) = (ctx.clone(), user.clone(), customer.clone());
        Box::pin(async move { effective::of(&ctx, tx, &customer, Some(&user)).await })
    });
    world.db.read(read).await
}

/// Roles that are held, and from which group.
fn held(found: &Effective) -> Vec<(String, Option<String>)> {
    let roles = found.roles.iter();
    roles
        .map(|grant| (grant.role.clone(), grant.group.clone()))
        .collect()
}

/// Roles that are not held, and by which rule.
fn open(found: &Effective) -> Vec<(String, String)> {
    let gaps = found.gaps.iter();
    gaps.map(|gap| (gap.roles.join(","), gap.rule.to_string()))
        .collect()
}

/// GDA-016: thirty, seven and one day ahead, and on the day itself.
#[tokio::test]
async fn both_sides_are_reminded_and_told_of_the_end() {
    let mut world = world().await;
    world.until("2024-02-15").await;
    let days = ["2023-12-16", "2024-01-08", "2024-01-14", "2024-01-15"];
    for side in [
        "admin_expiry_notice_to_partner",
        "admin_expiry_notice_to_customer",
    ] {
        assert_eq!(told(&world, side).await, days, "{side}");
    }
}

/// GDA-030.
#[tokio::test]
async fn both_sides_have_the_approval_confirmed() {
    let mut world = world().await;
    world
        .act(
            "C-1",
            "approve_admin",
            json!({"admin_relationship": "ar-2"}),
        )
        .await;
    for side in [
        "admin_confirmed_notice_to_partner",
        "admin_confirmed_notice_to_customer",
    ] {
        assert_eq!(told(&world, side).await, ["2023-11-15"], "{side}");
    }
}

#[tokio::test]
async fn a_user_holds_what_its_groups_hold_and_the_rest_has_reasons() {
    let world = world().await;
    let found = effective(&world, "operator", "keeper", "C-1")
        .await
        .unwrap();
    let desk = Some("desk".to_owned());
    assert_eq!(held(&found), [("user_administrator".to_owned(), desk)]);
    assert!(found.decision.allowed);
    let until = found.roles[0].until.unwrap();
    assert_eq!(until.to_string(), "2024-01-16T00:00:00Z");
    let rule = |roles: &str, rule: &str| (roles.to_owned(), rule.to_owned());
    assert_eq!(
        open(&found),
        [
            rule("global_reader", "GDA-010"),
            rule("license_administrator", "GDA-010"),
            rule("directory_writer", "GDA-009"),
            rule("helpdesk_administrator", "DAP-004"),
        ]
    );
    // Without a granular role an admin agent keeps full delegation.
    let found = effective(&world, "operator", "agent", "C-1").await.unwrap();
    assert_eq!(held(&found), [("global_administrator".to_owned(), None)]);
    assert_eq!(found.roles[0].until, None);
    // Whoever is neither has nothing, and hears why.
    let found = effective(&world, "operator", "clerk", "C-1").await.unwrap();
    assert!(held(&found).is_empty() && !found.decision.allowed);
    assert!(open(&found).contains(&rule("global_administrator", "DAP-001")));
}

#[tokio::test]
async fn what_is_on_its_way_or_over_is_said_to_be_so() {
    let mut world = world().await;
    let assign =
        json!({"admin_relationship": "ar-1", "group": "desk", "roles": ["user_administrator"]});
    world
        .act(
            "IP-1",
            "remove_roles",
            json!({"admin_relationship": "ar-1", "group": "desk"}),
        )
        .await;
    world.until("2023-11-15T13:00:00Z").await;
    world.act("IP-1", "assign_roles", assign).await;
    let found = effective(&world, "operator", "keeper", "C-1")
        .await
        .unwrap();
    let late = ("user_administrator".to_owned(), "ROL-017".to_owned());
    assert!(open(&found).contains(&late), "{:?}", open(&found));
    world.until("2023-11-15T14:00:00Z").await;
    let found = effective(&world, "operator", "keeper", "C-1")
        .await
        .unwrap();
    assert_eq!(held(&found).len(), 1);
    world
        .act(
            "C-1",
            "terminate_admin",
            json!({"admin_relationship": "ar-1"}),
        )
        .await;
    let found = effective(&world, "operator", "keeper", "C-1")
        .await
        .unwrap();
    let over = open(&found);
    assert!(over.iter().any(|(_, rule)| rule == "GDA-017"), "{over:?}");
    // Old full delegation is all that is left.
    assert_eq!(held(&found), [("helpdesk_administrator".to_owned(), None)]);
}

#[tokio::test]
async fn nobody_asks_about_others() {
    let world = world().await;
    // Staff that assigns roles, the user itself, the customer, the operator.
    for by in ["operator", "IP-1", "agent", "keeper", "C-1"] {
        let found = effective(&world, by, "keeper", "C-1").await;
        assert!(found.is_ok(), "{by}: {found:?}");
    }
    // The customer does not hear whose group it is.
    let found = effective(&world, "C-1", "keeper", "C-1").await.unwrap();
    assert_eq!(found.roles[0].group, None);
    for (by, user, customer) in [
        ("clerk", "keeper", "C-1"),
        ("DB-1", "keeper", "C-1"),
        ("DB-1", "stranger", "C-1"),
        ("IP-1", "stranger", "C-2"),
        ("IP-1", "keeper", "C-2"),
        ("IP-1", "nobody", "C-1"),
        ("IP-1", "keeper", "nowhere"),
        ("C-2", "keeper", "C-1"),
        ("C-2", "keeper", "C-2"),
        ("C-1", "stranger", "C-1"),
    ] {
        let found = effective(&world, by, user, customer).await;
        let is_missing = matches!(found, Err(AppError::NotFound { .. }));
        assert!(
            is_missing,
            "{by} asks about {user} at {customer}: {found:?}"
        );
    }
}
