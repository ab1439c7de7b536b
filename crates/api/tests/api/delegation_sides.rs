//! Delegation at our own endpoints: what a customer decides, who may do what, and the end of old full delegation.

use serde_json::{Value, json};
use tierline_api::identity::Subject;
use uuid::Uuid;

use crate::common::delegation::{ask, begun, named, of_customer, world};
use crate::common::post::{Post, Receiver};
use crate::common::{advance, text};

#[tokio::test]
async fn a_customer_approves_and_ends_rights_at_our_own_endpoints() {
    let world = world().await;
    let harbor = world.user("harbor");
    let juniper = of_customer(&world, "juniper-bakery").await;
    let evergreen = of_customer(&world, "evergreen-vineyard").await;
    let id = text(&begun(&world, "desk-rights").await.body["id"]);
    assert_eq!(
        ask(&world, &harbor, &id, "lockForApproval").await.status,
        201
    );
    let path = |verb: &str| format!("/program/v1/admin-relationships/{id}/{verb}");
    let other = world.post(&path("terminate"), &evergreen, &json!({})).await;
    assert_eq!(other.status, 404, "{}", other.body);
    let short = "/program/v1/admin-relationships/desk-rights/approve";
    assert_eq!(world.post(short, &juniper, &json!({})).await.status, 404);
    let partner = world.post(&path("approve"), &harbor, &json!({})).await;
    assert_eq!(partner.status, 403, "{}", partner.body);
    let approved = world.post(&path("approve"), &juniper, &json!({})).await;
    assert_eq!(
        (approved.status, &approved.body["state"]),
        (200, &json!("approved")),
        "{}",
        approved.body
    );
    let list = world.get("/program/v1/admin-relationships", &juniper).await;
    assert_eq!(list.body["totalCount"], 2, "{}", list.body);
    let none = world
        .get("/program/v1/admin-relationships", &evergreen)
        .await;
    assert_eq!(none.body["totalCount"], 0, "{}", none.body);
    let foreign = world
        .get(
            "/program/v1/admin-relationships?customer=juniper-bakery",
            &evergreen,
        )
        .await;
    assert_eq!(foreign.status, 404, "{}", foreign.body);
    let ended = world.post(&path("terminate"), &juniper, &json!({})).await;
    assert_eq!(ended.status, 409, "{}", ended.body);
    advance(&world, "PT10M").await;
    let ended = world.post(&path("terminate"), &juniper, &json!({})).await;
    assert_eq!(
        (ended.status, &ended.body["state"]),
        (200, &json!("termination_requested")),
        "{}",
        ended.body
    );
}

#[tokio::test]
async fn a_customer_calls_nothing_but_what_is_for_both_sides() {
    let world = world().await;
    let juniper = of_customer(&world, "juniper-bakery").await;
    for path in [
        "/v1/customers",
        "/v1/invoices",
        "/program/v1/security-groups",
        "/program/v1/order-requests",
    ] {
        let answer = world.get(path, &juniper).await;
        assert!(
            matches!(answer.status, 403 | 501),
            "{path}: {}",
            answer.body
        );
    }
    let command = world
        .post(
            "/program/v1/commands/list_admin",
            &juniper,
            &json!({ "customer": "juniper-bakery" }),
        )
        .await;
    assert_eq!(command.status, 403, "{}", command.body);
    // A partner's user who works in the customer's tenant is no user of the customer, and neither is one without roles.
    let customer: Uuid = world.customer("harbor", "Juniper").await.parse().unwrap();
    let token = |name: &str| {
        let user = (Uuid::nil(), name.to_owned());
        let subject = Subject::user(customer, "app", user, true);
        world
            .server
            .issuer()
            .issue(&subject, world.app.clock().server_now())
    };
    let harbor = world.of("harbor", "user");
    let guest = world
        .get("/program/v1/admin-relationships", &token(&harbor))
        .await;
    assert_eq!(guest.status, 401, "{}", guest.body);
    let domain = text(
        &world
            .get(&format!("/v1/customers/{customer}"), &world.user("harbor"))
            .await
            .body["companyProfile"]["domain"],
    );
    let plain = token(&format!("kim@{domain}"));
    let id = named(&world, "harbor", "harbor-juniper-readers").await;
    let plain = world
        .post(
            &format!("/program/v1/admin-relationships/{id}/terminate"),
            &plain,
            &json!({}),
        )
        .await;
    assert_eq!(plain.status, 403, "{}", plain.body);
    assert_eq!(plain.body["decision"]["violations"][0]["rule"], "ROL-030");
}

