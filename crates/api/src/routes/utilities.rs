//! Validation utilities: addresses, the rules of countries, domains.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use serde::Serialize;
use tierline_domain::place::Country;
use tierline_domain::time::Date;
use tierline_rules::countries::{self, Part, Rules};
use tierline_rules::names::{domain_well_formed, registration_number_required};
use tierline_rules::regions;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::Attributes;
use crate::wire::people::{WireAddress, must};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/v1/validations/address",
            "Check an address by the rules of its country.",
            validate_address,
        )
        .takes::<WireAddress>()
        .answers::<AddressAnswer>(StatusCode::OK)
        .shows(
            "address-validate",
            "utilities.rs addresses_are_checked_by_country",
        ),
        route::get(
            "/v1/countryvalidationrules/{iso2-code}",
            "How addresses, telephone and tax numbers are written in a country.",
            country_rules,
        )
        .answers::<CountryRules>(StatusCode::OK)
        .shows(
            "country-validation-rules-get",
            "utilities.rs the_rules_of_a_country_are_told_flat_and_nested",
        ),
        route::route(
            Method::HEAD,
            "/v1/domains/{domain}",
            "Whether a domain is taken: 200 if it is, 404 if it is free.",
            domain,
        )
        .answers_plain(StatusCode::OK)
        .shows(
            "domain-availability-check",
            "utilities.rs a_domain_is_taken_or_free_without_a_body",
        ),
    ]
}

/// What is to be said of an address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AddressAnswer {
    original_address: WireAddress,
    suggested_addresses: Vec<WireAddress>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    validation_message: Option<String>,
}

const fn part_word(part: Part) -> &'static str {
    match part {
        Part::Line1 => "AddressLine1",
        Part::Line2 => "AddressLine2",
        Part::City => "City",
        Part::State => "State",
        Part::PostalCode => "PostalCode",
        Part::Country => "Country",
        Part::FirstName => "FirstName",
        Part::LastName => "LastName",
        Part::Phone => "PhoneNumber",
    }
}

/// Checks the form only: there is no register of streets behind it. What passes is shown as its country writes it.
async fn validate_address(call: Call) -> Result<Json<AddressAnswer>, Problem> {
    let given: WireAddress = call.body()?;
    must("country", given.country.as_ref())?;
    let address = given.read("address")?;
    let faults = countries::faults(&address);
    let street_alone = !address.line1.bytes().any(|byte| byte.is_ascii_digit());
    let (status, message) = if !faults.is_empty() {
        let parts: Vec<String> = faults
            .iter()
            .map(|fault| format!("'{}' {}", part_word(fault.part), fault.problem))
            .collect();
        ("InteractionRequired", Some(parts.join("; ")))
    } else if street_alone {
        (
            "StreetPartial",
            Some("'AddressLine1' names a street without a number".to_owned()),
        )
    } else {
        ("VerifiedShippable", None)
    };
    let suggested = faults
        .is_empty()
        .then(|| WireAddress::of(&countries::tidied(&address)));
    Ok(Json(AddressAnswer {
        original_address: WireAddress::of(&address),
        suggested_addresses: suggested.into_iter().collect(),
        status,
        validation_message: message,
    }))
}

/// A list inside an object, as the pages print it.
#[derive(Debug, Serialize, ToSchema)]
struct Nested {
    value: Vec<String>,
}

/// The rules of a country: flat, as clients read them, and nested beside it, as the pages print them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CountryRules {
    iso2_code: String,
    iso3_code: String,
    default_culture: String,
    is_state_required: bool,
    supported_states_list: Vec<String>,
    states: Nested,
    supported_languages_list: Vec<String>,
    supported_languages: Nested,
    supported_cultures_list: Vec<String>,
    supported_cultures: Nested,
    is_postal_code_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    postal_code_regex: Option<String>,
    is_city_required: bool,
    is_vat_id_supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vat_id_regex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tax_id_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tax_id_sample: Option<&'static str>,
    is_tax_id_supported: bool,
    is_registration_number_supported: bool,
    phone_number_regex: String,
    country_calling_codes_list: Vec<String>,
    country_calling_codes: Nested,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reseller_agreement_region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    geographic_region: Option<String>,
    attributes: Attributes,
}

