//! Promotions, and whether one applies to a purchase.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::act::Act;
use tierline_app::catalogue::{self, Promoted, ids};
use tierline_app::promotion::{Eligibility, Unfit};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::listing::Billed;
use tierline_rules::{Lang, phrases};
use utoipa::ToSchema;

use super::{BAD_VALUE, Market, bad_query};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::catalog;
use crate::wire::envelope::{Attributes, Collection};

/// Something that is not there.
const NOT_FOUND: u32 = 1000;
/// Most purchases of one question.
const ITEMS_MAX: usize = 200;
/// The end of what has none.
const FOR_EVER: &str = "9999-12-31T00:00:00Z";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/productpromotions",
            "Promotions of a market and a segment.",
            list,
        )
        .query("country", "The market: two letters.")
        .query(
            "segment",
            "commercial, education, government or nonprofit; every one without it.",
        )
        .answers::<Collection<PromotionView>>(StatusCode::OK)
        .shows(
            "promotions-list",
            "catalogue_offers.rs promotions_are_those_in_force",
        ),
        route::get(
            "/v1/productpromotions/{promotion-id}",
            "One promotion.",
            read,
        )
        .query("country", "The market: two letters.")
        .answers::<PromotionView>(StatusCode::OK)
        .shows(
            "promotions-get",
            "catalogue_offers.rs a_promotion_says_what_it_takes",
        ),
        route::post(
            "/v1/customers/{customer-id}/promotionEligibilities",
            "Whether promotions apply to purchases.",
            eligibilities,
        )
        .takes::<EligibilityRequest>()
        .answers::<Collection<EligibilityView>>(StatusCode::OK)
        .shows(
            "promotion-eligibilities-verify",
            "catalogue_offers.rs eligibility_for_promotions_is_told_with_reasons",
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PromotionProperties {
    is_auto_applicable: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PromotionTerm {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    duration: Option<String>,
    billing_cycle: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PricingPolicy {
    policy_type: &'static str,
    /// The share off, as a decimal number.
    value: String,
}

/// For which product and term.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RequiredProduct {
    product_id: String,
    sku_id: String,
    term: PromotionTerm,
    pricing_policies: Vec<PricingPolicy>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SeatConstraint {
    min_seats: i64,
    max_seats: i64,
    r#type: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OwnershipLimit {
    min_assets: i64,
    max_assets: i64,
    r#type: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EligibilityConstraint {
    is_applicable: bool,
    r#type: &'static str,
}

/// A product that is owned, as `product/sku`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OwnedProduct {
    big_id: String,
}

/// What a promotion takes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PromotionDemands {
    seat_constraints: Vec<SeatConstraint>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asset_ownership_limits: Vec<OwnershipLimit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    eligibility_constraints: Vec<EligibilityConstraint>,
    /// One of each inner list is owned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_ownership_constraints: Vec<Vec<OwnedProduct>>,
}

/// A promotion.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PromotionView {
    id: String,
    name: String,
    description: String,
    start_date: String,
    end_date: String,
    properties: PromotionProperties,
    required_products: Vec<RequiredProduct>,
    promotion_constraints: PromotionDemands,
}

/// Hundredths as a decimal number: 5 is `0.05`, 20 is `0.2`.
fn share(percent: i64) -> String {
    if percent >= 100 {
        return "1".to_owned();
    }
    let digits = format!("{percent:02}");
    format!("0.{}", digits.trim_end_matches('0'))
}

