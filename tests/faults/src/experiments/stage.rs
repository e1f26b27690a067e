//! What most experiments need: a server with events on sale, doors to it, a crowd that records, and
//! a verdict at the end that rests on everything that is known.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tonic::transport::Endpoint;

use super::{Outcome, Setting};
use crate::checker::{Evidence, Fact, check};
use crate::client::{Crowd, Door, Habits, InFlight, Lane, Organizer, Sold, Unary};
use crate::history::{History, Recorder, Terms};
use crate::limits::CLOCK_SLACK;
use crate::process::Server;

/// Seats of each event.
pub(super) const SEATS: u32 = 20_000;

/// Events, in as many shards as chance gives them.
pub(super) const EVENTS: [u64; 4] = [11, 12, 13, 14];

/// A server and who looks at it.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) folder: TempDir,
    pub(super) server: Server,
    pub(super) recorder: Arc<Recorder>,
    pub(super) in_flight: InFlight,
    pub(super) hold: Duration,
    /// Whether the server's clock goes on as ours does, so that a hold may end too late.
    pub(super) has_late_bound: bool,
    /// The database that the server writes to, if it does.
    pub(super) database_url: Option<String>,
}

/// What a crowd got done before it left, and how many of it never learnt their last answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) sold: Sold,
    pub(super) in_doubt: usize,
}

impl Stage {
    /// Starts a server, which `dress` may have arguments for, and puts the events on sale.
    pub(super) async fn open(
        setting: &Setting,
        hold: Duration,
        dress: impl FnOnce(Server, &TempDir) -> Server,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("faults-").tempdir()?;
        let mut server = dress(Server::new(&setting.program, folder.path()), &folder);
        server.start().await?;
        Organizer::new(&server.endpoint()?).put_on_sale(&EVENTS, SEATS, hold).await?;
        let recorder = Arc::new(Recorder::start());
        let in_flight = InFlight::default();
        let (has_late_bound, database_url) = (true, None);
        Ok(Self { folder, server, recorder, in_flight, hold, has_late_bound, database_url })
    }

    /// The same with a Postgres behind it, which at the end has to say what the journal says.
    pub(super) async fn open_before(
        setting: &Setting,
        hold: Duration,
        database_url: String,
    ) -> anyhow::Result<Self> {
        let dress =
            |server: Server, _: &_| server.with_variable("HOLDFAST_DATABASE_URL", &*database_url);
        let stage = Self::open(setting, hold, dress).await?;
        Ok(Self { database_url: Some(database_url), ..stage })
    }

    /// Lanes and a door of unary calls to an endpoint, which may be the server's or lead there.
    pub(super) fn doors(&self, endpoint: &Endpoint, lanes: usize) -> Vec<Box<dyn Door>> {
        let lane =
            |_| -> Box<dyn Door> { Box::new(Lane::open(endpoint.clone(), self.in_flight.clone())) };
        let mut doors: Vec<_> = (0..lanes).map(lane).collect();
        doors.push(Box::new(Unary::open(endpoint, self.in_flight.clone())));
        doors
    }

    /// Lets a crowd in.
    pub(super) fn admit(&self, habits: Habits, doors: Vec<Box<dyn Door>>) -> Crowd {
        Crowd::enter(habits, Arc::clone(&self.recorder), doors)
    }

    pub(super) fn terms(&self) -> Terms {
        let slack = CLOCK_SLACK.as_micros() as u64;
        Terms {
            hold_micros: self.hold.as_micros() as u64,
            early_slack_micros: slack,
            late_slack_micros: self.has_late_bound.then_some(slack),
        }
    }

    /// The server gives its last word and is stopped, and everything is held against everything.
    /// What was wrong, and how much was looked at; how often what was done, the caller says.
    pub(super) async fn verdict(self, left: Left, again: &str) -> anyhow::Result<Outcome> {
        self.verdict_with(left, again, |_| Vec::new()).await
    }

    /// The same, with what else is wrong with the facts of the journal.
    pub(super) async fn verdict_with(
        mut self,
        left: Left,
        again: &str,
        more: impl FnOnce(&[Fact]) -> Vec<String>,
    ) -> anyhow::Result<Outcome> {
        let Left { sold, in_doubt } = left;
        let organizer = Organizer::new(&self.server.endpoint()?);
        let mut testimonies = Vec::new();
        for event_id in EVENTS {
            testimonies.push(organizer.testimony(event_id).await?);
        }
        self.server.stop().await?;
        let facts = self.server.dump()?;
        let history = self.recorder.take(self.terms());
        ensure!(sold.accepted > 0, "nothing was sold: {}", self.server.log_tail());
        let figures = format!(
            "{} answers ({} accepted), {} facts",
            history.sendings.len(),
            sold.accepted,
            facts.len()
        );
        let mut violations = more(&facts);
        let evidence = Evidence { history, facts, testimonies };
        violations.extend(check(&evidence).iter().map(ToString::to_string));
        if let Some(url) = &self.database_url {
            violations.extend(self.server.compare(url)?);
        }
        if in_doubt > 0 {
            violations.push(format!("{in_doubt} clients never learnt what came of a request"));
        }
        let kept = match violations.is_empty() {
            true => None,
            false => Some(self.keep(&evidence.history, again)?),
        };
        Ok(Outcome { runs: 0, violations, kept, figures: vec![figures] })
    }

    /// Keeps everything, and says where it is.
    fn keep(self, history: &History, again: &str) -> anyhow::Result<String> {
        let folder = self.folder.keep();
        let lines: Vec<_> = history.sendings.iter().map(ToString::to_string).collect();
        std::fs::write(folder.join("history.txt"), lines.join("\n")).context("keep the history")?;
        let folder = folder.display();
        Ok(format!("the history, the log and the data are kept in {folder}; again: {again}"))
    }
}

impl Left {
    /// Lets a crowd leave: everybody waits for the last answer.
    pub(super) async fn of(crowd: Crowd) -> Self {
        let sold = crowd.sold();
        Self { sold, in_doubt: crowd.leave().await }
    }
}

/// How a crowd behaves unless an experiment wants it otherwise.
pub(super) fn habits(setting: &Setting) -> Habits {
    Habits {
        clients: 400,
        events: EVENTS.to_vec(),
        seats: SEATS,
        window: 250,
        window_answers: 8_000,
        twice_once_in: 0,
        again_once_in: 20,
        rest: Duration::ZERO,
        seed: setting.seed,
    }
}

/// The command that runs an experiment again.
pub(super) fn again(name: &str, setting: &Setting) -> String {
    let quick = setting.sized(" --quick", "");
    format!("cargo xtask faults --only {name} --seed {}{quick}", setting.seed)
}
