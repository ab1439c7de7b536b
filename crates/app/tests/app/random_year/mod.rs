//! A random year: anybody tries anything, time passes, the program dies between two steps and once in the middle of one.
//! After each step it is what a naïve model says that it is, and nothing of what must always hold is broken.
//!
//! `TIERLINE_YEARS` sets how many seeds (50 here, 1,000 in `cargo xtask soak`), `TIERLINE_YEARS_FROM` the first of them,
//! `TIERLINE_YEARS_KILLED` in how many of them a process is killed in earnest. A failure names its seed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops where something is wrong, and tells its figures"
)]

mod model;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use model::{
    Ascent, CUSTOMERS, Deed, Model, PARTNERS, PLUS, SEATS_MAX, Standing, State, TIES, TRIAL,
    TRIAL_SEATS, WARES, Wish,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value as Json, json};
use tierline_app::act::Act;
use tierline_app::ask::ask;
use tierline_app::clock::Clock;
use tierline_app::time::{Step, kept_clock};
use tierline_app::{App, AppError, windows, world};
use tierline_domain::admin::{AdminRelationship, AdminState};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::order::Cart;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Charge, Subscription, SubscriptionState};
use tierline_domain::time::{Period, Timestamp};
use tierline_rules::regions;
use tierline_store::log::{self, LogKey};
use tierline_store::tables::Due;
use tierline_store::testing::postgres;
use tierline_store::{Command, Db, DbConfig, Statement, Table, Tx, schema};

/// Steps of a year: about three in four are deeds, the others let time pass.
const STEPS: usize = 60;
/// Of how many steps one is followed by the program's death.
const DEATHS: u32 = 12;
/// Of how many years one is lived on PostgreSQL.
const ON_A_SERVER: u64 = 25;

const HAPPENED: Statement = Statement::new(
    "random_year::HAPPENED",
    "SELECT kind, subject FROM events WHERE outcome = 'succeeded' ORDER BY position",
);

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

fn start() -> Timestamp {
    "2026-01-31T09:00:00Z".parse().unwrap()
}

fn given() -> Vec<Json> {
    let kind = |name: &str| match name {
        "HUB" => "indirect_provider",
        "DIRECT" | "FAR" => "direct_bill",
        _ => "indirect_reseller",
    };
    let country = |region: &str, name: &str| match (region, name) {
        ("Europe", "DIRECT" | "K-DE") => "DE",
        ("Europe", _) => "FR",
        _ => "US",
    };
    let mut given = Vec::new();
    for (name, region) in PARTNERS {
        given.push(json!({ "partner": { "id": name, "type": kind(name), "country": country(region, name) } }));
    }
    for (name, region) in CUSTOMERS {
        given.push(json!({ "customer": { "id": name, "country": country(region, name) } }));
    }
    given.push(json!({ "partnership": { "provider": "HUB", "reseller": "RES" } }));
    for (partner, customer) in TIES {
        given.push(json!({ "relationship": { "partner": partner, "customer": customer } }));
    }
    for ware in WARES {
        let mut item = json!({ "id": ware.name, "max": SEATS_MAX, "prices": { "P1M": ["EUR 10.08"], "P1Y": ["EUR 101.40"], "P3Y": ["EUR 288.00"] } });
        if ware.name == "seat" {
            item["upgrades_to"] = json!([PLUS]);
        }
        if let Some(most) = ware.customer_max {
            item["customer_max"] = json!(most);
        }
        if ware.name == TRIAL {
            item["kind"] = json!("trial");
            item["trial_of"] = json!("seat");
            item["terms"] = json!({ "P1M": ["none"] });
            item["min"] = json!(TRIAL_SEATS);
            item["max"] = json!(TRIAL_SEATS);
        }
        if let Some(base) = ware.needs {
            item["kind"] = json!("add_on");
            item["prerequisites"] = json!([base]);
        }
        given.push(json!({ "item": item }));
    }
    given
}

