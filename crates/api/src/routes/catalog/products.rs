//! Products, SKUs and availabilities, by market and by customer.

use axum::extract::Path;
use http::StatusCode;
use tierline_app::AppError;
use tierline_app::catalogue::{self, Placed};
use tierline_domain::customer::Segment;
use tierline_domain::listing::Product;
use tierline_store::Tx;

use super::views::{AvailabilityView, Codes, ProductView, SkuView, referred};
use super::{Market, bad_query, encoded};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::envelope::Collection;

/// A target view that the caller may not see, or that there is not.
const VIEW_DENIED: u32 = 400_036;
const NO_PRODUCT: u32 = 400_013;
const NO_SKU: u32 = 400_018;
const NO_AVAILABILITY: u32 = 400_019;

const COUNTRY: (&str, &str) = ("country", "The market: two letters.");
const SEGMENT: (&str, &str) = (
    "targetSegment",
    "commercial, education, government or nonprofit.",
);
const SCOPE: (&str, &str) = (
    "reservationScope",
    "AzurePlan for what goes with the consumption plan.",
);
const VIEW: (&str, &str) = (
    "targetView",
    "The part of the catalogue, such as OnlineServices.",
);

fn asks(route: Route, parameters: &[(&'static str, &'static str)]) -> Route {
    parameters
        .iter()
        .fold(route, |route, (name, about)| route.query(name, about))
}

pub(super) fn routes() -> Vec<Route> {
    let list = route::get("/v1/products", "Products of a market.", list);
    let read = route::get("/v1/products/{product-id}", "One product.", read);
    let skus = route::get(
        "/v1/products/{product-id}/skus",
        "The SKUs of a product.",
        skus,
    );
    let sku = route::get("/v1/products/{product-id}/skus/{sku-id}", "One SKU.", sku);
    let availabilities = route::get(
        "/v1/products/{product-id}/skus/{sku-id}/availabilities",
        "The availabilities of a SKU; those for nonprofits only where they are asked for.",
        availabilities,
    );
    let availability = route::get(
        "/v1/products/{product-id}/skus/{sku-id}/availabilities/{availability-id}",
        "One availability, with its product and SKU.",
        availability,
    );
    vec![
        asks(list, &[COUNTRY, VIEW, SEGMENT, SCOPE])
            .answers::<Collection<ProductView>>(StatusCode::OK)
            .shows("products-list", "catalogue.rs a_view_lists_its_products"),
        asks(read, &[COUNTRY, SCOPE])
            .answers::<ProductView>(StatusCode::OK)
            .shows("products-get", "catalogue.rs a_product_is_read"),
        asks(skus, &[COUNTRY, SEGMENT, SCOPE])
            .answers::<Collection<SkuView>>(StatusCode::OK)
            .shows("skus-list", "catalogue.rs skus_of_a_product_are_listed"),
        asks(sku, &[COUNTRY, SCOPE])
            .answers::<SkuView>(StatusCode::OK)
            .shows("skus-get", "catalogue.rs a_sku_is_read"),
        asks(availabilities, &[COUNTRY, SEGMENT, VIEW, SCOPE])
            .answers::<Collection<AvailabilityView>>(StatusCode::OK)
            .shows(
                "availabilities-list",
                "catalogue.rs nonprofit_must_be_asked_for",
            ),
        asks(availability, &[COUNTRY])
            .answers::<AvailabilityView>(StatusCode::OK)
            .shows(
                "availabilities-get",
                "catalogue.rs an_availability_comes_with_its_product_and_sku",
            ),
    ]
}

pub(super) fn customer_routes() -> Vec<Route> {
    let list = route::get(
        "/v1/customers/{customer-id}/products",
        "Products for a customer: its market, its segment.",
        customer_list,
    );
    let read = route::get(
        "/v1/customers/{customer-id}/products/{product-id}",
        "One product for a customer.",
        customer_read,
    );
    let skus = route::get(
        "/v1/customers/{customer-id}/products/{product-id}/skus",
        "The SKUs of a product for a customer.",
        customer_skus,
    );
    let sku = route::get(
        "/v1/customers/{customer-id}/products/{product-id}/skus/{sku-id}",
        "One SKU for a customer.",
        customer_sku,
    );
    let availabilities = route::get(
        "/v1/customers/{customer-id}/products/{product-id}/skus/{sku-id}/availabilities",
        "The availabilities of a SKU for a customer.",
        customer_availabilities,
    );
    let availability = route::get(
        "/v1/customers/{customer-id}/products/{product-id}/skus/{sku-id}/availabilities/{availability-id}",
        "One availability for a customer.",
        customer_availability,
    );
    let of_customer = "catalogue.rs a_customer_sees_its_market_and_segment";
    let below = "catalogue.rs a_product_is_read_for_a_customer";
    vec![
        asks(list, &[VIEW, SEGMENT, SCOPE])
            .answers::<Collection<ProductView>>(StatusCode::OK)
            .shows("customer-products-list", of_customer),
        asks(read, &[SCOPE])
            .answers::<ProductView>(StatusCode::OK)
            .shows("customer-products-get", below),
        asks(skus, &[SEGMENT, SCOPE])
            .answers::<Collection<SkuView>>(StatusCode::OK)
            .shows("customer-skus-list", below),
        asks(sku, &[SCOPE])
            .answers::<SkuView>(StatusCode::OK)
            .shows("customer-skus-get", below),
        asks(availabilities, &[SEGMENT, SCOPE])
            .answers::<Collection<AvailabilityView>>(StatusCode::OK)
            .shows("customer-availabilities-list", below),
        availability
            .answers::<AvailabilityView>(StatusCode::OK)
            .shows("customer-availabilities-get", below),
    ]
}

