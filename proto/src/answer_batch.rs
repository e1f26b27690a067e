//! `AnswerBatch`, the message in which most of what the engine says leaves: who sends it may have
//! written its answers as bytes already, without a message of each; who receives it finds
//! messages.
//!
//! Must always hold: the bytes are what the contract says of `repeated Answer answers = 1`.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{DecodeContext, WireType, message, skip_field};
use prost::{DecodeError, Message};

use crate::inventory::v1::Answer;

/// The number of `AnswerBatch.answers`.
pub const ANSWERS_TAG: u32 = 1;

/// `holdfast.inventory.v1.AnswerBatch`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerBatch {
    /// The answers; those of them that are not encoded yet.
    pub answers: Vec<Answer>,
    /// Answers that are encoded, each with its tag and its length. They go in front.
    encoded: Bytes,
}

impl AnswerBatch {
    /// Answers that were encoded before, each with [`ANSWERS_TAG`] and its length.
    pub fn from_encoded(encoded: Bytes) -> Self {
        Self { answers: Vec::new(), encoded }
    }
}

impl From<Vec<Answer>> for AnswerBatch {
    fn from(answers: Vec<Answer>) -> Self {
        Self { answers, encoded: Bytes::new() }
    }
}

impl Message for AnswerBatch {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        buffer.put_slice(&self.encoded);
        message::encode_repeated(ANSWERS_TAG, &self.answers, buffer);
    }

    fn encoded_len(&self) -> usize {
        self.encoded.len() + message::encoded_len_repeated(ANSWERS_TAG, &self.answers)
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            ANSWERS_TAG => message::merge_repeated(wire_type, &mut self.answers, buffer, context),
            _ => skip_field(wire_type, tag, buffer, context),
        }
    }

    fn clear(&mut self) {
        self.answers.clear();
        self.encoded = Bytes::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::v1::{Extended, answer::Outcome};

    fn answer(correlation_id: u64) -> Answer {
        let extended = Extended { lsn: 300, ..Extended::default() };
        Answer { correlation_id, outcome: Some(Outcome::Extended(extended)), durability: 0 }
    }

    #[test]
    fn the_bytes_are_those_of_the_contract_however_they_came_in() {
        // Field 1, 7 bytes: correlation id, field 3 with the LSN 300 in its field 3.
        const GOLDEN: [u8; 9] = [0x0a, 7, 0x08, 5, 0x1a, 3, 0x18, 0xac, 0x02];
        let typed = AnswerBatch::from(vec![answer(5)]);
        assert_eq!(typed.encode_to_vec(), GOLDEN);
        let encoded = AnswerBatch::from_encoded(Bytes::from_static(&GOLDEN));
        assert_eq!((encoded.encode_to_vec(), encoded.encoded_len()), (GOLDEN.to_vec(), 9));
        let both = AnswerBatch { answers: vec![answer(6)], ..encoded };
        let received = AnswerBatch::decode(&*both.encode_to_vec()).expect("it is one");
        assert_eq!(received, AnswerBatch::from(vec![answer(5), answer(6)]));
    }

    #[test]
    fn fields_of_a_newer_contract_are_left_out_and_nonsense_is_told() {
        let newer = [0x10, 9, 0x0a, 2, 0x08, 5];
        let received = AnswerBatch::decode(&newer[..]).expect("it is one");
        let alone = Answer { correlation_id: 5, ..Answer::default() };
        assert_eq!(received.answers, [alone]);
        assert!(AnswerBatch::decode(&[0x0a, 200][..]).is_err());
    }
}
