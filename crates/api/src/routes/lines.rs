//! What lines of carts and of orders have in common: how they are read, and the parts that both show.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use tierline_app::order::Wanted;
use tierline_app::{AppError, catalogue};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::money::Currency;
use tierline_domain::order::{Commitment, Line, Pricing};
use tierline_domain::time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::call::Call;
use crate::problem::Problem;
use crate::wire::body;
use crate::wire::decimal::Decimal;

/// A reseller that takes part in a sale.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LineParticipant {
    /// `transaction_reseller` or `additional_transaction_reseller`.
    pub(super) key: String,
    /// Its PartnerID.
    pub(super) value: String,
}

/// What a line renews to.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RenewsTo {
    #[schema(required = true)]
    term_duration: String,
}

/// What a savings plan promises to spend.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(super) struct NewCommitment {
    #[schema(value_type = Decimal)]
    amount: String,
    grain: Option<String>,
    currency: Option<String>,
}

/// What a savings plan promises to spend, as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PurchaseCommitment {
    amount: Decimal,
    currency: String,
    grain: String,
}

impl PurchaseCommitment {
    pub(super) fn of(commitment: &Commitment) -> Self {
        Self {
            amount: Decimal::read(&commitment.amount),
            currency: commitment.currency.clone(),
            grain: commitment.grain.clone(),
        }
    }
}

/// Prices before tax: of one unit, and of the line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Prices {
    list_price: Decimal,
    discounted_price: Decimal,
    prorated_price: Decimal,
    price: Decimal,
    extended_price: Decimal,
}

impl Prices {
    pub(super) fn of(pricing: Pricing, quantity: i64) -> Result<Self, AppError> {
        Ok(Self {
            list_price: Decimal::of(pricing.list),
            discounted_price: Decimal::of(pricing.discounted),
            prorated_price: Decimal::of(pricing.prorated),
            price: Decimal::of(pricing.prorated),
            extended_price: Decimal::of(pricing.prorated.times(quantity)?),
        })
    }
}

/// The parts of a line that are read the same way in a cart and in an order.
pub(super) struct Given<'a> {
    /// Where the identifier stands, for messages.
    pub(super) member: &'static str,
    pub(super) item: Option<&'a str>,
    pub(super) quantity: Option<i64>,
    pub(super) term: Option<&'a str>,
    pub(super) cycle: Option<&'a str>,
    pub(super) currency: Option<&'a str>,
    pub(super) end: Option<&'a str>,
    pub(super) renews_to: Option<&'a RenewsTo>,
    pub(super) context: Option<&'a BTreeMap<String, String>>,
    pub(super) commitment: Option<&'a NewCommitment>,
    pub(super) attested: Option<bool>,
    pub(super) friendly_name: Option<&'a str>,
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A term as a period.
pub(super) fn term(text: Option<&str>, member: &str) -> Result<Option<Term>, Problem> {
    said(text)
        .map(|text| text.to_uppercase().parse())
        .transpose()
        .map_err(|_| Problem::malformed(member, "is a period such as P1M or P1Y"))
}

/// A billing cycle in any style; `unknown` asks for the default.
pub(super) fn cycle(text: Option<&str>, member: &str) -> Result<Option<Frequency>, Problem> {
    let word = said(text).map(body::word).filter(|word| word != "unknown");
    word.map(|word| {
        word.replace("onetime", "one_time")
            .parse()
            .map_err(|_| Problem::malformed(member, &format!("`{word}` is no billing cycle")))
    })
    .transpose()
}

impl Given<'_> {
    /// The line as a command takes it.
    ///
    /// # Errors
    /// A 400 that names the member.
    pub(super) fn wanted(&self, customer: &str, items: &Items) -> Result<Wanted, Problem> {
        let given = said(self.item).ok_or_else(|| Problem::malformed(self.member, "is missing"))?;
        let item = items.of(self.item);
        let item = item.map_or(given, |item| item.handle.as_str());
        let currency = said(self.currency).map(|text| text.to_uppercase().parse::<Currency>());
        let context = self.context.cloned().unwrap_or_default();
        let base = context
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case("parentSubscriptionId"))
            .map(|(_, value)| value.as_str());
        let parent = parent(base, "lineItems.provisioningContext.parentSubscriptionId")?;
        let renews_to = self.renews_to.map(|renews| renews.term_duration.as_str());
        Ok(Wanted {
            quantity: self.quantity.unwrap_or(1),
            term: term(self.term, "lineItems.termDuration")?,
            frequency: cycle(self.cycle, "lineItems.billingCycle")?,
            custom_end: end(self.end)?,
            currency: currency
                .transpose()
                .map_err(|_| Problem::malformed("lineItems.currencyCode", "is three letters"))?,
            attestation_accepted: self.attested.unwrap_or(false),
            parent,
            friendly_name: said(self.friendly_name).map(str::to_owned),
            renews_to: term(renews_to, "lineItems.renewsTo.termDuration")?,
            context,
            commitment: self.commitment.map(commitment).transpose()?,
            ..Wanted::one_of(customer, item)
        })
    }
}

/// A failure of one line names it by its place: `lineItems[1].quantity`.
pub(super) fn in_line(place: usize) -> impl FnOnce(Problem) -> Problem {
    move |mut problem| {
        if let Some(member) = problem.description.strip_prefix("lineItems.") {
            problem.description = format!("lineItems[{place}].{member}");
        }
        problem
    }
}

