//! What needs somebody today: counted, with a few examples of each kind.

use serde_json::{Map, Value as Json, json};
use tierline_domain::billing::Party;
use tierline_domain::customer::{AcceptedBy, Attestation, Relationship, RelationshipState};
use tierline_domain::money::Money;
use tierline_domain::partner::{Account, AccountState, Organization, PartnerType, Tenant};
use tierline_domain::subscription::CreditLine;
use tierline_domain::time::{Period, add_days};
use tierline_store::overview::{self as sql, Hit};
use tierline_store::{Statement, Tx, Value, tables};

use super::{Viewer, decisions, region};
use crate::act::{Act, decide_only};
use crate::billing::fx;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::service_requests::Sees;
use crate::{actor, facts, names};

/// Examples of one kind.
pub const EXAMPLES: usize = 5;
/// Days ahead in which renewals and ends of rights are looked for.
pub const AHEAD_DAYS: i32 = 30;
/// Days back in which refusals are looked for.
pub const BACK_DAYS: i32 = 7;
/// Refusals are counted up to here.
pub const REFUSALS_MAX: usize = 200;

/// One kind of thing that needs somebody.
#[derive(Clone, Debug)]
pub struct Matter {
    /// What it is, such as `renewals`.
    pub kind: &'static str,
    /// How many there are.
    pub count: i64,
    /// There are more than were counted.
    pub is_more: bool,
    /// A few of them, those that are due first.
    pub examples: Vec<Hit>,
}

/// A credit line as the seller sees it, in US dollars.
#[derive(Clone, Copy, Debug)]
pub struct CreditState {
    /// The limit.
    pub limit: Money,
    /// What is left of it.
    pub available: Money,
    /// Whole percent of it that is used up, from 0; above 100 where it is overdrawn.
    pub used_percent: i64,
}

/// What needs somebody.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// Each kind of which there is something.
    pub matters: Vec<Matter>,
    /// Credit, where the caller has a line and may see it.
    pub credit: Option<CreditState>,
    /// Active subscriptions that a partner sold.
    pub sold: Option<i64>,
}

struct Finder<'a, 'b> {
    tx: &'a mut Tx<'b>,
    matters: Vec<Matter>,
}

impl Finder<'_, '_> {
    fn add(&mut self, kind: &'static str, hits: Vec<Hit>) {
        let count = hits.first().map_or(0, |hit| hit.total);
        if count > 0 {
            self.matters.push(Matter {
                kind,
                count,
                is_more: false,
                examples: hits,
            });
        }
    }

    /// Counts by instants; the number of examples is the last parameter of each statement.
    async fn at(
        &mut self,
        kind: &'static str,
        statement: Statement,
        key: &[Value],
    ) -> Result<(), AppError> {
        let hits = self.tx.hits_at(statement, &limited(key)).await?;
        self.add(kind, hits);
        Ok(())
    }

    /// Counts by days.
    async fn by(
        &mut self,
        kind: &'static str,
        statement: Statement,
        key: &[Value],
    ) -> Result<(), AppError> {
        let hits = self.tx.hits_by(statement, &limited(key)).await?;
        self.add(kind, hits);
        Ok(())
    }

    /// A single thing about the caller itself.
    fn one(&mut self, kind: &'static str, account: &Account, about: String) {
        self.matters.push(Matter {
            kind,
            count: 1,
            is_more: false,
            examples: vec![Hit {
                total: 1,
                id: account.id.uuid(),
                name: account.handle.clone(),
                about,
                at: None,
                day: Some(account.state_since),
            }],
        });
    }
}

fn limited(key: &[Value]) -> Vec<Value> {
    let most = i64::try_from(EXAMPLES).unwrap_or(i64::MAX);
    key.iter().cloned().chain([Value::Int(most)]).collect()
}

