//! What screens show: what needs somebody, the map, lists of customers, partnerships and enrolments. To each party its
//! own; what else there is does not exist.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tierline_api::identity::Subject;
use tierline_app::clock::Clock;
use tierline_store::testing::postgres;
use tierline_store::{DbConfig, schema};
use uuid::Uuid;

use crate::common::{Answer, World, sent, text};

async fn get(world: &World, who: &str, path: &str) -> Answer {
    let answer = world
        .get(&format!("/program/v1/{path}"), &world.user(who))
        .await;
    assert!(answer.status < 500, "{path}: {}", answer.body);
    answer
}

fn kinds(home: &Value) -> BTreeSet<String> {
    let items = home["items"].as_array().unwrap();
    items.iter().map(|item| text(&item["kind"])).collect()
}

/// A matter of a kind.
fn matter<'a>(home: &'a Value, kind: &str) -> &'a Value {
    let items = home["items"].as_array().unwrap();
    items.iter().find(|item| item["kind"] == kind).unwrap()
}

/// A token of somebody of a customer.
fn of_customer(world: &World, customer: &str, domain: &str) -> String {
    let user = (Uuid::nil(), format!("kim@{domain}"));
    let subject = Subject::user(customer.parse().unwrap(), "portal", user, true);
    let now = world.app.clock().server_now();
    world.server.issuer().issue(&subject, now)
}

