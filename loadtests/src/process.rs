//! A server of the run's own: a child process that is started, killed without warning, started
//! again on the same ports and data, and stopped with grace.
//!
//! The child says on its standard output where it is (`http=HOST:PORT`, `grpc=HOST:PORT`). What
//! it logs goes to a file, so that it does not run through the progress display. A child never
//! outlives this value.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a server may take from its start to saying where it is; it may have to replay.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// How long a server may drain before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of the log an error quotes.
const LOG_TAIL_BYTES: usize = 2_000;

/// Where a server listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Addresses {
    /// `HOST:PORT` of gRPC.
    pub grpc: String,
    /// `HOST:PORT` of REST.
    pub http: String,
}

/// A server that a run may start and end as it likes. Its data outlives all of that.
pub trait Server: Send {
    /// Starts it, on the ports that it had before if it ran before.
    fn start(&mut self) -> BoxFuture<'_, Result<Addresses, Error>>;

    /// Ends it at once, as SIGKILL does, and waits until it is gone. The signal is sent when
    /// the future is first polled.
    fn kill(&mut self) -> BoxFuture<'_, Result<(), Error>>;

    /// Lets it drain and end, as SIGTERM does, and waits until it is gone.
    fn stop(&mut self) -> BoxFuture<'_, Result<(), Error>>;
}

/// Why a server could not be started or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program could not be run.
    #[error("cannot run {program}: {source}")]
    Spawn {
        /// What was to be run.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The file for the server's log could not be opened.
    #[error("cannot write the server's log to {path}: {source}")]
    Log {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended by itself before it said where it is.
    #[error("the server ended ({status}) before it said where it is; its log ends with:\n{log}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It did not say where it is.
    #[error("the server did not say where it is within {} s; its log ends with:\n{log}",
        START_TIMEOUT.as_secs())]
    Silent {
        /// The end of its log.
        log: String,
    },
    /// It ended with an error when it was asked to stop.
    #[error("the server did not stop cleanly ({status}); its log ends with:\n{log}")]
    Unclean {
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It did not stop in time and was killed.
    #[error("the server did not stop within {} s and was killed; its log ends with:\n{log}",
        STOP_TIMEOUT.as_secs())]
    WouldNotStop {
        /// The end of its log.
        log: String,
    },
    /// A signal could not be sent, or the end not be waited for.
    #[error("cannot end the server: {0}")]
    Signal(#[from] io::Error),
    /// There is no process to end.
    #[error("the server is not running")]
    NotRunning,
}

/// A [`Server`] that is a child process of the program that one names. It gets `--http ADDR
/// --grpc ADDR` after its own arguments: port 0 the first time, what it took after.
#[derive(Debug)]
pub struct ServerProcess {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    addresses: Option<Addresses>,
    child: Option<Child>,
}

impl ServerProcess {
    /// Nothing runs before `start`. The log is appended to the file `log`.
    pub fn new(program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            log: log.into(),
            addresses: None,
            child: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds a variable to what the child inherits.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn spawn(&self) -> Result<Child, Error> {
        let log_error = |source| Error::Log { path: self.log.clone(), source };
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(log_error)?;
        let any_port = "127.0.0.1:0".to_owned();
        let (http, grpc) = match &self.addresses {
            Some(addresses) => (addresses.http.clone(), addresses.grpc.clone()),
            None => (any_port.clone(), any_port),
        };
        Command::new(&self.program)
            .args(&self.arguments)
            .args(["--http", &http, "--grpc", &grpc])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Error::Spawn { program: self.program.display().to_string(), source })
    }