#[tokio::test]
async fn effective_access_says_what_and_why_not_more() {
    let world = world().await;
    let harbor = world.user("harbor");
    let juniper = world.customer("harbor", "Juniper").await;
    let user = world.of("harbor", "user");
    let path = format!("/program/v1/customers/{juniper}/effective-access");
    let about = format!("{path}?user={user}");
    let found = world.get(&path, &harbor).await;
    assert_eq!(found.status, 200, "{}", found.body);
    assert_eq!(
        (&found.body["user"], &found.body["allowed"]),
        (&json!(user), &json!(true))
    );
    let roles: Vec<(String, String, String)> = found.body["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| {
            (
                text(&grant["role"]),
                text(&grant["group"]),
                text(&grant["from"]["name"]),
            )
        })
        .collect();
    let held = |role: &str| {
        (
            role.to_owned(),
            "harbor-readers".to_owned(),
            "harbor-juniper-readers".to_owned(),
        )
    };
    assert_eq!(roles, [held("directory_reader"), held("global_reader")]);
    assert!(found.body["roles"][0]["until"].is_string());
    // Full delegation is there, too, and granular roles go before it.
    assert_eq!(found.body["notHeld"][0]["rule"], "DAP-004");
    assert!(text(&found.body["notHeld"][0]["statement"]).len() > 20);
    assert_eq!(
        world.get(&about, &harbor).await.body["roles"],
        found.body["roles"]
    );
    assert_eq!(
        world.get(&about, &world.user("operator")).await.body["roles"],
        found.body["roles"]
    );
    let seen = world
        .get(&about, &of_customer(&world, "juniper-bakery").await)
        .await;
    assert_eq!(
        (seen.status, &seen.body["roles"][0]["group"]),
        (200, &Value::Null),
        "{}",
        seen.body
    );
    for token in [
        world.user("meridian"),
        of_customer(&world, "evergreen-vineyard").await,
    ] {
        let stranger = world.get(&about, &token).await;
        assert_eq!(stranger.status, 404, "{}", stranger.body);
    }
    let nobody = world.get(&format!("{path}?user=nobody"), &harbor).await;
    assert_eq!(nobody.status, 404, "{}", nobody.body);
    let missing = world
        .get(&path, &world.of("harbor", "accessTokenApp"))
        .await;
    assert_eq!(missing.status, 400, "{}", missing.body);
}

#[tokio::test]
async fn the_end_of_full_delegation_is_told_and_recorded() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    let events = [
        "dap-admin-relationship-terminated",
        "dap-admin-relationship-terminated-by-microsoft",
    ];
    post.register("harbor", &receiver, &events).await;
    post.by("oakline", "end_delegation", json!({ "partner": "harbor" }))
        .await;
    let conversion = json!({ "partner": "harbor", "customer": "juniper-bakery" });
    post.by("operator", "convert_delegation", conversion).await;
    advance(&post.world, "P29D").await;
    while post.round().await > 0 {}
    let heard = receiver.take();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0]["EventName"], events[0]);
    advance(&post.world, "P1D").await;
    while post.round().await > 0 {}
    let heard = receiver.take();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(
        (&heard[0]["EventName"], &heard[0]["ResourceName"]),
        (&json!(events[1]), &json!("PartnerCustomerDap"))
    );
    let records = post
        .get(
            "harbor",
            "/v1/auditrecords?startDate=2026-01-01&endDate=2026-03-01",
        )
        .await;
    let ended = records.body["items"].as_array().unwrap().iter();
    let ended =
        ended.filter(|record| record["operationType"] == "dap_admin_relationship_terminated");
    assert_eq!(ended.count(), 2, "{}", records.body);
}

