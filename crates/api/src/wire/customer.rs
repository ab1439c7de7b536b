//! Customers as the documented wire writes them.
//!
//! Written straight from what was read: a tree of values in between costs more than everything else that
//! answers a read.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tierline_domain::customer::Customer;
use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::place::Country;
use tierline_store::tables::Contact;

/// One address of the wire, and how it is called.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    uri: String,
    method: &'static str,
    headers: [u8; 0],
}

impl Link {
    fn to(uri: String) -> Self {
        Self {
            uri,
            method: "GET",
            headers: [],
        }
    }
}

/// The addresses beside a resource or a page.
#[derive(Debug, Serialize)]
pub(crate) struct Links {
    #[serde(rename = "self")]
    this: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Link>,
}

impl Links {
    pub(crate) fn to(uri: String) -> Self {
        let this = Link::to(uri);
        Self { this, next: None }
    }

    /// With the address of the next page, where there is one.
    pub(crate) fn and_next(self, uri: Option<String>) -> Self {
        let next = uri.map(Link::to);
        Self { next, ..self }
    }
}

/// What kind of thing a resource is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    object_type: &'static str,
}

impl Attributes {
    pub(crate) const fn of(object_type: &'static str) -> Self {
        Self {
            etag: None,
            object_type,
        }
    }
}

/// What the wire shows of a company.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompanyProfile<'a> {
    tenant_id: Id<Tenant>,
    domain: &'a str,
    company_name: &'a str,
    links: Links,
    attributes: Attributes,
}

impl<'a> CompanyProfile<'a> {
    pub(crate) fn of(tenant: &'a Tenant, company_name: &'a str) -> Self {
        Self {
            tenant_id: tenant.id,
            domain: &tenant.domain,
            company_name,
            links: Links::to(format!("/customers/{}/profiles/company", tenant.id)),
            attributes: Attributes::of("CustomerCompanyProfile"),
        }
    }
}

/// The address as it was given, in the country of the tenant.
#[derive(Debug)]
struct Address<'a> {
    given: Option<&'a Value>,
    country: Country,
}

impl Serialize for Address<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let given = match self.given {
            Some(Value::Object(given)) => Some(given),
            Some(other) => return other.serialize(serializer),
            None => None,
        };
        let mut map = serializer.serialize_map(None)?;
        let mut has_country = false;
        for (name, value) in given.into_iter().flatten() {
            if name == "country" {
                has_country = true;
                map.serialize_entry(name, &self.country)?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        if !has_country {
            map.serialize_entry("country", &self.country)?;
        }
        map.end()
    }
}

/// Who is billed, and in which language.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BillingProfile<'a> {
    id: Id<Tenant>,
    email: Email<'a>,
    culture: &'a str,
    language: &'a str,
    company_name: &'a str,
    default_address: Address<'a>,
    links: Links,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
}

/// A mail address on record, or the one that every tenant has.
#[derive(Debug)]
enum Email<'a> {
    Given(&'a str),
    AdminOf(&'a str),
}

impl Serialize for Email<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(email) => serializer.serialize_str(email),
            Self::AdminOf(domain) => serializer.collect_str(&format_args!("admin@{domain}")),
        }
    }
}

impl<'a> BillingProfile<'a> {
    pub(crate) fn of(
        tenant: &'a Tenant,
        company_name: &'a str,
        details: Option<&'a Customer>,
        contact: Option<&'a Contact>,
    ) -> Self {
        let version = details.map_or(1, |details| details.version);
        Self {
            id: tenant.id,
            email: contact.map_or(Email::AdminOf(&tenant.domain), |contact| {
                Email::Given(&contact.email)
            }),
            culture: details.map_or("en-US", |details| &details.culture),
            language: details.map_or("en", |details| &details.language),
            company_name,
            default_address: Address {
                given: contact.map(|contact| &contact.address.0),
                country: tenant.country,
            },
            links: Links::to(format!("/customers/{}/profiles/billing", tenant.id)),
            attributes: Attributes {
                etag: Some(version.to_string()),
                object_type: "CustomerBillingProfile",
            },
            first_name: contact.and_then(|contact| contact.first_name.as_deref()),
            last_name: contact.and_then(|contact| contact.last_name.as_deref()),
        }
    }
}

/// A customer in the short form of lists.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed<'a> {
    pub(crate) id: Id<Tenant>,
    pub(crate) company_profile: CompanyProfile<'a>,
    pub(crate) relationship_to_partner: &'static str,
    pub(crate) links: Links,
    pub(crate) attributes: Attributes,
}

/// A page of customers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<'a> {
    pub(crate) total_count: usize,
    pub(crate) items: Vec<Listed<'a>>,
    pub(crate) links: Links,
    pub(crate) attributes: Attributes,
}

/// The first administrator of a new tenant; shown once.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Credentials {
    pub(crate) user_name: &'static str,
    pub(crate) password: String,
}

/// A customer in full.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Full<'a> {
    pub(crate) id: Id<Tenant>,
    pub(crate) commerce_id: Id<Tenant>,
    pub(crate) company_profile: CompanyProfile<'a>,
    pub(crate) billing_profile: BillingProfile<'a>,
    pub(crate) relationship_to_partner: &'static str,
    pub(crate) allow_delegated_access: bool,
    pub(crate) custom_domains: [&'a str; 1],
    pub(crate) links: Links,
    pub(crate) attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_credentials: Option<Credentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) associated_partner_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_country_of_an_address_is_the_tenants() {
        let country: Country = "DE".parse().unwrap();
        let shown = |given: Option<&Value>| {
            let address = Address { given, country };
            serde_json::to_string(&address).unwrap()
        };
        assert_eq!(shown(None), r#"{"country":"DE"}"#);
        let given = json!({ "city": "Bonn", "country": "de", "state": null });
        assert_eq!(
            shown(Some(&given)),
            r#"{"city":"Bonn","country":"DE","state":null}"#
        );
        let given = json!({ "city": "Bonn" });
        assert_eq!(shown(Some(&given)), r#"{"city":"Bonn","country":"DE"}"#);
    }
}
