//! The fidelity table says nothing that no test shows.

use std::fs;
use std::path::Path;

use tierline_api::fidelity::{self, Grade};

/// A row that names a test names one that is there.
#[test]
fn every_named_test_exists() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
    for row in fidelity::rows() {
        if row.test.is_empty() {
            assert_ne!(row.grade, Grade::Full, "{}", row.operation.id);
            continue;
        }
        let (file, name) = row.test.split_once(' ').unwrap();
        let text = fs::read_to_string(directory.join(file)).unwrap_or_default();
        assert!(
            text.contains(&format!("fn {name}(")),
            "{}: there is no {}",
            row.operation.id,
            row.test
        );
    }
}

/// Every id that a route names is documented.
#[test]
fn routes_name_documented_operations() {
    for id in fidelity::named() {
        assert!(
            fidelity::rows().iter().any(|row| row.operation.id == id),
            "{id} is no documented operation"
        );
    }
}
