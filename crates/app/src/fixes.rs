//! What mends a failing fact: one function a ground. Candidates only; the planner rehearses them.

use serde_json::json;
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{Account, PartnerType, Partnership, PartnershipState, Tenant};
use tierline_rules::facts::CallerKind;
use tierline_rules::registry::Ground;
use tierline_rules::{Facts, regions};
use tierline_store::{Tx, Value, tables};

use crate::act::Act;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{names, order_requests};

mod enrolment;
mod entry;
mod estate;
mod ties;

/// A candidate: commands first, then the action as it should be tried.
#[derive(Clone, Debug)]
pub struct Fix {
    /// Commands that change the fact.
    pub commands: Vec<Act>,
    /// The action afterwards, corrected or as it was.
    pub then: Act,
}

impl Fix {
    fn commands(commands: Vec<Act>, then: &Act) -> Self {
        Self {
            commands,
            then: then.clone(),
        }
    }

    fn instead(then: Act) -> Self {
        Self {
            commands: Vec::new(),
            then,
        }
    }
}

/// Candidates that mend a ground, the most natural first.
///
/// # Errors
/// When the store fails.
pub async fn of(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    ground: Ground,
    original: &Act,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let _ = (ctx, original);
    match ground {
        Ground::Relationship | Ground::OtherRelationship if act.verb == "request_order" => {
            Ok(invite_together(act, facts))
        }
        Ground::Relationship => Ok(invite(act, facts)),
        Ground::CustomerAgreement => Ok(attest(act, facts)),
        Ground::NamedAgreement => Ok(sign(act, facts)),
        Ground::NamedIdentity if act.params.contains_key("partner_id") => {
            enrolment::known_identifiers(tx, act, facts).await
        }
        Ground::Partnership => {
            let mut fixes = ties::establish(act, facts);
            fixes.extend(other_reseller(tx, act, facts).await?);
            fixes.extend(other_provider(tx, act).await?);
            Ok(fixes)
        }
        Ground::OtherType | Ground::OtherState | Ground::PartnerRegion
            if act.verb == "request_order" =>
        {
            other_provider(tx, act).await
        }
        Ground::NamedIdentity if facts.named.party().is_some_and(|it| it.location.is_none()) => {
            let mut fixes = enrolment::tie_named_location(tx, act, facts).await?;
            fixes.extend(other_reseller(tx, act, facts).await?);
            Ok(fixes)
        }
        Ground::NamedIdentity | Ground::PartnerRegion if act.verb == "set_partner_of_record" => {
            ties::other_on_record(tx, act, facts).await
        }
        Ground::PartnerRegion if act.params.contains_key("partner_of_record") => {
            other_reseller(tx, act, facts).await
        }
        Ground::NamedIdentity | Ground::Chain | Ground::NamedState | Ground::OptionOne => {
            other_reseller(tx, act, facts).await
        }
        Ground::RoleDeclaration => Ok(vec![Fix::instead(act.with("role_declared", json!(null)))]),
        Ground::CallerType => {
            let mut fixes = ties::provider_invites(act, facts);
            fixes.extend(through_provider(tx, act).await?);
            fixes.extend(partner_orders(tx, act, facts).await?);
            Ok(ties::created_by_provider(fixes, act, facts))
        }
        Ground::BuyerRegion => {
            let mut fixes = account_there(tx, act, facts).await?;
            if fixes.is_empty() {
                fixes = entry::account_of_seller(tx, act, facts).await?;
            }
            Ok(fixes)
        }
        Ground::ChainRegion => account_there(tx, act, facts).await,
        Ground::Access => entry::administration(tx, act, facts).await,
        Ground::Acquisition => through_provider(tx, act).await,
        Ground::TenantUse | Ground::TenantKind | Ground::Exclusivity => {
            other_tenant(tx, act, facts).await
        }
        Ground::SelfSale | Ground::LoneProvider => unrelated(tx, act, facts).await,
        Ground::UserRole | Ground::Authentication => {
            Ok(vec![Fix::instead(act.by(&facts.caller.name))])
        }
        other => {
            let mut fixes = ties::of(tx, other, act, facts).await?;
            fixes.extend(estate::of(tx, other, act, facts).await?);
            fixes.extend(enrolment::of(tx, other, act, facts).await?);
            Ok(fixes)
        }
    }
}

