//! Commands race on two servers of one database for what only some of them can have: a limit holds, and of two that
//! exclude each other one wins, however they name what they are about.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::borrow::Cow;
use std::convert::Infallible;
use std::path::Path;

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use tierline_app::act::Act;
use tierline_app::app::{Deed, Sought};
use tierline_app::ask::ask;
use tierline_app::clock::Clock;
use tierline_app::demo::LayWorld;
use tierline_app::{App, AppError, names};
use tierline_domain::directory::Licence;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Timestamp;
use tierline_store::testing::{Fixture, both_engines};
use tierline_store::{Db, Table as _, Tx, schema};

const NOW: &str = "2023-11-15T12:00:00Z";
/// Partners that sell, each to the same customer.
const SELLERS: usize = 8;
const LIMIT: i64 = 10;

/// Two servers of one database that holds these facts.
async fn servers(test: &Fixture, given: Vec<Json>) -> [App; 2] {
    let now: Timestamp = NOW.parse().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/world.yaml");
    let (_, mut facts) = tierline_app::check::read_world(&path).unwrap();
    facts.extend(given);
    test.db.write(LayWorld { given: facts, now }).await.unwrap();
    let other = Db::open(&test.config, schema::MIGRATIONS).await.unwrap();
    [test.db.clone(), other].map(|db| App::new(db, Clock::pinned(now)))
}

/// An act that is found out in its transaction, and taken for another before.
struct Mistaken {
    likely: Act,
    act: Act,
}

impl Deed for Mistaken {
    type Seen = ();
    type Nothing = Infallible;

    fn likely(&self) -> &Act {
        &self.likely
    }

    async fn find<'a>(&'a self, _: &mut Tx<'_>) -> Sought<'a, (), Infallible> {
        Ok(Ok((Cow::Borrowed(&self.act), ())))
    }
}

/// Everybody at once; what each came to. Of every third nothing is told before its transaction.
async fn race(servers: &[App; 2], acts: Vec<Act>) -> Vec<Result<Json, AppError>> {
    let running = acts.into_iter().enumerate().map(async |(number, act)| {
        let server = &servers[number % 2];
        let ctx = server.ctx(act.actor.clone());
        if number % 3 > 0 {
            return server.perform(ctx, act, None).await;
        }
        let likely = Act::of(&format!("nobody-{number}"), &act.verb, json!({}));
        let mistaken = Mistaken { likely, act };
        let done = server.perform_found(ctx, mistaken, None, |_, (), _| Box::pin(async { Ok(()) }));
        match done.await? {
            Ok((result, ())) => Ok(result),
            Err(never) => match never {},
        }
    });
    join_all(running).await
}

/// How many went through; the others were refused by a rule.
fn admitted(outcomes: &[Result<Json, AppError>], rule: &str) -> usize {
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        let AppError::Refused(refusal) = refused else {
            panic!("{refused:?}");
        };
        let mut rules = refusal.decision.violations.iter();
        assert!(
            rules.any(|violation| violation.rule.to_string() == rule),
            "{:?}",
            refusal.decision
        );
    }
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

/// A name in one of the spellings in which callers give it.
fn spelled(number: usize, handle: &str, id: &str) -> String {
    match number % 4 {
        0 => handle.to_owned(),
        1 => id.to_owned(),
        2 => id.to_uppercase(),
        _ => format!("{{{id}}}"),
    }
}

macro_rules! id_of {
    ($server:expr, $find:ident, $name:expr) => {{
        let name = $name.to_owned();
        let asked = ask(move |tx: &mut Tx<'_>| {
            let name = name.clone();
            Box::pin(async move { names::$find(tx, &name).await })
        });
        let found = $server.db().read(asked).await.unwrap();
        found.unwrap().id.to_string()
    }};
}

