//! What partnerships and relationships leave behind beside a yes or no.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use crate::common::World;
use serde_json::{Value as Json, json};
use tierline_app::ask::ask;
use tierline_app::names;
use tierline_domain::admin::AdminRelationship;
use tierline_domain::partner::Partnership;
use tierline_domain::subscription::Subscription;
use tierline_store::{Value, tables};

fn given() -> Json {
    json!([
        {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "FR"}},
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
        {"customer": {"id": "C-1", "country": "FR"}},
        {"item": {"id": "vm-reservation", "kind": "reservation", "terms": {"P1Y": ["monthly"]},
            "prices": {"P1Y": ["EUR 600.00"]}}},
    ])
}

async fn world() -> World {
    World::of("2023-11-15", given()).await
}

async fn partnership(world: &World) -> Partnership {
    let read = ask(|tx| {
        Box::pin(async move {
            let provider = names::the_account(tx, "IP-1").await?;
            let key = [Value::Id(provider.id.uuid())];
            let ties = tx
                .find::<Partnership>(tables::partnerships::BY_PROVIDER, &key)
                .await?;
            Ok(ties.into_iter().next())
        })
    });
    world.db.read(read).await.unwrap().unwrap()
}

/// REL-005 and REL-006: acceptance opens the reseller's own account to the provider, and the reseller may
/// close it without ending the partnership.
#[tokio::test]
async fn the_provider_gets_access_and_may_lose_it() {
    let mut world = world().await;
    world
        .act("IP-1", "invite_partner", json!({"partner": "IR-A"}))
        .await;
    assert!(!partnership(&world).await.provider_access);
    world
        .act("IR-A", "accept_partnership", json!({"provider": "IP-1"}))
        .await;
    assert!(partnership(&world).await.provider_access);
    world
        .act(
            "IR-A",
            "withdraw_provider_access",
            json!({"provider": "IP-1"}),
        )
        .await;
    assert!(!partnership(&world).await.provider_access);
    let state = world.state("partnership.IP-1.IR-A.state").await;
    assert_eq!(state, json!("active"));
}

/// invitations are declined by whom they are for, and taken back by who sent them.
#[tokio::test]
async fn invitations_are_declined_and_withdrawn() {
    let mut world = world().await;
    let invite = json!({"partner": "IR-A"});
    world.act("IP-1", "invite_partner", invite.clone()).await;
    world
        .act("IR-A", "decline_partnership", json!({"provider": "IP-1"}))
        .await;
    let path = "partnership.IP-1.IR-A.state";
    assert_eq!(world.state(path).await, json!("declined"));
    world.act("IP-1", "invite_partner", invite.clone()).await;
    world.act("IP-1", "withdraw_partnership", invite).await;
    assert_eq!(world.state(path).await, json!("withdrawn"));
    world
        .act("DB-1", "invite_customer", json!({"customer": "C-1"}))
        .await;
    world
        .act("C-1", "decline_relationship", json!({"partner": "DB-1"}))
        .await;
    let path = "relationship.DB-1.C-1.state";
    assert_eq!(world.state(path).await, json!("declined"));
}

/// CUS-004: the two halves of a joint invitation are answered together.
#[tokio::test]
async fn a_joint_invitation_is_withdrawn_as_a_whole() {
    let mut world = world().await;
    world
        .act("IP-1", "invite_partner", json!({"partner": "IR-A"}))
        .await;
    world
        .act("IR-A", "accept_partnership", json!({"provider": "IP-1"}))
        .await;
    world
        .act(
            "IR-A",
            "invite_customer",
            json!({"customer": "C-1", "with_provider": "IP-1"}),
        )
        .await;
    world
        .act("IR-A", "withdraw_invitation", json!({"customer": "C-1"}))
        .await;
    for path in ["relationship.IP-1.C-1.state", "relationship.IR-A.C-1.state"] {
        assert_eq!(world.state(path).await, json!("withdrawn"), "{path}");
    }
}

/// REL-013, TXN-607 and Q-30: a reseller's wish is a case, and only the operator's act ends the partnership.
#[tokio::test]
async fn a_reseller_leaves_through_a_support_case() {
    let mut world = world().await;
    world
        .act("IP-1", "invite_partner", json!({"partner": "IR-A"}))
        .await;
    world
        .act("IR-A", "accept_partnership", json!({"provider": "IP-1"}))
        .await;
    world
        .act(
            "IR-A",
            "request_partnership_removal",
            json!({"provider": "IP-1"}),
        )
        .await;
    let asked = partnership(&world).await;
    assert_eq!(asked.removal_requested, Some(world.now.date()));
    let path = "partnership.IP-1.IR-A.state";
    assert_eq!(world.state(path).await, json!("active"));
    world
        .act(
            "operator",
            "end_partnership",
            json!({"provider": "IP-1", "reseller": "IR-A"}),
        )
        .await;
    assert_eq!(world.state(path).await, json!("removed"));
    assert_eq!(partnership(&world).await.removal_requested, None);
}

