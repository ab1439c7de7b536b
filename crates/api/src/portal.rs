//! The portal as files within the binary: an ordinary client of the public API, in a browser.
//!
//! Names below `/portal/assets` hold a digest of what they name, so a browser keeps them for good; every other address below
//! `/portal` is a place within the portal and answers its one page, which is asked for again each time.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// A file of the portal, as it is and compressed.
pub(crate) struct File {
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// What was built, or nothing.
static EMBEDDED: &[File] = include!(concat!(env!("OUT_DIR"), "/portal.rs"));
static ETAGS: LazyLock<Vec<String>> = LazyLock::new(|| EMBEDDED.iter().map(etag).collect());

/// Scripts and styles come from this server alone. A library that writes its styles rule by rule begins with an empty element:
/// the digest is that of nothing, so no style that stands in a page is taken.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = "index.html";

/// Where the portal begins.
pub(crate) async fn home() -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/portal/"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A file of the portal, or its page.
pub(crate) async fn file(request: Request) -> Response {
    let etags = ETAGS.iter().map(String::as_str);
    answer(EMBEDDED, etags, request.uri().path(), request.headers())
}

/// The answer to a path, of these files.
fn answer<'a>(
    files: &'static [File],
    etags: impl Iterator<Item = &'a str>,
    path: &str,
    asked: &HeaderMap,
) -> Response {
    if files.is_empty() {
        return guarded((
            StatusCode::OK,
            [(header::CACHE_CONTROL, "no-store")],
            NOT_BUILT,
        ));
    }
    let name = path.strip_prefix("/portal").unwrap_or(path);
    let name = name.trim_start_matches('/');
    let is_asset = name.starts_with("assets/");
    let tagged: Vec<(&File, &str)> = files.iter().zip(etags).collect();
    let named = |name: &str| tagged.iter().find(|(file, _)| file.name == name);
    let found = named(name).or_else(|| named(PAGE).filter(|_| !is_asset));
    let Some((file, etag)) = found else {
        return Problem::not_found(path).into_response();
    };
    let caching = if is_asset {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let (content, coding) = packed(file, asked);
    // The same file in another coding is other bytes, and has a name of its own.
    let etag = format!("\"{etag}{}\"", coding.unwrap_or_default());
    let known = asked.get(header::IF_NONE_MATCH);
    let is_known = known
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| matches(one.trim(), &etag)));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, kind(file.name))];
        (StatusCode::OK, kind, content).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(coding) = coding.filter(|_| !is_known) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    guarded(response)
}

/// Whether a validator that a browser kept is this one; a proxy may have made it a weak one.
fn matches(kept: &str, etag: &str) -> bool {
    kept == "*" || kept.strip_prefix("W/").unwrap_or(kept) == etag
}

/// The smallest form that the browser reads.
fn packed(file: &File, asked: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let takes = |coding: &str| {
        let values = asked.get_all(header::ACCEPT_ENCODING).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|one| {
                let mut parts = one.split(';').map(str::trim);
                let name = parts.next()?;
                let refused =
                    parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
                (!refused).then_some(name)
            })
            .any(|name| name.eq_ignore_ascii_case(coding))
    };
    match (file.brotli, file.gzip) {
        (Some(brotli), _) if takes("br") => (brotli, Some("br")),
        (_, Some(gzip)) if takes("gzip") => (gzip, Some("gzip")),
        _ => (file.plain, None),
    }
}

