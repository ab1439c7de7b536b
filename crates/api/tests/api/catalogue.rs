//! The catalogue: products, SKUs, availabilities, by market and by customer.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use serde_json::{Value, json};

use crate::common::{Answer, World};

pub(crate) fn ids(answer: &Answer) -> Vec<String> {
    let items = answer.body["items"].as_array().unwrap();
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    items.iter().map(id).collect()
}

pub(crate) fn refused(answer: &Answer) -> (u16, u64) {
    assert_eq!(answer.body["source"], "tierline");
    assert!(answer.body["data"].is_array());
    (answer.status, answer.body["code"].as_u64().unwrap())
}

/// The first of a view whose title begins like this.
async fn product(world: &World, token: &str, view: &str, title: &str) -> Value {
    let path = format!("/v1/products?country=US&targetView={view}");
    let list = world.get(&path, token).await;
    let items = list.body["items"].as_array().unwrap().clone();
    let fits = |item: &&Value| item["title"].as_str().unwrap().starts_with(title);
    items.iter().find(fits).unwrap().clone()
}

/// Paths of a product, of its first SKU, of that SKU's availabilities.
pub(crate) async fn paths(world: &World, token: &str, view: &str, title: &str) -> [String; 3] {
    let found = product(world, token, view, title).await;
    let own = format!("/v1/products/{}", found["id"].as_str().unwrap());
    let sku = format!("{own}/skus/0001");
    let availabilities = format!("{sku}/availabilities");
    [own, sku, availabilities]
}

#[tokio::test]
async fn a_view_lists_its_products() {
    let world = World::demo().await;
    let token = world.user("meridian");
    for (view, kind) in [
        ("OnlineServices", "OnlineServicesNCE"),
        ("MicrosoftAzure", "Azure"),
        ("AzureReservationsVM", "Azure"),
        ("SavingsPlan", "Azure"),
        ("Software", "Software"),
    ] {
        let path = format!("/v1/products?country=US&targetView={view}");
        let list = world.get(&path, &token).await;
        assert_eq!(list.status, 200, "{view}: {}", list.body);
        let items = list.body["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{view}");
        assert_eq!(list.body["totalCount"], items.len());
        assert_eq!(list.body["attributes"]["objectType"], "Collection");
        assert!(items.iter().all(|item| item["productType"]["id"] == kind));
        let (id, link) = (&items[0]["id"], &items[0]["links"]["skus"]["uri"]);
        assert_eq!(
            link,
            &format!("/products/{}/skus?country=US", id.as_str().unwrap())
        );
        let own = list.body["links"]["self"]["uri"].as_str().unwrap();
        assert_eq!(own, format!("/products?country=US&targetView={view}"));
    }
}

#[tokio::test]
async fn markets_see_what_is_sold_there() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let titles = |country: &str, locale: &'static str| {
        let path = format!("/v1/products?country={country}&targetView=OnlineServices");
        let (world, token) = (&world, &token);
        async move {
            let headers = [("X-Locale", locale)];
            let list = world.send("GET", &path, Some(token), None, &headers).await;
            let items = list.body["items"].as_array().unwrap().clone();
            let title = |item: &Value| item["title"].as_str().unwrap().to_owned();
            items.iter().map(title).collect::<Vec<_>>()
        }
    };
    let (us, japan, germany) = (
        titles("US", "en-US").await,
        titles("JP", "en-US").await,
        titles("DE", "de-DE").await,
    );
    assert!(
        japan.contains(&"Electronic Seal".to_owned())
            && !us.contains(&"Electronic Seal".to_owned())
    );
    assert!(
        germany.contains(&"Sovereign Storage".to_owned())
            && !us.contains(&"Sovereign Storage".to_owned())
    );
    assert!(
        us.contains(&"Team Boards".to_owned()),
        "on sale until the end of 2027"
    );
    assert!(
        !us.contains(&"Fax Bridge".to_owned()),
        "not sold since 2024"
    );
    let japanese = titles("jp", "ja-JP").await;
    assert!(japanese.contains(&"電子印鑑".to_owned()), "{japanese:?}");
}

