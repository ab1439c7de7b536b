//! Where an account stands: yearly checks, overdue bills, and what becomes of it (ENR-016, ENR-023,
//! ENR-033 to ENR-037).

use serde::{Deserialize, Serialize};
use tierline_domain::billing::{Invoice, InvoiceState};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{
    Account, AccountState, Judgement, PartnerType, Partnership, PartnershipState, Requirement,
};
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{CallerKind, Facts, Standing};
use tierline_rules::rules::enrolment::RESELLER_REVENUE_MINOR;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::billing::{self, fx};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::verification::enter;
use crate::{events, facts, names, schedule};

/// A reseller's revenue is checked (ENR-033). Subject: the account.
pub const REVENUE_CHECK: &str = "revenue_check";
/// A reseller below the threshold and its providers are warned (ENR-034). Subject: the account.
pub const REVENUE_WARNING: &str = "revenue_warning";
/// A bill has been overdue for too long (ENR-037). Subject: the invoice.
pub const OVERDUE: &str = "invoice_overdue";

/// Days after which an overdue bill suspends an account (ENR-037).
const OVERDUE_DAYS: i32 = 60;
/// Days between the warning and the anniversary month (ENR-034).
const WARNING_DAYS: i32 = 90;
/// First day of the revenue requirement.
const REVENUE_FROM: Date = Date::constant(2024, 4, 1);
/// First day of its warnings.
const WARNING_FROM: Date = Date::constant(2024, 1, 1);

/// Only the operator's staff or scheduler.
///
/// # Errors
/// For anybody else.
pub fn operator(acting: &Acting) -> Result<(), AppError> {
    if acting.caller.kind == CallerKind::Operator {
        Ok(())
    } else {
        Err(AppError::Forbidden(acting.caller.kind.to_string()))
    }
}

/// The last decision about a requirement.
///
/// # Errors
/// When the store fails.
pub async fn latest(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    requirement: Requirement,
) -> Result<Option<Judgement>, AppError> {
    let key = [
        Value::Id(account.uuid()),
        Value::Text(requirement.to_string()),
    ];
    Ok(tx
        .find::<Judgement>(tables::judgements::OF, &key)
        .await?
        .pop())
}

/// What was decided about a requirement today.
pub(crate) struct Judged {
    /// The account judged.
    pub(crate) account: Id<Account>,
    /// What was judged.
    pub(crate) requirement: Requirement,
    /// Met or not.
    pub(crate) passed: bool,
    /// Evidence or reasons, in words.
    pub(crate) evidence: String,
}

/// Records a decision about a requirement. The latest record counts, so two of one instant are kept a tick apart.
///
/// # Errors
/// When the store fails.
pub(crate) async fn record(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    judged: Judged,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let last = latest(tx, judged.account, judged.requirement).await?;
    let after = last
        .filter(|last| last.day == today)
        .map(|last| last.recorded_at.next());
    let judgement = Judgement {
        id: ctx.ids().next(),
        account: judged.account,
        requirement: judged.requirement,
        passed: judged.passed,
        day: today,
        recorded_at: after.map_or(ctx.now, |after| after.max(ctx.now)),
        recorded_by: acting.caller.name.clone(),
        evidence: judged.evidence,
    };
    Ok(tx.insert(&judgement).await?)
}

/// The day of the last capability assessment, when it failed.
///
/// # Errors
/// When the store fails.
pub async fn assessment_failed(
    tx: &mut Tx<'_>,
    account: Id<Account>,
) -> Result<Option<Date>, AppError> {
    let last = latest(tx, account, Requirement::Capability).await?;
    Ok(last.filter(|last| !last.passed).map(|last| last.day))
}

/// What is on record about an account that is not in good standing; nothing is asked about the others.
///
/// # Errors
/// When the store fails.
pub async fn load(
    tx: &mut Tx<'_>,
    account: &Account,
    today: Date,
) -> Result<Option<Standing>, AppError> {
    if !matches!(
        account.state,
        AccountState::Restricted | AccountState::Suspended
    ) {
        return Ok(None);
    }
    let bills = billing::owed(tx, account.id).await?;
    Ok(Some(Standing {
        overdue: bills
            .into_iter()
            .filter(|bill| {
                bill.state == InvoiceState::Unpaid && add_days(bill.due, OVERDUE_DAYS) < today
            })
            .map(|bill| (bill.handle, bill.due))
            .collect(),
        assessment_failed: assessment_failed(tx, account.id).await?,
    }))
}

