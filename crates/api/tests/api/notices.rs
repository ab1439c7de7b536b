//! What parties write to each other, what partners say of their support, and the text of the partner agreement.

use crate::common::{World, advance, ids, text};
use serde_json::{Value, json};

/// Does something as somebody of the demo world.
async fn done(world: &World, who: &str, verb: &str, params: &Value) -> Value {
    let operator = world.of("operator", "accessTokenUser");
    let path = format!("/program/v1/commands/{verb}?as={who}");
    let answer = world.post(&path, &operator, params).await;
    assert_eq!(answer.status, 200, "{verb}: {}", answer.body);
    answer.body["result"].clone()
}

/// The token of a customer's administrator.
async fn administrator(world: &World, customer: &str) -> String {
    let path = format!("/sandbox/credentials?customer={customer}");
    let found = world.send("GET", &path, None, None, &[]).await;
    text(&found.body["principals"][0]["accessTokenUser"])
}

async fn notices(world: &World, token: &str, query: &str) -> Vec<Value> {
    let answer = world
        .get(&format!("/program/v1/notices{query}"), token)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"].as_array().unwrap().clone()
}

fn of_topic<'a>(all: &'a [Value], topic: &str) -> Vec<&'a Value> {
    all.iter().filter(|one| one["topic"] == topic).collect()
}

/// SUP-013: the reseller of record writes about a subscription, and where there is none the partner that sold it; the operator
/// about a recorded acceptance, incidents and operations.
#[tokio::test]
async fn customers_hear_of_subscriptions_from_their_partner() {
    let world = World::demo().await;
    let direct = administrator(&world, "bay-street-shipping").await;
    let before = notices(&world, &direct, "").await.len();
    let change = json!({ "subscription": "sub-bay-street-core", "quantity": 25 });
    done(&world, "harbor", "change_quantity", &change).await;
    let heard = notices(&world, &direct, "").await;
    assert_eq!(heard.len(), before + 1);
    assert_eq!(
        (
            &heard[0]["topic"],
            &heard[0]["from"],
            &heard[0]["about"],
            &heard[0]["happened"]
        ),
        (
            &json!("subscription"),
            &json!("harbor"),
            &json!("sub-bay-street-core"),
            &json!("change_quantity")
        )
    );
    assert_eq!(heard[0]["from_title"], "Harbor Cloud Partners LLC");

    let indirect = administrator(&world, "canyon-robotics").await;
    let list = world
        .get(
            "/program/v1/subscriptions?customer=canyon-robotics",
            &world.user("meridian"),
        )
        .await;
    let of_record = list.body["items"].as_array().unwrap().iter().find(|one| {
        one["reseller"] == "cedar" && one["state"] == "active" && one["generation"] != "traditional"
    });
    let subscription = text(&of_record.unwrap_or_else(|| panic!("{}", list.body))["id"]);
    let more = json!({ "subscription": subscription, "quantity": 900 });
    done(&world, "meridian", "change_quantity", &more).await;
    let heard = notices(&world, &indirect, "?state=unread").await;
    let told = heard
        .iter()
        .find(|one| one["happened"] == "change_quantity");
    let told = told.unwrap_or_else(|| panic!("{heard:?}"));
    assert_eq!(
        (&told["topic"], &told["from"]),
        (&json!("subscription"), &json!("cedar"))
    );

    // Of anything but incidents and operations the operator does not write.
    let operator = world.of("operator", "accessTokenUser");
    let path = "/program/v1/commands/send_notice";
    for topic in [
        "message",
        "subscription",
        "support",
        "partner_agreement",
        "agreement_recorded",
    ] {
        let body = json!({ "to": "bay-street-shipping", "topic": topic, "text": "Buy more." });
        let answer = world.post(path, &operator, &body).await;
        assert_eq!(answer.status, 400, "{topic}: {}", answer.body);
        assert!(
            text(&answer.body["detail"]).contains("topic"),
            "{}",
            answer.body
        );
    }
    let body = json!({ "to": "bay-street-shipping", "topic": "incident", "text": "Mail is slow." });
    assert_eq!(world.post(path, &operator, &body).await.status, 200);
    let heard = notices(&world, &direct, "").await;
    let incident = of_topic(&heard, "incident");
    assert_eq!(incident.len(), 1, "{heard:?}");
    assert_eq!(incident[0].get("from"), None);
    let sent = notices(&world, &operator, "?box=sent").await;
    assert_eq!(sent[0]["to"], "bay-street-shipping");
    assert!(sent.iter().all(|one| one.get("from").is_none()));

    // A recorded acceptance is told by the operator.
    let attested = json!({
        "customer": "juniper-bakery", "contact": { "first_name": "Noor", "last_name": "Abbas", "email": "noor@juniper-bakery.example" },
    });
    let before = of_topic(
        &notices(&world, &administrator(&world, "juniper-bakery").await, "").await,
        "agreement_recorded",
    )
    .len();
    done(&world, "harbor", "attest", &attested).await;
    let heard = notices(&world, &administrator(&world, "juniper-bakery").await, "").await;
    let recorded = of_topic(&heard, "agreement_recorded");
    assert_eq!(recorded.len(), before + 1, "{heard:?}");
    assert_eq!(
        (recorded[0].get("from"), &recorded[0]["about"]),
        (None, &json!("harbor"))
    );
}

