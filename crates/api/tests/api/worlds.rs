//! Worlds of a sandbox server over HTTP: what belongs to one is nothing in another, and each has its own time.

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::clock::Clock;
use tierline_store::{Db, DbConfig, schema};

use crate::common::{Answer, World, text};

const ROOT: &str = "/program/v1/worlds";

/// A server with worlds, and its directory.
struct Server {
    own: World,
    directory: tempfile::TempDir,
}

impl Server {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let own = World::of_worlds(directory.path()).await;
        Self { own, directory }
    }

    /// Manages worlds, as the operator of the server's own.
    async fn manage(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let token = self.own.user("operator");
        let body = body.map(|body| body.to_string().into_bytes());
        let path = format!("{ROOT}{path}");
        self.own.send(method, &path, Some(&token), body, &[]).await
    }

    async fn create(&self, body: Value) -> Answer {
        self.manage("POST", "", Some(body)).await
    }

    async fn must(&self, body: Value) {
        let made = self.create(body).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }

    async fn mv(&self, world: &str, body: Value) -> Answer {
        self.manage("POST", &format!("/{world}/clock"), Some(body))
            .await
    }

    /// Where a world's clock stands, as the world itself says.
    async fn clock(&self, world: &str) -> String {
        let answer = self.at(world, "GET", "/program/v1/clock", None, None).await;
        text(&answer.body["world"])
    }

    /// Asks a world under its host name.
    async fn at(
        &self,
        world: &str,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let host = format!("{world}.localhost:8080");
        let body = body.map(|body| body.to_string().into_bytes());
        let headers = [("Host", host.as_str())];
        self.own.send(method, path, token, body, &headers).await
    }

    /// Somebody's token in a world.
    async fn token(&self, world: &str, handle: &str) -> String {
        let found = self
            .at(world, "GET", "/sandbox/credentials", None, None)
            .await;
        let found = found.body["principals"].as_array().cloned();
        let found = found.unwrap_or_default();
        let found = found.iter().find(|principal| principal["handle"] == handle);
        text(&found.unwrap()["accessTokenUser"])
    }

    fn place(&self, world: &str) -> std::path::PathBuf {
        self.directory.path().join("worlds").join(world)
    }
}

fn pinned(name: &str) -> Value {
    json!({ "name": name, "now": "2026-03-01T00:00:00Z" })
}

fn assert_field(answer: &Answer, status: u16, field: &str) {
    let detail = text(&answer.body["detail"]);
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(detail.starts_with(&format!("{field}: ")), "{detail}");
}

#[tokio::test]
async fn a_world_is_chosen_by_host_name_or_header_and_its_tokens_are_nothing_elsewhere() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    server.must(json!({ "name": "two", "from": "one" })).await;
    let tokens = [
        ("default", server.own.user("harbor")),
        ("one", server.token("one", "harbor").await),
        ("two", server.token("two", "harbor").await),
    ];
    for (home, token) in &tokens {
        for (world, _) in &tokens {
            let wanted = if home == world { 200 } else { 401 };
            let there = server
                .at(world, "GET", "/v1/customers", Some(token), None)
                .await;
            assert_eq!(there.status, wanted, "{home}'s token at {world}");
            let header = [("X-Tierline-World", *world)];
            let there = server
                .own
                .send("GET", "/v1/customers", Some(token), None, &header);
            assert_eq!(
                there.await.status,
                wanted,
                "{home}'s token at {world}, by header"
            );
        }
    }

    let both = [("X-Tierline-World", "one"), ("Host", "two.localhost")];
    let both = server
        .own
        .send("GET", "/program/v1/clock", None, None, &both);
    assert_field(&both.await, 400, "X-Tierline-World");
    let twice = [("X-Tierline-World", "one"), ("X-Tierline-World", "two")];
    let twice = server
        .own
        .send("GET", "/program/v1/clock", None, None, &twice);
    assert_field(&twice.await, 400, "X-Tierline-World");
    let agreed = [("X-Tierline-World", "one"), ("Host", "ONE.localhost.:1")];
    let agreed = server
        .own
        .send("GET", "/program/v1/clock", None, None, &agreed);
    assert_eq!(agreed.await.status, 200);
    for nowhere in ["nowhere", "no.where", "\u{fffd}"] {
        let header = [("X-Tierline-World", nowhere)];
        let answer = server
            .own
            .send("GET", "/v1/customers", None, None, &header)
            .await;
        assert_eq!(answer.status, 404, "{}", answer.body);
        assert!(text(&answer.body["description"]).starts_with("world "));
        assert!(answer.headers.contains_key("ms-requestid"));
    }
}

