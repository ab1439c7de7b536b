//! A catalogue takes the place of another one, in one transaction.
//!
//! Ids stay: an item that is known keeps its SKU and availability unless the files give others. What the files
//! no longer hold is not sold any more from this day on; subscriptions of it run on.

use std::collections::{HashMap, HashSet};

use tierline_domain::catalog::{Generation, Item, ItemKind, Promotion, Publisher};
use tierline_domain::id::Id;
use tierline_domain::listing::{
    About, BaseOf, Billed, Listing, NotSoldIn, Offer, OfferCategory, Product, PromotionListing,
    PromotionTerms, Shelf,
};
use tierline_domain::time::{Date, add_days};
use tierline_domain::usage::{Meter, MeterPrice};
use tierline_store::tables::catalogue as rows;
use tierline_store::{Command, Tx, Value, tables};
use uuid::Uuid;

use super::file::{Catalogue, Entry, ProductEntry, PromotionEntry};
use super::ids;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::events;
use crate::world::named_id;

/// Puts a catalogue in the place of the one there is.
pub struct Import {
    /// Who, and when.
    pub ctx: Ctx,
    /// The catalogue.
    pub catalogue: Catalogue,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Products.
    pub products: usize,
    /// Items of new commerce.
    pub skus: usize,
    /// Items of the traditional generation.
    pub offers: usize,
    /// Promotions.
    pub promotions: usize,
    /// Meters.
    pub meters: usize,
    /// Items that are not sold any more.
    pub withdrawn: usize,
}

impl Command for Import {
    type Out = Imported;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Imported, AppError> {
        let done = lay(tx, &self.catalogue, self.ctx.now.date()).await?;
        let subject = format!("{} SKUs, {} offers", done.skus, done.offers);
        events::happened(&self.ctx, tx, "catalogue_imported", &subject).await?;
        Ok(done)
    }
}

/// What is there already.
#[derive(Default)]
struct Known {
    items: HashMap<String, (Uuid, String)>,
    products: HashMap<String, String>,
    promotions: HashMap<String, (Uuid, String)>,
}

async fn known(tx: &mut Tx<'_>) -> Result<Known, AppError> {
    let named = |rows: Vec<(Uuid, String, String)>| {
        let row = |(id, handle, code)| (handle, (id, code));
        rows.into_iter().map(row).collect()
    };
    Ok(Known {
        items: named(tx.fetch_all(rows::NAMES, &[]).await?),
        products: tx
            .fetch_all::<(String, String)>(rows::PRODUCT_NAMES, &[])
            .await?
            .into_iter()
            .map(|(id, handle)| (handle, id))
            .collect(),
        promotions: named(tx.fetch_all(rows::PROMOTION_NAMES, &[]).await?),
    })
}

/// A place in the files, from 1.
fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1)
}

/// Lays a catalogue down.
///
/// # Errors
/// When the store fails.
pub async fn lay(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    today: Date,
) -> Result<Imported, AppError> {
    let known = known(tx).await?;
    let mut done = Imported::default();
    let mut kept: HashSet<&str> = HashSet::new();
    for (position, product) in catalogue.products.iter().enumerate() {
        lay_product(tx, product, number(position), &known).await?;
        done.products = done.products.saturating_add(1);
        done.skus = done.skus.saturating_add(product.skus.len());
        kept.extend(product.skus.iter().map(|entry| entry.id.as_str()));
    }
    tx.execute(rows::FORGET_CATEGORIES, &[]).await?;
    for category in &catalogue.categories {
        tx.put(&OfferCategory {
            id: category.id.clone(),
            rank: category.rank,
            not_sold_in: NotSoldIn::of(&category.not_sold_in),
            title: category.title.clone(),
        })
        .await?;
    }
    for (index, entry) in catalogue.offers.iter().enumerate() {
        lay_offer(tx, entry, index, &known).await?;
        kept.insert(&entry.id);
    }
    done.offers = catalogue.offers.len();
    for promotion in &catalogue.promotions {
        lay_promotion(tx, promotion, catalogue, &known).await?;
    }
    done.promotions = catalogue.promotions.len();
    lay_meters(tx, catalogue).await?;
    done.meters = catalogue.meters.len();
    done.withdrawn = withdraw(tx, &known, &kept, today).await?;
    let promoted: HashSet<&str> = catalogue
        .promotions
        .iter()
        .map(|promotion| promotion.id.as_str())
        .collect();
    let yesterday = Value::Day(add_days(today, -1));
    for (handle, (id, _)) in &known.promotions {
        if !promoted.contains(handle.as_str()) {
            let params = [yesterday.clone(), Value::Id(*id)];
            tx.execute(rows::END_PROMOTION, &params).await?;
        }
    }
    Ok(done)
}