/// SUP-003: scope, hours, contact and price; whoever becomes a customer later hears of it as well.
#[tokio::test]
async fn a_partner_tells_its_customers_what_its_support_is() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let offer = json!({
        "scope": "Everything that we sell.", "hours": "Weekdays from 8 to 18, Eastern time.", "contact": "help@harbor.example",
        "price": "Included for as long as the subscription runs.", "provided_by": "Night Desk LLC",
    });
    for missing in ["scope", "hours", "contact", "price"] {
        let mut part = offer.clone();
        part[missing] = json!(" ");
        let answer = world
            .post("/program/v1/commands/offer_support", &token, &part)
            .await;
        assert_eq!(answer.status, 400, "{missing}");
        assert!(
            text(&answer.body["detail"]).contains(missing),
            "{}",
            answer.body
        );
    }
    let told = done(&world, "harbor", "offer_support", &offer).await;
    let customers = world.get("/v1/customers?size=0", &token).await.body["totalCount"].clone();
    assert!(told["told"].as_i64().unwrap() > 1, "{told} of {customers}");
    // The same again is no news.
    assert_eq!(
        done(&world, "harbor", "offer_support", &offer).await["told"],
        0
    );
    let customer = administrator(&world, "bay-street-shipping").await;
    let heard = notices(&world, &customer, "").await;
    assert_eq!(
        (&heard[0]["topic"], &heard[0]["from"]),
        (&json!("support"), &json!("harbor"))
    );
    for part in ["Everything", "Eastern", "help@", "Included", "Night Desk"] {
        assert!(text(&heard[0]["text"]).contains(part), "{}", heard[0]);
    }
    let offers = world
        .get("/program/v1/support-offers", &customer)
        .await
        .body;
    let of = |handle: &str| {
        offers["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["partner"] == handle)
    };
    assert_eq!(of("harbor").unwrap()["price"], offer["price"]);
    let own = world.get("/program/v1/support-offers", &token).await.body;
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1));
    let other = world
        .get("/program/v1/support-offers", &world.user("meridian"))
        .await
        .body;
    assert_eq!(other["items"], json!([]));

    let operator = world.of("operator", "accessTokenUser");
    let invite = world
        .post(
            "/program/v1/commands/invite_customer?as=harbor",
            &operator,
            &json!({ "customer": "canyon-robotics" }),
        )
        .await;
    assert_eq!(invite.status, 200, "{}", invite.body);
    done(
        &world,
        "canyon-robotics",
        "accept_relationship",
        &json!({ "partner": "harbor" }),
    )
    .await;
    let later = administrator(&world, "canyon-robotics").await;
    let heard = notices(&world, &later, "").await;
    assert!(
        of_topic(&heard, "support")
            .iter()
            .any(|one| one["from"] == "harbor"),
        "{heard:?}"
    );
}

/// AGR-010 and AGR-011: a reseller without the agreement hears of it, in its own language, with a text in English alone.
#[tokio::test]
async fn a_reseller_hears_of_the_agreement_that_it_has_not_accepted() {
    let world = World::demo().await;
    let partner = json!({ "partner": "ticino" });
    done(&world, "alpenrand", "remove_partnership", &partner).await;
    done(&world, "alpenrand", "invite_partner", &partner).await;
    let provider = json!({ "provider": "alpenrand" });
    done(&world, "ticino", "accept_partnership", &provider).await;
    let heard = notices(&world, &world.user("ticino"), "").await;
    let told = of_topic(&heard, "partner_agreement");
    assert_eq!(told.len(), 1, "{heard:?}");
    assert_eq!(
        (&told[0]["from"], &told[0]["about"]),
        (&json!("alpenrand"), &json!("ticino"))
    );

    let plain = world
        .send("GET", "/program/v1/partner-agreement", None, None, &[])
        .await;
    let wish = [("Accept-Language", "ja"), ("X-Locale", "ja-JP")];
    let wished = world
        .send("GET", "/program/v1/partner-agreement", None, None, &wish)
        .await;
    assert_eq!(plain.body, wished.body);
    assert_eq!(plain.body["language"], "en");
    assert!(text(&plain.body["text"]).starts_with("# Partner agreement"));
}