fn customer_of(act: &Act, facts: &Facts) -> Option<String> {
    act.text("customer")
        .map(str::to_owned)
        .or_else(|| facts.buyer.as_ref().map(|buyer| buyer.name.clone()))
}

/// The partner invites the customer, which accepts together with the customer agreement.
fn invite(act: &Act, facts: &Facts) -> Vec<Fix> {
    let seller = facts.actor.as_ref().or(facts.other.as_ref());
    let (Some(seller), Some(customer)) = (seller, customer_of(act, facts)) else {
        return Vec::new();
    };
    let commands = vec![
        Act::of(
            &seller.name,
            "invite_customer",
            json!({ "customer": customer }),
        ),
        Act::of(
            &customer,
            "accept_relationship",
            json!({ "partner": seller.name, "accept_agreement": true }),
        ),
    ];
    vec![Fix::commands(commands, act)]
}

/// The reseller invites the customer together with its provider (CUS-003, CUS-004).
fn invite_together(act: &Act, facts: &Facts) -> Vec<Fix> {
    let (Some(reseller), Some(provider), Some(customer)) =
        (&facts.actor, &facts.other, customer_of(act, facts))
    else {
        return Vec::new();
    };
    let commands = vec![
        Act::of(
            &reseller.name,
            "invite_customer",
            json!({ "customer": customer, "with_provider": provider.name }),
        ),
        Act::of(
            &customer,
            "accept_relationship",
            json!({ "partner": [provider.name, reseller.name], "accept_agreement": true }),
        ),
    ];
    vec![Fix::commands(commands, act)]
}

/// The request goes to a provider that the reseller has.
async fn other_provider(tx: &mut Tx<'_>, act: &Act) -> Result<Vec<Fix>, AppError> {
    if act.verb != "request_order" {
        return Ok(Vec::new());
    }
    let providers = providers(tx, act.actor.party()).await?;
    Ok(providers
        .into_iter()
        .map(|provider| Fix::instead(act.with("provider", json!(provider.handle))))
        .collect())
}

/// What a reseller asks its provider for, so that the provider places this order; none where the order has what a
/// request has not.
///
/// # Errors
/// When the store fails.
pub async fn request(
    tx: &mut Tx<'_>,
    reseller: &str,
    order: &Act,
) -> Result<Option<Act>, AppError> {
    const CARRIED: [&str; 5] = ["customer", "item", "quantity", "term", "frequency"];
    let carried = |key: &str| CARRIED.contains(&key) || key == "partner_of_record";
    if !order.params.keys().all(|key| carried(key)) {
        return Ok(None);
    }
    let of = |key: &str| order.text(key).unwrap_or_default();
    let stem = format!("{}-for-{}", of("item"), of("customer"));
    let mut name = stem.clone();
    let mut number = 1_u32;
    while order_requests::is_taken(tx, &name).await? {
        number = number.saturating_add(1);
        name = format!("{stem}-{number}");
    }
    let mut request = Act::of(
        reseller,
        "request_order",
        json!({ "id": name, "provider": order.actor.party() }),
    );
    for key in CARRIED {
        if let Some(value) = order.params.get(key) {
            request = request.with(key, value.clone());
        }
    }
    Ok(Some(request))
}

/// A partner of the customer that may order does, where the customer itself tried to.
async fn partner_orders(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let of_customer = facts.caller.kind == CallerKind::Customer
        && matches!(act.verb.as_str(), "order" | "create_cart");
    let Some(customer) = act.text("customer").filter(|_| of_customer) else {
        return Ok(Vec::new());
    };
    let tenant = names::the_tenant(tx, customer).await?;
    let mut fixes = Vec::new();
    for tie in tx
        .find::<Relationship>(
            tables::relationships::BY_CUSTOMER,
            &[Value::Id(tenant.id.uuid())],
        )
        .await?
    {
        let partner = names::account_by_id(tx, tie.partner).await?;
        if tie.state == RelationshipState::Active && partner.kind.is_billed() {
            fixes.push(Fix::instead(act.by(&partner.handle)));
        }
    }
    Ok(fixes)
}

