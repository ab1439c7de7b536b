//! The documented wire of invoices: what a partner reads of what the operator billed it, and of what it will be billed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::common::{World, ids, text};

/// The bytes of a download.
async fn bytes(world: &World, path: &str, token: &str) -> (u16, String, Vec<u8>) {
    let url = format!("{}{path}", world.base);
    let answer = world.http.get(url).bearer_auth(token).send().await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").unwrap();
    let kind = kind.to_str().unwrap().to_owned();
    (status, kind, answer.bytes().await.unwrap().to_vec())
}

/// The invoices of a partner.
async fn invoices(world: &World, partner: &str) -> Vec<Value> {
    let list = world.get("/v1/invoices", &world.user(partner)).await;
    assert_eq!(list.status, 200, "{}", list.body);
    list.body["items"].as_array().unwrap().clone()
}

fn of_type<'a>(list: &'a [Value], kind: &str) -> &'a Value {
    list.iter()
        .find(|one| one["invoiceType"] == kind && one["documentType"] == "invoice")
        .unwrap()
}

/// An amount as the wire has it, in cents: exact, because it is read as text.
fn cents(value: &Value) -> i64 {
    let text = value.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{part:0<2}").parse().unwrap()
}

/// A number of up to three decimals, in thousandths: exact, because it is read as text.
fn thousandths(value: &Value) -> i64 {
    let text = value.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{part:0<3}").parse().unwrap()
}

/// Every line of a list, page by page.
async fn lines(world: &World, token: &str, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut place: Option<String> = None;
    loop {
        let headers: Vec<(&str, &str)> = place
            .iter()
            .map(|token| ("MS-ContinuationToken", token.as_str()))
            .collect();
        let page = world.send("GET", path, Some(token), None, &headers).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        let items = page.body["items"].as_array().unwrap().clone();
        assert_eq!(page.body["totalCount"], items.len());
        all.extend(items);
        match page.body["continuationToken"].as_str() {
            Some(next) => place = Some(next.to_owned()),
            None => return all,
        }
    }
}

#[tokio::test]
async fn a_partner_reads_its_invoices() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let list = invoices(&world, "harbor").await;
    assert!(list.len() >= 4, "two months of two kinds: {list:?}");
    let first = of_type(&list, "OneTime");
    let id = text(&first["id"]);
    // Its number, with the kind in front, and in small letters.
    for name in [id.clone(), format!("OneTime-{id}"), id.to_lowercase()] {
        let one = world.get(&format!("/v1/invoices/{name}"), &token).await;
        assert_eq!((one.status, &one.body["id"]), (200, &first["id"]), "{name}");
    }
    assert_eq!(first["attributes"]["objectType"], "Invoice");
    assert_eq!(
        first["links"]["self"]["uri"],
        format!("/invoices/OneTime-{id}")
    );
    assert_eq!(first["billingPeriodStartDate"], "2025-12-01T00:00:00Z");
    assert_eq!(first["billingPeriodEndDate"], "2025-12-31T00:00:00Z");
    assert_eq!(first["invoiceDate"], "2026-01-01T12:00:00Z");
    // A voided bill has the note and the bill that took its place beside it.
    let void = list.iter().find(|one| one["status"] == "void").unwrap();
    let notes = void["amendments"].as_array().unwrap();
    assert_eq!(notes.len(), 2, "{void}");
    assert!(notes.iter().all(|note| note["amendsOf"] == void["id"]));
    let note = notes
        .iter()
        .find(|note| note["documentType"] == "void_note");
    let back = cents(&note.unwrap()["totalCharges"]);
    assert_eq!(back, -cents(&void["totalCharges"]));
    // Pages by offset.
    let page = world.get("/v1/invoices?size=1&offset=1", &token).await;
    assert_eq!(ids(&page.body), [text(&list[1]["id"])]);
    let links = &page.body["links"];
    assert_eq!(links["next"]["uri"], "/invoices?size=1&offset=2");
    assert_eq!(links["previous"]["uri"], "/invoices?size=1&offset=0");
    // What others were billed does not exist, for whoever asks.
    for path in [
        "",
        "/lineitems/OneTime/BillingLineItems",
        "/documents/statement",
    ] {
        let path = format!("/v1/invoices/{id}{path}");
        assert_eq!(world.get(&path, &world.user("meridian")).await.status, 404);
        assert_eq!(world.get(&path, &world.user("lindenhof")).await.status, 404);
    }
    // A reseller is never billed by the operator and has no access to the documented wire.
    assert_eq!(
        world.get("/v1/invoices", &world.user("cedar")).await.status,
        403
    );
}

