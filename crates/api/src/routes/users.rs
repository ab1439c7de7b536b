//! Users of a customer, with the rights that the customer gave (ROL-031, ROL-032, ROL-035).

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tierline_app::directory::{self, DomainType, Domains};
use tierline_app::{AppError, access};
use tierline_domain::directory::DirectoryUser;
use tierline_domain::partner::Tenant;
use tierline_domain::time::Timestamp;
use tierline_store::tables::directory_users as rows;
use tierline_store::{Statement, Tx, Value as Stored};
use utoipa::ToSchema;

use super::customer_profiles::role_required;
use super::customers;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::envelope::{Attributes, Collection, Links, Page};
use crate::wire::people::{self, must};

/// Most users of one page, and as many as one holds where none are asked for.
pub(super) const PAGE_MAX: usize = 500;
/// Letters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=256;

/// A list that is read page by page.
pub(super) fn paged(route: Route) -> Route {
    route
        .query("size", "Most users of the page; 500 at most.")
        .query("offset", "Where the page begins, from 0.")
        .query("seekOperation", "Next, with the token of the page before.")
}

pub(super) fn routes() -> Vec<Route> {
    let one = "/v1/customers/{customer-id}/users/{user-id}";
    vec![
        paged(route::get(
            "/v1/customers/{customer-id}/users",
            "Users of a customer.",
            list,
        ))
        .query(
            "filter",
            "UserState equals Inactive: those that were deleted and can be restored.",
        )
        .query("sortField", "UserPrincipalName or DisplayName.")
        .query("sortDirection", "Ascending or Descending.")
        .answers::<Collection<CustomerUser>>(StatusCode::OK)
        .shows(
            "users-list",
            "directory.rs users_are_made_changed_and_listed_in_order",
        )
        .shows(
            "users-list-deleted",
            "directory.rs a_deleted_user_is_restored_within_thirty_days",
        ),
        route::post("/v1/customers/{customer-id}/users", "Make a user.", create)
            .takes::<UserChange>()
            .answers::<CustomerUser>(StatusCode::OK)
            .shows(
                "users-create",
                "directory.rs users_are_made_changed_and_listed_in_order",
            ),
        route::get(one, "A user.", read)
            .answers::<CustomerUser>(StatusCode::OK)
            .shows(
                "users-get",
                "directory.rs users_are_made_changed_and_listed_in_order",
            ),
        route::patch(
            one,
            "Change a user, give it another password, or restore it within thirty days.",
            update,
        )
        .takes::<UserChange>()
        .answers::<CustomerUser>(StatusCode::OK)
        .shows(
            "users-update",
            "directory.rs users_are_made_changed_and_listed_in_order",
        )
        .shows(
            "users-restore",
            "directory.rs a_deleted_user_is_restored_within_thirty_days",
        ),
        route::delete(one, "Delete a user; its licences are free at once.", remove)
            .answers_plain(StatusCode::NO_CONTENT)
            .shows(
                "users-delete",
                "directory.rs a_deleted_user_is_restored_within_thirty_days",
            ),
        route::patch(
            "/v1/customers/{customer-id}/users/{user-id}/resetpassword",
            "Give a user another password.",
            update,
        )
        .takes::<UserChange>()
        .answers::<CustomerUser>(StatusCode::OK)
        .shows(
            "users-reset-password",
            "directory.rs a_password_is_shown_once_and_an_administrators_needs_more",
        ),
    ]
}

/// A password that is given, and whether the user has to choose another one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasswordProfile {
    password: Option<String>,
    force_change_password: Option<bool>,
}

impl PasswordProfile {
    /// The password, and whether another one is to be chosen.
    fn read(&self) -> Result<Self, Problem> {
        let field = "passwordProfile.password";
        // As it was given: a blank at its end is a letter of it.
        let given = self.password.as_ref();
        let password = given.ok_or_else(|| people::invalid(field, "is missing"))?;
        let plain = |letter: char| !letter.is_control();
        if !PASSWORD.contains(&password.chars().count()) || !password.chars().all(plain) {
            return Err(people::invalid(field, "has 8 to 256 letters"));
        }
        Ok(Self {
            password: Some(password.clone()),
            force_change_password: Some(self.force_change_password.unwrap_or(true)),
        })
    }

    const fn renews(&self) -> bool {
        !matches!(self.force_change_password, Some(false))
    }
}

/// A user as it is made or changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct UserChange {
    user_principal_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    usage_location: Option<String>,
    phone_number: Option<String>,
    immutable_id: Option<String>,
    password_profile: Option<PasswordProfile>,
    state: Option<String>,
}

impl UserChange {
    /// What is given, as the command takes it.
    fn params(&self) -> Map<String, Value> {
        let given = [
            ("sign_in_name", &self.user_principal_name),
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
            ("display_name", &self.display_name),
            ("usage_location", &self.usage_location),
            ("phone", &self.phone_number),
            ("immutable_id", &self.immutable_id),
        ];
        let given = given.into_iter().filter_map(|(name, value)| {
            let value = value.as_deref().map(str::trim)?;
            Some((name.to_owned(), json!(value)))
        });
        given.collect()
    }

