//! Under which short names a partner and a customer are known of whom calls spoke otherwise. What commands rest on is told by
//! short names, and a command that can say it before its transaction spares round trips to find it out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// How many pairs are remembered; one more, and all are learned anew.
const PAIRS_MAX: usize = 16_384;

/// The short names of a partner and of a customer of its own.
pub(crate) type Pair = Arc<[String; 2]>;

/// The pairs that went together lately, by the tenant that called and the name that it gave its customer. Nothing rests on what
/// stands here: should somebody ever go by another short name, a command finds it out on its way.
#[derive(Default)]
pub(crate) struct ShortNames {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    pairs: HashMap<Uuid, HashMap<String, Pair>>,
    count: usize,
}

impl ShortNames {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pair that a tenant most likely means; nothing where it is not known to have met such a customer.
    pub(crate) fn of(&self, tenant: Uuid, customer: &str) -> Option<Pair> {
        self.known().pairs.get(&tenant)?.get(customer).cloned()
    }

    /// Remembers what a tenant meant.
    pub(crate) fn learn(&self, tenant: Uuid, customer: &str, pair: &Pair) {
        let mut known = self.known();
        if known.count >= PAIRS_MAX {
            *known = Known::default();
        }
        let of_tenant = known.pairs.entry(tenant).or_default();
        let before = of_tenant.insert(customer.to_owned(), Arc::clone(pair));
        known.count += usize::from(before.is_none());
    }

    /// Forgets what came to nothing.
    pub(crate) fn forget(&self, tenant: Uuid, customer: &str) {
        let mut known = self.known();
        let of_tenant = known.pairs.get_mut(&tenant);
        if of_tenant.is_some_and(|of_tenant| of_tenant.remove(customer).is_some()) {
            known.count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_known_by_the_customers_that_it_met_and_never_too_many_are() {
        let names = ShortNames::default();
        let (tenant, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let pair = |customer: &str| Pair::new(["harbor".to_owned(), customer.to_owned()]);
        assert!(names.of(tenant, "a").is_none());
        names.learn(tenant, "a", &pair("first"));
        names.learn(tenant, "a", &pair("second"));
        assert_eq!(names.of(tenant, "a"), Some(pair("second")));
        assert!(names.of(other, "a").is_none());
        names.forget(tenant, "a");
        assert!(names.of(tenant, "a").is_none());
        for name in 0..=PAIRS_MAX {
            names.learn(tenant, &name.to_string(), &pair("many"));
        }
        assert!(names.of(tenant, "0").is_none());
        assert!(names.of(tenant, &PAIRS_MAX.to_string()).is_some());
    }
}