async fn seats(server: &App) -> i64 {
    let all = ask(|tx: &mut Tx<'_>| {
        Box::pin(async move {
            let rows = tx.find::<Subscription>(Subscription::all_rows_sql(), &[]);
            Ok(rows.await?)
        })
    });
    let all = server.db().read(all).await.unwrap();
    all.iter().map(|row| row.quantity).sum()
}

/// Partners that sell the same item, of which the customer may hold ten seats.
fn sellers() -> Vec<Json> {
    let mut given = vec![
        json!({ "item": { "id": "suite-standard", "customer_max": LIMIT } }),
        json!({ "customer": { "id": "C-T", "country": "DE" } }),
    ];
    for number in 0..SELLERS {
        let seller = format!("S-{number}");
        given.push(json!({ "partner": { "id": seller, "type": "direct_bill", "country": "DE" } }));
        given.push(json!({ "relationship": { "partner": seller, "customer": "C-T" } }));
    }
    given
}

#[tokio::test]
async fn ten_of_many_carts_become_orders() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let mut given = sellers();
        let carts = SELLERS * 3;
        given.extend((0..carts).map(|number| {
            json!({ "cart": { "id": format!("cart-{number}"), "partner": format!("S-{}", number % SELLERS),
                "customer": "C-T", "item": "suite-standard", "quantity": 1, "created": NOW } })
        }));
        let servers = servers(&test, given).await;
        let mut acts = Vec::new();
        for number in 0..carts {
            let handle = format!("cart-{number}");
            let id = id_of!(servers[0], cart, handle);
            let cart = spelled(number / SELLERS, &handle, &id);
            let seller = format!("S-{}", number % SELLERS);
            acts.push(Act::of(&seller, "checkout_cart", json!({ "cart": cart })));
        }
        let outcomes = race(&servers, acts).await;
        assert_eq!(admitted(&outcomes, "ORD-020"), 10, "{}", test.engine);
        assert_eq!(seats(&servers[1]).await, LIMIT);
    })
    .await;
}

#[tokio::test]
async fn ten_of_many_orders_are_placed() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let servers = servers(&test, sellers()).await;
        let id = id_of!(servers[0], tenant, "C-T");
        let acts = (0..SELLERS * 3).map(|number| {
            let wanted = json!({ "customer": spelled(number / 2, "C-T", &id), "item": "suite-standard", "quantity": 1 });
            Act::of(&format!("S-{}", number % SELLERS), "order", wanted)
        });
        let outcomes = race(&servers, acts.collect()).await;
        assert_eq!(admitted(&outcomes, "ORD-020"), 10, "{}", test.engine);
        assert_eq!(seats(&servers[1]).await, LIMIT);
    })
    .await;
}

#[tokio::test]
async fn two_of_eight_get_the_seats_that_are_left() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let mut given = sellers();
        given.extend((0..SELLERS).map(|number| {
            json!({ "subscription": { "id": format!("sub-{number}"), "seller": format!("S-{number}"), "customer": "C-T",
                "item": "suite-standard", "quantity": 1, "bought": NOW } })
        }));
        let servers = servers(&test, given).await;
        let mut acts = Vec::new();
        for number in 0..SELLERS {
            let handle = format!("sub-{number}");
            let id = id_of!(servers[0], subscription, handle);
            let params = json!({ "subscription": spelled(number / 2, &handle, &id), "quantity": 2 });
            acts.push(Act::of(&format!("S-{number}"), "change_quantity", params));
        }
        let outcomes = race(&servers, acts).await;
        assert_eq!(admitted(&outcomes, "ORD-020"), 2, "{}", test.engine);
        assert_eq!(seats(&servers[1]).await, LIMIT);
    })
    .await;
}