/// Meters keep their numbers, by which usage names them, and the prices of days that have passed. One that the files do not
/// hold any more stays as it is.
async fn lay_meters(tx: &mut Tx<'_>, catalogue: &Catalogue) -> Result<(), AppError> {
    let mut known: HashMap<String, i64> = HashMap::new();
    let mut last: i64 = 0;
    for meter in tx.find::<Meter>(tables::meters::EVERY, &[]).await? {
        last = last.max(meter.number);
        known.insert(meter.handle, meter.number);
    }
    for entry in &catalogue.meters {
        let number = known.get(&entry.id).copied().unwrap_or_else(|| {
            last = last.saturating_add(1);
            last
        });
        tx.put(&Meter {
            number,
            handle: entry.id.clone(),
            name: entry.name.clone(),
            category: entry.category.clone(),
            subcategory: entry.subcategory.clone(),
            region: entry.region.clone(),
            unit: entry.unit.clone(),
            earns: entry.earns,
        })
        .await?;
        for (from_day, price) in &entry.prices {
            tx.put(&MeterPrice {
                meter: number,
                from_day: *from_day,
                price: price.trimmed(),
            })
            .await?;
        }
    }
    Ok(())
}

async fn withdraw(
    tx: &mut Tx<'_>,
    known: &Known,
    kept: &HashSet<&str>,
    today: Date,
) -> Result<usize, AppError> {
    let mut count: usize = 0;
    for (handle, (id, _)) in &known.items {
        if kept.contains(handle.as_str()) {
            continue;
        }
        let params = [Value::Day(add_days(today, -1)), Value::Id(*id)];
        let ends = add_days(today, -1);
        let item = tx.get::<Item>(&[Value::Id(*id)]).await?;
        let sold = item.filter(|item| item.end_of_sale.is_none_or(|day| day > ends));
        if let Some(mut item) = sold {
            item.end_of_sale = Some(ends);
            tx.put(&item).await?;
            count = count.saturating_add(1);
        }
        tx.execute(rows::END_LISTING, &params).await?;
        tx.execute(rows::END_OFFER, &params).await?;
    }
    Ok(count)
}

async fn lay_product(
    tx: &mut Tx<'_>,
    entry: &ProductEntry,
    position: i64,
    known: &Known,
) -> Result<(), AppError> {
    let id = entry
        .catalogue_id
        .clone()
        .or_else(|| known.products.get(&entry.id).cloned())
        .unwrap_or_else(|| ids::product(entry.shelf, &entry.id));
    let described = if entry.description.is_empty() {
        &entry.title
    } else {
        &entry.description
    };
    tx.put(&Product {
        id: id.clone(),
        handle: entry.id.clone(),
        shelf: entry.shelf,
        position,
        subtype: entry.subtype.clone(),
        publisher: entry.publisher(),
        publisher_name: entry
            .publisher
            .clone()
            .unwrap_or_else(|| "Program operator".to_owned()),
        title: entry.title.clone(),
        description: described.clone(),
    })
    .await?;
    let codes = sku_codes(entry, &id, known);
    for (sku, code) in entry.skus.iter().zip(codes) {
        let kept = known
            .items
            .get(&sku.id)
            .and_then(|(_, code)| ids::parts(code));
        let availability = sku
            .availability
            .clone()
            .or_else(|| kept.map(|(_, _, availability)| availability.to_owned()))
            .unwrap_or_else(|| ids::availability(entry.shelf, &sku.id));
        let place = Place {
            id: item_id(sku, known),
            catalogue_id: format!("{id}:{code}:{availability}"),
            generation: Generation::NewCommerce,
            kind: sku.kind.unwrap_or_else(|| kind_on(entry.shelf)),
            publisher: entry.publisher(),
        };
        let item = put_item(tx, sku, place, known).await?;
        tx.put(&Listing {
            item: item.id,
            product: id.clone(),
            sku: code,
            availability,
            segment: sku.segment,
            last_day: sku.end_of_sale,
            not_sold_in: NotSoldIn::of(&item.not_sold_in),
            plan_only: sku.plan_only,
            about: about(sku),
        })
        .await?;
    }
    Ok(())
}

