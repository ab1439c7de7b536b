//! A server as its operator starts and ends it.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A server of the demo world, which it keeps in a directory that goes with the test, and what it prints.
fn demo(place: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .env("TMPDIR", place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    (server, lines)
}

#[test]
fn sigterm_ends_a_server_in_order_and_its_throw_away_world_with_it() {
    let place = tempfile::tempdir().unwrap();
    let (mut server, mut lines) = demo(place.path());
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

/// What a server that cannot start says; it is not waited for where it starts.
fn refused(args: &[&str]) -> (Option<i32>, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut greeting = String::new();
    let mut lines = BufReader::new(server.stdout.take().unwrap());
    lines.read_line(&mut greeting).unwrap();
    if !greeting.is_empty() {
        server.kill().unwrap();
    }
    let out = server.wait_with_output().unwrap();
    let told = String::from_utf8(out.stderr).unwrap();
    (out.status.code(), told)
}

#[test]
fn options_that_contradict_each_other_are_refused_by_name() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().to_str().unwrap();
    for (args, option, remedy) in [
        (
            vec!["--world", "w.yaml", "--data-dir", place],
            "--world",
            "add --sandbox",
        ),
        (vec!["--world", "w.yaml"], "--world", "add --sandbox"),
        (
            vec!["--demo", "--world", "w.yaml"],
            "--world",
            "--sandbox in place of --demo",
        ),
        (
            vec!["--now", "2026-01-15T12:00:00Z", "--data-dir", place],
            "--now",
            "add --sandbox or --demo",
        ),
        (vec![], "--data-dir", "--demo for a throw-away world"),
    ] {
        let (status, told) = refused(&args);
        assert_eq!(status, Some(2), "{args:?}: {told}");
        let begins = format!("tierline: {option}: ");
        assert!(told.starts_with(&begins), "{args:?}: {told}");
        assert!(told.contains(remedy), "{args:?}: {told}");
    }
    assert_eq!(worlds(Path::new(place)), 0, "a refused call leaves nothing");
}

/// What a server says of itself until its last line, by that line's beginning.
fn greeting(args: &[&str], last: &str) -> String {
    let mut server = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    for line in BufReader::new(server.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        told.push_str(&line);
        told.push('\n');
        if line.trim_start().starts_with(last) {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    told
}

#[test]
fn a_server_says_what_it_serves_and_what_becomes_of_it() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path().join("one");
    let at = at.to_str().unwrap();
    let file = place.path().join("mine.yaml");
    std::fs::write(
        &file,
        "today: 2026-01-15\ngiven:\n  - partner: {id: DB-1, type: direct_bill, country: US}\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let (new, kept) = (["--demo"], ["--demo", "--data-dir", at]);
    let stays = format!("this world stays in {at}.");
    let told = greeting(&new, "Ctrl-C");
    assert!(told.contains("a sandbox, a new demo world"), "{told}");
    // Somebody new pastes what is printed: the program as it was called, and who may call the wire.
    let binary = env!("CARGO_BIN_EXE_tierline");
    let sample = format!("  {binary} explain order --as cedar ");
    assert!(told.contains(&sample), "{told}");
    assert!(
        told.contains("meridian (indirect_provider, admin@meridian.example)"),
        "{told}"
    );
    assert!(
        told.contains("cedar (indirect_reseller, admin@cedar.example)"),
        "{told}"
    );
    assert!(told.contains("secret demo-secret-of-cedar"), "{told}");
    assert!(told.contains("this world is gone then."), "{told}");
    let told = greeting(&kept, "Ctrl-C");
    assert!(told.contains("a new demo world"), "{told}");
    assert!(told.contains(&stays) && !told.contains("gone"), "{told}");
    let told = greeting(&kept, "Ctrl-C");
    assert!(told.contains("a sandbox, as it was left\n"), "{told}");
    // Facts of a file are laid down once: what is there stays, and that is said.
    let told = greeting(&["--sandbox", "--world", file, "--data-dir", at], "Ctrl-C");
    assert!(
        told.contains(&format!("as it was left; {file} is not read")),
        "{told}"
    );
    let pinned = [
        "--sandbox",
        "--world",
        file,
        "--now",
        "2026-02-01T00:00:00Z",
    ];
    let told = greeting(&pinned, "Ctrl-C");
    assert!(
        told.contains(&format!("a sandbox, begun from {file}")),
        "{told}"
    );
    assert!(told.contains("stands at 2026-02-01T00:00:00Z"), "{told}");
    let other = place.path().join("two");
    let told = greeting(&["--data-dir", other.to_str().unwrap()], "its clock");
    assert!(told.contains("production, empty"), "{told}");
    assert!(told.contains("is the wall clock's"), "{told}");
}

/// What is printed to be pasted runs as it stands: the sample of a greeting, and the remedies of its answer.
#[test]
fn the_first_thing_that_is_pasted_works() {
    let place = tempfile::tempdir().unwrap();
    let (mut server, mut lines) = demo(place.path());
    let sample = lines
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.contains(" explain "))
        .unwrap();
    let paste = |line: &str| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", line]).env("PATH", "/none");
        shell.env_remove("TIERLINE_SERVER").output().unwrap()
    };
    let refused = paste(&sample);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let told = String::from_utf8(refused.stdout).unwrap();
    let remedies: Vec<&str> = told
        .lines()
        .filter(|line| line.contains(" do "))
        .map(str::trim)
        .collect();
    assert!(remedies.len() >= 2, "{told}");
    for remedy in remedies {
        let done = paste(remedy);
        assert!(done.status.success(), "{remedy}: {done:?}");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// A request that is under way when a server is asked to end is answered, and then it ends.
#[test]
fn a_request_under_way_is_finished_before_a_server_ends() {
    let place = tempfile::tempdir().unwrap();
    let (mut server, mut lines) = demo(place.path());
    let first = lines.next().unwrap().unwrap();
    let (_, address) = first.split_once("http://").unwrap();
    let client = "00000000-0000-7416-bfeb-d0f419397460";
    let body = "grant_type=client_credentials&client_id=CLIENT&client_secret=demo-secret-of-meridian&resource=x"
        .replace("CLIENT", client);
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /meridian.example/oauth2/token HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    // The server has begun with the request, and waits for its body.
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    answers.read_line(&mut line).unwrap();

    let asked = Command::new("kill")
        .args(["-TERM", &server.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    stream.write_all(body.as_bytes()).unwrap();
    line.clear();
    answers.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 "), "{line}");
    assert!(!line.starts_with("HTTP/1.1 5"), "{line}");
    assert!(server.wait().unwrap().success());
}
