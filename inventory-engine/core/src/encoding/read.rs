//! Bytes to facts, and to what they are made of.

use crate::fact::{Change, Fact, RequestMark};
use crate::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, IdError, Lsn,
    RequestId, SeatIndex, TicketTypeIndex,
};
use crate::limits::{
    AREA_LINES_MAX, BLOCK_SEATS_MAX, BUYER_ID_BYTES_MAX, EVENT_NAME_BYTES_MAX,
    TICKET_TYPE_CATEGORIES_MAX, TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};
use crate::rules::EventRules;
use crate::spots::{AreaPlaces, SeatSpot, SeatSpots, Spots};
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

use super::kind;

/// Why bytes are not readable, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("at byte {offset} of what is stored: {problem}")]
pub struct DecodeError {
    /// Bytes from the beginning of what is read.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with bytes that are read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Written by a release that is newer than this one.
    #[error("version {found}; this release reads version {known}")]
    UnknownVersion {
        /// What it says it is.
        found: u8,
        /// The only one that this release reads.
        known: u8,
    },
    /// A change that this release does not know.
    #[error("change number {0}, which this release does not know")]
    UnknownChange(u8),
    /// An ending of a hold that this release does not know.
    #[error("an ending of number {0}, which this release does not know")]
    UnknownEnding(u8),
    /// It ends in the middle of something.
    #[error("{needed} more bytes expected, {left} left")]
    CutShort {
        /// Bytes that the next field has.
        needed: usize,
        /// Bytes that there are.
        left: usize,
    },
    /// Something is longer than it may be.
    #[error("{what} of length {length}; at most {max} may be")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// How long it says it is.
        length: usize,
        /// How long it may be.
        max: usize,
    },
    /// A flag that is neither 0 nor 1.
    #[error("a flag of value {0}")]
    NotAFlag(u8),
    /// A list of seats that is said to have ticket types and has none.
    #[error("no ticket type in a list that is said to have some")]
    NoTicketType,
    /// A text that is not UTF-8.
    #[error("a text that is not UTF-8")]
    NotText,
    /// An id of a wrong form.
    #[error("{0}")]
    Id(#[from] IdError),
    /// The LSNs run over the end of the numbers.
    #[error("{count} facts from LSN {first_lsn} on, more than there are numbers")]
    LsnOverflow {
        /// The first.
        first_lsn: Lsn,
        /// How many.
        count: usize,
    },
    /// More bytes than its facts have.
    #[error("{0} bytes behind the last fact")]
    Trailing(usize),
}

impl DecodeError {
    /// Whether a newer release may have written it, and could read it.
    pub fn is_of_newer_release(&self) -> bool {
        use Problem::{UnknownChange, UnknownEnding, UnknownVersion};
        matches!(self.problem, UnknownVersion { .. } | UnknownChange(_) | UnknownEnding(_))
    }
}

/// Reads what a [`super::Writer`] wrote, from the first byte on.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// What has not been read yet.
    pub fn unread(&self) -> &'a [u8] {
        &self.bytes[self.offset..]
    }
}

