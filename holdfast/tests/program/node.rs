//! A real `holdfast` process for a test: started on free ports, found by what it prints, killed
//! or stopped by signals, and never left behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_holdfast");

/// A serving process.
pub(crate) struct Node {
    child: Child,
    addresses: Vec<(String, String)>,
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
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut node = Self { child, addresses: Vec::new() };
        let mut lines = BufReader::new(stdout).lines();
        while node.addresses.len() < names.len() {
            let line = lines.next().expect("it says where it is").expect("in text");
            let (name, address) = line.split_once('=').expect("as name=HOST:PORT");
            assert!(names.contains(&name), "{line}");
            node.addresses.push((name.to_owned(), address.to_owned()));
        }
        node
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
