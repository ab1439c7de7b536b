//! `tierline import catalogue`, as an operator calls it.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

use std::path::Path;
use std::process::{Command, Output};

fn import(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(["import", "catalogue", "--data-dir"])
        .arg(data)
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

const GOOD: &str = "products:
  - id: desk
    shelf: online_services
    title: {en: Desk, ja: デスク}
    skus:
      - {id: desk, title: Desk, terms: {P1M: [monthly], P1Y: [monthly, annual]}, prices: {P1M: [USD 5.00]}}
";

#[test]
fn a_catalogue_is_replaced_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let profile = import(&data, &["--profile", "csp", "--json"]);
    let (status, text) = said(&profile);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("\"withdrawn\":0"), "{text}");

    let (good, bad) = (
        place.path().join("good.yaml"),
        place.path().join("bad.yaml"),
    );
    let bad_text = "products:
  - id: chair
    shelf: online_services
    title: Chair
    skus:
      - id: chair
        title: Chair
        terms: {P1M: [annual]}
        prerequisites: [table]
";
    std::fs::write(&good, GOOD).unwrap();
    std::fs::write(&bad, bad_text).unwrap();
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let (status, text) = said(&import(&data, &[good, bad]));
    assert_eq!(status, Some(1));
    for wanted in [
        "bad.yaml:8: chair.terms: P1M cannot be billed annual",
        "bad.yaml:9: chair.prerequisites: `table` is no item of these files",
        "nothing was imported",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }

    let (status, text) = said(&import(&data, &[good]));
    assert_eq!(status, Some(0));
    assert!(
        text.starts_with("Imported 1 products with 1 SKUs, 0 offers"),
        "{text}"
    );
    let (status, text) = said(&import(&data, &[good]));
    assert_eq!(status, Some(0));
    assert!(
        text.trim_end().ends_with(" 0 items are not sold any more."),
        "{text}"
    );
}

#[test]
fn files_are_checked_without_a_database() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("good.yaml");
    std::fs::write(&file, GOOD).unwrap();
    let data = place.path().join("data");
    let (status, _) = said(&import(&data, &["--check", file.to_str().unwrap()]));
    assert_eq!((status, data.exists()), (Some(0), false));
    let (status, text) = said(&import(&data, &["--check", "missing.yaml"]));
    assert_eq!(status, Some(2));
    assert!(text.contains("missing.yaml"), "{text}");
}
