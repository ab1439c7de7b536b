//! Things that happen by date: one due-ordered table, one loop.

use tierline_domain::admin::{AdminRelationship, AdminState};
use tierline_domain::subscription::{Subscription, Transfer, TransferKind, TransferState};
use tierline_domain::time::{Period, Timestamp, add_days};
use tierline_store::tables::Due;
use tierline_store::{Lock, Tx, Value, tables};

use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::events;
use crate::{
    admin, billing, lifecycle, partnership, profiles, qualifications, relationship, standing,
    transfer,
};

/// A subscription's term is over: it renews, expires or is disabled.
pub const TERM_END: &str = "term_end";

/// An unanswered partnership invitation lapses. Subject: provider and reseller.
pub const PARTNERSHIP_LAPSE: &str = "partnership_lapse";
/// An unanswered customer invitation lapses. Subject: partner and tenant.
pub const RELATIONSHIP_LAPSE: &str = "relationship_lapse";
/// A granular relationship ends, or is extended (GDA-014, GDA-017).
pub const ADMIN_END: &str = "admin_end";
/// Both sides are reminded of the end of a granular relationship (GDA-016).
pub const ADMIN_REMIND: &str = "admin_remind";
/// Days before that end, and the day itself.
pub const REMINDER_DAYS: [i32; 4] = [30, 7, 1, 0];
/// An unanswered granular request expires (GDA-006).
pub const ADMIN_LAPSE: &str = "admin_lapse";
/// Approved rights become active, requested terminations done (GDA-009).
pub const ADMIN_SETTLE: &str = "admin_settle";
/// An unanswered transfer request expires (TRF-017).
pub const TRANSFER_LAPSE: &str = "transfer_lapse";
/// A changed legal business is verified (IDN-026). Subject: the partner.
pub const PROFILE_VETTING: &str = "profile_vetting";
/// A qualification is verified (CUS-025). Subject: its id.
pub const QUALIFICATION_REVIEW: &str = "qualification_review";
/// Days an unanswered invitation or request lives (Q-12, GDA-006).
pub const INVITATION_DAYS: i32 = 90;
/// Days an unanswered transfer request lives (TRF-017).
pub const TRANSFER_DAYS: i32 = 30;

/// Plans what is to come for a subscription, as of an instant.
///
/// # Errors
/// When the store fails.
pub async fn plan_subscription(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), AppError> {
    lifecycle::plan(tx, subscription, now).await
}

/// Plans what is to come for a granular relationship.
///
/// # Errors
/// When the store fails.
pub async fn plan_admin(tx: &mut Tx<'_>, admin: &AdminRelationship) -> Result<(), AppError> {
    match admin.state {
        AdminState::Active => {
            for days in REMINDER_DAYS {
                let day = Timestamp::start_of(add_days(admin.ends, days.saturating_neg()));
                plan(tx, ADMIN_REMIND, &admin.handle, day).await?;
            }
            plan(tx, ADMIN_END, &admin.handle, admin.end()).await
        }
        AdminState::ApprovalPending => {
            plan(
                tx,
                ADMIN_LAPSE,
                &admin.handle,
                admin.requested.plus(Period::days(INVITATION_DAYS))?,
            )
            .await
        }
        AdminState::Approved
        | AdminState::Activating
        | AdminState::Expiring
        | AdminState::TerminationRequested
        | AdminState::Terminating
        | AdminState::Expired
        | AdminState::Terminated => Ok(()),
    }
}

/// Plans what is to come for a transfer.
///
/// # Errors
/// When the store fails.
pub async fn plan_transfer(tx: &mut Tx<'_>, transfer: &Transfer) -> Result<(), AppError> {
    if transfer.kind == TransferKind::Plan && transfer.state == TransferState::Pending {
        return plan(
            tx,
            TRANSFER_LAPSE,
            &transfer.handle,
            transfer.created.plus(Period::days(TRANSFER_DAYS))?,
        )
        .await;
    }
    Ok(())
}

/// Takes everything off the schedule for a subject.
///
/// # Errors
/// When the store fails.
pub async fn drop_all(tx: &mut Tx<'_>, subject: &str) -> Result<(), AppError> {
    for item in tx
        .find::<Due>(
            tables::schedule::OPEN_FOR,
            &[Value::Text(subject.to_owned())],
        )
        .await?
    {
        tx.delete::<Due>(&[Value::Id(item.id)]).await?;
    }
    Ok(())
}

/// Puts something on the schedule. The same thing at the same instant is one item, however often it is planned.
///
/// # Errors
/// When the store fails.
pub async fn plan(
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
    due: Timestamp,
) -> Result<(), AppError> {
    let id = Ids::named("schedule", &format!("{kind} {subject} {due}"), due).uuid();
    let item = Due {
        id,
        due,
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        done: None,
        problem: None,
    };
    Ok(tx.put(&item).await?)
}

