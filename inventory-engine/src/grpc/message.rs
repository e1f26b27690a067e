//! A message of answers, written as bytes. Most of what the engine says are a few numbers and
//! names of an accepted hold: these are written straight from the fact, all else by way of its
//! message.
//!
//! Must always hold: the bytes are those that the contract's messages would have.

use bytes::Bytes;
use inventory_core::fact::{Change, Fact};
use inventory_core::spots::Spots;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len, message};
use proto::inventory::v1;

use crate::answer::{Answer, Reply};
use crate::grpc::answers;
use crate::grpc::terms::durability_of;
use crate::names::{EventNames, NamesOf};

/// Bytes of a message that is begun: room for most.
const MESSAGE_BYTES: usize = 16 << 10;

/// Answers that will leave together.
#[derive(Default)]
pub(super) struct Message {
    encoded: Vec<u8>,
    answers: usize,
    /// The outcome that is being written; how long it is stands in front of it.
    outcome: Vec<u8>,
}

impl Message {
    /// How many answers it has.
    pub(super) fn answers(&self) -> usize {
        self.answers
    }

    /// How long it is.
    pub(super) fn bytes(&self) -> usize {
        self.encoded.len()
    }

    /// All of it; the next one begins empty.
    pub(super) fn take(&mut self) -> v1::AnswerBatch {
        self.answers = 0;
        let next = Vec::with_capacity(MESSAGE_BYTES);
        v1::AnswerBatch::from_encoded(Bytes::from(std::mem::replace(&mut self.encoded, next)))
    }

    /// Appends an answer.
    pub(super) fn push(&mut self, correlation_id: u64, reply: Reply, names: &mut NamesOf<'_>) {
        self.answers += 1;
        let durability = answers::durability(durability_of(&reply));
        if let Ok(Answer::Accepted(accepted)) = &reply
            && let Some(tag) = self.write_outcome(&accepted.fact, names)
        {
            return self.close_answer(correlation_id, tag, durability);
        }
        let outcome = answers::outcome(reply, names);
        let answer = v1::Answer { correlation_id, outcome, durability: durability.into() };
        message::encode(v1::ANSWERS_TAG, &answer, &mut self.encoded);
    }

    /// Writes what came of a hold, and says which field of an answer that is.
    fn write_outcome(&mut self, fact: &Fact, names: &mut NamesOf<'_>) -> Option<u32> {
        self.outcome.clear();
        let event_id = fact.event_id;
        // Fields in the order of their numbers, which stand in commands.proto.
        match &fact.change {
            Change::HoldPlaced { hold_id, spots, deadline, .. } => {
                self.id(1, hold_id.0);
                self.number(2, event_id.0);
                let names = names.event(event_id);
                self.seats([3, 4], spots, names);
                self.number(5, deadline.0);
                self.number(6, fact.lsn.0);
                self.types_and_areas([7, 8], spots, names);
                Some(2)
            }
            Change::HoldReleased { hold_id, spots } => {
                self.id(1, hold_id.0);
                let names = names.event(event_id);
                self.seats([2, 3], spots, names);
                self.number(4, fact.lsn.0);
                self.types_and_areas([5, 6], spots, names);
                Some(4)
            }
            Change::HoldAllocated { hold_id, allocation_id, spots, .. } => {
                self.id(1, hold_id.0);
                self.id(2, allocation_id.0);
                self.number(3, event_id.0);
                let names = names.event(event_id);
                self.seats([4, 5], spots, names);
                self.number(6, fact.lsn.0);
                self.types_and_areas([7, 8], spots, names);
                Some(5)
            }
            _ => None,
        }
    }

    /// Puts an answer around the outcome.
    fn close_answer(&mut self, correlation_id: u64, tag: u32, durability: v1::Durability) {
        const CORRELATION_ID: u32 = 1;
        const DURABILITY: u32 = 11;
        let has_id = correlation_id != 0;
        let id_bytes =
            if has_id { key_len(CORRELATION_ID) + encoded_len_varint(correlation_id) } else { 0 };
        let durability = durability as u64;
        let durability_bytes = match durability {
            0 => 0,
            _ => key_len(DURABILITY) + encoded_len_varint(durability),
        };
        let outcome_bytes = self.outcome.len() as u64;
        let rest = key_len(tag)
            + encoded_len_varint(outcome_bytes)
            + self.outcome.len()
            + durability_bytes;
        let out = &mut self.encoded;
        encode_key(v1::ANSWERS_TAG, WireType::LengthDelimited, out);
        encode_varint((id_bytes + rest) as u64, out);
        if has_id {
            encode_key(CORRELATION_ID, WireType::Varint, out);
            encode_varint(correlation_id, out);
        }
        encode_key(tag, WireType::LengthDelimited, out);
        encode_varint(outcome_bytes, out);
        out.extend_from_slice(&self.outcome);
        if durability != 0 {
            encode_key(DURABILITY, WireType::Varint, out);
            encode_varint(durability, out);
        }
    }

    /// Seats by index, and then by label.
    fn seats(&mut self, [indexes, labels]: [u32; 2], spots: &Spots, names: &EventNames) {
        if !spots.seats.is_empty() {
            let bytes = spots.seat_indexes().map(|seat| encoded_len_varint(seat.0.into()));
            encode_key(indexes, WireType::LengthDelimited, &mut self.outcome);
            encode_varint(bytes.sum::<usize>() as u64, &mut self.outcome);
            for seat in spots.seat_indexes() {
                encode_varint(seat.0.into(), &mut self.outcome);
            }
        }
        spots.seat_indexes().for_each(|seat| self.text(labels, names.seat(seat)));
    }

    /// The seats' ticket types, if any has one, and then places.
    fn types_and_areas(&mut self, [types, areas]: [u32; 2], spots: &Spots, names: &EventNames) {
        if spots.seats.iter().any(|spot| spot.ticket_type.is_some()) {
            for spot in &spots.seats {
                self.text(types, names.ticket_type(spot.ticket_type));
            }
        }
        for places in &spots.areas {
            message::encode(areas, &answers::area_places(places, names), &mut self.outcome);
        }
    }

    /// An id, as 16 bytes.
    fn id(&mut self, tag: u32, id: u128) {
        self.bytes_of(tag, &id.to_be_bytes());
    }

    fn text(&mut self, tag: u32, text: &str) {
        self.bytes_of(tag, text.as_bytes());
    }

    fn bytes_of(&mut self, tag: u32, bytes: &[u8]) {
        encode_key(tag, WireType::LengthDelimited, &mut self.outcome);
        encode_varint(bytes.len() as u64, &mut self.outcome);
        self.outcome.extend_from_slice(bytes);
    }

    /// A number; what is 0 is left out.
    fn number(&mut self, tag: u32, number: u64) {
        if number != 0 {
            encode_key(tag, WireType::Varint, &mut self.outcome);
            encode_varint(number, &mut self.outcome);
        }
    }
}

#[cfg(test)]
mod tests;
