//! The pages of the sign-in: plain HTML that needs no script, no picture and no other host.

use std::fmt::Write;

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tierline_rules::Lang;

use crate::identity;

/// Somebody who may sign in with one click, on a sandbox.
pub(super) struct Somebody {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) company: String,
}

/// What a page is about.
pub(super) enum Page {
    /// Name and password.
    Name {
        hint: String,
        everybody: Vec<Somebody>,
    },
    /// A first password is changed.
    NewPassword,
    /// A second factor is set up.
    SetUp { name: String, secret: String },
    /// A code of the second factor.
    Code,
    /// What the application may do.
    Consent {
        application: String,
        publisher: String,
        name: String,
    },
}

/// The words of all pages.
pub(super) struct Words {
    lang: &'static str,
    sign_in: &'static str,
    name: &'static str,
    password: &'static str,
    next: &'static str,
    cancel: &'static str,
    sandbox: &'static str,
    sandbox_about: &'static str,
    new_password: &'static str,
    new_about: &'static str,
    new: &'static str,
    again: &'static str,
    change: &'static str,
    set_up: &'static str,
    set_up_about: &'static str,
    key: &'static str,
    open_app: &'static str,
    second: &'static str,
    second_about: &'static str,
    six: &'static str,
    confirm: &'static str,
    consent: &'static str,
    wants: &'static str,
    may: [&'static str; 2],
    may_end: &'static str,
    by: &'static str,
    signed_in: &'static str,
    agree: &'static str,
    stopped: &'static str,
    /// Name or password are wrong.
    pub(super) wrong: &'static str,
    /// The code is wrong.
    pub(super) code: &'static str,
    /// Too many failures.
    pub(super) wait: &'static str,
    /// The page is too old, or of another browser.
    pub(super) gone: &'static str,
    /// The new password is too short or too long.
    pub(super) short: &'static str,
    /// The two new passwords differ.
    pub(super) differ: &'static str,
    /// The new password is the old one.
    pub(super) same: &'static str,
    /// Only a global admin consents to somebody else's application.
    pub(super) ask_admin: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    sign_in: "Sign in",
    name: "User name",
    password: "Password",
    next: "Sign in",
    cancel: "Cancel",
    sandbox: "Sandbox users",
    sandbox_about: "This server is a sandbox: pick somebody to sign in without a password.",
    new_password: "Choose a password",
    new_about: "Your first password was made by an administrator and ends now. The new one has at least 12 letters.",
    new: "New password",
    again: "New password again",
    change: "Change password",
    set_up: "Set up your second factor",
    set_up_about: "Add this key to an authenticator app, then enter the six digits it shows.",
    key: "Key",
    open_app: "Open in an authenticator app on this device",
    second: "Second factor",
    second_about: "Enter the six digits that your authenticator app shows.",
    six: "Six digits",
    confirm: "Confirm",
    consent: "Permission",
    wants: "wants to act for you",
    may: [
        "Read and change your company's customers, orders and subscriptions, as far as your roles allow",
        "Keep this access while you are away, for up to 90 days after its last use",
    ],
    may_end: "An administrator of your company can take this back at any time.",
    by: "Registered by",
    signed_in: "Signed in as",
    agree: "Allow",
    stopped: "Sign-in stopped",
    wrong: "The user name or the password is wrong.",
    code: "This code is wrong, or was used before. Wait for the next one.",
    wait: "There were too many failed attempts. Try again in a quarter of an hour.",
    gone: "This page is too old or belongs to another browser. Go back to the application and sign in again.",
    short: "A password has 12 to 256 letters.",
    differ: "The two passwords are not the same.",
    same: "This is the old password. Choose another.",
    ask_admin: "This application belongs to another company. A global admin of yours has to sign in here first.",
};

const JAPANESE: Words = Words {
    lang: "ja",
    sign_in: "サインイン",
    name: "ユーザー名",
    password: "パスワード",
    next: "サインイン",
    cancel: "キャンセル",
    sandbox: "サンドボックスのユーザー",
    sandbox_about: "このサーバーはサンドボックスです。パスワードなしでサインインするユーザーを選んでください。",
    new_password: "パスワードの設定",
    new_about: "最初のパスワードは管理者が作成したもので、今後は使えません。新しいパスワードは12文字以上にしてください。",
    new: "新しいパスワード",
    again: "新しいパスワード(確認)",
    change: "パスワードを変更",
    set_up: "第二要素の設定",
    set_up_about: "このキーを認証アプリに追加し、表示される6桁の数字を入力してください。",
    key: "キー",
    open_app: "この端末の認証アプリで開く",
    second: "第二要素",
    second_about: "認証アプリに表示される6桁の数字を入力してください。",
    six: "6桁の数字",
    confirm: "確認",
    consent: "アクセスの許可",
    wants: "があなたの代わりに操作することを求めています",
    may: [
        "ロールの範囲内での、自社の顧客・注文・サブスクリプションの閲覧と変更",
        "不在時のアクセスの維持(最後の使用から最長90日間)",
    ],
    may_end: "自社の管理者はいつでも許可を取り消せます。",
    by: "登録者:",
    signed_in: "サインイン中:",
    agree: "許可",
    stopped: "サインインを中止しました",
    wrong: "ユーザー名またはパスワードが正しくありません。",
    code: "コードが正しくないか、すでに使用されています。次のコードを待ってください。",
    wait: "失敗が多すぎます。15分後にもう一度お試しください。",
    gone: "このページは期限切れか、別のブラウザーのものです。アプリケーションに戻り、もう一度サインインしてください。",
    short: "パスワードは12文字以上256文字以下です。",
    differ: "2つのパスワードが一致しません。",
    same: "以前のパスワードと同じです。別のものを選んでください。",
    ask_admin: "このアプリケーションは他社のものです。先に自社のグローバル管理者がここでサインインする必要があります。",
};

/// The words of a language.
pub(super) const fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::En => &ENGLISH,
        Lang::Ja => &JAPANESE,
    }
}