#[tokio::test]
async fn balances_are_the_sums_of_what_is_open() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let list = invoices(&world, "meridian").await;
    let open = |kind: &str| -> i64 {
        let one = |one: &&Value| one["invoiceType"] == kind && one["status"] == "active";
        list.iter()
            .filter(one)
            .map(|one| cents(&one["totalCharges"]) - cents(&one["paidAmount"]))
            .sum()
    };
    let summary = world.get("/v1/invoices/summary", &token).await;
    assert_eq!(summary.status, 200);
    let summary = summary.body;
    assert_eq!(summary["currencyCode"], "USD");
    assert_eq!(
        cents(&summary["balanceAmount"]),
        open("Recurring") + open("OneTime")
    );
    for detail in summary["details"].as_array().unwrap() {
        let kind = text(&detail["invoiceType"]);
        let balance = cents(&detail["summary"]["balanceAmount"]);
        assert_eq!(balance, open(&kind), "{kind}");
        assert!(balance > 0, "{kind}");
    }
    assert_eq!(summary["lastPaymentDate"], "2025-12-10T00:00:00Z");
    let summaries = world.get("/v1/invoices/summaries", &token).await.body;
    assert_eq!(summaries["items"][0], summary);
}

#[tokio::test]
async fn a_statement_is_a_pdf_and_the_same_each_time() {
    let world = World::demo().await;
    let token = world.user("harbor");
    for invoice in invoices(&world, "harbor").await {
        let link = format!("/v1{}", text(&invoice["pdfDownloadLink"]));
        let (status, kind, first) = bytes(&world, &link, &token).await;
        assert_eq!((status, kind.as_str()), (200, "application/pdf"));
        assert!(first.starts_with(b"%PDF-1."));
        assert_eq!(bytes(&world, &link, &token).await.2, first, "{link}");
    }
}

#[tokio::test]
async fn a_payment_has_a_receipt() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let list = invoices(&world, "harbor").await;
    let paid = list
        .iter()
        .find(|one| one["taxReceipts"].is_array())
        .unwrap();
    assert_eq!(paid["paidAmount"], paid["totalCharges"]);
    let link = text(&paid["taxReceipts"][0]["taxReceiptPdfDownloadLink"]);
    let (status, kind, content) = bytes(&world, &format!("/v1{link}"), &token).await;
    assert_eq!((status, kind.as_str()), (200, "application/pdf"));
    assert!(content.starts_with(b"%PDF-1."));
    let id = text(&paid["id"]);
    let unknown = format!("/v1/invoices/{id}/receipts/123456/documents/statement");
    assert_eq!(world.get(&unknown, &token).await.status, 404);
    let other = world.user("meridian");
    assert_eq!(world.get(&format!("/v1{link}"), &other).await.status, 404);
}

