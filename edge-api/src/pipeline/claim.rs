//! Who had a command last: its caller, who gives up when its time is over, or its stream. Only
//! one of them wins, so a caller who gives up knows whether the command can still take effect.

use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const SENT: u8 = 1;
const ABANDONED: u8 = 2;

#[derive(Debug, Default)]
pub(super) struct Claim(AtomicU8);

impl Claim {
    /// Whether the command may be sent; from then on it counts as sent.
    pub(super) fn send(&self) -> bool {
        self.leave_waiting(SENT)
    }

    /// Whether the command was not sent; from then on it never will be.
    pub(super) fn abandon(&self) -> bool {
        self.leave_waiting(ABANDONED)
    }

    fn leave_waiting(&self, to: u8) -> bool {
        // Relaxed: the winner is all that matters, no other memory is passed on by it.
        self.0.compare_exchange(WAITING, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_claim_wins() {
        let claim = Claim::default();
        assert!(claim.send());
        assert!(!claim.abandon() && !claim.send());
        let claim = Claim::default();
        assert!(claim.abandon());
        assert!(!claim.send());
    }
}
