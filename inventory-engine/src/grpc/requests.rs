//! Protobuf requests into typed ones. What makes no sense is told by field and goes no further.

use inventory_core::chart::Chart;
use inventory_core::command::{
    Allocate, BestAvailable, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release,
    Return, Selection, Unblock, Verb,
};
use inventory_core::ids::{
    AllocationId, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, RequestId, SeatIndex,
    SectionIndex, ZoneIndex,
};
use inventory_core::limits::{
    AREA_LINES_MAX, BLOCK_SEATS_MAX, EVENT_NAME_BYTES_MAX, HOLD_SEATS_MAX, LABEL_BYTES_MAX, SHARDS,
    TICKET_TYPE_CATEGORIES_MAX, TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{SeatSpots, Spots};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;
use proto::inventory::v1::{self, command, place_request};

use crate::answer::Invalid;
use crate::ask::{Ask, NamedPart};
use crate::directory::Directory;
use crate::names::{NamedPlaces, Resolver, Unknown};

fn invalid(field: &'static str, problem: impl Into<String>) -> Invalid {
    Invalid { field, problem: problem.into() }
}

/// One command of a stream.
pub(crate) fn command(directory: &Directory, verb: Option<command::Verb>) -> Result<Ask, Invalid> {
    match verb {
        Some(command::Verb::Place(request)) => place(directory, request),
        Some(command::Verb::Extend(request)) => extend(&request),
        Some(command::Verb::Release(request)) => release(request),
        Some(command::Verb::Allocate(request)) => allocate(request),
        Some(command::Verb::Return(request)) => give_back(request),
        Some(command::Verb::Block(request)) => block(directory, request),
        Some(command::Verb::Unblock(request)) => unblock(directory, request),
        None => Err(invalid(
            "verb",
            "a command needs one of place, extend, release, allocate, return, block, unblock",
        )),
    }
}

pub(crate) fn place(directory: &Directory, request: v1::PlaceRequest) -> Result<Ask, Invalid> {
    let event_id = EventId(request.event_id);
    // Seats by index alone need no names; an event that is not there is the writer's to refuse.
    let is_plain = request.areas.is_empty()
        && matches!(&request.selection, Some(place_request::Selection::Seats(seats))
            if seats.labels.is_empty() && seats.ticket_types.is_empty());
    let event = if is_plain { None } else { directory.event(event_id) };
    let names = event.as_ref().map(|event| event.names());
    let mut resolver = Resolver::new(names.as_ref());
    let areas = named_places("areas", request.areas)?;
    let selection = match request.selection {
        Some(place_request::Selection::BestAvailable(_)) if !areas.is_empty() => {
            let problem = "best_available is about seats alone; hold places in a request of theirs";
            return Err(invalid("areas", problem));
        }
        Some(place_request::Selection::BestAvailable(wish)) => {
            Selection::BestAvailable(best_available(&mut resolver, &wish)?)
        }
        Some(place_request::Selection::Seats(seats)) => {
            let seats = seats_of(&mut resolver, seats, HOLD_SEATS_MAX)?;
            Selection::Spots(Spots { seats, areas: resolver.areas(&areas) })
        }
        None if areas.is_empty() => {
            return Err(invalid("selection", "say what to hold: seats, areas or best_available"));
        }
        None => Selection::Spots(Spots { areas: resolver.areas(&areas), ..Spots::default() }),
    };
    let buyer_id = buyer_id(&request.buyer_id)?;
    let verb = Verb::Place(Place { event_id, buyer_id, selection });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown: resolver.unknown, part: None })
}

fn best_available(
    resolver: &mut Resolver<'_>,
    wish: &v1::BestAvailable,
) -> Result<BestAvailable, Invalid> {
    // Without a chart there is no event, which the engine will say.
    let chart = resolver.names.map(|names| names.chart.as_ref());
    let section = wish.section.as_ref().map(|label| {
        let nowhere = SectionIndex(u32::MAX);
        resolve(chart, label, nowhere, Chart::section_by_label, |label| {
            invalid("best_available.section", format!("there is no section {label}"))
        })
    });
    let zone = wish.zone.as_ref().map(|key| {
        resolve(chart, key, ZoneIndex(u32::MAX), Chart::zone_by_key, |key| {
            invalid("best_available.zone", format!("there is no zone {key}"))
        })
    });
    let category = wish.category.as_ref().map(|key| {
        resolve(chart, key, CategoryIndex(u32::MAX), Chart::category_by_key, |key| {
            invalid("best_available.category", format!("there is no category {key}"))
        })
    });
    let (section, zone) = (section.transpose()?, zone.transpose()?);
    let category = category.transpose()?;
    if wish.ticket_types.len() > TICKET_TYPES_MAX {
        let problem = format!("an event has at most {TICKET_TYPES_MAX} ticket types");
        return Err(invalid("best_available.ticket_types", problem));
    }
    let mut ticket_types = Vec::with_capacity(wish.ticket_types.len());
    for counted in &wish.ticket_types {
        let field = "best_available.ticket_types";
        check_key(field, &counted.ticket_type)?;
        let Some(ticket_type) = resolver.ticket_type(&counted.ticket_type) else {
            return Err(invalid(field, "name the ticket type of each count"));
        };
        ticket_types.push((ticket_type, counted.count));
    }
    let (quantity, accessible) = (wish.quantity, wish.accessible);
    Ok(BestAvailable { quantity, section, zone, category, accessible, ticket_types })
}

