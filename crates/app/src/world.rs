//! Worlds as data: facts of the scenario format, written into the tables as they stand. No rule is asked.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use tierline_domain::admin::{AdminRelationship, Assignment, Group, User};
use tierline_domain::catalog::{
    DatedPrice, Frequency, Generation, Item, ItemKind, Offered, Promotion, Publisher, Term,
};
use tierline_domain::customer::{
    AcceptedBy, Attestation, ConditionalAccess, Customer, CustomerState, Qualification,
    Relationship, RelationshipState, Segment,
};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::order::{Cart, CartState, Line, Order, OrderLine, OrderState, RoleDeclared};
use tierline_domain::partner::{
    Account, AccountState, Affiliation, Agreement, AgreementState, Judgement, Location,
    LocationKind, LocationState, MembershipState, Organization, PartnerType, Partnership,
    PartnershipState, Requirement, Tenant, TenantType, Waiver,
};
use tierline_domain::place::Country;
use tierline_domain::subscription::{
    Batch, CreditLine, Invoice, InvoiceState, ResourceRole, ResourceRoleName, Subscription,
    SubscriptionState, Transfer, TransferKind, TransferState,
};
use tierline_domain::time::{Date, Period, Timestamp, add_days, add_months};
use tierline_rules::regions;
use tierline_store::tables::{Counter, Setting};
use tierline_store::{Tx, Value, tables};

use crate::ctx::Ids;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{facts, order, schedule, standing};

/// The template of the partner agreement in force.
pub const PARTNER_TEMPLATE: &str = "partner-agreement-2020";
/// The template of the customer agreement in force.
pub const CUSTOMER_TEMPLATE: &str = "customer-agreement-2023";

/// The fields of one fact.
struct Fields<'a> {
    noun: &'a str,
    map: &'a Map<String, Json>,
}

impl Fields<'_> {
    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, AppError> {
        match self.map.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(value) => serde_json::from_value(value.clone())
                .map(Some)
                .map_err(|error| AppError::invalid(format!("{}.{key}", self.noun), error)),
        }
    }

    fn must<T: DeserializeOwned>(&self, key: &str) -> Result<T, AppError> {
        self.get(key)?
            .ok_or_else(|| AppError::invalid(format!("{}.{key}", self.noun), "is missing"))
    }

    /// Sets a field that the fact names and leaves it otherwise.
    fn set<T: DeserializeOwned>(&self, key: &str, target: &mut T) -> Result<(), AppError> {
        if let Some(value) = self.get(key)? {
            *target = value;
        }
        Ok(())
    }

    /// The same for a field that may be absent; the word `none` clears it.
    fn set_some<T: DeserializeOwned>(
        &self,
        key: &str,
        target: &mut Option<T>,
    ) -> Result<(), AppError> {
        if self.map.get(key).and_then(Json::as_str) == Some("none") {
            *target = None;
        } else if let Some(value) = self.get(key)? {
            *target = Some(value);
        }
        Ok(())
    }

    fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    fn text(&self, key: &str) -> Result<Option<String>, AppError> {
        self.get(key)
    }
}

/// Lays facts down in the order written.
///
/// # Errors
/// When a fact names something that is not there, or a value cannot be read.
pub async fn lay(tx: &mut Tx<'_>, given: &[Json], today: Timestamp) -> Result<(), AppError> {
    for fact in given {
        lay_one(tx, fact, today).await?;
    }
    // "Unless an attestation fact says missing": whatever the order in which the two were written.
    for fact in given
        .iter()
        .filter(|fact| fact.pointer("/attestation/state").and_then(Json::as_str) == Some("missing"))
    {
        lay_one(tx, fact, today).await?;
    }
    Ok(())
}

async fn lay_one(tx: &mut Tx<'_>, fact: &Json, today: Timestamp) -> Result<(), AppError> {
    let entry = fact.as_object().and_then(|map| map.iter().next());
    let (noun, map) = entry
        .and_then(|(noun, body)| Some((noun.as_str(), body.as_object()?)))
        .ok_or_else(|| AppError::invalid("given", "a fact is one noun with fields"))?;
    let f = Fields { noun, map };
    match noun {
        "organization" => organization(tx, &f).await,
        "affiliation" => affiliation(tx, &f).await,
        "partner" => partner(tx, &f, today).await,
        "location" => location(tx, &f).await,
        "agreement" => agreement(tx, &f).await,
        "tenant" => tenant(tx, &f).await,
        "customer" => customer(tx, &f).await,
        "partnership" => partnership(tx, &f, today).await,
        "relationship" => relationship(tx, &f, today).await,
        "attestation" => attestation(tx, &f, today).await,
        "admin_relationship" => admin_relationship(tx, &f, today).await,
        "group" => group(tx, &f).await,
        "user" => user(tx, &f).await,
        "item" => item(tx, &f).await,
        "price" => price(tx, &f).await,
        "promotion" => promotion(tx, &f).await,
        "subscription" => subscription(tx, &f, today).await,
        "cart" => cart(tx, &f).await,
        "order" => placed_order(tx, &f, today).await,
        "transfer" => transfer(tx, &f, today).await,
        "invoice" => invoice(tx, &f, today).await,
        "credit" => credit(tx, &f).await,
        "support_contact" => support_contact(tx, &f).await,
        "resource_role" => resource_role(tx, &f).await,
        "waiver" => waiver(tx, &f).await,
        "setting" => setting(tx, &f).await,
        other => Err(AppError::NotSupported(format!("given {other}"))),
    }
}

