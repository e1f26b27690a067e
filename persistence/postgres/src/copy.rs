//! Rows in the binary form of Postgres' COPY: a header, for each row the number of its fields,
//! for each field its bytes behind their length, and an end ("COPY", file formats, binary format,
//! in the documentation of Postgres).

use inventory_core::time::Timestamp;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// The length of a field that is null.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// Midnight of the first day of 2000, UTC, in milliseconds since 1970: Postgres counts from there.
const YEAR_2000_MILLIS: i64 = 946_684_800_000;
/// The type `int4`, as arrays name what they are of.
const INT4: u32 = 23;

/// Rows of one table.
#[derive(Debug)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    rows: u64,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self { bytes: HEADER.to_vec(), rows: 0 }
    }

    /// Begins a row of so many fields.
    pub(crate) fn row(&mut self, fields: i16) -> &mut Self {
        self.rows += 1;
        self.bytes.extend(fields.to_be_bytes());
        self
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> u64 {
        self.rows
    }

    /// All of it.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend(END);
        self.bytes
    }

    /// A field of whatever type, as Postgres sends it.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        // A field has less than a gigabyte, which no fact, chart or piece comes near.
        self.bytes.extend((bytes.len() as u32).to_be_bytes());
        self.bytes.extend(bytes);
        self
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.bytes.extend(NULL);
        self
    }

    /// A field that may be null.
    pub(crate) fn maybe<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T) -> &mut Self,
    ) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    pub(crate) fn smallint(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn integer(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn bigint(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A text, or the name of a value of an enum. Postgres has no character for the byte 0.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        if text.contains('\0') {
            return self.bytes(text.replace('\0', "\u{fffd}").as_bytes());
        }
        self.bytes(text.as_bytes())
    }

    pub(crate) fn uuid(&mut self, id: u128) -> &mut Self {
        self.bytes(&id.to_be_bytes())
    }

    pub(crate) fn timestamptz(&mut self, at: Timestamp) -> &mut Self {
        let millis = at.0.cast_signed().saturating_sub(YEAR_2000_MILLIS);
        self.bytes(&millis.saturating_mul(1_000).to_be_bytes())
    }

    /// So many milliseconds: microseconds, days, months.
    pub(crate) fn interval(&mut self, millis: u64) -> &mut Self {
        let mut field = [0; 16];
        field[..8].copy_from_slice(&millis.saturating_mul(1_000).to_be_bytes());
        self.bytes(&field)
    }

    /// JSON, as `jsonb` takes it: behind the number of its version.
    pub(crate) fn jsonb(&mut self, text: &str) -> &mut Self {
        self.bytes.extend((text.len() as u32 + 1).to_be_bytes());
        self.bytes.push(1);
        self.bytes.extend(text.as_bytes());
        self
    }

    /// An `integer[]`, some of which may be null.
    pub(crate) fn integers(
        &mut self,
        values: impl ExactSizeIterator<Item = Option<u32>>,
    ) -> &mut Self {
        let at = self.bytes.len();
        let count = values.len() as u32;
        // The length, known at the end; one dimension; nulls, which are looked for; the type.
        self.bytes.extend([0; 4]);
        for word in [u32::from(count > 0), 0, INT4] {
            self.bytes.extend(word.to_be_bytes());
        }
        if count > 0 {
            self.bytes.extend(count.to_be_bytes());
            self.bytes.extend(1_u32.to_be_bytes());
        }
        let mut has_nulls = false;
        for value in values {
            match value {
                Some(value) => {
                    self.bytes.extend(4_u32.to_be_bytes());
                    self.bytes.extend(value.to_be_bytes());
                }
                None => {
                    has_nulls = true;
                    self.bytes.extend(NULL);
                }
            }
        }
        let length = (self.bytes.len() - at - 4) as u32;
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        self.bytes[at + 8..at + 12].copy_from_slice(&u32::from(has_nulls).to_be_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_the_format_says() {
        let mut rows = Rows::new();
        rows.row(3).smallint(7).null().timestamptz(Timestamp(946_684_800_001));
        assert_eq!(rows.count(), 1);
        let bytes = rows.finish();
        let row = &bytes[HEADER.len()..];
        let expected = [
            &[0, 3][..],
            &[0, 0, 0, 2, 0, 7],
            &[255, 255, 255, 255],
            &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 3, 232],
            &[255, 255],
        ];
        assert_eq!(row, expected.concat());
        assert_eq!(HEADER.len(), 11 + 4 + 4);
    }

    #[test]
    fn an_array_names_its_length_its_nulls_and_its_type() {
        let mut rows = Rows::new();
        rows.row(2).integers([Some(5), None].into_iter()).integers([].into_iter());
        let bytes = rows.finish();
        let word = |at: usize| {
            let at = HEADER.len() + 2 + 4 * at;
            u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
        };
        let words: Vec<u32> = (0..13).map(word).collect();
        assert_eq!(words, [32, 1, 1, INT4, 2, 1, 4, 5, u32::MAX, 12, 0, 0, INT4]);
    }
}
