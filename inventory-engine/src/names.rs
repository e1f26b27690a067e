//! What people call things and what the core calls them: labels of seats, whole tables and
//! areas, keys of ticket types, against dense indexes.
//!
//! Must always hold: a name that the event does not have becomes an index that nothing has,
//! counted down from the highest, so that the core refuses it in its turn; and [`Unknown`] tells
//! what was said.

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::ids::{AreaIndex, EventId, SeatIndex, TicketTypeIndex};
use inventory_core::spots::{AreaPlaces, SeatSpot, SeatSpots};
use inventory_core::state::EventState;
use inventory_core::ticket_type::TicketType;

use crate::directory::Directory;

/// An event's names; cheap to clone.
#[derive(Clone, Debug)]
pub struct EventNames {
    /// Of seats, tables and areas.
    pub chart: Arc<Chart>,
    /// Of ticket types, by index.
    pub ticket_types: Arc<[TicketType]>,
}

/// The names of the events whose answers are written one after the other. As a rule they are of
/// one event, which is looked up once.
pub(crate) struct NamesOf<'a> {
    directory: &'a Directory,
    last: Option<(EventId, EventNames)>,
}

impl<'a> NamesOf<'a> {
    pub(crate) fn new(directory: &'a Directory) -> Self {
        Self { directory, last: None }
    }

    /// The names of an event of which a fact was answered.
    pub(crate) fn event(&mut self, event_id: EventId) -> &EventNames {
        let last = self.last.take().filter(|(id, _)| *id == event_id);
        let (_, names) = self.last.insert(last.unwrap_or_else(|| {
            let event = self.directory.event(event_id);
            (event_id, event.expect("a fact is shown before its answer leaves").names())
        }));
        names
    }
}

/// Names that an event does not have, as they were said. As a rule there are none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unknown(Option<Box<Said>>);

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Said {
    seats: Vec<String>,
    areas: Vec<String>,
    ticket_types: Vec<String>,
}

/// Places in an area, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedPlaces {
    /// The area's label.
    pub area: String,
    /// The ticket type's key; empty for none.
    pub ticket_type: String,
    /// How many.
    pub count: u32,
}

impl EventNames {
    /// The names of an event.
    pub fn of(event: &EventState) -> Self {
        let (chart, ticket_types) = (Arc::clone(&event.chart), Arc::clone(&event.ticket_types));
        Self { chart, ticket_types }
    }

    /// A seat's label; empty if there is no such seat.
    pub fn seat(&self, seat: SeatIndex) -> &str {
        self.chart.seat_label(seat).unwrap_or("")
    }

    /// An area's label; empty if there is no such area.
    pub fn area(&self, area: AreaIndex) -> &str {
        self.chart.area(area).map_or("", |area| &area.label)
    }

    /// A ticket type's key; empty for none.
    pub fn ticket_type(&self, ticket_type: Option<TicketTypeIndex>) -> &str {
        let index = ticket_type.map(|index| usize::from(index.0));
        index.and_then(|index| self.ticket_types.get(index)).map_or("", |of| &of.key)
    }
}

/// Resolves names by those of an event, or all of them to nothing where there is no event.
pub(crate) struct Resolver<'a> {
    pub(crate) names: Option<&'a EventNames>,
    pub(crate) unknown: Unknown,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(names: Option<&'a EventNames>) -> Self {
        Self { names, unknown: Unknown::default() }
    }

    /// The seats of labels; a table that is sold as a whole stands for all of its seats. Each
    /// comes with its label's position.
    pub(crate) fn seats(&mut self, labels: &[String]) -> Vec<(usize, SeatIndex)> {
        let mut seats = Vec::with_capacity(labels.len());
        for (position, label) in labels.iter().enumerate() {
            let chart = self.names.map(|names| names.chart.as_ref());
            if let Some(seat) = chart.and_then(|chart| chart.seat_by_label(label)) {
                seats.push((position, seat));
            } else if let Some(table) = chart.and_then(|chart| chart.whole_table_by_label(label)) {
                seats.extend(table.seats.iter().map(|&seat| (position, seat)));
            } else {
                let unknown = &mut self.unknown.said().seats;
                let index = SeatIndex(u32::MAX - unknown.len() as u32);
                unknown.push(label.clone());
                seats.push((position, index));
            }
        }
        seats
    }

    pub(crate) fn areas(&mut self, places: &[NamedPlaces]) -> Vec<AreaPlaces> {
        let resolved = places.iter().map(|places| AreaPlaces {
            area: self.area(&places.area),
            ticket_type: self.ticket_type(&places.ticket_type),
            count: places.count,
        });
        resolved.collect()
    }

    fn area(&mut self, label: &str) -> AreaIndex {
        let known = self.names.and_then(|names| names.chart.area_by_label(label));
        known.unwrap_or_else(|| {
            AreaIndex(u32::MAX - place_of(&mut self.unknown.said().areas, label) as u32)
        })
    }

    /// The ticket type of a key; none for an empty one.
    pub(crate) fn ticket_type(&mut self, key: &str) -> Option<TicketTypeIndex> {
        if key.is_empty() {
            return None;
        }
        let known = self.names.and_then(|names| {
            let position = names.ticket_types.iter().position(|of| of.key == key)?;
            Some(TicketTypeIndex(position as u16))
        });
        Some(known.unwrap_or_else(|| {
            let place = place_of(&mut self.unknown.said().ticket_types, key);
            TicketTypeIndex(u16::MAX - u16::try_from(place).unwrap_or_default())
        }))
    }

    /// Each seat with the ticket type of its label: one key for all, one for each, or none.
    pub(crate) fn typed(
        &mut self,
        seats: impl Iterator<Item = (usize, SeatIndex)>,
        keys: &[String],
    ) -> SeatSpots {
        let types: Vec<_> = keys.iter().map(|key| self.ticket_type(key)).collect();
        let typed = seats.map(|(position, seat)| {
            let position = if types.len() == 1 { 0 } else { position };
            SeatSpot { seat, ticket_type: types.get(position).copied().flatten() }
        });
        typed.collect()
    }
}

/// The place of a name in a list, added if it is not there.
fn place_of(list: &mut Vec<String>, name: &str) -> usize {
    list.iter().position(|known| known == name).unwrap_or_else(|| {
        list.push(name.to_owned());
        list.len() - 1
    })
}

impl Unknown {
    fn said(&mut self) -> &mut Said {
        self.0.get_or_insert_default()
    }

    /// The label behind an index that no seat has.
    pub fn seat(&self, seat: SeatIndex) -> Option<&str> {
        self.0.as_ref()?.seats.get((u32::MAX - seat.0) as usize).map(String::as_str)
    }

    /// The label behind an index that no area has.
    pub fn area(&self, area: AreaIndex) -> Option<&str> {
        self.0.as_ref()?.areas.get((u32::MAX - area.0) as usize).map(String::as_str)
    }

    /// The key behind an index that no ticket type has.
    pub fn ticket_type(&self, ticket_type: TicketTypeIndex) -> Option<&str> {
        let position = usize::from(u16::MAX - ticket_type.0);
        self.0.as_ref()?.ticket_types.get(position).map(String::as_str)
    }
}
