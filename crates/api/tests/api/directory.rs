//! Users of customers and the roles they hold in their directories.

use crate::common::{Answer, World, advance, records, sent, text};
use serde_json::{Value, json};

/// The partner's token, and the path of a customer in which it has rights to write.
async fn desk(world: &World) -> (String, String) {
    let id = world.customer("harbor", "Bay Street").await;
    (world.user("harbor"), format!("/v1/customers/{id}"))
}

fn person(name: &str) -> Value {
    json!({
        "UserPrincipalName": format!("{name}@bay-street-shipping.example"), "FIRSTNAME": "Ada", "lastName": "Grey",
        "displayName": "Ada Grey", "usageLocation": "US", "immutableId": null, "state": null,
        "passwordProfile": {"password": "Renew.456", "forceChangePassword": false},
    })
}

fn names(list: &Answer) -> Vec<String> {
    let items = list.body["items"].as_array().unwrap().iter();
    let name = |user: &Value| text(&user["userPrincipalName"]);
    items
        .map(|user| name(user).split('@').next().unwrap().to_owned())
        .collect()
}

async fn patched(world: &World, path: &str, token: &str, body: &Value) -> Answer {
    sent(world, "PATCH", path, token, body, &[]).await
}

async fn deleted(world: &World, path: &str, token: &str) -> Answer {
    sent(world, "DELETE", path, token, &json!(null), &[]).await
}

/// What a refusal says: status and code.
fn refusal(answer: &Answer) -> (u16, u64) {
    let code = answer.body["code"].as_u64();
    (answer.status, code.unwrap_or_default())
}

