//! Billing runs and books over HTTP: the operator sees all, partners their own, strangers nothing.

use serde_json::Value;

use crate::common::{Answer, World, advance};

async fn get(world: &World, who: &str, path: &str) -> Answer {
    world.get(path, &world.user(who)).await
}

/// Debits less credits of an account, in minor units.
fn balance(books: &Value, account: &str) -> i64 {
    let rows = books["accounts"].as_array().unwrap();
    let of = rows.iter().filter(|row| row["account"] == account);
    of.map(|row| row["debit_minor"].as_i64().unwrap() - row["credit_minor"].as_i64().unwrap())
        .sum()
}

#[tokio::test]
async fn runs_and_books_are_shown_to_whom_they_belong() {
    let world = World::demo().await;
    advance(&world, "P2M").await;
    let runs = get(&world, "operator", "/program/v1/billing-runs").await;
    assert_eq!(runs.status, 200, "{}", runs.body);
    let runs = runs.body.as_array().unwrap().clone();
    let done: Vec<&Value> = runs
        .iter()
        .filter(|run| run["state"] == "complete")
        .collect();
    assert!(done.len() >= 3, "{runs:?}");
    assert!(
        done.iter()
            .any(|run| run["lines"].as_i64() > run["charges"].as_i64())
    );
    let refused = get(&world, "harbor", "/program/v1/billing-runs").await;
    assert_eq!(refused.status, 403);

    let operator = get(&world, "operator", "/program/v1/ledger").await;
    assert_eq!(operator.body["party"], "operator");
    assert!(balance(&operator.body, "revenue") < 0);
    let own = get(&world, "harbor", "/program/v1/ledger").await;
    assert_eq!(own.status, 200, "{}", own.body);
    assert!(balance(&own.body, "cost") > 0);
    let asked = get(&world, "operator", "/program/v1/ledger?party=harbor").await;
    assert_eq!(asked.body, own.body);
    for stranger in ["meridian", "operator", "nobody"] {
        let path = format!("/program/v1/ledger?party={stranger}");
        assert_eq!(get(&world, "harbor", &path).await.status, 404, "{stranger}");
    }
}
