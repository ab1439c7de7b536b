//! Bodies of several parts (RFC 7578), read as leniently as they are written: lines may end without a carriage return.

use crate::problem::Problem;
use crate::wire::json::NUL;

/// One part: its name, the file's name and media type where it is a file, its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    pub(crate) file: Option<String>,
    pub(crate) media: String,
    pub(crate) content: &'a [u8],
}

impl Part<'_> {
    /// Whether what is said of its content holds a NUL; the content is anything.
    fn has_nul(&self) -> bool {
        let said = [Some(&self.name), self.file.as_ref(), Some(&self.media)];
        said.into_iter().flatten().any(|text| text.contains('\0'))
    }
}

/// The parts of a body, in order.
///
/// # Errors
/// A 400 that names the header or the body.
pub(crate) fn read<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, Problem> {
    let boundary = parameter(content_type, "boundary")
        .filter(|_| content_type.to_lowercase().starts_with("multipart/"))
        .ok_or_else(|| {
            Problem::malformed("Content-Type", "is multipart/form-data with a boundary")
        })?;
    let delimiter = format!("--{boundary}");
    let cut = || Problem::malformed("body", "does not end with its boundary");
    let mut rest = after(body, delimiter.as_bytes()).ok_or_else(cut)?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let end = find(rest, delimiter.as_bytes()).ok_or_else(cut)?;
        let (part, following) = rest.split_at(end);
        let read = one(part);
        if let Some(part) = read.as_ref().filter(|part| part.has_nul()) {
            let name = part.name.replace('\0', "");
            return Err(Problem::malformed(&name, NUL));
        }
        parts.extend(read);
        rest = after(following, delimiter.as_bytes()).ok_or_else(cut)?;
    }
    Ok(parts)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn after<'a>(text: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, wanted)?.saturating_add(wanted.len())..)
}

/// A part without the line breaks around it; what has no name is passed over.
fn one(part: &[u8]) -> Option<Part<'_>> {
    let part = part.strip_prefix(b"\r\n").or(part.strip_prefix(b"\n"))?;
    let (head, content) = match (find(part, b"\r\n\r\n"), find(part, b"\n\n")) {
        (Some(at), other) if other.is_none_or(|other| at < other) => {
            (part.get(..at)?, part.get(at.saturating_add(4)..)?)
        }
        (_, Some(at)) => (part.get(..at)?, part.get(at.saturating_add(2)..)?),
        _ => return None,
    };
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    let head = String::from_utf8_lossy(head).into_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition")?;
    Some(Part {
        name: parameter(&disposition, "name")?,
        file: parameter(&disposition, "filename"),
        media: header("content-type").unwrap_or_else(|| "application/octet-stream".to_owned()),
        content,
    })
}

/// A parameter of a header: `form-data; name="metadata"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--b1\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"a\":1}\r\n--b1\r\n\
        Content-Disposition: form-data; name=\"pofiles\"; filename=\"po.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n\r\n--b1--\r\n";

    #[test]
    fn parts_are_read_with_either_line_end() {
        for body in [BODY.to_owned(), BODY.replace('\r', "")] {
            let parts = read("multipart/form-data; boundary=b1", body.as_bytes()).unwrap();
            let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
            assert_eq!(names, ["metadata", "pofiles"]);
            assert_eq!(parts[0].content, b"{\"a\":1}");
            assert_eq!(parts[1].file.as_deref(), Some("po.pdf"));
            assert!(parts[1].content.starts_with(b"%PDF"));
        }
    }

    #[test]
    fn a_nul_is_refused_beside_a_file_and_taken_in_it() {
        let content_type = "multipart/form-data; boundary=b1";
        assert!(read(content_type, BODY.replace("%PDF", "\0").as_bytes()).is_ok());
        for (from, to) in [
            ("po.pdf", "po\0"),
            ("application/pdf", "a\0"),
            ("pofiles", "pofiles\0"),
        ] {
            let problem = read(content_type, BODY.replace(from, to).as_bytes()).unwrap_err();
            assert!(
                problem.description.starts_with("pofiles: holds a NUL"),
                "{to:?}"
            );
        }
    }

    #[test]
    fn what_is_no_multipart_body_is_said() {
        assert!(read("application/json", b"{}").is_err());
        assert!(read("multipart/form-data", b"").is_err());
        assert!(read("multipart/form-data; boundary=b1", b"--b1\r\nno end").is_err());
    }
}
