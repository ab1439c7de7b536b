//! Commands by name: an actor, a verb and its parameters, as scenario files, remedies and the
//! command line write them. One table says which use case a verb is.

use std::pin::Pin;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tierline_rules::{Decision, Facts};
use tierline_store::{Command, StoreError, Tx};

use crate::actor::ActorSpec;
use crate::attempt::{Allowed, UseCase, attempt, dry_run, record_refusal};
use crate::audit;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{holdings, names, numbers, reading};

/// What is longer is no name, but contents.
const NAME_MAX: usize = 200;
/// Verbs whose decision asks what the customer that they name holds.
const SALES: [&str; 3] = ["checkout_cart", "order", "place_order"];
/// Parameters whose values are no parties and nothing of theirs: acts that share nothing else need not wait for each other.
const VALUES: [&str; 20] = [
    "about",
    "country",
    "currency",
    "description",
    "frequency",
    "item",
    "kind",
    "locale",
    "note",
    "path",
    "promotion",
    "renews_to",
    "role_declared",
    "segment",
    "severity",
    "status",
    "template",
    "term",
    "title",
    "topic",
];

/// Somebody does something: `{as: IP-1, order: {customer: C-1, …}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Who.
    pub actor: ActorSpec,
    /// What.
    pub verb: String,
    /// With what.
    pub params: Map<String, Json>,
}

impl Act {
    /// An act of a party.
    #[must_use]
    pub fn of(actor: &str, verb: &str, params: Json) -> Self {
        let params = match params {
            Json::Object(map) => map,
            _ => Map::new(),
        };
        Self {
            actor: ActorSpec::of(actor),
            verb: verb.to_owned(),
            params,
        }
    }

    /// Reads the form of the scenario files.
    ///
    /// # Errors
    /// When it is not one actor and one verb.
    pub fn read(value: &Json) -> Result<Self, AppError> {
        let bad =
            || AppError::invalid("when", "an action is `as` and one verb with its parameters");
        let map = value.as_object().ok_or_else(bad)?;
        let actor = map.get("as").ok_or_else(bad)?;
        let actor = serde_json::from_value(actor.clone())
            .map_err(|error| AppError::invalid("as", error))?;
        let mut verbs = map.iter().filter(|(key, _)| *key != "as");
        match (verbs.next(), verbs.next()) {
            (Some((verb, Json::Object(params))), None) => Ok(Self {
                actor,
                verb: verb.clone(),
                params: params.clone(),
            }),
            _ => Err(bad()),
        }
    }

    /// The form of the scenario files.
    #[must_use]
    pub fn write(&self) -> Json {
        let mut map = Map::new();
        map.insert(
            "as".to_owned(),
            serde_json::to_value(&self.actor).unwrap_or_default(),
        );
        map.insert(self.verb.clone(), Json::Object(self.params.clone()));
        Json::Object(map)
    }

    /// A parameter as text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.params.get(key).and_then(Json::as_str)
    }

    /// What its decision rests on, as far as names tell before the transaction: the actor and every party named. What they do
    /// not tell, it says as it finds it ([`names`]).
    #[must_use]
    pub fn locks(&self) -> Vec<tierline_store::Lock> {
        let mut locks = vec![names::lock(self.actor.party())];
        let mut rest: Vec<(&str, &Json)> = Vec::new();
        rest.extend(self.params.iter().map(|(key, value)| (key.as_str(), value)));
        while let Some((key, value)) = rest.pop() {
            match value {
                Json::String(name) if name.len() <= NAME_MAX && !VALUES.contains(&key) => {
                    locks.push(names::lock(name));
                }
                Json::Array(list) => rest.extend(list.iter().map(|value| (key, value))),
                Json::Object(map) => {
                    rest.extend(map.iter().map(|(key, value)| (key.as_str(), value)));
                }
                _ => {}
            }
        }
        locks
    }

    /// The rows that it names and will look up first.
    #[must_use]
    pub fn ahead(&self) -> Vec<tierline_store::Ahead> {
        let sells = SALES.contains(&self.verb.as_str());
        let named = self.params.iter().filter_map(|(key, value)| {
            let name = value.as_str().filter(|name| name.len() <= NAME_MAX)?;
            match key.as_str() {
                "customer" => sells.then(|| holdings::ahead(name)),
                key => names::ahead(key, name),
            }
        });
        let number = sells.then(|| numbers::ahead(self.actor.party()));
        named.chain(number).collect()
    }

    /// The same act with a parameter changed; `null` takes it away.
    #[must_use]
    pub fn with(&self, key: &str, value: Json) -> Self {
        let mut changed = self.clone();
        if value.is_null() {
            changed.params.remove(key);
        } else {
            changed.params.insert(key.to_owned(), value);
        }
        changed
    }

    /// The same act by somebody else.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self {
            actor: ActorSpec::of(actor),
            ..self.clone()
        }
    }
}

