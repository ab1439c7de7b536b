//! Values of a command that are well formed and still cannot be: a field is named, and nothing is decided.

use tierline_domain::place::Country;
use tierline_rules::regions;

use crate::error::AppError;

/// A country that exists, in a region of the program or in none (REG-018).
///
/// # Errors
/// When there is no such country.
pub fn country(field: &str, country: Country) -> Result<(), AppError> {
    if regions::exists(country) {
        return Ok(());
    }
    Err(AppError::invalid(
        field,
        format!("there is no country {country}; give an ISO 3166-1 code such as FR"),
    ))
}

/// A text that says something.
///
/// # Errors
/// When it is blank.
pub fn text(field: &str, text: &str) -> Result<(), AppError> {
    if text.trim().is_empty() {
        return Err(AppError::invalid(field, "must not be empty"));
    }
    Ok(())
}

/// A text of at most so many letters, without the blanks around it.
///
/// # Errors
/// When it is longer.
pub fn bounded(field: &str, text: &str, most: usize) -> Result<String, AppError> {
    if text.chars().count() > most {
        let problem = format!("has more than {most} letters");
        return Err(AppError::invalid(field, problem));
    }
    Ok(text.trim().to_owned())
}

/// The same, and it says something.
///
/// # Errors
/// When it is blank or longer.
pub fn said(field: &str, given: &str, most: usize) -> Result<String, AppError> {
    text(field, given)?;
    bounded(field, given, most)
}

/// A name that the caller gives to something new.
///
/// # Errors
/// When something of its kind has that name.
pub fn free(field: &str, name: &str, taken: bool) -> Result<(), AppError> {
    if taken {
        return Err(AppError::Conflict(format!(
            "{field}: the name {name} is taken"
        )));
    }
    Ok(())
}
