//! `tierline webhooks`, as an operator calls it: who hears of what, what was given up, and its replay.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use tierline_app::demo::LayDemo;
use tierline_app::{AppError, names};
use tierline_domain::time::Timestamp;
use tierline_store::tables::webhooks::{Attempt, Delivery};
use tierline_store::{Command as Write, Db, DbConfig, Tx, schema};
use uuid::Uuid;

fn webhooks(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .arg("webhooks")
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .output()
        .unwrap();
    let text = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8(text).unwrap())
}

fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// What two partners were not told, and what one was.
struct Outbox;

impl Write for Outbox {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        for (number, partner, state) in [
            (1, "harbor", "parked"),
            (2, "meridian", "parked"),
            (3, "harbor", "delivered"),
        ] {
            let account = names::the_account(tx, partner).await?;
            tx.insert(&Delivery {
                id: id(number),
                tenant: account.tenant,
                event_name: "subscription-updated".to_owned(),
                resource_path: Some("/v1/somewhere".to_owned()),
                audit: None,
                changed: now(),
                url: format!("https://hooks.{partner}.example/tierline"),
                created: now(),
                state: state.to_owned(),
                attempts: 10,
                due: now(),
                claimed_until: now(),
                claimed_by: None,
                ended: Some(now()),
            })
            .await?;
        }
        tx.insert(&Attempt {
            delivery: id(1),
            number: 10,
            at_server: now(),
            code: "InternalServerError".to_owned(),
            message: "the receiver failed".to_owned(),
            system_error: false,
        })
        .await?;
        Ok(())
    }
}

async fn lay(data: &Path) {
    let config = DbConfig::of(None, data.join("tierline.db"));
    let db = Db::open(&config, schema::MIGRATIONS).await.unwrap();
    db.write(LayDemo { now: now() }).await.unwrap();
    db.write(Outbox).await.unwrap();
    db.shutdown().await;
}

#[tokio::test]
async fn dead_letters_are_found_and_replayed() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path();
    lay(data).await;
    let (status, told) = webhooks(data, &["registrations"]);
    assert_eq!(status, Some(0), "{told}");
    let harbor = told.lines().find(|line| line.starts_with("harbor  "));
    let harbor = harbor.unwrap();
    assert!(
        harbor.contains("https://hooks.harbor.example/tierline"),
        "{harbor}"
    );
    assert!(harbor.contains(" subscription-updated"), "{harbor}");

    let ids = |arguments: &[&str]| {
        let (status, told) = webhooks(data, &[arguments, &["--json"]].concat());
        assert_eq!(status, Some(0), "{told}");
        let all: Json = serde_json::from_str(&told).unwrap();
        let all = all.as_array().unwrap().clone();
        let id = |one: &Json| one["id"].as_str().unwrap().parse::<Uuid>().unwrap();
        let mut ids: Vec<Uuid> = all.iter().map(id).filter(|id| id.as_u128() < 9).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&["dead-letters"]), [id(1), id(2)]);
    assert_eq!(ids(&["deliveries", "--state", "delivered"]), [id(3)]);
    assert_eq!(ids(&["dead-letters", "--partner", "meridian"]), [id(2)]);
    let (_, told) = webhooks(data, &["dead-letters", "--partner", "harbor"]);
    assert!(
        told.contains("parked     2026-01-15T12:00:00Z  harbor  subscription-updated  10 attempts"),
        "{told}"
    );

    let (one, two) = (id(1).to_string(), id(2).to_string());
    let (_, told) = webhooks(data, &["show", &one]);
    assert!(
        told.contains("10  2026-01-15T12:00:00Z  InternalServerError  the receiver failed"),
        "{told}"
    );
    let (status, told) = webhooks(data, &["replay", &one]);
    assert_eq!(
        (status, told.trim()),
        (Some(0), format!("{one}  is tried again").as_str())
    );
    assert_eq!(ids(&["dead-letters"]), [id(2)]);
    assert!(ids(&["deliveries", "--state", "waiting", "--partner", "harbor"]).contains(&id(1)));
    let (_, told) = webhooks(data, &["replay", "--parked"]);
    assert_eq!(told.trim(), format!("{two}  is tried again"));
    let (_, told) = webhooks(data, &["dead-letters"]);
    assert_eq!(told.trim(), "There are none.");

    for (arguments, problem) in [
        (
            vec!["show", "00000000-0000-0000-0000-0000000000ff"],
            "there is no webhook delivery `00000000-0000-0000-0000-0000000000ff`",
        ),
        (
            vec!["dead-letters", "--partner", "nobody"],
            "there is no partner `nobody`",
        ),
        (
            vec!["deliveries", "--state", "lost"],
            "waiting, delivered, parked",
        ),
        (vec!["replay"], "<IDS>"),
        (vec!["replay", &one, "--parked"], "cannot be used with"),
    ] {
        let (status, told) = webhooks(data, &arguments);
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains(problem), "{told}");
    }
    let (status, told) = webhooks(&data.join("elsewhere"), &["registrations"]);
    assert_eq!(status, Some(2));
    assert!(told.contains("does not exist"), "{told}");
}