/// The four digits of each SKU: given, or as they were, or the next that are free.
fn sku_codes(product: &ProductEntry, id: &str, known: &Known) -> Vec<String> {
    let before = |entry: &Entry| {
        let (_, code) = known.items.get(&entry.id)?;
        let (product, sku, _) = ids::parts(code)?;
        (product == id).then(|| sku.to_owned())
    };
    let fixed: Vec<Option<String>> = product
        .skus
        .iter()
        .map(|entry| entry.sku.clone().or_else(|| before(entry)))
        .collect();
    let mut taken: HashSet<String> = fixed.iter().flatten().cloned().collect();
    let mut next: usize = 1;
    fixed
        .into_iter()
        .map(|code| {
            code.unwrap_or_else(|| {
                while taken.contains(&ids::sku(next)) {
                    next = next.saturating_add(1);
                }
                let code = ids::sku(next);
                taken.insert(code.clone());
                code
            })
        })
        .collect()
}

async fn lay_offer(
    tx: &mut Tx<'_>,
    entry: &Entry,
    index: usize,
    known: &Known,
) -> Result<(), AppError> {
    let id = item_id(entry, known);
    let usual = if entry.prerequisites.is_empty() {
        ItemKind::Licence
    } else {
        ItemKind::AddOn
    };
    let place = Place {
        id,
        catalogue_id: id.to_string().to_uppercase(),
        generation: Generation::Traditional,
        kind: entry.kind.unwrap_or(usual),
        publisher: Publisher::Operator,
    };
    let item = put_item(tx, entry, place, known).await?;
    tx.put(&Offer {
        item: item.id,
        category: entry.category.clone().unwrap_or_default(),
        rank: entry.rank.unwrap_or_else(|| number(index)),
        segment: entry.segment,
        last_day: entry.end_of_sale,
        not_sold_in: NotSoldIn::of(&item.not_sold_in),
        about: about(entry),
    })
    .await?;
    Ok(())
}

/// What an entry does not say of its item.
struct Place {
    id: Id<Item>,
    catalogue_id: String,
    generation: Generation,
    kind: ItemKind,
    publisher: Publisher,
}

fn item_id(entry: &Entry, known: &Known) -> Id<Item> {
    let before = known.items.get(&entry.id).map(|(id, _)| *id);
    before
        .or(entry.guid)
        .map_or_else(|| named_id("item", &entry.id), Id::from_uuid)
}

const fn kind_on(shelf: Shelf) -> ItemKind {
    match shelf {
        Shelf::OnlineServices => ItemKind::Licence,
        Shelf::Marketplace => ItemKind::Marketplace,
        Shelf::Consumption => ItemKind::ConsumptionPlan,
        Shelf::ReservedMachines
        | Shelf::ReservedSql
        | Shelf::ReservedDocuments
        | Shelf::SavingsPlan => ItemKind::Reservation,
        Shelf::SoftwareSubscription | Shelf::LinuxSubscription => ItemKind::SoftwareSubscription,
        Shelf::PerpetualSoftware => ItemKind::PerpetualSoftware,
    }
}

