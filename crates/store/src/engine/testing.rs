//! Fresh databases for tests: every test body runs on SQLite and, where a server is found, on PostgreSQL.
//!
//! A server is found in `TIERLINE_TEST_POSTGRES`: the connection string of a cluster in which databases may be
//! made and thrown away, or `none`. Without it a cluster is started from PostgreSQL's own programs, once
//! in a test process; it ends with the process, however that ends.

use std::future::Future;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tierline_domain::time::Timestamp;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

use super::{Command, Db, DbConfig, Migration, Tx};
use crate::error::StoreError;
use crate::log::{Event, Outcome};
use crate::statement::Statement;
use crate::value::Value;

/// The variable that names a cluster, or forbids one.
pub const SERVER_VARIABLE: &str = "TIERLINE_TEST_POSTGRES";
/// How long a cluster may take to start.
const START_WAIT: Duration = Duration::from_secs(60);

static CLUSTER: OnceCell<Option<Cluster>> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database made for one test.
pub struct Fixture {
    /// The open database.
    pub db: Db,
    /// How to open it once more.
    pub config: DbConfig,
    /// `SQLite` or `PostgreSQL`.
    pub engine: &'static str,
    dir: Option<PathBuf>,
}

/// One column, as far as the engines can be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Whether it may be empty.
    pub is_nullable: bool,
    /// How SQLite would keep it.
    pub storage: String,
}

impl Fixture {
    /// Every column of every table, sorted.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn columns(&self) -> Result<Vec<Column>, StoreError> {
        let statement = match self.config {
            DbConfig::Postgres { .. } => POSTGRES_COLUMNS,
            DbConfig::Memory | DbConfig::File { .. } => SQLITE_COLUMNS,
        };
        let mut columns = self.db.read(Columns(statement)).await?;
        columns.sort();
        Ok(columns)
    }
}

impl Fixture {
    /// How the engine would run a statement, in its own words.
    ///
    /// # Errors
    /// When the engine does not understand it.
    pub async fn plan(
        &self,
        statement: Statement,
        params: Vec<Value>,
    ) -> Result<String, StoreError> {
        let is_postgres = matches!(self.config, DbConfig::Postgres { .. });
        let word = if is_postgres {
            "EXPLAIN (COSTS OFF)"
        } else {
            "EXPLAIN QUERY PLAN"
        };
        // A test asks for a few plans in its life.
        let sql = Box::leak(format!("{word} {}", statement.sql).into_boxed_str());
        let plan = Plan {
            statement: Statement::new("testing.PLAN", sql),
            params,
            is_postgres,
        };
        // Asking about a statement that writes is a write to the engine.
        self.db.write(plan).await
    }
}

/// What the log is told of some change: another event each time.
#[must_use]
pub fn told() -> Event {
    static EVENTS: AtomicU64 = AtomicU64::new(1);
    Event {
        id: uuid::Uuid::from_u64_pair(
            u64::from(std::process::id()),
            EVENTS.fetch_add(1, Ordering::Relaxed),
        ),
        at_world: Timestamp::EPOCH,
        at_server: Timestamp::EPOCH,
        home: String::new(),
        kind: "set".into(),
        subject_kind: String::new(),
        subject: String::new(),
        actor: "test".into(),
        tenant: None,
        outcome: Outcome::Succeeded,
        rule: None,
        digest: Vec::new(),
        data: serde_json::Value::Null,
    }
}

struct Plan {
    statement: Statement,
    params: Vec<Value>,
    is_postgres: bool,
}

impl Command for Plan {
    type Out = String;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<String, StoreError> {
        if self.is_postgres {
            let lines = tx.fetch_all::<(String,)>(self.statement, &self.params);
            let lines: Vec<String> = lines.await?.into_iter().map(|(line,)| line).collect();
            return Ok(lines.join("\n"));
        }
        let lines = tx.fetch_all::<(i64, i64, i64, String)>(self.statement, &self.params);
        let lines: Vec<String> = lines.await?.into_iter().map(|line| line.3).collect();
        Ok(lines.join("\n"))
    }
}

const SQLITE_COLUMNS: Statement = Statement::new(
    "testing.SQLITE_COLUMNS",
    "SELECT t.name, c.name, CASE WHEN c.\"notnull\" = 1 THEN 0 ELSE 1 END, c.type
     FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
);
const POSTGRES_COLUMNS: Statement = Statement::new(
    "testing.POSTGRES_COLUMNS",
    "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), is_nullable = 'YES', CASE
         WHEN data_type IN ('uuid', 'bytea') THEN 'BLOB'
         WHEN data_type IN ('text', 'date', 'jsonb') THEN 'TEXT'
         WHEN data_type IN ('bigint', 'boolean', 'timestamp with time zone') THEN 'INTEGER'
         ELSE data_type END
     FROM information_schema.columns WHERE table_schema = current_schema()",
);

struct Columns(Statement);

impl Command for Columns {
    type Out = Vec<Column>;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Column>, StoreError> {
        let rows = tx
            .fetch_all::<(String, String, bool, String)>(self.0, &[])
            .await?;
        let column = |(table, name, is_nullable, storage)| Column {
            table,
            name,
            is_nullable,
            storage,
        };
        Ok(rows.into_iter().map(column).collect())
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(dir) = &self.dir {
            // A test that failed may still hold the file; the directory is a temporary one.
            drop(std::fs::remove_dir_all(dir));
        }
    }
}

