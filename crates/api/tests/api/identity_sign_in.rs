//! The interactive sign-in as a browser goes through it, and those who try to go another way.

use std::fmt::Write as _;

use crate::common::{Answer, World};
use crate::identity::claims;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tierline_api::Settings;
use tierline_api::identity::Subject;

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-letters-0123456789";
const BACK: &str = "http://localhost:9876/back";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// A browser: it keeps one cookie and shows what it got.
struct Browser<'a> {
    world: &'a World,
    http: reqwest::Client,
    address: String,
    cookie: Option<String>,
    flow: String,
    status: u16,
    page: String,
    headers: reqwest::header::HeaderMap,
}

impl<'a> Browser<'a> {
    fn of(world: &'a World) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            world,
            http,
            address: String::new(),
            cookie: None,
            flow: String::new(),
            status: 0,
            page: String::new(),
            headers: reqwest::header::HeaderMap::new(),
        }
    }

    async fn opens(&mut self, path: &str, query: &[(&str, &str)]) {
        let address = format!("{}{path}", self.world.base);
        let address = reqwest::Url::parse_with_params(&address, query).unwrap();
        self.address = address.to_string();
        let request = self.http.get(address).header("Accept-Language", "en");
        self.sends(request).await;
    }

    async fn submits(&mut self, fields: &[(&str, &str)]) {
        let flow = self.flow.clone();
        let mut all = vec![("flow", flow.as_str())];
        all.extend(fields);
        let body = reqwest::Url::parse_with_params("http://localhost", &all).unwrap();
        let request = self
            .http
            .post(&self.address)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.query().unwrap().to_owned());
        self.sends(request).await;
    }

    async fn sends(&mut self, mut request: reqwest::RequestBuilder) {
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", format!("other=1; {cookie}"));
        }
        let answer = request.send().await.unwrap();
        self.status = answer.status().as_u16();
        self.headers = answer.headers().clone();
        if let Some(set) = self.headers.get("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(
                set.contains("HttpOnly") && set.contains("SameSite=Lax"),
                "{set}"
            );
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        self.page = answer.text().await.unwrap();
        if let Some((_, rest)) = self.page.split_once("name=\"flow\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.flow);
        }
    }

    fn shows(&self, text: &str) {
        assert_eq!(self.status, 200, "{}", self.page);
        assert!(self.page.contains(text), "{text}: {}", self.page);
    }

    /// A parameter of the address it is sent on to.
    fn sent_with(&self, name: &str) -> Option<String> {
        let location = self.headers.get("location")?.to_str().unwrap();
        let location = reqwest::Url::parse(location).unwrap();
        let found = location.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    }

    /// What stands after a piece of the page.
    fn after(&self, text: &str) -> String {
        let rest = self.page.split_once(text).unwrap().1;
        rest.split(['"', '<']).next().unwrap().to_owned()
    }
}

/// An application with its way back, and a first password for its partner's user.
struct Set {
    world: World,
    client: String,
    secret: String,
    user: String,
    password: String,
}

async fn set(sandbox: bool) -> Set {
    let settings = Settings {
        sandbox,
        ..Settings::default()
    };
    let world = World::with(settings, None).await;
    let now = world.server.app().clock().server_now();
    let operator = world.server.issuer().issue(&Subject::operator(), now);
    let body = json!({"name": "Panel <b>", "redirectUris": ["http://localhost/back"], "partner": "meridian"});
    let made = world
        .post("/program/v1/applications", &operator, &body)
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let reset = "/program/v1/users/admin.meridian/password";
    let first = world.post(reset, &operator, &json!({})).await;
    assert_eq!(first.status, 201, "{}", first.body);
    Set {
        client: text(&made.body["clientId"]),
        secret: text(&made.body["clientSecret"]),
        user: text(&first.body["signInName"]),
        password: text(&first.body["password"]),
        world,
    }
}