    /// Whether the user is to be there; a user is deleted by DELETE.
    fn restores(&self) -> Result<bool, Problem> {
        match self.state.as_deref().map(body::word).as_deref() {
            None => Ok(false),
            Some("active") => Ok(true),
            Some(_) => Err(people::invalid(
                "state",
                "is `active` to restore a user; DELETE takes it away",
            )),
        }
    }
}

/// A user of a customer. The password is in the answer to whoever gave it, and nowhere else (ROL-019).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerUser {
    usage_location: String,
    pub(super) id: String,
    pub(super) user_principal_name: String,
    first_name: String,
    last_name: String,
    pub(super) display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    immutable_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    password_profile: Option<PasswordProfile>,
    /// Nothing is brought here from another directory.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_directory_sync_time: Option<Timestamp>,
    user_domain_type: &'static str,
    state: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    soft_deletion_time: Option<Timestamp>,
    links: Links,
    attributes: Attributes,
}

impl CustomerUser {
    pub(super) fn of(user: DirectoryUser, domains: &Domains) -> Self {
        Self {
            usage_location: user.usage_location.to_string(),
            links: Links::own(format!("/customers/{}/users/{}", user.tenant, user.id)),
            id: user.id.to_string(),
            user_domain_type: match domains.find(&user.sign_in_name) {
                Some(DomainType::Managed) => "managed",
                Some(DomainType::Federated) => "federated",
                Some(DomainType::First) | None => "none",
            },
            user_principal_name: user.sign_in_name,
            first_name: user.first_name,
            last_name: user.last_name,
            display_name: user.display_name,
            phone_number: user.phone,
            immutable_id: user.immutable_id,
            password_profile: None,
            last_directory_sync_time: None,
            state: if user.deleted.is_none() {
                "active"
            } else {
                "inactive"
            },
            soft_deletion_time: user.deleted,
            attributes: Attributes::of("CustomerUser"),
        }
    }
}

async fn shown(tx: &mut Tx<'_>, tenant: Tenant, name: &str) -> Result<CustomerUser, AppError> {
    let user = directory::the_user(tx, &tenant, name).await?;
    let domains = Domains::of(tx, &tenant).await?;
    Ok(CustomerUser::of(user, &domains))
}

/// Does something with a user of a customer; what is wrong with a member is told under the member's name.
pub(super) async fn perform(
    call: &Call,
    customer: &str,
    verb: &str,
    mut params: Map<String, Value>,
) -> Result<CustomerUser, Problem> {
    let known = customers::required(&call.server, &call.principal, customer).await?;
    params.insert("customer".to_owned(), json!(known.tenant.id));
    let done = call.attempt(verb, Value::Object(params)).await;
    let done = done.map_err(|error| match error {
        AppError::Invalid { field, problem } => people::invalid(&member(&field), &problem),
        error => call.problem(error),
    })?;
    let user = done.get("directory_user").and_then(Value::as_str);
    let (tenant, user) = (known.tenant, user.unwrap_or_default().to_owned());
    call.read(move |tx| {
        let (tenant, user) = (tenant.clone(), user.clone());
        Box::pin(async move { shown(tx, tenant, &user).await })
    })
    .await
}

/// What a value of a command is called on the wire.
fn member(field: &str) -> String {
    match field {
        "sign_in_name" => "userPrincipalName".to_owned(),
        "phone" => "phoneNumber".to_owned(),
        other => people::spelled(other),
    }
}

async fn create(Path(customer): Path<String>, call: Call) -> Result<Json<CustomerUser>, Problem> {
    let new: UserChange = call.body()?;
    let mut params = new.params();
    for (member, name) in [
        ("userPrincipalName", "sign_in_name"),
        ("firstName", "first_name"),
        ("lastName", "last_name"),
        ("displayName", "display_name"),
        ("usageLocation", "usage_location"),
    ] {
        let given = params.get(name).and_then(Value::as_str);
        must(member, given.map(str::to_owned).as_ref())?;
    }
    let password = new.password_profile.as_ref().map(PasswordProfile::read);
    let password = password.transpose()?;
    params.insert("has_password".to_owned(), json!(password.is_some()));
    let renews = password.as_ref().is_some_and(PasswordProfile::renews);
    params.insert("renews_password".to_owned(), json!(renews));
    let user = perform(&call, &customer, "create_directory_user", params).await?;
    Ok(Json(CustomerUser {
        password_profile: password,
        ..user
    }))
}

