//! Agreements: the status query, templates, acceptances; and test resellers, which come with one.

use crate::common::{Answer, World, assert_shape, text};
use serde_json::{Value, json};

#[tokio::test]
async fn every_refusal_of_the_status_query_has_its_code() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1/compliance/csp/agreementstatus";
    let signed = world
        .get(
            &format!("{path}?mpnId={}", world.of("cedar", "mpnId")),
            &token,
        )
        .await;
    assert_eq!(
        (signed.status, &signed.body),
        (200, &json!({"isAgreementSigned": true}))
    );
    let tenant = |name: &str| world.of(name, "tenantId");
    let mpn = |name: &str| world.of(name, "mpnId");
    for (query, code, what) in [
        ("?tenantId=not-a-guid".to_owned(), 2000, "malformed tenant"),
        ("?mpnId=abc".to_owned(), 2000, "malformed PartnerID"),
        (
            format!("?mpnId={}&tenantId={}", mpn("cedar"), tenant("cedar")),
            2000,
            "both",
        ),
        (String::new(), 2001, "neither"),
        ("?mpnId=9999999".to_owned(), 2200, "unknown PartnerID"),
        (format!("?mpnId={}", mpn("seine")), 2201, "another region"),
        (format!("?mpnId={}", mpn("copperfield")), 2203, "not signed"),
        (format!("?mpnId={}", mpn("marlin")), 2204, "no reseller"),
        (
            "?tenantId=6d70bbd2-9a27-4c54-a5a9-0a7a2ae8a2c0".to_owned(),
            2205,
            "unknown tenant",
        ),
        (
            format!("?tenantId={}", tenant("copperfield")),
            2206,
            "tenant not signed",
        ),
    ] {
        let answer = world.get(&format!("{path}{query}"), &token).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(code)),
            "{what}: {}",
            answer.body
        );
        assert!(answer.body["data"].is_array(), "{what}");
        assert_shape(what, &answer);
    }
    let other = world
        .get("/v1/compliance/other/agreementstatus?mpnId=1", &token)
        .await;
    assert_eq!(other.status, 404);
}

#[tokio::test]
async fn templates_are_listed_by_type_and_have_a_page() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let plain = world.get("/v1/agreements", &token).await.body;
    assert_eq!(
        plain["items"][0]["agreementType"],
        "MicrosoftCloudAgreement"
    );
    assert_eq!(plain["totalCount"], 1);
    let all = world
        .get("/v1/agreements?agreementType=*", &token)
        .await
        .body;
    assert_eq!(all["totalCount"], 2);
    let one = world
        .get(
            "/v1/agreements?agreementType=microsoftcustomeragreement",
            &token,
        )
        .await
        .body;
    let item = &one["items"][0];
    assert_eq!(
        (&one["totalCount"], &item["versionRank"]),
        (&json!(1), &json!(0))
    );
    let odd = world
        .get("/v1/agreements?agreementType=Other", &token)
        .await;
    assert_eq!(odd.status, 400);
    assert!(text(&odd.body["description"]).contains("agreementType"));
    let path = format!(
        "/v1/agreementtemplates/{}/document?language=DE-de&country=de",
        text(&item["templateId"])
    );
    let document = world.get(&path, &token).await;
    assert_eq!(document.status, 200, "{}", document.body);
    assert_eq!(
        (&document.body["language"], &document.body["country"]),
        (&json!("de-DE"), &json!("DE"))
    );
    for uri in [
        &document.body["displayUri"],
        &document.body["downloadUri"],
        &item["agreementLink"],
    ] {
        let page = world.http.get(text(uri)).send().await.unwrap();
        assert_eq!(page.status(), 200, "{uri}");
        assert!(
            page.text().await.unwrap().contains("Customer agreement"),
            "{uri}"
        );
    }
    for (path, status, field) in [
        (path.replace("DE-de", "german_"), 400, "language"),
        (path.replace("country=de", "country=QQ"), 400, "country"),
        (
            "/v1/agreementtemplates/6d70bbd2-9a27-4c54-a5a9-0a7a2ae8a2c0/document".to_owned(),
            404,
            "template",
        ),
    ] {
        let answer = world.get(&path, &token).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(text(&answer.body["description"]).contains(field), "{path}");
    }
}

