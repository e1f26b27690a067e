//! An engine is stopped in the middle (SIGSTOP), its shards are recovered from Postgres into
//! another directory, where another engine goes on; then the first one goes on, too. Nothing that
//! it writes may count, it has to stop, and to list what it acknowledged meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::FutureExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustix::process::Signal;

use super::stage::{EVENTS, Stage, again, habits};
use super::{Experiment, Outcome, Setting};
use crate::checker::{Evidence, Fact, Testimony, check, read_dump};
use crate::client::{Crowd, Habits, Organizer};
use crate::database::Database;
use crate::history::{History, Recorder, RequestId, Said, Sending};
use crate::pause::pass;
use crate::process::Server;

const NAME: &str = "takeover";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "an engine paused (SIGSTOP), its shards recovered from Postgres elsewhere under a higher \
           epoch, then continued",
    passes_when: "nothing that it writes counts; it stops and lists what it acknowledged after the \
                  fence",
    sizes: ("once", "10 times"),
    run: |setting| run(setting).boxed(),
};

const HOLD: Duration = Duration::from_secs(60);
/// Behind how many milliseconds of sales it is stopped.
const MOMENTS_MILLIS: std::ops::Range<u64> = 200..900;
/// How long the one behind it sells.
const GOES_ON: Duration = Duration::from_millis(1_500);

/// The facts that count, in the words of a dump.
const HISTORY: &str = "
    SELECT json_strip_nulls(json_build_object(
        'shard', shard, 'lsn', lsn, 'epoch', 0, 'event_id', event_id, 'change', change,
        'at_millis', (extract(epoch FROM at) * 1000)::bigint,
        'request_id', replace(request_id::text, '-', ''),
        'hold_id', replace(hold_id::text, '-', ''),
        'allocation_id', replace(allocation_id::text, '-', ''),
        'seats', coalesce(seats, '{}'),
        'deadline_millis', (extract(epoch FROM deadline) * 1000)::bigint))::text
    FROM inventory.history ORDER BY shard, lsn";
const FENCE: &str = "SELECT lsns FROM inventory.takeovers ORDER BY takeover DESC LIMIT 1";

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut rng = ChaCha8Rng::seed_from_u64(setting.seed);
    let mut listed = 0;
    for _ in 0..setting.sized(1, 10) {
        let moment = Duration::from_millis(rng.random_range(MOMENTS_MILLIS));
        let (violations, facts) = once(setting, moment).await?;
        outcome.violations.extend(violations);
        outcome.runs += 1;
        listed += facts;
    }
    if !outcome.violations.is_empty() {
        outcome.kept = Some(format!("again: {}", again(NAME, setting)));
    }
    outcome.figures.push(format!("{listed} facts acknowledged behind the fence, all listed"));
    Ok(outcome)
}

/// One takeover. What was wrong, and how many facts the first engine listed.
async fn once(setting: &Setting, moment: Duration) -> anyhow::Result<(Vec<String>, u64)> {
    let database = Database::start().await?;
    let mut stage = Stage::open_before(setting, HOLD, database.url()).await?;
    // All events are there.
    database.has_more_than(EVENTS.len() as i64 - 1).await?;
    let crowd = stage.admit(habits(setting), stage.doors(&stage.server.endpoint()?, 4));
    pass(moment).await;
    stage.server.signal(Signal::STOP)?;

    let mut second = recovered(setting, &stage, &database)?;
    second.start().await?;
    let recorder = Arc::new(Recorder::start());
    let doors = stage.doors(&second.endpoint()?, 4);
    // Others than those who stand before the first one.
    let habits = Habits { seed: setting.seed ^ 1, ..habits(setting) };
    let others = Crowd::enter(habits, Arc::clone(&recorder), doors);
    pass(GOES_ON).await;

    // The first one acknowledges what it has in hand, until it is told.
    stage.server.signal(Signal::CONT)?;
    let ended = stage.server.ended().await?;
    ensure!(!ended.success(), "a superseded engine ends with {ended}");
    drop(crowd);
    others.leave().await;
    database.has_all().await?;
    let organizer = Organizer::new(&second.endpoint()?);
    let mut testimonies = Vec::new();
    for event_id in EVENTS {
        testimonies.push(organizer.testimony(event_id).await?);
    }
    second.stop().await?;

    let ends = Ends {
        first: stage.recorder.take(stage.terms()),
        second: recorder.take(stage.terms()),
        fence: fence(&database).await?,
        counted: facts_of(&database).await?,
        of_first: stage.server.dump()?,
        of_second: second.dump()?,
        listed: listed(&stage.server)?,
        testimonies,
    };
    Ok((ends.violations(), ends.listed.len() as u64))
}

