//! A server of an experiment's own: a process of the program, started on one address and one data
//! directory again and again, killed without warning, stopped with grace, and never left behind.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncBufReadExt;
use tokio::process::{Child, Command};
use tonic::transport::Endpoint;

use crate::checker::{DumpError, Fact, read_dump};
use crate::limits::{LOG_TAIL_BYTES, SERVER_PATIENCE};

/// Why a server does not do as it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program cannot be run, or a signal not be sent.
    #[error("cannot run {}: {source}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended before it served.
    #[error("the server did not come to serve; its log ends with:\n{log}")]
    NotServing {
        /// The end of its log.
        log: String,
    },
    /// It did not leave when it was asked to, or not in order.
    #[error("the server did not leave in order ({status}); its log ends with:\n{log}")]
    Unclean {
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// Its journal cannot be read.
    #[error("`holdfast journal {what}` failed: {says}")]
    Journal {
        /// Which command.
        what: &'static str,
        /// What it wrote to standard error.
        says: String,
    },
    /// A dump is none.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The address that it printed is none.
    #[error("{0} is no address")]
    Address(String),
}

/// What a server is, and what it says once it serves.
#[derive(Clone, Copy, Debug)]
struct Role {
    /// What the program is told to be.
    word: &'static str,
    /// The flag of its address, which is also what that is printed as.
    serves: &'static str,
    /// Whether it has a data directory.
    has_data: bool,
}

const ENGINE: Role = Role { word: "engine", serves: "grpc", has_data: true };
const EDGE: Role = Role { word: "edge", serves: "http", has_data: false };

/// A server.
#[derive(Debug)]
pub struct Server {
    role: Role,
    program: PathBuf,
    /// What is run in front of the program, such as `taskset -c 0`.
    wrapper: Vec<String>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    data_dir: PathBuf,
    log: PathBuf,
    address: Option<String>,
    child: Option<Child>,
}

impl Server {
    /// An engine of its own, in a folder of its own. Nothing runs before `start`.
    pub fn new(program: &Path, folder: &Path) -> Self {
        Self {
            role: ENGINE,
            // What runs it may do so from elsewhere.
            program: std::path::absolute(program).unwrap_or_else(|_| program.to_owned()),
            wrapper: Vec::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
            data_dir: folder.join("data"),
            log: folder.join("server.log"),
            address: None,
            child: None,
        }
    }

    /// An edge before the engine at `HOST:PORT`. Its log lies in a folder, under its name.
    pub fn edge(program: &Path, folder: &Path, name: &str, engine: &str) -> Self {
        let log = folder.join(format!("{name}.log"));
        let edge = Self { role: EDGE, log, ..Self::new(program, folder) };
        edge.with_arguments(&["--engine", &format!("http://{engine}")])
    }

