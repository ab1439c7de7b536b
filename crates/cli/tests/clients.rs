//! Clients that others wrote, unmodified, against the server as it is started by hand.
//!
//! The programs lie in `clients/`; `TIERLINE_TEST_PYTHON` names a Python that has their packages, as
//! `cargo xtask test` sets it. Without it nothing is driven, and the test says so.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test says what went wrong by where it stops, and tells its figures"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A demo server of one test's own.
struct Server {
    process: Child,
    base: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tierline"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().expect("a first line").unwrap();
        let base = first.split_whitespace().last().unwrap().to_owned();
        // Keep reading, so that the server never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, base }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Where the programs lie.
fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients")
}

/// Runs a program against a new server and shows what it told; it must succeed.
fn drive(program: &str) {
    let Some(python) = std::env::var_os("TIERLINE_TEST_PYTHON") else {
        println!("{program}: not driven; TIERLINE_TEST_PYTHON names no Python");
        return;
    };
    let server = Server::start();
    let output = Command::new(python)
        .arg(clients().join(program))
        .args(["--base", &server.base])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    println!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {}", output.status);
}

#[test]
fn a_released_python_client_drives_what_it_has() {
    drive("partnercenterservices_suite.py");
}

#[test]
fn the_server_keeps_what_its_own_document_promises() {
    drive("schemathesis_suite.py");
}
