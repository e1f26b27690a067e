//! Correct histories pass; each of a list of histories with one thing changed is caught, and by
//! the check that should.

mod planted;
mod right;
mod server;
