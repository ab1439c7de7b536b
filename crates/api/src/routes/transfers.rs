//! Transfers of a customer's subscriptions: offered by the partner that sold them, or asked for by the one that shall have
//! them (section 9).

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::act::{Act, decide_only};
use tierline_app::{AppError, names};
use tierline_domain::catalog::{Frequency, Item};
use tierline_domain::id::Id;
use tierline_domain::order::Order;
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::subscription::{Subscription, Transfer, TransferLine, TransferState};
use tierline_rules::RuleId;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::customers;
use super::orders::{self, OrderResource};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::render;
use crate::route::{self, Route};
use crate::wire::envelope::{Attributes, Links};
use crate::wire::{body, catalog};

const LIST: &str = "/v1/customers/{customer-id}/transfers";
const ONE: &str = "/v1/customers/{customer-id}/transfers/{transfer-id}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(LIST, "Transfers of a customer's subscriptions.", list)
            .answers::<Vec<TransferEntity>>(StatusCode::OK)
            .shows(
                "transfers-list",
                "transfers.rs an_offer_is_accepted_group_by_group",
            ),
        route::post(
            LIST,
            "Offer subscriptions to another partner, or ask another partner for them.",
            create,
        )
        .takes::<NewTransfer>()
        .answers::<TransferEntity>(StatusCode::CREATED)
        .shows(
            "transfers-create",
            "transfers.rs an_offer_is_accepted_group_by_group",
        ),
        route::get(ONE, "One transfer.", read)
            .answers::<TransferEntity>(StatusCode::OK)
            .shows(
                "transfers-get",
                "transfers.rs an_offer_is_accepted_group_by_group",
            ),
        route::patch(ONE, "Reject a transfer.", reject)
            .takes::<Rejection>()
            .answers::<TransferEntity>(StatusCode::OK)
            .shows(
                "transfers-reject",
                "transfers.rs an_offer_is_rejected_by_whom_it_is_made_to",
            ),
        route::delete(ONE, "Withdraw a transfer.", withdraw)
            .answers_plain(StatusCode::NO_CONTENT)
            .shows(
                "transfers-withdraw",
                "transfers.rs an_offer_is_withdrawn_by_who_made_it",
            ),
        route::post(
            "/v1/customers/{customer-id}/transfers/{transfer-id}/accept",
            "Accept a transfer.",
            accept,
        )
        .answers::<TransferSubmitResult>(StatusCode::OK)
        .shows(
            "transfers-accept",
            "transfers.rs an_offer_is_accepted_group_by_group",
        ),
        route::get(
            "/v1/customers/{customer-id}/transferseligibility",
            "Which subscriptions of a customer can be transferred.",
            eligibility,
        )
        .query("transferType", "directtoindirect, the default.")
        .answers::<Vec<TransferEligibility>>(StatusCode::OK)
        .shows(
            "transfers-eligibility-list",
            "transfers.rs eligibility_names_what_stands_in_the_way",
        ),
    ]
}

/// A subscription that is transferred.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(no_recursion)]
struct TransferLineItem {
    /// Its place in the transfer.
    id: usize,
    #[schema(value_type = String)]
    subscription_id: Id<Subscription>,
    #[schema(value_type = String)]
    source_subscription_id: Id<Subscription>,
    #[schema(value_type = String)]
    entitlement_id: Id<Subscription>,
    offer_id: String,
    /// As many seats as there were when the transfer was made (TRF-008).
    quantity: i64,
    #[schema(value_type = String)]
    billing_cycle: Frequency,
    friendly_name: String,
    /// The PartnerID of the reseller of record at the receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    partner_id_on_record: Option<String>,
    /// Add-ons, which travel with their base (TRF-007).
    addon_items: Vec<TransferLineItem>,
    /// How it went, once the transfer is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<&'static str>,
    /// The order that it became at the receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    order_id: Option<Id<Order>>,
    /// A base and its add-ons: they become one order, or none.
    transfer_group_id: String,
    /// Why it could not be moved (TRF-010).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transfer_error: Option<String>,
}

