//! Price sheets, exchange rates, price books and the marketplace on the wire.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::io::Read as _;

use serde_json::json;

use crate::common::{Answer, World};

const SHEET: &str =
    "/v1.0/sales/pricesheets(Market='US',PricesheetView='updatedlicensebased')/$value";

/// The bytes of a file, with the headers that tell what it is.
async fn file(
    world: &World,
    path: &str,
    token: &str,
    coding: Option<&str>,
) -> (u16, Vec<u8>, String) {
    let mut request = world
        .http
        .get(format!("{}{path}", world.base))
        .bearer_auth(token);
    if let Some(coding) = coding {
        request = request.header("Accept-Encoding", coding);
    }
    let answer = request.send().await.unwrap();
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let about = format!(
        "{} {}",
        header("content-type").unwrap_or_default(),
        header("content-disposition").unwrap_or_default()
    );
    assert_eq!(header("content-encoding"), None);
    (
        answer.status().as_u16(),
        answer.bytes().await.unwrap().to_vec(),
        about,
    )
}

async fn text(world: &World, path: &str, token: &str) -> String {
    let (status, bytes, _) = file(world, path, token, None).await;
    assert_eq!(status, 200, "{path}");
    String::from_utf8(bytes).unwrap()
}

/// Sends a file as the operator, or somebody else.
async fn put(world: &World, path: &str, token: &str, text: &str) -> Answer {
    let headers = [("Content-Type", "text/csv")];
    world
        .send(
            "POST",
            path,
            Some(token),
            Some(text.as_bytes().to_vec()),
            &headers,
        )
        .await
}

#[tokio::test]
async fn a_partner_downloads_a_price_sheet() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let (status, plain, about) = file(&world, SHEET, &token, None).await;
    assert_eq!(
        (status, about.as_str()),
        (
            200,
            "application/octet-stream attachment; filename=sheets.csv"
        )
    );
    let sheet = String::from_utf8(plain.clone()).unwrap();
    let head = "\"ProductTitle\",\"ProductId\",\"SkuId\",\"SkuTitle\",\"Publisher\",\"SkuDescription\",\"UnitOfMeasure\",\"TermDuration\",\"BillingPlan\",\"Market\",\"Currency\",\"UnitPrice\",\"PricingTierRangeMin\",\"PricingTierRangeMax\",\"EffectiveStartDate\",\"EffectiveEndDate\",\"Tags\",\"ERP Price\",\"Segment\"\n";
    assert!(sheet.starts_with(head), "{sheet}");
    let premium = "\"P1Y\",\"Annual\",\"US\",\"USD\",\"264.00\",\"\",\"\",\"1/1/2025 12:00:00 AM\",\"12/31/9999 11:59:59 PM\",\"License\",\"316.80\",\"Commercial\"\n";
    assert!(sheet.contains(premium), "{sheet}");
    assert!(
        sheet.contains("\"Education\"\n") && !sheet.contains("\"JPY\""),
        "{sheet}"
    );
    let (status, packed, about) = file(&world, SHEET, &token, Some("gzip, deflate")).await;
    assert_eq!(
        (status, about.as_str()),
        (
            200,
            "application/octet-stream attachment; filename=sheets.zip"
        )
    );
    assert!(packed.starts_with(b"PK\x03\x04") && packed.len() < plain.len() / 2);
    let behind_name = 30 + "sheets.csv".len();
    let mut unpacked = Vec::new();
    let mut inflate = flate2::read::DeflateDecoder::new(&packed[behind_name..]);
    inflate.read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    let views = [
        ("software", "\"Software\""),
        ("azure_reservations", "\"Reservation\""),
        ("azure_consumption", "ProductTitle"),
    ];
    for (view, shown) in views {
        let path = SHEET.replace("updatedlicensebased", view);
        assert!(text(&world, &path, &token).await.contains(shown), "{view}");
    }
    for query in [
        "timeline=current",
        "timeline=future",
        "timeline=history&month=202512",
        "Timeline=History&Month=202601",
    ] {
        assert!(
            text(&world, &format!("{SHEET}?{query}"), &token)
                .await
                .starts_with(head),
            "{query}"
        );
    }
    let coded = SHEET.replace('\'', "%27").replace("$value", "%24value");
    assert_eq!(text(&world, &coded, &world.user("harbor")).await, sheet);
}

