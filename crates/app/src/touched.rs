//! What a command touches, as the audit trail and the outbox see it: which thing, whose it is, and what it looks
//! like. The looks hold no personal values.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use tierline_domain::admin::{AdminRelationship, User};
use tierline_domain::billing::Invoice;
use tierline_domain::catalog::Item;
use tierline_domain::customer::{Attestation, Customer, Delegation, Relationship};
use tierline_domain::directory::DirectoryUser;
use tierline_domain::fraud::FraudEvent;
use tierline_domain::id::Id;
use tierline_domain::order::Order;
use tierline_domain::partner::{Account, Location, Partnership, Tenant};
use tierline_domain::subscription::{Subscription, Transfer};
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;
use crate::names::{self, seen};
use crate::{directory, licences};

/// Kinds of things that audit records tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// An order.
    Order,
    /// A subscription.
    Subscription,
    /// A customer.
    Customer,
    /// A partner's relationship with a customer.
    Relationship,
    /// A partnership of a provider and a reseller.
    Partnership,
    /// The customer agreement of a customer.
    CustomerAgreement,
    /// The partner agreement of a partner.
    PartnerAgreement,
    /// Granular rights.
    Admin,
    /// Granular rights of one group.
    Assignment,
    /// A transfer.
    Transfer,
    /// A user of a partner.
    User,
    /// A user of a customer.
    DirectoryUser,
    /// A PartnerID tied to an account.
    Location,
    /// An invoice.
    Invoice,
    /// An alert of fraud.
    FraudEvent,
}

/// One thing that was touched.
#[derive(Clone, Debug)]
pub struct Thing {
    /// Its id.
    pub id: String,
    /// What it looks like.
    pub look: Json,
    /// The customer it is about.
    pub customer: Option<Id<Tenant>>,
    /// Whose it is.
    pub owners: Vec<Id<Account>>,
}

/// Which thing is meant: names as the command and its answer have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// One name.
    One(String),
    /// A partner and its counterpart.
    Pair(String, String),
}

fn text(from: &Json, path: &str) -> Option<String> {
    from.pointer(path).and_then(Json::as_str).map(str::to_owned)
}

/// What a command refers to: by its parameters alone before it ran, by its answer as well afterwards.
#[must_use]
pub fn references(
    noun: Noun,
    actor: &str,
    params: &Map<String, Json>,
    result: Option<&Json>,
) -> Vec<Reference> {
    let given = |key: &str| params.get(key).and_then(Json::as_str).map(str::to_owned);
    let answered = |path: &str| result.and_then(|result| text(result, path));
    let one = |name: Option<String>| name.map(Reference::One).into_iter().collect();
    match noun {
        Noun::Order => one(answered("/order")
            .or_else(|| answered("/order/order"))
            .or_else(|| given("order"))),
        Noun::Subscription => one(given("subscription")),
        Noun::Customer => one(answered("/customer").or_else(|| given("customer"))),
        Noun::CustomerAgreement => one(given("customer").or_else(|| Some(actor.to_owned()))),
        Noun::PartnerAgreement => one(Some(actor.to_owned())),
        Noun::Admin => one(answered("/admin_relationship").or_else(|| given("admin_relationship"))),
        Noun::Assignment => given("admin_relationship")
            .zip(given("group"))
            .map(|(admin, group)| Reference::Pair(admin, group))
            .into_iter()
            .collect(),
        Noun::Transfer => one(answered("/transfer").or_else(|| given("transfer"))),
        Noun::User => one(answered("/user").or_else(|| given("user"))),
        Noun::DirectoryUser => one(answered("/directory_user").or_else(|| given("user"))),
        Noun::Location => one(given("location")),
        Noun::Invoice => one(given("invoice")),
        Noun::FraudEvent => one(answered("/fraud_event")),
        Noun::Partnership => answered("/provider")
            .zip(answered("/reseller"))
            .map(|(provider, reseller)| Reference::Pair(provider, reseller))
            .into_iter()
            .collect(),
        Noun::Relationship => match result.and_then(|result| result.get("relationships")) {
            Some(Json::Array(ties)) => ties
                .iter()
                .filter_map(|tie| text(tie, "/partner").zip(text(tie, "/customer")))
                .map(|(partner, customer)| Reference::Pair(partner, customer))
                .collect(),
            // A customer that acts names its partner.
            _ => given("customer")
                .map(|customer| Reference::Pair(actor.to_owned(), customer))
                .or_else(|| {
                    given("partner").map(|partner| Reference::Pair(partner, actor.to_owned()))
                })
                .into_iter()
                .collect(),
        },
    }
}

