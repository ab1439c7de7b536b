//! The fidelity table: each documented operation, how far it is carried out, and the test that shows it.

use std::fmt::Write as _;

use crate::route::Shown;
use crate::routes::{self, documented};

/// How far an operation is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// As documented.
    Full,
    /// Something lacks.
    Partial,
    /// Answers 501.
    NotBuilt,
}

/// One operation and what stands behind its grade.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The operation.
    pub operation: &'static documented::Documented,
    /// How far it is carried out.
    pub grade: Grade,
    /// The test that shows it.
    pub test: &'static str,
    /// What lacks.
    pub lacks: &'static str,
}

/// Every documented operation of a server.
#[must_use]
pub fn rows() -> Vec<Row> {
    let built = routes::list();
    let shown: Vec<Shown> = built.iter().flat_map(|route| route.shown.clone()).collect();
    let open: Vec<_> = documented::not_built().collect();
    documented::all()
        .map(|operation| {
            let is_open = open.iter().any(|other| {
                other.method == operation.method && other.path.eq_ignore_ascii_case(operation.path)
            });
            let row = |grade, test, lacks| Row {
                operation,
                grade,
                test,
                lacks,
            };
            match shown.iter().find(|shown| shown.operation == operation.id) {
                _ if is_open => row(Grade::NotBuilt, "", "answers 501"),
                Some(shown) if shown.lacks.is_empty() => row(Grade::Full, shown.test, ""),
                Some(shown) => row(Grade::Partial, shown.test, shown.lacks),
                None => row(Grade::Partial, "", "no test shows it yet"),
            }
        })
        .collect()
}

/// The operations that routes say they carry out.
#[must_use]
pub fn named() -> Vec<&'static str> {
    let shown = routes::list().into_iter().flat_map(|route| route.shown);
    shown.map(|shown| shown.operation).collect()
}

/// The table as Markdown: `docs/fidelity.md`.
#[must_use]
pub fn table() -> String {
    let rows = rows();
    let count = |grade: Grade| rows.iter().filter(|row| row.grade == grade).count();
    let mut text = format!(
        "# Fidelity\n\nEach documented operation and how far this server carries it out. Written by `tierline fidelity`; the tests lie in\n\
         `crates/api/tests/api`.\n\n{} operations: {} in full, {} in part, {} not implemented (501).\n",
        rows.len(),
        count(Grade::Full),
        count(Grade::Partial),
        count(Grade::NotBuilt)
    );
    let mut area = "";
    for row in &rows {
        let operation = row.operation;
        if operation.area != area {
            area = operation.area;
            let _ = write!(
                text,
                "\n## {area}\n\n| operation | request | tier | grade | test, or what lacks |\n|---|---|---|---|---|\n"
            );
        }
        let (grade, about) = match row.grade {
            Grade::Full => ("full", format!("`{}`", row.test)),
            Grade::Partial if row.test.is_empty() => ("partial", row.lacks.to_owned()),
            Grade::Partial => ("partial", format!("{} · `{}`", row.lacks, row.test)),
            Grade::NotBuilt => ("501", String::new()),
        };
        let _ = writeln!(
            text,
            "| {} | `{} {}` | {} | {grade} | {about} |",
            operation.id, operation.method, operation.path, operation.tier
        );
    }
    text
}
