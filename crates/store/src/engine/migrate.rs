//! The schema's history: one text for both engines, applied in order, never edited after a release.

use super::Lock;
use super::session::Session;
use crate::error::StoreError;
use crate::log::sha256;
use crate::params;
use crate::statement::Statement;

/// One step of the schema.
///
/// The text is SQL in which `{id}`, `{text}`, `{int}`, `{bool}`, `{instant}`, `{day}`, `{json}` and `{bytes}`
/// stand for the engine's column types, `{serial}` for a key that counts by itself, `{txid}` for the number of
/// the transaction that wrote the row, and `{strict}` closes every `CREATE TABLE`. `{hex c}` is the text of the
/// digits of a column of ids.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its name, which sorts it: `0001_program`.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

impl Migration {
    /// The digest of its text, by which a database knows what was done to it.
    #[must_use]
    pub fn checksum(&self) -> Vec<u8> {
        sha256(self.sql.as_bytes()).to_vec()
    }
}

/// Whose words to put for the placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    position {int} NOT NULL PRIMARY KEY, name {text} NOT NULL UNIQUE, checksum {bytes} NOT NULL
) {strict}";

const APPLIED: Statement = Statement::new(
    "schema_migrations.APPLIED",
    "SELECT name, checksum FROM schema_migrations ORDER BY position",
);
const RECORD: Statement = Statement::new(
    "schema_migrations.RECORD",
    "INSERT INTO schema_migrations (position, name, checksum) VALUES ($1, $2, $3)",
);

/// Two servers that start together must not both migrate.
pub(super) fn lock() -> Lock {
    Lock::on("schema", "migrations")
}

/// Applies what is missing, inside the transaction that is open.
pub(super) async fn run(
    session: &mut Session,
    schema: &'static [Migration],
) -> Result<(), StoreError> {
    session.batch(HISTORY).await?;
    let applied: Vec<(String, Vec<u8>)> = session.tx().fetch_all(APPLIED, &[]).await?;
    for (index, (name, checksum)) in applied.iter().enumerate() {
        let Some(known) = schema.get(index) else {
            let text = format!("it holds the migration {name}, which is newer than this program");
            return Err(StoreError::Schema(text));
        };
        if known.name != name {
            let text = format!("its migration {name} is not this program's {}", known.name);
            return Err(StoreError::Schema(text));
        }
        if known.checksum() != *checksum {
            // Migrations were edited until the first release, and only until then.
            let text = format!(
                "its migration {name} has another text, as before the first release; such a database is not brought up to \
                 date: begin with an empty database or data directory, or open it with the build that made it"
            );
            return Err(StoreError::Schema(text));
        }
    }
    for (position, migration) in (1_i64..).zip(schema).skip(applied.len()) {
        session.batch(migration.sql).await?;
        let record = params![position, migration.name, migration.checksum()];
        session.tx().execute(RECORD, &record).await?;
    }
    Ok(())
}

/// Puts the engine's words for the placeholders.
pub(super) fn render(text: &str, dialect: Dialect) -> String {
    let mut rendered = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        rendered.push_str(before);
        let Some((word, behind)) = after.split_once('}') else {
            rendered.push('{');
            rest = after;
            continue;
        };
        let column = rendered.split_whitespace().next_back().unwrap_or_default();
        let put = word_for(word, column, dialect);
        rendered.push_str(&put.unwrap_or_else(|| format!("{{{word}}}")));
        rest = behind;
    }
    rendered.push_str(rest);
    match dialect {
        Dialect::Sqlite => spelled_out(&rendered),
        Dialect::Postgres => rendered,
    }
}

