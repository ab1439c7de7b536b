//! A throw-away PostgreSQL cluster for one test run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{have, run};

/// A running cluster; stopped and removed when dropped.
pub(crate) struct Cluster {
    directory: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts a cluster on a free port in a temporary directory; `None` where PostgreSQL cannot be had.
    pub(crate) fn start() -> Result<Option<Self>, String> {
        let Some(bin) = programs() else {
            println!("PostgreSQL is not here: its tests are left out");
            return Ok(None);
        };
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let directory =
            std::env::temp_dir().join(format!("tierline-postgres-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory)
            .map_err(|error| format!("{}: {error}", directory.display()))?;
        let cluster = Self {
            directory,
            bin,
            port,
        };
        if root_user() {
            shell(&format!("chown postgres {}", cluster.directory.display()))?;
        }
        cluster.program(
            "initdb",
            &format!(
                "-D {}/data -U postgres -A trust --locale=C -E UTF8",
                cluster.directory.display()
            ),
        )?;
        let options = format!(
            "-p {port} -k {} -c fsync=off -c listen_addresses=127.0.0.1 -c max_connections=200",
            cluster.directory.display()
        );
        cluster.program(
            "pg_ctl",
            &format!(
                "-D {}/data -w -l {0}/log -o '{options}' start",
                cluster.directory.display()
            ),
        )?;
        Ok(Some(cluster))
    }

    /// How tests reach it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Runs one of PostgreSQL's programs as an unprivileged user.
    fn program(&self, name: &str, args: &str) -> Result<(), String> {
        let call = format!("{}/{name} {args} >/dev/null", self.bin.display());
        if root_user() {
            shell(&format!(
                "cd {} && runuser -u postgres -- sh -c \"{call}\"",
                self.directory.display()
            ))
        } else {
            shell(&call)
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.program(
            "pg_ctl",
            &format!("-D {}/data -m immediate stop", self.directory.display()),
        ));
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn shell(call: &str) -> Result<(), String> {
    let status = Command::new("sh")
        .args(["-c", call])
        .status()
        .map_err(|error| error.to_string())?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("failed: {call}"))
    }
}

fn root_user() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout.starts_with(b"0"))
}

/// Where PostgreSQL's programs are; installs them where that is possible.
fn programs() -> Option<PathBuf> {
    let find = || {
        let entries = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let mut versions: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .filter(|bin| bin.join("initdb").exists())
            .collect();
        versions.sort();
        versions.pop()
    };
    if find().is_none() && root_user() && have("apt-get") {
        drop(run("apt-get", &["update", "-q"]));
        drop(run("apt-get", &["install", "-yq", "postgresql"]));
    }
    find().filter(|bin| Path::new(bin).exists())
}