/// Text as it stands between tags and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A labelled field; the first of a page has the focus.
fn field(id: &str, label: &str, attributes: &str) -> String {
    format!(
        "<label for=\"{id}\">{label}</label><input id=\"{id}\" name=\"{id}\" required {attributes}>"
    )
}

const NEW: &str =
    "type=\"password\" autocomplete=\"new-password\" minlength=\"12\" maxlength=\"256\"";
const DIGITS: &str = "inputmode=\"numeric\" autocomplete=\"one-time-code\" pattern=\"[0-9 ]{6,7}\" maxlength=\"7\" autofocus";

/// The heading of a page and what its form holds.
fn content(words: &Words, page: &Page) -> (&'static str, String) {
    let about = |text: &str| format!("<p class=\"about\">{text}</p>");
    let go = |text: &str| format!("<button class=\"go\">{text}</button>");
    match page {
        Page::Name { hint, .. } => {
            let value = format!(
                "type=\"email\" autocomplete=\"username\" autofocus value=\"{}\"",
                escape(hint)
            );
            let name = field("name", words.name, &value);
            let secret = "type=\"password\" autocomplete=\"current-password\"";
            let password = field("password", words.password, secret);
            (words.sign_in, format!("{name}{password}{}", go(words.next)))
        }
        Page::NewPassword => {
            let first = field("new", words.new, &format!("{NEW} autofocus"));
            let second = field("again", words.again, NEW);
            let fields = format!("{}{first}{second}", about(words.new_about));
            (words.new_password, format!("{fields}{}", go(words.change)))
        }
        Page::SetUp { name, secret } => {
            let groups: Vec<String> = secret
                .as_bytes()
                .chunks(4)
                .map(|group| String::from_utf8_lossy(group).into_owned())
                .collect();
            let link = format!(
                "otpauth://totp/tierline:{}?secret={secret}&issuer=tierline",
                name.replace('@', "%40")
            );
            let key = format!(
                "<p class=\"key\"><span>{}</span><code>{}</code><a href=\"{}\">{}</a></p>",
                words.key,
                groups.join(" "),
                escape(&link),
                words.open_app
            );
            let digits = field("code", words.six, DIGITS);
            let fields = format!("{}{key}{digits}", about(words.set_up_about));
            (words.set_up, format!("{fields}{}", go(words.confirm)))
        }
        Page::Code => {
            let digits = field("code", words.six, DIGITS);
            let fields = format!("{}{digits}", about(words.second_about));
            (words.second, format!("{fields}{}", go(words.confirm)))
        }
        Page::Consent {
            application,
            publisher,
            name,
        } => {
            let may = words.may.map(|line| format!("<li>{line}</li>")).concat();
            let text = format!(
                "<p class=\"about\"><strong>{}</strong> {}.<br><span class=\"dim\">{} {}</span></p><ul>{may}</ul><p class=\"dim\">{}<br>{} {}</p>\
                 <button class=\"go\" name=\"consent\" value=\"yes\" autofocus>{}</button>",
                escape(application),
                words.wants,
                words.by,
                escape(publisher),
                words.may_end,
                words.signed_in,
                escape(name),
                words.agree
            );
            (words.consent, text)
        }
    }
}

