//! Durable checkouts a second: through the store alone, with everything that a checkout of the program decides and
//! records, and end to end over HTTP, beside `pgbench -N` in the same run.
//!
//! *Store* is what a checkout asks of the store: six reads, six rows written and a pair of charges, durable when it is
//! answered. *Program* is the command itself: the rules with their facts, the stored decision, order, subscription,
//! schedule, charges, the change log and the audit record.
//!
//! `cargo xtask soak checkouts` starts a durable PostgreSQL cluster and runs this. The first argument is a
//! connection string of its `postgres` database, the second a directory on the disk that SQLite shall use. Every
//! figure is the median of five rounds, in which all contestants take their turns. Whoever works on one of
//! them adds its name and a number of clients: `sqlite 32` measures these alone, round by round.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it stops where something is wrong, prints its figures and calls its own server"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use tierline_app::act::Act;
use tierline_app::clock::Clock;
use tierline_app::ctx::Ids;
use tierline_app::demo::LayWorld;
use tierline_app::{App, AppError};
use tierline_domain::catalog::Item;
use tierline_domain::customer::{Customer, Relationship};
use tierline_domain::money::{Currency, Money};
use tierline_domain::order::{Cart, Line, Order, OrderState};
use tierline_domain::partner::Account;
use tierline_domain::subscription::{
    Charge, ChargeKind, CreditLine, Subscription, SubscriptionState,
};
use tierline_domain::time::Timestamp;
use tierline_store::log::{Event, Outcome};
use tierline_store::{Ahead, Command, Db, DbConfig, Lock, Tx, Written, schema, tables};
use uuid::Uuid;

mod load;

use load::Call;

// As the server does.
#[used]
static ALLOCATOR: fn(&mimalloc::MiMalloc) -> u32 = mimalloc::MiMalloc::version;

const CLIENTS: [usize; 4] = [1, 8, 32, 64];
const ROUNDS: usize = 5;
/// Carts of one customer, below the ceiling of 300 subscriptions a tenant (ORD-040).
const CARTS_OF_ONE: usize = 200;
/// Direct-bill partners that sell; customers are spread among them, as `pgbench` spreads accounts among branches.
const SELLERS: usize = 8;
/// How long `pgbench` runs each time, in seconds.
const SECONDS: usize = 4;
/// Clients over HTTP.
const HTTP_CLIENTS: usize = 32;
/// Checkouts over HTTP before any counts: the server is new, and so are its connections; those of the store and the program are not.
const WARM_UP: usize = 1_000;
/// Turns of the store have carts of their own.
const STORE_TURNS: usize = 1_000;
/// Where the worlds' clocks begin; they run, as they do in production, and ids follow them.
const NOW: &str = "2023-11-15T12:00:00Z";

/// Checkouts of one turn: enough to be steady, few enough for one client.
const fn checkouts(clients: usize) -> usize {
    if clients == 1 { 1_000 } else { 4_000 }
}

/// The carts of one turn, as facts: every cart of a customer of its own group.
fn carts(turn: usize, count: usize) -> Vec<Value> {
    let mut given = Vec::new();
    for cart in 0..count {
        let customer = format!("c-{turn}-{}", cart / CARTS_OF_ONE);
        if cart % CARTS_OF_ONE == 0 {
            given.push(json!({ "customer": { "id": customer, "country": "DE" } }));
            given
                .push(json!({ "relationship": { "partner": seller(cart), "customer": customer } }));
        }
        // Neighbours in time buy for different customers, as they would.
        let name = name(turn, cart);
        given.push(json!({ "cart": { "id": name, "partner": seller(cart), "customer": customer, "item": "suite-standard", "quantity": 5, "created": NOW } }));
    }
    given
}

/// Who sells what is in a cart.
fn seller(cart: usize) -> String {
    format!("S-{}", cart / CARTS_OF_ONE % SELLERS)
}

fn name(turn: usize, cart: usize) -> String {
    format!("cart-{turn}-{cart}")
}

/// Carts in an order in which neighbours belong to different customers.
fn spread(count: usize) -> Vec<usize> {
    let customers = count.div_ceil(CARTS_OF_ONE);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|cart| (cart % CARTS_OF_ONE) * customers + cart / CARTS_OF_ONE);
    order
}

