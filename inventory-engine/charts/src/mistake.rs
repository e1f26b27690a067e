//! What is wrong with a chart file, by object and in words that help to mend it. A [`Trail`] is
//! where a reader stands; it costs nothing until a mistake is written down. The list is bounded:
//! after [`MISTAKES_MAX`] mistakes the others are only counted.

use std::fmt;

use inventory_core::chart::ChartError;
use inventory_core::limits::{CHART_SEATS_MAX, HOLD_SEATS_MAX, LABEL_BYTES_MAX};

use crate::limits::{
    AREA_CAPACITY_MAX, COORDINATE_MAX, DEPTH_MAX, FILE_BYTES_MAX, MISTAKES_MAX, OBJECTS_MAX,
    QUOTED_CHARS_MAX,
};

/// What can be wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// More bytes than are read.
    #[error("the file has {bytes} bytes or more; at most {FILE_BYTES_MAX} are read")]
    FileTooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Text, but in an encoding that JSON is not exchanged in.
    #[error("the file is in {found}; UTF-8 is what is read")]
    Encoding {
        /// Which one.
        found: &'static str,
    },
    /// Not JSON, or not of the shape that the format has.
    #[error("line {line}, column {column}: {reason}")]
    Unreadable {
        /// Counted from 1.
        line: usize,
        /// In bytes, counted from 1.
        column: usize,
        /// What the reader says.
        reason: String,
    },
    /// Brackets within brackets within brackets.
    #[error("line {line}, column {column}: more than {DEPTH_MAX} levels of nesting")]
    TooDeep {
        /// Counted from 1.
        line: usize,
        /// In bytes, counted from 1.
        column: usize,
    },
    /// More JSON objects than are read.
    #[error("the file has {objects} JSON objects; at most {OBJECTS_MAX} are read")]
    TooManyObjects {
        /// How many it has.
        objects: usize,
    },
    /// The content fits no format.
    #[error("this is no chart in a format that is known here")]
    UnknownFormat,
    /// The content is of another format than the caller said.
    #[error("the field \"format\" is {found}; {expected:?} belongs there")]
    WrongFormat {
        /// What the format's files say.
        expected: &'static str,
        /// What this one says, quoted.
        found: String,
    },
    /// A version that this release does not know.
    #[error("the field \"version\" is {found}; 1 is the only one")]
    WrongVersion {
        /// What the file says.
        found: String,
    },
    /// A field that no such object has.
    #[error("there is no field {field} here; there are {}", known.join(", "))]
    UnknownField {
        /// Its name, quoted.
        field: String,
        /// The names that there are.
        known: &'static [&'static str],
    },
    /// A field that an object has twice.
    #[error("the field {field} is there twice")]
    RepeatedField {
        /// Its name, quoted.
        field: String,
    },
    /// A field that has to be there.
    #[error("{field:?} is missing or empty")]
    Missing {
        /// Which one.
        field: &'static str,
    },
    /// A field with a value of another kind.
    #[error("{field:?} is {found}; {expected} belongs there")]
    WrongKind {
        /// Which one.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// Elements of a list that are of another kind.
    #[error("element {index} of {field:?} is {found}; an object belongs there ({count} such)")]
    WrongElements {
        /// Which list.
        field: &'static str,
        /// The position of the first, counted from 0.
        index: usize,
        /// What stands there.
        found: &'static str,
        /// How many there are in this list.
        count: usize,
    },
    /// A label beyond the limit, alone or joined.
    #[error("{field:?} makes a label of {bytes} bytes; at most {LABEL_BYTES_MAX} are possible")]
    LabelTooLong {
        /// Which field.
        field: &'static str,
        /// How long the label would be.
        bytes: usize,
    },
    /// A line break, a tab or another character that is no part of a name.
    #[error("{field:?} has a control character in it")]
    ControlCharacter {
        /// Which field.
        field: &'static str,
    },
    /// A label with spaces at an end, which are cut off wherever people write.
    #[error("{field:?} has space around it")]
    SpaceAround {
        /// Which field.
        field: &'static str,
    },
    /// A label that something else has already.
    #[error("{what} {label} is there twice")]
    Duplicate {
        /// What is called so.
        what: &'static str,
        /// The label or key, quoted.
        label: String,
    },
    /// A reference to nothing.
    #[error("there is no {what} {key}")]
    Unknown {
        /// What is missing.
        what: &'static str,
        /// Its key, quoted.
        key: String,
    },
    /// An area for nobody, for half a person, or for a whole country.
    #[error("the capacity is {found}; a whole number from 1 to {AREA_CAPACITY_MAX} belongs there")]
    Capacity {
        /// What the file says.
        found: String,
    },
    /// A reference to a section by a number that is none of theirs.
    #[error(
        "\"section\" is {found}; the position of one of the {sections} sections, counted \
             from 0, or -1 for outside of sections belongs there"
    )]
    SectionNumber {
        /// What the file says.
        found: String,
        /// How many sections there are.
        sections: usize,
    },
    /// A section named by what stands within one.
    #[error("\"section\" is named within a section")]
    SectionWithin,
    /// A dense index that no seat can have, or that stands there more than once.
    #[error(
        "\"index\" is {found}; each of the numbers from 0 to one less than there are seats \
             belongs to one seat"
    )]
    Index {
        /// What the file says.
        found: String,
    },
    /// Some seats have a dense index of their own and others have none.
    #[error("{count} seats have no \"index\", others do; the first without is {label}")]
    IndexMissing {
        /// How many have none.
        count: usize,
        /// The first of them, quoted.
        label: String,
    },
    /// A number of seats that no row has.
    #[error("\"seats\" is {found}; a whole number from 1 to {CHART_SEATS_MAX} belongs there")]
    SeatCount {
        /// What the file says.
        found: String,
    },
    /// A table that goes only as a whole, and is more than any hold may have.
    #[error(
        "it is sold only as a whole and has {seats} seats; a hold has at most {HOLD_SEATS_MAX}"
    )]
    TableTooLarge {
        /// How many it has.
        seats: usize,
    },
    /// A place that is not a finite number, or absurdly far away.
    #[error(
        "{field:?} is {found}; a number from -{COORDINATE_MAX} to {COORDINATE_MAX} is possible"
    )]
    Coordinate {
        /// Which one.
        field: &'static str,
        /// What the file says, or what its numbers add up to.
        found: String,
    },
    /// A scale that makes a chart vanish or explode.
    #[error("{field:?} is {found}; a percentage from 1 to 10000 belongs there")]
    Scale {
        /// Which one.
        field: &'static str,
        /// What the file says.
        found: String,
    },
    /// A colour that is none.
    #[error("the color {found} is no CSS colour")]
    Color {
        /// What the file says, quoted.
        found: String,
    },
    /// Sections within a section.
    #[error("there are {count} sections within this section")]
    NestedSections {
        /// How many.
        count: usize,
    },
    /// Neither a seat nor an area.
    #[error("there is nothing to sell: neither a seat nor an area")]
    NothingToSell,
    /// More seats than one event may have.
    #[error("there are {seats} seats; at most {CHART_SEATS_MAX} are possible")]
    TooManySeats {
        /// How many there are.
        seats: u64,
    },
    /// A canonical form that was altered.
    #[error("{reason}")]
    NotCanonical {
        /// What does not fit.
        reason: String,
    },
    /// What the core found after all.
    #[error("{0}")]
    Refused(ChartError),
}

