//! The commit pipeline driven by hand: who is told what, and when.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use inventory_core::chart::{Chart, ChartParts, Point, Row, Seat};
use inventory_core::command::{Allocate, Command, CreateEvent, Part, Place, Selection, Verb};
use inventory_core::fact::Fact;
use inventory_core::ids::{
    BuyerId, ChartHash, Epoch, EventId, HoldId, Lsn, RequestId, SeatIndex, ShardId,
};
use inventory_core::rejection::RejectionCode;
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::{EventState, ShardState};
use inventory_core::time::Timestamp;
use inventory_engine::answer::{Answer, Failure};
use inventory_engine::ask::{Ask, NamedPart, Query};
use inventory_engine::names::Unknown;
use inventory_engine::pipeline::{CommitPipeline, Outlet};
use persistence::batch::Batch;

const EVENT: EventId = EventId(1);
const CHART: ChartHash = ChartHash([7; 32]);

/// Writes down what leaves the pipeline, in order.
#[derive(Default)]
struct Notebook {
    lines: Vec<String>,
    holds: Vec<HoldId>,
}

impl Outlet<&'static str> for Notebook {
    fn publish(&mut self, _event: &EventState, fact: &Fact) {
        self.lines.push(format!("shown {} {}", fact.lsn, fact.change.name()));
    }

    fn answer(&mut self, ticket: &'static str, answer: Answer) {
        self.lines.push(match answer {
            Answer::Accepted(accepted) => {
                if let inventory_core::fact::Change::HoldPlaced { hold_id, .. } =
                    &accepted.fact.change
                {
                    self.holds.push(*hold_id);
                }
                let repeat = if accepted.is_repeat { " again" } else { "" };
                format!("{ticket}: {}{repeat}", accepted.fact.change.name())
            }
            Answer::Refused(refusal) => format!("{ticket}: {}", refusal.rejection.code),
            Answer::Hold(found) => format!("{ticket}: hold {}", found.is_some()),
            Answer::Verified(found) => {
                let violations = found.map(|verification| verification.violations);
                format!("{ticket}: verified {violations:?}")
            }
        });
    }

    fn fail(&mut self, ticket: &'static str, failure: Failure) {
        self.lines.push(format!("{ticket}: {failure}"));
    }
}

struct Drive {
    pipeline: CommitPipeline<&'static str>,
    book: Notebook,
    next_request: u128,
}

fn chart() -> Arc<Chart> {
    let seat = |number: u32| Seat {
        label: format!("A-{number}"),
        section: None,
        category: None,
        position: Point { x: f64::from(number), y: 0.0 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    };
    let seats: Vec<Seat> = (1..=10).map(seat).collect();
    let row = Row { label: "A".into(), section: None, seats: (0..10).map(SeatIndex).collect() };
    let parts =
        ChartParts { name: "small".into(), rows: vec![row], seats, ..ChartParts::default() };
    Arc::new(Chart::new(parts).unwrap())
}

impl Drive {
    fn new() -> Self {
        let mut state = ShardState::new(EVENT.shard());
        state.register_chart(CHART, chart());
        let pipeline = CommitPipeline::new(Epoch(1), [(state, 1)]);
        let mut drive = Self { pipeline, book: Notebook::default(), next_request: 1 };
        let rules = EventRules { hold_ttl_millis: 1_000, ..EventRules::default() };
        let name = "e".into();
        let create =
            CreateEvent { event_id: EVENT, name, chart: CHART, rules, ticket_types: Vec::new() };
        drive.command("create", 0, Verb::CreateEvent(create));
        drive.sync();
        drive.book.lines.clear();
        drive
    }

    fn request_id(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId::new(0x0000_0000_0001_7000_8000_0000_0000_0000 | self.next_request).unwrap()
    }

    fn command(&mut self, ticket: &'static str, now: u64, verb: Verb) -> RequestId {
        let request_id = self.request_id();
        self.again(ticket, now, request_id, verb);
        request_id
    }

    fn again(&mut self, ticket: &'static str, now: u64, request_id: RequestId, verb: Verb) {
        let ask = Ask::command(Command { request_id, verb });
        self.pipeline.handle(Timestamp(now), ask, ticket, &mut self.book);
    }

    fn seal(&mut self) -> Vec<(ShardId, Lsn)> {
        let batches: Vec<Batch> = self.pipeline.seal();
        batches.iter().map(|batch| (batch.shard(), batch.last_lsn())).collect()
    }

    fn durable(&mut self, watermarks: &[(ShardId, Lsn)]) {
        for &(shard, lsn) in watermarks {
            self.pipeline.durable(shard, lsn, &mut self.book);
        }
    }

    fn sync(&mut self) {
        let watermarks = self.seal();
        self.durable(&watermarks);
    }

    fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.book.lines)
    }
}