fn world() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/world.yaml");
    let (_, mut given) = tierline_app::check::read_world(&path).unwrap();
    given.extend((0..SELLERS).map(|number| {
        json!({ "partner": { "id": format!("S-{number}"), "type": "direct_bill", "country": "DE" } })
    }));
    given
}

async fn open(config: DbConfig) -> App {
    let db = Db::open(&config, schema::MIGRATIONS).await.unwrap();
    let clock = Clock::wall();
    clock.move_to(NOW.parse().unwrap());
    let app = App::new(db, clock);
    lay(&app, world()).await;
    app
}

async fn lay(app: &App, given: Vec<Value>) {
    let now = NOW.parse().unwrap();
    app.db().write(LayWorld { given, now }).await.unwrap();
}

/// Checkouts of a turn, by so many clients at a time.
async fn race<F, D>(clients: usize, count: usize, checkout: F) -> u64
where
    F: Fn(usize) -> D + Clone + Send + 'static,
    D: Future<Output = ()> + Send,
{
    let (order, next) = (Arc::new(spread(count)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (order, next, checkout) = (Arc::clone(&order), Arc::clone(&next), checkout.clone());
            tokio::spawn(async move {
                while let Some(cart) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    checkout(*cart).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    rate(count, begun)
}

/// Checkouts a second by the program's own command.
async fn by_the_program(app: &App, turn: usize, clients: usize) -> u64 {
    let count = checkouts(clients);
    lay(app, carts(turn, count)).await;
    let app = app.clone();
    race(clients, count, move |cart| {
        let app = app.clone();
        async move {
            // As a caller over HTTP does, it says whose cart it is.
            let customer = format!("c-{turn}-{}", cart / CARTS_OF_ONE);
            let named = json!({ "cart": name(turn, cart), "customer": customer });
            let act = Act::of(&seller(cart), "checkout_cart", named);
            let ctx = app.ctx(act.actor.clone());
            app.perform(ctx, act, None).await.unwrap();
        }
    })
    .await
}

/// Checkouts a second through the store alone.
async fn through_the_store(app: &App, turn: usize, clients: usize) -> u64 {
    let turn = turn + STORE_TURNS;
    let count = checkouts(clients);
    lay(app, carts(turn, count)).await;
    let app = app.clone();
    race(clients, count, move |cart| {
        let app = app.clone();
        async move {
            let now = app.clock().world_now();
            app.db().write(Checkout::of(turn, cart, now)).await.unwrap();
        }
    })
    .await
}

/// What a checkout asks of the store, and nothing else.
struct Checkout {
    seller: String,
    cart: String,
    now: Timestamp,
}

impl Checkout {
    fn of(turn: usize, cart: usize, now: Timestamp) -> Self {
        Self {
            seller: seller(cart),
            cart: name(turn, cart),
            now,
        }
    }

    fn order(&self, ids: &Ids, seller: &Account, cart: &Cart) -> Order {
        Order {
            id: ids.next(),
            handle: format!("order of {}", self.cart),
            partner: seller.id,
            customer: cart.customer,
            lines: Vec::new(),
            state: OrderState::Completed,
            placed: self.now,
            currency: Currency::USD,
            // A number of its own: none is counted here.
            number: i64::from_be_bytes(ids.uuid().as_bytes()[8..].try_into().unwrap()) >> 1,
            home: cart.home.clone(),
            version: 1,
        }
    }

    fn subscription(&self, ids: &Ids, order: &Order, line: &Line) -> Subscription {
        Subscription {
            id: ids.next(),
            handle: format!("subscription of {}", self.cart),
            seller: Some(order.partner),
            customer: order.customer,
            item: line.item,
            quantity: line.quantity,
            term: line.term,
            frequency: line.frequency,
            partner_of_record: None,
            state: SubscriptionState::Active,
            bought: self.now,
            renewed: None,
            term_end: line.term.last_day(self.now.date()),
            renewal: true,
            renewal_queued: false,
            currency: Currency::USD,
            promotion: None,
            unit_price: None,
            batches: Vec::new(),
            scheduled_quantity: None,
            next_term: None,
            began: None,
            pending_frequency: None,
            upgraded: None,
            converted_from_trial: false,
            trial: None,
            updates: 0,
            order_id: Some(order.id),
            order_handle: None,
            parent: None,
            resource: None,
            deprovisioned: false,
            default_owner: true,
            support_contact: None,
            friendly_name: None,
            home: order.home.clone(),
            version: 1,
        }
    }
}

impl Command for Checkout {
    type Out = ();
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::on("name", &self.seller), Lock::on("name", &self.cart)]
    }

    fn ahead(&self) -> Vec<Ahead> {
        let cart = tierline_store::Value::Text(self.cart.clone());
        vec![Ahead::rows::<Cart>(tables::carts::BY_HANDLE, vec![cart])]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let key = |id: Uuid| [tierline_store::Value::Id(id)];
        let text = |text: &str| [tierline_store::Value::Text(text.to_owned())];
        let (seller, cart) = (text(&self.seller), text(&self.cart));
        let seller = tx.find::<Account>(tables::accounts::BY_HANDLE, &seller);
        let seller = seller.await?.pop().unwrap();
        let cart = tx.find::<Cart>(tables::carts::BY_HANDLE, &cart);
        let mut cart = cart.await?.pop().unwrap();
        let customer: Customer = tx.get(&key(cart.customer.uuid())).await?.unwrap();
        let tie = [seller.id.uuid(), customer.tenant.uuid()].map(tierline_store::Value::Id);
        let _: Relationship = tx.get(&tie).await?.unwrap();
        let line = cart.lines.first().unwrap().clone();
        let _: Item = tx.get(&key(line.item.uuid())).await?.unwrap();
        let credit: Option<CreditLine> = tx.get(&key(seller.id.uuid())).await?;
        assert!(credit.is_none(), "no limit stands in the way");

        let ids = Ids::named("checkout", &self.cart, self.now);
        let order = self.order(&ids, &seller, &cart);
        let subscription = self.subscription(&ids, &order, &line);
        let charge = |position, minor| Charge {
            id: ids.next(),
            subscription: subscription.id,
            position,
            kind: ChargeKind::New,
            amount: Money::new(minor, Currency::USD),
            from_day: self.now.date(),
            until_day: self.now.date(),
            booked: self.now,
            basis: tierline_domain::billing::Basis::times(1),
            unit_price: Money::new(minor, Currency::USD),
            seller: subscription.seller,
            reseller: None,
            customer: subscription.customer,
            item: subscription.item,
            term: subscription.term,
            frequency: subscription.frequency,
            priced_on: self.now.date(),
            home: subscription.home.clone(),
        };
        tx.insert(&order).await?;
        tx.insert(&subscription).await?;
        tx.insert(&charge(1, 100)).await?;
        tx.insert(&charge(2, -100)).await?;
        let due = tables::Due {
            id: ids.uuid(),
            due: self.now,
            kind: "bench".to_owned(),
            subject: subscription.handle.clone(),
            done: Some(self.now),
            problem: None,
        };
        tx.insert(&due).await?;
        let decision = tables::StoredDecision {
            id: ids.uuid(),
            at_world: self.now,
            checkpoint: "checkout_cart".to_owned(),
            actor: seller.handle.clone(),
            subject: self.cart.clone(),
            allowed: true,
            rules: tierline_store::Json(Vec::new()),
            facts: Written::of(&Value::Null),
            profile: "bench".to_owned(),
        };
        tx.insert(&decision).await?;
        cart.became = Some(order.id);
        cart.version += 1;
        tx.put(&cart).await?;
        let event = Event {
            id: ids.uuid(),
            at_world: self.now,
            at_server: self.now,
            home: cart.home.clone(),
            kind: "cart.checked_out".to_owned(),
            subject_kind: "cart".to_owned(),
            subject: self.cart.clone(),
            actor: seller.handle,
            tenant: None,
            outcome: Outcome::Succeeded,
            rule: None,
            digest: Vec::new(),
            data: json!({}),
        };
        Ok(tx.append(&event).await?)
    }
}

fn rate(count: usize, begun: Instant) -> u64 {
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap().max(1);
    u64::try_from(count).unwrap() * 1_000_000 / micros
}

struct Server {
    process: Child,
    base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A server over a world in a file, in which the carts of its turn stand already.
fn serve(directory: &Path, database: Option<&str>, given: &[Value]) -> Server {
    let file = directory.join("world.yaml");
    let mut text = format!("today: {NOW}\ngiven:\n");
    for fact in world().iter().chain(given) {
        writeln!(text, "  - {fact}").unwrap();
    }
    std::fs::write(&file, text).unwrap();
    let mut command = Process::new(env!("CARGO_BIN_EXE_tierline"));
    command
        .args(["serve", "--sandbox", "--listen", "127.0.0.1:0"])
        .arg("--world")
        .arg(&file)
        .arg("--data-dir")
        .arg(directory)
        .args(database.iter().flat_map(|url| ["--database", url]))
        .stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let base = first.split_whitespace().last().unwrap().to_owned();
    std::thread::spawn(move || lines.for_each(drop));
    Server { process, base }
}

/// A call without a body, for the server whose address it names.
fn post(base: &str, path: &str, token: &str) -> Call {
    let token = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    let (_, host) = base.split_once("//").unwrap();
    Request::post(path)
        .header(HOST, host)
        .header(AUTHORIZATION, token)
        .body(Full::default())
        .unwrap()
}

/// Checkouts a second over HTTP.
async fn over_http(directory: &Path, database: Option<&str>, turn: usize) -> u64 {
    let count = WARM_UP + checkouts(HTTP_CLIENTS);
    let server = serve(directory, database, &carts(turn, count));
    let http = reqwest::Client::new();
    let all: Value = http
        .get(format!("{}/sandbox/credentials", server.base))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let principals = all["principals"].as_array().unwrap();
    let token_of = |handle: &str| {
        let one = principals.iter().find(|one| one["handle"] == handle);
        one.unwrap()["accessTokenUser"].as_str().unwrap().to_owned()
    };
    let tokens: Vec<String> = (0..SELLERS)
        .map(|cart| token_of(&seller(cart * CARTS_OF_ONE)))
        .collect();
    let calls = spread(count).into_iter().map(|cart| {
        let customer = format!("c-{turn}-{}", cart / CARTS_OF_ONE);
        let cart_name = name(turn, cart);
        let path = format!("/v1/customers/{customer}/carts/{cart_name}/checkout");
        let token = &tokens[cart / CARTS_OF_ONE % SELLERS];
        post(&server.base, &path, token)
    });
    let mut warm_up: Vec<Call> = calls.collect();
    let measured = warm_up.split_off(WARM_UP);
    let base = server.base.clone();
    load::on_one_thread(async move {
        let mut connections = load::connections(&base, HTTP_CLIENTS).await;
        load::turn(&mut connections, warm_up.into_iter()).await;
        let (count, begun) = (measured.len(), Instant::now());
        load::turn(&mut connections, measured.into_iter()).await;
        rate(count, begun)
    })
}

/// A new database of a server; its connection string.
fn database(server: &str, name: &str) -> String {
    let made = Process::new("psql")
        .args([server, "-qc", &format!("CREATE DATABASE {name}")])
        .status();
    assert!(made.unwrap().success());
    let (host, _) = server.rsplit_once('/').unwrap();
    format!("{host}/{name}")
}

/// Transactions a second of `pgbench -N`.
fn pgbench(server: &str, clients: usize) -> u64 {
    let output = Process::new("pgbench")
        .args(["-N", "-n", "-M", "prepared", "-j", "2"])
        .args([
            "-c",
            &clients.to_string(),
            "-T",
            &SECONDS.to_string(),
            server,
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    rate.split('.').next().unwrap().parse().unwrap()
}

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}

/// A ratio with two decimals.
fn ratio(one: u64, other: u64) -> String {
    let hundredths = one * 100 / other.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// One engine and one number of clients, round by round: how fast it is as its database grows.
async fn alone(server: &str, place: &str, engine: &str, clients: usize) {
    std::fs::create_dir_all(place).unwrap();
    let url = (engine == "postgres").then(|| database(server, "checkouts"));
    let file = Path::new(place).join("checkouts.db");
    let app = open(DbConfig::of(url, file)).await;
    for turn in 0..ROUNDS {
        let store = through_the_store(&app, turn, clients).await;
        let program = by_the_program(&app, turn, clients).await;
        println!("{engine}: store {store}, program {program}");
    }
    let directory = Path::new(place).join("http");
    std::fs::create_dir_all(&directory).unwrap();
    let url = (engine == "postgres").then(|| database(server, "http"));
    let http = over_http(&directory, url.as_deref(), ROUNDS).await;
    println!("{engine}: over HTTP {http}");
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let (server, place) = match words.as_slice() {
        [server, place] => (server, place),
        [server, place, engine, clients] => {
            return alone(server, place, engine, clients.parse().unwrap()).await;
        }
        _ => {
            println!(
                "give a connection string and a directory, or run `cargo xtask soak checkouts`"
            );
            return;
        }
    };
    let place = PathBuf::from(place);
    std::fs::create_dir_all(&place).unwrap();
    let yardstick = database(server, "yardstick");
    let made = Process::new("pgbench")
        .args(["-i", "-q", "-s", "64", &yardstick])
        .output();
    assert!(made.unwrap().status.success());
    let sqlite = open(DbConfig::of(None, place.join("checkouts.db"))).await;
    let url = database(server, "checkouts");
    let postgres = open(DbConfig::of(Some(url), PathBuf::new())).await;

    let mut turn = 0;
    let mut found = vec![[const { Vec::new() }; 5]; CLIENTS.len()];
    let mut http: [Vec<u64>; 2] = Default::default();
    for round in 0..ROUNDS {
        for (clients, [yard, rates @ ..]) in CLIENTS.into_iter().zip(&mut found) {
            turn += 1;
            yard.push(pgbench(&yardstick, clients));
            let [lite_store, lite, pg_store, pg] = rates;
            lite_store.push(through_the_store(&sqlite, turn, clients).await);
            lite.push(by_the_program(&sqlite, turn, clients).await);
            pg_store.push(through_the_store(&postgres, turn, clients).await);
            pg.push(by_the_program(&postgres, turn, clients).await);
        }
        for (engine, rates) in http.iter_mut().enumerate() {
            let directory = place.join(format!("http-{engine}-{round}"));
            std::fs::create_dir_all(&directory).unwrap();
            let url = (engine == 1).then(|| database(server, &format!("http{round}")));
            rates.push(over_http(&directory, url.as_deref(), turn).await);
        }
    }
    println!("durable checkouts a second; in brackets the ratio to pgbench -N");
    println!(
        "{:>8} {:>10} {:>16} {:>16} {:>16} {:>16}",
        "clients", "pgbench -N", "SQLite store", "program", "PostgreSQL store", "program"
    );
    for (clients, [yard, rates @ ..]) in CLIENTS.into_iter().zip(&found) {
        let yard = median(yard);
        let medians = rates.each_ref().map(|rates| median(rates));
        let shown = medians.map(|rate| format!("{rate} ({})", ratio(rate, yard)));
        let [lite_store, lite, pg_store, pg] = &shown;
        println!("{clients:>8} {yard:>10} {lite_store:>16} {lite:>16} {pg_store:>16} {pg:>16}");
        if clients == HTTP_CLIENTS {
            let [lite_store, lite, pg_store, pg] = medians;
            let [over_lite, over_pg] = http.each_ref().map(|rates| median(rates));
            println!(
                "over HTTP, {clients} clients; the ratio to the program, to the store alone and to pgbench -N"
            );
            for (engine, over, program, store) in [
                ("SQLite", over_lite, lite, lite_store),
                ("PostgreSQL", over_pg, pg, pg_store),
            ] {
                let [program, store, yard] = [program, store, yard].map(|rate| ratio(over, rate));
                println!("{engine:>10} {over:>6} ({program}, {store}, {yard})");
            }
        }
    }
}