/// The id of a named thing: the same in every run, so that documented output holds.
fn named_id<T>(kind: &str, name: &str) -> Id<T> {
    Ids::named(kind, name, Timestamp::noon(Date::constant(2023, 1, 1))).next()
}

async fn some_organization(tx: &mut Tx<'_>, name: &str) -> Result<Organization, AppError> {
    if let Some(known) = names::organization(tx, name).await? {
        return Ok(known);
    }
    let new = Organization {
        id: named_id("organization", name),
        handle: name.to_owned(),
        name: name.to_owned(),
        headquarters: None,
        membership: MembershipState::Active,
    };
    tx.insert(&new).await?;
    Ok(new)
}

async fn organization(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let mut row = some_organization(tx, &f.must::<String>("id")?).await?;
    f.set("name", &mut row.name)?;
    f.set_some("headquarters", &mut row.headquarters)?;
    f.set("membership", &mut row.membership)?;
    tx.put(&row).await?;
    if let Some(country) = row.headquarters {
        global_account(tx, &row, country).await?;
    }
    Ok(())
}

/// The global account at the headquarters (IDN-007): a PartnerID that does not transact (IDN-008).
async fn global_account(
    tx: &mut Tx<'_>,
    organization: &Organization,
    country: Country,
) -> Result<(), AppError> {
    let handle = format!("GLOBAL-{}", organization.handle);
    let mut row = match names::location(tx, &handle).await? {
        Some(known) => known,
        None => new_location(tx, &handle, organization.id, country, LocationKind::Global).await?,
    };
    row.country = country;
    tx.put(&row).await?;
    Ok(())
}

async fn new_location(
    tx: &mut Tx<'_>,
    handle: &str,
    organization: Id<Organization>,
    country: Country,
    kind: LocationKind,
) -> Result<Location, AppError> {
    let last = tx
        .get::<Counter>(&[Value::Text("partner_ids".to_owned())])
        .await?
        .map_or(FIRST_PARTNER_ID, |counter| counter.value);
    let next = last.saturating_add(7);
    tx.put(&Counter {
        name: "partner_ids".to_owned(),
        value: next,
    })
    .await?;
    let row = Location {
        id: named_id("location", handle),
        handle: handle.to_owned(),
        organization,
        country,
        kind,
        state: LocationState::Active,
        partner_id: next.to_string(),
    };
    tx.insert(&row).await?;
    Ok(row)
}

/// PartnerIDs are seven digits and count up from here.
const FIRST_PARTNER_ID: i64 = 4_847_362;

/// A new location of an organization, active unless said otherwise.
///
/// # Errors
/// When the name is taken.
pub async fn add_location(
    tx: &mut Tx<'_>,
    handle: &str,
    organization: Id<Organization>,
    country: Country,
) -> Result<Location, AppError> {
    new_location(tx, handle, organization, country, LocationKind::Location).await
}

async fn affiliation(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let of = some_organization(tx, &f.must::<String>("of")?).await?;
    let with = some_organization(tx, &f.must::<String>("with")?).await?;
    let (of_org, with_org) = if of.id <= with.id {
        (of.id, with.id)
    } else {
        (with.id, of.id)
    };
    Ok(tx
        .put(&Affiliation {
            of_org,
            with_org,
            since: f.get("since")?,
        })
        .await?)
}

/// States in which the partner agreement is not accepted yet.
fn before_agreement(state: AccountState) -> bool {
    matches!(
        state,
        AccountState::NotEnrolled
            | AccountState::Applied
            | AccountState::Pending
            | AccountState::Rejected
            | AccountState::Qualified
    )
}

async fn partner(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let known = names::account(tx, &handle).await?;
    let is_new = known.is_none();
    let mut row = match known {
        Some(row) => row,
        None => new_account(tx, f, &handle, today).await?,
    };
    let state_before = row.state;
    f.set("type", &mut row.kind)?;
    f.set("state", &mut row.state)?;
    f.set("state_since", &mut row.state_since)?;
    f.set("onboarded", &mut row.onboarded)?;
    f.set("environment", &mut row.environment)?;
    f.set("sandbox_customers", &mut row.sandbox_customers)?;
    f.set("cloud", &mut row.cloud)?;
    f.set("approvals", &mut row.approvals)?;
    f.set("transitioning", &mut row.transitioning)?;
    f.set("reseller_enrolment", &mut row.reseller_enrolment)?;
    f.set("support_plan", &mut row.support_plan)?;
    f.set("support_benefit", &mut row.support_benefit)?;
    f.set(
        "third_party_mfa_exception",
        &mut row.third_party_mfa_exception,
    )?;
    f.set("domain", &mut row.domain)?;
    if let Some(revenue) = f.get::<Map<String, Json>>("revenue")? {
        let of = |key: &str| {
            revenue
                .get(key)
                .cloned()
                .map(serde_json::from_value::<Money>)
                .transpose()
        };
        row.revenue_cloud =
            of("cloud").map_err(|error| AppError::invalid("partner.revenue", error))?;
        row.revenue_perpetual =
            of("perpetual").map_err(|error| AppError::invalid("partner.revenue", error))?;
    }
    match f.text("location")?.as_deref() {
        Some("none") => row.location = None,
        Some(name) => {
            let place = match names::location(tx, name).await? {
                Some(place) => place,
                None => add_location(tx, name, row.organization, row.country).await?,
            };
            row.location = Some(place.id);
        }
        None => {}
    }
    tx.put(&row).await?;
    let opens = before_agreement(row.state) && (is_new || row.state != state_before);
    if is_new || opens {
        let accepted = !opens;
        tx.put(&Agreement {
            account: row.id,
            state: if accepted {
                AgreementState::Accepted
            } else {
                AgreementState::Open
            },
            accepted: accepted.then_some(Date::constant(2020, 3, 1)),
            template: PARTNER_TEMPLATE.to_owned(),
            signer: None,
            signer_left: false,
            terms_updated: None,
        })
        .await?;
    }
    if let Some(plan) = f.text("support_plan")?.filter(|_| !row.kind.is_billed()) {
        // What is said of an applicant's plan counts for its application (ENR-014).
        let judged = Judgement {
            id: named_id("support plan", &row.handle),
            account: row.id,
            requirement: Requirement::SupportPlan,
            passed: plan != "none",
            day: today.date(),
            recorded_at: today,
            recorded_by: "facts".to_owned(),
            evidence: plan,
        };
        tx.put(&judged).await?;
    }
    standing::plan_revenue(tx, &row, today.date()).await
}

