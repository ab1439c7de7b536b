//! Price lists of the operator, and what finds prices that two tiers agreed on.

use crate::engine::Migration;

/// Whether a seller has agreed on prices at all is asked once for each of its books.
pub const BOOKS: Migration = Migration {
    name: "0006_books",
    sql: "
CREATE INDEX agreed_prices_seller ON agreed_prices (seller, subscription);
",
};
