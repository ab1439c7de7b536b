//! Transfers of subscriptions between partners: offered, accepted, rejected, taken back.

use crate::common::orders::patch;
use crate::common::subscriptions::{Estate, at_fault, refused};
use crate::common::{Answer, World, sent, text};
use serde_json::{Value, json};

/// A customer of two partners, of which one is on its way to become the other's reseller.
struct Deal<'a> {
    world: &'a World,
    giver: Estate<'a>,
    receiver: String,
    path: String,
}

impl<'a> Deal<'a> {
    async fn of(world: &'a World) -> Self {
        let giver = Estate::of(world, "harbor", "Copperleaf").await;
        Self {
            world,
            receiver: world.user("meridian"),
            path: format!("/v1/customers/{}/transfers", giver.customer),
            giver,
        }
    }

    /// A transfer of some subscriptions as it is sent, to the provider, which shall name the giver as its reseller.
    fn of_subscriptions(&self, subscriptions: &[&Value]) -> Value {
        let line = |(id, held): (usize, &&Value)| json!({ "id": id, "subscriptionId": held["id"], "partnerIdOnRecord": self.world.of("harbor", "mpnId") });
        json!({
            "sourcePartnerTenantId": self.world.of("harbor", "tenantId"), "targetPartnerTenantId": self.world.of("meridian", "tenantId"),
            "lineItems": subscriptions.iter().enumerate().map(line).collect::<Vec<_>>(),
        })
    }

    async fn create(&self, body: &Value) -> Answer {
        self.world.post(&self.path, &self.giver.token, body).await
    }