impl Set {
    fn asks(&self) -> Vec<(&str, String)> {
        vec![
            ("client_id", self.client.clone()),
            ("response_type", "code".to_owned()),
            ("redirect_uri", BACK.to_owned()),
            ("state", "a b&c=d".to_owned()),
            ("code_challenge", challenge()),
            ("code_challenge_method", "S256".to_owned()),
            ("nonce", "n-1".to_owned()),
        ]
    }

    async fn opened(&self, path: &str, change: &[(&str, Option<&str>)]) -> Browser<'_> {
        let mut asks = self.asks();
        for (name, value) in change {
            asks.retain(|(known, _)| known != name);
            asks.extend(value.map(|value| (*name, value.to_owned())));
        }
        let query: Vec<(&str, &str)> = asks.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let mut browser = Browser::of(&self.world);
        browser.opens(path, &query).await;
        browser
    }

    async fn redeem(&self, code: &str, change: &[(&str, Option<&str>)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", &self.client),
            ("client_secret", &self.secret),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
            ("resource", "https://api.partnercenter.microsoft.com"),
        ];
        for (name, value) in change {
            fields.retain(|(known, _)| known != name);
            fields.extend(value.map(|value| (*name, value)));
        }
        self.world.form("/common/oauth2/token", &fields).await
    }

    /// A code that a sandbox user gets with one click.
    async fn clicked(&self) -> String {
        let mut browser = self.opened("/common/oauth2/authorize", &[]).await;
        let id = browser.after("name=\"as\" value=\"");
        assert!(!id.is_empty());
        let meridian = browser.page.find("<b>admin@meridian").unwrap();
        let before = &browser.page[..meridian];
        let id = before.rsplit_once("value=\"").unwrap().1;
        let id = id.split('"').next().unwrap().to_owned();
        browser.submits(&[("as", &id)]).await;
        if browser.status == 200 {
            browser.submits(&[("consent", "yes")]).await;
        }
        assert_eq!(browser.status, 302, "{}", browser.page);
        browser.sent_with("code").unwrap()
    }
}

