//! Who calls with a second factor and who does not (SEC-016), and what else a partner's security comes to.

use http::StatusCode;
use serde::Serialize;
use tierline_app::security::{self, Finding, Posture};
use tierline_app::{AppError, calls, names};
use tierline_domain::partner::{Account, Organization};
use tierline_domain::time::{Date, Timestamp};
use tierline_store::tables::{Application, CallDay, applications};
use tierline_store::{Tx, Value as Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::call::Call;
use crate::calls::UserCall;
use crate::identity::is_portal;
use crate::ours::{OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::Collection;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    let shown = "security.rs calls_without_a_second_factor_are_told";
    vec![
        route::get(
            "/v1/nonMfaCompliantPartnerPrincipals",
            "Users who called from the portal without a second factor, and when they did last.",
            bare_users,
        )
        .answers::<Collection<BareUser>>(ok)
        .shows("mfa-portal-requests-list", shown),
        route::get(
            "/v1/applicationmfaadoptionstatus",
            "How many calls of users came from each application within seven days, and how many with a second factor.",
            adoption,
        )
        .answers::<Vec<Adoption>>(ok)
        .shows("mfa-application-summary-list", shown),
        route::get(
            "/v1/partnerRequests",
            "The latest calls of users through applications, with and without a second factor.",
            requests,
        )
        .answers::<Collection<PartnerRequest>>(ok)
        .shows("mfa-api-requests-list", shown),
        route::get(
            "/program/v1/security",
            "How safely a partner works: its accounts and calls with a second factor, and what is not as it should be.",
            posture,
        )
        .query("partner", "Short name of the partner; for the operator, who has to name one.")
        .answers::<SecurityView>(ok),
    ]
}

/// A user who called from the portal without a second factor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BareUser {
    object_id: Option<String>,
    tenant_id: String,
    upn: String,
    #[schema(value_type = String, format = DateTime)]
    last_non_mfa_compliant_request_date_time: Timestamp,
}

/// How many calls of a day came with a second factor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Adoption {
    #[schema(value_type = String, format = Date)]
    login_date: Date,
    mfa_compliant_request_count: i64,
    total_request_count: i64,
    application_id: String,
    /// Empty where the partner did not register it.
    application_name: String,
}

/// A call of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartnerRequest {
    request_id: String,
    correlation_id: String,
    /// Method and path, without ids.
    operation_name: String,
    #[schema(value_type = String, format = DateTime)]
    request_date_time: Timestamp,
    /// Empty where it is not known.
    ip_address: String,
    object_id: Option<String>,
    tenant_id: String,
    upn: String,
    application_id: String,
    mfa_compliant: bool,
}

impl PartnerRequest {
    fn of(call: &UserCall) -> Self {
        let from = call.from.map(|from| from.to_canonical().to_string());
        Self {
            request_id: call.request.to_string(),
            correlation_id: call.correlation.to_string(),
            operation_name: call.operation(),
            request_date_time: call.at,
            ip_address: from.unwrap_or_default(),
            object_id: call.claims.oid.map(|id| id.to_string()),
            tenant_id: call.claims.tid.to_string(),
            upn: call.claims.upn.clone().unwrap_or_default(),
            application_id: call.claims.appid.clone(),
            mfa_compliant: call.claims.has_mfa(),
        }
    }
}

async fn bare_users(call: Call) -> Json<Collection<BareUser>> {
    let mut users: Vec<BareUser> = Vec::new();
    for call in call.server.calls().latest(call.account.tenant.uuid()) {
        let upn = call.claims.upn.clone().unwrap_or_default();
        let is_known = users.iter().any(|user| user.upn == upn);
        if is_known || call.claims.has_mfa() || !is_portal(&call.claims.appid) {
            continue;
        }
        users.push(BareUser {
            object_id: call.claims.oid.map(|id| id.to_string()),
            tenant_id: call.claims.tid.to_string(),
            upn,
            last_non_mfa_compliant_request_date_time: call.at,
        });
    }
    Json(Collection::whole(
        users,
        "/nonMfaCompliantPartnerPrincipals",
    ))
}

async fn requests(call: Call) -> Json<Collection<PartnerRequest>> {
    let latest = call.server.calls().latest(call.account.tenant.uuid());
    let through = latest.iter().filter(|call| !is_portal(&call.claims.appid));
    let shown = through.map(|call| PartnerRequest::of(call)).collect();
    Json(Collection::whole(shown, "/partnerRequests"))
}

/// A partner's calls of a report, with the names of its applications.
async fn counted(
    tx: &mut Tx<'_>,
    account: &Account,
    since: Date,
    fresh: (Uuid, &[CallDay]),
) -> Result<Vec<(CallDay, String)>, AppError> {
    let days = calls::of_tenant(tx, account.tenant.uuid(), since, fresh).await?;
    let key = [Stored::Id(account.id.uuid())];
    let own = tx.find::<Application>(applications::BY_ACCOUNT, &key);
    let own = own.await?;
    let named = |id: &str| {
        let id = id.parse::<Uuid>().ok()?;
        let known = own.iter().find(|application| application.client_id == id);
        known.map(|application| application.name.clone())
    };
    let named = days.into_iter().map(|day| {
        let name = named(&day.application).unwrap_or_default();
        (day, name)
    });
    Ok(named.collect())
}

