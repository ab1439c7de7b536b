//! Partner relationships and the PartnerID look-up.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};
use tierline_app::act::Act;
use tierline_app::ask::ask;
use tierline_app::{AppError, names};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{
    Account, Location, Organization, PartnerType, Partnership, PartnershipState, Tenant,
};
use tierline_store::{Tx, Value as Stored, tables};

use super::customers;
use crate::auth::Principal;
use crate::problem::Problem;
use crate::server::Server;
use crate::wire::{body, path};

/// The other side of a partner relationship.
struct Counterpart {
    account: Account,
    name: String,
    partner_id: String,
}

async fn counterpart(tx: &mut Tx<'_>, account: Account) -> Result<Counterpart, AppError> {
    let organization: Organization = names::by_id(tx, account.organization).await?;
    let partner_id = match account.location {
        Some(location) => names::by_id::<Location, _>(tx, location).await?.partner_id,
        None => String::new(),
    };
    Ok(Counterpart {
        account,
        name: organization.name,
        partner_id,
    })
}

async fn partners(
    tx: &mut Tx<'_>,
    account: Account,
    as_provider: bool,
) -> Result<Vec<Counterpart>, AppError> {
    let statement = if as_provider {
        tables::partnerships::BY_PROVIDER
    } else {
        tables::partnerships::BY_RESELLER
    };
    let mut found = Vec::new();
    for tie in tx
        .find::<Partnership>(statement, &[Stored::Id(account.id.uuid())])
        .await?
    {
        if tie.state == PartnershipState::Active {
            let other = names::account_by_id(
                tx,
                if as_provider {
                    tie.reseller
                } else {
                    tie.provider
                },
            )
            .await?;
            found.push(counterpart(tx, other).await?);
        }
    }
    found.sort_by(|a, b| {
        a.name
            .cmp(&b.name)
            .then(a.account.handle.cmp(&b.account.handle))
    });
    Ok(found)
}

fn collection(items: Vec<Value>) -> Json<Value> {
    Json(
        json!({ "totalCount": items.len(), "items": items, "attributes": { "objectType": "Collection" } }),
    )
}

pub(super) async fn list(
    State(server): State<Server>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    let account = principal.partner()?.clone();
    let query = path::query(query.as_deref());
    let wanted = query
        .iter()
        .find(|(key, _)| key == "relationship_type")
        .map(|(_, value)| body::word(value));
    let as_provider = match wanted.as_deref() {
        Some("is_indirect_cloud_solution_provider_of") => true,
        Some("is_indirect_reseller_of") => false,
        None => account.kind == PartnerType::IndirectProvider,
        Some(other) => {
            return Err(Problem::malformed(
                "relationship_type",
                &format!(
                    "`{other}` is none of IsIndirectCloudSolutionProviderOf and IsIndirectResellerOf"
                ),
            ));
        }
    };
    if as_provider {
        principal.api_partner()?;
    }
    let found = server
        .app()
        .read(ask(move |tx| {
            Box::pin(partners(tx, account.clone(), as_provider))
        }))
        .await;
    let kind = if as_provider {
        "is_indirect_cloud_solution_provider_of"
    } else {
        "is_indirect_reseller_of"
    };
    let items = found
        .map_err(|error| Problem::of(error, principal.lang))?
        .into_iter()
        .map(|other| {
            json!({
                "id": other.account.tenant,
                "name": other.name,
                "relationshipType": kind,
                "state": "Active",
                "mpnId": other.partner_id,
                "location": other.account.country,
                "attributes": { "objectType": "PartnerRelationship" },
            })
        })
        .collect();
    Ok(collection(items))
}

/// The resellers of the caller that serve the customer too.
async fn shared(
    tx: &mut Tx<'_>,
    provider: Account,
    customer: Tenant,
) -> Result<Vec<Counterpart>, AppError> {
    let mut found = Vec::new();
    for other in partners(tx, provider, true).await? {
        let key = [
            Stored::Id(other.account.id.uuid()),
            Stored::Id(customer.id.uuid()),
        ];
        let relation = tx.get::<Relationship>(&key).await?;
        if relation.is_some_and(|relation| relation.state == RelationshipState::Active) {
            found.push(other);
        }
    }
    Ok(found)
}

pub(super) async fn of_customer(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    let known = customers::required(&server, &principal, &customer).await?;
    let account = principal.api_partner()?.clone();
    let found = server
        .app()
        .read(ask(move |tx| {
            Box::pin(shared(tx, account.clone(), known.tenant.clone()))
        }))
        .await;
    let items = found
        .map_err(|error| Problem::of(error, principal.lang))?
        .into_iter()
        .map(|other| {
            json!({
                "id": other.account.tenant,
                "name": other.name,
                "relationshipType": "is_indirect_cloud_solution_provider_of",
                "mpnId": other.partner_id,
                "attributes": { "objectType": "PartnerRelationship" },
            })
        })
        .collect();
    Ok(collection(items))
}

/// The caller's own PartnerID, or a look-up of another's (IDN-022).
pub(super) async fn partner_profile(
    State(server): State<Server>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    let account = principal.api_partner()?.clone();
    let query = path::query(query.as_deref());
    let asked = query
        .iter()
        .find(|(key, value)| key == "mpnid" && !value.is_empty())
        .map(|(_, value)| value.clone());
    let (partner_id, name) = match asked {
        Some(asked) => {
            let act = Act {
                actor: principal.actor(),
                ..Act::of("", "verify_partner_id", json!({ "partner_id": asked }))
            };
            let ctx = server.app().ctx(principal.actor());
            server
                .app()
                .perform(ctx, act, None)
                .await
                .map_err(|error| Problem::of(error, principal.lang))?;
            let wanted = asked.clone();
            let owner = server
                .app()
                .read(ask(move |tx| Box::pin(owner(tx, wanted.clone()))))
                .await;
            (
                asked,
                owner.map_err(|error| Problem::of(error, principal.lang))?,
            )
        }
        None => {
            let own = server
                .app()
                .read(ask(move |tx| Box::pin(counterpart(tx, account.clone()))))
                .await;
            let own = own.map_err(|error| Problem::of(error, principal.lang))?;
            (own.partner_id, own.name)
        }
    };
    Ok(Json(json!({
        "mpnId": partner_id,
        "partnerName": name,
        "profileType": "MpnProfile",
        "links": { "self": { "uri": "/profiles/mpn", "method": "GET", "headers": [] } },
        "attributes": { "objectType": "MpnProfile" },
    })))
}

async fn owner(tx: &mut Tx<'_>, partner_id: String) -> Result<String, AppError> {
    let place = tx
        .find::<Location>(
            tables::locations::BY_PARTNER_ID,
            &[Stored::Text(partner_id.clone())],
        )
        .await?
        .pop();
    let place = place.ok_or_else(|| AppError::missing("PartnerID", partner_id))?;
    Ok(names::by_id::<Organization, _>(tx, place.organization)
        .await?
        .name)
}
