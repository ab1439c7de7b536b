//! Files beside an order: the purchase order that a secondary review asks for, and the documents of a tender.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::documents::{self, Attached};
use tierline_domain::id::Id;
use tierline_domain::order::{Document, DocumentKind};
use utoipa::ToSchema;

use super::orders;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::envelope::{Attributes, Collection};
use crate::wire::multipart::{self, Part};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/v1/customers/{customer-id}/orders/{order-id}/attachment",
            "Answer an order's review with files: multipart, with a part `metadata` and parts with files.",
            create,
        )
        .answers::<Collection<Attachment>>(StatusCode::CREATED)
        .shows(
            "order-attachments-create",
            "order_changes.rs a_review_is_answered_with_the_purchase_order",
        ),
        route::get(
            "/v1/customers/{customer-id}/orders/{order-id}/attachments",
            "The files beside an order.",
            list,
        )
        .answers::<Collection<Attachment>>(StatusCode::OK)
        .shows(
            "order-attachments-list",
            "order_changes.rs a_review_is_answered_with_the_purchase_order",
        ),
        route::get(
            "/v1/customers/{customer-id}/orders/{order-id}/attachment/{attachment-id}",
            "One file beside an order.",
            download,
        )
        .answers_plain(StatusCode::OK)
        .shows(
            "order-attachments-download",
            "order_changes.rs a_review_is_answered_with_the_purchase_order",
        ),
    ]
}

/// A file beside an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    #[serde(rename = "attachmentId")]
    #[schema(value_type = String)]
    id: Id<Document>,
    file_name: String,
    #[serde(rename = "sizeInKB")]
    size: usize,
    /// `PurchaseOrder` or `Tender`.
    #[serde(rename = "attachmentType")]
    kind: &'static str,
    attributes: Attributes,
}

impl Attachment {
    fn of(document: Document) -> Self {
        Self {
            id: document.id,
            file_name: document.name,
            size: document.content.len().div_ceil(1024),
            kind: match document.kind {
                DocumentKind::PurchaseOrder => "PurchaseOrder",
                DocumentKind::Tender => "Tender",
            },
            attributes: Attributes::of("OrderAttachment"),
        }
    }
}

/// What is said of a purchase order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    is_partof_tender: bool,
    customer_price: Option<String>,
    currency: Option<String>,
    tender_link: Option<String>,
}

impl Metadata {
    /// Price and currency are told, and a tender is shown by a link or a document.
    fn check(&self, tender: bool) -> Result<(), Problem> {
        let said =
            |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        let refused = |code, text| Err(Problem::documented(StatusCode::BAD_REQUEST, code, text));
        if !said(&self.customer_price) || !said(&self.currency) {
            return refused(900_254, "metadata: customerPrice and currency are told");
        }
        if self.is_partof_tender && !tender && !said(&self.tender_link) {
            return refused(
                900_253,
                "metadata.tenderLink: a tender needs a link or a document",
            );
        }
        Ok(())
    }
}

/// Whether a part is a document of the tender; other files are purchase orders.
fn kind(part: &Part<'_>) -> DocumentKind {
    if part.name.to_lowercase().contains("tender") {
        DocumentKind::Tender
    } else {
        DocumentKind::PurchaseOrder
    }
}

/// A file's name without the folders that it came from.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect()
}

fn media(call: &Call) -> &str {
    let header = call.headers.get(header::CONTENT_TYPE);
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

async fn create(
    Path((customer, order)): Path<(String, String)>,
    call: Call,
) -> Result<(StatusCode, Json<Collection<Attachment>>), Problem> {
    let found = orders::find(&call, &customer, &order).await?;
    let parts = multipart::read(media(&call), call.bytes())?;
    let metadata = parts
        .iter()
        .find(|part| part.name.eq_ignore_ascii_case("metadata"))
        .ok_or_else(|| {
            Problem::documented(
                StatusCode::BAD_REQUEST,
                900_254,
                "metadata: the part is missing",
            )
        })?;
    let metadata: Metadata = body::read(metadata.content)?;
    let files: Vec<Attached> = parts
        .iter()
        .filter_map(|part| {
            Some(Attached {
                kind: kind(part),
                name: plain(part.file.as_ref()?),
                media: part.media.clone(),
                content: STANDARD.encode(part.content),
            })
        })
        .collect();
    metadata.check(files.iter().any(|file| file.kind == DocumentKind::Tender))?;
    let params = json!({ "order": found.order.handle, "customer": customer, "files": files });
    let answer = call.perform("attach_files", params).await?;
    let made: Vec<&str> = answer
        .get("documents")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut attached = of_order(&call, &customer, &order).await?;
    attached.retain(|file| made.contains(&file.id.to_string().as_str()));
    let files = attached.into_iter().map(Attachment::of).collect();
    Ok((
        StatusCode::CREATED,
        Json(Collection::whole(files, own(&customer, &order))),
    ))
}

fn own(customer: &str, order: &str) -> String {
    format!("/customers/{customer}/orders/{order}/attachments")
}

async fn of_order(call: &Call, customer: &str, order: &str) -> Result<Vec<Document>, Problem> {
    let order = orders::find(call, customer, order).await?.order;
    call.read(move |tx| {
        let order = order.clone();
        Box::pin(async move { documents::of(tx, &order).await })
    })
    .await
}

async fn list(
    Path((customer, order)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<Attachment>>, Problem> {
    let files = of_order(&call, &customer, &order).await?;
    let files = files.into_iter().map(Attachment::of).collect();
    Ok(Json(Collection::whole(files, own(&customer, &order))))
}

async fn download(
    Path((customer, order, attachment)): Path<(String, String, String)>,
    call: Call,
) -> Result<Response, Problem> {
    let files = of_order(&call, &customer, &order).await?;
    let file = files
        .into_iter()
        .find(|file| file.id.to_string().eq_ignore_ascii_case(&attachment))
        .ok_or_else(|| Problem::not_found(&format!("attachment {attachment} of order {order}")))?;
    // A file is what somebody sent: a browser must neither run nor guess it.
    let name: String = file
        .name
        .chars()
        .map(|letter| {
            if letter.is_ascii_graphic() && letter != '"' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    let media = HeaderValue::from_str(&file.media)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CONTENT_DISPOSITION, disposition),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    Ok((headers, file.content).into_response())
}
