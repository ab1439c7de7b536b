//! Requests for support: on the documented wire, and as the portal reads them.

use crate::common::{Answer, World, advance, escaped, ids, sent, text};
use serde_json::{Value, json};
use tierline_api::identity::Subject;
use uuid::Uuid;

fn trouble(title: &str) -> Value {
    json!({
        "Title": title, "DESCRIPTION": "Nothing works.", "severity": "Critical", "supportTopicId": "3601", "status": "none",
        "organization": null, "productId": null, "newNote": null, "fileLinks": [],
    })
}

async fn patched(world: &World, path: &str, token: &str, body: &Value) -> Answer {
    sent(world, "PATCH", path, token, body, &[]).await
}

/// What a refusal says: status and code.
fn refusal(answer: &Answer) -> (u16, u64) {
    let code = answer.body["code"].as_u64();
    (answer.status, code.unwrap_or_default())
}

/// A user that the partner makes, with a role: its token.
async fn colleague(world: &World, partner: &str, name: &str, role: &str) -> String {
    let admin = world.user(partner);
    let body = json!({ "name": name, "role": role });
    let made = world.post("/program/v1/commands/create_user", &admin, &body);
    assert_eq!(made.await.status, 200);
    let tenant: Uuid = world.of(partner, "tenantId").parse().unwrap();
    let user = world.of(partner, "user");
    let domain = user.split_once('@').unwrap().1;
    let who = (Uuid::nil(), format!("{name}@{domain}"));
    let subject = Subject::user(tenant, world.of(partner, "clientId"), who, true);
    let now = world.server.app().clock().server_now();
    world.server.issuer().issue(&subject, now)
}

/// SUP-010, and the documented paths from one end to the other.
#[tokio::test]
async fn a_request_is_opened_and_written_to() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let opened = world
        .post("/v1/servicerequests/EN-us", &token, &trouble("It broke"))
        .await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    let id = text(&opened.body["id"]);
    assert!(id.len() == 15 && id.starts_with("6260115"), "{id}");
    let path = format!("/v1/servicerequests/{id}");
    assert_eq!(
        [
            &opened.body["severity"],
            &opened.body["status"],
            &opened.body["supportTopicName"],
            &opened.body["lastClosedDate"]
        ],
        [
            "critical",
            "open",
            "Bills and payments",
            "0001-01-01T00:00:00"
        ]
    );
    assert_eq!(
        opened.body["organization"]["id"],
        world.of("harbor", "tenantId")
    );
    assert_eq!(
        opened.body["primaryContact"]["email"],
        world.of("harbor", "user")
    );
    assert_eq!(opened.body["notes"], json!([]));
    assert_eq!(world.get(&path, &token).await.body, opened.body);

    let ours = format!("/program/v1/support-requests/{id}");
    let seen = world.get(&ours, &token).await.body;
    assert_eq!(
        (seen["due"].as_str(), &seen["late"], seen["locale"].as_str()),
        (Some("2026-01-15T14:00:00Z"), &json!(false), Some("en-US"))
    );

    // As a released client sends it: whole, with zero values where nothing changes.
    let note = json!({
        "Id": null, "Title": null, "Severity": "unknown", "Status": "none", "CreatedDate": "0001-01-01T00:00:00", "Notes": null,
        "NewNote": {"CreatedByName": null, "CreatedDate": null, "Text": "It still is."}, "Attributes": {"ObjectType": "ServiceRequest"},
    });
    let noted = patched(&world, &path, &token, &note).await;
    assert_eq!(noted.status, 200, "{}", noted.body);
    assert_eq!(noted.body["notes"][0]["text"], "It still is.");
    assert_eq!(noted.body["severity"], "critical");
}