#[tokio::test]
async fn lines_have_the_type_of_their_provider() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let list = invoices(&world, "meridian").await;
    for (kind, types) in [
        (
            "Recurring",
            [
                ("office", "billinglineitems", "LicenseBasedLineItem"),
                ("azure", "billinglineitems", "UsageBasedLineItem"),
                ("azure", "usagelineitems", "DailyUsageLineItem"),
            ]
            .as_slice(),
        ),
        (
            "OneTime",
            [
                ("onetime", "billinglineitems", "OneTimeInvoiceLineItem"),
                ("marketplace", "usagelineitems", "DailyRatedUsageLineItem"),
                ("onetime", "usagelineitems", "DailyRatedUsageLineItem"),
            ]
            .as_slice(),
        ),
    ] {
        let invoice = of_type(&list, kind);
        let id = text(&invoice["id"]);
        let mut sum = 0;
        for (provider, line_type, object) in types {
            let path = format!(
                "/v1/invoices/{id}/lineitems?provider={provider}&invoicelineitemtype={line_type}&size=2000"
            );
            let found = lines(&world, &token, &path).await;
            assert!(!found.is_empty(), "{path}");
            assert!(
                found
                    .iter()
                    .all(|line| line["attributes"]["objectType"] == *object),
                "{path}"
            );
            // Consumption is part of the lines of a bill of new commerce, and a list of its own beside licences.
            if *line_type == "billinglineitems" {
                let amount = |line: &Value| match line.get("subtotal") {
                    Some(amount) => cents(amount),
                    None => cents(&line["pretaxCharges"]),
                };
                sum += found.iter().map(amount).sum::<i64>();
            }
        }
        assert_eq!(sum, cents(&invoice["totalCharges"]), "{kind}");
        // Every detail of the invoice leads to such lines by its path.
        for detail in invoice["invoiceDetails"].as_array().unwrap() {
            let path = format!("/v1{}", text(&detail["links"]["self"]["uri"]));
            assert!(!lines(&world, &token, &path).await.is_empty(), "{path}");
        }
    }
    // By token, one line at a time, the same lines in the same order.
    let id = text(&of_type(&list, "OneTime")["id"]);
    let path = |size: usize| {
        format!(
            "/v1/invoices/{id}/lineitems?provider=all&invoiceLineItemType=BillingLineItems&size={size}"
        )
    };
    let (whole, single) = (
        lines(&world, &token, &path(2000)).await,
        lines(&world, &token, &path(1)).await,
    );
    assert_eq!(whole, single);
    let line = &whole[0];
    assert_eq!(line["partnerId"], world.of("meridian", "tenantId").as_str());
    assert_eq!(line["mpnId"], world.of("meridian", "mpnId").as_str());
    let resold = whole.iter().find(|line| line["resellerMpnId"] != "0");
    assert_eq!(
        resold.unwrap()["resellerMpnId"],
        world.of("cedar", "mpnId").as_str()
    );
    // What does not go together is named.
    for bad in [
        "provider=office&invoicelineitemtype=usagelineitems",
        "provider=nobody&invoicelineitemtype=usagelineitems",
        "provider=office",
        "provider=all&invoicelineitemtype=billinglineitems&currencycode=dollars",
    ] {
        let answer = world
            .get(&format!("/v1/invoices/{id}/lineitems?{bad}"), &token)
            .await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.body);
    }
    let other = format!("{}&currencycode=eur", path(2000));
    assert!(lines(&world, &token, &other).await.is_empty());
}

/// BIL-053: of each meter a month is charged once, and its days come to that to the cent.
#[tokio::test]
async fn a_month_of_consumption_is_told_apart_by_its_days() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let list = invoices(&world, "meridian").await;
    // Thousandths of a unit by meter of a subscription.
    let sums = |rows: &[Value]| {
        let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
        for row in rows {
            let key = (text(&row["subscriptionId"]), text(&row["resourceGuid"]));
            *sums.entry(key).or_default() += thousandths(&row["consumedQuantity"]);
        }
        sums
    };
    let new = text(&of_type(&list, "OneTime")["id"]);
    let rated = |size: usize| {
        format!(
            "/v1/invoices/{new}/lineitems?provider=marketplace&invoicelineitemtype=usagelineitems&size={size}"
        )
    };
    let days = lines(&world, &token, &rated(2000)).await;
    assert_eq!(days, lines(&world, &token, &rated(7)).await);
    let resources: BTreeSet<String> = days.iter().map(|day| text(&day["resourceUri"])).collect();
    assert!(days.len() > 31 && resources.len() > 2, "{resources:?}");
    let dates: BTreeSet<String> = days.iter().map(|day| text(&day["usageDate"])).collect();
    assert_eq!(dates.len(), 31, "{dates:?}");
    let whole =
        format!("/v1/invoices/{new}/lineitems?provider=all&invoicelineitemtype=billinglineitems");
    let whole = lines(&world, &token, &whole).await;
    let charged: i64 = whole
        .iter()
        .filter(|line| line["chargeType"] == "usage")
        .map(|line| cents(&line["subtotal"]))
        .sum();
    let told: i64 = days
        .iter()
        .map(|day| cents(&day["billingPreTaxTotal"]))
        .sum();
    assert_eq!(told, charged);
    let earned = format!("{}&haspartnerearnedcredit=true", rated(50));
    let earned = lines(&world, &token, &earned).await;
    let is_earned = |day: &&Value| day["hasPartnerEarnedCredit"] == true;
    assert_eq!(earned.len(), days.iter().filter(is_earned).count());
    // The offer before the plan: a month as one line, its days behind it, read by offset.
    let old = text(&of_type(&list, "Recurring")["id"]);
    let azure = |kind: &str| {
        format!("/v1/invoices/{old}/lineitems?provider=azure&invoicelineitemtype={kind}")
    };
    let months = lines(&world, &token, &azure("billinglineitems")).await;
    let days = lines(&world, &token, &azure("usagelineitems")).await;
    assert!(days.len() > months.len());
    assert_eq!(sums(&months).len(), months.len());
    assert_eq!(sums(&months), sums(&days));
    let mut paged = Vec::new();
    while paged.len() < days.len() {
        let path = format!("{}&size=11&offset={}", azure("usagelineitems"), paged.len());
        let page = world.get(&path, &token).await.body;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() == 11 || paged.len() + items.len() == days.len());
        let has_next = page["links"].get("next").is_some();
        assert_eq!(has_next, paged.len() + items.len() < days.len());
        paged.extend(items.iter().cloned());
    }
    assert_eq!(paged, days);
}

