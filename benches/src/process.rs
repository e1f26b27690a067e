//! A server in a process of its own, as `holdfast` and the limits are run: it says on its
//! standard output where it is (`grpc=HOST:PORT`, `http=HOST:PORT`) and logs to a file.
//!
//! Must always hold: the process ends with this value, even if it is paused.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a server may take to say where it is.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of its log an error quotes.
const LOG_TAIL_BYTES: usize = 2_000;

/// A server that runs.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    log: PathBuf,
    addresses: Vec<(String, String)>,
}

impl ServerProcess {
    /// Starts `program` and waits until it has said where all of `names` are.
    ///
    /// # Errors
    /// If it ends before that or takes too long.
    pub async fn start(
        program: &Path,
        arguments: &[String],
        log: PathBuf,
        names: &[&str],
    ) -> anyhow::Result<Self> {
        let log_file =
            File::create(&log).with_context(|| format!("write the log {}", log.display()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("run {}", program.display()))?;
        let stdout = child.stdout.take().context("a server's output is piped")?;
        let mut server = Self { child, log, addresses: Vec::new() };
        let mut lines = BufReader::new(stdout).lines();
        let listen = async {
            while names.iter().any(|name| server.find(name).is_none()) {
                let Some(line) = lines.next_line().await? else {
                    bail!("it ended before it said where it is");
                };
                if let Some((name, address)) = line.trim().split_once('=') {
                    server.addresses.push((name.to_owned(), address.to_owned()));
                }
            }
            Ok(())
        };
        let heard = tokio::time::timeout(START_TIMEOUT, listen).await;
        let heard = heard.unwrap_or_else(|_| Err(anyhow!("it did not say where it is in time")));
        heard.with_context(|| format!("{}: {}", program.display(), server.log_tail()))?;
        // Nobody may block on a full pipe later.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(server)
    }

    fn find(&self, name: &str) -> Option<&str> {
        let mut named = self.addresses.iter().filter(|(of, _)| of == name);
        named.next().map(|(_, address)| address.as_str())
    }

    /// `HOST:PORT` of one of the names that it was started with.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn address(&self, name: &str) -> anyhow::Result<String> {
        let address = self.find(name).map(str::to_owned);
        address.with_context(|| format!("the server has not said where its {name} is"))
    }

    /// Lets it stand still.
    ///
    /// # Errors
    /// If it has ended.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// If it has ended.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let id = id.ok_or_else(|| anyhow!("the server has ended: {}", self.log_tail()))?;
        kill_process(id, signal).context("signal a server")
    }

    /// Asks it to leave and waits until it has.
    ///
    /// # Errors
    /// If it ends with an error or not in time.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.resume()?;
        self.signal(Signal::TERM)?;
        let ended = tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await;
        let status = ended.map_err(|_| anyhow!("a server would not leave"))??;
        ensure!(status.success(), "a server ended with {status}: {}", self.log_tail());
        Ok(())
    }

    /// The end of its log, for errors.
    pub fn log_tail(&self) -> String {
        match std::fs::read(&self.log) {
            Ok(log) => {
                let tail = &log[log.len().saturating_sub(LOG_TAIL_BYTES)..];
                String::from_utf8_lossy(tail).trim().to_owned()
            }
            Err(cause) => format!("its log cannot be read: {cause}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn start(script: &str, folder: &Path) -> anyhow::Result<ServerProcess> {
        let arguments = ["-c".to_owned(), script.to_owned()];
        ServerProcess::start(Path::new("/bin/sh"), &arguments, folder.join("log"), &["grpc"]).await
    }

    #[tokio::test]
    async fn a_server_says_where_it_is_and_leaves_even_when_paused() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 0' TERM; echo hello; echo grpc=h:1; while :; do read x; done";
        let server = start(script, folder.path()).await.unwrap();
        assert_eq!(server.address("grpc").unwrap(), "h:1");
        assert!(server.address("http").is_err());
        server.pause().unwrap();
        server.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_ends_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let error = start("echo cannot listen >&2; exit 3", folder.path()).await.unwrap_err();
        assert!(format!("{error:#}").contains("cannot listen"), "{error:#}");
        let script =
            "trap 'echo lost it >&2; exit 4' TERM; echo grpc=h:1; while :; do read x; done";
        let server = start(script, folder.path()).await.unwrap();
        let error = server.stop().await.unwrap_err().to_string();
        assert!(error.contains("lost it"), "{error}");
    }
}
