//! Routes by resource. Each file lists its own; what the documentation lists ([`documented`]) and no file has
//! answers 501.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use http::{Method, StatusCode};
use tierline_app::overview::Viewer;

use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;
use crate::{docs, openapi, portal};

pub mod agreements;
mod applications;
pub(crate) mod attachments;
pub mod audit;
mod authorize;
mod balances;
mod books;
pub mod carts;
pub mod catalog;
mod consents;
pub(crate) mod conversions;
pub mod customer_profiles;
pub mod customers;
mod decisions;
pub mod delegation;
pub mod deliveries;
mod directory_roles;
mod discovery;
pub mod documented;
mod enrolments;
pub(crate) mod entitlements;
mod exports;
mod fraud;
pub mod graph;
mod home;
pub(crate) mod inbox;
mod invoice_lines;
mod invoices;
mod items;
mod ledger;
mod licences;
pub(crate) mod line_items;
pub(crate) mod lines;
mod lines_table;
mod me;
mod mfa;
pub mod new_customers;
mod notices;
mod oauth;
pub(crate) mod order_change;
pub(crate) mod orders;
pub(crate) mod overage;
mod partnerships;
pub mod pricing;
pub(crate) mod product_upgrades;
pub mod profiles;
pub mod program;
pub mod qualifications;
pub(crate) mod rated_usage;
pub(crate) mod reconciliation;
mod rehearsals;
pub mod relationships;
mod requests;
pub mod sandbox;
pub mod sandbox_resellers;
mod schedule;
mod self_serve_policies;
mod service_costs;
mod service_requests;
mod sign_in_page;
pub(crate) mod subscription_change;
pub(crate) mod subscription_list;
mod subscription_parts;
mod subscription_view;
pub(crate) mod subscriptions;
mod support;
mod timeline;
pub mod tokens;
pub(crate) mod transfers;
pub(crate) mod transitions;
mod usage;
mod usage_files;
mod users;
pub mod utilities;
mod utilization;
pub mod webhooks;
mod worlds;

/// Every route, resource by resource.
pub(crate) fn list() -> Vec<Route> {
    [
        own(),
        tokens::routes(),
        authorize::routes(),
        discovery::routes(),
        applications::routes(),
        consents::routes(),
        sandbox::routes(),
        agreements::routes(),
        relationships::routes(),
        customers::routes(),
        customer_profiles::routes(),
        new_customers::routes(),
        users::routes(),
        directory_roles::routes(),
        licences::routes(),
        service_requests::routes(),
        self_serve_policies::routes(),
        mfa::routes(),
        fraud::routes(),
        notices::routes(),
        profiles::routes(),
        qualifications::routes(),
        sandbox_resellers::routes(),
        utilities::routes(),
        carts::routes(),
        orders::routes(),
        order_change::routes(),
        attachments::routes(),
        subscriptions::routes(),
        subscription_change::routes(),
        subscription_parts::routes(),
        transitions::routes(),
        conversions::routes(),
        transfers::routes(),
        overage::routes(),
        usage::routes(),
        utilization::routes(),
        usage_files::routes(),
        product_upgrades::routes(),
        entitlements::routes(),
        audit::routes(),
        webhooks::routes(),
        deliveries::routes(),
        catalog::routes(),
        invoices::routes(),
        balances::routes(),
        exports::routes(),
        books::routes(),
        service_costs::routes(),
        graph::routes(),
        delegation::routes(),
        me::routes(),
        program::routes(),
        home::routes(),
        items::routes(),
        decisions::routes(),
        partnerships::routes(),
        subscription_list::routes(),
        timeline::routes(),
        rehearsals::routes(),
        enrolments::routes(),
        requests::routes(),
        support::routes(),
        inbox::routes(),
        ledger::routes(),
        pricing::routes(),
        pricing::ours::routes(),
        schedule::routes(),
        worlds::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who looks, in a word.
fn viewer_kind(viewer: &Viewer) -> &'static str {
    match viewer {
        Viewer::Operator => "operator",
        Viewer::Partner(_) => "partner",
        Viewer::Customer(_) => "customer",
    }
}

/// What the server says of itself.
fn own() -> Vec<Route> {
    let text = |path, about| (path, about);
    let [health, ready, document, page] = [
        text("/healthz", "The process runs."),
        text("/readyz", "The database answers."),
        text("/openapi.json", "This document."),
        text("/docs", "The reference as a page."),
    ];
    vec![
        route::get(health.0, health.1, || async { "ok" }),
        route::get(ready.0, ready.1, program::ready),
        route::get(document.0, document.1, openapi::document),
        route::get(page.0, page.1, docs::page),
    ]
    .into_iter()
    .map(|route| route.access(Access::Open).answers_plain(StatusCode::OK))
    .collect()
}

/// The router of them all, put together once: each world has its own copy.
static ALL: LazyLock<Router<Server>> = LazyLock::new(|| {
    let router =
        documented::shadowed().fold(Router::new(), |router, operation| match Method::from_bytes(
            operation.method.as_bytes(),
        )
        .map(MethodFilter::try_from)
        {
            Ok(Ok(method)) => router.route(&operation.path.to_lowercase(), on(method, unknown)),
            _ => router,
        });
    list()
        .into_iter()
        .map(Route::mounted)
        .fold(router, |router, (path, handler)| {
            router.route(&path, handler)
        })
        .route("/", get(portal::home))
        .route("/portal", get(portal::file))
        .route("/portal/", get(portal::file))
        .route("/portal/{*place}", get(portal::file))
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
});

/// The router of them all.
pub(crate) fn all() -> Router<Server> {
    ALL.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Who calls a documented path is admitted by the rules (ENR-040), also where no page documents it.
    #[test]
    fn no_path_of_the_documented_wire_is_without_admission() {
        let ours: Vec<&str> = list()
            .iter()
            .filter(|route| matches!(route.access, Access::Ours | Access::Party))
            .map(|route| route.path)
            .filter(|path| !path.starts_with("/program/v1/"))
            .collect();
        assert_eq!(ours, [""; 0], "{ours:?}");
    }
}
