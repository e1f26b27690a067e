//! Typed ids and positions. All are plain numbers but [`BuyerId`], which is what the caller's
//! identity provider calls the buyer.

use std::fmt;

use compact_str::CompactString;

use crate::limits::{BUYER_ID_BYTES_MAX, SHARDS};
use crate::time::Timestamp;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(/// A show on sale. Given by whoever creates it; unique in the whole engine.
    EventId(u64));
number_id!(/// One of the [`SHARDS`] logical shards.
    ShardId(u16));
number_id!(/// A shard's log sequence number: the first fact has 1, each next one more.
    Lsn(u64));
number_id!(/// Raised each time a journal is opened for writing; a lower one is fenced.
    Epoch(u64));
number_id!(/// A seat's dense index within its event. Never reused, never renumbered.
    SeatIndex(u32));
number_id!(/// A row's index within its chart.
    RowIndex(u32));
number_id!(/// A section's index within its chart.
    SectionIndex(u32));
number_id!(/// A category's index within its chart.
    CategoryIndex(u32));
number_id!(/// A zone's index within its chart.
    ZoneIndex(u32));
number_id!(/// A table's index within its chart.
    TableIndex(u32));
number_id!(/// An area's dense index within its event. Never reused, never renumbered.
    AreaIndex(u32));
number_id!(/// A ticket type's index within its event. Never reused, never renumbered.
    TicketTypeIndex(u16));

impl EventId {
    /// The shard this event lives on for ever: a fixed mix of the id's bits (the finalizer of
    /// SplitMix64), so that neighbouring ids spread.
    pub fn shard(self) -> ShardId {
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ShardId(((bits ^ (bits >> 31)) % u64::from(SHARDS)) as u16)
    }
}

impl Lsn {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

macro_rules! fact_born_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// The shard in the top 16 bits and the LSN of the fact that made it in the next 48
        /// route it and keep it unique; the low 64 bits come from the request id, so it can be
        /// guessed only by who can guess that. Shown as 32 hexadecimal digits.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub u128);

        impl $name {
            /// The id of what the fact at `lsn` of `shard` brings into being.
            ///
            /// # Panics
            /// If the LSN has more than 48 bits: at a million facts a second on one shard,
            /// after nine years.
            pub fn new(shard: ShardId, lsn: Lsn, request_id: RequestId) -> Self {
                assert!(lsn.0 < 1 << 48, "an LSN fits its place in an id");
                let low = request_id.0 as u64;
                Self(u128::from(shard.0) << 112 | u128::from(lsn.0) << 64 | u128::from(low))
            }

            /// The shard that knows it.
            pub fn shard(self) -> ShardId {
                ShardId((self.0 >> 112) as u16)
            }

            /// The LSN of the fact that made it.
            pub fn lsn(self) -> Lsn {
                Lsn((self.0 >> 64) as u64 & ((1 << 48) - 1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                hex_id(text).map(Self)
            }
        }
    };
}

fact_born_id!(
    /// A hold.
    HoldId
);
fact_born_id!(
    /// What one allocate made of a hold or a part of it.
    AllocationId
);

/// Why a text or a number is not an id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IdError {
    /// Not 32 hexadecimal digits.
    #[error("an id is 32 hexadecimal digits; this is {0:?}")]
    NotHex(String),
    /// Neither a version 7 nor a version 8 UUID.
    #[error("a request id is a UUID of version 7 (or 8, when hashed from a key); this is {0:032x}")]
    NotAUuid(u128),
    /// A buyer id that is empty or too long.
    #[error("a buyer id has 1 to {BUYER_ID_BYTES_MAX} bytes; this one has {0}")]
    BuyerLength(usize),
}

fn hex_id(text: &str) -> Result<u128, IdError> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = if is_hex { u128::from_str_radix(text, 16).ok() } else { None };
    number.ok_or_else(|| IdError::NotHex(text.chars().take(64).collect()))
}

/// A command's idempotency id: a UUID of version 7 (RFC 9562, ordered by time) from gRPC, or of
/// version 8, hashed from an idempotency key, from REST.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(u128);

impl RequestId {
    /// Accepts a UUID of version 7 or 8.
    pub fn new(uuid: u128) -> Result<Self, IdError> {
        let version = uuid >> 76 & 0xf;
        let variant = uuid >> 62 & 0b11;
        if matches!(version, 7 | 8) && variant == 0b10 {
            Ok(Self(uuid))
        } else {
            Err(IdError::NotAUuid(uuid))
        }
    }

    /// The id as a number; its big-endian bytes are the UUID's.
    pub fn get(self) -> u128 {
        self.0
    }

