//! From a file's bytes to a chart: finds the format, bounds the cost, and reads. A mistake stops
//! an import, after all mistakes have been found; what is merely not used is a warning.

use std::fmt;
use std::str::FromStr;

use inventory_core::chart::Chart;
use serde::Deserialize;

use crate::builder::Builder;
use crate::canonical::{self, CanonicalError};
use crate::fields::Name;
use crate::lenient::{Count, Shape, Value};
use crate::limits::OBJECTS_MAX;
use crate::mistake::{Mistakes, Problem};
use crate::scan::{scan, unreadable};
use crate::{document, foreign, pretix, seats_io};

/// The formats that are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Our own, as people write it.
    Holdfast,
    /// Our own, as it is stored.
    Canonical,
    /// The seats.io designer's.
    SeatsIo,
    /// A seating plan of pretix.
    Pretix,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Holdfast, Self::Canonical, Self::SeatsIo, Self::Pretix];

    /// Its name in a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holdfast => "holdfast",
            Self::Canonical => "canonical",
            Self::SeatsIo => "seats-io",
            Self::Pretix => "pretix",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A format's name that is none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no chart format {0:?}; there are holdfast, canonical, seats-io and pretix")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| UnknownFormat(text.chars().take(64).collect()))
    }
}

/// A chart from a file.
#[derive(Debug)]
pub struct Imported {
    /// The chart.
    pub chart: Chart,
    /// The format that it came in.
    pub format: Format,
    /// What was in the file and is not in the chart, in sentences.
    pub warnings: Vec<String>,
}

/// Reads a chart. The format is found by content unless it is given.
pub fn import(bytes: &[u8], format: Option<Format>) -> Result<Imported, Mistakes> {
    let (bytes, objects) = scan(bytes)?;
    let bytes = &*bytes;
    let format = match format {
        Some(format) => format,
        None => find_format(bytes)?,
    };
    if format == Format::Canonical {
        let chart = canonical::from_canonical_bytes(bytes).map_err(|error| match error {
            CanonicalError::Unreadable(error) => unreadable(&error),
            CanonicalError::Refused(error) => Mistakes::whole(Problem::Refused(error)),
            error => Mistakes::whole(Problem::NotCanonical { reason: error.to_string() }),
        })?;
        foreign::check(chart.parts())?;
        return Ok(Imported { chart, format, warnings: Vec::new() });
    }
    if objects > OBJECTS_MAX {
        return Err(Mistakes::whole(Problem::TooManyObjects { objects }));
    }
    let mut builder = Builder::default();
    match format {
        Format::SeatsIo => seats_io::read(&parse(bytes)?, &mut builder),
        Format::Pretix => pretix::read(&parse(bytes)?, &mut builder),
        Format::Holdfast | Format::Canonical => document::read(&parse(bytes)?, &mut builder),
    }
    let (chart, warnings) = builder.finish()?;
    Ok(Imported { chart, format, warnings })
}

fn parse<'de, T: Shape>(bytes: &'de [u8]) -> Result<T, Mistakes>
where
    Value<T>: Deserialize<'de>,
{
    match serde_json::from_slice(bytes) {
        Ok(Value::Good(document)) => Ok(document),
        Ok(Value::Missing | Value::Bad(_)) => Err(Mistakes::whole(Problem::UnknownFormat)),
        Err(error) => Err(unreadable(&error)),
    }
}

/// What tells the formats apart. A field that is there twice is no matter here: who reads the
/// whole file says so.
#[derive(Debug, Default)]
struct Marks {
    format: Value<String>,
    sub_chart: Value<Anything>,
    sub_chart_floors: Value<Anything>,
    categories: Value<Count>,
    zones: Value<Count>,
    version: Value<f64>,
    sections: Value<Anything>,
}

impl Shape for Marks {
    const EXPECTED: &'static str = "an object";

    fn from_object<'de, A: serde::de::MapAccess<'de>>(
        mut object: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut marks = Self::default();
        while let Some(Name(name)) = object.next_key()? {
            match &*name {
                "format" => marks.format = object.next_value()?,
                "subChart" => marks.sub_chart = object.next_value()?,
                "subChartFloors" => marks.sub_chart_floors = object.next_value()?,
                "categories" => marks.categories = object.next_value()?,
                "zones" => marks.zones = object.next_value()?,
                "version" => marks.version = object.next_value()?,
                "sections" => marks.sections = object.next_value()?,
                _ => {
                    object.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(Some(marks))
    }
}

/// An object or a list that is there, whatever is in it.
#[derive(Debug)]
struct Anything;

impl Shape for Anything {
    const EXPECTED: &'static str = "an object or a list";

    fn from_list<'de, A: serde::de::SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Some(Self))
    }

    fn from_object<'de, A: serde::de::MapAccess<'de>>(
        mut object: A,
    ) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
        Ok(Some(Self))
    }
}

fn find_format(bytes: &[u8]) -> Result<Format, Mistakes> {
    let marks: Marks = parse(bytes)?;
    match marks.format.peek().map(String::as_str) {
        Some(document::FORMAT) => return Ok(Format::Holdfast),
        Some(canonical::FORMAT) => return Ok(Format::Canonical),
        _ => {}
    }
    if marks.sub_chart.peek().is_some() || marks.sub_chart_floors.peek().is_some() {
        return Ok(Format::SeatsIo);
    }
    // Our own has such lists as well, and is not to be taken for a plan where "format" is missing.
    let is_ours = marks.version.peek().is_some() || marks.sections.peek().is_some();
    if !is_ours && marks.zones.peek().is_some() && marks.categories.peek().is_some() {
        return Ok(Format::Pretix);
    }
    Err(Mistakes::whole(Problem::UnknownFormat))
}
