//! The fingerprint of a command, by which a request that comes again is known to ask for the
//! same. It is kept with the request id in the journal, so it may never change its meaning.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::command::{Command, Part, Selection, Verb};
use crate::ids::{SeatIndex, TicketTypeIndex};
use crate::spots::{AreaPlaces, Spots};

impl Command {
    /// A number that differs, but for chance, between commands that ask for different things.
    /// Kept with the request id in the journal, so it may never change its meaning.
    pub fn fingerprint(&self) -> u64 {
        let mut print = Fingerprint::new();
        match &self.verb {
            Verb::CreateEvent(create) => {
                print.tag(1).u64(create.event_id.0).text(&create.name).bytes(&create.chart.0);
                let rules = &create.rules;
                print.u64(rules.hold_ttl_millis).u64(u64::from(rules.extensions_max));
                print.option(rules.buyer_seats_max.map(u64::from));
                print.option(rules.sale_opens_at.map(|at| at.0));
                print.option(rules.sale_closes_at.map(|at| at.0));
                print.u64(create.ticket_types.len() as u64);
                for ticket_type in &create.ticket_types {
                    print.text(&ticket_type.key).option(ticket_type.quota.map(u64::from));
                    print.option(ticket_type.sale_opens_at.map(|at| at.0));
                    print.option(ticket_type.sale_closes_at.map(|at| at.0));
                    print.u64(ticket_type.categories.len() as u64);
                    for category in &ticket_type.categories {
                        print.u64(u64::from(category.0));
                    }
                }
            }
            Verb::CloseEvent(close) => {
                print.tag(9).u64(close.event_id.0);
            }
            Verb::Place(place) => {
                print.tag(2).u64(place.event_id.0).text(place.buyer_id.as_str());
                match &place.selection {
                    Selection::Spots(spots) => print.tag(0).spots(spots),
                    Selection::BestAvailable(wish) => {
                        print
                            .tag(1)
                            .u64(u64::from(wish.quantity))
                            .option(wish.section.map(|section| u64::from(section.0)))
                            .option(wish.zone.map(|zone| u64::from(zone.0)))
                            .option(wish.category.map(|category| u64::from(category.0)))
                            .tag(u8::from(wish.accessible))
                            .u64(wish.ticket_types.len() as u64);
                        for &(ticket_type, count) in &wish.ticket_types {
                            print.u64(u64::from(ticket_type.0)).u64(u64::from(count));
                        }
                        &mut print
                    }
                };
            }
            Verb::Extend(extend) => {
                print.tag(3).u128(extend.hold_id.0).text(extend.buyer_id.as_str());
            }
            Verb::Release(release) => {
                print.tag(4).u128(release.hold_id.0).text(release.buyer_id.as_str());
                print.part(&release.part);
            }
            Verb::Allocate(allocate) => {
                print.tag(5).u128(allocate.hold_id.0).text(allocate.buyer_id.as_str());
                print.part(&allocate.part);
            }
            Verb::Return(give_back) => {
                print.tag(6).u128(give_back.allocation_id.0).text(give_back.buyer_id.as_str());
                print.part(&give_back.part);
            }
            Verb::Block(block) => {
                print.tag(7).u64(block.event_id.0).spots(&block.spots);
            }
            Verb::Unblock(unblock) => {
                print.tag(8).u64(unblock.event_id.0).spots(&unblock.spots);
            }
        }
        print.finish()
    }
}

/// A hash over what a command asks for, built field by field.
struct Fingerprint(u64);

impl Fingerprint {
    /// An empty one.
    fn new() -> Self {
        Self(0)
    }

    /// Adds bytes; their length is part of the hash.
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0 = xxh3_64_with_seed(bytes, self.0.wrapping_add(bytes.len() as u64));
        self
    }

    /// Adds a text.
    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a discriminant.
    fn tag(&mut self, tag: u8) -> &mut Self {
        self.bytes(&[tag])
    }

    /// Adds a number.
    fn u64(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    /// Adds a number.
    fn u128(&mut self, number: u128) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    /// Adds a number or its absence.
    fn option(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            None => self.tag(0),
            Some(number) => self.tag(1).u64(number),
        }
    }

    /// Adds seats in the order given.
    fn seats(&mut self, seats: &[SeatIndex]) -> &mut Self {
        self.u64(seats.len() as u64);
        for seat in seats {
            self.u64(u64::from(seat.0));
        }
        self
    }

    /// Adds a ticket type or its absence.
    fn ticket_type(&mut self, ticket_type: Option<TicketTypeIndex>) -> &mut Self {
        self.option(ticket_type.map(|index| u64::from(index.0)))
    }

    /// Adds places in areas in the order given.
    fn areas(&mut self, areas: &[AreaPlaces]) -> &mut Self {
        self.u64(areas.len() as u64);
        for places in areas {
            self.u64(u64::from(places.area.0)).u64(u64::from(places.count));
            self.ticket_type(places.ticket_type);
        }
        self
    }

    /// Adds spots in the order given.
    fn spots(&mut self, spots: &Spots) -> &mut Self {
        self.u64(spots.seats.len() as u64);
        for spot in &spots.seats {
            self.u64(u64::from(spot.seat.0)).ticket_type(spot.ticket_type);
        }
        self.areas(&spots.areas)
    }

    /// Adds a part of a hold or an allocation.
    fn part(&mut self, part: &Part) -> &mut Self {
        match part {
            Part::Whole => self.tag(0),
            Part::Spots { seats, areas } => self.tag(1).seats(seats).areas(areas),
        }
    }

    /// The hash.
    fn finish(&self) -> u64 {
        self.0
    }
}
