//! Applications in customers' tenants: a partner consents for the customer, and takes it back (ROL-037).

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::User;
use tierline_domain::partner::Tenant;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::tables::{Consent, Grant};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{access, facts, names};

/// Let an application act in a customer's tenant for the partner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentApplication {
    /// The customer.
    pub customer: String,
    /// The application.
    pub application: Uuid,
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// What it may do there.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// Take a consent back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeConsent {
    /// The customer.
    pub customer: String,
    /// The application.
    pub application: Uuid,
}

/// The caller with its user, whose groups give rights in the customer's tenant.
async fn with_user(tx: &mut Tx<'_>, acting: &Acting) -> Result<Acting, AppError> {
    let mut acting = acting.clone();
    if let (None, Some(name)) = (&acting.user, &acting.caller.user) {
        let key = [Value::Text(name.clone())];
        let found = tx
            .look_for::<User>(tables::users::BY_SIGN_IN_NAME, &key)
            .await?;
        acting.user = found.first().cloned();
    }
    Ok(acting)
}

async fn facts_of(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    customer: &Tenant,
) -> Result<Facts, AppError> {
    let partner = acting.partner()?;
    let mut found = facts::begin(tx, ctx, acting, checkpoint).await?;
    found.relation = Some(facts::relation(tx, partner, customer).await?);
    found.buyer = Some(facts::buyer(tx, customer, None, ctx.now.date()).await?);
    Ok(found)
}

impl UseCase for ConsentApplication {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ConsentApplication
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let mut found = facts_of(ctx, acting, tx, self.checkpoint(), &customer).await?;
        let acting = with_user(tx, acting).await?;
        found.access =
            Some(access::access(ctx, &acting, tx, &customer, access::CONSENT, "").await?);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        tx.put(&Consent {
            client_id: self.application,
            partner: acting.partner()?.id,
            tenant: customer.id,
            name: self.name.clone(),
            grants: tierline_store::Json(self.grants.clone()),
            granted: ctx.server_now,
        })
        .await?;
        Ok(json!({ "customer": customer.handle, "application": self.application }))
    }
}

impl UseCase for RevokeConsent {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RevokeConsent
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        facts_of(ctx, acting, tx, self.checkpoint(), &customer).await
    }

    async fn apply(
        &self,
        _: &Ctx,
        acting: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let key = [
            Value::Id(self.application),
            Value::Id(acting.partner()?.id.uuid()),
            Value::Id(customer.id.uuid()),
        ];
        if tx.delete::<Consent>(&key).await? == 0 {
            return Err(AppError::missing(
                "consent to application",
                self.application,
            ));
        }
        Ok(json!({ "customer": customer.handle, "application": self.application }))
    }
}
