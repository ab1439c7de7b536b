//! How often a partner may call (GEN-008), and whether its users gave a second factor.
//!
//! Budgets count in windows of the server's clock, per partner tenant, per partner and customer, or per
//! application. The numbers are the documented ones where the documentation prints one. What is over budget
//! answers 429 before anything is read of it, so it is never kept as the answer of a request id.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use tierline_domain::time::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::auth::bearer;
use crate::identity::{Claims, seconds_since};
use crate::server::Server;

/// Whose calls share a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Partner,
    PartnerAndCustomer,
    Application,
}

/// One budget: so many calls in so many seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name in settings.
    pub name: &'static str,
    /// At most so many calls.
    pub calls: u32,
    /// In so many seconds.
    pub seconds: u32,
    per: Per,
}

const CUSTOMERS: usize = 0;
const ORDERS: usize = 1;
const SUBSCRIPTIONS: usize = 2;
const WRITES: usize = 3;
const MIGRATIONS: usize = 4;
const VALIDATIONS: usize = 5;
const WEBHOOK_TESTS: usize = 6;
const CONSENTS: usize = 7;
const OTHERS: usize = 8;

/// Budgets as they are documented. The documentation says that writes are limited more tightly and that the
/// rest is limited, and prints no number: `writes` and `others` are ours.
const DOCUMENTED: [Budget; 9] = [
    budget("customers", 500, 60, Per::Partner),
    budget("orders", 500, 60, Per::Partner),
    budget("subscriptions", 500, 60, Per::Partner),
    budget("writes", 100, 60, Per::PartnerAndCustomer),
    budget("migrations", 100, 300, Per::Partner),
    budget("validations", 450, 300, Per::Partner),
    budget("webhook-tests", 2, 60, Per::Partner),
    budget("consents", 50, 1, Per::Application),
    budget("others", 1_000, 60, Per::Partner),
];

const fn budget(name: &'static str, calls: u32, seconds: u32, per: Per) -> Budget {
    Budget {
        name,
        calls,
        seconds,
        per,
    }
}

/// All budgets of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets([Budget; 9]);

impl Default for Budgets {
    fn default() -> Self {
        Self(DOCUMENTED)
    }
}

impl Budgets {
    /// Reads `customers=500/60,writes=20/60`: calls and seconds; what is not named stays as documented.
    ///
    /// # Errors
    /// Says which part is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut budgets = Self::default();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let bad = || format!("{part} is no budget such as customers=500/60");
            let (name, numbers) = part.split_once('=').ok_or_else(bad)?;
            let (calls, seconds) = numbers.split_once('/').ok_or_else(bad)?;
            let calls: u32 = calls.parse().map_err(|_| bad())?;
            let seconds: u32 = seconds.parse().map_err(|_| bad())?;
            let names = DOCUMENTED.map(|budget| budget.name).join(", ");
            let found = budgets.0.iter_mut().find(|budget| budget.name == name);
            let found = found.ok_or_else(|| format!("{name} is none of {names}"))?;
            if seconds == 0 {
                return Err(bad());
            }
            (found.calls, found.seconds) = (calls, seconds);
        }
        Ok(budgets)
    }
}

/// What a call costs: budgets, and the customer it is about.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    budgets: Vec<usize>,
    customer: Option<Uuid>,
}

/// The cost of a documented call; nothing for other paths. The path is normalised.
fn cost(method: &Method, path: &str) -> Option<Cost> {
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let write = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let only = |budget| Cost {
        budgets: vec![budget],
        customer: None,
    };
    match steps.as_slice() {
        ["webhooks", "v1", .., "validationevents"] if write => Some(only(WEBHOOK_TESTS)),
        ["v1", "customers"]
        | [
            "v1",
            "customers",
            "relationshiprequests" | "usagerecords" | "all",
            ..,
        ] => Some(only(CUSTOMERS)),
        ["v1", "customers", customer, rest @ ..] => {
            let budget = match rest {
                ["orders" | "carts", ..] => ORDERS,
                ["subscriptions", ..] => SUBSCRIPTIONS,
                ["migrations", "newcommerce", "validate"] => VALIDATIONS,
                ["migrations", "newcommerce"] if write => MIGRATIONS,
                ["applicationconsents", ..] => CONSENTS,
                _ => CUSTOMERS,
            };
            let limits_writes = write && !matches!(budget, CONSENTS | MIGRATIONS | VALIDATIONS);
            Some(Cost {
                budgets: [budget]
                    .into_iter()
                    .chain(limits_writes.then_some(WRITES))
                    .collect(),
                customer: customer.parse().ok(),
            })
        }
        ["v1" | "webhooks", ..] => Some(only(OTHERS)),
        _ => None,
    }
}