/// ROL-019, ROL-031, ROL-032.
#[tokio::test]
async fn users_are_made_changed_and_listed_in_order() {
    let world = World::demo().await;
    let (token, customer) = desk(&world).await;
    let users = format!("{customer}/users");
    let made = world.post(&users, &token, &person("Ada")).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let own = format!("{users}/{}", text(&made.body["id"]));
    assert_eq!(made.body["passwordProfile"]["password"], "Renew.456");
    assert_eq!(made.body["passwordProfile"]["forceChangePassword"], false);
    assert_eq!(
        made.body["userPrincipalName"],
        "Ada@bay-street-shipping.example"
    );
    assert_eq!(made.body["state"], "active");
    let read = world.get(&own, &token).await;
    assert_eq!(read.status, 200);
    // The password is in no further answer.
    assert!(read.body.get("passwordProfile").is_none());
    assert!(
        read.body["softDeletionTime"].is_null() && read.body["lastDirectorySyncTime"].is_null()
    );

    let taken = world.post(&users, &token, &person("ADA")).await;
    assert_eq!(taken.status, 409, "{}", taken.body);
    let change = json!({"DisplayName": "Zoe Grey", "usageLocation": "CA", "state": "Active", "phoneNumber": "+1 555 0199"});
    let changed = patched(&world, &own, &token, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(
        [
            &changed.body["displayName"],
            &changed.body["usageLocation"],
            &changed.body["phoneNumber"],
            &changed.body["lastName"]
        ],
        ["Zoe Grey", "CA", "+1 555 0199", "Grey"]
    );
    assert_eq!(world.get(&own, &token).await.body, changed.body);
    let moved = patched(
        &world,
        &own,
        &token,
        &json!({"userPrincipalName": "aaron@bay-street-shipping.example"}),
    )
    .await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    let clash = patched(
        &world,
        &own,
        &token,
        &json!({"userPrincipalName": "TOMAS@bay-street-shipping.example"}),
    )
    .await;
    assert_eq!(clash.status, 409, "{}", clash.body);

    let all = world.get(&users, &token).await;
    assert_eq!(names(&all), ["aaron", "admin", "dev", "ingrid", "tomas"]);
    let back = world
        .get(
            &format!("{users}?sortField=DisplayName&sortDirection=descending&size=0"),
            &token,
        )
        .await;
    assert_eq!(names(&back), ["aaron", "tomas", "admin", "ingrid", "dev"]);
    // Every user once, page by page, as clients follow them.
    let mut found = Vec::new();
    let mut page = world.get(&format!("{users}?size=2"), &token).await;
    loop {
        found.extend(names(&page));
        let Some(next) = page.body["continuationToken"].as_str() else {
            break;
        };
        let headers = [("MS-ContinuationToken", next)];
        let path = format!("{users}?size=2&seekOperation=Next");
        page = sent(&world, "GET", &path, &token, &json!(null), &headers).await;
    }
    assert_eq!(found, names(&all));
}

/// What is wrong with a member is told under its name, and nothing is changed.
#[tokio::test]
async fn a_user_that_cannot_be_is_refused_by_its_member() {
    let world = World::demo().await;
    let (token, customer) = desk(&world).await;
    let users = format!("{customer}/users");
    let before = world.get(&users, &token).await.body;
    for (member, value) in [
        ("UserPrincipalName", json!("ada@elsewhere.example")),
        ("UserPrincipalName", json!("ada")),
        ("UserPrincipalName", json!(null)),
        ("displayName", json!("  ")),
        ("displayName", json!("x".repeat(257))),
        ("lastName", json!(null)),
        ("usageLocation", json!("ZZ")),
        ("usageLocation", json!("Sweden")),
        ("usageLocation", json!(7)),
        ("passwordProfile", json!(null)),
        ("passwordProfile", json!({"password": "short"})),
        ("passwordProfile", json!({"password": "with\u{7}bell"})),
        ("passwordProfile", json!({"forceChangePassword": true})),
    ] {
        let mut body = person("ada");
        body[member] = value.clone();
        let refused = world.post(&users, &token, &body).await;
        assert_eq!(refused.status, 400, "{member} {value}: {}", refused.body);
        let said = text(&refused.body["description"]).to_lowercase();
        assert!(
            said.contains(&member.to_lowercase()),
            "{member} {value}: {said}"
        );
    }
    let one = format!("{users}/{}", text(&before["items"][2]["id"]));
    for (member, body) in [
        ("state", json!({"state": "inactive"})),
        ("state", json!({"state": "gone"})),
        ("body", json!({})),
        (
            "passwordProfile",
            json!({"displayName": "A", "passwordProfile": {"password": "Renew.456"}}),
        ),
        ("usageLocation", json!({"usageLocation": "ZZ"})),
        ("firstName", json!({"firstName": " "})),
    ] {
        let refused = patched(&world, &one, &token, &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.body);
        assert!(
            text(&refused.body["description"]).contains(member),
            "{body}: {}",
            refused.body
        );
    }
    for query in [
        "sortField=age",
        "sortDirection=sideways",
        "filter=7",
        "size=x",
    ] {
        let refused = world.get(&format!("{users}?{query}"), &token).await;
        assert_eq!(refused.status, 400, "{query}: {}", refused.body);
    }
    assert_eq!(world.get(&users, &token).await.body, before);
}

/// ROL-031 to ROL-034, CUS-017: whoever may not know of a user is told nothing of it, and rights come before values.
#[tokio::test]
async fn users_are_for_those_with_a_role_in_the_customers_tenant() {
    let world = World::demo().await;
    let (token, customer) = desk(&world).await;
    let list = world.get(&format!("{customer}/users"), &token).await;
    let user = text(&list.body["items"][2]["id"]);
    // A reader of the directory reads, and changes nothing.
    let bakery = world.customer("harbor", "Juniper").await;
    let bakery = format!("/v1/customers/{bakery}");
    let readers = world.get(&format!("{bakery}/users"), &token).await;
    assert_eq!(names(&readers), ["noor"]);
    let noor = format!("{bakery}/users/{}", text(&readers.body["items"][0]["id"]));
    let role = format!("{bakery}/directoryroles/fe930be7-5e62-47db-91af-98c3a49a38b1/usermembers");
    for refused in [
        world
            .post(&format!("{bakery}/users"), &token, &person("ada"))
            .await,
        patched(&world, &noor, &token, &json!({"displayName": "N"})).await,
        patched(
            &world,
            &format!("{noor}x"),
            &token,
            &json!({"displayName": "N"}),
        )
        .await,
        deleted(&world, &noor, &token).await,
        world
            .post(
                &role,
                &token,
                &json!({"id": text(&readers.body["items"][0]["id"])}),
            )
            .await,
    ] {
        assert_eq!(refusal(&refused), (403, 900_308), "{}", refused.body);
    }
    // No role at all.
    let farms = world.customer("harbor", "Yonder").await;
    for tail in ["users", "directoryroles"] {
        let refused = world
            .get(&format!("/v1/customers/{farms}/{tail}"), &token)
            .await;
        assert_eq!(
            refusal(&refused),
            (403, 900_308),
            "{tail}: {}",
            refused.body
        );
    }
    // A customer's user of another customer, and a customer of another partner.
    let foreign = world.get(&format!("{bakery}/users/{user}"), &token).await;
    assert_eq!(refusal(&foreign), (404, 60_002), "{}", foreign.body);
    let stranger = world
        .get(&format!("{customer}/users/{user}"), &world.user("meridian"))
        .await;
    assert_eq!(refusal(&stranger), (403, 20_002), "{}", stranger.body);
    let none = world.get(&format!("{customer}/users/nobody"), &token).await;
    assert_eq!(refusal(&none), (404, 60_002), "{}", none.body);
    // An application alone is nobody (ROL-018).
    let alone = world
        .get(
            &format!("{customer}/users"),
            &world.of("harbor", "accessTokenApp"),
        )
        .await;
    assert_eq!(refusal(&alone), (403, 900_329), "{}", alone.body);
}

#[tokio::test]
async fn a_deleted_user_is_restored_within_thirty_days() {
    let world = World::demo().await;
    let (token, customer) = desk(&world).await;
    let users = format!("{customer}/users");
    let made = world.post(&users, &token, &person("ada")).await;
    let own = format!("{users}/{}", text(&made.body["id"]));
    let gone = deleted(&world, &own, &token).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    for path in [own.clone(), format!("{own}/directoryroles")] {
        let missing = world.get(&path, &token).await;
        assert_eq!(refusal(&missing), (404, 60_002), "{path}: {}", missing.body);
    }
    assert_eq!(deleted(&world, &own, &token).await.status, 404);
    assert_eq!(
        patched(&world, &own, &token, &json!({"displayName": "A"}))
            .await
            .status,
        404
    );
    let inactive = json!({"Field": "UserState", "Value": "Inactive", "Operator": "equals"});
    let list = |filter: Value| {
        let (world, users, token) = (&world, &users, &token);
        async move {
            let filter = crate::common::escaped(&filter.to_string());
            world
                .get(&format!("{users}?filter={filter}&size=500"), token)
                .await
        }
    };
    let listed = list(inactive.clone()).await;
    assert_eq!(names(&listed), ["ada", "lotte"]);
    assert_eq!(listed.body["items"][0]["state"], "inactive");
    assert!(listed.body["items"][0]["softDeletionTime"].is_string());
    let active = json!({"Field": "UserState", "Value": "Active", "Operator": "equals"});
    assert!(!names(&list(active).await).contains(&"ada".to_owned()));
    // Its name stays its own as long as it can come back.
    assert_eq!(world.post(&users, &token, &person("ada")).await.status, 409);

    advance(&world, "P29D").await;
    let token = desk(&world).await.0;
    let back = patched(
        &world,
        &own,
        &token,
        &json!({"State": "active", "Attributes": {"ObjectType": "CustomerUser"}}),
    )
    .await;
    assert_eq!(
        (back.status, &back.body["state"]),
        (200, &json!("active")),
        "{}",
        back.body
    );
    assert!(back.body["softDeletionTime"].is_null());
    assert_eq!(world.get(&own, &token).await.status, 200);

    assert_eq!(deleted(&world, &own, &token).await.status, 204);
    advance(&world, "P30D").await;
    let token = desk(&world).await.0;
    let late = patched(&world, &own, &token, &json!({"state": "active"})).await;
    assert_eq!(refusal(&late), (404, 60_002), "{}", late.body);
    let filter = crate::common::escaped(&inactive.to_string());
    let nobody = world.get(&format!("{users}?filter={filter}"), &token).await;
    assert_eq!(names(&nobody), [""; 0]);
    // The name is free for somebody else.
    let other = world.post(&users, &token, &person("ada")).await;
    assert_eq!(other.status, 200, "{}", other.body);
    assert_ne!(other.body["id"], made.body["id"]);
}

/// ROL-019, ROL-035.
#[tokio::test]
async fn a_password_is_shown_once_and_an_administrators_needs_more() {
    let world = World::demo().await;
    let (token, customer) = desk(&world).await;
    let users = format!("{customer}/users");
    let all = world.get(&users, &token).await.body;
    let [admin, dev] =
        [0, 1].map(|place: usize| format!("{users}/{}", text(&all["items"][place]["id"])));
    let given = json!({"passwordProfile": {"password": "Once.Only1 ", "forceChangePassword": true}, "attributes": {"objectType": "CustomerUser"}});
    // By either path, as clients of both kinds do.
    for path in [format!("{dev}/resetpassword"), dev.clone()] {
        let reset = patched(&world, &path, &token, &given).await;
        assert_eq!(reset.status, 200, "{}", reset.body);
        assert_eq!(reset.body["passwordProfile"], given["passwordProfile"]);
    }
    let read = world.get(&dev, &token).await.body;
    assert!(!read.to_string().contains("Once.Only1"));
    let refused = patched(&world, &format!("{admin}/resetpassword"), &token, &given).await;
    assert_eq!(refusal(&refused), (403, 900_308), "{}", refused.body);
    let rules = refused.body["data"].as_array().unwrap();
    assert!(rules.contains(&json!("ROL-035")), "{}", refused.body);
    // No record holds it: neither the audit's nor the log of calls.
    let records = records(&world, &token, "CustomerUser").await;
    let kinds: Vec<_> = records.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["operationType"]))
        .collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "reset_customer_user_password")
            .count(),
        3,
        "{kinds:?}"
    );
    assert!(!records.body.to_string().contains("Once.Only1"));
    let calls = world.get("/program/v1/requests", &token).await;
    assert!(
        !calls.body.to_string().contains("Once.Only1"),
        "{}",
        calls.body
    );
}

