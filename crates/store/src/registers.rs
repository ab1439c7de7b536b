//! Lists of customers, partnerships and enrolments, page by page behind a key. What counts further rows counts those of
//! the page alone.

use tierline_domain::partner::{AccountState, MembershipState, PartnerType, PartnershipState};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

use crate::engine::Tx;
use crate::error::StoreError;
use crate::{params, rows, statements};

macro_rules! ties {
    ($other:literal $own:literal) => {
        concat!(
            "SELECT x.id, x.handle, x.name, x.folded, x.kind, x.country, x.account_state, x.agreement, x.state, x.since, x.removal_requested,
                x.provider_access, x.partner_id, (SELECT COUNT(*) FROM relationships theirs JOIN relationships ours ON ours.customer = theirs.customer
                    WHERE theirs.partner = x.reseller AND theirs.state = 'active' AND ours.partner = x.provider AND ours.state = 'active'),
                (SELECT COUNT(*) FROM relationships theirs JOIN subscriptions s ON s.customer = theirs.customer
                    WHERE theirs.partner = x.reseller AND theirs.state = 'active' AND s.seller = x.provider AND s.partner_of_record = x.reseller
                        AND s.state = 'active')
             FROM (SELECT a.id, a.handle, o.name, lower(o.name) AS folded, a.kind, a.country, a.state AS account_state,
                COALESCE(g.state, 'open') AS agreement, p.state, p.since, p.removal_requested, p.provider_access,
                COALESCE(l.partner_id, '') AS partner_id, p.provider, p.reseller
                FROM partnerships p JOIN accounts a ON a.id = p.", $other, " JOIN organizations o ON o.id = a.organization
                LEFT JOIN agreements g ON g.account = a.id LEFT JOIN locations l ON l.id = a.location
                WHERE p.", $own, " = $1 AND p.state <> 'none' AND ($2 = '' OR p.state = $2) AND (lower(o.name), a.id) > ($3, $4)
                ORDER BY lower(o.name), a.id LIMIT $5) x ORDER BY x.folded, x.id"
        )
    };
}

// A viewer is a partner that sold it or is the reseller of record, a customer, or the operator, whose nil id no
// subscription has.
macro_rules! subscriptions {
    ($seen:literal) => {
        concat!(
            "SELECT x.id, x.handle, i.handle, x.title, COALESCE(p.handle, 'operator'), COALESCE(r.handle, ''), x.customer, x.company, x.folded,
                x.state, x.quantity, x.term, x.term_end, x.renewal
             FROM (SELECT s.id, s.handle, s.item, COALESCE(s.friendly_name, i.title) AS title, s.seller, s.partner_of_record, t.handle AS customer,
                COALESCE(c.company_name, o.name) AS company, COALESCE(c.folded, lower(o.name)) AS folded, s.state, s.quantity, s.term, s.term_end,
                s.renewal
                FROM subscriptions s JOIN items i ON i.id = s.item JOIN tenants t ON t.id = s.customer
                JOIN organizations o ON o.id = t.organization LEFT JOIN contacts c ON c.tenant = t.id
                WHERE ", $seen, " AND ($2 = '' OR t.handle = $2) AND ($3 = '' OR s.state = $3)
                    AND (COALESCE(c.folded, lower(o.name)) LIKE $4 ESCAPE '!' OR lower(COALESCE(s.friendly_name, i.title)) LIKE $4 ESCAPE '!'
                        OR lower(s.handle) LIKE $4 ESCAPE '!')
                    AND (COALESCE(c.folded, lower(o.name)), s.id) > ($5, $6)
                ORDER BY COALESCE(c.folded, lower(o.name)), s.id LIMIT $7) x
             JOIN items i ON i.id = x.item LEFT JOIN accounts p ON p.id = x.seller LEFT JOIN accounts r ON r.id = x.partner_of_record
             ORDER BY x.folded, x.id"
        )
    };
}