/// An account becomes active: verified, tied to a PartnerID, and signed (ENR-009).
///
/// # Errors
/// When the store fails.
pub async fn activate(ctx: &Ctx, tx: &mut Tx<'_>, account: &mut Account) -> Result<(), AppError> {
    enter(account, AccountState::Active, ctx.now.date());
    account.onboarded = ctx.now.date();
    tx.put(account).await?;
    plan_revenue(tx, account, ctx.now.date()).await
}

/// The next day after `after` in an anniversary month of a reseller on which its revenue can be checked: from
/// April 2024 on (ENR-033), and not in its first year (ENR-035).
fn next_check(onboarded: Date, after: Date) -> Date {
    let mut years: i32 = 1;
    loop {
        let anniversary = add_months(onboarded, years.saturating_mul(12));
        let (first, last) = (anniversary.first_of_month(), anniversary.last_of_month());
        let from = if years == 1 { anniversary } else { first };
        let day = from.max(REVENUE_FROM).max(add_days(after, 1));
        if day <= last || years > 1000 {
            return day;
        }
        years = years.saturating_add(1);
    }
}

/// Plans the next check of a reseller's revenue, and the warning before it.
///
/// # Errors
/// When the store fails.
pub async fn plan_revenue(tx: &mut Tx<'_>, account: &Account, after: Date) -> Result<(), AppError> {
    schedule::drop_open(tx, REVENUE_CHECK, &account.handle).await?;
    schedule::drop_open(tx, REVENUE_WARNING, &account.handle).await?;
    if account.kind != PartnerType::IndirectReseller || account.state != AccountState::Active {
        return Ok(());
    }
    let check = next_check(account.onboarded, after);
    let warning = add_days(check.first_of_month(), -WARNING_DAYS).max(WARNING_FROM);
    schedule::plan(
        tx,
        REVENUE_CHECK,
        &account.handle,
        Timestamp::start_of(check),
    )
    .await?;
    if warning > after {
        let due = Timestamp::start_of(warning);
        schedule::plan(tx, REVENUE_WARNING, &account.handle, due).await?;
    }
    Ok(())
}

/// Plans what becomes of an unpaid bill.
///
/// # Errors
/// When the store fails.
pub async fn plan_bill(tx: &mut Tx<'_>, bill: &Invoice, today: Date) -> Result<(), AppError> {
    schedule::drop_open(tx, OVERDUE, &bill.handle).await?;
    let day = add_days(bill.due, OVERDUE_DAYS.saturating_add(1)).max(add_days(today, 1));
    if bill.state == InvoiceState::Unpaid {
        schedule::plan(tx, OVERDUE, &bill.handle, Timestamp::start_of(day)).await?;
    }
    Ok(())
}

/// Revenue as ENR-033 counts it, perpetual software included, in US dollars at the rates of a day's month; `None` where it suffices
/// for every check.
async fn counted(tx: &mut Tx<'_>, account: &Account, day: Date) -> Result<Option<Money>, AppError> {
    if account.revenue_cloud.is_none() && account.revenue_perpetual.is_none() {
        return Ok(None);
    }
    let mut sum = Money::zero(Currency::USD);
    for part in [account.revenue_cloud, account.revenue_perpetual]
        .into_iter()
        .flatten()
    {
        sum = sum.plus(fx::in_dollars(tx, part, day).await?)?;
    }
    Ok(Some(sum))
}

async fn below(tx: &mut Tx<'_>, account: &Account, day: Date) -> Result<bool, AppError> {
    let sum = counted(tx, account, day).await?;
    Ok(sum.is_some_and(|sum| sum.minor < RESELLER_REVENUE_MINOR))
}

/// Checks a reseller's revenue today (ENR-033, ENR-035).
async fn check_revenue(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut account: Account,
) -> Result<Account, AppError> {
    let today = ctx.now.date();
    let judged = account.kind == PartnerType::IndirectReseller
        && matches!(
            account.state,
            AccountState::Active | AccountState::Suspended
        )
        && today >= REVENUE_FROM
        && add_months(account.onboarded, 12) <= today;
    if judged && below(tx, &account, today).await? {
        enter(&mut account, AccountState::Deauthorized, today);
        tx.put(&account).await?;
        tell(ctx, tx, "reseller_deauthorized", &account).await?;
    }
    Ok(account)
}

/// Tells a reseller and all of its providers (ENR-034): one event each.
async fn tell(ctx: &Ctx, tx: &mut Tx<'_>, kind: &str, reseller: &Account) -> Result<(), AppError> {
    events::happened(ctx, tx, kind, &reseller.handle).await?;
    let key = [Value::Id(reseller.id.uuid())];
    for tie in tx
        .find::<Partnership>(tables::partnerships::BY_RESELLER, &key)
        .await?
    {
        if tie.state == PartnershipState::Active {
            let provider = names::account_by_id(tx, tie.provider).await?;
            let subject = format!("{} to {}", reseller.handle, provider.handle);
            events::happened(ctx, tx, kind, &subject).await?;
        }
    }
    Ok(())
}

