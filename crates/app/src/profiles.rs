//! The profiles of a partner: legal business, billing, organization, support. Each is kept as it was written; what
//! nobody wrote yet follows from the account.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tierline_domain::address::{Address, Person};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::time::Period;
use tierline_domain::vetting::{ProfileKind, Vetting};
use tierline_rules::Checkpoint;
use tierline_rules::countries::{self, Part};
use tierline_rules::facts::Facts;
use tierline_rules::names as forms;
use tierline_store::tables::PartnerProfile;
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{events, facts, schedule};

/// Days that the verification of a changed legal business takes, unless the operator is quicker (IDN-026).
const VETTING_DAYS: i32 = 1;

/// The legal business of a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalBusiness {
    /// Legal name.
    pub company_name: String,
    /// Legal address.
    pub address: Address,
    /// Whom the program turns to.
    pub primary_contact: Person,
    /// Where the person who approves for the company is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_approver_address: Option<Address>,
    /// How that person is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_approver_email: Option<String>,
}

/// Where a partner's bills go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// Name on bills.
    pub company_name: String,
    /// Address on bills.
    pub address: Address,
    /// Who pays.
    pub primary_contact: Person,
    /// The partner's own order number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    /// Its tax number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
}

/// How an organization shows itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationProfile {
    /// Name.
    pub company_name: String,
    /// Address.
    pub default_address: Address,
    /// Mail address.
    pub email: String,
    /// Two-letter language.
    pub language: String,
    /// Language and country.
    pub culture: String,
}

/// Whom a partner's customers ask for help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// Mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// Page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

/// What a profile says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Legal business.
    LegalBusiness(Box<LegalBusiness>),
    /// Billing.
    Billing(Billing),
    /// Organization.
    Organization(OrganizationProfile),
    /// Support.
    Support(Support),
}

/// A profile as it stands.
#[derive(Clone, Debug)]
pub struct Current {
    /// What it says.
    pub content: Content,
    /// What it said when it was verified last; the same where nothing is being verified.
    pub finalized: Content,
    /// How far its verification is.
    pub vetting: Vetting,
    /// Changes with every write.
    pub version: i64,
}

/// A member at fault, in our own words, and what is wrong with it.
pub type Fault = (String, String);

/// What an address lacks by the rules of its country, member by member.
#[must_use]
pub fn address_faults(path: &str, address: &Address) -> Vec<Fault> {
    countries::faults(address)
        .into_iter()
        .map(|fault| {
            let member = match fault.part {
                Part::Line1 => "address_line1",
                Part::Line2 => "address_line2",
                Part::City => "city",
                Part::State => "state",
                Part::PostalCode => "postal_code",
                Part::Country => "country",
                Part::FirstName => "first_name",
                Part::LastName => "last_name",
                Part::Phone => "phone_number",
            };
            (format!("{path}.{member}"), fault.problem)
        })
        .collect()
}

fn required(path: &str, text: &str) -> Option<Fault> {
    text.trim()
        .is_empty()
        .then(|| (path.to_owned(), "is missing".to_owned()))
}

fn mail(path: &str, text: Option<&str>) -> Option<Fault> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    forms::mail_domain(text.trim())
        .is_none()
        .then(|| (path.to_owned(), "is no mail address".to_owned()))
}

fn phone(path: &str, text: Option<&str>) -> Option<Fault> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    (!countries::phone_fits(text)).then(|| (path.to_owned(), "is no telephone number".to_owned()))
}