/// GDA-021, GDA-022 and CUS-032: creator and reseller each get the default rights of their kind.
#[tokio::test]
async fn new_customers_come_with_default_rights() {
    let mut world = world().await;
    world
        .act("IP-1", "invite_partner", json!({"partner": "IR-A"}))
        .await;
    world
        .act("IR-A", "accept_partnership", json!({"provider": "IP-1"}))
        .await;
    let form = json!({
        "id": "C-new", "name": "Orchard Bakery SAS", "country": "FR", "domain": "orchard.example",
        "email": "it@orchard.example", "for_reseller": "IR-A",
    });
    world.act("IP-1", "create_customer", form).await;
    let read = ask(|tx| {
        Box::pin(async move {
            let customer = names::the_tenant(tx, "C-new").await?;
            let key = [Value::Id(customer.id.uuid())];
            let mut counts = Vec::new();
            for row in tx
                .find::<AdminRelationship>(tables::admin_relationships::BY_CUSTOMER, &key)
                .await?
            {
                let partner = names::account_by_id(tx, row.partner).await?;
                counts.push((partner.handle, row.roles.len(), row.assigned.len()));
            }
            counts.sort();
            Ok(counts)
        })
    });
    let counts = world.db.read(read).await.unwrap();
    assert_eq!(
        counts,
        [("IP-1".to_owned(), 11, 0), ("IR-A".to_owned(), 9, 0)]
    );
}

/// CUS-026: what a customer buys by itself is the partner's to pay.
#[tokio::test]
async fn the_partner_pays_for_self_service() {
    let mut world = world().await;
    world
        .act("DB-1", "invite_customer", json!({"customer": "C-1"}))
        .await;
    world
        .act("C-1", "accept_relationship", json!({"partner": "DB-1"}))
        .await;
    world
        .act(
            "DB-1",
            "set_self_service",
            json!({"customer": "C-1", "enabled": true}),
        )
        .await;
    world
        .act(
            "C-1",
            "self_service_purchase",
            json!({"item": "vm-reservation", "partner": "DB-1"}),
        )
        .await;
    let read = ask(|tx| {
        Box::pin(async move {
            let payer = names::the_account(tx, "DB-1").await?;
            let key = [Value::Id(payer.id.uuid())];
            let held = tx
                .find::<Subscription>(tables::subscriptions::BY_SELLER, &key)
                .await?;
            Ok(held.len())
        })
    });
    assert_eq!(world.db.read(read).await.unwrap(), 1);
}

/// GEN-006: a repeat answers with the first customer; it names nobody twice.
#[tokio::test]
async fn a_repeated_creation_answers_as_the_first_time() {
    let mut world = world().await;
    let form = json!({
        "name": "Orchard Bakery GmbH", "country": "DE", "domain": "orchard.example",
        "email": "it@orchard.example", "request_id": "r-1",
    });
    let first = world.act("DB-1", "create_customer", form.clone()).await;
    assert_eq!(
        first.result.get("customer"),
        Some(&json!("orchard-bakery-gmbh"))
    );
    assert_eq!(first.result.get("replayed"), Some(&json!(false)));
    let again = world.act("DB-1", "create_customer", form).await;
    assert_eq!(again.result.get("customer"), first.result.get("customer"));
    assert_eq!(again.result.get("replayed"), Some(&json!(true)));
}

/// an invitation that nobody answers lapses on its ninetieth day, once, and one sent again counts from
/// the second time.
#[tokio::test]
async fn invitations_lapse_once() {
    let mut world = world().await;
    let invite = json!({"partner": "IR-A"});
    world.act("IP-1", "invite_partner", invite.clone()).await;
    world
        .act("DB-1", "invite_customer", json!({"customer": "C-1"}))
        .await;
    world.until("2024-01-15").await;
    world.act("IP-1", "invite_partner", invite).await;
    world.until("2024-02-14").await;
    assert_eq!(world.happened("relationship_lapse").await, ["DB-1 C-1"]);
    assert!(world.happened("partnership_lapse").await.is_empty());
    world.until("2024-04-14").await;
    assert_eq!(world.happened("partnership_lapse").await, ["IP-1 IR-A"]);
    let path = "partnership.IP-1.IR-A.state";
    assert_eq!(world.state(path).await, json!("lapsed"));
}