impl Problem {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::FileTooLarge { .. } => "split the venue, or leave out what is not for sale",
            Self::Encoding { .. } => "save it as UTF-8",
            Self::Unreadable { .. } => "mend the file at that place",
            Self::TooDeep { .. } => "no chart needs as many; is this the right file?",
            Self::TooManyObjects { .. } => "remove shapes and texts, or split the venue",
            Self::UnknownFormat => {
                "give a file with \"format\": \"holdfast-chart\", one from the seats.io designer \
                 (with \"subChart\" or \"subChartFloors\"), or a pretix seating plan (with lists \
                 of \"categories\" and \"zones\")"
            }
            Self::WrongFormat { .. } => "name the right format, or none to have it found",
            Self::WrongVersion { .. } => "export the chart again, or use a newer release",
            Self::UnknownField { .. } => "correct its name, or leave it out",
            Self::RepeatedField { .. } => "keep one of them",
            Self::Missing { .. } => "add it",
            Self::WrongKind { .. } | Self::WrongElements { .. } => "correct the value",
            Self::LabelTooLong { .. } => "choose shorter labels",
            Self::SpaceAround { .. } => "cut it off",
            Self::SectionNumber { .. } => "correct the number, or write it into its section",
            Self::SectionWithin => "leave it out, or write it beside the sections",
            Self::Index { .. } => "correct the number, or leave out the index of every seat",
            Self::IndexMissing { .. } => "give each seat one, or none of them",
            Self::ControlCharacter { .. } => "type the label again",
            Self::Duplicate { .. } => "rename one of the two",
            Self::Unknown { .. } => "add it to the chart, or refer to one that is there",
            Self::Capacity { .. } | Self::SeatCount { .. } | Self::Scale { .. } => {
                "correct the number"
            }
            Self::TableTooLarge { .. } => "divide it, or sell it by the seat",
            Self::Coordinate { .. } => "correct the number, or scale the drawing down",
            Self::Color { .. } => "write it like #1a2b3c or rgb(26, 43, 60)",
            Self::NestedSections { .. } => "move them out of it",
            Self::NothingToSell => "draw rows, tables or areas",
            Self::TooManySeats { .. } => "split the venue, or sell a part of it as areas",
            Self::NotCanonical { .. } => "import the chart again from where it came",
            Self::Refused(_) => "correct the chart",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// Where, for people: `section "A" / row "B" / seat "3"`, or `the chart`.
    pub object: String,
    /// Where, for programs: a JSON pointer (RFC 6901) to the object.
    pub pointer: String,
    /// What.
    pub problem: Problem,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.object)?;
        if !self.pointer.is_empty() {
            write!(f, " ({})", self.pointer)?;
        }
        write!(f, ": {}; {}", self.problem, self.problem.advice())
    }
}

