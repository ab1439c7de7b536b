//! Granular administration as clients of the graph call it, for both sides and along time.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::common::delegation::{
    CUSTOMERS, GLOBAL_ADMIN, GLOBAL_READER, READER, ROOT, USER_ADMIN, ask, assert_fails, begun,
    draft, named, of_customer, roles, status, world,
};
use crate::common::{Answer, World, advance, sent, text};

#[tokio::test]
async fn a_request_is_written_sent_approved_and_comes_into_force() {
    let world = world().await;
    let harbor = world.user("harbor");
    let juniper = of_customer(&world, "juniper-bakery").await;
    let made = begun(&world, "desk-rights").await;
    let id = text(&made.body["id"]);
    assert_eq!(
        made.headers["location"],
        format!("{}{ROOT}/{id}", world.base).as_str()
    );
    assert_eq!(made.body["status"], "created");
    assert_eq!(made.body["duration"], "P90D");
    assert_eq!(made.body["autoExtendDuration"], "PT0S");
    assert_eq!(made.body["customer"]["displayName"], "Juniper Bakery LLC");
    assert!(text(&made.body["@odata.etag"]).starts_with("W/\""));
    assert!(text(&made.body["@odata.context"]).ends_with("delegatedAdminRelationships/$entity"));
    let path = format!("{ROOT}/{id}");
    let seen = world.get(&path, &juniper).await;
    assert_fails("a draft is its partner's", &seen, 404, "itemNotFound", "");

    let locked = ask(&world, &harbor, &id, "lockForApproval").await;
    assert_eq!(
        (locked.status, &locked.body["status"]),
        (201, &json!("succeeded"))
    );
    let location = locked.headers["location"].to_str().unwrap().to_owned();
    let again = world
        .get(location.strip_prefix(&world.base).unwrap(), &harbor)
        .await;
    assert_eq!((again.status, &again.body["id"]), (200, &locked.body["id"]));
    assert_eq!(status(&world, &juniper, &id).await, "approvalPending");
    let twice = ask(&world, &harbor, &id, "lockForApproval").await;
    assert_fails("sent twice", &twice, 409, "conflict", "GDA-009");
    let own = ask(&world, &harbor, &id, "approve").await;
    assert_fails(
        "approved by its partner",
        &own,
        403,
        "accessDenied",
        "GDA-007",
    );

    let approved = ask(&world, &juniper, &id, "approve").await;
    assert_eq!(
        (approved.status, &approved.body["status"]),
        (201, &json!("pending"))
    );
    assert_eq!(status(&world, &harbor, &id).await, "approved");
    advance(&world, "PT5M").await;
    assert_eq!(status(&world, &harbor, &id).await, "activating");
    advance(&world, "PT5M").await;
    let active = world.get(&path, &harbor).await;
    assert_eq!(active.body["status"], "active");
    assert_eq!(active.body["activatedDateTime"], "2026-01-15T12:10:00Z");
    assert_eq!(active.body["endDateTime"], "2026-04-15T12:10:00Z");
    let asked = world.get(&format!("{path}/requests"), &harbor).await;
    let mut asked: Vec<(String, String)> = asked.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|asked| (text(&asked["action"]), text(&asked["status"])))
        .collect();
    // Both at one instant of a clock that stands, so that either may come first.
    asked.sort();
    let done = |action: &str| (action.to_owned(), "succeeded".to_owned());
    assert_eq!(asked, [done("approve"), done("lockForApproval")]);

    // Its time runs out to the minute, and nothing is shown of it a year later.
    advance(&world, "P89DT23H59M").await;
    assert_eq!(status(&world, &harbor, &id).await, "active");
    advance(&world, "PT1M").await;
    assert_eq!(status(&world, &harbor, &id).await, "expiring");
    advance(&world, "PT5M").await;
    assert_eq!(status(&world, &harbor, &id).await, "expired");
    advance(&world, "P13M").await;
    for token in [&harbor, &juniper] {
        assert_eq!(world.get(&path, token).await.status, 404);
    }
}

