//! What is on record about a customer: profiles, domains, the account's check, qualifications.

use crate::common::{Answer, World, advance, filtered, ids, sent, text};
use serde_json::{Value, json};

/// CUS-017, GDA-027: address, organization and domains are for those with a role in the customer's tenant.
#[tokio::test]
async fn company_details_need_a_granular_role() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let open = world.customer("harbor", "Juniper").await;
    let closed = world.customer("harbor", "Yonder").await;
    let profile = |id: &str| format!("/v1/customers/{id}/profiles/company");
    let with = world.get(&profile(&open), &token).await.body;
    assert!(with["address"]["city"].is_string() && with["email"].is_string());
    let without = world.get(&profile(&closed), &token).await;
    assert_eq!(without.status, 200);
    assert!(without.body["address"].is_null() && without.body["email"].is_null());
    assert!(without.body["companyName"].is_string());
    let app = world.of("harbor", "accessTokenApp");
    for token in [&token, &app] {
        let organization = world
            .get(&format!("/v1/customers/{open}/organization"), token)
            .await;
        assert_eq!(organization.status, 200, "{}", organization.body);
        assert_eq!(organization.body[0]["countryLetterCode"], "US");
        let domains = world
            .get(&format!("/v1/customers/{open}/customDomains"), token)
            .await;
        assert_eq!(domains.body, json!(["juniper-bakery.example"]));
    }
    for tail in ["organization", "customDomains"] {
        let refused = world
            .get(&format!("/v1/customers/{closed}/{tail}"), &token)
            .await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (403, &json!(900_308)),
            "{tail}: {}",
            refused.body
        );
        let stranger = world
            .get(
                &format!("/v1/customers/{open}/{tail}"),
                &world.user("meridian"),
            )
            .await;
        assert_eq!(
            (stranger.status, &stranger.body["code"]),
            (403, &json!(20002)),
            "{tail}"
        );
    }
}

