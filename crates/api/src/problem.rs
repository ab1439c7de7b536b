//! The one place where failures become answers.
//!
//! The documented paths answer in the documented error shape; `/program/v1` in RFC 9457 problem details.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use hyper::ext::ReasonPhrase;
use serde_json::{Value, json};
use tierline_app::AppError;
use tierline_app::directory::USER;
use tierline_rules::{Decision, Lang};
use tierline_store::StoreError;

use crate::answer::Json;
use crate::identity::BadToken;
use crate::render;

/// A failure on its way to the wire.
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The documented code, or one of ours; absent where no body is sent.
    pub code: Option<u32>,
    /// What happened and what to do, at most 1024 characters.
    pub description: String,
    /// Rule ids and links.
    pub data: Vec<String>,
    /// The decision behind a refusal.
    pub decision: Option<Box<Decision>>,
}

/// Codes of failures that no rule causes, below the private codes of rules.
mod own {
    /// A body or parameter that cannot be read.
    pub(super) const MALFORMED: u32 = 7_000_900;
    /// Something that is not there.
    pub(super) const NOT_FOUND: u32 = 7_000_901;
    /// A clash of requests.
    pub(super) const CONFLICT: u32 = 7_000_902;
    /// Not built yet.
    pub(super) const NOT_IMPLEMENTED: u32 = 7_000_903;
    /// Our fault.
    pub(super) const INTERNAL: u32 = 7_000_904;
    /// Not for this caller.
    pub(super) const FORBIDDEN: u32 = 7_000_905;
}

/// Documented codes of failures that no rule causes.
const NO_USER: u32 = 60_002;
const NONE_LEFT: u32 = 60_012;

/// Codes that are answered in the second documented shape, with their names.
const SERVICE_ERRORS: [(u32, &str); 2] = [
    (600_061, "PartnerConfirmedAgreementAlreadyExists"),
    (600_074, "AccountStatusNotFound"),
];

impl Problem {
    fn new(status: StatusCode, code: u32, description: String) -> Self {
        Self {
            status,
            code: Some(code),
            description,
            data: Vec::new(),
            decision: None,
        }
    }

