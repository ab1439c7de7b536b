//! A call of one of our own endpoints: strict, and answered in problem details where it fails (RFC 9457).

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderName, Method};
use serde::de::DeserializeOwned;
use tierline_app::actor::ActorSpec;
use tierline_app::ask::{Answer, ask};
use tierline_app::{AppError, Ctx};
use tierline_rules::Lang;
use tierline_store::Tx;
use uuid::Uuid;

use crate::answer::Json;
use crate::auth::{Bearer, Principal};
use crate::call::{Sent, told};
use crate::problem::Problem;
use crate::server::Server;
use crate::wire::{body, path, seek};

/// A failure in problem details, in the caller's language.
#[derive(Debug)]
pub(crate) struct Details {
    problem: Problem,
    lang: Lang,
}

impl Details {
    pub(crate) const fn new(problem: Problem, lang: Lang) -> Self {
        Self { problem, lang }
    }
}

impl IntoResponse for Details {
    fn into_response(self) -> Response {
        self.problem.into_details(self.lang)
    }
}

/// An answer of a type, or problem details.
pub(crate) type Strict<T> = Result<Json<T>, Details>;

const LOCALE: HeaderName = HeaderName::from_static("x-locale");

/// The language that headers ask for.
pub(crate) fn lang_of(headers: &HeaderMap) -> Lang {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    header(&LOCALE)
        .or_else(|| header(&ACCEPT_LANGUAGE))
        .map_or(Lang::En, Lang::of_locale)
}

/// The query of a path that takes only these parameters.
///
/// # Errors
/// A 400 that names a parameter that it does not take, or that comes twice.
pub(crate) fn query(
    raw: Option<&str>,
    known: &[&str],
    lang: Lang,
) -> Result<Vec<(String, String)>, Details> {
    let given = path::query(raw);
    for (index, (name, _)) in given.iter().enumerate() {
        let bad = |text: &str| Err(Details::new(Problem::malformed(name, text), lang));
        if !known.contains(&name.as_str()) {
            return bad("is no parameter of this path");
        }
        if given.iter().take(index).any(|(other, _)| other == name) {
            return bad("is given twice");
        }
    }
    Ok(given)
}

/// One call by somebody with a token. Taken last among a handler's arguments, since it reads the body.
///
/// `W` is what is known of the caller: a [`Principal`], or a [`Bearer`] where the handler looks up whose token it is
/// in a read of its own.
pub(crate) struct OwnCall<W = Principal> {
    pub(crate) server: Server,
    pub(crate) principal: W,
    pub(crate) method: Method,
    pub(crate) path: String,
    raw_query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl<W: Caller> FromRequest<Server> for OwnCall<W> {
    type Rejection = Details;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Details> {
        let (mut parts, body) = request.into_parts();
        let lang = lang_of(&parts.headers);
        let refused = |problem| Details::new(problem, lang);
        let principal = W::from_request_parts(&mut parts, server)
            .await
            .map_err(refused)?;
        if let Some(id) = principal.request_id()
            && Uuid::try_parse(id).is_err()
        {
            return Err(refused(Problem::malformed("MS-RequestId", "is a GUID")));
        }
        let sent = Sent::receive(parts, body, server);
        let sent = sent.await.map_err(refused)?;
        Ok(Self {
            server: server.clone(),
            principal,
            method: sent.method,
            path: sent.path,
            raw_query: sent.query,
            headers: sent.headers,
            bytes: sent.bytes,
        })
    }
}

/// Whoever calls.
pub(crate) trait Caller: FromRequestParts<Server, Rejection = Problem> + Send {
    fn request_id(&self) -> Option<&str>;
    fn lang(&self) -> Lang;
    fn application(&self) -> &str;
}

impl Caller for Principal {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
    fn lang(&self) -> Lang {
        self.lang
    }
    fn application(&self) -> &str {
        &self.claims.appid
    }
}

impl Caller for Bearer {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
    fn lang(&self) -> Lang {
        self.lang
    }
    fn application(&self) -> &str {
        &self.claims.appid
    }
}

impl<W: Caller> OwnCall<W> {
    /// A failure as it is answered.
    pub(crate) fn refuse(&self, problem: Problem) -> Details {
        Details::new(problem, self.principal.lang())
    }