/// BIL-024, ROL-009, ROL-018 and bad input, each with its documented status.
#[tokio::test]
async fn who_may_see_no_prices_is_refused_as_documented() {
    let world = World::demo().await;
    let reseller = world.get(SHEET, &world.user("cedar")).await;
    assert_eq!(
        (reseller.status, reseller.body["code"].as_u64()),
        (403, Some(800_043)),
        "{}",
        reseller.body
    );
    let nobody = world.send("GET", SHEET, None, None, &[]).await;
    assert_eq!(nobody.status, 401);
    let application = world
        .get(SHEET, &world.of("meridian", "accessTokenApp"))
        .await;
    assert_eq!(application.status, 403, "{}", application.body);
    let token = world.user("meridian");
    for (path, told) in [
        (
            SHEET.replace("'US'", "'USA'"),
            "Market: is an ISO 3166-1 code",
        ),
        (
            SHEET.replace("'US'", "'XX'"),
            "market: there is no country XX",
        ),
        (
            SHEET.replace("updatedlicensebased", "everything"),
            "PricesheetView: is one of updatedlicensebased, software",
        ),
        (
            format!("{SHEET}?timeline=past"),
            "timeline: is `current`, `history` or `future`",
        ),
        (
            format!("{SHEET}?timeline=history"),
            "month: is a month such as 202607",
        ),
        (
            format!("{SHEET}?timeline=history&month=202702"),
            "month: is a month such as 202607",
        ),
        (
            "/v1.0/sales/fxrates(Month='2026')/$value".to_owned(),
            "Month: is a month",
        ),
    ] {
        let answer = world.get(&path, &token).await;
        let said = answer.body["description"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400, "{path}: {said}");
        assert!(said.starts_with(told), "{path}: {said}");
    }
    let other = world
        .get("/v1.0/sales/offermatrix(Month='202601')/$value", &token)
        .await;
    assert_eq!(other.status, 501);
}

#[tokio::test]
async fn a_partner_downloads_exchange_rates() {
    let world = World::demo().await;
    let (operator, partner) = (
        world.of("operator", "accessTokenUser"),
        world.user("meridian"),
    );
    let file = "CurrencyCode,USDPerUnit,Month,UnitsPerUSD\nEUR,1.25,202602,\nJPY,,202602,150.5\n";
    let done = put(&world, "/program/v1/fx-rates", &operator, file).await;
    assert_eq!(
        (done.status, &done.body["changed"]),
        (200, &json!(2)),
        "{}",
        done.body
    );
    let rates = text(
        &world,
        "/v1.0/sales/fxrates(Month='202602')/$value",
        &partner,
    )
    .await;
    assert_eq!(
        rates,
        "\"CurrencyCode\",\"USDPerUnit\",\"Month\",\"UnitsPerUSD\"\n\"EUR\",\"1.25\",\"202602\",\"0.8\"\n\"JPY\",\"0.00664451827242525\",\"202602\",\"150.5\"\n"
    );
    let again = put(&world, "/program/v1/fx-rates", &operator, &rates).await;
    assert_eq!(again.body["changed"], 0, "{}", again.body);
    let fault = put(
        &world,
        "/program/v1/fx-rates",
        &operator,
        "CurrencyCode,USDPerUnit,Month\nEUR,1.3,202512\n",
    )
    .await;
    assert_eq!(fault.status, 400);
    assert!(
        fault.body["detail"]
            .as_str()
            .unwrap()
            .contains("line 2: Month: the rate of this month was fixed")
    );
    let stranger = put(&world, "/program/v1/fx-rates", &partner, file).await;
    assert_eq!(stranger.status, 403);
}

#[tokio::test]
async fn the_operator_puts_prices_and_nobody_else() {
    let world = World::demo().await;
    let (operator, partner) = (
        world.of("operator", "accessTokenUser"),
        world.user("meridian"),
    );
    let sheet = text(&world, SHEET, &partner).await;
    let same = put(&world, "/program/v1/prices", &operator, &sheet).await;
    assert_eq!(
        (same.status, &same.body["changed"]),
        (200, &json!(0)),
        "{}",
        same.body
    );
    assert!(same.body["lines"].as_u64().unwrap() > 20);
    let dearer: String = sheet
        .lines()
        .enumerate()
        .filter(|(index, line)| *index == 0 || line.contains("\"264.00\""))
        .map(|(_, line)| {
            line.replace("\"264.00\"", "\"270.00\"")
                .replace("1/1/2025", "2/1/2026")
                + "\n"
        })
        .collect();
    for token in [&partner, &world.user("cedar")] {
        assert_eq!(
            put(&world, "/program/v1/prices", token, &dearer)
                .await
                .status,
            403
        );
    }
    let done = put(&world, "/program/v1/prices", &operator, &dearer).await;
    assert_eq!(
        (done.status, &done.body["changed"]),
        (200, &json!(2)),
        "{}",
        done.body
    );
    assert_eq!(
        text(&world, SHEET, &partner)
            .await
            .matches("\"264.00\"")
            .count(),
        2
    );
    let next = text(&world, &format!("{SHEET}?timeline=future"), &partner).await;
    assert_eq!(
        (
            next.matches("\"264.00\"").count(),
            next.matches("\"270.00\"").count()
        ),
        (0, 2),
        "{next}"
    );
    let closed = dearer.replace("2/1/2026", "12/1/2025");
    let refused = put(&world, "/program/v1/prices", &operator, &closed).await;
    assert_eq!(refused.status, 400);
    let told = refused.body["detail"].as_str().unwrap();
    assert!(
        told.contains("line 2: EffectiveStartDate: lies in a closed month"),
        "{told}"
    );
    assert_eq!(
        put(&world, "/program/v1/prices", &operator, "")
            .await
            .status,
        400
    );
    let binary = world
        .send(
            "POST",
            "/program/v1/prices",
            Some(&operator),
            Some(vec![0xff, 0xfe]),
            &[],
        )
        .await;
    assert_eq!(binary.status, 400);
}