async fn new_account(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    handle: &str,
    today: Timestamp,
) -> Result<Account, AppError> {
    let kind: PartnerType = f.must("type")?;
    let country: Country = f.must("country")?;
    let organization = f
        .text("organization")?
        .unwrap_or_else(|| format!("ORG-{handle}"));
    let mut organization = some_organization(tx, &organization).await?;
    if organization.headquarters.is_none() {
        organization.headquarters = Some(country);
        tx.put(&organization).await?;
        global_account(tx, &organization, country).await?;
    }
    let domain = f
        .text("domain")?
        .unwrap_or_else(|| format!("{}.example", handle.to_lowercase()));
    let program = f.text("tenant")?.unwrap_or_else(|| format!("{handle}-csp"));
    let since = today.date();
    let mut tenant = match names::tenant(tx, &program).await? {
        Some(known) => known,
        None => Tenant {
            id: named_id("tenant", &program),
            handle: program.clone(),
            organization: organization.id,
            kind: TenantType::Partner,
            country,
            domain: domain.clone(),
            associated_with: None,
            program_since: None,
        },
    };
    tenant.kind = TenantType::Partner;
    tenant.program_since = Some(
        f.get("onboarded")?
            .unwrap_or_else(|| add_months(since, -24)),
    );
    tx.put(&tenant).await?;
    let location = match f.text("location")? {
        Some(_) => None,
        None => Some(
            add_location(tx, &format!("LOC-{handle}"), organization.id, country)
                .await?
                .id,
        ),
    };
    let row = Account {
        id: named_id("partner", handle),
        handle: handle.to_owned(),
        organization: organization.id,
        kind,
        country,
        state: AccountState::Active,
        state_since: add_months(since, -12),
        onboarded: add_months(since, -24),
        tenant: tenant.id,
        location,
        domain,
        environment: tierline_domain::partner::Environment::Production,
        sandbox_customers: 0,
        cloud: tierline_domain::partner::Cloud::Public,
        approvals: Vec::new(),
        revenue_cloud: None,
        revenue_perpetual: None,
        transitioning: false,
        reseller_enrolment: tierline_domain::partner::ResellerEnrolment::None,
        support_plan: if kind.is_billed() {
            tierline_domain::partner::SupportPlan::Advanced
        } else {
            tierline_domain::partner::SupportPlan::None
        },
        support_benefit: false,
        third_party_mfa_exception: false,
        legal_name: None,
        security_contact: None,
        version: 1,
    };
    tx.insert(&row).await?;
    Ok(row)
}

async fn location(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::location(tx, &handle).await? {
        Some(known) => known,
        None => {
            let organization = some_organization(tx, &f.must::<String>("organization")?).await?;
            new_location(
                tx,
                &handle,
                organization.id,
                f.must("country")?,
                LocationKind::Location,
            )
            .await?
        }
    };
    f.set("country", &mut row.country)?;
    f.set("kind", &mut row.kind)?;
    f.set("state", &mut row.state)?;
    Ok(tx.put(&row).await?)
}

async fn agreement(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let account = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let mut row = by_id::<Agreement, _>(tx, account.id).await?;
    f.set("state", &mut row.state)?;
    f.set_some("accepted", &mut row.accepted)?;
    f.set("signer_left", &mut row.signer_left)?;
    f.set_some("terms_updated", &mut row.terms_updated)?;
    if row.state == AgreementState::Accepted && row.accepted.is_none() {
        row.accepted = Some(Date::constant(2020, 3, 1));
    }
    Ok(tx.put(&row).await?)
}