/// Licences of ten seats, given at once by all partners to users of the one customer.
#[tokio::test]
async fn ten_of_many_users_get_a_licence() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let mut given = sellers();
        let roles = json!(["license_administrator"]);
        for number in 0..SELLERS {
            given.push(json!({ "admin_relationship": { "id": format!("ar-{number}"), "partner": format!("S-{number}"),
                "customer": "C-T", "roles": roles, "assigned": roles } }));
        }
        for half in 0..2 {
            given.push(json!({ "subscription": { "id": format!("sub-{half}"), "seller": format!("S-{half}"), "customer": "C-T",
                "item": "suite-standard", "quantity": LIMIT / 2 } }));
        }
        let users = SELLERS * 3;
        given.extend((0..users).map(|number| {
            json!({ "directory_user": { "id": format!("u{number}"), "customer": "C-T", "first_name": "Una", "last_name": "Marsh" } })
        }));
        let servers = servers(&test, given).await;
        let id = id_of!(servers[0], tenant, "C-T");
        let acts = (0..users).map(|number| {
            let wanted = json!({ "customer": spelled(number / 2, "C-T", &id), "user": format!("u{number}@c-t.example"),
                "assign": [{ "item": "suite-standard" }] });
            Act::of(&format!("S-{}", number % SELLERS), "assign_licences", wanted)
        });
        let outcomes = race(&servers, acts.collect()).await;
        let given = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let none_left = |outcome: &&Result<Json, AppError>| matches!(outcome, Err(AppError::NoneLeft { .. }));
        let refused = outcomes.iter().filter(none_left).count();
        assert_eq!((given, refused), (10, users - 10), "{}", test.engine);
        let all = ask(|tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(tx.find::<Licence>(Licence::all_rows_sql(), &[]).await?) })
        });
        assert_eq!(servers[1].db().read(all).await.unwrap().len(), 10);
    })
    .await;
}

/// An invitation that is withdrawn and accepted at once is either, whoever names whom how.
#[tokio::test]
async fn of_withdrawal_and_acceptance_one_wins() {
    const PAIRS: usize = 6;
    both_engines(schema::MIGRATIONS, |test| async move {
        let mut given = Vec::new();
        for number in 0..PAIRS {
            let (reseller, customer) = (format!("R-{number}"), format!("C-{number}x"));
            given.push(json!({ "partner": { "id": reseller, "type": "indirect_reseller", "country": "DE" } }));
            given.push(json!({ "partnership": { "provider": "IP-1", "reseller": reseller, "state": "invited" } }));
            given.push(json!({ "customer": { "id": customer, "country": "DE" } }));
            given.push(json!({ "relationship": { "partner": "DB-1", "customer": customer, "state": "invited" } }));
        }
        let servers = servers(&test, given).await;
        let provider = id_of!(servers[0], account, "IP-1");
        let seller = id_of!(servers[0], account, "DB-1");
        let mut acts = Vec::new();
        for number in 0..PAIRS {
            let (reseller, customer) = (format!("R-{number}"), format!("C-{number}x"));
            let id = id_of!(servers[0], account, reseller);
            let invited = json!({ "partner": spelled(number, &reseller, &id) });
            let by = json!({ "provider": spelled(number + 1, "IP-1", &provider) });
            acts.push(Act::of("IP-1", "withdraw_partnership", invited));
            acts.push(Act::of(&reseller, "accept_partnership", by));
            let id = id_of!(servers[0], tenant, customer);
            let invited = json!({ "customer": spelled(number + 2, &customer, &id) });
            let by = json!({ "partner": spelled(number + 3, "DB-1", &seller), "accept_agreement": true });
            acts.push(Act::of("DB-1", "withdraw_invitation", invited));
            acts.push(Act::of(&customer, "accept_relationship", by));
        }
        let outcomes = race(&servers, acts).await;
        for pair in outcomes.chunks(2) {
            // Who withdraws what was accepted hears that it is in force.
            let withdrawn = pair[0].as_ref().unwrap().to_string().contains("withdrawn");
            assert_ne!(withdrawn, pair[1].is_ok(), "{}: {pair:?}", test.engine);
        }
    })
    .await;
}
