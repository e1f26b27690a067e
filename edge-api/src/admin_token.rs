//! The one secret by which this edge knows organizers, until there are identities with roles.
//!
//! Must always hold: the secret itself is neither kept nor written anywhere, and how long a
//! comparison takes says nothing about it.

use std::fmt;

use sha2::{Digest, Sha256};

/// What an organizer's request has to show.
#[derive(Clone)]
pub struct AdminToken {
    digest: [u8; 32],
}

impl AdminToken {
    /// Keeps what it takes to recognise `token`.
    pub fn new(token: &str) -> Self {
        Self { digest: digest(token) }
    }

    /// Whether this is it. Every byte of the digests is compared, whatever the first ones are.
    pub(crate) fn is(&self, presented: &str) -> bool {
        let pairs = self.digest.iter().zip(digest(presented));
        pairs.fold(0, |differences, (ours, theirs)| differences | (ours ^ theirs)) == 0
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token() {
        let token = AdminToken::new("correct horse battery");
        assert!(token.is("correct horse battery"));
        for other in ["", "correct horse", "correct horse battery ", "Correct horse battery"] {
            assert!(!token.is(other), "{other}");
        }
        assert_eq!(format!("{token:?}"), "AdminToken");
    }
}
