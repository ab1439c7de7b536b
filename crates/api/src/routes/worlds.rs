//! The worlds of a sandbox server, managed by the operator of the server's own world.

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tierline_domain::time::Timestamp;
use utoipa::ToSchema;

use super::program::{Move, Moved, moved};
use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::worlds::{self, Origin, Told, Worlds};

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/worlds",
            "The worlds of a sandbox server, its own first.",
            list,
        )
        .answers::<WorldList>(ok),
        route::post(
            "/program/v1/worlds",
            "Make a world: the demo program, or a copy of another world.",
            create,
        )
        .takes::<NewWorld>()
        .answers::<WorldView>(StatusCode::CREATED),
        route::get("/program/v1/worlds/{world}", "One world.", one).answers::<WorldView>(ok),
        route::delete(
            "/program/v1/worlds/{world}",
            "Delete a world and its snapshots.",
            delete,
        )
        .answers_plain(StatusCode::NO_CONTENT),
        route::post(
            "/program/v1/worlds/{world}/snapshots",
            "Keep a world as it is, under a name.",
            snapshot,
        )
        .takes::<NewSnapshot>()
        .answers::<WorldView>(StatusCode::CREATED),
        route::post(
            "/program/v1/worlds/{world}/reset",
            "Take a world back to a snapshot, its clock too; to how it began without one.",
            reset,
        )
        .takes::<Reset>()
        .answers::<WorldView>(ok),
        route::post(
            "/program/v1/worlds/{world}/clock",
            "Move a world's time.",
            advance,
        )
        .takes::<Move>()
        .answers::<Moved>(ok),
    ]
}

/// Worlds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WorldList {
    total_count: usize,
    items: Vec<WorldView>,
}

/// A world.
#[derive(Debug, Serialize, ToSchema)]
struct WorldView {
    /// Its name; `default` is the server's own world.
    name: String,
    /// Where it is reached by its host name. Elsewhere `X-Tierline-World` names it.
    address: String,
    /// `open`, or what is being done to it.
    state: &'static str,
    /// The world that it was forked from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from: Option<String>,
    /// When it was made, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    made: Option<Timestamp>,
    /// Where its clock stands; left out while it is busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    clock: Option<Timestamp>,
    /// Names of its snapshots; `beginning` is how it began.
    snapshots: Vec<String>,
}

impl WorldView {
    fn of(told: Told) -> Self {
        Self {
            name: told.name,
            address: told.address,
            state: told.state,
            from: told.from,
            made: told.made,
            clock: told.clock,
            snapshots: told.snapshots,
        }
    }
}

/// A world to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWorld {
    /// 1 to 40 small letters, digits and hyphens; a letter first.
    name: String,
    /// A world to copy; the demo program without one.
    from: Option<String>,
    /// A snapshot of that world in place of the world as it is.
    snapshot: Option<String>,
    /// Where the clock of the demo program stands until it is moved; running from now without it.
    #[schema(value_type = Option<String>, format = DateTime)]
    now: Option<Timestamp>,
}

/// A snapshot to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSnapshot {
    /// As names of worlds are.
    name: String,
}

/// Where a world is taken back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reset {
    /// A snapshot; how the world began without one.
    snapshot: Option<String>,
}

/// The worlds, for the operator of a sandbox. A server in production has none, and a world beside the server's own
/// manages no other.
fn worlds_of(call: &OwnCall) -> Result<&Worlds, Details> {
    call.query(&[])?;
    let settings = call.server.settings();
    if !settings.sandbox {
        return Err(call.refuse(Problem::not_found(&call.path)));
    }
    let operator = call.principal.operator_required();
    operator.map_err(|problem| call.refuse(problem))?;
    if settings.world.is_some() {
        let text = "worlds are managed at the server's own address, by its own operator";
        return Err(call.refuse(Problem::forbidden(text)));
    }
    call.server.worlds().ok_or_else(|| {
        let text = "this sandbox has one world, because it is not kept in a file; start it without --database";
        call.refuse(Problem::conflict(text))
    })
}

async fn list(call: OwnCall) -> Strict<WorldList> {
    let items: Vec<WorldView> = worlds_of(&call)?
        .list()
        .into_iter()
        .map(WorldView::of)
        .collect();
    Ok(Json(WorldList {
        total_count: items.len(),
        items,
    }))
}

async fn one(Path(world): Path<String>, call: OwnCall) -> Strict<WorldView> {
    let told = worlds_of(&call)?.told_one(&world);
    shown(&call, told).map(Json)
}

async fn create(call: OwnCall) -> Result<(StatusCode, Json<WorldView>), Details> {
    let worlds = worlds_of(&call)?;
    let wanted: NewWorld = call.body()?;
    let bad = |field: &str, text: &str| Err(call.refuse(Problem::malformed(field, text)));
    let from = match (wanted.from, wanted.snapshot) {
        (None, Some(_)) => return bad("snapshot", "is one of the world in `from`; name that too"),
        (None, None) => Origin::Demo(wanted.now),
        (Some(_), _) if wanted.now.is_some() => {
            return bad(
                worlds::NOW,
                "a copy has the clock of its origin; leave it out, and move the clock",
            );
        }
        (Some(from), snapshot) => Origin::World(from, snapshot),
    };
    let made = worlds.create(&wanted.name, from).await;
    Ok((StatusCode::CREATED, Json(shown(&call, made)?)))
}

async fn delete(Path(world): Path<String>, call: OwnCall) -> Result<StatusCode, Details> {
    let deleted = worlds_of(&call)?.delete(&world).await;
    deleted.map_err(|problem| call.refuse(problem))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn snapshot(
    Path(world): Path<String>,
    call: OwnCall,
) -> Result<(StatusCode, Json<WorldView>), Details> {
    let worlds = worlds_of(&call)?;
    let wanted: NewSnapshot = call.body()?;
    let kept = worlds.snapshot(&world, &wanted.name).await;
    Ok((StatusCode::CREATED, Json(shown(&call, kept)?)))
}

async fn reset(Path(world): Path<String>, call: OwnCall) -> Strict<WorldView> {
    let worlds = worlds_of(&call)?;
    let wanted: Reset = call.body()?;
    let reset = worlds.reset(&world, wanted.snapshot).await;
    shown(&call, reset).map(Json)
}

async fn advance(Path(world): Path<String>, call: OwnCall) -> Strict<Moved> {
    let server = worlds_of(&call)?.server_of(&world);
    let server = server.map_err(|problem| call.refuse(problem))?;
    let wanted: Move = call.body()?;
    let server = server.as_ref().unwrap_or(&call.server);
    let moved = moved(server, wanted, call.principal.lang).await;
    moved.map(Json).map_err(|problem| call.refuse(problem))
}

fn shown(call: &OwnCall, told: Result<Told, Problem>) -> Result<WorldView, Details> {
    told.map(WorldView::of)
        .map_err(|problem| call.refuse(problem))
}