    /// A failure of a command or a read as it is answered.
    pub(crate) fn failed(&self, error: AppError) -> Details {
        self.refuse(Problem::of(error, self.principal.lang()))
    }

    /// The query, which holds nothing but these parameters.
    ///
    /// # Errors
    /// A 400 that names what it does not take.
    pub(crate) fn query(&self, known: &[&str]) -> Result<Vec<(String, String)>, Details> {
        query(self.raw_query.as_deref(), known, self.principal.lang())
    }

    /// The body, read strictly.
    ///
    /// # Errors
    /// A 400 that names what is wrong.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Details> {
        body::strict(&self.bytes).map_err(|problem| self.refuse(problem))
    }

    /// The context of what an actor does, with what its records say of where it came from.
    pub(crate) fn ctx_of(&self, actor: ActorSpec) -> Ctx {
        let ctx = self.server.app().ctx(actor);
        let ctx = told(ctx, &self.headers, self.principal.application());
        Ctx {
            lang: self.principal.lang(),
            ..ctx
        }
    }

    /// Reads on one consistent view.
    ///
    /// # Errors
    /// The read's own.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, Details>
    where
        T: Send + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> Answer<'a, T> + Send + Sync + 'static,
    {
        let found = self.server.app().read(ask(read)).await;
        found.map_err(|error| self.failed(error))
    }
}

/// What a call asks of a list.
#[derive(Debug)]
pub(crate) struct Listing {
    given: Vec<(String, String)>,
    /// Most entries of the page.
    pub(crate) count: usize,
}

/// How many entries a page has where the call does not say.
const COUNT: usize = 50;
/// Most letters that are searched for.
pub(crate) const SEARCH_MAX: usize = 100;

impl Listing {
    /// A parameter of the list; none where it is not given, or is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.given.iter().find(|(given, _)| given == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

impl OwnCall {
    /// What the call asks of a list that has these parameters beside `count` and `after`, and pages of at most so many
    /// entries.
    ///
    /// # Errors
    /// A 400 that names what is wrong.
    pub(crate) fn listing(&self, known: &[&str], most: usize) -> Result<Listing, Details> {
        let all: Vec<&str> = known.iter().copied().chain(["count", "after"]).collect();
        let mut listing = Listing {
            given: self.query(&all)?,
            count: COUNT.min(most),
        };
        if let Some((_, count)) = listing.given.iter().find(|(name, _)| name == "count") {
            let count = count
                .parse()
                .ok()
                .filter(|count| (1..=most).contains(count));
            listing.count = count.ok_or_else(|| {
                let text = format!("is a whole number from 1 to {most}");
                self.refuse(Problem::malformed("count", &text))
            })?;
        }
        Ok(listing)
    }

    /// The place behind which a page begins.
    ///
    /// # Errors
    /// A 400 where it is none of a list.
    pub(crate) fn place<P: DeserializeOwned>(
        &self,
        listing: &Listing,
    ) -> Result<Option<P>, Details> {
        let read = |text| {
            seek::read(text).ok_or_else(|| {
                let text = "is the `next` of the page before, as it came";
                self.refuse(Problem::malformed("after", text))
            })
        };
        listing.get("after").map(read).transpose()
    }

    /// One of the words of a parameter; none where it is not given.
    ///
    /// # Errors
    /// A 400 that lists the words.
    pub(crate) fn one_of(
        &self,
        listing: &Listing,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Details> {
        let Some(given) = listing.get(name) else {
            return Ok(None);
        };
        let word = words.iter().find(|word| **word == given).copied();
        word.map(Some).ok_or_else(|| {
            let text = format!("is one of {}", words.join(", "));
            self.refuse(Problem::malformed(name, &text))
        })
    }

    /// The context of what the caller does.
    pub(crate) fn ctx(&self) -> Ctx {
        self.ctx_of(self.principal.actor())
    }
}