async fn tenant(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::tenant(tx, &handle).await? {
        Some(known) => known,
        None => {
            let organization = some_organization(tx, &f.must::<String>("organization")?).await?;
            Tenant {
                id: named_id("tenant", &handle),
                domain: format!("{}.example", handle.to_lowercase()),
                handle,
                organization: organization.id,
                kind: TenantType::Customer,
                country: f.must("country")?,
                associated_with: None,
                program_since: None,
            }
        }
    };
    if let Some(organization) = f.text("organization")? {
        row.organization = some_organization(tx, &organization).await?.id;
    }
    f.set("type", &mut row.kind)?;
    f.set("country", &mut row.country)?;
    f.set("domain", &mut row.domain)?;
    if let Some(account) = f.text("associated_with")? {
        row.associated_with = if account == "none" {
            None
        } else {
            Some(names::the_account(tx, &account).await?.id)
        };
    }
    Ok(tx.put(&row).await?)
}

/// What makes a tenant an end customer, with everything at its default.
#[must_use]
pub fn default_customer(tenant: Id<Tenant>) -> Customer {
    Customer {
        tenant,
        office: None,
        segment: Segment::Commercial,
        state_owned: false,
        qualification: Qualification::Approved,
        account_state: CustomerState::Approved,
        conditional_access: ConditionalAccess::Open,
        budget: None,
        extra_subscriptions: 0,
        culture: "en-US".to_owned(),
        language: "en".to_owned(),
        registration_number: None,
        version: 1,
    }
}

async fn customer(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::tenant(tx, &handle).await? {
        Some(known) => known,
        None => {
            let organization = f
                .text("organization")?
                .unwrap_or_else(|| format!("ORG-{handle}"));
            let organization = some_organization(tx, &organization).await?;
            let country: Country = f.must("country")?;
            if organization.headquarters.is_none() {
                tx.put(&Organization {
                    headquarters: Some(country),
                    ..organization.clone()
                })
                .await?;
            }
            Tenant {
                id: named_id("tenant", &handle),
                domain: format!("{}.example", handle.to_lowercase()),
                handle,
                organization: organization.id,
                kind: TenantType::Customer,
                country,
                associated_with: None,
                program_since: None,
            }
        }
    };
    f.set("country", &mut row.country)?;
    if let Some(organization) = f.text("organization")? {
        row.organization = some_organization(tx, &organization).await?.id;
    }
    tx.put(&row).await?;
    let known = tx.get::<Customer>(&[Value::Id(row.id.uuid())]).await?;
    let mut details = known.unwrap_or_else(|| default_customer(row.id));
    f.set_some("office", &mut details.office)?;
    f.set("segment", &mut details.segment)?;
    f.set("state_owned", &mut details.state_owned)?;
    f.set("qualification", &mut details.qualification)?;
    f.set("account_state", &mut details.account_state)?;
    f.set("conditional_access", &mut details.conditional_access)?;
    f.set_some("budget", &mut details.budget)?;
    if let Some(count) = f.get::<i64>("subscription_count")? {
        let held = tx
            .find::<Subscription>(
                tables::subscriptions::BY_CUSTOMER,
                &[Value::Id(row.id.uuid())],
            )
            .await?;
        details.extra_subscriptions = count.saturating_sub(i64::try_from(held.len()).unwrap_or(0));
    }
    Ok(tx.put(&details).await?)
}

async fn partnership(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let provider = names::the_account(tx, &f.must::<String>("provider")?).await?;
    let reseller = names::the_account(tx, &f.must::<String>("reseller")?).await?;
    let known = tx
        .get::<Partnership>(&[Value::Id(provider.id.uuid()), Value::Id(reseller.id.uuid())])
        .await?;
    let mut row = known.unwrap_or(Partnership {
        provider: provider.id,
        reseller: reseller.id,
        state: PartnershipState::Active,
        since: Timestamp::noon(add_months(today.date(), -12)),
        removal_requested: None,
        provider_access: true,
    });
    f.set("state", &mut row.state)?;
    f.set("since", &mut row.since)?;
    f.set_some("removal_requested", &mut row.removal_requested)?;
    if row.state == PartnershipState::Invited && !f.has("since") {
        row.since = Timestamp::noon(add_days(today.date(), -1));
    }
    tx.put(&row).await?;
    if row.state == PartnershipState::Invited {
        let subject = format!("{} {}", provider.handle, reseller.handle);
        schedule::plan(
            tx,
            schedule::PARTNERSHIP_LAPSE,
            &subject,
            row.since.plus(Period::days(schedule::INVITATION_DAYS))?,
        )
        .await?;
    }
    Ok(())
}

async fn relationship(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let customer = names::the_tenant(tx, &f.must::<String>("customer")?).await?;
    let known = tx
        .get::<Relationship>(&[Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())])
        .await?;
    let mut row = known.unwrap_or(Relationship {
        partner: partner.id,
        customer: customer.id,
        state: RelationshipState::Active,
        since: Timestamp::noon(add_months(today.date(), -12)),
        removed: None,
        delegation: tierline_domain::customer::Delegation::None,
        acquired: tierline_domain::customer::Acquired::Directly,
        joint_with: None,
        self_service: false,
    });
    f.set("state", &mut row.state)?;
    f.set_some("removed", &mut row.removed)?;
    f.set("delegation", &mut row.delegation)?;
    f.set("acquired", &mut row.acquired)?;
    if row.state == RelationshipState::Invited {
        row.since = Timestamp::noon(add_days(today.date(), -1));
    }
    tx.put(&row).await?;
    if row.state == RelationshipState::Invited {
        let subject = format!("{} {}", partner.handle, customer.handle);
        schedule::plan(
            tx,
            schedule::RELATIONSHIP_LAPSE,
            &subject,
            row.since.plus(Period::days(schedule::INVITATION_DAYS))?,
        )
        .await?;
    }
    if row.state == RelationshipState::Active
        && partner.kind.is_billed()
        && !facts::attested(tx, partner.id, customer.id).await?
    {
        tx.put(&evidence(&partner, &customer, today)).await?;
    }
    Ok(())
}

