//! `EventUpdate`, the one message that is sent to thousands at once: it is kept as its bytes, so
//! that it is encoded once however many it is sent to, and read only by who wants to.
//!
//! Must always hold: the bytes are what the contract says of the message; what is received is
//! kept as it came, fields of a newer contract included.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{DecodeContext, WireType};
use prost::{DecodeError, Message, Oneof};

use crate::inventory::v1::{EventDelta, EventSnapshot};

/// `holdfast.inventory.v1.EventUpdate`, encoded. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventUpdate {
    encoded: Bytes,
}

/// What an [`EventUpdate`] brings.
#[derive(Clone, PartialEq, Oneof)]
pub enum Update {
    /// Everything.
    #[prost(message, tag = "1")]
    Snapshot(EventSnapshot),
    /// What changed.
    #[prost(message, tag = "2")]
    Delta(EventDelta),
}

/// The message field by field, as the contract has it.
#[derive(Clone, PartialEq, Message)]
struct Fields {
    #[prost(oneof = "Update", tags = "1, 2")]
    update: Option<Update>,
}

impl EventUpdate {
    /// Encodes what is to be sent, once.
    pub fn new(update: Update) -> Self {
        Self { encoded: Fields { update: Some(update) }.encode_to_vec().into() }
    }

    /// A message that was encoded before.
    pub fn from_encoded(encoded: Bytes) -> Self {
        Self { encoded }
    }

    /// The message as it travels.
    pub fn encoded(&self) -> &Bytes {
        &self.encoded
    }

    /// What it brings; `None` if that is something of a newer contract.
    ///
    /// # Errors
    /// If the bytes are no such message.
    pub fn read(&self) -> Result<Option<Update>, DecodeError> {
        // From a copy of the handle, so that what is in it can share its memory.
        Ok(Fields::decode(self.encoded.clone())?.update)
    }
}

impl Message for EventUpdate {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        buffer.put_slice(&self.encoded);
    }

    fn encoded_len(&self) -> usize {
        self.encoded.len()
    }

    /// Messages one behind the other are their merge (Protocol Buffers, "Last One Wins"). Whether
    /// they make sense is found by who reads them.
    fn merge(&mut self, mut buffer: impl Buf) -> Result<(), DecodeError> {
        let more = buffer.copy_to_bytes(buffer.remaining());
        if self.encoded.is_empty() {
            self.encoded = more;
        } else {
            let mut both = BytesMut::from(&*self.encoded);
            both.put(more);
            self.encoded = both.freeze();
        }
        Ok(())
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut fields = Fields::default();
        fields.merge_field(tag, wire_type, buffer, context)?;
        self.merge(&*fields.encode_to_vec())
    }

    fn clear(&mut self) {
        self.encoded = Bytes::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(to_version: u64) -> Update {
        let seats = vec![3, 300];
        Update::Delta(EventDelta { from_version: 4, to_version, seats, ..EventDelta::default() })
    }

    #[test]
    fn the_bytes_are_those_of_the_contract() {
        let update = EventUpdate::new(delta(9));
        // Field 2: from_version 4, to_version 9, seats 3 and 300 packed.
        let golden = [0x12, 9, 0x08, 4, 0x10, 9, 0x1a, 3, 3, 0xac, 0x02];
        assert_eq!(update.encode_to_vec(), golden);
        assert_eq!(update.encoded_len(), golden.len());
        assert_eq!(update.read(), Ok(Some(delta(9))));
        let received = EventUpdate::decode(&golden[..]).expect("it is one");
        assert_eq!(received, update);
        let snapshot = Update::Snapshot(EventSnapshot { version: 7, ..EventSnapshot::default() });
        assert_eq!(EventUpdate::new(snapshot.clone()).encode_to_vec(), [0x0a, 2, 0x08, 7]);
        assert_eq!(EventUpdate::new(snapshot.clone()).read(), Ok(Some(snapshot)));
    }

    #[test]
    fn what_comes_behind_is_merged() {
        let mut update = EventUpdate::new(delta(9));
        update.merge(&*EventUpdate::new(delta(11)).encode_to_vec()).expect("it is one");
        let Ok(Some(Update::Delta(merged))) = update.read() else { panic!("{update:?}") };
        assert_eq!((merged.to_version, merged.seats), (11, vec![3, 300, 3, 300]));
        let delimited = EventUpdate::new(delta(9)).encode_length_delimited_to_vec();
        let read = EventUpdate::decode_length_delimited(&*delimited).expect("it is one");
        assert_eq!(read.read(), Ok(Some(delta(9))));
    }

    #[test]
    fn nonsense_is_told_by_who_reads_it() {
        let nonsense = EventUpdate::decode(&[0x12, 200][..]).expect("kept as it came");
        assert!(nonsense.read().is_err());
        // A field of a newer contract.
        assert_eq!(EventUpdate::from_encoded(Bytes::from_static(&[0x1a, 0])).read(), Ok(None));
    }
}
