//! `tierline world` and `tierline schedule`, as somebody calls them.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server, which ends with the test.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(directory: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tierline"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--now"])
            .args(["2026-01-15T12:00:00Z", "--data-dir"])
            .arg(directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let (_, address) = first.split_once("listens on ").unwrap();
        let address = address.to_owned();
        // The rest is read, or the server would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn tierline(args: &[&str]) -> (Option<i32>, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(args)
        .env_remove("TIERLINE_SERVER")
        .output()
        .unwrap();
    let text = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_world_is_made_moved_taken_back_and_thrown_away() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(place.path());
    let world = |args: &[&str]| {
        let all = [&["world"], args, &["--server", &server.address]].concat();
        tierline(&all)
    };
    let done = |args: &[&str]| {
        let (status, told) = world(args);
        assert_eq!(status, Some(0), "{args:?}: {told}");
        told
    };
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    let told = done(&["create", "ci", "--now", "2026-03-01T00:00:00Z"]);
    let line =
        format!("ci  http://ci.localhost:{port}  at 2026-03-01T00:00:00Z  snapshots: beginning\n");
    assert_eq!(told, line);
    let told = done(&["fork", "ci", "renewal"]);
    assert!(told.contains("  from ci  "), "{told}");
    let clock = |args: &[&str]| {
        let all = [&["clock"], args, &["--server", &server.address]].concat();
        tierline(&all)
    };
    let (status, told) = clock(&["advance", "P1M", "--world", "renewal"]);
    assert_eq!(status, Some(0), "{told}");
    let moved = "the world's clock stands at 2026-04-01T00:00:00Z\n";
    assert!(told.starts_with(moved), "{told}");
    assert!(told.contains("\n  charge_cycle "), "{told}");
    assert_eq!(
        clock(&["--world", "ci"]).1,
        "the world's clock stands at 2026-03-01T00:00:00Z\n"
    );
    done(&["snapshot", "renewal", "april"]);
    let (status, told) = clock(&["advance", "--next", "--world", "renewal"]);
    assert_eq!(status, Some(0), "{told}");
    let told = done(&["reset", "renewal", "--snapshot", "april"]);
    assert!(told.contains("  at 2026-04-01T00:00:00Z  "), "{told}");
    assert_eq!(done(&["list"]).lines().count(), 3);

    let past = ["advance", "--until", "2026-03-01T00:00:00Z"];
    let (status, told) = clock(&[&past[..], &["--world", "renewal"]].concat());
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("only moves forward"), "{told}");
    let (status, told) = clock(&["--world", "nowhere"]);
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("world nowhere does not exist"), "{told}");
    let (status, told) = clock(&["advance", "P1M", "--next"]);
    assert_eq!(status, Some(2), "{told}");
    let (status, told) = world(&["create", "No Good"]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("name: is 1 to 40"), "{told}");

    // A world's own address works for the other commands too, whether the resolver knows it or not.
    let address = format!("http://renewal.localhost:{port}");
    let (status, told) = tierline(&["schedule", "--done", "--server", &address]);
    assert_eq!(status, Some(0), "{told}");
    assert!(told.contains("  done 2026-03-"), "{told}");
    assert_eq!(done(&["delete", "renewal"]), "renewal  is deleted\n");
    let (status, _) = tierline(&["schedule", "--server", &address]);
    assert_eq!(status, Some(2));
}

#[test]
fn the_schedule_is_read_from_a_database_and_from_a_server() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(place.path());
    let data = place.path().to_str().unwrap();
    let (status, told) = tierline(&["schedule", "--count", "200", "--data-dir", data]);
    assert_eq!(status, Some(0), "{told}");
    assert!(told.lines().count() > 10, "{told}");
    let (_, there) = tierline(&["schedule", "--count", "200", "--server", &server.address]);
    assert_eq!(there, told, "both are one list");
    let (_, own) = tierline(&[
        "schedule",
        "--count",
        "200",
        "--as",
        "harbor",
        "--server",
        &server.address,
    ]);
    assert!(own.lines().all(|line| told.contains(line)), "{own}");
    assert!(own.lines().count() < told.lines().count(), "{own}");
    let (status, told) = tierline(&["schedule", "--as", "nobody", "--server", &server.address]);
    assert_eq!(status, Some(2), "{told}");
    let (status, told) = tierline(&["schedule"]);
    assert_eq!(
        (status, told.contains("--data-dir")),
        (Some(2), true),
        "{told}"
    );
}

#[test]
fn a_clock_that_was_moved_outlives_its_server_and_is_not_turned_back() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(place.path());
    let (status, told) = tierline(&["clock", "advance", "P1M", "--server", &server.address]);
    assert_eq!(status, Some(0), "{told}");
    drop(server);
    let data = place.path().to_str().unwrap();
    for (args, option) in [
        (
            vec!["--sandbox", "--now", "2026-01-15T12:00:00Z"],
            "--now: ",
        ),
        (vec![], "--data-dir: "),
    ] {
        let args = [
            &["serve", "--listen", "127.0.0.1:0", "--data-dir", data],
            &args[..],
        ]
        .concat();
        let (status, told) = tierline(&args);
        assert_eq!(status, Some(2), "{told}");
        assert!(told.starts_with(&format!("tierline: {option}")), "{told}");
    }
}
