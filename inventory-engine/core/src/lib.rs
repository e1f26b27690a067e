//! The seat-inventory state machine.
//!
//! Every change goes through two functions of [`state::ShardState`]: `decide` may refuse and
//! changes nothing; `apply` may not refuse and asks nothing. Facts are what the journal holds;
//! recovery applies them and never decides again.
//!
//! Must always hold: no clock, no randomness, no I/O, no wire types, and no order of a hash map
//! that anyone could see. Time comes in as an argument; ids come in with the command.

pub mod best_available;
pub mod chart;
pub mod command;
mod commands;
pub mod digest;
pub mod encoding;
pub mod fact;
mod hashing;
pub mod ids;
pub mod limits;
pub mod rejection;
pub mod rules;
pub mod spots;
pub mod state;
#[cfg(any(test, feature = "strategies"))]
pub mod strategies;
#[cfg(test)]
mod testing;
pub mod ticket_type;
pub mod time;
