//! What Holdfast is measured against, side by side in one run: limits of the transports it uses,
//! stores that others would use, the disk, and the floor of its own core.
//!
//! Both sides of a ratio get the same load from the same client, in turns; what is told is the
//! median of the turns.

pub mod arguments;
pub mod client;
pub mod measured;
pub mod noop;
pub mod peers;
pub mod process;
pub mod report;
pub mod rounds;
pub mod rows;
pub mod run;
pub mod served;
pub mod side;
pub mod testing;
pub mod workload;