async fn put_item(
    tx: &mut Tx<'_>,
    entry: &Entry,
    place: Place,
    known: &Known,
) -> Result<Item, AppError> {
    // Price lists go on speaking of an item that is described anew.
    let listed_from = match known.items.get(&entry.id) {
        Some((id, _)) => tx.get::<Item>(&[Value::Id(*id)]).await?,
        None => None,
    }
    .and_then(|item| item.listed_from);
    let item = Item {
        id: place.id,
        handle: entry.id.clone(),
        catalogue_id: place.catalogue_id,
        title: entry.title.in_language("en").to_owned(),
        kind: place.kind,
        generation: place.generation,
        publisher: place.publisher,
        segment: entry.segment,
        offered: entry.offered(),
        min_quantity: entry.min,
        max_quantity: entry.max,
        customer_max: entry.customer_max,
        prerequisites: entry.prerequisites.clone(),
        percent_of_base: entry.percent_of_base,
        trial_of: entry.trial_of.clone(),
        upgrades_to: entry.upgrades_to.clone(),
        concurrent_limit: entry.concurrent_limit,
        end_of_sale: entry.end_of_sale,
        not_sold_in: entry.not_sold_in(),
        exclusive_to: entry.exclusive_to.clone(),
        requires_attestation: entry.requires_attestation,
        partner_of_record_fixed: entry.partner_of_record_fixed,
        renewable: entry.renewable,
        cancellable: entry.cancellable,
        listed_from,
    };
    tx.put(&item).await?;
    let key = [Value::Id(item.id.uuid())];
    if known.items.contains_key(&entry.id) {
        tx.execute(rows::FORGET_BASES, &key).await?;
        let gone = match place.generation {
            Generation::NewCommerce => rows::WITHDRAW_OFFER,
            Generation::Traditional => rows::UNLIST,
        };
        tx.execute(gone, &key).await?;
    }
    for base in &item.prerequisites {
        tx.put(&BaseOf {
            base: base.clone(),
            item: item.id,
        })
        .await?;
    }
    Ok(item)
}

fn about(entry: &Entry) -> About {
    let described = if entry.description.is_empty() {
        &entry.title
    } else {
        &entry.description
    };
    About {
        title: entry.title.clone(),
        description: described.clone(),
        unit: entry.unit.clone(),
        attributes: entry.attributes.clone(),
        preconditions: entry.preconditions.clone(),
        inventory_variables: entry.inventory_variables.clone(),
        provisioning_variables: entry.provisioning_variables.clone(),
        least_commitment: entry.least_commitment.clone(),
        sold_out_in: entry.sold_out_in.clone(),
        consumption: entry.consumption.clone(),
        includes: entry.includes.clone(),
        services: entry.services.clone(),
        licence_group: entry.licence_group,
        limit_of: entry.limit_of,
        learn_more: entry.learn_more.clone(),
    }
}

async fn lay_promotion(
    tx: &mut Tx<'_>,
    entry: &PromotionEntry,
    catalogue: &Catalogue,
    known: &Known,
) -> Result<(), AppError> {
    let skus = catalogue.products.iter().flat_map(|product| &product.skus);
    let of = skus
        .chain(&catalogue.offers)
        .find(|item| item.id == entry.item)
        .ok_or_else(|| AppError::missing("item", &entry.item))?;
    let before = known.promotions.get(&entry.id);
    let row = Promotion {
        id: before.map_or_else(
            || named_id("promotion", &entry.id),
            |(id, _)| Id::from_uuid(*id),
        ),
        handle: entry.id.clone(),
        item: item_id(of, known),
        max_seats: entry.max_seats,
        discount_percent: entry.discount_percent,
    };
    tx.put(&row).await?;
    let described = if entry.description.is_empty() {
        &entry.title
    } else {
        &entry.description
    };
    let billed = entry.terms.iter().map(|(term, frequencies)| Billed {
        term: *term,
        frequencies: frequencies.clone(),
    });
    tx.put(&PromotionListing {
        promotion: row.id,
        catalogue_id: entry
            .catalogue_id
            .clone()
            .unwrap_or_else(|| ids::promotion(&entry.id)),
        segment: of.segment,
        from_day: entry.from,
        until_day: entry.until,
        not_sold_in: NotSoldIn::of(&entry.not_sold_in),
        about: PromotionTerms {
            title: entry.title.clone(),
            description: described.clone(),
            billed: billed.collect(),
            min_seats: entry.min_seats,
            max_redemptions: entry.max_redemptions,
            first_purchase: entry.first_purchase,
            requires: entry.requires.clone(),
        },
    })
    .await?;
    Ok(())
}
