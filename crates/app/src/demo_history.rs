//! What went on in the demo world before it starts: the last four weeks of its partners, carried out as commands at
//! their days, so that audit records tell of them, and where each partner wants to hear of changes.

use serde_json::{Value as Json, json};
use tierline_domain::partner::Account;
use tierline_domain::time::{Period, Timestamp};
use tierline_store::Tx;

use crate::act::{Act, perform};
use crate::actor::{ActorSpec, Person};
use crate::attempt::record_refusal;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::webhooks::Register;
use crate::{demo_bills, demo_usage, names, outbox};

/// A partner that sells, a customer of its, and what that customer runs.
struct Business {
    partner: &'static str,
    customer: &'static str,
    subscription: &'static str,
    seats: i64,
}

macro_rules! businesses {
    ($($partner:literal $customer:literal $seats:literal;)+) => {
        &[$(Business {
            partner: $partner, customer: $customer, subscription: concat!("sub-", $customer), seats: $seats,
        }),+]
    };
}

const BUSINESSES: &[Business] = businesses! {
    "meridian" "northgate-brewery" 12;
    "harbor" "juniper-bakery" 12;
    "alpenrand" "mersey-vineyard" 12;
    "kita" "setouchi-logistics" 5;
    "lindenhof" "isar-bakery" 25;
    "maple" "georgian-gardens" 12;
};

/// How many days ago the plans were bought: more than two months, so that there are bills of two months of consumption.
const CLOUD_DAYS: i32 = 75;

/// Partners, each with a customer that has used the cloud for a while and was taken to a dearer item since, and the
/// reseller of record.
const EARLIER: &[(&str, &str, Option<&str>)] = &[
    ("harbor", "bay-street-shipping", None),
    ("meridian", "canyon-robotics", Some("cedar")),
];