/// A transfer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransferEntity {
    #[schema(value_type = String)]
    id: Id<Transfer>,
    status: &'static str,
    created_time: String,
    last_modified_time: String,
    last_modified_user: String,
    customer_name: String,
    #[schema(value_type = String)]
    customer_tenant_id: Id<Tenant>,
    /// The caller's tenant.
    #[serde(rename = "partnertenantid")]
    #[schema(value_type = String)]
    partner_tenant_id: Id<Tenant>,
    source_partner_name: String,
    #[schema(value_type = String)]
    source_partner_tenant_id: Id<Tenant>,
    target_partner_name: String,
    #[schema(value_type = String)]
    target_partner_tenant_id: Id<Tenant>,
    line_items: Vec<TransferLineItem>,
    links: Links,
    attributes: Attributes,
}

/// The words of the wire for a transfer's states. A request that waits is as open as an offer.
const fn status(state: TransferState) -> &'static str {
    match state {
        TransferState::Active | TransferState::Pending => "Active",
        TransferState::Complete => "Complete",
        TransferState::PartiallyComplete => "PartiallyComplete",
        TransferState::Rejected => "Reject",
        TransferState::Failed => "Failed",
        TransferState::Withdrawn => "Withdrawn",
        TransferState::Expired => "Expired",
    }
}

/// A transfer with what it shows.
#[derive(Clone)]
struct Found {
    row: Transfer,
    customer: Tenant,
    names: [String; 3],
    source: Id<Tenant>,
    target: Id<Tenant>,
    /// Of each line the PartnerID of the reseller of record at the receiver.
    records: Vec<Option<String>>,
    lines: Vec<(TransferLine, Subscription, Item)>,
}

async fn company(tx: &mut Tx<'_>, organization: Id<Organization>) -> Result<String, AppError> {
    Ok(names::by_id::<Organization, _>(tx, organization)
        .await?
        .name)
}

/// The PartnerID of a reseller that was named by it, or by a name that stands for it.
async fn record(tx: &mut Tx<'_>, given: &str) -> Result<String, AppError> {
    let known = match names::partner_id(tx, given).await? {
        names::Referred::Account(account) => orders::partner_id(tx, Some(account.id)).await?,
        names::Referred::Place(place) => Some(place.partner_id),
        names::Referred::Nobody => None,
    };
    Ok(known.unwrap_or_else(|| given.to_owned()))
}

async fn complete(tx: &mut Tx<'_>, row: Transfer, customer: Tenant) -> Result<Found, AppError> {
    let from = names::account_by_id(tx, row.from_partner).await?;
    let to = names::account_by_id(tx, row.to_partner).await?;
    let mut lines = Vec::with_capacity(row.lines.len());
    let mut records = Vec::with_capacity(row.lines.len());
    for place in 0..row.lines.len() {
        records.push(match row.record_of(place) {
            Some(given) => Some(record(tx, given).await?),
            None => None,
        });
    }
    for line in &row.lines {
        let held = names::the_subscription(tx, &line.subscription).await?;
        let item = names::by_id(tx, line.item).await?;
        lines.push((line.clone(), held, item));
    }
    Ok(Found {
        names: [
            company(tx, customer.organization).await?,
            company(tx, from.organization).await?,
            company(tx, to.organization).await?,
        ],
        source: from.tenant,
        target: to.tenant,
        records,
        row,
        customer,
        lines,
    })
}

/// Whether a partner gives or receives.
fn takes_part(partner: &Account, row: &Transfer) -> bool {
    [row.from_partner, row.to_partner].contains(&partner.id)
}

async fn of_customer(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
) -> Result<Vec<Found>, AppError> {
    let key = [Stored::Id(customer.id.uuid())];
    let mut found = Vec::new();
    for row in tx
        .find::<Transfer>(tables::transfers::BY_CUSTOMER, &key)
        .await?
    {
        if takes_part(&partner, &row) {
            found.push(complete(tx, row, customer.clone()).await?);
        }
    }
    Ok(found)
}