/// Finds what is referred to; what is not there (any more, or yet) is left out.
///
/// # Errors
/// When the store fails.
pub async fn find(
    tx: &mut Tx<'_>,
    noun: Noun,
    references: &[Reference],
) -> Result<Vec<Thing>, AppError> {
    let mut found = Vec::with_capacity(references.len());
    for reference in references {
        let thing = match reference {
            Reference::One(name) => single(tx, noun, name).await?,
            Reference::Pair(one, other) => pair(tx, noun, one, other).await?,
        };
        found.extend(thing);
    }
    Ok(found)
}

async fn single(tx: &mut Tx<'_>, noun: Noun, name: &str) -> Result<Option<Thing>, AppError> {
    match noun {
        Noun::Order => match names::order(tx, name).await? {
            Some(row) => order(tx, row).await.map(Some),
            None => Ok(None),
        },
        Noun::Subscription => match names::subscription(tx, name).await? {
            Some(row) => subscription(tx, row).await.map(Some),
            None => Ok(None),
        },
        Noun::Customer => customer(tx, name).await,
        Noun::CustomerAgreement => customer_agreement(tx, name).await,
        Noun::PartnerAgreement => Ok(names::account(tx, name).await?.map(partner_agreement)),
        Noun::Admin => Ok(names::admin_relationship(tx, name).await?.map(admin)),
        Noun::Transfer => match names::transfer(tx, name).await? {
            Some(row) => transfer(tx, row).await.map(Some),
            None => Ok(None),
        },
        Noun::User => Ok(names::user(tx, name).await?.map(user)),
        Noun::DirectoryUser => match names::directory_user(tx, name).await? {
            Some(row) => directory_user(tx, row).await.map(Some),
            None => Ok(None),
        },
        Noun::Location => Ok(names::location(tx, name).await?.map(location)),
        Noun::Invoice => invoice(tx, name).await,
        Noun::FraudEvent => Ok(names::fraud_event(tx, name).await?.map(fraud_event)),
        Noun::Relationship | Noun::Partnership | Noun::Assignment => Ok(None),
    }
}

async fn pair(
    tx: &mut Tx<'_>,
    noun: Noun,
    one: &str,
    other: &str,
) -> Result<Option<Thing>, AppError> {
    match noun {
        Noun::Relationship => relationship(tx, one, other).await,
        Noun::Partnership => partnership(tx, one, other).await,
        Noun::Assignment => assignment(tx, one, other).await,
        _ => Ok(None),
    }
}

/// A user of a customer is its customer's: only who did something with it has a record.
async fn directory_user(tx: &mut Tx<'_>, row: DirectoryUser) -> Result<Thing, AppError> {
    let roles = directory::roles_of(tx, row.id).await?;
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let licences = licences::of_user(tx, row.id).await?;
    let licences: Vec<_> = licences.iter().map(|row| row.item).collect();
    let state = match row.deleted {
        Some(_) => "inactive",
        None => "active",
    };
    Ok(Thing {
        id: row.id.to_string(),
        look: json!({
            "id": row.id, "state": state, "usage_location": row.usage_location, "directory_roles": roles, "licenses": licences,
        }),
        customer: Some(row.tenant),
        owners: Vec::new(),
    })
}

/// An alert of fraud is whose fault it would be.
fn fraud_event(row: FraudEvent) -> Thing {
    Thing {
        id: row.subscription.to_string(),
        look: json!({ "id": row.id, "kind": row.kind, "status": row.status, "version": row.version }),
        customer: Some(row.customer),
        owners: vec![row.partner],
    }
}

