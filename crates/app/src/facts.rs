//! Loads the facts of parties and of the ties between them, from one transaction.

use std::sync::Arc;

use tierline_domain::billing::InvoiceState;
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::customer::{
    AcceptedBy, Acquired, Attestation, ConditionalAccess, Customer, CustomerState, Delegation,
    Qualification, Relationship, RelationshipState, Segment,
};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{
    Account, AccountState, Agreement, AgreementState, Environment, Location, Organization,
    PartnerType, Partnership, PartnershipState, Tenant,
};
use tierline_domain::subscription::{CreditLine, SubscriptionState};
use tierline_domain::time::{Date, Timestamp};
use tierline_rules::facts::{
    Buyer, Credit, Exclusivity, Expansion, Facts, Named, PartnershipFact, Party, PlaceFact, Policy,
    Relation,
};
use tierline_rules::{Checkpoint, regions};
use tierline_store::holdings::Held;
use tierline_store::{Derivation, Tx, Value, tables};

use crate::actor::Acting;
use crate::billing::{self, fx};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::holdings;
use crate::names::{self, Referred, seen};
use crate::standing;
use crate::world::CLOUD_TEMPLATE;

fn id<T>(id: Id<T>) -> [Value; 1] {
    [Value::Id(id.uuid())]
}

/// Facts of a command with caller, acting account and operator policy loaded.
///
/// # Errors
/// When the store fails.
pub async fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    acting: &Acting,
    checkpoint: Checkpoint,
) -> Result<Facts, AppError> {
    let mut facts = Facts::bare(checkpoint, ctx.now, acting.caller.clone());
    facts.policy = policy(tx).await?;
    if let Some(account) = &acting.account {
        facts.actor = Some(party_on_record(tx, account.id, ctx.now.date()).await?);
        facts.has_provider = has_provider(tx, account).await?;
        facts.standing = standing::load(tx, account, ctx.now.date()).await?;
        if let Some(held) = sandbox_resellers(tx, account).await? {
            facts.form.sandbox_resellers = held;
        }
    }
    Ok(facts)
}

/// Resellers that a provider's sandbox holds or has invited (ENR-041); none of anybody else.
async fn sandbox_resellers(tx: &mut Tx<'_>, account: &Account) -> Result<Option<i64>, AppError> {
    if account.environment != Environment::Sandbox || account.kind != PartnerType::IndirectProvider
    {
        return Ok(None);
    }
    let ties = tx
        .look_for::<Partnership>(tables::partnerships::BY_PROVIDER, &id(account.id))
        .await?;
    let held = ties.iter().filter(|tie| {
        matches!(
            tie.state,
            PartnershipState::Active | PartnershipState::Invited
        )
    });
    Ok(Some(i64::try_from(held.count()).unwrap_or(i64::MAX)))
}

/// Customers of a sandbox: those on record and those it had besides (ENR-041).
async fn sandbox_customers(tx: &mut Tx<'_>, account: &Account) -> Result<i64, AppError> {
    if account.environment != Environment::Sandbox {
        return Ok(account.sandbox_customers);
    }
    let ties = tx
        .look_for::<Relationship>(tables::relationships::BY_PARTNER, &id(account.id))
        .await?;
    let held = ties
        .iter()
        .filter(|tie| tie.state == RelationshipState::Active);
    let held = i64::try_from(held.count()).unwrap_or(i64::MAX);
    Ok(account.sandbox_customers.saturating_add(held))
}