async fn own(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
    name: String,
) -> Result<Option<Found>, AppError> {
    match names::transfer(tx, &name).await? {
        Some(row) if row.customer == customer.id && takes_part(&partner, &row) => {
            complete(tx, row, customer).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// A transfer of a customer in which the caller takes part; any other does not exist (TRF-009).
async fn find(call: &Call, customer: &str, transfer: &str) -> Result<Found, Problem> {
    let customer = customers::required(&call.server, &call.principal, customer)
        .await?
        .tenant;
    let (partner, wanted) = (call.account.clone(), transfer.to_owned());
    let found = call
        .read(move |tx| Box::pin(own(tx, partner.clone(), customer.clone(), wanted.clone())))
        .await?;
    found.ok_or_else(|| {
        let text = format!("transfer {transfer} does not exist");
        Problem::documented(StatusCode::NOT_FOUND, 900_100, &text)
    })
}

impl Found {
    fn path(&self) -> String {
        format!("/customers/{}/transfers/{}", self.customer.id, self.row.id)
    }

    fn is_decided(&self) -> bool {
        !matches!(
            self.row.state,
            TransferState::Active
                | TransferState::Pending
                | TransferState::Withdrawn
                | TransferState::Expired
        )
    }

    fn line(&self, place: usize) -> Option<TransferLineItem> {
        let (line, held, item) = self.lines.get(place)?;
        let is_mine = |(_, (other, _, _)): &(usize, &(TransferLine, Subscription, Item))| {
            other.base == Some(place)
        };
        let add_ons = self.lines.iter().enumerate().filter(is_mine);
        let outcome = match (self.row.state, &line.failure) {
            (TransferState::Rejected, _) => "Reject",
            (_, Some(_)) => "Failed",
            (_, None) => "Complete",
        };
        Some(TransferLineItem {
            id: place,
            subscription_id: held.id,
            source_subscription_id: held.id,
            entitlement_id: held.resource.unwrap_or(held.id),
            offer_id: catalog::item_id(item),
            quantity: line.quantity,
            billing_cycle: held.frequency,
            friendly_name: held.friendly_name.as_ref().unwrap_or(&item.title).clone(),
            partner_id_on_record: self.records.get(place).cloned().flatten(),
            addon_items: add_ons.filter_map(|(place, _)| self.line(place)).collect(),
            status: self.is_decided().then_some(outcome),
            order_id: line.order,
            transfer_group_id: line.base.unwrap_or(place).to_string(),
            transfer_error: line.failure.clone(),
        })
    }

    /// The bases, each with its add-ons.
    fn bases(&self) -> impl Iterator<Item = (&TransferLine, TransferLineItem)> {
        let lines = self.lines.iter().enumerate();
        let bases = lines.filter(|(_, (line, _, _))| line.base.is_none());
        bases.filter_map(|(place, (line, _, _))| Some((line, self.line(place)?)))
    }

    fn shown(&self, caller: &Account) -> TransferEntity {
        let row = &self.row;
        let [customer_name, source_partner_name, target_partner_name] = self.names.clone();
        TransferEntity {
            id: row.id,
            status: status(row.state),
            created_time: row.created.to_string(),
            last_modified_time: row.modified.to_string(),
            last_modified_user: row.modified_by.clone(),
            customer_name,
            customer_tenant_id: row.customer,
            partner_tenant_id: caller.tenant,
            source_partner_name,
            source_partner_tenant_id: self.source,
            target_partner_name,
            target_partner_tenant_id: self.target,
            line_items: self.bases().map(|(_, item)| item).collect(),
            links: Links::own(self.path()),
            attributes: Attributes::of("TransferEntity"),
        }
    }
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Vec<TransferEntity>>, Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let partner = call.account.clone();
    let found = call
        .read(move |tx| Box::pin(of_customer(tx, partner.clone(), tenant.clone())))
        .await?;
    let shown = found.iter().map(|one| one.shown(&call.account));
    Ok(Json(shown.collect()))
}

async fn read(
    Path((customer, transfer)): Path<(String, String)>,
    call: Call,
) -> Result<Json<TransferEntity>, Problem> {
    let found = find(&call, &customer, &transfer).await?;
    Ok(Json(found.shown(&call.account)))
}

/// A transfer as it is sent. What else a line says is the subscription's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewTransfer {
    /// The giving partner.
    source_partner_tenant_id: Option<String>,
    /// The receiving partner.
    target_partner_tenant_id: Option<String>,
    #[serde(default)]
    line_items: Vec<NewTransferLine>,
}

/// A subscription to transfer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewTransferLine {
    subscription_id: Option<String>,
    /// The PartnerID of the reseller of record at the receiver.
    partner_id_on_record: Option<String>,
}

fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The partner of a tenant.
async fn partner(call: &Call, member: &str, given: Option<&String>) -> Result<Account, Problem> {
    let given = said(given).ok_or_else(|| Problem::malformed(member, "is missing"))?;
    let tenant = Uuid::try_parse(given)
        .map_err(|_| Problem::malformed(member, "is the GUID of a partner's tenant"))?;
    let found = call
        .read(move |tx| {
            Box::pin(async move {
                let key = [Stored::Id(tenant)];
                Ok(tx
                    .find::<Account>(tables::accounts::BY_TENANT, &key)
                    .await?)
            })
        })
        .await?;
    let found = found.into_iter().next();
    found.ok_or_else(|| Problem::malformed(member, "names no partner of the program"))
}

/// The resellers of record that the lines name, by subscription.
fn records(lines: &[NewTransferLine], subscriptions: &[String]) -> BTreeMap<String, String> {
    let named = lines.iter().zip(subscriptions);
    named
        .filter_map(|(line, subscription)| {
            let record = said(line.partner_id_on_record.as_ref())?;
            Some((subscription.clone(), record.to_owned()))
        })
        .collect()
}

/// A subscription is named by its GUID, or not at all.
fn subscriptions(lines: &[NewTransferLine]) -> Result<Vec<String>, Problem> {
    let member = "lineItems.subscriptionId";
    let guid = |line: &NewTransferLine| {
        let given = said(line.subscription_id.as_ref())
            .ok_or_else(|| Problem::malformed(member, "is missing"))?;
        let id = Uuid::try_parse(given)
            .map_err(|_| Problem::malformed(member, "is the GUID of a subscription"))?;
        Ok(id.to_string())
    };
    lines.iter().map(guid).collect()
}

async fn create(
    Path(customer): Path<String>,
    call: Call,
) -> Result<(StatusCode, Json<TransferEntity>), Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let new: NewTransfer = call.body()?;
    if new.line_items.is_empty() {
        let text = "names no subscription: a transfer carries at least one";
        return Err(Problem::malformed("lineItems", text));
    }
    let wanted = subscriptions(&new.line_items)?;
    let from = partner(
        &call,
        "sourcePartnerTenantId",
        new.source_partner_tenant_id.as_ref(),
    )
    .await?;
    let to = partner(
        &call,
        "targetPartnerTenantId",
        new.target_partner_tenant_id.as_ref(),
    )
    .await?;
    let mut params = json!({
        "customer": tenant.id, "subscriptions": wanted, "to": to.handle, "records": records(&new.line_items, &wanted),
    });
    // Who gives, offers; who receives, asks (TRF-009, TRF-014).
    let verb = if from.id == call.account.id {
        "create_transfer"
    } else {
        if let Some(map) = params.as_object_mut() {
            map.insert("from".to_owned(), json!(from.handle));
        }
        "request_transfer"
    };
    let made = call.perform(verb, params).await?;
    let made = made.get("transfer").and_then(Value::as_str);
    let found = find(&call, &customer, made.unwrap_or_default()).await?;
    Ok((StatusCode::CREATED, Json(found.shown(&call.account))))
}

