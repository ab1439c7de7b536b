//! What screens show at a glance, each as one joined statement: what needs somebody, and how much of it there is.

use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

use crate::engine::Tx;
use crate::error::StoreError;
use crate::statement::Statement;
use crate::statements;
use crate::value::Value;

/// Columns of what is to be counted: how many there are in all, the thing, its name, the other party.
macro_rules! hits {
    ($columns:literal $rest:literal) => {
        concat!("SELECT COUNT(*) OVER (), ", $columns, " FROM ", $rest)
    };
}
/// Subscriptions that come to the end of their term between two days.
macro_rules! renewals {
    ($whose:literal) => {
        concat!(
            "SELECT COUNT(*) OVER (), s.id, i.title, COALESCE(c.company_name, o.name), s.term_end FROM subscriptions s
             JOIN items i ON i.id = s.item
             JOIN tenants t ON t.id = s.customer
             JOIN organizations o ON o.id = t.organization
             LEFT JOIN contacts c ON c.tenant = t.id
             WHERE ",
            $whose,
            " AND s.state = 'active' AND s.term_end >= $2 AND s.term_end <= $3 ORDER BY s.term_end, s.id LIMIT $4"
        )
    };
}

statements! {
    /// Invitations of providers that a reseller has not answered.
    pub INVITATIONS_TO_RESELLER = hits!("a.id, o.name, a.handle, p.since"
        "partnerships p JOIN accounts a ON a.id = p.provider JOIN organizations o ON o.id = a.organization
        WHERE p.reseller = $1 AND p.state = 'invited' ORDER BY p.since, a.id LIMIT $2");
    /// Invitations that a provider's resellers have not answered.
    pub INVITATIONS_OF_PROVIDER = hits!("a.id, o.name, a.handle, p.since"
        "partnerships p JOIN accounts a ON a.id = p.reseller JOIN organizations o ON o.id = a.organization
        WHERE p.provider = $1 AND p.state = 'invited' ORDER BY p.since, a.id LIMIT $2");
    /// Invitations that a partner's customers have not answered, by short names: who has not accepted is not told of.
    pub INVITATIONS_OF_PARTNER = hits!("t.id, t.handle, t.handle, r.since"
        "relationships r JOIN tenants t ON t.id = r.customer
        WHERE r.partner = $1 AND r.state = 'invited' ORDER BY r.since, t.id LIMIT $2");
    /// Invitations of partners that a customer has not answered.
    pub INVITATIONS_TO_CUSTOMER = hits!("a.id, o.name, a.handle, r.since"
        "relationships r JOIN accounts a ON a.id = r.partner JOIN organizations o ON o.id = a.organization
        WHERE r.customer = $1 AND r.state = 'invited' ORDER BY r.since, a.id LIMIT $2");
    /// Order requests that a provider has not answered.
    pub REQUESTS_TO_PROVIDER = hits!("q.id, q.handle, a.handle, q.created"
        "order_requests q JOIN accounts a ON a.id = q.reseller
        WHERE q.provider = $1 AND q.state = 'open' ORDER BY q.created, q.id LIMIT $2");
    /// Order requests of a reseller that its provider has not answered.
    pub REQUESTS_OF_RESELLER = hits!("q.id, q.handle, a.handle, q.created"
        "order_requests q JOIN accounts a ON a.id = q.provider
        WHERE q.reseller = $1 AND q.state = 'open' ORDER BY q.created, q.id LIMIT $2");
    /// Transfers that wait for a partner's answer: a traditional one for its receiver, one of a plan for its giver.
    pub TRANSFERS_TO_ANSWER = hits!("x.id, x.handle, t.handle, x.created"
        "transfers x JOIN tenants t ON t.id = x.customer
        WHERE (x.to_partner = $1 AND x.kind = 'traditional' AND x.state = 'active'
            OR x.from_partner = $1 AND x.kind = 'plan' AND x.state = 'pending') ORDER BY x.created, x.id LIMIT $2");
    /// Requests for granular rights that a customer has not answered.
    pub RIGHTS_TO_APPROVE = hits!("g.id, g.name, a.handle, g.requested"
        "admin_relationships g JOIN accounts a ON a.id = g.partner
        WHERE g.customer = $1 AND g.state = 'approval_pending' ORDER BY g.requested, g.id LIMIT $2");
    /// Requests for special qualifications that the operator has not decided.
    pub QUALIFICATIONS_TO_DECIDE = hits!("q.id, t.handle, a.handle, q.created"
        "qualifications q JOIN tenants t ON t.id = q.customer JOIN accounts a ON a.id = q.partner
        WHERE q.state = 'in_review' ORDER BY q.created, q.id LIMIT $1");
    /// Requests for support that are open: those first that wait for their first answer, as it is due.
    pub SUPPORT_TO_ANSWER = hits!("q.id, q.title, a.handle, q.opened"
        "service_requests q JOIN accounts a ON a.id = q.partner
        WHERE q.status = 'open' ORDER BY q.answered IS NOT NULL, q.due, q.id LIMIT $1");
    /// A partner's requests for support with which the operator waits for it: everybody's, or those of one opener.
    pub SUPPORT_TO_REPLY = hits!("q.id, q.title, q.handle, q.modified"
        "service_requests q
        WHERE q.partner = $1 AND ($2 OR q.opened_by = $3) AND q.status = 'attention_needed' ORDER BY q.modified, q.id LIMIT $4");
    /// Alerts of fraud for which a partner is liable and that it has not looked at, as long as they stand.
    pub FRAUD_ALERTS = hits!("f.id, f.title, t.handle, f.first_observed"
        "fraud_events f JOIN tenants t ON t.id = f.customer
        WHERE f.partner = $1 AND f.status = 'active' ORDER BY f.first_observed, f.id LIMIT $2");
    /// What was written to a partner and nobody has read.
    pub NOTICES_OF_ACCOUNT = hits!("n.id, n.topic, n.about, n.at"
        "notices n WHERE n.account = $1 AND n.read_at IS NULL ORDER BY n.at, n.id LIMIT $2");
    /// The same of a customer.
    pub NOTICES_OF_CUSTOMER = hits!("n.id, n.topic, n.about, n.at"
        "notices n WHERE n.customer = $1 AND n.read_at IS NULL ORDER BY n.at, n.id LIMIT $2");
    /// What could not be done by date, latest first.
    pub SET_ASIDE = hits!("s.id, s.kind, s.subject, s.done"
        "schedule s WHERE s.problem IS NOT NULL ORDER BY s.done DESC, s.id DESC LIMIT $1");
    /// Deliveries to receivers that were given up, latest first.
    pub PARKED = hits!("d.id, d.event_name, t.handle, d.created"
        "webhook_deliveries d JOIN tenants t ON t.id = d.tenant
        WHERE d.state = 'parked' ORDER BY d.created DESC, d.id DESC LIMIT $1");
    /// The same of one tenant.
    pub PARKED_OF = hits!("d.id, d.event_name, t.handle, d.created"
        "webhook_deliveries d JOIN tenants t ON t.id = d.tenant
        WHERE d.tenant = $1 AND d.state = 'parked' ORDER BY d.created DESC, d.id DESC LIMIT $2");
    /// Accounts whose verification is not decided, longest first.
    pub ENROLMENTS = hits!("a.id, o.name, a.handle, a.state_since"
        "accounts a JOIN organizations o ON o.id = a.organization
        WHERE a.state IN ('applied', 'pending') ORDER BY a.state_since, a.id LIMIT $1");
    /// Partnerships whose end a reseller has asked for.
    pub REMOVALS_ASKED = hits!("r.id, r.handle, a.handle, p.removal_requested"
        "partnerships p JOIN accounts r ON r.id = p.reseller JOIN accounts a ON a.id = p.provider
        WHERE p.removal_requested IS NOT NULL AND p.state = 'active' ORDER BY p.removal_requested, r.id LIMIT $1");
    /// Granular rights of a partner that end by a day and do not extend themselves.
    pub RIGHTS_ENDING = hits!("g.id, g.name, t.handle, g.ends"
        "admin_relationships g JOIN tenants t ON t.id = g.customer
        WHERE g.partner = $1 AND g.state = 'active' AND NOT g.auto_extend AND g.ends <= $2 ORDER BY g.ends, g.id LIMIT $3");
    /// The same over a customer.
    pub RIGHTS_ENDING_OVER = hits!("g.id, g.name, a.handle, g.ends"
        "admin_relationships g JOIN accounts a ON a.id = g.partner
        WHERE g.customer = $1 AND g.state = 'active' AND NOT g.auto_extend AND g.ends <= $2 ORDER BY g.ends, g.id LIMIT $3");
    /// Bills that a party has not paid.
    pub BILLS_UNPAID = hits!("b.id, b.handle, b.amount, b.due"
        "invoices b WHERE b.recipient = $1 AND b.state = 'unpaid' ORDER BY b.due, b.id LIMIT $2");
    /// Bills that a party disputes.
    pub BILLS_DISPUTED = hits!("b.id, b.handle, b.amount, b.due"
        "invoices b WHERE b.recipient = $1 AND b.state = 'disputed' ORDER BY b.due, b.id LIMIT $2");
    /// Bills of a party that their recipients dispute.
    pub BILLS_CONTESTED = hits!("b.id, b.handle, b.amount, b.due"
        "invoices b WHERE b.issuer = $1 AND b.state = 'disputed' ORDER BY b.due, b.id LIMIT $2");
    /// What a partner sold and comes to its end.
    pub RENEWALS_OF_SELLER = renewals!("s.seller = $1");
    /// The same where it is the reseller of record: found by its customers.
    pub RENEWALS_OF_RECORD = renewals!("s.partner_of_record = $1
        AND s.customer IN (SELECT r.customer FROM relationships r WHERE r.partner = $1 AND r.state = 'active')");
    /// The same of a customer.
    pub RENEWALS_OF_CUSTOMER = renewals!("s.customer = $1");
    /// How many active subscriptions a partner sold.
    pub SOLD = "SELECT COUNT(*) FROM subscriptions WHERE seller = $1 AND state = 'active'";
}

/// Statements of the map, the lists and the registers beside it.
pub const STATEMENTS: &[&[Statement]] = &[ALL, crate::chart::ALL, crate::registers::ALL];

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// How many such things there are in all.
    pub total: i64,
    /// The thing, or the other party where the thing has no id of its own.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The other party, or what else tells it from another of its kind.
    pub about: String,
    /// When it came, or came to be.
    pub at: Option<Timestamp>,
    /// The day by which something has to be done.
    pub day: Option<Date>,
}

impl Tx<'_> {
    /// What a statement counts by instants.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn hits_at(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Vec<Hit>, StoreError> {
        let rows =
            self.fetch_all::<(i64, Uuid, String, String, Option<Timestamp>)>(statement, params);
        let hit = |(total, id, name, about, at)| Hit {
            total,
            id,
            name,
            about,
            at,
            day: None,
        };
        Ok(rows.await?.into_iter().map(hit).collect())
    }

    /// What a statement counts by days.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn hits_by(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Vec<Hit>, StoreError> {
        let rows = self.fetch_all::<(i64, Uuid, String, String, Option<Date>)>(statement, params);
        let hit = |(total, id, name, about, day)| Hit {
            total,
            id,
            name,
            about,
            at: None,
            day,
        };
        Ok(rows.await?.into_iter().map(hit).collect())
    }
}

/// Indexes behind the lists of screens. Refusals are few beside what is allowed, and what was set aside or parked
/// is few beside what was done: such indexes cost nothing while all goes well.
pub const MIGRATION: crate::engine::Migration = crate::engine::Migration {
    name: "0007_overviews",
    sql: "
CREATE INDEX decisions_at ON decisions (at_world, id);
CREATE INDEX decisions_refused ON decisions (at_world, id) WHERE NOT allowed;
CREATE INDEX decisions_refused_actor ON decisions (actor, at_world, id) WHERE NOT allowed;
CREATE INDEX decisions_actor ON decisions (actor, at_world, id);
CREATE INDEX schedule_set_aside ON schedule (done, id) WHERE problem IS NOT NULL;
CREATE INDEX webhook_deliveries_parked ON webhook_deliveries (tenant, created, id) WHERE state = 'parked';
",
};
