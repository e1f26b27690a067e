//! A process of a peer: its folder on the disk that the build is on, its port, and its end.
//!
//! Must always hold: dropping it ends the process and removes the folder, whatever happened.

use std::fs::Permissions;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a server may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Between two looks at whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A running server in a folder of its own.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    end: Signal,
    folder: TempDir,
    port: u16,
}

impl Server {
    /// Starts what `command` makes of a folder and a free port. `end` is the signal that ends it
    /// at once and with all of its children, whatever they do.
    pub(super) fn start(
        folder: TempDir,
        end: Signal,
        command: impl FnOnce(&Path, u16) -> Command,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut command = command(folder.path(), port);
        let log = std::fs::File::create(folder.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("{program} does not start"))?;
        Ok(Self { child, end, folder, port })
    }

    /// Where it listens, on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Asks until there is an answer.
    pub(super) async fn ready<T, E, F>(&mut self, ask: impl Fn() -> F) -> anyhow::Result<T>
    where
        E: std::error::Error,
        F: Future<Output = Result<T, E>>,
    {
        let started = Instant::now();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let answer = ask().await;
            // Who answers may be somebody else, if another process was first on the port.
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}): {}", self.log());
            }
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) if started.elapsed() > READY_WITHIN => {
                    bail!("no answer ({error}): {}", self.log());
                }
                Err(_) => {}
            }
        }
    }

    /// The end of what it has said.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            // It may have ended by itself.
            let _ = kill_process(pid, self.end);
        }
        let _ = self.child.wait();
    }
}

/// A new folder on the disk that the build is on, which another user may use as well; a system's
/// folder for temporary files may be memory.
pub(super) fn disk_folder() -> anyhow::Result<TempDir> {
    let parent = target_folder()?.join("tmp");
    std::fs::create_dir_all(&parent)?;
    let folder = tempfile::Builder::new().prefix("peer-").tempdir_in(&parent)?;
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
    Ok(folder)
}

/// The folder of builds that this program is in: the one that cargo has put its mark into.
fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(folder.map_or_else(|| PathBuf::from("target"), Path::to_path_buf))
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Server {
        let start = |_: &Path, _| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            command
        };
        Server::start(disk_folder().unwrap(), Signal::KILL, start).unwrap()
    }

    #[tokio::test]
    async fn one_that_ends_is_quoted_and_leaves_nothing() {
        let mut server = shell("echo cannot listen >&2; exit 3");
        let folder = server.folder.path().to_owned();
        let never = || async { Err::<(), _>(std::io::Error::other("nobody is there")) };
        let error = server.ready(never).await.unwrap_err().to_string();
        assert!(error.contains("cannot listen") && error.contains('3'), "{error}");
        drop(server);
        assert!(!folder.exists());
    }

    #[test]
    fn one_that_would_not_end_is_ended() {
        let server = shell("trap '' INT TERM; while :; do :; done");
        let process = PathBuf::from(format!("/proc/{}", server.child.id()));
        assert!(process.exists());
        drop(server);
        assert!(!process.exists());
    }
}