/// With what keeps a browser from running or framing anything else.
fn guarded(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A name below `assets` tells the content apart already, so there the name is enough.
fn etag(file: &File) -> String {
    let told = if file.name.starts_with("assets/") {
        file.name.as_bytes()
    } else {
        file.plain
    };
    let digest = Sha256::digest(told);
    URL_SAFE_NO_PAD.encode(digest).chars().take(22).collect()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// What is shown where the binary was built without the portal.
const NOT_BUILT: axum::response::Html<&str> = axum::response::Html(
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<meta name=\"color-scheme\" content=\"light dark\"><title>tierline</title></head><body><h1>The portal is not part of this build</h1>\
<p>This server was built without its portal. To build both, on a machine with Node.js 20 or later and npm:</p>\
<pre>cargo xtask build</pre>\
<p>The program itself is here: <a href=\"/docs\">its endpoints</a>, <a href=\"/openapi.json\">openapi.json</a>.</p></body></html>",
);

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    static BUILT: &[File] = &[
        File {
            name: "assets/main-1a2b.js",
            plain: b"plain script",
            brotli: Some(b"brotli"),
            gzip: Some(b"gzip"),
        },
        File {
            name: "index.html",
            plain: b"<!doctype html>the portal",
            brotli: None,
            gzip: None,
        },
    ];

    fn asks(
        files: &'static [File],
        path: &str,
        headers: &[(HeaderName, &'static str)],
    ) -> Response {
        let asked = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        let etags: Vec<String> = files.iter().map(etag).collect();
        answer(files, etags.iter().map(String::as_str), path, &asked)
    }

    fn of<'a>(response: &'a Response, name: &HeaderName) -> &'a str {
        response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    async fn text(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn what_a_browser_reads_best_is_sent_and_kept() {
        let accept = header::ACCEPT_ENCODING;
        for (reads, coding, body) in [
            ("gzip, deflate, br, zstd", "br", "brotli"),
            ("gzip, deflate", "gzip", "gzip"),
            ("br;q=0, gzip;q=0.5", "gzip", "gzip"),
            ("identity", "", "plain script"),
        ] {
            let response = asks(
                BUILT,
                "/portal/assets/main-1a2b.js",
                &[(accept.clone(), reads)],
            );
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(of(&response, &header::CONTENT_ENCODING), coding, "{reads}");
            assert_eq!(of(&response, &header::VARY), "accept-encoding");
            let caching = of(&response, &header::CACHE_CONTROL);
            assert!(caching.contains("immutable"), "{caching}");
            assert_eq!(text(response).await, body, "{reads}");
        }
        let gone = asks(BUILT, "/portal/assets/main-of-yesterday.js", &[]);
        assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn every_place_within_the_portal_is_its_page() {
        for path in [
            "/portal",
            "/portal/",
            "/portal/rules/TXN-601",
            "/portal/a.b",
        ] {
            let response = asks(BUILT, path, &[]);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(of(&response, &header::CACHE_CONTROL), "no-cache");
            assert_eq!(
                of(&response, &header::CONTENT_TYPE),
                "text/html; charset=utf-8"
            );
            assert!(text(response).await.contains("the portal"), "{path}");
        }
    }

    #[tokio::test]
    async fn what_did_not_change_is_not_sent_again() {
        let script = "/portal/assets/main-1a2b.js";
        let first = asks(BUILT, script, &[]);
        let etag = of(&first, &header::ETAG).to_owned();
        let kept: &'static str = Box::leak(format!("\"other\", W/{etag}").into_boxed_str());
        let again = asks(BUILT, script, &[(header::IF_NONE_MATCH, kept)]);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(of(&again, &header::ETAG), etag);
        assert_eq!(text(again).await, "");
        // In another coding it is not the same bytes.
        let packed = [
            (header::IF_NONE_MATCH, kept),
            (header::ACCEPT_ENCODING, "br"),
        ];
        assert_eq!(asks(BUILT, script, &packed).status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn nothing_foreign_runs_and_nobody_frames_it() {
        for files in [BUILT, &[]] {
            let response = asks(files, "/portal/", &[]);
            let policy = of(&response, &header::CONTENT_SECURITY_POLICY);
            assert!(policy.contains("script-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(of(&response, &header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        }
    }

    #[tokio::test]
    async fn without_the_portal_its_page_says_how_to_build_it() {
        for path in ["/portal", "/portal/rules"] {
            let response = asks(&[], path, &[]);
            assert_eq!(response.status(), StatusCode::OK);
            assert!(text(response).await.contains("cargo xtask build"), "{path}");
        }
    }
}
