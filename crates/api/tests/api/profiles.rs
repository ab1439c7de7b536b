//! A partner's profiles are read back as they were written, and checked before.

use crate::common::{Answer, World, advance};
use serde_json::{Value, json};

async fn put(
    world: &World,
    path: &str,
    token: &str,
    body: &Value,
    headers: &[(&str, &str)],
) -> Answer {
    let body = Some(body.to_string().into_bytes());
    world.send("PUT", path, Some(token), body, headers).await
}

/// IDN-026: what changed is verified again, and what was verified last can still be read.
#[tokio::test]
async fn a_changed_legal_business_is_verified_again() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1/profiles/legalbusiness";
    let before = world.get(path, &token).await;
    assert_eq!(before.status, 200);
    assert_eq!(before.body["vettingStatus"], "authorized");
    assert_eq!(before.body["vettingSubStatus"], "none");
    assert_eq!(before.body["profileType"], "LegalBusinessProfile");
    let mut change = before.body.clone();
    change["address"]["addressLine1"] = json!("7 Harbor Way");
    let written = put(&world, path, &token, &change, &[]).await;
    assert_eq!(written.status, 200, "{}", written.body);
    assert_eq!(written.body["vettingStatus"], "pending");
    let current = world
        .get(&format!("{path}?vettingVersion=Current"), &token)
        .await;
    assert_eq!(current.body["address"]["addressLine1"], "7 Harbor Way");
    let last = world
        .get(&format!("{path}?vettingVersion=LastFinalized"), &token)
        .await;
    assert_eq!(last.body["address"], before.body["address"]);
    assert_eq!(last.body["vettingStatus"], "authorized");
    advance(&world, "P2D").await;
    let later = world
        .get(&format!("{path}?vettingVersion=LastFinalized"), &token)
        .await;
    assert_eq!(later.body["address"]["addressLine1"], "7 Harbor Way");
    let odd = world
        .get(&format!("{path}?vettingVersion=Oldest"), &token)
        .await;
    assert_eq!(odd.status, 400);
    assert!(
        odd.body["description"]
            .as_str()
            .unwrap()
            .contains("vettingVersion")
    );
}

/// IDN-014: the country of the legal address stays.
#[tokio::test]
async fn the_country_of_a_legal_business_stays() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1/profiles/legalbusiness";
    let mut change = world.get(path, &token).await.body;
    change["address"] = json!({"country": "CA", "city": "Ottawa", "state": "ON", "addressLine1": "1 Elgin Street", "postalCode": "K1A 0B1"});
    let refused = put(&world, path, &token, &change, &[]).await;
    assert!((400..410).contains(&refused.status), "{}", refused.body);
    assert!(
        refused.body["data"]
            .as_array()
            .unwrap()
            .contains(&json!("IDN-014")),
        "{}",
        refused.body
    );
    let after = world.get(path, &token).await.body;
    assert_eq!(after["address"]["country"], "US");
}

#[tokio::test]
async fn a_billing_profile_is_read_back_as_it_was_written() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let path = "/v1/profiles/billing";
    let before = world.get(path, &token).await;
    assert_eq!(
        (before.status, &before.body["billingCurrency"]),
        (200, &json!("USD"))
    );
    // As a released client writes it: in capitals, with nulls.
    let change = json!({
        "CompanyName": "Harbor Cloud Partners LLC",
        "Address": {"Country": "US", "Region": null, "City": "Salem", "State": "OR", "AddressLine1": "1 Mill Street",
            "AddressLine2": "", "PostalCode": "97301", "FirstName": null, "LastName": null, "PhoneNumber": null},
        "PrimaryContact": {"FirstName": "Ada", "LastName": "Moor", "Email": null, "PhoneNumber": ""},
        "PurchaseOrderNumber": "9888", "TaxId": null, "BillingCurrency": "USD", "ProfileType": "billing_profile",
        "Links": null, "Attributes": {"Etag": before.body["attributes"]["etag"], "ObjectType": "BillingProfile"},
    });
    let written = put(&world, path, &token, &change, &[]).await;
    assert_eq!(written.status, 200, "{}", written.body);
    let after = world.get(path, &token).await.body;
    assert_eq!(after["purchaseOrderNumber"], "9888");
    assert_eq!(after["address"]["postalCode"], "97301");
    assert_eq!(after, written.body);
    for (pointer, value, field) in [
        ("/Address/PostalCode", json!("9730"), "address.postalCode"),
        ("/Address/State", json!("ZZ"), "address.state"),
        ("/Address/Country", json!("Q"), "address.country"),
        ("/CompanyName", json!(" "), "companyName"),
        (
            "/PrimaryContact/FirstName",
            json!(null),
            "primaryContact.firstName",
        ),
        (
            "/PrimaryContact/Email",
            json!("nobody"),
            "primaryContact.email",
        ),
    ] {
        let mut bad = change.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        bad["Attributes"] = json!(null);
        let answer = put(&world, path, &token, &bad, &[]).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(3000)),
            "{field}"
        );
        let text = answer.body["description"].as_str().unwrap();
        assert!(text.contains(field), "{field}: {text}");
    }
    assert_eq!(world.get(path, &token).await.body, after, "nothing changed");
}