/// Runs a test on a fresh SQLite file and, where a server is found, on a fresh PostgreSQL database.
///
/// # Panics
/// When a database cannot be made; and with the test.
pub async fn both_engines<T, F>(schema: &'static [Migration], test: T)
where
    T: Fn(Fixture) -> F,
    F: Future<Output = ()>,
{
    eprintln!("on SQLite");
    test(sqlite(schema).await).await;
    match postgres(schema).await {
        Some(fixture) => {
            eprintln!("on PostgreSQL");
            test(fixture).await;
        }
        None => eprintln!("not on PostgreSQL: no server found"),
    }
}

/// A fresh SQLite file in a temporary directory.
///
/// # Panics
/// When it cannot be made.
pub async fn sqlite(schema: &'static [Migration]) -> Fixture {
    let dir = temporary("sqlite");
    std::fs::create_dir_all(&dir).expect("a temporary directory");
    let config = DbConfig::File {
        path: dir.join("test.db"),
    };
    let db = Db::open(&config, schema).await.expect("a fresh file");
    Fixture {
        db,
        config,
        engine: "SQLite",
        dir: Some(dir),
    }
}

/// A fresh database on the test cluster, if there is one.
///
/// # Panics
/// When the cluster cannot make a database.
pub async fn postgres(schema: &'static [Migration]) -> Option<Fixture> {
    let cluster = CLUSTER.get_or_init(Cluster::find).await.as_ref()?;
    let url = cluster.fresh_database().await;
    let config = DbConfig::Postgres { url };
    let db = Db::open(&config, schema).await.expect("a fresh database");
    Some(Fixture {
        db,
        config,
        engine: "PostgreSQL",
        dir: None,
    })
}

/// A PostgreSQL cluster to make test databases in.
struct Cluster {
    url: String,
    /// Its standard input holds the cluster up: when this process ends, it closes and the cluster stops.
    _keeper: Option<Child>,
}

impl Cluster {
    async fn find() -> Option<Self> {
        match std::env::var(SERVER_VARIABLE) {
            Ok(word) if word == "none" => return None,
            Ok(url) => return Some(Self { url, _keeper: None }),
            Err(_) => {}
        }
        let programs = programs()?;
        let dir = temporary("cluster");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let keeper = as_database_user(&script(&programs, &dir, port))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell to start the cluster with");
        let cluster = Self {
            url: format!("postgres://tierline@127.0.0.1:{port}/postgres"),
            _keeper: Some(keeper),
        };
        cluster.wait().await;
        Some(cluster)
    }

    async fn wait(&self) {
        let begun = Instant::now();
        while let Err(error) = tokio_postgres::connect(&self.url, NoTls).await {
            assert!(
                begun.elapsed() < START_WAIT,
                "the cluster does not answer: {error}"
            );
            #[expect(
                clippy::disallowed_methods,
                reason = "until a server of this machine answers"
            )]
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Makes an empty database and gives its connection string.
    async fn fresh_database(&self) -> String {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let (client, driver) = tokio_postgres::connect(&self.url, NoTls)
            .await
            .expect("the cluster answers");
        let driver = tokio::spawn(driver);
        let clear = format!("DROP DATABASE IF EXISTS {name}");
        client
            .batch_execute(&clear)
            .await
            .expect("an old database goes");
        let make = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        client
            .batch_execute(&make)
            .await
            .expect("a database is made");
        driver.abort();
        let (server, _) = self
            .url
            .rsplit_once('/')
            .expect("a connection string with a database");
        format!("{server}/{name}")
    }
}

/// Makes the cluster, runs it until its standard input closes, and removes it.
fn script(programs: &Path, dir: &Path, port: u16) -> String {
    let (programs, dir) = (programs.display(), dir.display());
    format!(
        "'{programs}/initdb' --pgdata='{dir}' --username=tierline --auth=trust --encoding=UTF8 --locale=C --no-sync >&2 || exit 1
         '{programs}/postgres' -D '{dir}' -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c fsync=off -c full_page_writes=off -c max_connections=300 -c max_locks_per_transaction=128 \
            -c log_min_messages=fatal </dev/null >&2 &
         while read -r line; do :; done
         kill -QUIT $!
         wait
         rm -rf '{dir}'"
    )
}

/// A shell for a script; PostgreSQL's programs refuse to run as root.
fn as_database_user(script: &str) -> Program {
    let is_root = Program::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    let mut program;
    if is_root {
        program = Program::new("runuser");
        program.args(["-u", "postgres", "--", "sh", "-c", script]);
    } else {
        program = Program::new("sh");
        program.args(["-c", script]);
    }
    program.current_dir(std::env::temp_dir());
    // Its messages only matter when it does not start, and then the wait for it says so.
    program.stderr(Stdio::null());
    program
}

/// The directory of PostgreSQL's programs: the newest of the distribution's, or the one on the path.
fn programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut found: Vec<PathBuf> = installed
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    found.sort();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|bin| bin.join("initdb").is_file())
    };
    found.pop().or_else(on_path)
}

fn temporary(kind: &str) -> PathBuf {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("tierline-{kind}-{}-{number}", std::process::id()))
}
