//! Catalogue identifiers on the wire: `product:sku:availability`, derived from the item.

use tierline_domain::catalog::Item;

/// The wire's identifier of an item.
#[must_use]
pub fn item_id(item: &Item) -> String {
    let digits = item.id.uuid().simple().to_string().to_uppercase();
    let part = |from: usize, len: usize| {
        digits
            .get(from..from.saturating_add(len))
            .unwrap_or_default()
            .to_owned()
    };
    format!("CFQ{}:{}:CFQ{}", part(20, 9), part(16, 4), part(8, 9))
}

/// The item of an identifier: the wire's, a short name, or a GUID.
#[must_use]
pub fn find<'a>(items: &'a [Item], given: &str) -> Option<&'a Item> {
    items.iter().find(|item| {
        given.eq_ignore_ascii_case(&item_id(item))
            || given == item.handle
            || given.eq_ignore_ascii_case(&item.id.to_string())
    })
}
