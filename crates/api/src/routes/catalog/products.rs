//! Products, SKUs, availabilities, and the look at the inventory.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tierline_app::catalogue::{self, Placed, ids};
use tierline_app::{AppError, windows};
use tierline_domain::catalog::{Frequency, ItemKind, Term};
use tierline_domain::customer::Segment;
use tierline_domain::listing::{Product, Variable};
use tierline_rules::regions;
use tierline_store::Tx;
use utoipa::ToSchema;

use super::{Market, bad_query, encoded};
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::envelope::{Collection, Link, Links};

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
    let inventory = route::post(
        "/v1/extensions/product/checkInventory",
        "Whether products and SKUs can be had.",
        inventory,
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
        asks(inventory, &[COUNTRY])
            .takes::<InventoryRequest>()
            .answers::<Vec<InventoryItem>>(StatusCode::OK)
            .shows("inventory-check", "catalogue.rs the_inventory_is_looked_at"),
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

/// A kind of product, by id and name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TypeView {
    id: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, no_recursion)]
    sub_type: Option<Box<TypeView>>,
}

impl TypeView {
    fn named(name: impl Into<String>) -> Self {
        let id = name.into();
        Self {
            display_name: id.clone(),
            id,
            sub_type: None,
        }
    }
}

/// A product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProductView {
    id: String,
    title: String,
    description: String,
    product_type: TypeView,
    /// Published by the operator.
    is_microsoft_product: bool,
    publisher_name: String,
    links: Links,
}

impl ProductView {
    fn of(product: &Product, market: &Market) -> Self {
        let (name, usual) = catalog::product_type(product.shelf);
        let finer = product.subtype.as_deref().or(usual);
        Self {
            title: product.title.in_language(market.language).to_owned(),
            description: product.description.in_language(market.language).to_owned(),
            product_type: TypeView {
                sub_type: finer.map(|finer| Box::new(TypeView::named(finer))),
                ..TypeView::named(name)
            },
            is_microsoft_product: catalog::is_own(product.publisher),
            publisher_name: product.publisher_name.clone(),
            links: Links::own(format!("/products/{}?{}", product.id, market.query)).with(
                "skus",
                Link::get(format!("/products/{}/skus?{}", product.id, market.narrowed)),
            ),
            id: product.id.clone(),
        }
    }
}

/// A currency.
#[derive(Debug, Serialize, ToSchema)]
struct CurrencyView {
    code: String,
    symbol: String,
}

impl CurrencyView {
    fn of(market: &Market) -> Self {
        let currency = regions::currency(market.asked.country)
            .unwrap_or(tierline_domain::money::Currency::USD);
        Self {
            code: currency.to_string(),
            symbol: catalog::symbol(currency),
        }
    }
}

/// The least that is committed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CommitmentView {
    grain: String,
    currency_code: CurrencyView,
    amount: String,
}

/// What has to be attested with an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AttestationView {
    attestation_type: &'static str,
    enforce_attestation: bool,
}

/// A SKU: what its availabilities have in common.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SkuView {
    id: String,
    product_id: String,
    title: String,
    description: String,
    minimum_quantity: i64,
    maximum_quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    minimum_purchase_commitment: Option<CommitmentView>,
    is_trial: bool,
    supported_billing_cycles: Vec<&'static str>,
    purchase_prerequisites: Vec<&'static str>,
    inventory_variables: Vec<&'static str>,
    provisioning_variables: Vec<&'static str>,
    actions: Vec<&'static str>,
    #[schema(value_type = Object)]
    dynamic_attributes: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attestation_properties: Option<AttestationView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    consumption_type: Option<String>,
    links: Links,
}

/// Ids of the catalogue by the short names of items.
type Codes = BTreeMap<String, String>;

/// Everything that items refer to.
fn referred(placed: &[Placed]) -> Vec<String> {
    placed
        .iter()
        .flat_map(|placed| {
            let item = &placed.item;
            let named = item.prerequisites.iter().chain(&item.upgrades_to);
            named.chain(&item.trial_of)
        })
        .cloned()
        .collect()
}