/// ROL-034.
#[tokio::test]
async fn roles_of_the_directory_have_members() {
    let world = World::demo().await;
    let (token, customer) = desk(&world).await;
    let roles = world
        .get(&format!("{customer}/directoryroles"), &token)
        .await;
    assert_eq!(
        (roles.status, &roles.body["totalCount"]),
        (200, &json!(12)),
        "{}",
        roles.body
    );
    let role = roles.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["name"] == "License Administrator")
        .unwrap();
    let members = format!(
        "{customer}/directoryroles/{}/usermembers",
        text(&role["id"])
    );
    assert_eq!(world.get(&members, &token).await.body["totalCount"], 0);
    let users = world.get(&format!("{customer}/users"), &token).await;
    let ingrid = &users.body["items"][2];
    let body = json!({"Id": ingrid["id"], "DisplayName": "as it likes", "Attributes": {"ObjectType": "UserMember"}});
    let added = world.post(&members, &token, &body).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(
        [
            &added.body["id"],
            &added.body["displayName"],
            &added.body["roleId"]
        ],
        [&ingrid["id"], &ingrid["displayName"], &role["id"]]
    );
    assert_eq!(world.post(&members, &token, &body).await.status, 409);
    assert_eq!(names(&world.get(&members, &token).await), ["ingrid"]);
    let held = world
        .get(
            &format!("{customer}/users/{}/directoryroles", text(&ingrid["id"])),
            &token,
        )
        .await;
    assert_eq!(held.body["items"], json!([role]), "{}", held.body);

    let unknown = members.replace("4d6ac14f", "4d6ac140");
    assert_eq!(world.get(&unknown, &token).await.status, 404);
    assert_eq!(world.post(&unknown, &token, &body).await.status, 404);
    let nobody = world.post(&members, &token, &json!({"id": "nobody"})).await;
    assert_eq!(refusal(&nobody), (404, 60_002), "{}", nobody.body);
    assert_eq!(world.post(&members, &token, &json!({})).await.status, 400);

    let own = format!("{members}/{}", text(&ingrid["id"]));
    assert_eq!(deleted(&world, &own, &token).await.status, 204);
    assert_eq!(deleted(&world, &own, &token).await.status, 404);
    assert_eq!(world.get(&members, &token).await.body["totalCount"], 0);
    let records = records(&world, &token, "CustomerDirectoryRole").await;
    assert_eq!(records.body["totalCount"], 2, "{}", records.body);
}

