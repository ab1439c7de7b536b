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
    ]
}
