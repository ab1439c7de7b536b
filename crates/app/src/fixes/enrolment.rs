//! What mends the facts of sections 1 to 3: locations and tenants, applications, agreements, attestations.

use serde_json::{Value as Json, json};
use tierline_domain::partner::{Account, PartnerType};
use tierline_domain::place::Country;
use tierline_rules::Facts;
use tierline_rules::facts::Party;
use tierline_rules::registry::Ground;
use tierline_store::{Tx, Value, tables};

use super::{Fix, providers, resellers, through_provider};
use crate::act::Act;
use crate::apply::free_location;
use crate::error::AppError;
use crate::{locations, names};

/// Candidates that mend a ground of these sections.
pub(super) async fn of(
    tx: &mut Tx<'_>,
    ground: Ground,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let without = |key: &str| {
        let given = act.params.contains_key(key);
        given
            .then(|| Fix::instead(act.with(key, Json::Null)))
            .into_iter()
            .collect()
    };
    Ok(match ground {
        Ground::CallerLocation => tie_a_location(tx, act, facts).await?,
        Ground::CallerAgreement => sign(act, facts),
        Ground::CallerState => as_a_reseller(tx, act, facts).await?,
        Ground::LocationTie
        | Ground::LocationCountry
        | Ground::LocationState
        | Ground::LocationKind => another_location(tx, act, facts).await?,
        Ground::ApplicationTenant | Ground::TenantOwner | Ground::Association => a_new_tenant(act),
        Ground::ApplicationType => vec![Fix::instead(
            act.with("type", json!(PartnerType::IndirectReseller)),
        )],
        Ground::Credentials => without("credentials_of"),
        Ground::RegistrationNumber => without("registration_number"),
        Ground::ContactAddress => without("contact_email"),
        Ground::SupportContact => without("support_contact"),
        Ground::Address => without("address"),
        Ground::AttestationFields | Ground::Duplicate => without("contact"),
        Ground::AttestationDate => without("date"),
        Ground::Template => without("template"),
        Ground::Profile => a_location_there(act, facts),
        Ground::DeletionBlock => tie_elsewhere(tx, act, facts).await?,
        Ground::IdentifierCount | Ground::Identifier | Ground::TenantIdentity => {
            one_identifier(tx, ground, act, facts).await?
        }
        Ground::PartnerRegion => account_in_region(tx, act, facts).await?,
        Ground::SandboxSeats => vec![Fix::instead(act.with("quantity", json!(SANDBOX_SEATS)))],
        _ => Vec::new(),
    })
}

/// Seats that a subscription in a sandbox may have (ENR-041).
const SANDBOX_SEATS: i64 = 25;

async fn account_of(tx: &mut Tx<'_>, party: Option<&Party>) -> Result<Option<Account>, AppError> {
    match party {
        Some(party) => names::account(tx, &party.name).await,
        None => Ok(None),
    }
}

/// A usable location of an account: one that is free, or a new one, with the command that adds it.
async fn usable_location(
    tx: &mut Tx<'_>,
    account: &Account,
    country: Country,
) -> Result<(Vec<Act>, String), AppError> {
    if let Some(place) = free_location(tx, account).await?
        && place.country == country
    {
        return Ok((Vec::new(), place.handle));
    }
    let name = locations::new_name(tx, account, country).await?;
    let add = Act::of(
        &account.handle,
        "add_location",
        json!({ "country": country }),
    );
    Ok((vec![add], name))
}

/// The account ties a location of its country to itself.
async fn tie_a_location(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let Some(account) = account_of(tx, facts.actor.as_ref()).await? else {
        return Ok(Vec::new());
    };
    let (mut commands, place) = usable_location(tx, &account, account.country).await?;
    commands.push(Act::of(
        &account.handle,
        "associate_location",
        json!({ "location": place }),
    ));
    Ok(vec![Fix::commands(commands, act)])
}

/// The named reseller ties a location of its country to its account, and then has a PartnerID to give (IDN-023).
pub(super) async fn tie_named_location(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let Some(account) = account_of(tx, facts.named.party()).await? else {
        return Ok(Vec::new());
    };
    let (mut commands, place) = usable_location(tx, &account, account.country).await?;
    commands.push(Act::of(
        &account.handle,
        "associate_location",
        json!({ "location": place }),
    ));
    Ok(vec![Fix::commands(commands, act)])
}