#[tokio::test]
async fn segments_are_told_apart() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let schools = "/v1/products?country=US&targetView=OnlineServices&targetSegment=Education";
    let schools = world.get(schools, &token).await;
    let link = schools.body["items"][0]["links"]["skus"]["uri"]
        .as_str()
        .unwrap();
    assert!(
        link.ends_with("?country=US&targetSegment=Education"),
        "{link}"
    );
    let skus = world.get(&format!("/v1{link}"), &token).await;
    let titles: Vec<_> = skus.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sku| sku["title"].clone())
        .collect();
    assert_eq!(titles, ["Desk for Education", "Desk for Students"]);
    for segment in ["government", "everybody"] {
        let path =
            format!("/v1/products?country=US&targetView=OnlineServices&targetSegment={segment}");
        assert_eq!(
            refused(&world.get(&path, &token).await),
            (403, 400_030),
            "{segment}"
        );
        let path = format!("/v1{link}").replace("Education", segment);
        assert_eq!(
            refused(&world.get(&path, &token).await),
            (403, 400_030),
            "{segment}"
        );
        let path = path.replace("/skus?", "/skus/0001/availabilities?");
        assert_eq!(
            refused(&world.get(&path, &token).await),
            (403, 400_030),
            "{segment}"
        );
    }
}

#[tokio::test]
async fn a_bad_query_names_its_key() {
    let world = World::demo().await;
    let token = world.user("meridian");
    for (path, key) in [
        ("/v1/products?targetView=OnlineServices", "country"),
        (
            "/v1/products?country=ZZ&targetView=OnlineServices",
            "country",
        ),
        (
            "/v1/products?country=Sweden&targetView=OnlineServices",
            "country",
        ),
        ("/v1/products?country=US", "targetView"),
        ("/v1/products/CFQ000000000", "country"),
        ("/v1/offers", "country"),
        ("/v1/offers/A/addons?country=Q1", "country"),
        ("/v1/offercategories", "country"),
        ("/v1/productpromotions", "country"),
        ("/v1/productpromotions?country=US&segment=all", "segment"),
    ] {
        let answer = world.get(path, &token).await;
        assert_eq!(refused(&answer), (400, 3000), "{path}");
        let text = answer.body["description"].as_str().unwrap();
        assert!(text.starts_with(&format!("{key}: ")), "{path}: {text}");
    }
    let view = world
        .get("/v1/products?country=US&targetView=Everything", &token)
        .await;
    assert_eq!(refused(&view), (403, 400_036));
    let size = world.get("/v1/offers?country=US&size=many", &token).await;
    assert_eq!(size.status, 400);
}

#[tokio::test]
async fn a_product_is_read() {
    let world = World::demo().await;
    let token = world.of("meridian", "accessTokenApp");
    let [own, ..] = paths(&world, &token, "MicrosoftAzure", "Skyward").await;
    let read = world.get(&format!("{own}?country=us"), &token).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.body["productType"]["subType"]["displayName"], "Azure");
    assert_eq!(read.body["publisherName"], "Skyward Cloud");
    assert_eq!(read.body["isMicrosoftProduct"], true);
    let link = read.body["links"]["self"]["uri"].as_str().unwrap();
    assert_eq!(format!("/v1{link}"), format!("{own}?country=us"));
    let small = world
        .get(&format!("{}?country=US", own.to_lowercase()), &token)
        .await;
    assert_eq!(small.body["id"], read.body["id"]);
}