/// Another account of the same company, in the region of the customer, takes the place (REG-001, REG-008).
async fn account_there(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let (Some(actor), false) = (&facts.actor, facts.transfer.is_some()) else {
        return Ok(Vec::new());
    };
    let region = |country| regions::region_on(country, facts.today).map(|fact| fact.region);
    let wanted = match (&facts.buyer, &facts.customer_form) {
        (Some(buyer), _) => buyer.region.map(|fact| fact.region),
        (None, Some(form)) => region(form.country),
        (None, None) => None,
    };
    let Some(company) = names::organization(tx, &actor.organization).await? else {
        return Ok(Vec::new());
    };
    let siblings = tx
        .find::<Account>(
            tables::accounts::BY_ORGANIZATION,
            &[Value::Id(company.id.uuid())],
        )
        .await?;
    let there = siblings
        .into_iter()
        .filter(|sibling| sibling.handle != actor.name && region(sibling.country) == wanted);
    Ok(there
        .map(|sibling| Fix::instead(act.by(&sibling.handle)))
        .collect())
}

/// The seller attests, or the customer accepts directly.
fn attest(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(customer) = customer_of(act, facts) else {
        return Vec::new();
    };
    let seller = facts
        .transfer
        .as_ref()
        .map(|transfer| transfer.to.name.clone())
        .or_else(|| facts.actor.as_ref().map(|actor| actor.name.clone()));
    let mut fixes = Vec::new();
    if let Some(seller) = seller {
        fixes.push(Fix::commands(
            vec![Act::of(&seller, "attest", json!({ "customer": customer }))],
            act,
        ));
    }
    fixes.push(Fix::commands(
        vec![Act::of(&customer, "accept_customer_agreement", json!({}))],
        act,
    ));
    fixes
}

/// The reseller accepts its partner agreement.
fn sign(act: &Act, facts: &Facts) -> Vec<Fix> {
    let party = facts.named.party().or(facts
        .form
        .status_query
        .as_ref()
        .and_then(|query| query.named.party().or(query.tenant_account.as_ref())));
    party
        .map(|party| Fix::commands(vec![Act::of(&party.name, "sign_agreement", json!({}))], act))
        .into_iter()
        .collect()
}

/// The partners of the acting provider that may be named instead, and no reseller at all.
async fn other_reseller(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let mut fixes = Vec::new();
    let Some(actor) = &facts.actor else {
        return Ok(fixes);
    };
    if let tierline_rules::facts::Named::Unenrolled { place, .. } = &facts.named {
        // The right identifier of the same organization comes first.
        if let Some(organization) = names::organization(tx, &place.organization).await? {
            for account in tx
                .find::<Account>(
                    tables::accounts::BY_ORGANIZATION,
                    &[Value::Id(organization.id.uuid())],
                )
                .await?
            {
                if account.acts_as_reseller() {
                    fixes.push(Fix::instead(
                        act.with("partner_of_record", json!(account.handle))
                            .with("role_declared", json!(null)),
                    ));
                }
            }
        }
    }
    if actor.kind == PartnerType::IndirectProvider && act.params.contains_key("customer") {
        for reseller in resellers(tx, &actor.name).await? {
            fixes.push(Fix::instead(
                act.with("partner_of_record", json!(reseller.handle))
                    .with("role_declared", json!(null)),
            ));
        }
    }
    if facts.named.is_some() {
        fixes.push(Fix::instead(
            act.with("partner_of_record", json!(null))
                .with("role_declared", json!(null)),
        ));
    }
    Ok(fixes)
}

