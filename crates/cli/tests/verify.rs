//! `tierline verify`, as an operator calls it: over a data directory, and over papers and files that were issued from it.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tierline_store::{Db, DbConfig, Statement, StoreError, Tx, schema};

/// How often a worker's work is asked for at most: it looks twice a second, and an answer takes a moment.
const LOOKS: usize = 20_000;

/// A server that ends with the test.
struct Running {
    process: Child,
    base: String,
    http: reqwest::Client,
    token: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Running {
    async fn start(data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tierline"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let (_, base) = first.split_once("listens on ").unwrap();
        let base = base.to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        #[expect(clippy::disallowed_methods, reason = "a test calls its own server")]
        let http = reqwest::Client::new();
        let mut running = Self {
            process,
            base,
            http,
            token: String::new(),
        };
        let all = running.json("GET", "/sandbox/credentials").await;
        let mut principals = all["principals"].as_array().unwrap().iter();
        let harbor = principals.find(|one| one["handle"] == "harbor").unwrap();
        let token = harbor["accessTokenUser"].as_str().unwrap();
        token.clone_into(&mut running.token);
        running
    }

    async fn call(&self, method: &str, path: &str) -> reqwest::Response {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let call = self.http.request(method.parse().unwrap(), url);
        let answer = call.bearer_auth(&self.token).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }

    async fn json(&self, method: &str, path: &str) -> Value {
        self.call(method, path).await.json().await.unwrap()
    }

    /// Downloads a file under the name that the answer, or the caller, gives it.
    async fn keep(&self, path: &str, directory: &Path, name: Option<&str>) -> String {
        let answer = self.call("GET", path).await;
        let told = answer.headers().get("content-disposition").cloned();
        let told = told.map(|told| told.to_str().unwrap().to_owned());
        let (_, told) = match &told {
            Some(told) => told.split_once("filename=").unwrap(),
            None => ("", ""),
        };
        let name = name.unwrap_or(told).to_owned();
        std::fs::write(directory.join(&name), answer.bytes().await.unwrap()).unwrap();
        name
    }
}

/// What the program prints of its own accord, and how it ends.
fn verify(data: &Path, args: &[&str]) -> (Option<i32>, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["verify", "--data-dir"])
        .arg(data)
        .args(args)
        .output()
        .unwrap();
    let text = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8(text).unwrap())
}

/// An invoice's paper, a payment's receipt and the files of an export, as a partner gets them.
async fn issued(data: &Path, files: &Path) -> Vec<String> {
    let server = Running::start(data).await;
    let list = server.json("GET", "/v1/invoices").await;
    let (mut names, mut export) = (Vec::new(), None);
    for invoice in list["items"].as_array().unwrap() {
        let id = invoice["id"].as_str().unwrap();
        let paper = format!("/v1/invoices/{id}/documents/statement");
        names.push(server.keep(&paper, files, None).await);
        for receipt in invoice["taxReceipts"].as_array().into_iter().flatten() {
            let link = receipt["taxReceiptPdfDownloadLink"].as_str().unwrap();
            names.push(server.keep(&format!("/v1{link}"), files, None).await);
        }
        export = Some(format!("/program/v1/invoices/{id}/export"));
    }
    let asked = server.json("POST", &export.unwrap()).await;
    let place = format!("/program/v1/exports/{}", asked["id"].as_str().unwrap());
    let mut done = Value::Null;
    for _ in 0..LOOKS {
        done = server.json("GET", &place).await;
        if done["state"] == "succeeded" {
            break;
        }
    }
    assert_eq!(done["state"], "succeeded", "{done}");
    let manifest = &done["manifest"];
    for blob in manifest["blobs"].as_array().unwrap() {
        let name = blob["name"].as_str().unwrap();
        let part = |member: &str| manifest[member].as_str().unwrap();
        let url = format!("{}/{name}?{}", part("rootFolder"), part("rootFolderSAS"));
        names.push(server.keep(&url, files, Some(name)).await);
    }
    names
}

/// Alters a line of an invoice past the program.
struct Alter;

impl tierline_store::Command for Alter {
    type Out = u64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        const ALTER: Statement = Statement::new(
            "test.ALTER",
            "UPDATE invoice_lines SET minor = minor + 1 WHERE rowid = (SELECT MIN(rowid) FROM invoice_lines)",
        );
        tx.execute(ALTER, &[]).await
    }
}

#[tokio::test]
async fn papers_files_and_data_are_told_from_altered_ones() {
    let place = tempfile::tempdir().unwrap();
    let (data, files) = (place.path().join("data"), place.path().join("files"));
    std::fs::create_dir(&files).unwrap();
    let names = issued(&data, &files).await;
    let kinds = [".pdf", "part-00001.json.gz"];
    for kind in kinds {
        assert!(names.iter().any(|name| name.ends_with(kind)), "{names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("Receipt-")));
    let directory = files.to_str().unwrap();
    let (status, told) = verify(&data, &["--files", directory]);
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(told.lines().count(), names.len(), "{told}");

    // Each file by itself: with one byte altered it is named, and what is wrong with it.
    for name in &names {
        let file = files.join(name);
        let path = file.to_str().unwrap();
        let content = std::fs::read(&file).unwrap();
        let (status, told) = verify(&data, &[path]);
        assert_eq!(status, Some(0), "{told}");
        let mut altered = content.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        std::fs::write(&file, altered).unwrap();
        let (status, told) = verify(&data, &[path]);
        assert_eq!(status, Some(1), "{told}");
        assert!(told.starts_with(&format!("{path}: ")), "{told}");
        assert!(
            told.contains("differs") || told.contains("is no file"),
            "{told}"
        );
        std::fs::write(&file, content).unwrap();
    }
    let (status, told) = verify(&data, &[directory, "missing.pdf"]);
    assert_eq!(status, Some(2), "{told}");

    // The data themselves: a line of an invoice that was altered is named by table and row.
    let (status, told) = verify(&data, &[]);
    assert_eq!(status, Some(0), "{told}");
    let config = DbConfig::of(None, data.join("tierline.db"));
    let db = Db::open(&config, schema::MIGRATIONS).await.unwrap();
    assert_eq!(db.write(Alter).await.unwrap(), 1);
    db.shutdown().await;
    let (status, told) = verify(&data, &[]);
    assert_eq!(status, Some(1), "{told}");
    let named = |line: &str| line.starts_with("invoice_lines ") && line.contains("was changed");
    assert!(told.lines().any(named), "{told}");
}