/// A rejection as it is sent. What else it holds is not looked at: the path says which transfer is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Rejection {
    /// `reject`.
    status: Option<String>,
}

async fn reject(
    Path((customer, transfer)): Path<(String, String)>,
    call: Call,
) -> Result<Json<TransferEntity>, Problem> {
    let found = find(&call, &customer, &transfer).await?;
    let sent: Rejection = call.body()?;
    let word = said(sent.status.as_ref()).map(body::word);
    if word.as_deref() != Some("reject") {
        return Err(Problem::malformed(
            "status",
            "is `reject`; nothing else of a transfer can be changed",
        ));
    }
    call.perform("reject_transfer", json!({ "transfer": found.row.id }))
        .await?;
    let found = find(&call, &customer, &transfer).await?;
    Ok(Json(found.shown(&call.account)))
}

async fn withdraw(
    Path((customer, transfer)): Path<(String, String)>,
    call: Call,
) -> Result<StatusCode, Problem> {
    let found = find(&call, &customer, &transfer).await?;
    call.perform("withdraw_transfer", json!({ "transfer": found.row.id }))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A group of lines that could not be moved.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransferError {
    transfer_group_id: String,
    code: u32,
    description: String,
    line_items: Vec<TransferLineItem>,
    attributes: Attributes,
}

/// What came of an acceptance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransferSubmitResult {
    orders: Vec<OrderResource>,
    transfer_errors: Vec<TransferError>,
    attributes: Attributes,
}