/// Does what fell due for an account; `false` where the kind is none of this module's.
///
/// # Errors
/// When the store fails.
pub async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    match kind {
        REVENUE_CHECK => {
            if let Some(account) = names::account(tx, subject).await? {
                let account = check_revenue(ctx, tx, account).await?;
                plan_revenue(tx, &account, ctx.now.date().last_of_month()).await?;
            }
        }
        REVENUE_WARNING => {
            if let Some(account) = names::account(tx, subject).await?
                && below(tx, &account, ctx.now.date()).await?
            {
                tell(ctx, tx, "revenue_below_threshold", &account).await?;
            }
        }
        OVERDUE => {
            let key = [Value::Text(subject.to_owned())];
            let bill = tx
                .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
                .await?
                .pop();
            let bill = bill.filter(|bill| bill.state == InvoiceState::Unpaid);
            if let Some(partner) = bill.and_then(|bill| bill.recipient.account()) {
                suspend(ctx, tx, partner).await?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

async fn suspend(ctx: &Ctx, tx: &mut Tx<'_>, partner: Id<Account>) -> Result<(), AppError> {
    let mut account = names::account_by_id(tx, partner).await?;
    if matches!(
        account.state,
        AccountState::Active | AccountState::Restricted
    ) {
        enter(&mut account, AccountState::Suspended, ctx.now.date());
        tx.put(&account).await?;
        events::happened(ctx, tx, "account_suspended", &account.handle).await?;
    }
    Ok(())
}

/// The state of an account after a check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checked {
    /// The account.
    pub partner: String,
    /// Its state.
    pub state: AccountState,
}

impl Checked {
    fn of(account: &Account) -> Self {
        Self {
            partner: account.handle.clone(),
            state: account.state,
        }
    }
}

/// How an assessment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assessed {
    /// The requirements are met.
    Passed,
    /// They are not.
    Failed,
}

/// The result of the yearly reassessment; a failed one after notice restricts at once (ENR-023).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordAssessment {
    /// The partner.
    pub partner: String,
    /// Passed or failed.
    pub result: Assessed,
    /// The day on which notice was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_given: Option<Date>,
}

impl UseCase for RecordAssessment {
    type Out = Checked;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        operator(acting)?;
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Checked, AppError> {
        let mut account = names::the_account(tx, &self.partner).await?;
        let today = ctx.now.date();
        let passed = self.result == Assessed::Passed;
        let noticed = self.notice_given.is_some_and(|day| day <= today);
        let evidence = match self.notice_given {
            Some(day) => format!("notice given on {day}"),
            None => "no notice given".to_owned(),
        };
        let judged = Judged {
            account: account.id,
            requirement: Requirement::Capability,
            passed,
            evidence,
        };
        record(ctx, acting, tx, judged).await?;
        if account.kind == PartnerType::DirectBill {
            let next = match account.state {
                AccountState::Active if !passed && noticed => Some(AccountState::Restricted),
                AccountState::Restricted if passed => Some(AccountState::Active),
                _ => None,
            };
            if let Some(state) = next {
                enter(&mut account, state, today);
                tx.put(&account).await?;
            }
        }
        Ok(Checked::of(&account))
    }
}

/// The revenue check of a reseller, run today.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearlyCheck {
    /// The reseller.
    pub partner: String,
}

impl UseCase for YearlyCheck {
    type Out = Checked;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        operator(acting)?;
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Checked, AppError> {
        let account = names::the_account(tx, &self.partner).await?;
        let account = check_revenue(ctx, tx, account).await?;
        Ok(Checked::of(&account))
    }
}

#[cfg(test)]
mod tests {
    use super::next_check;

    #[test]
    fn checks_fall_into_the_anniversary_month() {
        let next = |onboarded: &str, after: &str| {
            next_check(onboarded.parse().unwrap(), after.parse().unwrap()).to_string()
        };
        assert_eq!(next("2022-05-10", "2023-11-15"), "2024-05-01");
        assert_eq!(
            next("2022-05-10", "2024-05-03"),
            "2024-05-04",
            "while the month lasts"
        );
        assert_eq!(next("2022-05-10", "2024-05-31"), "2025-05-01");
        assert_eq!(
            next("2023-05-10", "2023-11-15"),
            "2024-05-10",
            "a year first (ENR-035)"
        );
        assert_eq!(
            next("2022-03-10", "2023-11-15"),
            "2025-03-01",
            "from April 2024 on"
        );
        assert_eq!(next("2020-02-29", "2024-12-31"), "2025-02-01");
    }
}