#[tokio::test]
async fn only_what_is_not_sent_is_changed_or_deleted() {
    let world = world().await;
    let harbor = world.user("harbor");
    let made = begun(&world, "desk-rights").await;
    let (id, first) = (text(&made.body["id"]), text(&made.body["@odata.etag"]));
    let path = format!("{ROOT}/{id}");
    let change = json!({ "displayName": "other-name", "duration": "P1Y", "accessDetails": roles(&[READER]) });
    let bare = sent(&world, "PATCH", &path, &harbor, &change, &[]).await;
    assert_fails("without a tag", &bare, 400, "invalidRequest", "");
    let tag = [("If-Match", first.as_str())];
    let changed = sent(&world, "PATCH", &path, &harbor, &change, &tag).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["displayName"], "other-name");
    assert_eq!(changed.body["duration"], "P365D");
    assert_eq!(changed.body["accessDetails"], roles(&[READER]));
    for method in ["PATCH", "DELETE"] {
        let stale = sent(&world, method, &path, &harbor, &change, &tag).await;
        assert_fails(method, &stale, 412, "resourceModified", "GEN-007");
    }
    let second = text(&changed.body["@odata.etag"]);
    assert_ne!(first, second);
    let gone = sent(
        &world,
        "DELETE",
        &path,
        &harbor,
        &json!({}),
        &[("If-Match", &second)],
    )
    .await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(world.get(&path, &harbor).await.status, 404);

    let made = begun(&world, "desk-rights").await;
    let id = text(&made.body["id"]);
    let path = format!("{ROOT}/{id}");
    assert_eq!(
        ask(&world, &harbor, &id, "lockForApproval").await.status,
        201
    );
    let tag = text(&world.get(&path, &harbor).await.body["@odata.etag"]);
    let tag = [("If-Match", tag.as_str())];
    let late = sent(&world, "PATCH", &path, &harbor, &change, &tag).await;
    assert_fails("changed once sent", &late, 409, "conflict", "GDA-012");
    let late = sent(&world, "DELETE", &path, &harbor, &change, &tag).await;
    assert_fails("deleted once sent", &late, 409, "conflict", "GDA-009");

    // In force, a relationship may only be told to extend itself.
    let id = named(&world, "harbor", "harbor-juniper-readers").await;
    let path = format!("{ROOT}/{id}");
    let known = world.get(&path, &harbor).await.body;
    let tag = [("If-Match", known["@odata.etag"].as_str().unwrap())];
    let whole = json!({ "displayName": known["displayName"], "accessDetails": known["accessDetails"], "autoExtendDuration": "P180D" });
    let extends = sent(&world, "PATCH", &path, &harbor, &whole, &tag).await;
    assert_eq!(
        (extends.status, &extends.body["autoExtendDuration"]),
        (200, &json!("P180D")),
        "{}",
        extends.body
    );
    let longer = json!({ "duration": "P1D" });
    let longer = sent(
        &world,
        "PATCH",
        &path,
        &harbor,
        &longer,
        &[("If-Match", "*")],
    )
    .await;
    assert_fails("another duration", &longer, 409, "conflict", "GDA-012");
}

/// Members of a request that are wrong, with the status, the code and the rule they are refused by.
fn wrong(member: &str, foreign: &str) -> Vec<(Value, u16, &'static str, &'static str)> {
    let nobody = "0f0f0f0f-0000-4000-8000-0f0f0f0f0f0f";
    let bad = |value: Value, rule: &'static str| (value, 400, "invalidRequest", rule);
    let denied = |id: &str| (json!({ "tenantId": id }), 403, "accessDenied", "GDA-002");
    match member {
        "accessDetails" => vec![
            bad(roles(&[]), "GDA-005"),
            bad(Value::Null, "GDA-005"),
            bad(roles(&[READER, nobody]), "GDA-005"),
            bad(json!("reader"), ""),
        ],
        "duration" => vec![
            bad(json!("P0D"), "GDA-004"),
            bad(json!("P731D"), "GDA-004"),
            bad(json!("P3Y"), "GDA-004"),
            bad(json!("PT5H"), ""),
            bad(json!("90"), ""),
        ],
        "autoExtendDuration" => vec![bad(json!("P30D"), "")],
        "displayName" => vec![
            bad(json!("a name of words"), "GDA-003"),
            bad(json!("n".repeat(51)), "GDA-003"),
            bad(Value::Null, ""),
            (
                json!("harbor-juniper-readers"),
                409,
                "nameAlreadyExists",
                "GDA-003",
            ),
        ],
        _ => vec![
            denied(nobody),
            denied(foreign),
            bad(json!({ "tenantId": "juniper-bakery" }), ""),
        ],
    }
}

