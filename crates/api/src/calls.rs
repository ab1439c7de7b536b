//! The calls of users: how many came with a second factor, day by day, and the latest of them one by one (SEC-016). Calls of
//! applications alone are left out; nobody signs in for them.
//!
//! Counts are written down every now and then and when the server ends; what was counted in between is lost with a server that
//! is killed. The calls themselves are kept in memory alone.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderValue, Method};
use tierline_app::AppError;
use tierline_app::calls::{KeepCalls, since};
use tierline_domain::time::{Date, Timestamp};
use tierline_store::StoreError;
use tierline_store::tables::CallDay;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::identity::Claims;
use crate::routes::documented;
use crate::server::Server;

/// Calls that are kept, as many as the documentation promises.
const MOST: usize = 10_000;
/// Applications of one tenant and day that are counted apart; what comes from further ones is counted under no name.
const APPLICATIONS_MAX: usize = 1_000;
/// Bytes of path and query that are kept of a call.
const TARGET_MAX: usize = 1_000;
/// How often counts are written down.
const PAUSE: Duration = Duration::from_secs(30);

/// A call of a user, as it was answered.
pub(crate) struct Called<'a> {
    /// When it came, by the server's clock.
    pub(crate) at: Timestamp,
    /// Who called.
    pub(crate) claims: Arc<Claims>,
    pub(crate) method: Method,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    pub(crate) request: Option<&'a HeaderValue>,
    pub(crate) correlation: Option<&'a HeaderValue>,
    /// From where, if that is known: of a proxy, where one stands between.
    pub(crate) from: Option<IpAddr>,
}

/// The same as it is kept. What was part of the buffer that the call was read into would keep that as well, so it is copied.
#[derive(Debug)]
pub(crate) struct UserCall {
    pub(crate) at: Timestamp,
    pub(crate) claims: Arc<Claims>,
    method: Method,
    /// The beginning of it, where it is long.
    target: Box<str>,
    pub(crate) request: Box<str>,
    pub(crate) correlation: Box<str>,
    pub(crate) from: Option<IpAddr>,
}

impl From<Called<'_>> for UserCall {
    fn from(call: Called<'_>) -> Self {
        let text = |value: Option<&HeaderValue>| {
            let text = value.and_then(|value| value.to_str().ok());
            Box::from(text.unwrap_or_default())
        };
        let target = call.target.get(..TARGET_MAX).unwrap_or(&call.target);
        Self {
            at: call.at,
            claims: call.claims,
            method: call.method,
            target: Box::from(target),
            request: text(call.request),
            correlation: text(call.correlation),
            from: call.from,
        }
    }
}

impl UserCall {
    /// What was called, as the documentation has it: `Get /v1/customers/{customer-id}`. Of the query, names alone.
    pub(crate) fn operation(&self) -> String {
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&*self.target, None),
        };
        let path = crate::wire::path::normalise(path);
        let template = documented::template(&path).unwrap_or(&path);
        let method = self.method.as_str();
        let (first, rest) = method.split_at_checked(1).unwrap_or((method, ""));
        let names = crate::wire::path::query(query);
        let names: Vec<String> = names
            .iter()
            .map(|(name, _)| format!("{name}={{{name}}}"))
            .collect();
        let mark = if names.is_empty() { "" } else { "?" };
        let (rest, names) = (rest.to_ascii_lowercase(), names.join("&"));
        format!("{first}{rest} {template}{mark}{names}")
    }
}

/// How many calls an application made for a tenant on a day.
#[derive(Clone, Debug, Default)]
struct Count {
    application: String,
    calls: i64,
    with_mfa: i64,
    /// How many of them are written down.
    kept: i64,
}

#[derive(Debug, Default)]
struct Counted {
    days: HashMap<(Uuid, Date), Vec<Count>>,
    latest: VecDeque<Arc<UserCall>>,
}

/// What one server counts for its world.
#[derive(Debug)]
pub(crate) struct Calls {
    /// A number of its own: counts of others are theirs.
    server: Uuid,
    counted: Mutex<Counted>,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            server: Uuid::from_bytes(rand::random()),
            counted: Mutex::default(),
        }
    }
}

