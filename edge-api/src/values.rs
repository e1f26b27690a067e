//! The values of requests and how they are read: ids as numbers or as texts, since callers'
//! JSON has both. A number and the text of its digits are the same id.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use proto::inventory::v1::SeatStatus;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::limits::{LABEL_BYTES_MAX, TICKET_TYPE_BYTES_MAX, USER_ID_BYTES_MAX};
use crate::timestamp::millis_of_rfc3339;

/// An event's number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EventId(pub(crate) u64);

/// Who buys: 1 to [`USER_ID_BYTES_MAX`] bytes.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct UserId(pub(crate) String);

/// A hold's 16 bytes; 32 hexadecimal digits in text.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct HoldId(pub(crate) Bytes);

/// An allocation's 16 bytes; 32 hexadecimal digits in text.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct AllocationId(pub(crate) Bytes);

/// The 32 bytes that a chart is named by; 64 hexadecimal digits in text.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct ChartHash(pub(crate) Bytes);

/// A label of a seat, a table, an area or a section, or a category's or a zone's key: 1 to
/// [`LABEL_BYTES_MAX`] bytes.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Label(pub(crate) String);

/// The key of a ticket type: 1 to [`TICKET_TYPE_BYTES_MAX`] bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TicketTypeKey(pub(crate) String);

/// How many seats or places. The engine says how many are too many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SeatCount(pub(crate) u32);

/// How much of something that is no seat. The engine says how much is too much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct WholeNumber(pub(crate) u64);

/// A point in time, as milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Moment(pub(crate) u64);

const EVENT_ID_EXPECTED: &str = "an event id: a whole number, or a text of its digits";
const USER_ID_EXPECTED: &str = "a user id: a text of 1 to 64 bytes, or a whole number";
const HOLD_ID_EXPECTED: &str = "a hold id: a text of 32 hexadecimal digits";
const LABEL_EXPECTED: &str = "a label: a text of 1 to 255 bytes, or a whole number";
const ALLOCATION_ID_EXPECTED: &str = "an allocation id: a text of 32 hexadecimal digits";
const CHART_HASH_EXPECTED: &str = "a chart's hash: a text of 64 hexadecimal digits";
const TICKET_TYPE_EXPECTED: &str =
    "a ticket type's key: a text of 1 to 64 bytes, or a whole number";
const SEAT_COUNT_EXPECTED: &str = "a number of seats or places: a whole number";
const MOMENT_EXPECTED: &str =
    "a point in time: a text such as 2026-11-21T06:53:34Z, or whole milliseconds since 1970";

/// A longer text is not repeated to who sent it.
const REPEATED_BYTES_MAX: usize = 100;

// The texts above say so.
const _: () = assert!(USER_ID_BYTES_MAX == 64 && LABEL_BYTES_MAX == 255);
const _: () = assert!(TICKET_TYPE_BYTES_MAX == 64);

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
    /// Takes a text of a fitting length.
    pub(crate) fn parse(text: Cow<'_, str>) -> Result<Self, &'static str> {
        if (1..=LABEL_BYTES_MAX).contains(&text.len()) {
            Ok(Self(text.into_owned()))
        } else {
            Err(LABEL_EXPECTED)
        }
    }
}

impl TicketTypeKey {
    fn parse(text: Cow<'_, str>) -> Result<Self, &'static str> {
        if (1..=TICKET_TYPE_BYTES_MAX).contains(&text.len()) {
            Ok(Self(text.into_owned()))
        } else {
            Err(TICKET_TYPE_EXPECTED)
        }
    }
}

impl HoldId {
    /// Reads 32 hexadecimal digits, large or small.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        bytes_of_hex(text, 16).map(Self).ok_or(HOLD_ID_EXPECTED)
    }
}

impl AllocationId {
    fn parse(text: &str) -> Result<Self, &'static str> {
        bytes_of_hex(text, 16).map(Self).ok_or(ALLOCATION_ID_EXPECTED)
    }
}

impl ChartHash {
    fn parse(text: &str) -> Result<Self, &'static str> {
        bytes_of_hex(text, 32).map(Self).ok_or(CHART_HASH_EXPECTED)
    }
}

impl Moment {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let millis = if is_number { text.parse().ok() } else { millis_of_rfc3339(text) };
        millis.map(Self).ok_or(MOMENT_EXPECTED)
    }
}

/// The bytes that hexadecimal digits stand for, if they are as many as expected.
fn bytes_of_hex(text: &str, expected: usize) -> Option<Bytes> {
    if text.len() != expected * 2 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
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
deserialize_text_or_number!(AllocationId, ALLOCATION_ID_EXPECTED, |text| {
    AllocationId::parse(&text)
});
deserialize_text_or_number!(ChartHash, CHART_HASH_EXPECTED, |text| ChartHash::parse(&text));
deserialize_text_or_number!(TicketTypeKey, TICKET_TYPE_EXPECTED, TicketTypeKey::parse);
deserialize_text_or_number!(Moment, MOMENT_EXPECTED, |text| Moment::parse(&text));

impl<'de> Deserialize<'de> for SeatCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number =
            deserializer.deserialize_u64(NumberVisitor { expected: SEAT_COUNT_EXPECTED })?;
        Ok(Self(saturated(number)))
    }
}

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(NumberVisitor { expected: "a whole number" }).map(Self)
    }
}

impl WholeNumber {
    /// The same, or the largest that the contract has a place for.
    pub(crate) fn saturated(self) -> u32 {
        saturated(self.0)
    }
}

/// Beyond every venue: too many for the engine whichever of them it is told.
fn saturated(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

struct NumberVisitor {
    expected: &'static str,
}

impl Visitor<'_> for NumberVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
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
    fn a_chart_is_named_by_64_hexadecimal_digits() {
        let text = "6c".repeat(32);
        assert_eq!(ChartHash::parse(&text).map(|hash| hex(&hash.0)), Ok(text.clone()));
        for bad in [&text[2..], &"é".repeat(32), &text.replace('c', "g")] {
            assert!(ChartHash::parse(bad).is_err(), "{bad}");
        }
        let allocation = read::<AllocationId>("\"000000000000000000000000000000ff\"").unwrap();
        assert_eq!(allocation.0[15], 255);
        assert_eq!(read::<AllocationId>("5"), None);
    }

    #[test]
    fn a_point_in_time_is_a_text_or_milliseconds() {
        for good in ["\"2026-11-21T06:53:34.250Z\"", "1795244014250", "\"1795244014250\""] {
            assert_eq!(read(good), Some(Moment(1_795_244_014_250)), "{good}");
        }
        for bad in ["\"tomorrow\"", "-1", "1.5", "null", "\"\"", "\"99999999999999999999\""] {
            assert_eq!(read::<Moment>(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_ticket_type_is_named_by_a_short_key() {
        assert_eq!(read("\"adult\""), Some(TicketTypeKey("adult".into())));
        assert_eq!(read("7"), read::<TicketTypeKey>("\"7\""));
        for bad in ["\"\"", "null", "[]", &format!("\"{}\"", "k".repeat(65))] {
            assert_eq!(read::<TicketTypeKey>(bad), None, "{bad}");
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
