//! The limits that docs/grpc.md promises are those of the code.

use inventory_core::limits::{
    AREA_LINES_MAX, BLOCK_SEATS_MAX, BUYER_ID_BYTES_MAX, CHART_SEATS_MAX, HOLD_SEATS_MAX,
    REQUEST_AHEAD_MILLIS_MAX, REQUEST_KEPT_MILLIS, REQUESTS_KEPT_MAX, TICKET_TYPES_MAX,
};
use inventory_engine::limits::{
    ANSWER_BYTES_MAX, CHART_REQUEST_BYTES_MAX, CONNECTION_STREAMS_MAX, FEED_FRAMES_MAX,
    FEED_LINGER, FEEDS_MAX, FRAME_INTERVAL, LIST_PAGE_EVENTS_MAX, PROJECTION_PATIENCE,
    REQUEST_BYTES_MAX, STREAM_ANSWERS_WAITING_MAX, STREAM_COMMANDS_IN_FLIGHT_MAX,
    STREAM_MESSAGE_COMMANDS_MAX, WATCHERS_MAX,
};

const PAGE: &str = include_str!("../../../docs/grpc.md");

/// A number as people write it: 1,048,576.
fn number(number: usize) -> String {
    let digits = number.to_string();
    let from_the_end = digits.bytes().rev().enumerate();
    let mut written = Vec::new();
    for (index, digit) in from_the_end {
        if index > 0 && index % 3 == 0 {
            written.push(b',');
        }
        written.push(digit);
    }
    written.reverse();
    String::from_utf8(written).unwrap()
}

#[test]
fn the_limits_on_the_page_are_those_of_the_code() {
    assert_eq!((number(64), number(1_048_576)), ("64".to_owned(), "1,048,576".to_owned()));
    let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
    let requests =
        format!("{}; {} of `InventoryAdmin`", mib(REQUEST_BYTES_MAX), mib(CHART_REQUEST_BYTES_MAX));
    for (what, most) in [
        ("a request message", requests),
        ("an answer message", mib(ANSWER_BYTES_MAX)),
        ("seats in one hold", number(HOLD_SEATS_MAX)),
        ("lines of areas in one command", number(AREA_LINES_MAX)),
        ("ticket types of an event", number(TICKET_TYPES_MAX)),
        ("seats in one block or unblock", number(BLOCK_SEATS_MAX)),
        ("seats of a chart", number(CHART_SEATS_MAX)),
        ("commands in a message of a pipeline", number(STREAM_MESSAGE_COMMANDS_MAX)),
        ("commands of a pipeline without an answer", number(STREAM_COMMANDS_IN_FLIGHT_MAX)),
        ("answers of a pipeline that wait for Postgres", number(STREAM_ANSWERS_WAITING_MAX)),
        ("calls at once on a connection", number(CONNECTION_STREAMS_MAX as usize)),
        (
            "streams of live changes",
            format!("{}, of {} events", number(WATCHERS_MAX), number(FEEDS_MAX)),
        ),
        ("events in a page of `ListEvents`", number(LIST_PAGE_EVENTS_MAX)),
        ("a buyer id", format!("{BUYER_ID_BYTES_MAX} bytes")),
    ] {
        let row = format!("| {what} | {most}");
        assert!(PAGE.lines().any(|line| line.starts_with(&row)), "the page lacks {row}");
    }
    for words in [
        format!("{} of a stream wait at a time", number(STREAM_ANSWERS_WAITING_MAX)),
        format!("waits for more than {} seconds", PROJECTION_PATIENCE.as_secs()),
        format!("the last {} frames", number(FEED_FRAMES_MAX)),
        format!("{} seconds longer", FEED_LINGER.as_secs()),
        format!("Frames are made {} times a second", 1_000 / FRAME_INTERVAL.as_millis()),
        format!("at most {} commands;", number(STREAM_MESSAGE_COMMANDS_MAX)),
        format!("at most {} commands without", number(STREAM_COMMANDS_IN_FLIGHT_MAX)),
        format!("for {} hours", REQUEST_KEPT_MILLIS / 3_600_000),
        format!("{} of a shard", number(REQUESTS_KEPT_MAX)),
        format!("more than {} minutes ahead", REQUEST_AHEAD_MILLIS_MAX / 60_000),
    ] {
        let in_one_line = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(in_one_line.contains(&words), "the page lacks {words:?}");
    }
}