#[tokio::test]
async fn what_is_not_there_is_told_by_its_level() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let [own, sku, availabilities] = paths(&world, &token, "OnlineServices", "Desk Basic").await;
    let [seal, ..] = ["/v1/products/CFQ000000000"];
    for path in [
        seal.to_owned(),
        format!("{seal}/skus"),
        format!("{seal}/skus/0001"),
        format!("{seal}/skus/0001/availabilities"),
        format!("{seal}/skus/0001/availabilities/X"),
    ] {
        assert_eq!(
            refused(&world.get(&format!("{path}?country=US"), &token).await),
            (404, 400_013),
            "{path}"
        );
    }
    for path in [
        format!("{own}/skus/ZZZZ"),
        format!("{own}/skus/ZZZZ/availabilities"),
        format!("{own}/skus/ZZZZ/availabilities/X"),
    ] {
        assert_eq!(
            refused(&world.get(&format!("{path}?country=US"), &token).await),
            (404, 400_018),
            "{path}"
        );
    }
    let stale = world
        .get(&format!("{availabilities}/CFQ000000000?country=US"), &token)
        .await;
    assert_eq!(refused(&stale), (404, 400_019));
    assert_eq!(
        world.get(&format!("{sku}?country=US"), &token).await.status,
        200
    );
}

#[tokio::test]
async fn what_is_sold_elsewhere_is_not_there() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let list = world
        .get("/v1/products?country=JP&targetView=OnlineServices", &token)
        .await;
    let seal = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["title"] == "Electronic Seal")
        .unwrap()
        .clone();
    let path = format!("/v1/products/{}", seal["id"].as_str().unwrap());
    assert_eq!(
        world
            .get(&format!("{path}?country=JP"), &token)
            .await
            .status,
        200
    );
    assert_eq!(
        refused(&world.get(&format!("{path}?country=US"), &token).await),
        (404, 400_013)
    );
}

#[tokio::test]
async fn skus_of_a_product_are_listed() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let [own, ..] = paths(&world, &token, "AzureReservationsVM", "Reserved").await;
    let list = world
        .get(
            &format!("{own}/skus?country=US&reservationScope=AzurePlan"),
            &token,
        )
        .await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 31);
    let sku = &items[1];
    assert_eq!(
        sku["purchasePrerequisites"],
        json!(["AzureSubscriptionRegistration", "InventoryCheck"])
    );
    assert_eq!(
        sku["inventoryVariables"],
        json!(["CustomerId", "AzureSubscriptionId"])
    );
    assert_eq!(
        sku["provisioningVariables"],
        json!(["Scope", "SubscriptionId"])
    );
    assert_eq!(sku["dynamicAttributes"]["armRegionName"], "westus");
    let link = sku["links"]["availabilities"]["uri"].as_str().unwrap();
    assert!(
        link.ends_with("/availabilities?country=US&reservationScope=AzurePlan"),
        "{link}"
    );
}

#[tokio::test]
async fn what_goes_with_the_plan_is_shown_to_who_asks_for_it() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1/products?country=US&targetView=AzureReservationsCosmosDb";
    assert_eq!(world.get(path, &token).await.body["totalCount"], 0);
    let asked = world
        .get(&format!("{path}&reservationScope=AzurePlan"), &token)
        .await;
    assert_eq!(asked.body["totalCount"], 1);
}

#[tokio::test]
async fn a_sku_is_read() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let [own, sku, _] = paths(&world, &token, "OnlineServices", "Desk Standard").await;
    let read = world.get(&format!("{sku}?country=US"), &token).await;
    assert_eq!((read.status, &read.body["id"]), (200, &json!("0001")));
    assert_eq!(
        read.body["supportedBillingCycles"],
        json!(["monthly", "annual", "triennial"])
    );
    assert_eq!(
        read.body["dynamicAttributes"]["upgradeTargetOffers"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let trial = world
        .get(&format!("{own}/skus/0002?country=US"), &token)
        .await;
    assert_eq!(trial.body["isTrial"], true);
    let paid = trial.body["dynamicAttributes"]["conversionInstructions"][0]["convertToId"]
        .as_str()
        .unwrap();
    assert_eq!(format!("/v1/products/{}", paid.replace(':', "/skus/")), sku);
}

#[tokio::test]
async fn every_savings_plan_shows_its_least_commitment() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Northgate").await;
    let least = |currency, symbol| json!({ "grain": "Hourly", "amount": "0.001", "currencyCode": {"code": currency, "symbol": symbol} });
    let [plan, sku, _] = paths(&world, &token, "SavingsPlan", "Compute").await;
    let read = world.get(&format!("{sku}?country=JP"), &token).await.body;
    assert_eq!(read["minimumPurchaseCommitment"], least("JPY", "¥"));
    let of_customer = plan.replace("/v1/", &format!("/v1/customers/{customer}/"));
    for list in [
        format!("{plan}/skus?country=US"),
        format!("{of_customer}/skus"),
        format!("{sku}/availabilities?country=US"),
        format!("{of_customer}/skus/0001/availabilities"),
    ] {
        let found = world.get(&list, &token).await;
        let items = found.body["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{list}");
        for item in items {
            let sku = item.get("sku").unwrap_or(item);
            let shown = &sku["minimumPurchaseCommitment"];
            assert_eq!(shown, &least("USD", "$"), "{list}: {item}");
        }
    }
    // Nothing else has one.
    let [_, licence, _] = paths(&world, &token, "OnlineServices", "Desk Standard").await;
    let licence = world.get(&format!("{licence}?country=US"), &token).await;
    assert!(licence.body.get("minimumPurchaseCommitment").is_none());
}

