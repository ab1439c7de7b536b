//! Money between the tiers: price books, billing runs, invoices and their lines, the ledger, payments, taxes and rates.
//!
//! Lines and postings are many, are written in order and never changed: the log answers for them by the batch that wrote them,
//! and each row bears a digest of itself by which an altered one is found.

use tierline_domain::billing::{
    AgreedPrice, Batch, BillingArrangement, BillingRun, FxRate, Invoice, InvoiceLine, Payment,
    PaymentInstruction, Posting, PriceRule, TaxExemption, TaxRate,
};

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// Charges bear everything that a bill of any tier says of them, since what they were booked on goes on changing.
pub const MIGRATION: Migration = Migration {
    name: "0005_billing",
    sql: "
ALTER TABLE charges RENAME TO charges_before;
CREATE TABLE charges (
    id {id} PRIMARY KEY, subscription {id} NOT NULL REFERENCES subscriptions (id), position {int} NOT NULL, kind {text} NOT NULL,
    amount {text} NOT NULL, from_day {day} NOT NULL, until_day {day} NOT NULL, booked {instant} NOT NULL, basis {text} NOT NULL,
    unit_price {text} NOT NULL, seller {id}, reseller {id}, customer {id} NOT NULL, item {id} NOT NULL, term {text} NOT NULL,
    frequency {text} NOT NULL, priced_on {day} NOT NULL, home {text} NOT NULL
) {strict};
INSERT INTO charges SELECT old.id, old.subscription, old.position, old.kind, old.amount, old.from_day, old.until_day, old.booked,
    '1 x 1/1 x 1/1 plain', old.amount, held.seller, held.partner_of_record, held.customer, held.item, held.term, held.frequency,
    old.from_day, held.home FROM charges_before old JOIN subscriptions held ON held.id = old.subscription;
DROP TABLE charges_before;
CREATE UNIQUE INDEX charges_subscription ON charges (subscription, position);
CREATE INDEX charges_month ON charges (home, booked, id);
CREATE INDEX charges_customer ON charges (customer, booked, id);
CREATE TABLE price_rules (
    id {id} PRIMARY KEY, owner {id} NOT NULL REFERENCES accounts (id), buyer {id} REFERENCES accounts (id),
    customer {id} REFERENCES tenants (id), item {id} REFERENCES items (id), segment {text}, term {text},
    method {text} NOT NULL CHECK (method IN ('margin','markup','fixed')), rate_bp {int} NOT NULL, fixed {text}, open {bool} NOT NULL,
    from_day {day} NOT NULL, until_day {day}, recorded {instant} NOT NULL
) {strict};
CREATE INDEX price_rules_owner ON price_rules (owner, from_day, id);
CREATE TABLE agreed_prices (
    subscription {id} NOT NULL REFERENCES subscriptions (id), seller {id} NOT NULL REFERENCES accounts (id), unit_price {text} NOT NULL,
    until_day {day}, PRIMARY KEY (subscription, seller)
) {strict};
CREATE TABLE billing_arrangements (
    id {id} PRIMARY KEY, provider {id} NOT NULL REFERENCES accounts (id), reseller {id} NOT NULL REFERENCES accounts (id),
    customer {id} REFERENCES tenants (id), on_behalf {bool} NOT NULL, made {instant} NOT NULL
) {strict};
CREATE INDEX billing_arrangements_pair ON billing_arrangements (provider, reseller, made);
CREATE TABLE billing_runs (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, home {text} NOT NULL, month {day} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('rating','issuing','complete')), reached {instant}, cursor {id}, steps {int} NOT NULL,
    charges {int} NOT NULL, lines {int} NOT NULL, postings {int} NOT NULL, invoices {int} NOT NULL, began {instant} NOT NULL, finished {instant}
) {strict};
CREATE TABLE batches (
    source {id} NOT NULL, number {int} NOT NULL, lines {int} NOT NULL, postings {int} NOT NULL, digest {bytes} NOT NULL,
    PRIMARY KEY (source, number)
) {strict};
ALTER TABLE invoices RENAME TO invoices_before;
CREATE TABLE invoices (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, issuer {text} NOT NULL, recipient {text} NOT NULL, agent {id}, run {id},
    month {day} NOT NULL, kind {text} NOT NULL CHECK (kind IN ('recurring','one_time')),
    document {text} NOT NULL CHECK (document IN ('invoice','void_note','adjustment_note')), amends {id}, number {int},
    net {text} NOT NULL, tax {text} NOT NULL, amount {text} NOT NULL, paid {text} NOT NULL, lines {int} NOT NULL, issued {instant},
    due {day} NOT NULL, state {text} NOT NULL CHECK (state IN ('draft','unpaid','paid','disputed','void'))
) {strict};
INSERT INTO invoices SELECT id, handle, 'operator', 'partner:' || {hex partner}, NULL, NULL, due, 'recurring', 'invoice', NULL, NULL, amount,
    substr(amount, 1, 4) || '0', amount, substr(amount, 1, 4) || '0', 0, NULL, due, state FROM invoices_before;