async fn resellers(tx: &mut Tx<'_>, provider: &str) -> Result<Vec<Account>, AppError> {
    let Some(provider) = names::account(tx, provider).await? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for tie in tx
        .find::<Partnership>(
            tables::partnerships::BY_PROVIDER,
            &[Value::Id(provider.id.uuid())],
        )
        .await?
    {
        if tie.state == PartnershipState::Active {
            found.push(names::account_by_id(tx, tie.reseller).await?);
        }
    }
    found.sort_by(|a, b| a.handle.cmp(&b.handle));
    Ok(found)
}

async fn providers(tx: &mut Tx<'_>, reseller: &str) -> Result<Vec<Account>, AppError> {
    let Some(reseller) = names::account(tx, reseller).await? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for tie in tx
        .find::<Partnership>(
            tables::partnerships::BY_RESELLER,
            &[Value::Id(reseller.id.uuid())],
        )
        .await?
    {
        if tie.state == PartnershipState::Active {
            found.push(names::account_by_id(tx, tie.provider).await?);
        }
    }
    found.sort_by(|a, b| a.handle.cmp(&b.handle));
    Ok(found)
}

/// The reseller's provider does it.
async fn through_provider(tx: &mut Tx<'_>, act: &Act) -> Result<Vec<Fix>, AppError> {
    let reseller = act.actor.party().to_owned();
    let mut fixes = Vec::new();
    if act.verb == "remove_partnership" {
        if let Some(provider) = act.text("partner") {
            fixes.push(Fix::instead(
                act.by(provider).with("partner", json!(reseller)),
            ));
        }
        return Ok(fixes);
    }
    for provider in providers(tx, &reseller).await? {
        let act = act.by(&provider.handle);
        let names_reseller = matches!(act.verb.as_str(), "order" | "create_cart");
        let act = if names_reseller {
            act.with("partner_of_record", json!(reseller))
                .with("role_declared", json!(null))
        } else {
            act
        };
        fixes.push(Fix::instead(act));
    }
    Ok(fixes)
}

/// Another tenant of the same organization, of type Customer, takes the place.
async fn other_tenant(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let Some(buyer) = &facts.buyer else {
        return Ok(Vec::new());
    };
    let Some(organization) = names::organization(tx, &buyer.organization).await? else {
        return Ok(Vec::new());
    };
    let mut fixes = Vec::new();
    for tenant in tx
        .find::<Tenant>(
            tables::tenants::BY_ORGANIZATION,
            &[Value::Id(organization.id.uuid())],
        )
        .await?
    {
        if !ties::is_other_customer_tenant(&tenant, &buyer.name) {
            continue;
        }
        if act.params.contains_key("customer") {
            fixes.push(Fix::instead(act.with("customer", json!(tenant.handle))));
        } else {
            let partners: Vec<String> = match act.params.get("partner") {
                Some(serde_json::Value::Array(list)) => list
                    .iter()
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect(),
                Some(serde_json::Value::String(name)) => vec![name.clone()],
                _ => Vec::new(),
            };
            let invitations = partners
                .iter()
                .map(|partner| {
                    Act::of(
                        partner,
                        "invite_customer",
                        json!({ "customer": tenant.handle }),
                    )
                })
                .collect();
            fixes.push(Fix::commands(invitations, &act.by(&tenant.handle)));
        }
    }
    fixes.extend(ties::new_tenant(tx, act, facts).await?);
    Ok(fixes)
}

/// Another reseller of record in the same provider's channel.
async fn unrelated(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let Some(actor) = &facts.actor else {
        return Ok(Vec::new());
    };
    if actor.kind != PartnerType::IndirectProvider || !act.params.contains_key("customer") {
        return Ok(Vec::new());
    }
    let named = facts.named.party().map(|party| party.name.clone());
    let mut fixes = Vec::new();
    for reseller in resellers(tx, &actor.name).await? {
        if Some(&reseller.handle) != named.as_ref() {
            fixes.push(Fix::instead(
                act.with("partner_of_record", json!(reseller.handle))
                    .with("role_declared", json!(null)),
            ));
        }
    }
    Ok(fixes)
}
