//! Load at a fixed pace: holds that are asked for at moments that are fixed in advance, whatever
//! the server does, each given back at once when it is confirmed. Latency counts from the moment at
//! which a hold was meant to be asked for.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use proto::inventory::v1;
use proto::inventory::v1::inventory_client::InventoryClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Endpoint;

use crate::client::{command, said_of_outcome};
use crate::history::{Accepted, Ask, Done, RequestId, Said};
use crate::limits::MESSAGE_COMMANDS_MAX;

/// Between two messages of holds.
const TICK: Duration = Duration::from_millis(2);

/// How long the last answers may take.
const SETTLE: Duration = Duration::from_secs(20);

/// A load.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// What is held.
    pub event_id: u64,
    /// Seats from 0 on, one after the other: more than are held at a time.
    pub seats: u32,
    /// Holds a second. As many are given back.
    pub holds_per_sec: f64,
}

/// What the holds of a round took.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// One a hold, sorted.
    sorted: Vec<Duration>,
}

impl Latencies {
    /// What 99 of a hundred took at most.
    pub fn p99(&self) -> Duration {
        let at = (self.sorted.len() * 99).div_ceil(100).saturating_sub(1);
        self.sorted.get(at).copied().unwrap_or_default()
    }
}

impl Pace {
    /// One round on a stream of its own.
    ///
    /// # Errors
    /// If the stream breaks, or if something else than a confirmation is answered.
    pub async fn round(self, endpoint: &Endpoint, span: Duration) -> anyhow::Result<Latencies> {
        let (batches, outgoing) = mpsc::unbounded_channel();
        let mut client = InventoryClient::new(endpoint.connect().await?);
        let answers = client.pipeline(UnboundedReceiverStream::new(outgoing)).await?;
        let mut answers = answers.into_inner();
        let holds = (self.holds_per_sec * span.as_secs_f64()) as u64;
        let (started, mut asked, mut latencies) = (Instant::now(), 0, Vec::new());
        let mut ticks = tokio::time::interval(TICK);
        let give_up = started + span + SETTLE;
        while latencies.len() < holds as usize {
            tokio::select! {
                _ = ticks.tick(), if asked < holds => {
                    let due = (started.elapsed().as_secs_f64() * self.holds_per_sec) as u64;
                    while asked < due.min(holds) {
                        let until = due.min(holds).min(asked + MESSAGE_COMMANDS_MAX as u64);
                        let commands = (asked..until).map(|number| self.hold(number)).collect();
                        batches.send(v1::CommandBatch { commands })?;
                        asked = until;
                    }
                }
                message = answers.message() => {
                    let message = message?.context("the stream ended")?;
                    let now = Instant::now();
                    let mut commands = Vec::new();
                    for answer in message.answers {
                        let number = answer.correlation_id;
                        let said = said_of_outcome(answer.outcome);
                        let Said::Accepted(Accepted { done, .. }) = said else {
                            anyhow::bail!("hold {number} is answered with {said}");
                        };
                        if let Done::Placed { hold_id, .. } = done {
                            let meant = Duration::from_secs_f64(number as f64 / self.holds_per_sec);
                            latencies.push(now.saturating_duration_since(started + meant));
                            let ask = Ask::Release { hold_id, buyer: self.buyer(number) };
                            commands.push(command_of(number, &ask));
                        }
                    }
                    if !commands.is_empty() {
                        batches.send(v1::CommandBatch { commands })?;
                    }
                }
            }
            ensure!(Instant::now() < give_up, "{} of {holds} holds are answered", latencies.len());
        }
        latencies.sort_unstable();
        Ok(Latencies { sorted: latencies })
    }

    fn hold(&self, number: u64) -> v1::Command {
        let seats = vec![(number % u64::from(self.seats)) as u32];
        let ask = Ask::Place { event_id: self.event_id, buyer: self.buyer(number), seats };
        command_of(number, &ask)
    }

    fn buyer(&self, number: u64) -> String {
        format!("b{}", number % u64::from(self.seats))
    }
}

fn command_of(number: u64, ask: &Ask) -> v1::Command {
    let verb = Some(command(RequestId::now(), ask));
    v1::Command { correlation_id: number, timeout_millis: None, ack: 0, verb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p99_is_what_one_in_a_hundred_is_above() {
        let of =
            |count: u64| Latencies { sorted: (1..=count).map(Duration::from_millis).collect() };
        assert_eq!(of(100).p99(), Duration::from_millis(99));
        assert_eq!(of(1_000).p99(), Duration::from_millis(990));
        assert_eq!(of(1).p99(), Duration::from_millis(1));
    }
}
