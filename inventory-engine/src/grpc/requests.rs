//! Protobuf requests into typed ones. What makes no sense is told by field and goes no further.

use inventory_core::chart::Chart;
use inventory_core::command::{
    Allocate, BestAvailable, Block, Command, CreateEvent, Extend, Part, Place, Release, Return,
    Selection, Unblock, Verb,
};
use inventory_core::ids::{
    AllocationId, BuyerId, ChartHash, EventId, HoldId, RequestId, SeatIndex,
};
use inventory_core::limits::{
    BLOCK_SEATS_MAX, EVENT_NAME_BYTES_MAX, HOLD_SEATS_MAX, LABEL_BYTES_MAX, SHARDS,
};
use inventory_core::rules::EventRules;
use inventory_core::time::Timestamp;
use proto::inventory::v1::{self, command, place_request};

use crate::answer::Invalid;
use crate::ask::{Ask, resolve_labels};
use crate::directory::Directory;

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
    let event = directory.event(event_id);
    let chart = event.as_ref().map(|event| event.chart.as_ref());
    let mut unknown_labels = Vec::new();
    let selection = match request.selection {
        Some(place_request::Selection::Seats(seats)) => {
            Selection::Seats(seats_of(chart, seats, HOLD_SEATS_MAX, &mut unknown_labels)?)
        }
        Some(place_request::Selection::BestAvailable(wish)) => {
            Selection::BestAvailable(best_available(chart, &wish)?)
        }
        None => return Err(invalid("selection", "say which seats: seats or best_available")),
    };
    let buyer_id = buyer_id(&request.buyer_id)?;
    let verb = Verb::Place(Place { event_id, buyer_id, selection });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown_labels, part_labels: Vec::new() })
}

fn best_available(
    chart: Option<&Chart>,
    wish: &v1::BestAvailable,
) -> Result<BestAvailable, Invalid> {
    // Without a chart there is no event, which the engine will say.
    let section = match (&wish.section, chart) {
        (Some(label), Some(chart)) => Some(chart.section_by_label(label).ok_or_else(|| {
            invalid("best_available.section", format!("there is no section {}", shown(label)))
        })?),
        _ => None,
    };
    let category = match (&wish.category, chart) {
        (Some(key), Some(chart)) => Some(chart.category_by_key(key).ok_or_else(|| {
            invalid("best_available.category", format!("there is no category {}", shown(key)))
        })?),
        _ => None,
    };
    Ok(BestAvailable { quantity: wish.quantity, section, category, accessible: wish.accessible })
}

pub(crate) fn extend(request: &v1::ExtendRequest) -> Result<Ask, Invalid> {
    let verb = Verb::Extend(Extend {
        hold_id: hold_id(&request.hold_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
    });
    Ok(Ask::command(Command { request_id: request_id(&request.request_id)?, verb }))
}

pub(crate) fn release(request: v1::ReleaseRequest) -> Result<Ask, Invalid> {
    let (part, part_labels) = part_of(request.part)?;
    let verb = Verb::Release(Release {
        hold_id: hold_id(&request.hold_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
        part,
    });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown_labels: Vec::new(), part_labels })
}

pub(crate) fn allocate(request: v1::AllocateRequest) -> Result<Ask, Invalid> {
    let (part, part_labels) = part_of(request.part)?;
    let verb = Verb::Allocate(Allocate {
        hold_id: hold_id(&request.hold_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
        part,
    });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown_labels: Vec::new(), part_labels })
}

pub(crate) fn give_back(request: v1::ReturnRequest) -> Result<Ask, Invalid> {
    let (part, part_labels) = part_of(request.part)?;
    let verb = Verb::Return(Return {
        allocation_id: allocation_id(&request.allocation_id)?,
        buyer_id: buyer_id(&request.buyer_id)?,
        part,
    });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown_labels: Vec::new(), part_labels })
}

