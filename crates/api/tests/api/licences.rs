//! Licences of customers' users.

use crate::common::{Answer, World, records, text};
use serde_json::{Value, json};

/// The partner's token, the path of a customer in which it gives licences, and one of a user without any.
async fn desk(world: &World) -> (String, String, String) {
    let id = world.customer("harbor", "Bay Street").await;
    let (token, customer) = (world.user("harbor"), format!("/v1/customers/{id}"));
    let users = world.get(&format!("{customer}/users"), &token).await;
    let dev = format!("{customer}/users/{}", text(&users.body["items"][1]["id"]));
    (token, customer, dev)
}

fn sku<'a>(list: &'a Answer, name: &str) -> &'a Value {
    let items = list.body["items"].as_array().unwrap();
    let found = items.iter().find(|one| one["productSku"]["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {}", list.body))
}

fn units(sku: &Value) -> [i64; 3] {
    ["availableUnits", "activeUnits", "consumedUnits"].map(|name| sku[name].as_i64().unwrap())
}

fn give(ids: &[&Value]) -> Value {
    let skus: Vec<Value> = ids
        .iter()
        .map(|id| json!({"SkuId": id, "ExcludedPlans": null}))
        .collect();
    json!({"LicensesToAssign": skus, "LicensesToRemove": null, "LicenseWarnings": null})
}

fn take(id: &Value) -> Value {
    json!({"licensesToRemove": [id]})
}

#[tokio::test]
async fn licences_are_given_until_none_is_left() {
    let world = World::demo().await;
    let (token, customer, dev) = desk(&world).await;
    let stock = format!("{customer}/subscribedskus");
    let (update, own) = (format!("{dev}/licenseupdates"), format!("{dev}/licenses"));
    let before = world.get(&stock, &token).await;
    let core = sku(&before, "Workplace Core");
    assert_eq!(units(core), [18, 20, 2]);
    assert_eq!(core["capabilityStatus"], "Enabled");
    assert_eq!(world.get(&own, &token).await.body["totalCount"], 0);

    let plans = core["servicePlans"].as_array().unwrap();
    let off = &plans[1]["id"];
    let body =
        json!({"licensesToAssign": [{"skuId": core["productSku"]["id"], "excludedPlans": [off]}]});
    let given = world.post(&update, &token, &body).await;
    assert_eq!(given.status, 201, "{}", given.body);
    assert_eq!(given.body["licensesToAssign"], body["licensesToAssign"]);
    assert_eq!(given.body["licenseWarnings"], json!([]));
    let used = world.get(&own, &token).await;
    let used = sku(&used, "Workplace Core");
    let status = |plan: &Value| (text(&plan["id"]), text(&plan["capabilityStatus"]));
    let wanted: Vec<_> = plans
        .iter()
        .map(|plan| {
            (
                text(&plan["id"]),
                if plan["id"] == *off {
                    "Disabled"
                } else {
                    "Assigned"
                }
                .to_owned(),
            )
        })
        .collect();
    assert_eq!(
        used["servicePlans"]
            .as_array()
            .unwrap()
            .iter()
            .map(status)
            .collect::<Vec<_>>(),
        wanted
    );
    assert_eq!(
        units(sku(&world.get(&stock, &token).await, "Workplace Core")),
        [17, 20, 3]
    );

    // The same once more switches services and uses no further unit.
    let again = world
        .post(&update, &token, &give(&[&core["productSku"]["id"]]))
        .await;
    assert_eq!(again.status, 201, "{}", again.body);
    assert_eq!(
        units(sku(&world.get(&stock, &token).await, "Workplace Core")),
        [17, 20, 3]
    );
    let all_on = world.get(&own, &token).await;
    let all_on = sku(&all_on, "Workplace Core")["servicePlans"]
        .as_array()
        .unwrap()
        .iter()
        .all(|plan| plan["capabilityStatus"] == "Assigned");
    assert!(all_on);
}

