//! The tables of the catalogue: where items stand, and what is shown of them.
//!
//! A search reads products only; whether one of a product's listings is sold where it is asked for is told by
//! the index of listings, so that no answer costs more than what it shows.

use tierline_domain::listing::{BaseOf, Listing, Offer, OfferCategory, Product, PromotionListing};

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// What the catalogue adds to the schema.
pub(crate) const MIGRATION: Migration = Migration {
    name: "0002_catalogue",
    sql: "
ALTER TABLE items ADD COLUMN catalogue_id {text} NOT NULL DEFAULT '';
CREATE UNIQUE INDEX items_catalogue_id ON items (catalogue_id) WHERE catalogue_id <> '';
CREATE TABLE products (
    id {text} PRIMARY KEY, handle {text} NOT NULL UNIQUE, shelf {text} NOT NULL, position {int} NOT NULL, subtype {text},
    publisher {text} NOT NULL CHECK (publisher IN ('operator','third_party')), publisher_name {text} NOT NULL, title {json} NOT NULL,
    description {json} NOT NULL
) {strict};
CREATE INDEX products_shelf ON products (shelf, position);
CREATE TABLE listings (
    item {id} PRIMARY KEY REFERENCES items (id), product {text} NOT NULL REFERENCES products (id), sku {text} NOT NULL,
    availability {text} NOT NULL, segment {text} NOT NULL, last_day {day}, not_sold_in {text} NOT NULL, plan_only {bool} NOT NULL,
    about {json} NOT NULL, UNIQUE (product, sku, availability)
) {strict};
CREATE TABLE offers (
    item {id} PRIMARY KEY REFERENCES items (id), category {text} NOT NULL, rank {int} NOT NULL, segment {text} NOT NULL, last_day {day},
    not_sold_in {text} NOT NULL, about {json} NOT NULL
) {strict};
CREATE INDEX offers_rank ON offers (rank, item);
CREATE TABLE offer_categories (id {text} PRIMARY KEY, rank {int} NOT NULL, not_sold_in {text} NOT NULL, title {json} NOT NULL) {strict};
CREATE TABLE bases (base {text} NOT NULL, item {id} NOT NULL REFERENCES items (id), PRIMARY KEY (base, item)) {strict};
CREATE INDEX bases_item ON bases (item);
CREATE TABLE promotion_listings (
    promotion {id} PRIMARY KEY REFERENCES promotions (id), catalogue_id {text} NOT NULL UNIQUE, segment {text} NOT NULL, from_day {day} NOT NULL,
    until_day {day}, not_sold_in {text} NOT NULL, about {json} NOT NULL
) {strict};
",
};