DROP TABLE invoices_before;
CREATE UNIQUE INDEX invoices_number ON invoices (issuer, number);
CREATE INDEX invoices_recipient ON invoices (recipient, issuer, month);
CREATE INDEX invoices_issuer ON invoices (issuer, month, id);
CREATE INDEX invoices_run ON invoices (run, id);
CREATE TABLE invoice_lines (
    source {id} NOT NULL, position {int} NOT NULL, invoice {id} NOT NULL, charge {id} NOT NULL, unit_minor {int} NOT NULL,
    minor {int} NOT NULL, currency {text} NOT NULL, seal {bytes} NOT NULL, PRIMARY KEY (source, position)
) {strict};
CREATE INDEX invoice_lines_invoice ON invoice_lines (invoice, position);
CREATE TABLE postings (
    source {id} NOT NULL, position {int} NOT NULL, party {text} NOT NULL, debit {text} NOT NULL, credit {text} NOT NULL,
    counterparty {text} NOT NULL, minor {int} NOT NULL CHECK (minor >= 0), currency {text} NOT NULL, day {day} NOT NULL, cause {text} NOT NULL,
    event {id} NOT NULL, invoice {id}, seal {bytes} NOT NULL, PRIMARY KEY (source, position)
) {strict};
CREATE INDEX postings_party ON postings (party, source, position);
CREATE TABLE payments (
    id {id} PRIMARY KEY, handle {text} NOT NULL, payer {text} NOT NULL, payee {text} NOT NULL, amount {text} NOT NULL, received {day} NOT NULL,
    invoice {id} REFERENCES invoices (id), recorded {instant} NOT NULL, version {int} NOT NULL, UNIQUE (payer, payee, handle)
) {strict};
CREATE INDEX payments_payee ON payments (payee, recorded, id);
CREATE INDEX payments_invoice ON payments (invoice);
CREATE TABLE payment_instructions (
    partner {id} PRIMARY KEY REFERENCES accounts (id), method {text} NOT NULL CHECK (method IN ('direct_debit','transfer'))
) {strict};
CREATE TABLE tax_rates (
    country {text} NOT NULL, from_day {day} NOT NULL, name {text} NOT NULL, rate_bp {int} NOT NULL, PRIMARY KEY (country, from_day)
) {strict};
CREATE TABLE tax_exemptions (
    id {id} PRIMARY KEY, partner {id} NOT NULL REFERENCES accounts (id), papers {text} NOT NULL, from_day {day} NOT NULL, until_day {day}
) {strict};
CREATE INDEX tax_exemptions_partner ON tax_exemptions (partner, from_day);
CREATE TABLE fx_rates (
    currency {text} NOT NULL, month {day} NOT NULL, mantissa {int} NOT NULL, scale {int} NOT NULL, PRIMARY KEY (currency, month)
) {strict};
",
};