    /// Runs it by another program, which becomes it.
    #[must_use]
    pub fn wrapped(mut self, words: &[&str]) -> Self {
        self.wrapper = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Keeps its data elsewhere than in its folder.
    #[must_use]
    pub fn keeping_data_in(mut self, path: &Path) -> Self {
        self.data_dir = path.to_owned();
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn with_arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|word| (*word).to_owned()));
        self
    }

    /// Adds a variable to what the process inherits.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Starts it where it was before, and waits until it serves. How long that took.
    ///
    /// # Errors
    /// If it does not come to serve.
    pub async fn start(&mut self) -> Result<Duration, Error> {
        let started = Instant::now();
        let mut child = self.spawn()?;
        let is_told = |line: &str| {
            let address = line.trim().strip_prefix(self.role.serves)?.strip_prefix('=')?;
            Some(address.to_owned())
        };
        let Some(stdout) = child.stdout.take() else { return Err(self.not_serving()) };
        let mut lines = tokio::io::BufReader::new(stdout).lines();
        let serving = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = is_told(&line) {
                    return Some(address);
                }
            }
            None
        };
        match tokio::time::timeout(SERVER_PATIENCE, serving).await {
            Ok(Some(address)) => {
                self.address = Some(address);
                self.child = Some(child);
                Ok(started.elapsed())
            }
            Ok(None) | Err(_) => Err(self.not_serving()),
        }
    }

    fn spawn(&self) -> Result<Child, Error> {
        let failed = |source| Error::Run { program: self.program.clone(), source };
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let mut words = self.wrapper.iter().map(PathBuf::from).chain([self.program.clone()]);
        let mut command = Command::new(words.next().unwrap_or_else(|| self.program.clone()));
        command.args(words).arg(self.role.word);
        if self.role.has_data {
            command.arg("--data-dir").arg(&self.data_dir);
        }
        let address = self.address.as_deref().unwrap_or("127.0.0.1:0");
        command.arg(format!("--{}={address}", self.role.serves)).args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.map_err(failed)?);
        command.kill_on_drop(true).spawn().map_err(failed)
    }

    fn not_serving(&self) -> Error {
        Error::NotServing { log: self.log_tail() }
    }

    /// Where it serves.
    ///
    /// # Errors
    /// If it never served.
    pub fn endpoint(&self) -> Result<Endpoint, Error> {
        let address = self.address.clone().unwrap_or_default();
        Endpoint::from_shared(format!("http://{address}")).map_err(|_| Error::Address(address))
    }

    /// `HOST:PORT`, once it has served.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Its process.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Time that all of its threads have had of the processors; `None` if it is not running.
    pub fn processor_time(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process_id()?)).ok()?;
        // Behind the name, which may have anything in it, fields 14 and 15: user and system.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        let (user, system) = (ticks()?, ticks()?);
        // Told in hundredths of a second, whatever the kernel ticks by.
        Some(Duration::from_millis((user + system) * 10))
    }

    /// Ends it at once, and waits until it is gone.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub async fn kill(&mut self) -> Result<(), Error> {
        let failed = |source| Error::Run { program: self.program.clone(), source };
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.start_kill().map_err(failed)?;
        child.wait().await.map(drop).map_err(failed)
    }

    /// Asks it to leave, and waits until it has.
    ///
    /// # Errors
    /// If it does not leave in order.
    pub async fn stop(&mut self) -> Result<(), Error> {
        let failed = |source: io::Error| Error::Run { program: self.program.clone(), source };
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM).map_err(|error| failed(error.into()))?;
        }
        let ended = tokio::time::timeout(SERVER_PATIENCE, child.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            other => {
                let status = match other {
                    Ok(Ok(status)) => status.to_string(),
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => "it went on".to_owned(),
                };
                Err(Error::Unclean { status, log: self.log_tail() })
            }
        }
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// If it goes on.
    pub async fn ended(&mut self) -> Result<ExitStatus, Error> {
        let failed = |source| Error::Run { program: self.program.clone(), source };
        let Some(mut child) = self.child.take() else { return Err(self.not_serving()) };
        match tokio::time::timeout(SERVER_PATIENCE, child.wait()).await {
            Ok(ended) => ended.map_err(failed),
            Err(_) => {
                let status = "it went on".to_owned();
                Err(Error::Unclean { status, log: self.log_tail() })
            }
        }
    }

    /// Every fact of its journal, by `holdfast journal dump`, after `journal verify` has found the
    /// journal whole.
    ///
    /// # Errors
    /// If one of them fails.
    pub fn dump(&self) -> Result<Vec<Fact>, Error> {
        self.journal("verify")?;
        Ok(read_dump(BufReader::new(&*self.journal("dump")?))?)
    }

    /// What a Postgres and its journal say of each other, by `holdfast journal compare`: nothing if
    /// all that is durable is there, as a replay says.
    ///
    /// # Errors
    /// If they cannot be compared.
    pub fn compare(&self, database_url: &str) -> Result<Option<String>, Error> {
        let failed = |source| Error::Run { program: self.program.clone(), source };
        let mut command = std::process::Command::new(&self.program);
        command.args(["journal", "compare", "--data-dir"]).arg(&self.data_dir);
        let output = command.env("HOLDFAST_DATABASE_URL", database_url).output().map_err(failed)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if said.is_empty() {
            let says = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Error::Journal { what: "compare", says });
        }
        let is_equal = output.status.success() && said.contains("; 0 facts behind");
        Ok((!is_equal).then_some(said))
    }

    /// Stops it in the middle, or lets it go on.
    ///
    /// # Errors
    /// If the signal cannot be sent.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let failed = |source: io::Error| Error::Run { program: self.program.clone(), source };
        let pid = self.process_id().and_then(|id| Pid::from_raw(id.cast_signed()));
        pid.map_or(Ok(()), |pid| kill_process(pid, signal).map_err(|error| failed(error.into())))
    }

    /// Where it keeps its data.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn journal(&self, what: &'static str) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::Run { program: self.program.clone(), source };
        let mut words = self.wrapper.iter().map(PathBuf::from).chain([self.program.clone()]);
        let mut command =
            std::process::Command::new(words.next().unwrap_or_else(|| self.program.clone()));
        command.args(words).args(["journal", what, "--data-dir"]).arg(&self.data_dir);
        let output = command.output().map_err(failed)?;
        if !output.status.success() {
            let says = [&output.stderr[..], &output.stdout[..]].concat();
            return Err(Error::Journal { what, says: String::from_utf8_lossy(&says).into() });
        }
        Ok(output.stdout)
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        let read = || -> io::Result<String> {
            let mut file = std::fs::File::open(&self.log)?;
            let from = file.metadata()?.len().saturating_sub(LOG_TAIL_BYTES);
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_else(|error| format!("(cannot be read: {error})"))
    }
}
