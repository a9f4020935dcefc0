//! A serving process; it ends when it is dropped.

use std::path::PathBuf;
use std::process::{Child, Command};

use crate::api::Api;
use crate::wait::until;

pub(crate) struct Running {
    child: Child,
    /// What it has printed.
    out: PathBuf,
    err: PathBuf,
    pub api: Api,
}

impl Running {
    /// Waits until it says where it is.
    pub(crate) async fn start(mut child: Child, out: PathBuf, err: PathBuf) -> Self {
        let address = until("it says where it is", async || {
            let said = std::fs::read_to_string(&out).unwrap();
            if let Some(status) = child.try_wait().unwrap() {
                panic!(
                    "it ended with {status}: {}",
                    std::fs::read_to_string(&err).unwrap()
                );
            }
            said.contains("Connect with: ").then_some(())?;
            let at = said.split("http://").nth(1)?;
            Some(at.lines().next()?.to_owned())
        })
        .await;
        Self {
            child,
            out,
            err,
            api: Api::new(&address),
        }
    }

    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    /// What it has logged.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(&self.err).unwrap()
    }

    /// Sends a signal by its name: `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end, and says with which code.
    pub(crate) async fn ended(mut self) -> Option<i32> {
        let child = &mut self.child;
        let status = until("it ends", async || child.try_wait().unwrap()).await;
        status.code()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.signal("TERM");
        assert_eq!(self.ended().await, Some(0));
    }

    /// Ends it without a word: `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
