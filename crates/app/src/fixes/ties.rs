//! What mends the facts of partnerships, of relationships with customers, and of new customers.

use serde_json::json;
use tierline_domain::admin::{AdminRelationship, AdminState};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{Account, PartnerType, PartnershipState, Tenant, TenantType};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_rules::facts::{Facts, Named};
use tierline_rules::registry::Ground;
use tierline_store::{Tx, Value, tables};

use super::Fix;
use crate::act::Act;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::relationship::Partners;

/// Candidates that mend a ground of these sections.
pub(super) async fn of(
    tx: &mut Tx<'_>,
    ground: Ground,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    Ok(match ground {
        Ground::InvitationLink => without(act, "link"),
        Ground::AdminFixed | Ground::FullDelegation => without(act, "full_delegation"),
        Ground::Invitation => invite_again(act, facts),
        Ground::Declaration => without(act, "confirmed"),
        Ground::OtherType => sibling_joins(tx, act, facts).await?,
        Ground::PartnerRegion => {
            let mut fixes = sibling_joins(tx, act, facts).await?;
            if fixes.is_empty() {
                fixes = super::entry::account_of_reseller(tx, act, facts).await?;
            }
            fixes
        }
        Ground::ReverseExclusivity => {
            let mut fixes = sibling_joins(tx, act, facts).await?;
            fixes.extend(customer_leaves(act, facts));
            fixes
        }
        Ground::Domain => another_domain(tx, act, facts).await?,
        Ground::Form => well_formed(act, facts),
        Ground::Phone => without(act, "phone"),
        Ground::CompanyName => full_name(act, facts),
        Ground::CustomerAddress => own_address(act, facts),
        Ground::Live => wind_down(tx, act, facts).await?,
        Ground::SelfService => switch_self_service_on(act, facts),
        Ground::ContactRelationship | Ground::ContactAccess => {
            another_contact(tx, act, facts).await?
        }
        _ => Vec::new(),
    })
}

/// The provider invites, the reseller accepts: a partnership in force between the two of the refusal.
pub(super) fn establish(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(tie) = &facts.partnership else {
        return Vec::new();
    };
    if tie.state == PartnershipState::Active {
        return Vec::new();
    }
    let commands = vec![
        Act::of(
            &tie.provider,
            "invite_partner",
            json!({ "partner": tie.reseller }),
        ),
        Act::of(
            &tie.reseller,
            "accept_partnership",
            json!({ "provider": tie.provider }),
        ),
    ];
    vec![Fix::commands(commands, act)]
}

/// The invitation is sent again, and then followed by its own link.
fn invite_again(act: &Act, facts: &Facts) -> Vec<Fix> {
    let original = act.with("link", json!(null));
    match act.verb.as_str() {
        "accept_partnership" => {
            let (Some(provider), Some(reseller)) = (&facts.other, &facts.actor) else {
                return Vec::new();
            };
            let invitation = Act::of(
                &provider.name,
                "invite_partner",
                json!({ "partner": reseller.name }),
            );
            vec![Fix::commands(vec![invitation], &original)]
        }
        "accept_relationship" => {
            let invitations = facts
                .relation
                .iter()
                .chain(&facts.other_relation)
                .filter(|relation| {
                    !matches!(
                        relation.state,
                        RelationshipState::Invited | RelationshipState::Active
                    )
                })
                .map(|relation| {
                    Act::of(
                        &relation.partner,
                        "invite_customer",
                        json!({ "customer": relation.customer }),
                    )
                })
                .collect();
            vec![Fix::commands(invitations, &original)]
        }
        _ => Vec::new(),
    }
}

/// The provider invites, where a reseller tried to.
pub(super) fn provider_invites(act: &Act, facts: &Facts) -> Vec<Fix> {
    let provider = facts
        .other
        .as_ref()
        .filter(|other| other.kind == PartnerType::IndirectProvider);
    match (provider, &facts.actor) {
        (Some(provider), Some(actor)) if act.verb == "invite_partner" => vec![Fix::instead(
            act.by(&provider.name).with("partner", json!(actor.name)),
        )],
        _ => Vec::new(),
    }
}

