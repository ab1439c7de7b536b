//! The program as a graph: partners and customers, and what ties them to each other. A part of it is four statements,
//! however many there are in it.

use tierline_domain::customer::RelationshipState;
use tierline_domain::partner::{AccountState, PartnerType, PartnershipState};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

use crate::engine::Tx;
use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::Value;
use crate::{params, rows, statements};

macro_rules! accounts {
    ($which:literal) => {
        concat!(
            "SELECT a.id, a.handle, o.name, a.kind, a.country, a.state, COALESCE(g.state, 'open') FROM accounts a
             JOIN organizations o ON o.id = a.organization LEFT JOIN agreements g ON g.account = a.id ",
            $which,
            " ORDER BY a.handle LIMIT $2"
        )
    };
}
macro_rules! relationships {
    ($which:literal) => {
        concat!(
            "SELECT r.partner, r.customer, r.state, r.since, EXISTS (SELECT 1 FROM attestations e
                WHERE e.customer = r.customer AND e.partner = r.partner AND e.template <> $1)
             FROM relationships r WHERE ",
            $which,
            " AND r.state <> 'none' ORDER BY r.customer, r.partner LIMIT $3"
        )
    };
}
macro_rules! customers {
    ($which:literal) => {
        concat!(
            "SELECT t.id, t.handle, COALESCE(c.company_name, o.name), t.country FROM tenants t
             JOIN organizations o ON o.id = t.organization LEFT JOIN contacts c ON c.tenant = t.id WHERE ",
            $which,
            " ORDER BY t.handle LIMIT $2"
        )
    };
}

statements! {
    ACCOUNTS = accounts!("WHERE a.id <> $1");
    ACCOUNTS_AROUND = accounts!("WHERE a.id = $1
        OR a.id IN (SELECT p.reseller FROM partnerships p WHERE p.provider = $1 AND p.state <> 'none')
        OR a.id IN (SELECT p.provider FROM partnerships p WHERE p.reseller = $1 AND p.state <> 'none')");
    ACCOUNTS_OF = accounts!("WHERE a.id IN (SELECT r.partner FROM relationships r WHERE r.customer = $1 AND r.state <> 'none')");
    PARTNERSHIPS = "SELECT provider, reseller, state, since, removal_requested FROM partnerships
        WHERE state <> 'none' ORDER BY provider, reseller LIMIT $1";
    PARTNERSHIPS_AROUND = "SELECT provider, reseller, state, since, removal_requested FROM partnerships
        WHERE (provider = $1 OR reseller = $1) AND state <> 'none' ORDER BY provider, reseller LIMIT $2";
    PARTNERSHIPS_BEHIND = "SELECT provider, reseller, state, since, removal_requested FROM partnerships
        WHERE provider IN (SELECT r.partner FROM relationships r WHERE r.customer = $1 AND r.state = 'active')
            AND reseller IN (SELECT r.partner FROM relationships r WHERE r.customer = $1 AND r.state = 'active')
            AND state = 'active' ORDER BY provider, reseller LIMIT $2";
    RELATIONSHIPS = relationships!("r.partner <> $2");
    RELATIONSHIPS_AROUND = relationships!("(r.partner = $2 OR r.state = 'active'
        AND r.customer IN (SELECT own.customer FROM relationships own WHERE own.partner = $2 AND own.state = 'active')
        AND (r.partner IN (SELECT p.reseller FROM partnerships p WHERE p.provider = $2 AND p.state = 'active')
            OR r.partner IN (SELECT p.provider FROM partnerships p WHERE p.reseller = $2 AND p.state = 'active')))");
    RELATIONSHIPS_OF = relationships!("r.customer = $2");
    CUSTOMERS = customers!("t.id <> $1 AND (t.id IN (SELECT r.customer FROM relationships r WHERE r.state <> 'none')
        OR t.id IN (SELECT c.tenant FROM customers c))");
    CUSTOMERS_OF = customers!("t.id IN (SELECT r.customer FROM relationships r WHERE r.partner = $1 AND r.state <> 'none')");
    CUSTOMER = customers!("t.id = $1");
}

/// Whose part of the program is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// A partner, those that it has a partnership with, and its customers.
    Partner(Uuid),
    /// A customer and its partners.
    Customer(Uuid),
}

/// A partner on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountNode {
    /// The account.
    pub id: Uuid,
    /// Its short name.
    pub handle: String,
    /// Its company.
    pub name: String,
    /// Its role.
    pub kind: PartnerType,
    /// Its country.
    pub country: Country,
    /// Its state.
    pub state: AccountState,
    /// `accepted` or `open`: its partner agreement.
    pub agreement: String,
}

/// A customer on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerNode {
    /// The tenant.
    pub id: Uuid,
    /// Its short name.
    pub handle: String,
    /// Its company.
    pub name: String,
    /// Its country.
    pub country: Country,
}

/// A partnership on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnershipEdge {
    /// The provider.
    pub provider: Uuid,
    /// The reseller.
    pub reseller: Uuid,
    /// Its state.
    pub state: PartnershipState,
    /// Since when.
    pub since: Timestamp,
    /// When the reseller asked for its end.
    pub removal_requested: Option<Date>,
}

/// A reseller relationship on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationshipEdge {
    /// The partner.
    pub partner: Uuid,
    /// The customer.
    pub customer: Uuid,
    /// Its state.
    pub state: RelationshipState,
    /// Since when.
    pub since: Timestamp,
    /// The partner has attested the customer agreement in force.
    pub attested: bool,
}

/// A part of the program, each list bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// Partners.
    pub accounts: Vec<AccountNode>,
    /// Customers.
    pub customers: Vec<CustomerNode>,
    /// Partnerships.
    pub partnerships: Vec<PartnershipEdge>,
    /// Relationships.
    pub relationships: Vec<RelationshipEdge>,
}

rows! {
    AccountNode { id, handle, name, kind, country, state, agreement }
    CustomerNode { id, handle, name, country }
    PartnershipEdge { provider, reseller, state, since, removal_requested }
    RelationshipEdge { partner, customer, state, since, attested }
}

impl Tx<'_> {
    /// A part of the program, at most so many of each kind. `superseded` is the template of the customer agreement
    /// that counts no more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn chart(
        &mut self,
        part: Part,
        superseded: &str,
        most: i64,
    ) -> Result<Chart, StoreError> {
        let (id, accounts, customers, partnerships, relationships) = match part {
            Part::Whole => (
                Uuid::nil(),
                ACCOUNTS,
                CUSTOMERS,
                PARTNERSHIPS,
                RELATIONSHIPS,
            ),
            Part::Partner(id) => (
                id,
                ACCOUNTS_AROUND,
                CUSTOMERS_OF,
                PARTNERSHIPS_AROUND,
                RELATIONSHIPS_AROUND,
            ),
            Part::Customer(id) => (
                id,
                ACCOUNTS_OF,
                CUSTOMER,
                PARTNERSHIPS_BEHIND,
                RELATIONSHIPS_OF,
            ),
        };
        let nodes = params![id, most];
        let ties: Vec<Value> = match part {
            Part::Whole => params![most].to_vec(),
            Part::Partner(_) | Part::Customer(_) => nodes.to_vec(),
        };
        let superseded = superseded.to_owned();
        Ok(Chart {
            accounts: self.fetch_all(accounts, &nodes).await?,
            customers: self.fetch_all(customers, &nodes).await?,
            partnerships: self.fetch_all(partnerships, &ties).await?,
            relationships: self
                .fetch_all(relationships, &params![superseded, id, most])
                .await?,
        })
    }
}

/// Every statement here.
pub const STATEMENTS: &[Statement] = ALL;