/// A plan and what is used under it; a few seats that were bought, and the item to which they went a day later.
fn earlier(customer: &str, reseller: Option<&str>) -> [(i32, &'static str, Json); 3] {
    let plan = format!("{customer}-plan");
    let cloud = json!([
        { "customer": customer, "item": "cloud-plan", "creates": plan, "partner_of_record": reseller },
        { "customer": customer, "item": "cloud-subscription", "parent": plan, "partner_of_record": reseller },
    ]);
    let cloud =
        json!({ "customer": customer, "creates": format!("{customer}-cloud"), "lines": cloud });
    let desks = format!("{customer}-desks");
    let line = json!({
        "customer": customer, "item": "desk-basic", "quantity": 3, "creates": desks, "partner_of_record": reseller,
    });
    let order =
        json!({ "customer": customer, "creates": format!("{customer}-basic"), "lines": [line] });
    let upgrade = json!({ "subscription": desks, "to": "desk-premium" });
    [
        (CLOUD_DAYS, "place_order", cloud),
        (6, "place_order", order),
        (5, "upgrade", upgrade),
    ]
}

impl Business {
    /// What was done, by how many days ago. Fewer seats than were bought are refused once their window has closed.
    fn weeks(&self) -> [(i32, &'static str, Json); 5] {
        let (customer, subscription) = (self.customer, self.subscription);
        [
            (
                28,
                "set_renewal",
                json!({ "subscription": subscription, "renewal": false }),
            ),
            (
                24,
                "change_quantity",
                json!({ "subscription": subscription, "quantity": self.seats + 3 }),
            ),
            (
                17,
                "order",
                json!({ "customer": customer, "item": "desk-standard", "quantity": 2 }),
            ),
            (
                9,
                "change_quantity",
                json!({ "subscription": subscription, "quantity": 1 }),
            ),
            (
                2,
                "set_renewal",
                json!({ "subscription": subscription, "renewal": true }),
            ),
        ]
    }
}

/// Lays the last weeks down.
///
/// # Errors
/// When the store fails, or a command cannot be carried out at all.
pub(crate) async fn lay(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    // Before anybody is registered, so that nothing of it waits to be told.
    for (row, (partner, customer, reseller)) in EARLIER.iter().enumerate() {
        let account = names::the_account(tx, partner).await?;
        for (step, (days, verb, params)) in earlier(customer, *reseller).into_iter().enumerate() {
            let minutes = i64::try_from(row * 37 + step * 11).unwrap_or_default();
            let name = format!("earlier {partner} {step}");
            let at = before(now, days, minutes)?;
            carry_out(tx, &account, &name, at, (verb, params)).await?;
        }
    }
    demo_usage::lay(tx, now).await?;
    for (row, business) in BUSINESSES.iter().enumerate() {
        let account = names::the_account(tx, business.partner).await?;
        for (step, (days, verb, params)) in business.weeks().into_iter().enumerate() {
            // Each at an hour of its own, so that no two records of the world share an instant.
            let minutes = i64::try_from(row * 37 + step * 11).unwrap_or_default();
            let name = format!("history {} {step}", business.partner);
            let at = before(now, days, minutes)?;
            carry_out(tx, &account, &name, at, (verb, params)).await?;
        }
    }
    demo_bills::lay(tx, now).await?;
    for business in BUSINESSES {
        let account = names::the_account(tx, business.partner).await?;
        register(tx, &account, now).await?;
    }
    Ok(())
}

/// So many days and minutes ago.
fn before(now: Timestamp, days: i32, minutes: i64) -> Result<Timestamp, AppError> {
    let at = now.minus(Period::days(days))?;
    let micros = at.as_micros().saturating_sub(minutes * 60_000_000);
    Ok(Timestamp::from_micros(micros)?)
}

/// Does something as the administrator of a partner did it; a refusal leaves its record.
async fn carry_out(
    tx: &mut Tx<'_>,
    account: &Account,
    name: &str,
    at: Timestamp,
    (verb, params): (&str, Json),
) -> Result<(), AppError> {
    let seed = Ids::named("demo", name, at).uuid();
    let mut ctx = Ctx::new(user_of(account), at, at, seed);
    ctx.application = Some(client_of(account));
    ctx.correlation = Some(Ids::named("demo call", name, at).uuid().to_string());
    let act = Act {
        actor: ctx.actor.clone(),
        ..Act::of(&account.handle, verb, params)
    };
    match perform(&ctx, tx, &act).await {
        Ok(_) => Ok(()),
        Err(refused @ AppError::Refused(_)) => Ok(record_refusal(&ctx, tx, &act, &refused).await?),
        Err(error) => Err(error),
    }
}

/// The administrator that every partner of the demo world has.
fn user_of(account: &Account) -> ActorSpec {
    let person: Result<Person, _> = serde_json::from_value(json!({
        "of": account.handle, "user": format!("admin@{}", account.domain),
    }));
    person.map_or_else(|_| ActorSpec::of(&account.handle), ActorSpec::Person)
}

/// The application of a partner of the demo world, as its credentials have it.
fn client_of(account: &Account) -> String {
    Ids::named("demo client", &account.handle, Timestamp::EPOCH)
        .uuid()
        .to_string()
}

/// Hears of everything there is, at an address that leads nowhere.
async fn register(tx: &mut Tx<'_>, account: &Account, now: Timestamp) -> Result<(), AppError> {
    let seed = Ids::named("demo webhooks", &account.handle, now).uuid();
    let register = Register {
        ctx: Ctx::new(ActorSpec::of(&account.handle), now, now, seed),
        tenant: account.tenant,
        url: format!("https://hooks.{}.example/tierline", account.handle),
        events: outbox::KINDS
            .iter()
            .filter(|kind| kind.is_sent)
            .map(|kind| kind.name.to_owned())
            .collect(),
        own_header: false,
        must_exist: false,
    };
    tierline_store::Command::run(&register, tx).await.map(drop)
}