#[tokio::test]
async fn the_last_unit_goes_to_one_and_a_deleted_users_is_free_again() {
    let world = World::demo().await;
    let (token, customer, dev) = desk(&world).await;
    let stock = format!("{customer}/subscribedskus");
    let (update, own) = (format!("{dev}/licenseupdates"), format!("{dev}/licenses"));
    let before = world.get(&stock, &token).await;
    let core = sku(&before, "Workplace Core");
    let first = give(&[&core["productSku"]["id"]]);
    assert_eq!(world.post(&update, &token, &first).await.status, 201);

    // All seats of the add-on go to others; the fifth is refused, and leaves everything as it was.
    let addon = sku(&before, "Calling")["productSku"]["id"].clone();
    let free = units(sku(&before, "Calling"))[0];
    let mut made = Vec::new();
    for number in 0..free {
        let body = json!({
            "userPrincipalName": format!("seat{number}@bay-street-shipping.example"), "firstName": "Seat", "lastName": "Holder",
            "displayName": format!("Seat {number}"), "usageLocation": "US", "passwordProfile": {"password": "Renew.456"},
        });
        let user = world
            .post(&format!("{customer}/users"), &token, &body)
            .await;
        let path = format!("{customer}/users/{}", text(&user.body["id"]));
        let given = world
            .post(&format!("{path}/licenseupdates"), &token, &give(&[&addon]))
            .await;
        assert_eq!(given.status, 201, "{}", given.body);
        made.push(path);
    }
    let before = world.get(&stock, &token).await.body;
    let body = json!({"licensesToAssign": [{"skuId": addon}], "licensesToRemove": [core["productSku"]["id"]]});
    let full = world.post(&update, &token, &body).await;
    assert_eq!(
        (full.status, &full.body["code"]),
        (400, &json!(60_012)),
        "{}",
        full.body
    );
    assert_eq!(world.get(&stock, &token).await.body, before);
    assert_eq!(world.get(&own, &token).await.body["totalCount"], 1);
    // A deleted user's unit is free at once.
    let first = made.first().unwrap();
    let gone = world
        .http
        .delete(format!("{}{first}", world.base))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 204);
    let given = world.post(&update, &token, &body).await;
    assert_eq!(given.status, 201, "{}", given.body);
    assert_eq!(given.body["licensesToRemove"], body["licensesToRemove"]);
    let used = world.get(&own, &token).await;
    assert_eq!(used.body["totalCount"], 1);
    sku(&used, "Calling");
    let records = records(&world, &token, "License").await;
    assert_eq!(records.body["totalCount"], 2 + free, "{}", records.body);
}

#[tokio::test]
async fn licences_of_the_two_groups_are_kept_apart() {
    let world = World::demo().await;
    let (token, customer, dev) = desk(&world).await;
    let stock = format!("{customer}/subscribedskus");
    let named = |list: &Answer| {
        list.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(&one["productSku"]["licenseGroupId"]))
            .collect::<Vec<_>>()
    };
    let one = world.get(&stock, &token).await;
    assert!(named(&one).iter().all(|group| group == "group1") && !named(&one).is_empty());
    let two = world
        .get(&format!("{stock}?licenseGroupIds=group2"), &token)
        .await;
    assert_eq!(named(&two), ["group2"]);
    let both = world
        .get(
            &format!("{stock}?licenseGroupIds=Group1&licenseGroupIds=Group2"),
            &token,
        )
        .await;
    assert_eq!(named(&both).len(), named(&one).len() + 1);
    let wrong = world
        .get(&format!("{stock}?licenseGroupIds=Group3"), &token)
        .await;
    assert_eq!(wrong.status, 400, "{}", wrong.body);

    let [core, diagrams] =
        ["Workplace Core", "Diagram Plan"].map(|name| &sku(&both, name)["productSku"]["id"]);
    let update = format!("{dev}/licenseupdates");
    let mixed = world.post(&update, &token, &give(&[core, diagrams])).await;
    assert_eq!(mixed.status, 400, "{}", mixed.body);
    assert!(text(&mixed.body["description"]).contains("licensesToAssign"));
    let own = format!("{dev}/licenses?licenseGroupIds=Group1&licenseGroupIds=Group2");
    assert_eq!(world.get(&own, &token).await.body["totalCount"], 0);
    for id in [core, diagrams] {
        assert_eq!(world.post(&update, &token, &give(&[id])).await.status, 201);
    }
    let mut held = named(&world.get(&own, &token).await);
    held.sort();
    assert_eq!(held, ["group1", "group2"]);
    assert_eq!(
        named(&world.get(&format!("{dev}/licenses"), &token).await),
        ["group1"]
    );
    assert_eq!(
        named(
            &world
                .get(&format!("{dev}/licenses?licensegroupids=GROUP2"), &token)
                .await
        ),
        ["group2"]
    );
}