/// What a name stands for. Without a chart to ask it stands for something that no chart has: an
/// event may come into being before the writer decides, and a wish that named something must not
/// mean anything at all then.
fn resolve<T>(
    chart: Option<&Chart>,
    name: &str,
    nowhere: T,
    find: impl FnOnce(&Chart, &str) -> Option<T>,
    unknown: impl FnOnce(String) -> Invalid,
) -> Result<T, Invalid> {
    match chart {
        Some(chart) => find(chart, name).ok_or_else(|| unknown(shown(name))),
        None => Ok(nowhere),
    }
}

pub(crate) fn extend(request: &v1::ExtendRequest) -> Result<Ask, Invalid> {
    let verb = Verb::Extend(Extend {
        hold_id: hold_id(&request.hold_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
    });
    Ok(Ask::command(Command { request_id: request_id(&request.request_id)?, verb }))
}

pub(crate) fn release(request: v1::ReleaseRequest) -> Result<Ask, Invalid> {
    let part = part_of(request.part, request.areas)?;
    let verb = Verb::Release(Release {
        hold_id: hold_id(&request.hold_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
        part: Part::Whole,
    });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown: Unknown::default(), part })
}

pub(crate) fn allocate(request: v1::AllocateRequest) -> Result<Ask, Invalid> {
    let part = part_of(request.part, request.areas)?;
    let verb = Verb::Allocate(Allocate {
        hold_id: hold_id(&request.hold_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
        part: Part::Whole,
    });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown: Unknown::default(), part })
}

pub(crate) fn give_back(request: v1::ReturnRequest) -> Result<Ask, Invalid> {
    let part = part_of(request.part, request.areas)?;
    let verb = Verb::Return(Return {
        allocation_id: allocation_id(&request.allocation_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
        part: Part::Whole,
    });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown: Unknown::default(), part })
}

pub(crate) fn block(directory: &Directory, request: v1::BlockRequest) -> Result<Ask, Invalid> {
    let event_id = EventId(request.event_id);
    let (spots, unknown) = spots_of_event(directory, event_id, request.seats, request.areas)?;
    let verb = Verb::Block(Block { event_id, spots });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown, part: None })
}

pub(crate) fn unblock(directory: &Directory, request: v1::UnblockRequest) -> Result<Ask, Invalid> {
    let event_id = EventId(request.event_id);
    let (spots, unknown) = spots_of_event(directory, event_id, request.seats, request.areas)?;
    let verb = Verb::Unblock(Unblock { event_id, spots });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown, part: None })
}

pub(crate) fn create_event(request: v1::CreateEventRequest) -> Result<NewEvent, Invalid> {
    let chart = <[u8; 32]>::try_from(request.chart_hash.as_ref())
        .map_err(|_| invalid("chart_hash", "a chart's hash has 32 bytes, as put_chart gave it"))?;
    if request.event_id == 0 {
        return Err(invalid("event_id", "an event's id is a number from 1 on"));
    }
    if request.name.len() > EVENT_NAME_BYTES_MAX {
        let problem = format!("a name has at most {EVENT_NAME_BYTES_MAX} bytes");
        return Err(invalid("name", problem));
    }
    if request.ticket_types.len() > TICKET_TYPES_MAX {
        let problem = format!("an event has at most {TICKET_TYPES_MAX} ticket types");
        return Err(invalid("ticket_types", problem));
    }
    Ok(NewEvent {
        request_id: request_id(&request.request_id)?,
        event_id: EventId(request.event_id),
        name: request.name,
        chart: ChartHash(chart),
        rules: rules(request.rules.unwrap_or_default())?,
        ticket_types: request.ticket_types,
    })
}

