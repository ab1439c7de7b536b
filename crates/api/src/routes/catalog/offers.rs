//! Offers of the traditional generation, their add-ons and categories.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::AppError;
use tierline_app::catalogue::{self, Found, Offered, Part};
use tierline_domain::catalog::{Frequency, ItemKind};
use tierline_domain::customer::Segment;
use tierline_domain::listing::{LimitOf, OfferCategory};
use tierline_store::Tx;
use utoipa::ToSchema;

use super::{Market, encoded};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::envelope::{Attributes, Collection, Link, Links, Page};

/// Most offers of one answer.
const PAGE_MAX: usize = 1000;
/// Something that is not there.
const NOT_FOUND: u32 = 1000;
/// The id is one of new commerce.
const OTHER_CATALOGUE: u32 = 2100;

pub(super) fn routes() -> Vec<Route> {
    let paged = |route: Route| {
        route
            .query("size", "Most of one page; 0 is as good as none.")
            .query("offset", "Where the page begins, from 0.")
    };
    let list = route::get("/v1/offers", "Offers of a market.", list)
        .query("country", "The market: two letters.")
        .query("offer_category_id", "Only one category.");
    let read = route::get("/v1/offers/{offer-id}", "One offer.", read)
        .query("country", "The market: two letters.");
    let add_ons = route::get(
        "/v1/offers/{offer-id}/addons",
        "The add-ons of an offer.",
        add_ons,
    )
    .query("country", "The market: two letters.");
    let categories = route::get(
        "/v1/offercategories",
        "The categories of offers in a market.",
        categories,
    )
    .query("country", "The market: two letters.");
    let of_customer = route::get(
        "/v1/customers/{customer-id}/offers",
        "Offers for a customer: its market, its segment.",
        customer_list,
    );
    let customers_categories = route::get(
        "/v1/customers/{customer-id}/offercategories",
        "The categories of offers for a customer.",
        customer_categories,
    );
    vec![
        paged(list)
            .answers::<Collection<OfferView>>(StatusCode::OK)
            .shows(
                "offers-list",
                "catalogue_offers.rs offers_are_listed_by_pages",
            ),
        read.answers::<OfferView>(StatusCode::OK).shows(
            "offers-get",
            "catalogue_offers.rs an_offer_names_its_targets",
        ),
        paged(add_ons)
            .answers::<Collection<OfferView>>(StatusCode::OK)
            .shows(
                "offer-addons-list",
                "catalogue_offers.rs add_ons_of_an_offer_are_listed",
            ),
        categories
            .answers::<Collection<CategoryView>>(StatusCode::OK)
            .shows(
                "offer-categories-list",
                "catalogue_offers.rs categories_speak_the_callers_language",
            ),
        paged(of_customer)
            .answers::<Collection<OfferView>>(StatusCode::OK)
            .shows(
                "customer-offers-list",
                "catalogue_offers.rs offers_of_a_customer_are_those_of_its_segment",
            ),
        customers_categories
            .answers::<Collection<CategoryView>>(StatusCode::OK)
            .shows(
                "customer-offer-categories-list",
                "catalogue_offers.rs offers_of_a_customer_are_those_of_its_segment",
            ),
    ]
}

/// A category of offers.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CategoryView {
    id: String,
    name: String,
    rank: i64,
    locale: String,
    country: String,
    attributes: Attributes,
}

impl CategoryView {
    fn of(category: &OfferCategory, market: &Market) -> Self {
        Self {
            id: category.id.clone(),
            name: category.title.in_language(market.language).to_owned(),
            rank: category.rank,
            locale: market.locale.clone(),
            country: market.asked.country.to_string(),
            attributes: Attributes::of("OfferCategory"),
        }
    }

    /// A category that no file describes.
    fn bare(id: &str, market: &Market) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            rank: 0,
            locale: market.locale.clone(),
            country: market.asked.country.to_string(),
            attributes: Attributes::of("OfferCategory"),
        }
    }
}

/// What an offer provisions.
#[derive(Debug, Serialize, ToSchema)]
struct OfferProduct {
    id: String,
    name: String,
    unit: String,
}

/// An offer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct OfferView {
    id: String,
    name: String,
    description: String,
    minimum_quantity: i64,
    maximum_quantity: i64,
    rank: i64,
    uri: String,
    locale: String,
    country: String,
    category: CategoryView,
    limit_unit_of_measure: &'static str,
    limit: i64,
    prerequisite_offers: Vec<String>,
    is_add_on: bool,
    has_add_ons: bool,
    is_available_for_purchase: bool,
    billing: &'static str,
    supported_billing_cycles: Vec<&'static str>,
    is_auto_renewable: bool,
    is_trial: bool,
    upgrade_target_offers: Vec<String>,
    conversion_target_offers: Vec<String>,
    reseller_qualifications: Vec<&'static str>,
    resellee_qualifications: Vec<&'static str>,
    sales_group_id: &'static str,
    product: OfferProduct,
    unit_type: String,
    links: Links,
    attributes: Attributes,
}

