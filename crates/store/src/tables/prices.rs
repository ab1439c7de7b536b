//! Price lists of the operator, and what finds prices that two tiers agreed on.

use tierline_domain::price_list::ListPrice;

use crate::engine::Migration;
use crate::table;

/// Whether a seller has agreed on prices at all is asked once for each of its books.
pub const BOOKS: Migration = Migration {
    name: "0006_books",
    sql: "
CREATE INDEX agreed_prices_seller ON agreed_prices (seller, subscription);
",
};

/// An item tells from when on lists speak of it, so that a purchase reads a list or the item's own prices and never both. An
/// order request keeps what the provider asked when it was made.
pub const LISTS: Migration = Migration {
    name: "0006_prices",
    sql: "
CREATE TABLE price_lists (
    item {id} NOT NULL REFERENCES items (id), market {text} NOT NULL, currency {text} NOT NULL, term {text} NOT NULL, from_day {day} NOT NULL,
    until_day {day}, unit_minor {int} NOT NULL CHECK (unit_minor >= 0), retail_minor {int}, PRIMARY KEY (item, market, currency, term, from_day)
) {strict};
CREATE INDEX price_lists_market ON price_lists (market, item, currency, term, from_day);
ALTER TABLE items ADD COLUMN listed_from {day};
ALTER TABLE order_requests ADD COLUMN quoted {text};
",
};

table! {
    /// Price lists.
    price_lists: ListPrice {
        key { item, market, currency, term, from_day }
        columns { item, market, currency, term, from_day, until_day, unit_minor, retail_minor }
        finds {
            IN_FORCE = "WHERE item = $1 AND market = $2 AND currency = $3 AND term = $4 AND from_day <= $5 ORDER BY from_day DESC LIMIT 1",
            OF_MARKET = "WHERE market = $1 ORDER BY item, currency, term, from_day",
            OF_MARKET_ON = "WHERE market = $1 AND from_day <= $2 AND (until_day IS NULL OR until_day >= $3) ORDER BY item, currency, term"
        }
    }
}
