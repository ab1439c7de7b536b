//! What a decision costs, facts loaded and texts not formatted, beside the same decision by Cedar's authorizer
//! over the policies of this crate. Every figure is the median of five rounds in one run.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it stops where something is wrong, and prints its figures"
)]

use std::hint::black_box;
use std::str::FromStr;
use std::time::Instant;

use cedar_policy::{Authorizer, Context, Decision, Entities, PolicySet, Request, Schema};
use serde_json::{Value, json};
use tierline_domain::customer::RelationshipState;
use tierline_rules::{Checkpoint, Facts, decide, testing};

const ROUNDS: usize = 5;
/// Samples of a round, and decisions of a sample: one alone is shorter than the clock is fine.
const SAMPLES: usize = 2_000;
const BATCH: u32 = 50;

/// Nanoseconds of one call: the median of the rounds' medians.
fn cost<T>(mut call: impl FnMut() -> T) -> u128 {
    let mut rounds: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let mut samples: Vec<u128> = (0..SAMPLES)
                .map(|_| {
                    let start = Instant::now();
                    for _ in 0..BATCH {
                        black_box(call());
                    }
                    start.elapsed().as_nanos() / u128::from(BATCH)
                })
                .collect();
            samples.sort_unstable();
            samples[SAMPLES / 2]
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2]
}

/// A provider orders for its customer and names its reseller.
fn order() -> Facts {
    let mut facts = testing::two_tier(Checkpoint::Order);
    let mut purchase = testing::purchase();
    purchase.role_declared = tierline_domain::order::RoleDeclared::Indirect;
    facts.purchase = Some(purchase);
    facts
}

/// The same order where the relationship and the customer agreement are missing.
fn order_without_basis() -> Facts {
    let mut facts = order();
    facts.relation.as_mut().unwrap().state = RelationshipState::None;
    facts.attested = false;
    facts
}

/// Cedar with the policies, and the same two orders as requests.
struct Twin {
    policies: PolicySet,
    schema: Schema,
    entities: Entities,
}

impl Twin {
    fn read() -> Self {
        let (schema, _) =
            Schema::from_cedarschema_str(include_str!("../policies/program.cedarschema")).unwrap();
        let text = [
            include_str!("../policies/supported.cedar"),
            include_str!("../policies/caller.cedar"),
            include_str!("../policies/scenario-1.cedar"),
            include_str!("../policies/scenario-2.cedar"),
            include_str!("../policies/scenario-4.cedar"),
            include_str!("../policies/scenario-5.cedar"),
            include_str!("../policies/scenario-6.cedar"),
            include_str!("../policies/scenario-7.cedar"),
            include_str!("../policies/scenario-8.cedar"),
        ]
        .join("\n");
        let entities = Entities::from_entities([], Some(&schema)).unwrap();
        Twin {
            policies: PolicySet::from_str(&text).unwrap(),
            schema,
            entities,
        }
    }

    fn order(&self, relationship: &str, agreement: &str) -> Request {
        let word = |kind: &str, id: &str| json!({"type": kind, "id": id});
        let context: Value = json!({
            "mfa": true,
            "roleDeclared": true,
            "consumptionOnly": false,
            "providerMaySellToPartners": false,
            "caller": {
                "state": word("PartnerState", "active"),
                "signed": true,
                "buyerIs": word("Kin", "unrelated"),
                "waiver": false,
                "relationship": word("Relationship", relationship),
            },
            "reseller": {
                "account": word("Named", "reseller"),
                "state": word("PartnerState", "active"),
                "signed": true,
                "sameRegion": true,
                "partnership": word("Partnership", "active"),
                "buyerIs": word("Kin", "unrelated"),
                "waiver": false,
            },
            "buyer": {
                "tenant": word("TenantUse", "customer"),
                "owner": word("Owner", "ordinary"),
                "region": word("BuyerRegion", "same"),
                "partnership": word("Partnership", "none"),
                "agreement": word("CustomerAgreement", agreement),
            },
        });
        let action = "Action::\"order\"".parse().unwrap();
        let context = Context::from_json_value(context, Some((&self.schema, &action))).unwrap();
        Request::new(
            "Provider::\"caller\"".parse().unwrap(),
            action,
            "Tenant::\"other\"".parse().unwrap(),
            context,
            Some(&self.schema),
        )
        .unwrap()
    }
}

fn main() {
    let (allowed, refused) = (order(), order_without_basis());
    let failing = decide(&refused, &[]).failed().len();
    assert!(decide(&allowed, &[]).allowed(), "the first order is sound");
    assert!(failing >= 7, "seven rules fail, not {failing}");

    let twin = Twin::read();
    let authorizer = Authorizer::new();
    let sound = twin.order("active", "this_partner");
    let unsound = twin.order("none", "missing");
    let ask = |request: &Request| authorizer.is_authorized(request, &twin.policies, &twin.entities);
    assert_eq!(ask(&sound).decision(), Decision::Allow);
    let reasons = ask(&unsound).diagnostics().reason().count();

    println!("one decision, nanoseconds, median of {ROUNDS} rounds");
    for (what, facts, request, limit) in [
        ("allowed".to_owned(), &allowed, &sound, 200),
        (
            format!("refused by {failing} rules (by {reasons} policies)"),
            &refused,
            &unsound,
            1_000,
        ),
    ] {
        let ours = cost(|| decide(black_box(facts), &[]));
        let theirs = cost(|| ask(black_box(request)));
        println!(
            "  {what:<42} {ours:>6} ns (at most {limit})   Cedar {theirs:>7} ns, {}.{} times as long",
            theirs / ours.max(1),
            theirs * 10 / ours.max(1) % 10,
        );
    }
}
