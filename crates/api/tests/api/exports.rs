//! Lines as files: made afterwards, the same lines as on the wire, with sums that are the invoice's; and the books of every tier.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tierline_api::Exporter;
use tierline_app::act::Act;
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::billing::exports;
use tierline_app::clock::Clock;
use tierline_store::testing::postgres;
use tierline_store::{DbConfig, schema};

use crate::common::{Answer, World, text};

/// A file of an export, unpacked, and the digest of what was fetched.
async fn unpacked(world: &World, url: &str) -> (String, String) {
    let path = url.strip_prefix("http://").unwrap();
    let path = path.split_once('/').unwrap().1;
    let url = format!("{}/{path}", world.base);
    let answer = world.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let packed = answer.bytes().await.unwrap();
    let mut plain = String::new();
    GzDecoder::new(&packed[..])
        .read_to_string(&mut plain)
        .unwrap();
    let digest = Sha256::digest(&packed);
    let digest = digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    (plain, digest)
}

/// All lines of a manifest, whose digests and counts are checked on the way.
async fn lines(world: &World, manifest: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    let blobs = manifest["blobs"].as_array().unwrap();
    assert_eq!(manifest["blobCount"], blobs.len());
    for blob in blobs {
        let url = format!(
            "{}/{}?{}",
            text(&manifest["rootFolder"]),
            text(&blob["name"]),
            text(&manifest["rootFolderSAS"])
        );
        let (plain, digest) = unpacked(world, &url).await;
        assert_eq!(blob["sha256"], digest.as_str());
        let found: Vec<Value> = plain
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(blob["lineCount"], found.len());
        all.extend(found);
    }
    assert_eq!(manifest["lineCount"], all.len());
    all
}

async fn asked(world: &World, path: &str, token: &str, request: &str) -> Answer {
    let headers = [("MS-RequestId", request)];
    let answer = world.send("POST", path, Some(token), None, &headers).await;
    assert_eq!(answer.status, 202, "{path}: {}", answer.body);
    answer
}

fn local(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    format!("/{}", rest.split_once('/').unwrap().1)
}

async fn newest(world: &World, partner: &str, kind: &str) -> Value {
    let list = world.get("/v1/invoices", &world.user(partner)).await;
    let items = list.body["items"].as_array().unwrap();
    items
        .iter()
        .find(|one| one["invoiceType"] == kind)
        .unwrap()
        .clone()
}