table! {
    /// Price books.
    price_rules: PriceRule {
        key { id }
        columns { id, owner, buyer, customer, item, segment, term, method, rate_bp, fixed, open, from_day, until_day, recorded }
        finds {
            BY_OWNER = "WHERE owner = $1 ORDER BY from_day, recorded, id",
            OPEN_TO = "WHERE owner = $1 AND open AND item IS NOT NULL AND (buyer IS NULL OR buyer = $2) ORDER BY from_day, recorded, id"
        }
    }
}
table! {
    /// Prices agreed on with order requests.
    agreed_prices: AgreedPrice {
        key { subscription, seller }
        columns { subscription, seller, unit_price, until_day }
        finds { ONE_OF_SELLER = "WHERE seller = $1 ORDER BY subscription LIMIT 1" }
    }
}
table! {
    /// Who bills on whose behalf.
    billing_arrangements: BillingArrangement {
        key { id }
        columns { id, provider, reseller, customer, on_behalf, made }
        finds { BY_PAIR = "WHERE provider = $1 AND reseller = $2 ORDER BY made, id" }
    }
}
table! {
    /// Billing runs.
    billing_runs: BillingRun {
        key { id }
        columns { id, handle, home, month, state, reached, cursor, steps, charges, lines, postings, invoices, began, finished }
        finds { BY_HANDLE = "WHERE handle = $1", EVERY = "ORDER BY month, home" }
    }
}
table! {
    /// What answers for lines and postings.
    batches: Batch {
        key { source, number }
        columns { source, number, lines, postings, digest }
        finds { BY_SOURCE = "WHERE source = $1 ORDER BY number" }
    }
}
table! {
    /// Bills and notes of every tier.
    invoices: Invoice {
        key { id }
        columns {
            id, handle, issuer, recipient, agent, run, month, kind, document, amends, number, net, tax, amount, paid, lines, issued, due, state
        }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            OWED = "WHERE recipient = $1 AND issuer = $2 AND state <> 'draft' ORDER BY month, due, handle",
            BY_ISSUER = "WHERE issuer = $1 AND state <> 'draft' ORDER BY month, number",
            BY_RECIPIENT = "WHERE recipient = $1 AND state <> 'draft' ORDER BY month, due, handle",
            AMENDING = "WHERE amends = $1 ORDER BY number",
            TO_ISSUE = "WHERE run = $1 AND id > $2 ORDER BY id LIMIT $3"
        }
    }
}
table! {
    /// Lines of invoices.
    invoice_lines: InvoiceLine {
        key { source, position }
        columns { source, position, invoice, charge, unit_minor, minor, currency, seal }
        finds {
            OF_INVOICE = "WHERE invoice = $1 AND position > $2 ORDER BY position LIMIT $3",
            OF_SOURCE = "WHERE source = $1 AND position > $2 ORDER BY position LIMIT $3"
        }
    }
}
table! {
    /// The ledger.
    postings: Posting {
        key { source, position }
        columns { source, position, party, debit, credit, counterparty, minor, currency, day, cause, event, invoice, seal }
        finds {
            OF_SOURCE = "WHERE source = $1 AND position > $2 ORDER BY position LIMIT $3",
            OF_PARTY = "WHERE party = $1 AND (source, position) > ($2, $3) ORDER BY source, position LIMIT $4"
        }
    }
}
table! {
    /// Money received.
    payments: Payment {
        key { id }
        columns { id, handle, payer, payee, amount, received, invoice, recorded, version }
        finds {
            BY_PAYEE = "WHERE payee = $1 ORDER BY recorded, id",
            BETWEEN = "WHERE payer = $1 AND payee = $2 ORDER BY recorded, id",
            OF_INVOICE = "WHERE invoice = $1 ORDER BY recorded, id"
        }
    }
}
table! {
    /// How partners pay.
    payment_instructions: PaymentInstruction {
        key { partner }
        columns { partner, method }
        finds {}
    }
}
table! {
    /// Rates of tax.
    tax_rates: TaxRate {
        key { country, from_day }
        columns { country, from_day, name, rate_bp }
        finds { IN_FORCE = "WHERE country = $1 AND from_day <= $2 ORDER BY from_day DESC LIMIT 1", EVERY = "ORDER BY country, from_day" }
    }
}
table! {
    /// Exemptions from tax.
    tax_exemptions: TaxExemption {
        key { id }
        columns { id, partner, papers, from_day, until_day }
        finds { BY_PARTNER = "WHERE partner = $1 ORDER BY from_day, id" }
    }
}
table! {
    /// Monthly exchange rates.
    fx_rates: FxRate {
        key { currency, month }
        columns { currency, month, mantissa, scale }
        finds {
            IN_FORCE = "WHERE currency = $1 AND month <= $2 ORDER BY month DESC LIMIT 1",
            OF_MONTH = "WHERE month = $1 ORDER BY currency"
        }
    }
}

statements! {
    /// What one party's books say, by account and currency: debits and credits.
    pub TRIAL = "SELECT account, currency, CAST(SUM(debit) AS BIGINT), CAST(SUM(credit) AS BIGINT) FROM (
        SELECT debit AS account, currency, minor AS debit, 0 AS credit FROM postings WHERE party = $1
        UNION ALL SELECT credit, currency, 0, minor FROM postings WHERE party = $1) sides
        GROUP BY account, currency ORDER BY account, currency";
    /// Sum and number of the lines of an invoice.
    pub OF_LINES = "SELECT CAST(COALESCE(SUM(minor), 0) AS BIGINT), COUNT(*) FROM invoice_lines WHERE invoice = $1";
    /// Every source that has written to the ledger.
    pub SOURCES = "SELECT DISTINCT source FROM batches ORDER BY source";
}

/// Statements that are no whole rows.
pub const STATEMENTS: &[Statement] = ALL;
