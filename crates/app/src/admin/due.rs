//! What happens to granular relationships by date: the operator's steps, ends, extensions, reminders.

use tierline_domain::admin::{AdminAction, AdminRelationship, AdminRequest, AdminState, Progress};
use tierline_domain::time::{Date, add_days, add_months};
use tierline_store::{Tx, Value, tables};

use super::{assignments, keep, legacy, settle_soon, tell_both};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{events, names, schedule, support_contact};

/// Months by which auto-extend moves the end (GDA-014).
const EXTENSION_MONTHS: i32 = 6;

/// Auto-extend exists since 30 October 2023: what ended that day or later is extended (GDA-014).
const AUTO_EXTEND_FROM: Date = Date::constant(2023, 10, 30);

/// What falls due for delegated administration. Answers whether the kind is one of these.
///
/// # Errors
/// When the store fails.
pub async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if assignments::fall_due(ctx, tx, kind, subject).await?
        || legacy::fall_due(ctx, tx, kind, subject).await?
    {
        return Ok(true);
    }
    if ![
        schedule::ADMIN_END,
        schedule::ADMIN_LAPSE,
        schedule::ADMIN_SETTLE,
        schedule::ADMIN_REMIND,
    ]
    .contains(&kind)
    {
        return Ok(false);
    }
    let row = names::the_admin_relationship(tx, subject).await?;
    match kind {
        schedule::ADMIN_REMIND => remind(ctx, tx, &row).await?,
        schedule::ADMIN_SETTLE => step(ctx, tx, row).await?,
        schedule::ADMIN_LAPSE => lapse(ctx, tx, row).await?,
        _ => end(ctx, tx, row).await?,
    }
    Ok(true)
}

/// One step of the operator: what was approved comes into force, what is over is taken away.
async fn step(ctx: &Ctx, tx: &mut Tx<'_>, mut row: AdminRelationship) -> Result<(), AppError> {
    row.state = match row.state {
        AdminState::Approved => AdminState::Activating,
        AdminState::Activating => {
            // The time asked for runs from here.
            row.activated = Some(ctx.now);
            row.ends = add_days(ctx.now.date(), i32::try_from(row.days).unwrap_or(0));
            AdminState::Active
        }
        AdminState::TerminationRequested => AdminState::Terminating,
        AdminState::Terminating => {
            row.ends = ctx.now.date();
            AdminState::Terminated
        }
        AdminState::Expiring => AdminState::Expired,
        AdminState::ApprovalPending
        | AdminState::Active
        | AdminState::Expired
        | AdminState::Terminated => return Ok(()),
    };
    keep(ctx, tx, &mut row).await?;
    match row.state {
        AdminState::Activating | AdminState::Terminating => settle_soon(ctx, tx, &row).await?,
        AdminState::Active => {
            schedule::plan_admin(tx, &row).await?;
            answer(ctx, tx, &row, AdminAction::Approve).await?;
        }
        _ => {
            answer(ctx, tx, &row, AdminAction::Terminate).await?;
            assignments::release(ctx, tx, &row).await?;
            support_contact::rights_ended(tx, row.partner, row.customer).await?;
        }
    }
    told(ctx, tx, &row).await
}

async fn told(ctx: &Ctx, tx: &mut Tx<'_>, row: &AdminRelationship) -> Result<(), AppError> {
    let what = format!("admin_{}", row.state);
    events::happened(ctx, tx, &what, &row.handle).await
}

/// What was asked of a relationship is done.
async fn answer(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
    action: AdminAction,
) -> Result<(), AppError> {
    let key = [Value::Id(row.id.uuid())];
    for mut asked in tx
        .find::<AdminRequest>(tables::admin_requests::BY_RELATIONSHIP, &key)
        .await?
    {
        if asked.action == action && asked.progress == Progress::Pending {
            asked.progress = Progress::Succeeded;
            asked.changed = ctx.now;
            tx.put(&asked).await?;
        }
    }
    Ok(())
}

/// Nobody answered the request (GDA-006).
async fn lapse(ctx: &Ctx, tx: &mut Tx<'_>, mut row: AdminRelationship) -> Result<(), AppError> {
    if row.state != AdminState::ApprovalPending {
        return Ok(());
    }
    row.state = AdminState::Expired;
    row.ends = row.requested.date();
    keep(ctx, tx, &mut row).await?;
    told(ctx, tx, &row).await
}

/// The end has come: rights extend themselves, or end at once (GDA-014, GDA-017).
async fn end(ctx: &Ctx, tx: &mut Tx<'_>, mut row: AdminRelationship) -> Result<(), AppError> {
    // What was planned for an end that has moved since does nothing.
    if row.state != AdminState::Active || ctx.now < row.end() {
        return Ok(());
    }
    if row.auto_extend && ctx.now.date() > AUTO_EXTEND_FROM {
        row.ends = add_months(row.ends, EXTENSION_MONTHS);
        keep(ctx, tx, &mut row).await?;
        schedule::plan_admin(tx, &row).await?;
        return events::happened(ctx, tx, "admin_extended", &row.handle).await;
    }
    row.state = AdminState::Expiring;
    keep(ctx, tx, &mut row).await?;
    settle_soon(ctx, tx, &row).await?;
    support_contact::rights_ended(tx, row.partner, row.customer).await?;
    told(ctx, tx, &row).await
}

/// Both sides are reminded ahead of the end, and told on the day (GDA-016). What was planned for an end that
/// has moved since says nothing.
async fn remind(ctx: &Ctx, tx: &mut Tx<'_>, row: &AdminRelationship) -> Result<(), AppError> {
    let due = schedule::REMINDER_DAYS
        .into_iter()
        .any(|days| add_days(row.ends, days.saturating_neg()) == ctx.now.date());
    if row.state == AdminState::Active && due {
        tell_both(ctx, tx, "admin_expiry", row).await?;
    }
    Ok(())
}