#[tokio::test]
async fn bad_requests_name_what_is_wrong() {
    let world = world().await;
    let harbor = world.user("harbor");
    let juniper = world.customer("harbor", "Juniper").await;
    let canyon = world.customer("meridian", "Canyon").await;
    let good = json!({
        "displayName": "rights", "duration": "P90D", "customer": { "tenantId": juniper }, "accessDetails": roles(&[READER]),
    });
    for member in [
        "accessDetails",
        "duration",
        "autoExtendDuration",
        "displayName",
        "customer",
    ] {
        for (value, status, code, rule) in wrong(member, &canyon) {
            let mut body = good.clone();
            body[member] = value.clone();
            let answer = draft(&world, "harbor", &body).await;
            assert_fails(&format!("{member} {value}"), &answer, status, code, rule);
        }
    }
    let mut powerful = good.clone();
    powerful["accessDetails"] = roles(&[GLOBAL_ADMIN]);
    powerful["autoExtendDuration"] = json!("P180D");
    let answer = draft(&world, "harbor", &powerful).await;
    assert_fails("a powerful role", &answer, 409, "conflict", "GDA-015");
    let answer = world
        .send("POST", ROOT, Some(&harbor), Some(b"{".to_vec()), &[])
        .await;
    assert_fails("no JSON", &answer, 400, "invalidRequest", "");
    let id = named(&world, "harbor", "harbor-juniper-readers").await;
    let answer = ask(&world, &harbor, &id, "dance").await;
    assert_fails("no action", &answer, 400, "invalidRequest", "");
}

#[tokio::test]
async fn a_request_for_nobody_is_written_but_not_sent() {
    let world = world().await;
    let harbor = world.user("harbor");
    let body = json!({ "displayName": "open", "accessDetails": roles(&[READER]) });
    let open = draft(&world, "harbor", &body).await;
    assert_eq!(
        (open.status, &open.body["duration"]),
        (201, &json!("P730D")),
        "{}",
        open.body
    );
    let id = text(&open.body["id"]);
    let early = ask(&world, &harbor, &id, "lockForApproval").await;
    assert_fails("for nobody", &early, 403, "accessDenied", "GDA-002");
    let early = ask(&world, &harbor, &id, "terminate").await;
    assert_fails("ended before it began", &early, 409, "conflict", "GDA-009");
}

#[tokio::test]
async fn strangers_find_nothing() {
    let world = world().await;
    let id = named(&world, "harbor", "harbor-juniper-readers").await;
    let waiting = text(&begun(&world, "desk-rights").await.body["id"]);
    let evergreen = of_customer(&world, "evergreen-vineyard").await;
    let group = &world
        .get("/program/v1/security-groups", &world.user("harbor"))
        .await
        .body["items"][0];
    let group = text(&group["id"]);
    for token in [&world.user("meridian"), &world.user("cedar"), &evergreen] {
        for id in [
            &id,
            &waiting,
            &"no-guid".to_owned(),
            &Uuid::nil().to_string(),
        ] {
            let change = json!({ "autoExtendDuration": "P180D", "action": "terminate", "accessDetails": roles(&[READER]),
                "accessContainer": { "accessContainerId": group } });
            for (method, below) in [
                ("GET", String::new()),
                ("PATCH", String::new()),
                ("DELETE", String::new()),
                ("GET", "/requests".to_owned()),
                ("POST", "/requests".to_owned()),
                ("GET", format!("/requests/{group}")),
                ("GET", "/accessAssignments".to_owned()),
                ("POST", "/accessAssignments".to_owned()),
                ("GET", format!("/accessAssignments/{group}")),
                ("PATCH", format!("/accessAssignments/{group}")),
                ("DELETE", format!("/accessAssignments/{group}")),
                ("GET", "/operations".to_owned()),
                ("GET", format!("/operations/{group}")),
            ] {
                let path = format!("{ROOT}/{id}{below}");
                let answer =
                    sent(&world, method, &path, token, &change, &[("If-Match", "*")]).await;
                assert_fails(
                    &format!("{method} {path}"),
                    &answer,
                    404,
                    "itemNotFound",
                    "",
                );
            }
        }
        let list = world.get(ROOT, token).await;
        assert!(!list.body.to_string().contains(&id), "{}", list.body);
    }
    let app = world.of("harbor", "accessTokenApp");
    assert_fails(
        "an application alone",
        &world.get(ROOT, &app).await,
        403,
        "accessDenied",
        "ROL-018",
    );
    let nobody = world.send("GET", ROOT, None, None, &[]).await;
    assert_fails("no token", &nobody, 401, "unauthenticated", "");
    assert!(nobody.headers.contains_key("www-authenticate"));
    let operator = world.get(ROOT, &world.user("operator")).await;
    assert_fails("the operator", &operator, 403, "accessDenied", "");
    let method = sent(&world, "PUT", ROOT, &world.user("harbor"), &json!({}), &[]).await;
    assert_fails("no method", &method, 405, "notAllowed", "");
}

