//! Granular administration as clients of the graph know it: `/v1.0/tenantRelationships`, on the same listener; beside it
//! what an older service tells of full delegation.
//!
//! A partner of any type calls, and so does a customer, each with a user's token; each sees its own alone.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tierline_app::act::Act;
use tierline_app::admin::{self, drafts};
use tierline_app::ask::{Answer, ask};
use tierline_app::{AppError, Ctx, names};
use tierline_domain::admin::{AdminRelationship, Draft};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Timestamp;
use tierline_store::idempotency::RequestKey;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::answer::Json;
use crate::auth::Principal;
use crate::call::Sent;
use crate::problem::Problem;
use crate::route::Route;
use crate::routes::discovery;
use crate::server::Server;
use crate::wire::odata::Options;
use crate::wire::query::Query;
use crate::wire::{body, roles};

mod assignments;
mod customers;
mod legacy;
mod relationships;

/// Where the paths of relationships begin.
const ROOT: &str = "/v1.0/tenantRelationships/delegatedAdminRelationships";
/// What `@odata.context` says before the name of a list.
const METADATA: &str = "/v1.0/$metadata#tenantRelationships/";

pub(super) fn routes() -> Vec<Route> {
    [
        relationships::routes(),
        assignments::routes(),
        customers::routes(),
        legacy::routes(),
    ]
    .into_iter()
    .flatten()
    .map(|route| route.access(crate::route::Access::PartyUser))
    .collect()
}

/// Whose view a call has.
#[derive(Clone, Debug)]
enum Side {
    Partner(Box<Account>),
    Customer(Box<Tenant>),
}

impl Side {
    /// The tenant that calls.
    fn tenant(&self) -> Uuid {
        match self {
            Self::Partner(account) => account.tenant.uuid(),
            Self::Customer(tenant) => tenant.id.uuid(),
        }
    }
}

/// One call. Taken last among a handler's arguments, since it reads the body.
struct GraphCall {
    server: Server,
    principal: Principal,
    side: Side,
    query: Query,
    headers: HeaderMap,
    method: Method,
    path: String,
    bytes: Bytes,
}

impl FromRequest<Server> for GraphCall {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let principal = Principal::from_request_parts(&mut parts, server).await?;
        let side = match (&principal.account, &principal.customer) {
            (Some(account), _) => Side::Partner(Box::new(account.clone())),
            (None, Some(tenant)) => Side::Customer(Box::new(tenant.clone())),
            (None, None) => {
                let text = "this path is for partners and customers";
                return Err(Problem::forbidden(text));
            }
        };
        let sent = Sent::receive(parts, body, server).await?;
        Ok(Self {
            server: server.clone(),
            principal,
            side,
            query: Query::read(sent.query.as_deref()),
            headers: sent.headers,
            method: sent.method,
            path: sent.path,
            bytes: sent.bytes,
        })
    }
}

