//! What a decision rests on is declared, and then a limit holds however many race for it.

use std::collections::HashSet;

use tierline_store::testing::both_engines;
use tierline_store::{Command, Db, Lock, Migration, StoreError, Tx, params, statements};

const LIMIT: i64 = 10;
const RACERS: u32 = 80;

static SCHEMA: &[Migration] = &[Migration {
    name: "0001_seats",
    sql: "CREATE TABLE seats (customer {text} NOT NULL, racer {int} NOT NULL, PRIMARY KEY (customer, racer)) {strict};
          CREATE TABLE ties (provider {text} NOT NULL, tenant {text} NOT NULL, PRIMARY KEY (provider, tenant)) {strict};",
}];

statements! {
    TAKEN = "SELECT COUNT(*) FROM seats WHERE customer = $1";
    TAKE = "INSERT INTO seats (customer, racer) VALUES ($1, $2)";
    TIED = "SELECT COUNT(*) FROM ties WHERE tenant = $1";
    TIE = "INSERT INTO ties (provider, tenant) VALUES ($1, $2)";
}

/// When a racer says that it rests on the customer's seats.
#[derive(Clone, Copy, PartialEq)]
enum Declares {
    BeforeItBegins,
    OnItsWay,
    Never,
}

/// Takes one of ten seats, if one is left.
struct TakeSeat {
    customer: &'static str,
    racer: u32,
    declares: Declares,
}

impl Command for TakeSeat {
    type Out = bool;
    type Error = StoreError;

    fn locks(&self) -> Vec<Lock> {
        // Racers are spread over all lanes, but those that say before what they rest on share one in each store.
        let mut locks = vec![Lock::on("racer", &self.racer.to_string())];
        if self.declares == Declares::BeforeItBegins {
            locks.push(Lock::on("customer", self.customer));
        }
        locks
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        if self.declares == Declares::OnItsWay {
            tx.rests_on(Lock::on("customer", self.customer)).await?;
        }
        let taken = tx
            .fetch_optional::<(i64,)>(TAKEN, &params![self.customer])
            .await?;
        let is_free = taken.is_some_and(|(taken,)| taken < LIMIT);
        if is_free {
            tx.execute(TAKE, &params![self.customer, self.racer])
                .await?;
        }
        Ok(is_free)
    }
}

/// Ties a tenant to a provider, if it has none: rests on rows that are not there.
struct TieExclusively {
    provider: String,
}

impl Command for TieExclusively {
    type Out = bool;
    type Error = StoreError;

    fn locks(&self) -> Vec<Lock> {
        vec![
            Lock::on("provider", &self.provider),
            Lock::on("tenant", "t"),
        ]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let tied = tx.fetch_optional::<(i64,)>(TIED, &params!["t"]).await?;
        let is_free = tied == Some((0,));
        if is_free {
            tx.execute(TIE, &params![self.provider, "t"]).await?;
        }
        Ok(is_free)
    }
}

/// Races on two open stores, as two servers would, and counts who got a seat.
async fn race(stores: &[Db; 2], customer: &'static str, declares: Declares) -> usize {
    let racers = (0..RACERS).map(|racer| {
        let store = if racer % 3 == 0 {
            &stores[1]
        } else {
            &stores[0]
        };
        store.write(TakeSeat {
            customer,
            racer,
            declares,
        })
    });
    let seated = futures_util::future::join_all(racers).await;
    seated
        .into_iter()
        .filter(|seat| *seat.as_ref().unwrap())
        .count()
}

#[tokio::test]
async fn exactly_ten_of_ten_get_a_seat() {
    both_engines(SCHEMA, |test| async move {
        let other = Db::open(&test.config, SCHEMA).await.unwrap();
        let stores = [test.db.clone(), other];
        let declared = race(&stores, "declared", Declares::BeforeItBegins);
        assert_eq!(declared.await, 10);
        assert_eq!(race(&stores, "found", Declares::OnItsWay).await, 10);
        // Without the lock READ COMMITTED lets racers see the same free seats: how many is chance, so it is
        // shown and not asserted. SQLite has one writer and needs no lock.
        let seated = race(&stores, "undeclared", Declares::Never).await;
        eprintln!("{}: without the lock {seated} took ten seats", test.engine);
        assert!(seated >= 10);
    })
    .await;
}

#[tokio::test]
async fn an_absence_is_locked_too() {
    both_engines(SCHEMA, |test| async move {
        let other = Db::open(&test.config, SCHEMA).await.unwrap();
        let stores = [&test.db, &other];
        let ties = (0..20).map(|number| {
            stores[number % 2].write(TieExclusively {
                provider: format!("p{number}"),
            })
        });
        let done = futures_util::future::join_all(ties).await;
        assert_eq!(
            done.into_iter()
                .filter(|tied| *tied.as_ref().unwrap())
                .count(),
            1
        );
    })
    .await;
}

#[test]
fn locks_are_told_apart_and_stay_the_same() {
    let locks = [
        Lock::on("a", "bc"),
        Lock::on("ab", "c"),
        Lock::on("a", ""),
        Lock::on("", "a"),
    ];
    assert_eq!(locks.iter().collect::<HashSet<_>>().len(), locks.len());
    // Servers of different releases lock together: the key may never change.
    assert_eq!(
        format!("{:?}", Lock::on("customer", "42")),
        "Lock(-2999222314255377764)"
    );
}