#[tokio::test]
async fn a_refresh_token_of_a_world_is_nothing_in_its_fork() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    // Credentials of a demo follow from names, so the first token is any world's; what comes of it is one's alone.
    let [client, secret, first, tenant] = ["clientId", "clientSecret", "refreshToken", "tenantId"]
        .map(|member| server.own.of("harbor", member));
    let used = async |world: &str, token: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", client.as_str()),
            ("client_secret", secret.as_str()),
        ];
        let form = reqwest::Url::parse_with_params("http://localhost", fields).unwrap();
        let body = form.query().unwrap_or_default().as_bytes().to_vec();
        let host = format!("{world}.localhost");
        let headers = [
            ("Host", host.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let path = format!("/{tenant}/oauth2/token");
        let body = Some(body);
        server.own.send("POST", &path, None, body, &headers).await
    };
    let answer = used("one", &first).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let second = text(&answer.body["refresh_token"]);
    assert_ne!(first, second);
    server.must(json!({ "name": "two", "from": "one" })).await;
    assert_eq!(used("two", &second).await.status, 400);
    assert_eq!(used("one", &second).await.status, 200);
}

#[tokio::test]
async fn a_fork_begins_as_its_origin_and_goes_its_own_way() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    let customers = async |world: &str| {
        let token = server.token(world, "harbor").await;
        let list = server
            .at(world, "GET", "/v1/customers", Some(&token), None)
            .await;
        list.body["totalCount"].as_u64().unwrap()
    };
    let invite = async |world: &str| {
        let token = server.token(world, "operator").await;
        let moved = server.at(
            world,
            "POST",
            "/program/v1/clock",
            Some(&token),
            Some(json!({ "by": "P2M" })),
        );
        let moved = moved.await;
        assert_eq!(moved.status, 200, "{}", moved.body);
        moved.body["fired"].as_u64().unwrap()
    };
    let before = customers("one").await;
    server.must(json!({ "name": "two", "from": "one" })).await;
    assert_eq!(customers("two").await, before);
    assert_eq!(server.clock("two").await, "2026-03-01T00:00:00Z");

    assert!(invite("two").await > 0);
    assert_eq!(server.clock("two").await, "2026-05-01T00:00:00Z");
    assert_eq!(server.clock("one").await, "2026-03-01T00:00:00Z");
    assert_eq!(server.clock("default").await, "2026-01-15T12:00:00Z");
    let done = async |world: &str| {
        let token = server.token(world, "operator").await;
        let path = "/program/v1/schedule?state=done";
        let done = server.at(world, "GET", path, Some(&token), None).await;
        done.body["items"].as_array().unwrap().len()
    };
    assert!(done("two").await > 0);
    assert_eq!((done("one").await, done("default").await), (0, 0));

    // A fork of the fork has its time and its past.
    server.must(json!({ "name": "three", "from": "two" })).await;
    assert_eq!(server.clock("three").await, "2026-05-01T00:00:00Z");
    assert_eq!(done("three").await, done("two").await);
    let told = server.manage("GET", "/three", None).await;
    assert_eq!(told.body["from"], "two");
}

