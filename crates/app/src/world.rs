//! Worlds as data: facts of the scenario format, written into the tables as they stand. No rule is asked.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use tierline_domain::customer::{
    ConditionalAccess, Customer, CustomerState, Qualification, Segment,
};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::partner::{
    Account, AccountState, Affiliation, Agreement, AgreementState, Judgement, Location,
    LocationKind, LocationState, MembershipState, Organization, PartnerType, Requirement, Tenant,
    TenantType,
};
use tierline_domain::place::Country;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_store::tables::Counter;
use tierline_store::{Tx, Value, tables};

use crate::catalogue::file::Catalogue;
use crate::catalogue::import;
use crate::ctx::Ids;
use crate::error::AppError;
use crate::events;
use crate::names::{self, by_id};
use crate::{listed, standing};

mod estate;
mod pricing;
mod records;
mod ties;

/// The template of the partner agreement in force.
pub const PARTNER_TEMPLATE: &str = "partner-agreement-2020";
/// The template of the customer agreement in force.
pub const CUSTOMER_TEMPLATE: &str = "customer-agreement-2023";
/// The template of the agreement that customers accepted before; it counts for no purchase any more.
pub const CLOUD_TEMPLATE: &str = "cloud-agreement-2018";

/// Facts that the scenario format does not know: prices of the tiers, partners that earn no credit, users of customers, requests
/// for support, alerts of fraud.
pub const OUR_NOUNS: &[&str] = &[
    "list_price",
    "fx_rate",
    "price_rule",
    "credit_loss",
    "directory_user",
    "service_request",
    "fraud_event",
];

/// Members of the format's facts that it does not know: what bounds the access that earns credit, and settings of the operator.
pub const OUR_MEMBERS: &[(&str, &[&str])] = &[
    (
        "resource_role",
        &["scope", "from", "until", "linked_to", "denied"],
    ),
    ("setting", &["earned_credit_percent", "rounding"]),
];

/// Commands of the format that take more than it knows: the topic of a request for support and its texts, the customer of a
/// case.
pub const OUR_VERSIONS: &[&str] = &["open_ticket", "open_case"];

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
    if !given.is_empty() {
        let facts = serde_json::to_string(given).unwrap_or_default();
        events::set_up(tx, "world_laid", &facts, today).await?;
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
        "partnership" => ties::partnership(tx, &f, today).await,
        "relationship" => ties::relationship(tx, &f, today).await,
        "attestation" => ties::attestation(tx, &f, today).await,
        "admin_relationship" => ties::admin_relationship(tx, &f, today).await,
        "group" => ties::group(tx, &f).await,
        "user" => ties::user(tx, &f).await,
        "catalogue" => catalogue(tx, &f, today).await,
        "item" => estate::item(tx, &f).await,
        "price" => estate::price(tx, &f).await,
        "list_price" => pricing::list_price(tx, &f).await,
        "fx_rate" => pricing::fx_rate(tx, &f).await,
        "price_rule" => pricing::price_rule(tx, &f, today).await,
        "promotion" => estate::promotion(tx, &f).await,
        "subscription" => estate::subscription(tx, &f, today).await,
        "cart" => estate::cart(tx, &f).await,
        "order" => estate::placed_order(tx, &f, today).await,
        "transfer" => estate::transfer(tx, &f, today).await,
        "invoice" => estate::invoice(tx, &f, today).await,
        "credit" => estate::credit(tx, &f).await,
        "support_contact" => estate::support_contact(tx, &f).await,
        "resource_role" => estate::resource_role(tx, &f).await,
        "credit_loss" => estate::credit_loss(tx, &f).await,
        "waiver" => estate::waiver(tx, &f).await,
        "setting" => estate::setting(tx, &f).await,
        "qualification" => records::qualification(tx, &f, today).await,
        "validation_code" => records::validation_code(tx, &f, today).await,
        "directory_user" => records::directory_user(tx, &f, today).await,
        "service_request" => records::service_request(tx, &f, today).await,
        "fraud_event" => records::fraud_event(tx, &f, today).await,
        "account_check" => records::account_check(tx, &f, today).await,
        other => Err(AppError::NotSupported(format!("given {other}"))),
    }
}

/// The id of a named thing: the same in every run, so that documented output holds.
/// The whole catalogue of a profile.
async fn catalogue(tx: &mut Tx<'_>, f: &Fields<'_>, today: Timestamp) -> Result<(), AppError> {
    let profile: String = f.must("profile")?;
    if profile != "csp" {
        return Err(AppError::invalid("catalogue.profile", "is `csp`"));
    }
    let built_in = Catalogue::built_in()
        .map_err(|faults| AppError::Impossible(faults.iter().map(ToString::to_string).collect()))?;
    import::lay(tx, built_in, today.date()).await.map(drop)
}

pub(crate) fn named_id<T>(kind: &str, name: &str) -> Id<T> {
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
    let key = [Value::Id(row.id.uuid())];
    for tenant in tx
        .find::<Tenant>(tables::tenants::BY_ORGANIZATION, &key)
        .await?
    {
        listed::renamed(tx, tenant.id).await?;
    }
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
    if let Some(days) = f.get::<i32>("days_ago")? {
        row.state_since = add_days(today.date(), days.saturating_neg());
    }
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
    records::contact(tx, &row).await?;
    listed::customer(tx, &details).await
}
