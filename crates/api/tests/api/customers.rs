//! Customers as clients see them: lists, one customer, new ones, their profiles, qualifications and end.

use std::collections::BTreeSet;

use crate::common::{World, escaped, filtered, ids, sent, text};
use serde_json::{Value, json};

fn companies(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| text(&item["companyProfile"]["companyName"]))
        .collect()
}

/// Both ways through a list meet every customer once, in one order; the last page has no next link.
#[tokio::test]
async fn pages_hold_every_customer_once() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let whole = world.get("/v1/customers", &token).await.body;
    let all = ids(&whole);
    assert_eq!(whole["totalCount"], all.len());
    assert!(all.len() > 10 && whole["links"]["next"].is_null());
    let mut sorted = companies(&whole);
    sorted.sort_by_key(|name| name.to_lowercase());
    assert_eq!(companies(&whole), sorted);
    let (mut met, mut path, mut header) = (Vec::new(), "/customers?size=4".to_owned(), None);
    loop {
        let held: Vec<(&str, &str)> = header
            .as_ref()
            .map(|value: &String| ("MS-ContinuationToken", value.as_str()))
            .into_iter()
            .collect();
        let page = world
            .send("GET", &format!("/v1{path}"), Some(&token), None, &held)
            .await
            .body;
        assert!(ids(&page).len() <= 4);
        assert_eq!(page["totalCount"], ids(&page).len());
        met.extend(ids(&page));
        let next = page["links"]["next"].clone();
        if next.is_null() {
            assert!(page["continuationToken"].is_null());
            break;
        }
        assert_eq!(next["headers"][0]["value"], page["continuationToken"]);
        path = text(&next["uri"]);
        header = Some(text(&next["headers"][0]["value"]));
    }
    assert_eq!(met, all);
    let offset = world
        .get("/v1/customers?size=3&offset=5", &token)
        .await
        .body;
    assert_eq!(ids(&offset), all[5..8]);
    for (query, field) in [
        ("size=some", "size"),
        ("offset=-1", "offset"),
        ("offset=200000", "offset"),
    ] {
        let answer = world.get(&format!("/v1/customers?{query}"), &token).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(text(&answer.body["description"]).contains(field), "{query}");
    }
    let forged = [("MS-ContinuationToken", "bm90LW91cnM")];
    let answer = world
        .send(
            "GET",
            "/v1/customers?seekOperation=Next",
            Some(&token),
            None,
            &forged,
        )
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let field = |field: &str, value: &str| json!({"Field": field, "Value": value, "Operator": "starts_with"});
    let name = filtered(&world, &token, &field("CompanyName", "RED"))
        .await
        .body;
    assert_eq!(companies(&name), ["Red Rock Dental LLC"]);
    let java =
        json!({"value": "red", "field": "companyName", "fieldType": "x", "operator": "StartsWith"});
    assert_eq!(ids(&filtered(&world, &token, &java).await.body), ids(&name));
    let domain = filtered(&world, &token, &field("Domain", "Red-Rock"))
        .await
        .body;
    assert_eq!(ids(&domain), ids(&name));
    let or = json!({"LeftFilter": field("CompanyName", "red"), "Operator": "or",
        "RightFilter": {"LeftFilter": field("CompanyName", "river"), "Operator": "or", "RightFilter": field("Domain", "red-")}});
    let both = filtered(&world, &token, &or).await.body;
    assert_eq!(
        companies(&both),
        ["Red Rock Dental LLC", "Riverside Foundry LLC"]
    );
    let and = |left: Value, right: Value| json!({"LeftFilter": left, "Operator": "and", "RightFilter": right});
    let met = filtered(
        &world,
        &token,
        &and(field("CompanyName", "r"), field("Domain", "river")),
    )
    .await;
    assert_eq!(companies(&met.body), ["Riverside Foundry LLC"]);
    let none = filtered(
        &world,
        &token,
        &and(field("CompanyName", "red"), field("CompanyName", "river")),
    )
    .await;
    assert_eq!(
        (none.status, &none.body["totalCount"], &none.body["items"]),
        (200, &json!(0), &json!([]))
    );
    let wild = filtered(&world, &token, &field("CompanyName", "%")).await;
    assert_eq!(
        wild.body["totalCount"], 0,
        "a percent sign is a letter like any other"
    );
    for (bad, named) in [
        (
            json!({"Field": "City", "Value": "x", "Operator": "starts_with"}),
            "filter.Field",
        ),
        (
            json!({"Field": "CompanyName", "Value": "x", "Operator": "substring"}),
            "filter.Operator",
        ),
        (json!({"Field": "CompanyName"}), "filter.Value"),
        (
            json!({"Field": "IndirectReseller", "Value": "cedar"}),
            "filter.Value",
        ),
        (json!({"LeftFilter": field("Domain", "x")}), "filter"),
        (json!("CompanyName"), "filter"),
    ] {
        let answer = filtered(&world, &token, &bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(
            text(&answer.body["description"]).contains(named),
            "{bad}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn customers_of_a_reseller_are_those_it_serves_too() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let cedar = world.of("cedar", "tenantId");
    let filter = json!({"Field": "IndirectReseller", "Value": cedar, "Operator": "starts_with"});
    let shared = filtered(&world, &token, &filter).await.body;
    let mut served = BTreeSet::new();
    for id in ids(&world.get("/v1/customers", &token).await.body) {
        let ties = world
            .get(&format!("/v1/customers/{id}/relationships"), &token)
            .await;
        if ids(&ties.body).contains(&cedar) {
            served.insert(id);
        }
    }
    assert!(!served.is_empty());
    assert_eq!(ids(&shared).into_iter().collect::<BTreeSet<_>>(), served);
    // The page's own slip: a second question mark in place of an ampersand.
    let slip = escaped(&filter.to_string());
    let answer = world
        .get(&format!("/v1/customers?size=0?filter={slip}"), &token)
        .await;
    assert_eq!(ids(&answer.body), ids(&shared));
}

#[tokio::test]
async fn a_customer_is_read_in_full() {
    let world = World::demo().await;
    let token = world.of("harbor", "accessTokenApp");
    let id = world.customer("harbor", "Juniper").await;
    let customer = world
        .get(&format!("/v1/Customers/{}", id.to_uppercase()), &token)
        .await
        .body;
    assert_eq!(
        (&customer["id"], &customer["relationshipToPartner"]),
        (&json!(id), &json!("reseller"))
    );
    // Juniper Bakery is a customer of long standing, which lets its partner administer everything.
    assert_eq!(customer["allowDelegatedAccess"], true);
    assert_eq!(
        customer["billingProfile"]["defaultAddress"]["country"],
        "US"
    );
    let etag = text(&customer["billingProfile"]["attributes"]["etag"]);
    assert!(etag.parse::<i64>().is_ok(), "{etag}");
    assert!(customer["userCredentials"].is_null() && customer["enableGDAPByDefault"].is_null());
}

#[tokio::test]
async fn the_invitation_address_is_the_partners_own() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let answer = world
        .get("/v1/customers/relationshiprequests", &token)
        .await;
    let url = text(&answer.body["url"]);
    assert!(
        url.contains(&world.of("harbor", "tenantId")) && url.contains("DAP=false"),
        "{url}"
    );
    assert_eq!(
        answer.body["attributes"]["objectType"],
        "RelationshipRequest"
    );
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 200);
}

