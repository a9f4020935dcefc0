//! A directory of its own for one installation, and the ways to run the program in it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::running::Running;

/// One installation: its files outlive its processes.
pub(crate) struct Home {
    dir: TempDir,
    environment: Vec<(String, String)>,
    config: Option<PathBuf>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    /// Nothing but the defaults, on any free port.
    pub(crate) fn new() -> Self {
        let home = Self {
            dir: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            config: None,
        };
        home.with("HTTP__LISTEN", "127.0.0.1:0")
    }

    /// The demo, in a hurry.
    pub(crate) fn simulated() -> Self {
        Self::new()
            .with("SIMULATOR__PACE", "20")
            .with("HTTP__DRAIN_MS", "500")
    }

    /// With a variable in the environment.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.environment
            .push((format!("TOUCHSTONE__{key}"), value.to_owned()));
        self
    }

    /// With a file.
    pub(crate) fn configured(mut self, text: &str) -> Self {
        let path = self.path("touchstone.toml");
        std::fs::write(&path, text).unwrap();
        self.config = Some(path);
        self
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
        command.current_dir(self.dir.path()).env_clear();
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command.args(args);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str], input: &str) -> Said {
        let mut command = self.command(args);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One that refuses at once does not read.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Begins a command; what it says on standard error is in the file.
    pub(crate) fn begin(&self, args: &[&str]) -> (Child, PathBuf) {
        let err = self.path("err");
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&err).unwrap());
        (command.spawn().unwrap(), err)
    }

    /// Serves, and returns when it says where.
    pub(crate) async fn start(&self, args: &[&str]) -> Running {
        let (out, err) = (self.path("out"), self.path("err"));
        let mut command = self.command(args);
        command.stdin(Stdio::null());
        command.stdout(File::create(&out).unwrap());
        command.stderr(File::create(&err).unwrap());
        Running::start(command.spawn().unwrap(), out, err).await
    }
}