struct Lay;

impl Command for Lay {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        world::lay(tx, &given(), start()).await
    }
}

/// The table of states: an event, the states in which it may come, and the state after it.
const ARROWS: &[(&str, &[State], State)] = &[
    ("suspend", &[State::Active], State::Suspended),
    ("reactivate", &[State::Suspended], State::Active),
    ("cancel", &[State::Active, State::Suspended], State::Deleted),
    ("subscription_renewed", &[State::Active], State::Active),
    ("trial_converted", &[State::Active], State::Active),
    ("subscription_expired", &[State::Active], State::Expired),
    (
        "subscription_disabled",
        &[State::Suspended, State::Expired],
        State::Disabled,
    ),
    ("subscription_deleted", &[State::Disabled], State::Deleted),
];

/// What is tried next.
#[derive(Clone, Debug)]
enum Next {
    Do(Deed),
    Pass(Period),
}

/// Whether the program did something, and why not: the rules that forbade it.
type Went = Result<(), String>;

/// One seed's year: the program on its file, and what the model remembers.
struct Year {
    seed: u64,
    place: Place,
    app: App,
    model: Model,
    dice: StdRng,
    /// How many things were made, for their names.
    made: usize,
    /// How often each verb went through.
    allowed: BTreeMap<&'static str, usize>,
}

/// Where a year is kept: its database, and beside it its key.
#[derive(Clone)]
struct Place {
    config: DbConfig,
    directory: PathBuf,
}

impl Place {
    fn file(directory: &Path) -> Self {
        Self {
            config: DbConfig::File {
                path: directory.join("world.db"),
            },
            directory: directory.to_owned(),
        }
    }
}

async fn open(place: &Place) -> App {
    let db = Db::open(&place.config, schema::MIGRATIONS).await.unwrap();
    let clock = match kept_clock(&db).await.unwrap() {
        Some(kept) => Clock::kept(&kept),
        None => Clock::pinned(start()),
    };
    App::new(db, clock)
}

async fn every<T: Table + Sync>(app: &App) -> Vec<T> {
    let all = ask(|tx: &mut Tx<'_>| {
        Box::pin(async move { Ok(tx.find::<T>(T::all_rows_sql(), &[]).await?) })
    });
    app.read(all).await.unwrap()
}

/// What is active of an item.
fn active_of(model: &Model, item: &str) -> Vec<String> {
    let subs = model.subs.iter();
    subs.filter(|(_, sub)| sub.item == item && sub.state == State::Active)
        .map(|(name, _)| name.clone())
        .collect()
}

/// A cart that waits, and who tries to check it out: mostly whose it is.
fn some_cart(
    dice: &mut StdRng,
    model: &Model,
    who: &'static str,
) -> Option<(&'static str, String)> {
    let carts = model.carts.iter();
    let carts: Vec<_> = carts.filter(|(_, (_, _, done))| !done).collect();
    let (name, (wish, _, _)) = carts.choose(dice)?;
    let own = dice.random_ratio(9, 10);
    Some((if own { wish.seller } else { who }, (*name).clone()))
}

/// Two that had a relationship.
fn some_parted(dice: &mut StdRng, model: &Model) -> Option<(&'static str, &'static str)> {
    let ties = TIES.iter();
    let parted: Vec<_> = ties
        .filter(|(who, customer)| !model.ties.contains(&(*who, *customer)) && *who != "RES")
        .collect();
    parted.choose(dice).map(|tie| **tie)
}