fn new_customer(domain: &str) -> Value {
    json!({
        "enableGDAPByDefault": false,
        "CompanyProfile": {"Domain": domain},
        "BillingProfile": {
            "Email": "it@orchard-bakery.example", "Culture": "EN-us", "Language": "en", "CompanyName": "Orchard Bakery Inc",
            "DefaultAddress": {"Country": "US", "City": "Salem", "State": "OR", "AddressLine1": "1 Mill Street", "PostalCode": "97301",
                "FirstName": "Ada", "LastName": "Moor"},
        },
    })
}

#[tokio::test]
async fn a_new_customer_is_on_the_list() {
    let world = World::demo().await;
    let token = world.of("harbor", "accessTokenApp");
    let id = [("MS-RequestId", "b1f8a3c4-92d5-4d53-8d51-5c1f8f0f7a01")];
    let body = new_customer("Orchard-Bakery.example");
    let made = sent(&world, "POST", "/v1/customers", &token, &body, &id).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["relationshipToPartner"], "none");
    assert_eq!(made.body["enableGDAPByDefault"], false);
    assert_eq!(made.body["billingProfile"]["culture"], "en-US");
    assert_eq!(made.body["billingProfile"]["firstName"], "Ada");
    assert_eq!(made.body["userCredentials"]["userName"], "admin");
    let again = sent(&world, "POST", "/v1/customers", &token, &body, &id).await;
    assert_eq!(
        (again.status, &again.body),
        (201, &made.body),
        "a repeat is answered alike"
    );
    let taken = sent(&world, "POST", "/v1/customers", &token, &body, &[]).await;
    assert_eq!(taken.status, 409, "{}", taken.body);
    assert!(
        taken.body["data"]
            .as_array()
            .unwrap()
            .contains(&json!("CUS-008"))
    );
    let list = world.get("/v1/customers", &token).await.body;
    assert!(companies(&list).contains(&"Orchard Bakery Inc".to_owned()));
    let other = sent(
        &world,
        "POST",
        "/v1/customers",
        &token,
        &new_customer("other.example"),
        &[],
    )
    .await;
    assert_ne!(other.body["userCredentials"], made.body["userCredentials"]);
}