#[tokio::test]
async fn acceptances_are_listed_by_type() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/agreements");
    let kinds = |answer: &Answer| -> Vec<String> {
        let items = answer.body["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| text(&item["type"])).collect()
    };
    let cloud = world.get(&path, &token).await;
    assert_eq!(kinds(&cloud), ["MicrosoftCloudAgreement"]);
    assert_eq!(
        cloud.body["items"][0]["primaryContact"]["firstName"],
        "Noor"
    );
    let new = world
        .get(
            &format!("{path}?agreementType=MicrosoftCustomerAgreement"),
            &token,
        )
        .await;
    assert_eq!(kinds(&new), ["MicrosoftCustomerAgreement"]);
    let all = world.get(&format!("{path}?agreementType=*"), &token).await;
    assert_eq!(kinds(&all).len(), 2);
}

async fn template(world: &World, token: &str, kind: &str) -> String {
    let list = world
        .get(&format!("/v1/agreements?agreementType={kind}"), token)
        .await;
    text(&list.body["items"][0]["templateId"])
}

/// AGR-023, AGR-024, AGR-029: whom it names, once for the same contact, and by the right template.
#[tokio::test]
async fn the_same_contact_confirms_once() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/agreements");
    let template_id = template(&world, &token, "MicrosoftCustomerAgreement").await;
    let old = template(&world, &token, "MicrosoftCloudAgreement").await;
    let body = json!({
        "primaryContact": {"firstName": "Ada", "lastName": "Moor", "email": "ada@juniper.example", "phoneNumber": "1234567890"},
        "templateId": template_id, "dateAgreed": "2025-06-14T00:00:00.000Z", "type": "MicrosoftCustomerAgreement",
    });
    let first = world.post(&path, &token, &body).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert!(first.body["userId"].is_string());
    assert_eq!(first.body["dateAgreed"], body["dateAgreed"]);
    let again = world.post(&path, &token, &body).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!(600_061)));
    assert_eq!(
        again.body["errorName"],
        "PartnerConfirmedAgreementAlreadyExists"
    );
    assert_eq!(
        (&again.body["isRetryable"], &again.body["parameters"]),
        (&json!(false), &json!({}))
    );
    assert_eq!(again.body["message"], again.body["description"]);
    assert_eq!(
        again.body["errorMessageExtended"],
        "InternalErrorCode=600061"
    );
    let mut other = body.clone();
    other["primaryContact"]["phoneNumber"] = json!("1234567891");
    assert_eq!(
        world.post(&path, &token, &other).await.status,
        201,
        "a changed telephone is another contact"
    );
    for (pointer, value, named) in [
        ("/primaryContact/firstName", json!(null), "firstName"),
        ("/primaryContact/email", json!("ada"), "email"),
        ("/dateAgreed", json!("soon"), "dateAgreed"),
        ("/dateAgreed", json!(null), "dateAgreed"),
        ("/dateAgreed", json!("2026-02-01T00:00:00Z"), "future"),
        ("/templateId", json!(old), "template"),
        ("/templateId", json!(null), "templateId"),
        ("/type", json!("Handshake"), "type"),
        ("/type", json!("MicrosoftCloudAgreement"), "template"),
    ] {
        let mut bad = body.clone();
        bad["primaryContact"]["lastName"] = json!("Other");
        *bad.pointer_mut(pointer).unwrap() = value;
        let answer = world.post(&path, &token, &bad).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(3000)),
            "{pointer}: {}",
            answer.body
        );
        let said = text(&answer.body["description"]).to_lowercase();
        assert!(said.contains(&named.to_lowercase()), "{named}: {said}");
    }
    let stranger = world.post(&path, &world.user("meridian"), &body).await;
    assert_eq!(
        (stranger.status, &stranger.body["code"]),
        (403, &json!(20002))
    );
}

#[tokio::test]
async fn a_customer_that_accepted_itself_has_signed_directly() {
    let world = World::demo().await;
    let token = world.user("harbor");
    for (name, signed) in [("Silver Creek", true), ("Juniper", false)] {
        let customer = world.customer("harbor", name).await;
        let path = format!("/v1/customers/{customer}/directSignedMicrosoftCustomerAgreementStatus");
        let answer = world.get(&path, &token).await;
        assert_eq!(
            (answer.status, &answer.body),
            (200, &json!({"isSigned": signed})),
            "{name}"
        );
    }
}

