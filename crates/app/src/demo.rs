//! The demo world: the same small program at every start.

use serde_json::{Value as Json, json};
use tierline_domain::time::Timestamp;
use tierline_store::{Command, Tx};

use crate::act::{Act, perform};
use crate::actor::ActorSpec;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::{demo_history, world};

/// The facts of the demo world, in the format of scenario worlds.
const FACTS: &str = include_str!("../../../program/demo.yaml");

/// Lays the demo world down, and does what a program is busy with: open order requests.
pub struct LayDemo {
    /// The instant at which the world starts.
    pub now: Timestamp,
}

/// Lays a world file's facts down.
pub struct LayWorld {
    /// The facts.
    pub given: Vec<Json>,
    /// The instant at which the world starts.
    pub now: Timestamp,
}

impl Command for LayWorld {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        world::lay(tx, &self.given, self.now).await
    }
}

impl Command for LayDemo {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let facts: Json = serde_yaml_ng::from_str(FACTS)
            .map_err(|error| AppError::Impossible(error.to_string()))?;
        let given = facts
            .get("given")
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default();
        world::lay(tx, &given, self.now).await?;
        demo_history::lay(tx, self.now).await?;
        self.perform(tx, "demo", &busy()).await?;
        let bought = facts.get("when").and_then(Json::as_array);
        let bought: Vec<Act> = bought
            .into_iter()
            .flatten()
            .map(Act::read)
            .collect::<Result<_, _>>()?;
        self.perform(tx, "demo deal", &bought).await
    }
}

impl LayDemo {
    async fn perform(&self, tx: &mut Tx<'_>, name: &str, acts: &[Act]) -> Result<(), AppError> {
        for (index, act) in acts.iter().enumerate() {
            let seed = Ids::named(name, &index.to_string(), self.now).uuid();
            let ctx = Ctx::new(ActorSpec::operator(), self.now, self.now, seed);
            perform(&ctx, tx, act).await?;
        }
        Ok(())
    }
}

/// What resellers asked their providers for and nobody answered yet.
fn busy() -> Vec<Act> {
    let request = |reseller: &str,
                   provider: &str,
                   customer: &str,
                   item: &str,
                   quantity: i64,
                   note: &str| {
        Act::of(
            reseller,
            "request_order",
            json!({ "provider": provider, "customer": customer, "item": item, "quantity": quantity, "note": note }),
        )
    };
    vec![
        request(
            "cedar",
            "meridian",
            "red-rock-dental",
            "desk-premium",
            15,
            "The clinic opens a second site next month.",
        ),
        request(
            "bridgewater",
            "meridian",
            "lakeside-logistics",
            "calling-addon",
            10,
            "Front desk asks for calling.",
        ),
        request(
            "seine",
            "alpenrand",
            "garonne-architects",
            "desk-standard",
            8,
            "Seasonal staff.",
        ),
        // From the marketplace of its provider, at the price that stands there.
        request(
            "cedar",
            "meridian",
            "canyon-robotics",
            "desk-premium",
            6,
            "Desk Premium, as open to us.",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tierline_domain::partner::{Account, AccountState, Partnership, PartnershipState};
    use tierline_store::{Db, DbConfig, Value, schema, tables};

    use super::*;

    /// The states of every account and of every partnership.
    struct States;

    impl Command for States {
        type Out = (BTreeSet<AccountState>, BTreeSet<PartnershipState>);
        type Error = AppError;
        async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
            let accounts = tx.find::<Account>(tables::accounts::EVERY, &[]).await?;
            let mut ties = BTreeSet::new();
            for account in &accounts {
                let key = [Value::Id(account.id.uuid())];
                let held = tx
                    .find::<Partnership>(tables::partnerships::BY_RESELLER, &key)
                    .await?;
                ties.extend(held.iter().map(|tie| tie.state));
            }
            Ok((accounts.iter().map(|account| account.state).collect(), ties))
        }
    }

    #[tokio::test]
    async fn every_state_of_a_partner_and_of_a_partnership_is_there() {
        let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
            .await
            .unwrap();
        let now = "2026-01-15T12:00:00Z".parse().unwrap();
        db.write(LayDemo { now }).await.unwrap();
        let (accounts, ties) = db.read(States).await.unwrap();
        let every: BTreeSet<_> = AccountState::ALL.iter().copied().collect();
        assert_eq!(accounts, every);
        // Where there is no partnership, there is nothing to find.
        let mut every: BTreeSet<_> = PartnershipState::ALL.iter().copied().collect();
        every.remove(&PartnershipState::None);
        assert_eq!(ties, every);
    }
}