/// All that is wrong with a file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mistakes {
    /// At most [`MISTAKES_MAX`], in the order of the file.
    pub list: Vec<Mistake>,
    /// How many more there are.
    pub more: usize,
}

impl Mistakes {
    /// A single mistake that is about the file as a whole.
    pub(crate) fn whole(problem: Problem) -> Self {
        let mut mistakes = Self::default();
        mistakes.add(&Trail::ROOT, problem);
        mistakes
    }

    /// Writes a mistake down.
    pub(crate) fn add(&mut self, trail: &Trail<'_>, problem: Problem) {
        if self.list.len() == MISTAKES_MAX {
            self.more += 1;
            return;
        }
        let mistake = Mistake { object: trail.object(), pointer: trail.pointer(), problem };
        self.list.push(mistake);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are, listed or not.
    pub fn count(&self) -> usize {
        self.list.len() + self.more
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => f.write_str("the chart has a mistake:")?,
            count => write!(f, "the chart has {count} mistakes:")?,
        }
        for mistake in &self.list {
            write!(f, "\n  {mistake}")?;
        }
        if self.more > 0 {
            write!(f, "\n  and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Where a reader stands in a file: a list on the stack, written out only for a mistake.
#[derive(Clone, Copy)]
pub(crate) struct Trail<'a> {
    parent: Option<&'a Trail<'a>>,
    kind: &'static str,
    label: Option<&'a str>,
    field: &'static str,
    index: Option<usize>,
}

impl<'a> Trail<'a> {
    /// The file itself.
    pub(crate) const ROOT: Trail<'static> =
        Trail { parent: None, kind: "", label: None, field: "", index: None };

    /// Into an element of a list. `field` is the list's path from here, without a leading `/`;
    /// an empty `kind` is a step that only the pointer shows.
    pub(crate) fn element(
        &'a self,
        kind: &'static str,
        label: Option<&'a str>,
        field: &'static str,
        index: usize,
    ) -> Trail<'a> {
        Trail { parent: Some(self), kind, label, field, index: Some(index) }
    }

    /// Into a single object.
    pub(crate) fn field(&'a self, kind: &'static str, field: &'static str) -> Trail<'a> {
        Trail { parent: Some(self), kind, label: None, field, index: None }
    }

    fn steps(&self) -> Vec<&Trail<'a>> {
        let mut steps = Vec::new();
        let mut here = self;
        while let Some(parent) = here.parent {
            steps.push(here);
            here = parent;
        }
        steps.reverse();
        steps
    }

    fn object(&self) -> String {
        let names: Vec<String> = self
            .steps()
            .into_iter()
            .filter(|step| !step.kind.is_empty())
            .map(|step| match (step.label, step.index) {
                (Some(label), _) if !label.is_empty() => format!("{} {}", step.kind, quoted(label)),
                (_, Some(index)) => format!("{} number {}", step.kind, index + 1),
                (_, None) => step.kind.to_owned(),
            })
            .collect();
        if names.is_empty() { "the chart".to_owned() } else { names.join(" / ") }
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in self.steps() {
            pointer.push('/');
            pointer.push_str(step.field);
            if let Some(index) = step.index {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
        }
        pointer
    }
}

/// A text from a file as it may stand in a message: quoted, escaped, and not too long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_says_where_what_and_what_to_do() {
        let section = Trail::ROOT.element("section", Some("A"), "sections", 0);
        let row = section.element("row", Some("B"), "rows", 1);
        let seat = row.element("seat", None, "seats", 2);
        let mut mistakes = Mistakes::default();
        mistakes.add(&seat, Problem::Missing { field: "label" });
        assert_eq!(
            mistakes.to_string(),
            "the chart has a mistake:\n  section \"A\" / row \"B\" / seat number 3 \
             (/sections/0/rows/1/seats/2): \"label\" is missing or empty; add it"
        );
    }

    #[test]
    fn the_list_is_bounded_and_the_rest_is_counted() {
        let mut mistakes = Mistakes::default();
        for _ in 0..MISTAKES_MAX + 5 {
            mistakes.add(&Trail::ROOT, Problem::NothingToSell);
        }
        assert_eq!((mistakes.list.len(), mistakes.more), (MISTAKES_MAX, 5));
        assert!(mistakes.to_string().ends_with("and 5 more"));
    }

    #[test]
    fn what_is_quoted_is_short_and_harmless() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        let long = "é".repeat(QUOTED_CHARS_MAX + 1);
        assert_eq!(quoted(&long), format!("{:?}...", "é".repeat(QUOTED_CHARS_MAX)));
    }
}
