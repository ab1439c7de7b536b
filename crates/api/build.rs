//! Embeds the portal: what `portal/dist` holds is copied beside the compiled crate and listed in a table of Rust; without
//! it the table is empty, and the server says how to build the portal.
//!
//! Watched is `portal/built`, a tracked file that the portal's build touches when it is done. Cargo takes a watched path that
//! is missing for one that changed; so the folder itself, which is not tracked, is not watched.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let portal = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../portal");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", portal.join("built").display());

    let copies = out.join("portal");
    if copies.exists() {
        fs::remove_dir_all(&copies)?;
    }
    fs::create_dir_all(&copies)?;
    let dist = portal.join("dist");
    let mut names = Vec::new();
    if dist.join("index.html").exists() {
        collect(&dist, "", &mut names)?;
    }
    names.sort();

    let mut table = String::from("&[\n");
    let mut number = 0_usize;
    for name in &names {
        let ending = Path::new(name).extension().and_then(OsStr::to_str);
        if matches!(ending, Some("br" | "gz")) {
            continue;
        }
        let mut copy = |from: &str| -> Result<String, Box<dyn Error>> {
            number = number.saturating_add(1);
            let to = copies.join(number.to_string());
            fs::copy(dist.join(from), &to)?;
            Ok(format!("include_bytes!({:?})", to.display().to_string()))
        };
        let plain = copy(name)?;
        let mut packed = |ending: &str| -> Result<String, Box<dyn Error>> {
            let packed = format!("{name}{ending}");
            if names.contains(&packed) {
                Ok(format!("Some({})", copy(&packed)?))
            } else {
                Ok("None".to_owned())
            }
        };
        let (brotli, gzip) = (packed(".br")?, packed(".gz")?);
        writeln!(
            table,
            "File {{ name: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},"
        )?;
    }
    table.push(']');
    fs::write(out.join("portal.rs"), table)?;
    Ok(())
}

/// Names of all files below a directory, with slashes.
fn collect(directory: &Path, prefix: &str, names: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or("a name in portal/dist is no text")?;
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), names)?;
        } else {
            names.push(path);
        }
    }
    Ok(())
}
