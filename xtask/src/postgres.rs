//! A throw-away PostgreSQL cluster.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::program::is_root;

/// The variable in which tests look for a cluster: a connection string, or `none`.
pub(crate) const VARIABLE: &str = "TIERLINE_TEST_POSTGRES";

/// What a cluster promises.
#[derive(Clone, Copy)]
pub(crate) enum Promise {
    /// Nothing: tests want speed.
    Speed,
    /// What was acknowledged is on the disk: figures want the truth.
    Durability,
}

/// A running cluster. It is stopped and its directory removed when this is dropped, and also when this
/// process ends in any other way: a shell beside it waits for its standard input to close.
pub(crate) struct Cluster {
    keeper: Child,
    port: u16,
}

/// The keeper: makes the cluster in $2 with the programs in $1 on port $3 with the options $4, says `ready`,
/// and waits. It lives in a process group of its own, so that Ctrl-C does not reach it.
const KEEPER: &str = r#"
trap '' HUP INT TERM PIPE
mkdir -m 700 "$2" || exit 1
give_up() { cat "$2/log" >&2; rm -rf "$2"; exit 1; }
"$1/initdb" -D "$2/data" -U tierline -A trust -E UTF8 --locale=C --no-sync >"$2/log" 2>&1 || give_up "$@"
"$1/pg_ctl" -D "$2/data" -l "$2/log" -w -t 60 -o "-p $3 -k '$2' $4" start >/dev/null || give_up "$@"
echo ready
while read -r _; do :; done
"$1/pg_ctl" -D "$2/data" -w -m immediate stop >/dev/null 2>&1
rm -rf "$2"
"#;

/// Options of every cluster; tests hold many connections at once.
const OPTIONS: &str =
    "-c listen_addresses=127.0.0.1 -c max_connections=300 -c max_locks_per_transaction=128";
const OPTIONS_SPEED: &str = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off";

impl Cluster {
    /// Makes and starts a cluster in the temporary directory.
    pub(crate) fn start(promise: Promise) -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL's server programs are not here")?;
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("no free port: {error}"))?
            .port();
        let temporary = std::env::temp_dir();
        let directory = temporary.join(format!("tierline-postgres-{}", std::process::id()));
        let options = match promise {
            Promise::Speed => format!("{OPTIONS} {OPTIONS_SPEED}"),
            Promise::Durability => OPTIONS.to_owned(),
        };
        // PostgreSQL refuses to run as root.
        let mut keeper = if is_root() {
            let mut runuser = Command::new("runuser");
            runuser.args(["-u", "postgres", "--", "sh"]);
            runuser
        } else {
            Command::new("sh")
        };
        keeper
            .args(["-c", KEEPER, "keeper"])
            .args([&programs, &directory])
            .args([port.to_string(), options])
            .current_dir(&temporary)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut keeper = keeper
            .spawn()
            .map_err(|error| format!("no shell to start PostgreSQL with: {error}"))?;
        let mut answer = String::new();
        if let Some(output) = keeper.stdout.take() {
            // What cannot be read is no `ready`.
            drop(BufReader::new(output).read_line(&mut answer));
        }
        let cluster = Self { keeper, port };
        if answer.trim() == "ready" {
            Ok(cluster)
        } else {
            Err(format!(
                "PostgreSQL did not start in {}",
                directory.display()
            ))
        }
    }

    /// How it is reached.
    pub(crate) fn url(&self) -> String {
        format!("postgres://tierline@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nobody is left who could do anything about a keeper that fails.
        drop(self.keeper.wait());
    }
}

/// The directory of PostgreSQL's server programs: the newest of the distribution's, or one on the search path.
pub(crate) fn programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let newest = installed
        .flatten()
        .filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .max();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|bin| bin.join("initdb").is_file())
    };
    newest.map(|(_, bin)| bin).or_else(on_path)
}
