//! What the naive office has on sale: seats of a hall, tables that are sold as a whole, areas, and
//! ticket types with their quotas; and spots of these as requests name them and answers tell them.

use proto::inventory::v1;
use serde_json::json;

/// Everything on sale.
#[derive(Clone, Default)]
pub(crate) struct Venue {
    /// Seats in rows.
    pub(crate) seats: usize,
    /// Tables of six.
    pub(crate) tables: usize,
    pub(crate) areas: Vec<(&'static str, u32)>,
    pub(crate) ticket_types: Vec<(&'static str, Option<u32>)>,
}

pub(crate) const TABLE_SEATS: usize = 6;

impl Venue {
    /// Nothing but seats.
    pub(crate) fn of_seats(seats: usize) -> Self {
        Self { seats, ..Self::default() }
    }

    /// The table that a seat is sold with.
    pub(super) fn table(&self, seat: u32) -> Option<usize> {
        (seat as usize).checked_sub(self.seats).map(|at| at / TABLE_SEATS)
    }

    pub(super) fn table_seats(&self, table: usize) -> impl Iterator<Item = u32> {
        let first = (self.seats + table * TABLE_SEATS) as u32;
        first..first + TABLE_SEATS as u32
    }

    pub(super) fn all_seats(&self) -> usize {
        self.seats + self.tables * TABLE_SEATS
    }

    pub(super) fn seat_info(&self, seat: usize) -> v1::SeatInfo {
        let table = self.table(seat as u32).map(|table| format!("T{table}"));
        v1::SeatInfo {
            label: format!("A-{}-{}", seat / 20, seat % 20),
            section: "A".to_owned(),
            row: if table.is_some() { String::new() } else { (seat / 20).to_string() },
            accessible: seat.is_multiple_of(50),
            table_is_whole: table.is_some(),
            table: table.unwrap_or_default(),
            ..v1::SeatInfo::default()
        }
    }

    fn type_of(&self, key: &str) -> Option<usize> {
        self.ticket_types.iter().position(|(of, _)| *of == key)
    }

    /// What a request names; types are checked nowhere else.
    pub(super) fn spots(&self, seats: Option<&v1::Seats>, areas: &[v1::AreaPlaces]) -> Spots {
        let mut spots = Spots::default();
        if let Some(seats) = seats {
            let tables = seats.labels.iter().map(|label| label[1..].parse::<usize>().unwrap());
            let of_tables = tables.flat_map(|table| self.table_seats(table));
            let all: Vec<u32> = seats.indexes.iter().copied().chain(of_tables).collect();
            let keys = &seats.ticket_types;
            for (at, seat) in all.into_iter().enumerate() {
                let key = if keys.len() == 1 { keys.first() } else { keys.get(at) };
                spots.seats.push((seat, key.and_then(|key| self.type_of(key))));
            }
        }
        for places in areas {
            let area = self.areas.iter().position(|(label, _)| *label == places.area).unwrap();
            spots.areas.push((area, self.type_of(&places.ticket_type), places.count));
        }
        spots
    }

    pub(super) fn keys(&self, spots: &Spots) -> Vec<String> {
        let keys = spots.seats.iter().filter_map(|(_, of)| *of);
        keys.map(|of| self.ticket_types[of].0.to_owned()).collect()
    }

    pub(super) fn places(&self, spots: &Spots) -> Vec<v1::AreaPlaces> {
        let places = |(area, of, count): &(usize, Option<usize>, u32)| v1::AreaPlaces {
            area: self.areas[*area].0.to_owned(),
            count: *count,
            ticket_type: of.map(|of| self.ticket_types[of].0.to_owned()).unwrap_or_default(),
        };
        spots.areas.iter().map(places).collect()
    }
}

/// Seats and places, each with its ticket type.
#[derive(Clone, Default)]
pub(super) struct Spots {
    pub(super) seats: Vec<(u32, Option<usize>)>,
    pub(super) areas: Vec<(usize, Option<usize>, u32)>,
}

impl Spots {
    pub(super) fn indexes(&self) -> Vec<u32> {
        self.seats.iter().map(|(seat, _)| *seat).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.areas.is_empty()
    }

    pub(super) fn of_area(&self, area: usize) -> u32 {
        self.areas.iter().filter(|of| of.0 == area).map(|of| of.2).sum()
    }

    pub(super) fn of_type(&self, ticket_type: usize) -> u32 {
        let seats = self.seats.iter().filter(|(_, of)| *of == Some(ticket_type)).count() as u32;
        let areas = self.areas.iter().filter(|(_, of, _)| *of == Some(ticket_type));
        seats + areas.map(|(_, _, count)| count).sum::<u32>()
    }

    /// The part of these that a request means, its seats with the types that they have here;
    /// `None` if these do not have it.
    pub(super) fn part(&self, named: &Self) -> Option<Self> {
        let find = |seat: u32| self.seats.iter().find(|(own, _)| *own == seat).copied();
        let seats = named.seats.iter().map(|(seat, _)| find(*seat)).collect::<Option<_>>()?;
        let has = |(area, of, count): &(usize, Option<usize>, u32)| {
            self.areas.iter().any(|own| (own.0, own.1) == (*area, *of) && own.2 >= *count)
        };
        let is_there = named.areas.iter().all(has);
        is_there.then(|| Self { seats, areas: named.areas.clone() })
    }

    pub(super) fn take(&mut self, part: &Self) {
        self.seats.retain(|seat| !part.seats.contains(seat));
        for (area, of, count) in &part.areas {
            for own in self.areas.iter_mut().filter(|own| (own.0, own.1) == (*area, *of)) {
                own.2 -= count;
            }
        }
        self.areas.retain(|(_, _, count)| *count > 0);
    }

    /// As the journal's lines have them.
    pub(super) fn json(&self) -> serde_json::Value {
        let types: Vec<_> = self.seats.iter().map(|(_, of)| *of).collect();
        let areas = self.areas.iter().map(|(area, of, count)| {
            let mut line = json!({ "area": area, "count": count });
            if let Some(of) = of {
                line["ticket_type"] = json!(of);
            }
            line
        });
        let mut fact = json!({ "seats": self.indexes(), "areas": areas.collect::<Vec<_>>() });
        if types.iter().any(Option::is_some) {
            fact["seat_types"] = json!(types);
        }
        fact
    }
}