/// Accounts of the same company that stand on the reseller's side.
async fn sibling_resellers(tx: &mut Tx<'_>, name: &str) -> Result<Vec<Account>, AppError> {
    let Some(account) = names::account(tx, name).await? else {
        return Ok(Vec::new());
    };
    let company = [Value::Id(account.organization.uuid())];
    let mut found = tx
        .find::<Account>(tables::accounts::BY_ORGANIZATION, &company)
        .await?;
    found.retain(|other| other.id != account.id && other.acts_as_reseller());
    Ok(found)
}

/// Another account of the company joins instead: one in the provider's region, or one whose tenant is no
/// customer of the provider.
async fn sibling_joins(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let (Some(actor), Some(other)) = (&facts.actor, &facts.other) else {
        return Ok(Vec::new());
    };
    let mut fixes = Vec::new();
    match act.verb.as_str() {
        "invite_partner" => {
            for sibling in sibling_resellers(tx, &other.name).await? {
                fixes.push(Fix::instead(act.with("partner", json!(sibling.handle))));
            }
        }
        "accept_partnership" => {
            for sibling in sibling_resellers(tx, &actor.name).await? {
                let invitation = Act::of(
                    &other.name,
                    "invite_partner",
                    json!({ "partner": sibling.handle }),
                );
                fixes.push(Fix::commands(vec![invitation], &act.by(&sibling.handle)));
            }
        }
        _ => {}
    }
    Ok(fixes)
}

/// The tie that stands in the way of a partnership ends first: the provider removes the customer.
fn customer_leaves(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(relation) = &facts.relation else {
        return Vec::new();
    };
    let removal = Act::of(
        &relation.partner,
        "remove_relationship",
        json!({ "customer": relation.customer }),
    );
    vec![Fix::commands(vec![removal], act)]
}

/// The provider creates the customer for the reseller that tried to (CUS-009).
pub(super) fn created_by_provider(fixes: Vec<Fix>, act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(actor) = facts
        .actor
        .as_ref()
        .filter(|_| act.verb == "create_customer")
    else {
        return fixes;
    };
    fixes
        .into_iter()
        .map(|fix| Fix {
            then: fix.then.with("for_reseller", json!(actor.name)),
            ..fix
        })
        .collect()
}

/// A parameter that the refusal calls wrong takes its default, which is sound. What states the truth about
/// the world, such as good faith, is no such parameter.
fn without(act: &Act, parameter: &str) -> Vec<Fix> {
    if act.params.contains_key(parameter) {
        vec![Fix::instead(act.with(parameter, json!(null)))]
    } else {
        Vec::new()
    }
}

/// "Orchard Bakery SAS" as a part of a domain.
fn label(name: &str) -> String {
    let mut label = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            label.push(letter.to_ascii_lowercase());
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    let label = label.trim_end_matches('-');
    if label.is_empty() { "customer" } else { label }.to_owned()
}

/// A domain that nobody holds, close to the one that was given.
async fn another_domain(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let Some(form) = &facts.customer_form else {
        return Ok(Vec::new());
    };
    let stem = label(&form.name);
    for number in 1..=9 {
        let domain = format!("{stem}-{number}.example");
        let held = tx
            .find::<Tenant>(tables::tenants::BY_DOMAIN, &[Value::Text(domain.clone())])
            .await?;
        if held.is_empty() {
            return Ok(vec![Fix::instead(act.with("domain", json!(domain)))]);
        }
    }
    Ok(Vec::new())
}