fn evidence(partner: &Account, customer: &Tenant, today: Timestamp) -> Attestation {
    Attestation {
        id: named_id(
            "attestation",
            &format!("{} {}", partner.handle, customer.handle),
        ),
        customer: customer.id,
        partner: Some(partner.id),
        accepted_by: AcceptedBy::Partner,
        first_name: "Kim".to_owned(),
        last_name: "Sand".to_owned(),
        email: format!("kim@{}.example", customer.handle.to_lowercase()),
        phone: None,
        agreed: add_months(today.date(), -12),
        template: CUSTOMER_TEMPLATE.to_owned(),
        recorded_by: partner.handle.clone(),
        recorded_at: Timestamp::noon(add_months(today.date(), -12)),
    }
}

async fn attestation(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let customer = names::the_tenant(tx, &f.must::<String>("customer")?).await?;
    let accepted_by: AcceptedBy = f.get("accepted_by")?.unwrap_or(AcceptedBy::Partner);
    let partner = match f.text("partner")? {
        Some(partner) if accepted_by == AcceptedBy::Partner => {
            Some(names::the_account(tx, &partner).await?)
        }
        _ => None,
    };
    let key = [Value::Id(customer.id.uuid())];
    let known = tx
        .find::<Attestation>(tables::attestations::BY_CUSTOMER, &key)
        .await?;
    let mut same = known.into_iter().filter(|known| {
        known.partner == partner.as_ref().map(|partner| partner.id)
            && known.accepted_by == accepted_by
    });
    if f.text("state")?.as_deref() == Some("missing") {
        for row in same {
            tx.delete::<Attestation>(&[Value::Id(row.id.uuid())])
                .await?;
        }
        return Ok(());
    }
    let mut row = match (same.next_back(), &partner) {
        (Some(known), _) => known,
        (None, Some(partner)) => evidence(partner, &customer, today),
        (None, None) => Attestation {
            id: named_id("attestation", &format!("direct {}", customer.handle)),
            customer: customer.id,
            partner: None,
            accepted_by: AcceptedBy::Customer,
            first_name: "Kim".to_owned(),
            last_name: "Sand".to_owned(),
            email: format!("kim@{}.example", customer.handle.to_lowercase()),
            phone: None,
            agreed: add_months(today.date(), -12),
            template: CUSTOMER_TEMPLATE.to_owned(),
            recorded_by: customer.handle.clone(),
            recorded_at: Timestamp::noon(add_months(today.date(), -12)),
        },
    };
    if let Some(contact) = f.get::<Map<String, Json>>("contact")? {
        let contact = Fields {
            noun: "attestation.contact",
            map: &contact,
        };
        contact.set("first_name", &mut row.first_name)?;
        contact.set("last_name", &mut row.last_name)?;
        contact.set("email", &mut row.email)?;
    }
    f.set("date", &mut row.agreed)?;
    Ok(tx.put(&row).await?)
}

async fn admin_relationship(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::admin_relationship(tx, &handle).await? {
        Some(known) => known,
        None => AdminRelationship {
            id: named_id("admin_relationship", &handle),
            name: handle.clone(),
            handle: handle.clone(),
            partner: names::the_account(tx, &f.must::<String>("partner")?)
                .await?
                .id,
            customer: names::the_tenant(tx, &f.must::<String>("customer")?)
                .await?
                .id,
            roles: Vec::new(),
            state: tierline_domain::admin::AdminState::Active,
            requested: Timestamp::noon(add_days(today.date(), -30)),
            ends: add_months(today.date(), 12),
            days: 395,
            auto_extend: false,
            is_default: false,
            assigned: Vec::new(),
        },
    };
    f.set("name", &mut row.name)?;
    f.set("roles", &mut row.roles)?;
    f.set("state", &mut row.state)?;
    f.set("requested", &mut row.requested)?;
    f.set("ends", &mut row.ends)?;
    f.set("auto_extend", &mut row.auto_extend)?;
    f.set("default", &mut row.is_default)?;
    f.set("assigned", &mut row.assigned)?;
    tx.put(&row).await?;
    for held in f
        .get::<Vec<Map<String, Json>>>("groups")?
        .unwrap_or_default()
    {
        let held = Fields {
            noun: "admin_relationship.groups",
            map: &held,
        };
        let group = names::the_group(tx, &held.must::<String>("group")?).await?;
        let roles = held.must("roles")?;
        tx.put(&Assignment {
            admin_relationship: row.id,
            security_group: group.id,
            roles,
        })
        .await?;
    }
    schedule::plan_admin(tx, &row).await
}

async fn group(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::group(tx, &handle).await? {
        Some(known) => known,
        None => Group {
            id: named_id("group", &handle),
            partner: names::the_account(tx, &f.must::<String>("partner")?)
                .await?
                .id,
            handle,
            members: Vec::new(),
            nested_in_admin_agents: true,
        },
    };
    f.set("members", &mut row.members)?;
    f.set("nested_in_admin_agents", &mut row.nested_in_admin_agents)?;
    Ok(tx.put(&row).await?)
}