/// Whose window: the budget, the partner, and the customer or application.
type Key = (usize, Uuid, Uuid);

/// Windows that are remembered: some 4 MiB.
const WINDOWS_MAX: usize = 65_536;

#[derive(Clone, Copy, Debug)]
struct Window {
    from: Timestamp,
    calls: u32,
}

/// Counts calls against budgets.
pub(crate) struct Throttle {
    budgets: Budgets,
    windows: Mutex<HashMap<Key, Window>>,
}

impl Throttle {
    pub(crate) fn new(budgets: Budgets) -> Self {
        Self {
            budgets,
            windows: Mutex::default(),
        }
    }

    /// Lets a call pass, or says after how many seconds it may come again.
    fn admit(&self, claims: &Claims, cost: &Cost, now: Timestamp) -> Result<(), i64> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut windows, now);
        let spent = cost.budgets.iter().filter_map(|index| {
            let budget = self.budgets.0.get(*index)?;
            let other = match budget.per {
                Per::Partner => Uuid::nil(),
                Per::PartnerAndCustomer => cost.customer.unwrap_or_default(),
                Per::Application => claims.appid.parse().unwrap_or_default(),
            };
            let key = (*index, claims.tid, other);
            // No room for another pair: those that come too late share one.
            let is_late = windows.len() >= WINDOWS_MAX && !windows.contains_key(&key);
            let key = if is_late {
                (*index, claims.tid, Uuid::nil())
            } else {
                key
            };
            Some((budget, key))
        });
        let spent: Vec<(&Budget, Key)> = spent.collect();
        for (budget, key) in &spent {
            let Some(window) = windows.get(key) else {
                if budget.calls == 0 {
                    return Err(i64::from(budget.seconds));
                }
                continue;
            };
            let passed = seconds_since(window.from, now);
            if passed < i64::from(budget.seconds) && window.calls >= budget.calls {
                return Err(i64::from(budget.seconds).saturating_sub(passed).max(1));
            }
        }
        for (budget, key) in spent {
            let window = windows.entry(key).or_insert(Window {
                from: now,
                calls: 0,
            });
            if seconds_since(window.from, now) >= i64::from(budget.seconds) {
                *window = Window {
                    from: now,
                    calls: 0,
                };
            }
            window.calls = window.calls.saturating_add(1);
        }
        Ok(())
    }

    /// Forgets windows that have closed, once there are too many.
    fn make_room(&self, windows: &mut HashMap<Key, Window>, now: Timestamp) {
        if windows.len() < WINDOWS_MAX {
            return;
        }
        windows.retain(|(index, ..), window| {
            self.budgets
                .0
                .get(*index)
                .is_some_and(|budget| seconds_since(window.from, now) < i64::from(budget.seconds))
        });
    }
}

/// The body of a 429, as released clients read it: without a code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Throttled {
    status_code: u16,
    message: String,
}

fn throttled(wait: i64) -> Response {
    let body = Throttled {
        status_code: StatusCode::TOO_MANY_REQUESTS.as_u16(),
        message: format!("Too many calls for now. Try again in {wait} seconds."),
    };
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(wait));
    response
}

const VALIDATE_MFA: HeaderName = HeaderName::from_static("validatemfa");
const IS_MFA_COMPLIANT: HeaderName = HeaderName::from_static("ismfacompliant");