/// SUP-010: the operator answers in time, and the request goes to and fro.
#[tokio::test]
async fn the_operator_answers_and_the_partner_has_the_last_word() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let opened = world
        .post("/v1/servicerequests/en-US", &token, &trouble("It broke"))
        .await;
    let id = text(&opened.body["id"]);
    let path = format!("/v1/servicerequests/{id}");
    advance(&world, "PT2H").await;
    let operator = world.of("operator", "accessTokenUser");
    let answer = json!({ "ticket": id, "note": "Since when?", "status": "attention_needed" });
    let answered = world
        .post("/program/v1/commands/answer_ticket", &operator, &answer)
        .await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let waits = world.get(&path, &token).await.body;
    assert_eq!(
        (
            &waits["status"],
            &waits["lastUpdatedBy"]["organization"]["name"]
        ),
        (&json!("attention_needed"), &json!("operator"))
    );
    assert_eq!(waits["notes"][0]["createdByName"], "operator");

    // Read, added to and sent back whole.
    let mut whole = waits.clone();
    whole["newNote"] = json!({ "text": "Since noon." });
    let replied = patched(&world, &path, &token, &whole).await;
    assert_eq!(
        (replied.status, &replied.body["status"]),
        (200, &json!("open")),
        "{}",
        replied.body
    );
    let closed = patched(
        &world,
        &path,
        &token,
        &json!({ "status": 2, "severity": 3 }),
    )
    .await;
    assert_eq!(
        (
            closed.status,
            &closed.body["status"],
            &closed.body["severity"]
        ),
        (200, &json!("closed"), &json!("minimal"))
    );
    assert_eq!(closed.body["lastClosedDate"], "2026-01-15T14:00:00Z");
    let note = json!({ "newNote": {"text": "It still is."} });
    let late = patched(&world, &path, &token, &note).await;
    assert_eq!(late.status, 409, "{}", late.body);
    assert!(
        late.body.to_string().contains("open it again"),
        "{}",
        late.body
    );
    let again = patched(
        &world,
        &path,
        &token,
        &json!({ "status": "Open", "newNote": {"text": "Again."} }),
    )
    .await;
    assert_eq!(
        (again.status, &again.body["lastClosedDate"]),
        (200, &json!("0001-01-01T00:00:00"))
    );
    assert_eq!(again.body["notes"].as_array().unwrap().len(), 3);
    // The first answer came in time, whatever happens later.
    let ours = format!("/program/v1/support-requests/{id}");
    assert_eq!(world.get(&ours, &token).await.body["late"], false);
}

/// SUP-009, SUP-011: what a request about a customer takes.
#[tokio::test]
async fn a_request_about_a_customer_takes_a_role_there() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let customer = world.customer("harbor", "Bay Street").await;
    let mut body = trouble("A licence");
    body["supportTopicId"] = json!("3102");
    body["organization"] = json!({ "id": customer });
    body["primaryContact"] = json!({ "firstName": "Uma", "lastName": "Stone", "email": "uma@harbor.example", "phoneNumber": "+1 555 0166" });
    let opened = world.post("/v1/servicerequests/ja-JP", &token, &body).await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    assert_eq!(
        opened.body["organization"],
        json!({ "id": customer, "name": "Bay Street Shipping LLC" })
    );
    assert_eq!(opened.body["primaryContact"]["phoneNumber"], "+1 555 0166");
    let id = text(&opened.body["id"]);
    let path = format!("/v1/customers/{customer}/servicerequests/{id}");
    assert_eq!(world.get(&path, &token).await.body, opened.body);
    let noted = patched(
        &world,
        &path,
        &token,
        &json!({ "newNote": {"text": "Now it works."}, "status": "closed" }),
    )
    .await;
    assert_eq!(
        (noted.status, &noted.body["status"]),
        (200, &json!("closed")),
        "{}",
        noted.body
    );

    // Another customer's path does not know it, nor does a customer that is nobody's here.
    let other = world.customer("harbor", "Juniper").await;
    let strange = world.customer("meridian", "Canyon").await;
    let unknown = Uuid::nil().to_string();
    for (customer, status) in [(&other, 404), (&strange, 403), (&unknown, 403)] {
        let path = format!("/v1/customers/{customer}/servicerequests/{id}");
        assert_eq!(world.get(&path, &token).await.status, status, "{customer}");
        body["organization"]["id"] = json!(customer);
        let refused = world.post("/v1/servicerequests/en-US", &token, &body);
        assert_eq!(refused.await.status, 403, "{customer}");
    }
    // A reader's role opens no request.
    body["organization"]["id"] = json!(other);
    let refused = world.post("/v1/servicerequests/en-US", &token, &body).await;
    assert_eq!(refusal(&refused), (403, 900_308), "{}", refused.body);
    // What is of another publisher goes to that one, whatever the topic.
    body["organization"]["id"] = json!(customer);
    body["productId"] = json!("ledger-saas");
    let refused = world.post("/v1/servicerequests/en-US", &token, &body).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(
        refused.body.to_string().contains("publisher"),
        "{}",
        refused.body
    );
}