async fn user(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let known = names::user(tx, &handle).await?;
    let mut row = known.unwrap_or_else(|| User {
        id: named_id("user", &handle),
        sign_in_name: format!("{}@{}", handle.to_lowercase(), partner.domain),
        handle,
        partner: partner.id,
        roles: Vec::new(),
        mfa: tierline_domain::admin::Mfa::Present,
        account: tierline_domain::admin::UserAccount::Person,
        guest_in: Vec::new(),
    });
    f.set("roles", &mut row.roles)?;
    f.set("mfa", &mut row.mfa)?;
    f.set("account", &mut row.account)?;
    f.set("guest_in", &mut row.guest_in)?;
    Ok(tx.put(&row).await?)
}

/// The terms of an item that names none: a month, a year, three years, each with every frequency up to it.
fn usual_terms() -> Vec<Offered> {
    let every = [Frequency::Monthly, Frequency::Annual, Frequency::Triennial];
    [Term::MONTH, Term::YEAR, Term::THREE_YEARS]
        .into_iter()
        .map(|term| Offered {
            term,
            frequencies: every
                .into_iter()
                .filter(|each| term.admits(*each))
                .collect(),
            prices: Vec::new(),
        })
        .collect()
}

async fn item(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let mut row = match names::item(tx, &handle).await? {
        Some(known) => known,
        None => Item {
            id: named_id("item", &handle),
            title: title(&handle),
            handle,
            kind: ItemKind::Licence,
            generation: Generation::NewCommerce,
            publisher: Publisher::Operator,
            segment: Segment::Commercial,
            offered: usual_terms(),
            min_quantity: 1,
            max_quantity: 10_000,
            customer_max: None,
            prerequisites: Vec::new(),
            percent_of_base: None,
            trial_of: None,
            upgrades_to: Vec::new(),
            concurrent_limit: None,
            end_of_sale: None,
            not_sold_in: Vec::new(),
            exclusive_to: Vec::new(),
            requires_attestation: false,
            partner_of_record_fixed: false,
            renewable: true,
            cancellable: true,
        },
    };
    f.set("kind", &mut row.kind)?;
    f.set("generation", &mut row.generation)?;
    f.set("publisher", &mut row.publisher)?;
    f.set("segment", &mut row.segment)?;
    f.set("min", &mut row.min_quantity)?;
    f.set("max", &mut row.max_quantity)?;
    f.set_some("customer_max", &mut row.customer_max)?;
    f.set("prerequisites", &mut row.prerequisites)?;
    f.set_some("percent_of_base", &mut row.percent_of_base)?;
    f.set_some("trial_of", &mut row.trial_of)?;
    f.set("upgrades_to", &mut row.upgrades_to)?;
    f.set_some("concurrent_limit", &mut row.concurrent_limit)?;
    f.set_some("end_of_sale", &mut row.end_of_sale)?;
    f.set("not_sold_in", &mut row.not_sold_in)?;
    f.set("exclusive_to", &mut row.exclusive_to)?;
    f.set("requires_attestation", &mut row.requires_attestation)?;
    f.set("partner_of_record_fixed", &mut row.partner_of_record_fixed)?;
    f.set("renewable", &mut row.renewable)?;
    f.set("cancellable", &mut row.cancellable)?;
    if let Some(terms) = f.get::<Map<String, Json>>("terms")? {
        let mut offered = Vec::new();
        for (term, frequencies) in terms {
            let term: Term = term
                .parse()
                .map_err(|error| AppError::invalid("item.terms", error))?;
            let frequencies = serde_json::from_value(frequencies)
                .map_err(|error| AppError::invalid("item.terms", error))?;
            let prices = row
                .offer(term)
                .map(|known| known.prices.clone())
                .unwrap_or_default();
            offered.push(Offered {
                term,
                frequencies,
                prices,
            });
        }
        row.offered = offered;
    }
    if let Some(prices) = f.get::<Map<String, Json>>("prices")? {
        for offered in &mut row.offered {
            offered.prices = match prices.get(&offered.term.to_string()) {
                Some(prices) => serde_json::from_value(prices.clone())
                    .map_err(|error| AppError::invalid("item.prices", error))?,
                None => Vec::new(),
            };
        }
    }
    Ok(tx.put(&row).await?)
}

/// `suite-standard` reads better as "Suite standard".
fn title(handle: &str) -> String {
    let mut letters = handle.replace('-', " ").chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        *first = first.to_ascii_uppercase();
    }
    letters.into_iter().collect()
}

async fn price(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    Ok(tx
        .put(&DatedPrice {
            item: item.id,
            term: f.must("term")?,
            from_day: f.must("from")?,
            amount: f.must("amount")?,
        })
        .await?)
}

async fn promotion(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    let row = Promotion {
        id: named_id("promotion", &handle),
        handle,
        item: item.id,
        max_seats: f.must("max_seats")?,
        discount_percent: f.must("discount_percent")?,
    };
    Ok(tx.put(&row).await?)
}