#[tokio::test]
async fn a_reset_takes_a_world_back_and_leaves_its_tokens_valid() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    let token = server.token("one", "operator").await;
    server.mv("one", json!({ "by": "P1M" })).await;
    let kept = json!({ "name": "april" });
    let kept = server.manage("POST", "/one/snapshots", Some(kept)).await;
    assert_eq!(kept.status, 201, "{}", kept.body);
    assert_eq!(kept.body["snapshots"], json!(["april", "beginning"]));
    server.mv("one", json!({ "by": "P1Y" })).await;
    assert_eq!(server.clock("one").await, "2027-04-01T00:00:00Z");

    for (snapshot, instant, fired) in [
        (json!("april"), "2026-04-01T00:00:00Z", true),
        (Value::Null, "2026-03-01T00:00:00Z", false),
        (json!("april"), "2026-04-01T00:00:00Z", true),
    ] {
        let body = json!({ "snapshot": snapshot });
        let reset = server.manage("POST", "/one/reset", Some(body)).await;
        assert_eq!(
            (reset.status, text(&reset.body["clock"]).as_str()),
            (200, instant)
        );
        assert_eq!(server.clock("one").await, instant);
        let path = "/program/v1/schedule?state=done";
        let done = server.at("one", "GET", path, Some(&token), None).await;
        let done = done.body["items"].as_array().unwrap();
        assert_eq!(!done.is_empty(), fired, "{snapshot}");
    }
    // From a snapshot a world is forked too.
    server
        .must(json!({ "name": "two", "from": "one", "snapshot": "beginning" }))
        .await;
    assert_eq!(server.clock("two").await, "2026-03-01T00:00:00Z");
}

#[tokio::test]
async fn a_deleted_world_is_gone_and_its_name_is_free() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    let token = server.token("one", "harbor").await;
    let deleted = server.manage("DELETE", "/one", None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    let there = server
        .at("one", "GET", "/v1/customers", Some(&token), None)
        .await;
    assert_eq!(there.status, 404);
    assert_eq!(server.manage("DELETE", "/one", None).await.status, 404);
    assert_eq!(server.manage("GET", "/one", None).await.status, 404);
    let left = std::fs::read_dir(server.directory.path().join("worlds")).unwrap();
    assert_eq!(left.count(), 0);
    server.must(pinned("one")).await;
    let there = server
        .at("one", "GET", "/v1/customers", Some(&token), None)
        .await;
    assert_eq!(there.status, 401, "another world of the same name");
}

#[tokio::test]
async fn time_is_moved_by_a_period_to_an_instant_or_to_what_is_next_and_never_back() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    let token = server.token("one", "operator").await;
    let path = "/program/v1/schedule?count=1";
    let next = server.at("one", "GET", path, Some(&token), None).await;
    let next = next.body["items"][0].clone();
    let moved = server.mv("one", json!({ "next": true })).await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    assert_eq!(moved.body["world"], next["due"]);
    assert!(moved.body["fired"].as_u64() >= Some(1));
    let moved = server
        .mv("one", json!({ "until": "2027-01-01T00:00:00Z" }))
        .await;
    assert_eq!(moved.body["world"], "2027-01-01T00:00:00Z");
    let moved = server.mv("one", json!({ "by": "P1D" })).await;
    assert_eq!(moved.body["world"], "2027-01-02T00:00:00Z");

    for (body, field) in [
        (json!({ "until": "2026-12-31T00:00:00Z" }), "until"),
        (json!({ "by": "tomorrow" }), "by"),
        (json!({ "by": "-P1D" }), "by"),
        (json!({ "by": "P9999Y" }), "by"),
        (json!({ "next": false }), "next"),
        (json!({ "until": "soon" }), "until"),
        (json!({}), "body"),
        (json!({ "by": "P1D", "next": true }), "body"),
    ] {
        assert_field(&server.mv("one", body.clone()).await, 400, field);
        assert_eq!(server.clock("one").await, "2027-01-02T00:00:00Z", "{body}");
    }
    // The server's own world is moved the same way.
    let moved = server.mv("default", json!({ "by": "P1D" })).await;
    assert_eq!(moved.body["world"], "2026-01-16T12:00:00Z");
}