statements! {
    SUBSCRIPTIONS = subscriptions!("s.id <> $1");
    SUBSCRIPTIONS_SOLD = subscriptions!("(s.seller = $1 OR s.partner_of_record = $1)");
    SUBSCRIPTIONS_BOUGHT = subscriptions!("s.customer = $1");
    // Who has not accepted, or not yet, goes by its short name: an invitation shows nothing of whom it names.
    pub CUSTOMERS_OF = "SELECT t.id, t.handle,
            CASE WHEN r.state IN ('active', 'removed') THEN COALESCE(c.company_name, o.name) ELSE t.handle END, n.folded,
            CASE WHEN r.state IN ('active', 'removed') THEN t.domain ELSE '' END, CASE WHEN r.state IN ('active', 'removed') THEN t.country ELSE '' END,
            r.state, r.since,
            (SELECT COUNT(*) FROM subscriptions s WHERE s.customer = n.customer AND s.state = 'active' AND (s.seller = $1 OR s.partner_of_record = $1)),
            CASE WHEN r.state = 'active' THEN 1 ELSE 0 END
        FROM listed_customers n
        JOIN relationships r ON r.partner = n.partner AND r.customer = n.customer
        JOIN tenants t ON t.id = n.customer
        JOIN organizations o ON o.id = t.organization
        LEFT JOIN contacts c ON c.tenant = t.id
        WHERE n.partner = $1 AND (n.folded, n.customer) > ($2, $3) AND r.state <> 'none' AND ($4 = '' OR r.state = $4)
            AND ($5 = '' OR r.state IN ('active', 'removed') AND t.country = $5)
            AND (n.folded LIKE $6 ESCAPE '!' OR lower(t.handle) LIKE $6 ESCAPE '!'
                OR r.state IN ('active', 'removed') AND lower(t.domain) LIKE $6 ESCAPE '!')
        ORDER BY n.folded, n.customer LIMIT $7";
    pub CUSTOMERS = "SELECT t.id, t.handle, COALESCE(c.company_name, o.name), n.folded, t.domain, t.country, '', CAST(NULL AS timestamptz),
            (SELECT COUNT(*) FROM subscriptions s WHERE s.customer = n.customer AND s.state = 'active'),
            (SELECT COUNT(*) FROM relationships r WHERE r.customer = n.customer AND r.state = 'active')
        FROM known_customers n
        JOIN tenants t ON t.id = n.customer
        JOIN organizations o ON o.id = t.organization
        LEFT JOIN contacts c ON c.tenant = t.id
        WHERE (n.folded, n.customer) > ($1, $2) AND ($3 = '' OR t.country = $3)
            AND (n.folded LIKE $4 ESCAPE '!' OR lower(t.domain) LIKE $4 ESCAPE '!' OR lower(t.handle) LIKE $4 ESCAPE '!')
        ORDER BY n.folded, n.customer LIMIT $5";
    RESELLERS_OF = ties!("reseller" "provider");
    PROVIDERS_OF = ties!("provider" "reseller");
    ENROLMENTS = "SELECT a.id, a.handle, o.name, o.membership, a.kind, a.country, a.state, a.state_since, COALESCE(g.state, 'open'),
            COALESCE(l.partner_id, '')
        FROM accounts a JOIN organizations o ON o.id = a.organization LEFT JOIN agreements g ON g.account = a.id
        LEFT JOIN locations l ON l.id = a.location
        WHERE ($1 = '' OR a.state = $1) AND (a.state_since, a.id) > ($2, $3) ORDER BY a.state_since, a.id LIMIT $4";
    ENROLMENTS_OF = "SELECT a.id, a.handle, o.name, o.membership, a.kind, a.country, a.state, a.state_since, COALESCE(g.state, 'open'),
            COALESCE(l.partner_id, '')
        FROM accounts a JOIN organizations o ON o.id = a.organization LEFT JOIN agreements g ON g.account = a.id
        LEFT JOIN locations l ON l.id = a.location
        WHERE a.organization = $1 AND ($2 = '' OR a.state = $2) AND (a.state_since, a.id) > ($3, $4) ORDER BY a.state_since, a.id LIMIT $5";
    WAIVERS = "SELECT w.handle, o.handle, o.name, w.from_day, w.until_day FROM waivers w JOIN organizations o ON o.id = w.organization
        ORDER BY w.from_day DESC, w.handle";
    AFFILIATIONS = "SELECT f.of_org, f.with_org, f.since, o.handle, o.name, w.handle, w.name FROM affiliations f
        JOIN organizations o ON o.id = f.of_org JOIN organizations w ON w.id = f.with_org
        WHERE (f.of_org, f.with_org) > ($1, $2) ORDER BY f.of_org, f.with_org LIMIT $3";
}