async fn subscription(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let known = names::subscription(tx, &handle).await?;
    let is_new = known.is_none();
    let mut row = match known {
        Some(known) => known,
        None => new_subscription(tx, f, &handle).await?,
    };
    let item: Item = by_id(tx, row.item).await?;
    if !is_new {
        f.set("quantity", &mut row.quantity)?;
    }
    f.set("state", &mut row.state)?;
    f.set("bought", &mut row.bought)?;
    f.set_some("renewed", &mut row.renewed)?;
    f.set("renewal", &mut row.renewal)?;
    f.set("renewal_queued", &mut row.renewal_queued)?;
    f.set("currency", &mut row.currency)?;
    f.set_some("upgraded", &mut row.upgraded)?;
    f.set("converted_from_trial", &mut row.converted_from_trial)?;
    f.set("updates", &mut row.updates)?;
    f.set("default_owner", &mut row.default_owner)?;
    f.set_some("pending_frequency", &mut row.pending_frequency)?;
    row.deprovisioned = f
        .get("deprovisioned")?
        .unwrap_or(row.state == SubscriptionState::Deleted);
    if let Some(order) = f.text("order")? {
        row.order_handle = Some(order);
    }
    if let Some(parent) = f.text("parent")? {
        row.parent = Some(names::the_subscription(tx, &parent).await?.id);
    }
    if let Some(change) = f.get::<Map<String, Json>>("scheduled_change")? {
        row.scheduled_quantity = change.get("quantity").and_then(Json::as_i64);
    }
    if let Some(promotion) = f.text("promotion")? {
        row.promotion = Some(names::the_promotion(tx, &promotion).await?.id);
    }
    if is_new || f.has("bought") || f.has("renewed") || f.has("added") {
        let first = Batch {
            quantity: row.quantity,
            at: row.renewed.unwrap_or(row.bought),
        };
        let added: Vec<Batch> = f.get("added")?.unwrap_or_default();
        row.quantity = added.iter().fold(row.quantity, |sum, batch| {
            sum.saturating_add(batch.quantity)
        });
        row.batches = std::iter::once(first).chain(added).collect();
        row.term_end = natural_end(&row, today.date());
        row.unit_price = price_in_force(tx, &item, &row).await?;
    }
    f.set_some("term_end", &mut row.term_end)?;
    tx.put(&row).await?;
    schedule::drop_all(tx, &row.handle).await?;
    schedule::plan_subscription(tx, &row, today).await
}

/// The day before the anniversary (BIL-043); a running subscription that renews has had its renewals.
fn natural_end(row: &Subscription, today: Date) -> Option<Date> {
    let anchor = row.renewed.unwrap_or(row.bought).date();
    let months = row.term.months()?;
    let mut terms: i32 = 1;
    let end = |terms: i32| add_days(add_months(anchor, months.saturating_mul(terms)), -1);
    while row.state == SubscriptionState::Active
        && row.renewal
        && end(terms) < today
        && terms < 1200
    {
        terms = terms.saturating_add(1);
    }
    Some(end(terms))
}

/// The price per seat in force at purchase, or at the last renewal, promotion included.
async fn price_in_force(
    tx: &mut Tx<'_>,
    item: &Item,
    row: &Subscription,
) -> Result<Option<Money>, AppError> {
    let day = row.renewed.unwrap_or(row.bought).date();
    let list = order::list_price(tx, item, row.term, row.currency, day).await?;
    let Some((list, promotion)) = list.zip(row.promotion) else {
        return Ok(list);
    };
    let promotion: Promotion = by_id(tx, promotion).await?;
    let rest = 100_i64.saturating_sub(promotion.discount_percent);
    Ok(Some(list.share(
        rest,
        100,
        tierline_domain::money::Rounding::Cut,
    )?))
}

async fn new_subscription(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    handle: &str,
) -> Result<Subscription, AppError> {
    let item = names::the_item(
        tx,
        &f.text("item")?
            .unwrap_or_else(|| "suite-standard".to_owned()),
    )
    .await?;
    let seller = match f.must::<String>("seller")?.as_str() {
        crate::actor::OPERATOR => None,
        name => Some(names::the_account(tx, name).await?),
    };
    let term = f.get("term")?.unwrap_or_else(|| order::default_term(&item));
    let reseller = match f.text("partner_of_record")? {
        Some(name) => facts::named_account_of(tx, &name).await?,
        None => None,
    };
    Ok(Subscription {
        id: named_id("subscription", handle),
        handle: handle.to_owned(),
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        quantity: f
            .get("quantity")?
            .unwrap_or(if item.kind.has_seats() { 10 } else { 1 }),
        term,
        frequency: f
            .get("frequency")?
            .unwrap_or_else(|| order::default_frequency(&item, term)),
        partner_of_record: reseller.map(|reseller| reseller.id),
        state: SubscriptionState::Active,
        bought: "2023-06-15T10:00:00Z".parse()?,
        renewed: None,
        term_end: None,
        renewal: item.renewable && term.months().is_some(),
        renewal_queued: false,
        currency: seller.as_ref().map_or(Currency::EUR, |seller| {
            facts::billing_currency(seller, &item)
        }),
        promotion: None,
        unit_price: None,
        batches: Vec::new(),
        scheduled_quantity: None,
        pending_frequency: None,
        upgraded: None,
        converted_from_trial: false,
        updates: 0,
        order_id: None,
        order_handle: Some(format!("order of {handle}")),
        parent: None,
        deprovisioned: false,
        default_owner: true,
        support_contact: None,
        friendly_name: Some(item.title.clone()),
        home: seller
            .as_ref()
            .and_then(|seller| regions::place(seller.country))
            .map_or_else(String::new, |place| place.region.to_string()),
        seller: seller.map(|seller| seller.id),
        item: item.id,
        version: 1,
    })
}