fn place(buyer: &str, seats: &[u32]) -> Verb {
    Verb::Place(Place {
        event_id: EVENT,
        buyer_id: BuyerId::new(buyer).unwrap(),
        selection: Selection::Spots(Spots::of_seats(seats.iter().copied().map(SeatIndex))),
    })
}

#[test]
fn nothing_leaves_before_it_is_durable_not_even_a_refusal() {
    let mut drive = Drive::new();
    drive.command("ann", 5, place("ann", &[1, 2]));
    drive.command("bob", 5, place("bob", &[2]));
    drive.command("stranger", 5, place("cid", &[99]));
    assert_eq!(drive.pipeline.parked(), 3);
    let watermarks = drive.seal();
    assert!(drive.lines().is_empty(), "handed out is not durable");
    drive.durable(&watermarks);
    assert_eq!(
        drive.lines(),
        [
            "shown 2 hold_placed",
            "ann: hold_placed",
            "bob: seats_unavailable",
            "stranger: seat_unknown"
        ]
    );
    assert_eq!(drive.pipeline.parked(), 0);
}

#[test]
fn a_refusal_on_durable_state_leaves_at_once() {
    let mut drive = Drive::new();
    drive.command("ann", 5, place("ann", &[1]));
    drive.sync();
    drive.lines();
    drive.command("bob", 6, place("bob", &[1]));
    assert_eq!(drive.lines(), ["bob: seats_unavailable"]);
    assert!(!drive.pipeline.has_fresh_facts());
    assert!(drive.seal().is_empty(), "a refusal is not journaled");
}

#[test]
fn answers_wait_for_their_own_turn_and_no_longer() {
    let mut drive = Drive::new();
    drive.command("first", 5, place("ann", &[1]));
    let first = drive.seal();
    drive.command("second", 6, place("bob", &[2]));
    let second = drive.seal();
    drive.command("refused", 6, place("cid", &[1]));
    drive.durable(&first);
    assert_eq!(drive.lines(), ["shown 2 hold_placed", "first: hold_placed"]);
    drive.durable(&second);
    assert_eq!(
        drive.lines(),
        ["shown 3 hold_placed", "second: hold_placed", "refused: seats_unavailable"]
    );
}

#[test]
fn a_repeated_request_waits_like_the_first_and_gets_its_result() {
    let mut drive = Drive::new();
    let request_id = drive.command("first", 5, place("ann", &[1]));
    drive.again("again", 5, request_id, place("ann", &[1]));
    drive.again("other", 5, request_id, place("ann", &[2]));
    assert!(drive.lines().is_empty());
    drive.sync();
    assert_eq!(
        drive.lines(),
        [
            "shown 2 hold_placed",
            "first: hold_placed",
            "again: hold_placed again",
            "other: request_id_reused"
        ]
    );
    drive.again("late", 50, request_id, place("ann", &[1]));
    assert_eq!(drive.lines(), ["late: hold_placed again"]);
}

#[test]
fn an_idle_shard_knows_its_earliest_deadline_and_expires_at_it() {
    let mut drive = Drive::new();
    assert_eq!(drive.pipeline.earliest_deadline(), None);
    drive.command("ann", 5, place("ann", &[1]));
    drive.command("bob", 9, place("bob", &[2]));
    drive.sync();
    drive.lines();
    assert_eq!(drive.pipeline.earliest_deadline(), Some(Timestamp(1_005)));
    assert_eq!(drive.pipeline.expire(Timestamp(1_004)), 0);
    assert_eq!(drive.pipeline.expire(Timestamp(1_005)), 1);
    assert_eq!(drive.pipeline.earliest_deadline(), Some(Timestamp(1_009)));
    // The seat is free for who comes next, but the answer waits for the expiry to be durable.
    drive.command("cid", 1_005, place("cid", &[1]));
    assert!(drive.lines().is_empty());
    drive.sync();
    assert_eq!(drive.lines(), ["shown 4 hold_expired", "shown 5 hold_placed", "cid: hold_placed"]);
}

#[test]
fn the_deadline_binds_before_the_expiry_is_written() {
    let mut drive = Drive::new();
    drive.command("ann", 5, place("ann", &[1]));
    drive.sync();
    let hold_id = drive.book.holds[0];
    drive.lines();
    let allocate = Allocate { hold_id, buyer_id: BuyerId::new("ann").unwrap(), part: Part::Whole };
    drive.command("late", 1_005, Verb::Allocate(allocate.clone()));
    assert_eq!(drive.lines(), [format!("late: {}", RejectionCode::HoldExpired)]);
    drive.command("in time", 1_004, Verb::Allocate(allocate));
    drive.sync();
    assert_eq!(drive.lines(), ["shown 3 hold_allocated", "in time: hold_allocated"]);
}

