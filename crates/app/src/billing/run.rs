//! Stub.
use tierline_domain::billing::InvoiceKind;
use tierline_domain::catalog::{Generation, Item, ItemKind};
/// Kind.
#[must_use]
pub fn kind_of(item: &Item) -> InvoiceKind {
    match (item.generation, item.kind) {
        (Generation::Traditional, _) | (_, ItemKind::PreviousConsumption) => InvoiceKind::Recurring,
        (Generation::NewCommerce, _) => InvoiceKind::OneTime,
    }
}