/// A new customer comes with its administrator, to whom the answer's credentials belong.
#[tokio::test]
async fn a_new_customer_has_an_administrator() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let made = world.post("/v1/customers", &token, &json!({
        "enableGDAPByDefault": true,
        "companyProfile": {"domain": "sea-bright.example"},
        "billingProfile": {"email": "it@sea-bright.example", "culture": "en-US", "language": "en", "companyName": "Sea Bright LLC",
            "firstName": "June", "lastName": "Hale",
            "defaultAddress": {"country": "US", "city": "Redmond", "state": "WA", "addressLine1": "One Way", "postalCode": "98052", "firstName": "June", "lastName": "Hale", "phoneNumber": "4255550101"}}
    })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["userCredentials"]["userName"], "admin");
    let app = &world.app;
    let user = app
        .read(tierline_app::ask::ask(|tx| {
            Box::pin(async move {
                tierline_app::names::directory_user(tx, "admin@sea-bright.example").await
            })
        }))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (user.first_name.as_str(), user.last_name.as_str()),
        ("June", "Hale")
    );
    assert_eq!(user.tenant.to_string(), text(&made.body["id"]));
    let roles = app
        .read(tierline_app::ask::ask(move |tx| {
            Box::pin(async move { tierline_app::directory::roles_of(tx, user.id).await })
        }))
        .await
        .unwrap();
    assert_eq!(
        roles,
        [tierline_domain::admin::DirectoryRole::GlobalAdministrator]
    );
}