/// A step up, mostly by whose it is and along the path.
fn ascent(
    dice: &mut StdRng,
    model: &Model,
    (who, sub): (&'static str, String),
    seats: i64,
    name: String,
) -> Deed {
    let of = &model.subs[&sub];
    let whole = i64::try_from(of.seats.len()).unwrap();
    let own = dice.random_ratio(9, 10);
    let listed = dice.random_ratio(9, 10);
    let all = dice.random_ratio(1, 2);
    let months = [None, None, Some(1), Some(12), Some(36)];
    Deed::Upgrade(Ascent {
        who: if own { of.seller } else { who },
        sub,
        to: if listed { PLUS } else { "small" },
        seats: if all { whole } else { seats },
        months: *months.choose(dice).unwrap(),
        into: None,
        name,
    })
}

/// Something is bought, or put into a cart.
fn purchase(
    dice: &mut StdRng,
    (who, customer): (&'static str, &'static str),
    seats: i64,
    name: String,
) -> Deed {
    let item = WARES.choose(dice).unwrap().name;
    let (seats, months) = match item {
        TRIAL if dice.random_ratio(4, 5) => (TRIAL_SEATS, 1),
        _ => (
            seats.min(dice.random_range(1..=SEATS_MAX + 2)),
            *[1, 1, 12, 36].choose(dice).unwrap(),
        ),
    };
    let resellers = [None, None, Some("RES"), Some("LONE"), Some("FAR-RES")];
    let wish = Wish {
        seller: if dice.random_ratio(2, 3) { "HUB" } else { who },
        reseller: *resellers.choose(dice).unwrap(),
        customer,
        item,
        seats,
        months,
        name,
    };
    if dice.random_ratio(1, 4) {
        Deed::Fill(wish)
    } else {
        Deed::Order(wish)
    }
}

impl Year {
    async fn begin(seed: u64, place: &Place) -> Self {
        let app = open(place).await;
        app.db().write(Lay).await.unwrap();
        app.keep_clock().await.unwrap();
        Self::over(seed, place, app)
    }

    fn over(seed: u64, place: &Place, app: App) -> Self {
        Self {
            seed,
            place: place.clone(),
            app,
            model: Model::new(start()),
            dice: StdRng::seed_from_u64(seed),
            made: 0,
            allowed: BTreeMap::new(),
        }
    }

    /// The next step: it follows from the dice and from what is remembered, so that whoever knows the seed knows it.
    fn roll(&mut self) -> Next {
        let dice = &mut self.dice;
        if dice.random_ratio(1, 4) {
            let days = [0, 1, 3, 6, 7, 8, 20, 31, 45, 95];
            return Next::Pass(Period::days(*days.choose(dice).unwrap()));
        }
        let (who, _) = *PARTNERS.choose(dice).unwrap();
        let subs: Vec<String> = self.model.subs.keys().cloned().collect();
        let sub = subs.choose(dice).cloned();
        // Mostly its own seller, sometimes anybody.
        let seller = match sub.as_ref().and_then(|sub| self.model.subs.get(sub)) {
            Some(sub) if dice.random_ratio(9, 10) => sub.seller,
            _ => who,
        };
        let of = sub.as_ref().and_then(|sub| self.model.subs.get(sub));
        // What is scheduled for the end of a trial is a conversion, which is not tried here.
        let paid = of.is_some_and(|sub| sub.item != TRIAL);
        let rights: Vec<String> = self.model.rights.keys().cloned().collect();
        let right = rights.choose(dice).cloned();
        let (customer, _) = *CUSTOMERS.choose(dice).unwrap();
        let seats = dice.random_range(0..=SEATS_MAX + 2);
        let name = format!("N-{}", self.made);
        self.made += 1;
        // What may become something dearer, and what it may go into.
        let lower = active_of(&self.model, "seat").choose(dice).cloned();
        let other = active_of(&self.model, PLUS).choose(dice).cloned();
        let cart = some_cart(dice, &self.model, who);
        let parted = some_parted(dice, &self.model);
        let deed = match (dice.random_range(0..20), sub, right) {
            (15 | 16, Some(sub), _) => {
                let sub = lower.filter(|_| dice.random_ratio(9, 10)).unwrap_or(sub);
                ascent(dice, &self.model, (who, sub), seats, name)
            }
            (17, Some(sub), _) => Deed::Upgrade(Ascent {
                who: seller,
                sub: lower.unwrap_or(sub),
                to: PLUS,
                seats,
                months: None,
                into: other,
                name,
            }),
            (18, _, _) if cart.is_some() => cart.map_or_else(
                || Deed::Part(who, customer),
                |(whose, cart)| Deed::Checkout(whose, cart),
            ),
            (19, _, _) => match parted {
                Some((who, customer)) if dice.random_ratio(1, 2) => Deed::Join(who, customer),
                _ => Deed::Part(who, customer),
            },
            (4..=6, Some(sub), _) => Deed::Seats(seller, sub, seats),
            (7, Some(sub), _) => Deed::Cancel(seller, sub),
            (8, Some(sub), _) => Deed::Suspend(seller, sub),
            (9, Some(sub), _) => Deed::Reactivate(seller, sub),
            (10, Some(sub), _) => Deed::Renewal(seller, sub, dice.random_ratio(1, 2)),
            (11, Some(sub), _) if paid => Deed::Schedule(seller, sub, seats),
            (14, Some(sub), _) => Deed::Lengthen(seller, sub, *[1, 12, 36].choose(dice).unwrap()),
            (12, _, Some(right)) => Deed::Approve(customer, right),
            (13, _, Some(right)) if dice.random_ratio(1, 2) => Deed::Terminate(who, right),
            (12 | 13, _, _) => Deed::AskRights(who, customer, name, dice.random_range(0..=740)),
            _ => purchase(dice, (who, customer), seats, name),
        };
        Next::Do(deed)
    }

    /// Has the program do it, and says why not where it did not.
    async fn carry_out(&self, next: &Next) -> Result<Went, String> {
        match next {
            Next::Pass(period) => {
                let moved = self.app.advance(Step::By(*period)).await;
                let moved = moved.map_err(|error| error.to_string())?;
                assert_eq!(moved.set_aside, 0, "seed {}: something is stuck", self.seed);
                Ok(Ok(()))
            }
            Next::Do(deed) => {
                let (who, verb, mut params) = deed.told();
                if let Deed::Checkout(_, name) = deed
                    && let Some(handle) = self.cart(name).await
                {
                    params["cart"] = json!(handle);
                }
                let went = self.perform(Act::of(who, verb, params)).await?;
                let Deed::Join(_, customer) = deed else {
                    return Ok(went);
                };
                let accepted = json!({ "partner": who });
                self.perform(Act::of(customer, "accept_relationship", accepted))
                    .await
            }
        }
    }

    async fn perform(&self, act: Act) -> Result<Went, String> {
        let ctx = self.app.ctx(act.actor.clone());
        match self.app.perform(ctx, act, None).await {
            Ok(_) => Ok(Ok(())),
            Err(AppError::Refused(refusal)) => {
                let rules = refusal.decision.violations.iter();
                let rules: Vec<_> = rules.map(|violation| violation.rule.to_string()).collect();
                Ok(Err(rules.join(", ")))
            }
            Err(error @ (AppError::NotFound { .. } | AppError::Forbidden(_))) => {
                Ok(Err(error.to_string()))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// The id of a cart, which is found by the name on its line.
    async fn cart(&self, name: &str) -> Option<String> {
        let carts = every::<Cart>(&self.app).await;
        let is_it = |cart: &&Cart| {
            let mut lines = cart.lines.iter();
            lines.any(|line| line.friendly_name.as_deref() == Some(name))
        };
        carts.iter().find(is_it).map(|cart| cart.handle.clone())
    }

    /// What the model makes of it; false where it would have been refused.
    fn remember(&mut self, next: &Next) -> bool {
        match next {
            Next::Pass(period) => {
                self.model.pass(self.model.now.plus(*period).unwrap());
                true
            }
            Next::Do(deed) => {
                let allowed = self.model.allows(deed);
                if allowed {
                    self.model.done(deed);
                    *self.allowed.entry(deed.told().1).or_default() += 1;
                }
                allowed
            }
        }
    }

    async fn step(&mut self) {
        let next = self.roll();
        let charges = every::<Charge>(&self.app).await.len();
        let went = self.carry_out(&next).await;
        let seed = self.seed;
        let went = went.unwrap_or_else(|error| panic!("seed {seed}: {next:?}: {error}"));
        let now = self.model.now;
        let foreseen = self.remember(&next);
        assert_eq!(
            went.is_ok(),
            foreseen,
            "seed {seed}: {next:?} at {now}: {went:?}, of {:?}",
            self.model
        );
        if went.is_err() {
            let after = every::<Charge>(&self.app).await.len();
            assert_eq!(
                charges, after,
                "seed {seed}: {next:?} was refused and booked something"
            );
        }
        self.agree(&format!("{next:?}")).await;
    }

    /// Program and model say the same of everything, and what must always hold holds.
    async fn agree(&self, after: &str) {
        if let Some(difference) = self.difference().await {
            panic!("seed {}: after {after}: {difference}", self.seed);
        }
    }

    async fn difference(&self) -> Option<String> {
        let now = self.app.clock().world_now();
        if now != self.model.now {
            return Some(format!("it is {now}, and not {}", self.model.now));
        }
        let rows = every::<Subscription>(&self.app).await;
        if rows.len() != self.model.subs.len() {
            return Some(format!(
                "{} subscriptions, and not {}",
                rows.len(),
                self.model.subs.len()
            ));
        }
        for row in &rows {
            let Some(sub) = self.model.subs.get(&row.handle) else {
                return Some(format!("{} is not known", row.handle));
            };
            let open = windows::reducible(row, now)
                .iter()
                .map(|(seats, _)| *seats)
                .sum::<i64>();
            let found = (
                row.quantity,
                row.term_end,
                row.renewal,
                row.scheduled_quantity,
                row.state,
            );
            let state = match sub.state {
                State::Active => SubscriptionState::Active,
                State::Suspended => SubscriptionState::Suspended,
                State::Expired => SubscriptionState::Expired,
                State::Disabled => SubscriptionState::Disabled,
                State::Deleted => SubscriptionState::Deleted,
            };
            let count = |seats: usize| i64::try_from(seats).unwrap();
            let foreseen = (
                count(sub.seats.len()),
                Some(sub.end()),
                sub.renewal,
                sub.scheduled.map(count),
                state,
            );
            if found != foreseen || open != count(sub.open(now)) {
                return Some(format!(
                    "{} is {found:?} with {open} open, and not {foreseen:?} with {}",
                    row.handle,
                    sub.open(now)
                ));
            }
        }
        let ties = every::<Relationship>(&self.app).await;
        let active = ties
            .iter()
            .filter(|tie| tie.state == RelationshipState::Active);
        if active.count() != self.model.ties.len() {
            return Some(format!("{ties:?}, and not {:?}", self.model.ties));
        }
        let rights = every::<AdminRelationship>(&self.app).await;
        for row in &rights {
            let standing = match row.state {
                AdminState::ApprovalPending => Standing::Asked,
                AdminState::Approved => Standing::Approved,
                AdminState::Activating => Standing::Activating,
                AdminState::Active => Standing::Active,
                AdminState::Expiring => Standing::Expiring,
                AdminState::TerminationRequested => Standing::Ending,
                AdminState::Terminating => Standing::Terminating,
                AdminState::Expired => Standing::Expired,
                AdminState::Terminated => Standing::Terminated,
            };
            let foreseen = self
                .model
                .rights
                .get(&row.handle)
                .map(|right| right.standing);
            if foreseen != Some(standing) {
                return Some(format!(
                    "rights {} are {standing:?}, and not {foreseen:?}",
                    row.handle
                ));
            }
        }
        if rights.len() != self.model.rights.len() {
            return Some("there are other rights than that".to_owned());
        }
        self.broken(&rows).await
    }

    /// What must hold whatever happened.
    async fn broken(&self, rows: &[Subscription]) -> Option<String> {
        let now = self.app.clock().world_now();
        let overdue = every::<Due>(&self.app).await;
        if let Some(late) = overdue
            .iter()
            .find(|item| item.done.is_none() && item.due <= now)
        {
            return Some(format!(
                "{} of {} was due at {}",
                late.kind, late.subject, late.due
            ));
        }
        if let Some(early) = overdue
            .iter()
            .find(|item| item.done.is_some_and(|done| done < item.due))
        {
            return Some(format!(
                "{} of {} was done too early",
                early.kind, early.subject
            ));
        }
        let region = |country| regions::region_on(country, now.date()).map(|fact| fact.region);
        let (accounts, tenants) = (
            every::<Account>(&self.app).await,
            every::<Tenant>(&self.app).await,
        );
        let charges = every::<Charge>(&self.app).await;
        for row in rows {
            let seller = accounts
                .iter()
                .find(|account| Some(account.id) == row.seller)
                .expect("a seller on record");
            let buyer = tenants.iter().find(|tenant| tenant.id == row.customer);
            let buyer = buyer.expect("a customer on record");
            if region(seller.country) != region(buyer.country) {
                return Some(format!("{} was sold across regions", row.handle));
            }
            let own: Vec<&Charge> = charges
                .iter()
                .filter(|charge| charge.subscription == row.id)
                .collect();
            if own.iter().map(|charge| charge.amount.minor).sum::<i64>() < 0 {
                return Some(format!(
                    "more was given back for {} than was charged",
                    row.handle
                ));
            }
            let kinds = own.iter().map(|charge| charge.kind.as_str());
            let renewals = kinds.filter(|kind| *kind == "renew").count();
            let foreseen = self.model.subs[&row.handle].renewals;
            if i32::try_from(renewals).unwrap() != foreseen {
                return Some(format!(
                    "{} renewed {renewals} times, and not {foreseen}",
                    row.handle
                ));
            }
        }
        self.off_the_arrows().await
    }

    /// Walks every subscription along its events: each must be an arrow of the table of states.
    async fn off_the_arrows(&self) -> Option<String> {
        let events = ask(|tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(tx.fetch_all::<(String, String)>(HAPPENED, &[]).await?) })
        });
        let mut states: BTreeMap<String, State> = BTreeMap::new();
        for (kind, subject) in self.app.read(events).await.unwrap() {
            let Some((_, from, to)) = ARROWS.iter().find(|(event, _, _)| *event == kind) else {
                continue;
            };
            let state = states.entry(subject.clone()).or_insert(State::Active);
            if !from.contains(state) {
                return Some(format!("{subject}: {kind} while it was {state:?}"));
            }
            *state = *to;
        }
        None
    }

    /// The program is gone from one moment to the next; what it left behind is opened, and its log is whole.
    async fn die(self) -> Self {
        let Self { app, place, .. } = self;
        drop(app);
        let app = open(&place).await;
        let key = Arc::new(LogKey::load_or_create(&place.directory.join("log.pem")).unwrap());
        log::seal_all(app.db(), &key, app.clock().server_now())
            .await
            .unwrap();
        let whole = ask(move |tx: &mut Tx<'_>| {
            let key = Arc::clone(&key);
            Box::pin(async move { Ok(log::verify_log(tx, &key).await?) })
        });
        let whole = app.read(whole).await.unwrap();
        assert!(
            whole.broken.is_none(),
            "seed {}: {:?}",
            self.seed,
            whole.broken
        );
        Self { place, app, ..self }
    }

    async fn live(mut self, steps: usize) -> BTreeMap<&'static str, usize> {
        for _ in 0..steps {
            self.step().await;
            // Other dice, so that a life that was cut short rolls the same steps.
            let after = self.model.now.as_micros().unsigned_abs()
                ^ self.seed
                ^ u64::try_from(self.made).unwrap();
            if StdRng::seed_from_u64(after).random_ratio(1, DEATHS) {
                self = self.die().await;
                self.agree("a death").await;
            }
        }
        self.allowed
    }
}

