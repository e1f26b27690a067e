//! The values of requests and how they are read: ids as numbers or as texts, since callers'
//! JSON has both. A number and the text of its digits are the same id.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use proto::inventory::v1::SeatStatus;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::limits::USER_ID_BYTES_MAX;

/// An event's number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EventId(pub(crate) u64);

/// Who buys: 1 to [`USER_ID_BYTES_MAX`] bytes.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct UserId(pub(crate) String);

/// A hold's 16 bytes; 32 hexadecimal digits in text.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct HoldId(pub(crate) Bytes);

/// A label of a seat or a section, or a category's key.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Label(pub(crate) String);

const EVENT_ID_EXPECTED: &str = "an event id: a whole number, or a text of its digits";
const USER_ID_EXPECTED: &str = "a user id: a text of 1 to 64 bytes, or a whole number";
const HOLD_ID_EXPECTED: &str = "a hold id: a text of 32 hexadecimal digits";
const LABEL_EXPECTED: &str = "a label: a text, or a whole number";

impl EventId {
    /// Reads the digits of an id.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        // `u64::from_str` would take a sign.
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_digits { text.parse().ok() } else { None };
        number.map(Self).ok_or(EVENT_ID_EXPECTED)
    }
}

impl UserId {
    fn parse(text: Cow<'_, str>) -> Result<Self, &'static str> {
        if (1..=USER_ID_BYTES_MAX).contains(&text.len()) {
            Ok(Self(text.into_owned()))
        } else {
            Err(USER_ID_EXPECTED)
        }
    }
}

impl HoldId {
    /// Reads 32 hexadecimal digits, large or small.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = if is_hex { u128::from_str_radix(text, 16).ok() } else { None };
        let id = number.ok_or(HOLD_ID_EXPECTED)?;
        Ok(Self(Bytes::copy_from_slice(&id.to_be_bytes())))
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The word for a seat's state. An engine that knows more states than this edge has a seat that
/// nobody can take: 'blocked'.
pub(crate) fn status_word(status: SeatStatus) -> &'static str {
    match status {
        SeatStatus::Available => "available",
        SeatStatus::Held => "held",
        SeatStatus::Allocated => "allocated",
        SeatStatus::Blocked | SeatStatus::Unspecified => "blocked",
    }
}

/// Takes a text, or a whole number as its digits, and hands it to `parse`.
struct TextOrNumber<T> {
    expected: &'static str,
    parse: fn(Cow<'_, str>) -> Result<T, &'static str>,
}

impl<T> Visitor<'_> for TextOrNumber<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(Cow::Borrowed(text))
            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<T, E> {
        self.visit_str(&text)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        (self.parse)(Cow::Owned(number.to_string()))
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }
}

macro_rules! deserialize_text_or_number {
    ($name:ident, $expected:expr, $parse:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let visitor = TextOrNumber { expected: $expected, parse: $parse };
                deserializer.deserialize_any(visitor)
            }
        }
    };
}

deserialize_text_or_number!(EventId, EVENT_ID_EXPECTED, |text| EventId::parse(&text));
deserialize_text_or_number!(UserId, USER_ID_EXPECTED, UserId::parse);
deserialize_text_or_number!(Label, LABEL_EXPECTED, |text| Ok(Label(text.into_owned())));

impl<'de> Deserialize<'de> for HoldId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text)
            .map_err(|expected| de::Error::invalid_value(de::Unexpected::Str(&text), &expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(json: &str) -> Option<T> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn an_event_id_is_a_number_or_its_digits() {
        for good in ["7", "\"7\"", "\"\\u0037\""] {
            assert_eq!(read(good), Some(EventId(7)), "{good}");
        }
        assert_eq!(read("18446744073709551615"), Some(EventId(u64::MAX)));
        for bad in ["-1", "1.0", "\"\"", "\"+1\"", "\" 1\"", "\"1e3\"", "null", "true", "[1]"] {
            assert_eq!(read::<EventId>(bad), None, "{bad}");
        }
        assert_eq!(read::<EventId>("\"18446744073709551616\""), None);
    }

    #[test]
    fn a_user_id_is_a_text_or_a_number() {
        assert_eq!(read("\"u1\""), Some(UserId("u1".into())));
        assert_eq!(read("42"), Some(UserId("42".into())));
        assert_eq!(read("42"), read::<UserId>("\"42\""));
        assert!(read::<UserId>(&format!("\"{}\"", "u".repeat(64))).is_some());
        assert!(read::<UserId>(&format!("\"{}\"", "u".repeat(65))).is_none());
        for bad in ["\"\"", "-1", "1.5", "null", "{}"] {
            assert_eq!(read::<UserId>(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_hold_id_is_32_hexadecimal_digits() {
        let text = "00c8000000000000000000000000002a";
        let HoldId(bytes) = read(&format!("\"{text}\"")).unwrap();
        assert_eq!((bytes.len(), hex(&bytes).as_str()), (16, text));
        assert_eq!(HoldId::parse(&text.to_uppercase()), Ok(HoldId(bytes)));
        for bad in
            ["", "12", "+0c8000000000000000000000000002a", "zzc8000000000000000000000000002a"]
        {
            assert!(HoldId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_label_is_a_text_or_a_number() {
        assert_eq!(read("\"A-1\""), Some(Label("A-1".into())));
        assert_eq!(read("12"), read::<Label>("\"12\""));
        assert_eq!(read::<Label>("1.5"), None);
    }
}