fn missing(code: u32, text: &str) -> Problem {
    Problem::documented(StatusCode::NOT_FOUND, code, text)
}

fn no_product(product: &str, market: &Market) -> Problem {
    let text = format!("product {product} is not sold in {}", market.asked.country);
    missing(NO_PRODUCT, &text)
}

fn no_sku(product: &str, sku: &str, market: &Market) -> Problem {
    let text = format!(
        "SKU {sku} of product {product} is not sold in {}",
        market.asked.country
    );
    missing(NO_SKU, &text)
}

/// A product with what is shown of it, or of one of its SKUs.
struct Shelved {
    product: Product,
    placed: Vec<Placed>,
    codes: Codes,
}

async fn shelved(
    tx: &mut Tx<'_>,
    product: &str,
    sku: Option<&str>,
    market: &Market,
) -> Result<Option<Shelved>, AppError> {
    let Some(found) = catalogue::product(tx, product, &market.asked).await? else {
        return Ok(None);
    };
    let placed = match sku {
        Some(sku) => catalogue::of_sku(tx, &found.id, sku, &market.asked).await?,
        None => catalogue::of_product(tx, &found.id, &market.asked).await?,
    };
    let codes = catalogue::ids_of(tx, referred(&placed)).await?;
    Ok(Some(Shelved {
        product: found,
        placed,
        codes,
    }))
}

async fn load(
    call: &Call,
    market: &Market,
    product: &str,
    sku: Option<&str>,
) -> Result<Shelved, Problem> {
    let (asked, name) = (market.clone(), product.to_owned());
    let part = sku.map(str::to_owned);
    let found = call
        .read(move |tx| {
            let (asked, name, part) = (asked.clone(), name.clone(), part.clone());
            Box::pin(async move { shelved(tx, &name, part.as_deref(), &asked).await })
        })
        .await?;
    let found = found.ok_or_else(|| no_product(product, market))?;
    match sku {
        Some(sku) if found.placed.is_empty() => Err(no_sku(product, sku, market)),
        _ => Ok(found),
    }
}

async fn products_in(
    call: &Call,
    market: Market,
    path: &str,
) -> Result<Json<Collection<ProductView>>, Problem> {
    let view = call
        .query
        .get("targetview")
        .ok_or_else(|| bad_query("targetView", "is missing; give one such as OnlineServices"))?;
    let shelves = catalog::shelves(view).ok_or_else(|| {
        let text = format!("targetView: `{view}` is not open to this caller");
        Problem::documented(StatusCode::FORBIDDEN, VIEW_DENIED, &text)
    })?;
    let own = format!("{path}targetView={}", encoded(view));
    let asked = market.asked.clone();
    let products = call
        .read(move |tx| {
            let asked = asked.clone();
            Box::pin(async move { catalogue::products(tx, shelves, &asked).await })
        })
        .await?;
    let items = products
        .iter()
        .map(|product| ProductView::of(product, &market))
        .collect();
    Ok(Json(Collection::whole(items, own)))
}

async fn list(call: Call) -> Result<Json<Collection<ProductView>>, Problem> {
    let market = Market::of_country(&call)?;
    let path = format!("/products?{}&", market.narrowed);
    products_in(&call, market, &path).await
}

async fn customer_list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<ProductView>>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    let path = format!("/customers/{customer}/products?");
    products_in(&call, market, &path).await
}

async fn read(Path(product): Path<String>, call: Call) -> Result<Json<ProductView>, Problem> {
    let market = Market::of_country(&call)?;
    product_in(&call, &market, &product).await
}

async fn customer_read(
    Path((customer, product)): Path<(String, String)>,
    call: Call,
) -> Result<Json<ProductView>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    product_in(&call, &market, &product).await
}

async fn product_in(
    call: &Call,
    market: &Market,
    product: &str,
) -> Result<Json<ProductView>, Problem> {
    let (asked, name) = (market.asked.clone(), product.to_owned());
    let found = call
        .read(move |tx| {
            let (asked, name) = (asked.clone(), name.clone());
            Box::pin(async move { catalogue::product(tx, &name, &asked).await })
        })
        .await?;
    let found = found.ok_or_else(|| no_product(product, market))?;
    Ok(Json(ProductView::of(&found, market)))
}

