//! The guide's month: one customer, one reseller, one provider and the operator, and what each sees of the same seats.
//!
//! `TIERLINE_REWRITE_GUIDES=1` writes the guide's tables anew.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use tierline_app::ask::ask;
use tierline_app::billing::{party, verify::audit};
use tierline_app::names::{self, by_id};
use tierline_app::{AppError, billing};
use tierline_domain::billing::{Invoice, InvoiceLine, Party};
use tierline_domain::money::Money;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Charge;
use tierline_store::{Tx, params, tables};

use crate::common::World;

const PARTIES: [&str; 4] = ["operator", "provider", "reseller", "bakery"];

async fn world() -> World {
    let mut world = World::of(
        "2026-03-10",
        json!([
            {"partner": {"id": "provider", "type": "indirect_provider", "country": "FR"}},
            {"partner": {"id": "reseller", "type": "indirect_reseller", "country": "DE"}},
            {"partnership": {"provider": "provider", "reseller": "reseller"}},
            {"customer": {"id": "bakery", "country": "DE"}},
            {"relationship": {"partner": "provider", "customer": "bakery"}},
            {"relationship": {"partner": "reseller", "customer": "bakery"}},
            {"item": {"id": "suite", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 120.00"]}}},
        ]),
    )
    .await;
    for (country, rate) in [("FR", 2000), ("DE", 1900)] {
        let rate =
            json!({"country": country, "name": "VAT", "rate_bp": rate, "from": "2026-03-10"});
        world.act("operator", "set_tax_rate", rate).await;
    }
    world
        .act("provider", "set_price", json!({"markup": "6"}))
        .await;
    world
        .act("reseller", "set_price", json!({"margin": "15"}))
        .await;
    let order = json!({"customer": "bakery", "item": "suite", "quantity": 10, "term": "P1Y", "frequency": "monthly",
        "partner_of_record": "reseller", "creates": "seats"});
    world.act("provider", "order", order).await;
    world.until("2026-03-20").await;
    let more = json!({"subscription": "seats", "quantity": 12});
    world.act("provider", "change_quantity", more).await;
    world.until("2026-04-02").await;
    world
}

async fn name(tx: &mut Tx<'_>, party: Party) -> Result<String, AppError> {
    Ok(match party {
        Party::Operator => "operator".to_owned(),
        Party::Account(id) => by_id::<Account, _>(tx, id).await?.handle,
        Party::Customer(id) => by_id::<Tenant, _>(tx, id).await?.handle,
    })
}

/// The bills of the month, from the top of the chain down.
async fn bills(tx: &mut Tx<'_>) -> Result<String, AppError> {
    let mut text = String::new();
    for issuer in &PARTIES[..3] {
        let key = params![party(tx, issuer).await?];
        for bill in tx
            .find::<Invoice>(tables::invoices::BY_ISSUER, &key)
            .await?
        {
            let to = name(tx, bill.recipient).await?;
            writeln!(text, "{}  {issuer} to {to}", bill.handle).unwrap();
            let lines = params![bill.id, 0_i64, 100_i64];
            for line in tx
                .scan::<InvoiceLine>(tables::invoice_lines::OF_INVOICE, &lines)
                .await?
            {
                let charge: Charge = by_id(tx, line.charge).await?;
                writeln!(
                    text,
                    "  {:<12} {} to {}  {:>9} a year x {:<26} {:>11}",
                    charge.kind.as_str(),
                    charge.from_day,
                    charge.until_day,
                    line.unit_price().to_string(),
                    charge.basis.to_string(),
                    line.amount().to_string()
                )
                .unwrap();
            }
            writeln!(
                text,
                "  net {}, tax {}, due {}: {}\n",
                bill.net, bill.tax, bill.due, bill.amount
            )
            .unwrap();
        }
    }
    Ok(text)
}

/// What the books of each party say.
async fn books(tx: &mut Tx<'_>) -> Result<String, AppError> {
    let mut text = String::new();
    for name in PARTIES {
        let key = params![billing::party(tx, name).await?];
        let rows = tx
            .fetch_all::<(String, String, i64, i64)>(tables::billing::TRIAL, &key)
            .await?;
        let told: Vec<String> = rows
            .into_iter()
            .map(|(account, currency, debit, credit)| {
                let sum = Money::new(debit - credit, currency.parse().unwrap());
                format!("{account} {sum}")
            })
            .collect();
        writeln!(text, "{name:<9} {}", told.join(", ")).unwrap();
    }
    Ok(text)
}

#[tokio::test]
async fn the_guide_of_a_month_shows_what_was_billed() {
    let world = world().await;
    let read = ask(|tx| {
        Box::pin(async move {
            let seats = names::the_subscription(tx, "seats").await?;
            assert_eq!(seats.quantity, 12);
            assert_eq!(audit(tx).await?.findings, Vec::<String>::new());
            Ok([bills(tx).await?, books(tx).await?])
        })
    });
    let shown = world.db.read(read).await.unwrap();
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/a-month-in-every-tier.md");
    let guide = std::fs::read_to_string(&path).unwrap();
    let mut parts: Vec<&str> = guide.split("```text\n").collect();
    assert_eq!(parts.len(), 3, "two tables");
    let mut new = parts.remove(0).to_owned();
    for (part, table) in parts.into_iter().zip(&shown) {
        let (_, rest) = part.split_once("```\n").unwrap();
        write!(new, "```text\n{}\n```\n{rest}", table.trim_end()).unwrap();
    }
    if std::env::var_os("TIERLINE_REWRITE_GUIDES").is_some() {
        std::fs::write(&path, new).unwrap();
    } else {
        assert_eq!(guide, new);
    }
}