/// Countries with value-added-tax numbers that begin with their letters.
const VAT: &str =
    "AT BE BG CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK";

/// How tax numbers look where there is one usual form: format and sample.
const TAX_IDS: [(&str, &str, &str); 4] = [
    ("US", "##-#######", "12-3456789"),
    ("CA", "#########RT####", "123456789RT0001"),
    ("AU", "## ### ### ###", "51 824 753 556"),
    ("JP", "T#############", "T1234567890123"),
];

impl CountryRules {
    fn of(rules: &Rules, today: Date) -> Self {
        let texts = |list: &[&'static str]| -> Vec<String> {
            list.iter().map(|text| (*text).to_owned()).collect()
        };
        let states: Vec<String> = rules
            .states
            .iter()
            .map(|state| state.code.to_owned())
            .collect();
        let (languages, cultures) = (
            texts(&rules.languages),
            rules.cultures().collect::<Vec<_>>(),
        );
        let calling: Vec<String> = Some(rules.calling_code)
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect();
        let vat = regions::listed(VAT, rules.country);
        // Greece writes EL where everybody else writes GR.
        let letters = match rules.country.as_str() {
            "GR" => "EL",
            other => other,
        };
        let tax = TAX_IDS
            .iter()
            .find(|(country, ..)| *country == rules.country.as_str());
        let region = regions::region_on(rules.country, today).map(|fact| fact.region.to_string());
        Self {
            iso2_code: rules.country.to_string(),
            iso3_code: rules.iso3.to_owned(),
            default_culture: cultures.first().cloned().unwrap_or_default(),
            is_state_required: rules.state_required,
            supported_states_list: states.clone(),
            states: Nested { value: states },
            supported_languages_list: languages.clone(),
            supported_languages: Nested { value: languages },
            supported_cultures_list: cultures.clone(),
            supported_cultures: Nested { value: cultures },
            is_postal_code_required: rules.postal_code_required,
            postal_code_regex: rules.postal_code_pattern(),
            is_city_required: rules.city_required,
            is_vat_id_supported: vat,
            vat_id_regex: vat.then(|| format!("^({letters})?[0-9A-Z]{{8,12}}$")),
            tax_id_format: tax.map(|(_, format, _)| *format),
            tax_id_sample: tax.map(|(.., sample)| *sample),
            is_tax_id_supported: tax.is_some(),
            is_registration_number_supported: registration_number_required(rules.country),
            phone_number_regex: rules.phone_pattern(),
            country_calling_codes_list: calling.clone(),
            country_calling_codes: Nested { value: calling },
            reseller_agreement_region: region.clone(),
            geographic_region: region,
            attributes: Attributes::of("CountryValidationRules"),
        }
    }
}

async fn country_rules(
    Path(code): Path<String>,
    call: Call,
) -> Result<Json<CountryRules>, Problem> {
    let country: Country = code
        .parse()
        .map_err(|_| Problem::malformed("iso2-code", "is a country code of two letters"))?;
    let rules = countries::of(country)
        .ok_or_else(|| Problem::not_found(&format!("country {country} of the program")))?;
    let today = call.server.app().clock().world_now().date();
    Ok(Json(CountryRules::of(rules, today)))
}

async fn domain(Path(domain): Path<String>, call: Call) -> Result<Response, Problem> {
    let domain = domain.trim().to_ascii_lowercase();
    if !domain_well_formed(&domain) {
        return Err(Problem::malformed("domain", "is no domain name"));
    }
    let taken = call
        .read(move |tx| {
            let domain = domain.clone();
            Box::pin(async move { Ok(tx.domain_held(&domain).await?) })
        })
        .await?;
    let status = if taken {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    Ok(status.into_response())
}