#[tokio::test]
async fn a_billing_profile_is_changed_by_whoever_read_it_last() {
    let world = World::demo().await;
    let token = world.of("harbor", "accessTokenApp");
    let id = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{id}/profiles/billing");
    let before = world.get(&path, &token).await.body;
    let mut change = before.clone();
    change["firstName"] = json!("Noor");
    change["companyName"] = json!("Wacholder Bäckerei LLC");
    let tag = format!("\"{}\"", text(&before["attributes"]["etag"]));
    let mut bare = change.clone();
    bare["attributes"] = json!(null);
    let none = sent(&world, "PUT", &path, &token, &bare, &[]).await;
    assert_eq!(none.status, 400, "{}", none.body);
    assert!(text(&none.body["description"]).contains("If-Match"));
    let written = sent(&world, "PUT", &path, &token, &bare, &[("If-Match", &tag)]).await;
    assert_eq!(
        (written.status, &written.body["firstName"]),
        (200, &json!("Noor")),
        "{}",
        written.body
    );
    assert_eq!(world.get(&path, &token).await.body, written.body);
    let stale = sent(&world, "PUT", &path, &token, &change, &[]).await;
    assert_eq!(
        (stale.status, &stale.body["code"]),
        (400, &json!(2055)),
        "by the body's tag"
    );
    let found = filtered(
        &world,
        &token,
        &json!({"Field": "CompanyName", "Value": "WACHOLDER BÄ"}),
    )
    .await;
    assert_eq!(
        ids(&found.body),
        [id],
        "the list knows the new name, in any case"
    );
    for (pointer, value, named) in [
        (
            "/defaultAddress/postalCode",
            json!("1"),
            "defaultAddress.postalCode",
        ),
        ("/defaultAddress/country", json!("CA"), "defaultAddress"),
        ("/email", json!("noor"), "email"),
        ("/companyName", json!("--"), "companyName"),
        ("/culture", json!(null), "culture"),
    ] {
        let mut bad = written.body.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let answer = sent(&world, "PUT", &path, &token, &bad, &[]).await;
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
    assert_eq!(
        world.get(&path, &token).await.body,
        written.body,
        "nothing changed"
    );
}

#[tokio::test]
async fn a_verified_domain_is_one_of_the_customers_and_taken() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let id = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{id}/verifieddomain");
    let body = json!({
        "VerifiedDomainName": "Juniper-Two.example",
        "Domain": {"AuthenticationType": "Federated", "Capability": "Email", "IsDefault": "False", "IsInitial": "False",
            "Name": "juniper-two.example", "RootDomain": null, "Status": "Verified", "VerificationMethod": "DnsRecord"},
        "DomainFederationSettings": {"ActiveLogOnUri": "https://sts.juniper-two.example/active", "SupportsMfa": false},
    });
    let made = world.post(&path, &token, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        (&made.body["name"], &made.body["status"]),
        (&json!("juniper-two.example"), &json!("verified"))
    );
    assert_eq!(made.body["authenticationType"], "federated");
    let domains = world
        .get(&format!("/v1/customers/{id}/customDomains"), &token)
        .await;
    assert_eq!(
        domains.body,
        json!(["juniper-bakery.example", "juniper-two.example"])
    );
    let head = world
        .send(
            "HEAD",
            "/v1/domains/juniper-two.example",
            Some(&token),
            None,
            &[],
        )
        .await;
    assert_eq!(head.status, 200);
    assert_eq!(
        world.post(&path, &token, &body).await.status,
        409,
        "a domain is added once"
    );
    for (pointer, value, named) in [
        ("/VerifiedDomainName", json!(null), "verifiedDomainName"),
        ("/Domain/Name", json!("other.example"), "domain.name"),
        (
            "/Domain/AuthenticationType",
            json!("Telepathy"),
            "authenticationType",
        ),
        (
            "/DomainFederationSettings",
            json!(null),
            "domainFederationSettings",
        ),
    ] {
        let mut bad = body.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let answer = world.post(&path, &token, &bad).await;
        assert_eq!(answer.status, 400, "{pointer}: {}", answer.body);
        assert!(
            text(&answer.body["description"]).contains(named),
            "{pointer}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn the_check_of_an_account_is_told_where_there_was_one() {
    let world = World::demo().await;
    let token = world.user("harbor");
    for (name, status) in [
        ("Juniper", "Allowed"),
        ("Summit", "UnderReview"),
        ("Zinc", "NotAllowed"),
        ("Yonder", "Unknown"),
        ("Zephyr", "Not Ready"),
    ] {
        let id = world.customer("harbor", name).await;
        let path = format!("/v1/customers/{id}/validationStatus?type=account");
        let answer = world.get(&path, &token).await;
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (200, &json!(status)),
            "{name}"
        );
        assert_eq!(answer.body["type"], "account");
        assert!(text(&answer.body["lastUpdateDateTime"]).ends_with('Z'));
    }
    let id = world.customer("harbor", "Silver").await;
    let path = format!("/v1/customers/{id}/validationStatus");
    let none = world.get(&format!("{path}?type=account"), &token).await;
    assert_eq!((none.status, &none.body["code"]), (404, &json!(600_074)));
    assert_eq!(none.body["errorName"], "AccountStatusNotFound");
    assert_eq!(none.body["message"], none.body["description"]);
    assert!(text(&none.body["description"]).contains(&id));
    for query in ["", "?type=address"] {
        let answer = world.get(&format!("{path}{query}"), &token).await;
        assert_eq!(answer.status, 400);
        assert!(text(&answer.body["description"]).contains("type"));
    }
}

/// CUS-024, CUS-025: education is verified; what the page shows decides.
#[tokio::test]
async fn education_is_in_review_until_it_is_decided() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let newest = |list: &Answer| {
        list.body
            .as_array()
            .and_then(|rows| rows.last().cloned())
            .unwrap_or_default()
    };
    for (name, website, outcome) in [
        ("Juniper", "www.juniper-bakery.example", "Approved"),
        ("Silver", "https://shop.example/school", "Denied"),
    ] {
        let id = world.customer("harbor", name).await;
        let path = format!("/v1/customers/{id}/qualifications");
        let body = json!({"Qualification": "Education", "EducationSegment": "K12", "Website": website, "ValidationCode": null});
        let asked = world.post(&path, &token, &body).await;
        assert_eq!(
            (asked.status, &asked.body["vettingStatus"]),
            (201, &json!("InReview")),
            "{}",
            asked.body
        );
        assert!(asked.body["vettingCreateDate"].is_string());
        assert_eq!(
            newest(&world.get(&path, &token).await)["vettingStatus"],
            "InReview"
        );
        advance(&world, "P3D").await;
        let row = newest(&world.get(&path, &token).await);
        assert_eq!(row["vettingStatus"], outcome, "{name}");
        assert_eq!(row["vettingReason"].is_string(), outcome == "Denied");
    }
    let id = world.customer("harbor", "Bay Street").await;
    let history = world
        .get(&format!("/v1/customers/{id}/qualifications"), &token)
        .await;
    assert_eq!(history.body[0]["vettingStatus"], "Denied");
    assert_eq!(history.body[1]["vettingStatus"], "Approved");
    let path = format!("/v1/customers/{id}/qualifications");
    for (body, code, named) in [
        (json!({"qualification": "Nonprofit"}), 3000, "nonprofit"),
        (json!({"qualification": "None"}), 3000, "none"),
        (json!({"qualification": "Wizardry"}), 3000, "qualification"),
        (json!({}), 3000, "qualification"),
        (
            json!({"qualification": "Education", "educationSegment": "Nursery"}),
            3000,
            "educationSegment",
        ),
        (
            json!({"qualification": "Education", "website": "no page"}),
            3000,
            "website",
        ),
        (
            json!({"qualification": "GovernmentCommunityCloud"}),
            800_086,
            "code",
        ),
        (
            json!({"qualification": "GovernmentCommunityCloud", "validationCode": "0"}),
            800_086,
            "code",
        ),
    ] {
        let answer = world.post(&path, &token, &body).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(code)),
            "{body}: {}",
            answer.body
        );
        assert!(
            text(&answer.body["description"]).contains(named),
            "{body}: {}",
            answer.body
        );
    }
    let bare = world.post(&path, &token, &json!("education")).await;
    assert_eq!(
        bare.status, 201,
        "a released client sends the bare word: {}",
        bare.body
    );
}