#[tokio::test]
async fn names_that_are_no_good_are_named() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    let long = "a".repeat(41);
    for name in ["", "One", "1one", "one-", "../one", "a b", "default", &long] {
        assert_field(&server.create(json!({ "name": name })).await, 400, "name");
    }
    assert_field(&server.create(json!({ "name": "one" })).await, 409, "name");
    let two = |more: Value| {
        let mut body = json!({ "name": "two" });
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        body
    };
    for (body, status, field) in [
        (json!({}), 400, "name"),
        (two(json!({ "from": "nowhere" })), 404, "from"),
        (
            two(json!({ "from": "one", "snapshot": "none" })),
            400,
            "snapshot",
        ),
        (
            two(json!({ "from": "one", "snapshot": "../x" })),
            400,
            "snapshot",
        ),
        (two(json!({ "snapshot": "beginning" })), 400, "snapshot"),
        (
            two(json!({ "from": "one", "now": "2026-01-01T00:00:00Z" })),
            400,
            "now",
        ),
        (two(json!({ "now": "soon" })), 400, "now"),
        (two(json!({ "now": "0001-01-01T00:00:00Z" })), 400, "now"),
        (two(json!({ "now": "9999-12-30T00:00:00Z" })), 400, "now"),
        (two(json!({ "colour": "red" })), 400, "colour"),
    ] {
        let answer = server.create(body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        assert!(
            text(&answer.body["detail"]).starts_with(field),
            "{body}: {}",
            answer.body
        );
    }
    for name in ["", "A", "x/y", "default"] {
        let body = json!({ "name": name });
        let kept = server.manage("POST", "/one/snapshots", Some(body)).await;
        assert_field(&kept, 400, "name");
    }
    let body = json!({ "name": "beginning" });
    let kept = server.manage("POST", "/one/snapshots", Some(body)).await;
    assert_field(&kept, 409, "name");
    let body = json!({ "snapshot": "none" });
    let reset = server.manage("POST", "/one/reset", Some(body)).await;
    assert_field(&reset, 400, "snapshot");
    for (method, path, body) in [
        ("DELETE", "/default", None),
        ("POST", "/default/reset", Some(json!({}))),
    ] {
        let answer = server.manage(method, path, body).await;
        assert_eq!(answer.status, 409, "{}", answer.body);
    }
    for path in ["/nowhere/reset", "/nowhere/clock", "/nowhere/snapshots"] {
        let body = json!({ "name": "x", "by": "P1D" });
        let body = match path {
            "/nowhere/reset" => json!({}),
            "/nowhere/clock" => json!({ "by": "P1D" }),
            _ => json!({ "name": body["name"] }),
        };
        assert_eq!(
            server.manage("POST", path, Some(body)).await.status,
            404,
            "{path}"
        );
    }
    let listed = server.manage("GET", "", None).await;
    let names = listed.body["items"].as_array().unwrap().iter();
    let names: Vec<String> = names.map(|item| text(&item["name"])).collect();
    assert_eq!(
        names,
        ["default", "one"],
        "nothing is left of what was refused"
    );
}

#[tokio::test]
async fn no_name_leads_out_of_the_directory_of_worlds() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    for outside in [
        "..",
        "%2e%2e",
        "..%2F..%2Fetc",
        "one%2F..%2F..",
        ".one.gone",
    ] {
        for (method, path) in [
            ("GET", format!("/{outside}")),
            ("DELETE", format!("/{outside}")),
            ("POST", format!("/{outside}/reset")),
        ] {
            let body = (method == "POST").then(|| json!({}));
            let answer = server.manage(method, &path, body).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        }
    }
    assert!(server.place("one").exists());
    assert!(server.directory.path().join("tierline.db").exists());
}