/// CUS-032: it appears in both lists.
#[tokio::test]
async fn a_new_customer_of_a_reseller_belongs_to_both() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let cedar = world.of("cedar", "tenantId");
    let mut body = new_customer("orchard-bakery.example");
    body["AssociatedPartnerId"] = json!(cedar);
    let made = sent(&world, "POST", "/v1/customers", &token, &body, &[]).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["associatedPartnerId"], cedar);
    let path = format!("/v1/customers/{}/relationships", text(&made.body["id"]));
    let ties = world.get(&path, &token).await;
    assert_eq!(ids(&ties.body), [cedar]);
    body["AssociatedPartnerId"] = json!("6d70bbd2-9a27-4c54-a5a9-0a7a2ae8a2c0");
    body["CompanyProfile"]["Domain"] = json!("orchard-two.example");
    let unknown = sent(&world, "POST", "/v1/customers", &token, &body, &[]).await;
    assert!((400..410).contains(&unknown.status), "{}", unknown.body);
}

/// CUS-011 to CUS-014: what is missing or wrong is named, and nothing is made.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
async fn a_new_customer_is_checked_before_it_is_made() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let before = world.get("/v1/customers", &token).await.body["totalCount"].clone();
    for (pointer, value, code, named) in [
        (
            "/CompanyProfile/Domain",
            json!(null),
            3000,
            "companyProfile.domain",
        ),
        ("/CompanyProfile/Domain", json!("x"), 3000, "domain"),
        (
            "/BillingProfile/Email",
            json!(null),
            3000,
            "billingProfile.email",
        ),
        ("/BillingProfile/Email", json!("it"), 3000, "email"),
        (
            "/BillingProfile/Email",
            json!("it@harbor.example"),
            3000,
            "harbor.example",
        ),
        (
            "/BillingProfile/Culture",
            json!(null),
            3000,
            "billingProfile.culture",
        ),
        (
            "/BillingProfile/Culture",
            json!("english"),
            3000,
            "billingProfile.culture",
        ),
        (
            "/BillingProfile/Language",
            json!(null),
            3000,
            "billingProfile.language",
        ),
        (
            "/BillingProfile/CompanyName",
            json!("LLC"),
            3000,
            "company name",
        ),
        (
            "/BillingProfile/DefaultAddress/Country",
            json!(null),
            3000,
            "defaultAddress.country",
        ),
        (
            "/BillingProfile/DefaultAddress/State",
            json!("ZZ"),
            3000,
            "defaultAddress.state",
        ),
        (
            "/BillingProfile/DefaultAddress/PostalCode",
            json!("1"),
            3000,
            "defaultAddress.postalCode",
        ),
        (
            "/BillingProfile/DefaultAddress/City",
            json!(""),
            3000,
            "defaultAddress.city",
        ),
        (
            "/BillingProfile/DefaultAddress/AddressLine1",
            json!(null),
            3000,
            "defaultAddress.addressLine1",
        ),
        (
            "/CompanyProfile/OrganizationRegistrationNumber",
            json!("123"),
            600_002,
            "organizationRegistrationNumber",
        ),
    ] {
        let mut bad = new_customer("orchard-bakery.example");
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[member] = value;
        let answer = sent(&world, "POST", "/v1/customers", &token, &bad, &[]).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(code)),
            "{pointer}: {}",
            answer.body
        );
        let said = text(&answer.body["description"]);
        assert!(said.contains(named), "{pointer}: {said}");
    }
    assert_eq!(
        world.get("/v1/customers", &token).await.body["totalCount"],
        before
    );
}

