//! Who sends a reseller's bills: the provider, where the two have arranged that it bills on the reseller's behalf (BIL-002,
//! TXN-103). The sale stays the reseller's: only the sender differs.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use tierline_domain::billing::BillingArrangement;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;

/// Arrangements that were looked up.
#[derive(Default)]
pub(super) struct Agents(BTreeMap<(Id<Account>, Id<Account>), Vec<BillingArrangement>>);

impl Agents {
    /// Who sends a reseller's bill to a customer in its place. What was arranged for the customer goes before what was arranged
    /// for all, and the latest counts.
    pub(super) async fn of(
        &mut self,
        tx: &mut Tx<'_>,
        provider: Id<Account>,
        reseller: Id<Account>,
        customer: Id<Tenant>,
    ) -> Result<Option<Id<Account>>, AppError> {
        let pair = (provider, reseller);
        if let Slot::Vacant(new) = self.0.entry(pair) {
            let key = [Value::Id(provider.uuid()), Value::Id(reseller.uuid())];
            let made = tx
                .find::<BillingArrangement>(tables::billing_arrangements::BY_PAIR, &key)
                .await?;
            new.insert(made);
        }
        let made = self.0.get(&pair).map(Vec::as_slice).unwrap_or_default();
        let latest = |of: Option<Id<Tenant>>| made.iter().rev().find(|one| one.customer == of);
        let decides = latest(Some(customer)).or_else(|| latest(None));
        Ok(decides.filter(|one| one.on_behalf).map(|_| provider))
    }
}
