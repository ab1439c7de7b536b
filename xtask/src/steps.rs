//! Steps of a command: each is timed, none stops the others, and one table at the end says how they went.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How a step that did not fail ended.
pub(crate) enum Checked {
    /// It passed.
    Yes,
    /// Nothing was checked, and why.
    No(String),
}

impl From<()> for Checked {
    fn from((): ()) -> Self {
        Self::Yes
    }
}

/// The steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    took: Duration,
    outcome: Result<Checked, String>,
}

impl Steps {
    /// Does a step and times it.
    pub(crate) fn run<T: Into<Checked>>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<T, String>,
    ) {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = work().map(Into::into);
        if let Err(problem) = &outcome {
            println!("{problem}");
        }
        self.rows.push(Row {
            name: name.to_owned(),
            took: started.elapsed(),
            outcome,
        });
    }

    /// Prints the table and the closing line; whether nothing failed.
    pub(crate) fn finish(&self) -> bool {
        println!("\n{}", self.table());
        self.failed() == 0
    }

    fn failed(&self) -> usize {
        self.rows.iter().filter(|row| row.outcome.is_err()).count()
    }

    fn table(&self) -> String {
        let mut table = String::new();
        for row in &self.rows {
            let seconds = row.took.as_secs();
            let tenths = row.took.subsec_millis() / 100;
            let (word, more) = match &row.outcome {
                Ok(Checked::Yes) => ("ok", String::new()),
                Ok(Checked::No(why)) => ("not checked", format!(": {why}")),
                Err(problem) => {
                    let first = problem.lines().next().unwrap_or_default();
                    ("FAILED", format!(": {first}"))
                }
            };
            let line = format!("{seconds:>5}.{tenths} s  {word:<11}  {}{more}", row.name);
            // Writing into a string cannot fail.
            let _ = writeln!(table, "{line}");
        }
        let passed = self
            .rows
            .iter()
            .filter(|row| matches!(row.outcome, Ok(Checked::Yes)));
        let _ = write!(table, "{} passed, {} failed", passed.count(), self.failed());
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ends_in_a_plain_line() {
        let mut steps = Steps::default();
        steps.run("format", || Ok(()));
        steps.run("licences", || Ok(Checked::No("no tool".to_owned())));
        steps.run("tests", || Err::<(), _>("two failed\nand more".to_owned()));
        let table = steps.table();
        assert!(
            table.contains("not checked  licences: no tool\n"),
            "{table}"
        );
        assert!(
            table.contains("FAILED       tests: two failed\n"),
            "{table}"
        );
        assert!(table.ends_with("\n1 passed, 1 failed"), "{table}");
        assert!(!steps.finish());
    }
}