/// `product:sku` of items; one of the traditional generation by its GUID.
fn sku_ids<'a>(names: impl IntoIterator<Item = &'a String>, codes: &Codes) -> Vec<String> {
    names
        .into_iter()
        .filter_map(|name| codes.get(name))
        .map(|code| match ids::parts(code) {
            Some((product, sku, _)) => format!("{product}:{sku}"),
            None => code.clone(),
        })
        .collect()
}

fn words<T: Copy>(
    given: Option<&Vec<T>>,
    usual: &[T],
    word: fn(T) -> &'static str,
) -> Vec<&'static str> {
    let all = given.map_or(usual, Vec::as_slice);
    all.iter().map(|each| word(*each)).collect()
}

impl SkuView {
    fn of(product: &Product, placed: &[Placed], codes: &Codes, market: &Market) -> Option<Self> {
        let first = placed.first()?;
        let (listing, item, about) = (&first.listing, &first.item, &first.listing.about);
        let path = format!("/products/{}/skus/{}", product.id, listing.sku);
        let shelf = product.shelf;
        let provisioning: fn(Variable) -> &'static str = catalog::provisioning_variable;
        Some(Self {
            id: listing.sku.clone(),
            product_id: product.id.clone(),
            title: about.title.in_language(market.language).to_owned(),
            description: about.description.in_language(market.language).to_owned(),
            minimum_quantity: item.min_quantity,
            maximum_quantity: item.max_quantity,
            minimum_purchase_commitment: about.least_commitment.as_ref().map(|least| {
                CommitmentView {
                    grain: capital(&least.grain),
                    currency_code: CurrencyView::of(market),
                    amount: least.amount.clone(),
                }
            }),
            is_trial: item.kind == ItemKind::Trial,
            supported_billing_cycles: cycles(placed),
            purchase_prerequisites: words(
                about.preconditions.as_ref(),
                catalog::usual_preconditions(shelf),
                catalog::precondition,
            ),
            inventory_variables: words(
                about.inventory_variables.as_ref(),
                catalog::usual_inventory_variables(shelf),
                catalog::inventory_variable,
            ),
            provisioning_variables: words(
                about.provisioning_variables.as_ref(),
                catalog::usual_provisioning_variables(shelf),
                provisioning,
            ),
            actions: if item.cancellable {
                vec!["Refund"]
            } else {
                Vec::new()
            },
            dynamic_attributes: attributes(product, first, codes),
            attestation_properties: item.requires_attestation.then_some(AttestationView {
                attestation_type: "OfferEligibility",
                enforce_attestation: true,
            }),
            consumption_type: about.consumption.clone(),
            links: Links::own(format!("{path}?{}", market.query)).with(
                "availabilities",
                Link::get(format!("{path}/availabilities?{}", market.narrowed)),
            ),
        })
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The billing cycles of any term, each once.
fn cycles(placed: &[Placed]) -> Vec<&'static str> {
    let mut found: Vec<Frequency> = placed
        .iter()
        .flat_map(|placed| &placed.item.offered)
        .flat_map(|offered| offered.frequencies.iter().copied())
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(Frequency::as_str).collect()
}

/// The open map of a SKU: what the file says, and what follows from the item.
fn attributes(product: &Product, placed: &Placed, codes: &Codes) -> Map<String, Value> {
    let (item, about) = (&placed.item, &placed.listing.about);
    let mut map: Map<String, Value> = about
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let mut set = |name: &str, value: Value| {
        map.entry(name.to_owned()).or_insert(value);
    };
    set(
        "isMicrosoftProduct",
        json!(catalog::is_own(product.publisher)),
    );
    set("internal", json!(false));
    if !item.kind.has_seats() {
        return map;
    }
    let has_constraints = item.customer_max.is_some()
        || item.concurrent_limit.is_some()
        || item.percent_of_base.is_some()
        || !item.prerequisites.is_empty();
    set("hasConstraints", json!(has_constraints));
    set("isAddon", json!(item.kind == ItemKind::AddOn));
    set(
        "prerequisiteSkus",
        json!(sku_ids(&item.prerequisites, codes)),
    );
    set("isSoftwareAssuranceApplicable", json!(false));
    set(
        "upgradeTargetOffers",
        json!(sku_ids(&item.upgrades_to, codes)),
    );
    set("provisioningId", json!(item.id.to_string()));
    if let Some(unit) = &about.unit {
        set("unitType", json!(unit));
    }
    let paid = sku_ids(&item.trial_of, codes);
    if !paid.is_empty() {
        let ways: Vec<Value> = paid.iter().map(|to| json!({ "convertToId": to })).collect();
        set("conversionInstructions", json!(ways));
    }
    map
}

/// What is given back, until when.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefundView {
    sequence_id: u32,
    r#type: &'static str,
    /// A span of time after the purchase.
    expires_after: String,
}