impl GraphCall {
    fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        body::read(&self.bytes)
    }

    fn now(&self) -> Timestamp {
        self.server.app().clock().world_now()
    }

    /// An address on this server.
    fn address(&self, path: &str) -> String {
        format!("{}{path}", discovery::base(&self.server, &self.headers))
    }

    /// What the answer is, as OData says it.
    fn context(&self, list: &str) -> String {
        self.address(&format!("{METADATA}{list}"))
    }

    fn problem(&self, error: AppError) -> Problem {
        Problem::of(error, self.principal.lang)
    }

    fn ctx(&self) -> Ctx {
        let traced = self.headers.get("ms-correlationid");
        Ctx {
            correlation: traced.and_then(|id| id.to_str().ok()).map(str::to_owned),
            application: Some(self.principal.claims.appid.clone()),
            ..self.server.app().ctx(self.principal.actor())
        }
    }

    /// Does something by name, once per request id.
    async fn perform(&self, verb: &str, params: Value) -> Result<Value, Problem> {
        let act = Act {
            actor: self.principal.actor(),
            ..Act::of("", verb, params)
        };
        let id = self.principal.request_id.as_deref();
        let tenant = self.side.tenant();
        let method = self.method.as_str();
        let key = id.map(|id| RequestKey::new(tenant, id, method, &self.path, &self.bytes));
        let done = self.server.app().perform(self.ctx(), act, key).await;
        done.map_err(|error| self.problem(error))
    }

    async fn read<T, F>(&self, read: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> Answer<'a, T> + Send + Sync + 'static,
    {
        let found = self.server.app().read(ask(read)).await;
        found.map_err(|error| self.problem(error))
    }

    /// The relationship of a path, if it is in this caller's view (GDA-019).
    async fn found(&self, id: &str) -> Result<Known, Problem> {
        let (side, now, name) = (self.side.clone(), self.now(), id.to_owned());
        let found = self.read(move |tx| {
            let (side, name) = (side.clone(), name.clone());
            Box::pin(async move { Known::find(tx, &side, &name, now).await })
        });
        found
            .await?
            .ok_or_else(|| Problem::not_found(&format!("delegatedAdminRelationship {id}")))
    }

    /// The options of the query, whose members are those that the things of a type have, and the lists among its own that
    /// are to be shown with each.
    fn options<T: PartialSchema>(
        &self,
        lists: &[&'static str],
    ) -> Result<(Options, Vec<&'static str>), Problem> {
        let options = Options::read(&self.query)?;
        if let RefOr::T(Schema::Object(described)) = T::schema() {
            options.selects_of(|name| described.properties.contains_key(name))?;
        }
        let expanded = options.expands_of(lists)?;
        Ok((options, expanded))
    }

    /// A page of a list.
    fn page<T: Serialize + PartialSchema>(
        &self,
        items: &[T],
        list: &str,
        here: &str,
    ) -> Result<Response, Problem> {
        let (options, _) = self.options::<T>(&[])?;
        let items = items
            .iter()
            .map(|item| serde_json::to_value(item).unwrap_or_default())
            .collect();
        Ok(self.page_of(&options, items, list, here))
    }

    fn page_of(&self, options: &Options, items: Vec<Value>, list: &str, here: &str) -> Response {
        let page = options.page(items, &self.context(list), &self.address(here));
        Json(page).into_response()
    }

    /// One thing, with what it is.
    fn single<T: Serialize + PartialSchema>(
        &self,
        item: &T,
        list: &str,
    ) -> Result<Json<Value>, Problem> {
        let (options, _) = self.options::<T>(&[])?;
        let item = serde_json::to_value(item).unwrap_or_default();
        Ok(self.single_of(&options, item, list))
    }

    fn single_of(&self, options: &Options, item: Value, list: &str) -> Json<Value> {
        let mut item = options.selected(item);
        if let Some(map) = item.as_object_mut() {
            let context = self.context(&format!("{list}/$entity"));
            map.insert("@odata.context".to_owned(), Value::String(context));
        }
        Json(item)
    }
}

/// An answer with a header that was made of texts of our own.
fn with(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Something new, and where it is.
fn created(body: Json<Value>, location: &str) -> Response {
    with(
        (StatusCode::CREATED, body).into_response(),
        header::LOCATION,
        location,
    )
}

/// A relationship as one side knows it: sent, or still being written.
#[derive(Clone, Debug)]
struct Known {
    row: Stage,
    customer: Option<Tenant>,
    /// The customer's company.
    company: String,
}

#[derive(Clone, Debug)]
enum Stage {
    Draft(Box<Draft>),
    Sent(Box<AdminRelationship>),
}

impl Known {
    async fn find(
        tx: &mut Tx<'_>,
        side: &Side,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Self>, AppError> {
        let Ok(id) = name.parse::<Uuid>() else {
            return Ok(None);
        };
        if let Side::Partner(account) = side
            && let Some(draft) = drafts::draft(tx, account, name).await?
        {
            return Self::of_draft(tx, draft).await.map(Some);
        }
        let Some(row) = tx.get::<AdminRelationship>(&[Stored::Id(id)]).await? else {
            return Ok(None);
        };
        let is_own = match side {
            Side::Partner(account) => row.partner == account.id,
            Side::Customer(tenant) => row.customer == tenant.id,
        };
        if !is_own || !admin::in_view(&row, now)? {
            return Ok(None);
        }
        Self::of_sent(tx, row).await.map(Some)
    }

    /// Everything in a side's view.
    async fn all(tx: &mut Tx<'_>, side: &Side, now: Timestamp) -> Result<Vec<Self>, AppError> {
        let mut found = Vec::new();
        let rows = match side {
            Side::Partner(account) => {
                let key = [Stored::Id(account.id.uuid())];
                for draft in tx
                    .find::<Draft>(tables::admin_drafts::BY_PARTNER, &key)
                    .await?
                {
                    found.push(Self::of_draft(tx, draft).await?);
                }
                tx.find::<AdminRelationship>(tables::admin_relationships::BY_PARTNER, &key)
                    .await?
            }
            Side::Customer(tenant) => {
                let key = [Stored::Id(tenant.id.uuid())];
                tx.find::<AdminRelationship>(tables::admin_relationships::BY_CUSTOMER, &key)
                    .await?
            }
        };
        for row in rows {
            if admin::in_view(&row, now)? {
                found.push(Self::of_sent(tx, row).await?);
            }
        }
        Ok(found)
    }

    async fn of_draft(tx: &mut Tx<'_>, draft: Draft) -> Result<Self, AppError> {
        let customer: Option<Tenant> = match draft.customer {
            Some(id) => Some(names::by_id(tx, id).await?),
            None => None,
        };
        let company = match &customer {
            Some(customer) => company(tx, customer).await?,
            None => String::new(),
        };
        Ok(Self {
            row: Stage::Draft(Box::new(draft)),
            customer,
            company,
        })
    }

    async fn of_sent(tx: &mut Tx<'_>, row: AdminRelationship) -> Result<Self, AppError> {
        let customer: Tenant = names::by_id(tx, row.customer).await?;
        Ok(Self {
            company: company(tx, &customer).await?,
            row: Stage::Sent(Box::new(row)),
            customer: Some(customer),
        })
    }

    fn id(&self) -> String {
        match &self.row {
            Stage::Draft(draft) => draft.id.to_string(),
            Stage::Sent(row) => row.id.to_string(),
        }
    }

    /// The relationship, once it is sent.
    fn sent(&self) -> Option<&AdminRelationship> {
        match &self.row {
            Stage::Draft(_) => None,
            Stage::Sent(row) => Some(row),
        }
    }
}

/// The name of a tenant's company.
async fn company(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<String, AppError> {
    let company: tierline_domain::partner::Organization =
        names::by_id(tx, tenant.organization).await?;
    Ok(company.name)
}

/// A snake-case word as these paths spell it.
fn camel(word: &str) -> String {
    let mut steps = word.split('_');
    let mut camel = steps.next().unwrap_or_default().to_owned();
    for step in steps {
        let mut letters = step.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// The directory roles of something.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccessDetails {
    unified_roles: Vec<UnifiedRole>,
}

/// One directory role.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UnifiedRole {
    /// The id of the role's template, the same in every directory.
    role_definition_id: String,
}

impl AccessDetails {
    fn of(names: &[String]) -> Self {
        let shown = names.iter().map(|name| UnifiedRole {
            role_definition_id: roles::shown(name),
        });
        Self {
            unified_roles: shown.collect(),
        }
    }

    /// The names of the roles, each once.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::with_capacity(self.unified_roles.len());
        for role in &self.unified_roles {
            let name = roles::named(role.role_definition_id.trim());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
