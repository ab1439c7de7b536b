//! Looking a PartnerID up (IDN-022).

use serde::{Deserialize, Serialize};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, Named};
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::facts;

/// Asks whose a PartnerID is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyPartnerId {
    /// The PartnerID, as it was given.
    pub partner_id: String,
}

/// Whose a PartnerID is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// The PartnerID.
    pub partner_id: String,
    /// The company.
    pub organization: String,
    /// The program account it is tied to, if any.
    pub account: Option<String>,
}

impl UseCase for VerifyPartnerId {
    type Out = Option<Profile>;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::VerifyPartnerId
    }

    fn subject(&self) -> String {
        self.partner_id.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::VerifyPartnerId).await?;
        let named = facts::named(tx, Some(&self.partner_id), ctx.now.date()).await?;
        found.form.looked_up = Some(named);
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<Option<Profile>, AppError> {
        let given = self.partner_id.clone();
        Ok(match &facts.form.looked_up {
            Some(Named::Account { party, .. }) => Some(Profile {
                partner_id: party
                    .location
                    .as_ref()
                    .map_or(given, |place| place.partner_id.clone()),
                organization: party.organization.clone(),
                account: Some(party.name.clone()),
            }),
            Some(Named::Unenrolled { place, .. }) => Some(Profile {
                partner_id: place.partner_id.clone(),
                organization: place.organization.clone(),
                account: None,
            }),
            _ => None,
        })
    }
}
