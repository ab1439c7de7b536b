//! The partner agreement: signing it, and asking whether a reseller has (section 3 of the rulebook).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{
    Account, AccountState, Agreement, AgreementState, LocationKind, PartnerType,
};
use tierline_domain::time::Date;
use tierline_rules::facts::{Facts, Named, StatusQuery};
use tierline_rules::{Checkpoint, regions};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, Referred};
use crate::world::PARTNER_TEMPLATE;
use crate::{facts, standing};

/// Accepts the partner agreement of the caller's account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignAgreement {}

/// What signing came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signed {
    /// The account.
    pub account: String,
    /// Its state.
    pub state: AccountState,
}

impl UseCase for SignAgreement {
    type Out = Signed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SignAgreement
    }

    fn subject(&self) -> String {
        "partner agreement".to_owned()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        facts::begin(tx, ctx, acting, Checkpoint::SignAgreement).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Signed, AppError> {
        let mut account = acting.partner()?.clone();
        let key = [Value::Id(account.id.uuid())];
        let known = tx.get::<Agreement>(&key).await?;
        if known.is_none_or(|known| known.state == AgreementState::Open) {
            let signer = acting.caller.user.as_ref().unwrap_or(&acting.caller.name);
            tx.put(&Agreement {
                account: account.id,
                state: AgreementState::Accepted,
                accepted: Some(ctx.now.date()),
                template: PARTNER_TEMPLATE.to_owned(),
                signer: Some(signer.clone()),
                signer_left: false,
                terms_updated: None,
            })
            .await?;
        }
        if account.state == AccountState::Qualified {
            standing::activate(ctx, tx, &mut account).await?;
        }
        Ok(Signed {
            account: account.handle,
            state: account.state,
        })
    }
}

/// Asks whether a reseller has signed, by PartnerID or by tenant (AGR-012 to AGR-018).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementStatus {
    /// The PartnerID, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_id: Option<String>,
    /// The tenant, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// The answer of the status query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The reseller has signed.
    pub is_agreement_signed: bool,
}

/// The query takes global PartnerIDs too: they stand for the company's reseller account, in the
/// caller's region before others.
async fn queried(
    tx: &mut Tx<'_>,
    given: &str,
    asking: Option<&Account>,
    today: Date,
) -> Result<Named, AppError> {
    let region = |country| regions::region_on(country, today).map(|fact| fact.region);
    let Referred::Place(place) = names::partner_id(tx, given).await? else {
        return facts::named(tx, Some(given), today).await;
    };
    let mut accounts = Vec::new();
    if place.kind == LocationKind::Global {
        let key = [Value::Id(place.organization.uuid())];
        accounts = tx
            .find::<Account>(tables::accounts::BY_ORGANIZATION, &key)
            .await?;
        accounts.retain(Account::acts_as_reseller);
        let near = asking.and_then(|asking| region(asking.country));
        accounts.sort_by_key(|account| region(account.country) != near);
    }
    match accounts.first() {
        Some(account) => Ok(Named::Account {
            given: given.to_owned(),
            party: Box::new(facts::party(tx, account, today).await?),
        }),
        None => facts::named(tx, Some(given), today).await,
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl UseCase for AgreementStatus {
    type Out = Status;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AgreementStatus
    }

    fn subject(&self) -> String {
        let given = self.partner_id.as_ref().or(self.tenant.as_ref());
        given.cloned().unwrap_or_default()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let today = ctx.now.date();
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::AgreementStatus).await?;
        let named = match &self.partner_id {
            Some(given) => queried(tx, given, acting.account.as_ref(), today).await?,
            None => Named::None,
        };
        let tenant = match &self.tenant {
            Some(given) => match names::tenant(tx, given).await? {
                Some(tenant) => Some(tenant),
                None => match names::account(tx, given).await? {
                    Some(account) => Some(names::by_id(tx, account.tenant).await?),
                    None => None,
                },
            },
            None => None,
        };
        let account = match &tenant {
            Some(tenant) => {
                let key = [Value::Id(tenant.id.uuid())];
                let users = tx
                    .find::<Account>(tables::accounts::BY_TENANT, &key)
                    .await?;
                users
                    .into_iter()
                    .find(|account| account.kind != PartnerType::Advisor)
            }
            None => None,
        };
        let sound_id = self.partner_id.as_ref().is_none_or(|given| {
            digits(given) || !matches!(named, Named::Unknown { .. } | Named::None)
        });
        let sound_tenant = self
            .tenant
            .as_ref()
            .is_none_or(|given| tenant.is_some() || given.parse::<uuid::Uuid>().is_ok());
        found.form.status_query = Some(StatusQuery {
            partner_id: self.partner_id.clone(),
            tenant: self.tenant.clone(),
            named,
            tenant_known: tenant.is_some(),
            tenant_account: match &account {
                Some(account) => Some(facts::party(tx, account, today).await?),
                None => None,
            },
            well_formed: sound_id && sound_tenant,
        });
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<Status, AppError> {
        // Whatever is not signed was answered by a rule.
        Ok(Status {
            is_agreement_signed: true,
        })
    }
}
