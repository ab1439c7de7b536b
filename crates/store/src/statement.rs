//! SQL as named constants: one text for both engines, checked when the program is compiled.
//!
//! The house dialect numbers parameters `$1`, `$2`, … in order of first use, because SQLite numbers
//! them by appearance. A text that breaks this does not compile.

/// One SQL text with the name it has in logs and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `module::NAME` or `table.NAME`.
    pub name: &'static str,
    /// The text.
    pub sql: &'static str,
}

impl Statement {
    /// A statement whose parameters are numbered as the house dialect wants.
    ///
    /// # Panics
    /// When they are not, which the compiler reports for constants.
    #[must_use]
    pub const fn new(name: &'static str, sql: &'static str) -> Self {
        assert!(
            numbered_by_first_use(sql),
            "parameters must be $1, $2, … in order of first use, and `::` is not in the dialect"
        );
        Self { name, sql }
    }

    /// Whether it only reads.
    pub(crate) fn reads(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT")
    }

    /// Whether what it gives depends on the rows of one table alone.
    pub(crate) fn reads_one_table(&self) -> bool {
        self.reads() && self.sql.matches("FROM ").count() == 1 && !self.sql.contains(" JOIN ")
    }

    /// Whether it asks nothing of rows but that one column is equal to a parameter.
    pub(crate) fn asks_one_thing(&self) -> bool {
        self.equalities().count() == 1 && !self.sql.contains(" AND ")
    }

    /// Columns that all rows it gives have equal to a parameter, with the parameter's place.
    pub(crate) fn equalities(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let condition = self
            .sql
            .split_once("WHERE ")
            .map_or("", |(_, condition)| condition);
        let is_plain = self.reads_one_table() && !condition.contains(" OR ");
        let terms = condition.split(" AND ").filter(move |_| is_plain);
        terms.filter_map(|term| {
            let (column, rest) = term.trim().split_once(" = $")?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: usize = rest.get(..digits)?.parse().ok()?;
            let is_name = column
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            // A parameter that is part of a term says nothing of the column's value.
            let end = rest.get(digits..)?.trim_start();
            let is_alone = end.is_empty()
                || ["ORDER BY", "GROUP BY", "LIMIT"]
                    .iter()
                    .any(|word| end.starts_with(word));
            (is_name && is_alone).then_some((column, number.checked_sub(1)?))
        })
    }
}

const fn numbered_by_first_use(sql: &str) -> bool {
    let text = sql.as_bytes();
    let (mut at, mut seen, mut quoted) = (0, 0, false);
    while at < text.len() {
        let byte = text[at];
        at += 1;
        if byte == b'\'' {
            quoted = !quoted;
        }
        if quoted {
            continue;
        }
        if byte == b':' && at < text.len() && text[at] == b':' {
            return false;
        }
        if byte != b'$' {
            continue;
        }
        let mut number: u32 = 0;
        while at < text.len() && text[at].is_ascii_digit() {
            number = number * 10 + digit(text[at]);
            at += 1;
        }
        if number == 0 || number > seen + 1 {
            return false;
        }
        if number == seen + 1 {
            seen = number;
        }
    }
    true
}

const fn digit(byte: u8) -> u32 {
    match byte {
        b'1' => 1,
        b'2' => 2,
        b'3' => 3,
        b'4' => 4,
        b'5' => 5,
        b'6' => 6,
        b'7' => 7,
        b'8' => 8,
        b'9' => 9,
        _ => 0,
    }
}

/// Defines named statements and `ALL`, the list of them, so that a test can prepare every one on
/// both engines.
///
/// `pub NAME = "…";` for statements that other modules run, `NAME = "…";` for private ones.
#[macro_export]
macro_rules! statements {
    ($($(#[$meta:meta])* $vis:vis $name:ident = $sql:expr;)*) => {
        $($(#[$meta])*
        $vis const $name: $crate::statement::Statement =
            $crate::statement::Statement::new(concat!(module_path!(), "::", stringify!($name)), $sql);)*

        /// Every statement defined here.
        pub const ALL: &[$crate::statement::Statement] = &[$($name),*];
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_depends_on_is_seen() {
        let columns = |sql| -> Vec<_> { Statement::new("one", sql).equalities().collect() };
        let (b, c) = (("b", 0), ("c", 1));
        assert_eq!(columns("SELECT a FROM t WHERE b = $1 ORDER BY a"), [b]);
        assert_eq!(columns("SELECT a FROM t WHERE b = $1\n AND c = $2"), [b, c]);
        assert_eq!(columns("SELECT a FROM t WHERE b = $1 AND c < $2"), [b]);
        let others = [
            "SELECT a FROM t WHERE b = $1 OR c = $1",
            "SELECT a FROM t WHERE NOT b = $1",
            "SELECT a FROM t WHERE b = $1 + 1",
            "SELECT a FROM t WHERE lower(b) = $1",
            "SELECT a FROM t WHERE a IN (SELECT b FROM u WHERE c = $1)",
            "SELECT a FROM t JOIN u ON d = e WHERE c = $1",
        ];
        for other in others {
            assert_eq!(columns(other), [], "{other}");
        }
        let one = |sql| Statement::new("one", sql).reads_one_table();
        assert!(one("SELECT a FROM t"));
        assert!(!one("SELECT a FROM t JOIN u ON a = b"));
        assert!(!one("UPDATE t SET a = $1 FROM u"));
    }

    #[test]
    fn parameters_are_numbered_by_first_use() {
        assert!(numbered_by_first_use("SELECT 1"));
        assert!(numbered_by_first_use("WHERE a = $1 OR b = $1 AND c = $2"));
        assert!(numbered_by_first_use(
            "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)"
        ));
        assert!(numbered_by_first_use("WHERE a = 'costs $9' AND b = $1"));
        assert!(!numbered_by_first_use("WHERE a = $2 AND b = $1"));
        assert!(!numbered_by_first_use("WHERE a = $0"));
        assert!(!numbered_by_first_use("WHERE a = $1::text"));
    }
}
