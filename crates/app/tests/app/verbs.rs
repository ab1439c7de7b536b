//! Every verb is tried by a scenario case.

use std::path::Path;

use tierline_app::act::BUILT;

#[test]
fn every_verb_is_tried_by_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut text = String::new();
    for directory in [root.clone(), root.join("own")] {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let without: Vec<&str> = BUILT
        .iter()
        .filter(|verb| !text.contains(&format!(" {verb}: ")))
        .copied()
        .collect();
    assert_eq!(without, [""; 0]);
}