#[tokio::test]
async fn random_years_are_as_the_model_says() {
    let (count, first) = (
        number("TIERLINE_YEARS", 50),
        number("TIERLINE_YEARS_FROM", 1),
    );
    let mut allowed: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in first..first + count {
        let directory = tempfile::tempdir().unwrap();
        let mut place = Place::file(directory.path());
        // Some are lived on a server, where there is one.
        if seed % ON_A_SERVER == 0
            && let Some(server) = postgres(schema::MIGRATIONS).await
        {
            server.db.shutdown().await;
            place.config = server.config.clone();
        }
        for (verb, count) in Year::begin(seed, &place).await.live(STEPS).await {
            *allowed.entry(verb).or_default() += count;
        }
    }
    println!("{count} years of {STEPS} steps, in which went through: {allowed:?}");
    // A kind of deed that never goes through shows nothing.
    let verbs = [
        "order",
        "create_cart",
        "checkout_cart",
        "change_quantity",
        "cancel",
        "suspend",
        "reactivate",
        "set_renewal",
        "schedule_change",
        "change_term",
        "upgrade",
        "remove_relationship",
        "invite_customer",
        "request_admin",
        "approve_admin",
    ];
    let missing: Vec<_> = verbs
        .iter()
        .filter(|verb| !allowed.contains_key(**verb))
        .collect();
    assert!(count < 50 || missing.is_empty(), "{missing:?}");
}

