//! Roles in a customer's directory and the users that hold them, with the rights that the customer gave (ROL-031, ROL-034).

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use tierline_app::access;
use tierline_app::directory::{self, Domains};
use tierline_domain::admin::DirectoryRole;
use tierline_domain::directory::DirectoryUser;
use tierline_store::Value as Stored;
use tierline_store::tables::directory_users as rows;
use utoipa::ToSchema;

use super::customer_profiles::role_required;
use super::users::{CustomerUser, PAGE_MAX, paged, part, perform};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::{Attributes, Collection, Page};
use crate::wire::people::must;
use crate::wire::roles;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/customers/{customer-id}/users/{user-id}/directoryroles",
            "The roles of a user in its directory.",
            roles_of_user,
        )
        .answers::<Collection<Role>>(StatusCode::OK)
        .shows(
            "user-directory-roles-list",
            "directory.rs roles_of_the_directory_have_members",
        ),
        route::get(
            "/v1/customers/{customer-id}/directoryroles",
            "The roles that there are in a customer's directory.",
            list_roles,
        )
        .answers::<Collection<Role>>(StatusCode::OK)
        .shows(
            "directory-roles-list",
            "directory.rs roles_of_the_directory_have_members",
        ),
        paged(route::get(
            "/v1/customers/{customer-id}/directoryroles/{role-id}/usermembers",
            "Who holds a role.",
            list_members,
        ))
        .answers::<Collection<UserMember>>(StatusCode::OK)
        .shows(
            "directory-role-members-list",
            "directory.rs roles_of_the_directory_have_members",
        ),
        route::post(
            "/v1/customers/{customer-id}/directoryroles/{role-id}/usermembers",
            "Give a user a role.",
            add_member,
        )
        .takes::<NewMember>()
        .answers::<UserMember>(StatusCode::CREATED)
        .shows(
            "directory-role-members-add",
            "directory.rs roles_of_the_directory_have_members",
        ),
        route::delete(
            "/v1/customers/{customer-id}/directoryroles/{role-id}/usermembers/{user-id}",
            "Take a role from a user.",
            remove_member,
        )
        .answers_plain(StatusCode::NO_CONTENT)
        .shows(
            "directory-role-members-remove",
            "directory.rs roles_of_the_directory_have_members",
        ),
    ]
}

/// A role of a directory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Role {
    name: String,
    id: &'static str,
    attributes: Attributes,
}

impl Role {
    fn of(role: DirectoryRole) -> Self {
        let words = role.as_str().split('_').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        });
        Self {
            name: words.collect::<Vec<_>>().join(" "),
            id: roles::definition(role),
            attributes: Attributes::of("DirectoryRole"),
        }
    }
}

/// A user that holds a role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserMember {
    display_name: String,
    user_principal_name: String,
    role_id: &'static str,
    id: String,
    attributes: Attributes,
}

impl UserMember {
    fn of(role: DirectoryRole, user: &CustomerUser) -> Self {
        Self {
            display_name: user.display_name.clone(),
            user_principal_name: user.user_principal_name.clone(),
            role_id: roles::definition(role),
            id: user.id.clone(),
            attributes: Attributes::of("UserMember"),
        }
    }
}

/// A user that is to hold a role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewMember {
    id: Option<String>,
}

async fn roles_of_user(
    Path((customer, user)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<Role>>, Problem> {
    let known = role_required(&call, &customer, access::LIST_ROLE_MEMBERS).await?;
    let path = format!("/customers/{}/users/{user}/directoryroles", known.tenant.id);
    let found = call.read(move |tx| {
        let (tenant, user) = (known.tenant.clone(), user.clone());
        Box::pin(async move {
            let user = directory::the_user(tx, &tenant, &user).await?;
            directory::roles_of(tx, user.id).await
        })
    });
    let roles = found.await?.into_iter().map(Role::of).collect();
    Ok(Json(Collection::whole(roles, path)))
}

async fn list_roles(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<Role>>, Problem> {
    let known = role_required(&call, &customer, access::LIST_ROLES).await?;
    let all = DirectoryRole::ALL.iter().copied().map(Role::of).collect();
    let path = format!("/customers/{}/directoryroles", known.tenant.id);
    Ok(Json(Collection::whole(all, path)))
}

/// A role by its id.
fn role(id: &str) -> Result<DirectoryRole, Problem> {
    roles::of_definition(id).ok_or_else(|| Problem::not_found(&format!("directory role {id}")))
}

async fn list_members(
    Path((customer, role_id)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<UserMember>>, Problem> {
    let page = Page::of(&call, PAGE_MAX)?;
    let known = role_required(&call, &customer, access::LIST_ROLE_MEMBERS).await?;
    let role = role(&role_id)?;
    let (tenant, path) = (
        known.tenant.clone(),
        format!(
            "/customers/{}/directoryroles/{role_id}/usermembers",
            known.tenant.id
        ),
    );
    let found = call.read(move |tx| {
        let tenant = tenant.clone();
        Box::pin(async move {
            let mut key = vec![Stored::Id(tenant.id.uuid()), Stored::Text(role.to_string())];
            key.extend(part(page));
            let users = tx.scan::<DirectoryUser>(rows::IN_ROLE, &key).await?;
            let domains = Domains::of(tx, &tenant).await?;
            let member = |user| UserMember::of(role, &CustomerUser::of(user, &domains));
            Ok(users.into_iter().map(member).collect::<Vec<_>>())
        })
    });
    Ok(Json(page.collection(found.await?, &path)))
}

async fn add_member(
    Path((customer, role_id)): Path<(String, String)>,
    call: Call,
) -> Result<(StatusCode, Json<UserMember>), Problem> {
    let new: NewMember = call.body()?;
    let role = role(&role_id)?;
    let user = must("id", new.id.as_ref())?;
    let params = Map::from_iter([
        ("user".to_owned(), json!(user)),
        ("role".to_owned(), json!(role)),
    ]);
    let user = perform(&call, &customer, "add_role_member", params).await?;
    Ok((StatusCode::CREATED, Json(UserMember::of(role, &user))))
}

async fn remove_member(
    Path((customer, role_id, user)): Path<(String, String, String)>,
    call: Call,
) -> Result<StatusCode, Problem> {
    let role = role(&role_id)?;
    let params = Map::from_iter([
        ("user".to_owned(), json!(user)),
        ("role".to_owned(), json!(role)),
    ]);
    perform(&call, &customer, "remove_role_member", params).await?;
    Ok(StatusCode::NO_CONTENT)
}
