//! Ids of the catalogue: stable, because they follow from names, and our own.

use sha2::{Digest, Sha256};
use tierline_domain::catalog::{Generation, Item, ItemKind, Term};
use tierline_domain::listing::Shelf;

/// Digits of the ids: no vowels, so that no id is a word.
const DIGITS: &[u8] = b"0123456789BCDFGHJKLMNPQRSTVWXZ";

/// `count` digits that follow from names.
fn digits(kind: &str, name: &str, count: usize) -> String {
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update([0])
        .chain_update(name)
        .finalize();
    digest
        .iter()
        .take(count)
        .map(|byte| {
            let at = usize::from(*byte) % DIGITS.len();
            DIGITS.get(at).copied().map_or('0', char::from)
        })
        .collect()
}

/// How ids on a shelf begin.
const fn prefix(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::OnlineServices => "CFQ",
        Shelf::Marketplace => "DZM",
        _ => "DZH",
    }
}

/// The id of a product by its short name.
#[must_use]
pub fn product(shelf: Shelf, handle: &str) -> String {
    format!("{}{}", prefix(shelf), digits("product", handle, 9))
}

/// The id of an availability by the short name of its item.
#[must_use]
pub fn availability(shelf: Shelf, handle: &str) -> String {
    format!("{}{}", prefix(shelf), digits("availability", handle, 9))
}

/// The `number`th SKU of a product: four digits.
#[must_use]
pub fn sku(number: usize) -> String {
    let base = 36;
    let mut rest = number;
    let mut text = [b'0'; 4];
    for place in text.iter_mut().rev() {
        let digit = u8::try_from(rest.checked_rem(base).unwrap_or(0)).unwrap_or(0);
        *place = if digit < 10 {
            b'0'.saturating_add(digit)
        } else {
            b'A'.saturating_add(digit.saturating_sub(10))
        };
        rest = rest.checked_div(base).unwrap_or(0);
    }
    text.iter().copied().map(char::from).collect()
}

/// The id of a promotion by its short name.
#[must_use]
pub fn promotion(handle: &str) -> String {
    format!(
        "39N{}:0001:39N{}",
        digits("promotion", handle, 9),
        digits("promotion availability", handle, 9)
    )
}

/// The id of a term of an item, by the item's id in the catalogue, the term and how it is billed.
#[must_use]
pub fn term(catalogue_id: &str, term: Term, billed: &str) -> String {
    digits("term", &format!("{catalogue_id} {term} {billed}"), 12).to_lowercase()
}

/// The shelf of an item that no file gives one.
#[must_use]
pub const fn shelf(kind: ItemKind) -> Shelf {
    match kind {
        ItemKind::Licence | ItemKind::AddOn | ItemKind::Trial => Shelf::OnlineServices,
        ItemKind::SoftwareSubscription => Shelf::SoftwareSubscription,
        ItemKind::PerpetualSoftware => Shelf::PerpetualSoftware,
        ItemKind::ConsumptionPlan | ItemKind::Consumption | ItemKind::PreviousConsumption => {
            Shelf::Consumption
        }
        ItemKind::Reservation => Shelf::ReservedMachines,
        ItemKind::Marketplace => Shelf::Marketplace,
    }
}

/// The id in the catalogue of an item that no file gives one: the GUID in the traditional generation, else a
/// product of its own with one SKU.
#[must_use]
pub fn derived(item: &Item) -> String {
    if item.generation == Generation::Traditional {
        return item.id.to_string().to_uppercase();
    }
    let shelf = shelf(item.kind);
    format!(
        "{}:{}:{}",
        product(shelf, &item.handle),
        sku(1),
        availability(shelf, &item.handle)
    )
}

/// The three parts of an id of new commerce.
#[must_use]
pub fn parts(catalogue_id: &str) -> Option<(&str, &str, &str)> {
    let (product, rest) = catalogue_id.split_once(':')?;
    let (sku, availability) = rest.split_once(':')?;
    (!product.is_empty() && !sku.is_empty() && !availability.contains(':')).then_some((
        product,
        sku,
        availability,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_look_as_documented() {
        let id = product(Shelf::OnlineServices, "desk-basic");
        assert_eq!(id, product(Shelf::OnlineServices, "desk-basic"));
        assert_ne!(id, product(Shelf::OnlineServices, "desk-standard"));
        assert!(id.len() == 12 && id.starts_with("CFQ"));
        assert_eq!(
            [1, 10, 35, 36, 1_679_615].map(sku),
            ["0001", "000A", "000Z", "0010", "ZZZZ"]
        );
        assert_eq!(term("A:B:C", Term::YEAR, "annual").len(), 12);
    }

    #[test]
    fn an_id_has_three_parts() {
        assert_eq!(parts("A:0001:B"), Some(("A", "0001", "B")));
        assert_eq!(parts("A:0001"), None);
        assert_eq!(parts("A:B:C:D"), None);
    }
}
