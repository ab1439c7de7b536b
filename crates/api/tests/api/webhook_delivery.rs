//! How webhooks are delivered: retries, dead letters and their replay, claims, crashes, and who may see what.

use crate::common::World;
use crate::common::post::{
    DELIVERIES, Post, REGISTRATION, Receiver, TESTS, assert_signed, courier, standing,
};
use axum::http::StatusCode;
use serde_json::json;
use tierline_api::{Courier, deliver};
use tierline_app::App;
use tierline_store::{Db, DbConfig, schema};

#[tokio::test]
async fn what_a_receiver_refuses_is_tried_ten_times_and_parked() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    receiver.answers(StatusCode::INTERNAL_SERVER_ERROR);
    let asked = post.post("harbor", TESTS).await;
    let id = asked.body["correlationId"].as_str().unwrap().to_owned();
    let mut pause = 30;
    for attempt in 1..=10 {
        assert_eq!(post.round().await, 1, "attempt {attempt}");
        post.pass(pause - 1);
        assert_eq!(post.round().await, 0, "too early after attempt {attempt}");
        post.pass(1);
        pause *= 2;
    }
    post.pass(86_400);
    assert_eq!(post.round().await, 0);
    assert_eq!(receiver.heard().len(), 10);
    // Each attempt bears the same id.
    assert!(
        receiver
            .heard()
            .iter()
            .all(|heard| heard.header("ms-requestid") == id)
    );
    let later = World::of_app(post.world.app.clone(), true).await;
    let token = later.user("harbor");
    let result = later.get(&format!("{TESTS}/{id}"), &token).await;
    assert_eq!(result.body["status"], "failed");
    assert_eq!(result.body["results"].as_array().unwrap().len(), 10);
    assert_eq!(
        result.body["results"][9]["responseCode"],
        "InternalServerError"
    );

    let dead = later
        .get(&format!("{DELIVERIES}?state=parked"), &token)
        .await;
    assert_eq!(
        (dead.status, &dead.body["items"][0]["id"]),
        (200, &json!(id)),
        "{}",
        dead.body
    );
    let replay = format!("{DELIVERIES}/{id}/replay");
    let replayed = later.send("POST", &replay, Some(&token), None, &[]).await;
    assert_eq!(
        (replayed.status, &replayed.body["state"]),
        (202, &json!("waiting")),
        "{}",
        replayed.body
    );
    receiver.answers(StatusCode::NO_CONTENT);
    assert_eq!(post.round().await, 1);
    let shown = later.get(&format!("{DELIVERIES}/{id}"), &token).await;
    assert_eq!(shown.body["state"], "delivered");
    assert_eq!(shown.body["tries"].as_array().unwrap().len(), 11);
    assert_eq!(
        later
            .get(&format!("{DELIVERIES}?state=parked"), &token)
            .await
            .body["totalCount"],
        0
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    receiver.answers(StatusCode::TEMPORARY_REDIRECT);
    let id = post.post("harbor", TESTS).await.body["correlationId"]
        .as_str()
        .unwrap()
        .to_owned();
    post.round().await;
    let result = post.get("harbor", &format!("{TESTS}/{id}")).await;
    assert_eq!(
        result.body["results"][0]["responseCode"],
        "TemporaryRedirect"
    );
    assert_eq!(result.body["status"], "pending");
}

#[tokio::test]
async fn strangers_see_and_replay_nothing() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    let id = post.post("harbor", TESTS).await.body["correlationId"]
        .as_str()
        .unwrap()
        .to_owned();
    post.round().await;
    let (one, replay) = (
        format!("{DELIVERIES}/{id}"),
        format!("{DELIVERIES}/{id}/replay"),
    );
    for (method, path) in [
        ("GET", REGISTRATION),
        ("PUT", REGISTRATION),
        ("POST", TESTS),
        ("GET", DELIVERIES),
        ("GET", &one),
        ("POST", &replay),
    ] {
        let answer = post.world.send(method, path, None, None, &[]).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    // Another partner learns nothing of it; a reseller has no access to the documented paths.
    assert_eq!(post.get("meridian", &one).await.status, 404);
    assert_eq!(post.post("meridian", &replay).await.status, 404);
    assert_eq!(post.get("meridian", DELIVERIES).await.body["totalCount"], 0);
    assert_eq!(post.get("cedar", REGISTRATION).await.status, 403);
    assert_eq!(post.get("cedar", &one).await.status, 404);
    // The operator sees whose it names, and may replay.
    assert_eq!(
        post.get("operator", &format!("{DELIVERIES}?partner=harbor"))
            .await
            .body["totalCount"],
        1
    );
    assert_eq!(post.get("operator", DELIVERIES).await.status, 400);
    assert_eq!(
        post.get("meridian", &format!("{DELIVERIES}?partner=harbor"))
            .await
            .status,
        403
    );
    assert_eq!(post.post("operator", &replay).await.status, 202);
    for (path, named) in [
        ("?state=lost", "state"),
        ("?colour=red", "colour"),
        ("?size=0", "size"),
        ("?size=a", "size"),
        ("?after=x", "after"),
    ] {
        let answer = post.get("harbor", &format!("{DELIVERIES}{path}")).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert!(
            answer.body["detail"].as_str().unwrap().starts_with(named),
            "{}",
            answer.body
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn deliveries_are_listed_page_by_page() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["subscription-updated"])
        .await;
    for turn in 0..5 {
        let renewal =
            json!({ "subscription": "sub-silver-creek-publishing", "renewal": turn % 2 == 1 });
        post.by("harbor", "set_renewal", renewal).await;
        post.pass(1);
    }
    let mut seen = Vec::new();
    let mut path = format!("{DELIVERIES}?size=2");
    loop {
        let page = post.get("harbor", &path).await;
        let items = page.body["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page.body["next"].as_str() {
            Some(next) => path = format!("{DELIVERIES}?size=2&after={next}"),
            None => break,
        }
    }
    let all = post.get("harbor", DELIVERIES).await;
    let all: Vec<&str> = all.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        (seen.len(), seen),
        (5, all.iter().map(ToString::to_string).collect())
    );
}