    async fn start_process(&mut self) -> Result<Addresses, Error> {
        let mut child = self.spawn()?;
        let stdout = child.stdout.take().ok_or(Error::NotRunning)?;
        let mut lines = BufReader::new(stdout).lines();
        let heard = tokio::time::timeout(START_TIMEOUT, listen(&mut lines)).await;
        match heard {
            Ok(Some(addresses)) => {
                // Nobody may block on a full pipe later.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                self.addresses = Some(addresses.clone());
                self.child = Some(child);
                Ok(addresses)
            }
            Ok(None) => {
                let status = child.wait().await?;
                Err(Error::Ended { status, log: self.log_tail() })
            }
            Err(_) => Err(Error::Silent { log: self.log_tail() }),
        }
    }

    async fn stop_process(&mut self) -> Result<(), Error> {
        let mut child = self.child.take().ok_or(Error::NotRunning)?;
        if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            kill_process(pid, Signal::TERM).map_err(io::Error::from)?;
        }
        match tokio::time::timeout(STOP_TIMEOUT, child.wait()).await {
            Ok(status) => {
                let status = status?;
                let log = || self.log_tail();
                if status.success() { Ok(()) } else { Err(Error::Unclean { status, log: log() }) }
            }
            Err(_) => {
                child.kill().await?;
                Err(Error::WouldNotStop { log: self.log_tail() })
            }
        }
    }

    async fn kill_process(&mut self) -> Result<(), Error> {
        let mut child = self.child.take().ok_or(Error::NotRunning)?;
        child.start_kill()?;
        child.wait().await?;
        Ok(())
    }

    fn log_tail(&self) -> String {
        tail(&self.log).unwrap_or_else(|error| format!("(cannot be read: {error})"))
    }
}

/// Reads lines until both addresses were said; `None` if the output ends before.
async fn listen(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Addresses> {
    let (mut http, mut grpc) = (None, None);
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = line.trim().strip_prefix("http=") {
            http = Some(address.to_owned());
        } else if let Some(address) = line.trim().strip_prefix("grpc=") {
            grpc = Some(address.to_owned());
        }
        if let (Some(http), Some(grpc)) = (&http, &grpc) {
            return Some(Addresses { grpc: grpc.clone(), http: http.clone() });
        }
    }
    None
}

fn tail(path: &PathBuf) -> io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(LOG_TAIL_BYTES as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::with_capacity(LOG_TAIL_BYTES);
    file.take(LOG_TAIL_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Server for ServerProcess {
    fn start(&mut self) -> BoxFuture<'_, Result<Addresses, Error>> {
        Box::pin(self.start_process())
    }

    fn kill(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.kill_process())
    }

    fn stop(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.stop_process())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that says where it is as it was told, and waits.
    fn server(log: PathBuf, after: &str) -> ServerProcess {
        let script = format!(
            "trap 'exit 0' TERM; echo started >&2; echo hello; \
             [ $2 = 127.0.0.1:0 ] && p=41 || p=42; echo http=127.0.0.1:$p; echo grpc=$4; {after}"
        );
        ServerProcess::new("/bin/sh", log).args(["-c".to_owned(), script, "server".to_owned()])
    }

    #[tokio::test]
    async fn a_server_comes_back_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log");
        let mut server = server(log.clone(), "while :; do read x; done");
        let first = server.start().await.unwrap();
        assert_eq!(first.http, "127.0.0.1:41");
        server.kill().await.unwrap();
        let second = server.start().await.unwrap();
        assert_eq!(second.http, "127.0.0.1:42", "it was told a port");
        assert_eq!(second.grpc, first.grpc);
        server.stop().await.unwrap();
        assert!(matches!(server.stop().await, Err(Error::NotRunning)));
        assert_eq!(std::fs::read_to_string(log).unwrap(), "started\nstarted\n");
    }

    #[tokio::test]
    async fn a_server_that_ends_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log");
        let broken = "echo cannot listen >&2; exit 3".to_owned();
        let mut server = ServerProcess::new("/bin/sh", log).args(["-c".to_owned(), broken]);
        let error = server.start().await.unwrap_err().to_string();
        assert!(error.contains("cannot listen") && error.contains('3'), "{error}");
    }
}