#[tokio::test]
async fn worlds_are_managed_by_the_operator_of_the_servers_own() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    let partner = server.own.get(ROOT, &server.own.user("harbor")).await;
    assert_eq!(partner.status, 403);
    let token = server.token("one", "operator").await;
    let other = server.at("one", "GET", ROOT, Some(&token), None).await;
    assert_eq!(other.status, 403, "{}", other.body);
    let nobody = server.own.send("GET", ROOT, None, None, &[]).await;
    assert_eq!(nobody.status, 401);

    let production = World::production().await;
    let token = production.user("operator");
    for (method, path, body) in [
        ("GET", ROOT.to_owned(), None),
        ("POST", ROOT.to_owned(), Some(json!({ "name": "one" }))),
        ("GET", format!("{ROOT}/one"), None),
        ("DELETE", format!("{ROOT}/one"), None),
        ("POST", format!("{ROOT}/one/reset"), Some(json!({}))),
        (
            "POST",
            format!("{ROOT}/default/clock"),
            Some(json!({ "by": "P1D" })),
        ),
        (
            "POST",
            "/program/v1/clock".to_owned(),
            Some(json!({ "by": "P1D" })),
        ),
    ] {
        let body = body.map(|body: Value| body.to_string().into_bytes());
        let absent = production.send(method, &path, Some(&token), body, &[]);
        let absent = absent.await;
        assert_eq!(absent.status, 404, "{method} {path}: {}", absent.body);
    }
    let stands = production.app.clock().world_now();
    assert_eq!(stands.to_string(), "2026-01-15T12:00:00Z");
    // A server in production looks at no names of worlds.
    let header = [("X-Tierline-World", "one")];
    let healthy = production
        .send("GET", "/healthz", None, None, &header)
        .await;
    assert_eq!(healthy.status, 200);
}

#[tokio::test]
async fn a_sandbox_that_is_not_kept_in_a_file_has_one_world_and_says_so() {
    let world = World::demo().await;
    let token = world.user("operator");
    let body = Some(json!({ "name": "one" }).to_string().into_bytes());
    let refused = world.send("POST", ROOT, Some(&token), body, &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(text(&refused.body["detail"]).contains("has one world"));
    for (header, status) in [
        (("X-Tierline-World", "one"), 404),
        (("Host", "one.localhost"), 404),
        (("X-Tierline-World", "default"), 200),
    ] {
        let there = world
            .send("GET", "/program/v1/clock", None, None, &[header])
            .await;
        assert_eq!(there.status, status, "{header:?}: {}", there.body);
    }
}

#[tokio::test]
async fn a_server_holds_so_many_worlds_and_no_more_until_one_is_deleted() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    for name in ["two", "three", "four", "five"] {
        server.must(json!({ "name": name, "from": "one" })).await;
    }
    for body in [pinned("six"), json!({ "name": "six", "from": "one" })] {
        let refused = server.create(body).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(text(&refused.body["detail"]).contains("holds 5 worlds"));
    }
    assert!(!server.place("six").exists());
    let deleted = server.manage("DELETE", "/three", None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    server.must(json!({ "name": "six", "from": "one" })).await;
}

#[tokio::test]
async fn of_two_that_make_one_thing_at_once_one_is_told_that_it_is_there() {
    let server = Server::start().await;
    let (one, other) = tokio::join!(server.create(pinned("one")), server.create(pinned("one")));
    let mut made = [one.status, other.status];
    made.sort_unstable();
    assert_eq!(made, [201, 409], "{} {}", one.body, other.body);
    let keep = || {
        let body = json!({ "name": "now" });
        server.manage("POST", "/one/snapshots", Some(body))
    };
    let (one, other) = tokio::join!(keep(), keep());
    let mut kept = [one.status, other.status];
    kept.sort_unstable();
    assert_eq!(kept, [201, 409], "{} {}", one.body, other.body);
    let reset = || server.manage("POST", "/one/reset", Some(json!({ "snapshot": "now" })));
    let delete = server.manage("DELETE", "/one", None);
    let (reset, deleted) = tokio::join!(reset(), delete);
    // Whoever came first was done wholly, and the other was told why not.
    match (reset.status, deleted.status) {
        (200, 409) => assert_eq!(server.clock("one").await, "2026-03-01T00:00:00Z"),
        (200 | 404 | 409, 204) => assert!(!server.place("one").exists()),
        other => panic!("{other:?}: {} {}", reset.body, deleted.body),
    }
}

#[tokio::test]
async fn a_world_deleted_while_its_clock_moves_says_so_and_nothing_is_half_done() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    server.must(json!({ "name": "two", "from": "one" })).await;
    server.must(json!({ "name": "three", "from": "two" })).await;
    let token = server.token("three", "operator").await;
    let moving = server.mv("three", json!({ "by": "P60Y" }));
    let delete = async {
        let path = "/program/v1/schedule?state=done&count=1";
        loop {
            let done = server.at("three", "GET", path, Some(&token), None).await;
            assert_eq!(done.status, 200, "{}", done.body);
            if !done.body["items"].as_array().unwrap().is_empty() {
                break server.manage("DELETE", "/three", None).await;
            }
        }
    };
    let (moved, deleted) = tokio::join!(moving, delete);
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    assert_eq!(moved.status, 409, "{}", moved.body);
    let detail = text(&moved.body["detail"]);
    assert!(
        detail.contains("deleted or reset while its clock moved"),
        "{detail}"
    );
    assert!(!server.place("three").exists());
    let there = server
        .at("three", "GET", "/program/v1/clock", None, None)
        .await;
    assert_eq!(there.status, 404);
    for world in ["one", "two"] {
        assert_eq!(server.clock(world).await, "2026-03-01T00:00:00Z");
        let moved = server.mv(world, json!({ "by": "P1M" })).await;
        assert_eq!(moved.status, 200, "{}", moved.body);
    }
}