/// Makes another directory of what is in Postgres.
fn recovered(setting: &Setting, stage: &Stage, database: &Database) -> anyhow::Result<Server> {
    let folder = stage.folder.path().join("second");
    std::fs::create_dir(&folder)?;
    let server = Server::new(&setting.program, &folder);
    let output = Command::new(&setting.program)
        .args(["recover", "--from-postgres", "--data-dir"])
        .arg(server.data_dir())
        .env("HOLDFAST_DATABASE_URL", database.url())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "nothing is recovered: {said}");
    Ok(server.with_variable("HOLDFAST_DATABASE_URL", database.url()))
}

/// All that is there in the end.
struct Ends {
    /// What the clients of the first engine were told, and those of the second.
    first: History,
    second: History,
    /// The last fact of each shard that the takeover found.
    fence: Vec<u64>,
    /// What Postgres has.
    counted: Vec<Fact>,
    /// What the journals have.
    of_first: Vec<Fact>,
    of_second: Vec<Fact>,
    /// What the first engine says that it acknowledged behind the fence.
    listed: Vec<Fact>,
    testimonies: Vec<Testimony>,
}

impl Ends {
    fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let behind = self.of_first.iter().filter(|fact| !self.is_in_front(fact));
        if self.listed != behind.cloned().collect::<Vec<_>>() {
            let of = self.listed.len();
            violations.push(format!("what the first engine lists ({of} facts) is not what it has"));
        }
        // In front of the fence the first one's facts count, behind it the second one's.
        let in_front = self.of_first.iter().filter(|fact| self.is_in_front(fact));
        let counted: BTreeMap<_, _> = self.counted.iter().map(|of| (place(of), of)).collect();
        let should: BTreeMap<_, _> =
            in_front.chain(&self.of_second).map(|of| (place(of), of)).collect();
        let strangers = counted.iter().filter(|(place, of)| {
            should.get(place).is_none_or(|own| own.request_id != of.request_id)
        });
        violations.extend(strangers.map(|(_, of)| format!("counts, and should not: {of}")));
        let missing = should.keys().filter(|place| !counted.contains_key(place));
        violations.extend(missing.map(|(shard, lsn)| format!("shard {shard} lacks {lsn}")));
        violations.extend(self.unaccounted());
        // Nothing that clients of either were told is asked here: who was told what, is above.
        let history = History { terms: self.first.terms, sendings: Vec::new() };
        let (facts, testimonies) = (self.counted.clone(), self.testimonies.clone());
        let evidence = Evidence { history, facts, testimonies };
        violations.extend(check(&evidence).iter().map(ToString::to_string));
        violations
    }

    /// Acknowledgements that neither count nor are listed.
    fn unaccounted(&self) -> impl Iterator<Item = String> {
        let requests = |facts: &[Fact]| -> BTreeSet<RequestId> {
            facts.iter().filter_map(|fact| fact.request_id).collect()
        };
        let (counted, listed) = (requests(&self.counted), requests(&self.listed));
        let is_accepted = |of: &&Sending| matches!(of.said, Said::Accepted(_));
        let first = self.first.sendings.iter().filter(is_accepted);
        let first = first
            .filter(|of| !counted.contains(&of.request_id) && !listed.contains(&of.request_id));
        let second = self.second.sendings.iter().filter(is_accepted);
        let second = second.filter(|of| !counted.contains(&of.request_id));
        let lost: Vec<_> =
            first.chain(second).map(|of| format!("acknowledged, gone: {of}")).collect();
        lost.into_iter()
    }

    fn is_in_front(&self, fact: &Fact) -> bool {
        self.fence.get(usize::from(fact.shard)).is_some_and(|last| fact.lsn <= *last)
    }
}

fn place(fact: &Fact) -> (u16, u64) {
    (fact.shard, fact.lsn)
}

async fn fence(database: &Database) -> anyhow::Result<Vec<u64>> {
    let mut connection = database.connect().await?;
    let lsns: Vec<i64> = sqlx::query_scalar(FENCE).fetch_one(&mut connection).await?;
    Ok(lsns.into_iter().map(i64::cast_unsigned).collect())
}

/// What a superseded engine lists.
fn listed(server: &Server) -> anyhow::Result<Vec<Fact>> {
    let path = server.data_dir().join("superseded.jsonl");
    let file = std::fs::File::open(&path).with_context(|| format!("no {}", path.display()))?;
    Ok(read_dump(BufReader::new(file))?)
}

/// The facts that Postgres has, as lines of a dump.
async fn facts_of(database: &Database) -> anyhow::Result<Vec<Fact>> {
    let mut connection = database.connect().await?;
    let lines: Vec<String> = sqlx::query_scalar(HISTORY).fetch_all(&mut connection).await?;
    Ok(read_dump(lines.join("\n").as_bytes())?)
}
