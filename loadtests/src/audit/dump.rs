//! Where the journal's lines come from. Only the run's own server has a journal that can be read;
//! it is read after the server has stopped.

use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Where the lines come from, once the own server has stopped.
pub trait JournalSource: Send {
    /// Opens it at its first line. Called once, where blocking is allowed.
    fn open(&mut self) -> io::Result<Box<dyn BufRead + Send>>;
}

impl<F> JournalSource for F
where
    F: FnMut() -> io::Result<Box<dyn BufRead + Send>> + Send,
{
    fn open(&mut self) -> io::Result<Box<dyn BufRead + Send>> {
        self()
    }
}

/// A [`JournalSource`] that runs a program, such as `holdfast journal dump`, and reads what it
/// prints. A program that fails makes the reading fail.
#[derive(Clone, Debug)]
pub struct DumpCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl JournalSource for DumpCommand {
    fn open(&mut self) -> io::Result<Box<dyn BufRead + Send>> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Box::new(io::BufReader::with_capacity(1 << 16, Dump { child, stdout })))
    }
}

/// The output of a program that has to end well.
struct Dump {
    child: Child,
    stdout: ChildStdout,
}

impl io::Read for Dump {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stdout.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            let status = self.child.wait()?;
            if !status.success() {
                return Err(io::Error::other(format!("the journal's dump failed ({status})")));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_that_fails_is_not_the_end_of_a_journal() {
        let script = |end| DumpCommand {
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), format!("echo one; {end}")],
        };
        let read = |mut dump: DumpCommand| {
            let mut text = String::new();
            io::Read::read_to_string(&mut dump.open().unwrap(), &mut text).map(|_| text)
        };
        assert_eq!(read(script("exit 0")).unwrap(), "one\n");
        assert!(read(script("exit 1")).unwrap_err().to_string().contains("failed"));
    }
}
