//! Ids as a client sees them: 16 opaque bytes, written as 32 hexadecimal digits. Nothing is ever
//! read out of one, for what is checked may not be believed.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de};

/// A text or bytes that are no id.
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
            ///
            /// # Errors
            /// If there are not 16 bytes.
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
    /// What an allocate made of a hold.
    AllocationId
);

impl RequestId {
    /// A UUID of version 7: the wall clock in front, the rest by chance.
    pub fn now() -> Self {
        Self(uuid::Uuid::now_v7().as_u128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_and_its_bytes() {
        let id = RequestId::now();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(RequestId::from_bytes(&id.to_bytes()), Ok(id));
        assert_eq!((id.0 >> 76) & 0xf, 7);
        assert!("12".parse::<HoldId>().is_err());
        assert!(HoldId::from_bytes(&[0; 15]).is_err());
    }
}
