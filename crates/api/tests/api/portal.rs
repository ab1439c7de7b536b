//! What the portal rests on: who calls, what kind of server it is, and that the portal is an application of every server.

use crate::common::World;
use serde_json::json;
use tierline_api::identity::Subject;
use uuid::Uuid;

/// The portal's client id, as its own source has it.
const PORTAL: &str = "74696572-6c69-4e65-8f6f-7274616c0001";

#[tokio::test]
async fn everybody_hears_who_he_is_and_nobody_else() {
    let world = World::demo().await;
    let me = world
        .get("/program/v1/me", &world.user("meridian"))
        .await
        .body;
    assert_eq!(me["role"], "indirect_provider");
    assert_eq!(me["handle"], "meridian");
    assert_eq!(me["user"]["signInName"], "admin@meridian.example");
    assert!(
        me["user"]["roles"]
            .as_array()
            .unwrap()
            .contains(&json!("global_admin"))
    );
    let application = world.of("meridian", "accessTokenApp");
    let me = world.get("/program/v1/me", &application).await.body;
    assert!(me.get("user").is_none(), "{me}");
    let operator = world.user("operator");
    let me = world.get("/program/v1/me", &operator).await.body;
    assert_eq!(me["role"], "operator");
    let path = "/sandbox/credentials?customer=red-rock-dental";
    let found = world.send("GET", path, None, None, &[]).await.body;
    let customer = found["principals"][0]["accessTokenUser"].as_str().unwrap();
    let me = world.get("/program/v1/me", customer).await.body;
    assert_eq!(me["role"], "customer");
    assert_eq!(me["handle"], "red-rock-dental");
}

#[tokio::test]
async fn a_stranger_is_nobody_here() {
    let world = World::demo().await;
    let nobody = world.send("GET", "/program/v1/me", None, None, &[]).await;
    assert_eq!(nobody.status, 401, "{}", nobody.body);
    // A token that is good, of a tenant that this program does not know.
    let now = world.server.app().clock().server_now();
    let user = (Uuid::from_u128(9), "someone@stranger.example".to_owned());
    let stranger = Subject::user(Uuid::from_u128(7), "app".to_owned(), user, true);
    let token = world.server.issuer().issue(&stranger, now);
    let answer = world.get("/program/v1/me", &token).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
}

#[tokio::test]
async fn a_server_tells_what_kind_it_is() {
    let sandbox = World::demo().await;
    let told = sandbox
        .send("GET", "/program/v1/server", None, None, &[])
        .await;
    assert_eq!(told.body["sandbox"], true);
    let production = World::production().await;
    let path = "/program/v1/server";
    let told = production.send("GET", path, None, None, &[]).await;
    assert_eq!(told.body["sandbox"], false);
    let asked = production.send("GET", "/program/v1/server?x=1", None, None, &[]);
    assert_eq!(asked.await.status, 400);
}

#[tokio::test]
async fn the_portal_gets_codes_at_its_own_address_only() {
    let world = World::production().await;
    let asks = |back: String| {
        let world = &world;
        async move {
            let challenge = "x".repeat(43);
            let query = [
                ("client_id", PORTAL),
                ("response_type", "code"),
                ("redirect_uri", back.as_str()),
                ("code_challenge", challenge.as_str()),
                ("code_challenge_method", "S256"),
            ];
            let url = reqwest::Url::parse_with_params("http://localhost", &query).unwrap();
            let path = format!(
                "/common/oauth2/authorize?{}",
                url.query().unwrap_or_default()
            );
            world
                .http
                .get(format!("{}{path}", world.base))
                .send()
                .await
                .unwrap()
                .status()
        }
    };
    assert_eq!(asks(format!("{}/portal/signed-in", world.base)).await, 200);
    for foreign in [
        "https://elsewhere.example/portal/signed-in".to_owned(),
        "http://127.0.0.1:9/portal/signed-in".to_owned(),
        "http://localhost/portal/signed-in".to_owned(),
        format!("{}/portal/elsewhere", world.base),
        format!("{}/portal/signed-in?x=1", world.base),
    ] {
        assert_eq!(asks(foreign.clone()).await, 400, "{foreign}");
    }
    // It has no secret, so it gets nothing for itself.
    let fields = [("grant_type", "client_credentials"), ("client_id", PORTAL)];
    let answer = world.form("/common/oauth2/token", &fields).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
}

#[tokio::test]
async fn the_portal_is_at_the_door() {
    let world = World::demo().await;
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let begin = http.get(&world.base).send().await.unwrap();
    assert_eq!(begin.status(), 307);
    assert_eq!(begin.headers()["location"], "/portal/");
    for path in ["/portal", "/portal/", "/portal/rules/TXN-601"] {
        let page = http
            .get(format!("{}{path}", world.base))
            .send()
            .await
            .unwrap();
        assert_eq!(page.status(), 200, "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
}
