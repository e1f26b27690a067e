//! The values of requests and how they are read: ids as numbers or as texts, since callers'
//! JSON has both. A number and the text of its digits are the same id.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use proto::inventory::v1::SeatStatus;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::limits::{LABEL_BYTES_MAX, USER_ID_BYTES_MAX};

/// An event's number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EventId(pub(crate) u64);

/// Who buys: 1 to [`USER_ID_BYTES_MAX`] bytes.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct UserId(pub(crate) String);

/// A hold's 16 bytes; 32 hexadecimal digits in text.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct HoldId(pub(crate) Bytes);

/// A label of a seat or a section, or a category's key: 1 to [`LABEL_BYTES_MAX`] bytes.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Label(pub(crate) String);

/// How many seats. The engine says how many are too many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SeatCount(pub(crate) u32);

const EVENT_ID_EXPECTED: &str = "an event id: a whole number, or a text of its digits";
const USER_ID_EXPECTED: &str = "a user id: a text of 1 to 64 bytes, or a whole number";
const HOLD_ID_EXPECTED: &str = "a hold id: a text of 32 hexadecimal digits";
const LABEL_EXPECTED: &str = "a label: a text of 1 to 255 bytes, or a whole number";
const SEAT_COUNT_EXPECTED: &str = "a number of seats: a whole number";

/// A longer text is not repeated to who sent it.
const REPEATED_BYTES_MAX: usize = 100;

// The texts above say so.
const _: () = assert!(USER_ID_BYTES_MAX == 64 && LABEL_BYTES_MAX == 255);

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

impl Label {
    fn parse(text: Cow<'_, str>) -> Result<Self, &'static str> {
        if (1..=LABEL_BYTES_MAX).contains(&text.len()) {
            Ok(Self(text.into_owned()))
        } else {
            Err(LABEL_EXPECTED)
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
        (self.parse)(Cow::Borrowed(text)).map_err(|_| {
            if text.len() > REPEATED_BYTES_MAX {
                let found = format!("a text of {} bytes", text.len());
                return E::invalid_value(de::Unexpected::Other(&found), &self);
            }
            E::invalid_value(de::Unexpected::Str(text), &self)
        })
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
deserialize_text_or_number!(Label, LABEL_EXPECTED, Label::parse);
// No number of JSON has 32 digits: every number is told what was expected.
deserialize_text_or_number!(HoldId, HOLD_ID_EXPECTED, |text| HoldId::parse(&text));

impl<'de> Deserialize<'de> for SeatCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(SeatCountVisitor)
    }
}

struct SeatCountVisitor;

impl Visitor<'_> for SeatCountVisitor {
    type Value = SeatCount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SEAT_COUNT_EXPECTED)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<SeatCount, E> {
        // Beyond every venue: too many for the engine whichever of them it is told.
        Ok(SeatCount(u32::try_from(number).unwrap_or(u32::MAX)))
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
        for bad in ["1.5", "\"\"", "null", "[]"] {
            assert_eq!(read::<Label>(bad), None, "{bad}");
        }
        assert!(read::<Label>(&format!("\"{}\"", "é".repeat(127))).is_some());
        assert!(read::<Label>(&format!("\"{}\"", "é".repeat(128))).is_none());
    }

    #[test]
    fn a_number_of_seats_is_whole_and_may_be_absurd() {
        assert_eq!(read("2"), Some(SeatCount(2)));
        assert_eq!(read("4294967296"), Some(SeatCount(u32::MAX)));
        for bad in ["-1", "1.0", "\"2\"", "null", "true", "1e2"] {
            assert_eq!(read::<SeatCount>(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_long_text_is_not_repeated_to_who_sent_it() {
        let sent = format!("\"{}\"", "u".repeat(60_000));
        let error = serde_json::from_str::<UserId>(&sent).unwrap_err().to_string();
        assert!(error.contains("a text of 60000 bytes") && error.len() < 200, "{error}");
    }
}
