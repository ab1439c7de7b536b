//! Users of partners, pages of the portal, the audit query.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{MEMBERSHIP_ROLES, Mfa, ProgramRole, User, UserAccount};
use tierline_domain::partner::PartnerType;
use tierline_domain::time::Date;
use tierline_rules::facts::Facts;
use tierline_rules::{Checkpoint, RuleId, book};
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names;
use crate::{events, facts, fields};

/// Create a partner user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
}

/// Give a partner user a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignRole {
    /// The user.
    pub user: String,
    /// The role.
    pub role: String,
}

/// A role of the program or of the membership account.
fn known_role(role: &str) -> Result<(), AppError> {
    if role.parse::<ProgramRole>().is_ok() || MEMBERSHIP_ROLES.contains(&role) {
        return Ok(());
    }
    let known: Vec<&str> = ProgramRole::PROGRAM
        .iter()
        .map(|role| role.as_str())
        .chain(MEMBERSHIP_ROLES.iter().copied())
        .collect();
    Err(AppError::invalid(
        "role",
        format!("`{role}` is no role; the roles are {}", known.join(", ")),
    ))
}

impl UseCase for CreateUser {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateUser
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        fields::text("name", &self.name)?;
        known_role(&self.role)?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::CreateUser).await?;
        found.form.role = Some(self.role.clone());
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let partner = acting.partner()?;
        let handle: String = self
            .name
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(".");
        let free = names::user(tx, &self.name).await?.is_none();
        let user = User {
            id: ctx.ids().next(),
            sign_in_name: format!("{handle}@{}", partner.domain),
            handle: if free {
                self.name.clone()
            } else {
                format!("{handle}.{}", partner.handle)
            },
            partner: partner.id,
            roles: vec![self.role.clone()],
            mfa: Mfa::Present,
            account: UserAccount::Person,
            guest_in: Vec::new(),
        };
        tx.insert(&user).await?;
        Ok(json!({ "user": user.handle }))
    }
}

impl UseCase for AssignRole {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssignRole
    }

    fn subject(&self) -> String {
        self.user.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        known_role(&self.role)?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::AssignRole).await?;
        found.form.role = Some(self.role.clone());
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let mut user = names::the_user(tx, &self.user).await?;
        if user.partner != acting.partner()?.id {
            return Err(AppError::missing("user", &self.user));
        }
        if !user.roles.contains(&self.role) {
            user.roles.push(self.role.clone());
        }
        tx.put(&user).await?;
        Ok(json!({ "user": user.handle, "roles": user.roles }))
    }
}

/// Open a page of the portal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenPortal {
    /// Which page.
    pub page: String,
}

impl UseCase for OpenPortal {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::OpenPortal
    }

    fn subject(&self) -> String {
        self.page.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::OpenPortal).await?;
        found.form.page = Some(self.page.clone());
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        Ok(json!({ "page": self.page, "reminders": reminders(ctx, facts) }))
    }
}

/// What the portal reminds a partner of on every page: its partner agreement, until it is accepted (AGR-033).
fn reminders(ctx: &Ctx, facts: &Facts) -> Vec<Json> {
    let open = facts
        .actor
        .as_ref()
        .is_some_and(|actor| actor.kind != PartnerType::Advisor && !actor.signed);
    let entry = book::entry(RuleId::of("AGR-033")).filter(|_| open);
    entry
        .map(|entry| {
            let texts = entry.texts(ctx.lang);
            json!({ "rule": entry.id, "text": texts.statement, "remedy": texts.remedy })
        })
        .into_iter()
        .collect()
}

/// Query the audit records.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadAudit {
    /// From which day on.
    pub from: Date,
}

impl UseCase for ReadAudit {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadAudit
    }

    fn subject(&self) -> String {
        self.from.to_string()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::ReadAudit).await?;
        found.form.audit_from = Some(self.from);
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let records = events::of_actor(tx, &acting.caller.name, self.from).await?;
        Ok(json!({ "records": records }))
    }
}