/// One line with everything at its default.
fn plain_line(item: &Item, quantity: i64) -> Line {
    let term = order::default_term(item);
    Line {
        item: item.id,
        quantity,
        term,
        frequency: order::default_frequency(item, term),
        partner_of_record: None,
        further_resellers: Vec::new(),
        custom_end: None,
        currency: None,
        attestation_accepted: true,
        parent: None,
        friendly_name: None,
        availability_outdated: false,
        creates: None,
        align_with: None,
    }
}

async fn cart(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let mut line = plain_line(&item, f.must("quantity")?);
    f.set_some("partner_of_record", &mut line.partner_of_record)?;
    line.availability_outdated = f.text("availability")?.as_deref() == Some("outdated");
    let created: Timestamp = f.must("created")?;
    let row = Cart {
        id: named_id("cart", &handle),
        handle,
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        role_declared: if line.partner_of_record.is_some() {
            RoleDeclared::Indirect
        } else {
            RoleDeclared::Direct
        },
        lines: vec![line],
        state: CartState::Active,
        created,
        modified: created,
        modified_by: partner.handle.clone(),
        ordered_as: None,
        became: None,
        home: regions::place(partner.country)
            .map_or_else(String::new, |place| place.region.to_string()),
        partner: partner.id,
        version: 1,
    };
    Ok(tx.put(&row).await?)
}

async fn placed_order(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let item = names::the_item(tx, &f.must::<String>("item")?).await?;
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let line = plain_line(&item, f.must("quantity")?);
    let row = Order {
        id: named_id("order", &handle),
        handle,
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        lines: vec![OrderLine {
            line,
            subscription: None,
        }],
        state: f.get("state")?.unwrap_or(OrderState::Completed),
        placed: today,
        currency: facts::billing_currency(&partner, &item),
        number: order::next_number(tx, "orders").await?,
        home: regions::place(partner.country)
            .map_or_else(String::new, |place| place.region.to_string()),
        partner: partner.id,
        version: 1,
    };
    Ok(tx.put(&row).await?)
}

async fn transfer(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let row = Transfer {
        id: named_id("transfer", &handle),
        kind: f.must::<TransferKind>("kind")?,
        from_partner: names::the_account(tx, &f.must::<String>("from")?).await?.id,
        to_partner: names::the_account(tx, &f.must::<String>("to")?).await?.id,
        customer: names::the_tenant(tx, &f.must::<String>("customer")?)
            .await?
            .id,
        subscriptions: f.must("subscriptions")?,
        partner_of_record: f.get("partner_of_record")?,
        state: f.must::<TransferState>("state")?,
        created: f
            .get("created")?
            .unwrap_or_else(|| Timestamp::noon(add_days(today.date(), -1))),
        handle,
        version: 1,
    };
    tx.put(&row).await?;
    schedule::plan_transfer(tx, &row).await
}

async fn invoice(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let handle: String = f.must("id")?;
    let row = Invoice {
        id: named_id("invoice", &handle),
        handle,
        partner: names::the_account(tx, &f.must::<String>("partner")?)
            .await?
            .id,
        amount: f.must("amount")?,
        due: f.must("due")?,
        state: f.get("state")?.unwrap_or(InvoiceState::Unpaid),
    };
    tx.put(&row).await?;
    standing::plan_bill(tx, &row, today.date()).await
}

async fn credit(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let partner = names::the_account(tx, &f.must::<String>("partner")?).await?;
    let none = Money::zero(Currency::USD);
    let row = CreditLine {
        partner: partner.id,
        credit_limit: f.must("limit")?,
        unpaid: f.get("unpaid")?.unwrap_or(none),
        unbilled: f.get("unbilled")?.unwrap_or(none),
    };
    Ok(tx.put(&row).await?)
}

async fn support_contact(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let mut row = names::the_subscription(tx, &f.must::<String>("subscription")?).await?;
    row.support_contact = Some(
        names::the_account(tx, &f.must::<String>("contact")?)
            .await?
            .id,
    );
    Ok(tx.put(&row).await?)
}

async fn resource_role(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let row = ResourceRole {
        partner: names::the_account(tx, &f.must::<String>("partner")?)
            .await?
            .id,
        subscription: names::the_subscription(tx, &f.must::<String>("subscription")?)
            .await?
            .id,
        role: f.must::<ResourceRoleName>("role")?,
    };
    Ok(tx.put(&row).await?)
}

async fn waiver(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let row = Waiver {
        handle: f.must("id")?,
        organization: some_organization(tx, &f.must::<String>("organization")?)
            .await?
            .id,
        from_day: f.must("from")?,
        until_day: f.must("until")?,
    };
    Ok(tx.put(&row).await?)
}

async fn setting(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    for (key, value) in f.map {
        tx.put(&Setting {
            key: key.clone(),
            value: tierline_store::Json(value.clone()),
        })
        .await?;
    }
    Ok(())
}