#[tokio::test]
async fn a_book_is_its_owners_and_a_preview_shows_its_own_tier() {
    let world = World::demo().await;
    let (provider, reseller, stranger) = (
        world.user("meridian"),
        world.user("cedar"),
        world.user("seine"),
    );
    let books = "/program/v1/price-books";
    let entry = json!({"item": "desk-premium", "buyer": "cedar", "term": "P1Y", "fixed": "USD 290.00", "open": true});
    let added = world.post(books, &provider, &entry).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(
        (&added.body["method"], &added.body["buyer"]),
        (&json!("fixed"), &json!("cedar"))
    );
    let id = &added.body["id"];
    let holds = async |token: &str| {
        let list = world.get(books, token).await;
        let items = list.body["items"].as_array().unwrap().clone();
        assert_eq!(list.body["totalCount"], items.len());
        items.iter().any(|item| item["id"] == *id)
    };
    assert!(holds(&provider).await && !holds(&reseller).await && !holds(&stranger).await);
    let preview = "/program/v1/price-books/preview?item=desk-premium&customer=red-rock-dental";
    let own = world.get(preview, &reseller).await;
    assert_eq!(
        own.body["tiers"],
        json!([{"partner": "cedar", "cost": "USD 290.00", "price": "USD 333.50", "margin": "13.04"}]),
        "{}",
        own.body
    );
    assert_eq!(own.body["retail"], json!(null));
    let above = world
        .get(&format!("{preview}&reseller=cedar"), &provider)
        .await;
    assert_eq!(
        above.body["tiers"],
        json!([{"partner": "meridian", "cost": "USD 264.00", "price": "USD 290.00", "margin": "8.96"}]),
        "{}",
        above.body
    );
    assert_eq!(
        (&above.body["retail"], &above.body["retailMargin"]),
        (&json!("USD 316.80"), &json!("16.66"))
    );
    assert_eq!(world.get(preview, &stranger).await.status, 404);
    for (body, told) in [
        (
            json!({"markup": 5, "buyer": "seine"}),
            (404, "reseller seine"),
        ),
        (
            json!({"markup": 5, "from": "2026-01-14"}),
            (400, "from: lies in the past"),
        ),
        (
            json!({"margin": 100}),
            (400, "margin: is a share of the price"),
        ),
        (json!({"markup": 5, "colour": "red"}), (400, "colour")),
    ] {
        let answer = world.post(books, &provider, &body).await;
        let said = answer.body["detail"].as_str().unwrap();
        assert_eq!(answer.status, told.0, "{body}: {said}");
        assert!(said.starts_with(told.1), "{body}: {said}");
    }
    assert_eq!(
        world
            .get("/program/v1/price-books/preview", &provider)
            .await
            .status,
        400
    );
    assert_eq!(world.send("GET", books, None, None, &[]).await.status, 401);
}

#[tokio::test]
async fn a_reseller_browses_and_asks_at_the_price_that_it_saw() {
    let world = World::demo().await;
    let (reseller, provider) = (world.user("bridgewater"), world.user("meridian"));
    let market = world
        .get(
            "/program/v1/marketplace?customer=lakeside-logistics",
            &reseller,
        )
        .await;
    let items = market.body["items"].as_array().unwrap();
    let calling = items
        .iter()
        .find(|item| item["item"] == "calling-addon" && item["term"] == "P1Y");
    let cost = calling.unwrap()["cost"].as_str().unwrap();
    let own = json!({"provider": "meridian", "customer": "lakeside-logistics", "item": "calling-addon", "quantity": 3, "id": "ask-market", "price": cost});
    let asked = world
        .post("/program/v1/commands/request_order", &reseller, &own)
        .await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert_eq!(asked.body["result"]["price"], cost);
    let seen = world.get("/program/v1/order-requests", &provider).await;
    let found = seen.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["id"] == "ask-market")
        .cloned();
    assert_eq!(found.unwrap()["price"], cost);
    let others = world
        .get("/program/v1/marketplace", &world.user("seine"))
        .await;
    let others = others.body["items"].as_array().unwrap();
    assert!(others.iter().all(|item| item["provider"] == "alpenrand") && !others.is_empty());
    assert_eq!(
        world
            .get("/program/v1/marketplace?customer=juniper-bakery", &reseller)
            .await
            .status,
        404
    );
    assert_eq!(
        world
            .get("/program/v1/marketplace?colour=red", &reseller)
            .await
            .status,
        400
    );
}
