//! Names, mail addresses, domains and registration numbers: what is well formed (CUS-011 to CUS-014, ENR-004,
//! IDN-021).

use tierline_domain::place::Country;
use tierline_domain::words;

use crate::regions::{NUMBER_REQUIRED, listed};

words! {
    /// What is wrong with a company name (CUS-013).
    pub enum NameFault {
        /// Nothing in it but blanks.
        OnlyBlanks = "only blanks",
        /// One character.
        SingleCharacter = "a single character",
        /// No letter and no digit.
        OnlySpecialCharacters = "only special characters",
        /// A legal form and no name.
        BareLegalForm = "a bare legal form",
    }
}

/// Words that say how a company is organized, without dots and in lower case.
const LEGAL_FORMS: &str = "\
ab ag ao aps as asa bhd bt bv bvba company co coltd corp corporation cv cvba doo dooel eeig eg eireli eirl ek ev gbr \
gesmbh gie gmbh inc incorporated jsc kg kgaa kft kk kkt lda limited llc llp lp ltd ltda mbh nv oao od oeg og ohg ojsc \
ood oo ooo oy oyj pao partg pc pjsc plc pllc private pte pty pvt pt rt sa sab sapi sarl sas sasu sca scop scs sdn se \
sencrl sia sl slne slu snc sp spa spj spk spzoo sprl srl sro ss stg tbk tov uab ug ulc vof yk z zao zoo zrt";

/// The same in scripts that put no blank before them.
const LEGAL_FORMS_ELSEWHERE: [&str; 10] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "有限公司",
    "股份有限公司",
    "주식회사",
    "ооо",
    "тов",
];

/// Names that are no name of a company but pass every rule: accepted with a warning.
const DUBIOUS: &str = "abc anonymous asdf blank company customer demo example dummy na name no none null owner private \
qwerty sample self test testing tbd unknown user xxx xyz";

fn counts(letter: char) -> bool {
    letter.is_alphanumeric()
}

/// Whether two words are the same apart from case and from dots and the like in the first.
fn same_word(written: &str, word: &str) -> bool {
    let mut letters = written.chars().filter(|letter| counts(*letter));
    let mut wanted = word.chars();
    loop {
        match (letters.next(), wanted.next()) {
            (None, None) => return true,
            (Some(letter), Some(want)) if letter.to_lowercase().eq(want.to_lowercase()) => {}
            _ => return false,
        }
    }
}

fn among(list: &str, written: &str) -> bool {
    list.split_ascii_whitespace()
        .any(|word| same_word(written, word))
}

/// Words of a name; what has no letter and no digit ("&", "-") is no word.
fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | '&' | '+' | '/'))
        .filter(|word| word.chars().any(counts))
}

fn legal_form(word: &str) -> bool {
    among(LEGAL_FORMS, word)
        || LEGAL_FORMS_ELSEWHERE
            .iter()
            .any(|form| same_word(word, form))
}

/// What is wrong with a company name, if anything (CUS-013).
#[must_use]
pub fn company_name_fault(name: &str) -> Option<NameFault> {
    let name = name.trim();
    let mut letters = name.chars();
    if letters.next().is_none() {
        return Some(NameFault::OnlyBlanks);
    }
    if letters.next().is_none() {
        return Some(NameFault::SingleCharacter);
    }
    if !name.chars().any(counts) {
        return Some(NameFault::OnlySpecialCharacters);
    }
    let bare = words_of(name).all(legal_form);
    bare.then_some(NameFault::BareLegalForm)
}

/// A name that passes but is hardly that of a company: worth a warning, never a refusal (CUS-013).
#[must_use]
pub fn company_name_dubious(name: &str) -> bool {
    let mut named = words_of(name).filter(|word| !legal_form(word));
    let Some(first) = named.next() else {
        return false;
    };
    let mut letters = first.chars().filter(|letter| counts(*letter));
    let initial = letters.next();
    let repeated = initial.is_some_and(|initial| letters.all(|letter| letter == initial));
    let digits = first.chars().all(|letter| letter.is_ascii_digit());
    named.next().is_none() && (repeated || digits || among(DUBIOUS, first))
}