#[tokio::test]
async fn notices_are_written_to_those_whom_one_serves_and_read_once() {
    let world = World::demo().await;
    let (harbor, cedar) = (world.user("harbor"), world.user("cedar"));
    let path = "/program/v1/commands/send_notice";
    for (token, to, status) in [
        (&harbor, "bay-street-shipping", 200),
        (&cedar, "meridian", 200),
        (&world.user("meridian"), "cedar", 200),
        (&harbor, "alpenrand", 404),
        (&harbor, "canyon-robotics", 404),
        (&harbor, "nobody", 404),
    ] {
        let body = json!({ "to": to, "text": "Good morning." });
        let answer = world.post(path, token, &body).await;
        assert_eq!(answer.status, status, "{to}: {}", answer.body);
    }
    let customer = administrator(&world, "bay-street-shipping").await;
    let body = json!({ "to": "harbor", "text": "Good morning." });
    assert_eq!(world.post(path, &customer, &body).await.status, 403);
    for (body, named) in [
        (json!({ "to": "bay-street-shipping", "text": " " }), "text"),
        (
            json!({ "to": "bay-street-shipping", "text": "x".repeat(4_001) }),
            "text",
        ),
        (
            json!({ "to": "bay-street-shipping", "text": "x", "topic": "incident" }),
            "topic",
        ),
    ] {
        let answer = world.post(path, &harbor, &body).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(
            text(&answer.body["detail"]).contains(named),
            "{}",
            answer.body
        );
    }

    let unread = notices(&world, &customer, "?state=unread").await;
    assert_eq!(unread[0]["text"], "Good morning.");
    let home = world.get("/program/v1/home", &customer).await.body;
    let waits = |home: &Value| {
        let all = home["items"].as_array().unwrap();
        all.iter()
            .find(|one| one["kind"] == "notices")
            .map(|one| one["count"].clone())
    };
    assert_eq!(waits(&home), Some(json!(unread.len())));
    // One's own are read, and nobody else's.
    let read = "/program/v1/commands/read_notices";
    let one = json!({ "notices": [unread[0]["id"]] });
    assert_eq!(world.post(read, &harbor, &one).await.status, 404);
    assert_eq!(
        world.post(read, &customer, &one).await.body["result"]["read"],
        1
    );
    assert_eq!(
        world.post(read, &customer, &one).await.body["result"]["read"],
        0
    );
    let all = world.post(read, &customer, &json!({})).await;
    assert_eq!(all.body["result"]["read"], json!(unread.len() - 1));
    assert_eq!(
        notices(&world, &customer, "?state=unread").await,
        [Value::Null; 0]
    );
    let home = world.get("/program/v1/home", &customer).await.body;
    assert_eq!(waits(&home), None);
    let operator = world.of("operator", "accessTokenUser");
    assert_eq!(world.post(read, &operator, &json!({})).await.status, 403);
}

#[tokio::test]
async fn notices_come_in_pages_received_and_sent() {
    let world = World::demo().await;
    let harbor = world.user("harbor");
    let customer = administrator(&world, "bay-street-shipping").await;
    let path = "/program/v1/commands/send_notice";
    let first = json!({ "to": "bay-street-shipping", "text": "Good morning." });
    assert_eq!(world.post(path, &harbor, &first).await.status, 200);
    advance(&world, "PT1M").await;
    let send = json!({ "to": "bay-street-shipping", "text": "And again." });
    world.post(path, &harbor, &send).await;
    let sent = world
        .get("/program/v1/notices?box=sent&count=1", &harbor)
        .await
        .body;
    assert_eq!(
        (&sent["items"][0]["text"], &sent["items"][0]["to"]),
        (&json!("And again."), &json!("bay-street-shipping"))
    );
    let next = text(&sent["next"]);
    let second = world
        .get(
            &format!("/program/v1/notices?box=sent&count=1&after={next}"),
            &harbor,
        )
        .await
        .body;
    assert_ne!(ids(&second), ids(&sent));
    assert_eq!(
        notices(&world, &customer, "?box=sent").await,
        [Value::Null; 0]
    );
    for query in [
        "?box=lost",
        "?state=lost",
        "?count=0",
        "?after=x",
        "?more=1",
    ] {
        let answer = world
            .get(&format!("/program/v1/notices{query}"), &harbor)
            .await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

/// Two partners at once: each tells of its own support, and the acceptance goes through. Whoever is made a customer hears of it too.
#[tokio::test]
async fn partners_that_come_together_each_tell_of_their_support() {
    let world = World::demo().await;
    let offer = |who: &str| json!({ "scope": who, "hours": "always", "contact": "by letter", "price": "none" });
    for who in ["meridian", "cedar"] {
        done(&world, who, "offer_support", &offer(who)).await;
    }
    let made = json!({
        "id": "later", "name": "Later LLC", "country": "US", "domain": "later.example", "email": "office@later.example",
    });
    done(&world, "meridian", "create_customer", &made).await;
    let heard = notices(&world, &administrator(&world, "later").await, "").await;
    let told = of_topic(&heard, "support");
    assert_eq!(told.len(), 1, "{heard:?}");
    assert_eq!(told[0]["from"], "meridian");

    let both = json!({ "customer": "bay-street-shipping", "with_provider": "meridian" });
    done(&world, "cedar", "invite_customer", &both).await;
    let accept = json!({ "partner": ["meridian", "cedar"] });
    done(
        &world,
        "bay-street-shipping",
        "accept_relationship",
        &accept,
    )
    .await;
    let heard = notices(
        &world,
        &administrator(&world, "bay-street-shipping").await,
        "",
    )
    .await;
    let mut from: Vec<String> = of_topic(&heard, "support")
        .iter()
        .map(|one| text(&one["from"]))
        .collect();
    from.sort();
    assert_eq!(from, ["cedar", "meridian"]);
}
