//! The schema, as one text for both engines. Forward only: a released migration is never edited.

use crate::engine::Migration;

/// All migrations, in order.
pub static MIGRATIONS: &[Migration] = &[
    Migration {
        name: "0001_program",
        sql: PROGRAM,
    },
    crate::log::MIGRATION,
    Migration {
        name: "0002_identity",
        sql: IDENTITY,
    },
    Migration {
        name: "0002_accounts",
        sql: ACCOUNTS,
    },
    Migration {
        name: "0003_orders",
        sql: ORDERS,
    },
    crate::tables::audit::MIGRATION,
    crate::tables::webhooks::MIGRATION,
    crate::tables::catalogue::MIGRATION,
    crate::tables::time::MIGRATION,
    Migration {
        name: "0004_upgrades",
        sql: UPGRADES,
    },
    crate::tables::delegation::MIGRATION,
    Migration {
        name: "0005_conversions",
        sql: CONVERSIONS,
    },
    crate::tables::billing::MIGRATION,
    crate::tables::prices::BOOKS,
    crate::tables::prices::LISTS,
    crate::tables::usage::MIGRATION,
    crate::tables::files::MIGRATION,
    crate::overview::MIGRATION,
    crate::tables::identity::BUILT_IN,
    crate::tables::files::PAPERS,
    crate::tables::listed::MIGRATION,
    crate::tables::listed::OF_ALL,
    crate::tables::directory::MIGRATION,
    crate::tables::support::MIGRATION,
    crate::tables::security::MIGRATION,
    crate::tables::notices::MIGRATION,
];