async fn a_documented_export(world: &World) {
    let token = world.user("meridian");
    let id = text(&newest(world, "meridian", "OneTime").await["id"]);
    let request = "4a1c1c0e-6f0b-4a53-9c3c-0d9a3a7a1f10";
    let path = format!("/v1/billedusage/invoices/{id}?fragment=full");
    let first = asked(world, &path, &token, request).await;
    let address = first.headers["operation-location"]
        .to_str()
        .unwrap()
        .to_owned();
    // A repeat of the request means the same export.
    let again = asked(world, &path, &token, request).await;
    assert_eq!(again.headers["operation-location"], address.as_str());
    let operation = local(&address);
    let open = world.get(&operation, &token).await;
    assert_eq!(open.body["status"], "notstarted");
    assert_eq!(open.headers["retry-after"], "1");
    assert!(open.body.get("resourceLocation").is_none());

    // A file for each page of two lines, so that there are several.
    let exporter = Exporter::new(world.app.clone()).in_parts_of(1, 2);
    assert_eq!(exporter.round().await.unwrap(), 1);
    assert_eq!(exporter.round().await.unwrap(), 0);
    let done = world.get(&operation, &token).await;
    assert_eq!(done.body["status"], "succeeded", "{}", done.body);
    let manifest = local(&text(&done.body["resourceLocation"]));
    let manifest = world.get(&manifest, &token).await.body;
    assert!(manifest["blobCount"].as_i64().unwrap() > 1, "{manifest}");
    let exported = lines(world, &manifest).await;
    let found = ask(|tx| Box::pin(async move { exports::verify(tx).await }));
    assert_eq!(world.app.db().read(found).await.unwrap(), [""; 0]);
    let listed = format!(
        "/v1/invoices/{id}/lineitems?provider=onetime&invoicelineitemtype=usagelineitems&size=2000"
    );
    let listed = world.get(&listed, &token).await;
    assert_eq!(Value::from(exported), listed.body["items"]);

    // Neither another partner nor a wrong key finds anything.
    let stranger = world.user("harbor");
    assert_eq!(world.get(&operation, &stranger).await.status, 404);
    let blob = format!("{}/part-00001.json.gz", text(&manifest["rootFolder"]));
    for key in ["", "?key=", "?key=00"] {
        let path = format!("{}{key}", local(&blob));
        assert_eq!(world.send("GET", &path, None, None, &[]).await.status, 404);
    }
    let foreign = format!("/v1/billedusage/invoices/{id}");
    let headers = [("MS-RequestId", "4a1c1c0e-6f0b-4a53-9c3c-0d9a3a7a1f11")];
    let answer = world
        .send("POST", &foreign, Some(&stranger), None, &headers)
        .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn an_export_is_made_afterwards_and_its_sums_are_the_invoices() {
    let world = World::demo().await;
    a_documented_export(&world).await;
    // What is not billed yet, of both periods.
    let token = world.user("harbor");
    for (index, period) in ["current", "previous"].into_iter().enumerate() {
        let path = format!("/v1/unbilledusage?fragment=basic&period={period}&currencyCode=USD");
        let request = format!("4a1c1c0e-6f0b-4a53-9c3c-0d9a3a7a1f2{index}");
        let answer = asked(&world, &path, &token, &request).await;
        let address = local(answer.headers["operation-location"].to_str().unwrap());
        let exporter = Exporter::new(world.app.clone());
        assert_eq!(exporter.round().await.unwrap(), 1);
        let done = world.get(&address, &token).await.body;
        let manifest = local(&text(&done["resourceLocation"]));
        let manifest = world.get(&manifest, &token).await.body;
        let found = lines(&world, &manifest).await;
        assert!(!found.is_empty(), "{period}");
        assert!(found.iter().all(|line| line["billingCurrency"] == "USD"));
    }
    for bad in ["fragment=some", "period=never", "currencyCode=dollars"] {
        let path = format!("/v1/unbilledusage?{bad}");
        assert_eq!(
            world
                .send("POST", &path, Some(&token), None, &[])
                .await
                .status,
            400
        );
    }
    // Every line of an invoice, at both of its ends: the sum is the invoice's.
    for (who, side) in [
        ("harbor", "received"),
        ("cedar", "received"),
        ("cedar", "issued"),
        ("meridian", "issued"),
    ] {
        let token = world.user(who);
        let list = world
            .get(&format!("/program/v1/invoices?side={side}"), &token)
            .await;
        assert_eq!(list.status, 200, "{who}: {}", list.body);
        let invoice = &list.body["items"].as_array().unwrap()[0];
        let path = format!("/program/v1/invoices/{}/export", text(&invoice["id"]));
        let asked = world.send("POST", &path, Some(&token), None, &[]).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        Exporter::new(world.app.clone()).round().await.unwrap();
        let path = format!("/program/v1/exports/{}", text(&asked.body["id"]));
        let done = world.get(&path, &token).await.body;
        assert_eq!(done["state"], "succeeded", "{done}");
        assert_eq!(
            done["sums"],
            Value::from(vec![invoice["net"].clone()]),
            "{who} {side}"
        );
        assert_eq!(lines(&world, &done["manifest"]).await.len(), done["lines"]);
    }
}

/// A line of a file is the line of the list, member by member, wherever a page or a file ends.
#[tokio::test]
async fn files_and_lists_say_the_same_of_a_line() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let id = text(&newest(&world, "meridian", "OneTime").await["id"]);
    let query = "provider=onetime&invoicelineitemtype=billinglineitems";
    let listed = world
        .get(&format!("/v1/invoices/{id}/lineitems?{query}"), &token)
        .await;
    let listed = listed.body["items"].as_array().unwrap().clone();
    assert!(listed.len() > 3);
    let path = format!("/program/v1/invoices/{id}/export");
    let asked = world.send("POST", &path, Some(&token), None, &[]).await;
    let small = Exporter::new(world.app.clone()).in_parts_of(300, 2);
    assert_eq!(small.round().await.unwrap(), 1);
    let path = format!("/program/v1/exports/{}", text(&asked.body["id"]));
    let done = world.get(&path, &token).await.body;
    assert_eq!(lines(&world, &done["manifest"]).await, listed);
}

