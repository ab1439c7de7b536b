//! A server as its operator starts and ends it.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn sigterm_ends_a_server_in_order_and_its_throw_away_world_with_it() {
    let place = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .env("TMPDIR", place.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("listens on http"));
    assert_eq!(worlds(place.path()), 1);

    let asked = Command::new("kill")
        .args(["-TERM", &server.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    assert!(server.wait().unwrap().success());
    assert_eq!(
        worlds(place.path()),
        0,
        "the throw-away world stayed behind"
    );
}

fn worlds(place: &Path) -> usize {
    std::fs::read_dir(place).unwrap().count()
}
