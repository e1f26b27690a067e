//! The places that may do what a rule forbids, each with the reason.
//!
//! An exception that nothing needs any more is itself a breach, so that the list stays short.

use crate::breach::Breach;

/// A file that may break one rule.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// From the root of the repository.
    pub path: &'static str,
    /// Why there is no better way.
    pub reason: &'static str,
}

/// Tests that sleep.
pub const SLEEPING_TESTS: &[Exception] = &[
    Exception {
        path: "loadtests/tests/naive/service.rs",
        reason: "the office in it is slow and freezes on purpose; no test waits by it",
    },
    Exception {
        path: "tests/faults/src/pause.rs",
        reason: "a load lasts, a clock goes on, a network is late; no verdict waits by it",
    },
];

/// Packages that are no members of the workspace.
pub const OUTSIDERS: &[Exception] = &[Exception {
    path: "fuzz/Cargo.toml",
    reason: "libFuzzer needs a nightly toolchain, and no ordinary command does",
}];

/// The breaches that no exception excuses, and the exceptions that excuse none.
pub fn excuse(breaches: Vec<Breach>, exceptions: &[Exception]) -> Vec<Breach> {
    let stale = exceptions.iter().filter(|exception| {
        exception.reason.is_empty() || !breaches.iter().any(|breach| breach.path == exception.path)
    });
    let mut left: Vec<_> = stale.map(stale_exception).collect();
    left.extend(
        breaches
            .into_iter()
            .filter(|breach| !exceptions.iter().any(|exception| exception.path == breach.path)),
    );
    left
}

fn stale_exception(exception: &Exception) -> Breach {
    Breach {
        path: "tests/tidy/src/exceptions.rs".to_owned(),
        line: None,
        rule: "An exception has a reason and is needed.",
        found: format!("the exception for {} has no reason or excuses nothing", exception.path),
        remedy: "take it out, or give the reason",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breach(path: &str) -> Breach {
        let (rule, remedy) = ("No.", "do not");
        Breach { path: path.to_owned(), line: None, rule, found: String::new(), remedy }
    }

    #[test]
    fn what_is_excused_is_left_out() {
        let exceptions = [Exception { path: "a.rs", reason: "the kernel has no event for it" }];
        let left = excuse(vec![breach("a.rs"), breach("b.rs"), breach("a.rs")], &exceptions);
        assert_eq!(left, [breach("b.rs")]);
    }

    #[test]
    fn a_stale_exception_and_one_without_a_reason_are_breaches() {
        let reasonless = Exception { path: "a.rs", reason: "" };
        assert_eq!(excuse(vec![breach("a.rs")], &[reasonless]).len(), 1);
        let stale = Exception { path: "gone.rs", reason: "once there was one" };
        let left = excuse(Vec::new(), &[stale]);
        assert!(left[0].found.contains("gone.rs"), "{left:?}");
    }
}