/// SUP-016.
#[tokio::test]
async fn ordinary_users_find_their_own_requests_only() {
    let world = World::demo().await;
    let admin = world.user("harbor");
    let seller = colleague(&world, "harbor", "sam", "sales_agent").await;
    let biller = colleague(&world, "harbor", "bea", "billing_admin").await;
    let helper = colleague(&world, "harbor", "hal", "helpdesk_agent").await;
    let own = world
        .post("/v1/servicerequests/en-US", &seller, &trouble("Mine"))
        .await;
    assert_eq!(own.status, 201, "{}", own.body);
    let id = text(&own.body["id"]);
    let path = format!("/v1/servicerequests/{id}");
    for (token, count) in [(&admin, 4), (&helper, 4), (&seller, 1), (&biller, 0)] {
        let list = world.get("/v1/servicerequests", token).await.body;
        assert_eq!(ids(&list).len(), count, "{list}");
        let page = world.get("/program/v1/support-requests", token).await.body;
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{page}");
        let seen = if count == 0 { 404 } else { 200 };
        assert_eq!(world.get(&path, token).await.status, seen);
        assert_eq!(
            world
                .get(&format!("/program/v1/support-requests/{id}"), token)
                .await
                .status,
            seen
        );
        let note = json!({ "newNote": {"text": "And I."} });
        assert_eq!(patched(&world, &path, token, &note).await.status, seen);
    }
    let bay = world.customer("harbor", "Bay Street").await;
    let about = format!("/v1/customers/{bay}/servicerequests");
    assert_eq!(ids(&world.get(&about, &admin).await.body).len(), 2);
    assert_eq!(ids(&world.get(&about, &seller).await.body).len(), 0);

    // Another partner knows of none of them, and no application does.
    let stranger = world.user("meridian");
    assert_eq!(world.get(&path, &stranger).await.status, 404);
    assert_eq!(
        patched(&world, &path, &stranger, &json!({ "status": "closed" }))
            .await
            .status,
        404
    );
    assert_eq!(
        world
            .get(&format!("/program/v1/support-requests/{id}"), &stranger)
            .await
            .status,
        404
    );
    let application = world.of("harbor", "accessTokenApp");
    assert_eq!(
        world.get("/v1/servicerequests", &application).await.status,
        403
    );
    // A reseller has no part in the partner API (ENR-040) and reads its own by ours.
    let reseller = world.user("cedar");
    assert_eq!(
        world.get("/v1/servicerequests", &reseller).await.status,
        403
    );
    let page = world
        .get("/program/v1/support-requests", &reseller)
        .await
        .body;
    assert_eq!(page["items"][0]["partner"], "cedar");
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let command = json!({ "topic": "3603", "description": "The one in Boise." });
    let opened = world
        .post("/program/v1/commands/open_ticket", &reseller, &command)
        .await;
    assert_eq!(opened.status, 200, "{}", opened.body);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let world = World::demo().await;
    let token = world.user("harbor");
    for number in 0..5 {
        let opened = world
            .post(
                "/v1/servicerequests/en-US",
                &token,
                &trouble(&format!("No. {number}")),
            )
            .await;
        assert_eq!(opened.status, 201);
    }
    let all = ids(&world.get("/v1/servicerequests", &token).await.body);
    assert_eq!(all.len(), 8);
    let filter = |field: &str, value: Value| {
        let filter = json!({ "Field": field, "Value": value, "Operator": "equals" });
        format!(
            "/v1/servicerequests?filter={}",
            escaped(&filter.to_string())
        )
    };
    for (path, count) in [
        ("/v1/servicerequests?status=AttentionNeeded".to_owned(), 1),
        ("/v1/servicerequests?status=none".to_owned(), 8),
        (filter("Status", json!("Closed")), 1),
        (filter("status", json!(1)), 6),
        (filter("SEVERITY", json!("critical")), 5),
        (
            format!("{}&status=open", filter("severity", json!("Moderate"))),
            1,
        ),
    ] {
        assert_eq!(
            ids(&world.get(&path, &token).await.body).len(),
            count,
            "{path}"
        );
    }
    for (path, field) in [
        ("/v1/servicerequests?status=half".to_owned(), "status"),
        (filter("Title", json!("No")), "filter"),
        (filter("status", json!(7)), "filter"),
        ("/v1/servicerequests?size=x".to_owned(), "size"),
    ] {
        let answer = world.get(&path, &token).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.body.to_string().contains(field),
            "{path}: {}",
            answer.body
        );
    }
    // Every request once, page by page, as clients follow them; the links keep the filter.
    let mut found = Vec::new();
    let mut page = world
        .get("/v1/servicerequests?size=3&status=open", &token)
        .await;
    loop {
        found.extend(ids(&page.body));
        let Some(next) = page.body["links"].get("next") else {
            break;
        };
        let uri = format!("/v1{}", text(&next["uri"]));
        let header = text(&next["headers"][0]["value"]);
        page = world
            .send(
                "GET",
                &uri,
                Some(&token),
                None,
                &[("MS-ContinuationToken", &header)],
            )
            .await;
    }
    assert_eq!(found.len(), 6);
    found.retain(|id| !all.contains(id));
    assert_eq!(found, [""; 0]);

    // The list of a customer shows numbers where single requests show words.
    let bay = world.customer("harbor", "Bay Street").await;
    let list = world
        .get(&format!("/v1/customers/{bay}/servicerequests"), &token)
        .await
        .body;
    assert_eq!(
        (&list["items"][0]["severity"], &list["items"][0]["status"]),
        (&json!(2), &json!(1))
    );
    assert!(list["items"][0]["productName"].is_string(), "{list}");
}