#[tokio::test]
async fn worlds_outlive_their_server_and_half_made_ones_do_not() {
    let server = Server::start().await;
    server.must(pinned("one")).await;
    server.mv("one", json!({ "by": "P1D" })).await;
    let half = server.place("two");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join(".making"), "").unwrap();
    std::fs::write(half.join("tierline.db"), "half").unwrap();
    let broken = server.place("three");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("tierline.db"), "no database at all").unwrap();
    let token = server.token("one", "harbor").await;

    let path = server.directory.path().join("tierline.db");
    let config = DbConfig::File { path };
    let again = Db::open(&config, schema::MIGRATIONS).await.unwrap();
    let app = App::new(again, Clock::wall());
    let again = World::of_worlds_in(app, server.directory.path()).await;
    let header = [("X-Tierline-World", "one")];
    let clock = again
        .send("GET", "/program/v1/clock", None, None, &header)
        .await;
    assert_eq!(clock.body["world"], "2026-03-02T00:00:00Z");
    let list = again
        .send("GET", "/v1/customers", Some(&token), None, &header)
        .await;
    assert_eq!(list.status, 200, "{}", list.body);
    assert!(!half.exists());

    // One that cannot be opened stops no other, and is deleted.
    let manage = async |method: &str, path: &str, body: Option<&str>| {
        let body = body.map(|body| body.as_bytes().to_vec());
        let path = format!("{ROOT}{path}");
        let token = again.user("operator");
        again.send(method, &path, Some(&token), body, &[]).await
    };
    let told = manage("GET", "/three", None).await;
    assert_eq!(told.body["state"], "broken", "{}", told.body);
    for (path, body) in [
        ("", r#"{ "name": "four", "from": "three" }"#),
        ("/three/reset", "{}"),
        ("/three/clock", r#"{ "by": "P1D" }"#),
    ] {
        let refused = manage("POST", path, Some(body)).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(text(&refused.body["detail"]).contains("cannot be opened"));
    }
    assert_eq!(manage("DELETE", "/three", None).await.status, 204);
    assert!(!broken.exists());
}
