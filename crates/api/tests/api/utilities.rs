//! Addresses, the rules of countries, and domains.

use crate::common::World;
use serde_json::{Value, json};

#[tokio::test]
async fn addresses_are_checked_by_country() {
    let world = World::demo().await;
    let token = world.of("meridian", "accessTokenApp");
    let path = "/v1/validations/address";
    let good = json!({"AddressLine1": " 1 Mill Street", "City": "Salem", "State": "oregon", "PostalCode": "97301", "Country": "us"});
    let answer = world.post(path, &token, &good).await;
    assert_eq!(
        (answer.status, &answer.body["status"]),
        (200, &json!("VerifiedShippable"))
    );
    let suggested = &answer.body["suggestedAddresses"][0];
    assert_eq!(
        (&suggested["state"], &suggested["country"]),
        (&json!("OR"), &json!("US"))
    );
    assert_eq!(answer.body["originalAddress"]["state"], "oregon");
    let street = json!({"addressLine1": "Mill Street", "city": "Salem", "state": "OR", "postalCode": "97301", "country": "US"});
    let answer = world.post(path, &token, &street).await;
    assert_eq!(answer.body["status"], "StreetPartial");
    assert!(answer.body["validationMessage"].is_string());
    for (member, value, named) in [
        ("postalCode", "9730", "PostalCode"),
        ("state", "ZZ", "State"),
        ("city", "", "City"),
        ("country", "QQ", "Country"),
    ] {
        let mut bad = street.clone();
        bad[member] = json!(value);
        let answer = world.post(path, &token, &bad).await;
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (200, &json!("InteractionRequired")),
            "{member}"
        );
        assert!(
            answer.body["validationMessage"]
                .as_str()
                .unwrap()
                .contains(named)
        );
        assert_eq!(answer.body["suggestedAddresses"], json!([]), "{member}");
    }
    let nowhere = world.post(path, &token, &json!({"city": "Salem"})).await;
    assert_eq!((nowhere.status, &nowhere.body["code"]), (400, &json!(3000)));
    assert!(
        nowhere.body["description"]
            .as_str()
            .unwrap()
            .contains("country")
    );
    let list = world.post(path, &token, &json!([1])).await;
    assert_eq!(list.status, 400);
}

#[tokio::test]
async fn the_rules_of_a_country_are_told_flat_and_nested() {
    let world = World::demo().await;
    let token = world.of("meridian", "accessTokenApp");
    let rules = world.get("/v1/countryvalidationrules/US", &token).await;
    assert_eq!(rules.status, 200);
    let body = &rules.body;
    assert_eq!(
        (&body["iso2Code"], &body["defaultCulture"]),
        (&json!("US"), &json!("en-US"))
    );
    assert_eq!(body["isStateRequired"], true);
    assert!(
        body["supportedStatesList"]
            .as_array()
            .unwrap()
            .contains(&json!("WA"))
    );
    for (flat, nested) in [
        ("supportedStatesList", "states"),
        ("supportedLanguagesList", "supportedLanguages"),
        ("supportedCulturesList", "supportedCultures"),
        ("countryCallingCodesList", "countryCallingCodes"),
    ] {
        assert_eq!(body[flat], body[nested]["value"], "{flat}");
    }
    assert_eq!(body["countryCallingCodesList"], json!(["1"]));
    let poland = world
        .get("/v1/CountryValidationRules/pl", &token)
        .await
        .body;
    assert_eq!(poland["isRegistrationNumberSupported"], true);
    assert_eq!(poland["isVatIdSupported"], true);
    assert_eq!(poland["isStateRequired"], false);
    for (code, status) in [("QQ", 404), ("USA", 400), ("1", 400)] {
        let answer = world
            .get(&format!("/v1/countryvalidationrules/{code}"), &token)
            .await;
        assert_eq!(answer.status, status, "{code}");
    }
}

#[tokio::test]
async fn a_domain_is_taken_or_free_without_a_body() {
    let world = World::demo().await;
    let token = world.of("harbor", "accessTokenApp");
    for (domain, status) in [
        ("Juniper-Bakery.example", 200),
        ("nobody-has-this.example", 404),
        ("harbor.example", 200),
    ] {
        let path = format!("/v1/domains/{domain}");
        let answer = world.send("HEAD", &path, Some(&token), None, &[]).await;
        assert_eq!(
            (answer.status, &answer.body),
            (status, &Value::Null),
            "{domain}"
        );
    }
    let answer = world
        .send("HEAD", "/v1/domains/harbor.example", None, None, &[])
        .await;
    assert_eq!(answer.status, 401);
}
