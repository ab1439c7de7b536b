//! Addresses and contacts as the documentation writes them.

use serde::{Deserialize, Serialize};
use tierline_app::AppError;
use tierline_domain::address::{Address, Person};
use tierline_domain::place::Country;
use utoipa::ToSchema;

use crate::problem::Problem;

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WireAddress {
    /// Two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address_line1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address_line2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phone_number: Option<String>,
}

fn given(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

impl WireAddress {
    /// As the program keeps it.
    ///
    /// # Errors
    /// A 400 that names the country where it is no two letters.
    pub(crate) fn read(&self, path: &str) -> Result<Address, Problem> {
        let country = given(self.country.as_ref())
            .map(|code| code.parse::<Country>())
            .transpose()
            .map_err(|_| {
                let code = self.country.as_deref().unwrap_or_default();
                invalid(
                    &format!("{path}.country"),
                    &format!("`{code}` is no country code"),
                )
            })?;
        Ok(Address {
            line1: given(self.address_line1.as_ref()).unwrap_or_default(),
            line2: given(self.address_line2.as_ref()),
            city: given(self.city.as_ref()),
            state: given(self.state.as_ref()),
            postal_code: given(self.postal_code.as_ref()),
            country,
            region: given(self.region.as_ref()),
            first_name: given(self.first_name.as_ref()),
            middle_name: given(self.middle_name.as_ref()),
            last_name: given(self.last_name.as_ref()),
            phone: given(self.phone_number.as_ref()),
        })
    }

    /// As the wire shows it.
    pub(crate) fn of(address: &Address) -> Self {
        let line1 = Some(address.line1.clone());
        Self {
            country: address.country.map(|country| country.to_string()),
            region: address.region.clone(),
            city: address.city.clone(),
            state: address.state.clone(),
            address_line1: line1.filter(|line| !line.is_empty()),
            address_line2: address.line2.clone(),
            postal_code: address.postal_code.clone(),
            first_name: address.first_name.clone(),
            middle_name: address.middle_name.clone(),
            last_name: address.last_name.clone(),
            phone_number: address.phone.clone(),
        }
    }
}

/// A person to turn to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WireContact {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) phone_number: Option<String>,
}

impl WireContact {
    /// As the program keeps it.
    pub(crate) fn read(&self) -> Person {
        Person {
            first_name: given(self.first_name.as_ref()).unwrap_or_default(),
            middle_name: given(self.middle_name.as_ref()),
            last_name: given(self.last_name.as_ref()).unwrap_or_default(),
            email: given(self.email.as_ref()),
            phone: given(self.phone_number.as_ref()),
        }
    }

    /// As the wire shows it.
    pub(crate) fn of(person: &Person) -> Self {
        Self {
            first_name: Some(person.first_name.clone()),
            middle_name: person.middle_name.clone(),
            last_name: Some(person.last_name.clone()),
            email: person.email.clone(),
            phone_number: person.phone.clone(),
        }
    }
}

/// A bad value of a documented member: 400 with code 3000.
pub(crate) fn invalid(field: &str, problem: &str) -> Problem {
    Problem::documented(
        http::StatusCode::BAD_REQUEST,
        3000,
        &format!("{field}: {problem}"),
    )
}

/// A member that has to be there.
pub(crate) fn must(field: &str, value: Option<&String>) -> Result<String, Problem> {
    given(value).ok_or_else(|| invalid(field, "is missing"))
}

/// A path of members in our words as the wire spells it: `default_address.postal_code` is
/// `defaultAddress.postalCode`.
pub(crate) fn spelled(path: &str) -> String {
    let mut spelled = String::with_capacity(path.len());
    let mut capital = false;
    for letter in path.chars() {
        if letter == '_' {
            capital = true;
        } else if capital {
            spelled.extend(letter.to_uppercase());
            capital = false;
        } else {
            spelled.push(letter);
        }
    }
    spelled
}

/// A failure of a command whose bad members are named as the wire spells them; a version that is not the one on
/// record is answered as documented.
pub(crate) fn named(error: AppError, prefix: &str) -> Result<Problem, AppError> {
    match error {
        AppError::Invalid { field, problem } if field == "etag" => Ok(Problem::documented(
            http::StatusCode::BAD_REQUEST,
            2055,
            &format!("etag: {problem}; read it again and repeat the change"),
        )),
        AppError::Invalid { field, problem } => {
            Ok(invalid(&format!("{prefix}{}", spelled(&field)), &problem))
        }
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_as_the_wire_spells_them() {
        assert_eq!(
            spelled("default_address.address_line1"),
            "defaultAddress.addressLine1"
        );
        assert_eq!(spelled("email"), "email");
    }

    #[test]
    fn an_address_goes_in_and_out_unchanged() {
        let wire = WireAddress {
            country: Some("US".to_owned()),
            city: Some("Salem".to_owned()),
            state: Some("OR".to_owned()),
            address_line1: Some("1 Mill Street".to_owned()),
            postal_code: Some("97301".to_owned()),
            ..WireAddress::default()
        };
        assert_eq!(WireAddress::of(&wire.read("address").unwrap()), wire);
    }
}
