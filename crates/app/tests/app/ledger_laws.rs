//! What holds of the ledger, whatever was bought, changed, paid and taken back.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test stops where something is missing"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tierline_app::ask::ask;
use tierline_app::billing::verify::audit;
use tierline_domain::billing::{Invoice, LedgerAccount, Posting};

use crate::common::World;

/// Something that somebody tries. What the rules refuse changes nothing.
#[derive(Clone, Debug)]
enum Move {
    Order {
        indirect: bool,
        seats: i64,
    },
    Seats {
        of: usize,
        seats: i64,
    },
    Cancel {
        of: usize,
    },
    Days(u8),
    Pay {
        bill: usize,
        cents: i64,
        assigned: bool,
    },
    Void {
        bill: usize,
        again: bool,
    },
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => (any::<bool>(), 1_i64..40).prop_map(|(indirect, seats)| Move::Order { indirect, seats }),
        3 => (0_usize..6, 1_i64..60).prop_map(|(of, seats)| Move::Seats { of, seats }),
        1 => (0_usize..6).prop_map(|of| Move::Cancel { of }),
        4 => (1_u8..25).prop_map(Move::Days),
        2 => (0_usize..20, 1_i64..90_000, any::<bool>()).prop_map(|(bill, cents, assigned)| Move::Pay { bill, cents, assigned }),
        1 => (0_usize..20, any::<bool>()).prop_map(|(bill, again)| Move::Void { bill, again }),
    ]
}

