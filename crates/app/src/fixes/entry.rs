//! Remedies in which several parties and the operator take part: rights in a customer's tenant, which come into force a
//! while after they were given, and the account that a company opens in another region.

use serde_json::json;
use tierline_domain::admin::{AdminState, DirectoryRole, ProgramRole, User};
use tierline_domain::partner::Account;
use tierline_domain::place::Country;
use tierline_rules::Facts;
use tierline_rules::facts::{Party, Relation};
use tierline_store::{Tx, Value, tables};

use super::Fix;
use crate::act::Act;
use crate::admin::{drafts, of_pair};
use crate::apply::free_name;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::remedy;

/// A user of the partner is given, through a group, a role that does for the task: the partner asks the customer for it
/// where it does not have it yet, and the customer approves (TXN-302, GDA-010).
pub(super) async fn administration(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let (Some(actor), Some(buyer), Some(access)) = (&facts.actor, &facts.buyer, &facts.access)
    else {
        return Ok(Vec::new());
    };
    let related = facts.relation.as_ref().is_some_and(Relation::is_active);
    if act.verb != "administer" || !related {
        return Ok(Vec::new());
    }
    let role = access.needs.first().copied();
    let role = role.unwrap_or(DirectoryRole::DirectoryReader).to_string();
    let partner = names::the_account(tx, &actor.name).await?;
    let customer = names::the_tenant(tx, &buyer.name).await?;
    let mut commands = Vec::new();
    let granted = of_pair(tx, &partner, &customer)
        .await?
        .into_iter()
        .find(|row| row.state == AdminState::Active && row.roles.contains(&role));
    let rights = match granted {
        Some(row) => row.handle,
        None => {
            let name = free_rights(tx, &partner, &buyer.name).await?;
            commands.push(Act::of(
                &actor.name,
                "request_admin",
                json!({ "customer": buyer.name, "name": name, "roles": [role] }),
            ));
            let approval = json!({ "admin_relationship": name });
            commands.push(Act::of(&buyer.name, "approve_admin", approval));
            commands.push(remedy::wait());
            name
        }
    };
    let user = match &facts.caller.user {
        Some(user) => user.clone(),
        None => agent(tx, &partner, &mut commands).await?,
    };
    let group = format!("{}-administrators", buyer.name);
    let members = json!({ "group": group, "members": [user] });
    commands.push(Act::of(&actor.name, "set_group", members));
    commands.push(Act::of(
        &actor.name,
        "assign_roles",
        json!({ "admin_relationship": rights, "group": group, "roles": [role] }),
    ));
    commands.push(remedy::wait());
    Ok(vec![Fix::commands(commands, &act.by(&user))])
}

/// A name under which the partner has no rights yet, and nobody else either.
async fn free_rights(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &str,
) -> Result<String, AppError> {
    let mut number = 1_u32;
    loop {
        let name = match number {
            1 => format!("{customer}-rights"),
            number => format!("{customer}-rights-{number}"),
        };
        let taken = drafts::name_taken(tx, partner, &name, None).await?
            || names::admin_relationship(tx, &name).await?.is_some();
        if !taken {
            return Ok(name);
        }
        number = number.saturating_add(1);
    }
}

/// Somebody of the partner who may act for its customers; a user is made where there is none.
async fn agent(
    tx: &mut Tx<'_>,
    partner: &Account,
    commands: &mut Vec<Act>,
) -> Result<String, AppError> {
    let key = [Value::Id(partner.id.uuid())];
    let users = tx.find::<User>(tables::users::BY_PARTNER, &key).await?;
    let agent = users
        .into_iter()
        .find(|user| user.roles.contains(&ProgramRole::AdminAgent.to_string()));
    if let Some(user) = agent {
        return Ok(user.handle);
    }
    let name = format!("agent.{}", partner.handle);
    let params = json!({ "name": name, "role": ProgramRole::AdminAgent });
    commands.push(Act::of(&partner.handle, "create_user", params));
    Ok(name)
}

/// The company of a partner opens an account in another region: it applies, the operator verifies it, it accepts the
/// agreement of that region (REG-008, TXN-803). The commands, and the account's name.
async fn second_account(
    tx: &mut Tx<'_>,
    of: &Party,
    country: Country,
) -> Result<Option<(Vec<Act>, String)>, AppError> {
    let Some(account) = names::account(tx, &of.name).await? else {
        return Ok(None);
    };
    let company = by_id(tx, account.organization).await?;
    let name = free_name(tx, &company).await?;
    let commands = vec![
        Act::of(
            &of.name,
            "apply",
            json!({ "type": of.kind, "tenant": "new", "country": country }),
        ),
        Act::of(
            "operator",
            "decide_verification",
            json!({ "partner": name, "accepted": true, "evidence": "documents of the company" }),
        ),
        Act::of(&name, "sign_agreement", json!({})),
    ];
    Ok(Some((commands, name)))
}

/// The seller's company sells from an account in the customer's region.
pub(super) async fn account_of_seller(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let (Some(seller), Some(buyer)) = (&facts.actor, &facts.buyer) else {
        return Ok(Vec::new());
    };
    let opens = facts.transfer.is_none() && seller.kind.is_billed() && buyer.region.is_some();
    if !opens
        || !matches!(
            act.verb.as_str(),
            "order" | "create_cart" | "invite_customer"
        )
    {
        return Ok(Vec::new());
    }
    let opened = second_account(tx, seller, buyer.country).await?;
    let fix = opened.map(|(commands, name)| Fix::commands(commands, &act.by(&name)));
    Ok(fix.into_iter().collect())
}

/// The reseller's company joins from an account in the provider's region.
pub(super) async fn account_of_reseller(
    tx: &mut Tx<'_>,
    act: &Act,
    facts: &Facts,
) -> Result<Vec<Fix>, AppError> {
    let (Some(actor), Some(other)) = (&facts.actor, &facts.other) else {
        return Ok(Vec::new());
    };
    let accepts = match act.verb.as_str() {
        "invite_partner" => false,
        "accept_partnership" => true,
        _ => return Ok(Vec::new()),
    };
    let (provider, reseller) = if accepts {
        (other, actor)
    } else {
        (actor, other)
    };
    let Some((mut commands, name)) = second_account(tx, reseller, provider.country).await? else {
        return Ok(Vec::new());
    };
    if !accepts {
        let then = act.with("partner", json!(name));
        return Ok(vec![Fix::commands(commands, &then)]);
    }
    let invitation = json!({ "partner": name });
    commands.push(Act::of(&provider.name, "invite_partner", invitation));
    Ok(vec![Fix::commands(commands, &act.by(&name))])
}
