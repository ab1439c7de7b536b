//! Evidence of the customer agreement: a partner's attestation, or the customer's own word (AGR-019 to
//! AGR-032).

use serde::{Deserialize, Serialize};
use tierline_domain::customer::{AcceptedBy, Attestation};
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Date;
use tierline_rules::facts::{AttestationForm, Facts};
use tierline_rules::{Checkpoint, names as forms};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::world::CUSTOMER_TEMPLATE;
use crate::{events, facts, names};

/// Who accepted for the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// First name.
    #[serde(default)]
    pub first_name: String,
    /// Last name.
    #[serde(default)]
    pub last_name: String,
    /// Mail address.
    #[serde(default)]
    pub email: String,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Contact {
    /// A person of the customer who has accepted nothing yet.
    fn fresh(customer: &Tenant, recorded: usize) -> Self {
        Self {
            first_name: "Alex".to_owned(),
            last_name: "Moor".to_owned(),
            email: format!("alex.{recorded}@{}", customer.domain),
            phone: None,
        }
    }

    fn missing(&self) -> Vec<String> {
        let blank = |text: &str| text.trim().is_empty();
        let fields = [
            ("first_name", blank(&self.first_name)),
            ("last_name", blank(&self.last_name)),
            ("email", forms::mail_domain(self.email.trim()).is_none()),
        ];
        fields
            .into_iter()
            .filter(|(_, bad)| *bad)
            .map(|(field, _)| field.to_owned())
            .collect()
    }

    fn is_of(&self, recorded: &Attestation) -> bool {
        let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
        same(&self.first_name, &recorded.first_name)
            && same(&self.last_name, &recorded.last_name)
            && same(&self.email, &recorded.email)
            && self.phone == recorded.phone
    }
}

/// The agreement template given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// The one for the customer's geography, language, type and audience.
    #[default]
    Right,
    /// One for another audience.
    WrongAudience,
}

/// Records that the customer accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// The customer.
    pub customer: String,
    /// Who accepted; a new, valid person by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// When; today by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// The template.
    #[serde(default)]
    pub template: Template,
}

/// The year in which the program began: nobody accepted its customer agreement before.
const AGREEMENTS_FROM: Date = Date::constant(2014, 1, 1);

async fn evidence(tx: &mut Tx<'_>, customer: &Tenant) -> Result<Vec<Attestation>, AppError> {
    let key = [Value::Id(customer.id.uuid())];
    Ok(tx
        .find::<Attestation>(tables::attestations::BY_CUSTOMER, &key)
        .await?)
}

impl Attest {
    fn contact(&self, customer: &Tenant, recorded: &[Attestation]) -> Contact {
        self.contact
            .clone()
            .unwrap_or_else(|| Contact::fresh(customer, recorded.len()))
    }
}

impl UseCase for Attest {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Attest
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let today = ctx.now.date();
        let partner = acting.partner()?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        if self.date.is_some_and(|date| date < AGREEMENTS_FROM) {
            return Err(AppError::invalid(
                "date",
                format!("no customer agreement is older than {AGREEMENTS_FROM}"),
            ));
        }
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::Attest).await?;
        found.buyer = Some(facts::buyer(tx, &customer, None, today).await?);
        found.relation = Some(facts::relation(tx, partner, &customer).await?);
        found.attested = facts::attested(tx, partner.id, customer.id).await?;
        let recorded = evidence(tx, &customer).await?;
        let contact = self.contact(&customer, &recorded);
        found.attestation = Some(AttestationForm {
            missing: contact.missing(),
            agreed: self.date.unwrap_or(today),
            template_fits: self.template == Template::Right,
            template: match self.template {
                Template::Right => CUSTOMER_TEMPLATE.to_owned(),
                Template::WrongAudience => "for another audience".to_owned(),
            },
            duplicate: recorded
                .iter()
                .any(|known| known.partner == Some(partner.id) && contact.is_of(known)),
            bought_before: false,
        });
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let partner = acting.partner()?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        let contact = self.contact(&customer, &evidence(tx, &customer).await?);
        tx.insert(&Attestation {
            id: ctx.ids().next(),
            customer: customer.id,
            partner: Some(partner.id),
            accepted_by: AcceptedBy::Partner,
            first_name: contact.first_name,
            last_name: contact.last_name,
            email: contact.email,
            phone: contact.phone,
            agreed: self.date.unwrap_or_else(|| ctx.now.date()),
            template: CUSTOMER_TEMPLATE.to_owned(),
            recorded_by: recorder(acting),
            recorded_at: ctx.now,
        })
        .await?;
        // AGR-026: the customer is told.
        events::happened(
            ctx,
            tx,
            "customer_notified_of_attestation",
            &customer.handle,
        )
        .await
    }
}

/// Who recorded it, for the evidence (AGR-032).
fn recorder(acting: &Acting) -> String {
    let user = acting.caller.user.as_ref();
    user.unwrap_or(&acting.caller.name).clone()
}

/// The customer accepts directly in its admin centre.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptCustomerAgreement {}

fn customer_of(acting: &Acting) -> Result<&Tenant, AppError> {
    let tenant = acting.tenant.as_ref();
    tenant.ok_or_else(|| AppError::Forbidden(acting.caller.kind.to_string()))
}

/// The acceptance of a customer itself, on record.
///
/// # Errors
/// When the store fails.
pub async fn accept_directly(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    acting: &Acting,
    customer: &Tenant,
) -> Result<(), AppError> {
    let ids = crate::ctx::Ids::named("direct acceptance", &ctx.seed.to_string(), ctx.now);
    tx.insert(&Attestation {
        id: ids.next(),
        customer: customer.id,
        partner: None,
        accepted_by: AcceptedBy::Customer,
        first_name: "Global".to_owned(),
        last_name: "Administrator".to_owned(),
        email: format!("admin@{}", customer.domain),
        phone: None,
        agreed: ctx.now.date(),
        template: CUSTOMER_TEMPLATE.to_owned(),
        recorded_by: recorder(acting),
        recorded_at: ctx.now,
    })
    .await?;
    Ok(())
}

impl UseCase for AcceptCustomerAgreement {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AcceptCustomerAgreement
    }

    fn subject(&self) -> String {
        "customer agreement".to_owned()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let today = ctx.now.date();
        let customer = customer_of(acting)?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::AcceptCustomerAgreement).await?;
        found.buyer = Some(facts::buyer(tx, customer, None, today).await?);
        let key = [Value::Id(customer.id.uuid())];
        let held = tx
            .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
            .await?;
        let seller = held.iter().find_map(|held| held.seller);
        if let Some(seller) = seller {
            let seller = names::account_by_id(tx, seller).await?;
            found.other = Some(facts::party(tx, &seller, today).await?);
        }
        found.attestation = Some(AttestationForm {
            missing: Vec::new(),
            agreed: today,
            template_fits: true,
            template: CUSTOMER_TEMPLATE.to_owned(),
            duplicate: false,
            bought_before: seller.is_some(),
        });
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        accept_directly(ctx, tx, acting, customer_of(acting)?).await
    }
}