impl Serialize for Act {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write().serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Act {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Json::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What an act answered.
#[derive(Clone, Debug)]
pub struct Performed {
    /// Its answer.
    pub result: Json,
    /// The decision behind it.
    pub decision: Decision,
}

/// A failure names the parameter.
fn read_params<U: serde::de::DeserializeOwned>(params: &Map<String, Json>) -> Result<U, AppError> {
    Ok(reading::members(params)?)
}

async fn run<U: UseCase + serde::de::DeserializeOwned>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    verb: &str,
    params: &Map<String, Json>,
) -> Result<Performed, AppError> {
    let use_case: U = read_params(params)?;
    let before = audit::before(ctx, tx, verb, params).await?;
    let Allowed {
        out,
        decision,
        trail,
    } = attempt(ctx, tx, &use_case).await?;
    let result = serde_json::to_value(&out).unwrap_or_default();
    audit::done(ctx, tx, (verb, params), &trail, before, &result).await?;
    Ok(Performed { result, decision })
}

type Promised<'a, T> = Pin<Box<dyn Future<Output = Result<T, AppError>> + Send + 'a>>;

// One function a use case keeps each future in its own frame; together they would fill a lane's stack.
#[inline(never)]
fn boxed<'a, U: UseCase + serde::de::DeserializeOwned + 'a>(
    ctx: &'a Ctx,
    tx: &'a mut Tx<'_>,
    verb: &'a str,
    params: &'a Map<String, Json>,
) -> Promised<'a, Performed> {
    Box::pin(run::<U>(ctx, tx, verb, params))
}

#[inline(never)]
fn boxed_dry<'a, U: UseCase + serde::de::DeserializeOwned + 'a>(
    ctx: &'a Ctx,
    tx: &'a mut Tx<'_>,
    params: &'a Map<String, Json>,
) -> Promised<'a, (Decision, Facts)> {
    Box::pin(async move { dry_run(ctx, tx, &read_params::<U>(params)?).await })
}

/// Every verb of the format is built, so whatever is not is none.
fn no_verb(verb: &str) -> AppError {
    AppError::invalid("verb", format!("there is no command `{verb}`"))
}

/// Which use case a verb is.
macro_rules! verbs {
    ($($verb:literal => $use_case:ty),+ $(,)?) => {
        /// Verbs that are built.
        pub const BUILT: &[&str] = &[$($verb),+];

        async fn dispatch_dry(ctx: &Ctx, tx: &mut Tx<'_>, verb: &str, params: &Map<String, Json>) -> Result<(Decision, Facts), AppError> {
            match verb {
                $($verb => boxed_dry::<$use_case>(ctx, tx, params).await,)+
                other => Err(no_verb(other)),
            }
        }

        async fn dispatch(ctx: &Ctx, tx: &mut Tx<'_>, verb: &str, params: &Map<String, Json>) -> Result<Performed, AppError> {
            match verb {
                $($verb => boxed::<$use_case>(ctx, tx, verb, params).await,)+
                other => Err(no_verb(other)),
            }
        }
    };
}