#[tokio::test]
async fn an_add_on_names_what_it_needs() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let [_, sku, _] = paths(&world, &token, "OnlineServices", "Calling").await;
    let read = world.get(&format!("{sku}?country=US"), &token).await;
    let map = &read.body["dynamicAttributes"];
    assert_eq!(
        (&map["isAddon"], &map["hasConstraints"]),
        (&json!(true), &json!(true))
    );
    let needed = map["prerequisiteSkus"].as_array().unwrap();
    assert_eq!(needed.len(), 2);
    let [desk, ..] = paths(&world, &token, "OnlineServices", "Desk Standard").await;
    let desk = format!("{}:0001", desk.trim_start_matches("/v1/products/"));
    assert!(needed.contains(&json!(desk)), "{needed:?}");
}

#[tokio::test]
async fn nonprofit_must_be_asked_for() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let [own, ..] = paths(&world, &token, "OnlineServices", "Desk for Schools").await;
    let path = format!("{own}/skus/0003/availabilities?country=US");
    let silent = world.get(&path, &token).await;
    assert_eq!(
        (silent.status, &silent.body["totalCount"]),
        (200, &json!(0))
    );
    let asked = world
        .get(&format!("{path}&targetSegment=nonprofit"), &token)
        .await;
    assert_eq!(asked.body["items"][0]["segment"], "nonprofit");
    let [_, _, both] = paths(&world, &token, "Software", "Foundation Server 2025").await;
    let both = world.get(&format!("{both}?country=US"), &token).await;
    let segments: Vec<_> = both.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["segment"].as_str().unwrap())
        .collect();
    assert_eq!(segments.len(), 2, "{segments:?}");
}

#[tokio::test]
async fn an_availability_comes_with_its_product_and_sku() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let [own, _, availabilities] = paths(&world, &token, "OnlineServices", "Desk Basic").await;
    let list = world
        .get(&format!("{availabilities}?country=US"), &token)
        .await;
    let id = list.body["items"][0]["id"].as_str().unwrap();
    let read = world
        .get(&format!("{availabilities}/{id}?country=US"), &token)
        .await;
    assert_eq!(read.status, 200);
    assert_eq!(
        read.body["defaultCurrency"],
        json!({"code": "USD", "symbol": "$"})
    );
    let code = format!("{}:0001:{id}", own.trim_start_matches("/v1/products/"));
    assert_eq!(read.body["catalogItemId"], code);
    assert_eq!(
        (&read.body["sku"]["id"], &read.body["product"]["title"]),
        (&json!("0001"), &json!("Desk Basic"))
    );
    let terms = read.body["terms"].as_array().unwrap();
    assert_eq!(terms.len(), 6, "one for each term and way of billing");
    assert_eq!(
        (&terms[0]["duration"], &terms[0]["billingCycle"]),
        (&json!("P1M"), &json!("Monthly"))
    );
    let refund = &terms[0]["cancellationPolicies"][0]["refundOptions"][0];
    assert_eq!(
        refund,
        &json!({"sequenceId": 0, "type": "Full", "expiresAfter": "P7D"})
    );
    let renewal = &read.body["renewalInstructions"][0];
    assert_eq!(renewal["applicableTermIds"].as_array().unwrap().len(), 6);
    assert_eq!(read.body["isRenewable"], true);
}

