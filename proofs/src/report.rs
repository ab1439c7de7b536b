//! What the tests tell.

use std::io::Write as _;

/// Shows a text at once, also when the test that says it passes.
pub fn say(text: &str) {
    // The test runner captures what macros print, not what is written to the stream.
    let mut out = std::io::stderr().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .expect("stderr is open");
}
