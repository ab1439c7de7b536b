//! A readable reference page that needs no network.

use axum::response::Html;

use crate::routes::{self, documented};

/// The page.
pub(crate) async fn page() -> Html<String> {
    let rows: Vec<String> = routes::list()
        .iter()
        .map(|route| {
            let (name, path, about) = (&route.method, route.path, route.about);
            format!(
                "<tr><td class=\"m\">{name}</td><td><code>{path}</code></td><td>{about}</td></tr>"
            )
        })
        .collect();
    let open: Vec<String> = documented::not_built()
        .map(|operation| {
            let (method, path) = (operation.method, operation.path);
            format!(
                "<tr><td class=\"m\">{method}</td><td><code>{path}</code></td><td>501</td></tr>"
            )
        })
        .collect();
    let page = PAGE
        .replace("{rows}", &rows.concat())
        .replace("{count}", &open.len().to_string())
        .replace("{open}", &open.concat());
    Html(page)
}

const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>tierline — API</title><style>\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td{border-top:1px solid color-mix(in srgb,currentColor 20%,transparent);padding:.4rem .6rem;vertical-align:top}\
.m{font-weight:600;font-size:.8rem;letter-spacing:.04em}code{font-size:.9rem}a{color:inherit}</style></head><body>\
<h1>tierline</h1><p>The documented partner API and our own endpoints, on one port. The machine-readable form is \
<a href=\"/openapi.json\">/openapi.json</a>; the rulebook as enforced is <a href=\"/program/v1/rules\">/program/v1/rules</a>.</p>\
<table>{rows}</table>\
<h2 id=\"open\">Documented, not implemented yet</h2><p>{count} operations answer 501 with a body that says so.</p>\
<table>{open}</table></body></html>";
