//! Orders as tests place, change and document them.
#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test helper: what it unwraps must be there"
)]

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Answer, World};

/// The orders of a customer of a partner, by its path.
pub async fn path(world: &World, partner: &str, name: &str) -> String {
    let customer = world.customer(partner, name).await;
    format!("/v1/customers/{customer}/orders")
}

pub fn order(lines: &[(&str, i64)], cycle: &str) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(number, (item, quantity))| json!({ "lineItemNumber": number, "offerId": item, "quantity": quantity }))
        .collect();
    json!({ "billingCycle": cycle, "lineItems": lines })
}

pub fn own(path: &str, answer: &Answer) -> String {
    format!("{path}/{}", answer.body["id"].as_str().unwrap())
}

pub async fn patch(world: &World, path: &str, token: &str, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    world
        .send("PATCH", path, Some(token), Some(body), &[])
        .await
}

pub async fn attach(
    world: &World,
    path: &str,
    token: &str,
    metadata: &str,
    files: &[(&str, &str)],
) -> Answer {
    let mut body =
        format!("--b1\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n");
    for (part, name) in files {
        write!(body, "--b1\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\nfive of {name}\r\n").unwrap();
    }
    body.push_str("--b1--\r\n");
    let answer = world
        .http
        .post(format!("{}{path}/attachment", world.base))
        .header("Content-Type", "multipart/form-data; boundary=b1")
        .bearer_auth(token)
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().await.unwrap();
    Answer {
        status,
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    }
}