#[tokio::test]
async fn two_couriers_never_tell_the_same_while_a_claim_holds() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["subscription-updated"])
        .await;
    for turn in 0..12 {
        let renewal =
            json!({ "subscription": "sub-silver-creek-publishing", "renewal": turn % 2 == 1 });
        post.by("harbor", "set_renewal", renewal).await;
    }
    let couriers: Vec<Courier> = (0..4)
        .map(|_| courier(post.world.app.clone(), &post.world.base))
        .collect();
    loop {
        let rounds = couriers.iter().map(Courier::round);
        let sent: usize = futures_util::future::join_all(rounds)
            .await
            .into_iter()
            .map(Result::unwrap)
            .sum();
        if sent == 0 {
            break;
        }
    }
    let mut ids: Vec<String> = receiver
        .heard()
        .iter()
        .map(|heard| heard.header("ms-requestid").to_owned())
        .collect();
    ids.sort();
    let told = ids.len();
    ids.dedup();
    assert_eq!((told, ids.len()), (12, 12));
}

#[tokio::test]
async fn what_was_committed_before_a_crash_is_told_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = DbConfig::File {
        path: directory.path().join("tierline.db"),
    };
    let receiver = Receiver::start().await;
    let id = {
        let post = Post::over(World::demo_on(&file, standing()).await);
        post.register("harbor", &receiver, &["subscription-updated"])
            .await;
        let renewal = json!({ "subscription": "sub-silver-creek-publishing", "renewal": false });
        post.by("harbor", "set_renewal", renewal).await;
        // A worker claims it, and dies before it can tell it.
        let claim = tierline_app::outbox::Claim {
            worker: uuid::Uuid::from_u128(1),
            now: post.world.app.clock().server_now(),
            count: 9,
        };
        let claimed = post.world.app.db().write(claim).await.unwrap();
        assert_eq!(claimed.len(), 1);
        post.world.app.db().shutdown().await;
        claimed[0].delivery.id
    };
    let app = App::new(
        Db::open(&file, schema::MIGRATIONS).await.unwrap(),
        standing(),
    );
    let reopened = Post::over(World::of_app(app, true).await);
    // Nobody else tells it as long as the claim holds.
    reopened.pass(59);
    assert_eq!(reopened.round().await, 0);
    reopened.pass(1);
    assert_eq!(reopened.round().await, 1);
    let heard = receiver.heard();
    assert_eq!(
        (heard.len(), heard[0].header("ms-requestid")),
        (1, id.to_string().as_str())
    );
    assert_signed(&reopened.world, &heard[0], "authorization").await;
}

#[tokio::test]
async fn a_key_is_made_once_and_its_certificate_stays() {
    let directory = tempfile::tempdir().unwrap();
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["subscription-updated"])
        .await;
    let key_file = directory.path().join("webhooks.pem");
    for turn in 0..2 {
        let renewal =
            json!({ "subscription": "sub-silver-creek-publishing", "renewal": turn % 2 == 1 });
        post.by("harbor", "set_renewal", renewal).await;
        let settings = deliver::Settings {
            base: post.world.base.clone(),
            sandbox: true,
            key_file: Some(key_file.clone()),
        };
        assert_eq!(
            Courier::new(post.world.app.clone(), settings)
                .round()
                .await
                .unwrap(),
            1
        );
    }
    let heard = receiver.heard();
    assert_eq!(
        heard[0].header("x-ms-certificate-url"),
        heard[1].header("x-ms-certificate-url")
    );
    assert_signed(&post.world, &heard[1], "authorization").await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&key_file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
    let unknown = post
        .world
        .send("GET", "/webhooks/v1/certificates/none.cer", None, None, &[])
        .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn what_was_delivered_is_forgotten_after_a_week_and_what_is_parked_is_not() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    post.post("harbor", TESTS).await;
    post.round().await;
    let forget = |post: &Post| tierline_app::outbox::Forget {
        now: post.world.app.clock().server_now(),
    };
    assert_eq!(post.world.app.db().write(forget(&post)).await.unwrap(), 0);
    post.pass(7 * 86_400 + 1);
    assert_eq!(post.world.app.db().write(forget(&post)).await.unwrap(), 1);
}
