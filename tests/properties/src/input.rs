//! The bytes of an input, taken from the front as they are needed.
//!
//! Must always hold: an input that is too short is one that goes on with zeros, so that each is
//! worth trying and small ones are worth keeping.

/// What has not been taken yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// Bytes behind how many they are, or as many as there are.
    pub(crate) fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.u16()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let count = N.min(self.0.len());
        let (taken, rest) = self.0.split_at(count);
        array[..count].copy_from_slice(taken);
        self.0 = rest;
        array
    }
}

/// Appends what [`Input::piece`] takes.
pub(crate) fn put_piece(piece: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(piece.len()).expect("seeds are small");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(piece);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken_and_what_is_missing_is_zero() {
        let mut bytes = vec![7];
        put_piece(b"abc", &mut bytes);
        bytes.push(9);
        let mut input = Input::new(&bytes);
        assert_eq!((input.u8(), input.piece()), (7, &b"abc"[..]));
        assert_eq!((input.u16(), input.is_empty(), input.u64()), (9, true, 0));
        let mut short = Input::new(&[5, 0, 1]);
        assert_eq!((short.piece(), short.rest()), (&[1][..], &[][..]));
    }
}