impl PromotionView {
    fn of(promoted: &Promoted, codes: &BTreeMap<String, String>, market: &Market) -> Self {
        let (listing, promotion, item) = (&promoted.listing, &promoted.promotion, &promoted.item);
        let about = &listing.about;
        let (product, sku) = ids::parts(&item.catalogue_id)
            .map_or((item.catalogue_id.as_str(), ""), |(product, sku, _)| {
                (product, sku)
            });
        let required = billed(promoted).into_iter().flat_map(|billed| {
            let term = billed.term;
            billed.frequencies.into_iter().map(move |each| (term, each))
        });
        let owned: Vec<OwnedProduct> = about
            .requires
            .iter()
            .filter_map(|name| codes.get(name))
            .map(|code| OwnedProduct {
                big_id: ids::parts(code).map_or_else(
                    || code.clone(),
                    |(product, sku, _)| format!("{product}/{sku}"),
                ),
            })
            .collect();
        Self {
            id: listing.catalogue_id.clone(),
            name: about.title.in_language(market.language).to_owned(),
            description: about.description.in_language(market.language).to_owned(),
            start_date: format!("{}T00:00:00Z", listing.from_day),
            end_date: listing
                .until_day
                .map_or_else(|| FOR_EVER.to_owned(), |last| format!("{last}T23:59:59Z")),
            properties: PromotionProperties {
                is_auto_applicable: true,
            },
            required_products: required
                .map(|(term, frequency)| RequiredProduct {
                    product_id: product.to_owned(),
                    sku_id: sku.to_owned(),
                    term: PromotionTerm {
                        duration: term.months().map(|_| term.to_string()),
                        billing_cycle: catalog::cycle(frequency),
                    },
                    pricing_policies: vec![PricingPolicy {
                        policy_type: "PercentDiscount",
                        value: share(promotion.discount_percent),
                    }],
                })
                .collect(),
            promotion_constraints: PromotionDemands {
                seat_constraints: vec![SeatConstraint {
                    min_seats: about.min_seats,
                    max_seats: promotion.max_seats,
                    r#type: "SubscriptionQuantity",
                }],
                asset_ownership_limits: about
                    .max_redemptions
                    .map(|most| OwnershipLimit {
                        min_assets: 0,
                        max_assets: most,
                        r#type: "LifetimeRedemptionCount",
                    })
                    .into_iter()
                    .collect(),
                eligibility_constraints: about
                    .first_purchase
                    .then_some(EligibilityConstraint {
                        is_applicable: true,
                        r#type: "FirstPurchase",
                    })
                    .into_iter()
                    .collect(),
                product_ownership_constraints: Some(owned)
                    .filter(|owned| !owned.is_empty())
                    .into_iter()
                    .collect(),
            },
        }
    }
}

/// The terms of a promotion; those of its item where it names none.
fn billed(promoted: &Promoted) -> Vec<Billed> {
    if !promoted.listing.about.billed.is_empty() {
        return promoted.listing.about.billed.clone();
    }
    let offered = promoted.item.offered.iter();
    offered
        .map(|offered| Billed {
            term: offered.term,
            frequencies: offered.frequencies.clone(),
        })
        .collect()
}

/// The promotions in force in a market, with the ids of what they ask for.
async fn in_force(
    call: &Call,
    market: &Market,
) -> Result<(Vec<Promoted>, BTreeMap<String, String>), Problem> {
    let asked = market.asked.clone();
    call.read(move |tx| {
        let asked = asked.clone();
        Box::pin(async move {
            let found = catalogue::promotions(tx, &asked).await?;
            let named = found.iter().flat_map(|each| &each.listing.about.requires);
            let codes = catalogue::ids_of(tx, named.cloned().collect()).await?;
            Ok((found, codes))
        })
    })
    .await
}

async fn list(call: Call) -> Result<Json<Collection<PromotionView>>, Problem> {
    let mut market = Market::of_country(&call)?;
    let mut own = format!("/productpromotions?{}", market.query);
    if let Some(given) = call.query.get("segment") {
        let segment = catalog::segment_of(given)
            .ok_or_else(|| bad_query("segment", &format!("`{given}` is no segment")))?;
        market.asked.segments.retain(|each| *each == segment);
        own = format!("{own}&segment={}", super::encoded(given));
    }
    let (found, codes) = in_force(&call, &market).await?;
    let views = found
        .iter()
        .map(|promoted| PromotionView::of(promoted, &codes, &market))
        .collect();
    Ok(Json(Collection::whole(views, own)))
}

async fn read(Path(promotion): Path<String>, call: Call) -> Result<Json<PromotionView>, Problem> {
    let market = Market::of_country(&call)?;
    let wanted = promotion.clone();
    let found = call
        .read(move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let Some(found) = catalogue::promotion(tx, &wanted).await? else {
                    return Ok(None);
                };
                let codes = catalogue::ids_of(tx, found.listing.about.requires.clone()).await?;
                Ok(Some((found, codes)))
            })
        })
        .await?;
    let shown = found.filter(|(found, _)| {
        market.asked.segments.contains(&found.listing.segment)
            && !found.listing.not_sold_in.holds(market.asked.country)
    });
    let (found, codes) = shown.ok_or_else(|| {
        let text = format!(
            "promotion {promotion} does not exist in {}",
            market.asked.country
        );
        Problem::documented(StatusCode::NOT_FOUND, NOT_FOUND, &text)
    })?;
    Ok(Json(PromotionView::of(&found, &codes, &market)))
}

