//! A PostgreSQL of a test's own, which is killed and restarted under load.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::rounds;
use crate::scene::{Scene, for_a_while};

const CLIENTS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_that_is_killed_or_restarted_loses_nothing() {
    let mut cluster = Cluster::start();
    let mut scene = Scene::new(|site| site.on(cluster.url()));
    let node = scene.site.start().await;
    scene.listen(CLIENTS);
    for round in 0..rounds() {
        scene.goes_on(10).await;
        // By turns as a crash, and as an administrator does it.
        cluster.stop(["immediate", "fast"][round % 2]);
        for_a_while(Duration::from_millis(700)).await;
        cluster.again();
        scene.goes_on(10).await;
    }
    let ended = scene
        .end(node, &format!("{} restarts of PostgreSQL", rounds()))
        .await;
    let ends: Vec<_> = ended.logs.iter().flat_map(|log| &log.ends).collect();
    println!("{} connections of clients ended: {ends:?}", ends.len());
}

/// A cluster; it goes with the test.
pub(crate) struct Cluster {
    home: TempDir,
    programs: PathBuf,
    url: String,
    port: u16,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut cluster = Self {
            home: tempfile::tempdir().unwrap(),
            programs: programs(),
            url: format!("postgres://touchstone:chaos@127.0.0.1:{port}/postgres"),
            port,
        };
        cluster.make();
        cluster.again();
        cluster
    }

    /// Its address, for a superuser.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The programs that came with it: `pg_dump` and the others.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Stops it: `immediate` is a crash.
    pub(crate) fn stop(&mut self, mode: &str) {
        let data = self.home.path().join("data");
        self.run(
            "pg_ctl",
            &["-D", data.to_str().unwrap(), "-m", mode, "-w", "stop"],
        );
    }

    /// Starts it with what it kept, and waits until it answers.
    pub(crate) fn again(&mut self) {
        let home = self.home.path().to_str().unwrap();
        let (data, log) = (format!("{home}/data"), format!("{home}/log"));
        let options = format!(
            "-p {} -h 127.0.0.1 -k {home} -c fsync=off -c max_connections=60",
            self.port
        );
        self.run(
            "pg_ctl",
            &[
                "-D", &data, "-l", &log, "-w", "-t", "60", "-o", &options, "start",
            ],
        );
    }

    fn make(&self) {
        let home = self.home.path();
        let (data, password) = (home.join("data"), home.join("password"));
        std::fs::write(&password, "chaos").unwrap();
        if is_root() {
            let given = Command::new("chown")
                .args(["-R", "postgres"])
                .arg(home)
                .status();
            assert!(given.unwrap().success());
        }
        let pwfile = format!("--pwfile={}", password.to_str().unwrap());
        self.run(
            "initdb",
            &[
                "-D",
                data.to_str().unwrap(),
                "-U",
                "touchstone",
                "--auth=scram-sha-256",
                &pwfile,
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
        );
    }

    fn run(&self, program: &str, args: &[&str]) {
        let program = self.program(program);
        // It refuses to be root; its package brings a user for it.
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        // The server inherits them, so nobody may wait for their end.
        let log = std::fs::File::create(self.home.path().join("said")).unwrap();
        command
            .stdin(Stdio::null())
            .stderr(log.try_clone().unwrap());
        let done = command
            .current_dir(self.home.path())
            .args(args)
            .stdout(log)
            .status();
        let said = std::fs::read_to_string(self.home.path().join("said"));
        assert!(done.unwrap().success(), "{args:?}: {}", said.unwrap());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.home.path().join("data");
        let mut stop = Command::new(self.program("pg_ctl"));
        if is_root() {
            stop = Command::new("setpriv");
            stop.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            stop.arg(self.program("pg_ctl"));
        }
        stop.arg("-D").arg(data).args(["-m", "immediate", "stop"]);
        // It may be down already.
        stop.stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test asks where its programs are"
)]
fn programs() -> PathBuf {
    let said = std::env::var("TOUCHSTONE_TEST_POSTGRES_PROGRAMS").unwrap_or_else(|_| {
        panic!("these tests need a PostgreSQL: run them by `scripts/services cargo nextest run`")
    });
    let programs = Path::new(&said);
    assert!(programs.join("pg_ctl").exists(), "{said} has no pg_ctl");
    programs.to_owned()
}
