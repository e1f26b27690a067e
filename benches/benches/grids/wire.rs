//! Messages of a stream to bytes and back: 64 commands in, 64 answers out, as a client with many
//! requests under way sends and gets them.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use prost::Message;
use proto::inventory::v1::{
    AllocateRequest, Allocated, Answer, AnswerBatch, Command, CommandBatch, PlaceRequest, Placed,
    Rejection, SeatConflict, SeatStatus, Seats, answer, command, place_request,
};

/// A kind of message and how each of them is made of its number.
type Named<T> = (&'static str, fn(u64) -> T);

/// Commands and answers of a message.
const COUNT: u64 = 64;

pub(crate) fn grid(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire");
    group.throughput(Throughput::Elements(COUNT));
    let commands: [Named<command::Verb>; 3] =
        [("place", place), ("place_by_label", place_by_label), ("allocate", allocate)];
    for (name, verb) in commands {
        let commands = (0..COUNT).map(|number| Command {
            correlation_id: 1_000_000 + number,
            timeout_millis: None,
            verb: Some(verb(number)),
            ack: 0,
        });
        let batch = CommandBatch { commands: commands.collect() };
        let bytes = batch.encode_to_vec();
        group.bench_function(format!("decode/CommandBatch={COUNT}/{name}"), |bencher| {
            bencher.iter(|| CommandBatch::decode(black_box(bytes.as_slice())));
        });
        group.bench_function(format!("encode/CommandBatch={COUNT}/{name}"), |bencher| {
            bencher.iter(|| black_box(&batch).encode_to_vec());
        });
    }
    let answers: [Named<answer::Outcome>; 3] =
        [("placed", placed), ("allocated", allocated), ("rejected", rejected)];
    for (name, outcome) in answers {
        let answers = (0..COUNT).map(|number| Answer {
            correlation_id: 1_000_000 + number,
            outcome: Some(outcome(number)),
            durability: 0,
        });
        let batch = AnswerBatch::from(answers.collect::<Vec<_>>());
        let bytes = batch.encode_to_vec();
        group.bench_function(format!("encode/AnswerBatch={COUNT}/{name}"), |bencher| {
            bencher.iter(|| black_box(&batch).encode_to_vec());
        });
        group.bench_function(format!("decode/AnswerBatch={COUNT}/{name}"), |bencher| {
            bencher.iter(|| AnswerBatch::decode(black_box(bytes.as_slice())));
        });
    }
    group.finish();
}

fn id(number: u64) -> Vec<u8> {
    (0x0190_0000_0000_7000_8000_0000_0000_0000_u128 | u128::from(number)).to_be_bytes().to_vec()
}

fn buyer(number: u64) -> String {
    format!("{number:016}")
}

fn seats(number: u64) -> Vec<u32> {
    let first = 700 * number as u32;
    vec![first, first + 1]
}

fn labels(number: u64) -> Vec<String> {
    seats(number).into_iter().map(|seat| format!("{}-{}-{}", 100 + seat / 800, 7, seat)).collect()
}

fn place_of(number: u64, seats: Seats) -> command::Verb {
    command::Verb::Place(PlaceRequest {
        request_id: id(number).into(),
        event_id: 1,
        buyer_id: buyer(number),
        areas: Vec::new(),
        selection: Some(place_request::Selection::Seats(seats)),
    })
}

fn place(number: u64) -> command::Verb {
    place_of(number, Seats { indexes: seats(number), ..Seats::default() })
}

fn place_by_label(number: u64) -> command::Verb {
    place_of(number, Seats { labels: labels(number), ..Seats::default() })
}

fn allocate(number: u64) -> command::Verb {
    command::Verb::Allocate(AllocateRequest {
        request_id: id(number).into(),
        hold_id: id(number).into(),
        buyer_id: buyer(number),
        part: None,
        areas: Vec::new(),
    })
}

fn placed(number: u64) -> answer::Outcome {
    answer::Outcome::Placed(Placed {
        hold_id: id(number).into(),
        event_id: 1,
        seats: seats(number),
        labels: labels(number),
        deadline_millis: 1_700_000_900_000,
        lsn: 1_000_000 + number,
        ..Placed::default()
    })
}

fn allocated(number: u64) -> answer::Outcome {
    answer::Outcome::Allocated(Allocated {
        hold_id: id(number).into(),
        allocation_id: id(number).into(),
        event_id: 1,
        seats: seats(number),
        labels: labels(number),
        lsn: 1_000_000 + number,
        ..Allocated::default()
    })
}

fn rejected(number: u64) -> answer::Outcome {
    let conflict = SeatConflict {
        index: seats(number)[0],
        label: labels(number).swap_remove(0),
        status: SeatStatus::Held.into(),
    };
    answer::Outcome::Rejection(Rejection {
        code: 23,
        reason: "seats_unavailable".to_owned(),
        message: "some of the seats are not available; choose others".to_owned(),
        retryable: true,
        conflicts: vec![conflict],
        ..Rejection::default()
    })
}