#[tokio::test]
async fn what_is_not_billed_yet_is_listed_by_period() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let links = world
        .get("/v1/invoices/estimates/links?currencycode=usd", &token)
        .await;
    assert_eq!(links.body["totalCount"], 4);
    let mut seen = Vec::new();
    for link in links.body["items"].as_array().unwrap() {
        let path = format!("/v1{}", text(&link["link"]["uri"]));
        let found = lines(&world, &token, &path).await;
        assert!(!found.is_empty(), "{path}");
        assert!(found.iter().all(|line| line["invoiceNumber"] == ""));
        let is_previous = link["period"] == "Previous";
        for line in &found {
            let day = text(&line["chargeStartDate"]);
            assert_eq!(day.starts_with("2025-"), is_previous, "{path}: {line}");
        }
        if link["type"] == "non_consumption" {
            seen.extend(found.iter().map(|line| text(&line["referenceId"])));
        }
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "no charge is in both periods");
    // Nothing of what is billed is there.
    let list = invoices(&world, "harbor").await;
    for invoice in list.iter().filter(|one| one["invoiceType"] == "OneTime") {
        let id = text(&invoice["id"]);
        let path = format!(
            "/v1/invoices/{id}/lineitems?provider=all&invoicelineitemtype=billinglineitems"
        );
        for line in lines(&world, &token, &path).await {
            assert!(!seen.contains(&text(&line["referenceId"])), "{line}");
        }
    }
    let office =
        "/v1/invoices/unbilled/lineitems?provider=office&invoicelineitemtype=billinglineitems";
    assert_eq!(world.get(office, &token).await.status, 400);
}

#[tokio::test]
async fn a_customers_costs_are_the_lines_of_its_last_bills() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Canyon").await;
    let path = format!("/v1/customers/{customer}/servicecosts/mostrecent");
    let summary = world.get(&path, &token).await;
    assert_eq!(summary.status, 200, "{}", summary.body);
    let summary = summary.body;
    assert_eq!(summary["attributes"]["objectType"], "ServiceCostsSummary");
    assert_eq!(summary["billingStartDate"], "2025-12-01T00:00:00Z");
    let found = lines(&world, &token, &format!("{path}/lineitems")).await;
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|line| line["customerId"] == customer.as_str())
    );
    let sum: i64 = found.iter().map(|line| cents(&line["pretaxTotal"])).sum();
    assert_eq!(cents(&summary["pretaxTotal"]), sum);
    let other = world
        .get(&path.replace("mostrecent", "202512"), &token)
        .await;
    assert_eq!(other.status, 400);
    // A stranger's answer is the one for a customer that there is not.
    let stranger = world.get(&path, &world.user("lindenhof")).await;
    assert_eq!(
        (stranger.status, &stranger.body["code"]),
        (403, &Value::from(20_002))
    );
}