fn given() -> Json {
    json!([
        {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "DE"}},
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DK"}},
        {"partnership": {"provider": "IP-1", "reseller": "IR-A"}},
        {"customer": {"id": "C-1", "country": "DE"}},
        {"customer": {"id": "C-2", "country": "DK"}},
        {"relationship": {"partner": "IP-1", "customer": "C-1"}},
        {"relationship": {"partner": "IR-A", "customer": "C-1"}},
        {"relationship": {"partner": "DB-1", "customer": "C-2"}},
        {"price_rule": {"owner": "IP-1", "markup": 7}},
        {"price_rule": {"owner": "IR-A", "margin": 13}},
        {"price_rule": {"owner": "DB-1", "markup": 11}},
        {"item": {"id": "suite", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 119.99", "DKK 899.50"]}}},
    ])
}

/// Tries something; whether it went through does not matter here.
async fn attempt(world: &mut World, actor: &str, verb: &str, params: Json) {
    use tierline_app::act::{Act, Perform};
    let ctx = world.ctx(actor);
    let act = Act::of(actor, verb, params);
    drop(world.db.write(Perform { ctx, act }).await);
}

async fn every<T: tierline_store::Table>(world: &World) -> Vec<T> {
    let all = ask(|tx| Box::pin(async move { Ok(tx.find::<T>(T::all_rows_sql(), &[]).await?) }));
    world.db.read(all).await.unwrap()
}

/// A subscription, and who sold it.
type Held = (String, &'static str);

async fn play(world: &mut World, held: &mut Vec<Held>, place: usize, one: &Move) {
    match one {
        Move::Order { indirect, seats } => {
            let (actor, customer) = if *indirect {
                ("IP-1", "C-1")
            } else {
                ("DB-1", "C-2")
            };
            let id = format!("s-{place}");
            held.push((id.clone(), actor));
            let mut order = json!({"customer": customer, "item": "suite", "quantity": seats, "term": "P1Y", "frequency": "monthly", "creates": id});
            if *indirect {
                order["partner_of_record"] = json!("IR-A");
            }
            attempt(world, actor, "order", order).await;
        }
        Move::Seats { of, seats } => {
            if let Some((name, seller)) = held.get(*of).cloned() {
                let change = json!({"subscription": name, "quantity": seats});
                attempt(world, seller, "change_quantity", change).await;
            }
        }
        Move::Cancel { of } => {
            if let Some((name, seller)) = held.get(*of).cloned() {
                let cancel = json!({"subscription": name});
                attempt(world, seller, "cancel", cancel).await;
            }
        }
        Move::Days(days) => {
            let until = world.now.plus_hours(i64::from(*days) * 24).to_string();
            world.until(&until).await;
        }
        Move::Pay {
            bill,
            cents,
            assigned,
        } => {
            let bills = every::<Invoice>(world).await;
            let Some(bill) = bills.get(*bill) else { return };
            let amount = format!("{} {}.{:02}", bill.net.currency, cents / 100, cents % 100);
            let (payee, payer) = ends(bill);
            let invoice = assigned.then(|| bill.handle.clone());
            let pay = json!({"payer": payer, "reference": format!("p-{place}"), "amount": amount, "invoice": invoice});
            attempt(world, payee, "record_payment", pay).await;
        }
        Move::Void { bill, again } => {
            let bills = every::<Invoice>(world).await;
            let Some(bill) = bills.get(*bill) else { return };
            let void = json!({"invoice": bill.handle, "bill_again": again});
            attempt(world, ends(bill).0, "void_invoice", void).await;
        }
    }
}

/// Who bills, and who is billed, by the number of the bill.
fn ends(bill: &Invoice) -> (&'static str, &'static str) {
    let dkk = bill.net.currency.as_str() == "DKK";
    match bill.handle.split('-').next().unwrap() {
        "IP" => ("IP-1", "IR-A"),
        "IR" => ("IR-A", "C-1"),
        "DB" => ("DB-1", "C-2"),
        _ if dkk => ("operator", "DB-1"),
        _ => ("operator", "IP-1"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Postings balance: each party's debits are its credits, in each currency; and what one party has to get another has to give,
    /// what one earned another spent, what tax one owes another was billed, what one holds another is due.
    #[test]
    fn postings_balance_whatever_happened(moves in proptest::collection::vec(a_move(), 6..28)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (postings, findings) = runtime.block_on(async {
            let mut world = World::of("2024-01-20T10:00:00Z", given()).await;
            for (country, rate) in [("FR", 2_000), ("DE", 1_900), ("DK", 2_500)] {
                let rate = json!({"country": country, "name": "VAT", "rate_bp": rate, "from": "2024-01-20"});
                world.act("operator", "set_tax_rate", rate).await;
            }
            let mut held = Vec::new();
            for (place, one) in moves.iter().enumerate() {
                play(&mut world, &mut held, place, one).await;
            }
            let until = world.now.plus_hours(40 * 24).to_string();
            world.until(&until).await;
            let read = ask(|tx| Box::pin(async move { audit(tx).await }));
            let audit = world.db.read(read).await.unwrap();
            (every::<Posting>(&world).await, audit.findings)
        });
        prop_assert_eq!(findings, Vec::<String>::new());
        let (mut of_party, mut of_account) = (BTreeMap::new(), BTreeMap::new());
        for posting in &postings {
            let (currency, amount) = (posting.amount().currency, i128::from(posting.amount().minor));
            prop_assert_ne!(posting.debit, posting.credit);
            for (account, amount) in [(posting.debit, amount), (posting.credit, -amount)] {
                *of_party.entry((posting.party.to_string(), currency)).or_insert(0) += amount;
                *of_account.entry((account.to_string(), currency)).or_insert(0) += amount;
            }
        }
        prop_assert!(of_party.values().all(|sum| *sum == 0), "{:?}", of_party);
        let pairs = [
            (LedgerAccount::Receivable, LedgerAccount::Payable),
            (LedgerAccount::Revenue, LedgerAccount::Cost),
            (LedgerAccount::TaxOwed, LedgerAccount::TaxBilled),
            (LedgerAccount::Unallocated, LedgerAccount::Prepaid),
            (LedgerAccount::HeldForOthers, LedgerAccount::DueFromAgent),
        ];
        for currency in ["EUR", "DKK"] {
            let currency = currency.parse().unwrap();
            let sum = |account: LedgerAccount| of_account.get(&(account.to_string(), currency)).copied().unwrap_or(0);
            for (one, other) in pairs {
                prop_assert_eq!(sum(one) + sum(other), 0, "{} and {} in {}", one, other, currency);
            }
        }
    }
}