/// Another location takes the place of the one that does not do.
async fn another_location(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    if act.verb == "apply" {
        return Ok(vec![Fix::instead(act.with("location", Json::Null))]);
    }
    let Some(account) = account_of(tx, facts.actor.as_ref()).await? else {
        return Ok(Vec::new());
    };
    let (commands, place) = usable_location(tx, &account, account.country).await?;
    Ok(vec![Fix {
        commands,
        then: act.with("location", json!(place)),
    }])
}

/// The account is tied to another location first, so that this one is free.
async fn tie_elsewhere(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let tied = facts
        .form
        .place
        .as_ref()
        .and_then(|place| place.account.as_deref());
    let own = facts.actor.as_ref().map(|actor| actor.name.as_str());
    if tied.is_some() && tied != own {
        return Ok(Vec::new());
    }
    let Some(account) = account_of(tx, facts.actor.as_ref()).await? else {
        return Ok(Vec::new());
    };
    if tied.is_some() {
        return tie_a_location(tx, act, facts).await;
    }
    let add = Act::of(
        &account.handle,
        "add_location",
        json!({ "country": account.country }),
    );
    Ok(vec![Fix::commands(vec![add], act)])
}

/// The caller accepts its own partner agreement.
fn sign(act: &Act, facts: &Facts) -> Vec<Fix> {
    let seller = match &facts.transfer {
        Some(transfer) => Some(&transfer.to),
        None => facts.actor.as_ref(),
    };
    seller
        .map(|party| Fix::commands(vec![Act::of(&party.name, "sign_agreement", json!({}))], act))
        .into_iter()
        .collect()
}

/// A restricted partner that is a reseller as well goes through its provider (ENR-024, ENR-025).
async fn as_a_reseller(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let Some(actor) = facts.actor.as_ref().filter(|actor| actor.acts_as_reseller) else {
        return Ok(Vec::new());
    };
    if act.verb == "invite_customer" {
        let providers = providers(tx, &actor.name).await?;
        return Ok(providers
            .into_iter()
            .map(|provider| Fix::instead(act.with("with_provider", json!(provider.handle))))
            .collect());
    }
    if matches!(
        act.verb.as_str(),
        "order" | "create_cart" | "create_customer"
    ) {
        return through_provider(tx, act).await;
    }
    Ok(Vec::new())
}

/// An application is made for a tenant of its own.
fn a_new_tenant(act: &Act) -> Vec<Fix> {
    if act.verb == "apply" {
        vec![Fix::instead(act.with("tenant", json!("new")))]
    } else {
        Vec::new()
    }
}

/// A location is added in the country where the global account is to be (IDN-015).
fn a_location_there(act: &Act, facts: &Facts) -> Vec<Fix> {
    let (Some(actor), Some(country)) = (&facts.actor, act.text("global_account_country")) else {
        return Vec::new();
    };
    let add = Act::of(&actor.name, "add_location", json!({ "country": country }));
    vec![Fix::commands(vec![add], act)]
}

/// The status query is asked with exactly one identifier that exists: that of a reseller of the provider.
async fn one_identifier(
    tx: &mut Tx<'_>,
    ground: Ground,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let both = act.params.contains_key("partner_id") && act.params.contains_key("tenant");
    if ground == Ground::IdentifierCount && both {
        return Ok(vec![
            Fix::instead(act.with("tenant", Json::Null)),
            Fix::instead(act.with("partner_id", Json::Null)),
        ]);
    }
    known_identifiers(tx, act, facts).await
}

/// The identifiers that a provider can know: those of its resellers.
pub(super) async fn known_identifiers(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let Some(actor) = &facts.actor else {
        return Ok(Vec::new());
    };
    let mut fixes = Vec::new();
    for reseller in resellers(tx, &actor.name).await? {
        let act = act.with("partner_id", json!(reseller.handle));
        fixes.push(Fix::instead(act.with("tenant", Json::Null)));
    }
    Ok(fixes)
}

/// The status query is asked about the company's account in the provider's region (AGR-015).
async fn account_in_region(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let Some(query) = &facts.form.status_query else {
        return Ok(Vec::new());
    };
    let party = query.named.party().or(query.tenant_account.as_ref());
    let Some(account) = account_of(tx, party).await? else {
        return Ok(Vec::new());
    };
    let key = [Value::Id(account.organization.uuid())];
    let siblings = tx
        .find::<Account>(tables::accounts::BY_ORGANIZATION, &key)
        .await?;
    let others = siblings
        .into_iter()
        .filter(|sibling| sibling.id != account.id && sibling.acts_as_reseller());
    Ok(others
        .map(|sibling| {
            let act = act.with("partner_id", json!(sibling.handle));
            Fix::instead(act.with("tenant", Json::Null))
        })
        .collect())
}
