//! A directory of its own for one installation, and the ways to run the program in it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::running::Running;
use crate::wait::until;

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
    pub(crate) fn with(self, key: &str, value: &str) -> Self {
        self.told(&format!("TOUCHSTONE__{key}"), value)
    }

    /// With a variable that is no key of the configuration.
    pub(crate) fn told(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
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

    /// Runs a command to its end beside a platform that is asked before and after it: the connections to it
    /// are looked after meanwhile.
    pub(crate) async fn run_beside(&self, args: &[&str]) -> Said {
        let (out, err) = (self.path("beside.out"), self.path("beside.err"));
        let mut command = self.command(args);
        command.stdin(Stdio::null());
        command.stdout(File::create(&out).unwrap());
        command.stderr(File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let status = until("the command ends", async || child.try_wait().unwrap()).await;
        Said {
            code: status.code(),
            out: std::fs::read_to_string(out).unwrap(),
            err: std::fs::read_to_string(err).unwrap(),
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

    /// Begins a command; what it says on either stream is in the file, as a cluster merges them.
    pub(crate) fn begin_merged(&self, args: &[&str]) -> (Child, PathBuf) {
        let log = self.path("log");
        let (out, mut command) = (File::create(&log).unwrap(), self.command(args));
        command.stderr(out.try_clone().unwrap()).stdout(out);
        command.stdin(Stdio::null());
        (command.spawn().unwrap(), log)
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
