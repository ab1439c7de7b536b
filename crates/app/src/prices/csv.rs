//! Comma-separated files (RFC 4180): records with the line that each begins on, and what is wrong with a file by line and column.

use std::collections::HashMap;
use std::fmt;

/// Faults that are told at once, at most.
pub const FAULTS_MAX: usize = 20;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column; empty where it is the whole line.
    pub column: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Fault {
    /// What is wrong with a column of a line.
    pub fn new(line: usize, column: &'static str, problem: impl ToString) -> Self {
        Self {
            line,
            column,
            problem: problem.to_string(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.column.is_empty() {
            write!(f, "{}: ", self.column)?;
        }
        f.write_str(&self.problem)
    }
}

/// Faults in one text, for where there is no room for a list.
#[must_use]
pub fn tell(faults: &[Fault]) -> String {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    format!("{}; nothing was imported", told.join("; "))
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line that it begins on, from 1.
    pub line: usize,
    /// Its fields.
    pub fields: Vec<String>,
}

/// The records of a text. Empty lines are none; a byte order mark is left aside.
///
/// # Errors
/// The line on which a quote stays open, or stands where none may.
pub fn records(text: &str) -> Result<Vec<Record>, Fault> {
    let mut found = Vec::new();
    let mut line: usize = 1;
    let mut rest = text.trim_start_matches('\u{feff}');
    while !rest.is_empty() {
        let began = line;
        let mut fields = Vec::new();
        loop {
            let (field, after) = match rest.strip_prefix('"') {
                Some(quoted) => {
                    unquoted(quoted).map_err(|problem| Fault::new(began, "", problem))?
                }
                None => {
                    let end = rest.find([',', '\n']).unwrap_or(rest.len());
                    let (field, after) = rest.split_at(end);
                    (field.trim_end_matches('\r').to_owned(), after)
                }
            };
            line = line.saturating_add(field.matches('\n').count());
            fields.push(field);
            let after = after.strip_prefix('\r').unwrap_or(after);
            if let Some(next) = after.strip_prefix(',') {
                rest = next;
            } else {
                rest = after.strip_prefix('\n').unwrap_or(after);
                break;
            }
        }
        line = line.saturating_add(1);
        if fields.iter().any(|field| !field.is_empty()) {
            found.push(Record {
                line: began,
                fields,
            });
        }
    }
    Ok(found)
}

/// A quoted field, from behind its first quote, and what follows it.
fn unquoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or("a quote stays open")?;
        field.push_str(part);
        rest = match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                more
            }
            None if after.is_empty() || after.starts_with([',', '\r', '\n']) => {
                return Ok((field, after));
            }
            None => return Err("a quote stands within a field; inside quotes it is written twice"),
        };
    }
}

/// Writes a record, every field in quotes.
pub fn write<'a>(text: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('"');
        for (index, part) in field.split('"').enumerate() {
            if index > 0 {
                text.push_str("\"\"");
            }
            text.push_str(part);
        }
        text.push('"');
    }
    text.push('\n');
}

/// A file with a line of names: the columns in any order, each by its name in any case.
pub struct Table {
    columns: HashMap<String, usize>,
    /// What stands below the names.
    pub records: Vec<Record>,
}

impl Table {
    /// Reads a file that has at least these columns and none but these and others that are known.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn read(
        text: &str,
        needed: &[&'static str],
        known: &[&'static str],
    ) -> Result<Self, Vec<Fault>> {
        let mut records = records(text).map_err(|fault| vec![fault])?;
        if records.is_empty() {
            return Err(vec![Fault::new(1, "", "the file is empty")]);
        }
        let head = records.remove(0);
        let mut columns = HashMap::new();
        let mut faults = Vec::new();
        for (place, name) in head.fields.iter().enumerate() {
            let name = name.trim();
            let is_known = |each: &&&str| each.eq_ignore_ascii_case(name);
            if needed.iter().chain(known).find(is_known).is_none() {
                let text = format!("`{name}` is no column of this file");
                faults.push(Fault::new(head.line, "", text));
            }
            if columns.insert(name.to_lowercase(), place).is_some() {
                let text = format!("the column `{name}` stands there twice");
                faults.push(Fault::new(head.line, "", text));
            }
        }
        for name in needed {
            if !columns.contains_key(&name.to_lowercase()) {
                faults.push(Fault::new(head.line, name, "the column is missing"));
            }
        }
        for record in &records {
            if record.fields.len() != head.fields.len() {
                let (found, named) = (record.fields.len(), head.fields.len());
                let text = format!("has {found} fields where the first line names {named}");
                faults.push(Fault::new(record.line, "", text));
            }
        }
        if faults.is_empty() {
            Ok(Self { columns, records })
        } else {
            faults.truncate(FAULTS_MAX);
            Err(faults)
        }
    }

    /// A field of a record without blanks around it; empty where the file has no such column.
    #[must_use]
    pub fn field<'a>(&self, record: &'a Record, name: &str) -> &'a str {
        let place = self.columns.get(&name.to_lowercase());
        let field = place.and_then(|place| record.fields.get(*place));
        field.map_or("", |field| field.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let rows: [&[&str]; 3] = [
            &["Name", "Price"],
            &["a \"big\" one, in\ntwo lines", "1.00"],
            &["", "é"],
        ];
        let mut text = String::from("\u{feff}");
        for row in rows {
            write(&mut text, row.iter().copied());
        }
        let read = records(&text).unwrap();
        let lines: Vec<usize> = read.iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 4]);
        for (record, row) in read.iter().zip(rows) {
            assert_eq!(record.fields, row);
        }
    }

    #[test]
    fn plain_files_are_read_too() {
        let read = records("a,b\r\n1,\r\n\r\n\"x\",2").unwrap();
        let fields: Vec<_> = read.into_iter().map(|record| record.fields).collect();
        assert_eq!(fields, [["a", "b"], ["1", ""], ["x", "2"]]);
    }

    #[test]
    fn what_is_no_table_is_told_by_line() {
        for (text, told) in [
            ("", "line 1: the file is empty"),
            ("a\n\"1", "line 2: a quote stays open"),
            ("a\n\"1\"2", "line 2: a quote stands within a field"),
            ("a,c\n", "line 1: `c` is no column of this file"),
            ("b\n", "line 1: a: the column is missing"),
            ("a,A\n", "line 1: the column `A` stands there twice"),
            (
                "a,b\n1,2\n3\n",
                "line 3: has 1 fields where the first line names 2",
            ),
        ] {
            let faults = Table::read(text, &["a"], &["b"]).err().unwrap();
            let first = faults.first().unwrap().to_string();
            assert!(first.starts_with(told), "{text:?}: {first}");
        }
    }
}