/// An event to be, whose ticket types still name their categories by key.
pub(crate) struct NewEvent {
    request_id: RequestId,
    event_id: EventId,
    name: String,
    pub(crate) chart: ChartHash,
    rules: EventRules,
    ticket_types: Vec<v1::TicketType>,
}

impl NewEvent {
    /// The command, with categories by the chart; without one, the engine will say so.
    pub(crate) fn command(self, chart: Option<&Chart>) -> Result<Command, Invalid> {
        let ticket_types = self.ticket_types.into_iter().map(|of| ticket_type(of, chart));
        let create = CreateEvent {
            event_id: self.event_id,
            name: self.name.into(),
            chart: self.chart,
            rules: self.rules,
            ticket_types: ticket_types.collect::<Result<_, Invalid>>()?,
        };
        Ok(Command { request_id: self.request_id, verb: Verb::CreateEvent(create) })
    }
}

fn ticket_type(of: v1::TicketType, chart: Option<&Chart>) -> Result<TicketType, Invalid> {
    check_key("ticket_types.key", &of.key)?;
    let field = "ticket_types.categories";
    if of.categories.len() > TICKET_TYPE_CATEGORIES_MAX {
        let problem = format!("at most {TICKET_TYPE_CATEGORIES_MAX} categories are possible");
        return Err(invalid(field, problem));
    }
    let categories = of.categories.iter().map(|key| {
        resolve(chart, key, CategoryIndex(u32::MAX), Chart::category_by_key, |key| {
            invalid(field, format!("there is no category {key}"))
        })
    });
    let categories = categories.collect::<Result<_, Invalid>>()?;
    Ok(TicketType {
        key: of.key.into(),
        quota: of.quota,
        sale_opens_at: of.sale_opens_at_millis.map(Timestamp),
        sale_closes_at: of.sale_closes_at_millis.map(Timestamp),
        categories,
    })
}

pub(crate) fn close_event(request: &v1::CloseEventRequest) -> Result<Ask, Invalid> {
    let verb = Verb::CloseEvent(CloseEvent { event_id: EventId(request.event_id) });
    Ok(Ask::command(Command { request_id: request_id(&request.request_id)?, verb }))
}

fn rules(rules: v1::EventRules) -> Result<EventRules, Invalid> {
    let default = EventRules::default();
    let extensions_max = match rules.extensions_max {
        None => default.extensions_max,
        Some(count) => u16::try_from(count).map_err(|_| {
            invalid("rules.extensions_max", format!("at most {} are possible", u16::MAX))
        })?,
    };
    Ok(EventRules {
        hold_ttl_millis: rules.hold_ttl_millis.unwrap_or(default.hold_ttl_millis),
        extensions_max,
        buyer_seats_max: rules.buyer_seats_max,
        sale_opens_at: rules.sale_opens_at_millis.map(Timestamp),
        sale_closes_at: rules.sale_closes_at_millis.map(Timestamp),
    })
}

fn spots_of_event(
    directory: &Directory,
    event_id: EventId,
    seats: Option<v1::Seats>,
    areas: Vec<v1::AreaPlaces>,
) -> Result<(Spots, Unknown), Invalid> {
    let event = directory.event(event_id);
    let names = event.as_ref().map(|event| event.names());
    let mut resolver = Resolver::new(names.as_ref());
    let seats = seats.unwrap_or_default();
    if !seats.ticket_types.is_empty() {
        return Err(invalid("seats.ticket_types", "what is off sale has no ticket type"));
    }
    let areas = named_places("areas", areas)?;
    if areas.iter().any(|places| !places.ticket_type.is_empty()) {
        return Err(invalid("areas.ticket_type", "what is off sale has no ticket type"));
    }
    let seats = seats_of(&mut resolver, seats, BLOCK_SEATS_MAX)?;
    let spots = Spots { seats, areas: resolver.areas(&areas) };
    Ok((spots, resolver.unknown))
}

fn seats_of(
    resolver: &mut Resolver<'_>,
    seats: v1::Seats,
    seats_max: usize,
) -> Result<SeatSpots, Invalid> {
    let keys = ticket_type_keys(&seats, seats_max)?;
    let (indexes, labels) = named("seats", seats, seats_max)?;
    Ok(if labels.is_empty() {
        resolver.typed(indexes.into_iter().enumerate(), &keys)
    } else {
        let seats = resolver.seats(&labels);
        resolver.typed(seats.into_iter(), &keys)
    })
}