/// What a list of customers is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A part of the name, the short name or the domain, folded; everything where it is empty.
    pub search: String,
    /// The country; any where it is empty.
    pub country: String,
    /// The state of the relationship; any where it is empty.
    pub state: String,
}

/// The place of a row in a list that is sorted by a folded name.
pub type Place = (String, Uuid);

/// One customer of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// The tenant.
    pub id: Uuid,
    /// Its short name.
    pub handle: String,
    /// Its company; the short name where the partner may not know more.
    pub name: String,
    /// The name as the list is sorted by it.
    pub folded: String,
    /// Its first domain.
    pub domain: String,
    /// Its country; empty where the partner may not know it.
    pub country: String,
    /// State of the partner's relationship; empty for the operator.
    pub state: String,
    /// Since when it is in that state.
    pub since: Option<Timestamp>,
    /// Active subscriptions that the partner sold, or is the reseller of record of; all of them for the operator.
    pub subscriptions: i64,
    /// Active relationships: of the partner, or of all.
    pub partners: i64,
}

/// Whose subscriptions a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// Those that a partner sold, or is the reseller of record of.
    Partner(Uuid),
    /// Those of a customer.
    Customer(Uuid),
}

/// One subscription of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// The subscription.
    pub id: Uuid,
    /// Its short name.
    pub handle: String,
    /// Short name of the item.
    pub item: String,
    /// Its own title, or the item's.
    pub title: String,
    /// Short name of the seller.
    pub seller: String,
    /// Short name of the reseller of record; empty where there is none.
    pub reseller: String,
    /// Short name of the customer.
    pub customer: String,
    /// The customer's company.
    pub company: String,
    /// The company as the list is sorted by it.
    pub folded: String,
    /// Its state.
    pub state: String,
    /// Seats.
    pub quantity: i64,
    /// An ISO 8601 period, `one_time` or `none`.
    pub term: String,
    /// The last day of the running term.
    pub term_end: Option<Date>,
    /// It renews at the end of its term.
    pub renews: bool,
}

/// The other side of a partnership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TieRow {
    /// The other account.
    pub id: Uuid,
    /// Its short name.
    pub handle: String,
    /// Its company.
    pub name: String,
    /// The name as the list is sorted by it.
    pub folded: String,
    /// Its role.
    pub kind: PartnerType,
    /// Its country.
    pub country: Country,
    /// Its state.
    pub account_state: AccountState,
    /// `accepted` or `open`: its partner agreement.
    pub agreement: String,
    /// State of the partnership.
    pub state: PartnershipState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// When the reseller asked for its end.
    pub removal_requested: Option<Date>,
    /// The provider has access to the reseller's own account.
    pub provider_access: bool,
    /// Its PartnerID; empty where it has none.
    pub partner_id: String,
    /// Customers that both serve.
    pub customers: i64,
    /// Active subscriptions that the provider sold with the reseller as the one of record.
    pub subscriptions: i64,
}

/// An account on its way into the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// The account.
    pub id: Uuid,
    /// Its short name.
    pub handle: String,
    /// Its company.
    pub name: String,
    /// The company's membership.
    pub membership: MembershipState,
    /// The role.
    pub kind: PartnerType,
    /// The country.
    pub country: Country,
    /// Its state.
    pub state: AccountState,
    /// Since when.
    pub since: Date,
    /// `accepted` or `open`: its partner agreement.
    pub agreement: String,
    /// The PartnerID associated; empty where there is none.
    pub partner_id: String,
}

/// A tie of ownership or control, with the names of both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffiliationRow {
    /// One organization.
    pub of: Uuid,
    /// The other.
    pub with: Uuid,
    /// The day it was recorded; absent where it always held.
    pub since: Option<Date>,
    /// Short name of the one.
    pub of_handle: String,
    /// Its name.
    pub of_name: String,
    /// Short name of the other.
    pub with_handle: String,
    /// Its name.
    pub with_name: String,
}