/// Domains of the operator's own mail; nobody else's address is on them (CUS-014).
pub const OPERATOR_DOMAINS: [&str; 2] = ["operator.example", "tierline.example"];

/// Mail services anyone can join: first labels of their domains. An address there proves no company
/// (ENR-004).
const CONSUMER_MAIL: &str = "aol freemail gmail gmx googlemail hotmail icloud laposte libero live mail me msn naver \
orange outlook proton protonmail qq t-online wanadoo web webmail yahoo yandex ymail zoho 126 163";

/// The longest domain name.
const DOMAIN_CHARS_MAX: usize = 253;
/// The longest part of one.
const LABEL_CHARS_MAX: usize = 63;
/// The longest local part of a mail address.
const LOCAL_CHARS_MAX: usize = 64;

/// A domain name of at least two parts.
#[must_use]
pub fn domain_well_formed(domain: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_CHARS_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.len() <= DOMAIN_CHARS_MAX && domain.contains('.') && domain.split('.').all(label)
}

/// The domain of a mail address, if it has the form of one.
#[must_use]
pub fn mail_domain(address: &str) -> Option<&str> {
    let (local, domain) = address.rsplit_once('@')?;
    let letter = |byte: u8| {
        byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte) || !byte.is_ascii()
    };
    let well_formed = !local.is_empty()
        && local.len() <= LOCAL_CHARS_MAX
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.bytes().all(letter);
    (well_formed && domain_well_formed(domain)).then_some(domain)
}

/// Whether a host is a domain or lies under it.
#[must_use]
pub fn under_domain(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let (Some(head), Some(tail)) = (host.get(..start), host.get(start..)) else {
        return false;
    };
    tail.eq_ignore_ascii_case(domain) && (head.is_empty() || head.ends_with('.'))
}

/// Whether a mail address is on a domain or under it.
#[must_use]
pub fn on_domain(address: &str, domain: &str) -> bool {
    mail_domain(address).is_some_and(|host| under_domain(host, domain))
}

/// Whether a mail address is the operator's.
#[must_use]
pub fn on_operator_domain(address: &str) -> bool {
    OPERATOR_DOMAINS
        .iter()
        .any(|domain| on_domain(address, domain))
}

/// Whether a host is a mail service that anyone can join, as far as its name tells.
fn consumer_mail(host: &str) -> bool {
    let service = host.split('.').next().unwrap_or_default();
    CONSUMER_MAIL
        .split_ascii_whitespace()
        .any(|known| known.eq_ignore_ascii_case(service))
        || service.to_ascii_lowercase().contains("mail")
}

/// Whether a mail address is on a domain of the company: one of those on record or, where none is, any that
/// belongs to no consumer mail service (ENR-004).
#[must_use]
pub fn on_company_domain(address: &str, own: &[String]) -> bool {
    let Some(host) = mail_domain(address.trim()) else {
        return false;
    };
    if own.is_empty() {
        return !consumer_mail(host);
    }
    own.iter().any(|own| under_domain(host, own))
}

/// How a country writes company registration numbers. In a pattern `9` stands for a digit, `A` for a
/// letter, `#` for either, everything else for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    /// The country.
    pub country: &'static str,
    /// What the number is called there.
    pub called: &'static str,
    /// Any of these fits; none means [`ANY_NUMBER`].
    pub patterns: &'static [&'static str],
}

const fn number(
    country: &'static str,
    called: &'static str,
    patterns: &'static [&'static str],
) -> NumberFormat {
    NumberFormat {
        country,
        called,
        patterns,
    }
}

