//! What holds of the ledger, whatever was bought, changed, paid and taken back.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test stops where something is missing"
)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tierline_app::ask::ask;
use tierline_app::billing::verify::audit;
use tierline_domain::billing::{Invoice, LedgerAccount, Party, Posting};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Subscription, Transfer, TransferState};
use uuid::Uuid;

use crate::common::World;

/// Something that somebody tries. What the rules refuse changes nothing.
#[derive(Clone, Debug)]
enum Move {
    Order {
        sale: Sale,
        seats: i64,
    },
    Seats {
        of: usize,
        seats: i64,
    },
    Cancel {
        of: usize,
    },
    /// What was sold directly goes to the provider: the one who sold it becomes its reseller.
    Transfer {
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

/// Who sells what to whom.
#[derive(Clone, Copy, Debug)]
enum Sale {
    /// A provider, through its reseller.
    Indirect,
    /// A direct-bill partner.
    Direct,
    /// The same, and what may be transferred.
    Traditional,
}

fn a_sale() -> impl Strategy<Value = Sale> {
    prop_oneof![
        Just(Sale::Indirect),
        Just(Sale::Direct),
        Just(Sale::Traditional)
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => (a_sale(), 1_i64..40).prop_map(|(sale, seats)| Move::Order { sale, seats }),
        2 => (0_usize..6).prop_map(|of| Move::Transfer { of }),
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
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DK", "transitioning": true, "reseller_enrolment": "complete"}},
        {"partnership": {"provider": "IP-1", "reseller": "IR-A"}},
        {"partnership": {"provider": "IP-1", "reseller": "DB-1"}},
        {"customer": {"id": "C-1", "country": "DE"}},
        {"customer": {"id": "C-2", "country": "DK"}},
        {"relationship": {"partner": "IP-1", "customer": "C-1"}},
        {"relationship": {"partner": "IR-A", "customer": "C-1"}},
        {"relationship": {"partner": "DB-1", "customer": "C-2"}},
        {"relationship": {"partner": "IP-1", "customer": "C-2"}},
        {"price_rule": {"owner": "IP-1", "markup": 7}},
        {"price_rule": {"owner": "IR-A", "margin": 13}},
        {"price_rule": {"owner": "DB-1", "markup": 11}},
        {"item": {"id": "suite", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 119.99", "DKK 899.50"]}}},
        {"item": {"id": "legacy", "generation": "traditional", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 109.99", "DKK 819.50"]}}},
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

/// The names of all who sell, buy and bill.
struct Names(BTreeMap<Uuid, String>);

impl Names {
    async fn of(world: &World) -> Self {
        let accounts = every::<Account>(world).await.into_iter();
        let accounts = accounts.map(|one| (one.id.uuid(), one.handle));
        let tenants = every::<Tenant>(world).await.into_iter();
        let tenants = tenants.map(|one| (one.id.uuid(), one.handle));
        Self(accounts.chain(tenants).collect())
    }

    fn party(&self, party: Party) -> &str {
        match party {
            Party::Operator => "operator",
            Party::Account(account) => &self.0[&account.uuid()],
            Party::Customer(customer) => &self.0[&customer.uuid()],
        }
    }

    fn seller(&self, held: &Subscription) -> &str {
        held.seller.map_or("operator", |one| &self.0[&one.uuid()])
    }
}

/// The subscription of a number, in whatever state and whoever sells it by now, by name.
async fn held(world: &World, number: usize) -> Option<Subscription> {
    let mut all = every::<Subscription>(world).await;
    all.sort_by(|one, other| one.handle.cmp(&other.handle));
    all.into_iter().nth(number)
}

async fn play(world: &mut World, place: usize, one: &Move) {
    let names = Names::of(world).await;
    match one {
        Move::Order { sale, seats } => {
            let (actor, customer, item) = match sale {
                Sale::Indirect => ("IP-1", "C-1", "suite"),
                Sale::Direct => ("DB-1", "C-2", "suite"),
                Sale::Traditional => ("DB-1", "C-2", "legacy"),
            };
            let id = format!("s-{place:02}");
            let mut order = json!({"customer": customer, "item": item, "quantity": seats, "term": "P1Y", "frequency": "monthly", "creates": id});
            if actor == "IP-1" {
                order["partner_of_record"] = json!("IR-A");
            }
            attempt(world, actor, "order", order).await;
        }
        Move::Seats { of, seats } => {
            if let Some(held) = held(world, *of).await {
                let change = json!({"subscription": held.handle, "quantity": seats});
                attempt(world, names.seller(&held), "change_quantity", change).await;
            }
        }
        Move::Cancel { of } => {
            if let Some(held) = held(world, *of).await {
                let cancel = json!({"subscription": held.handle});
                attempt(world, names.seller(&held), "cancel", cancel).await;
            }
        }
        Move::Transfer { of } => {
            if let Some(held) = held(world, *of).await {
                let id = format!("t-{place}");
                let offer = json!({"id": id, "customer": "C-2", "subscriptions": [held.handle], "to": "IP-1", "partner_of_record": "DB-1"});
                attempt(world, "DB-1", "create_transfer", offer).await;
                attempt(world, "IP-1", "accept_transfer", json!({"transfer": id})).await;
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
            let (payee, payer) = (names.party(bill.issuer), names.party(bill.recipient));
            let invoice = assigned.then(|| bill.handle.clone());
            let pay = json!({"payer": payer, "reference": format!("p-{place}"), "amount": amount, "invoice": invoice});
            attempt(world, payee, "record_payment", pay).await;
        }
        Move::Void { bill, again } => {
            let bills = every::<Invoice>(world).await;
            let Some(bill) = bills.get(*bill) else { return };
            let void = json!({"invoice": bill.handle, "bill_again": again});
            attempt(world, names.party(bill.issuer), "void_invoice", void).await;
        }
    }
}

/// What a year of moves came to.
struct Year {
    postings: Vec<Posting>,
    findings: Vec<String>,
    transfers: Vec<TransferState>,
    /// Who billed whom.
    billed: BTreeSet<(String, String)>,
}

impl Year {
    async fn of(moves: &[Move]) -> Self {
        let mut world = World::of("2024-01-20T10:00:00Z", given()).await;
        for (country, rate) in [("FR", 2_000), ("DE", 1_900), ("DK", 2_500)] {
            let rate =
                json!({"country": country, "name": "VAT", "rate_bp": rate, "from": "2024-01-20"});
            world.act("operator", "set_tax_rate", rate).await;
        }
        for (place, one) in moves.iter().enumerate() {
            play(&mut world, place, one).await;
        }
        let until = world.now.plus_hours(40 * 24).to_string();
        world.until(&until).await;
        let read = ask(|tx| Box::pin(async move { audit(tx).await }));
        let transfers = every::<Transfer>(&world).await.into_iter();
        let (names, bills) = (Names::of(&world).await, every::<Invoice>(&world).await);
        let ends = |bill: &Invoice| {
            let ends = [bill.issuer, bill.recipient].map(|end| names.party(end).to_owned());
            <(String, String)>::from(ends)
        };
        Self {
            billed: bills.iter().map(ends).collect(),
            transfers: transfers.map(|transfer| transfer.state).collect(),
            findings: world.db.read(read).await.unwrap().findings,
            postings: every::<Posting>(&world).await,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Postings balance: each party's debits are its credits, in each currency; and what one party has to get another has to give,
    /// what one earned another spent, what tax one owes another was billed, what one holds another is due.
    #[test]
    fn postings_balance_whatever_happened(moves in proptest::collection::vec(a_move(), 6..28)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let Year { postings, findings, .. } = runtime.block_on(Year::of(&moves));
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

/// A transfer of the random years is one: before it the operator bills whoever sells, after it there is a provider between.
#[tokio::test]
async fn a_year_with_a_transfer_balances() {
    let sale = Sale::Traditional;
    let mut moves = vec![Move::Order { sale, seats: 7 }, Move::Days(40)];
    let pair = |(one, other): (&str, &str)| (one.to_owned(), other.to_owned());
    let before = Year::of(&moves).await;
    let direct = [("operator", "DB-1"), ("DB-1", "C-2")].map(pair);
    assert_eq!(before.billed, BTreeSet::from(direct.clone()));
    moves.extend([
        Move::Transfer { of: 0 },
        Move::Seats { of: 1, seats: 9 },
        Move::Days(24),
        Move::Days(24),
    ]);
    let year = Year::of(&moves).await;
    assert_eq!(year.transfers, [TransferState::Complete]);
    assert_eq!(year.findings, Vec::<String>::new());
    let through = [("operator", "IP-1"), ("IP-1", "DB-1")].map(pair);
    let all = direct.into_iter().chain(through);
    assert_eq!(year.billed, all.collect());
}