/// Offers with what they refer to.
struct Loaded {
    offers: Vec<Offered>,
    codes: BTreeMap<String, String>,
    extended: BTreeSet<String>,
    categories: Vec<OfferCategory>,
}

async fn complete(
    tx: &mut Tx<'_>,
    offers: Vec<Offered>,
    market: &Market,
) -> Result<Loaded, AppError> {
    let named = offers.iter().flat_map(|offered| {
        let item = &offered.item;
        let others = item.prerequisites.iter().chain(&item.upgrades_to);
        others.chain(&item.trial_of)
    });
    let named = named.cloned().collect();
    let codes = catalogue::ids_of(tx, named).await?;
    Ok(Loaded {
        codes,
        extended: catalogue::extended(tx).await?,
        categories: catalogue::categories(tx, &market.asked).await?,
        offers,
    })
}

impl Loaded {
    fn views(&self, market: &Market) -> Vec<OfferView> {
        let view = |offered| self.view(offered, market);
        self.offers.iter().map(view).collect()
    }

    fn codes<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
        let known = names.into_iter().filter_map(|name| self.codes.get(name));
        known.cloned().collect()
    }

    fn view(&self, offered: &Offered, market: &Market) -> OfferView {
        let (offer, item, about) = (&offered.offer, &offered.item, &offered.offer.about);
        let id = catalog::item_id(item);
        let mut cycles: Vec<Frequency> = item
            .offered
            .iter()
            .flat_map(|each| each.frequencies.iter().copied())
            .collect();
        cycles.sort_unstable();
        cycles.dedup();
        let category = self
            .categories
            .iter()
            .find(|each| each.id == offer.category);
        let unit = about.unit.clone().unwrap_or_else(|| "Licenses".to_owned());
        let usual_limit = match item.concurrent_limit {
            Some(_) => LimitOf::Concurrent,
            None => LimitOf::None,
        };
        let name = about.title.in_language(market.language).to_owned();
        let mut links = Links::own(format!("/offers/{id}?{}", market.query));
        if let Some(more) = &about.learn_more {
            links = links.with("learnMore", Link::get(more));
        }
        OfferView {
            description: about.description.in_language(market.language).to_owned(),
            minimum_quantity: item.min_quantity,
            maximum_quantity: item.max_quantity,
            rank: offer.rank,
            uri: format!("/{}/Offers/{id}", encoded(&offer.category)),
            locale: market.locale.clone(),
            country: market.asked.country.to_string(),
            category: category.map_or_else(
                || CategoryView::bare(&offer.category, market),
                |category| CategoryView::of(category, market),
            ),
            limit_unit_of_measure: catalog::limit_of(about.limit_of.unwrap_or(usual_limit)),
            limit: item.concurrent_limit.unwrap_or(0),
            prerequisite_offers: self.codes(&item.prerequisites),
            is_add_on: item.kind == ItemKind::AddOn,
            has_add_ons: self.extended.contains(&item.handle),
            is_available_for_purchase: market.asked.shows_offer(offer)
                && (item.exclusive_to.is_empty() || item.exclusive_to.contains(&market.partner)),
            billing: if item.kind.is_consumption() {
                "usage"
            } else {
                "license"
            },
            supported_billing_cycles: cycles.into_iter().map(Frequency::as_str).collect(),
            is_auto_renewable: item.renewable,
            is_trial: item.kind == ItemKind::Trial,
            upgrade_target_offers: self.codes(&item.upgrades_to),
            conversion_target_offers: self.codes(&item.trial_of),
            reseller_qualifications: Vec::new(),
            resellee_qualifications: qualification(offer.segment).into_iter().collect(),
            // Offers of one sales group may stand in one order; here all may.
            sales_group_id: "1",
            product: OfferProduct {
                id: item.id.to_string().to_uppercase(),
                name: name.clone(),
                unit: unit.clone(),
            },
            unit_type: unit,
            links,
            attributes: Attributes::of("Offer"),
            id,
            name,
        }
    }
}

/// What a buyer must be qualified as.
const fn qualification(segment: Segment) -> Option<&'static str> {
    match segment {
        Segment::Commercial => None,
        Segment::Education => Some("Education"),
        Segment::Nonprofit => Some("Nonprofit"),
        Segment::GovernmentCommunityCloud => Some("GovernmentCommunityCloud"),
    }
}

/// An offer by its id, as a customer is shown it; none where it is no offer.
pub(in crate::routes) async fn shown(
    call: &Call,
    customer: &str,
    id: String,
) -> Result<Option<OfferView>, Problem> {
    let market = Market::of_customer(call, customer).await?;
    let wanted = market.clone();
    let loaded = call
        .read(move |tx| {
            let (id, market) = (id.clone(), wanted.clone());
            Box::pin(async move {
                let found = catalogue::offer(tx, &id).await?;
                complete(tx, found.into_iter().collect(), &market).await
            })
        })
        .await?;
    Ok(loaded.views(&market).pop())
}

async fn list(call: Call) -> Result<Json<Collection<OfferView>>, Problem> {
    let market = Market::of_country(&call)?;
    let path = format!("/offers?{}", market.query);
    page_in(&call, market, path).await
}