/// Who signs in elsewhere is tied to the directory there, where its password is, too.
#[tokio::test]
async fn users_of_a_federated_domain_have_no_password_here() {
    let world = World::demo().await;
    let (token, customer) = desk(&world).await;
    let domain = json!({"verifiedDomainName": "bay-street.example", "domain": {"authenticationType": "federated", "name": "bay-street.example"},
        "domainFederationSettings": {"issuerUri": "https://sign-in.bay-street.example"}});
    let added = world
        .post(&format!("{customer}/verifieddomain"), &token, &domain)
        .await;
    assert_eq!(added.status, 201, "{}", added.body);
    let users = format!("{customer}/users");
    let body = |name: &str, immutable: Value, password: Value| {
        json!({"userPrincipalName": name, "firstName": "Ada", "lastName": "Grey", "displayName": "Ada Grey", "usageLocation": "US",
            "immutableId": immutable, "passwordProfile": password})
    };
    let (ada, here) = ("ada@bay-street.example", "ada@bay-street-shipping.example");
    for (member, body) in [
        ("immutableId", body(ada, json!(null), json!(null))),
        ("passwordProfile", body(here, json!("a1"), json!(null))),
    ] {
        let refused = world.post(&users, &token, &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.body);
        assert!(
            text(&refused.body["description"]).contains(member),
            "{}",
            refused.body
        );
    }
    let made = world
        .post(&users, &token, &body(ada, json!("a1"), json!(null)))
        .await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(
        (&made.body["userDomainType"], &made.body["immutableId"]),
        (&json!("federated"), &json!("a1"))
    );
    assert!(made.body.get("passwordProfile").is_none());
    let own = format!("{users}/{}", text(&made.body["id"]));
    let password = json!({"passwordProfile": {"password": "Renew.456"}});
    let all = world.get(&users, &token).await.body;
    let dev = format!("{users}/{}", text(&all["items"][2]["id"]));
    for (member, path, change) in [
        ("passwordProfile", format!("{own}/resetpassword"), password),
        (
            "immutableId",
            dev,
            json!({"userPrincipalName": "dev@bay-street.example"}),
        ),
    ] {
        let refused = patched(&world, &path, &token, &change).await;
        assert_eq!(refused.status, 400, "{change}: {}", refused.body);
        assert!(
            text(&refused.body["description"]).contains(member),
            "{}",
            refused.body
        );
    }
    assert_eq!(world.get(&users, &token).await.body, all);
}