/// The users of a sandbox, in a form of their own: a click signs in.
fn everybody(words: &Words, everybody: &[Somebody], flow: &str) -> String {
    if everybody.is_empty() {
        return String::new();
    }
    let mut list = String::new();
    for somebody in everybody {
        let _ = write!(
            list,
            "<button name=\"as\" value=\"{}\"><b>{}</b><span>{}</span></button>",
            escape(&somebody.id),
            escape(&somebody.name),
            escape(&somebody.company)
        );
    }
    format!(
        "<section aria-labelledby=\"sandbox\"><h2 id=\"sandbox\">{}</h2><p class=\"dim\">{}</p>\
         <form method=\"post\" class=\"people\"><input type=\"hidden\" name=\"flow\" value=\"{flow}\">{list}</form></section>",
        words.sandbox, words.sandbox_about
    )
}

/// A page. Its form goes to the address it came from; `origin` is where the sign-in ends.
pub(super) fn render(
    lang: Lang,
    page: &Page,
    problem: Option<&str>,
    flow: &str,
    origin: &str,
) -> Response {
    let words = words(lang);
    let (title, fields) = content(words, page);
    let flow = escape(flow);
    let problem = problem.map_or_else(String::new, |text| {
        format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(text))
    });
    let people = match page {
        Page::Name { everybody: all, .. } => everybody(words, all, &flow),
        _ => String::new(),
    };
    let main = format!(
        "<h1>{title}</h1>{problem}<form method=\"post\"><input type=\"hidden\" name=\"flow\" value=\"{flow}\">{fields}\
         <button class=\"plain\" name=\"cancel\" value=\"1\" formnovalidate>{}</button></form>{people}",
        words.cancel
    );
    document(words, StatusCode::OK, title, &main, origin)
}

/// A page that leads nowhere: the sign-in cannot go on.
pub(super) fn stopped(lang: Lang, status: StatusCode, text: &str) -> Response {
    let words = words(lang);
    let main = format!(
        "<h1>{}</h1><p class=\"problem\" role=\"alert\">{}</p>",
        words.stopped,
        escape(text)
    );
    document(words, status, words.stopped, &main, "")
}

