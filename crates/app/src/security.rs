//! How safely a partner works: what the rules of section 13 require of it, and what they advise.

use tierline_domain::admin::{Mfa, ProgramRole, User, UserAccount};
use tierline_domain::partner::{Account, Cloud};
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_rules::book::RuleId;
use tierline_store::tables::{
    Application, ApplicationSecret, application_secrets, applications, security, users,
};
use tierline_store::{Tx, Value};

use crate::error::AppError;

/// After so many days a secret is old: whoever has seen it has had time to lose it.
const SECRET_DAYS: i32 = 365;

/// Something of a partner that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Which user, application or customer; nothing where it is the partner itself.
    pub subject: Option<String>,
    /// How often, or how many.
    pub count: Option<i64>,
}

macro_rules! findings {
    ($($(#[$meta:meta])* $kind:ident = $word:literal of $rule:literal, $must:ident;)+) => {
        /// What may not be as it should be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FindingKind { $($(#[$meta])* $kind),+ }

        impl FindingKind {
            /// Every kind, in the order in which findings are told.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word),+ }
            }

            /// The rule that says how it should be.
            #[must_use]
            pub const fn rule(self) -> RuleId {
                match self { $(Self::$kind => RuleId::of($rule)),+ }
            }

            /// It is required, and not only advised.
            #[must_use]
            pub const fn is_required(self) -> bool {
                match self { $(Self::$kind => findings!(@$must)),+ }
            }
        }
    };
    (@must) => { true };
    (@should) => { false };
}

findings! {
    /// An account signs in without a second factor.
    AccountWithoutMfa = "account_without_mfa" of "SEC-001", must;
    /// A policy lets an account skip the second factor.
    MfaSkipped = "mfa_skipped" of "SEC-005", must;
    /// An account's second factor is another's, which does not open customers.
    ThirdPartyMfa = "third_party_mfa" of "SEC-004", should;
    /// There is no security contact.
    NoSecurityContact = "no_security_contact" of "SEC-010", must;
    /// An application's secret has been in use for long.
    SecretOld = "secret_old" of "SEC-008", should;
    /// An application has more than one secret that is good.
    SecretsSideBySide = "secrets_side_by_side" of "SEC-008", should;
    /// A service's account administers everything.
    ServiceAdministers = "service_administers" of "SEC-017", should;
    /// An account that administers everything also does the daily work.
    RolesSideBySide = "roles_side_by_side" of "SEC-017", should;
    /// The program tenant has users of its own at work in it.
    WorkInProgramTenant = "work_in_program_tenant" of "SEC-017", should;
    /// Users of a customer that hold roles call without a second factor.
    CustomerWithoutMfa = "customer_without_mfa" of "SEC-009", should;
}

/// How safely a partner works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posture {
    /// It is urged, and not made, to meet the requirements (SEC-020).
    pub is_exempt: bool,
    /// Its accounts: all of them, and those with a second factor (SEC-016).
    pub accounts: (usize, usize),
    /// Whom the operator tells of what has happened (SEC-010).
    pub contact: Option<String>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

impl Posture {
    fn add(&mut self, kind: FindingKind, subject: Option<&str>, count: Option<i64>) {
        self.findings.push(Finding {
            kind,
            subject: subject.map(str::to_owned),
            count,
        });
    }

    fn user(&mut self, user: &User, third_party: bool) {
        let name = Some(user.sign_in_name.as_str());
        let mut add = |kind| self.add(kind, name, None);
        match user.mfa {
            Mfa::Present => {}
            Mfa::ThirdParty if third_party => add(FindingKind::ThirdPartyMfa),
            Mfa::SkippedByPolicy => add(FindingKind::MfaSkipped),
            Mfa::None | Mfa::ThirdParty => add(FindingKind::AccountWithoutMfa),
        }
        let holds = |role: ProgramRole| user.roles.iter().any(|held| held == role.as_str());
        if !holds(ProgramRole::GlobalAdmin) {
            return;
        }
        if user.account == UserAccount::Service {
            add(FindingKind::ServiceAdministers);
        }
        let daily = [
            ProgramRole::AdminAgent,
            ProgramRole::SalesAgent,
            ProgramRole::HelpdeskAgent,
            ProgramRole::BillingAdmin,
        ];
        if daily.into_iter().any(holds) {
            add(FindingKind::RolesSideBySide);
        }
    }

    fn application(
        &mut self,
        application: &Application,
        secrets: &[ApplicationSecret],
        now: Timestamp,
    ) {
        let live = |secret: &&ApplicationSecret| secret.expires.is_none_or(|end| end > now);
        let live: Vec<_> = secrets.iter().filter(live).collect();
        let name = Some(application.name.as_str());
        let count = i64::try_from(live.len()).ok();
        if live.len() > 1 {
            self.add(FindingKind::SecretsSideBySide, name, count);
        }
        let long_ago = add_days(now.date(), SECRET_DAYS.saturating_neg());
        if live.iter().any(|secret| secret.created.date() < long_ago) {
            self.add(FindingKind::SecretOld, name, None);
        }
    }
}

/// How safely a partner works, by what is on record and by the calls since a day. `now` is the server's own, by which secrets
/// and calls go.
///
/// # Errors
/// When the store fails.
pub async fn posture(
    tx: &mut Tx<'_>,
    account: &Account,
    (now, since): (Timestamp, Date),
) -> Result<Posture, AppError> {
    let key = [Value::Id(account.id.uuid())];
    let third_party = account.third_party_mfa_exception;
    let users = tx.find::<User>(users::BY_PARTNER, &key).await?;
    let is_safe =
        |user: &&User| user.mfa == Mfa::Present || (user.mfa == Mfa::ThirdParty && third_party);
    let mut found = Posture {
        is_exempt: account.cloud == Cloud::National,
        accounts: (users.len(), users.iter().filter(is_safe).count()),
        contact: account.security_contact.clone(),
        findings: Vec::new(),
    };
    for user in &users {
        found.user(user, third_party);
    }
    if found.contact.is_none() {
        found.add(FindingKind::NoSecurityContact, None, None);
    }
    let own = tx.find::<Application>(applications::BY_ACCOUNT, &key);
    for application in own.await? {
        let client = [Value::Id(application.client_id)];
        let secrets = tx.find::<ApplicationSecret>(application_secrets::BY_CLIENT, &client);
        let secrets = secrets.await?;
        found.application(&application, &secrets, now);
    }
    let tenant = [Value::Id(account.tenant.uuid())];
    let at_work: Option<(i64,)> = tx.fetch_optional(security::AT_WORK_IN, &tenant).await?;
    if let Some((count,)) = at_work.filter(|(count,)| *count > 0) {
        found.add(FindingKind::WorkInProgramTenant, None, Some(count));
    }
    let key = [key[0].clone(), Value::Day(since)];
    let bare: Vec<(String, i64)> = tx.fetch_all(security::BARE_CUSTOMERS, &key).await?;
    for (customer, calls) in &bare {
        found.add(
            FindingKind::CustomerWithoutMfa,
            Some(customer),
            Some(*calls),
        );
    }
    let place = |kind| FindingKind::ALL.iter().position(|known| *known == kind);
    found.findings.sort_by_key(|finding| place(finding.kind));
    Ok(found)
}
