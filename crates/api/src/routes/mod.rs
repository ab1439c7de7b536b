//! Routes by resource. The table in [`documented`] says what exists; everything else that the documentation
//! lists answers 501.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on, post};
use http::Method;

use crate::problem::Problem;
use crate::server::Server;
use crate::{docs, openapi};

pub mod agreements;
pub mod carts;
pub mod customers;
pub mod documented;
pub mod program;
pub mod relationships;
pub mod tokens;

/// Every route.
pub fn all() -> Router<Server> {
    let router = documented::shadowed().fold(Router::new(), |router, (method, path)| {
        match Method::from_bytes(method.as_bytes()).map(MethodFilter::try_from) {
            Ok(Ok(method)) => router.route(&path.to_lowercase(), on(method, unknown)),
            _ => router,
        }
    });
    router
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(program::ready))
        .route("/openapi.json", get(openapi::document))
        .route("/docs", get(docs::page))
        .route("/sandbox/credentials", get(tokens::credentials))
        .route("/generatetoken", post(tokens::exchange))
        .route("/{tenant}/oauth2/token", post(tokens::v1))
        .route("/{tenant}/oauth2/v2.0/token", post(tokens::v2))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(tokens::discovery),
        )
        .route(
            "/{tenant}/.well-known/openid-configuration",
            get(tokens::discovery),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(tokens::keys))
        .route("/v1/profiles/mpn", get(relationships::partner_profile))
        .route(
            "/v1/compliance/{program}/agreementstatus",
            get(agreements::status),
        )
        .route("/v1/relationships", get(relationships::list))
        .route("/v1/agreements", get(agreements::metadata))
        .route(
            "/v1/customers",
            get(customers::list).post(customers::create),
        )
        .route(
            "/v1/customers/relationshiprequests",
            get(customers::relationship_request),
        )
        .route(
            "/v1/customers/{customer}",
            get(customers::read).patch(customers::patch),
        )
        .route(
            "/v1/customers/{customer}/relationships",
            get(relationships::of_customer),
        )
        .route(
            "/v1/customers/{customer}/agreements",
            get(agreements::list).post(agreements::confirm),
        )
        .route(
            "/v1/customers/{customer}/directsignedmicrosoftcustomeragreementstatus",
            get(agreements::direct_sign),
        )
        .route("/v1/customers/{customer}/carts", post(carts::create))
        .route(
            "/v1/customers/{customer}/carts/{cart}",
            get(carts::read).put(carts::update),
        )
        .route(
            "/v1/customers/{customer}/carts/{cart}/checkout",
            post(carts::checkout),
        )
        .route(
            "/v1/customers/{customer}/orders",
            get(carts::orders).post(carts::order),
        )
        .route(
            "/v1/customers/{customer}/orders/{order}",
            get(carts::read_order),
        )
        .route("/program/v1/decisions", post(program::decide))
        .route("/program/v1/commands/{verb}", post(program::command))
        .route("/program/v1/rules", get(program::rules))
        .route("/program/v1/rules/{id}", get(program::rule))
        .route(
            "/program/v1/clock",
            get(program::clock).post(program::advance),
        )
        .route("/program/v1/order-requests", get(program::order_requests))
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
}

/// Documented but not built: 501. Anything else: 404.
async fn unknown(request: Request) -> Response {
    let (method, path) = (request.method().as_str(), request.uri().path());
    if documented::lists(method, path) {
        return Problem::not_implemented(method, path).into_response();
    }
    Problem::not_found(path).into_response()
}

/// A path that has routes, by another method: documented but not built, or not to be had at all.
async fn other_method(request: Request) -> Response {
    let (method, path) = (request.method().as_str(), request.uri().path());
    if documented::lists(method, path) {
        return Problem::not_implemented(method, path).into_response();
    }
    Problem::no_such_method(method, path).into_response()
}
