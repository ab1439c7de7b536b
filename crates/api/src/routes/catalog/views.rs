//! Products, SKUs and availabilities as they are shown.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tierline_app::catalogue::{Placed, ids};
use tierline_app::windows;
use tierline_domain::catalog::{Frequency, ItemKind, Term};
use tierline_domain::listing::{Product, Variable};
use tierline_rules::regions;
use utoipa::ToSchema;

use super::Market;
use crate::wire::catalog;
use crate::wire::envelope::{Link, Links};

/// A kind of product, by id and name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypeView {
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
pub(super) struct ProductView {
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
    pub(super) fn of(product: &Product, market: &Market) -> Self {
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
pub(super) struct CurrencyView {
    code: String,
    symbol: String,
}

impl CurrencyView {
    pub(super) fn of(market: &Market) -> Self {
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
pub(super) struct CommitmentView {
    grain: String,
    currency_code: CurrencyView,
    amount: String,
}

/// What has to be attested with an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SkuAttestation {
    attestation_type: &'static str,
    enforce_attestation: bool,
}

/// A SKU: what its availabilities have in common.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SkuView {
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
    attestation_properties: Option<SkuAttestation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    consumption_type: Option<String>,
    links: Links,
}

/// Ids of the catalogue by the short names of items.
pub(super) type Codes = BTreeMap<String, String>;

/// Everything that items refer to.
pub(super) fn referred(placed: &[Placed]) -> Vec<String> {
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
    pub(super) fn of(
        product: &Product,
        placed: &[Placed],
        codes: &Codes,
        market: &Market,
    ) -> Option<Self> {
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
            attestation_properties: item.requires_attestation.then_some(SkuAttestation {
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
pub(super) struct RefundView {
    sequence_id: u32,
    r#type: &'static str,
    /// A span of time after the purchase.
    expires_after: String,
}

/// What may be cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyView {
    refund_options: Vec<RefundView>,
}

/// A term with one way of billing it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TermView {
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
pub(super) struct RenewalOption {
    renew_to_id: String,
    is_auto_renewable: bool,
}

/// Which terms renew, and as what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RenewalView {
    applicable_term_ids: Vec<String>,
    renewal_options: Vec<RenewalOption>,
}

/// An availability: what an order names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AvailabilityView {
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
    pub(super) fn of(
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