fn reseller(world: &World, prefix: &str) -> Value {
    json!({
        "mpnId": world.of("cedar", "mpnId"),
        "tenant": {"domainPrefix": prefix, "name": prefix, "displayName": prefix, "adminUserName": "admin", "adminFirstName": "Ada",
            "adminLastName": "Moor", "adminAlternateEmail": "ada@moor.example", "country": "US", "culture": "en-us"},
        "legalBusinessProfile": {"companyName": prefix, "culture": "en-US",
            "address": {"country": "FR", "city": "Issy", "state": "", "addressLine1": "39 quai Haut", "addressLine2": "", "postalCode": "92130"},
            "primaryContact": {"firstName": "Ada", "lastName": "Moor", "email": "ada@moor.example", "phoneNumber": "1234567890"}},
        "organizationProfileLanguage": "en",
    })
}

/// ENR-041: at most five, each with tenant, signed agreement and partnership; a deleted one makes room.
#[tokio::test]
async fn a_test_reseller_comes_with_everything_and_goes_again() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1//sandboxIndirectReseller";
    let list = "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf";
    let count = async || {
        world.get(list, &token).await.body["totalCount"]
            .as_u64()
            .unwrap()
    };
    let before = count().await;
    let made = world.post(path, &token, &reseller(&world, "Tip0")).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.body["tenant"]["id"], made.body["accountId"]);
    assert!(made.body["tenant"]["password"].is_string());
    assert_eq!(
        made.body["partnerRelationship"]["id"],
        world.of("meridian", "tenantId")
    );
    let id = text(&made.body["tenant"]["id"]);
    let status = world
        .get(
            &format!("/v1/compliance/csp/agreementstatus?tenantId={id}"),
            &token,
        )
        .await;
    assert_eq!(status.body, json!({"isAgreementSigned": true}));
    assert_eq!(count().await, before + 1);
    let taken = world.post(path, &token, &reseller(&world, "tip0")).await;
    assert_eq!((taken.status, &taken.body["code"]), (409, &json!(1003)));
    for number in 1..5 {
        let more = world
            .post(path, &token, &reseller(&world, &format!("Tip{number}")))
            .await;
        assert_eq!(more.status, 200, "{}", more.body);
    }
    let sixth = world.post(path, &token, &reseller(&world, "Tip5")).await;
    assert_eq!(
        (sixth.status, &sixth.body["code"]),
        (400, &json!(800_018)),
        "{}",
        sixth.body
    );
    let own = format!("/v1/sandboxIndirectReseller/{id}");
    let gone = world.send("DELETE", &own, Some(&token), None, &[]).await;
    assert_eq!((gone.status, &gone.body), (204, &Value::Null));
    assert_eq!(
        world
            .send("DELETE", &own, Some(&token), None, &[])
            .await
            .status,
        404
    );
    assert_eq!(
        world
            .post(path, &token, &reseller(&world, "Tip0"))
            .await
            .status,
        200,
        "its name is free again"
    );
    let real = format!(
        "/v1/sandboxIndirectReseller/{}",
        world.of("cedar", "tenantId")
    );
    assert_eq!(
        world
            .send("DELETE", &real, Some(&token), None, &[])
            .await
            .status,
        404,
        "no test reseller"
    );
}

#[tokio::test]
async fn a_test_reseller_is_checked_before_it_is_made() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1/sandboxIndirectReseller";
    for (pointer, value, named) in [
        ("/mpnId", json!("9999999"), "mpnId"),
        ("/mpnId", json!(world.of("seine", "mpnId")), "mpnId"),
        ("/tenant/domainPrefix", json!("a b"), "tenant.domainPrefix"),
        ("/tenant/country", json!("Q1"), "tenant.country"),
        ("/tenant/adminUserName", json!(null), "tenant.adminUserName"),
        (
            "/legalBusinessProfile/address/postalCode",
            json!("9"),
            "legalBusinessProfile.address.postalCode",
        ),
    ] {
        let mut bad = reseller(&world, "Tip9");
        *bad.pointer_mut(pointer).unwrap() = value;
        let answer = world.post(path, &token, &bad).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(3000)),
            "{pointer}: {}",
            answer.body
        );
        assert!(
            text(&answer.body["description"]).contains(named),
            "{pointer}: {}",
            answer.body
        );
    }
    let mut abroad = reseller(&world, "Tip9");
    abroad["mpnId"] = json!(world.of("seine", "mpnId"));
    abroad["tenant"]["country"] = json!("FR");
    let answer = world.post(path, &token, &abroad).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (400, &json!(2201)),
        "{}",
        answer.body
    );
    let direct = world
        .post(path, &world.user("harbor"), &reseller(&world, "Tip9"))
        .await;
    assert_eq!((direct.status, &direct.body["code"]), (401, &json!(6002)));
}