async fn accept(
    Path((customer, transfer)): Path<(String, String)>,
    call: Call,
) -> Result<Json<TransferSubmitResult>, Problem> {
    let found = find(&call, &customer, &transfer).await?;
    let carried: Vec<String> = found
        .lines
        .iter()
        .map(|(_, held, _)| held.id.to_string())
        .collect();
    let params = json!({ "transfer": found.row.id, "subscriptions": carried });
    call.perform("accept_transfer", params).await?;
    let found = find(&call, &customer, &transfer).await?;
    let (mut orders, mut transfer_errors) = (Vec::new(), Vec::new());
    for (line, item) in found.bases() {
        if let Some(order) = line.order {
            orders.push(orders::shown(&call, &customer, &order.to_string(), false).await?);
        }
        if let Some(failure) = &line.failure {
            transfer_errors.push(TransferError {
                transfer_group_id: item.transfer_group_id.clone(),
                code: 900_103,
                description: failure.clone(),
                line_items: vec![item],
                attributes: Attributes::of("TransferError"),
            });
        }
    }
    Ok(Json(TransferSubmitResult {
        orders,
        transfer_errors,
        attributes: Attributes::of("TransferSubmitResult"),
    }))
}

/// Whether a subscription can be transferred.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransferEligibility {
    #[schema(value_type = String)]
    id: Id<Subscription>,
    is_eligible: bool,
    /// What stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// Rules that judge a subscription, whoever receives it.
const OF_SUBSCRIPTIONS: [RuleId; 3] = [
    RuleId::of("TRF-004"),
    RuleId::of("TRF-005"),
    RuleId::of("TRF-006"),
];

/// Each subscription is tried as an offer of its own. To whom does not matter: only what is said of the subscription counts.
async fn tried(
    tx: &mut Tx<'_>,
    ctx: tierline_app::Ctx,
    partner: Account,
    customer: Tenant,
) -> Result<Vec<TransferEligibility>, AppError> {
    let key = [Stored::Id(customer.id.uuid())];
    let estate = tx
        .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?;
    let mut all = Vec::new();
    for row in estate.iter().filter(|row| row.seller == Some(partner.id)) {
        let params = json!({
            "customer": customer.id, "subscriptions": [row.handle], "to": partner.handle,
        });
        let act = Act {
            actor: ctx.actor.clone(),
            ..Act::of("", "create_transfer", params)
        };
        let (decision, _) = decide_only(&ctx, tx, &act).await?;
        let mut violations = decision.violations.iter();
        let against = violations.find(|violation| OF_SUBSCRIPTIONS.contains(&violation.rule));
        all.push(TransferEligibility {
            id: row.id,
            is_eligible: against.is_none(),
            reason: against.map(|violation| render::facts_line(violation, ctx.lang)),
        });
    }
    Ok(all)
}

async fn eligibility(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Vec<TransferEligibility>>, Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let kind = call.query.get("transfertype").map(str::to_lowercase);
    if kind.is_some_and(|kind| kind.replace('_', "") != "directtoindirect") {
        return Err(Problem::malformed(
            "transferType",
            "is directtoindirect, or left out",
        ));
    }
    let (ctx, partner) = (call.ctx(), call.account.clone());
    let all = call
        .read(move |tx| Box::pin(tried(tx, ctx.clone(), partner.clone(), tenant.clone())))
        .await?;
    Ok(Json(all))
}