verbs! {
    "create_cart" => crate::cart::CreateCart,
    "update_cart" => crate::cart::UpdateCart,
    "fill_cart" => crate::cart::FillCart,
    "checkout_cart" => crate::checkout::CheckoutCart,
    "order" => crate::order::PlaceOrder,
    "place_order" => crate::order::PlaceLines,
    "change_order" => crate::order_change::ChangeOrder,
    "review_order" => crate::order_change::ReviewOrder,
    "attach_files" => crate::documents::AttachFiles,
    "request_order" => crate::order_requests::RequestOrder,
    "answer_order_request" => crate::order_requests::AnswerOrderRequest,
    "apply" => crate::apply::Apply,
    "appeal" => crate::verification::Appeal,
    "escalate_verification" => crate::verification::EscalateVerification,
    "decide_verification" => crate::verification::DecideVerification,
    "associate_location" => crate::locations::AssociateLocation,
    "associate_tenant" => crate::locations::AssociateTenant,
    "add_location" => crate::locations::AddLocation,
    "delete_location" => crate::locations::DeleteLocation,
    "update_profile" => crate::profile::UpdateProfile,
    "sign_agreement" => crate::agreement::SignAgreement,
    "agreement_status" => crate::agreement::AgreementStatus,
    "attest" => crate::attest::Attest,
    "accept_customer_agreement" => crate::attest::AcceptCustomerAgreement,
    "invite_partner" => crate::partnership::InvitePartner,
    "accept_partnership" => crate::partnership::AcceptPartnership,
    "decline_partnership" => crate::partnership::DeclinePartnership,
    "withdraw_partnership" => crate::partnership::WithdrawPartnership,
    "remove_partnership" => crate::partnership::RemovePartnership,
    "request_partnership_removal" => crate::partnership::RequestPartnershipRemoval,
    "end_partnership" => crate::partnership::EndPartnership,
    "withdraw_provider_access" => crate::partnership::WithdrawProviderAccess,
    "create_customer" => crate::new_customer::CreateCustomer,
    "invite_customer" => crate::relationship::InviteCustomer,
    "accept_relationship" => crate::relationship::AcceptRelationship,
    "decline_relationship" => crate::relationship::DeclineRelationship,
    "withdraw_invitation" => crate::relationship::WithdrawInvitation,
    "extend_relationship" => crate::relationship::ExtendRelationship,
    "remove_relationship" => crate::relationship::RemoveRelationship,
    "set_qualification" => crate::customer::SetQualification,
    "decide_qualification" => crate::qualifications::DecideQualification,
    "write_profile" => crate::profiles::WriteProfile,
    "update_billing_profile" => crate::customer_profile::UpdateBillingProfile,
    "add_domain" => crate::customer_profile::AddDomain,
    "end_delegation" => crate::admin::legacy::EndDelegation,
    "delete_customer" => crate::customer_profile::DeleteCustomer,
    "create_sandbox_reseller" => crate::sandbox_resellers::CreateSandboxReseller,
    "delete_sandbox_reseller" => crate::sandbox_resellers::DeleteSandboxReseller,
    "set_self_service" => crate::customer::SetSelfService,
    "self_service_purchase" => crate::customer::SelfServicePurchase,
    "read_customer" => crate::customer::ReadCustomer,
    "read_software_keys" => crate::customer::ReadSoftwareKeys,
    "set_support_contact" => crate::support_contact::SetSupportContact,
    "verify_partner_id" => crate::lookup::VerifyPartnerId,
    "record_assessment" => crate::standing::RecordAssessment,
    "yearly_check" => crate::standing::YearlyCheck,
    "request_admin" => crate::admin::RequestAdmin,
    "approve_admin" => crate::admin::ApproveAdmin,
    "draft_admin" => crate::admin::drafts::DraftAdmin,
    "update_draft" => crate::admin::drafts::UpdateDraft,
    "delete_draft" => crate::admin::drafts::DeleteDraft,
    "send_admin" => crate::admin::drafts::SendAdmin,
    "assign_roles" => crate::admin::assignments::AssignRoles,
    "change_roles" => crate::admin::assignments::ChangeRoles,
    "remove_roles" => crate::admin::assignments::RemoveRoles,
    "set_group" => crate::admin::assignments::SetGroup,
    "convert_delegation" => crate::admin::legacy::ConvertDelegation,
    "report_delegations" => crate::admin::report::ReportDelegations,
    "update_admin" => crate::admin::UpdateAdmin,
    "terminate_admin" => crate::admin::TerminateAdmin,
    "list_admin" => crate::admin::ListAdmin,
    "administer" => crate::access::Administer,
    "manage_resource" => crate::access::ManageResource,
    "open_ticket" => crate::service_requests::OpenTicket,
    "update_ticket" => crate::service_requests::UpdateTicket,
    "answer_ticket" => crate::service_requests::AnswerTicket,
    "report_fraud" => crate::fraud::ReportFraud,
    "update_fraud_events" => crate::fraud::UpdateFraudEvents,
    "send_notice" => crate::notices::SendNotice,
    "read_notices" => crate::notices::ReadNotices,
    "offer_support" => crate::notices::OfferSupport,
    "create_user" => crate::desk::CreateUser,
    "assign_role" => crate::desk::AssignRole,
    "open_portal" => crate::desk::OpenPortal,
    "read_audit" => crate::desk::ReadAudit,
    "merge_organizations" => crate::merge::MergeOrganizations,
    "grant_waiver" => crate::waiver::GrantWaiver,
    "end_waiver" => crate::waiver::EndWaiver,
    "record_affiliation" => crate::affiliation::RecordAffiliation,
    "check_promotion" => crate::promotion::CheckPromotion,
    "upload_document" => crate::promotion::UploadDocument,
    "change_quantity" => crate::change_quantity::ChangeQuantity,
    "cancel" => crate::cancel::Cancel,
    "suspend" => crate::suspend::Suspend,
    "reactivate" => crate::suspend::Reactivate,
    "set_renewal" => crate::renewal::SetRenewal,
    "schedule_change" => crate::renewal::ScheduleChange,
    "change_frequency" => crate::frequency::ChangeFrequency,
    "set_partner_of_record" => crate::record::SetPartnerOfRecord,
    "upgrade" => crate::transition::Upgrade,
    "convert_trial" => crate::transition::ConvertTrial,
    "change_term" => crate::transition::ChangeTerm,
    "migrate" => crate::transition::Migrate,
    "update_subscription" => crate::update_subscription::UpdateSubscription,
    "change_subscription" => crate::change_subscription::ChangeSubscription,
    "register_subscription" => crate::registration::RegisterSubscription,
    "activate_subscription" => crate::registration::ActivateSubscription,
    "upgrade_to_plan" => crate::product_upgrade::UpgradeToPlan,
    "set_overage" => crate::overage::SetOverage,
    "read_subscription" => crate::update_subscription::ReadSubscription,
    "create_transfer" => crate::transfer::CreateTransfer,
    "request_transfer" => crate::transfer::RequestTransfer,
    "accept_transfer" => crate::transfer::AcceptTransfer,
    "reject_transfer" => crate::transfer::RejectTransfer,
    "withdraw_transfer" => crate::transfer::WithdrawTransfer,
    "record_usage" => crate::rating::RecordUsage,
    "bill" => crate::rating::Bill,
    "rate" => crate::rating::Rate,
    "rate_credit" => crate::rating::RateCredit,
    "set_price" => crate::billing::price_books::SetPrice,
    "record_payment" => crate::billing::payments::RecordPayment,
    "assign_payment" => crate::billing::payments::AssignPayment,
    "dispute_invoice" => crate::billing::payments::DisputeInvoice,
    "void_invoice" => crate::billing::corrections::VoidInvoice,
    "arrange_billing" => crate::billing::settings::ArrangeBilling,
    "file_exemption" => crate::billing::settings::FileExemption,
    "set_payment_method" => crate::billing::settings::SetPaymentMethod,
    "set_tax_rate" => crate::billing::settings::SetTaxRate,
    "set_credit_limit" => crate::billing::settings::SetCreditLimit,
    "set_budget" => crate::usage::budget::SetBudget,
    "read_price_sheet" => crate::accounts::ReadPriceSheet,
    "read_invoice" => crate::accounts::ReadInvoice,
    "read_books" => crate::accounts::ReadBooks,
    "read_credit" => crate::accounts::ReadCredit,
    "consent_application" => crate::consent::ConsentApplication,
    "revoke_consent" => crate::consent::RevokeConsent,
    "create_directory_user" => crate::directory::CreateDirectoryUser,
    "update_directory_user" => crate::directory::UpdateDirectoryUser,
    "delete_directory_user" => crate::directory::DeleteDirectoryUser,
    "restore_directory_user" => crate::directory::RestoreDirectoryUser,
    "reset_directory_password" => crate::directory::ResetDirectoryPassword,
    "add_role_member" => crate::directory::AddRoleMember,
    "remove_role_member" => crate::directory::RemoveRoleMember,
    "assign_licences" => crate::licences::AssignLicences,
    "open_case" => crate::accounts::OpenCase,
    "report_duplicates" => crate::accounts::ReportDuplicates,
}

