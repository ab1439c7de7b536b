//! A route: one place for its path, its handler, who may call it and what the documents say of it.
//!
//! Each resource file lists its routes; the router, `/openapi.json`, `/docs` and the fidelity table are made of
//! these lists. The path is written as the documentation spells it; the router matches it in small letters
//! (`wire::path`).

use axum::Extension;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{Method, StatusCode};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::routes::documented::{self, Token};
use crate::server::Server;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, without a token.
    Open,
    /// A documented path: a partner with API access (ENR-040), with an application's or a user's token.
    Partner,
    /// The same, with a user's token only (ROL-018).
    PartnerUser,
    /// The same where licences are read or given: an application is told so in words of its own (ROL-018).
    Licences,
    /// One of our own endpoints: a partner or the operator, with any token.
    Ours,
    /// One of our own endpoints: a customer's user as well.
    Party,
    /// A documented path that is no part of the partner API: a user of any partner, or of a customer.
    PartyUser,
}

/// A schema and everything that it refers to, made when it is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) schema: fn() -> RefOr<Schema>,
    pub(crate) parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    fn of<T: ToSchema>() -> Self {
        Self {
            schema: <T as PartialSchema>::schema,
            parts: <T as ToSchema>::schemas,
        }
    }
}

/// A documented operation that a route carries out, and the test that shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// Its id in `program/operations.csv`.
    pub(crate) operation: &'static str,
    /// `file.rs name_of_the_test`, below `crates/api/tests/api`.
    pub(crate) test: &'static str,
    /// What the documentation promises and this route does not do yet; empty where nothing lacks.
    pub(crate) lacks: &'static str,
}

/// A query parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
}

/// What a body is, apart from its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Form,
    Csv,
    /// JSON Lines: one document a line.
    Lines,
}

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) about: &'static str,
    pub(crate) access: Access,
    pub(crate) takes: Option<(Media, Shape)>,
    /// The body may be left out.
    pub(crate) is_optional: bool,
    pub(crate) answers: Vec<(StatusCode, Option<Shape>)>,
    pub(crate) query: Vec<Parameter>,
    pub(crate) shown: Vec<Shown>,
    /// Its refusals are pages, for a browser.
    pub(crate) is_page: bool,
    /// The path that the router matches, where it is not the documented one.
    at: Option<&'static str>,
    handler: MethodRouter<Server>,
}

/// A route of a method and a path, as it is documented. Who may call it is what the documentation says; a path
/// that it does not know is ours.
pub(crate) fn route<H, T>(
    method: Method,
    path: &'static str,
    about: &'static str,
    handler: H,
) -> Route
where
    H: Handler<T, Server>,
    T: 'static,
{
    let access = match documented::token(method.as_str(), path) {
        Some(Token::Open) => Access::Open,
        Some(Token::Any) => Access::Partner,
        Some(Token::User) => Access::PartnerUser,
        None => Access::Ours,
    };
    // A method that axum cannot route has no filter; there is none among those of the wire.
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    Route {
        method,
        path,
        about,
        access,
        takes: None,
        is_optional: false,
        answers: Vec::new(),
        query: Vec::new(),
        shown: Vec::new(),
        is_page: false,
        at: None,
        handler: on(filter, handler),
    }
}

/// `GET`.
pub(crate) fn get<H: Handler<T, Server>, T: 'static>(
    path: &'static str,
    about: &'static str,
    handler: H,
) -> Route {
    route(Method::GET, path, about, handler)
}

/// `POST`.
pub(crate) fn post<H: Handler<T, Server>, T: 'static>(
    path: &'static str,
    about: &'static str,
    handler: H,
) -> Route {
    route(Method::POST, path, about, handler)
}

/// `PUT`.
pub(crate) fn put<H: Handler<T, Server>, T: 'static>(
    path: &'static str,
    about: &'static str,
    handler: H,
) -> Route {
    route(Method::PUT, path, about, handler)
}

/// `PATCH`.
pub(crate) fn patch<H: Handler<T, Server>, T: 'static>(
    path: &'static str,
    about: &'static str,
    handler: H,
) -> Route {
    route(Method::PATCH, path, about, handler)
}

/// `DELETE`.
pub(crate) fn delete<H: Handler<T, Server>, T: 'static>(
    path: &'static str,
    about: &'static str,
    handler: H,
) -> Route {
    route(Method::DELETE, path, about, handler)
}

impl Route {
    /// Another access than the documentation's.
    pub(crate) fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// A JSON body of this shape.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        self.takes = Some((Media::Json, Shape::of::<T>()));
        self
    }

    /// The body may be left out: everything in it has a default.
    pub(crate) const fn optionally(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// A form of this shape.
    pub(crate) fn takes_form<T: ToSchema>(mut self) -> Self {
        self.takes = Some((Media::Form, Shape::of::<T>()));
        self
    }

    /// A file of comma-separated values, of at most so many bytes.
    pub(crate) fn takes_csv(mut self, bytes_max: usize) -> Self {
        self.takes = Some((Media::Csv, Shape::of::<String>()));
        self.handler = self.handler.layer(DefaultBodyLimit::max(bytes_max));
        self
    }

    /// Another path than the documented one, as the router knows it: a documented step with parentheses.
    pub(crate) const fn mounted_at(mut self, path: &'static str) -> Self {
        self.at = Some(path);
        self
    }

    /// A success and its body.
    pub(crate) fn answers<T: ToSchema>(mut self, status: StatusCode) -> Self {
        self.answers.push((status, Some(Shape::of::<T>())));
        self
    }

    /// A success without a body that has a shape.
    pub(crate) fn answers_plain(mut self, status: StatusCode) -> Self {
        self.answers.push((status, None));
        self
    }

    /// A page for a browser: its refusals are pages too.
    pub(crate) const fn page(mut self) -> Self {
        self.is_page = true;
        self
    }

    /// JSON Lines, each of this shape.
    pub(crate) fn takes_lines<T: ToSchema>(mut self) -> Self {
        self.takes = Some((Media::Lines, Shape::of::<T>()));
        self
    }

    /// A query parameter.
    pub(crate) fn query(mut self, name: &'static str, about: &'static str) -> Self {
        self.query.push(Parameter { name, about });
        self
    }

    /// Carries out a documented operation to the full, as a test shows.
    pub(crate) fn shows(self, operation: &'static str, test: &'static str) -> Self {
        self.shows_partly(operation, test, "")
    }

    /// Carries out a documented operation in part.
    pub(crate) fn shows_partly(
        mut self,
        operation: &'static str,
        test: &'static str,
        lacks: &'static str,
    ) -> Self {
        self.shown.push(Shown {
            operation,
            test,
            lacks,
        });
        self
    }

    /// The route as the router knows it: its path in small letters, and who may call it beside the handler.
    pub(crate) fn mounted(self) -> (String, MethodRouter<Server>) {
        let path = self.at.unwrap_or(self.path);
        let path = if path.starts_with("/program/") {
            path.to_owned()
        } else {
            path.to_lowercase()
        };
        (path, self.handler.layer(Extension(self.access)))
    }
}
