//! A process of a server: its folder, its port, and its end.
//!
//! Must always hold: dropping it ends the process and removes the folder, whatever happened.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a server may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Between two looks at whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How a server is started, given its folder and its port.
type Start = Box<dyn Fn(&Path, u16) -> Command + Send + Sync>;

/// A server in a folder of its own.
pub(crate) struct Server {
    start: Start,
    /// None while it is down.
    child: Option<Child>,
    end: Signal,
    folder: TempDir,
    port: u16,
}

impl Server {
    /// Starts what `start` makes of a folder and a free port. `end` is the signal that ends it at
    /// once and with all of its children, whatever they do.
    pub(crate) fn start(
        folder: TempDir,
        end: Signal,
        start: impl Fn(&Path, u16) -> Command + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut server = Self { start: Box::new(start), child: None, end, folder, port };
        server.start_again()?;
        Ok(server)
    }

    /// Starts it where it was, if it is down.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let mut command = (self.start)(self.folder.path(), self.port);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("{program} does not start"))?;
        self.child = Some(child);
        Ok(())
    }

    /// Ends it with this signal, and waits until it is gone. Its folder and port stay its own.
    pub(crate) fn stop(&mut self, signal: Signal) -> anyhow::Result<()> {
        self.signal(signal)?;
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// Sends it a signal; nothing if it is down.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        if let Some(pid) = self.pid() {
            kill_process(pid, signal)?;
        }
        Ok(())
    }

    /// Its process; none while it is down.
    pub(crate) fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.as_ref()?.id().cast_signed())
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Asks until there is an answer.
    pub(crate) async fn ready<T, E, F>(&mut self, ask: impl Fn() -> F) -> anyhow::Result<T>
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
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = ended {
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

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; and one that was stopped in the middle hears no other.
        let _ = self.signal(self.end);
        let _ = self.signal(Signal::CONT);
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::disk_folder;

    fn shell(script: &'static str) -> Server {
        let start = move |_: &Path, _| {
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
        let process = PathBuf::from(format!("/proc/{}", server.pid().unwrap()));
        assert!(process.exists());
        drop(server);
        assert!(!process.exists());
    }

    #[test]
    fn one_that_was_ended_starts_again_where_it_was() {
        let mut server = shell("sleep 60");
        let (first, port) = (server.pid().unwrap(), server.port());
        server.stop(Signal::KILL).unwrap();
        assert_eq!(server.pid(), None);
        server.signal(Signal::TERM).unwrap();
        server.start_again().unwrap();
        assert_ne!(server.pid().unwrap(), first);
        assert_eq!(server.port(), port);
    }
}