/// Does something by name, inside a transaction. The caller's context supplies instant and ids; the act its actor.
///
/// # Errors
/// [`AppError::Refused`] with the decision, or whatever kept it from being decided.
pub async fn perform(ctx: &Ctx, tx: &mut Tx<'_>, act: &Act) -> Result<Performed, AppError> {
    let ctx = Ctx {
        actor: act.actor.clone(),
        ..ctx.clone()
    };
    // The futures of the use cases are large; one box keeps the caller's small.
    Box::pin(dispatch(&ctx, tx, &act.verb, &act.params)).await
}

/// Only decides: the dry run of an act.
///
/// # Errors
/// Whatever keeps it from being decided.
pub async fn decide_only(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    act: &Act,
) -> Result<(Decision, Facts), AppError> {
    let ctx = Ctx {
        actor: act.actor.clone(),
        ..ctx.clone()
    };
    Box::pin(dispatch_dry(&ctx, tx, &act.verb, &act.params)).await
}

/// An act as a write.
pub struct Perform {
    /// Its context; the act's actor counts.
    pub ctx: Ctx,
    /// What to do.
    pub act: Act,
}

impl Command for Perform {
    type Out = Performed;
    type Error = AppError;

    fn locks(&self) -> Vec<tierline_store::Lock> {
        self.act.locks()
    }

    fn ahead(&self) -> Vec<tierline_store::Ahead> {
        self.act.ahead()
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Performed, AppError> {
        perform(&self.ctx, tx, &self.act).await
    }

    async fn record_failure(&self, tx: &mut Tx<'_>, error: &AppError) -> Result<(), StoreError> {
        let ctx = Ctx {
            actor: self.act.actor.clone(),
            ..self.ctx.clone()
        };
        record_refusal(&ctx, tx, &self.act, error).await
    }
}