pub(crate) fn block(directory: &Directory, request: v1::BlockRequest) -> Result<Ask, Invalid> {
    let event_id = EventId(request.event_id);
    let (seats, unknown_labels) = seats_of_event(directory, event_id, request.seats)?;
    let verb = Verb::Block(Block { event_id, seats });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown_labels, part_labels: Vec::new() })
}

pub(crate) fn unblock(directory: &Directory, request: v1::UnblockRequest) -> Result<Ask, Invalid> {
    let event_id = EventId(request.event_id);
    let (seats, unknown_labels) = seats_of_event(directory, event_id, request.seats)?;
    let verb = Verb::Unblock(Unblock { event_id, seats });
    let command = Command { request_id: request_id(&request.request_id)?, verb };
    Ok(Ask::Command { command, unknown_labels, part_labels: Vec::new() })
}

pub(crate) fn create_event(request: v1::CreateEventRequest) -> Result<Command, Invalid> {
    let chart = <[u8; 32]>::try_from(request.chart_hash.as_ref())
        .map_err(|_| invalid("chart_hash", "a chart's hash has 32 bytes, as put_chart gave it"))?;
    if request.event_id == 0 {
        return Err(invalid("event_id", "an event's id is a number from 1 on"));
    }
    if request.name.len() > EVENT_NAME_BYTES_MAX {
        let problem = format!("a name has at most {EVENT_NAME_BYTES_MAX} bytes");
        return Err(invalid("name", problem));
    }
    let create = CreateEvent {
        event_id: EventId(request.event_id),
        name: request.name.into(),
        chart: ChartHash(chart),
        rules: rules(request.rules.unwrap_or_default())?,
    };
    let request_id = request_id(&request.request_id)?;
    Ok(Command { request_id, verb: Verb::CreateEvent(create) })
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

fn seats_of_event(
    directory: &Directory,
    event_id: EventId,
    seats: Option<v1::Seats>,
) -> Result<(Vec<SeatIndex>, Vec<String>), Invalid> {
    let event = directory.event(event_id);
    let chart = event.as_ref().map(|event| event.chart.as_ref());
    let mut unknown_labels = Vec::new();
    let seats = seats.unwrap_or_default();
    let seats = seats_of(chart, seats, BLOCK_SEATS_MAX, &mut unknown_labels)?;
    Ok((seats, unknown_labels))
}

fn seats_of(
    chart: Option<&Chart>,
    seats: v1::Seats,
    seats_max: usize,
    unknown_labels: &mut Vec<String>,
) -> Result<Vec<SeatIndex>, Invalid> {
    let (indexes, labels) = named("seats", seats, seats_max)?;
    if labels.is_empty() {
        return Ok(indexes);
    }
    Ok(resolve_labels(chart, &labels, unknown_labels))
}

/// Indexes or labels. Of a list that is too long, one more than may be is kept: enough for the
/// core to refuse it, and nothing that waits in a queue is longer than a command that is done.
fn named(
    field: &'static str,
    seats: v1::Seats,
    seats_max: usize,
) -> Result<(Vec<SeatIndex>, Vec<String>), Invalid> {
    let v1::Seats { indexes, mut labels } = seats;
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

/// A part by index, or the labels that the hold's writer will look up.
fn part_of(part: Option<v1::Seats>) -> Result<(Part, Vec<String>), Invalid> {
    let Some(seats) = part else {
        return Ok((Part::Whole, Vec::new()));
    };
    let (indexes, labels) = named("part", seats, HOLD_SEATS_MAX)?;
    Ok((Part::Seats(indexes), labels))
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
                labels: Vec::new(),
            })),
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
        let both = Seats { indexes: vec![1], labels: vec!["A-1".into()] };
        let both = Some(place_request::Selection::Seats(both));
        assert_eq!(field_of(|request| request.selection = both), "seats");
    }

    #[test]
    fn of_a_list_that_is_too_long_only_one_too_many_is_kept() {
        let kept = |indexes: Vec<u32>, labels: Vec<String>| {
            let (indexes, labels) = named("seats", Seats { indexes, labels }, 3)?;
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
}