/// A relationship of harbor in force, and a new group of harbor's.
struct Desk {
    world: World,
    harbor: String,
    /// The relationship's id.
    id: String,
    /// The path of its assignments.
    list: String,
    /// The group's id.
    group: String,
}

impl Desk {
    async fn open() -> Self {
        let world = world().await;
        let harbor = world.user("harbor");
        let id = named(&world, "harbor", "harbor-juniper-readers").await;
        let members = json!({ "group": "service-desk", "members": ["admin.harbor"] });
        let made = world
            .post("/program/v1/commands/set_group", &harbor, &members)
            .await;
        Self {
            group: text(&made.body["result"]["id"]),
            list: format!("{ROOT}/{id}/accessAssignments"),
            world,
            harbor,
            id,
        }
    }

    /// Gives roles to a group.
    async fn gives(&self, group: &str, ids: &[&str]) -> Answer {
        let body = json!({
            "accessContainer": { "accessContainerId": group, "accessContainerType": "securityGroup" }, "accessDetails": roles(ids),
        });
        self.world.post(&self.list, &self.harbor, &body).await
    }

    /// What the group holds.
    async fn held(&self) -> Value {
        let path = format!("{}/{}", self.list, self.group);
        self.world.get(&path, &self.harbor).await.body
    }

    /// Changes what the group holds, or takes it away, for who has read a version.
    async fn sends(&self, method: &str, ids: &[&str], tag: Option<&Value>) -> Answer {
        let path = format!("{}/{}", self.list, self.group);
        let body = json!({ "accessDetails": roles(ids) });
        let tag: Vec<_> = tag
            .map(|tag| ("If-Match", tag.as_str().unwrap()))
            .into_iter()
            .collect();
        sent(&self.world, method, &path, &self.harbor, &body, &tag).await
    }
}

#[tokio::test]
async fn groups_are_given_roles_and_lose_them() {
    let desk = Desk::open().await;
    let before = desk.world.get(&desk.list, &desk.harbor).await;
    assert_eq!(before.body["value"][0]["status"], "active");
    assert_eq!(before.body["value"].as_array().unwrap().len(), 1);
    let new = desk.gives(&desk.group, &[READER]).await;
    assert_eq!(
        (new.status, &new.body["status"]),
        (201, &json!("pending")),
        "{}",
        new.body
    );
    let path = format!("{}{}/{}", desk.world.base, desk.list, desk.group);
    assert_eq!(new.headers["location"], path.as_str());
    advance(&desk.world, "PT5M").await;
    let active = desk.held().await;
    assert_eq!(active["status"], "active");

    let old = &new.body["@odata.etag"];
    let stale = desk.sends("DELETE", &[], Some(old)).await;
    assert_fails("an old tag", &stale, 412, "resourceModified", "GEN-007");
    let gone = desk
        .sends("DELETE", &[], Some(&active["@odata.etag"]))
        .await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(desk.held().await["status"], "deleting");
    advance(&desk.world, "PT5M").await;
    assert_eq!(desk.held().await["status"], "deleted");
    // Whose groups these are is not for the customer to know.
    let juniper = of_customer(&desk.world, "juniper-bakery").await;
    let seen = desk.world.get(&desk.list, &juniper).await;
    assert_eq!((seen.status, &seen.body["value"]), (200, &json!([])));
}

