//! Verification of an applicant: what it may do about it, and how the operator decides (ENR-005 to ENR-009).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{
    Account, AccountState, Agreement, AgreementState, PartnerType, Requirement, ResellerEnrolment,
};
use tierline_domain::time::{Date, add_days};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::standing;
use crate::{facts, names};

/// The state of an account after a step of verification.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verified {
    /// The account.
    pub account: String,
    /// Its state.
    pub state: AccountState,
}

impl Verified {
    fn of(account: &Account) -> Self {
        Self {
            account: account.handle.clone(),
            state: account.state,
        }
    }
}

/// Moves an account to another state, from today on.
pub(crate) fn enter(account: &mut Account, state: AccountState, today: Date) {
    account.state = state;
    account.state_since = today;
    account.version = account.version.saturating_add(1);
}

/// A rejected applicant answers with documents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appeal {
    /// Kinds of document, in any words.
    pub documents: Vec<String>,
}

impl UseCase for Appeal {
    type Out = Verified;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Appeal
    }

    fn subject(&self) -> String {
        self.documents.join(", ")
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::Appeal).await?;
        found.form.documents.clone_from(&self.documents);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Verified, AppError> {
        let mut account = acting.partner()?.clone();
        enter(&mut account, AccountState::Pending, ctx.now.date());
        tx.put(&account).await?;
        Ok(Verified::of(&account))
    }
}

/// An applicant whose verification takes too long asks support to step in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalateVerification {}

/// Business days after the first day, up to and including the last (ENR-006).
#[must_use]
pub fn business_days(since: Date, today: Date) -> i64 {
    let mut day = since;
    let mut count = 0_i64;
    while day < today {
        day = add_days(day, 1);
        if day.weekday().to_monday_one_offset() <= 5 {
            count = count.saturating_add(1);
        }
    }
    count
}

impl UseCase for EscalateVerification {
    type Out = Verified;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::EscalateVerification
    }

    fn subject(&self) -> String {
        "verification".to_owned()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let account = acting.partner()?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::EscalateVerification).await?;
        found.form.business_days_pending = business_days(account.state_since, ctx.now.date());
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<Verified, AppError> {
        // The request itself is the audit event that every command leaves.
        Ok(Verified::of(acting.partner()?))
    }
}

/// The operator decides a verification, with evidence or reasons.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideVerification {
    /// The account.
    pub partner: String,
    /// Accepted or not.
    pub accepted: bool,
    /// Evidence, or the reasons of a rejection.
    #[serde(default)]
    pub evidence: String,
}

impl UseCase for DecideVerification {
    type Out = Verified;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Verified, AppError> {
        let mut account = names::the_account(tx, &self.partner).await?;
        let today = ctx.now.date();
        let judged = standing::Judged {
            account: account.id,
            requirement: Requirement::Verification,
            passed: self.accepted,
            evidence: self.evidence.clone(),
        };
        standing::record(ctx, acting, tx, judged).await?;
        match account.state {
            AccountState::Applied | AccountState::Pending | AccountState::Rejected => {
                let state = if self.accepted {
                    AccountState::Qualified
                } else {
                    AccountState::Rejected
                };
                enter(&mut account, state, today);
                tx.put(&account).await?;
                // An agreement accepted before, or for the region by another account, needs no repeat
                // (AGR-007, AGR-009).
                let agreement = tx.get::<Agreement>(&[Value::Id(account.id.uuid())]).await?;
                let signed = agreement.is_some_and(|row| row.state == AgreementState::Accepted);
                if signed && self.accepted {
                    standing::activate(ctx, tx, &mut account).await?;
                }
            }
            _ if self.accepted
                && account.kind == PartnerType::DirectBill
                && account.reseller_enrolment == ResellerEnrolment::Open =>
            {
                account.reseller_enrolment = ResellerEnrolment::Complete;
                account.version = account.version.saturating_add(1);
                tx.put(&account).await?;
            }
            _ => {}
        }
        Ok(Verified::of(&account))
    }
}

#[cfg(test)]
mod tests {
    use super::business_days;

    #[test]
    fn weekends_do_not_count() {
        let days = |since: &str, today: &str| {
            business_days(since.parse().unwrap(), today.parse().unwrap())
        };
        assert_eq!(days("2023-11-12", "2023-11-15"), 3, "Sunday to Wednesday");
        assert_eq!(days("2023-11-08", "2023-11-15"), 5);
        assert_eq!(days("2023-11-07", "2023-11-15"), 6);
        assert_eq!(days("2023-11-15", "2023-11-15"), 0);
    }
}