/// Keys of ticket types for seats: none, one for all, or one for each. Of a list that is too
/// long, one more than may be is kept.
fn ticket_type_keys(seats: &v1::Seats, seats_max: usize) -> Result<Vec<String>, Invalid> {
    let (keys, named) = (&seats.ticket_types, seats.indexes.len().max(seats.labels.len()));
    if keys.len() > 1 && keys.len() != named {
        let problem =
            format!("{} keys for {named} seats; give one for all, or one each", keys.len());
        return Err(invalid("seats.ticket_types", problem));
    }
    let keys = &keys[..keys.len().min(seats_max + 1)];
    keys.iter().try_for_each(|key| check_key("seats.ticket_types", key))?;
    Ok(keys.to_vec())
}

fn check_key(field: &'static str, key: &str) -> Result<(), Invalid> {
    if key.len() <= TICKET_TYPE_KEY_BYTES_MAX {
        return Ok(());
    }
    let problem =
        format!("a key has at most {TICKET_TYPE_KEY_BYTES_MAX} bytes, not {}", shown(key));
    Err(invalid(field, problem))
}

/// Places by name. Of a list that is too long, one more than may be is kept.
fn named_places(
    field: &'static str,
    mut areas: Vec<v1::AreaPlaces>,
) -> Result<Vec<NamedPlaces>, Invalid> {
    areas.truncate(AREA_LINES_MAX + 1);
    let named = areas.into_iter().map(|v1::AreaPlaces { area, count, ticket_type }| {
        check_key(field, &ticket_type)?;
        if area.len() > LABEL_BYTES_MAX {
            let shown = shown(&area);
            let problem = format!("a label has at most {LABEL_BYTES_MAX} bytes, not {shown}");
            return Err(invalid(field, problem));
        }
        Ok(NamedPlaces { area, ticket_type, count })
    });
    named.collect()
}

/// Indexes or labels. Of a list that is too long, one more than may be is kept: enough for the
/// core to refuse it, and nothing that waits in a queue is longer than a command that is done.
fn named(
    field: &'static str,
    seats: v1::Seats,
    seats_max: usize,
) -> Result<(Vec<SeatIndex>, Vec<String>), Invalid> {
    let v1::Seats { indexes, mut labels, .. } = seats;
    if !indexes.is_empty() && !labels.is_empty() {
        return Err(invalid(field, "name seats by index or by label, not by both"));
    }
    if labels.len() > seats_max {
        labels.truncate(seats_max + 1);
        labels.shrink_to_fit();
    }
    if let Some(long) = labels.iter().find(|label| label.len() > LABEL_BYTES_MAX) {
        let problem = format!("a label has at most {LABEL_BYTES_MAX} bytes, not {}", shown(long));
        return Err(invalid(field, problem));
    }
    // By reference, so that what is collected is no longer than what is kept.
    let indexes = indexes.iter().take(seats_max + 1).map(|&index| SeatIndex(index)).collect();
    Ok((indexes, labels))
}

/// As much of a caller's text as a message repeats.
fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    match text.char_indices().nth(CHARS_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}... of {} bytes", &text[..end], text.len()),
    }
}

/// A part by name, which the hold's writer will look up; `None` for the whole.
fn part_of(
    part: Option<v1::Seats>,
    areas: Vec<v1::AreaPlaces>,
) -> Result<Option<Box<NamedPart>>, Invalid> {
    if part.is_none() && areas.is_empty() {
        return Ok(None);
    }
    let seats = part.unwrap_or_default();
    if !seats.ticket_types.is_empty() {
        let problem = "a seat is sold as what it was held as; leave out its ticket type";
        return Err(invalid("part.ticket_types", problem));
    }
    let (indexes, labels) = named("part", seats, HOLD_SEATS_MAX)?;
    Ok(Some(Box::new(NamedPart { indexes, labels, areas: named_places("areas", areas)? })))
}

fn request_id(bytes: &[u8]) -> Result<RequestId, Invalid> {
    let number = number("request_id", bytes)?;
    RequestId::new(number).map_err(|error| invalid("request_id", error.to_string()))
}

fn buyer_id(text: &str) -> Result<BuyerId, Invalid> {
    BuyerId::new(text).map_err(|error| invalid("buyer_id", error.to_string()))
}

/// A hold id. One of a shard that does not exist names no hold, which is no mistake of form;
/// but nobody could be asked for it.
pub(crate) fn hold_id(bytes: &[u8]) -> Result<HoldId, Invalid> {
    let id = HoldId(number("hold_id", bytes)?);
    if id.shard().0 < SHARDS {
        Ok(id)
    } else {
        Err(invalid("hold_id", "no hold was ever given this id"))
    }
}

fn allocation_id(bytes: &[u8]) -> Result<AllocationId, Invalid> {
    let id = AllocationId(number("allocation_id", bytes)?);
    if id.shard().0 < SHARDS {
        Ok(id)
    } else {
        Err(invalid("allocation_id", "no allocation was ever given this id"))
    }
}

