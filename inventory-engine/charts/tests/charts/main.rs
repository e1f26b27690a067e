//! Charts in and out, through the public face of the crate alone.

mod any_chart;
mod canonical;
mod draw;
mod export;
mod generate;
mod holdfast;
mod hostile;
mod inspect;
mod mistakes;
mod pretix;
mod seats_io;

use inventory_charts::{Imported, Mistakes, import};
use inventory_core::chart::ChartParts;

/// A chart that has to be right.
fn imported(text: &str) -> Imported {
    match import(text.as_bytes(), None) {
        Ok(imported) => imported,
        Err(mistakes) => panic!("{mistakes}\nin {text}"),
    }
}

/// What is wrong with a chart.
fn mistakes(text: &str) -> Mistakes {
    match import(text.as_bytes(), None) {
        Ok(imported) => panic!("no mistake was found in {text}: {imported:?}"),
        Err(mistakes) => mistakes,
    }
}

/// The labels of all seats, in the order of their indexes.
fn seat_labels(parts: &ChartParts) -> Vec<&str> {
    parts.seats.iter().map(|seat| seat.label.as_str()).collect()
}