/// What may be cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PolicyView {
    refund_options: Vec<RefundView>,
}

/// A term with one way of billing it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TermView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    duration: Option<String>,
    description: String,
    billing_cycle: &'static str,
    cancellation_policies: Vec<PolicyView>,
}

/// As what a term renews.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RenewalOption {
    renew_to_id: String,
    is_auto_renewable: bool,
}

/// Which terms renew, and as what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RenewalView {
    applicable_term_ids: Vec<String>,
    renewal_options: Vec<RenewalOption>,
}

/// An availability: what an order names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AvailabilityView {
    id: String,
    product_id: String,
    sku_id: String,
    catalog_item_id: String,
    default_currency: CurrencyView,
    segment: &'static str,
    country: String,
    is_purchasable: bool,
    is_renewable: bool,
    renewal_instructions: Vec<RenewalView>,
    terms: Vec<TermView>,
    links: Links,
    product: ProductView,
    sku: SkuView,
}

impl AvailabilityView {
    /// One of the availabilities of a SKU.
    fn of(
        product: &Product,
        sku: &[Placed],
        placed: &Placed,
        codes: &Codes,
        market: &Market,
    ) -> Option<Self> {
        let (listing, item) = (&placed.listing, &placed.item);
        let terms = terms(placed, market);
        let is_renewable =
            item.renewable && item.offered.iter().any(|each| each.term.months().is_some());
        let renewal_instructions = if is_renewable {
            vec![RenewalView {
                applicable_term_ids: terms.iter().map(|term| term.id.clone()).collect(),
                renewal_options: vec![RenewalOption {
                    renew_to_id: format!("{}:{}", product.id, listing.sku),
                    is_auto_renewable: true,
                }],
            }]
        } else {
            Vec::new()
        };
        let path = format!(
            "/products/{}/skus/{}/availabilities/{}",
            product.id, listing.sku, listing.availability
        );
        Some(Self {
            id: listing.availability.clone(),
            product_id: product.id.clone(),
            sku_id: listing.sku.clone(),
            catalog_item_id: catalog::item_id(item),
            default_currency: CurrencyView::of(market),
            segment: catalog::segment(listing.segment),
            country: market.asked.country.to_string(),
            is_purchasable: item.exclusive_to.is_empty()
                || item.exclusive_to.contains(&market.partner),
            is_renewable,
            renewal_instructions,
            terms,
            links: Links::own(format!("{path}?{}", market.query)),
            product: ProductView::of(product, market),
            sku: SkuView::of(product, sku, codes, market)?,
        })
    }
}

fn terms(placed: &Placed, market: &Market) -> Vec<TermView> {
    let item = &placed.item;
    let each = item.offered.iter().flat_map(|offered| {
        let frequencies = offered.frequencies.iter();
        frequencies.map(|frequency| (offered.term, *frequency))
    });
    each.filter(|(term, _)| *term != Term::None)
        .map(|(term, frequency)| TermView {
            id: ids::term(&item.catalogue_id, term, frequency.as_str()),
            duration: term.months().map(|_| term.to_string()),
            description: described(term, frequency, market.language),
            billing_cycle: catalog::cycle(frequency),
            cancellation_policies: windows::window(item, term)
                .filter(|_| item.cancellable)
                .map(|hours| PolicyView {
                    refund_options: vec![RefundView {
                        sequence_id: 0,
                        r#type: "Full",
                        expires_after: format!("P{}D", hours.div_euclid(24)),
                    }],
                })
                .into_iter()
                .collect(),
        })
        .collect()
}