impl Calls {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call.
    pub(crate) fn count(&self, call: Called<'_>) {
        let (tenant, has_mfa) = (call.claims.tid, call.claims.has_mfa());
        let mut counted = self.counted();
        let of_day = counted.days.entry((tenant, call.at.date())).or_default();
        let known = of_day.iter().position(|count| {
            count.application == call.claims.appid
                || (count.application.is_empty() && of_day.len() > APPLICATIONS_MAX)
        });
        let place = known.unwrap_or_else(|| {
            let is_one_more = of_day.len() < APPLICATIONS_MAX;
            of_day.push(Count {
                application: if is_one_more {
                    call.claims.appid.clone()
                } else {
                    String::new()
                },
                ..Count::default()
            });
            of_day.len().saturating_sub(1)
        });
        if let Some(count) = of_day.get_mut(place) {
            count.calls = count.calls.saturating_add(1);
            count.with_mfa = count.with_mfa.saturating_add(i64::from(has_mfa));
        }
        if counted.latest.len() >= MOST {
            counted.latest.pop_front();
        }
        counted.latest.push_back(Arc::new(call.into()));
    }

    /// What was counted of a tenant since a day, by this server alone: with the number under which it writes.
    pub(crate) fn fresh(&self, tenant: Uuid, since: Date) -> (Uuid, Vec<CallDay>) {
        let counted = self.counted();
        let own = counted
            .days
            .iter()
            .filter(|((of, day), _)| *of == tenant && *day >= since);
        let rows = own.flat_map(|(key, counts)| counts.iter().map(|count| self.row(*key, count)));
        (self.server, rows.collect())
    }

    /// The latest calls of a tenant, the last one first.
    pub(crate) fn latest(&self, tenant: Uuid) -> Vec<Arc<UserCall>> {
        let counted = self.counted();
        let own = counted.latest.iter().rev();
        own.filter(|call| call.claims.tid == tenant)
            .cloned()
            .collect()
    }

    fn row(&self, (tenant, day): (Uuid, Date), count: &Count) -> CallDay {
        CallDay {
            server: self.server,
            tenant,
            application: count.application.clone(),
            day,
            calls: count.calls,
            with_mfa: count.with_mfa,
        }
    }

    /// What is not written down yet.
    fn open(&self) -> Vec<CallDay> {
        let counted = self.counted();
        let all = counted.days.iter();
        let rows = all.flat_map(|(key, counts)| {
            let open = counts.iter().filter(|count| count.calls > count.kept);
            open.map(|count| self.row(*key, count))
        });
        rows.collect()
    }

    /// Takes note of what was written down, and lets go of days that no report covers.
    fn settle(&self, rows: &[CallDay], today: Date) {
        let mut counted = self.counted();
        for row in rows {
            let counts = counted.days.get_mut(&(row.tenant, row.day));
            let mut counts = counts.into_iter().flatten();
            if let Some(count) = counts.find(|count| count.application == row.application) {
                count.kept = row.calls;
            }
        }
        let since = since(today);
        counted.days.retain(|(_, day), counts| {
            *day >= since || counts.iter().any(|count| count.calls > count.kept)
        });
    }
}

impl Server {
    /// Writes down how many calls there were.
    ///
    /// # Errors
    /// When the store fails; they are written down the next time.
    pub async fn keep_calls(&self) -> Result<(), AppError> {
        let days = self.calls().open();
        if days.is_empty() {
            return Ok(());
        }
        let today = self.app().clock().server_now().date();
        let keep = KeepCalls { days, today };
        self.app().db().write(keep.clone()).await?;
        self.calls().settle(&keep.days, today);
        Ok(())
    }
}