#[tokio::test]
async fn a_validation_code_is_counted_down() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let codes = async || {
        world
            .get("/v1/customers/all/validations", &token)
            .await
            .body
    };
    let first = codes().await;
    assert_eq!(
        (&first[0]["validationId"], &first[0]["remainingCreates"]),
        (&json!("480215"), &json!(4))
    );
    assert!(text(&first[0]["eTag"]).starts_with("W/\"datetime'"));
    let id = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{id}/qualifications");
    for left in [3, 2, 1, 0] {
        let body = json!({"qualification": "GovernmentCommunityCloud", "validationCode": "480215"});
        let asked = world.post(&path, &token, &body).await;
        assert_eq!(
            (asked.status, &asked.body["vettingStatus"]),
            (201, &json!("Approved")),
            "{}",
            asked.body
        );
        assert_eq!(codes().await[0]["remainingCreates"], left);
    }
    let used_up = world
        .post(
            &format!("{path}?code=480215"),
            &token,
            &json!({"qualification": "GovernmentCommunityCloud"}),
        )
        .await;
    assert_eq!(
        (used_up.status, &used_up.body["code"]),
        (400, &json!(800_086))
    );
    let others = world
        .post(
            &path,
            &token,
            &json!({"qualification": "GovernmentCommunityCloud", "validationCode": "711036"}),
        )
        .await;
    assert_eq!(others.status, 400, "another partner's code is none");
}

fn policy(own: &str, customer: &str) -> Value {
    json!({
        "selfServeEntity": {"selfServeEntityType": "customer", "tenantID": customer},
        "GRANTOR": {"grantorType": "BillToPartner", "tenantId": own.to_uppercase()},
        "permissions": [{"resource": "AzureReservedInstances", "action": "Purchase"}, {"resource": "azureSavingsPlan", "action": "purchase"}],
    })
}

