//! The catalogue as it is read: what is sold where, to whom, under which ids.
//!
//! Nothing here reads more than its answer shows: a search reads products, a product its own listings, an id one
//! row of an index.

use std::collections::{BTreeMap, BTreeSet};

use tierline_domain::catalog::{Generation, Item, Promotion};
use tierline_domain::customer::Segment;
use tierline_domain::listing::{
    About, BaseOf, Listing, NotSoldIn, Offer, OfferCategory, Product, PromotionListing,
    PromotionTerms, Shelf, Texts,
};
use tierline_domain::place::Country;
use tierline_domain::time::Date;
use tierline_store::tables::{self, catalogue as rows};
use tierline_store::{Tx, Value};

use crate::error::AppError;
use crate::names::{self, by_id};

mod check;
pub mod file;
pub mod ids;
pub mod import;

/// Shelves of one search, at most.
pub const SHELVES_MAX: usize = 5;

/// The place of what no file gives one.
const LAST: i64 = 1_000_000;

/// For which market and whom the catalogue is read.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The market.
    pub country: Country,
    /// The segments that are looked at.
    pub segments: Vec<Segment>,
    /// The day.
    pub today: Date,
    /// With what goes only with the consumption plan.
    pub with_plan: bool,
}

impl Asked {
    fn is_sold(&self, segment: Segment, last_day: Option<Date>, not_sold_in: &NotSoldIn) -> bool {
        self.segments.contains(&segment)
            && last_day.is_none_or(|last| last >= self.today)
            && !not_sold_in.holds(self.country)
    }

    /// Whether a listing is shown.
    #[must_use]
    pub fn shows(&self, listing: &Listing) -> bool {
        self.is_sold(listing.segment, listing.last_day, &listing.not_sold_in)
            && (self.with_plan || !listing.plan_only)
    }

    /// Whether an offer is shown.
    #[must_use]
    pub fn shows_offer(&self, offer: &Offer) -> bool {
        self.is_sold(offer.segment, offer.last_day, &offer.not_sold_in)
    }

    fn segments(&self) -> impl Iterator<Item = Value> + '_ {
        // As many as there are segments, so that one statement serves every search.
        (0..Segment::ALL.len()).map(|at| {
            let segment = self.segments.get(at).map(|segment| segment.as_str());
            Value::Text(segment.unwrap_or_default().to_owned())
        })
    }

    fn market(&self) -> Value {
        Value::Text(format!("%,{},%", self.country))
    }
}

/// An item and where it stands.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Where it stands.
    pub listing: Listing,
    /// The item.
    pub item: Item,
}

/// The products of shelves that have something to sell.
///
/// # Errors
/// When the store fails.
pub async fn products(
    tx: &mut Tx<'_>,
    shelves: &[Shelf],
    asked: &Asked,
) -> Result<Vec<Product>, AppError> {
    let mut params: Vec<Value> = (0..SHELVES_MAX)
        .map(|at| {
            let shelf = shelves.get(at).map(|shelf| shelf.as_str());
            Value::Text(shelf.unwrap_or_default().to_owned())
        })
        .collect();
    params.extend(asked.segments());
    params.extend([
        Value::Day(asked.today),
        asked.market(),
        Value::Bool(asked.with_plan),
    ]);
    Ok(tx.find::<Product>(rows::products::SOLD, &params).await?)
}

/// A product by its id, where any of it is shown.
///
/// # Errors
/// When the store fails.
pub async fn product(
    tx: &mut Tx<'_>,
    id: &str,
    asked: &Asked,
) -> Result<Option<Product>, AppError> {
    let key = [Value::Text(id.to_uppercase())];
    let listings = tx.find::<Listing>(rows::listings::OF_PRODUCT, &key).await?;
    if !listings.iter().any(|listing| asked.shows(listing)) {
        return Ok(None);
    }
    Ok(tx.get::<Product>(&key).await?)
}

