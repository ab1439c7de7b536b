//! Files beside an order: the customer's purchase order that a secondary review asks for, and those of a tender
//! (ORD-027).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tierline_domain::id::Id;
use tierline_domain::order::{Document, DocumentKind, Order, OrderState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::{facts, names};

/// Files of one order.
const FILES_MAX: usize = 20;

/// Answer a secondary review with files.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachFiles {
    /// The order.
    pub order: String,
    /// Its customer: an order of another one does not exist.
    pub customer: String,
    /// The files.
    pub files: Vec<Attached>,
}

/// A file as it was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    /// What it is.
    pub kind: DocumentKind,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// Its bytes, in Base64.
    pub content: String,
}

/// What attaching files answers.
#[derive(Clone, Debug, Serialize)]
pub struct FilesAttached {
    /// The order.
    pub order: String,
    /// The new files.
    pub documents: Vec<Id<Document>>,
}

/// The files beside an order.
///
/// # Errors
/// When the store fails.
pub async fn of(tx: &mut Tx<'_>, order: &Order) -> Result<Vec<Document>, AppError> {
    let key = [Value::Id(order.id.uuid())];
    Ok(tx
        .find::<Document>(tables::documents::BY_ORDER, &key)
        .await?)
}

impl AttachFiles {
    async fn found(&self, tx: &mut Tx<'_>, acting: &Acting) -> Result<Order, AppError> {
        let order = names::the_order(tx, &self.order).await?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        if acting.partner()?.id == order.partner && customer.id == order.customer {
            return Ok(order);
        }
        Err(AppError::missing("order", &self.order))
    }
}

impl UseCase for AttachFiles {
    type Out = FilesAttached;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UploadDocument
    }

    fn subject(&self) -> String {
        self.order.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let order = self.found(tx, acting).await?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::UploadDocument).await?;
        found.form.order_state = Some(order.state);
        found.form.about = Some(order.handle);
        let orders = self
            .files
            .iter()
            .filter(|file| file.kind == DocumentKind::PurchaseOrder);
        found.form.documents = orders.map(|file| file.kind.to_string()).collect();
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<FilesAttached, AppError> {
        let mut order = self.found(tx, acting).await?;
        let there = of(tx, &order).await?.len();
        if there.saturating_add(self.files.len()) > FILES_MAX {
            let text = format!("an order holds at most {FILES_MAX}");
            return Err(AppError::invalid("files", text));
        }
        let ids = Ids::named("document", &format!("{} {there}", order.id), ctx.now);
        let mut documents = Vec::with_capacity(self.files.len());
        for (file, position) in self.files.iter().zip(there..) {
            let content = STANDARD
                .decode(&file.content)
                .map_err(|error| AppError::invalid("files.content", error))?;
            let document = Document {
                id: ids.next(),
                order_id: order.id,
                position: i64::try_from(position).unwrap_or(i64::MAX),
                kind: file.kind,
                name: file.name.clone(),
                media: file.media.clone(),
                content,
                added: ctx.now,
            };
            tx.insert(&document).await?;
            documents.push(document.id);
        }
        order.state = OrderState::UploadComplete;
        order.version = order.version.saturating_add(1);
        tx.put(&order).await?;
        Ok(FilesAttached {
            order: order.handle,
            documents,
        })
    }
}