table! {
    /// Products.
    products: Product {
        key { id }
        columns { id, handle, shelf, position, subtype, publisher, publisher_name, title, description }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            SOLD = "WHERE shelf IN ($1, $2, $3, $4, $5) AND EXISTS (SELECT 1 FROM listings WHERE product = products.id \
                    AND segment IN ($6, $7, $8, $9) AND (last_day IS NULL OR last_day >= $10) AND not_sold_in NOT LIKE $11 \
                    AND plan_only <= $12) ORDER BY position, id"
        }
    }
}
table! {
    /// Where the items of new commerce stand.
    listings: Listing {
        key { item }
        columns { item, product, sku, availability, segment, last_day, not_sold_in, plan_only, about }
        finds {
            OF_PRODUCT = "WHERE product = $1 ORDER BY sku, availability",
            OF_SKU = "WHERE product = $1 AND sku = $2 ORDER BY availability",
            EVERY = "ORDER BY product, sku, availability"
        }
    }
}
table! {
    /// Items of the traditional generation.
    offers: Offer {
        key { item }
        columns { item, category, rank, segment, last_day, not_sold_in, about }
        finds {
            SOLD = "WHERE segment IN ($1, $2, $3, $4) AND (last_day IS NULL OR last_day >= $5) AND not_sold_in NOT LIKE $6 \
                    ORDER BY rank, item LIMIT $7 OFFSET $8",
            IN_CATEGORY = "WHERE category = $1 AND segment IN ($2, $3, $4, $5) AND (last_day IS NULL OR last_day >= $6) \
                    AND not_sold_in NOT LIKE $7 ORDER BY rank, item LIMIT $8 OFFSET $9",
            NEEDING = "WHERE item IN (SELECT item FROM bases WHERE base = $1) AND (last_day IS NULL OR last_day >= $2) \
                    AND not_sold_in NOT LIKE $3 ORDER BY rank, item LIMIT $4 OFFSET $5"
        }
    }
}
table! {
    /// Categories of offers.
    offer_categories: OfferCategory {
        key { id }
        columns { id, rank, not_sold_in, title }
        finds { IN_COUNTRY = "WHERE not_sold_in NOT LIKE $1 ORDER BY rank, id" }
    }
}
table! {
    /// What needs what.
    bases: BaseOf {
        key { base, item }
        columns { base, item }
        finds { OF_ITEM = "WHERE item = $1 ORDER BY base", OF_BASE = "WHERE base = $1 ORDER BY item LIMIT 1" }
    }
}
table! {
    /// Promotions as they are shown.
    promotion_listings: PromotionListing {
        key { promotion }
        columns { promotion, catalogue_id, segment, from_day, until_day, not_sold_in, about }
        finds {
            BY_CATALOGUE_ID = "WHERE catalogue_id = $1",
            IN_FORCE = "WHERE from_day <= $1 AND (until_day IS NULL OR until_day >= $2) AND not_sold_in NOT LIKE $3 ORDER BY catalogue_id"
        }
    }
}
statements! {
    /// Every item's short name and id in the catalogue.
    pub NAMES = "SELECT id, handle, catalogue_id FROM items";
    /// Every product's id and short name.
    pub PRODUCT_NAMES = "SELECT id, handle FROM products";
    /// Every promotion's id, short name and id in the catalogue.
    pub PROMOTION_NAMES = "SELECT promotions.id, promotions.handle, promotion_listings.catalogue_id FROM promotions \
                           JOIN promotion_listings ON promotion_listings.promotion = promotions.id";
    /// The same for what is shown of it.
    pub END_LISTING = "UPDATE listings SET last_day = $1 WHERE item = $2 AND (last_day IS NULL OR last_day > $1)";
    /// The same for an offer.
    pub END_OFFER = "UPDATE offers SET last_day = $1 WHERE item = $2 AND (last_day IS NULL OR last_day > $1)";
    /// Ends a promotion after a day.
    pub END_PROMOTION = "UPDATE promotion_listings SET until_day = $1 WHERE promotion = $2 AND (until_day IS NULL OR until_day > $1)";
    /// Forgets what an item needs.
    pub FORGET_BASES = "DELETE FROM bases WHERE item = $1";
    /// Forgets where an item stood.
    pub UNLIST = "DELETE FROM listings WHERE item = $1";
    /// Forgets that an item was an offer.
    pub WITHDRAW_OFFER = "DELETE FROM offers WHERE item = $1";
    /// What some offer is an add-on of.
    pub EXTENDED = "SELECT DISTINCT base FROM bases JOIN offers ON offers.item = bases.item ORDER BY base";
    /// The id of an item in the catalogue, by its short name.
    pub ID_OF_HANDLE = "SELECT catalogue_id FROM items WHERE handle = $1";
    /// Forgets every category of offers.
    pub FORGET_CATEGORIES = "DELETE FROM offer_categories";
    /// How many listings and offers there are.
    pub COUNT = "SELECT (SELECT COUNT(*) FROM listings), (SELECT COUNT(*) FROM offers)";
}

/// Every statement of the catalogue.
pub const STATEMENTS: &[&[Statement]] = &[
    products::STATEMENTS,
    listings::STATEMENTS,
    offers::STATEMENTS,
    offer_categories::STATEMENTS,
    bases::STATEMENTS,
    promotion_listings::STATEMENTS,
    ALL,
];