#[test]
fn a_look_waits_for_what_it_saw() {
    let mut drive = Drive::new();
    drive.command("ann", 5, place("ann", &[1]));
    drive.sync();
    let hold_id = drive.book.holds[0];
    drive.lines();
    drive.command("bob", 6, place("bob", &[2]));
    for (ticket, buyer) in [("anyone", None), ("stranger", Some("bob"))] {
        let buyer_id = buyer.map(|buyer| BuyerId::new(buyer).unwrap());
        let ask = Ask::Query(Query::Hold { hold_id, buyer_id });
        drive.pipeline.handle(Timestamp(6), ask, ticket, &mut drive.book);
    }
    let ask = Ask::Query(Query::Verify { event_id: EVENT });
    drive.pipeline.handle(Timestamp(6), ask, "auditor", &mut drive.book);
    assert!(drive.lines().is_empty());
    drive.sync();
    assert_eq!(
        drive.lines(),
        [
            "shown 3 hold_placed",
            "bob: hold_placed",
            "anyone: hold true",
            "stranger: hold false",
            "auditor: verified Some([])"
        ]
    );
}

#[test]
fn parts_by_label_are_looked_up_where_the_hold_is_known() {
    let mut drive = Drive::new();
    drive.command("ann", 5, place("ann", &[0, 1]));
    drive.sync();
    let hold_id = drive.book.holds[0];
    drive.lines();
    let mut allocate = |ticket, request_id, label: &str| {
        let verb = Verb::Allocate(Allocate {
            hold_id,
            buyer_id: BuyerId::new("ann").unwrap(),
            part: Part::Whole,
        });
        let labels = vec![label.to_owned()];
        let part = NamedPart { indexes: Vec::new(), labels, areas: Vec::new() };
        let ask = Ask::Command {
            command: Command { request_id, verb },
            unknown: Unknown::default(),
            part: Some(Box::new(part)),
        };
        drive.pipeline.handle(Timestamp(6), ask, ticket, &mut drive.book);
        let watermarks = drive.pipeline.seal();
        for batch in &watermarks {
            drive.pipeline.durable(batch.shard(), batch.last_lsn(), &mut drive.book);
        }
        std::mem::take(&mut drive.book.lines)
    };
    let id = |low: u128| RequestId::new(0x0000_0000_0001_7000_9000_0000_0000_0000 | low).unwrap();
    assert_eq!(allocate("wrong", id(1), "Z-9"), ["wrong: seat_not_in_hold"]);
    assert_eq!(allocate("one", id(2), "A-1"), ["shown 3 hold_allocated", "one: hold_allocated"]);
    assert_eq!(allocate("two", id(3), "A-2"), ["shown 4 hold_allocated", "two: hold_allocated"]);
    // The hold is over, and the same request still means the same seats.
    assert_eq!(allocate("again", id(2), "A-1"), ["again: hold_allocated again"]);
}

#[test]
fn a_chart_that_cannot_be_read_now_is_named_by_no_new_fact() {
    let mut drive = Drive::new();
    let mut create = |ticket, event: u64, chart, request_id| {
        let (name, rules) = ("e".into(), EventRules::default());
        let event_id = EventId(event);
        assert_eq!(event_id.shard(), EVENT.shard());
        let create = CreateEvent { event_id, name, chart: CHART, rules, ticket_types: Vec::new() };
        let command = Command { request_id, verb: Verb::CreateEvent(create) };
        let ask = Ask::CreateEvent { command, chart };
        drive.pipeline.handle(Timestamp(0), ask, ticket, &mut drive.book);
        let lsns: Vec<Lsn> = drive.seal().into_iter().map(|(_, lsn)| lsn).collect();
        lsns.into_iter().for_each(|lsn| drive.durable(&[(EVENT.shard(), lsn)]));
        drive.lines()
    };
    let id = |number: u128| RequestId::new(0x0000_0000_0001_7000_8000_0000_0000_1000 | number);
    // The shard knows the chart of its first event, which says nothing of the file on disk.
    let others: Vec<u64> =
        (2..).filter(|id| EventId(*id).shard() == EVENT.shard()).take(2).collect();
    assert_eq!(create("ann", others[0], None, id(1).unwrap()), ["ann: chart_unknown"]);
    assert_eq!(
        create("bob", others[0], Some(chart()), id(2).unwrap()),
        ["shown 2 event_created", "bob: event_created"]
    );
    // What was accepted stays answered, and what is refused for another reason keeps it.
    assert_eq!(create("bob", others[0], None, id(2).unwrap()), ["bob: event_created again"]);
    assert_eq!(create("eve", others[0], None, id(3).unwrap()), ["eve: event_exists"]);
    assert_eq!(create("eve", others[1], None, id(4).unwrap()), ["eve: chart_unknown"]);
}

#[test]
fn who_waits_when_the_disk_fails_is_named_once() {
    let mut drive = Drive::new();
    drive.command("ann", 5, place("ann", &[1]));
    drive.command("bob", 5, place("bob", &[1]));
    drive.seal();
    assert_eq!(drive.pipeline.abandon(), ["ann", "bob"]);
    assert!(drive.pipeline.abandon().is_empty());
    assert!(drive.lines().is_empty());
}