    async fn offer(&self, subscriptions: &[&Value]) -> Value {
        let made = self.create(&self.of_subscriptions(subscriptions)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body
    }

    fn one(&self, transfer: &Value) -> String {
        format!("{}/{}", self.path, text(&transfer["id"]))
    }

    async fn accept(&self, transfer: &Value, token: &str) -> Answer {
        let path = format!("{}/accept", self.one(transfer));
        self.world.post(&path, token, &Value::Null).await
    }

    async fn reject(&self, transfer: &Value, token: &str) -> Answer {
        let body = json!({ "id": transfer["id"], "status": "reject" });
        patch(self.world, &self.one(transfer), token, &body).await
    }

    async fn withdraw(&self, transfer: &Value, token: &str) -> Answer {
        let path = self.one(transfer);
        sent(self.world, "DELETE", &path, token, &Value::Null, &[]).await
    }

    async fn add_on(&self, base: &Value) -> Value {
        let line = json!({
            "offerId": "archive-classic", "quantity": 2, "termDuration": "P1Y", "billingCycle": "monthly",
            "parentSubscriptionId": base["id"],
        });
        self.giver.buy(line).await
    }
}

#[tokio::test]
async fn an_offer_is_accepted_group_by_group() {
    let world = World::demo().await;
    let deal = Deal::of(&world).await;
    let base = deal.giver.seats("desk-classic", 5).await;
    let add_on = deal.add_on(&base).await;
    let other = deal.giver.seats("desk-classic", 3).await;
    let offered = deal.offer(&[&base, &other]).await;
    let (giver, receiver) = (
        world.of("harbor", "tenantId"),
        world.of("meridian", "tenantId"),
    );
    let expected = json!({
        "status": "Active", "customerTenantId": deal.giver.customer, "partnertenantid": giver, "sourcePartnerTenantId": giver,
        "targetPartnerTenantId": receiver, "sourcePartnerName": "Harbor Cloud Partners LLC",
        "targetPartnerName": "Meridian Distribution Inc.", "createdTime": "2026-01-15T12:00:00Z",
        "lastModifiedTime": "2026-01-15T12:00:00Z",
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&offered[member], value, "{member}");
    }
    let lines = &offered["lineItems"];
    assert_eq!(lines.as_array().unwrap().len(), 2, "{offered}");
    let carried = |line: &Value| (line["subscriptionId"].clone(), line["quantity"].clone());
    assert_eq!(carried(&lines[0]), (base["id"].clone(), json!(5)));
    assert_eq!(carried(&lines[1]), (other["id"].clone(), json!(3)));
    let travelling = &lines[0]["addonItems"][0];
    assert_eq!(carried(travelling), (add_on["id"].clone(), json!(2)));
    assert_eq!(
        lines[0]["partnerIdOnRecord"],
        world.of("harbor", "mpnId").as_str()
    );
    // What is changed while the offer is open goes its own way: the transfer keeps what it carried (TRF-008, TRF-028).
    let more = deal.giver.with(&base, "quantity", json!(8)).await;
    assert_eq!(more.status, 200, "{}", more.body);
    let away = deal.giver.with(&other, "status", json!("suspended")).await;
    assert_eq!(away.status, 200, "{}", away.body);
    // The receiver accepts, and nobody in its place.
    assert_eq!(deal.accept(&offered, &deal.giver.token).await.status, 403);
    let result = deal.accept(&offered, &deal.receiver).await;
    assert_eq!(result.status, 200, "{}", result.body);
    let orders = result.body["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 1, "{}", result.body);
    let bought = |line: &Value| {
        (
            line["offerId"].clone(),
            line["quantity"].clone(),
            line["partnerIdOnRecord"].clone(),
        )
    };
    let record = json!(world.of("harbor", "mpnId"));
    let line = &orders[0]["lineItems"][0];
    assert_eq!(
        bought(line),
        (base["offerId"].clone(), json!(5), record.clone())
    );
    let hanging = &orders[0]["lineItems"][1];
    assert_eq!(
        bought(hanging),
        (add_on["offerId"].clone(), json!(2), record)
    );
    assert_eq!(hanging["parentSubscriptionId"], line["subscriptionId"]);
    let failed = &result.body["transferErrors"][0];
    assert_eq!(
        (&failed["code"], &failed["lineItems"][0]["subscriptionId"]),
        (&json!(900_103), &other["id"]),
        "{}",
        result.body
    );
    assert!(text(&failed["description"]).ends_with("is suspended"));
    let path = format!("/v1/customers/{}", deal.giver.customer);
    let order = format!("{path}/orders/{}", text(&orders[0]["id"]));
    assert_eq!(world.get(&order, &deal.receiver).await.status, 200);
    let sold = format!("{path}/subscriptions/{}", text(&line["subscriptionId"]));
    let sold = world.get(&sold, &deal.receiver).await;
    assert_eq!(
        (&sold.body["status"], &sold.body["quantity"]),
        (&json!("active"), &json!(5)),
        "{}",
        sold.body
    );
    // At the giver the licence shows suspended (TRF-011).
    let left = deal.giver.read(&text(&base["id"])).await.body;
    assert_eq!(
        (&left["status"], &left["quantity"]),
        (&json!("suspended"), &json!(8))
    );
    let after = world.get(&deal.one(&offered), &deal.giver.token).await.body;
    assert_eq!(after["status"], "PartiallyComplete");
    let status = |line: usize| text(&after["lineItems"][line]["status"]);
    assert_eq!(
        (status(0), status(1)),
        ("Complete".to_owned(), "Failed".to_owned())
    );
    refused(&deal.accept(&offered, &deal.receiver).await, 400, 900_102);
}

#[tokio::test]
async fn an_offer_is_seen_by_both_sides_and_by_nobody_else() {
    let world = World::demo().await;
    let deal = Deal::of(&world).await;
    let base = deal.giver.seats("desk-classic", 5).await;
    let offered = deal.offer(&[&base]).await;
    let receiver = world.of("meridian", "tenantId");
    // Both sides see it, each as its own; to everybody else it does not exist.
    let seen = world.get(&deal.one(&offered), &deal.receiver).await;
    assert_eq!(
        (seen.status, &seen.body["partnertenantid"]),
        (200, &json!(receiver)),
        "{}",
        seen.body
    );
    assert_eq!(seen.body["lineItems"][0]["quantity"], 5);
    let list = world.get(&deal.path, &deal.receiver).await;
    let has = |list: &Value| {
        let mut items = list.as_array().unwrap().iter();
        items.any(|one| one["id"] == offered["id"])
    };
    assert!(has(&list.body), "{}", list.body);
    let stranger = world.user("lindenhof");
    assert!(!has(&world.get(&deal.path, &stranger).await.body));
    refused(
        &world.get(&deal.one(&offered), &stranger).await,
        404,
        900_100,
    );
    refused(&deal.accept(&offered, &stranger).await, 404, 900_100);
}

#[tokio::test]
async fn an_offer_is_rejected_by_whom_it_is_made_to() {
    let world = World::demo().await;
    let deal = Deal::of(&world).await;
    let base = deal.giver.seats("desk-classic", 5).await;
    let offered = deal.offer(&[&base]).await;
    refused(
        &deal.create(&deal.of_subscriptions(&[&base])).await,
        409,
        900_101,
    );
    let giver = deal.reject(&offered, &deal.giver.token).await;
    assert_eq!(
        (giver.status, &giver.body["data"][0]),
        (403, &json!("TRF-009")),
        "{}",
        giver.body
    );
    let path = deal.one(&offered);
    for (body, member) in [
        (json!({ "status": "accept" }), "status"),
        (json!({}), "status"),
    ] {
        at_fault(
            &patch(&world, &path, &deal.receiver, &body).await,
            400,
            member,
        );
    }
    let rejected = deal.reject(&offered, &deal.receiver).await;
    assert_eq!(
        (rejected.status, &rejected.body["status"]),
        (200, &json!("Reject")),
        "{}",
        rejected.body
    );
    refused(&deal.reject(&offered, &deal.receiver).await, 400, 900_102);
    assert_eq!(
        deal.giver.read(&text(&base["id"])).await.body["status"],
        "active"
    );
    // It may be offered anew.
    deal.offer(&[&base]).await;
}

#[tokio::test]
async fn an_offer_is_withdrawn_by_who_made_it() {
    let world = World::demo().await;
    let deal = Deal::of(&world).await;
    let base = deal.giver.seats("desk-classic", 5).await;
    let offered = deal.offer(&[&base]).await;
    let receiver = deal.withdraw(&offered, &deal.receiver).await;
    assert_eq!(
        (receiver.status, &receiver.body["data"][0]),
        (403, &json!("TRF-009")),
        "{}",
        receiver.body
    );
    let stranger = world.user("lindenhof");
    refused(&deal.withdraw(&offered, &stranger).await, 404, 900_100);
    let gone = deal.withdraw(&offered, &deal.giver.token).await;
    assert_eq!((gone.status, &gone.body), (204, &Value::Null));
    let after = world.get(&deal.one(&offered), &deal.receiver).await;
    assert_eq!(after.body["status"], "Withdrawn", "{}", after.body);
    refused(
        &deal.withdraw(&offered, &deal.giver.token).await,
        400,
        900_102,
    );
    refused(&deal.accept(&offered, &deal.receiver).await, 400, 900_102);
}

#[tokio::test]
async fn an_offer_names_partners_and_subscriptions() {
    let world = World::demo().await;
    let deal = Deal::of(&world).await;
    let base = deal.giver.seats("desk-classic", 5).await;
    let good = deal.of_subscriptions(&[&base]);
    let changed = |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    for (body, member) in [
        (
            changed("sourcePartnerTenantId", Value::Null),
            "sourcePartnerTenantId",
        ),
        (
            changed("targetPartnerTenantId", json!("meridian")),
            "targetPartnerTenantId",
        ),
        (
            changed(
                "targetPartnerTenantId",
                json!("00000000-0000-4000-8000-00000000dead"),
            ),
            "targetPartnerTenantId",
        ),
        (changed("lineItems", json!([])), "lineItems"),
        (
            changed("lineItems", json!([{}])),
            "lineItems.subscriptionId",
        ),
        (
            changed("lineItems", json!([{ "subscriptionId": "desk-classic" }])),
            "lineItems.subscriptionId",
        ),
    ] {
        at_fault(&deal.create(&body).await, 400, member);
    }
    let line = |record: Value| json!({ "subscriptionId": base["id"], "partnerIdOnRecord": record });
    let unknown = json!([line(json!("99999999"))]);
    refused(
        &deal.create(&changed("lineItems", unknown)).await,
        404,
        800_015,
    );
    // New commerce does not move this way, and nobody offers what another sold.
    let seats = deal.giver.seats("desk-standard", 2).await;
    refused(
        &deal.create(&deal.of_subscriptions(&[&seats])).await,
        400,
        800_078,
    );
    // Whoever shall receive it asks for it, which is for consumption under a plan.
    let asked = world.post(&deal.path, &deal.receiver, &good).await;
    let rules = asked.body["data"].as_array().unwrap();
    assert!(rules.contains(&json!("TRF-016")), "{}", asked.body);
}

#[tokio::test]
async fn eligibility_names_what_stands_in_the_way() {
    let world = World::demo().await;
    let deal = Deal::of(&world).await;
    let base = deal.giver.seats("desk-classic", 5).await;
    let seats = deal.giver.seats("desk-standard", 2).await;
    let offered = deal.giver.seats("desk-classic", 1).await;
    let transfer = deal.offer(&[&offered]).await;
    let path = format!("/v1/customers/{}/transferseligibility", deal.giver.customer);
    let asked = |query: &str| {
        let path = format!("{path}{query}");
        let (world, token) = (&world, &deal.giver.token);
        async move { world.get(&path, token).await }
    };
    let list = asked("?transferType=directtoindirect").await;
    assert_eq!(list.status, 200, "{}", list.body);
    let of = |held: &Value| {
        let mut items = list.body.as_array().unwrap().iter();
        items.find(|one| one["id"] == held["id"]).unwrap().clone()
    };
    assert_eq!(of(&base), json!({ "id": base["id"], "isEligible": true }));
    assert_eq!(of(&seats)["isEligible"], false);
    assert!(text(&of(&seats)["reason"]).contains("new commerce"));
    assert!(text(&of(&offered)["reason"]).contains(&text(&transfer["id"])));
    at_fault(&asked("?transferType=sideways").await, 400, "transferType");
}

#[tokio::test]
async fn each_line_has_a_reseller_of_its_own() {
    let world = World::demo().await;
    let deal = Deal::of(&world).await;
    let one = deal.giver.seats("desk-classic", 5).await;
    let other = deal.giver.seats("desk-classic", 3).await;
    let mut body = deal.of_subscriptions(&[&one, &other]);
    body["lineItems"][1]["partnerIdOnRecord"] = json!("99999999");
    refused(&deal.create(&body).await, 404, 800_015);
    let (harbor, cedar) = (world.of("harbor", "mpnId"), world.of("cedar", "mpnId"));
    body["lineItems"][1]["partnerIdOnRecord"] = json!(cedar);
    let offered = deal.create(&body).await;
    assert_eq!(offered.status, 201, "{}", offered.body);
    let records = |lines: &Value| [0, 1].map(|place| text(&lines[place]["partnerIdOnRecord"]));
    assert_eq!(
        records(&offered.body["lineItems"]),
        [harbor.clone(), cedar.clone()]
    );
    let result = deal.accept(&offered.body, &deal.receiver).await;
    assert_eq!(result.status, 200, "{}", result.body);
    let orders = result.body["orders"].as_array().unwrap();
    let named = |order: &Value| text(&order["lineItems"][0]["partnerIdOnRecord"]);
    assert_eq!(
        orders.iter().map(named).collect::<Vec<_>>(),
        [harbor, cedar],
        "{}",
        result.body
    );
}