/// A dated waiver: its name, the organization's short name and name, its first and last day.
pub type WaiverRow = (String, String, String, Date, Date);

rows! {
    CustomerRow { id, handle, name, folded, domain, country, state, since, subscriptions, partners }
    SubscriptionRow { id, handle, item, title, seller, reseller, customer, company, folded, state, quantity, term, term_end, renews }
    TieRow { id, handle, name, folded, kind, country, account_state, agreement, state, since, removal_requested, provider_access, partner_id, customers, subscriptions }
    EnrolmentRow { id, handle, name, membership, kind, country, state, since, agreement, partner_id }
    AffiliationRow { of, with, since, of_handle, of_name, with_handle, with_name }
}

/// A pattern that finds a text anywhere.
fn anywhere(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len().saturating_add(2));
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

impl Tx<'_> {
    /// A page of a partner's customers, of those in any state; of all customers without a partner.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn customer_page(
        &mut self,
        partner: Option<Uuid>,
        wanted: &Wanted,
        (name, id): &Place,
        most: i64,
    ) -> Result<Vec<CustomerRow>, StoreError> {
        let search = anywhere(&wanted.search);
        match partner {
            Some(partner) => {
                let params = params![
                    partner,
                    name,
                    *id,
                    wanted.state,
                    wanted.country,
                    search,
                    most
                ];
                self.fetch_all(CUSTOMERS_OF, &params).await
            }
            None => {
                let params = params![name, *id, wanted.country, search, most];
                self.fetch_all(CUSTOMERS, &params).await
            }
        }
    }

    /// A page of subscriptions by their customer's company: `customer` (a short name) and `state` narrow it where they are not
    /// empty, `search` (folded) finds a part of the company, the title or the short name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn subscription_page(
        &mut self,
        whose: Whose,
        (customer, state, search): (&str, &str, &str),
        (name, id): &Place,
        most: i64,
    ) -> Result<Vec<SubscriptionRow>, StoreError> {
        let (statement, viewer) = match whose {
            Whose::All => (SUBSCRIPTIONS, Uuid::nil()),
            Whose::Partner(partner) => (SUBSCRIPTIONS_SOLD, partner),
            Whose::Customer(customer) => (SUBSCRIPTIONS_BOUGHT, customer),
        };
        let (customer, state) = (customer.to_owned(), state.to_owned());
        let search = anywhere(search);
        let params = params![viewer, customer, state, search, name, *id, most];
        self.fetch_all(statement, &params).await
    }

    /// A page of a provider's resellers, or of a reseller's providers, in any state or in one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tie_page(
        &mut self,
        (own, is_provider): (Uuid, bool),
        state: &str,
        (name, id): &Place,
        most: i64,
    ) -> Result<Vec<TieRow>, StoreError> {
        let statement = if is_provider {
            RESELLERS_OF
        } else {
            PROVIDERS_OF
        };
        let state = state.to_owned();
        let params = params![own, state, name, *id, most];
        self.fetch_all(statement, &params).await
    }

    /// A page of accounts by how long they are in their state; of one organization, or of all.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn enrolment_page(
        &mut self,
        organization: Option<Uuid>,
        state: &str,
        (since, id): (Date, Uuid),
        most: i64,
    ) -> Result<Vec<EnrolmentRow>, StoreError> {
        let state = state.to_owned();
        match organization {
            Some(organization) => {
                let params = params![organization, state, since, id, most];
                self.fetch_all(ENROLMENTS_OF, &params).await
            }
            None => {
                let params = params![state, since, id, most];
                self.fetch_all(ENROLMENTS, &params).await
            }
        }
    }

    /// Waivers of the self-sale ban, the latest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn waiver_rows(&mut self) -> Result<Vec<WaiverRow>, StoreError> {
        self.fetch_all(WAIVERS, &[]).await
    }

    /// A page of the register of affiliations, behind a pair.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn affiliation_page(
        &mut self,
        (of, with): (Uuid, Uuid),
        most: i64,
    ) -> Result<Vec<AffiliationRow>, StoreError> {
        self.fetch_all(AFFILIATIONS, &params![of, with, most]).await
    }
}