/// Ours goes on by the place where a page ended, for the operator over all partners.
#[tokio::test]
async fn the_operator_reads_every_partners_requests_page_by_page() {
    let world = World::demo().await;
    let operator = world.of("operator", "accessTokenUser");
    let mut found = Vec::new();
    let mut path = "/program/v1/support-requests?count=2".to_owned();
    loop {
        let page = world.get(&path, &operator).await.body;
        found.extend(ids(&page));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/program/v1/support-requests?count=2&after={next}");
    }
    let count = found.len();
    found.sort();
    found.dedup();
    assert_eq!((found.len(), count), (5, 5));
    let late = world
        .get("/program/v1/support-requests?status=unanswered", &operator)
        .await
        .body;
    let late: Vec<&Value> = late["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["late"] == true)
        .collect();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0]["partner"], "meridian");
}

#[tokio::test]
async fn topics_are_listed_in_the_callers_language() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let list = world.get("/v1/servicerequests/supporttopics", &token).await;
    assert_eq!(list.status, 200);
    assert_eq!(
        list.body["items"][0],
        json!({ "id": "3101", "name": "Orders and subscriptions", "description": "licences", "attributes": {"objectType": "SupportTopic"} })
    );
    let headers = [("X-Locale", "ja-JP")];
    let japanese = world
        .send(
            "GET",
            "/program/v1/support-topics",
            Some(&token),
            None,
            &headers,
        )
        .await
        .body;
    assert_eq!(japanese["items"][0]["title"], "注文とサブスクリプション");
    assert_eq!(
        japanese["items"].as_array().unwrap().len(),
        list.body["items"].as_array().unwrap().len()
    );
}

