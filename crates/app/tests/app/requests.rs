//! What is answered once and for good, and values that are refused by the name of their field.

use crate::common::World;
use serde_json::{Value as Json, json};

async fn channel(today: &str) -> World {
    let given = json!([
        {"organization": {"id": "ORG-A"}},
        {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "IP-2", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "FR", "organization": "ORG-A"}},
        {"partnership": {"provider": "IP-1", "reseller": "IR-A"}},
        {"customer": {"id": "C-1", "country": "FR"}},
        {"relationship": {"partner": "IP-1", "customer": "C-1"}},
        {"relationship": {"partner": "IR-A", "customer": "C-1"}},
        {"item": {"id": "suite", "prices": {"P1Y": ["EUR 120.00"]}}},
    ]);
    World::of(today, given).await
}

async fn asked(world: &mut World, id: &str) {
    let params = json!({"id": id, "provider": "IP-1", "customer": "C-1", "item": "suite"});
    world.act("IR-A", "request_order", params).await;
}

fn accept(id: &str) -> Json {
    json!({ "request": id, "accept": true })
}

fn decline(id: &str, reason: &str) -> Json {
    json!({ "request": id, "accept": false, "reason": reason })
}

#[tokio::test]
async fn an_accepted_request_tells_again_what_it_became() {
    let mut world = channel("2023-11-15").await;
    asked(&mut world, "ask-1").await;
    let first = world.act("IP-1", "answer_order_request", accept("ask-1"));
    let first = first.await.result;
    let again = world.act("IP-1", "answer_order_request", accept("ask-1"));
    let again = again.await.result;
    assert_eq!(first["state"], "accepted");
    assert_eq!(again["state"], "accepted");
    for field in ["order", "subscription"] {
        assert!(first["order"][field].is_string(), "{first}");
        assert_eq!(again["order"][field], first["order"][field]);
    }
    assert_eq!(again["order"]["replayed"], true);
    let other = world.fails("IP-1", "answer_order_request", decline("ask-1", "sold out"));
    assert_eq!(
        other.await,
        "conflict: the order request ask-1 was accepted already"
    );
}

#[tokio::test]
async fn a_request_is_declined_with_a_reason_and_for_good() {
    let mut world = channel("2023-11-15").await;
    asked(&mut world, "ask-1").await;
    let silent = json!({"request": "ask-1", "accept": false});
    let silent = world.fails("IP-1", "answer_order_request", silent).await;
    assert!(silent.starts_with("reason: "), "{silent}");
    let blank = world.fails("IP-1", "answer_order_request", decline("ask-1", "  "));
    assert!(blank.await.starts_with("reason: "));
    let declined = world.act("IP-1", "answer_order_request", decline("ask-1", "sold out"));
    assert_eq!(declined.await.result["state"], "declined");
    let again = world.act("IP-1", "answer_order_request", decline("ask-1", ""));
    assert_eq!(again.await.result["state"], "declined");
    let late = world.fails("IP-1", "answer_order_request", accept("ask-1"));
    assert_eq!(
        late.await,
        "conflict: the order request ask-1 was declined already"
    );
}

#[tokio::test]
async fn a_request_is_nobodys_but_the_providers() {
    let mut world = channel("2023-11-15").await;
    asked(&mut world, "ask-1").await;
    for stranger in ["IP-2", "IR-A"] {
        let answer = world.fails(stranger, "answer_order_request", accept("ask-1"));
        assert_eq!(answer.await, "there is no order request `ask-1`");
    }
    let params = json!({"id": "ask-1", "provider": "IP-1", "customer": "C-1", "item": "suite"});
    let twice = world.fails("IR-A", "request_order", params).await;
    assert_eq!(twice, "conflict: id: the name ask-1 is taken");
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_where_it_is_given() {
    let mut world = channel("2023-11-15").await;
    let order = json!({"customer": "C-1", "item": "suite", "creates": "S1"});
    world.act("IP-1", "order", order.clone()).await;
    for verb in ["order", "create_cart"] {
        let twice = world.fails("IP-1", verb, order.clone()).await;
        assert_eq!(twice, "conflict: creates: the name S1 is taken");
    }
}

#[tokio::test]
async fn values_that_cannot_be_are_refused_by_their_field() {
    let mut world = channel("2023-11-15").await;
    for (actor, verb, params, field) in [
        ("IR-A", "add_location", json!({"country": "ZZ"}), "country"),
        (
            "IP-1",
            "update_profile",
            json!({"global_account_country": "ZZ"}),
            "global_account_country",
        ),
        (
            "IR-A",
            "update_profile",
            json!({"legal_name": " "}),
            "legal_name",
        ),
        (
            "IP-1",
            "read_price_sheet",
            json!({"market": "ZZ"}),
            "market",
        ),
        (
            "IP-1",
            "create_user",
            json!({"name": "", "role": "admin_agent"}),
            "name",
        ),
        (
            "IP-1",
            "create_user",
            json!({"name": "New Colleague", "role": "zork"}),
            "role",
        ),
        (
            "operator",
            "merge_organizations",
            json!({"surviving": "ORG-A", "merged": "ORG-A"}),
            "merged",
        ),
        (
            "operator",
            "record_affiliation",
            json!({"of": "ORG-A", "with": "ORG-A"}),
            "with",
        ),
        (
            "IP-1",
            "attest",
            json!({"customer": "C-1", "date": "0001-01-01"}),
            "date",
        ),
        ("IP-1", "zork", json!({}), "verb"),
    ] {
        let answer = world.fails(actor, verb, params).await;
        assert!(
            answer.starts_with(&format!("{field}: ")),
            "{verb}: {answer}"
        );
    }
    // Countries in no region are countries all the same (REG-018).
    let minsk = json!({"country": "BY"});
    world.act("IR-A", "add_location", minsk).await;
    let future = json!({"customer": "C-1", "date": "2023-11-16"});
    let future = world.fails("IP-1", "attest", future).await;
    assert_eq!(future, "refused: AGR-023");
}

#[tokio::test]
async fn a_subscription_of_others_reads_like_none() {
    let mut world = channel("2023-11-15").await;
    let order =
        json!({"customer": "C-1", "item": "suite", "creates": "S1", "partner_of_record": "IR-A"});
    world.act("IP-1", "order", order).await;
    let read = |name: &str| json!({ "subscription": name });
    for reader in ["IP-1", "IR-A", "C-1", "operator"] {
        world.act(reader, "read_subscription", read("S1")).await;
    }
    for name in ["S1", "S2"] {
        let answer = world.fails("IP-2", "read_subscription", read(name)).await;
        assert_eq!(answer, format!("there is no subscription `{name}`"));
    }
}

/// DAP-002: with new customers full delegation ended on 1 November 2023.
#[tokio::test]
async fn new_customers_bring_no_full_delegation_since_november() {
    let customer = json!({
        "id": "C-new", "name": "Orchard Bakery SAS", "country": "FR", "domain": "orchard-bakery.example",
        "email": "it@orchard-bakery.example", "full_delegation": true,
    });
    let mut world = channel("2023-11-01").await;
    let refused = world.fails("IP-1", "create_customer", customer.clone());
    assert_eq!(refused.await, "refused: DAP-002");
    let mut world = channel("2023-10-31").await;
    world.act("IP-1", "create_customer", customer).await;
    assert_eq!(
        world.state("relationship.IP-1.C-new.delegation").await,
        "full"
    );
}
