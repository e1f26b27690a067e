//! Seat maps in and out. [`import()`] reads our own documented JSON, the format of the seats.io
//! designer and the seating plans of pretix into a checked
//! [`Chart`](inventory_core::chart::Chart), or says everything that is wrong with a file, object by
//! object; [`to_canonical_bytes`] is the form in which a chart is stored and by whose hash it is
//! named; [`to_document`] writes it in the form that people change; [`draw`] makes a picture of
//! it, [`generate`] makes venues up, [`inspect`] says what is in one.
//!
//! Whatever the bytes: reading never panics, and its memory stays in proportion to the limits of
//! [`limits`].

mod builder;
mod canonical;
mod document;
pub mod draw;
mod export;
mod fields;
mod foreign;
pub mod generate;
mod import;
mod indexes;
pub mod inspect;
mod lenient;
pub mod limits;
mod mistake;
mod overlap;
mod pretix;
mod scan;
mod seats_io;
mod turn;

pub use canonical::{CanonicalError, content_hash, from_canonical_bytes, to_canonical_bytes};
pub use export::to_document;
pub use import::{Format, Imported, UnknownFormat, import};
pub use inspect::Report;
pub use mistake::{Mistake, Mistakes, Problem};