/// What the catalogue shows can be bought, by the id it shows.
#[tokio::test]
async fn what_is_shown_can_be_put_into_a_cart() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let [_, _, availabilities] = paths(&world, &token, "OnlineServices", "Desk Basic").await;
    let list = world
        .get(&format!("{availabilities}?country=US"), &token)
        .await;
    let id = list.body["items"][0]["catalogItemId"]
        .as_str()
        .unwrap()
        .to_lowercase();
    let line = json!({"id": 0, "catalogItemId": id, "quantity": 3, "billingCycle": "monthly", "termDuration": "P1Y"});
    let cart = world
        .post(
            &format!("/v1/customers/{customer}/carts"),
            &token,
            &json!({"lineItems": [line]}),
        )
        .await;
    assert_eq!(cart.status, 201, "{}", cart.body);
    assert_eq!(
        cart.body["lineItems"][0]["catalogItemId"],
        list.body["items"][0]["catalogItemId"]
    );
}

#[tokio::test]
async fn a_customer_sees_its_market_and_segment() {
    let world = World::demo().await;
    let titles = |answer: &Answer| -> Vec<String> {
        let items = answer.body["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let school = world.customer("harbor", "Bay Street").await;
    let path = format!("/v1/customers/{school}/products?targetView=OnlineServices");
    let token = world.user("harbor");
    let school = world.get(&path, &token).await;
    assert!(titles(&school).contains(&"Desk for Schools and Good Causes".to_owned()));
    assert!(
        school.body["items"][0]["links"]["skus"]["uri"]
            .as_str()
            .unwrap()
            .ends_with("?country=US")
    );
    let narrowed = world
        .get(&format!("{path}&targetSegment=education"), &token)
        .await;
    assert!(titles(&narrowed).len() < titles(&school).len());
    let other = world
        .get(&format!("{path}&targetSegment=nonprofit"), &token)
        .await;
    assert_eq!(refused(&other), (403, 400_030));
    let plain = world.customer("harbor", "Juniper").await;
    let plain = world
        .get(
            &format!("/v1/customers/{plain}/products?targetView=OnlineServices"),
            &token,
        )
        .await;
    assert!(!titles(&plain).contains(&"Desk for Schools and Good Causes".to_owned()));
    let german = world.customer("lindenhof", "Nordsee").await;
    let german = world
        .get(
            &format!("/v1/customers/{german}/products?targetView=OnlineServices"),
            &world.user("lindenhof"),
        )
        .await;
    assert!(titles(&german).contains(&"Sovereign Storage".to_owned()));
    let view = world
        .get(&path.replace("OnlineServices", "Nothing"), &token)
        .await;
    assert_eq!(refused(&view), (403, 400_036));
}

#[tokio::test]
async fn a_product_is_read_for_a_customer() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let [own, ..] = paths(&world, &token, "OnlineServices", "Desk Standard").await;
    let base = own.replace("/v1/", &format!("/v1/customers/{customer}/"));
    let read = world.get(&base, &token).await;
    assert_eq!(
        (read.status, &read.body["title"]),
        (200, &json!("Desk Standard"))
    );
    let skus = world.get(&format!("{base}/skus"), &token).await;
    assert_eq!(ids(&skus), ["0001", "0002"]);
    let sku = world.get(&format!("{base}/skus/0001"), &token).await;
    assert_eq!(sku.body["productId"], read.body["id"]);
    let list = world
        .get(&format!("{base}/skus/0001/availabilities"), &token)
        .await;
    assert_eq!(list.body["items"][0]["country"], "US");
    let id = ids(&list).remove(0);
    let one = world
        .get(&format!("{base}/skus/0001/availabilities/{id}"), &token)
        .await;
    assert_eq!(
        one.body["catalogItemId"],
        list.body["items"][0]["catalogItemId"]
    );
    let gone = world
        .get(
            &format!(
                "{}/skus",
                base.replace(read.body["id"].as_str().unwrap(), "X")
            ),
            &token,
        )
        .await;
    assert_eq!(refused(&gone), (404, 400_013));
    let stale = world
        .get(&format!("{base}/skus/0001/availabilities/X"), &token)
        .await;
    assert_eq!(refused(&stale), (404, 400_019));
}

/// A customer of somebody else and one that there is not get the same answer.
#[tokio::test]
async fn strangers_learn_nothing() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let foreign = world.customer("harbor", "Juniper").await;
    for customer in [foreign.as_str(), "00000000-0000-0000-0000-000000000001"] {
        for rest in [
            "products?targetView=OnlineServices",
            "products/X",
            "products/X/skus",
            "products/X/skus/0001",
            "products/X/skus/0001/availabilities",
            "products/X/skus/0001/availabilities/Y",
            "offers",
            "offercategories",
        ] {
            let answer = world
                .get(&format!("/v1/customers/{customer}/{rest}"), &token)
                .await;
            assert_eq!(refused(&answer), (403, 20_002), "{rest}");
        }
        let body = json!({"items": [{"catalogItemId": "X", "quantity": 1}]});
        let answer = world
            .post(
                &format!("/v1/customers/{customer}/promotionEligibilities"),
                &token,
                &body,
            )
            .await;
        assert_eq!(refused(&answer), (403, 20_002));
        let body = json!({"targetItems": [{"productId": "X"}], "inventoryContext": {"customerId": customer}});
        let answer = world
            .post(
                "/v1/extensions/product/checkInventory?country=US",
                &token,
                &body,
            )
            .await;
        assert_eq!(refused(&answer), (403, 20_002));
    }
    let reseller = world
        .get(
            "/v1/products?country=US&targetView=Azure",
            &world.user("cedar"),
        )
        .await;
    assert_eq!(refused(&reseller), (403, 2032));
}