const PROGRAM: &str = "
CREATE TABLE organizations (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, name {text} NOT NULL, headquarters {text},
    membership {text} NOT NULL CHECK (membership IN ('active','pending','rejected'))
) {strict};
CREATE TABLE affiliations (
    of_org {id} NOT NULL REFERENCES organizations (id), with_org {id} NOT NULL REFERENCES organizations (id), since {day},
    PRIMARY KEY (of_org, with_org)
) {strict};
CREATE INDEX affiliations_with ON affiliations (with_org);
CREATE TABLE waivers (
    handle {text} PRIMARY KEY, organization {id} NOT NULL REFERENCES organizations (id), from_day {day} NOT NULL, until_day {day} NOT NULL
) {strict};
CREATE TABLE locations (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, organization {id} NOT NULL REFERENCES organizations (id), country {text} NOT NULL,
    kind {text} NOT NULL CHECK (kind IN ('location','global')),
    state {text} NOT NULL CHECK (state IN ('active','pending','rejected','inactive')), partner_id {text} NOT NULL UNIQUE
) {strict};
CREATE INDEX locations_organization ON locations (organization);
CREATE TABLE tenants (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, organization {id} NOT NULL REFERENCES organizations (id),
    kind {text} NOT NULL CHECK (kind IN ('customer','partner','shared_services')), country {text} NOT NULL, domain {text} NOT NULL UNIQUE,
    associated_with {id}, program_since {day}
) {strict};
CREATE INDEX tenants_organization ON tenants (organization);
CREATE TABLE accounts (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, organization {id} NOT NULL REFERENCES organizations (id),
    kind {text} NOT NULL, country {text} NOT NULL, state {text} NOT NULL, state_since {day} NOT NULL, onboarded {day} NOT NULL,
    tenant {id} NOT NULL REFERENCES tenants (id), location {id} REFERENCES locations (id), domain {text} NOT NULL,
    environment {text} NOT NULL CHECK (environment IN ('production','sandbox')), sandbox_customers {int} NOT NULL,
    cloud {text} NOT NULL CHECK (cloud IN ('public','national')), approvals {json} NOT NULL, revenue_cloud {text}, revenue_perpetual {text},
    transitioning {bool} NOT NULL, reseller_enrolment {text} NOT NULL CHECK (reseller_enrolment IN ('none','open','complete')),
    support_plan {text} NOT NULL CHECK (support_plan IN ('none','advanced','premier')), support_benefit {bool} NOT NULL,
    third_party_mfa_exception {bool} NOT NULL, legal_name {text}, security_contact {text}, version {int} NOT NULL,
    CHECK (kind IN ('indirect_provider','indirect_reseller','direct_bill','advisor')),
    CHECK (state IN ('not_enrolled','applied','pending','rejected','qualified','active','restricted','suspended','deauthorized','terminated'))
) {strict};
CREATE INDEX accounts_tenant ON accounts (tenant);
CREATE INDEX accounts_organization ON accounts (organization);
CREATE INDEX accounts_location ON accounts (location);
CREATE TABLE agreements (
    account {id} PRIMARY KEY REFERENCES accounts (id), state {text} NOT NULL CHECK (state IN ('accepted','open')), accepted {day},
    template {text} NOT NULL, signer {text}, signer_left {bool} NOT NULL, terms_updated {day}
) {strict};
CREATE TABLE judgements (
    id {id} PRIMARY KEY, account {id} NOT NULL REFERENCES accounts (id),
    requirement {text} NOT NULL CHECK (requirement IN ('capability','support_plan','verification')), passed {bool} NOT NULL, day {day} NOT NULL,
    recorded_at {instant} NOT NULL, recorded_by {text} NOT NULL, evidence {text} NOT NULL
) {strict};
CREATE INDEX judgements_account ON judgements (account, requirement);
CREATE TABLE partnerships (
    provider {id} NOT NULL REFERENCES accounts (id), reseller {id} NOT NULL REFERENCES accounts (id),
    state {text} NOT NULL CHECK (state IN ('none','invited','active','declined','withdrawn','lapsed','removed')),
    since {instant} NOT NULL, removal_requested {day}, provider_access {bool} NOT NULL, PRIMARY KEY (provider, reseller)
) {strict};
CREATE INDEX partnerships_reseller ON partnerships (reseller);
CREATE TABLE customers (
    tenant {id} PRIMARY KEY REFERENCES tenants (id), office {text}, segment {text} NOT NULL, state_owned {bool} NOT NULL,
    qualification {text} NOT NULL CHECK (qualification IN ('approved','in_review','denied')),
    account_state {text} NOT NULL CHECK (account_state IN ('approved','under_review','disapproved','suspended_for_misuse')),
    conditional_access {text} NOT NULL CHECK (conditional_access IN ('open','blocks_partners')), budget {text}, extra_subscriptions {int} NOT NULL,
    culture {text} NOT NULL, language {text} NOT NULL, registration_number {text}, version {int} NOT NULL
) {strict};
CREATE TABLE relationships (
    partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    state {text} NOT NULL CHECK (state IN ('none','invited','active','declined','withdrawn','lapsed','removed')),
    since {instant} NOT NULL, removed {day}, delegation {text} NOT NULL CHECK (delegation IN ('none','full')),
    acquired {text} NOT NULL CHECK (acquired IN ('directly','as_reseller')), joint_with {id}, self_service {bool} NOT NULL,
    PRIMARY KEY (partner, customer)
) {strict};
CREATE INDEX relationships_customer ON relationships (customer);
CREATE TABLE attestations (
    id {id} PRIMARY KEY, customer {id} NOT NULL REFERENCES tenants (id), partner {id} REFERENCES accounts (id),
    accepted_by {text} NOT NULL CHECK (accepted_by IN ('partner','customer')), first_name {text} NOT NULL, last_name {text} NOT NULL,
    email {text} NOT NULL, phone {text}, agreed {day} NOT NULL, template {text} NOT NULL, recorded_by {text} NOT NULL, recorded_at {instant} NOT NULL
) {strict};
CREATE INDEX attestations_customer ON attestations (customer);
CREATE TABLE admin_relationships (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    name {text} NOT NULL, roles {json} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('approval_pending','approved','active','expired','termination_requested','terminated')),
    requested {instant} NOT NULL, ends {day} NOT NULL, days {int} NOT NULL, auto_extend {bool} NOT NULL, is_default {bool} NOT NULL, assigned {json} NOT NULL
) {strict};
CREATE INDEX admin_relationships_pair ON admin_relationships (partner, customer);
CREATE TABLE security_groups (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), members {json} NOT NULL, nested_in_admin_agents {bool} NOT NULL
) {strict};
CREATE TABLE assignments (
    admin_relationship {id} NOT NULL REFERENCES admin_relationships (id), security_group {id} NOT NULL REFERENCES security_groups (id),
    roles {json} NOT NULL, PRIMARY KEY (admin_relationship, security_group)
) {strict};
CREATE TABLE users (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), roles {json} NOT NULL,
    mfa {text} NOT NULL CHECK (mfa IN ('present','none','third_party','skipped_by_policy')), account {text} NOT NULL CHECK (account IN ('person','service')),
    guest_in {json} NOT NULL, sign_in_name {text} NOT NULL UNIQUE
) {strict};
CREATE TABLE items (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, title {text} NOT NULL, kind {text} NOT NULL, generation {text} NOT NULL,
    publisher {text} NOT NULL, segment {text} NOT NULL, offered {json} NOT NULL, min_quantity {int} NOT NULL, max_quantity {int} NOT NULL,
    customer_max {int}, prerequisites {json} NOT NULL, percent_of_base {int}, trial_of {text}, upgrades_to {json} NOT NULL, concurrent_limit {int},
    end_of_sale {day}, not_sold_in {json} NOT NULL, exclusive_to {json} NOT NULL, requires_attestation {bool} NOT NULL,
    partner_of_record_fixed {bool} NOT NULL, renewable {bool} NOT NULL, cancellable {bool} NOT NULL
) {strict};
CREATE TABLE dated_prices (
    item {id} NOT NULL REFERENCES items (id), term {text} NOT NULL, from_day {day} NOT NULL, amount {text} NOT NULL, PRIMARY KEY (item, term, from_day)
) {strict};
CREATE TABLE promotions (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, item {id} NOT NULL REFERENCES items (id), max_seats {int} NOT NULL, discount_percent {int} NOT NULL
) {strict};
CREATE TABLE carts (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    lines {json} NOT NULL, role_declared {text} NOT NULL CHECK (role_declared IN ('direct','indirect','none')),
    state {text} NOT NULL CHECK (state IN ('active','ordered')), created {instant} NOT NULL, modified {instant} NOT NULL, modified_by {text} NOT NULL,
    ordered_as {text}, became {id}, home {text} NOT NULL, version {int} NOT NULL
) {strict};
CREATE TABLE orders (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    lines {json} NOT NULL, state {text} NOT NULL, placed {instant} NOT NULL, currency {text} NOT NULL, number {int} NOT NULL,
    home {text} NOT NULL, version {int} NOT NULL, UNIQUE (partner, number)
) {strict};
CREATE INDEX orders_customer ON orders (customer, placed);
CREATE TABLE order_requests (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, reseller {id} NOT NULL REFERENCES accounts (id), provider {id} NOT NULL REFERENCES accounts (id),
    customer {id} NOT NULL REFERENCES tenants (id), line {json} NOT NULL, state {text} NOT NULL CHECK (state IN ('open','accepted','declined','withdrawn')),
    note {text} NOT NULL, reason {text} NOT NULL, created {instant} NOT NULL, answered {instant}, became {id}, version {int} NOT NULL
) {strict};
CREATE INDEX order_requests_provider ON order_requests (provider, state);
CREATE INDEX order_requests_reseller ON order_requests (reseller, state);
CREATE TABLE subscriptions (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, seller {id} REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    item {id} NOT NULL REFERENCES items (id), quantity {int} NOT NULL, term {text} NOT NULL, frequency {text} NOT NULL, partner_of_record {id} REFERENCES accounts (id),
    state {text} NOT NULL CHECK (state IN ('active','suspended','expired','disabled','deleted')), bought {instant} NOT NULL, renewed {instant},
    term_end {day}, renewal {bool} NOT NULL, renewal_queued {bool} NOT NULL, currency {text} NOT NULL, promotion {id}, unit_price {text},
    batches {json} NOT NULL, scheduled_quantity {int}, next_term {json}, began {day}, pending_frequency {text}, upgraded {instant}, converted_from_trial {bool} NOT NULL,
    updates {int} NOT NULL, order_id {id}, order_handle {text}, parent {id}, resource {id}, deprovisioned {bool} NOT NULL, default_owner {bool} NOT NULL,
    support_contact {id}, friendly_name {text}, home {text} NOT NULL, version {int} NOT NULL
) {strict};
CREATE INDEX subscriptions_customer ON subscriptions (customer, state, item, seller, currency, deprovisioned, quantity);
CREATE INDEX subscriptions_seller ON subscriptions (seller);
CREATE TABLE charges (
    id {id} PRIMARY KEY, subscription {id} NOT NULL REFERENCES subscriptions (id), position {int} NOT NULL, kind {text} NOT NULL, amount {text} NOT NULL,
    from_day {day} NOT NULL, until_day {day} NOT NULL, booked {instant} NOT NULL, UNIQUE (subscription, position)
) {strict};
CREATE TABLE transfers (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, kind {text} NOT NULL CHECK (kind IN ('traditional','plan')),
    from_partner {id} NOT NULL REFERENCES accounts (id), to_partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    lines {json} NOT NULL, partner_of_record {text}, state {text} NOT NULL, created {instant} NOT NULL, modified {instant} NOT NULL,
    modified_by {text} NOT NULL, version {int} NOT NULL
) {strict};
CREATE TABLE resource_roles (
    partner {id} NOT NULL REFERENCES accounts (id), subscription {id} NOT NULL REFERENCES subscriptions (id),
    role {text} NOT NULL CHECK (role IN ('owner','contributor','reader')), PRIMARY KEY (partner, subscription)
) {strict};
CREATE TABLE invoices (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), amount {text} NOT NULL, due {day} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('unpaid','paid','disputed'))
) {strict};
CREATE TABLE credit_lines (
    partner {id} PRIMARY KEY REFERENCES accounts (id), credit_limit {text} NOT NULL, unpaid {text} NOT NULL, unbilled {text} NOT NULL
) {strict};
CREATE TABLE settings (key {text} PRIMARY KEY, value {json} NOT NULL) {strict};
CREATE TABLE counters (name {text} PRIMARY KEY, value {int} NOT NULL) {strict};
CREATE TABLE schedule (
    id {id} PRIMARY KEY, due {instant} NOT NULL, kind {text} NOT NULL, subject {text} NOT NULL, done {instant}
) {strict};
CREATE INDEX schedule_due ON schedule (due, id) WHERE done IS NULL;
CREATE TABLE decisions (
    id {id} PRIMARY KEY, at_world {instant} NOT NULL, checkpoint {text} NOT NULL, actor {text} NOT NULL, subject {text} NOT NULL, allowed {bool} NOT NULL,
    rules {json} NOT NULL, facts {json} NOT NULL, profile {text} NOT NULL
) {strict};
CREATE INDEX decisions_subject ON decisions (subject);
CREATE TABLE idempotency (
    tenant {id} NOT NULL, request_id {text} NOT NULL, method {text} NOT NULL, path {text} NOT NULL, fingerprint {text} NOT NULL,
    outcome {text} NOT NULL, at_server {instant} NOT NULL, PRIMARY KEY (tenant, request_id, method, path)
) {strict};
CREATE TABLE applications (
    client_id {id} PRIMARY KEY, account {id} NOT NULL REFERENCES accounts (id), name {text} NOT NULL, secret_hash {bytes} NOT NULL, created {instant} NOT NULL
) {strict};
CREATE TABLE refresh_tokens (
    hash {bytes} PRIMARY KEY, account {id} NOT NULL REFERENCES accounts (id), user_name {text} NOT NULL, client_id {text} NOT NULL, expires {instant} NOT NULL,
    used {instant}
) {strict};
CREATE TABLE contacts (
    tenant {id} PRIMARY KEY REFERENCES tenants (id), company_name {text} NOT NULL, email {text} NOT NULL, first_name {text}, last_name {text},
    phone {text}, address {json} NOT NULL
) {strict};
";