#[tokio::test]
async fn other_roles_are_an_operation() {
    let desk = Desk::open().await;
    let new = desk.gives(&desk.group, &[READER]).await;
    advance(&desk.world, "PT5M").await;
    let tag = &desk.held().await["@odata.etag"];
    let bare = desk.sends("PATCH", &[GLOBAL_READER], None).await;
    assert_fails("without a tag", &bare, 400, "invalidRequest", "");
    let old = &new.body["@odata.etag"];
    let stale = desk.sends("PATCH", &[GLOBAL_READER], Some(old)).await;
    assert_fails("an old tag", &stale, 412, "resourceModified", "GEN-007");
    let same = desk.sends("PATCH", &[READER], Some(tag)).await;
    assert_eq!(
        (same.status, &same.body["accessDetails"]),
        (200, &roles(&[READER]))
    );
    let accepted = desk.sends("PATCH", &[GLOBAL_READER], Some(tag)).await;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    assert_eq!(accepted.headers["retry-after"], "300");
    let operation = accepted.headers["location"].to_str().unwrap();
    let operation = operation.strip_prefix(&desk.world.base).unwrap();
    let running = desk.world.get(operation, &desk.harbor).await.body;
    assert_eq!(running["status"], "running");
    let kind = "delegatedAdminAccessAssignmentUpdate";
    assert_eq!(running["operationType"], kind);
    assert_eq!(desk.held().await["accessDetails"], roles(&[READER]));
    advance(&desk.world, "PT5M").await;
    let done = desk.world.get(operation, &desk.harbor).await.body;
    assert_eq!(done["status"], "succeeded");
    assert_eq!(desk.held().await["accessDetails"], roles(&[GLOBAL_READER]));
    let operations = format!("{ROOT}/{}/operations", desk.id);
    let operations = desk.world.get(&operations, &desk.harbor).await;
    assert_eq!(operations.body["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn only_own_groups_are_given_roles_that_were_granted() {
    let desk = Desk::open().await;
    assert_eq!(desk.gives(&desk.group, &[READER]).await.status, 201);
    let again = desk.gives(&desk.group, &[GLOBAL_READER]).await;
    assert_fails("given twice", &again, 409, "conflict", "");
    let groups = "/program/v1/security-groups";
    let foreign = desk.world.get(groups, &desk.world.user("meridian")).await;
    let foreign = text(&foreign.body["items"][0]["id"]);
    for other in [foreign, Uuid::nil().to_string()] {
        let answer = desk.gives(&other, &[READER]).await;
        assert_fails("no own group", &answer, 403, "accessDenied", "GDA-010");
    }
    for (what, group, ids, rule) in [
        (
            "not granted",
            desk.group.as_str(),
            &[USER_ADMIN][..],
            "GDA-011",
        ),
        ("no group's id", "service-desk", &[READER], ""),
        ("no role", desk.group.as_str(), &[], ""),
    ] {
        let answer = desk.gives(group, ids).await;
        assert_fails(what, &answer, 400, "invalidRequest", rule);
    }
}

#[tokio::test]
async fn either_side_ends_a_relationship() {
    let world = world().await;
    let harbor = world.user("harbor");
    let id = named(&world, "harbor", "harbor-juniper-readers").await;
    let ended = ask(&world, &harbor, &id, "terminate").await;
    assert_eq!(
        (ended.status, &ended.body["status"]),
        (201, &json!("pending"))
    );
    assert_eq!(status(&world, &harbor, &id).await, "terminationRequested");
    let twice = ask(
        &world,
        &of_customer(&world, "juniper-bakery").await,
        &id,
        "terminate",
    )
    .await;
    assert_fails("ended twice", &twice, 409, "conflict", "GDA-009");
    advance(&world, "PT5M").await;
    assert_eq!(status(&world, &harbor, &id).await, "terminating");
    advance(&world, "PT5M").await;
    let over = world.get(&format!("{ROOT}/{id}"), &harbor).await;
    assert_eq!(over.body["status"], "terminated");
    assert_eq!(over.body["endDateTime"], "2026-01-15T12:10:00Z");
    let groups = world
        .get(&format!("{ROOT}/{id}/accessAssignments"), &harbor)
        .await;
    assert_eq!(groups.body["value"][0]["status"], "deleted");
    let done = format!("{ROOT}/{id}/requests/{}", text(&ended.body["id"]));
    assert_eq!(world.get(&done, &harbor).await.body["status"], "succeeded");

    let canyon = of_customer(&world, "canyon-robotics").await;
    let id = named(&world, "meridian", "meridian-canyon-readers").await;
    let ended = ask(&world, &canyon, &id, "terminate").await;
    assert_eq!(ended.status, 201, "{}", ended.body);
    assert_eq!(
        status(&world, &world.user("meridian"), &id).await,
        "terminationRequested"
    );
}

#[tokio::test]
async fn customers_are_those_that_have_approved() {
    let world = world().await;
    let harbor = world.user("harbor");
    let juniper = world.customer("harbor", "Juniper").await;
    let bay = world.customer("harbor", "Bay Street").await;
    let [other, one] = [
        (bay, "Bay Street Shipping LLC"),
        (juniper.clone(), "Juniper Bakery LLC"),
    ]
    .map(|(id, name)| json!({ "id": id, "tenantId": id, "displayName": name }));
    let list = world.get(CUSTOMERS, &harbor).await;
    assert_eq!(list.body["value"], json!([other, one]), "{}", list.body);
    let single = world.get(&format!("{CUSTOMERS}/{juniper}"), &harbor).await;
    assert_eq!(
        (single.status, &single.body["displayName"]),
        (200, &one["displayName"])
    );
    let oakline = world.customer("harbor", "Oakline").await;
    for id in [oakline.as_str(), "nobody"] {
        let answer = world.get(&format!("{CUSTOMERS}/{id}"), &harbor).await;
        assert_fails(id, &answer, 404, "itemNotFound", "");
    }
    // A reseller asks for rights too (GDA-001), although the partner API is not for it.
    let none = world.get(CUSTOMERS, &world.user("cedar")).await;
    assert_eq!((none.status, &none.body["value"]), (200, &json!([])));
    let customer = of_customer(&world, "juniper-bakery").await;
    assert_fails(
        "a customer",
        &world.get(CUSTOMERS, &customer).await,
        403,
        "accessDenied",
        "",
    );
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let world = world().await;
    let harbor = world.user("harbor");
    for name in ["one", "two"] {
        begun(&world, name).await;
    }
    let names = |answer: &Answer| -> Vec<String> {
        let value = answer.body["value"].as_array().unwrap().iter();
        value.map(|item| text(&item["displayName"])).collect()
    };
    let get = async |query: &str| world.get(&format!("{ROOT}?{query}"), &harbor).await;
    let drafts = get("$filter=status%20eq%20'created'&$orderby=displayName%20desc").await;
    assert_eq!(names(&drafts), ["two", "one"]);
    let first = get("$orderby=displayName&$top=2&$count=true&$select=displayName").await;
    let granted = ["harbor-bay-street-desk", "harbor-juniper-readers"];
    assert_eq!(names(&first), granted);
    assert_eq!(first.body["@odata.count"], 4);
    assert!(first.body["value"][0].get("status").is_none());
    let unknown = get("$select=displayName,colour").await;
    assert_eq!(unknown.status, 400, "{}", unknown.body);
    assert!(unknown.body.to_string().contains("colour"));
    let next = text(&first.body["@odata.nextLink"]);
    let next = world
        .get(next.strip_prefix(&world.base).unwrap(), &harbor)
        .await;
    assert_eq!(names(&next), ["one", "two"]);
    assert!(next.body.get("@odata.nextLink").is_none());
    assert_fails(
        "a filter",
        &get("$filter=status").await,
        400,
        "invalidRequest",
        "",
    );
    // Lists of a relationship's own are shown with it, and only those that there are.
    let expanded = get("$expand=requests,accessAssignments&$select=displayName&$top=1").await;
    assert_eq!(expanded.status, 200, "{}", expanded.body);
    let first = &expanded.body["value"][0];
    assert!(first["requests"].is_array(), "{first}");
    assert!(first["accessAssignments"].is_array(), "{first}");
    assert!(first.get("operations").is_none() && first.get("status").is_none());
    let unknown = get("$expand=colours").await;
    assert_fails("a list", &unknown, 400, "invalidRequest", "");
    assert_fails(
        "an option",
        &get("$search=one").await,
        501,
        "notSupported",
        "",
    );
}

#[tokio::test]
async fn a_request_waits_ninety_days() {
    let world = world().await;
    let harbor = world.user("harbor");
    let juniper = of_customer(&world, "juniper-bakery").await;
    let id = text(&begun(&world, "desk-rights").await.body["id"]);
    assert_eq!(
        ask(&world, &harbor, &id, "lockForApproval").await.status,
        201
    );
    let list = "/program/v1/admin-relationships?state=approval_pending";
    let waiting = world.get(list, &juniper).await;
    assert_eq!(
        waiting.body["items"][0]["answerBy"], "2026-04-15",
        "{}",
        waiting.body
    );
    let report = world
        .get("/program/v1/admin-relationships/report", &harbor)
        .await;
    assert_eq!(report.body["pending"][0]["admin_relationship"], Value::Null);
    assert_eq!(
        report.body["pending"][0]["adminRelationship"],
        "desk-rights"
    );
    advance(&world, "P90D").await;
    // Tokens live by the server's clock; it stands still.
    let late = ask(&world, &juniper, &id, "approve").await;
    assert_fails("too late", &late, 404, "itemNotFound", "");
    let path = format!("/program/v1/admin-relationships/{id}/approve");
    let late = world.post(&path, &juniper, &json!({})).await;
    assert_eq!(late.status, 409, "{}", late.body);
    assert_eq!(late.body["decision"]["violations"][0]["rule"], "GDA-006");
}