#[tokio::test]
async fn the_inventory_is_looked_at() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let [own, ..] = paths(&world, &token, "AzureReservationsVM", "Reserved").await;
    let id = own.trim_start_matches("/v1/products/").to_owned();
    let skus = world.get(&format!("{own}/skus?country=US"), &token).await;
    let out = skus.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|sku| sku["title"] == "Reserved Machine, Standard_G12, Japan East, 1 Year")
        .unwrap()["id"]
        .clone();
    let body = json!({
        "TargetItems": [{"ProductId": id, "SkuId": "0001"}, {"productId": id, "skuId": out}, {"productId": "UNKNOWN"}],
        "InventoryContext": {"customerId": customer, "azureSubscriptionId": "x"}
    });
    let answer = world
        .post(
            "/v1/extensions/product/checkInventory?country=US",
            &token,
            &body,
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body.as_array().unwrap();
    assert_eq!(items.len(), 2, "what is unknown is left out");
    assert_eq!(items[0]["isRestricted"], false);
    assert_eq!(
        (
            &items[1]["isRestricted"],
            &items[1]["restrictions"][0]["reasonCode"]
        ),
        (&json!(true), &json!("NotAvailableInRegion"))
    );
    let list = world
        .get("/v1/products?country=JP&targetView=OnlineServices", &token)
        .await;
    let seal = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["title"] == "Electronic Seal")
        .unwrap()["id"]
        .clone();
    let body = json!({"targetItems": [{"productId": seal}]});
    let abroad = world
        .post(
            "/v1/extensions/product/checkinventory?country=US",
            &token,
            &body,
        )
        .await;
    assert_eq!(
        abroad.body[0]["restrictions"][0]["reasonCode"],
        "NotAvailableInMarket"
    );
    for (body, field) in [
        (json!({}), "targetItems"),
        (json!({"targetItems": []}), "targetItems"),
        (json!({"targetItems": [{"skuId": "1"}]}), "productId"),
    ] {
        let bad = world
            .post(
                "/v1/extensions/product/checkInventory?country=US",
                &token,
                &body,
            )
            .await;
        assert_eq!(bad.status, 400);
        assert!(
            bad.body["description"].as_str().unwrap().contains(field),
            "{}",
            bad.body
        );
    }
}