/// The id of the subscription that a line hangs on; whether there is one is for the command to say.
///
/// # Errors
/// A 400 where it is no GUID.
pub(super) fn parent(text: Option<&str>, member: &str) -> Result<Option<String>, Problem> {
    let Some(given) = said(text) else {
        return Ok(None);
    };
    let id = Uuid::try_parse(given).map_err(|_| {
        let text =
            format!("`{given}` is no GUID; give the id of the base's or plan's subscription");
        Problem::malformed(member, &text)
    })?;
    Ok(Some(id.to_string()))
}

/// The day of an instant, in any documented form.
fn end(text: Option<&str>) -> Result<Option<Date>, Problem> {
    said(text)
        .map(|text| text.get(..10).unwrap_or(text).parse())
        .transpose()
        .map_err(|_| {
            Problem::malformed(
                "lineItems.customTermEndDate",
                "begins with a date such as 2026-12-31",
            )
        })
}

fn commitment(given: &NewCommitment) -> Result<Commitment, Problem> {
    let commitment = Commitment {
        amount: given.amount.clone(),
        currency: given.currency.clone().unwrap_or_else(|| "usd".to_owned()),
        grain: given.grain.clone().unwrap_or_else(|| "hourly".to_owned()),
    };
    if body::word(&commitment.grain) != "hourly" {
        return Err(Problem::malformed(
            "lineItems.purchaseCommitment.grain",
            "is `hourly`",
        ));
    }
    match commitment.price(Term::YEAR) {
        Ok(price) if price.minor > 0 => Ok(commitment),
        _ => Err(Problem::malformed(
            "lineItems.purchaseCommitment",
            "is an amount above zero, such as 0.05, and a currency",
        )),
    }
}

/// A body that names its customer names the one of its path.
///
/// # Errors
/// The documented 400 for invalid input.
pub(super) fn of_path(named: Option<&str>, customer: &str) -> Result<(), Problem> {
    let guid = |text: &str| Uuid::try_parse(text).ok();
    let same = |named: &str| {
        named.eq_ignore_ascii_case(customer)
            || guid(named).is_some_and(|id| guid(customer) == Some(id))
    };
    if said(named).is_none_or(same) {
        return Ok(());
    }
    let text = "referenceCustomerId: is the customer of the path, or left out";
    Err(Problem::documented(StatusCode::BAD_REQUEST, 800_002, text))
}

/// The items of a request's lines, by the identifiers that it gave.
pub(super) struct Items(BTreeMap<String, Item>);

impl Items {
    /// The item of an identifier; none where it names nothing.
    pub(super) fn of(&self, given: Option<&str>) -> Option<&Item> {
        self.0.get(said(given)?)
    }
}

/// Looks up the items that a request names: ids of the catalogue in any case, short names or GUIDs.
pub(super) async fn items<'a>(
    call: &Call,
    given: impl Iterator<Item = Option<&'a str>>,
) -> Result<Items, Problem> {
    let given: BTreeSet<String> = given.filter_map(said).map(str::to_owned).collect();
    call.read(move |tx| {
        let given = given.clone();
        Box::pin(async move {
            let mut found = BTreeMap::new();
            for given in given {
                let item = catalogue::item_of_wire(tx, &given).await?;
                found.extend(item.map(|item| (given, item)));
            }
            Ok(Items(found))
        })
    })
    .await
}

/// A failure as it goes to the wire; an identifier that names nothing has a documented code (ORD-006).
pub(super) fn problem(call: &Call, member: &str, error: AppError) -> Problem {
    match error {
        AppError::NotFound { what: "item", name } => Problem::documented(
            StatusCode::NOT_FOUND,
            400_013,
            &format!("{member}: {name} is not in the catalogue"),
        ),
        error => call.problem(error),
    }
}

/// The resellers of a line, in the form of carts.
pub(super) fn participants(line: &Line) -> Vec<LineParticipant> {
    let participant = |key: &str, value: &String| LineParticipant {
        key: key.to_owned(),
        value: value.clone(),
    };
    line.partner_of_record
        .iter()
        .map(|value| participant("transaction_reseller", value))
        .chain(
            line.further_resellers
                .iter()
                .map(|value| participant("additional_transaction_reseller", value)),
        )
        .collect()
}

/// The term as a period; plans have none.
pub(super) fn period(line: &Line) -> Option<String> {
    match line.term {
        Term::None => None,
        Term::OneTime => Some(String::new()),
        term @ (Term::Months(_) | Term::Uneven { .. }) => Some(term.to_string()),
    }
}

pub(super) fn renews_to(line: &Line) -> Option<RenewsTo> {
    line.details.renews_to.map(|term| RenewsTo {
        term_duration: term.to_string(),
    })
}

/// The end that was chosen, as the last instant of its day (GEN-004).
pub(super) fn custom_end(line: &Line) -> Option<String> {
    line.custom_end.map(|day| format!("{day}T23:59:59Z"))
}

/// Where the line is provisioned, if that was said.
pub(super) fn context(line: &Line) -> Option<BTreeMap<String, String>> {
    Some(line.details.context.clone()).filter(|context| !context.is_empty())
}