/// The malformed fields of a new customer, made well formed.
fn well_formed(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(form) = &facts.customer_form else {
        return Vec::new();
    };
    let mut mended = act.clone();
    let mut domain = form.domain.clone();
    for field in &form.bad_fields {
        if field == "domain" {
            domain = format!("{}.example", label(&form.name));
            mended = mended.with("domain", json!(domain));
        }
    }
    if form.bad_fields.iter().any(|field| field == "email") {
        mended = mended.with("email", json!(format!("it@{domain}")));
    }
    vec![Fix::instead(mended)]
}

/// The same person at the customer's own domain.
fn own_address(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(form) = &facts.customer_form else {
        return Vec::new();
    };
    let local = form.email.rsplit_once('@').map_or("it", |(local, _)| local);
    let address = format!("{local}@{}", form.domain);
    vec![Fix::instead(act.with("email", json!(address)))]
}

/// The full name of a company, which its domain lets guess.
fn full_name(act: &Act, facts: &Facts) -> Vec<Fix> {
    let Some(form) = &facts.customer_form else {
        return Vec::new();
    };
    let stem = form.domain.split('.').next().unwrap_or_default();
    let words: Vec<String> = stem
        .split('-')
        .filter_map(|word| {
            let mut letters = word.chars();
            let first = letters.next()?;
            Some(format!(
                "{}{}",
                first.to_ascii_uppercase(),
                letters.as_str()
            ))
        })
        .collect();
    let name = format!("{} {}", words.join(" "), form.name.trim());
    vec![Fix::instead(act.with("name", json!(name.trim())))]
}

/// What is still live is suspended by its seller; reservations and software are cancelled (CUS-019).
async fn wind_down(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let (Some(actor), Some(buyer)) = (&facts.actor, &facts.buyer) else {
        return Ok(Vec::new());
    };
    let account = names::the_account(tx, &actor.name).await?;
    let tenant = names::the_tenant(tx, &buyer.name).await?;
    let mut commands = Vec::new();
    for held in tx
        .find::<Subscription>(
            tables::subscriptions::BY_CUSTOMER,
            &[Value::Id(tenant.id.uuid())],
        )
        .await?
    {
        let own = held.seller == Some(account.id) || held.partner_of_record == Some(account.id);
        let Some(seller) = held.seller.filter(|_| own) else {
            continue;
        };
        let item: Item = by_id(tx, held.item).await?;
        let cancelled_only = matches!(
            item.kind,
            ItemKind::Reservation | ItemKind::SoftwareSubscription | ItemKind::PerpetualSoftware
        );
        let verb = match held.state {
            SubscriptionState::Active | SubscriptionState::Suspended if cancelled_only => "cancel",
            SubscriptionState::Active => "suspend",
            _ => continue,
        };
        let seller = names::account_by_id(tx, seller).await?;
        commands.push(Act::of(
            &seller.handle,
            verb,
            json!({ "subscription": held.handle }),
        ));
    }
    Ok(vec![Fix::commands(commands, act)])
}

/// An admin agent of the partner that would pay switches self-service on.
fn switch_self_service_on(act: &Act, facts: &Facts) -> Vec<Fix> {
    let (Some(partner), Some(buyer)) = (&facts.other, &facts.buyer) else {
        return Vec::new();
    };
    let switch = Act::of(
        &partner.name,
        "set_self_service",
        json!({ "customer": buyer.name, "enabled": true }),
    );
    vec![Fix::commands(vec![switch], act)]
}

/// Whoever may be the contact: a partner with a relationship and rights, or the billed partner.
async fn another_contact(tx: &mut Tx<'_>, act: &Act, facts: &Facts) -> Result<Vec<Fix>, AppError> {
    let (Some(buyer), Some(subscription)) = (&facts.buyer, &facts.subscription) else {
        return Ok(Vec::new());
    };
    let tenant = names::the_tenant(tx, &buyer.name).await?;
    let key = [Value::Id(tenant.id.uuid())];
    let rights = tx
        .find::<AdminRelationship>(tables::admin_relationships::BY_CUSTOMER, &key)
        .await?;
    let mut fixes = Vec::new();
    for relation in tx
        .find::<Relationship>(tables::relationships::BY_CUSTOMER, &key)
        .await?
    {
        let holds = rights
            .iter()
            .any(|right| right.partner == relation.partner && right.state == AdminState::Active);
        if holds && relation.state == RelationshipState::Active {
            let partner = names::account_by_id(tx, relation.partner).await?;
            fixes.push(Fix::instead(act.with("contact", json!(partner.handle))));
        }
    }
    fixes.push(Fix::instead(
        act.with("contact", json!(subscription.seller)),
    ));
    Ok(fixes)
}