/// Takes everything of a kind off the schedule for a subject.
///
/// # Errors
/// When the store fails.
pub async fn drop_open(tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<(), AppError> {
    let key = [
        Value::Text(kind.to_owned()),
        Value::Text(subject.to_owned()),
    ];
    for item in tx.find::<Due>(tables::schedule::OPEN_OF, &key).await? {
        tx.delete::<Due>(&[Value::Id(item.id)]).await?;
    }
    Ok(())
}

/// Does what falls due until an instant, in due order, in this transaction.
///
/// # Errors
/// When the store fails or an item names something that is gone.
pub async fn advance(ctx: &Ctx, tx: &mut Tx<'_>, until: Timestamp) -> Result<u64, AppError> {
    let mut done = 0_u64;
    while let Some(item) = first_due(tx, until).await? {
        if claim(ctx, tx, &item, until).await? {
            carry_out(ctx, tx, &item).await?;
            done = done.saturating_add(1);
        }
    }
    Ok(done)
}

/// The first things due until an instant, in order.
///
/// # Errors
/// When the store fails.
pub async fn first_due_of(
    tx: &mut Tx<'_>,
    until: Timestamp,
    count: usize,
) -> Result<Vec<Due>, AppError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let key = [Value::Instant(until), Value::Int(count)];
    Ok(tx.find::<Due>(tables::schedule::NEXT, &key).await?)
}

/// The first thing due until an instant.
///
/// # Errors
/// When the store fails.
pub async fn first_due(tx: &mut Tx<'_>, until: Timestamp) -> Result<Option<Due>, AppError> {
    Ok(first_due_of(tx, until, 1).await?.pop())
}

/// The first thing due after an instant.
///
/// # Errors
/// When the store fails.
pub async fn first_after(tx: &mut Tx<'_>, instant: Timestamp) -> Result<Option<Due>, AppError> {
    let key = [Value::Instant(instant)];
    let found = tx.find::<Due>(tables::schedule::FIRST_AFTER, &key).await?;
    Ok(found.into_iter().next())
}

/// Claims an item, for this transaction to do it. False when somebody else has done it, or it is not the first one due
/// until an instant any more: nothing was touched then.
///
/// # Errors
/// When the store fails.
pub async fn claim(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    item: &Due,
    until: Timestamp,
) -> Result<bool, AppError> {
    let claim = [
        Value::Instant(at(ctx, item)),
        Value::Id(item.id),
        Value::Instant(until),
    ];
    Ok(tx.execute(tables::time::CLAIM, &claim).await? > 0)
}

/// Does an item that this transaction has claimed. Claim and effects are one transaction, so an item is done wholly and
/// once, or is still to be done.
///
/// # Errors
/// When the store fails or the item names something that is gone.
pub async fn carry_out(ctx: &Ctx, tx: &mut Tx<'_>, item: &Due) -> Result<(), AppError> {
    let of = format!("{} {}", ctx.seed, item.id);
    let ctx = Ctx {
        now: at(ctx, item),
        seed: Ids::named("due", &of, item.due).uuid(),
        ..ctx.clone()
    };
    fall_due(&ctx, tx, item).await?;
    if tx.untold().is_some() {
        events::passed(&ctx, tx, &item.kind, &item.subject).await?;
    }
    Ok(())
}

/// The instant in the world at which an item is done: when it is due, or the context's own where it was due before that.
#[must_use]
pub fn at(ctx: &Ctx, item: &Due) -> Timestamp {
    item.due.max(ctx.now)
}

/// The parties and things that doing an item rests on, as acts name them.
pub fn names(item: &Due) -> impl Iterator<Item = String> + '_ {
    item.subject.split(' ').map(str::to_lowercase)
}

/// Whether an item of this kind is so much work that nothing else follows in its transaction.
#[must_use]
pub fn fills_a_transaction(kind: &str) -> bool {
    kind == billing::run::BILLING
}

/// Whose turn it is to do what is due: one transaction at a time, of however many servers.
#[must_use]
pub fn turn() -> Lock {
    Lock::on("schedule", "turn")
}

/// Does one thing that fell due. Each module answers for its own kinds.
async fn fall_due(ctx: &Ctx, tx: &mut Tx<'_>, item: &Due) -> Result<(), AppError> {
    if billing::run::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || billing::collection::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || standing::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || lifecycle::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || transfer::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || partnership::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || relationship::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || admin::due::fall_due(ctx, tx, &item.kind, &item.subject).await?
        || profiles::fall_due(tx, &item.kind, &item.subject).await?
        || qualifications::fall_due(tx, &item.kind, &item.subject).await?
    {
        return Ok(());
    }
    Err(AppError::NotSupported(format!(
        "scheduled {} at {}",
        item.kind, ctx.now
    )))
}