/// Whoever has read an older version does not overwrite a newer one.
#[tokio::test]
async fn an_organization_is_changed_by_whoever_read_it_last() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let path = "/v1/profiles/organization";
    let before = world.get(path, &token).await.body;
    assert_eq!(before["tenantId"], world.of("harbor", "tenantId"));
    assert_eq!(before["profileType"], "OrganizationProfile");
    let mut change = before.clone();
    change["culture"] = json!("ES-us");
    change["language"] = json!("es");
    let written = put(&world, path, &token, &change, &[]).await;
    assert_eq!(written.status, 200, "{}", written.body);
    assert_eq!(written.body["culture"], "es-US");
    assert_ne!(
        written.body["attributes"]["etag"],
        before["attributes"]["etag"]
    );
    let stale = put(&world, path, &token, &change, &[]).await;
    assert_eq!(
        (stale.status, &stale.body["code"]),
        (400, &json!(2055)),
        "by the body's tag"
    );
    let tag = format!("\"{}\"", before["attributes"]["etag"].as_str().unwrap());
    change["attributes"] = json!(null);
    let stale = put(&world, path, &token, &change, &[("If-Match", &tag)]).await;
    assert_eq!(
        (stale.status, &stale.body["code"]),
        (400, &json!(2055)),
        "by the header"
    );
    change["culture"] = json!("spanish");
    let bad = put(&world, path, &token, &change, &[]).await;
    assert_eq!((bad.status, &bad.body["code"]), (400, &json!(3000)));
    assert!(
        bad.body["description"]
            .as_str()
            .unwrap()
            .contains("culture")
    );
}

#[tokio::test]
async fn whom_customers_ask_for_help_is_written_by_either_path() {
    let world = World::demo().await;
    let token = world.user("harbor");
    for (path, phone) in [
        ("/v1/profiles/supportprofile", "4255550100"),
        ("/v1/profiles/support", "4255550101"),
    ] {
        let change = json!({"Email": "help@harbor.example", "Telephone": phone, "Website": "www.harbor.example",
            "ProfileType": "support_profile", "Attributes": {"ObjectType": "PartnerSupportProfile"}});
        let written = put(&world, path, &token, &change, &[]).await;
        assert_eq!(written.status, 200, "{}", written.body);
        assert_eq!(written.body["profileType"], "support_profile");
        assert_eq!(
            written.body["attributes"]["objectType"],
            "PartnerSupportProfile"
        );
        let read = world.get("/v1/profiles/support", &token).await.body;
        assert_eq!(read["telephone"], phone);
        assert_eq!(read["profileType"], "SupportProfile");
    }
    let bad = json!({"email": "help", "telephone": "4255550100"});
    let answer = put(&world, "/v1/profiles/support", &token, &bad, &[]).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body["description"]
            .as_str()
            .unwrap()
            .contains("email")
    );
    let app = world.of("harbor", "accessTokenApp");
    for (method, path) in [
        ("GET", "/v1/profiles/support"),
        ("PUT", "/v1/profiles/support"),
        ("PUT", "/v1/profiles/supportprofile"),
        ("GET", "/v1/profiles/billing"),
        ("PUT", "/v1/profiles/legalbusiness"),
    ] {
        let body = (method == "PUT").then(|| bad.to_string().into_bytes());
        let answer = world.send(method, path, Some(&app), body, &[]).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!(900_329)),
            "{method} {path}"
        );
    }
    let legal = world.get("/v1/profiles/legalbusiness", &app).await;
    assert_eq!(
        legal.status, 200,
        "an application may read the legal business"
    );
}

/// Personal values stand in the profile and nowhere in the log.
#[tokio::test]
async fn a_repeated_write_is_done_once() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let path = "/v1/profiles/organization";
    let mut change = world.get(path, &token).await.body;
    change["email"] = json!("front-desk@harbor.example");
    let id = [("MS-RequestId", "5f6f1c1e-7a10-4c5d-9d0e-0d4a3b1f2c11")];
    let first = put(&world, path, &token, &change, &id).await;
    let again = put(&world, path, &token, &change, &id).await;
    assert_eq!((first.status, again.status), (200, 200), "{}", again.body);
    assert_eq!(first.body, again.body);
}
