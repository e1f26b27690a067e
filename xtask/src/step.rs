//! One program of a command: what is started, and what its end means.
//!
//! Steps run in the root of the workspace, in order, and the first that fails ends the command
//! with its own exit code.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::Context;

/// A program with its arguments and variables.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    program: Program,
    arguments: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
}

#[derive(Clone, Debug)]
enum Program {
    /// The cargo that started this command, so that `cargo +toolchain xtask` keeps to it.
    Cargo,
    Named(String),
}

impl Step {
    /// A cargo command.
    pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Program::Cargo, arguments)
    }

    /// Any other program, found on the path or by its own.
    pub(crate) fn program<'a>(
        name: impl Into<String>,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::new(Program::Named(name.into()), arguments)
    }

    fn new<'a>(program: Program, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self { program, arguments, variables: Vec::new() }
    }

    /// The same step with one more variable in its environment.
    #[must_use]
    pub(crate) fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Runs the step to its end, its input and output being ours.
    pub(crate) fn run(&self) -> anyhow::Result<ExitStatus> {
        self.say()?;
        self.command().status().with_context(|| format!("starting `{self}`"))
    }

    /// Runs the step to its end, its input and output being ours, and hears each line that it
    /// writes to stderr.
    pub(crate) fn run_and_hear(&self, mut hear: impl FnMut(&str)) -> anyhow::Result<ExitStatus> {
        self.say()?;
        let child = self.command().stderr(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("starting `{self}`"))?;
        let lines = BufReader::new(child.stderr.take().context("stderr was piped")?);
        for line in lines.split(b'\n') {
            let line = line.with_context(|| format!("listening to `{self}`"))?;
            let line = String::from_utf8_lossy(&line);
            writeln!(io::stderr(), "{line}").context("writing to stderr")?;
            hear(&line);
        }
        child.wait().with_context(|| format!("waiting for `{self}`"))
    }

    /// Runs the step to its end and says what it wrote to stdout; `None` if it failed.
    pub(crate) fn run_quietly(&self) -> anyhow::Result<Option<String>> {
        let output = self.command().output().with_context(|| format!("starting `{self}`"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(output.status.success().then_some(text))
    }

    /// Says what is started: on stderr, for stdout belongs to the program.
    fn say(&self) -> anyhow::Result<()> {
        writeln!(io::stderr(), "+ {self}").context("writing to stderr")
    }

    fn command(&self) -> Command {
        let program = match &self.program {
            Program::Cargo => cargo(),
            Program::Named(name) => OsString::from(name),
        };
        let mut command = Command::new(program);
        let variables = self.variables.iter().copied();
        command.args(&self.arguments).envs(variables).current_dir(workspace_root());
        command
    }
}

/// The cargo that started this command.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(formatter, "{name}={value} ")?;
        }
        let program = match &self.program {
            Program::Cargo => "cargo",
            Program::Named(name) => name,
        };
        formatter.write_str(program)?;
        self.arguments.iter().try_for_each(|argument| write!(formatter, " {argument}"))
    }
}

/// Runs the steps in order up to the first that fails, and answers with its exit code.
pub(crate) fn run_all(steps: &[Step]) -> anyhow::Result<ExitCode> {
    for step in steps {
        let status = step.run()?;
        if !status.success() {
            return Ok(ExitCode::from(exit_code(status)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The exit code that a shell would give: a program's own, or 128 and the signal that ended it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Where steps run.
pub(crate) fn workspace_root() -> &'static Path {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.parent().expect("this crate's folder lies in the root of the workspace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_lock_file() {
        assert!(workspace_root().join("Cargo.lock").is_file());
    }

    #[test]
    fn the_exit_code_is_passed_on() {
        for (script, expected) in [("exit 0", 0), ("exit 101", 101), ("kill -9 $$", 137)] {
            let status = Step::program("sh", ["-c", script]).run().unwrap();
            assert_eq!(exit_code(status), expected, "{script}");
        }
    }

    #[test]
    fn the_first_failure_ends_the_command() {
        let folder = env::temp_dir().join(format!("xtask-step-{}", std::process::id()));
        let script = format!("mkdir {}", folder.display());
        let steps = [Step::program("sh", ["-c", "exit 3"]), Step::program("sh", ["-c", &script])];
        let code = run_all(&steps).unwrap();
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(3)));
        assert!(!folder.exists(), "the second step ran although the first had failed");
    }

    #[test]
    fn variables_reach_the_program() {
        let step = Step::program("sh", ["-c", "test \"$HOLDFAST_TEST_LONG\" = 1"]);
        assert!(!step.clone().with_variable("HOLDFAST_TEST_LONG", "0").run().unwrap().success());
        assert!(step.with_variable("HOLDFAST_TEST_LONG", "1").run().unwrap().success());
    }

    #[test]
    fn what_it_says_is_heard() {
        let mut heard = Vec::new();
        let script = "echo one >&2; echo two >&2; exit 4";
        let step = Step::program("sh", ["-c", script]);
        let status = step.run_and_hear(|line| heard.push(line.to_owned())).unwrap();
        assert_eq!((heard, exit_code(status)), (vec!["one".to_owned(), "two".to_owned()], 4));
    }

    #[test]
    fn what_is_written_is_told_unless_the_program_fails() {
        let told = |script| Step::program("sh", ["-c", script]).run_quietly().unwrap();
        assert_eq!(told("echo here"), Some("here\n".to_owned()));
        assert_eq!(told("echo here; exit 2"), None);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Step::program("no-such-program-here", []).run().unwrap_err();
        assert_eq!(error.to_string(), "starting `no-such-program-here`");
    }
}
