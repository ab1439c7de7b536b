//! Signing keys as an operator sees them: they outlast a restart, and rotate beside a running server.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A server that ends with the test.
struct Running {
    process: Child,
    base: String,
    /// What else it prints goes here; a server whose reader is gone ends.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn start(place: &Path) -> Running {
    let mut server = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let (_, base) = first.split_once("listens on ").unwrap();
    Running {
        base: base.to_owned(),
        process: server,
        _lines: lines,
    }
}

fn keys(place: &Path, verb: &[&str]) -> Vec<String> {
    let out = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .arg("keys")
        .args(verb)
        .arg("--data-dir")
        .arg(place)
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

async fn status(server: &Running, token: &str) -> u16 {
    #[expect(clippy::disallowed_methods, reason = "a test calls its own server")]
    let http = reqwest::Client::new();
    let request = http.get(format!("{}/program/v1/signing-keys", server.base));
    request
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn tokens_outlast_a_restart_and_a_rotation() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path());
    let token = keys(place.path(), &["token"]).remove(0);
    assert_eq!(status(&server, &token).await, 200);
    drop(server);
    let server = start(place.path());
    assert_eq!(status(&server, &token).await, 200, "after a restart");
    let before = keys(place.path(), &["list"]);
    assert_eq!(before.len(), 1);
    let after = keys(place.path(), &["rotate"]);
    assert_eq!(after.len(), 2);
    assert!(after[0].ends_with("signs") && after[1].ends_with("verifies"));
    assert_eq!(status(&server, &token).await, 200, "after a rotation");
    let fresh = keys(place.path(), &["token"]).remove(0);
    assert!(matches!(status(&server, &fresh).await, 200 | 401));
}
