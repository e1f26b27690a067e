//! Images of shards to bytes, and back: what facts are written with, in the order of the image's
//! fields, lists behind how many they have. What contradicts itself is for the core to find.

use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::fact::Fact;
use inventory_core::ids::{
    AllocationId, AreaIndex, ChartHash, EventId, HoldId, Lsn, SeatIndex, ShardId,
};
use inventory_core::limits::{EVENT_NAME_BYTES_MAX, TICKET_TYPES_MAX};
use inventory_core::state::{Allocation, EndedHold, Ending, EventImage, Hold, ShardImage};

use super::IMAGE_VERSION;
use super::read::{DecodeError, Problem, Reader};
use super::write::Writer;

/// Appends the image of a shard.
pub fn write_image(image: &ShardImage, out: &mut Vec<u8>) {
    let mut writer = Writer(out);
    writer.u8(IMAGE_VERSION);
    writer.u16(image.shard.0);
    writer.u64(image.last_lsn.0);
    writer.u64(image.last_at.0);
    writer.u128(image.newest_forgotten);
    writer.u128(image.digest.0);
    writer.long_list(&image.events, Writer::event);
    writer.long_list(&image.holds, Writer::hold);
    writer.long_list(&image.allocations, Writer::allocation);
    writer.long_list(&image.ended_holds, Writer::ended_hold);
    writer.long_list(&image.requests, |writer, fact| {
        writer.u64(fact.lsn.0);
        writer.fact(fact);
    });
}

/// The image of a shard. It may still contradict itself.
pub fn read_image(bytes: &[u8]) -> Result<ShardImage, DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = reader.u8()?;
    if version != IMAGE_VERSION {
        return Err(DecodeError { offset: 0, problem: Problem::UnknownVersion(version) });
    }
    let image = ShardImage {
        shard: ShardId(u16::from_le_bytes(reader.array()?)),
        last_lsn: Lsn(reader.u64()?),
        last_at: reader.timestamp()?,
        newest_forgotten: reader.u128()?,
        digest: Digest(reader.u128()?),
        events: reader.long_list(EVENT_BYTES_MIN, Reader::event)?,
        holds: reader.long_list(HOLD_BYTES_MIN, Reader::hold)?,
        allocations: reader.long_list(ALLOCATION_BYTES_MIN, Reader::allocation)?,
        ended_holds: reader.long_list(ENDED_HOLD_BYTES_MIN, Reader::ended_hold)?,
        requests: reader.long_list(FACT_BYTES_MIN, |reader| {
            let lsn = Lsn(reader.u64()?);
            reader.fact(lsn).map(Arc::<Fact>::new)
        })?,
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
const FACT_BYTES_MIN: usize = 8 + 8 + 8 + 1 + 1;

impl Writer<'_> {
    fn long_list<T>(&mut self, list: &[T], write: impl Fn(&mut Self, &T)) {
        self.u32(u32::try_from(list.len()).expect("the limits of a shard keep its lists shorter"));
        list.iter().for_each(|item| write(self, item));
    }

    fn event(&mut self, event: &EventImage) {
        self.u64(event.id.0);
        self.text(&event.name);
        self.0.extend_from_slice(&event.chart.0);
        self.rules(&event.rules);
        self.count(event.ticket_types.len());
        event.ticket_types.iter().for_each(|ticket_type| self.ticket_type(ticket_type));
        self.u64(event.created_at.0);
        self.flag(event.closed_at.is_some());
        if let Some(at) = event.closed_at {
            self.u64(at.0);
        }
        self.long_list(&event.blocked_seats, |writer, (first, count)| {
            writer.u32(first.0);
            writer.u32(*count);
        });
        self.long_list(&event.blocked_places, |writer, (area, count)| {
            writer.u32(area.0);
            writer.u32(*count);
        });
    }

    fn hold(&mut self, hold: &Hold) {
        self.u128(hold.id.0);
        self.u64(hold.event_id.0);
        self.text(hold.buyer_id.as_str());
        self.u64(hold.deadline.0);
        self.u16(hold.extensions);
        self.spots(&hold.spots);
    }

    fn allocation(&mut self, sold: &Allocation) {
        self.u128(sold.id.0);
        self.u128(sold.hold_id.0);
        self.u64(sold.event_id.0);
        self.text(sold.buyer_id.as_str());
        self.u64(sold.allocated_at.0);
        self.spots(&sold.spots);
    }

    fn ended_hold(&mut self, ended: &EndedHold) {
        self.u128(ended.id.0);
        self.u64(ended.event_id.0);
        self.text(ended.buyer_id.as_str());
        self.u8(ended.ending as u8);
        self.u64(ended.at.0);
    }
}

impl Reader<'_> {
    fn long_list<T>(
        &mut self,
        bytes_min: usize,
        read: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.u32()? as usize;
        self.ensure(count.saturating_mul(bytes_min))?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list)
    }

    fn event(&mut self) -> Result<EventImage, DecodeError> {
        Ok(EventImage {
            id: EventId(self.u64()?),
            name: self.text("an event's name", EVENT_NAME_BYTES_MAX)?.into(),
            chart: ChartHash(self.array()?),
            rules: self.rules()?,
            ticket_types: self.list("ticket types", TICKET_TYPES_MAX, Self::ticket_type)?,
            created_at: self.timestamp()?,
            closed_at: self.option(Self::timestamp)?,
            blocked_seats: self
                .long_list(8, |reader| Ok((SeatIndex(reader.u32()?), reader.u32()?)))?,
            blocked_places: self
                .long_list(8, |reader| Ok((AreaIndex(reader.u32()?), reader.u32()?)))?,
        })
    }

    fn hold(&mut self) -> Result<Hold, DecodeError> {
        Ok(Hold {
            id: HoldId(self.u128()?),
            event_id: EventId(self.u64()?),
            buyer_id: self.buyer_id()?,
            deadline: self.timestamp()?,
            extensions: u16::from_le_bytes(self.array()?),
            spots: self.spots()?,
        })
    }

    fn allocation(&mut self) -> Result<Allocation, DecodeError> {
        Ok(Allocation {
            id: AllocationId(self.u128()?),
            hold_id: HoldId(self.u128()?),
            event_id: EventId(self.u64()?),
            buyer_id: self.buyer_id()?,
            allocated_at: self.timestamp()?,
            spots: self.spots()?,
        })
    }

    fn ended_hold(&mut self) -> Result<EndedHold, DecodeError> {
        Ok(EndedHold {
            id: HoldId(self.u128()?),
            event_id: EventId(self.u64()?),
            buyer_id: self.buyer_id()?,
            ending: self.ending()?,
            at: self.timestamp()?,
        })
    }

    fn ending(&mut self) -> Result<Ending, DecodeError> {
        let number = self.u8()?;
        let known = [Ending::Expired, Ending::Released, Ending::Allocated];
        let ending = known.into_iter().find(|ending| *ending as u8 == number);
        ending.ok_or_else(|| self.error(Problem::UnknownEnding(number)))
    }
}

#[cfg(test)]
mod tests;