async fn customer_list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<OfferView>>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    page_in(&call, market, format!("/customers/{customer}/offers")).await
}

async fn page_in(
    call: &Call,
    market: Market,
    mut path: String,
) -> Result<Json<Collection<OfferView>>, Problem> {
    let page = Page::of(call, PAGE_MAX)?;
    let category = call.query.get("offer_category_id").map(str::to_owned);
    if let Some(category) = &category {
        let joint = if path.contains('?') { '&' } else { '?' };
        path = format!("{path}{joint}offer_category_id={}", encoded(category));
    }
    let part = Part {
        size: page.reach(),
        offset: page.offset,
    };
    let asked = market.clone();
    let loaded = call
        .read(move |tx| {
            let (asked, category) = (asked.clone(), category.clone());
            Box::pin(async move {
                let found = catalogue::offers(tx, &asked.asked, category.as_deref(), part).await?;
                complete(tx, found, &asked).await
            })
        })
        .await?;
    Ok(Json(page.collection(loaded.views(&market), &path)))
}

async fn read(Path(offer): Path<String>, call: Call) -> Result<Json<OfferView>, Problem> {
    let market = Market::of_country(&call)?;
    let loaded = one(&call, &market, &offer).await?;
    let view = loaded.views(&market).pop();
    view.map(Json).ok_or_else(|| no_offer(&offer, &market))
}

async fn add_ons(
    Path(offer): Path<String>,
    call: Call,
) -> Result<Json<Collection<OfferView>>, Problem> {
    let market = Market::of_country(&call)?;
    let base = one(&call, &market, &offer).await?;
    let (base, id) = base
        .offers
        .first()
        .map(|offered| (offered.item.handle.clone(), catalog::item_id(&offered.item)))
        .ok_or_else(|| no_offer(&offer, &market))?;
    let page = Page::of(&call, PAGE_MAX)?;
    let part = Part {
        size: page.reach(),
        offset: page.offset,
    };
    let asked = market.clone();
    let loaded = call
        .read(move |tx| {
            let (asked, base) = (asked.clone(), base.clone());
            Box::pin(async move {
                let found = catalogue::add_ons(tx, &base, &asked.asked, part).await?;
                complete(tx, found, &asked).await
            })
        })
        .await?;
    let path = format!("/offers/{id}/addons?{}", market.query);
    Ok(Json(page.collection(loaded.views(&market), &path)))
}

fn no_offer(offer: &str, market: &Market) -> Problem {
    let text = format!("offer {offer} does not exist in {}", market.asked.country);
    Problem::documented(StatusCode::NOT_FOUND, NOT_FOUND, &text)
}

/// An offer that is sold in the market. An id of new commerce is told apart from one that is unknown.
async fn one(call: &Call, market: &Market, offer: &str) -> Result<Loaded, Problem> {
    let (asked, wanted) = (market.clone(), offer.to_owned());
    let (loaded, elsewhere) = call
        .read(move |tx| {
            let (asked, wanted) = (asked.clone(), wanted.clone());
            Box::pin(async move {
                let found = catalogue::offer(tx, &wanted).await?;
                let found = found.filter(|offered| asked.asked.shows_offer(&offered.offer));
                let elsewhere = match &found {
                    Some(_) => false,
                    None => is_new_commerce(tx, &wanted).await?,
                };
                let loaded = complete(tx, found.into_iter().collect(), &asked).await?;
                Ok((loaded, elsewhere))
            })
        })
        .await?;
    if elsewhere {
        let text = format!("{offer} is no offer; it belongs to the products, see /products");
        return Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            OTHER_CATALOGUE,
            &text,
        ));
    }
    if loaded.offers.is_empty() {
        return Err(no_offer(offer, market));
    }
    Ok(loaded)
}

async fn is_new_commerce(tx: &mut Tx<'_>, id: &str) -> Result<bool, AppError> {
    Ok(match catalogue::look_up(tx, id).await? {
        Found::Item(item) => item.catalogue_id.contains(':'),
        Found::NoProduct => false,
        Found::NoSku | Found::NoAvailability => true,
    })
}

async fn categories(call: Call) -> Result<Json<Collection<CategoryView>>, Problem> {
    let market = Market::of_country(&call)?;
    let own = format!("/offercategories?{}", market.query);
    categories_in(&call, market, own).await
}

async fn customer_categories(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<CategoryView>>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    let own = format!("/customers/{customer}/offercategories");
    categories_in(&call, market, own).await
}

async fn categories_in(
    call: &Call,
    market: Market,
    own: String,
) -> Result<Json<Collection<CategoryView>>, Problem> {
    let asked = market.asked.clone();
    let found = call
        .read(move |tx| {
            let asked = asked.clone();
            Box::pin(async move { catalogue::categories(tx, &asked).await })
        })
        .await?;
    let views = found
        .iter()
        .map(|category| CategoryView::of(category, &market))
        .collect();
    Ok(Json(Collection::whole(views, own)))
}