async fn skus(
    Path(product): Path<String>,
    call: Call,
) -> Result<Json<Collection<SkuView>>, Problem> {
    let market = Market::of_country(&call)?;
    skus_in(&call, &market, &product).await
}

async fn customer_skus(
    Path((customer, product)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<SkuView>>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    skus_in(&call, &market, &product).await
}

async fn skus_in(
    call: &Call,
    market: &Market,
    product: &str,
) -> Result<Json<Collection<SkuView>>, Problem> {
    let found = load(call, market, product, None).await?;
    let by_sku = found
        .placed
        .chunk_by(|one, other| one.listing.sku == other.listing.sku);
    let skus = by_sku
        .filter_map(|placed| SkuView::of(&found.product, placed, &found.codes, market))
        .collect();
    let own = format!("/products/{}/skus?{}", found.product.id, market.narrowed);
    Ok(Json(Collection::whole(skus, own)))
}

async fn sku(
    Path((product, sku)): Path<(String, String)>,
    call: Call,
) -> Result<Json<SkuView>, Problem> {
    let market = Market::of_country(&call)?;
    sku_in(&call, &market, &product, &sku).await
}

async fn customer_sku(
    Path((customer, product, sku)): Path<(String, String, String)>,
    call: Call,
) -> Result<Json<SkuView>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    sku_in(&call, &market, &product, &sku).await
}

async fn sku_in(
    call: &Call,
    market: &Market,
    product: &str,
    sku: &str,
) -> Result<Json<SkuView>, Problem> {
    let found = load(call, market, product, Some(sku)).await?;
    SkuView::of(&found.product, &found.placed, &found.codes, market)
        .map(Json)
        .ok_or_else(|| no_sku(product, sku, market))
}

async fn availabilities(
    Path((product, sku)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<AvailabilityView>>, Problem> {
    let mut market = Market::of_country(&call)?;
    if call.query.get("targetsegment").is_none() {
        let segments = &mut market.asked.segments;
        segments.retain(|segment| *segment != Segment::Nonprofit);
    }
    availabilities_in(&call, &market, &product, &sku).await
}

async fn customer_availabilities(
    Path((customer, product, sku)): Path<(String, String, String)>,
    call: Call,
) -> Result<Json<Collection<AvailabilityView>>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    availabilities_in(&call, &market, &product, &sku).await
}

async fn availabilities_in(
    call: &Call,
    market: &Market,
    product: &str,
    sku: &str,
) -> Result<Json<Collection<AvailabilityView>>, Problem> {
    // A SKU of which nothing is shown in the segments that count is an empty list, not an unknown SKU.
    let everyone = Market {
        asked: catalogue::Asked {
            segments: Segment::ALL.to_vec(),
            ..market.asked.clone()
        },
        ..market.clone()
    };
    let found = load(call, &everyone, product, Some(sku)).await?;
    let shown: Vec<Placed> = found
        .placed
        .into_iter()
        .filter(|placed| market.asked.shows(&placed.listing))
        .collect();
    let views = shown
        .iter()
        .filter_map(|placed| {
            AvailabilityView::of(&found.product, &shown, placed, &found.codes, market)
        })
        .collect();
    let own = format!(
        "/products/{}/skus/{}/availabilities?{}",
        found.product.id,
        sku.to_uppercase(),
        market.narrowed
    );
    Ok(Json(Collection::whole(views, own)))
}

async fn availability(
    Path((product, sku, availability)): Path<(String, String, String)>,
    call: Call,
) -> Result<Json<AvailabilityView>, Problem> {
    let market = Market::of_country(&call)?;
    availability_in(&call, &market, &product, &sku, &availability).await
}

async fn customer_availability(
    Path((customer, product, sku, availability)): Path<(String, String, String, String)>,
    call: Call,
) -> Result<Json<AvailabilityView>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    availability_in(&call, &market, &product, &sku, &availability).await
}

async fn availability_in(
    call: &Call,
    market: &Market,
    product: &str,
    sku: &str,
    availability: &str,
) -> Result<Json<AvailabilityView>, Problem> {
    let found = load(call, market, product, Some(sku)).await?;
    let wanted = found.placed.iter().find(|placed| {
        placed
            .listing
            .availability
            .eq_ignore_ascii_case(availability)
    });
    wanted
        .and_then(|placed| {
            AvailabilityView::of(&found.product, &found.placed, placed, &found.codes, market)
        })
        .map(Json)
        .ok_or_else(|| {
            let text = format!(
                "availability {availability} of SKU {sku} does not exist, or no longer; ask for the SKU's availabilities"
            );
            missing(NO_AVAILABILITY, &text)
        })
}