impl Reader<'_> {
    /// A fact without its LSN, which is `lsn`.
    pub fn fact(&mut self, lsn: Lsn) -> Result<Fact, DecodeError> {
        let at = self.timestamp()?;
        let event_id = EventId(self.u64()?);
        let request = self.option(Self::request_mark)?;
        let change = self.change()?;
        Ok(Fact { lsn, at, event_id, request, change })
    }

    fn change(&mut self) -> Result<Change, DecodeError> {
        let offset = self.offset;
        let number = self.u8()?;
        Ok(match number {
            kind::EVENT_CREATED => Change::EventCreated {
                name: self.text("an event's name", EVENT_NAME_BYTES_MAX)?.into(),
                chart: ChartHash(self.array()?),
                rules: self.rules()?,
                ticket_types: self.list("ticket types", TICKET_TYPES_MAX, Self::ticket_type)?,
            },
            kind::EVENT_CLOSED => Change::EventClosed,
            kind::HOLD_PLACED => {
                let hold_id = HoldId(self.u128()?);
                let buyer_id = self.buyer_id()?;
                let deadline = self.timestamp()?;
                Change::HoldPlaced { hold_id, buyer_id, spots: self.spots()?, deadline }
            }
            kind::HOLD_EXTENDED => {
                Change::HoldExtended { hold_id: HoldId(self.u128()?), deadline: self.timestamp()? }
            }
            kind::HOLD_RELEASED => {
                Change::HoldReleased { hold_id: HoldId(self.u128()?), spots: self.spots()? }
            }
            kind::HOLD_ALLOCATED => Change::HoldAllocated {
                hold_id: HoldId(self.u128()?),
                allocation_id: AllocationId(self.u128()?),
                buyer_id: self.buyer_id()?,
                spots: self.spots()?,
            },
            kind::HOLD_EXPIRED => {
                Change::HoldExpired { hold_id: HoldId(self.u128()?), spots: self.spots()? }
            }
            kind::SPOTS_RETURNED => Change::SpotsReturned {
                allocation_id: AllocationId(self.u128()?),
                spots: self.spots()?,
            },
            kind::SPOTS_BLOCKED => Change::SpotsBlocked { spots: self.spots()? },
            kind::SPOTS_UNBLOCKED => Change::SpotsUnblocked { spots: self.spots()? },
            unknown => {
                return Err(DecodeError { offset, problem: Problem::UnknownChange(unknown) });
            }
        })
    }

    fn request_mark(&mut self) -> Result<RequestMark, DecodeError> {
        let offset = self.offset;
        let id = RequestId::new(self.u128()?)
            .map_err(|error| DecodeError { offset, problem: error.into() })?;
        Ok(RequestMark { id, fingerprint: self.u64()? })
    }

    /// Rules of a sale.
    pub fn rules(&mut self) -> Result<EventRules, DecodeError> {
        Ok(EventRules {
            hold_ttl_millis: self.u64()?,
            extensions_max: u16::from_le_bytes(self.array()?),
            buyer_seats_max: self.option(Self::u32)?,
            sale_opens_at: self.option(Self::timestamp)?,
            sale_closes_at: self.option(Self::timestamp)?,
        })
    }

    /// A ticket type.
    pub fn ticket_type(&mut self) -> Result<TicketType, DecodeError> {
        Ok(TicketType {
            key: self.text("a ticket type's key", TICKET_TYPE_KEY_BYTES_MAX)?.into(),
            quota: self.option(Self::u32)?,
            sale_opens_at: self.option(Self::timestamp)?,
            sale_closes_at: self.option(Self::timestamp)?,
            categories: self.list("categories", TICKET_TYPE_CATEGORIES_MAX, |reader| {
                reader.u32().map(CategoryIndex)
            })?,
        })
    }

    /// Seats and places in areas.
    pub fn spots(&mut self) -> Result<Spots, DecodeError> {
        let count = self.u32()? as usize;
        self.at_most("a list of seats", count, BLOCK_SEATS_MAX)?;
        let offset = self.offset;
        let has_types = self.option(|_| Ok(()))?.is_some();
        self.ensure(count * 4)?;
        let seats = (0..count).map(|_| {
            let seat = SeatIndex(self.u32()?);
            let ticket_type = if has_types { self.ticket_type_index()? } else { None };
            Ok(SeatSpot { seat, ticket_type })
        });
        let seats = seats.collect::<Result<SeatSpots, DecodeError>>()?;
        if has_types && seats.iter().all(|spot| spot.ticket_type.is_none()) {
            return Err(DecodeError { offset, problem: Problem::NoTicketType });
        }
        let areas = self.list("a list of areas", AREA_LINES_MAX, |reader| {
            Ok(AreaPlaces {
                area: AreaIndex(reader.u32()?),
                ticket_type: reader.ticket_type_index()?,
                count: reader.u32()?,
            })
        })?;
        Ok(Spots { seats, areas })
    }

    fn ticket_type_index(&mut self) -> Result<Option<TicketTypeIndex>, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?).checked_sub(1).map(TicketTypeIndex))
    }

    /// A list whose length is bounded before any of it is read.
    pub fn list<T>(
        &mut self,
        what: &'static str,
        max: usize,
        read: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = usize::from(u16::from_le_bytes(self.array()?));
        self.at_most(what, count, max)?;
        (0..count).map(|_| read(self)).collect()
    }

    /// A list of which each item has `bytes_min` bytes at least, its length in 32 bits.
    pub fn long_list<T>(
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

    /// A buyer.
    pub fn buyer_id(&mut self) -> Result<BuyerId, DecodeError> {
        let offset = self.offset;
        let text = self.text("a buyer id", BUYER_ID_BYTES_MAX)?;
        BuyerId::new(text).map_err(|error| DecodeError { offset, problem: error.into() })
    }

    /// A text of at most `max` bytes.
    pub fn text(&mut self, what: &'static str, max: usize) -> Result<&str, DecodeError> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        self.at_most(what, length, max)?;
        self.ensure(length)?;
        let start = self.offset;
        self.offset += length;
        str::from_utf8(&self.bytes[start..start + length])
            .map_err(|_| DecodeError { offset: start, problem: Problem::NotText })
    }

    /// Nothing, or what `read` reads, behind a flag.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        let offset = self.offset;
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            other => Err(DecodeError { offset, problem: Problem::NotAFlag(other) }),
        }
    }

    /// A time.
    pub fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        self.u64().map(Timestamp)
    }

    /// A number.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_le_bytes)
    }

    /// A number.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number.
    pub fn u128(&mut self) -> Result<u128, DecodeError> {
        self.array().map(u128::from_le_bytes)
    }

    /// So many bytes as they are.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.bytes[self.offset..].first_chunk::<N>() {
            Some(chunk) => {
                self.offset += N;
                Ok(*chunk)
            }
            None => Err(self.error(Problem::CutShort { needed: N, left: self.left() })),
        }
    }

    /// Refuses a length, before anything is allocated for it.
    pub fn at_most(
        &self,
        what: &'static str,
        length: usize,
        max: usize,
    ) -> Result<(), DecodeError> {
        if length > max {
            return Err(self.error(Problem::TooLong { what, length, max }));
        }
        Ok(())
    }

    /// Asked before anything is allocated for what follows.
    pub fn ensure(&self, needed: usize) -> Result<(), DecodeError> {
        if needed > self.left() {
            return Err(self.error(Problem::CutShort { needed, left: self.left() }));
        }
        Ok(())
    }

    /// How many bytes have not been read yet.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// What is wrong with the byte that is next.
    pub fn error(&self, problem: Problem) -> DecodeError {
        DecodeError { offset: self.offset, problem }
    }
}
