//! Contact data of applicants: whose domain an address is on, and whether a number can be one.

/// Mail services open to everybody: first labels of their domains. The primary contact of a company is
/// never there (ENR-004).
const CONSUMER_MAIL: &[&str] = &[
    "aol",
    "freemail",
    "gmail",
    "gmx",
    "googlemail",
    "hotmail",
    "icloud",
    "live",
    "mail",
    "me",
    "msn",
    "outlook",
    "proton",
    "protonmail",
    "qq",
    "t-online",
    "web",
    "webmail",
    "yahoo",
    "yandex",
    "ymail",
    "zoho",
];

/// The domain of a mail address.
#[must_use]
pub fn domain_of(email: &str) -> Option<String> {
    let (local, domain) = email.trim().rsplit_once('@')?;
    let sound = !local.is_empty() && domain.contains('.') && !domain.contains(char::is_whitespace);
    sound.then(|| domain.to_ascii_lowercase())
}

/// Whether an address is on a domain of the company: one of those on record or, where none is, any that
/// belongs to no consumer mail service (ENR-004).
#[must_use]
pub fn on_company_domain(email: &str, own: &[String]) -> bool {
    let Some(domain) = domain_of(email) else {
        return false;
    };
    if own.is_empty() {
        let service = domain.split('.').next().unwrap_or_default();
        let known = CONSUMER_MAIL.contains(&service);
        return !known && !service.contains("mail");
    }
    own.iter().any(|own| {
        let own = own.to_ascii_lowercase();
        domain == own || domain.ends_with(&format!(".{own}"))
    })
}

/// Whether a text can be a business registration number: letters, digits and the usual signs, with digits
/// among them (IDN-021). The countries' own patterns are narrower.
#[must_use]
pub fn registration_number(number: &str) -> bool {
    let length = number.chars().count();
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (5..=20).contains(&length)
        && digits >= 4
        && number
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '/' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_on_the_companys_domain() {
        let own = ["ir-a.example".to_owned()];
        assert!(on_company_domain("it@ir-a.example", &own));
        assert!(on_company_domain("it@paris.ir-a.example", &own));
        assert!(!on_company_domain("it@other.example", &own));
        assert!(!on_company_domain("it@notir-a.example", &own));
        assert!(!on_company_domain("ir-a.example", &own));
        assert!(on_company_domain("it@new-company.example", &[]));
        assert!(!on_company_domain("owner@gmail.com", &[]));
        assert!(!on_company_domain("owner@freemail.example", &[]));
        assert!(!on_company_domain("owner@", &[]));
    }

    #[test]
    fn numbers_have_digits() {
        assert!(registration_number("12.345.678/0001-95"));
        assert!(!registration_number("??"));
        assert!(!registration_number("none at all"));
    }
}