/// Applications with their secrets, sign-ins with what was issued on them, consents, passwords and signing keys.
const IDENTITY: &str = "
DROP TABLE refresh_tokens;
DROP TABLE applications;
CREATE TABLE applications (
    client_id {id} PRIMARY KEY, account {id} NOT NULL REFERENCES accounts (id), name {text} NOT NULL, redirect_uris {json} NOT NULL,
    created {instant} NOT NULL
) {strict};
CREATE INDEX applications_account ON applications (account);
CREATE TABLE application_secrets (
    hash {bytes} PRIMARY KEY, client_id {id} NOT NULL REFERENCES applications (client_id), hint {text} NOT NULL, created {instant} NOT NULL,
    expires {instant}
) {strict};
CREATE INDEX application_secrets_client ON application_secrets (client_id);
CREATE TABLE sign_ins (
    id {id} PRIMARY KEY, client_id {id} NOT NULL REFERENCES applications (client_id), user_id {id} NOT NULL REFERENCES users (id),
    mfa {bool} NOT NULL, created {instant} NOT NULL, revoked {instant}
) {strict};
CREATE TABLE authorization_codes (
    hash {bytes} PRIMARY KEY, sign_in {id} NOT NULL REFERENCES sign_ins (id), redirect_uri {text} NOT NULL, challenge {text},
    nonce {text}, expires {instant} NOT NULL, used {instant}
) {strict};
CREATE INDEX authorization_codes_expires ON authorization_codes (expires);
CREATE TABLE refresh_tokens (
    hash {bytes} PRIMARY KEY, sign_in {id} NOT NULL REFERENCES sign_ins (id), expires {instant} NOT NULL, used {instant}
) {strict};
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires);
CREATE TABLE consents (
    client_id {id} NOT NULL, partner {id} NOT NULL REFERENCES accounts (id), tenant {id} NOT NULL REFERENCES tenants (id),
    name {text} NOT NULL, grants {json} NOT NULL, granted {instant} NOT NULL, PRIMARY KEY (client_id, partner, tenant)
) {strict};
CREATE TABLE passwords (
    user_id {id} PRIMARY KEY REFERENCES users (id), hash {text} NOT NULL, must_change {bool} NOT NULL, second_factor {bytes},
    last_step {int} NOT NULL, changed {instant} NOT NULL
) {strict};
CREATE TABLE signing_keys (
    kid {text} PRIMARY KEY, secret {bytes} NOT NULL, created {instant} NOT NULL, retired {instant}
) {strict};
";