/// The 24 countries that require a number (IDN-021, CUS-012), in the order of their codes.
///
/// Where a country has no one form (licences of several authorities, or a register that was renumbered),
/// [`ANY_NUMBER`] stands.
pub const NUMBER_FORMATS: [NumberFormat; 24] = [
    number("AE", "trade licence number", &[]),
    number("AM", "taxpayer identification number", &["99999999"]),
    number("AZ", "taxpayer identification number", &["9999999999"]),
    number("BR", "CNPJ", &["99.999.999/9999-99", "99999999999999"]),
    number("BY", "UNP", &["999999999"]),
    number(
        "HU",
        "company registration number",
        &["99-99-999999", "99999999-9-99"],
    ),
    number(
        "IN",
        "CIN, LLPIN or PAN",
        &["A99999AA9999AAA999999", "AAA-9999", "AAAAA9999A"],
    ),
    number("IQ", "company registration number", &[]),
    number("KG", "INN", &["99999999999999"]),
    number("KZ", "BIN", &["999999999999"]),
    number("MD", "IDNO", &["9999999999999"]),
    number("MM", "company registration number", &[]),
    number(
        "PL",
        "KRS, NIP or REGON",
        &["9999999999", "999999999", "99999999999999"],
    ),
    number("RU", "INN or OGRN", &["9999999999", "9999999999999"]),
    number("SA", "commercial registration number", &["9999999999"]),
    number("SS", "company registration number", &[]),
    number("TH", "juristic person number", &["9999999999999"]),
    number("TJ", "INN", &["999999999"]),
    number(
        "TR",
        "VKN or MERSIS number",
        &["9999999999", "9999999999999999"],
    ),
    number("UA", "EDRPOU code", &["99999999"]),
    number("UZ", "INN", &["999999999"]),
    number("VE", "RIF", &["A-99999999-9", "A999999999"]),
    number("VN", "enterprise code", &["9999999999", "9999999999-999"]),
    number("ZA", "company registration number", &["9999/999999/99"]),
];

/// The form of a number in a country without a pattern of its own: six to twenty letters, digits, blanks,
/// dots, dashes and slashes, at least six of them digits.
pub const ANY_NUMBER: &str =
    "6 to 20 letters, digits, blanks, dots, dashes and slashes, at least 6 digits";

const ANY_CHARS_MAX: usize = 20;
const ANY_DIGITS_MIN: usize = 6;

/// Whether a country requires a registration number.
#[must_use]
pub fn registration_number_required(country: Country) -> bool {
    listed(NUMBER_REQUIRED, country)
}

fn format_of(country: Country) -> Option<&'static NumberFormat> {
    NUMBER_FORMATS
        .iter()
        .find(|format| format.country == country.as_str())
}

fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(given, wanted)| match wanted {
                b'9' => given.is_ascii_digit(),
                b'A' => given.is_ascii_alphabetic(),
                b'#' => given.is_ascii_alphanumeric(),
                literal => given == literal,
            })
}

fn any_number(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b" .-/".contains(&byte);
    text.len() <= ANY_CHARS_MAX
        && text.bytes().all(letter)
        && text.bytes().filter(u8::is_ascii_digit).count() >= ANY_DIGITS_MIN
}

/// Whether a registration number has the country's form. Elsewhere it is optional, and anything goes.
#[must_use]
pub fn registration_number_fits(country: Country, text: &str) -> bool {
    let text = text.trim();
    match format_of(country) {
        None => true,
        Some(format) if format.patterns.is_empty() => any_number(text),
        Some(format) => format.patterns.iter().any(|pattern| fits(text, pattern)),
    }
}

/// The form that is expected in a country, in words; absent where the number is optional.
#[must_use]
pub fn registration_number_form(country: Country) -> Option<String> {
    let format = format_of(country)?;
    let form = if format.patterns.is_empty() {
        ANY_NUMBER.to_owned()
    } else {
        format!("{} (9 a digit, A a letter)", format.patterns.join(" or "))
    };
    Some(format!("{}: {form}", format.called))
}