#[tokio::test]
async fn managed_services_are_those_of_the_licences_held() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let bay = world.customer("harbor", "Bay Street").await;
    let list = world
        .get(&format!("/v1/customers/{bay}/managedservices"), &token)
        .await;
    assert_eq!(list.status, 200, "{}", list.body);
    let services = list.body["items"].as_array().unwrap();
    let named = |name: &str| services.iter().filter(|one| one["name"] == name).count();
    assert_eq!(
        (named("Business Mail"), named("Diagrams")),
        (1, 1),
        "{}",
        list.body
    );
    for place in ["adminService", "serviceHealth", "serviceTicket"] {
        let uri = text(&services[0]["links"][place]["uri"]);
        let page = world.http.get(&uri).send().await.unwrap();
        assert!(page.status().is_success(), "{uri}");
    }
    // A relationship alone shows none (CUS-017).
    let summit = world.customer("harbor", "Summit").await;
    let refused = world
        .get(&format!("/v1/customers/{summit}/managedservices"), &token)
        .await;
    assert_eq!(refusal(&refused), (403, 900_308), "{}", refused.body);
}

#[tokio::test]
async fn bad_requests_for_support_name_the_member_and_change_nothing() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let path = "/v1/servicerequests/en-US";
    let with = |member: &str, value: Value| {
        let mut body = trouble("It broke");
        body[member] = value;
        body
    };
    for (body, member) in [
        (with("Title", json!(" ")), "title"),
        (with("Title", json!("t".repeat(251))), "title"),
        (with("DESCRIPTION", json!(null)), "description"),
        (with("severity", json!("huge")), "severity"),
        (with("severity", json!(9)), "severity"),
        (with("severity", json!(0)), "severity"),
        (with("supportTopicId", json!("1")), "supportTopicId"),
        (with("status", json!("closed")), "status"),
        (with("productId", json!("nothing")), "productId"),
        (with("newNote", json!({"text": "x"})), "newNote"),
        (
            with("fileLinks", json!([{"uri": "https://files.example/1"}])),
            "fileLinks",
        ),
    ] {
        let answer = world.post(path, &token, &body).await;
        assert_eq!(answer.status, 400, "{member}: {}", answer.body);
        assert!(
            answer.body["description"]
                .as_str()
                .unwrap()
                .contains(member),
            "{member}: {}",
            answer.body
        );
    }
    let answer = world
        .post("/v1/servicerequests/nowhere", &token, &trouble("It broke"))
        .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let list = world.get("/v1/servicerequests", &token).await.body;
    assert_eq!(ids(&list).len(), 3);
    let before = world
        .get(&format!("/v1/servicerequests/{}", ids(&list)[0]), &token)
        .await
        .body;
    let one = format!("/v1/servicerequests/{}", ids(&list)[0]);
    for (body, member) in [
        (json!({}), "body"),
        (
            json!({ "Severity": "unknown", "Status": "none", "newNote": {"text": null} }),
            "body",
        ),
        (json!({ "newNote": {"text": "  "} }), "newNote.text"),
        (json!({ "status": "attentionNeeded" }), "status"),
        (json!({ "supportTopicId": "3601" }), "supportTopicId"),
        (
            json!({ "organization": {"id": Uuid::nil()} }),
            "organization.id",
        ),
        (json!({ "title": "" }), "title"),
        (json!({ "description": "d".repeat(10_001) }), "description"),
    ] {
        let answer = patched(&world, &one, &token, &body).await;
        assert_eq!(answer.status, 400, "{member}: {}", answer.body);
        assert!(
            answer.body["description"]
                .as_str()
                .unwrap()
                .contains(member),
            "{member}: {}",
            answer.body
        );
    }
    assert_eq!(world.get(&one, &token).await.body, before);
    // Only the operator answers.
    let answer = json!({ "ticket": before["id"], "note": "Fine." });
    let refused = world
        .post("/program/v1/commands/answer_ticket", &token, &answer)
        .await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}