/// Purchases for which promotions are looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EligibilityRequest {
    items: Vec<WantedItem>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WantedItem {
    id: Option<i64>,
    catalog_item_id: String,
    quantity: i64,
    billing_cycle: Option<String>,
    term_duration: Option<String>,
    /// One promotion; every one that is in force without it.
    promotion_id: Option<String>,
}

/// Why a promotion does not apply.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EligibilityError {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    minimum_required_seats: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    maximum_required_seats: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    available_seats: Option<i64>,
    r#type: &'static str,
    #[schema(value_type = String)]
    description: Cow<'static, str>,
}

impl EligibilityError {
    const fn plain(r#type: &'static str, description: &'static str) -> Self {
        Self {
            minimum_required_seats: None,
            maximum_required_seats: None,
            available_seats: None,
            r#type,
            description: Cow::Borrowed(description),
        }
    }

    /// The same in the caller's language.
    fn told(mut self, lang: Lang) -> Self {
        if let Cow::Borrowed(text) = self.description {
            self.description = phrases::failure_in(text, lang);
        }
        self
    }

    fn of(reason: Unfit, found: &Eligibility) -> Self {
        match reason {
            Unfit::Promotion => Self::plain(
                "InvalidPromotion",
                "The promotion is not for this item, or not in force.",
            ),
            Unfit::Term => Self::plain(
                "Term",
                "The promotion does not cover this term and billing cycle.",
            ),
            Unfit::SeatCount => Self {
                minimum_required_seats: Some(found.min_seats),
                maximum_required_seats: Some(found.max_seats),
                available_seats: Some(found.remaining),
                ..Self::plain(
                    "SeatCount",
                    "The quantity lies outside the seats that the promotion has left for this customer.",
                )
            },
            Unfit::RedemptionLimit => Self::plain(
                "RedemptionLimit",
                "The customer used the promotion as often as it may.",
            ),
            Unfit::PurchasedBefore => Self::plain(
                "OfferPurchasedPreviously",
                "The promotion is for a first purchase; the customer had the item before.",
            ),
            Unfit::Prerequisite => Self::plain(
                "PrerequisiteProductOwnership",
                "The customer owns none of the products that the promotion asks for.",
            ),
        }
    }
}

/// One promotion and whether it applies.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PromotionVerdict {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    promotion_id: Option<String>,
    is_eligible: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<EligibilityError>,
}

/// One purchase and the promotions looked at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EligibilityView {
    id: i64,
    catalog_item_id: String,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    billing_cycle: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    term_duration: Option<String>,
    eligibilities: Vec<PromotionVerdict>,
    attributes: Attributes,
}

async fn eligibilities(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<EligibilityView>>, Problem> {
    let market = Market::of_customer(&call, &customer).await?;
    let request: EligibilityRequest = call.body()?;
    if request.items.is_empty() || request.items.len() > ITEMS_MAX {
        return Err(Problem::malformed(
            "items",
            &format!("holds 1 to {ITEMS_MAX} purchases"),
        ));
    }
    let asked: Result<Vec<Asking>, Problem> = request
        .items
        .iter()
        .enumerate()
        .map(|(at, item)| Asking::read(at, item))
        .collect();
    let (promotions, _) = in_force(&call, &market).await?;
    let mut views = Vec::new();
    for asking in asked? {
        let eligibilities = asking.look(&call, &customer, &promotions).await?;
        views.push(asking.view(eligibilities));
    }
    let own = format!("/customers/{customer}/promotionEligibilities");
    Ok(Json(Collection::whole(views, own)))
}

/// A purchase as it was read.
struct Asking<'a> {
    id: i64,
    item: &'a WantedItem,
    term: Option<Term>,
    frequency: Option<Frequency>,
}

