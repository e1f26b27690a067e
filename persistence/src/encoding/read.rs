//! Bytes to facts.

use inventory_core::fact::{Change, Fact, RequestMark};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, IdError, Lsn,
    RequestId, SeatIndex, TicketTypeIndex,
};
use inventory_core::limits::{
    AREA_LINES_MAX, BUYER_ID_BYTES_MAX, EVENT_NAME_BYTES_MAX, TICKET_TYPE_CATEGORIES_MAX,
    TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, SeatSpots, Spots};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use super::{IMAGE_VERSION, PAYLOAD_VERSION, kind};
use crate::limits::{BATCH_FACTS_MAX, FACT_SEATS_MAX};

/// The shortest fact there can be: its frame without a request, and nothing else.
const FACT_BYTES_MIN: usize = 8 + 8 + 1 + 1;

/// Why a payload is not readable, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("at byte {offset} of what is stored: {problem}")]
pub struct DecodeError {
    /// Bytes from the beginning of the payload, or of the image.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a payload.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Written by a release that is newer than this one.
    #[error(
        "version {0}; this release reads payloads of version {PAYLOAD_VERSION}, images of \
         {IMAGE_VERSION}"
    )]
    UnknownVersion(u8),
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
        matches!(self.problem, UnknownVersion(_) | UnknownChange(_) | UnknownEnding(_))
    }
}

/// The `count` facts of a payload; the first has `first_lsn`.
pub fn read_facts(payload: &[u8], first_lsn: Lsn, count: usize) -> Result<Vec<Fact>, DecodeError> {
    let mut reader = Reader::new(payload);
    let version = reader.u8()?;
    if version != PAYLOAD_VERSION {
        return Err(DecodeError { offset: 0, problem: Problem::UnknownVersion(version) });
    }
    reader.at_most("a batch", count, BATCH_FACTS_MAX)?;
    reader.ensure(count.saturating_mul(FACT_BYTES_MIN))?;
    if first_lsn.0.checked_add(count as u64).is_none() {
        return Err(reader.error(Problem::LsnOverflow { first_lsn, count }));
    }
    let facts = (0..count as u64)
        .map(|index| reader.fact(Lsn(first_lsn.0 + index)))
        .collect::<Result<Vec<Fact>, DecodeError>>()?;
    match reader.left() {
        0 => Ok(facts),
        left => Err(reader.error(Problem::Trailing(left))),
    }
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }
}

impl Reader<'_> {
    pub(super) fn fact(&mut self, lsn: Lsn) -> Result<Fact, DecodeError> {
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

    pub(super) fn rules(&mut self) -> Result<EventRules, DecodeError> {
        Ok(EventRules {
            hold_ttl_millis: self.u64()?,
            extensions_max: u16::from_le_bytes(self.array()?),
            buyer_seats_max: self.option(Self::u32)?,
            sale_opens_at: self.option(Self::timestamp)?,
            sale_closes_at: self.option(Self::timestamp)?,
        })
    }

    pub(super) fn ticket_type(&mut self) -> Result<TicketType, DecodeError> {
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

    pub(super) fn spots(&mut self) -> Result<Spots, DecodeError> {
        let count = self.u32()? as usize;
        self.at_most("a list of seats", count, FACT_SEATS_MAX)?;
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
    pub(super) fn list<T>(
        &mut self,
        what: &'static str,
        max: usize,
        read: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = usize::from(u16::from_le_bytes(self.array()?));
        self.at_most(what, count, max)?;
        (0..count).map(|_| read(self)).collect()
    }

    pub(super) fn buyer_id(&mut self) -> Result<BuyerId, DecodeError> {
        let offset = self.offset;
        let text = self.text("a buyer id", BUYER_ID_BYTES_MAX)?;
        BuyerId::new(text).map_err(|error| DecodeError { offset, problem: error.into() })
    }

    pub(super) fn text(&mut self, what: &'static str, max: usize) -> Result<&str, DecodeError> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        self.at_most(what, length, max)?;
        self.ensure(length)?;
        let start = self.offset;
        self.offset += length;
        str::from_utf8(&self.bytes[start..start + length])
            .map_err(|_| DecodeError { offset: start, problem: Problem::NotText })
    }

    pub(super) fn option<T>(
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

    pub(super) fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        self.u64().map(Timestamp)
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn u128(&mut self) -> Result<u128, DecodeError> {
        self.array().map(u128::from_le_bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.bytes[self.offset..].first_chunk::<N>() {
            Some(chunk) => {
                self.offset += N;
                Ok(*chunk)
            }
            None => Err(self.error(Problem::CutShort { needed: N, left: self.left() })),
        }
    }

    fn at_most(&self, what: &'static str, length: usize, max: usize) -> Result<(), DecodeError> {
        if length > max {
            return Err(self.error(Problem::TooLong { what, length, max }));
        }
        Ok(())
    }

    /// Asked before anything is allocated for what follows.
    pub(super) fn ensure(&self, needed: usize) -> Result<(), DecodeError> {
        if needed > self.left() {
            return Err(self.error(Problem::CutShort { needed, left: self.left() }));
        }
        Ok(())
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    pub(super) fn error(&self, problem: Problem) -> DecodeError {
        DecodeError { offset: self.offset, problem }
    }
}