#[tokio::test]
async fn an_export_is_the_same_on_postgresql() {
    let Some(there) = postgres(schema::MIGRATIONS).await else {
        return;
    };
    let noon = Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap());
    let world = World::demo_on(&there.config, noon).await;
    a_documented_export(&world).await;
}

#[tokio::test]
async fn an_export_whose_time_is_over_is_gone() {
    let world = World::demo_on(
        &DbConfig::Memory,
        Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap()),
    )
    .await;
    let token = world.user("meridian");
    let id = text(&newest(&world, "meridian", "OneTime").await["id"]);
    let request = "4a1c1c0e-6f0b-4a53-9c3c-0d9a3a7a1f30";
    let answer = asked(
        &world,
        &format!("/v1/billedusage/invoices/{id}"),
        &token,
        request,
    )
    .await;
    let operation = local(answer.headers["operation-location"].to_str().unwrap());
    Exporter::new(world.app.clone()).round().await.unwrap();
    let done = world.get(&operation, &token).await.body;
    let manifest = local(&text(&done["resourceLocation"]));
    assert_eq!(world.get(&manifest, &token).await.status, 200);
    let later = world.app.clock().server_now().plus_hours(25);
    world.end_exports(later).await;
    assert_eq!(world.get(&operation, &token).await.status, 410);
    assert_eq!(world.get(&manifest, &token).await.status, 410);
}

