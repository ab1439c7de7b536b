//! The operator's registers: what holds beside the rules, and since when.

use tierline_domain::time::Date;
use tierline_rules::rules::delegation::full_delegation_ended;
use tierline_rules::rules::enrolment::RESELLER_REVENUE_MINOR;
use tierline_rules::{Checkpoint, regions};
use tierline_store::tables::Setting;
use tierline_store::{Tx, tables};

use crate::charges::ROUNDING;
use crate::error::AppError;
use crate::schedule::{INVITATION_DAYS, TRANSFER_DAYS};
use crate::windows::WINDOW_HOURS;
use crate::world::{CUSTOMER_TEMPLATE, PARTNER_TEMPLATE};

/// One value of the profile, or of the operator's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// What it is.
    pub name: String,
    /// Its value as text; the JSON of a setting that is no text.
    pub value: String,
    /// The day from which on it holds, where it has one.
    pub from: Option<Date>,
    /// What it was before that day.
    pub before: Option<String>,
    /// The rule that it belongs to.
    pub rule: Option<&'static str>,
    /// The operator set it; otherwise it came with the profile.
    pub is_set: bool,
}

fn fixed(name: &str, value: impl ToString, rule: &'static str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value: value.to_string(),
        from: None,
        before: None,
        rule: Some(rule),
        is_set: false,
    }
}

/// Everything that the profile fixes and the operator has set, the operator's first.
///
/// # Errors
/// When the store fails.
pub async fn parameters(tx: &mut Tx<'_>) -> Result<Vec<Parameter>, AppError> {
    let mut found = Vec::new();
    for Setting { key, value } in tx.find::<Setting>(tables::settings::EVERY, &[]).await? {
        let value = match value.0 {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        found.push(Parameter {
            name: key,
            value,
            from: None,
            before: None,
            rule: None,
            is_set: true,
        });
    }
    if !found.iter().any(|set| set.name == ROUNDING) {
        found.push(fixed(ROUNDING, "cut", "BIL-050"));
    }
    found.push(fixed("profile", crate::attempt::PROFILE, "GEN-010"));
    found.push(fixed("partner_agreement", PARTNER_TEMPLATE, "AGR-001"));
    found.push(fixed("customer_agreement", CUSTOMER_TEMPLATE, "AGR-020"));
    found.push(fixed("invitation_days", INVITATION_DAYS, "REL-023"));
    found.push(fixed("transfer_days", TRANSFER_DAYS, "TRF-017"));
    found.push(fixed("seat_window_hours", WINDOW_HOURS, "SUB-006"));
    found.push(fixed(
        "reseller_revenue_usd_minor",
        RESELLER_REVENUE_MINOR,
        "ENR-033",
    ));
    found.push(Parameter {
        from: Some(full_delegation_ended(Checkpoint::InviteCustomer)),
        ..fixed("full_delegation_ended", "true", "DAP-002")
    });
    for (country, region, before, on) in regions::moves() {
        found.push(Parameter {
            from: Some(on),
            before: Some(before),
            ..fixed(&format!("region.{country}"), region, "REG-016")
        });
    }
    Ok(found)
}
