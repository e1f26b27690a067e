//! Commands on one `Pipeline` stream a connection: so many in flight, so many a message.
//!
//! A message leaves as soon as it is full. What is in flight is at least the depth less one
//! message, so that there is always an answer to wait for.

use std::time::Instant;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::{Answer, AnswerBatch, Command, CommandBatch};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

use super::Round;
use super::asks::Asks;
use crate::measured::{Measured, Meter};
use crate::workload::{Choice, Fate, Pick};

/// What a place among those in flight is busy with. The place's number is the correlation id.
#[derive(Clone, Copy, Debug)]
struct Place {
    pick: Pick,
    buyer: u64,
    asked: Instant,
    doing: Doing,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Doing {
    Placing,
    Ending(Fate),
    /// Nothing any more.
    Done,
}

/// Runs one connection's part of a round, `per_message` commands a message.
///
/// # Errors
/// If anything but an answer or a refused place comes.
pub async fn run(
    channel: Channel,
    round: Round,
    client: usize,
    per_message: usize,
) -> anyhow::Result<Measured> {
    ensure!(per_message <= round.depth, "a message has more commands than may be in flight");
    // Bounded by what is in flight.
    let (outgoing, messages) = mpsc::unbounded_channel();
    let mut inventory = InventoryClient::new(channel);
    let mut caller = Caller {
        asks: Asks::new(round.random(client)),
        meter: Meter::new(round.window),
        places: Vec::with_capacity(round.depth),
        waiting: Vec::with_capacity(per_message),
        in_flight: 0,
        per_message,
        outgoing,
        round,
    };
    caller.begin()?;
    let answers = inventory.pipeline(UnboundedReceiverStream::new(messages)).await;
    let answers = answers.context("open a stream")?.into_inner();
    caller.listen(answers).await?;
    Ok(caller.meter.finish())
}

struct Caller {
    round: Round,
    asks: Asks,
    meter: Meter,
    places: Vec<Place>,
    waiting: Vec<Command>,
    in_flight: usize,
    per_message: usize,
    outgoing: mpsc::UnboundedSender<CommandBatch>,
}

impl Caller {
    fn begin(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        for number in 0..self.round.depth {
            let (pick, verb, buyer) = self.place(now)?;
            self.places.push(Place { pick, buyer, asked: now, doing: Doing::Placing });
            self.ask(number as u64, verb)?;
        }
        Ok(())
    }

    /// Until everything in flight is answered after the window has closed.
    async fn listen(&mut self, mut answers: Streaming<AnswerBatch>) -> anyhow::Result<()> {
        while self.in_flight > 0 {
            let message = answers.message().await.context("the stream broke")?;
            let message = message.context("the stream ended with commands unanswered")?;
            let now = Instant::now();
            self.in_flight = self.in_flight.saturating_sub(message.answers.len());
            for answer in message.answers {
                self.hear(answer, now)?;
            }
            if self.round.window.is_over(now) {
                self.send()?;
            }
        }
        Ok(())
    }

    fn hear(&mut self, answer: Answer, now: Instant) -> anyhow::Result<()> {
        let number = answer.correlation_id;
        let place = self.places.get(number as usize).copied();
        let place = place.context("an answer to nothing that was asked")?;
        match (answer.outcome, place.doing) {
            (Some(Outcome::Placed(placed)), Doing::Placing) => {
                self.meter.confirmed(place.asked, now);
                self.end(number, &place, placed.hold_id, now)
            }
            (Some(Outcome::Allocated(_)), Doing::Ending(Fate::Allocate)) => {
                self.meter.confirmed(place.asked, now);
                self.round.sale.sold(&place.pick);
                self.place_next(number, now)
            }
            (Some(Outcome::Released(_)), Doing::Ending(Fate::Release)) => {
                self.meter.confirmed(place.asked, now);
                self.round.sale.released(&place.pick);
                self.place_next(number, now)
            }
            (Some(Outcome::Rejection(no)), Doing::Placing) if no.reason == super::REFUSAL => {
                self.meter.refused(now);
                self.place_next(number, now)
            }
            (outcome, doing) => bail!("{doing:?} was answered with {outcome:?}"),
        }
    }

    fn end(
        &mut self,
        number: u64,
        place: &Place,
        hold_id: Bytes,
        now: Instant,
    ) -> anyhow::Result<()> {
        let fate = self.round.sale.fate(self.asks.random());
        let verb = match fate {
            Fate::Allocate => Verb::Allocate(self.asks.allocate(now, hold_id, place.buyer)),
            Fate::Release => Verb::Release(self.asks.release(now, hold_id, place.buyer)),
        };
        self.places[number as usize] = Place { doing: Doing::Ending(fate), asked: now, ..*place };
        self.ask(number, verb)
    }

    fn place_next(&mut self, number: u64, now: Instant) -> anyhow::Result<()> {
        if self.round.window.is_over(now) {
            self.places[number as usize].doing = Doing::Done;
            return Ok(());
        }
        let (pick, verb, buyer) = self.place(now)?;
        self.places[number as usize] = Place { pick, buyer, asked: now, doing: Doing::Placing };
        self.ask(number, verb)
    }

    fn place(&mut self, now: Instant) -> anyhow::Result<(Pick, Verb, u64)> {
        let pick = self.round.sale.next_place(self.asks.random()).context(super::SOLD_OUT)?;
        let buyer = self.asks.buyer();
        Ok((pick, Verb::Place(self.asks.place(now, &pick, buyer, Choice::ById)), buyer))
    }

    fn ask(&mut self, correlation_id: u64, verb: Verb) -> anyhow::Result<()> {
        self.waiting.push(Command { correlation_id, verb: Some(verb), ..Command::default() });
        if self.waiting.len() == self.per_message { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> anyhow::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let room = Vec::with_capacity(self.per_message);
        let commands = std::mem::replace(&mut self.waiting, room);
        self.in_flight += commands.len();
        self.outgoing.send(CommandBatch { commands }).context("the stream is closed")
    }
}