fn placed(listings: Vec<Listing>, items: Vec<Item>, asked: &Asked) -> Vec<Placed> {
    let mut items: BTreeMap<_, _> = items.into_iter().map(|item| (item.id, item)).collect();
    listings
        .into_iter()
        .filter(|listing| asked.shows(listing))
        .filter_map(|listing| {
            let item = items.remove(&listing.item)?;
            Some(Placed { listing, item })
        })
        .collect()
}

/// What is shown of a product, by SKU and availability.
///
/// # Errors
/// When the store fails.
pub async fn of_product(
    tx: &mut Tx<'_>,
    product: &str,
    asked: &Asked,
) -> Result<Vec<Placed>, AppError> {
    let key = [Value::Text(product.to_uppercase())];
    let listings = tx.find(rows::listings::OF_PRODUCT, &key).await?;
    let items = tx.find(tables::items::OF_PRODUCT, &key).await?;
    Ok(placed(listings, items, asked))
}

/// What is shown of a SKU: its availabilities.
///
/// # Errors
/// When the store fails.
pub async fn of_sku(
    tx: &mut Tx<'_>,
    product: &str,
    sku: &str,
    asked: &Asked,
) -> Result<Vec<Placed>, AppError> {
    let key = [product, sku].map(|part| Value::Text(part.to_uppercase()));
    let listings = tx.find(rows::listings::OF_SKU, &key).await?;
    let items = tx.find(tables::items::OF_SKU, &key).await?;
    Ok(placed(listings, items, asked))
}

/// Everything that stands under a product, or under one of its SKUs, whether it is sold or not.
///
/// # Errors
/// When the store fails.
pub async fn listed(
    tx: &mut Tx<'_>,
    product: &str,
    sku: Option<&str>,
) -> Result<Vec<Listing>, AppError> {
    let mut key = vec![Value::Text(product.to_uppercase())];
    key.extend(sku.map(|sku| Value::Text(sku.to_uppercase())));
    let statement = match sku {
        Some(_) => rows::listings::OF_SKU,
        None => rows::listings::OF_PRODUCT,
    };
    Ok(tx.find::<Listing>(statement, &key).await?)
}

/// Short names and the ids in the catalogue that they stand for; one that is unknown is left out.
///
/// # Errors
/// When the store fails.
pub async fn ids_of(
    tx: &mut Tx<'_>,
    handles: Vec<String>,
) -> Result<BTreeMap<String, String>, AppError> {
    let wanted: BTreeSet<String> = handles.into_iter().collect();
    let mut found = BTreeMap::new();
    for handle in wanted {
        let key = [Value::Text(handle.clone())];
        if let Some((id,)) = tx
            .fetch_optional::<(String,)>(rows::ID_OF_HANDLE, &key)
            .await?
        {
            found.insert(handle, id);
        }
    }
    Ok(found)
}

/// What an id of the catalogue leads to.
#[derive(Clone, Debug)]
pub enum Found {
    /// An item.
    Item(Box<Item>),
    /// The product is not known.
    NoProduct,
    /// The product is known, the SKU is not.
    NoSku,
    /// Product and SKU are known; the availability is not, or no longer.
    NoAvailability,
}

/// Where an id of the catalogue, a short name or a GUID leads to.
///
/// # Errors
/// When the store fails.
pub async fn look_up(tx: &mut Tx<'_>, given: &str) -> Result<Found, AppError> {
    if let Some(item) = item_of_wire(tx, given).await? {
        return Ok(Found::Item(Box::new(item)));
    }
    let given = given.to_uppercase();
    let mut parts = given.split(':');
    let product = Value::Text(parts.next().unwrap_or_default().to_owned());
    if tx
        .get::<Product>(std::slice::from_ref(&product))
        .await?
        .is_none()
    {
        return Ok(Found::NoProduct);
    }
    let sku = Value::Text(parts.next().unwrap_or_default().to_owned());
    let known = tx
        .find::<Listing>(rows::listings::OF_SKU, &[product, sku])
        .await?;
    Ok(if known.is_empty() {
        Found::NoSku
    } else {
        Found::NoAvailability
    })
}