/// A number that fits, for whoever needs one that is well formed; absent where the number is optional.
#[must_use]
pub fn registration_number_example(country: Country) -> Option<String> {
    let format = format_of(country)?;
    let pattern = format.patterns.first().unwrap_or(&"999999");
    let mut digit = 0_u8;
    let example = pattern
        .chars()
        .map(|letter| match letter {
            '9' | '#' => {
                digit = digit.checked_rem(9).unwrap_or(0).saturating_add(1);
                char::from(b'0'.saturating_add(digit))
            }
            'A' => 'A',
            literal => literal,
        })
        .collect();
    Some(example)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().unwrap()
    }

    #[test]
    fn company_names_say_more_than_a_legal_form() {
        let faults = [
            ("", NameFault::OnlyBlanks),
            ("   ", NameFault::OnlyBlanks),
            ("X", NameFault::SingleCharacter),
            (" 花 ", NameFault::SingleCharacter),
            ("--", NameFault::OnlySpecialCharacters),
            ("&%!", NameFault::OnlySpecialCharacters),
            ("llc", NameFault::BareLegalForm),
            ("L.L.C.", NameFault::BareLegalForm),
            ("GmbH & Co. KG", NameFault::BareLegalForm),
            ("Pty Ltd", NameFault::BareLegalForm),
            ("S.A.", NameFault::BareLegalForm),
            ("Sp. z o.o.", NameFault::BareLegalForm),
            ("株式会社", NameFault::BareLegalForm),
            ("ООО", NameFault::BareLegalForm),
        ];
        for (name, fault) in faults {
            assert_eq!(company_name_fault(name), Some(fault), "{name}");
        }
        for name in [
            "Orchard Bakery SAS",
            "3M",
            "Sonce Trade LLC",
            "HP",
            "AB Volta",
            "花王",
            "株式会社花",
            "O2 Ltd.",
        ] {
            assert_eq!(company_name_fault(name), None, "{name}");
        }
    }

    #[test]
    fn dubious_names_are_only_dubious() {
        for name in ["Test", "xxxx Ltd", "12345", "N.A.", "Unknown GmbH"] {
            assert!(company_name_dubious(name), "{name}");
        }
        for name in ["Orchard Bakery SAS", "3M", "Test Rite International"] {
            assert!(!company_name_dubious(name), "{name}");
        }
    }

    #[test]
    fn addresses_have_a_form_and_a_domain() {
        assert_eq!(mail_domain("it@sonce.example"), Some("sonce.example"));
        for bad in [
            "",
            "it",
            "@sonce.example",
            "it@",
            "it@sonce",
            "it@.example",
            "i t@sonce.example",
            "a..b@sonce.example",
            "it@sonce.example.",
            "it@-a.example",
        ] {
            assert_eq!(mail_domain(bad), None, "{bad}");
        }
        assert!(on_domain("it@IP-1.example", "ip-1.example"));
        assert!(on_domain("it@mail.ip-1.example", "ip-1.example"));
        assert!(!on_domain("it@my-ip-1.example", "ip-1.example"));
        assert!(!on_domain("it@example", "ip-1.example"));
        assert!(on_operator_domain("it@operator.example"));
    }

    #[test]
    fn contacts_are_on_the_companys_domain() {
        let own = ["ir-a.example".to_owned()];
        assert!(on_company_domain("it@ir-a.example", &own));
        assert!(on_company_domain("it@paris.IR-A.example", &own));
        assert!(!on_company_domain("it@other.example", &own));
        assert!(!on_company_domain("it@notir-a.example", &own));
        assert!(!on_company_domain("ir-a.example", &own));
        assert!(on_company_domain("it@new-company.example", &[]));
        assert!(!on_company_domain("owner@GMAIL.com", &[]));
        assert!(!on_company_domain("owner@t-online.de", &[]));
        assert!(!on_company_domain("owner@freemail.example", &[]));
        assert!(!on_company_domain("owner@", &[]));
    }

    #[test]
    fn formats_cover_the_countries_that_require_a_number() {
        let mut codes: Vec<&str> = NUMBER_FORMATS.iter().map(|format| format.country).collect();
        codes.sort_unstable();
        let mut required: Vec<&str> = NUMBER_REQUIRED.split_ascii_whitespace().collect();
        required.sort_unstable();
        assert_eq!(codes, required);
    }

    #[test]
    fn an_example_fits_its_country_and_nonsense_fits_none() {
        for format in &NUMBER_FORMATS {
            let country = country(format.country);
            let example = registration_number_example(country).unwrap();
            assert!(registration_number_fits(country, &example), "{example}");
            assert!(registration_number_form(country).is_some());
            for nonsense in ["??", "", "none", "12", "abc", "not a number", "12345"] {
                assert!(!registration_number_fits(country, nonsense), "{nonsense}");
            }
        }
        assert!(registration_number_fits(country("FR"), "anything"));
        assert_eq!(registration_number_example(country("FR")), None);
        assert_eq!(registration_number_form(country("FR")), None);
    }
}