/// An invoice is its recipient's: who issues it needs no telling.
async fn invoice(tx: &mut Tx<'_>, number: &str) -> Result<Option<Thing>, AppError> {
    let key = [Value::Text(number.to_owned())];
    let found = tx
        .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
        .await?;
    Ok(found.into_iter().next().map(|row| Thing {
        look: json!({
            "id": row.handle, "invoice_date": row.issued, "billing_period_start_date": row.month, "due_date": row.due,
            "total_charges": row.amount, "document_type": row.document, "invoice_type": row.kind,
        }),
        customer: None,
        owners: row.recipient.account().into_iter().collect(),
        id: row.handle,
    }))
}

async fn order(tx: &mut Tx<'_>, row: Order) -> Result<Thing, AppError> {
    let mut lines = Vec::with_capacity(row.lines.len());
    for (number, made) in row.lines.iter().enumerate() {
        let item: Arc<Item> = seen(tx, made.line.item).await?;
        lines.push(json!({
            "line_item_number": number,
            "item": item.handle,
            "subscription": made.subscription,
            "friendly_name": made.line.friendly_name.as_ref().unwrap_or(&item.title),
            "quantity": made.line.quantity,
            "term": made.line.term,
            "frequency": made.line.frequency,
            "partner_of_record": made.line.partner_of_record,
        }));
    }
    let frequency = row.lines.first().map(|made| made.line.frequency);
    Ok(Thing {
        id: row.id.to_string(),
        look: json!({
            "id": row.id, "customer": row.customer, "frequency": frequency, "currency_code": row.currency, "line_items": lines,
            "creation_date": row.placed, "state": row.state,
        }),
        customer: Some(row.customer),
        owners: vec![row.partner],
    })
}

async fn subscription(tx: &mut Tx<'_>, row: Subscription) -> Result<Thing, AppError> {
    let item: Arc<Item> = seen(tx, row.item).await?;
    let partner_of_record = match row.partner_of_record {
        Some(partner) => partner_id(tx, partner).await?,
        None => None,
    };
    Ok(Thing {
        id: row.id.to_string(),
        look: json!({
            "id": row.id, "item": item.handle, "friendly_name": row.friendly_name.as_ref().unwrap_or(&item.title), "quantity": row.quantity,
            "state": row.state, "term": row.term, "frequency": row.frequency, "auto_renew_enabled": row.renewal,
            "creation_date": row.bought, "commitment_end_date": row.term_end.map(|day| day.to_string()),
            "partner_of_record": partner_of_record, "scheduled_quantity": row.scheduled_quantity, "order": row.order_id,
        }),
        customer: Some(row.customer),
        owners: row.seller.into_iter().collect(),
    })
}

async fn partner_id(tx: &mut Tx<'_>, partner: Id<Account>) -> Result<Option<String>, AppError> {
    let account = seen::<Account, _>(tx, partner).await?;
    match account.location {
        Some(place) => Ok(Some(
            seen::<Location, _>(tx, place).await?.partner_id.clone(),
        )),
        None => Ok(None),
    }
}

async fn customer(tx: &mut Tx<'_>, name: &str) -> Result<Option<Thing>, AppError> {
    let Some(tenant) = names::tenant(tx, name).await? else {
        return Ok(None);
    };
    let row = tx.get::<Customer>(&[Value::Id(tenant.id.uuid())]).await?;
    let look = row.map(|row| {
        json!({
            "id": tenant.id, "domain": tenant.domain, "country": tenant.country, "segment": row.segment, "qualification": row.qualification,
            "account_state": row.account_state, "culture": row.culture, "language": row.language,
        })
    });
    Ok(Some(Thing {
        id: tenant.id.to_string(),
        look: look.unwrap_or_else(|| json!({ "id": tenant.id })),
        customer: Some(tenant.id),
        owners: Vec::new(),
    }))
}

async fn customer_agreement(tx: &mut Tx<'_>, name: &str) -> Result<Option<Thing>, AppError> {
    let Some(tenant) = names::tenant(tx, name).await? else {
        return Ok(None);
    };
    let key = [Value::Id(tenant.id.uuid())];
    let rows = tx
        .find::<Attestation>(tables::attestations::BY_CUSTOMER, &key)
        .await?;
    Ok(rows.into_iter().next_back().map(|row| Thing {
        id: row.id.to_string(),
        // Who accepted stands in the evidence itself, which can be erased (AGR-032).
        look: json!({
            "id": row.id, "customer": row.customer, "template": row.template, "date_agreed": row.agreed.to_string(),
            "accepted_by": row.accepted_by,
        }),
        customer: Some(row.customer),
        owners: row.partner.into_iter().collect(),
    }))
}