/// Whether the partner agreement is accepted for an account: by itself, or once for its region by another
/// account of the same company, direct-bill accounts included (AGR-004, AGR-009).
async fn signed(tx: &mut Tx<'_>, account: &Account, today: Date) -> Result<bool, AppError> {
    if accepted(tx, account, today).await? {
        return Ok(true);
    }
    let region = |country| regions::region_on(country, today).map(|fact| fact.region);
    let Some(own) = region(account.country) else {
        return Ok(false);
    };
    let others = tx
        .look_for::<Account>(tables::accounts::BY_ORGANIZATION, &id(account.organization))
        .await?;
    for other in others.iter() {
        if other.id != account.id
            && region(other.country) == Some(own)
            && accepted(tx, other, today).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn accepted(tx: &mut Tx<'_>, account: &Account, today: Date) -> Result<bool, AppError> {
    let agreement = tx.look::<Agreement>(&id(account.id)).await?;
    Ok(agreement.is_some_and(|agreement| {
        agreement.state == AgreementState::Accepted
            && agreement.accepted.is_none_or(|day| day <= today)
    }))
}

/// The operator's settings.
///
/// # Errors
/// When the store fails.
pub async fn policy(tx: &mut Tx<'_>) -> Result<Policy, AppError> {
    Ok(Policy::clone(&*tx.derive(&PolicyOnRecord).await?))
}

struct PolicyOnRecord;

impl Derivation for PolicyOnRecord {
    type Made = Policy;
    type Error = AppError;

    fn of(&self) -> Vec<Value> {
        Vec::new()
    }

    async fn make(&self, tx: &mut Tx<'_>) -> Result<Policy, AppError> {
        let mut policy = Policy::default();
        for setting in tx
            .look_for::<tables::Setting>(tables::settings::EVERY, &[])
            .await?
            .iter()
        {
            let value = &setting.value.0;
            match setting.key.as_str() {
                "provider_may_sell_to_partners" => {
                    policy.provider_may_sell_to_partners = value.as_bool().unwrap_or(false);
                }
                "statutory_cancellation" => {
                    let country = value
                        .get("country")
                        .and_then(|country| country.as_str()?.parse().ok());
                    let days = value.get("days").and_then(serde_json::Value::as_i64);
                    policy.statutory_cancellation = country.zip(days);
                }
                "rules_off" => {
                    let off = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    policy.switched_off = off
                        .iter()
                        .filter_map(|rule| rule.as_str().map(str::to_owned))
                        .collect();
                }
                _ => {}
            }
        }
        Ok(policy)
    }
}

/// An account as it is on record, with everything a decision asks of it.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn party_on_record(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    today: Date,
) -> Result<Party, AppError> {
    let found = tx.derive(&PartyOnRecord { account, today }).await?;
    Ok(Party::clone(&found))
}

struct PartyOnRecord {
    account: Id<Account>,
    today: Date,
}

impl Derivation for PartyOnRecord {
    type Made = Party;
    type Error = AppError;

    fn of(&self) -> Vec<Value> {
        vec![Value::Id(self.account.uuid()), Value::Day(self.today)]
    }

    async fn make(&self, tx: &mut Tx<'_>) -> Result<Party, AppError> {
        let account = seen::<Account, _>(tx, self.account).await?;
        party(tx, &account, self.today).await
    }
}

/// An account, as it is given, with everything a decision asks of it.
///
/// # Errors
/// When the store fails.
pub async fn party(tx: &mut Tx<'_>, account: &Account, today: Date) -> Result<Party, AppError> {
    let organization: Arc<Organization> = seen(tx, account.organization).await?;
    let tenant: Arc<Tenant> = seen(tx, account.tenant).await?;
    let location = match account.location {
        Some(location) => {
            let location = seen::<Location, _>(tx, location).await?;
            Some(place(tx, &location).await?)
        }
        None => None,
    };
    Ok(Party {
        name: account.handle.clone(),
        title: account
            .legal_name
            .clone()
            .unwrap_or_else(|| organization.name.clone()),
        organization: organization.handle.clone(),
        kind: account.kind,
        acts_as_reseller: account.acts_as_reseller(),
        country: account.country,
        region: regions::region_on(account.country, today),
        state: account.state,
        state_since: account.state_since,
        onboarded: account.onboarded,
        membership: organization.membership,
        signed: signed(tx, account, today).await?,
        tenant: tenant.handle.clone(),
        location,
        environment: account.environment,
        sandbox_customers: sandbox_customers(tx, account).await?,
        cloud: account.cloud,
        approvals: account.approvals.iter().cloned().collect(),
        revenue_cloud: account.revenue_cloud,
        revenue_perpetual: account.revenue_perpetual,
        transitioning: account.transitioning,
        reseller_enrolment: account.reseller_enrolment,
        support_plan: account.support_plan,
        support_benefit: account.support_benefit,
        third_party_mfa_exception: account.third_party_mfa_exception,
        domain: account.domain.clone(),
        currency: regions::currency(account.country),
    })
}

/// A location with its organization's name and the account tied to it.
///
/// # Errors
/// When the store fails.
pub async fn place(tx: &mut Tx<'_>, location: &Location) -> Result<PlaceFact, AppError> {
    let organization: Arc<Organization> = seen(tx, location.organization).await?;
    let tied = tx
        .look_for::<Account>(tables::accounts::BY_LOCATION, &id(location.id))
        .await?;
    Ok(PlaceFact {
        name: location.handle.clone(),
        partner_id: location.partner_id.clone(),
        organization: organization.handle.clone(),
        country: location.country,
        kind: location.kind,
        state: location.state,
        account: tied.first().map(|account| account.handle.clone()),
    })
}

/// What a PartnerID given as reseller of record turns out to be.
///
/// # Errors
/// When the store fails.
pub async fn named(tx: &mut Tx<'_>, given: Option<&str>, today: Date) -> Result<Named, AppError> {
    let Some(given) = given else {
        return Ok(Named::None);
    };
    let text = given.to_owned();
    Ok(match names::partner_id(tx, given).await? {
        Referred::Nobody => Named::Unknown { given: text },
        Referred::Place(location) => Named::Unenrolled {
            given: text,
            place: place(tx, &location).await?,
        },
        Referred::Account(account) => Named::Account {
            given: text,
            party: Box::new(party_on_record(tx, account.id, today).await?),
        },
    })
}

/// The account behind a name that [`named`] resolved to one.
///
/// # Errors
/// When the store fails.
pub async fn named_account(tx: &mut Tx<'_>, named: &Named) -> Result<Option<Account>, AppError> {
    match named.party() {
        Some(party) => names::account(tx, &party.name).await,
        None => Ok(None),
    }
}

/// The states in which an account makes its organization a program partner.
fn enrolled(account: &Account) -> bool {
    account.kind != PartnerType::Advisor
        && matches!(
            account.state,
            AccountState::Qualified
                | AccountState::Active
                | AccountState::Restricted
                | AccountState::Suspended
        )
}

/// The states in which an account uses its tenant in the program: from the application on (IDN-028).
fn uses_tenant(account: &Account) -> bool {
    account.kind != PartnerType::Advisor && account.state != AccountState::NotEnrolled
}

/// The tenant that would buy, as it is on record, with its owner. `provider` is the provider of the chain, if any.
///
/// # Errors
/// When the store fails.
pub async fn buyer(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    provider: Option<&Account>,
    today: Date,
) -> Result<Buyer, AppError> {
    names::turn(tx, &tenant.handle).await?;
    let wanted = BuyerOnRecord {
        tenant: tenant.id,
        provider: provider.map(|provider| provider.id),
        today,
    };
    Ok(Buyer::clone(&*tx.derive(&wanted).await?))
}

struct BuyerOnRecord {
    tenant: Id<Tenant>,
    provider: Option<Id<Account>>,
    today: Date,
}

impl Derivation for BuyerOnRecord {
    type Made = Buyer;
    type Error = AppError;

    fn of(&self) -> Vec<Value> {
        let provider = self.provider.map(|provider| Value::Id(provider.uuid()));
        let tenant = [Value::Id(self.tenant.uuid()), Value::Day(self.today)];
        tenant.into_iter().chain(provider).collect()
    }

    async fn make(&self, tx: &mut Tx<'_>) -> Result<Buyer, AppError> {
        let tenant = seen::<Tenant, _>(tx, self.tenant).await?;
        let record = tx.derive(&RecordOf(self.tenant)).await?;
        let provider = match self.provider {
            Some(provider) => Some(seen::<Account, _>(tx, provider).await?),
            None => None,
        };
        buyer_of(tx, &tenant, &record, provider.as_deref(), self.today).await
    }
}

/// What is on record about a customer: read once for everything that rests on it.
pub(crate) struct Record {
    /// All it holds or held, with the items.
    pub(crate) held: Vec<(Held, Arc<Item>)>,
    /// Evidence of the customer agreement.
    evidence: Arc<[Arc<Attestation>]>,
}

impl Record {
    pub(crate) async fn of(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Arc<Self>, AppError> {
        names::turn(tx, &tenant.handle).await?;
        tx.derive(&RecordOf(tenant.id)).await
    }

    /// Whether a partner attested.
    pub(crate) fn attested(&self, partner: Id<Account>) -> bool {
        self.evidence
            .iter()
            .any(|evidence| evidence.partner == Some(partner))
    }
}

struct RecordOf(Id<Tenant>);

impl Derivation for RecordOf {
    type Made = Record;
    type Error = AppError;

    fn of(&self) -> Vec<Value> {
        id(self.0).to_vec()
    }

    async fn make(&self, tx: &mut Tx<'_>) -> Result<Record, AppError> {
        let key = id(self.0);
        Ok(Record {
            evidence: tx.look_for(tables::attestations::BY_CUSTOMER, &key).await?,
            held: holdings::on_record(tx, self.0).await?,
        })
    }
}

async fn buyer_of(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    record: &Record,
    provider: Option<&Account>,
    today: Date,
) -> Result<Buyer, AppError> {
    let owner: Arc<Organization> = seen(tx, tenant.organization).await?;
    let customer = tx.look::<Customer>(&id(tenant.id)).await?;
    let accounts = tx
        .look_for::<Account>(tables::accounts::BY_ORGANIZATION, &id(tenant.organization))
        .await?;
    let users = tx
        .look_for::<Account>(tables::accounts::BY_TENANT, &id(tenant.id))
        .await?;
    let user = users.iter().find(|user| uses_tenant(user));
    let mut owner_resells_for_provider = None;
    if let Some(provider) = provider {
        for account in accounts.iter().filter(|account| account.acts_as_reseller()) {
            if partnership_state(tx, provider.id, account.id).await? == PartnershipState::Active {
                owner_resells_for_provider = Some(account.handle.clone());
            }
        }
    }
    let live = record
        .held
        .iter()
        .filter(|(held, _)| held.state != SubscriptionState::Deleted)
        .fold(0_i64, |sum, (held, _)| {
            sum.saturating_add(held.subscriptions)
        });
    let extra = customer
        .as_ref()
        .map_or(0, |customer| customer.extra_subscriptions);
    Ok(Buyer {
        name: tenant.handle.clone(),
        organization: owner.handle.clone(),
        title: owner.name.clone(),
        tenant_type: tenant.kind,
        used_by_owner: user
            .as_ref()
            .is_some_and(|user| user.organization == tenant.organization),
        used_by: user.map(|user| user.handle.clone()),
        program_since: tenant.program_since,
        owner_is_partner: accounts.iter().any(|account| enrolled(account)),
        owner_is_reseller: accounts
            .iter()
            .any(|account| enrolled(account) && account.acts_as_reseller()),
        owner_resells_for_provider,
        country: tenant.country,
        region: regions::region_on(tenant.country, today),
        office: customer
            .as_ref()
            .and_then(|customer| customer.office)
            .filter(|office| *office != tenant.country),
        segment: customer
            .as_ref()
            .map_or(Segment::Commercial, |customer| customer.segment),
        state_owned: customer
            .as_ref()
            .is_some_and(|customer| customer.state_owned),
        qualification: customer
            .as_ref()
            .map_or(Qualification::Approved, |customer| customer.qualification),
        account_state: customer
            .as_ref()
            .map_or(CustomerState::Approved, |customer| customer.account_state),
        conditional_access: customer
            .as_ref()
            .map_or(ConditionalAccess::Open, |customer| {
                customer.conditional_access
            }),
        subscription_count: live.saturating_add(extra),
        currency: regions::currency(tenant.country),
        customer_of_other: false,
        accepted_agreement: record
            .evidence
            .iter()
            .any(|evidence| evidence.accepted_by == AcceptedBy::Customer),
    })
}

/// Whether a partner attested for a customer.
///
/// # Errors
/// When the store fails.
pub async fn attested(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    customer: Id<Tenant>,
) -> Result<bool, AppError> {
    let evidence = tx
        .look_for::<Attestation>(tables::attestations::BY_CUSTOMER, &id(customer))
        .await?;
    Ok(evidence
        .iter()
        .any(|evidence| evidence.partner == Some(partner) && evidence.template != CLOUD_TEMPLATE))
}

/// The relationship of a partner with a tenant; `none` where there never was one.
///
/// # Errors
/// When the store fails.
pub async fn relation(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
) -> Result<Relation, AppError> {
    names::turn(tx, &customer.handle).await?;
    let row = tx
        .look::<Relationship>(&[Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())])
        .await?;
    Ok(Relation {
        partner: partner.handle.clone(),
        customer: customer.handle.clone(),
        state: row
            .as_ref()
            .map_or(RelationshipState::None, |row| row.state),
        delegation: row.as_ref().map_or(Delegation::None, |row| row.delegation),
        acquired: row.as_ref().map_or(Acquired::Directly, |row| row.acquired),
    })
}

/// Whether a partner serves a customer now.
///
/// # Errors
/// When the store fails.
pub async fn serves(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    customer: Id<Tenant>,
) -> Result<bool, AppError> {
    let row = tx
        .look::<Relationship>(&[Value::Id(partner.uuid()), Value::Id(customer.uuid())])
        .await?;
    Ok(row.is_some_and(|row| row.state == RelationshipState::Active))
}

/// How far a partnership is; `none` where there never was one.
///
/// # Errors
/// When the store fails.
pub(crate) async fn partnership_state(
    tx: &mut Tx<'_>,
    provider: Id<Account>,
    reseller: Id<Account>,
) -> Result<PartnershipState, AppError> {
    let row = tx
        .look::<Partnership>(&[Value::Id(provider.uuid()), Value::Id(reseller.uuid())])
        .await?;
    Ok(row.map_or(PartnershipState::None, |row| row.state))
}

/// The relation of a provider and a reseller; `none` where there never was one.
///
/// # Errors
/// When the store fails.
pub async fn partnership(
    tx: &mut Tx<'_>,
    provider: &Account,
    reseller: &Account,
    now: Timestamp,
) -> Result<PartnershipFact, AppError> {
    names::turn(tx, &provider.handle).await?;
    names::turn(tx, &reseller.handle).await?;
    let row = tx
        .look::<Partnership>(&[Value::Id(provider.id.uuid()), Value::Id(reseller.id.uuid())])
        .await?;
    Ok(PartnershipFact {
        provider: provider.handle.clone(),
        reseller: reseller.handle.clone(),
        state: row.as_ref().map_or(PartnershipState::None, |row| row.state),
        since: row.as_ref().map_or(now, |row| row.since).date(),
        removal_requested: row.and_then(|row| row.removal_requested),
    })
}

async fn has_provider(tx: &mut Tx<'_>, account: &Account) -> Result<bool, AppError> {
    let ties = tx
        .look_for::<Partnership>(tables::partnerships::BY_RESELLER, &id(account.id))
        .await?;
    Ok(ties.iter().any(|tie| tie.state == PartnershipState::Active))
}

/// A provider's active partnership with the account whose program tenant the buyer is (TXN-601).
///
/// # Errors
/// When the store fails.
pub async fn exclusivity(
    tx: &mut Tx<'_>,
    provider: &Account,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Option<Exclusivity>, AppError> {
    if provider.kind != PartnerType::IndirectProvider {
        return Ok(None);
    }
    for reseller in tx
        .look_for::<Account>(tables::accounts::BY_TENANT, &id(tenant.id))
        .await?
        .iter()
    {
        let tie = partnership(tx, provider, reseller, now).await?;
        if tie.state != PartnershipState::Active {
            continue;
        }
        let mut other_providers = Vec::new();
        for other in tx
            .look_for::<Partnership>(tables::partnerships::BY_RESELLER, &id(reseller.id))
            .await?
            .iter()
        {
            if other.provider != provider.id && other.state == PartnershipState::Active {
                other_providers.push(seen::<Account, _>(tx, other.provider).await?.handle.clone());
            }
        }
        return Ok(Some(Exclusivity {
            partnership: tie,
            tenant: tenant.handle.clone(),
            other_providers,
        }));
    }
    Ok(None)
}

/// What the seller's organization has in the buyer's region, where that is another one.
///
/// # Errors
/// When the store fails.
pub async fn expansion(
    tx: &mut Tx<'_>,
    seller: &Account,
    buyer: &Buyer,
    today: Date,
) -> Result<Option<Expansion>, AppError> {
    let (Some(ours), Some(theirs)) = (regions::region_on(seller.country, today), buyer.region)
    else {
        return Ok(None);
    };
    if ours.region == theirs.region {
        return Ok(None);
    }
    let there = |country| {
        regions::region_on(country, today).is_some_and(|fact| fact.region == theirs.region)
    };
    let locations = tx
        .look_for::<Location>(tables::locations::BY_ORGANIZATION, &id(seller.organization))
        .await?;
    let accounts = tx
        .look_for::<Account>(tables::accounts::BY_ORGANIZATION, &id(seller.organization))
        .await?;
    let account = accounts
        .iter()
        .find(|account| account.id != seller.id && there(account.country));
    let signed = match &account {
        Some(account) => party(tx, account, today).await?.signed,
        None => false,
    };
    Ok(Some(Expansion {
        location: locations.iter().any(|location| there(location.country)),
        enrolled: account.is_some_and(|account| enrolled(account)),
        account: account.map(|account| account.handle.clone()),
        signed,
    }))
}

/// The credit of a billed partner against a purchase (BIL-030); `None` where credit is ample.
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn credit(
    tx: &mut Tx<'_>,
    partner: &Account,
    required: Money,
    today: Date,
) -> Result<Option<Credit>, AppError> {
    names::turn(tx, &partner.handle).await?;
    let Some(line) = tx.look::<CreditLine>(&id(partner.id)).await? else {
        return Ok(None);
    };
    let mut disputed = Money::zero(Currency::USD);
    for invoice in billing::owed(tx, partner.id).await? {
        if invoice.state == InvoiceState::Disputed {
            let open = fx::in_dollars(tx, billing::open(&invoice)?, today).await?;
            disputed = disputed.plus(open)?;
        }
    }
    Ok(Some(Credit {
        available: available(tx, &line, today).await?,
        required: fx::in_dollars(tx, required, today).await?,
        disputed,
    }))
}

/// Limit less unpaid, unbilled and every unpaid or disputed invoice (BIL-030, BIL-033), in US dollars at the day's rates.
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn available(tx: &mut Tx<'_>, line: &CreditLine, today: Date) -> Result<Money, AppError> {
    let mut left = fx::in_dollars(tx, line.credit_limit, today).await?;
    left = left.minus(fx::in_dollars(tx, line.unpaid, today).await?)?;
    left = left.minus(fx::in_dollars(tx, line.unbilled, today).await?)?;
    for invoice in billing::owed(tx, line.partner).await? {
        let open = fx::in_dollars(tx, billing::open(&invoice)?, today).await?;
        left = left.minus(open)?;
    }
    Ok(left.plus(billing::overpaid(tx, line.partner, today).await?)?)
}

/// The currency in which a seller is billed for an item (BIL-020, REG-021).
#[must_use]
pub fn billing_currency(seller: &Account, item: &Item) -> Currency {
    let brazilian_traditional = seller.country.as_str() == "BR"
        && item.generation == tierline_domain::catalog::Generation::Traditional
        && matches!(item.kind, ItemKind::Licence | ItemKind::AddOn);
    if brazilian_traditional {
        return Currency::USD;
    }
    own_currency(seller)
}

/// The currency of a partner's own location, in which it is billed (BIL-020).
#[must_use]
pub fn own_currency(account: &Account) -> Currency {
    regions::currency(account.country).unwrap_or(Currency::USD)
}

/// The account that a PartnerID, or a name standing for one, refers to.
///
/// # Errors
/// When the store fails.
pub async fn named_account_of(tx: &mut Tx<'_>, given: &str) -> Result<Option<Account>, AppError> {
    Ok(match names::partner_id(tx, given).await? {
        Referred::Account(account) => Some(*account),
        Referred::Nobody | Referred::Place(_) => None,
    })
}