/// Whether the rules let the caller do something. A look leaves no trace, so it is only decided.
async fn may(ctx: &Ctx, tx: &mut Tx<'_>, verb: &str, params: Json) -> Result<bool, AppError> {
    let params = match params {
        Json::Object(map) => map,
        _ => Map::new(),
    };
    let act = Act {
        actor: ctx.actor.clone(),
        verb: verb.to_owned(),
        params,
    };
    match decide_only(ctx, tx, &act).await {
        Ok((decision, _)) => Ok(decision.allowed),
        Err(AppError::Forbidden(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What needs the viewer.
///
/// # Errors
/// When the store fails.
pub async fn home(ctx: &Ctx, tx: &mut Tx<'_>, viewer: &Viewer) -> Result<Home, AppError> {
    let mut found = Finder {
        tx,
        matters: Vec::new(),
    };
    let mut home = Home::default();
    match viewer {
        Viewer::Operator => operator(&mut found).await?,
        Viewer::Customer(tenant) => {
            let key = [Value::Id(tenant.id.uuid())];
            found
                .at("invitations", sql::INVITATIONS_TO_CUSTOMER, &key)
                .await?;
            agreement(&mut found, tenant).await?;
            found.at("notices", sql::NOTICES_OF_CUSTOMER, &key).await?;
            found
                .at("rights_to_approve", sql::RIGHTS_TO_APPROVE, &key)
                .await?;
            let until = add_days(ctx.now.date(), AHEAD_DAYS);
            let ending = [key[0].clone(), Value::Day(until)];
            found
                .by("rights_ending", sql::RIGHTS_ENDING_OVER, &ending)
                .await?;
            renewals(ctx, &mut found, sql::RENEWALS_OF_CUSTOMER, &key).await?;
            bills(&mut found, Party::Customer(tenant.id)).await?;
        }
        Viewer::Partner(account) => {
            partner(ctx, &mut found, account).await?;
            home.credit = credit(ctx, found.tx, account).await?;
            let key = [Value::Id(account.id.uuid())];
            let sold: Option<(i64,)> = found.tx.fetch_optional(sql::SOLD, &key).await?;
            home.sold = sold.map(|(count,)| count);
        }
    }
    refusals(ctx, &mut found, viewer).await?;
    home.matters = found.matters;
    Ok(home)
}

/// Partners that would sell to the customer and may not yet: neither has it accepted its agreement itself, which is enough for
/// all of them (AGR-028), nor has the partner recorded its acceptance.
async fn agreement(found: &mut Finder<'_, '_>, tenant: &Tenant) -> Result<(), AppError> {
    let key = [Value::Id(tenant.id.uuid())];
    let known = found
        .tx
        .find::<Attestation>(tables::attestations::BY_CUSTOMER, &key)
        .await?;
    if known
        .iter()
        .any(|row| row.accepted_by == AcceptedBy::Customer)
    {
        return Ok(());
    }
    let ties = found
        .tx
        .find::<Relationship>(tables::relationships::BY_CUSTOMER, &key)
        .await?;
    let mut open = Vec::new();
    for tie in ties {
        if tie.state != RelationshipState::Active {
            continue;
        }
        let partner = names::account_by_id(found.tx, tie.partner).await?;
        if partner.kind.is_billed() && !facts::attested(found.tx, partner.id, tenant.id).await? {
            let company: Organization = names::by_id(found.tx, partner.organization).await?;
            open.push((partner, company, tie.since));
        }
    }
    let total = i64::try_from(open.len()).unwrap_or(i64::MAX);
    let hits = open.into_iter().take(EXAMPLES);
    let hits = hits.map(|(partner, company, since)| Hit {
        total,
        id: partner.id.uuid(),
        name: company.name,
        about: partner.handle,
        at: Some(since),
        day: None,
    });
    found.add("customer_agreement", hits.collect());
    Ok(())
}

async fn operator(found: &mut Finder<'_, '_>) -> Result<(), AppError> {
    found.by("enrolments", sql::ENROLMENTS, &[]).await?;
    found
        .by("partnership_removals", sql::REMOVALS_ASKED, &[])
        .await?;
    found
        .at("qualifications", sql::QUALIFICATIONS_TO_DECIDE, &[])
        .await?;
    let own = [Value::Text(Party::Operator.to_string())];
    found
        .by("invoices_contested", sql::BILLS_CONTESTED, &own)
        .await?;
    found
        .at("support_requests", sql::SUPPORT_TO_ANSWER, &[])
        .await?;
    found.at("set_aside", sql::SET_ASIDE, &[]).await?;
    found.at("deliveries_parked", sql::PARKED, &[]).await
}

async fn partner(ctx: &Ctx, found: &mut Finder<'_, '_>, account: &Account) -> Result<(), AppError> {
    let today = ctx.now.date();
    let party = facts::party(found.tx, account, today).await?;
    match account.state {
        AccountState::Active => {}
        AccountState::Restricted
        | AccountState::Suspended
        | AccountState::Deauthorized
        | AccountState::Terminated => {
            found.one("standing", account, account.state.to_string());
        }
        AccountState::NotEnrolled
        | AccountState::Applied
        | AccountState::Pending
        | AccountState::Rejected
        | AccountState::Qualified => found.one("enrolment", account, account.state.to_string()),
    }
    if account.kind != PartnerType::Advisor && !party.signed {
        let place = region(account.country, today).unwrap_or_default();
        found.one("agreement_to_sign", account, place);
    }
    let key = [Value::Id(account.id.uuid())];
    let tables: [(&'static str, Statement); 8] = [
        ("fraud_alerts", sql::FRAUD_ALERTS),
        ("notices", sql::NOTICES_OF_ACCOUNT),
        ("invitations", sql::INVITATIONS_TO_RESELLER),
        ("order_requests", sql::REQUESTS_TO_PROVIDER),
        ("transfers", sql::TRANSFERS_TO_ANSWER),
        ("resellers_invited", sql::INVITATIONS_OF_PROVIDER),
        ("customers_invited", sql::INVITATIONS_OF_PARTNER),
        ("order_requests_open", sql::REQUESTS_OF_RESELLER),
    ];
    for (kind, statement) in tables {
        found.at(kind, statement, &key).await?;
    }
    let sees = Sees::of(&actor::calling(&ctx.actor), None);
    let waiting: Vec<Value> = key.iter().cloned().chain(sees.values()).collect();
    found
        .at("support_replies", sql::SUPPORT_TO_REPLY, &waiting)
        .await?;
    let ending = [key[0].clone(), Value::Day(add_days(today, AHEAD_DAYS))];
    found
        .by("rights_ending", sql::RIGHTS_ENDING, &ending)
        .await?;
    let whose = if account.kind == PartnerType::IndirectReseller {
        sql::RENEWALS_OF_RECORD
    } else {
        sql::RENEWALS_OF_SELLER
    };
    renewals(ctx, found, whose, &key).await?;
    let name = json!({ "partner": account.handle });
    if may(ctx, found.tx, "read_invoice", name).await? {
        bills(found, Party::Account(account.id)).await?;
    }
    let tenant = [Value::Id(account.tenant.uuid())];
    found.at("deliveries_parked", sql::PARKED_OF, &tenant).await
}

async fn renewals(
    ctx: &Ctx,
    found: &mut Finder<'_, '_>,
    whose: Statement,
    key: &[Value],
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let window = [Value::Day(today), Value::Day(add_days(today, AHEAD_DAYS))];
    let key: Vec<Value> = key.iter().cloned().chain(window).collect();
    found.by("renewals", whose, &key).await
}

async fn bills(found: &mut Finder<'_, '_>, party: Party) -> Result<(), AppError> {
    let key = [Value::Text(party.to_string())];
    found.by("invoices_due", sql::BILLS_UNPAID, &key).await?;
    found
        .by("invoices_disputed", sql::BILLS_DISPUTED, &key)
        .await?;
    if party != Party::Operator {
        found
            .by("invoices_contested", sql::BILLS_CONTESTED, &key)
            .await?;
    }
    Ok(())
}

/// What was refused lately.
async fn refusals(ctx: &Ctx, found: &mut Finder<'_, '_>, viewer: &Viewer) -> Result<(), AppError> {
    let since = ctx.now.plus(Period::days(BACK_DAYS.saturating_neg()))?;
    let question = decisions::Question {
        refused: true,
        since: Some(since),
        count: REFUSALS_MAX,
        ..decisions::Question::default()
    };
    let (rows, next) = decisions::page(found.tx, viewer, &question).await?;
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let examples: Vec<Hit> = rows
        .into_iter()
        .take(EXAMPLES)
        .map(|row| Hit {
            total,
            id: row.id,
            name: row.rules.first().cloned().unwrap_or_default(),
            about: row.checkpoint,
            at: Some(row.at),
            day: None,
        })
        .collect();
    if total > 0 {
        found.matters.push(Matter {
            kind: "refusals",
            count: total,
            is_more: next.is_some(),
            examples,
        });
    }
    Ok(())
}

async fn credit(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    account: &Account,
) -> Result<Option<CreditState>, AppError> {
    let key = [Value::Id(account.id.uuid())];
    let Some(line) = tx.get::<CreditLine>(&key).await? else {
        return Ok(None);
    };
    if !may(ctx, tx, "read_credit", json!({})).await? {
        return Ok(None);
    }
    let today = ctx.now.date();
    let limit = fx::in_dollars(tx, line.credit_limit, today).await?;
    let available = facts::available(tx, &line, today).await?;
    let used = limit.minus(available)?;
    let used_percent = used
        .minor
        .saturating_mul(100)
        .checked_div(limit.minor)
        .unwrap_or(100);
    Ok(Some(CreditState {
        limit,
        available,
        used_percent: used_percent.max(0),
    }))
}
