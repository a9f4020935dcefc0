//! An installation: its files, its environment, and the program that runs in it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::running::Running;
use crate::world::{Version, World};

/// The stream in the database itself, past the program.
const EVENTS: &str = "SELECT seq, type, COALESCE(signal, '') FROM events ORDER BY seq";

/// Every version of every post.
const VERSIONS: &str = "SELECT channel, key FROM versions";

pub(crate) struct Site {
    home: TempDir,
    environment: Vec<(String, String)>,
    /// Which build runs.
    program: PathBuf,
    /// Where the record is, when it is on a server.
    server: Option<String>,
}

impl Site {
    pub(crate) fn in_world(world: &World) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("touchstone.toml"), world.config()).unwrap();
        Self {
            home,
            environment: Vec::new(),
            program: env!("CARGO_BIN_EXE_touchstone").into(),
            server: None,
        }
    }

    /// With a variable in the environment.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.environment
            .push((format!("TOUCHSTONE__{key}"), value.to_owned()));
        self
    }

    /// With its record on a server.
    pub(crate) fn on(mut self, url: &str) -> Self {
        self.server = Some(url.to_owned());
        self.with("STORE__URL", url)
    }

    /// From now on by another build.
    pub(crate) fn runs(&mut self, program: &Path) {
        self.program = program.to_owned();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.home.path()).env_clear();
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command.args(["--config", "touchstone.toml"]).args(args);
        command
    }

    /// Runs a command to its end; gives what it said, and whether it was done. A node may be serving beside
    /// it, so nothing is ever run at that one's address.
    pub(crate) fn run(&self, args: &[&str]) -> (bool, String) {
        let mut command = self.command(args);
        command.env("TOUCHSTONE__HTTP__LISTEN", "127.0.0.1:0");
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Serves, and returns when it says where.
    pub(crate) async fn start(&self) -> Running {
        let (out, err) = (self.path("out"), self.path("err"));
        let mut command = self.command(&[]);
        command.stdin(Stdio::null());
        command.stdout(File::create(&out).unwrap());
        // What every life has logged stays to be read.
        let log = File::options().create(true).append(true).open(&err);
        command.stderr(log.unwrap());
        Running::start(command.spawn().unwrap(), out, err).await
    }

    /// What is in the database itself.
    pub(crate) async fn rows(&self) -> (Vec<(i64, String, String)>, Vec<Version>) {
        match &self.server {
            Some(url) => {
                let mut server = PgConnection::connect(url).await.unwrap();
                let events = sqlx::query_as(EVENTS).fetch_all(&mut server).await;
                let versions = sqlx::query_as(VERSIONS).fetch_all(&mut server).await;
                (events.unwrap(), versions.unwrap())
            }
            None => {
                let options = sqlx::sqlite::SqliteConnectOptions::new();
                let options = options
                    .filename(self.path("data/touchstone.db"))
                    .read_only(true);
                let mut file = options.connect().await.unwrap();
                let events = sqlx::query_as(EVENTS).fetch_all(&mut file).await;
                let versions = sqlx::query_as(VERSIONS).fetch_all(&mut file).await;
                (events.unwrap(), versions.unwrap())
            }
        }
    }
}