/// SEC-014: what a customer grants, who is given it, what is taken away and what ends by its date stands in the partner's
/// records as often as it happened, with the customer; and in nobody else's.
#[tokio::test]
async fn every_change_of_delegated_rights_is_audited_where_the_partner_sees_it() {
    let post = Post::open().await;
    let (reader, license) = ("directory_reader", "license_administrator");
    let by = |actor: &'static str, verb: &'static str, params| post.by(actor, verb, params);
    let group = json!({ "group": "audit-desk", "members": ["admin.harbor"] });
    by("harbor", "set_group", group).await;
    for name in ["audited", "ended"] {
        let asked = json!({ "customer": "juniper-bakery", "name": name, "days": 20, "roles": [reader, license] });
        by("harbor", "request_admin", asked).await;
        let approved = json!({ "admin_relationship": name });
        by("juniper-bakery", "approve_admin", approved).await;
        advance(&post.world, "PT10M").await;
    }
    let held = |roles: Option<&[&str]>| {
        let mut held = json!({ "admin_relationship": "audited", "group": "audit-desk" });
        if let Some(roles) = roles {
            held["roles"] = json!(roles);
        }
        held
    };
    by("harbor", "assign_roles", held(Some(&[reader]))).await;
    advance(&post.world, "PT5M").await;
    by("harbor", "change_roles", held(Some(&[license]))).await;
    advance(&post.world, "PT5M").await;
    by("harbor", "remove_roles", held(None)).await;
    advance(&post.world, "PT5M").await;
    by("harbor", "assign_roles", held(Some(&[reader]))).await;
    let ended = json!({ "admin_relationship": "ended" });
    by("harbor", "terminate_admin", ended).await;
    by("oakline", "end_delegation", json!({ "partner": "harbor" })).await;
    advance(&post.world, "P25D").await;

    let path = "/v1/auditrecords?startDate=2026-01-01&endDate=2026-03-01&size=500";
    let records = post.get("harbor", path).await;
    let seen = |what: &str, customer: &str| {
        let items = records.body["items"].as_array().unwrap().iter();
        let same = |one: &&Value| one["operationType"] == what && one["customerName"] == customer;
        items.filter(same).count()
    };
    let (juniper, oakline) = ("Juniper Bakery LLC", "Oakline Retail Group Inc.");
    for (what, times) in [
        ("granular_admin_relationship_created", 2),
        ("granular_admin_relationship_approved", 2),
        ("granular_admin_relationship_activated", 2),
        ("granular_admin_access_assignment_created", 2),
        ("granular_admin_access_assignment_activated", 2),
        ("granular_admin_access_assignment_updated", 1),
        ("granular_admin_access_assignment_deleted", 1),
        ("granular_admin_relationship_termination_requested", 1),
        ("granular_admin_relationship_terminated", 1),
        ("granular_admin_relationship_expired", 1),
        ("dap_admin_relationship_terminated", 0),
    ] {
        assert_eq!(seen(what, juniper), times, "{what}: {}", records.body);
    }
    assert_eq!(
        seen("dap_admin_relationship_terminated", oakline),
        1,
        "{}",
        records.body
    );
    let foreign = post.get("meridian", path).await;
    assert_eq!(foreign.status, 200, "{}", foreign.body);
    assert!(
        !foreign.body.to_string().contains("audit-desk"),
        "{}",
        foreign.body
    );
    assert!(
        !foreign.body.to_string().contains("audited"),
        "{}",
        foreign.body
    );
}

/// The older service tells of every customer whether there is full delegation, and of those in figures; under its own path.
#[tokio::test]
async fn old_delegation_is_told_of_where_it_was() {
    let world = world().await;
    let harbor = world.user("harbor");
    let root = "/CustomerServiceAdminApi/Web/v1";
    let get = |path: &str| {
        let (world, token, path) = (&world, &harbor, format!("{root}/{path}"));
        async move { world.get(&path, token).await }
    };
    let all = get("delegatedAdminCustomers?$count=true&$orderBy=organizationDisplayName").await;
    assert_eq!(all.status, 200, "{}", all.body);
    let value = all.body["value"].as_array().unwrap();
    assert_eq!(all.body["@odata.count"], value.len());
    let full = value.iter().filter(|one| one["dapEnabled"] == true);
    let full: Vec<String> = full.map(|one| text(&one["customerTenantId"])).collect();
    assert!(!full.is_empty() && full.len() < value.len(), "{}", all.body);
    let only = get("delegatedAdminCustomers?$filter=dapEnabled%20eq%20true&$select=id").await;
    let ids = only.body["value"].as_array().unwrap().iter();
    let ids: Vec<String> = ids.map(|one| text(&one["id"])).collect();
    assert_eq!(ids, full);
    assert!(only.body["value"][0].get("dapEnabled").is_none());
    let figures = get("delegatedAdminStatistics").await;
    let told = (
        &figures.body["partnerTenantId"],
        &figures.body["totalDapCustomerCount"],
    );
    assert_eq!(
        told,
        (&json!(world.of("harbor", "tenantId")), &json!(full.len())),
        "{}",
        figures.body
    );
    let sum = |member: &str| {
        let days = figures.body[member].as_array().unwrap();
        days.iter()
            .map(|day| day["count"].as_i64().unwrap())
            .sum::<i64>()
    };
    assert_eq!(
        usize::try_from(sum("establishedDapCount")).unwrap(),
        full.len()
    );
    // Nobody has used them for years.
    assert_eq!(
        usize::try_from(sum("inactiveDapCount")).unwrap(),
        full.len()
    );
    let juniper = of_customer(&world, "juniper-bakery").await;
    let path = format!("{root}/delegatedAdminStatistics");
    let customer = world.get(&path, &juniper).await;
    assert_eq!(
        (customer.status, &customer.body["error"]["code"]),
        (403, &json!("accessDenied")),
        "{}",
        customer.body
    );
}
