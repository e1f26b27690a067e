//! Snapshots.

use std::path::Path;

use crate::files::{Error, names_in};

const EXTENSION: &str = "snapshot";

/// The numbers of all snapshots of a directory, in order: that of the first batch behind each.
pub(crate) fn numbers_in(snapshots: &Path) -> Result<Vec<u64>, Error> {
    let names = names_in(snapshots)?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_in(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The name of the snapshot in front of the segment whose first batch has this number.
fn file_name(next_number: u64) -> String {
    format!("{next_number:020}.{EXTENSION}")
}

fn number_in(name: &str) -> Option<u64> {
    let number = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}