    /// A body or parameter that cannot be read.
    #[must_use]
    pub fn malformed(field: &str, problem: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            own::MALFORMED,
            format!("{field}: {problem}"),
        )
    }

    /// A documented refusal of form: 400 with code 3000 and the like.
    #[must_use]
    pub fn documented(status: StatusCode, code: u32, description: &str) -> Self {
        Self::new(status, code, description.to_owned())
    }

    /// Something that is not there, or that the caller may not know of.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            own::NOT_FOUND,
            format!("{what} does not exist"),
        )
    }

    /// Something that was there and is over.
    #[must_use]
    pub fn gone(what: &str, remedy: &str) -> Self {
        Self::new(
            StatusCode::GONE,
            own::NOT_FOUND,
            format!("{what} is no longer kept: {remedy}"),
        )
    }

    /// A documented operation that is not built yet.
    #[must_use]
    pub fn not_implemented(method: &str, path: &str) -> Self {
        let text =
            format!("{method} {path} is documented but not implemented yet; see /docs for what is");
        Self::new(StatusCode::NOT_IMPLEMENTED, own::NOT_IMPLEMENTED, text)
    }

    /// Something within a documented operation that is not built yet.
    #[must_use]
    pub fn not_built(what: &str) -> Self {
        let text = format!("{what} is not implemented yet");
        Self::new(StatusCode::NOT_IMPLEMENTED, own::NOT_IMPLEMENTED, text)
    }

    /// A path that exists, by a method that it has not.
    #[must_use]
    pub fn no_such_method(method: &str, path: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            own::NOT_FOUND,
            format!("{path} has no {method}; see /openapi.json for its methods"),
        )
    }

    /// A body larger than the server takes.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            own::MALFORMED,
            "body: is larger than this server takes".to_owned(),
        )
    }

    /// No valid token.
    #[must_use]
    pub fn unauthorized() -> Self {
        let text = "the call carries no valid bearer token; get one from the token endpoint";
        Self::documented(StatusCode::UNAUTHORIZED, 400, text)
    }

    /// No token at all.
    #[must_use]
    pub fn no_token() -> Self {
        let text = "the call carries no bearer token; get one from the token endpoint";
        Self::documented(StatusCode::UNAUTHORIZED, 800_001, text)
    }

    /// A token that is not accepted, or cannot be checked now.
    #[must_use]
    pub fn bad_token(why: BadToken) -> Self {
        let text = "the keys of the trusted token issuer cannot be reached; try again later";
        match why {
            BadToken::Unreachable => {
                Self::documented(StatusCode::SERVICE_UNAVAILABLE, own::INTERNAL, text)
            }
            BadToken::Expired | BadToken::Invalid | BadToken::UnknownKey => Self::unauthorized(),
        }
    }

    /// A token without a second factor (SEC-002): no body.
    #[must_use]
    pub fn mfa_required() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: None,
            description: "MFA required".to_owned(),
            data: Vec::new(),
            decision: None,
        }
    }

    /// The caller may not.
    #[must_use]
    pub fn forbidden(text: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, own::FORBIDDEN, text.to_owned())
    }

    /// It clashes with what is there, or with what somebody else does.
    #[must_use]
    pub fn conflict(text: &str) -> Self {
        Self::new(StatusCode::CONFLICT, own::CONFLICT, text.to_owned())
    }

    /// There is no such world.
    #[must_use]
    pub fn no_world(name: &str) -> Self {
        Self::not_found(&format!("world {name}"))
    }

    /// The database was closed before the call reached it.
    #[must_use]
    pub fn closing() -> Self {
        let text = "the world was deleted or reset meanwhile, or the server ends; nothing of this call took effect, ask again";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            own::INTERNAL,
            text.to_owned(),
        )
    }

    /// Our fault.
    #[must_use]
    pub fn failed() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            own::INTERNAL,
            "the server failed; the request may be repeated with the same id".to_owned(),
        )
    }

    /// The customer is unknown, or not the caller's: one answer for both, so that the status reveals nothing.
    #[must_use]
    pub fn no_customer(partner: &str, customer: &str) -> Self {
        let text = format!(
            "partner {partner} has no commerce relationship with customer {customer}; invite the customer, or create it"
        );
        let mut problem = Self::new(StatusCode::FORBIDDEN, 20_002, text);
        problem.data = vec!["CUS-002".to_owned()];
        problem
    }

    /// A refusal, in the caller's language.
    #[must_use]
    pub fn refused(decision: Decision, lang: Lang) -> Self {
        let wire = decision.wire;
        let description = render::headline(&decision, lang);
        let mut data: Vec<String> = decision
            .violations
            .iter()
            .map(|violation| violation.rule.to_string())
            .collect();
        data.extend(
            decision
                .violations
                .first()
                .map(|violation| format!("/program/v1/rules/{}", violation.rule)),
        );
        let status = wire
            .and_then(|wire| StatusCode::from_u16(wire.status).ok())
            .unwrap_or(StatusCode::FORBIDDEN);
        Self {
            status,
            code: wire.and_then(|wire| wire.code),
            description,
            data,
            decision: Some(Box::new(decision)),
        }
    }

    /// Any failure of a command.
    #[must_use]
    pub fn of(error: AppError, lang: Lang) -> Self {
        match error {
            AppError::Refused(refusal) => Self::refused(refusal.decision, lang),
            AppError::NotFound { what: USER, name } => {
                let text = format!("there is no user {name} of the customer");
                Self::documented(StatusCode::NOT_FOUND, NO_USER, &text)
            }
            AppError::NotFound { what, name } => Self::not_found(&format!("{what} {name}")),
            AppError::Invalid { field, problem } => Self::malformed(&field, &problem),
            AppError::Forbidden(who) => Self::forbidden(&format!(
                "this is not for a {who}; ask the operator or the party that the command is about to do it"
            )),
            AppError::Conflict(text) => Self::new(StatusCode::CONFLICT, own::CONFLICT, text),
            AppError::NoneLeft { what, of } => {
                let text = format!(
                    "no {what} of {of} is left: buy more, or take one back from another user"
                );
                Self::documented(StatusCode::BAD_REQUEST, NONE_LEFT, &text)
            }
            AppError::NotSupported(what) => Self::not_built(&what),
            AppError::Impossible(text) => Self::new(StatusCode::BAD_REQUEST, own::MALFORMED, text),
            AppError::Store(StoreError::Closed) => Self::closing(),
            AppError::Store(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the store failed");
                Self::failed()
            }
        }
    }

    /// The documented shape (GEN-001): the usual one, or that of the customer and agreement services.
    #[must_use]
    pub fn documented_body(&self) -> Value {
        let description: String = self.description.chars().take(1024).collect();
        let name = SERVICE_ERRORS
            .iter()
            .find(|(code, _)| Some(*code) == self.code)
            .map(|(_, name)| *name);
        if let (Some(name), Some(code)) = (name, self.code) {
            return json!({
                "code": code, "message": description, "description": description, "errorName": name, "isRetryable": false,
                "parameters": {}, "errorMessageExtended": format!("InternalErrorCode={code}"), "data": self.data,
            });
        }
        json!({ "code": self.code.unwrap_or_default(), "description": description, "data": self.data, "source": "tierline" })
    }

    /// Problem details, for our own endpoints.
    #[must_use]
    pub fn details(&self, lang: Lang) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("failure"),
            "status": self.status.as_u16(),
            "detail": self.description,
            "code": self.code,
        });
        if let (Some(decision), Some(map)) = (&self.decision, body.as_object_mut()) {
            let decision = json!(render::decision(decision, None, lang));
            map.insert("decision".to_owned(), decision);
        }
        body
    }

    /// As problem details.
    pub fn into_details(self, lang: Lang) -> Response {
        let body = self.details(lang);
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        challenge(self.status, response)
    }
}

fn challenge(status: StatusCode, mut response: Response) -> Response {
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer error=\"invalid_token\""),
        );
    }
    response
}

/// Under which id a refusal was kept: `/program/v1/decisions/{id}`.
const DECISION: HeaderName = HeaderName::from_static("x-decision-id");

/// What the status line says where a second factor is missing (SEC-002).
const MFA_REASON: ReasonPhrase = ReasonPhrase::from_static(b"Unauthorized - MFA required");

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.code.is_none() {
            let mut response = challenge(self.status, self.status.into_response());
            response.extensions_mut().insert(MFA_REASON);
            return response;
        }
        let mut response = (self.status, Json(self.documented_body())).into_response();
        // The documented body has no place for it.
        let kept = self.decision.and_then(|decision| decision.kept);
        if let Some(id) = kept.and_then(|id| HeaderValue::from_str(&id).ok()) {
            response.headers_mut().insert(DECISION, id);
        }
        challenge(self.status, response)
    }
}