/// All entries of a list, page after page.
async fn every(world: &World, who: &str, path: &str, count: usize) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = get(world, who, &format!("{path}{joint}count={count}{after}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let found = page.body["items"].as_array().unwrap();
        assert!(found.len() <= count);
        items.extend(found.iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn everybody_is_told_what_needs_it() {
    let world = World::demo().await;
    let home = get(&world, "fjordlys", "home").await.body;
    assert_eq!(
        (&home["viewer"], &home["name"]),
        (&json!("partner"), &json!("fjordlys"))
    );
    let invited = matter(&home, "invitations");
    assert_eq!(invited["count"], 1);
    assert_eq!(invited["examples"][0]["about"], "alpenrand");
    let provider = get(&world, "alpenrand", "home").await.body;
    assert_eq!(
        matter(&provider, "resellers_invited")["examples"][0]["about"],
        "fjordlys"
    );
    assert!(!kinds(&provider).contains("invitations"), "{provider}");

    let ticino = get(&world, "ticino", "home").await.body;
    assert_eq!(
        matter(&ticino, "agreement_to_sign")["examples"][0]["about"],
        "Europe"
    );
    let larkspur = get(&world, "larkspur", "home").await.body;
    assert_eq!(
        matter(&larkspur, "enrolment")["examples"][0]["about"],
        "pending"
    );
    let adria = get(&world, "adria", "home").await.body;
    assert_eq!(
        matter(&adria, "standing")["examples"][0]["about"],
        "suspended"
    );

    let operator = get(&world, "operator", "home").await.body;
    assert_eq!(matter(&operator, "enrolments")["count"], 2);
    // The longest first, and nobody else's business.
    assert_eq!(
        matter(&operator, "enrolments")["examples"][0]["about"],
        "larkspur"
    );
    assert!(!kinds(&provider).contains("enrolments"));

    // An answer takes it off the list.
    let token = world.user("fjordlys");
    let path = "/program/v1/commands/decline_partnership";
    let done = world
        .post(path, &token, &json!({ "provider": "alpenrand" }))
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(!kinds(&get(&world, "fjordlys", "home").await.body).contains("invitations"));
}

#[tokio::test]
async fn a_refusal_is_found_again_with_its_rules_and_facts() {
    let world = World::demo().await;
    let (token, path) = (world.user("harbor"), "/program/v1/commands/cancel");
    let refused = world
        .post(
            path,
            &token,
            &json!({ "subscription": "sub-juniper-bakery" }),
        )
        .await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let rule = text(&refused.body["decision"]["violations"][0]["rule"]);

    let listed = get(
        &world,
        "harbor",
        &format!("decisions?rule={rule}&outcome=refused"),
    )
    .await;
    let kept = listed.body["items"][0].clone();
    assert_eq!(
        (&kept["actor"], &kept["subject"]),
        (&json!("harbor"), &json!("sub-juniper-bakery"))
    );
    assert_eq!(
        (&kept["allowed"], &kept["rules"][0]),
        (&json!(false), &json!(rule))
    );
    let id = text(&kept["id"]);
    let one = get(&world, "harbor", &format!("decisions/{id}")).await.body;
    assert_eq!(
        one["decision"]["violations"],
        refused.body["decision"]["violations"]
    );
    assert!(
        matter(&get(&world, "harbor", "home").await.body, "refusals")["count"].as_i64() >= Some(1)
    );

    // The operator sees it as well, by its party; a stranger sees neither it nor that there is one.
    let whose = every(
        &world,
        "operator",
        "decisions?actor=harbor&outcome=refused",
        2,
    )
    .await;
    assert!(whose.iter().any(|other| other["id"] == id.as_str()));
    assert!(whose.iter().all(|other| other["actor"] == "harbor"));
    assert_eq!(
        get(&world, "cedar", &format!("decisions/{id}"))
            .await
            .status,
        404
    );
    assert!(
        every(&world, "cedar", "decisions", 50)
            .await
            .iter()
            .all(|other| other["actor"] == "cedar")
    );
    assert_eq!(
        get(&world, "cedar", "decisions?actor=harbor").await.status,
        403
    );
    let allowed = every(&world, "operator", "decisions?outcome=allowed", 50).await;
    assert!(allowed.iter().all(|other| other["allowed"] == true));

    let shown = get(&world, "cedar", &format!("rules/{rule}")).await.body;
    assert!(
        shown["cases"]
            .as_array()
            .is_some_and(|cases| !cases.is_empty()),
        "{shown}"
    );
}

#[tokio::test]
async fn a_trace_tells_of_every_rule_that_was_asked() {
    let world = World::demo().await;
    let (token, path) = (world.user("meridian"), "/program/v1/decisions");
    let deal = |trace: bool, quantity: i64| {
        json!({ "verb": "order", "trace": trace, "params": {
            "customer": "red-rock-dental", "item": "desk-premium", "quantity": quantity, "partner_of_record": "cedar" } })
    };
    let plain = world.post(path, &token, &deal(false, 5)).await.body;
    assert!(plain.get("trace").is_none(), "{plain}");
    let traced = world.post(path, &token, &deal(true, 5)).await.body;
    assert_eq!(traced["allowed"], true);
    let asked = traced["trace"].as_array().unwrap();
    assert!(
        asked.len() > 50 && asked.iter().all(|asked| asked["passed"] == true),
        "{}",
        asked.len()
    );
    // What only a refusal could claim is not said of a rule that passed.
    for rule in ["AGR-019", "ORD-010"] {
        let passed = asked.iter().find(|asked| asked["rule"] == rule).unwrap();
        assert_eq!(passed["facts"], json!([]), "{rule}");
    }

    let refused = world.post(path, &token, &deal(true, 0)).await.body;
    assert_eq!(refused["allowed"], false);
    let failed = |list: &Value, keep: fn(&Value) -> bool| -> BTreeSet<String> {
        let list = list.as_array().unwrap().iter().filter(|item| keep(item));
        list.map(|item| text(&item["rule"])).collect()
    };
    let traced = failed(&refused["trace"], |asked| asked["passed"] == false);
    assert_eq!(traced, failed(&refused["violations"], |_| true));
}

#[tokio::test]
async fn the_map_shows_everybody_its_own_part() {
    let world = World::demo().await;
    let whole = get(&world, "operator", "map").await.body;
    let names = |map: &Value| -> BTreeSet<String> {
        map["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| text(&node["name"]))
            .collect()
    };
    let everybody = names(&whole);
    for name in [
        "operator",
        "meridian",
        "harbor",
        "cedar",
        "red-rock-dental",
        "granite-library",
    ] {
        assert!(everybody.contains(name), "{name}");
    }
    assert_eq!(whole["isCut"], false);
    // Each end of each edge is a node.
    for map in [&whole, &get(&world, "meridian", "map").await.body] {
        let ids: BTreeSet<String> = map["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| text(&node["id"]))
            .collect();
        for edge in map["edges"].as_array().unwrap() {
            assert!(
                ids.contains(&text(&edge["from"])) && ids.contains(&text(&edge["to"])),
                "{edge}"
            );
        }
    }
    let own = get(&world, "cedar", "map").await.body;
    let part = names(&own);
    assert!(
        part.contains("meridian") && part.contains("red-rock-dental") && part.contains("cedar"),
        "{part:?}"
    );
    for stranger in ["bridgewater", "harbor", "alpenrand", "lakeside-logistics"] {
        assert!(!part.contains(stranger), "{stranger}");
    }
    // What a provider's agreement is, or how another's account stands, is not a reseller's to know.
    let provider = own["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["name"] == "meridian")
        .unwrap();
    assert!(
        provider.get("agreement").is_none() && provider.get("state").is_none(),
        "{provider}"
    );
    let ticino = get(&world, "alpenrand", "map").await.body;
    let ticino = ticino["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["name"] == "ticino")
        .unwrap()
        .clone();
    assert_eq!(
        (&ticino["agreement"], &ticino["region"]),
        (&json!("open"), &json!("Europe"))
    );

    let customer = world.customer("meridian", "Red Rock Dental").await;
    let token = of_customer(&world, &customer, "red-rock-dental.example");
    let seen = world.get("/program/v1/map", &token).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    let expected = ["operator", "meridian", "cedar", "red-rock-dental"].map(str::to_owned);
    assert_eq!(names(&seen.body), BTreeSet::from(expected));
    let home = world.get("/program/v1/home", &token).await.body;
    assert_eq!(
        (&home["viewer"], &home["name"]),
        (&json!("customer"), &json!("red-rock-dental"))
    );
}

#[tokio::test]
async fn who_is_no_customer_yet_goes_by_its_short_name() {
    let world = World::demo().await;
    let (token, path) = (world.user("harbor"), "/program/v1/commands/invite_customer");
    let invited = world
        .post(path, &token, &json!({ "customer": "granite-library" }))
        .await;
    assert_eq!(invited.status, 200, "{}", invited.body);
    let listed = every(&world, "harbor", "customers?state=invited", 10).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["title"], "granite-library");
    assert!(
        listed[0].get("country").is_none() && listed[0].get("domain").is_none(),
        "{}",
        listed[0]
    );
    // Nor does a search by what it is called find it, and neither does the map tell.
    assert!(
        every(
            &world,
            "harbor",
            "customers?search=Granite%20Library%20LLC",
            10
        )
        .await
        .is_empty()
    );
    let map = get(&world, "harbor", "map").await.body;
    let node = map["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["name"] == "granite-library")
        .unwrap()
        .clone();
    assert_eq!(node["title"], "granite-library");
    assert!(node.get("country").is_none(), "{node}");
    assert_eq!(
        get(&world, "harbor", "customers/granite-library/timeline")
            .await
            .status,
        404
    );
    assert_eq!(
        matter(
            &get(&world, "harbor", "home").await.body,
            "customers_invited"
        )["count"],
        1
    );
}

#[tokio::test]
async fn a_customer_stands_where_its_name_belongs_and_moves_with_it() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let titles = async |world: &World| -> Vec<String> {
        let rows = every(world, "harbor", "customers", 3).await;
        rows.iter().map(|row| text(&row["title"])).collect()
    };
    let before = titles(&world).await;
    assert!(before.len() > 4 && before.last().unwrap() != "Zwei Juniper LLC");
    let id = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{id}/profiles/billing");
    let mut profile = world.get(&path, &token).await.body;
    profile["companyName"] = json!("Zwei Juniper LLC");
    let renamed = sent(&world, "PUT", &path, &token, &profile, &[]).await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    let after = titles(&world).await;
    assert_eq!(after.last().unwrap(), "Zwei Juniper LLC");
    assert_eq!(after.len(), before.len());

    // Invited it goes by its short name, and by its company's once it has accepted.
    let command = "/program/v1/commands";
    let invited = json!({ "customer": "granite-library" });
    let path = format!("{command}/invite_customer");
    assert_eq!(world.post(&path, &token, &invited).await.status, 200);
    assert!(titles(&world).await.contains(&"granite-library".to_owned()));
    let path = format!("{command}/accept_relationship?as=granite-library");
    let accepted = json!({ "partner": "harbor" });
    let accepted = world.post(&path, &world.user("operator"), &accepted).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    let now = titles(&world).await;
    assert!(now.contains(&"Granite Library LLC".to_owned()), "{now:?}");
    let folded: Vec<String> = now.iter().map(|title| title.to_lowercase()).collect();
    assert!(folded.is_sorted(), "{folded:?}");
}

#[tokio::test]
async fn customers_are_searched_filtered_and_paged_by_key() {
    let world = World::demo().await;
    let own = every(&world, "meridian", "customers", 3).await;
    let titles: Vec<String> = own
        .iter()
        .map(|row| text(&row["title"]).to_lowercase())
        .collect();
    assert!(titles.len() > 6 && titles.is_sorted(), "{titles:?}");
    let distinct: BTreeSet<&String> = titles.iter().collect();
    assert_eq!(distinct.len(), titles.len());
    let found = every(&world, "meridian", "customers?search=ROCK", 10).await;
    let names: Vec<String> = found.iter().map(|row| text(&row["name"])).collect();
    assert_eq!(names, ["red-rock-dental"]);
    assert!(
        found[0]["subscriptions"].as_i64() >= Some(1),
        "{}",
        found[0]
    );
    // A percent sign stands for itself.
    assert!(
        every(&world, "meridian", "customers?search=%25", 10)
            .await
            .is_empty()
    );
    assert!(
        every(&world, "meridian", "customers?country=DE", 10)
            .await
            .is_empty()
    );
    assert!(
        !every(&world, "alpenrand", "customers?country=de", 10)
            .await
            .is_empty()
    );
    let all = every(&world, "operator", "customers", 7).await;
    assert!(all.len() > own.len());
    let as_meridian = every(&world, "operator", "customers?partner=meridian", 7).await;
    assert_eq!(as_meridian, own);
    assert_eq!(
        get(&world, "cedar", "customers?partner=meridian")
            .await
            .status,
        404
    );
    for (query, field) in [
        ("customers?state=gone", "state"),
        ("customers?country=Germany", "country"),
        ("customers?count=0", "count"),
        ("customers?count=201", "count"),
        ("customers?after=x", "after"),
        ("customers?sort=name", "sort"),
        ("decisions?rule=nonsense", "rule"),
        ("decisions?outcome=maybe", "outcome"),
        ("partnerships?state=x", "state"),
        ("enrolments?state=x", "state"),
    ] {
        let answer = get(&world, "meridian", query).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        assert!(
            text(&answer.body["detail"]).starts_with(&format!("{field}: ")),
            "{query}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn subscriptions_are_listed_to_whom_they_concern() {
    let world = World::demo().await;
    let all = every(&world, "operator", "subscriptions", 7).await;
    let sold = every(&world, "meridian", "subscriptions", 3).await;
    assert!(all.len() > sold.len() && sold.len() > 10);
    let distinct: BTreeSet<String> = all.iter().map(|row| text(&row["name"])).collect();
    assert_eq!(distinct.len(), all.len());
    // A reseller reads what it is of record for; nobody reads what others sold.
    let of_record = every(&world, "cedar", "subscriptions?search=ROCK", 10).await;
    assert_eq!(of_record.len(), 1);
    assert_eq!(
        (&of_record[0]["seller"], &of_record[0]["reseller"]),
        (&json!("meridian"), &json!("cedar"))
    );
    let strange = |row: &&Value| row["seller"] != "meridian" && row["reseller"] != "meridian";
    assert_eq!(sold.iter().find(strange), None);
    assert!(
        every(&world, "kita", "subscriptions?search=rock", 10)
            .await
            .is_empty()
    );
    let own = every(
        &world,
        "meridian",
        "subscriptions?customer=red-rock-dental",
        10,
    )
    .await;
    assert_eq!(own[0]["name"], "sub-red-rock-dental");
    let stranger = get(&world, "kita", "subscriptions?customer=red-rock-dental").await;
    assert_eq!(stranger.status, 404, "{}", stranger.body);
    let outlook = get(&world, "harbor", "subscriptions/sub-juniper-bakery/outlook").await;
    assert_eq!(
        outlook.body["upgrades"][0],
        json!({ "item": "desk-standard", "title": "Desk Standard" })
    );
    let suspended = every(&world, "harbor", "subscriptions?state=suspended", 10).await;
    assert_eq!(suspended[0]["name"], "sub-copperleaf-7");
    assert_eq!(suspended.len(), 1);
    let customer =
        text(&get(&world, "meridian", "customers?search=rock").await.body["items"][0]["id"]);
    let token = of_customer(&world, &customer, "red-rock-dental.example");
    let bought = world.get("/program/v1/subscriptions", &token).await;
    assert_eq!(bought.body["items"].as_array().unwrap().len(), 1);
    let bad = get(&world, "meridian", "subscriptions?state=blue").await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn partnerships_are_listed_from_both_sides() {
    let world = World::demo().await;
    let resellers = every(&world, "alpenrand", "partnerships", 2).await;
    let states: BTreeSet<String> = resellers.iter().map(|row| text(&row["state"])).collect();
    let expected = [
        "active",
        "declined",
        "invited",
        "lapsed",
        "removed",
        "withdrawn",
    ];
    assert_eq!(states, expected.map(str::to_owned).into());
    let ticino = resellers
        .iter()
        .find(|row| row["name"] == "ticino")
        .unwrap();
    assert_eq!(ticino["agreement"], "open");
    let cedar = get(&world, "cedar", "partnerships").await.body;
    assert_eq!(
        (&cedar["side"], &cedar["items"][0]["name"]),
        (&json!("reseller"), &json!("meridian"))
    );
    assert!(cedar["items"][0].get("agreement").is_none());
    assert!(cedar["items"][0]["subscriptions"].as_i64() >= Some(1));
    assert_eq!(get(&world, "operator", "partnerships").await.status, 400);
    let operator = every(
        &world,
        "operator",
        "partnerships?partner=alpenrand&state=invited",
        5,
    )
    .await;
    assert_eq!(operator.len(), 1);
    assert_eq!(
        get(&world, "harbor", "partnerships?partner=alpenrand")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn an_enrolment_is_shown_with_its_steps_to_whom_it_concerns() {
    let world = World::demo().await;
    let queue = every(&world, "operator", "enrolments?state=pending", 5).await;
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0]["name"], "larkspur");
    let own = every(&world, "larkspur", "enrolments", 5).await;
    assert_eq!(own.len(), 1);
    let done = |view: &Value| -> Vec<bool> {
        view["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["done"] == true)
            .collect()
    };
    let before = get(&world, "larkspur", "enrolments/larkspur").await.body;
    assert_eq!(done(&before), [true, false, false]);
    let judge = json!({ "partner": "larkspur", "accepted": false, "evidence": "the register does not know the company" });
    let path = "/program/v1/commands/decide_verification";
    let answer = world.post(path, &world.user("operator"), &judge).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let reasons = get(&world, "larkspur", "enrolments/larkspur").await.body;
    assert_eq!(reasons["judgements"][0]["evidence"], judge["evidence"]);
    assert_eq!(reasons["state"], "rejected");
    let accept = json!({ "partner": "larkspur", "accepted": true, "evidence": "an extract" });
    world.post(path, &world.user("operator"), &accept).await;
    let partner = get(&world, "larkspur", "enrolments/larkspur").await.body;
    let operator = get(&world, "operator", "enrolments/larkspur").await.body;
    assert_eq!(done(&partner), [true, true, false]);
    // What spoke for it stays with the operator.
    assert_eq!(
        (
            &partner["judgements"][1]["evidence"],
            &operator["judgements"][1]["evidence"]
        ),
        (&json!(""), &json!("an extract"))
    );
    assert_eq!(
        get(&world, "harbor", "enrolments/larkspur").await.status,
        404
    );
    for register in ["waivers", "affiliations", "parameters"] {
        assert_eq!(
            get(&world, "operator", register).await.status,
            200,
            "{register}"
        );
        assert_eq!(
            get(&world, "harbor", register).await.status,
            403,
            "{register}"
        );
    }
    let ties = every(&world, "operator", "affiliations", 1).await;
    assert_eq!(ties.len(), 2, "{ties:?}");
}

#[tokio::test]
async fn nobody_without_a_token_sees_anything() {
    let world = World::demo().await;
    for path in [
        "home",
        "map",
        "decisions",
        "customers",
        "partnerships",
        "items",
        "enrolments",
        "waivers",
        "affiliations",
        "parameters",
        "requests",
        "webhooks/inbox",
        "subscriptions",
        "subscriptions/sub-juniper-bakery/outlook",
        "customers/juniper-bakery/timeline",
    ] {
        let answer = world
            .send("GET", &format!("/program/v1/{path}"), None, None, &[])
            .await;
        assert_eq!(answer.status, 401, "{path}");
    }
}

/// How much a list or a map holds.
fn sizes(body: &Value) -> Vec<usize> {
    let of = |name: &str| body[name].as_array().map_or(0, Vec::len);
    vec![of("items"), of("nodes"), of("edges"), of("locations")]
}

#[tokio::test]
async fn every_look_is_the_same_on_postgresql() {
    let Some(there) = postgres(schema::MIGRATIONS).await else {
        return;
    };
    let noon = || Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap());
    let here = World::demo_on(&DbConfig::Memory, noon()).await;
    let there = World::demo_on(&there.config, noon()).await;
    for who in ["operator", "meridian", "cedar", "harbor", "larkspur"] {
        for path in [
            "home",
            "map",
            "decisions?count=200",
            "decisions?outcome=refused&count=200",
            "customers?count=200&search=a",
            "customers?count=200&partner=meridian&state=active",
            "partnerships?partner=meridian",
            "items",
            "subscriptions?count=200&search=e&state=active",
            "enrolments?count=200",
            "enrolments/larkspur",
            "waivers",
            "affiliations?count=1",
            "parameters",
            "customers/canyon-robotics/timeline",
            "subscriptions/sub-canyon-use/timeline",
            "subscriptions/sub-red-rock-dental/outlook",
        ] {
            let (one, other) = (get(&here, who, path).await, get(&there, who, path).await);
            assert_eq!(one.status, other.status, "{who} {path}: {}", other.body);
            let told = (sizes(&one.body), sizes(&other.body));
            assert_eq!(told.0, told.1, "{who} {path}");
        }
    }
    let rehearsal = json!({ "verb": "change_quantity", "params": { "subscription": "sub-juniper-bakery", "quantity": 30 } });
    for world in [&here, &there] {
        let path = "/program/v1/rehearsals";
        let shown = world.post(path, &world.user("harbor"), &rehearsal).await;
        assert_eq!(shown.body["after"]["quantity"], 30, "{}", shown.body);
        let path = "subscriptions/sub-juniper-bakery/outlook";
        assert_eq!(get(world, "harbor", path).await.body["quantity"], 15);
    }
}