/// Where the child of the next test lives, and by which seed.
const PLACE: &str = "TIERLINE_YEARS_PLACE";
const SEED: &str = "TIERLINE_YEARS_SEED";

#[tokio::test]
async fn a_killed_year_goes_on_where_it_stopped() {
    if let Some(place) = std::env::var_os(PLACE) {
        let place = Place::file(Path::new(&place));
        let mut year = Year::begin(number(SEED, 1), &place).await;
        println!("begun");
        loop {
            let next = year.roll();
            drop(year.carry_out(&next).await.unwrap());
            year.remember(&next);
            println!("done");
        }
    }
    for seed in 1..=number("TIERLINE_YEARS_KILLED", 2) {
        let place = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args([
            "--exact",
            "--nocapture",
            "random_year::a_killed_year_goes_on_where_it_stopped",
        ]);
        child.env(PLACE, place.path()).env(SEED, seed.to_string());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut until = StdRng::seed_from_u64(seed).random_range(1..STEPS);
        while until > 0 {
            let line = lines.next().expect("it lives until it is killed").unwrap();
            until -= usize::from(line == "done");
        }
        child.kill().unwrap();
        // What it said between the last look and its end counts too.
        let known = lines
            .map_while(Result::ok)
            .filter(|line| line == "done")
            .count();
        child.wait().unwrap();
        let place = Place::file(place.path());
        let mut year = Year::over(seed, &place, open(&place).await);
        let done = StdRng::seed_from_u64(seed).random_range(1..STEPS) + known;
        for _ in 0..done {
            let next = year.roll();
            year.remember(&next);
        }
        year.resume().await;
        year.live(STEPS / 4).await;
    }
}

impl Year {
    /// After a kill: the step that was under way was done, or was not, or, where time was passing, in part.
    async fn resume(&mut self) {
        self.app.fall_due().await.unwrap();
        let reached = self.app.clock().world_now();
        if self.difference().await.is_none() {
            return;
        }
        let next = self.roll();
        let begun = self.model.clone();
        if let Next::Pass(_) = next {
            assert!(
                reached >= begun.now,
                "seed {}: time ran backwards",
                self.seed
            );
            self.model.pass(reached);
        } else {
            self.remember(&next);
        }
        self.agree(&format!("a kill in {next:?}")).await;
    }
}
