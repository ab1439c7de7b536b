//! Running other programs, always in the repository's root.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::place::root;

/// A call of a program.
pub(crate) struct Program {
    name: OsString,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
}

/// What a program said on standard output, and how it ended.
pub(crate) struct Output {
    pub(crate) text: String,
    /// Absent when a signal ended it.
    pub(crate) status: Option<i32>,
}

impl Program {
    pub(crate) fn new<A: AsRef<OsStr>>(
        name: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            name: name.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
        }
        .args(args)
    }

    pub(crate) fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs it on this terminal; fails when it does.
    pub(crate) fn run(self) -> Result<(), String> {
        println!("$ {}", self.line());
        let status = self.command().status().map_err(|error| self.lost(&error))?;
        match status.code() {
            Some(0) => Ok(()),
            Some(code) => Err(format!("`{}` ended with {code}", self.line())),
            None => Err(format!("`{}` was stopped by a signal", self.line())),
        }
    }

    /// Runs it and takes its standard output, whatever its exit status.
    pub(crate) fn output(self) -> Result<Output, String> {
        let output = self
            .command()
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| self.lost(&error))?;
        Ok(Output {
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            status: output.status.code(),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.name);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(root());
        command
    }

    fn line(&self) -> String {
        let words = std::iter::once(&self.name).chain(&self.args);
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    fn lost(&self, error: &std::io::Error) -> String {
        format!("{} cannot be started: {error}", self.name.to_string_lossy())
    }
}

/// Where a program lies on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// Whether this process may install packages and must not run a database.
pub(crate) fn is_root() -> bool {
    Program::new("id", ["-u"])
        .output()
        .is_ok_and(|id| id.text.trim() == "0")
}