impl<'a> Asking<'a> {
    fn read(at: usize, item: &'a WantedItem) -> Result<Self, Problem> {
        let bad = |field: &str, problem: &str| {
            let text = format!("items[{at}].{field}: {problem}");
            Problem::documented(StatusCode::BAD_REQUEST, BAD_VALUE, &text)
        };
        if item.quantity < 1 {
            return Err(bad("quantity", "is at least 1"));
        }
        let term = item
            .term_duration
            .as_deref()
            .filter(|term| !term.is_empty());
        let cycle = item.billing_cycle.as_deref().map(body::word);
        Ok(Self {
            id: item
                .id
                .unwrap_or_else(|| i64::try_from(at).unwrap_or_default()),
            term: term
                .map(|term| term.to_uppercase().parse())
                .transpose()
                .map_err(|_| bad("termDuration", "is a period such as P1M or P1Y"))?,
            frequency: cycle
                .filter(|cycle| !cycle.is_empty() && cycle != "unknown")
                .map(|cycle| cycle.parse())
                .transpose()
                .map_err(|_| bad("billingCycle", "is no billing cycle"))?,
            item,
        })
    }

    /// What is said of each promotion.
    async fn look(
        &self,
        call: &Call,
        customer: &str,
        promotions: &[Promoted],
    ) -> Result<Vec<PromotionVerdict>, Problem> {
        let none = |promotion_id: Option<String>, error| {
            vec![PromotionVerdict {
                promotion_id,
                is_eligible: false,
                errors: vec![EligibilityError::told(error, call.principal.lang)],
            }]
        };
        let given = self.item.promotion_id.clone().filter(|id| !id.is_empty());
        let wanted = self.item.catalog_item_id.clone();
        let item = call
            .read(move |tx| {
                let wanted = wanted.clone();
                Box::pin(async move { catalogue::item_of_wire(tx, &wanted).await })
            })
            .await?;
        let Some(item) = item else {
            let text = "The catalog item does not exist.";
            let error = EligibilityError::plain("InvalidCatalogItemId", text);
            return Ok(none(given, error));
        };
        let looked_at: Vec<&Promoted> = promotions
            .iter()
            .filter(|promoted| match &given {
                Some(given) => promoted.listing.catalogue_id.eq_ignore_ascii_case(given),
                None => promoted.item.id == item.id,
            })
            .collect();
        if looked_at.is_empty() {
            let error = match &given {
                Some(_) => EligibilityError::plain(
                    "InvalidPromotion",
                    "The promotion does not exist, or not in this market and segment.",
                ),
                None => EligibilityError::plain(
                    "NoPromotionsAvailable",
                    "There is no promotion of this item at present.",
                ),
            };
            return Ok(none(given, error));
        }
        let mut found = Vec::new();
        for promoted in looked_at {
            found.push(self.check(call, customer, &item, promoted).await?);
        }
        Ok(found)
    }

    /// Asks the program. It keeps no answer under the request's id: one request asks about many promotions.
    async fn check(
        &self,
        call: &Call,
        customer: &str,
        item: &Item,
        promoted: &Promoted,
    ) -> Result<PromotionVerdict, Problem> {
        let params = json!({
            "customer": customer, "item": item.handle, "quantity": self.item.quantity,
            "promotion": promoted.promotion.handle, "term": self.term, "frequency": self.frequency,
        });
        let act = Act {
            actor: call.principal.actor(),
            ..Act::of("", "check_promotion", params)
        };
        let ctx = call.server.app().ctx(call.principal.actor());
        let answer = call.server.app().perform(ctx, act, None).await;
        let answer = answer.map_err(|error| call.problem(error))?;
        let found: Eligibility = serde_json::from_value(answer)
            .map_err(|error| call.problem(tierline_app::AppError::Impossible(error.to_string())))?;
        let errors = found.reasons.iter();
        Ok(PromotionVerdict {
            promotion_id: Some(promoted.listing.catalogue_id.clone()),
            is_eligible: found.eligible,
            errors: errors
                .map(|reason| EligibilityError::of(*reason, &found).told(call.principal.lang))
                .collect(),
        })
    }

    fn view(&self, eligibilities: Vec<PromotionVerdict>) -> EligibilityView {
        EligibilityView {
            id: self.id,
            catalog_item_id: self.item.catalog_item_id.clone(),
            quantity: self.item.quantity,
            billing_cycle: self.frequency.map(Frequency::as_str),
            term_duration: self.term.map(|term| term.to_string()),
            eligibilities,
            attributes: Attributes::of("PromotionEligibilities"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_a_decimal_number() {
        let shares = [5, 15, 20, 100].map(share);
        assert_eq!(shares, ["0.05", "0.15", "0.2", "1"]);
    }
}