fn partner_agreement(account: Account) -> Thing {
    Thing {
        id: account.tenant.to_string(),
        look: json!({ "partner": account.tenant, "state": account.state }),
        customer: None,
        owners: vec![account.id],
    }
}

fn admin(row: AdminRelationship) -> Thing {
    Thing {
        id: row.id.to_string(),
        look: json!({
            "id": row.id, "display_name": row.name, "customer": row.customer, "state": row.state, "roles": row.roles,
            "end_date": row.ends.to_string(), "auto_extend": row.auto_extend,
        }),
        customer: Some(row.customer),
        owners: vec![row.partner],
    }
}

async fn assignment(tx: &mut Tx<'_>, name: &str, group: &str) -> Result<Option<Thing>, AppError> {
    let rights = names::admin_relationship(tx, name).await?;
    let Some((rights, group)) = rights.zip(names::group(tx, group).await?) else {
        return Ok(None);
    };
    let key = [Value::Id(rights.id.uuid()), Value::Id(group.id.uuid())];
    let row = tx.get::<tierline_domain::admin::Assignment>(&key).await?;
    Ok(row.map(|row| Thing {
        id: group.id.to_string(),
        look: json!({ "id": group.id, "granular_admin_relationship": rights.id, "security_group": group.id, "roles": row.roles, "state": row.state }),
        customer: Some(rights.customer),
        owners: vec![rights.partner],
    }))
}

async fn transfer(tx: &mut Tx<'_>, row: Transfer) -> Result<Thing, AppError> {
    let from = seen::<Account, _>(tx, row.from_partner).await?;
    let to = seen::<Account, _>(tx, row.to_partner).await?;
    Ok(Thing {
        id: row.id.to_string(),
        look: json!({
            "id": row.id, "source_partner": from.tenant, "target_partner": to.tenant, "customer": row.customer, "state": row.state,
            "creation_date": row.created,
        }),
        customer: Some(row.customer),
        owners: vec![from.id, to.id],
    })
}

fn user(row: User) -> Thing {
    Thing {
        id: row.id.to_string(),
        look: json!({ "id": row.id, "roles": row.roles }),
        customer: None,
        owners: vec![row.partner],
    }
}

fn location(row: Location) -> Thing {
    Thing {
        id: row.partner_id.clone(),
        look: json!({ "partner_id": row.partner_id, "country": row.country, "state": row.state }),
        customer: None,
        owners: Vec::new(),
    }
}

async fn relationship(
    tx: &mut Tx<'_>,
    partner: &str,
    customer: &str,
) -> Result<Option<Thing>, AppError> {
    let partner = names::account(tx, partner).await?;
    let Some((partner, tenant)) = partner.zip(names::tenant(tx, customer).await?) else {
        return Ok(None);
    };
    let key = [Value::Id(partner.id.uuid()), Value::Id(tenant.id.uuid())];
    Ok(tx.get::<Relationship>(&key).await?.map(|row| Thing {
        id: tenant.id.to_string(),
        look: json!({
            "id": tenant.id, "partner": partner.tenant, "state": row.state, "since": row.since,
            "allow_delegated_access": row.delegation == Delegation::Full,
        }),
        customer: Some(tenant.id),
        owners: vec![partner.id],
    }))
}

async fn partnership(
    tx: &mut Tx<'_>,
    provider: &str,
    reseller: &str,
) -> Result<Option<Thing>, AppError> {
    let provider = names::account(tx, provider).await?;
    let Some((provider, reseller)) = provider.zip(names::account(tx, reseller).await?) else {
        return Ok(None);
    };
    let key = [Value::Id(provider.id.uuid()), Value::Id(reseller.id.uuid())];
    Ok(tx.get::<Partnership>(&key).await?.map(|row| Thing {
        id: reseller.tenant.to_string(),
        look: json!({ "provider": provider.tenant, "reseller": reseller.tenant, "state": row.state, "since": row.since }),
        customer: None,
        owners: vec![provider.id, reseller.id],
    }))
}