/// `a IN ('x','y')` as `(a = 'x' OR a = 'y')`. SQLite asks a check that lists more than two words by way of a table of
/// these words, which it makes and drops with every row that is written.
fn spelled_out(text: &str) -> String {
    const IN: &str = " IN ('";
    let mut spelled = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(IN) {
        let is_of_name =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
        let begins = before.rfind(|letter| !is_of_name(letter));
        let (before, column) = before.split_at(begins.map_or(0, |at| at + 1));
        let Some((words, behind)) = after.split_once("')") else {
            break;
        };
        let words = words.split(',').map(|word| word.trim().trim_matches('\''));
        let choices: Vec<String> = words.map(|word| format!("{column} = '{word}'")).collect();
        spelled.push_str(before);
        spelled.extend(["(", &choices.join(" OR "), ")"]);
        rest = behind;
    }
    spelled.push_str(rest);
    spelled
}

fn word_for(placeholder: &str, column: &str, dialect: Dialect) -> Option<String> {
    if let Some(id) = placeholder.strip_prefix("hex ") {
        return Some(match dialect {
            Dialect::Sqlite => format!("lower(hex({id}))"),
            Dialect::Postgres => format!("replace(CAST({id} AS TEXT), '-', '')"),
        });
    }
    let word = match (placeholder, dialect) {
        ("id" | "bytes", Dialect::Sqlite) => "BLOB",
        ("text" | "day" | "json", Dialect::Sqlite) => "TEXT",
        ("int" | "instant", Dialect::Sqlite) => "INTEGER",
        ("bool", Dialect::Sqlite) => return Some(format!("INTEGER CHECK ({column} IN (0, 1))")),
        ("serial", Dialect::Sqlite) => "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
        // One writer: the order of appending is the order of commits.
        ("txid", Dialect::Sqlite) => "INTEGER NOT NULL DEFAULT 0",
        ("strict", Dialect::Sqlite) => "STRICT",
        ("id", Dialect::Postgres) => "uuid",
        // So that both engines sort alike, whatever the database was made with.
        ("text", Dialect::Postgres) => "text COLLATE \"C\"",
        ("int", Dialect::Postgres) => "bigint",
        ("bool", Dialect::Postgres) => "boolean",
        ("instant", Dialect::Postgres) => "timestamptz",
        ("day", Dialect::Postgres) => "date",
        ("json", Dialect::Postgres) => "jsonb",
        ("bytes", Dialect::Postgres) => "bytea",
        ("serial", Dialect::Postgres) => "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        ("txid", Dialect::Postgres) => {
            "bigint NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"
        }
        ("strict", Dialect::Postgres) => "",
        _ => return None,
    };
    Some(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_the_engines_words() {
        assert_eq!(
            render(
                "CREATE TABLE t (\n    a {id} NOT NULL, b {bool} NOT NULL) {strict};",
                Dialect::Sqlite
            ),
            "CREATE TABLE t (\n    a BLOB NOT NULL, b INTEGER CHECK (b IN (0, 1)) NOT NULL) STRICT;"
        );
        assert_eq!(render("'{}' {unknown}", Dialect::Sqlite), "'{}' {unknown}");
    }

    #[test]
    fn no_check_of_the_schema_loses_a_word() {
        let of = |text: &str| {
            let words = text.split('\'').skip(1).step_by(2);
            let mut words: Vec<String> = words.map(str::to_owned).collect();
            words.sort();
            words
        };
        for migration in crate::schema::MIGRATIONS {
            let sqlite = render(migration.sql, Dialect::Sqlite);
            assert!(!sqlite.contains(" IN ('"), "{}: {sqlite}", migration.name);
            assert_eq!(of(&sqlite), of(migration.sql), "{}", migration.name);
        }
    }

    #[test]
    fn words_to_choose_from_are_spelled_out_for_sqlite_alone() {
        let text = "kind {text} NOT NULL CHECK (kind IN ('a','b', 'c')), CHECK (t.a_b IN ('x') OR n IN (0, 1))";
        assert_eq!(
            render(text, Dialect::Sqlite),
            "kind TEXT NOT NULL CHECK ((kind = 'a' OR kind = 'b' OR kind = 'c')), CHECK ((t.a_b = 'x') OR n IN (0, 1))"
        );
        assert!(render(text, Dialect::Postgres).ends_with("(t.a_b IN ('x') OR n IN (0, 1))"));
    }
}