pub(crate) fn optional_buyer_id(text: Option<&str>) -> Result<Option<BuyerId>, Invalid> {
    text.map(buyer_id).transpose()
}

fn number(field: &'static str, bytes: &[u8]) -> Result<u128, Invalid> {
    let bytes = <[u8; 16]>::try_from(bytes)
        .map_err(|_| invalid(field, format!("an id has 16 bytes; this one has {}", bytes.len())))?;
    Ok(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod any_command;

#[cfg(test)]
mod tests {
    use proto::inventory::v1::Seats;

    use super::*;

    fn place_request() -> v1::PlaceRequest {
        v1::PlaceRequest {
            request_id: 0x0190_0000_0000_7000_8000_0000_0000_0001_u128
                .to_be_bytes()
                .to_vec()
                .into(),
            event_id: 1,
            buyer_id: "ann".into(),
            selection: Some(place_request::Selection::Seats(Seats {
                indexes: vec![3],
                ..Seats::default()
            })),
            areas: Vec::new(),
        }
    }

    fn field_of(change: impl FnOnce(&mut v1::PlaceRequest)) -> &'static str {
        let mut request = place_request();
        change(&mut request);
        match place(&Directory::default(), request) {
            Err(invalid) => invalid.field,
            Ok(_) => "none",
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_by_field() {
        assert_eq!(field_of(|_| ()), "none");
        assert_eq!(field_of(|request| request.request_id = vec![1].into()), "request_id");
        assert_eq!(field_of(|request| request.request_id = vec![0; 16].into()), "request_id");
        assert_eq!(field_of(|request| request.buyer_id.clear()), "buyer_id");
        assert_eq!(field_of(|request| request.buyer_id = "x".repeat(65)), "buyer_id");
        assert_eq!(field_of(|request| request.selection = None), "selection");
        let both = Seats { indexes: vec![1], labels: vec!["A-1".into()], ..Seats::default() };
        let both = Some(place_request::Selection::Seats(both));
        assert_eq!(field_of(|request| request.selection = both), "seats");
    }

    #[test]
    fn of_a_list_that_is_too_long_only_one_too_many_is_kept() {
        let kept = |indexes: Vec<u32>, labels: Vec<String>| {
            let (indexes, labels) =
                named("seats", Seats { indexes, labels, ..Seats::default() }, 3)?;
            assert!(indexes.capacity() < 100 && labels.capacity() < 100);
            Ok::<_, Invalid>((indexes.len(), labels.len()))
        };
        assert_eq!(kept(vec![7; 3], Vec::new()), Ok((3, 0)));
        assert_eq!(kept(vec![7; 1_000], Vec::new()), Ok((4, 0)));
        assert_eq!(kept(Vec::new(), vec!["A".into(); 1_000]), Ok((0, 4)));
        let long = kept(Vec::new(), vec!["é".repeat(100_000)]).unwrap_err();
        assert!(long.to_string().len() < 200, "{long}");
    }

    #[test]
    fn ids_of_shards_that_do_not_exist_are_told() {
        let far = (u128::from(SHARDS) << 112).to_be_bytes();
        assert_eq!(hold_id(&far).map_err(|invalid| invalid.field), Err("hold_id"));
        assert_eq!(allocation_id(&far).map_err(|invalid| invalid.field), Err("allocation_id"));
        assert!(hold_id(&1_u128.to_be_bytes()).is_ok());
    }
    #[test]
    fn a_wish_that_names_something_never_means_anything_at_all() {
        // The event may come into being between this look at the directory and the decision.
        let wish = v1::BestAvailable {
            quantity: 2,
            section: Some("Stalls".into()),
            zone: Some("left".into()),
            category: Some("best".into()),
            ..v1::BestAvailable::default()
        };
        let wish = best_available(&mut Resolver::new(None), &wish).unwrap();
        assert_eq!(wish.section, Some(SectionIndex(u32::MAX)));
        assert_eq!(wish.zone, Some(ZoneIndex(u32::MAX)));
        assert_eq!(wish.category, Some(CategoryIndex(u32::MAX)));
    }

    #[test]
    fn of_ticket_types_that_are_too_many_only_one_too_many_is_kept() {
        let many = || (0..100_000).map(|number| format!("t{number}")).collect::<Vec<_>>();
        let seats = Seats { indexes: vec![7; 100_000], ticket_types: many(), ..Seats::default() };
        assert_eq!(ticket_type_keys(&seats, 64).map(|keys| keys.len()), Ok(65));
    }
}
