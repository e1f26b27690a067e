//! Ids as the load tester sees them: 16 opaque bytes, written as 32 hexadecimal digits.
//!
//! Nothing is ever read out of an id. What an engine puts into its bits is its own affair, and
//! an auditor that relied on it would believe what it has to check.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that is not an id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an id is 16 bytes, or 32 hexadecimal digits")]
pub struct IdError;

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub u128);

        impl $name {
            /// The id as the contract carries it.
            pub fn to_bytes(self) -> Bytes {
                Bytes::copy_from_slice(&self.0.to_be_bytes())
            }

            /// The id that an answer carries.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdError> {
                bytes.try_into().map(|bytes| Self(u128::from_be_bytes(bytes))).map_err(|_| IdError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits: String = text.chars().filter(|letter| *letter != '-').collect();
                let is_hex = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let number = if is_hex { u128::from_str_radix(&digits, 16).ok() } else { None };
                number.map(Self).ok_or(IdError)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

opaque_id!(
    /// What makes a request the same request when it is sent again.
    RequestId
);
opaque_id!(
    /// A hold.
    HoldId
);
opaque_id!(
    /// What one allocate made of a hold or a part of it.
    AllocationId
);

impl RequestId {
    /// A UUID of version 7: the time in front, the rest from the caller's random source.
    pub fn new(unix_millis: u64, random: u128) -> Self {
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&random.to_be_bytes()[..10]);
        Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, &bytes).into_uuid().as_u128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_its_bytes_and_its_json() {
        let id = RequestId::new(1_763_000_000_123, 0xfedc_ba98_7654_3210_0f0f_0f0f_0f0f_0f0f);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(RequestId::from_bytes(&id.to_bytes()), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<RequestId>(&json).unwrap(), id);
        assert_eq!((id.0 >> 80) as u64, 1_763_000_000_123);
        assert_eq!(id.0 >> 76 & 0xf, 7);
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        assert!("12".parse::<HoldId>().is_err());
        assert!("+0000000000000000000000000000001".parse::<HoldId>().is_err());
        assert!(HoldId::from_bytes(&[0; 15]).is_err());
    }
}