/// Profiles, qualifications, validation codes, account checks, further domains; names of customers as they are
/// searched.
const ACCOUNTS: &str = "
ALTER TABLE contacts ADD COLUMN folded {text} NOT NULL DEFAULT '';
CREATE TABLE partner_profiles (
    account {id} NOT NULL REFERENCES accounts (id), kind {text} NOT NULL CHECK (kind IN ('legal_business','billing','organization','support')),
    body {json} NOT NULL, finalized {json}, vetting {text} NOT NULL CHECK (vetting IN ('pending','authorized','rejected')), version {int} NOT NULL,
    PRIMARY KEY (account, kind)
) {strict};
CREATE TABLE qualifications (
    id {id} PRIMARY KEY, customer {id} NOT NULL REFERENCES tenants (id), partner {id} NOT NULL REFERENCES accounts (id),
    special {text} NOT NULL CHECK (special IN ('education','government_community_cloud','state_owned')),
    segment {text} CHECK (segment IN ('schools','universities')), website {text},
    state {text} NOT NULL CHECK (state IN ('approved','in_review','denied')), reason {text}, created {instant} NOT NULL
) {strict};
CREATE INDEX qualifications_customer ON qualifications (customer, created);
CREATE TABLE validation_codes (
    partner {id} NOT NULL REFERENCES accounts (id), code {text} NOT NULL, organization {text} NOT NULL, most {int} NOT NULL,
    remaining {int} NOT NULL, changed {instant} NOT NULL, PRIMARY KEY (partner, code)
) {strict};
CREATE TABLE account_checks (
    customer {id} PRIMARY KEY REFERENCES tenants (id),
    status {text} NOT NULL CHECK (status IN ('allowed','under_review','not_allowed','unknown','not_ready')), changed {instant} NOT NULL
) {strict};
CREATE TABLE verified_domains (
    domain {text} PRIMARY KEY, customer {id} NOT NULL REFERENCES tenants (id), settings {json} NOT NULL, added {instant} NOT NULL
) {strict};
CREATE INDEX verified_domains_customer ON verified_domains (customer);
";