/// CUS-026, ROL-014: the switch of a relationship, as a policy.
#[tokio::test]
async fn self_service_is_switched_by_a_policy() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let own = world.of("harbor", "tenantId");
    let customer = world.customer("harbor", "Bay Street").await;
    let other = world.customer("harbor", "Juniper").await;
    let strange = world.customer("meridian", "Canyon").await;
    let policies = "/v1/SelfServePolicy";
    let policy = |customer: &str| policy(&own, customer);
    let buys = |by: &str| {
        let body = json!({ "item": "vm-reservation", "partner": "harbor" });
        let path = format!("/program/v1/commands/self_service_purchase?as={by}");
        let operator = world.of("operator", "accessTokenUser");
        let world = &world;
        async move { world.post(&path, &operator, &body).await }
    };
    let refused = buys("bay-street-shipping").await;
    assert!(
        refused.body.to_string().contains("CUS-026"),
        "{}",
        refused.body
    );
    let made = world.post(policies, &token, &policy(&customer)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["id"], format!("{own}_{customer}"));
    assert_eq!(made.body["permissions"][1]["resource"], "AzureSavingsPlan");
    let bought = buys("bay-street-shipping").await;
    assert_eq!(bought.status, 200, "{}", bought.body);

    let again = world.post(policies, &token, &policy(&customer)).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!(600_041)));
    let one = format!("{policies}/{own}_{customer}");
    assert_eq!(world.get(&one, &token).await.body, made.body);
    for path in [policies, &one] {
        let put = sent(&world, "PUT", path, &token, &policy(&customer), &[]).await;
        assert_eq!((put.status, &put.body), (200, &made.body), "{path}");
    }
    assert_eq!(ids(&world.get(policies, &token).await.body).len(), 1);
    for (customer, count) in [(&customer, 1), (&other, 0)] {
        let path = format!("{policies}?entity_id={customer}");
        let list = world.get(&path, &token).await;
        assert_eq!(ids(&list.body).len(), count);
    }
    let codes = |answer: &Answer| {
        (
            answer.status,
            answer.body["code"].as_u64().unwrap_or_default(),
        )
    };
    for (path, code) in [
        (format!("{policies}/{own}_{other}"), 600_039),
        (format!("{policies}/{own}_{strange}"), 600_039),
        (format!("{policies}/{strange}_{customer}"), 600_039),
        (format!("{policies}/{customer}"), 600_040),
    ] {
        assert_eq!(
            codes(&world.get(&path, &token).await),
            (404, code),
            "{path}"
        );
        let gone = sent(&world, "DELETE", &path, &token, &json!(null), &[]).await;
        assert_eq!(codes(&gone), (404, code), "{path}");
    }

    let gone = sent(&world, "DELETE", &one, &token, &json!(null), &[]).await;
    assert_eq!(gone.status, 204);
    assert_eq!(world.get(&one, &token).await.status, 404);
    let refused = buys("bay-street-shipping").await;
    assert!(
        refused.body.to_string().contains("CUS-026"),
        "{}",
        refused.body
    );
    let application = world.of("harbor", "accessTokenApp");
    assert_eq!(world.get(policies, &application).await.status, 403);
}

#[tokio::test]
async fn a_policy_that_says_something_else_is_refused_and_changes_nothing() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let own = world.of("harbor", "tenantId");
    let customer = world.customer("harbor", "Bay Street").await;
    let other = world.customer("harbor", "Juniper").await;
    let strange = world.customer("meridian", "Canyon").await;
    let policies = "/v1/SelfServePolicy";
    let policy = |customer: &str| policy(&own, customer);
    let made = world.post(policies, &token, &policy(&customer)).await;
    let one = format!("{policies}/{}", text(&made.body["id"]));
    // What a policy cannot say is refused, by the member, and changes nothing.
    for (member, value) in [
        (
            "permissions",
            json!([{"resource": "AzureSavingsPlan", "action": "Purchase"}]),
        ),
        ("permissions", json!([])),
        ("GRANTOR", json!({"tenantID": strange})),
        (
            "selfServeEntity",
            json!({"selfServeEntityType": "reseller", "tenantID": other}),
        ),
        (
            "selfServeEntity",
            json!({"selfServeEntityType": "customer"}),
        ),
    ] {
        let mut body = policy(&other);
        body[member] = value;
        let refused = world.post(policies, &token, &body).await;
        assert_eq!(refused.status, 400, "{member}: {}", refused.body);
        let told = refused.body["description"].as_str().unwrap().to_lowercase();
        assert!(told.contains(&member.to_lowercase()), "{told}");
    }
    let crossed = sent(&world, "PUT", &one, &token, &policy(&other), &[]).await;
    assert_eq!(crossed.status, 400, "{}", crossed.body);
    let stranger = world.post(policies, &token, &policy(&strange)).await;
    assert_eq!(stranger.status, 403, "{}", stranger.body);
    assert_eq!(ids(&world.get(policies, &token).await.body).len(), 1);
}
