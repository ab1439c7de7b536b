//! Carts, orders and the reseller's request for one.

use serde::{Deserialize, Serialize};

use crate::catalog::{Frequency, Item, Term};
use crate::id::Id;
use crate::money::Currency;
use crate::partner::{Account, Tenant};
use crate::time::{Date, Timestamp};
use crate::words;

words! {
    /// What the partner declares at purchase (TXN-105).
    pub enum RoleDeclared {
        /// It sells to the customer itself.
        Direct = "direct",
        /// It sells through the reseller it names.
        Indirect = "indirect",
        /// It declared nothing.
        None = "none",
    }
}

words! {
    /// States of a cart.
    pub enum CartState {
        /// May be changed and checked out.
        Active = "active",
        /// Checked out.
        Ordered = "ordered",
    }
}

words! {
    /// States of an order (ORD-028).
    pub enum OrderState {
        /// Being provisioned.
        Pending = "pending",
        /// Done.
        Completed = "completed",
        /// Cancelled.
        Cancelled = "cancelled",
        /// Suspended.
        Suspended = "suspended",
        /// Held for a secondary review (ORD-027).
        PendingReview = "pending_review",
        /// The review asks for the purchase order document.
        PendingDocumentUpload = "pending_document_upload",
        /// The document came.
        UploadComplete = "upload_complete",
        /// The review said no.
        ReviewRejected = "review_rejected",
        /// Some lines failed.
        PartialSuccess = "partial_success",
        /// All lines failed.
        Error = "error",
    }
}

words! {
    /// States of a reseller's request for a purchase.
    pub enum RequestState {
        /// Waiting for the provider.
        Open = "open",
        /// The provider ordered.
        Accepted = "accepted",
        /// The provider said no.
        Declined = "declined",
        /// The reseller took it back.
        Withdrawn = "withdrawn",
    }
}

/// One line of a cart or an order, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What is bought.
    pub item: Id<Item>,
    /// How many.
    pub quantity: i64,
    /// For how long.
    pub term: Term,
    /// How it is billed.
    pub frequency: Frequency,
    /// The PartnerID of the reseller of record, as given.
    pub partner_of_record: Option<String>,
    /// PartnerIDs of further resellers (ORD-016).
    pub further_resellers: Vec<String>,
    /// A custom end date (ORD-030).
    pub custom_end: Option<Date>,
    /// The currency asked for.
    pub currency: Option<Currency>,
    /// The offer's attestation is accepted (ORD-011).
    pub attestation_accepted: bool,
    /// The base of a traditional add-on, or the plan of a consumption subscription.
    pub parent: Option<String>,
    /// A name the customer sees.
    pub friendly_name: Option<String>,
    /// The availability was read before it changed (ORD-006).
    pub availability_outdated: bool,
    /// What the caller wants the new subscription to be called in this world.
    pub creates: Option<String>,
    /// The subscription whose end the line should share (ORD-030).
    pub align_with: Option<String>,
}

/// A cart: one customer, at least one line, seven days (ORD-002).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// Its id.
    pub id: Id<Cart>,
    /// Its short name.
    pub handle: String,
    /// The partner that fills it.
    pub partner: Id<Account>,
    /// For whom.
    pub customer: Id<Tenant>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The role the partner declared.
    pub role_declared: RoleDeclared,
    /// Its state.
    pub state: CartState,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// Who changed it last.
    pub modified_by: String,
    /// Fingerprint of the lines that were checked out (ORD-003).
    pub ordered_as: Option<String>,
    /// The order it became.
    pub became: Option<Id<Order>>,
    /// The seller's region when it was made.
    pub home: String,
    /// Changes with every write.
    pub version: i64,
}

/// One line of a placed order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// What was asked for.
    pub line: Line,
    /// The subscription it made, once provisioned.
    pub subscription: Option<Id<crate::subscription::Subscription>>,
}

/// A placed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: Id<Order>,
    /// Its short name.
    pub handle: String,
    /// The partner that placed it.
    pub partner: Id<Account>,
    /// For whom.
    pub customer: Id<Tenant>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// Its state.
    pub state: OrderState,
    /// When it was placed.
    pub placed: Timestamp,
    /// The currency it is billed in.
    pub currency: Currency,
    /// The human number, unique per operator.
    pub number: i64,
    /// The seller's region when it was placed.
    pub home: String,
    /// Changes with every write.
    pub version: i64,
}

/// A reseller's draft of a purchase that its provider may place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Its id.
    pub id: Id<OrderRequest>,
    /// Its short name.
    pub handle: String,
    /// Who asks.
    pub reseller: Id<Account>,
    /// Who is asked.
    pub provider: Id<Account>,
    /// For whom.
    pub customer: Id<Tenant>,
    /// What.
    pub line: Line,
    /// Its state.
    pub state: RequestState,
    /// What the reseller added.
    pub note: String,
    /// Why it was declined.
    pub reason: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// The order it became.
    pub became: Option<Id<Order>>,
    /// Changes with every write.
    pub version: i64,
}
