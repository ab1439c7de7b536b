//! The schedule over HTTP: all of it for the operator, a partner's own for a partner.

use serde_json::Value;

use crate::common::{Answer, World, advance, text};

async fn schedule(world: &World, who: &str, query: &str) -> Answer {
    let path = format!("/program/v1/schedule{query}");
    world.get(&path, &world.user(who)).await
}

/// All items of a list, page after page.
async fn everything(world: &World, who: &str, state: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let query = format!("?state={state}&count=9{after}");
        let page = schedule(world, who, &query).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let found = page.body["items"].as_array().unwrap();
        assert!(found.len() <= 9);
        items.extend(found.iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn what_is_due_and_what_was_done_is_shown_to_whom_it_concerns() {
    let world = World::demo().await;
    let due = everything(&world, "operator", "open").await;
    assert!(due.len() > 10, "{due:?}");
    let first = due.first().unwrap().clone();
    assert_eq!(first["state"], "open");
    assert!(everything(&world, "operator", "done").await.is_empty());
    assert!(everything(&world, "operator", "set_aside").await.is_empty());

    advance(&world, "P3M").await;
    let done = everything(&world, "operator", "done").await;
    let fired = done.iter().find(|item| item["id"] == first["id"]).unwrap();
    assert_eq!(
        (&fired["state"], &fired["done"]),
        (&"done".into(), &first["due"])
    );
    let instants: Vec<String> = done.iter().map(|item| text(&item["done"])).collect();
    assert!(instants.is_sorted_by(|one, other| one >= other));

    for partner in ["harbor", "meridian", "cedar"] {
        let own = everything(&world, partner, "done").await;
        let all = done.iter().filter(|item| {
            let partners = item["partners"].as_array().unwrap();
            partners.contains(&partner.into())
        });
        assert_eq!(own.iter().collect::<Vec<_>>(), all.collect::<Vec<_>>());
    }
    assert!(!everything(&world, "harbor", "done").await.is_empty());
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_what_is_wrong_with_it() {
    let world = World::demo().await;
    for (query, field) in [
        ("?state=undone", "state"),
        ("?count=0", "count"),
        ("?count=201", "count"),
        ("?count=x", "count"),
        ("?after=7", "after"),
        ("?after=7.nobody", "after"),
        (
            "?after=99999999999999999999.00000000000000000000000000000000",
            "after",
        ),
        ("?size=3", "size"),
    ] {
        let answer = schedule(&world, "operator", query).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let detail = text(&answer.body["detail"]);
        assert!(
            detail.starts_with(&format!("{field}: ")),
            "{query}: {detail}"
        );
    }
    let nobody = world
        .send("GET", "/program/v1/schedule", None, None, &[])
        .await;
    assert_eq!(nobody.status, 401);
}