/// Whoever stands on an invoice reads it down to the postings in its own books; nobody else finds it.
#[tokio::test]
async fn every_tier_reads_its_own_edges_and_no_other() {
    let world = World::demo().await;
    let (provider, reseller) = (world.user("meridian"), world.user("cedar"));
    let bought = world
        .get("/program/v1/invoices?month=2025-12", &reseller)
        .await;
    assert_eq!(bought.status, 200, "{}", bought.body);
    let bought = bought.body["items"].as_array().unwrap().clone();
    assert!(!bought.is_empty());
    let invoice = &bought[0];
    assert_eq!(
        (&invoice["issuer"], &invoice["recipient"]),
        (&"meridian".into(), &"cedar".into())
    );
    let own = format!("/program/v1/invoices/{}", text(&invoice["id"]));
    for (token, account) in [(&provider, "revenue"), (&reseller, "cost")] {
        let found = world.get(&format!("{own}/lines"), token).await.body;
        let lines = found["items"].as_array().unwrap();
        assert_eq!(invoice["lines"], lines.len());
        for line in lines {
            let postings = line["postings"].as_array().unwrap();
            assert_eq!(postings.len(), 1, "{line}");
            let sides = [text(&postings[0]["debit"]), text(&postings[0]["credit"])];
            assert!(sides.contains(&account.to_owned()), "{line}");
            assert_eq!(
                text(&postings[0]["amount"]).replace('-', ""),
                text(&line["amount"]).replace('-', "")
            );
        }
    }
    // The operator stands on neither end, another reseller and a direct-bill partner on none.
    for who in ["bridgewater", "harbor", "operator"] {
        let token = world.of(who, "accessTokenUser");
        for path in ["", "/lines", "/lines.csv", "/document"] {
            let answer = world.get(&format!("{own}{path}"), &token).await;
            assert_eq!(answer.status, 404, "{who} {path}");
        }
        let answer = world
            .send("POST", &format!("{own}/export"), Some(&token), None, &[])
            .await;
        assert_eq!(answer.status, 404, "{who}");
    }
    // A table with as many rows as lines, and a head.
    let url = format!("{}{own}/lines.csv", world.base);
    let table = world
        .http
        .get(url)
        .bearer_auth(&reseller)
        .send()
        .await
        .unwrap();
    let table = table.text().await.unwrap();
    assert_eq!(invoice["lines"], table.lines().count() - 1);
    assert!(table.starts_with("invoice,month,issuer,recipient,line,"));
    // What a tier earns is what it sold less what it bought; what it bought is what the tier above sold.
    let month = "/program/v1/margins?month=2025-12";
    let (above, below) = (
        world.get(month, &provider).await.body,
        world.get(month, &reseller).await.body,
    );
    let cents = |value: &Value| -> i64 {
        let text = text(value);
        text.split_once(' ')
            .unwrap()
            .1
            .replace('.', "")
            .parse()
            .unwrap()
    };
    let sold: i64 = above["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["buyer"] == "cedar")
        .map(|one| cents(&one["revenue"]))
        .sum();
    assert_eq!(cents(&below["totals"][0]["cost"]), sold);
    assert!(sold > 0);
    for total in [&above["totals"][0], &below["totals"][0]] {
        assert_eq!(
            cents(&total["margin"]),
            cents(&total["revenue"]) - cents(&total["cost"])
        );
    }
    // The account of the two with each other says the same from both ends.
    let of = |with: &str| format!("/program/v1/account?with={with}&currency=USD");
    let (here, there) = (
        world.get(&of("cedar"), &provider).await.body,
        world.get(&of("meridian"), &reseller).await.body,
    );
    assert_eq!(here["sold"], there["bought"]);
    assert!(!here["sold"].as_array().unwrap().is_empty());
    assert_eq!(world.get(&of("harbor"), &reseller).await.status, 404);
    assert_eq!(world.get(&of("nobody"), &reseller).await.status, 404);
}

/// What is answered, of the members that are shown.
fn renewed(shown: &Value, actual: &Value) -> Value {
    match (shown, actual) {
        (Value::Object(shown), Value::Object(actual)) => {
            let now = |(name, value): (&String, &Value)| {
                let actual = actual.get(name).unwrap_or(&Value::Null);
                (name.clone(), renewed(value, actual))
            };
            Value::Object(shown.iter().map(now).collect())
        }
        (Value::Array(shown), Value::Array(actual)) => {
            let pairs = shown.iter().zip(actual);
            pairs.map(|(one, actual)| renewed(one, actual)).collect()
        }
        (_, actual) => actual.clone(),
    }
}

/// Every figure of the guide is answered: `TIERLINE_REWRITE_GUIDES=1` writes them anew.
#[tokio::test]
async fn the_guide_shows_what_is_answered() {
    let world = World::demo().await;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/invoices.md");
    let guide = std::fs::read_to_string(&page).unwrap();
    let (mut today, mut stale, mut count) = (guide.clone(), Vec::new(), 0);
    for block in guide.split("\n`GET ").skip(1) {
        let Some((head, rest)) = block.split_once("\n\n```json\n") else {
            continue;
        };
        let Some((path, who)) = head.split_once("` as ") else {
            continue;
        };
        let written = rest.split_once("```").unwrap().0;
        let shown: Value = serde_json::from_str(written).unwrap();
        let answer = world.get(path, &world.user(who)).await;
        let now = renewed(&shown, &answer.body);
        if now != shown {
            let text = format!("{}\n", serde_json::to_string_pretty(&now).unwrap());
            today = today.replace(written, &text);
            stale.push(format!("{path} as {who}: {}", answer.body));
        }
        count += 1;
    }
    assert_eq!(count, 5);
    if std::env::var_os("TIERLINE_REWRITE_GUIDES").is_some() {
        std::fs::write(&page, today).unwrap();
    } else {
        assert_eq!(stale, [""; 0], "of docs/guides/invoices.md");
    }
}

/// Bills are for those who handle them (ROL-009), whichever tier they work for.
#[tokio::test]
async fn roles_decide_who_reads_the_books() {
    let world = World::demo().await;
    for (who, role, is_allowed) in [
        ("harbor", "sales_agent", false),
        ("harbor", "billing_admin", true),
        ("cedar", "helpdesk_agent", false),
        ("cedar", "billing_admin", true),
    ] {
        let person = serde_json::json!({ "of": who, "roles": [role] });
        let actor = ActorSpec::Person(serde_json::from_value(person).unwrap());
        let act = Act {
            actor: actor.clone(),
            ..Act::of(who, "read_books", serde_json::json!({}))
        };
        let explained = world.app.explain(world.app.ctx(actor), act).await.unwrap();
        let decision = explained.decision;
        let rules: Vec<String> = decision
            .violations
            .iter()
            .map(|one| one.rule.to_string())
            .collect();
        assert_eq!(decision.allowed, is_allowed, "{who} {role}: {rules:?}");
        assert_eq!(
            rules.contains(&"ROL-009".to_owned()),
            !is_allowed,
            "{who} {role}: {rules:?}"
        );
    }
}