/// Carts of several groups, and files beside orders.
const ORDERS: &str = "
ALTER TABLE carts ADD COLUMN placed {json} NOT NULL DEFAULT '[]';
CREATE TABLE documents (
    id {id} PRIMARY KEY, order_id {id} NOT NULL REFERENCES orders (id), position {int} NOT NULL,
    kind {text} NOT NULL CHECK (kind IN ('purchase_order','tender')), name {text} NOT NULL, media {text} NOT NULL, content {bytes} NOT NULL,
    added {instant} NOT NULL, UNIQUE (order_id, position)
) {strict};
";

/// Upgrades that were carried out, registrations for reservations, and where overage flows.
const UPGRADES: &str = "
CREATE TABLE upgrades (
    id {id} PRIMARY KEY, subscription {id} NOT NULL REFERENCES subscriptions (id), position {int} NOT NULL,
    target {id} NOT NULL REFERENCES subscriptions (id),
    from_item {id} NOT NULL REFERENCES items (id), to_item {id} NOT NULL REFERENCES items (id), quantity {int} NOT NULL, term {text} NOT NULL,
    frequency {text} NOT NULL, move_licences {bool} NOT NULL, at {instant} NOT NULL, UNIQUE (subscription, position)
) {strict};
CREATE TABLE registrations (
    subscription {id} PRIMARY KEY REFERENCES subscriptions (id), at {instant} NOT NULL
) {strict};
CREATE TABLE product_upgrades (
    id {id} PRIMARY KEY, partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id),
    lines {json} NOT NULL, at {instant} NOT NULL
) {strict};
CREATE INDEX product_upgrades_pair ON product_upgrades (partner, customer);
CREATE TABLE overages (
    customer {id} NOT NULL REFERENCES tenants (id), service {text} NOT NULL CHECK (service IN ('phone_services')),
    partner {id} NOT NULL REFERENCES accounts (id), subscription {id} NOT NULL REFERENCES subscriptions (id), enabled {bool} NOT NULL,
    modified {instant} NOT NULL, version {int} NOT NULL, PRIMARY KEY (customer, service)
) {strict};
";

/// What a subscription was a trial of, and marketplace subscriptions that were activated. A column that is added to a
/// table the log answers for stands at its end, may be empty, and is counted in `log::rows::GROWN`.
const CONVERSIONS: &str = "
ALTER TABLE subscriptions ADD COLUMN trial {id} REFERENCES items (id);
CREATE TABLE activations (
    subscription {id} PRIMARY KEY REFERENCES subscriptions (id), at {instant} NOT NULL
) {strict};
";