    /// When a time-ordered id says that it was made; `None` for a hashed one.
    pub fn made_at(self) -> Option<Timestamp> {
        (self.0 >> 76 & 0xf == 7).then_some(Timestamp((self.0 >> 80) as u64))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Who buys, as the caller names them: 1 to [`BUYER_ID_BYTES_MAX`] bytes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BuyerId(CompactString);

impl BuyerId {
    /// Accepts any text of a fitting length.
    pub fn new(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > BUYER_ID_BYTES_MAX {
            return Err(IdError::BuyerLength(text.len()));
        }
        Ok(Self(CompactString::new(text)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BuyerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a chart's content: SHA-256 over its canonical document.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChartHash(pub [u8; 32]);

impl fmt::Display for ChartHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChartHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChartHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::strategies::{allocation_id, hold_id, request_id};

    #[test]
    fn a_hold_id_says_where_it_lives_and_survives_its_text() {
        let request_id = RequestId::new(0x0190_0000_0000_7000_8000_0000_0000_002a).unwrap();
        let id = HoldId::new(ShardId(200), Lsn(77), request_id);
        assert_eq!((id.shard(), id.lsn()), (ShardId(200), Lsn(77)));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("12".parse::<HoldId>().is_err());
        assert!("+1900000000070008000000000000002".parse::<HoldId>().is_err());
    }

    #[test]
    fn only_uuids_of_version_7_and_8_are_request_ids() {
        assert!(RequestId::new(0x0190_0000_0000_7000_8000_0000_0000_0000).is_ok());
        assert!(RequestId::new(0x0190_0000_0000_8000_8000_0000_0000_0000).is_ok());
        assert!(RequestId::new(0x0190_0000_0000_4000_8000_0000_0000_0000).is_err());
        assert!(RequestId::new(0x0190_0000_0000_7000_0000_0000_0000_0000).is_err());
    }

    #[test]
    fn neighbouring_events_spread_over_the_shards() {
        let mut shards: Vec<u16> = (1..=1_000).map(|id| EventId(id).shard().0).collect();
        shards.sort_unstable();
        shards.dedup();
        assert!(shards.len() > 230, "{} shards used", shards.len());
    }

    #[test]
    #[should_panic(expected = "an LSN fits its place in an id")]
    fn an_lsn_never_spills_into_the_shard() {
        let request_id = RequestId::new(0x0190_0000_0000_7000_8000_0000_0000_002a).unwrap();
        let last = HoldId::new(ShardId(200), Lsn((1 << 48) - 1), request_id);
        assert_eq!((last.shard(), last.lsn()), (ShardId(200), Lsn((1 << 48) - 1)));
        HoldId::new(ShardId(200), Lsn(1 << 48), request_id);
    }

    #[test]
    fn events_stay_on_their_shards_for_ever() {
        // Stored data is divided by these: another number here loses events.
        let shards = [0, 1, 2, 1_000, u64::MAX].map(|id| EventId(id).shard().0);
        assert_eq!(shards, [0, 229, 138, 215, 123]);
    }

    #[test]
    fn a_buyer_id_is_neither_empty_nor_long() {
        assert_eq!(BuyerId::new(""), Err(IdError::BuyerLength(0)));
        let (fitting, long) = ("é".repeat(32), "é".repeat(33));
        assert_eq!(BuyerId::new(&fitting).unwrap().as_str(), fitting);
        assert_eq!(BuyerId::new(&long), Err(IdError::BuyerLength(66)));
    }
    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_id_comes_back_from_its_text(hold_id in hold_id(), sold in allocation_id()) {
            prop_assert_eq!(hold_id.to_string().parse(), Ok(hold_id));
            prop_assert_eq!(sold.to_string().parse(), Ok(sold));
        }

        #[test]
        fn only_its_own_text_in_large_or_small_letters_is_an_id(text in "[0-9a-fA-F+ -]{31,33}") {
            if let Ok(id) = text.parse::<HoldId>() {
                prop_assert_eq!(id.to_string(), text.to_lowercase());
            }
        }

        #[test]
        fn an_id_is_made_of_what_it_says(
            request_id in request_id(),
            shard in any::<u16>(),
            lsn in 0..1_u64 << 48,
        ) {
            let id = HoldId::new(ShardId(shard), Lsn(lsn), request_id);
            prop_assert_eq!((id.shard(), id.lsn()), (ShardId(shard), Lsn(lsn)));
            prop_assert_eq!(id.0 as u64, request_id.get() as u64);
        }

        #[test]
        fn a_number_is_a_request_id_or_is_refused(bits in any::<u128>(), known in request_id()) {
            for bits in [bits, known.get(), known.get() ^ 1 << (bits % 128)] {
                let is_known = matches!(bits >> 76 & 0xf, 7 | 8) && bits >> 62 & 3 == 2;
                let id = RequestId::new(bits).map(RequestId::get);
                prop_assert_eq!(id.ok(), is_known.then_some(bits));
            }
        }
    }
}