/// A tenant of type Customer that a command makes under the company's name takes the place of one that
/// cannot be served. `sellers` are the provider (or the only seller) and the reseller, as far as named.
pub(super) async fn new_tenant(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let Some(buyer) = &facts.buyer else {
        return Ok(Vec::new());
    };
    let Some((creator, reseller)) = sellers(tx, act, facts).await? else {
        return Ok(Vec::new());
    };
    let handle = format!("{}-own", label(&buyer.name));
    if names::tenant(tx, &handle).await?.is_some() {
        return Ok(Vec::new());
    }
    let domain = format!("{handle}.example");
    let mut form = json!({
        "id": handle,
        "name": buyer.title,
        "country": buyer.country,
        "domain": domain,
        "email": format!("it@{domain}"),
    });
    if let (Some(map), Some(reseller)) = (form.as_object_mut(), reseller) {
        map.insert("for_reseller".to_owned(), json!(reseller));
    }
    let creation = Act::of(&creator, "create_customer", form);
    let then = if act.params.contains_key("customer") {
        act.with("customer", json!(handle))
    } else {
        act.by(&handle)
    };
    Ok(vec![Fix::commands(vec![creation], &then)])
}

/// Who would create the tenant: the billed seller of the deal, and the reseller it is for.
async fn sellers(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Option<(String, Option<String>)>, AppError> {
    if act.verb == "accept_relationship" {
        let Some(partners) = act.params.get("partner") else {
            return Ok(None);
        };
        let Ok(partners) = serde_json::from_value::<Partners>(partners.clone()) else {
            return Ok(None);
        };
        let (behind, facing) = partners.resolve(tx).await?;
        return Ok(match behind {
            Some(provider) => Some((provider.handle, Some(facing.handle))),
            None => facing.kind.is_billed().then_some((facing.handle, None)),
        });
    }
    let billed = facts.actor.as_ref().filter(|actor| actor.kind.is_billed());
    Ok(billed.map(|actor| {
        let reseller = match &facts.named {
            Named::Account { party, .. } if party.acts_as_reseller => Some(party.name.clone()),
            _ => None,
        };
        (actor.name.clone(), reseller)
    }))
}

/// Whether a company has a tenant of type Customer besides the one given.
pub(super) fn is_other_customer_tenant(tenant: &Tenant, buyer: &str) -> bool {
    tenant.kind == TenantType::Customer && tenant.handle != buyer
}

/// The right identifier of a reseller, or another reseller of the provider, for a subscription that
/// exists.
pub(super) async fn other_on_record(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let mut names = Vec::new();
    if let Named::Unenrolled { place, .. } = &facts.named
        && let Some(company) = crate::names::organization(tx, &place.organization).await?
    {
        let key = [Value::Id(company.id.uuid())];
        let accounts = tx
            .find::<Account>(tables::accounts::BY_ORGANIZATION, &key)
            .await?;
        names.extend(
            accounts
                .into_iter()
                .filter(Account::acts_as_reseller)
                .map(|account| account.handle),
        );
    }
    if let Some(actor) = &facts.actor {
        for reseller in super::resellers(tx, &actor.name).await? {
            names.push(reseller.handle);
        }
    }
    Ok(names
        .into_iter()
        .map(|name| Fix::instead(act.with("partner_of_record", json!(name))))
        .collect())
}
