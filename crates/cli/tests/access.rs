//! `tierline access` of a world and of a running server: one answer, for people and for programs.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn access(args: &[&str]) -> Output {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_tierline"))
        .arg("access")
        .args(args)
        .current_dir(root)
        .env_remove("TIERLINE_SERVER")
        .output()
        .unwrap()
}

/// The exit status and the answer for programs.
fn answered(args: &[&str]) -> (Option<i32>, Value) {
    let out = access(&[args, &["--json"]].concat());
    let answer = serde_json::from_slice(&out.stdout).unwrap_or_default();
    (out.status.code(), answer)
}

#[test]
fn the_exit_status_says_whether_anything_is_allowed() {
    let world = ["--world", "docs/guides/delegation.yaml"];
    let of = |user| answered(&[&[user, "bakery"][..], &world].concat());
    let (status, lead) = of("desk-lead");
    assert_eq!((status, &lead["allowed"]), (Some(0), &Value::Bool(true)));
    assert_eq!(lead["roles"][0]["role"], "user_administrator");
    assert_eq!(lead["roles"][0]["until"], "2024-09-01T00:00:00Z");
    // By the name with which it signs in, the same.
    let (_, same) = of(lead["user"].as_str().unwrap());
    assert_eq!(same["roles"], lead["roles"]);
    let (status, clerk) = of("clerk");
    assert_eq!((status, &clerk["allowed"]), (Some(1), &Value::Bool(false)));
    for (user, customer) in [("nobody", "bakery"), ("clerk", "nowhere")] {
        let out = access(&[&[user, customer][..], &world].concat());
        assert_eq!(out.status.code(), Some(2), "{user} {customer}");
        let told = String::from_utf8(out.stderr).unwrap();
        assert!(told.contains("there is no"), "{told}");
    }
}

#[test]
fn japanese_is_told_in_japanese() {
    let world = "docs/guides/delegation.yaml";
    let out = access(&["clerk", "bakery", "--world", world, "--lang", "ja"]);
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(told.contains("保持しないロールとその理由"), "{told}");
    assert!(!told.contains("Not held"), "{told}");
}

#[test]
fn a_server_answers_like_a_world() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let greeting = lines.next().unwrap().unwrap();
    let start = greeting.find("http://").unwrap();
    let url = greeting[start..].split_whitespace().next().unwrap();
    let url = url.trim_end_matches([',', '.', ';']);
    let (status, answer) = answered(&["admin.harbor", "juniper-bakery", "--server", url]);
    let unknown = access(&["nobody", "juniper-bakery", "--server", url]);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(status, Some(0), "{greeting}: {answer}");
    assert_eq!(answer["roles"][0]["group"], "harbor-readers");
    assert_eq!(unknown.status.code(), Some(2));
}