/// The item of an id of the catalogue, in any case; a short name or a GUID serves as well.
///
/// # Errors
/// When the store fails.
pub async fn item_of_wire(tx: &mut Tx<'_>, given: &str) -> Result<Option<Item>, AppError> {
    let key = [Value::Text(given.to_uppercase())];
    let found = tx
        .find::<Item>(tables::items::BY_CATALOGUE_ID, &key)
        .await?
        .pop();
    match found {
        Some(item) => Ok(Some(item)),
        None => names::item(tx, given).await,
    }
}

/// An offer and its item.
#[derive(Clone, Debug)]
pub struct Offered {
    /// What is shown.
    pub offer: Offer,
    /// The item.
    pub item: Item,
}

/// Part of a list: how many, from where.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// How many.
    pub size: usize,
    /// From where.
    pub offset: usize,
}

impl Part {
    fn params(self) -> [Value; 2] {
        [self.size, self.offset].map(|number| Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

/// The offers of a market, of one category or of all.
///
/// # Errors
/// When the store fails.
pub async fn offers(
    tx: &mut Tx<'_>,
    asked: &Asked,
    category: Option<&str>,
    part: Part,
) -> Result<Vec<Offered>, AppError> {
    let mut params: Vec<Value> = category
        .iter()
        .map(|category| Value::Text((*category).to_owned()))
        .collect();
    params.extend(asked.segments());
    params.extend([Value::Day(asked.today), asked.market()]);
    params.extend(part.params());
    let statement = match category {
        Some(_) => rows::offers::IN_CATEGORY,
        None => rows::offers::SOLD,
    };
    let offers = tx.find::<Offer>(statement, &params).await?;
    with_items(tx, offers).await
}

/// The add-ons of an offer, by the short name of its item.
///
/// # Errors
/// When the store fails.
pub async fn add_ons(
    tx: &mut Tx<'_>,
    base: &str,
    asked: &Asked,
    part: Part,
) -> Result<Vec<Offered>, AppError> {
    let mut params = vec![
        Value::Text(base.to_owned()),
        Value::Day(asked.today),
        asked.market(),
    ];
    params.extend(part.params());
    let offers = tx.find::<Offer>(rows::offers::NEEDING, &params).await?;
    with_items(tx, offers).await
}

async fn with_items(tx: &mut Tx<'_>, offers: Vec<Offer>) -> Result<Vec<Offered>, AppError> {
    let ranks = || offers.iter().map(|offer| offer.rank);
    let (Some(first), Some(last)) = (ranks().min(), ranks().max()) else {
        return Ok(Vec::new());
    };
    let span = [Value::Int(first), Value::Int(last)];
    let items = tx.find::<Item>(tables::items::OFFERED, &span).await?;
    let mut items: BTreeMap<_, _> = items.into_iter().map(|item| (item.id, item)).collect();
    Ok(offers
        .into_iter()
        .filter_map(|offer| {
            let item = items.remove(&offer.item)?;
            Some(Offered { offer, item })
        })
        .collect())
}

/// An offer by its id.
///
/// # Errors
/// When the store fails.
pub async fn offer(tx: &mut Tx<'_>, id: &str) -> Result<Option<Offered>, AppError> {
    let Some(item) = item_of_wire(tx, id).await? else {
        return Ok(None);
    };
    let offer = tx.get::<Offer>(&[Value::Id(item.id.uuid())]).await?;
    Ok(offer.map(|offer| Offered { offer, item }))
}

/// Short names of what some offer is an add-on of.
///
/// # Errors
/// When the store fails.
pub async fn extended(tx: &mut Tx<'_>) -> Result<BTreeSet<String>, AppError> {
    let found = tx.fetch_all::<(String,)>(rows::EXTENDED, &[]).await?;
    Ok(found.into_iter().map(|(base,)| base).collect())
}

/// Whether anything is an add-on of an item.
///
/// # Errors
/// When the store fails.
pub async fn has_add_ons(tx: &mut Tx<'_>, item: &Item) -> Result<bool, AppError> {
    let base = [Value::Text(item.handle.clone())];
    let one = tx.find::<BaseOf>(rows::bases::OF_BASE, &base).await?;
    Ok(!one.is_empty())
}

/// What comes with an item; what the catalogue does not know any more is left out.
///
/// # Errors
/// When the store fails.
pub async fn included(tx: &mut Tx<'_>, item: &Item) -> Result<Vec<Item>, AppError> {
    let listing = tx.get::<Listing>(&[Value::Id(item.id.uuid())]).await?;
    let names = listing.map(|listing| listing.about.includes);
    let mut found = Vec::new();
    for name in names.unwrap_or_default() {
        found.extend(names::item(tx, &name).await?);
    }
    Ok(found)
}

/// Under which product an item of new commerce stands.
///
/// # Errors
/// When the store fails.
pub async fn product_of(tx: &mut Tx<'_>, item: &Item) -> Result<Option<Product>, AppError> {
    match tx.get::<Listing>(&[Value::Id(item.id.uuid())]).await? {
        Some(listing) => Ok(tx.get::<Product>(&[Value::Text(listing.product)]).await?),
        None => Ok(None),
    }
}

/// The categories of offers of a market.
///
/// # Errors
/// When the store fails.
pub async fn categories(tx: &mut Tx<'_>, asked: &Asked) -> Result<Vec<OfferCategory>, AppError> {
    Ok(tx
        .find::<OfferCategory>(rows::offer_categories::IN_COUNTRY, &[asked.market()])
        .await?)
}

/// A promotion, where it is shown, and its item.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// Where it is shown.
    pub listing: PromotionListing,
    /// The promotion.
    pub promotion: Promotion,
    /// Its item.
    pub item: Item,
}

async fn promoted(tx: &mut Tx<'_>, listing: PromotionListing) -> Result<Promoted, AppError> {
    let promotion: Promotion = by_id(tx, listing.promotion).await?;
    let item = by_id(tx, promotion.item).await?;
    Ok(Promoted {
        listing,
        promotion,
        item,
    })
}

/// The promotions in force in a market.
///
/// # Errors
/// When the store fails.
pub async fn promotions(tx: &mut Tx<'_>, asked: &Asked) -> Result<Vec<Promoted>, AppError> {
    let params = [
        Value::Day(asked.today),
        Value::Day(asked.today),
        asked.market(),
    ];
    let mut found = Vec::new();
    for listing in tx
        .find::<PromotionListing>(rows::promotion_listings::IN_FORCE, &params)
        .await?
    {
        if asked.segments.contains(&listing.segment) {
            found.push(promoted(tx, listing).await?);
        }
    }
    Ok(found)
}

/// A promotion by its id in the catalogue, in any case; a short name or a GUID serves as well.
///
/// # Errors
/// When the store fails.
pub async fn promotion(tx: &mut Tx<'_>, given: &str) -> Result<Option<Promoted>, AppError> {
    let key = [Value::Text(given.to_uppercase())];
    let listing = tx
        .find::<PromotionListing>(rows::promotion_listings::BY_CATALOGUE_ID, &key)
        .await?
        .pop();
    let listing = match (listing, names::promotion(tx, given).await?) {
        (Some(listing), _) => Some(listing),
        (None, Some(promotion)) => tx.get(&[Value::Id(promotion.id.uuid())]).await?,
        (None, None) => None,
    };
    match listing {
        Some(listing) => promoted(tx, listing).await.map(Some),
        None => Ok(None),
    }
}

/// The id in the catalogue that an item keeps, or gets where it has none of its generation.
#[must_use]
pub fn id_for(item: &Item) -> String {
    let traditional = item.generation == Generation::Traditional;
    if !item.catalogue_id.is_empty() && item.catalogue_id.contains(':') != traditional {
        return item.catalogue_id.clone();
    }
    ids::derived(item)
}

/// Gives an item that no file describes its place in the catalogue, or brings the place up to date: a product
/// of its own, or an offer in the traditional generation.
///
/// # Errors
/// When the store fails.
pub async fn enter(tx: &mut Tx<'_>, item: &Item) -> Result<(), AppError> {
    let key = [Value::Id(item.id.uuid())];
    let not_sold_in = NotSoldIn::of(&item.not_sold_in);
    let about = || About {
        title: Texts::of(item.title.clone()),
        description: Texts::of(item.title.clone()),
        ..About::default()
    };
    match ids::parts(&item.catalogue_id) {
        None => {
            tx.execute(rows::UNLIST, &key).await?;
            let known = tx.get::<Offer>(&key).await?;
            tx.put(&Offer {
                item: item.id,
                category: known
                    .as_ref()
                    .map_or_else(|| "Other".to_owned(), |known| known.category.clone()),
                rank: known.as_ref().map_or(LAST, |known| known.rank),
                segment: item.segment,
                last_day: item.end_of_sale,
                not_sold_in,
                about: known.map_or_else(about, |known| known.about),
            })
            .await?;
        }
        Some((product, sku, availability)) => {
            tx.execute(rows::WITHDRAW_OFFER, &key).await?;
            let known = tx.get::<Listing>(&key).await?;
            if known.is_none() {
                own_product(tx, product, item).await?;
            }
            tx.put(&Listing {
                item: item.id,
                product: product.to_owned(),
                sku: sku.to_owned(),
                availability: availability.to_owned(),
                segment: item.segment,
                last_day: item.end_of_sale,
                not_sold_in,
                plan_only: known.as_ref().is_some_and(|known| known.plan_only),
                about: known.map_or_else(about, |known| known.about),
            })
            .await?;
        }
    }
    needs(tx, item).await
}

async fn own_product(tx: &mut Tx<'_>, id: &str, item: &Item) -> Result<(), AppError> {
    if tx
        .get::<Product>(&[Value::Text(id.to_owned())])
        .await?
        .is_some()
    {
        return Ok(());
    }
    Ok(tx
        .put(&Product {
            id: id.to_owned(),
            handle: item.handle.clone(),
            shelf: ids::shelf(item.kind),
            position: LAST,
            subtype: None,
            publisher: item.publisher,
            publisher_name: "Program operator".to_owned(),
            title: Texts::of(item.title.clone()),
            description: Texts::of(item.title.clone()),
        })
        .await?)
}

/// Writes down what an item needs, so that it can be asked the other way round.
async fn needs(tx: &mut Tx<'_>, item: &Item) -> Result<(), AppError> {
    tx.execute(rows::FORGET_BASES, &[Value::Id(item.id.uuid())])
        .await?;
    for base in &item.prerequisites {
        tx.put(&BaseOf {
            base: base.clone(),
            item: item.id,
        })
        .await?;
    }
    Ok(())
}

/// Shows a promotion that no file describes: in every market, without an end.
///
/// # Errors
/// When the store fails.
pub async fn enter_promotion(
    tx: &mut Tx<'_>,
    promotion: &Promotion,
    item: &Item,
) -> Result<(), AppError> {
    let known = tx
        .get::<PromotionListing>(&[Value::Id(promotion.id.uuid())])
        .await?;
    if known.is_some() {
        return Ok(());
    }
    let title = Texts::of(format!(
        "{} per cent off {}",
        promotion.discount_percent, item.title
    ));
    Ok(tx
        .put(&PromotionListing {
            promotion: promotion.id,
            catalogue_id: ids::promotion(&promotion.handle),
            segment: item.segment,
            from_day: Date::constant(2020, 1, 1),
            until_day: None,
            not_sold_in: NotSoldIn::default(),
            about: PromotionTerms {
                title: title.clone(),
                description: title,
                min_seats: 1,
                ..PromotionTerms::default()
            },
        })
        .await?)
}
