//! What a partner is told of its delegations: those that end soon, those that wait for an answer (GDA-029), and old
//! full delegation that nobody uses (DAP-005).

use serde::{Deserialize, Serialize};
use tierline_domain::admin::{AdminRelationship, AdminState};
use tierline_domain::customer::{Delegation, Relationship, RelationshipState};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use super::{in_view, legacy};
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::facts;
use crate::names::by_id;

/// Days ahead in which an end is listed (GDA-029).
const SOON_DAYS: i32 = 60;
/// Days after which unused full delegation counts as inactive (DAP-005).
pub const INACTIVE_DAYS: i32 = 90;
/// Days after which its partner is advised to look at it.
const ADVISED_DAYS: i32 = 60;

/// A granular relationship in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The relationship.
    pub admin_relationship: String,
    /// Its customer.
    pub customer: String,
    /// The day on which it ends, or by which the request has to be answered.
    pub until: Date,
    /// Whether it extends itself.
    pub auto_extend: bool,
}

/// Full delegation that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// Its customer.
    pub customer: String,
    /// The day of its last use, or the one on which it began.
    pub since: Date,
    /// `remove` once it counts as inactive, `review` before.
    pub advice: &'static str,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Ends within sixty days.
    pub expiring: Vec<Listed>,
    /// Waits for the customer's answer.
    pub pending: Vec<Listed>,
    /// Full delegation out of use.
    pub unused: Vec<Unused>,
}

/// Read what becomes of the own delegations.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportDelegations {}

/// The report of a partner at an instant.
///
/// # Errors
/// When the store fails.
pub async fn of(tx: &mut Tx<'_>, partner: &Account, now: Timestamp) -> Result<Report, AppError> {
    let today = now.date();
    let key = [Value::Id(partner.id.uuid())];
    let rows = tx
        .find::<AdminRelationship>(tables::admin_relationships::BY_PARTNER, &key)
        .await?;
    let (mut expiring, mut pending) = (Vec::new(), Vec::new());
    for row in rows {
        let ends_soon = row.state == AdminState::Active && row.ends <= add_days(today, SOON_DAYS);
        let waits = row.state == AdminState::ApprovalPending && in_view(&row, now)?;
        if !(ends_soon || waits) {
            continue;
        }
        let customer: Tenant = by_id(tx, row.customer).await?;
        let answer_by = add_days(row.requested.date(), crate::schedule::INVITATION_DAYS);
        let listed = Listed {
            admin_relationship: row.handle,
            customer: customer.handle,
            until: if waits { answer_by } else { row.ends },
            auto_extend: row.auto_extend,
        };
        if waits {
            pending.push(listed);
        } else {
            expiring.push(listed);
        }
    }
    expiring.sort_by_key(|listed| listed.until);
    pending.sort_by_key(|listed| listed.until);
    Ok(Report {
        expiring,
        pending,
        unused: unused(tx, partner, today).await?,
    })
}

async fn unused(tx: &mut Tx<'_>, partner: &Account, today: Date) -> Result<Vec<Unused>, AppError> {
    let key = [Value::Id(partner.id.uuid())];
    let ties = tx
        .find::<Relationship>(tables::relationships::BY_PARTNER, &key)
        .await?;
    let mut found = Vec::new();
    for tie in ties {
        if tie.state != RelationshipState::Active || tie.delegation != Delegation::Full {
            continue;
        }
        let used = legacy::last_use(tx, &tie).await?;
        let since = used.map_or(tie.since, |used| used.used).date();
        let idle = |days: i32| today > add_days(since, days);
        if idle(ADVISED_DAYS) {
            found.push(Unused {
                customer: legacy::customer_of(tx, &tie).await?,
                since,
                advice: if idle(INACTIVE_DAYS) {
                    "remove"
                } else {
                    "review"
                },
            });
        }
    }
    found.sort_by_key(|unused| unused.since);
    Ok(found)
}

impl UseCase for ReportDelegations {
    type Out = Report;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ListAdmin
    }

    fn subject(&self) -> String {
        String::new()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Report, AppError> {
        of(tx, acting.partner()?, ctx.now).await
    }
}