/// What is wrong with a language and a culture: `en`, and `en-US` in any case.
#[must_use]
pub fn language_faults(language: &str, culture: &str) -> Vec<Fault> {
    let word = |text: &str, letters: std::ops::RangeInclusive<usize>| {
        letters.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let mut found = Vec::new();
    if !word(language, 2..=3) {
        found.push((
            "language".to_owned(),
            "is a language of two letters, such as `en`".to_owned(),
        ));
    }
    let mut parts = culture.split('-');
    // A script may stand between them: `zh-Hans-CN`.
    let sound = parts.next().is_some_and(|part| word(part, 2..=3))
        && parts.next_back().is_some_and(|part| word(part, 2..=2))
        && parts.next().is_none_or(|part| word(part, 4..=4))
        && parts.next().is_none();
    if !sound {
        found.push((
            "culture".to_owned(),
            "is a language and a country, such as `en-US`".to_owned(),
        ));
    }
    found
}

/// A culture as it is kept: `EN-us` becomes `en-US`.
#[must_use]
pub fn culture(text: &str) -> String {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let last = parts.len().saturating_sub(1);
    let part = |(at, part): (usize, &&str)| match at {
        0 => part.to_lowercase(),
        at if at == last => part.to_uppercase(),
        _ => (*part).to_owned(),
    };
    parts
        .iter()
        .enumerate()
        .map(part)
        .collect::<Vec<_>>()
        .join("-")
}

pub(crate) fn person_faults(path: &str, person: &Person) -> Vec<Fault> {
    let at = |member: &str| format!("{path}.{member}");
    [
        required(&at("first_name"), &person.first_name),
        required(&at("last_name"), &person.last_name),
        mail(&at("email"), person.email.as_deref()),
        phone(&at("phone_number"), person.phone.as_deref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Content {
    /// Which profile it is.
    #[must_use]
    pub const fn kind(&self) -> ProfileKind {
        match self {
            Self::LegalBusiness(_) => ProfileKind::LegalBusiness,
            Self::Billing(_) => ProfileKind::Billing,
            Self::Organization(_) => ProfileKind::Organization,
            Self::Support(_) => ProfileKind::Support,
        }
    }

    /// What is wrong with it, member by member.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::LegalBusiness(profile) => {
                let mut found = Vec::from_iter(required("company_name", &profile.company_name));
                found.extend(address_faults("address", &profile.address));
                found.extend(person_faults("primary_contact", &profile.primary_contact));
                if let Some(address) = &profile.company_approver_address {
                    found.extend(address_faults("company_approver_address", address));
                }
                let email = profile.company_approver_email.as_deref();
                found.extend(mail("company_approver_email", email));
                found
            }
            Self::Billing(profile) => {
                let mut found = Vec::from_iter(required("company_name", &profile.company_name));
                found.extend(address_faults("address", &profile.address));
                found.extend(person_faults("primary_contact", &profile.primary_contact));
                found
            }
            Self::Organization(profile) => {
                let mut found = Vec::from_iter(required("company_name", &profile.company_name));
                found.extend(address_faults("default_address", &profile.default_address));
                found.extend(required("email", &profile.email));
                found.extend(mail("email", Some(&profile.email)));
                found.extend(language_faults(&profile.language, &profile.culture));
                found
            }
            Self::Support(profile) => [
                mail("email", profile.email.as_deref()),
                phone("telephone", profile.telephone.as_deref()),
                profile
                    .website
                    .as_deref()
                    .filter(|site| site.contains(char::is_whitespace))
                    .map(|_| ("website".to_owned(), "is no address of a page".to_owned())),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }

    fn written(&self) -> Json {
        let body = match self {
            Self::LegalBusiness(profile) => serde_json::to_value(profile),
            Self::Billing(profile) => serde_json::to_value(profile),
            Self::Organization(profile) => serde_json::to_value(profile),
            Self::Support(profile) => serde_json::to_value(profile),
        };
        body.unwrap_or_default()
    }

    fn read(kind: ProfileKind, body: Json) -> Result<Self, AppError> {
        let read = match kind {
            ProfileKind::LegalBusiness => serde_json::from_value(body).map(Self::LegalBusiness),
            ProfileKind::Billing => serde_json::from_value(body).map(Self::Billing),
            ProfileKind::Organization => serde_json::from_value(body).map(Self::Organization),
            ProfileKind::Support => serde_json::from_value(body).map(Self::Support),
        };
        read.map_err(|error| AppError::Impossible(format!("a stored profile: {error}")))
    }
}

/// What a profile says while nobody has written it: what the account and its organization are known by.
async fn derived(
    tx: &mut Tx<'_>,
    account: &Account,
    kind: ProfileKind,
) -> Result<Content, AppError> {
    let organization: Organization = by_id(tx, account.organization).await?;
    let tenant: Tenant = by_id(tx, account.tenant).await?;
    let company_name = account
        .legal_name
        .clone()
        .unwrap_or_else(|| organization.name.clone());
    let contact = Person {
        first_name: "Robin".to_owned(),
        last_name: "Vale".to_owned(),
        email: Some(format!("robin.vale@{}", account.domain)),
        ..Person::default()
    };
    let address = Address {
        first_name: Some(contact.first_name.clone()),
        last_name: Some(contact.last_name.clone()),
        ..sample_address(account.country, &account.handle)
    };
    let contact = Person {
        phone: address.phone.clone(),
        ..contact
    };
    let rules = countries::of(account.country);
    let language = rules.map_or("en", |rules| {
        rules.languages.first().copied().unwrap_or("en")
    });
    Ok(match kind {
        ProfileKind::LegalBusiness => Content::LegalBusiness(Box::new(LegalBusiness {
            company_name,
            company_approver_address: Some(address.clone()),
            company_approver_email: contact.email.clone(),
            address,
            primary_contact: contact,
        })),
        ProfileKind::Billing => Content::Billing(Billing {
            company_name,
            address,
            primary_contact: contact,
            purchase_order_number: None,
            tax_id: None,
        }),
        ProfileKind::Organization => Content::Organization(OrganizationProfile {
            company_name: organization.name,
            default_address: address,
            email: format!("office@{}", tenant.domain),
            language: language.to_owned(),
            culture: format!("{language}-{}", account.country),
        }),
        ProfileKind::Support => Content::Support(Support {
            email: Some(format!("support@{}", account.domain)),
            telephone: contact.phone,
            website: Some(format!("www.{}", account.domain)),
        }),
    })
}

/// An address that fits a country's rules, for parties of which nobody gave one: a street and a number that follow
/// from the name, the country's first state, and an example of its postal codes.
#[must_use]
pub fn sample_address(country: tierline_domain::place::Country, name: &str) -> Address {
    let sum: usize = name.bytes().map(usize::from).sum();
    let rules = countries::of(country);
    let (state, code, calling) = match country.as_str() {
        // The example code of the table lies in another state than its first.
        "US" => (Some("WA".to_owned()), Some("98101".to_owned()), "1"),
        "CA" => (Some("ON".to_owned()), Some("K1A 0B1".to_owned()), "1"),
        _ => (
            rules
                .and_then(|rules| rules.states.first())
                .map(|state| state.code.to_owned()),
            rules
                .map(|rules| rules.postal_code_example.to_owned())
                .filter(|code| !code.is_empty()),
            rules.map_or("", |rules| rules.calling_code),
        ),
    };
    let city = match country.as_str() {
        "US" => "Seattle",
        "CA" => "Ottawa",
        "DE" => "Berlin",
        "FR" => "Paris",
        "IT" => "Roma",
        "JP" => "Minato-ku",
        "NO" => "Oslo",
        "GB" => "London",
        _ => "Centre",
    };
    Address {
        line1: format!(
            "{} Market Street",
            sum.checked_rem(900).unwrap_or(0).saturating_add(1)
        ),
        city: Some(city.to_owned()),
        state,
        postal_code: code,
        country: Some(country),
        phone: Some(format!("+{calling} 555 0100")),
        ..Address::default()
    }
}

fn key(account: &Account, kind: ProfileKind) -> [Value; 2] {
    [Value::Id(account.id.uuid()), Value::Text(kind.to_string())]
}

/// A partner's profile as it stands.
///
/// # Errors
/// When the store fails.
pub async fn current(
    tx: &mut Tx<'_>,
    account: &Account,
    kind: ProfileKind,
) -> Result<Current, AppError> {
    let Some(row) = tx.get::<PartnerProfile>(&key(account, kind)).await? else {
        let content = derived(tx, account, kind).await?;
        return Ok(Current {
            finalized: content.clone(),
            content,
            vetting: Vetting::Authorized,
            version: 0,
        });
    };
    let content = Content::read(kind, row.body.0)?;
    let finalized = match row.finalized {
        Some(body) => Content::read(kind, body.0)?,
        None => content.clone(),
    };
    Ok(Current {
        content,
        finalized,
        vetting: row.vetting,
        version: row.version,
    })
}

/// The version of a profile as its holder is shown it.
#[must_use]
pub fn etag(account: &Account, kind: ProfileKind, version: i64) -> String {
    crate::customer_profile::etag_of(&format!("{} {kind}", account.id), version)
}

/// Writes a profile in place of what it said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteProfile {
    /// What it says from now on.
    pub content: Content,
    /// The version that the writer has read; whatever it is, without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl WriteProfile {
    /// Which guarded field of the account changes (IDN-014, ROL-016).
    fn guarded(&self, account: &Account, before: &Content) -> Option<(String, String)> {
        let (Content::LegalBusiness(new), Content::LegalBusiness(old)) = (&self.content, before)
        else {
            return None;
        };
        let country = new.address.country.unwrap_or(account.country);
        if country != account.country {
            return Some(("country".to_owned(), country.to_string()));
        }
        let renamed = new.company_name.trim() != old.company_name;
        renamed.then(|| ("legal_name".to_owned(), new.company_name.clone()))
    }
}

impl UseCase for WriteProfile {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateProfile
    }

    fn subject(&self) -> String {
        self.content.kind().to_string()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let account = acting.partner()?;
        if let Some((field, problem)) = self.content.faults().into_iter().next() {
            return Err(AppError::Invalid { field, problem });
        }
        let before = current(tx, account, self.content.kind()).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.form.profile = self.guarded(account, &before.content);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let mut account = acting.partner()?.clone();
        let kind = self.content.kind();
        let before = current(tx, &account, kind).await?;
        if self
            .etag
            .as_ref()
            .is_some_and(|held| *held != etag(&account, kind, before.version))
        {
            return Err(AppError::invalid(
                "etag",
                "the profile was changed since it was read",
            ));
        }
        let changed = before.content != self.content && kind == ProfileKind::LegalBusiness;
        let vetting = if changed {
            Vetting::Pending
        } else {
            before.vetting
        };
        tx.put(&PartnerProfile {
            account: account.id,
            kind,
            body: tierline_store::Json(self.content.written()),
            finalized: Some(tierline_store::Json(before.finalized.written())),
            vetting,
            version: before.version.saturating_add(1),
        })
        .await?;
        if changed {
            // Only what changed is verified again (IDN-026); the account stays as it is meanwhile.
            events::happened(ctx, tx, "verification_restarted", &account.handle).await?;
            schedule::drop_open(tx, schedule::PROFILE_VETTING, &account.handle).await?;
            let due = ctx.now.plus(Period::days(VETTING_DAYS))?;
            schedule::plan(tx, schedule::PROFILE_VETTING, &account.handle, due).await?;
        }
        if let Some((field, name)) = &facts.form.profile
            && field == "legal_name"
        {
            account.legal_name = Some(name.trim().to_owned());
            account.version = account.version.saturating_add(1);
            tx.put(&account).await?;
        }
        Ok(())
    }
}

/// Does what fell due, if it is this module's.
///
/// # Errors
/// When the store fails.
pub async fn fall_due(tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<bool, AppError> {
    if kind != schedule::PROFILE_VETTING {
        return Ok(false);
    }
    let account = names::the_account(tx, subject).await?;
    let of = key(&account, ProfileKind::LegalBusiness);
    if let Some(mut row) = tx.get::<PartnerProfile>(&of).await? {
        row.vetting = Vetting::Authorized;
        row.finalized = Some(row.body.clone());
        tx.put(&row).await?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_culture_is_kept_as_language_and_country() {
        assert_eq!(culture("EN-us"), "en-US");
        assert_eq!(culture(" fr-ca "), "fr-CA");
        assert_eq!(culture("zh-Hant-TW"), "zh-Hant-TW");
        assert!(language_faults("en", "EN-US").is_empty());
        assert_eq!(language_faults("english", "en_US").len(), 2);
    }

    #[test]
    fn a_sample_address_fits_its_country() {
        for rules in countries::all() {
            let address = sample_address(rules.country, "somebody");
            assert_eq!(countries::faults(&address), [], "{}", rules.country);
        }
    }
}