/// The code of an authenticator app for the key on the page, so many steps from now.
fn code(set: &Set, key: &str, steps: i64) -> String {
    let mut bits = String::new();
    for letter in key.bytes().filter(u8::is_ascii_alphanumeric) {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
            .iter()
            .position(|known| *known == letter)
            .unwrap();
        write!(bits, "{value:05b}").unwrap();
    }
    let secret: Vec<u8> = (0..bits.len() / 8)
        .map(|index| u8::from_str_radix(&bits[index * 8..index * 8 + 8], 2).unwrap())
        .collect();
    let now = set.world.server.app().clock().server_now();
    let step = now.as_micros() / 30_000_000 + steps;
    let hash = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = ring::hmac::sign(&hash, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref()[19] & 15);
    let number: [u8; 4] = tag.as_ref()[offset..offset + 4].try_into().unwrap();
    let number = u32::from_be_bytes(number) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[tokio::test]
async fn a_user_signs_in_and_the_code_becomes_tokens() {
    let set = set(false).await;
    let mut browser = set.opened("/common/oauth2/authorize", &[]).await;
    browser.shows("<h1>Sign in</h1>");
    assert!(
        !browser.page.contains("name=\"as\""),
        "no users to pick outside a sandbox"
    );
    let policy = browser.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(policy.contains("form-action 'self' http://localhost:9876"));
    assert!(!browser.page.contains("<script") && !browser.page.contains("src="));
    let name = set.user.to_uppercase();
    browser
        .submits(&[("name", &name), ("password", &set.password)])
        .await;
    browser.shows("<h1>Choose a password</h1>");
    browser
        .submits(&[("new", "short"), ("again", "short")])
        .await;
    browser.shows("A password has 12 to 256 letters.");
    let long = "correct horse battery staple";
    browser
        .submits(&[("new", long), ("again", "correct horse battery")])
        .await;
    browser.shows("The two passwords are not the same.");
    browser
        .submits(&[("new", &set.password), ("again", &set.password)])
        .await;
    browser.shows("This is the old password.");
    browser.submits(&[("new", long), ("again", long)]).await;
    browser.shows("<h1>Set up your second factor</h1>");
    let key = browser.after("<code>");
    browser.submits(&[("code", "000000x")]).await;
    browser.shows("This code is wrong");
    assert_eq!(
        browser.after("<code>"),
        key,
        "the key stays while it is set up"
    );
    let used = code(&set, &key, 0);
    browser.submits(&[("code", &used)]).await;
    browser.shows("Panel &lt;b&gt;");
    browser.submits(&[("consent", "yes")]).await;
    assert_eq!(browser.status, 302);
    assert_eq!(browser.sent_with("state").as_deref(), Some("a b&c=d"));
    assert_eq!(browser.headers["referrer-policy"], "no-referrer");
    let location = browser.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with("http://localhost:9876/back?code="),
        "{location}"
    );

    let answer = set.redeem(&browser.sent_with("code").unwrap(), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for member in ["expires_in", "refresh_token", "id_token", "scope"] {
        assert!(answer.body[member].is_string(), "{member}: {}", answer.body);
    }
    assert_eq!(claims(&answer.body["id_token"])["nonce"], "n-1");
    let said = claims(&answer.body["access_token"]);
    assert_eq!(said["upn"], set.user);
    assert_eq!(said["amr"], json!(["pwd", "mfa"]));
    let token = answer.body["access_token"].as_str().unwrap();
    assert_eq!(set.world.get("/v1/profiles/mpn", token).await.status, 200);

    // The second time there is nothing to set up or to consent to; a code counts once.
    let mut browser = set.opened("/common/oauth2/v2.0/authorize", &[]).await;
    browser
        .submits(&[("name", &set.user), ("password", long)])
        .await;
    browser.shows("<h1>Second factor</h1>");
    browser.submits(&[("code", &used)]).await;
    browser.shows("This code is wrong, or was used before");
    browser.submits(&[("code", &code(&set, &key, 1))]).await;
    assert_eq!(browser.status, 302, "{}", browser.page);
}

#[tokio::test]
async fn a_click_signs_a_sandbox_user_in() {
    let set = set(true).await;
    let code = set.clicked().await;
    let answer = set.redeem(&code, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // On a server that is no sandbox nobody gets in like this, page or not.
    let strict = self::set(false).await;
    let mut browser = strict.opened("/common/oauth2/authorize", &[]).await;
    let oid = claims(&answer.body["access_token"])["oid"].clone();
    browser.submits(&[("as", oid.as_str().unwrap())]).await;
    browser.shows("The user name or the password is wrong.");
}

#[tokio::test]
async fn a_code_counts_once_for_its_application_and_verifier() {
    let set = set(true).await;
    let harbor = (
        set.world.of("harbor", "clientId"),
        set.world.of("harbor", "clientSecret"),
    );
    let code = set.clicked().await;
    for change in [
        vec![
            ("client_id", Some(harbor.0.as_str())),
            ("client_secret", Some(harbor.1.as_str())),
        ],
        vec![(
            "code_verifier",
            Some("another-verifier-of-at-least-forty-three-letters-012"),
        )],
        vec![("code_verifier", Some("short"))],
        vec![("code_verifier", None)],
        vec![("redirect_uri", Some("http://localhost:9877/back"))],
        vec![("code", Some("another"))],
    ] {
        let answer = set.redeem(&code, &change).await;
        assert_eq!(answer.status, 400, "{change:?}: {}", answer.body);
        assert_eq!(answer.body["error"], "invalid_grant", "{change:?}");
    }
    let wrong_secret = set.redeem(&code, &[("client_secret", Some("x"))]).await;
    assert_eq!(wrong_secret.body["error"], "invalid_client");
    let first = set.redeem(&code, &[]).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let again = set.redeem(&code, &[]).await;
    assert_eq!(again.body["error"], "invalid_grant", "{}", again.body);
    // Somebody has the code: what it was exchanged for ends too.
    let refresh = first.body["refresh_token"].as_str().unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", set.client.as_str()),
        ("client_secret", set.secret.as_str()),
        ("refresh_token", refresh),
    ];
    let answer = set.world.form("/common/oauth2/token", &fields).await;
    assert_eq!(answer.body["error"], "invalid_grant", "{}", answer.body);
}

#[tokio::test]
async fn nobody_is_sent_where_the_application_did_not_register() {
    let set = set(true).await;
    for address in [
        "https://evil.example/back",
        "http://localhost.evil.example/back",
        "http://localhost:9876/other",
        "http://localhost@evil.example/back",
        "http://localhost:9876/back?x=1",
        "http://localhost:9876/back#x",
        "https://localhost:9876/back",
        "//evil.example/back",
        "javascript:alert(1)",
    ] {
        let change = [("redirect_uri", Some(address))];
        let browser = set.opened("/common/oauth2/authorize", &change).await;
        assert_eq!(browser.status, 400, "{address}");
        assert!(!browser.headers.contains_key("location"), "{address}");
        assert!(browser.page.contains("redirect_uri is no address"));
    }
    for client in ["", "x", "00000000-0000-0000-0000-000000000009"] {
        let change = [("client_id", Some(client))];
        let browser = set.opened("/common/oauth2/authorize", &change).await;
        assert_eq!(browser.status, 400, "{client}");
    }
    let nowhere = set.opened("/nowhere.example/oauth2/authorize", &[]).await;
    assert_eq!(nowhere.status, 400);
}

#[tokio::test]
async fn other_faults_are_told_to_the_application() {
    let set = set(true).await;
    let path = "/common/oauth2/authorize";
    for (change, error) in [
        (
            ("response_type", Some("token")),
            "unsupported_response_type",
        ),
        (("response_type", None), "unsupported_response_type"),
        (("response_mode", Some("fragment")), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("code_challenge_method", None), "invalid_request"),
        (("code_challenge", Some("short")), "invalid_request"),
        (("code_challenge", None), "invalid_request"),
        (("prompt", Some("none")), "login_required"),
    ] {
        let browser = set.opened(path, &[change]).await;
        assert_eq!(browser.status, 302, "{change:?}");
        assert_eq!(
            browser.sent_with("error").as_deref(),
            Some(error),
            "{change:?}"
        );
        assert_eq!(browser.sent_with("state").as_deref(), Some("a b&c=d"));
        assert!(browser.sent_with("code").is_none());
    }
    let mut browser = set.opened(path, &[]).await;
    browser.submits(&[("cancel", "1")]).await;
    assert_eq!(browser.sent_with("error").as_deref(), Some("access_denied"));
    // The documentation spells the parameter in its own way.
    let change = [("redirect_uri", None), ("redirect_url", Some(BACK))];
    set.opened(path, &change).await.shows("<h1>Sign in</h1>");
}

#[tokio::test]
async fn a_page_belongs_to_one_browser() {
    let set = set(true).await;
    let mut browser = set.opened("/common/oauth2/authorize", &[]).await;
    let id = browser.after("name=\"as\" value=\"");
    let own = browser.cookie.clone();
    // Another browser, none, an altered form.
    let other = set.opened("/common/oauth2/authorize", &[]).await;
    for cookie in [other.cookie.clone(), None] {
        browser.cookie = cookie;
        browser.submits(&[("as", &id)]).await;
        assert_eq!(browser.status, 400);
        assert!(!browser.headers.contains_key("location"));
    }
    browser.cookie = own;
    let flow = browser.flow.clone();
    browser.flow = format!("A{flow}");
    browser.submits(&[("as", &id)]).await;
    assert_eq!(browser.status, 400);
    browser.flow = flow;
    browser.submits(&[("as", &id)]).await;
    assert!(
        matches!(browser.status, 200 | 302),
        "its own form still works"
    );
}

#[tokio::test]
async fn guessing_ends_and_tells_nothing() {
    let set = set(false).await;
    let mut browser = set.opened("/common/oauth2/authorize", &[]).await;
    let mut shown = Vec::new();
    for name in [set.user.as_str(), "nobody@meridian.example"] {
        browser
            .submits(&[("name", name), ("password", "wrong")])
            .await;
        browser.shows("The user name or the password is wrong.");
        shown.push(browser.page.replace(&browser.flow, ""));
    }
    let strip = |page: &String| page.split("</style>").nth(1).unwrap().to_owned();
    assert_eq!(strip(&shown[0]), strip(&shown[1]));
    for _ in 0..9 {
        browser
            .submits(&[("name", &set.user), ("password", "wrong")])
            .await;
    }
    browser
        .submits(&[("name", &set.user), ("password", &set.password)])
        .await;
    assert_eq!(browser.status, 429, "the right one waits too");
    let wait: i64 = browser.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_tenants_page_takes_its_own_users() {
    let set = set(true).await;
    let harbor = set.world.of("harbor", "tenantId");
    let path = format!("/{harbor}/oauth2/authorize");
    let mut browser = set.opened(&path, &[]).await;
    browser.shows("Harbor Cloud Partners LLC");
    assert!(!browser.page.contains("Meridian"));
    browser
        .submits(&[("name", &set.user), ("password", &set.password)])
        .await;
    browser.shows("The user name or the password is wrong.");
    let meridian = set.opened("/common/oauth2/authorize", &[]).await;
    let id = meridian.page.split("<b>admin@meridian").next().unwrap();
    let id = id
        .rsplit_once("value=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    browser.submits(&[("as", id)]).await;
    assert_eq!(browser.status, 400);
}

/// SEC-007: to somebody else's application only a global admin consents, and takes it back.
#[tokio::test]
async fn somebody_elses_application_needs_a_global_admin() {
    let set = set(true).await;
    let harbor = set.world.of("harbor", "tenantId");
    let path = format!("/{harbor}/oauth2/authorize");
    let mut browser = set.opened(&path, &[]).await;
    let id = browser.after("name=\"as\" value=\"");
    browser.submits(&[("as", &id)]).await;
    browser.shows("Registered by Meridian Distribution Inc.");
    browser.submits(&[("consent", "yes")]).await;
    assert_eq!(browser.status, 302, "{}", browser.page);
    let answer = set.redeem(&browser.sent_with("code").unwrap(), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let refresh = answer.body["refresh_token"].as_str().unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", set.client.as_str()),
        ("client_secret", set.secret.as_str()),
        ("refresh_token", refresh),
    ];
    let consent = format!("/program/v1/consents/{}", set.client);
    let admin = set.world.user("harbor");
    let taken = set
        .world
        .send("DELETE", &consent, Some(&admin), None, &[])
        .await;
    assert_eq!(taken.status, 204, "{}", taken.body);
    let answer = set.world.form("/common/oauth2/token", &fields).await;
    assert_eq!(answer.body["error"], "invalid_grant", "{}", answer.body);
    let again = set
        .world
        .send("DELETE", &consent, Some(&admin), None, &[])
        .await;
    assert_eq!(again.status, 404, "{}", again.body);

    // A sales agent of the same company is told to ask.
    let made = json!({"name": "sam", "role": "sales_agent"});
    let created = set
        .world
        .post("/program/v1/commands/create_user", &admin, &made)
        .await;
    assert_eq!(created.status, 200, "{}", created.body);
    let mut browser = set.opened(&path, &[]).await;
    let before = browser.page.split("<b>sam@").next().unwrap();
    let id = before
        .rsplit_once("value=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let id = id.to_owned();
    browser.submits(&[("as", &id)]).await;
    browser.submits(&[("consent", "yes")]).await;
    browser.shows("A global admin of yours has to sign in here first.");
}

#[tokio::test]
async fn the_pages_speak_japanese() {
    let set = set(true).await;
    let query = format!(
        "{}/common/oauth2/authorize?client_id={}&response_type=code&redirect_uri={BACK}",
        set.world.base, set.client
    );
    let answer = set
        .world
        .http
        .get(query)
        .header("Accept-Language", "ja-JP,ja;q=0.9")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-language"], "ja");
    let page = answer.text().await.unwrap();
    assert!(page.contains("<html lang=\"ja\">") && page.contains("<h1>サインイン</h1>"));
}