/// ROL-018, ROL-031, ROL-033, and values that are none.
#[tokio::test]
async fn licences_that_cannot_be_given_are_refused_by_their_member() {
    let world = World::demo().await;
    let (token, customer, dev) = desk(&world).await;
    let stock = world
        .get(&format!("{customer}/subscribedskus"), &token)
        .await;
    let core = &sku(&stock, "Workplace Core")["productSku"]["id"];
    let other = world.customer("harbor", "Juniper").await;
    let foreign = world
        .get(&format!("/v1/customers/{other}/subscribedskus"), &token)
        .await;
    let foreign = &sku(&foreign, "Desk Basic")["productSku"]["id"];
    let update = format!("{dev}/licenseupdates");
    for (member, body) in [
        ("licensesToAssign", json!({})),
        (
            "licensesToAssign[0].skuId",
            json!({"licensesToAssign": [{}]}),
        ),
        ("licensesToAssign", give(&[&json!("no-such-thing")])),
        ("licensesToAssign", give(&[foreign])),
        (
            "licensesToAssign.excludedPlans",
            json!({"licensesToAssign": [{"skuId": core, "excludedPlans": ["mail"]}]}),
        ),
        ("licensesToRemove", take(core)),
        ("licensesToAssign", json!({"licensesToAssign": "core"})),
    ] {
        let refused = world.post(&update, &token, &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.body);
        assert!(
            text(&refused.body["description"]).contains(member),
            "{body}: {}",
            refused.body
        );
    }
    assert_eq!(
        world.get(&format!("{dev}/licenses"), &token).await.body["totalCount"],
        0
    );

    let app = world.of("harbor", "accessTokenApp");
    for path in [
        format!("{customer}/subscribedskus"),
        format!("{dev}/licenses"),
    ] {
        let alone = world.get(&path, &app).await;
        assert_eq!(
            (alone.status, &alone.body["code"]),
            (400, &json!(900_316)),
            "{}",
            alone.body
        );
    }
    let alone = world.post(&update, &app, &give(&[core])).await;
    assert_eq!(
        (alone.status, &alone.body["code"]),
        (400, &json!(900_316)),
        "{}",
        alone.body
    );
    // A reader of the directory sees what there is, and gives nothing.
    let users = world
        .get(&format!("/v1/customers/{other}/users"), &token)
        .await;
    let noor = text(&users.body["items"][0]["id"]);
    let path = format!("/v1/customers/{other}/users/{noor}/licenseupdates");
    let refused = world.post(&path, &token, &give(&[foreign])).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (403, &json!(900_308)),
        "{}",
        refused.body
    );
    let rules = refused.body["data"].as_array().unwrap();
    assert!(rules.contains(&json!("ROL-033")), "{}", refused.body);
    let nobody = world
        .post(
            &format!("{customer}/users/nobody/licenseupdates"),
            &token,
            &give(&[core]),
        )
        .await;
    assert_eq!(
        (nobody.status, &nobody.body["code"]),
        (404, &json!(60_002)),
        "{}",
        nobody.body
    );
}
