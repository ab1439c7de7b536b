//! What a customer holds, summed up by the engine.

use tierline_domain::partner::Tenant;

use crate::engine::Behind;
use crate::statement::Statement;
use crate::value::Value;
use crate::{statements, tables};

statements! {
    /// Seats and subscriptions of a customer by item, seller, state, currency and whether what they gave is gone.
    pub OF_CUSTOMER = "SELECT item, seller, state, currency, deprovisioned, CAST(SUM(quantity) AS BIGINT), COUNT(*) FROM subscriptions
        WHERE customer = $1 GROUP BY item, seller, state, currency, deprovisioned ORDER BY item, seller, state, currency, deprovisioned";
}

impl Behind for Tenant {
    const BY_NAME: Statement = tables::tenants::BY_HANDLE;

    fn asked(&self) -> Vec<Value> {
        vec![Value::Id(self.id.uuid())]
    }
}