/// Around every route: counts the call, and answers `ValidateMfa: true` with whether the token tells of a second
/// factor. Who has no valid token costs nothing here and gets nowhere behind it.
pub(crate) async fn gate<F, E>(
    server: &Server,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Result<Response, E>
where
    F: Future<Output = Result<Response, E>>,
{
    let asked = request
        .headers()
        .get(&VALIDATE_MFA)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let limits = server.throttle().and_then(|throttle| {
        let cost = cost(request.method(), request.uri().path())?;
        Some((throttle, cost))
    });
    let now = server.app().clock().server_now();
    let claims = match bearer(request.headers()) {
        Some(token) if asked || limits.is_some() => server.issuer().claims(token, now).await.ok(),
        _ => None,
    };
    let Some(claims) = claims else {
        return next(request).await;
    };
    let refused = limits
        .filter(|_| !claims.operator)
        .and_then(|(throttle, cost)| throttle.admit(&claims, &cost, now).err());
    let mut response = match refused {
        Some(wait) => throttled(wait),
        None => next(request).await?,
    };
    if asked {
        let compliant = HeaderValue::from_static(if claims.has_mfa() { "true" } else { "false" });
        response.headers_mut().insert(IS_MFA_COMPLIANT, compliant);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(partner: u128) -> Claims {
        let issuer = crate::identity::Issuer::new(&[7; 32], "http://localhost").unwrap();
        let subject = crate::identity::Subject::application(Uuid::from_u128(partner), Uuid::nil());
        let token = issuer.issue(&subject, noon());
        (*issuer.verify(&token, noon()).unwrap()).clone()
    }

    fn noon() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_window_closes_and_opens_again() {
        let throttle = Throttle::new(Budgets::read("customers=2/60").unwrap());
        let cost = cost(&Method::GET, "/v1/customers").unwrap();
        let later = |seconds: i64| {
            Timestamp::from_micros(noon().as_micros() + seconds * 1_000_000).unwrap()
        };
        assert_eq!(throttle.admit(&claims(1), &cost, noon()), Ok(()));
        assert_eq!(throttle.admit(&claims(1), &cost, later(10)), Ok(()));
        assert_eq!(throttle.admit(&claims(1), &cost, later(20)), Err(40));
        assert_eq!(throttle.admit(&claims(2), &cost, later(20)), Ok(()));
        assert_eq!(throttle.admit(&claims(1), &cost, later(60)), Ok(()));
    }

    #[test]
    fn customers_have_their_own_budget_of_writes() {
        let throttle = Throttle::new(Budgets::read("writes=1/60").unwrap());
        let order = |customer: u128| {
            let customer = Uuid::from_u128(customer);
            cost(&Method::POST, &format!("/v1/customers/{customer}/orders")).unwrap()
        };
        assert_eq!(throttle.admit(&claims(1), &order(1), noon()), Ok(()));
        assert_eq!(throttle.admit(&claims(1), &order(1), noon()), Err(60));
        assert_eq!(throttle.admit(&claims(1), &order(2), noon()), Ok(()));
        let read = cost(&Method::GET, "/v1/customers/x/orders").unwrap();
        assert_eq!(read.budgets, [ORDERS]);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(Budgets::read("writes=3/60,customers=1000000/60").unwrap());
        let claims = claims(1);
        let write = |customer: u128| Cost {
            budgets: vec![WRITES],
            customer: Some(Uuid::from_u128(customer)),
        };
        let refused = (1..=u128::try_from(WINDOWS_MAX).unwrap() + 10)
            .filter(|customer| throttle.admit(&claims, &write(*customer), noon()).is_err())
            .count();
        assert_eq!(refused, 7, "ten pairs share a window of three calls");
        let kept = throttle.windows.lock().unwrap().len();
        assert!(kept <= WINDOWS_MAX + 1, "{kept}");
    }

    #[test]
    fn budgets_are_read_and_named() {
        assert_eq!(Budgets::read("").unwrap(), Budgets::default());
        assert_eq!(Budgets::read("orders=9/1").unwrap().0[ORDERS].calls, 9);
        for bad in ["orders", "orders=1", "orders=x/1", "orders=1/0", "none=1/1"] {
            assert!(Budgets::read(bad).is_err(), "{bad}");
        }
    }
}