/// CUS-012: number and telephone, where the country wants them.
#[tokio::test]
async fn some_countries_want_a_number_and_a_telephone() {
    let world = World::demo().await;
    let token = world.user("lindenhof");
    let body = |number: Value, phone: Value| {
        json!({
            "companyProfile": {"domain": "wisla-piekarnia.example", "organizationRegistrationNumber": number},
            "billingProfile": {"email": "it@wisla-piekarnia.example", "culture": "pl-PL", "language": "pl",
                "companyName": "Piekarnia Wisla", "defaultAddress": {"country": "PL", "city": "Gdynia",
                "addressLine1": "1 Morska", "postalCode": "81-001", "phoneNumber": phone}},
        })
    };
    for (number, phone, status, code) in [
        (json!(null), json!("+48 58 555 0100"), 400, json!(600_049)),
        (json!("12"), json!("+48 58 555 0100"), 400, json!(600_050)),
        (json!("1234567890"), json!(null), 400, json!(600_051)),
        (
            json!("1234567890"),
            json!("+48 58 555 0100"),
            201,
            json!(null),
        ),
    ] {
        let phone_is_missing = phone.is_null();
        let answer = sent(
            &world,
            "POST",
            "/v1/customers",
            &token,
            &body(number, phone),
            &[],
        )
        .await;
        if status == 400 {
            let member = if phone_is_missing {
                "billingProfile.defaultAddress.phoneNumber: "
            } else {
                "companyProfile.organizationRegistrationNumber: "
            };
            let told = text(&answer.body["description"]);
            assert!(told.starts_with(member), "{told}");
            assert_eq!(answer.body["data"][0], "CUS-012");
        }
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &code),
            "{}",
            answer.body
        );
    }
}

/// CUS-020: the answer is printed in capitals, with nulls, and the customer is gone from the list.
#[tokio::test]
async fn a_removed_customer_is_no_customer_any_more() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let made = sent(
        &world,
        "POST",
        "/v1/customers",
        &token,
        &new_customer("orchard-bakery.example"),
        &[],
    )
    .await;
    let path = format!("/v1/customers/{}", text(&made.body["id"]));
    let end = json!({"RelationshipToPartner": "None", "Attributes": {"ObjectType": "Customer"}});
    let id = [("MS-RequestId", "0b7f8a3c-92d5-4d53-8d51-5c1f8f0f7a02")];
    let ended = sent(&world, "PATCH", &path, &token, &end, &id).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    assert_eq!(
        (&ended.body["id"], &ended.body["relationshipToPartner"]),
        (&made.body["id"], &json!("none"))
    );
    assert_eq!(ended.body["attributes"]["objectType"], "Customer");
    let again = sent(&world, "PATCH", &path, &token, &end, &id).await;
    assert_eq!(
        (again.status, &again.body),
        (200, &ended.body),
        "a repeat is answered alike"
    );
    assert_eq!(world.get(&path, &token).await.status, 403);
    // CUS-019: what is live keeps the relationship.
    let live = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{live}");
    let refused = sent(&world, "PATCH", &path, &token, &end, &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    let empty = sent(
        &world,
        "PATCH",
        &path,
        &token,
        &json!({"relationshipToPartner": "advisor"}),
        &[],
    )
    .await;
    assert_eq!(empty.status, 400);
    assert!(text(&empty.body["description"]).contains("relationshipToPartner"));
}

