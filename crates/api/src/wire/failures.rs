//! The shape of failures that no handler made: the framework's own, and those of the caller's token.
//!
//! A handler answers with [`Problem`], which has the documented shape, or its problem details for our own
//! endpoints. What fails before the handler runs (a token, a path that is not UTF-8) does not know which of the
//! two is meant; the path tells.

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::Value;
use tierline_rules::{Lang, phrases};

use crate::problem::Problem;
use crate::wire::odata;

/// Most of a failure's body; they are short.
const BYTES_MAX: usize = 64 * 1024;
const DETAILS: &str = "application/problem+json";

/// Gives a failure the shape that its path promises and the language that the caller reads; every other answer
/// passes as it is.
///
/// `traced` is the id of the call, which some failures repeat.
pub(crate) async fn shaped(
    path: &str,
    lang: Lang,
    traced: Option<&str>,
    response: Response,
) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let response = promised(path, response).await;
    let response = match lang {
        Lang::En => response,
        Lang::Ja => told(lang, response).await,
    };
    if odata::speaks(path) {
        in_odata(traced, response).await
    } else {
        response
    }
}

/// A failure as clients of the OData paths read it; one without a body stays so.
async fn in_odata(traced: Option<&str>, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, BYTES_MAX).await.unwrap_or_default();
    let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = odata::error(parts.status, &body, traced);
    Response::from_parts(parts, Body::from(body.to_string()))
}

/// A failure in another language: handlers write English, refusals apart, which are in the caller's already.
async fn told(lang: Lang, response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !(kind.starts_with("application/json") || kind.starts_with(DETAILS)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, BYTES_MAX).await.unwrap_or_default();
    let Ok(mut body) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    for member in ["description", "message", "detail"] {
        if let Some(Value::String(text)) = body.get_mut(member) {
            *text = phrases::failure_in(text, lang).into_owned();
        }
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body.to_string()))
}

async fn promised(path: &str, response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_ours = path.starts_with("/program/");
    // No body is documented where a second factor is missing; a request that took too long has none by accident.
    let is_late = kind.is_empty() && status == StatusCode::SERVICE_UNAVAILABLE;
    let is_text = kind.starts_with("text/plain");
    if is_text || is_late || (is_ours && !kind.starts_with(DETAILS)) {
        again(is_ours, response).await
    } else {
        response
    }
}

/// A failure in the other shape; its headers stay, apart from those that describe the body.
async fn again(is_ours: bool, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, BYTES_MAX).await.unwrap_or_default();
    let status = parts.status;
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let problem = match (body["code"].as_u64(), body["description"].as_str()) {
        (Some(code), Some(text)) => {
            Problem::documented(status, u32::try_from(code).unwrap_or_default(), text)
        }
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => {
            let text = String::from_utf8_lossy(&bytes);
            let reason = status.canonical_reason().unwrap_or("failure");
            let told = if text.trim().is_empty() {
                reason
            } else {
                text.trim()
            };
            Problem {
                status,
                ..Problem::malformed("request", told)
            }
        }
    };
    let shaped = if is_ours {
        problem.into_details(Lang::En)
    } else {
        problem.into_response()
    };
    let (fresh, body) = shaped.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(fresh.headers);
    Response::from_parts(parts, Body::new(body))
}