/// Whom the operator asks is changed member by member, and is somebody who can be asked.
#[tokio::test]
async fn a_contact_is_changed_member_by_member() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let mut body = trouble("It broke");
    body["primaryContact"] =
        json!({ "firstName": "Uma", "lastName": "Stone", "email": "uma@harbor.example" });
    let opened = world.post("/v1/servicerequests/en-US", &token, &body).await;
    let path = format!("/v1/servicerequests/{}", text(&opened.body["id"]));
    let change = json!({ "primaryContact": {"phoneNumber": "+1 555 0101"} });
    let changed = patched(&world, &path, &token, &change).await;
    let contact = &changed.body["primaryContact"];
    assert_eq!(
        [
            &contact["firstName"],
            &contact["lastName"],
            &contact["email"],
            &contact["phoneNumber"]
        ],
        ["Uma", "Stone", "uma@harbor.example", "+1 555 0101"]
    );
    for (value, member) in [
        (json!({ "email": "nobody" }), "primaryContact.email"),
        (
            json!({ "phoneNumber": "x".repeat(2_000) }),
            "primaryContact.phone",
        ),
        (json!({ "firstName": "x".repeat(2_000) }), "primaryContact"),
    ] {
        let change = json!({ "primaryContact": value });
        let refused = patched(&world, &path, &token, &change).await;
        assert_eq!(refused.status, 400, "{member}: {}", refused.body);
        let told = refused.body["description"].as_str().unwrap();
        assert!(told.contains(member), "{told}");
    }
    assert_eq!(world.get(&path, &token).await.body, changed.body);
    // What it is called is a step of a path, and the language is one.
    for (member, value) in [
        ("id", json!("supporttopics")),
        ("id", json!("a/b")),
        ("id", json!("1".repeat(41))),
        ("locale", json!(format!("en-{}-US", "x".repeat(500)))),
        ("locale", json!("en-Latn-Latn-US")),
    ] {
        let mut command = json!({ "topic": "3601" });
        command[member] = value;
        let refused = world
            .post("/program/v1/commands/open_ticket", &token, &command)
            .await;
        assert_eq!(refused.status, 400, "{member}: {}", refused.body);
    }
}

/// A client may send back what it read, in every state, and changes nothing by that.
#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let list = world.get("/v1/servicerequests", &token).await.body;
    for id in ids(&list) {
        let path = format!("/v1/servicerequests/{id}");
        let read = world.get(&path, &token).await.body;
        let sent = patched(&world, &path, &token, &read).await;
        assert_eq!((sent.status, &sent.body), (200, &read), "{}", sent.body);
        if read["status"] == "attention_needed" {
            let status = json!({ "status": "attention_needed" });
            let sent = patched(&world, &path, &token, &status).await;
            assert_eq!(sent.body, read);
        }
        if read["status"] == "closed" {
            let operator = world.of("operator", "accessTokenUser");
            let answer = json!({ "ticket": id, "note": "For the record." });
            let path = "/program/v1/commands/answer_ticket";
            let answered = world.post(path, &operator, &answer).await;
            assert_eq!(
                answered.body["result"]["status"], "closed",
                "{}",
                answered.body
            );
        }
    }
    let states: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["status"])
        .collect();
    assert_eq!(states.len(), 3);
    assert!(states.contains(&&json!("closed")) && states.contains(&&json!("attention_needed")));
    // The item of a subscription is its own.
    let command =
        json!({ "topic": "3102", "subscription": "sub-bay-street-core", "item": "desk-basic" });
    let refused = world
        .post("/program/v1/commands/open_ticket", &token, &command)
        .await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(
        refused.body.to_string().contains("item"),
        "{}",
        refused.body
    );
}
