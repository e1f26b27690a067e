//! The page `docs/benchmarks.md`, written by each whole run.

use std::fmt::Write;

use super::machine::Machine;
use super::{Outcome, table};

/// How a run was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The profile that both sides were built with.
    pub profile: String,
    /// Rounds of each side.
    pub rounds: u32,
    /// Seconds of warm-up in front of each round.
    pub warm_up_secs: f64,
    /// Seconds that count of each round.
    pub measured_secs: f64,
    /// The day.
    pub date: String,
    /// Processes that ran or waited in the minute before the run, in words: others' work.
    pub load_before: String,
}

const HEAD: &str = "\
# Benchmarks

Written by `cargo xtask bench`; do not change it by hand. Absolute speeds belong to this machine
and this day: what tells something elsewhere are the ratios, since both sides of a row got the same
load, in turns, in one run.

";

const WORKLOAD: &str = "\
## The load

One hot event of 50,000 seats. Clients hold two random seats at a time, by index over gRPC and by
label over REST; two in five holds are then allocated and the rest released. Each hold has a buyer
of its own and each operation a request id of its own. The generator remembers which seats are
taken as far as it knows and picks among the others, so that hardly anything is refused. When nine
tenths of the event are taken, the sale goes on with the next one, which was created on the same
chart before the measurement. With '1,000 events' the holds are spread over as many events of
50,000 seats at random.

An operation counts when its answer arrives within the measured time and says that it is done:
placed, allocated, released. Holdfast's answers leave once the operation is on disk. Refusals are
counted apart and are no part of any rate. '8 x 64 in flight' means 8 connections with 64
operations each that are not answered yet. In streams '64 a message' means that operations leave
in messages of 64; answers come as the server groups them.

Ours is the program itself, `holdfast engine` for gRPC and `holdfast up` for REST, in a process of
its own, with its default settings and a fresh data directory on the disk. After the rounds of a
row every event is verified by the engine, and the seats that it has sold have to be as many as
those that the clients were told of.

'tonic, doing nothing' and 'axum, doing nothing' are servers on the same libraries, with the same
allocator, runtime and settings, in a process of their own, that read the same requests and write
replies of the same form at once. Nothing on these libraries can be faster. The client takes its
part of the processors on both sides, so that a ratio is that of the whole, client included.

Redis keeps an event as a hash and changes it with one Lua script an operation, called in pipelines
of as many as are in flight on a connection; once with nothing on disk, once with every write
synced. Where a row says 'at its best' each side has what suits it best, and what is in flight at
Redis stands beside its name; which shapes were tried is said in `benches/src/rows/of_stores.rs`.
In all other rows that ask a server what is in flight is the same on both sides.

Postgres keeps a row a seat, changes it in one transaction an operation, and commits with
`synchronous_commit` on. By id it locks both rows of a hold. With 'best available' neither side is
told seats but only how many: Postgres takes the first two rows that are free and that nobody has
locked (`SKIP LOCKED`), Holdfast two seats next to each other, the nearest to the focal point.
Postgres and Redis are tuned as `benches/src/peers` says, get the same picks in the same
proportions, and keep the same rules.

'The disk alone' writes the bytes that the engine's journal writes for a group of 1,024 operations
of this load, which is what one of its syncs serves in streams of 8 x 1,024 in flight, one group
behind the other into a file that was filled before; nothing else is done. Each group counts as so
many operations, and its time is the latency of each of them. One row compares the two ways to get
the same groups onto the disk: a write and `fdatasync`, which is the journal's, and a write with
`O_DIRECT` and `O_DSYNC`.

'The core alone' decides and applies the same operations in this process, on one thread, without a
journal, a pipeline or a client. 'An array and a hash map' makes the bare transitions and nothing
that makes them worth having: no request ids, no deadlines, no history, no facts. Only transitions
are timed, a thousand at a time, so that there are no latencies.

h2load sends the same message again and again: a place that was accepted, which the engine answers
with its first result. Its requests are no sale, and tell what another house's client sees.

";

/// The whole page.
pub fn page(machine: &Machine, settings: &Settings, outcomes: &[Outcome]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## The figures\n\n");
    page.push_str(&table(outcomes));
    page.push_str(
        "\nRates are confirmed operations a second; `refused` counts ours / the peer's in all \
         rounds. Each\nfigure is the median of the rounds. A ratio behind `~` is no difference: \
         below 15% in either\ndirection.\n\n",
    );
    page.push_str(WORKLOAD);
    page.push_str("## The machine and the settings\n\n| what | which |\n|---|---|\n");
    let rounds = format!(
        "{} rounds of each side in turns, {} s measured after {} s of warm-up each; the side \
         that is not measured stands still",
        settings.rounds, settings.measured_secs, settings.warm_up_secs
    );
    let lines = [
        ("machine", format!("{}, {} cores, {}", machine.processor, machine.cores, machine.memory)),
        ("kernel", machine.kernel.clone()),
        ("day", settings.date.clone()),
        ("build", format!("profile `{}`; the time of building is not counted", settings.profile)),
        ("rounds", rounds),
        ("load of others (mean of the minute before)", settings.load_before.clone()),
    ];
    let versions = machine.versions.iter().map(|(name, version)| (name.as_str(), version.clone()));
    for (name, value) in lines.into_iter().chain(versions) {
        // Writing to a text cannot fail.
        let _ = writeln!(page, "| {name} | {value} |");
    }
    page
}
