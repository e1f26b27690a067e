//! One command of the program a file.

pub(crate) mod chart;
pub(crate) mod compare;
pub(crate) mod edge;
pub(crate) mod engine;
pub(crate) mod journal;
pub(crate) mod migrate;
pub(crate) mod onsale;
pub(crate) mod recover;
pub(crate) mod replay;
pub(crate) mod seat;
pub(crate) mod up;
pub(crate) mod verify;
