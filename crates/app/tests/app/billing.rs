//! A month is billed in every tier: lines, postings, invoices, payments and corrections, and what `verify` says of them.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use serde_json::{Value as Json, json};
use tierline_app::ask::ask;
use tierline_app::billing::journal;
use tierline_app::billing::verify::audit;
use tierline_app::{AppError, names};
use tierline_domain::billing::{Invoice, InvoiceState, LedgerAccount, Party, Posting};
use tierline_domain::money::Money;
use tierline_store::{Tx, tables};

use crate::common::World;

/// One provider with a reseller and a customer, one direct-bill partner with another; books with a margin and a markup.
async fn world() -> World {
    World::of(
        "2024-03-10",
        json!([
            {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
            {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "DE"}},
            {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
            {"partnership": {"provider": "IP-1", "reseller": "IR-A"}},
            {"customer": {"id": "C-1", "country": "DE"}},
            {"customer": {"id": "C-2", "country": "FR"}},
            {"relationship": {"partner": "IP-1", "customer": "C-1"}},
            {"relationship": {"partner": "IR-A", "customer": "C-1"}},
            {"relationship": {"partner": "DB-1", "customer": "C-2"}},
            {"item": {"id": "suite", "terms": {"P1Y": ["monthly", "annual"], "P1M": ["monthly"]},
                "prices": {"P1Y": ["EUR 120.00"], "P1M": ["EUR 12.00"]}}},
        ]),
    )
    .await
}

async fn order(world: &mut World, seller: &str, customer: &str, reseller: Option<&str>, id: &str) {
    let mut order = json!({"customer": customer, "item": "suite", "quantity": 10, "term": "P1Y", "frequency": "monthly", "creates": id});
    if let Some(reseller) = reseller {
        order["partner_of_record"] = json!(reseller);
    }
    world.act(seller, "order", order).await;
}

async fn invoices(world: &World) -> Vec<Invoice> {
    let read = ask(|tx| {
        Box::pin(async move {
            let mut all: Vec<Invoice> = Vec::new();
            for party in [
                Party::Operator,
                Party::Account(names::the_account(tx, "IP-1").await?.id),
                Party::Account(names::the_account(tx, "IR-A").await?.id),
                Party::Account(names::the_account(tx, "DB-1").await?.id),
            ] {
                let key = [tierline_store::Value::Text(party.to_string())];
                all.extend(tx.find(tables::invoices::BY_ISSUER, &key).await?);
            }
            Ok(all)
        })
    });
    world.db.read(read).await.unwrap()
}

async fn findings(world: &World) -> (i64, i64, Vec<String>) {
    let read = ask(|tx| Box::pin(async move { audit(tx).await }));
    let audit = world.db.read(read).await.unwrap();
    (audit.lines, audit.postings, audit.findings)
}

/// What a party's books say of an account: debits less credits.
async fn balance(world: &World, party: &'static str, account: LedgerAccount) -> Money {
    let read = ask(move |tx| {
        Box::pin(async move {
            let party = billing_party(tx, party).await?;
            let key = tierline_store::params![party, uuid::Uuid::nil(), 0_i64, i64::from(u16::MAX)];
            let postings = tx.scan::<Posting>(tables::postings::OF_PARTY, &key).await?;
            let mut sum = Money::zero("EUR".parse().unwrap());
            for posting in postings {
                if posting.debit == account {
                    sum = sum.plus(posting.amount()).unwrap();
                }
                if posting.credit == account {
                    sum = sum.minus(posting.amount()).unwrap();
                }
            }
            Ok(sum)
        })
    });
    world.db.read(read).await.unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn shown(invoices: &[Invoice]) -> Vec<(String, String, i64)> {
    invoices
        .iter()
        .map(|one| (one.handle.clone(), one.amount.to_string(), one.lines))
        .collect()
}

/// BIL-001, BIL-002, BIL-010, BIL-011, BIL-016: each tier has its own bill of the same seats, the operator's is announced.
#[tokio::test]
async fn each_tier_is_billed_for_the_same_seats() {
    let mut world = world().await;
    order(&mut world, "IP-1", "C-1", Some("IR-A"), "sub-1").await;
    order(&mut world, "DB-1", "C-2", None, "sub-2").await;
    assert_eq!(shown(&invoices(&world).await), []);
    world.until("2024-04-02").await;
    let issued = invoices(&world).await;
    assert_eq!(
        shown(&issued),
        [
            ("G000000001".to_owned(), "EUR 100.00".to_owned(), 1),
            ("G000000002".to_owned(), "EUR 100.00".to_owned(), 1),
            ("IP-1-000001".to_owned(), "EUR 100.00".to_owned(), 1),
            ("IR-A-000001".to_owned(), "EUR 100.00".to_owned(), 1),
            ("DB-1-000001".to_owned(), "EUR 100.00".to_owned(), 1),
        ]
    );
    assert_eq!(
        world.happened("invoice_ready").await,
        ["G000000001", "G000000002"]
    );
    assert!(issued.iter().all(|one| one.due.to_string() == "2024-05-31"));
    assert_eq!(findings(&world).await, (5, 10, vec![]));
    let earned = balance(&world, "IR-A", LedgerAccount::Revenue).await;
    assert_eq!(earned, money("EUR -100.00"));
    assert_eq!(
        balance(&world, "C-1", LedgerAccount::Cost).await,
        money("EUR 100.00")
    );
    // The next month bills the next cycle, and nothing of the first again.
    world.until("2024-05-02").await;
    assert_eq!(invoices(&world).await.len(), 10);
    assert_eq!(findings(&world).await, (10, 20, vec![]));
}

/// BIL-026, BIL-027: tax on the total, by the billed party's own country; an exemption from the next cycle on.
#[tokio::test]
async fn tax_follows_whoever_is_billed() {
    let mut world = world().await;
    let rate = |country, bp| json!({"country": country, "name": "VAT", "rate_bp": bp, "from": "2024-03-10"});
    world
        .act("operator", "set_tax_rate", rate("DE", 1900))
        .await;
    world
        .act("operator", "set_tax_rate", rate("FR", 2000))
        .await;
    order(&mut world, "DB-1", "C-2", None, "sub-2").await;
    assert_eq!(
        world.fails("DB-1", "file_exemption", json!({})).await,
        "refused: BIL-026"
    );
    world
        .act("DB-1", "file_exemption", json!({"papers": "EX-77"}))
        .await;
    world.until("2024-03-31").await;
    let later = rate("FR", 2100);
    assert!(
        world
            .fails("operator", "set_tax_rate", later)
            .await
            .contains("from")
    );
    world.until("2024-04-02").await;
    let amounts: Vec<_> = invoices(&world)
        .await
        .iter()
        .map(|one| (one.issuer == Party::Operator, one.tax.to_string()))
        .collect();
    // The exemption began on 1 April, and the bill was issued then; the customer in France pays French tax.
    assert_eq!(
        amounts,
        [
            (true, "EUR 0.00".to_owned()),
            (false, "EUR 20.00".to_owned())
        ]
    );
    assert_eq!(
        balance(&world, "DB-1", LedgerAccount::TaxOwed).await,
        money("EUR -20.00")
    );
    assert_eq!(findings(&world).await.2, Vec::<String>::new());
}

/// BIL-013, BIL-030, BIL-033, BIL-034: payments wait until they are assigned, count as credit meanwhile, and settle.
#[tokio::test]
async fn payments_settle_what_they_are_assigned_to() {
    let mut world = world().await;
    world
        .act(
            "operator",
            "set_credit_limit",
            json!({"partner": "DB-1", "limit": "USD 1000.00"}),
        )
        .await;
    let available = |world: Json| world["available"].clone();
    order(&mut world, "DB-1", "C-2", None, "sub-2").await;
    let read = world.act("DB-1", "read_credit", json!({})).await;
    assert_eq!(available(read.result), "USD 900.00");
    world.until("2024-04-02").await;
    let read = world.act("DB-1", "read_credit", json!({})).await;
    assert_eq!(available(read.result), "USD 900.00", "billed, and no more");
    let pay = |amount: &str, reference: &str, invoice: Option<&str>| json!({"payer": "DB-1", "reference": reference, "amount": amount, "invoice": invoice});
    let too_much = pay("EUR 100.01", "p-0", Some("G000000001"));
    assert!(
        world
            .fails("operator", "record_payment", too_much)
            .await
            .starts_with("amount")
    );
    world
        .act("operator", "record_payment", pay("EUR 60.00", "p-1", None))
        .await;
    let again = pay("EUR 60.00", "p-1", None);
    assert!(
        world
            .fails("operator", "record_payment", again)
            .await
            .starts_with("conflict")
    );
    let read = world.act("DB-1", "read_credit", json!({})).await;
    assert_eq!(available(read.result), "USD 960.00");
    let assign = json!({"payer": "DB-1", "reference": "p-1", "invoice": "G000000001"});
    // Somebody else's invoice, and somebody else's payment, are not there for a stranger.
    assert!(
        world
            .fails("IP-1", "assign_payment", assign.clone())
            .await
            .contains("no payment")
    );
    let settled = world.act("operator", "assign_payment", assign).await;
    assert_eq!(settled.result["open"], "EUR 40.00");
    let rest = pay("EUR 40.00", "p-2", Some("G000000001"));
    let settled = world.act("operator", "record_payment", rest).await;
    assert_eq!(settled.result["state"], "paid");
    let read = world.act("DB-1", "read_credit", json!({})).await;
    assert_eq!(available(read.result), "USD 1000.00");
    for (party, account) in [
        ("operator", LedgerAccount::Receivable),
        ("DB-1", LedgerAccount::Payable),
        ("operator", LedgerAccount::Unallocated),
        ("DB-1", LedgerAccount::Prepaid),
    ] {
        assert_eq!(
            balance(&world, party, account).await,
            money("EUR 0.00"),
            "{party} {account}"
        );
    }
    assert_eq!(findings(&world).await.2, Vec::<String>::new());
}

/// BIL-030, BIL-031: what was used up before the bill is given back to the cent when it comes, and the bill counts at its day's rate.
#[tokio::test]
async fn credit_in_another_currency_comes_out_even() {
    let mut world = world().await;
    let rates = json!([
        {"fx_rate": {"currency": "EUR", "month": "2024-03-01", "mantissa": 7, "scale": 1}},
        {"fx_rate": {"currency": "EUR", "month": "2024-04-01", "mantissa": 8, "scale": 1}},
    ]);
    world.lay(rates).await;
    world
        .act(
            "operator",
            "set_credit_limit",
            json!({"partner": "DB-1", "limit": "USD 1000.00"}),
        )
        .await;
    // 100.00 ÷ 0.7 is 142.857…: three of them are 428.58, their sum at once would be 428.57.
    for name in ["sub-2", "sub-3", "sub-4"] {
        order(&mut world, "DB-1", "C-2", None, name).await;
    }
    let read = world.act("DB-1", "read_credit", json!({})).await;
    assert_eq!(read.result["available"], "USD 571.42");
    world.until("2024-04-02").await;
    let read = world.act("DB-1", "read_credit", json!({})).await;
    assert_eq!(read.result["available"], "USD 625.00");
    let pay = json!({"payer": "DB-1", "reference": "p-1", "amount": "EUR 300.00", "invoice": "G000000001"});
    world.act("operator", "record_payment", pay).await;
    let read = world.act("DB-1", "read_credit", json!({})).await;
    assert_eq!(read.result["available"], "USD 1000.00");
}

/// BIL-014: a bill is voided by a note and billed again; its payment waits again.
#[tokio::test]
async fn a_bill_is_voided_and_billed_again() {
    let mut world = world().await;
    order(&mut world, "IP-1", "C-1", Some("IR-A"), "sub-1").await;
    world.until("2024-04-02").await;
    let pay = json!({"payer": "IR-A", "reference": "p-1", "amount": "EUR 100.00", "invoice": "IP-1-000001"});
    world.act("IP-1", "record_payment", pay).await;
    let void = json!({"invoice": "IP-1-000001", "bill_again": true});
    assert!(
        world
            .fails("IR-A", "void_invoice", void.clone())
            .await
            .contains("no invoice")
    );
    let corrected = world.act("IP-1", "void_invoice", void.clone()).await;
    assert_eq!(
        corrected.result,
        json!({"note": "IP-1-000002", "invoice": "IP-1-000003"})
    );
    assert!(
        world
            .fails("IP-1", "void_invoice", void)
            .await
            .starts_with("conflict")
    );
    let assign = json!({"payer": "IR-A", "reference": "p-1", "invoice": "IP-1-000003"});
    let settled = world.act("IP-1", "assign_payment", assign).await;
    assert_eq!(settled.result["state"], "paid");
    assert_eq!(
        balance(&world, "IP-1", LedgerAccount::Revenue).await,
        money("EUR -100.00")
    );
    assert_eq!(
        balance(&world, "IP-1", LedgerAccount::Receivable).await,
        money("EUR 0.00")
    );
    let states: Vec<InvoiceState> = invoices(&world).await.iter().map(|one| one.state).collect();
    assert_eq!(
        states
            .iter()
            .filter(|one| **one == InvoiceState::Void)
            .count(),
        2
    );
    assert_eq!(findings(&world).await.2, Vec::<String>::new());
}

/// BIL-002, TXN-103: the provider sends the reseller's bill and collects it; the sale stays the reseller's.
#[tokio::test]
async fn a_provider_bills_on_its_resellers_behalf() {
    let mut world = world().await;
    order(&mut world, "IP-1", "C-1", Some("IR-A"), "sub-1").await;
    let stranger = json!({"reseller": "IR-A", "on_behalf": true});
    assert!(
        world
            .fails("DB-1", "arrange_billing", stranger.clone())
            .await
            .contains("no reseller")
    );
    world.act("IP-1", "arrange_billing", stranger).await;
    world.until("2024-04-02").await;
    let issued = invoices(&world).await;
    let on_behalf: Vec<&str> = issued
        .iter()
        .filter(|one| one.agent.is_some())
        .map(|one| one.handle.as_str())
        .collect();
    assert_eq!(on_behalf, ["IR-A-000001"]);
    let pay = json!({"payer": "C-1", "reference": "c-1", "amount": "EUR 100.00", "invoice": "IR-A-000001"});
    world.act("IP-1", "record_payment", pay).await;
    assert_eq!(
        balance(&world, "IR-A", LedgerAccount::DueFromAgent).await,
        money("EUR 100.00")
    );
    assert_eq!(
        balance(&world, "IP-1", LedgerAccount::HeldForOthers).await,
        money("EUR -100.00")
    );
    assert_eq!(findings(&world).await.2, Vec::<String>::new());
}

/// Another program's double entry comes to the same balances: Debian's hledger reads the journal of a month with prices, tax, a
/// payment and a correction.
#[tokio::test]
async fn another_double_entry_program_agrees_on_every_balance() {
    let mut world = world().await;
    let rate = json!({"country": "DE", "name": "VAT", "rate_bp": 1900, "from": "2024-03-10"});
    world.act("operator", "set_tax_rate", rate).await;
    order(&mut world, "IP-1", "C-1", Some("IR-A"), "sub-1").await;
    order(&mut world, "DB-1", "C-2", None, "sub-2").await;
    world
        .act(
            "DB-1",
            "change_quantity",
            json!({"subscription": "sub-2", "quantity": 13}),
        )
        .await;
    world.until("2024-04-02").await;
    let pay = json!({"payer": "IR-A", "reference": "p-1", "amount": "EUR 50.00", "invoice": "IP-1-000001"});
    world.act("IP-1", "record_payment", pay).await;
    world
        .act(
            "IP-1",
            "void_invoice",
            json!({"invoice": "IP-1-000001", "bill_again": true}),
        )
        .await;
    let read = ask(|tx| {
        Box::pin(async move {
            let page = journal::page(tx, None).await?;
            assert!(page.next.is_none());
            let mut ours = Vec::new();
            for name in ["operator", "IP-1", "IR-A", "DB-1", "C-1", "C-2"] {
                let party = billing_party(tx, name).await?;
                let key = tierline_store::params![party];
                for (account, currency, debit, credit) in tx
                    .fetch_all::<(String, String, i64, i64)>(tables::billing::TRIAL, &key)
                    .await?
                {
                    let sum = Money::new(debit - credit, currency.parse().unwrap());
                    if sum.minor != 0 {
                        ours.push((format!("{name}:{account}"), sum.to_string()));
                    }
                }
            }
            ours.sort();
            Ok((page.text, ours))
        })
    });
    let (journal, ours) = world.db.read(read).await.unwrap();
    assert!(ours.len() > 12, "{ours:?}");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("month.journal");
    std::fs::write(&file, journal).unwrap();
    let told = std::process::Command::new("hledger")
        .arg("-f")
        .arg(&file)
        .args(["balance", "--flat", "--no-total", "-O", "csv"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("hledger is here (Debian: apt-get install hledger)");
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told = String::from_utf8(told.stdout).unwrap();
    let mut theirs: Vec<(String, String)> = told
        .lines()
        .skip(1)
        .map(|line| {
            let (account, sum) = line.split_once(',').unwrap();
            let plain = |text: &str| text.trim_matches('"').to_owned();
            (plain(account), plain(sum))
        })
        .collect();
    theirs.sort();
    assert_eq!(ours, theirs);
}

async fn billing_party(tx: &mut Tx<'_>, name: &str) -> Result<Party, AppError> {
    if name == "operator" {
        return Ok(Party::Operator);
    }
    Ok(match names::account(tx, name).await? {
        Some(account) => Party::Account(account.id),
        None => Party::Customer(names::the_tenant(tx, name).await?.id),
    })
}
