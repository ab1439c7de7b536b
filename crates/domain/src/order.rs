//! Carts, orders and the reseller's request for one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Frequency, Item, Term};
use crate::id::Id;
use crate::money::{Currency, Money, MoneyError, Rounding, divide};
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
    /// The rest, which most lines go without.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Details,
}

/// What a line may say besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The catalogue's identifier as it was given, where it names nothing (ORD-006).
    pub unknown_item: Option<String>,
    /// The line that this add-on was nested in, by its position in the cart.
    pub add_on_of: Option<usize>,
    /// The lines of one group become one order.
    pub group: String,
    /// What the line shall renew to.
    pub renews_to: Option<Term>,
    /// Where it is to be provisioned.
    pub context: BTreeMap<String, String>,
    /// What a savings plan promises to spend.
    pub commitment: Option<Commitment>,
    /// The fault that the line carries (ORD-005).
    pub fault: Option<Fault>,
}

impl Details {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A promise to spend so much in every hour of a term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// How much, as an exact decimal.
    pub amount: String,
    /// In which currency, as it was written.
    pub currency: String,
    /// How often: `hourly`.
    pub grain: String,
}

/// Hours of a year, by which an hourly promise becomes the price of a term.
const HOURS_OF_A_YEAR: i128 = 8_760;

impl Commitment {
    /// What the promise costs over a term.
    ///
    /// # Errors
    /// When the amount is no decimal, the currency no currency, or the product too large.
    pub fn price(&self, term: Term) -> Result<Money, MoneyError> {
        let bad = || MoneyError::Malformed(format!("{} {}", self.currency, self.amount));
        let currency: Currency = self.currency.to_uppercase().parse()?;
        let (whole, part) = self.amount.split_once('.').unwrap_or((&self.amount, ""));
        let digits = format!("{whole}{part}");
        let plain = !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let mantissa: i128 = if plain { &digits } else { "" }
            .parse()
            .map_err(|_| bad())?;
        let scale = u32::try_from(part.len()).map_err(|_| bad())?;
        let months = i128::from(term.months().unwrap_or(12));
        let power = |exponent| 10_i128.checked_pow(exponent).ok_or(MoneyError::Overflow);
        let product = mantissa
            .checked_mul(HOURS_OF_A_YEAR)
            .and_then(|product| product.checked_mul(months))
            .and_then(|product| product.checked_mul(power(currency.digits()).ok()?))
            .ok_or(MoneyError::Overflow)?;
        let whole = power(scale)?.checked_mul(12).ok_or(MoneyError::Overflow)?;
        Ok(Money::new(divide(product, whole, Rounding::Cut)?, currency))
    }
}

/// What is wrong with a line of a cart (ORD-005).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The documented code of a line's error.
    pub code: u32,
    /// The rule behind it, where there is one.
    pub rule: Option<String>,
    /// Units that could still be bought.
    pub available: Option<i64>,
    /// Units that the customer has.
    pub purchased: Option<i64>,
}

/// The order that a group of a cart's lines became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOrder {
    /// The group.
    pub group: String,
    /// Its order.
    pub order: Id<Order>,
}

/// Prices of one unit over the term bought, before tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    /// On the price list.
    pub list: Money,
    /// After a promotion.
    pub discounted: Money,
    /// For the part of the term that a chosen end leaves (ORD-030).
    pub prorated: Money,
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
    /// The order it became; the first, where there are several.
    pub became: Option<Id<Order>>,
    /// The orders that its groups became.
    pub placed: Vec<GroupOrder>,
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
    /// Its prices when it was bought; absent where nothing has a price.
    #[serde(default)]
    pub pricing: Option<Pricing>,
    /// It was cancelled.
    #[serde(default)]
    pub cancelled: bool,
}

words! {
    /// What a file beside an order is.
    pub enum DocumentKind {
        /// The customer's purchase order.
        PurchaseOrder = "purchase_order",
        /// A document of the tender.
        Tender = "tender",
    }
}

/// A file that was given with an order's review (ORD-027).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: Id<Document>,
    /// The order.
    pub order_id: Id<Order>,
    /// Its place among the order's files.
    pub position: i64,
    /// What it is.
    pub kind: DocumentKind,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// When it came.
    pub added: Timestamp,
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
    /// The human number: a partner's orders are numbered from one on, without gaps.
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
    /// What the provider asked when it was made, per seat for a whole term: the acceptance holds it (BIL-023).
    pub quoted: Option<Money>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hourly_promise_is_the_price_of_its_term() {
        let promise = |amount: &str| Commitment {
            amount: amount.to_owned(),
            currency: "usd".to_owned(),
            grain: "hourly".to_owned(),
        };
        for (amount, term, price) in [
            ("0.05", Term::YEAR, "USD 438.00"),
            ("0.05", Term::THREE_YEARS, "USD 1314.00"),
            ("1.001", Term::YEAR, "USD 8768.76"),
            ("2", Term::YEAR, "USD 17520.00"),
        ] {
            assert_eq!(promise(amount).price(term).unwrap().to_string(), price);
        }
        for amount in ["", "-1", "1e3", ".5", "much"] {
            assert!(promise(amount).price(Term::YEAR).is_err(), "{amount}");
        }
    }
}