async fn update(
    Path((customer, user)): Path<(String, String)>,
    call: Call,
) -> Result<Json<CustomerUser>, Problem> {
    let change: UserChange = call.body()?;
    let mut params = change.params();
    let restores = change.restores()?;
    let verb = match &change.password_profile {
        None if params.is_empty() && restores => "restore_directory_user",
        None if params.is_empty() => {
            return Err(Problem::malformed("body", "changes nothing of the user"));
        }
        None => "update_directory_user",
        Some(_) if !params.is_empty() => {
            let text = "is changed by itself: leave the other members out";
            return Err(people::invalid("passwordProfile", text));
        }
        Some(_) => "reset_directory_password",
    };
    let password = change.password_profile.as_ref().map(PasswordProfile::read);
    let password = password.transpose()?;
    params.insert("user".to_owned(), json!(user));
    if let Some(password) = &password {
        params.insert("renews_password".to_owned(), json!(password.renews()));
    }
    let user = perform(&call, &customer, verb, params).await?;
    Ok(Json(CustomerUser {
        password_profile: password,
        ..user
    }))
}

async fn remove(
    Path((customer, user)): Path<(String, String)>,
    call: Call,
) -> Result<StatusCode, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let params = json!({ "customer": known.tenant.id, "user": user });
    call.perform("delete_directory_user", params).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(
    Path((customer, user)): Path<(String, String)>,
    call: Call,
) -> Result<Json<CustomerUser>, Problem> {
    let known = role_required(&call, &customer, access::LIST_USERS).await?;
    let found = call.read(move |tx| {
        let (tenant, user) = (known.tenant.clone(), user.clone());
        Box::pin(async move { shown(tx, tenant, &user).await })
    });
    Ok(Json(found.await?))
}

/// The one documented filter: `UserState` equals `Inactive`, or `Active`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    field: Option<String>,
    value: Option<String>,
    operator: Option<String>,
}

/// Whether deleted users are asked for.
fn wants_deleted(call: &Call) -> Result<bool, Problem> {
    let Some(text) = call.query.get("filter") else {
        return Ok(false);
    };
    let problem = "is one JSON object: Field UserState, Operator equals, Value Inactive or Active";
    let wrong = || Problem::malformed("filter", problem);
    let filter: Filter = body::read(text.as_bytes()).map_err(|_| wrong())?;
    let word = |text: Option<String>| text.as_deref().map(body::word).unwrap_or_default();
    let [field, operator] = [word(filter.field), word(filter.operator)];
    if field.replace('_', "") != "userstate" || operator != "equals" {
        return Err(wrong());
    }
    match word(filter.value).as_str() {
        "inactive" => Ok(true),
        "active" => Ok(false),
        _ => Err(wrong()),
    }
}

/// The order that is asked for: by sign-in name unless it is said.
fn order(call: &Call) -> Result<Statement, Problem> {
    let word = |key: &str| call.query.get(key).map(body::word);
    let is_back = match word("sortDirection").as_deref() {
        None | Some("ascending") => false,
        Some("descending") => true,
        Some(_) => {
            let problem = "is Ascending or Descending";
            return Err(Problem::malformed("sortDirection", problem));
        }
    };
    let field = word("sortField").map(|field| field.replace('_', ""));
    match (field.as_deref(), is_back) {
        (None | Some("userprincipalname"), false) => Ok(rows::BY_SIGN_IN_NAME),
        (None | Some("userprincipalname"), true) => Ok(rows::BY_SIGN_IN_NAME_LAST_FIRST),
        (Some("displayname"), false) => Ok(rows::BY_DISPLAY_NAME),
        (Some("displayname"), true) => Ok(rows::BY_DISPLAY_NAME_LAST_FIRST),
        (Some(_), _) => {
            let problem = "is UserPrincipalName or DisplayName";
            Err(Problem::malformed("sortField", problem))
        }
    }
}

/// How many rows to read, and from which on.
pub(super) fn part(page: Page) -> [Stored; 2] {
    let number = |count: usize| Stored::Int(i64::try_from(count).unwrap_or(i64::MAX));
    [number(page.reach()), number(page.offset)]
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<CustomerUser>>, Problem> {
    let page = Page::of(&call, PAGE_MAX)?;
    let (deleted, order) = (wants_deleted(&call)?, order(&call)?);
    let known = role_required(&call, &customer, access::LIST_USERS).await?;
    let gone = DirectoryUser::gone_before(call.server.app().clock().world_now())
        .map_err(|error| call.problem(error.into()))?;
    let tenant = known.tenant.clone();
    let found = call.read(move |tx| {
        let tenant = tenant.clone();
        Box::pin(async move {
            let mut key = vec![Stored::Id(tenant.id.uuid())];
            let statement = if deleted {
                key.push(Stored::Instant(gone));
                rows::DELETED
            } else {
                order
            };
            key.extend(part(page));
            let users = tx.scan::<DirectoryUser>(statement, &key).await?;
            let domains = Domains::of(tx, &tenant).await?;
            let users = users
                .into_iter()
                .map(|user| CustomerUser::of(user, &domains));
            Ok(users.collect::<Vec<_>>())
        })
    });
    let path = format!("/customers/{}/users", known.tenant.id);
    Ok(Json(page.collection(found.await?, &path)))
}
