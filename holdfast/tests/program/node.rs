//! A real `holdfast` process for a test: started on free ports, found by what it prints, killed
//! or stopped by signals, and never left behind.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_holdfast");

/// A serving process.
pub(crate) struct Node {
    child: Child,
    addresses: Vec<(String, String)>,
    log: Option<Receiver<Value>>,
}

/// A process that does not serve yet, with a log for machines.
pub(crate) struct Starting {
    node: Node,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Starting {
    /// Any serving command; waits until its log says where it takes connections.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).args(["--log-format", "json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let stderr = child.stderr.take().expect("its log is piped");
        let (lines, log) = channel();
        // Until the process ends, so that it never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { return };
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                drop(lines.send(line));
            }
        });
        let mut node = Node { child, addresses: Vec::new(), log: Some(log) };
        let log = node.log_until("starting");
        let start = log.last().expect("it says that it starts");
        for name in ["http", "grpc", "metrics"] {
            if let Some(address) = start["fields"][name].as_str() {
                node.addresses.push((name.to_owned(), address.to_owned()));
            }
        }
        Self { node, stdout: BufReader::new(stdout).lines() }
    }

    /// Where it will listen, and takes connections already.
    pub(crate) fn address(&self, name: &str) -> &str {
        self.node.address(name)
    }

    /// Waits until it says that it serves, at each of `names` and nowhere else.
    pub(crate) fn serving(mut self, names: &[&str]) -> Node {
        let said = read_addresses(&mut self.stdout, names);
        for (name, address) in said {
            assert_eq!(self.node.address(&name), address, "{name} is where the log said");
        }
        self.node
    }

    /// Asks it to leave, and waits until it has.
    pub(crate) fn stop(self) -> ExitStatus {
        self.node.stop()
    }
}

fn read_addresses(
    lines: &mut Lines<BufReader<ChildStdout>>,
    names: &[&str],
) -> Vec<(String, String)> {
    let mut addresses = Vec::new();
    while addresses.len() < names.len() {
        let line = lines.next().expect("it says where it is").expect("in text");
        let (name, address) = line.split_once('=').expect("as name=HOST:PORT");
        assert!(names.contains(&name), "{line}");
        addresses.push((name.to_owned(), address.to_owned()));
    }
    addresses
}

impl Node {
    /// `holdfast up` on a data directory.
    pub(crate) fn up(data_dir: &Path, more: &[&str]) -> Self {
        let data_dir = data_dir.to_str().expect("a temporary path is text");
        let mut arguments = vec!["up", "--data-dir", data_dir];
        arguments.extend(["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]);
        arguments.extend(more);
        Self::start(&arguments, &["http", "grpc"])
    }

    /// Any serving command; waits until it has said where each of `names` is.
    pub(crate) fn start(arguments: &[&str], names: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        Self::start_by(command, names)
    }

    /// Any command that becomes a serving process.
    pub(crate) fn start_by(mut command: Command, names: &[&str]) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        // A child that fails a test is ended by this.
        let mut node = Self { child, addresses: Vec::new(), log: None };
        node.addresses = read_addresses(&mut lines, names);
        node
    }

    /// The lines of the log up to the next one with this message.
    pub(crate) fn log_until(&self, message: &str) -> Vec<Value> {
        let log = self.log.as_ref().expect("its log is for machines");
        let mut lines = Vec::new();
        loop {
            let line = log.recv().unwrap_or_else(|_| panic!("no {message:?} in {lines:#?}"));
            let is_last = line["fields"]["message"] == message;
            lines.push(line);
            if is_last {
                return lines;
            }
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self, name: &str) -> &str {
        let found = self.addresses.iter().find(|(known, _)| known == name);
        found.map(|(_, address)| address.as_str()).expect("it said where that is")
    }

    /// A URL of its edge.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address("http"))
    }

    /// Ends it as a power cut would, without a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is running");
        self.child.wait().expect("it ends");
    }

    /// Asks it to leave, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("it has an id"), Signal::TERM).expect("it is running");
        self.child.wait().expect("it ends")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Already ended, or not worth keeping.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
