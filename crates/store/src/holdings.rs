//! What a customer holds, summed up by the engine.

use crate::statements;

statements! {
    /// Seats and subscriptions of a customer by item, seller, state, currency and whether what they gave is gone.
    pub OF_CUSTOMER = "SELECT item, seller, state, currency, deprovisioned, CAST(SUM(quantity) AS BIGINT), COUNT(*) FROM subscriptions
        WHERE customer = $1 GROUP BY item, seller, state, currency, deprovisioned ORDER BY item, seller, state, currency, deprovisioned";
}
