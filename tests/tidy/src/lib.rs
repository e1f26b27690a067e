//! The house rules, held by tests.
//!
//! Each rule is a function from texts to [`Breach`]es and is tested against planted ones, so that
//! a rule that has stopped to catch anything is noticed. `tests/house.rs` applies them all to
//! this repository. A breach names the rule, the place and the remedy.

pub mod breach;
pub mod core_purity;
pub mod disk_seam;
pub mod exceptions;
pub mod house_map;
pub mod imports;
pub mod lexer;
pub mod log_lines;
pub mod manifest;
pub mod metric_names;
pub mod repository;
pub mod shape;
pub mod source;
pub mod wire_types;

pub use breach::Breach;
pub use repository::{Repository, TextFile};
pub use source::Source;