async fn adoption(call: Call) -> Result<Json<Vec<Adoption>>, Problem> {
    let since = calls::since(call.server.app().clock().server_now().date());
    let account = call.account.clone();
    let fresh = call.server.calls().fresh(account.tenant.uuid(), since);
    let days = call.read(move |tx| {
        let (account, fresh) = (account.clone(), fresh.clone());
        Box::pin(async move { counted(tx, &account, since, (fresh.0, &fresh.1)).await })
    });
    let days = days.await?.into_iter();
    let through = days.filter(|(day, _)| !is_portal(&day.application));
    let shown = through.map(|(day, name)| Adoption {
        login_date: day.day,
        mfa_compliant_request_count: day.with_mfa,
        total_request_count: day.calls,
        application_id: day.application,
        application_name: name,
    });
    Ok(Json(shown.collect()))
}

/// How safely a partner works.
#[derive(Debug, Serialize, ToSchema)]
struct SecurityView {
    /// Short name of the partner.
    partner: String,
    /// The partner's company.
    partner_title: String,
    /// It is urged, and not made, to meet the requirements: its account is in a national cloud (SEC-020).
    exempt: bool,
    /// Its accounts (SEC-016).
    accounts: AccountShare,
    /// Calls of its users within seven days; those of applications alone are left out (SEC-016).
    calls: CallShare,
    /// Whom the operator tells of what has happened (SEC-010).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    contact: Option<String>,
    /// What is not as it should be: what is required first.
    findings: Vec<FindingView>,
}

/// Accounts, and those with a second factor.
#[derive(Debug, Serialize, ToSchema)]
struct AccountShare {
    total: usize,
    with_mfa: usize,
}

/// Calls, and those with a second factor.
#[derive(Debug, Serialize, ToSchema)]
struct CallShare {
    /// The first day that is counted.
    #[schema(value_type = String, format = Date)]
    since: Date,
    total: i64,
    with_mfa: i64,
    /// Day by day, the latest first, and application by application.
    days: Vec<CallDayView>,
}

/// Calls of a day through an application.
#[derive(Debug, Serialize, ToSchema)]
struct CallDayView {
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// Its client id; empty where there were too many to count each.
    application: String,
    /// Its name, where the partner registered it.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    title: String,
    /// It is the portal of this server.
    portal: bool,
    total: i64,
    with_mfa: i64,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize, ToSchema)]
struct FindingView {
    /// What.
    #[schema(value_type = FindingWord)]
    kind: &'static str,
    /// The rule that says how it should be.
    rule: String,
    /// It is required of the partner, and not only advised.
    required: bool,
    /// Which user, application or customer; absent where it is the partner itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// How often, or how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    count: Option<i64>,
}

/// What may not be as it should be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum FindingWord {
    AccountWithoutMfa,
    MfaSkipped,
    ThirdPartyMfa,
    NoSecurityContact,
    SecretOld,
    SecretsSideBySide,
    ServiceAdministers,
    RolesSideBySide,
    WorkInProgramTenant,
    CustomerWithoutMfa,
}

impl SecurityView {
    fn of(
        (account, company): (Account, Organization),
        posture: Posture,
        (since, days): (Date, Vec<(CallDay, String)>),
    ) -> Self {
        let sum = |part: fn(&CallDay) -> i64| {
            let parts = days.iter().map(|(day, _)| part(day));
            parts.fold(0_i64, i64::saturating_add)
        };
        let (total, with_mfa) = (sum(|day| day.calls), sum(|day| day.with_mfa));
        // Nothing is required of whoever is exempt (SEC-020).
        let is_required = |finding: &Finding| finding.kind.is_required() && !posture.is_exempt;
        let mut findings: Vec<FindingView> = posture
            .findings
            .iter()
            .map(|finding| FindingView {
                kind: finding.kind.as_str(),
                rule: finding.kind.rule().to_string(),
                required: is_required(finding),
                subject: finding.subject.clone(),
                count: finding.count,
            })
            .collect();
        findings.sort_by_key(|finding| !finding.required);
        let shown = days.into_iter().map(|(day, title)| CallDayView {
            day: day.day,
            portal: is_portal(&day.application),
            application: day.application,
            title,
            total: day.calls,
            with_mfa: day.with_mfa,
        });
        Self {
            partner: account.handle,
            partner_title: company.name,
            exempt: posture.is_exempt,
            accounts: AccountShare {
                total: posture.accounts.0,
                with_mfa: posture.accounts.1,
            },
            calls: CallShare {
                since,
                total,
                with_mfa,
                days: shown.collect(),
            },
            contact: posture.contact,
            findings,
        }
    }
}

async fn posture(call: OwnCall) -> Strict<SecurityView> {
    let query = call.query(&["partner"])?;
    let named = query.into_iter().next().map(|(_, name)| name);
    let partner = match (named, call.principal.claims.operator) {
        (Some(name), true) if !name.is_empty() => name,
        (_, true) => {
            let problem = Problem::malformed("partner", "is the short name of a partner");
            return Err(call.refuse(problem));
        }
        (None, false) => {
            let own = call.principal.partner();
            own.map_err(|problem| call.refuse(problem))?.handle.clone()
        }
        (Some(_), false) => {
            let problem = Problem::malformed("partner", "is for the operator; leave it out");
            return Err(call.refuse(problem));
        }
    };
    let now = call.server.app().clock().server_now();
    let since = calls::since(now.date());
    let server = call.server.clone();
    let found = call.read(move |tx| {
        let (partner, server) = (partner.clone(), server.clone());
        Box::pin(async move {
            let account = names::the_account(tx, &partner).await?;
            let company: Organization = names::by_id(tx, account.organization).await?;
            let posture = security::posture(tx, &account, (now, since)).await?;
            let fresh = server.calls().fresh(account.tenant.uuid(), since);
            let days = counted(tx, &account, since, (fresh.0, &fresh.1)).await?;
            Ok(SecurityView::of((account, company), posture, (since, days)))
        })
    });
    found.await.map(Json)
}