fn document(words: &Words, status: StatusCode, title: &str, main: &str, origin: &str) -> Response {
    let nonce = identity::secret();
    let html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · tierline</title><style nonce=\"{nonce}\">{STYLE}</style></head>\
         <body><main><p class=\"mark\" aria-hidden=\"true\"><i></i><i></i><i></i> tierline</p>{main}</main></body></html>",
        words.lang
    );
    let mut response = (status, Html(html)).into_response();
    // The browser follows the last form's answer to the application, so its address has to be allowed here too.
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {origin}; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_LANGUAGE, words.lang),
        (HeaderName::from_static("vary"), "Accept-Language"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const STYLE: &str = "\
:root{--paper:#f3f5f8;--card:#fff;--ink:#17202b;--dim:#566373;--line:#c9d1da;--go:#0b5cad;--go-ink:#fff;--bad:#a3172b;--bad-paper:#fdeef0;--hover:#eef3f9}\
@media(prefers-color-scheme:dark){:root{--paper:#0f141a;--card:#1a212a;--ink:#e8edf3;--dim:#a4b0be;--line:#3d4957;--go:#7cb8ff;--go-ink:#0b1a2b;--bad:#ff9aa8;--bad-paper:#3a1a20;--hover:#232d39}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,\"Segoe UI\",\"Hiragino Sans\",\"Yu Gothic UI\",\"Noto Sans JP\",sans-serif}\
main{width:100%;max-width:27rem;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:2rem;box-shadow:0 8px 30px #0b1a2b14}\
.mark{display:flex;align-items:flex-end;gap:.2rem;margin:0 0 1.5rem;font-weight:650;letter-spacing:.01em;color:var(--dim)}\
.mark i{width:.42rem;background:var(--go);border-radius:2px;height:.5rem}.mark i+i{height:.8rem;opacity:.75}.mark i+i+i{height:1.1rem;opacity:.5;margin-right:.35rem}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem;letter-spacing:-.01em}h2{font-size:1rem;margin:0 0 .25rem}\
.about{margin:0 0 1rem}.dim{color:var(--dim);font-size:.9rem;margin:0 0 1rem}ul{padding-left:1.2rem;margin:0 0 1rem}li+li{margin-top:.4rem}\
label{display:block;font-weight:600;font-size:.92rem;margin:0 0 .3rem}\
input:not([type=hidden]){width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--dim);border-radius:8px;padding:.65rem .75rem;margin:0 0 1rem}\
button{font:inherit;cursor:pointer;border-radius:8px;border:1px solid transparent;padding:.65rem 1rem}\
.go{width:100%;background:var(--go);color:var(--go-ink);font-weight:600}.go:hover{filter:brightness(1.08)}\
.plain{width:100%;margin-top:.5rem;background:none;color:var(--dim)}.plain:hover{background:var(--hover)}\
:focus-visible{outline:3px solid var(--go);outline-offset:2px}\
.problem{margin:0 0 1rem;padding:.7rem .85rem;border-radius:8px;background:var(--bad-paper);color:var(--bad)}\
.key{margin:0 0 1rem;padding:.85rem;border:1px dashed var(--dim);border-radius:8px}.key span{display:block;font-size:.85rem;color:var(--dim)}\
.key code{display:block;font:600 1.02rem/1.6 ui-monospace,monospace;word-spacing:.15rem;overflow-wrap:anywhere;margin-bottom:.4rem}a{color:var(--go)}\
section{margin-top:1.5rem;padding-top:1.25rem;border-top:1px solid var(--line)}\
.people{display:grid;gap:.35rem;max-height:19rem;overflow:auto;padding:.3rem}\
.people button{display:grid;text-align:left;background:none;color:inherit;border-color:var(--line);padding:.5rem .75rem}.people button:hover{background:var(--hover)}\
.people b{font-weight:600;overflow-wrap:anywhere}.people span{color:var(--dim);font-size:.88rem}\
@media(max-width:30rem){body{padding:0;place-items:start}main{border:0;border-radius:0;min-height:100vh;padding:1.5rem;box-shadow:none}}\
@media(prefers-reduced-motion:no-preference){button,input{transition:background-color .12s,filter .12s}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        let page = Page::Consent {
            application: "<script>alert(1)</script>".to_owned(),
            publisher: "A & B \"Ltd\"".to_owned(),
            name: "kim@ip-1.example".to_owned(),
        };
        let (_, html) = content(&ENGLISH, &page);
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("A &amp; B &quot;Ltd&quot;"), "{html}");
        let page = Page::Name {
            hint: "\" autofocus onfocus=\"x".to_owned(),
            everybody: Vec::new(),
        };
        let (_, html) = content(&ENGLISH, &page);
        assert!(html.contains("value=\"&quot; autofocus"), "{html}");
    }

    #[test]
    fn both_languages_say_everything() {
        for (english, japanese) in [
            (ENGLISH.wrong, JAPANESE.wrong),
            (ENGLISH.gone, JAPANESE.gone),
            (ENGLISH.may[1], JAPANESE.may[1]),
        ] {
            assert!(english.is_ascii() && !japanese.is_ascii());
        }
    }
}
