//! A disk that is full: a file system of a few megabytes under the database, filled to the last byte.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rounds;
use crate::running::Running;
use crate::scene::Scene;
use crate::wait::until;

const CLIENTS: usize = 24;

/// What is mounted, and how large it is.
const TMPFS: [&str; 5] = ["-t", "tmpfs", "-o", "size=64m", "tmpfs"];

/// The test below.
const NAME: &str = "disk::a_full_disk_makes_the_platform_wait_and_loses_nothing";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_makes_the_platform_wait_and_loses_nothing() {
    let mut scene = Scene::new(|site| site);
    let Some(disk) = Disk::mount(&scene.site.path("data")) else {
        drop(scene);
        again_as_root();
        return;
    };
    let node = scene.site.start().await;
    scene.listen(CLIENTS);
    for _ in 0..rounds() {
        scene.goes_on(10).await;
        let before = failures(&node).await;
        disk.fill();
        until("a commit fails", async || {
            (failures(&node).await > before).then_some(())
        })
        .await;
        // It lives and can be read, and says of itself that it stores nothing.
        assert_eq!(node.api.get("/healthz", &[]).await.status, 200);
        assert_eq!(node.api.get("/v1/events?limit=1", &[]).await.status, 200);
        let degraded = until("it says what does not work", async || {
            let ready = node.api.json("/readyz").await;
            (ready["status"] == "degraded").then_some(ready)
        })
        .await;
        let what = &degraded["degraded"][0];
        assert_eq!(what["what"], "store", "{degraded}");
        assert!(what["why"].to_string().contains("full"), "{degraded}");
        disk.clear();
        scene.goes_on(10).await;
        until("it is ready again", async || {
            let ready = node.api.json("/readyz").await;
            (ready["status"] == "ready").then_some(())
        })
        .await;
    }
    assert_eq!(scene.ends(), 0, "a listener was disturbed");
    scene.end(node, &format!("{} full disks", rounds())).await;
    drop(disk);
}

/// Runs the test as root of a user namespace, who may mount, too.
fn again_as_root() {
    let apart = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command
    };
    let place = tempfile::tempdir().unwrap();
    let mut mount = apart();
    mount.arg("mount").args(TMPFS).arg(place.path());
    if !mount.output().is_ok_and(|done| done.status.success()) {
        leave_out(
            "no disk was full: no file system can be mounted here, in a user namespace neither",
        );
        return;
    }
    let mut test = apart();
    test.arg(std::env::current_exe().unwrap());
    test.args([NAME, "--exact", "--nocapture"]);
    let done = test.output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    println!("{said}");
    let failed = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("test result: ok. 1 passed"), "{failed}");
}

/// `scripts/test` says at its end what was left out; in `scripts/full` nothing may be.
fn leave_out(what: &str) {
    println!("LEFT OUT: {what}");
    let whole = std::env::var_os("TOUCHSTONE_TEST_WHOLE");
    assert!(whole.is_none_or(|whole| whole.is_empty()), "{what}");
    if let Some(list) = std::env::var_os("TOUCHSTONE_TEST_LEFT_OUT") {
        let list = OpenOptions::new().create(true).append(true).open(list);
        writeln!(list.unwrap(), "{what}").unwrap();
    }
}

/// How many commits have failed.
async fn failures(node: &Running) -> u64 {
    let metrics = node.api.get("/metrics", &[]).await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    let mut lines = metrics.lines();
    let count = lines.find_map(|line| line.strip_prefix("touchstone_store_failures_total "));
    count.map_or(0, |count| count.parse().unwrap())
}

/// A file system in memory; it is taken away with the test.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(TMPFS).arg(at);
        let done = mount.output().ok()?;
        done.status.success().then(|| Self(at.to_owned()))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while ballast
                .write(&vec![0; size])
                .is_ok_and(|written| written > 0)
            {}
        }
    }

    fn clear(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        unmount.arg("-l").arg(&self.0);
        assert!(unmount.status().is_ok_and(|status| status.success()));
    }
}
