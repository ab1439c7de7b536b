//! One file in a zip archive: the same bytes for the same contents, whenever it is made.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// 1 January 1980, the first day that the format knows.
const FIRST_DAY: u16 = 0x21;
/// Version 2.0 of the format: files that are compressed.
const VERSION: u16 = 20;
/// Names are UTF-8.
const UTF8: u16 = 0x800;
const DEFLATED: u16 = 8;

/// An archive of one file.
///
/// # Errors
/// When the file is larger than the format holds, four gigabytes.
pub fn archive(name: &str, contents: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(contents)?;
    let packed = deflate.finish()?;
    let mut crc = Crc::new();
    crc.update(contents);
    let size = |length: usize| u32::try_from(length).map_err(std::io::Error::other);
    let short = |length: usize| u16::try_from(length).map_err(std::io::Error::other);
    let about = |bytes: &mut Vec<u8>| -> std::io::Result<()> {
        for word in [VERSION, UTF8, DEFLATED, 0, FIRST_DAY] {
            bytes.extend(word.to_le_bytes());
        }
        for word in [crc.sum(), size(packed.len())?, size(contents.len())?] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(short(name.len())?.to_le_bytes());
        bytes.extend([0, 0]);
        Ok(())
    };
    let mut bytes = Vec::with_capacity(packed.len().saturating_add(256));
    bytes.extend(b"PK\x03\x04");
    about(&mut bytes)?;
    bytes.extend(name.as_bytes());
    bytes.extend(&packed);
    let directory = size(bytes.len())?;
    bytes.extend(b"PK\x01\x02");
    bytes.extend(VERSION.to_le_bytes());
    about(&mut bytes)?;
    // No comment, one disk, no attributes, and the file at the beginning.
    bytes.extend([0; 14]);
    bytes.extend(name.as_bytes());
    let length = size(bytes.len())?.saturating_sub(directory);
    bytes.extend(b"PK\x05\x06");
    bytes.extend([0, 0, 0, 0, 1, 0, 1, 0]);
    bytes.extend(length.to_le_bytes());
    bytes.extend(directory.to_le_bytes());
    bytes.extend([0, 0]);
    Ok(bytes)
}