/// DAP-003: the relationship stays.
#[tokio::test]
async fn old_delegation_ends_without_the_relationship() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let id = world.customer("harbor", "Zephyr").await;
    let path = format!("/v1/customers/{id}/");
    assert_eq!(
        world.get(&path, &token).await.body["allowDelegatedAccess"],
        true
    );
    let end = json!({"AllowDelegatedAccess": false, "attributes": {"objectType": "Customer"}});
    let ended = sent(&world, "PATCH", &path, &token, &end, &[]).await;
    assert_eq!(
        (ended.status, &ended.body["allowDelegatedAccess"]),
        (200, &json!(false)),
        "{}",
        ended.body
    );
    let after = world.get(&path, &token).await;
    assert_eq!(
        (after.status, &after.body["allowDelegatedAccess"]),
        (200, &json!(false))
    );
    let stranger = sent(&world, "PATCH", &path, &world.user("meridian"), &end, &[]).await;
    assert_eq!(
        (stranger.status, &stranger.body["code"]),
        (403, &json!(20002))
    );
}

#[tokio::test]
async fn a_customer_of_a_sandbox_is_deleted() {
    let world = World::demo().await;
    let token = world.of("harbor", "accessTokenApp");
    let body = new_customer("orchard-bakery.example");
    let made = sent(&world, "POST", "/v1/customers", &token, &body, &[]).await;
    let path = format!("/v1/customers/{}", text(&made.body["id"]));
    let stranger = world
        .send("DELETE", &path, Some(&world.user("meridian")), None, &[])
        .await;
    assert_eq!(
        (stranger.status, &stranger.body["code"]),
        (403, &json!(20002))
    );
    let gone = world.send("DELETE", &path, Some(&token), None, &[]).await;
    assert_eq!((gone.status, &gone.body), (204, &Value::Null));
    assert_eq!(world.get(&path, &token).await.status, 403);
    let again = sent(&world, "POST", "/v1/customers", &token, &body, &[]).await;
    assert_eq!(
        again.status, 201,
        "its domain is free again: {}",
        again.body
    );
    // Software and reservations are cancelled first.
    let held = world.customer("harbor", "Bay Street").await;
    let path = format!("/v1/customers/{held}");
    let refused = world.send("DELETE", &path, Some(&token), None, &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
}

#[tokio::test]
async fn strangers_learn_nothing_of_a_customer() {
    let world = World::demo().await;
    let id = world.customer("harbor", "Juniper").await;
    let stranger = world.user("meridian");
    for customer in [id.as_str(), "6d70bbd2-9a27-4c54-a5a9-0a7a2ae8a2c0"] {
        for (method, tail) in [
            ("GET", "/profiles/company"),
            ("GET", "/profiles/billing"),
            ("PUT", "/profiles/billing"),
            ("GET", "/qualifications"),
            ("POST", "/qualifications"),
            ("GET", "/validationStatus?type=account"),
            ("POST", "/verifieddomain"),
            ("GET", "/relationships"),
            ("GET", "/agreements"),
            ("PATCH", ""),
            ("DELETE", ""),
        ] {
            let body = json!({"qualification": "Education", "relationshipToPartner": "none"});
            let body = (method != "GET").then(|| body.to_string().into_bytes());
            let path = format!("/v1/customers/{customer}{tail}");
            let answer = world.send(method, &path, Some(&stranger), body, &[]).await;
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (403, &json!(20002)),
                "{method} {tail}: {}",
                answer.body
            );
        }
    }
}