/// A worker that writes counts down, until it is dropped.
pub struct Counting {
    task: JoinHandle<()>,
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Counting {
    /// Starts it.
    #[must_use]
    pub fn start(server: Server) -> Self {
        let task = tokio::spawn(async move {
            loop {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the server's own pause between two notes, and no time of the program"
                )]
                tokio::time::sleep(PAUSE).await;
                match server.keep_calls().await {
                    Ok(()) => {}
                    Err(AppError::Store(StoreError::Closed)) => return,
                    Err(error) => tracing::warn!(%error, "calls were not written down"),
                }
            }
        });
        Self { task }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(application: &str, amr: &[&str], at: &str, target: &str) -> Called<'static> {
        let claims = Claims {
            aud: String::new(),
            iss: String::new(),
            iat: 0,
            nbf: 0,
            exp: 0,
            tid: Uuid::from_u128(1),
            appid: application.to_owned(),
            oid: None,
            upn: Some("ann@partner.example".to_owned()),
            scp: None,
            amr: amr.iter().map(|word| (*word).to_owned()).collect(),
            wids: Vec::new(),
            ver: "1.0".to_owned(),
            operator: false,
        };
        Called {
            at: at.parse().unwrap(),
            claims: Arc::new(claims),
            method: Method::GET,
            target: target.to_owned(),
            request: None,
            correlation: None,
            from: None,
        }
    }

    #[test]
    fn calls_are_counted_by_days_and_applications() {
        let calls = Calls::default();
        calls.count(call("a", &["mfa"], "2026-01-15T23:59:59Z", "/"));
        calls.count(call("a", &["pwd"], "2026-01-15T23:59:59Z", "/"));
        calls.count(call("a", &["mfa"], "2026-01-16T00:00:00Z", "/"));
        calls.count(call("b", &["mfa"], "2026-01-16T00:00:00Z", "/"));
        let told = |rows: Vec<CallDay>| {
            let mut told: Vec<_> = rows
                .into_iter()
                .map(|row| {
                    (
                        row.day.to_string(),
                        row.application,
                        row.calls,
                        row.with_mfa,
                    )
                })
                .collect();
            told.sort();
            told
        };
        let row = |day: &str, application: &str, calls, with_mfa| {
            (day.to_owned(), application.to_owned(), calls, with_mfa)
        };
        let all = [
            row("2026-01-15", "a", 2, 1),
            row("2026-01-16", "a", 1, 1),
            row("2026-01-16", "b", 1, 1),
        ];
        let since = Date::constant(2026, 1, 1);
        assert_eq!(told(calls.fresh(Uuid::from_u128(1), since).1), all);
        assert_eq!(calls.fresh(Uuid::from_u128(2), since).1, []);
        // What is written down is not written again, and goes when no report covers it any more.
        let open = calls.open();
        assert_eq!(told(open.clone()), all);
        calls.settle(&open, Date::constant(2026, 1, 22));
        assert_eq!(calls.open(), []);
        assert_eq!(told(calls.fresh(Uuid::from_u128(1), since).1), all[1..]);
        calls.count(call("b", &["mfa"], "2026-01-16T01:00:00Z", "/"));
        assert_eq!(told(calls.open()), [row("2026-01-16", "b", 2, 2)]);
    }

    #[test]
    fn applications_beyond_the_most_are_counted_under_no_name() {
        let calls = Calls::default();
        for number in 0..APPLICATIONS_MAX + 5 {
            let name = format!("application {number}");
            calls.count(call(&name, &["mfa"], "2026-01-15T12:00:00Z", "/"));
        }
        let (_, rows) = calls.fresh(Uuid::from_u128(1), Date::constant(2026, 1, 1));
        assert_eq!(rows.len(), APPLICATIONS_MAX + 1);
        let others = rows.iter().find(|row| row.application.is_empty());
        assert_eq!(others.map(|row| row.calls), Some(5));
    }

    #[test]
    fn an_operation_is_told_without_ids_and_values() {
        let told = |target: &str| {
            UserCall::from(call("a", &["mfa"], "2026-01-15T12:00:00Z", target)).operation()
        };
        let id = "0d9f2d2f-0c5b-4a0a-8f57-5a3c6f0c7b11";
        assert_eq!(
            told(&format!(
                "/V1/Customers/{id}/subscriptions?order_id=x&mpn_id=4711"
            )),
            "Get /v1/customers/{customer-id}/subscriptions?order_id={order_id}&mpn_id={mpn_id}"
        );
        assert_eq!(told("/nothing/here"), "Get /nothing/here");
    }
}