/// A term in words.
fn described(term: Term, frequency: Frequency, language: &str) -> String {
    let months = term.months().unwrap_or(0);
    let (years, rest) = (months.div_euclid(12), months.rem_euclid(12));
    if language == "ja" {
        let span = match (months, rest) {
            (0, _) => return "買い切り".to_owned(),
            (_, 0) => format!("{years} 年"),
            _ => format!("{months} か月"),
        };
        let billed = match frequency {
            Frequency::Monthly => "月払い",
            Frequency::Annual => "年払い",
            Frequency::Triennial => "3 年払い",
            Frequency::OneTime => "一括払い",
            Frequency::None => "請求なし",
        };
        return format!("{span}契約、{billed}");
    }
    let span = match (months, rest) {
        (0, _) => return "One-time purchase".to_owned(),
        (_, 0) => format!("{years}-year"),
        _ => format!("{months}-month"),
    };
    let billed = match frequency {
        Frequency::Monthly => "billed monthly",
        Frequency::Annual => "billed annually",
        Frequency::Triennial => "billed every three years",
        Frequency::OneTime => "billed once",
        Frequency::None => "not billed",
    };
    format!("{span} commitment, {billed}")
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

/// What is looked for in the inventory.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InventoryRequest {
    target_items: Vec<TargetItem>,
    /// `customerId`, `azureSubscriptionId`, `armRegionName`.
    #[serde(default)]
    inventory_context: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TargetItem {
    product_id: String,
    sku_id: Option<String>,
}

/// Why something cannot be had.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RestrictionView {
    reason_code: &'static str,
    description: String,
    properties: BTreeMap<&'static str, String>,
}

/// A SKU in the inventory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InventoryItem {
    product_id: String,
    sku_id: String,
    is_restricted: bool,
    restrictions: Vec<RestrictionView>,
}

impl InventoryRequest {
    fn context(&self, key: &str) -> Option<&str> {
        self.inventory_context
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case(key) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

async fn inventory(call: Call) -> Result<Json<Vec<InventoryItem>>, Problem> {
    let market = Market::of_country(&call)?;
    let request: InventoryRequest = call.body()?;
    if request.target_items.is_empty() {
        return Err(Problem::malformed(
            "targetItems",
            "is empty; name a product",
        ));
    }
    if let Some(customer) = request.context("customerId") {
        Market::of_customer(&call, customer).await?;
    }
    let region = request.context("armRegionName").map(str::to_owned);
    let mut shown = Vec::new();
    for target in &request.target_items {
        let sku = target.sku_id.as_deref().filter(|sku| !sku.is_empty());
        shown.extend(stock(&call, &market, &target.product_id, sku, region.as_deref()).await?);
    }
    Ok(Json(shown))
}

/// The state of a product's SKUs; nothing of one that is unknown.
async fn stock(
    call: &Call,
    market: &Market,
    product: &str,
    sku: Option<&str>,
    region: Option<&str>,
) -> Result<Vec<InventoryItem>, Problem> {
    let (asked, product, sku) = (
        market.asked.clone(),
        product.to_owned(),
        sku.map(str::to_owned),
    );
    let listings = call
        .read(move |tx| {
            let (product, sku) = (product.clone(), sku.clone());
            Box::pin(async move { catalogue::listed(tx, &product, sku.as_deref()).await })
        })
        .await?;
    let by_sku = listings.chunk_by(|one, other| one.sku == other.sku);
    Ok(by_sku
        .filter_map(|listings| {
            let first = listings.first()?;
            let mut restrictions = Vec::new();
            if !listings.iter().any(|listing| asked.shows(listing)) {
                restrictions.push(RestrictionView {
                    reason_code: "NotAvailableInMarket",
                    description: format!("This is not sold in {}.", asked.country),
                    properties: BTreeMap::from([("country", asked.country.to_string())]),
                });
            }
            let own = first.about.attributes.get("armRegionName");
            let region = region.or(own.map(String::as_str)).unwrap_or_default();
            let is_out = |out: &String| out.eq_ignore_ascii_case(region);
            if first.about.sold_out_in.iter().any(is_out) {
                restrictions.push(RestrictionView {
                    reason_code: "NotAvailableInRegion",
                    description: format!("There is no capacity left in {region}."),
                    properties: BTreeMap::from([("armRegionName", region.to_owned())]),
                });
            }
            Some(InventoryItem {
                product_id: first.product.clone(),
                sku_id: first.sku.clone(),
                is_restricted: !restrictions.is_empty(),
                restrictions,
            })
        })
        .collect())
}
