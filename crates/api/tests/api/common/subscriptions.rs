//! Subscriptions as tests buy, find and change them.
#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test helper: what it unwraps must be there"
)]

use serde_json::{Value, json};

use super::orders::patch;
use super::{Answer, World, text};

/// A customer of a partner, and the subscriptions that it has there.
pub struct Estate<'a> {
    pub world: &'a World,
    pub token: String,
    pub customer: String,
    pub path: String,
}

impl<'a> Estate<'a> {
    pub async fn of(world: &'a World, partner: &str, name: &str) -> Self {
        let customer = world.customer(partner, name).await;
        Self {
            world,
            token: world.user(partner),
            path: format!("/v1/customers/{customer}/subscriptions"),
            customer,
        }
    }

    /// Places an order of some lines and answers with it.
    pub async fn order(&self, lines: &[Value]) -> Value {
        let path = format!("/v1/customers/{}/orders", self.customer);
        let body = json!({ "lineItems": lines });
        let made = self.world.post(&path, &self.token, &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body
    }

    /// Buys one line and answers with the subscription.
    pub async fn buy(&self, line: Value) -> Value {
        let made = self.order(&[line]).await;
        let id = text(&made["lineItems"][0]["subscriptionId"]);
        self.read(&id).await.body
    }

    /// So many seats for a year, billed monthly.
    pub async fn seats(&self, item: &str, quantity: i64) -> Value {
        self.buy(json!({ "offerId": item, "quantity": quantity, "termDuration": "P1Y", "billingCycle": "monthly" }))
            .await
    }

    /// The first subscription of an item, by what it is called.
    pub async fn named(&self, offer: &str) -> Value {
        let list = self.world.get(&self.path, &self.token).await;
        let items = list.body["items"].as_array().unwrap().clone();
        let found = items.into_iter().find(|item| item["offerName"] == offer);
        found.unwrap()
    }

    pub async fn read(&self, id: &str) -> Answer {
        self.world
            .get(&format!("{}/{id}", self.path), &self.token)
            .await
    }

    /// Reads something below a subscription.
    pub async fn below(&self, of: &Value, part: &str) -> Answer {
        let path = format!("{}/{}/{part}", self.path, text(&of["id"]));
        self.world.get(&path, &self.token).await
    }

    pub async fn post_below(&self, of: &Value, part: &str, body: &Value) -> Answer {
        let path = format!("{}/{}/{part}", self.path, text(&of["id"]));
        self.world.post(&path, &self.token, body).await
    }

    /// Sends a subscription back.
    pub async fn send(&self, of: &Value, body: &Value) -> Answer {
        let path = format!("{}/{}", self.path, text(&of["id"]));
        patch(self.world, &path, &self.token, body).await
    }

    /// Sends a subscription back with one member changed.
    pub async fn with(&self, of: &Value, member: &str, value: Value) -> Answer {
        self.send(of, &with(of, member, value)).await
    }
}

/// The same with one member changed.
pub fn with(of: &Value, member: &str, value: Value) -> Value {
    let mut changed = of.clone();
    changed[member] = value;
    changed
}

/// Refused with a status and a code.
pub fn refused(answer: &Answer, status: u16, code: u32) {
    let told = (answer.status, answer.body["code"].as_u64());
    assert_eq!(told, (status, Some(u64::from(code))), "{}", answer.body);
}

/// Refused as malformed, with the member at fault.
pub fn at_fault(answer: &Answer, status: u16, member: &str) {
    let told = text(&answer.body["description"]);
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(told.starts_with(&format!("{member}: ")), "{told}");
}
