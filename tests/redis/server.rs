//! A Redis server of one test: started, killed and started again.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The longest that a server takes to answer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    port: u16,
    password: Option<&'static str>,
    home: TempDir,
    child: Option<Child>,
}

impl Server {
    /// One that keeps every write on disk.
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// One that wants a password.
    pub(crate) fn start_with(password: Option<&'static str>) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let home = tempfile::tempdir().unwrap();
        let mut server = Self {
            port,
            password,
            home,
            child: None,
        };
        server.again();
        server
    }

    /// Its address, with the password.
    pub(crate) fn url(&self) -> String {
        let user = self
            .password
            .map(|it| format!(":{it}@"))
            .unwrap_or_default();
        format!("redis://{user}127.0.0.1:{}/0", self.port())
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Takes away what it kept.
    pub(crate) fn forget(&self) {
        assert!(self.child.is_none(), "it runs");
        std::fs::remove_dir_all(self.home.path().join("appendonlydir")).unwrap();
    }

    /// Starts it again, with what it kept.
    pub(crate) fn again(&mut self) {
        let mut command = Command::new("redis-server");
        command.current_dir(self.home.path());
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        command.args([
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        ]);
        if let Some(password) = self.password {
            command.args(["--requirepass", password]);
        }
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn();
        self.child =
            Some(child.expect("redis-server starts: it is on the PATH under scripts/services"));
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < PATIENCE, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn answers(&self) -> bool {
        let Ok(mut socket) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let mut answer = [0; 7];
        socket.write_all(b"PING\r\n").unwrap();
        socket.read_exact(&mut answer).is_ok() && [b"+PONG\r\n", b"-NOAUTH"].contains(&&answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
