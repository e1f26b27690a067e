//! Images of shards to bytes, and back: what facts are written with, in the order of the image's
//! fields, lists behind how many they have. What contradicts itself is for the core to find.

use inventory_core::digest::Digest;
use inventory_core::encoding::{DecodeError, EncodedFacts, Problem, Reader, Writer};
use inventory_core::ids::{
    AllocationId, AreaIndex, ChartHash, EventId, HoldId, Lsn, SeatIndex, ShardId,
};
use inventory_core::limits::{EVENT_NAME_BYTES_MAX, TICKET_TYPES_MAX};
use inventory_core::state::{Allocation, EndedHold, Ending, EventImage, Hold, ShardImage};

use super::check_version;

/// The version that this release writes, and the only one that it reads. Raised with
/// [`super::PAYLOAD_VERSION`] too: an image has facts.
pub const IMAGE_VERSION: u8 = 2;

/// Appends the image of a shard.
pub fn write_image(image: &ShardImage, out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.u8(IMAGE_VERSION);
    writer.u16(image.shard.0);
    writer.u64(image.last_lsn.0);
    writer.u64(image.last_at.0);
    writer.u128(image.newest_forgotten);
    writer.u128(image.digest.0);
    writer.long_list(&image.events, write_event);
    writer.long_list(&image.holds, write_hold);
    writer.long_list(&image.allocations, write_allocation);
    writer.long_list(&image.ended_holds, write_ended_hold);
    let requests = u32::try_from(image.requests.len());
    writer.u32(requests.expect("a shard remembers no more requests than its limit"));
    writer.bytes(image.requests.bytes());
}

/// The image of a shard. It may still contradict itself.
pub fn read_image(bytes: &[u8]) -> Result<ShardImage, DecodeError> {
    let mut reader = Reader::new(bytes);
    check_version(&mut reader, IMAGE_VERSION)?;
    let image = ShardImage {
        shard: ShardId(u16::from_le_bytes(reader.array()?)),
        last_lsn: Lsn(reader.u64()?),
        last_at: reader.timestamp()?,
        newest_forgotten: reader.u128()?,
        digest: Digest(reader.u128()?),
        events: reader.long_list(EVENT_BYTES_MIN, read_event)?,
        holds: reader.long_list(HOLD_BYTES_MIN, read_hold)?,
        allocations: reader.long_list(ALLOCATION_BYTES_MIN, read_allocation)?,
        ended_holds: reader.long_list(ENDED_HOLD_BYTES_MIN, read_ended_hold)?,
        requests: {
            let count = reader.u32()? as usize;
            EncodedFacts::read(&mut reader, count)?
        },
    };
    match reader.left() {
        0 => Ok(image),
        left => Err(reader.error(Problem::Trailing(left))),
    }
}

// The fewest bytes that one of each list takes, so that no length that was read allocates more
// than its bytes can fill.
const EVENT_BYTES_MIN: usize = 8 + 2 + 32 + 13 + 2 + 8 + 1 + 4 + 4;
const HOLD_BYTES_MIN: usize = 16 + 8 + 2 + 8 + 2 + 7;
const ALLOCATION_BYTES_MIN: usize = 16 + 16 + 8 + 2 + 8 + 7;
const ENDED_HOLD_BYTES_MIN: usize = 16 + 8 + 2 + 1 + 8;

fn write_event(writer: &mut Writer<'_>, event: &EventImage) {
    writer.u64(event.id.0);
    writer.text(&event.name);
    writer.bytes(&event.chart.0);
    writer.rules(&event.rules);
    writer.count(event.ticket_types.len());
    event.ticket_types.iter().for_each(|ticket_type| writer.ticket_type(ticket_type));
    writer.u64(event.created_at.0);
    writer.flag(event.closed_at.is_some());
    if let Some(at) = event.closed_at {
        writer.u64(at.0);
    }
    writer.long_list(&event.blocked_seats, |writer, (first, count)| {
        writer.u32(first.0);
        writer.u32(*count);
    });
    writer.long_list(&event.blocked_places, |writer, (area, count)| {
        writer.u32(area.0);
        writer.u32(*count);
    });
}

fn write_hold(writer: &mut Writer<'_>, hold: &Hold) {
    writer.u128(hold.id.0);
    writer.u64(hold.event_id.0);
    writer.text(hold.buyer_id.as_str());
    writer.u64(hold.deadline.0);
    writer.u16(hold.extensions);
    writer.spots(&hold.spots);
}

fn write_allocation(writer: &mut Writer<'_>, sold: &Allocation) {
    writer.u128(sold.id.0);
    writer.u128(sold.hold_id.0);
    writer.u64(sold.event_id.0);
    writer.text(sold.buyer_id.as_str());
    writer.u64(sold.allocated_at.0);
    writer.spots(&sold.spots);
}

fn write_ended_hold(writer: &mut Writer<'_>, ended: &EndedHold) {
    writer.u128(ended.id.0);
    writer.u64(ended.event_id.0);
    writer.text(ended.buyer_id.as_str());
    writer.u8(ended.ending as u8);
    writer.u64(ended.at.0);
}

fn read_event(reader: &mut Reader<'_>) -> Result<EventImage, DecodeError> {
    Ok(EventImage {
        id: EventId(reader.u64()?),
        name: reader.text("an event's name", EVENT_NAME_BYTES_MAX)?.into(),
        chart: ChartHash(reader.array()?),
        rules: reader.rules()?,
        ticket_types: reader.list("ticket types", TICKET_TYPES_MAX, Reader::ticket_type)?,
        created_at: reader.timestamp()?,
        closed_at: reader.option(Reader::timestamp)?,
        blocked_seats: reader
            .long_list(8, |reader| Ok((SeatIndex(reader.u32()?), reader.u32()?)))?,
        blocked_places: reader
            .long_list(8, |reader| Ok((AreaIndex(reader.u32()?), reader.u32()?)))?,
    })
}

fn read_hold(reader: &mut Reader<'_>) -> Result<Hold, DecodeError> {
    Ok(Hold {
        id: HoldId(reader.u128()?),
        event_id: EventId(reader.u64()?),
        buyer_id: reader.buyer_id()?,
        deadline: reader.timestamp()?,
        extensions: u16::from_le_bytes(reader.array()?),
        spots: reader.spots()?,
    })
}

fn read_allocation(reader: &mut Reader<'_>) -> Result<Allocation, DecodeError> {
    Ok(Allocation {
        id: AllocationId(reader.u128()?),
        hold_id: HoldId(reader.u128()?),
        event_id: EventId(reader.u64()?),
        buyer_id: reader.buyer_id()?,
        allocated_at: reader.timestamp()?,
        spots: reader.spots()?,
    })
}

fn read_ended_hold(reader: &mut Reader<'_>) -> Result<EndedHold, DecodeError> {
    Ok(EndedHold {
        id: HoldId(reader.u128()?),
        event_id: EventId(reader.u64()?),
        buyer_id: reader.buyer_id()?,
        ending: read_ending(reader)?,
        at: reader.timestamp()?,
    })
}

fn read_ending(reader: &mut Reader<'_>) -> Result<Ending, DecodeError> {
    let number = reader.u8()?;
    let known = [Ending::Expired, Ending::Released, Ending::Allocated];
    let ending = known.into_iter().find(|ending| *ending as u8 == number);
    ending.ok_or_else(|| reader.error(Problem::UnknownEnding(number)))
}

#[cfg(test)]
mod tests;
