//! The onsale simulator: a drop of a whole venue, open loop and audited.
//!
//! A run lets a crowd that was drawn from a seed loose on a server, kills the server in the
//! middle if it is the run's own, goes on until every seat is sold, and then proves from its
//! own record, from the server and from the journal that no seat was sold twice and no sale
//! was lost. The parameters of the crowd are documented in `buyer/plan.rs`, those of the
//! arrivals in `schedule.rs`.
//!
//! Nothing of the engine is used here but its contract: an auditor that shared code with what
//! it audits would share its mistakes.

pub mod audit;
mod buyer;
mod client;
mod clock;
mod course;
pub mod ids;
mod kill;
mod layout;
mod measure;
mod options;
pub mod page;
mod picture;
pub mod process;
pub mod progress;
mod record;
mod report;
mod request;
mod rest;
mod run;
mod schedule;
mod seat_map;
mod spots;

pub use client::ReadError;
pub use course::{Sighting, Step};
pub use kill::{Kill, KillError};
pub use measure::{Latency, Second};
pub use options::{
    Curve, CurveError, NewTicketType, OnsaleOptions, Target, TargetError, TicketTypeError,
    Transport,
};
pub use picture::{AreaDrawn, Fate, Picture, SeatDrawn, TableDrawn};
pub use report::{AreaSold, Audit, Report, TablesSold, TicketTypeSold};
pub use request::Operation;
pub use run::{Error, Outcome, run};
pub use seat_map::Counts;
