//! `holdfast replay` on the data of a real process, while it runs and afterwards: what it shows
//! of each moment is what REST showed then, from the journal and from Postgres.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use inventory_engine::directory::Directory;
use inventory_engine::recovery::recover;
use inventory_engine::snapshots::{SnapshotOptions, Snapshotter};
use persistence::file::Options;
use serde_json::{Value, json};
use servers::Postgres;

use crate::festival::{ALLOCATE, Festival, RELEASE, RETURN};
use crate::node::PROGRAM;

/// What REST showed at a moment.
struct Seen {
    version: u64,
    seats: Value,
    areas: Value,
    counts: Value,
    map: Value,
}

/// A sale with some of everything, looked at again and again.
struct Watched {
    festival: Festival,
    seen: Vec<Seen>,
}

impl Watched {
    async fn open(more: &[&str]) -> Self {
        let types = json!([{"key": "adult"}, {"key": "child", "quota": 30}]);
        let mut watched = Self { festival: Festival::with(more, types).await, seen: Vec::new() };
        watched.look().await;
        watched
    }

    async fn look(&mut self) {
        let by = "/v1/seats/availability?eventId=2&by=area,ticketType";
        let mut counts = self.festival.get(by).await;
        let map = self.festival.get("/v1/events/2/seats").await;
        assert_eq!(map["version"], counts["version"], "nobody else asks for anything");
        self.seen.push(Seen {
            version: counts["version"].as_u64().unwrap(),
            seats: map["seats"].clone(),
            areas: counts["areas"].take(),
            map,
            counts,
        });
    }

    async fn done(&mut self, path: &str, hold: &Value, what: Value) -> Value {
        let mut body = what;
        body["userId"] = json!("ann");
        let id = if path == RETURN { "allocationId" } else { "holdId" };
        body[id] = hold[id].clone();
        let (status, done) = self.festival.post(path, body).await;
        assert_eq!(status, 200, "{done}");
        self.look().await;
        done
    }

    /// Holds a seat and lets it go, until that has filled a segment.
    async fn fill(&self) {
        let data_dir = self.festival.data_dir();
        let before = segments(&data_dir);
        while segments(&data_dir) == before {
            let seat = json!({"ticketType": "adult", "seatIds": ["Balcony-A-1"]});
            let held = self.festival.hold("bob", seat).await;
            let body = json!({"holdId": held["holdId"], "userId": "bob"});
            assert_eq!(self.festival.post(RELEASE, body).await.0, 200);
        }
    }

    async fn sell(&mut self) {
        let held = self
            .festival
            .hold(
                "ann",
                json!({
                    "ticketType": "adult",
                    "seats": [{"seatId": "Stalls-A-1"}, {"seatId": "Stalls-A-2",
                        "ticketType": "child"}, {"seatId": "Stalls-T1"}],
                    "areas": [{"area": "Lawn", "count": 4}, {"area": "Lawn", "count": 1,
                        "ticketType": "child"}],
                }),
            )
            .await;
        self.look().await;
        let part = json!({"seatIds": ["Stalls-A-2", "Stalls-T1"],
            "areas": [{"area": "Lawn", "count": 3, "ticketType": "adult"}]});
        let sold = self.done(ALLOCATE, &held, part).await;
        let blocked = json!({"eventId": 2, "seatIds": ["Balcony-A-3"],
            "areas": [{"area": "Stalls-Pit", "count": 7}]});
        let (status, _) = self.festival.organize("/v1/seats/block", blocked.clone()).await;
        assert_eq!(status, 200);
        self.look().await;
        let part = json!({"areas": [{"area": "Lawn", "count": 1, "ticketType": "child"}]});
        self.done(RELEASE, &held, part).await;
        let part = json!({"seatIds": ["Stalls-T1"],
            "areas": [{"area": "Lawn", "count": 1, "ticketType": "adult"}]});
        self.done(RETURN, &sold, part).await;
        let (status, _) = self.festival.organize("/v1/seats/unblock", blocked).await;
        assert_eq!(status, 200);
        self.done(RELEASE, &held, json!({})).await;
        self.done(RETURN, &sold, json!({})).await;
    }
}

/// The segments of a journal.
fn segments(data_dir: &Path) -> usize {
    let entries = std::fs::read_dir(data_dir.join("journal")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".journal")).count()
}

fn replay(data_dir: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(["replay", "--data-dir"]).arg(data_dir).args(more).env_clear();
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The document of a moment of event 2.
fn replayed(data_dir: &Path, until: &str, more: &[&str]) -> Value {
    let flags = [&["--event", "2", "--json", "--until", until], more].concat();
    let output = replay(data_dir, &flags);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_str(text(&output.stdout)).unwrap()
}

fn refused(data_dir: &Path, more: &[&str], code: i32) -> String {
    let output = replay(data_dir, more);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    text(&output.stderr).to_owned()
}

/// That a document shows what REST did.
fn assert_as_seen(document: &Value, seen: &Seen) {
    let shown = document["seats"].as_array().unwrap();
    let seats = seen.seats.as_array().unwrap();
    assert_eq!(shown.len(), seats.len());
    for (shown, seat) in shown.iter().zip(seats) {
        assert_eq!(shown["seat"], seat["seatId"], "LSN {}", seen.version);
        assert_eq!(shown["status"], seat["status"], "{} at LSN {}", seat["seatId"], seen.version);
    }
    let states = ["available", "held", "allocated", "blocked", "capacity"];
    let areas = seen.areas.as_array().unwrap();
    for (shown, area) in document["areas"].as_array().unwrap().iter().zip(areas) {
        for of in ["area"].into_iter().chain(states) {
            assert_eq!(shown[of], area[of], "{of} of {area} at LSN {}", seen.version);
        }
    }
    for state in states {
        assert_eq!(document["totals"]["seats"][state], seen.counts[state], "{state}");
        assert_eq!(document["totals"]["places"][state], seen.counts["places"][state], "{state}");
    }
    for counts in seen.counts["ticketTypes"].as_array().unwrap() {
        let key = &counts["ticketType"];
        let (held, allocated) = taken_as(document, key);
        assert_eq!((&json!(held), &json!(allocated)), (&counts["held"], &counts["allocated"]));
    }
    assert_eq!(document["name"], "Night 2");
    assert_eq!(seen.map["eventId"], document["event"]);
}

/// How many spots of a document are held, and how many sold, as one ticket type.
fn taken_as(document: &Value, key: &Value) -> (u64, u64) {
    let mut sums = (0, 0);
    for seat in document["seats"].as_array().unwrap() {
        let is_of_type = &seat["ticket_type"] == key;
        let (is_held, is_sold) = (seat["hold"].is_string(), seat["allocation"].is_string());
        assert_eq!((is_held, is_sold), (seat["status"] == "held", seat["status"] == "allocated"));
        sums.0 += u64::from(is_of_type && is_held);
        sums.1 += u64::from(is_of_type && is_sold);
    }
    let areas = document["areas"].as_array().unwrap().iter();
    for of in areas.flat_map(|area| area["ticket_types"].as_array().unwrap()) {
        if &of["ticket_type"] == key {
            sums.0 += of["held"].as_u64().unwrap();
            sums.1 += of["allocated"].as_u64().unwrap();
        }
    }
    sums
}

#[tokio::test]
async fn every_moment_is_shown_as_rest_showed_it() {
    let mut watched = Watched::open(&[]).await;
    watched.sell().await;
    let data_dir = watched.festival.data_dir();
    // The engine runs, and its data is locked.
    for seen in &watched.seen {
        let by_lsn = replayed(&data_dir, &format!("lsn:{}", seen.version), &[]);
        assert_eq!(by_lsn["lsn"], seen.version);
        assert_as_seen(&by_lsn, seen);
        for moment in [&by_lsn["at"], &by_lsn["at_millis"]] {
            let until = moment.as_str().map_or_else(|| moment.to_string(), str::to_owned);
            let by_time = replayed(&data_dir, &until, &[]);
            // Facts of one millisecond count together.
            let seen = watched.seen.iter().find(|seen| by_time["lsn"] == seen.version);
            seen.into_iter().for_each(|seen| assert_as_seen(&by_time, seen));
            assert!(by_time["lsn"].as_u64() >= by_lsn["lsn"].as_u64(), "{until}");
        }
    }
    let sold = &watched.seen[2];
    let page = replay(&data_dir, &["--event", "2", "--until", &format!("lsn:{}", sold.version)]);
    let page = text(&page.stdout);
    for line in [
        "seats   16 available, 1 held, 5 sold, 0 blocked of 22",
        "places  65 available, 2 held, 3 sold, 0 blocked of 70",
        "  A           h#....",
        "  Stalls-T1   ####  table: 0 available, 0 held, 4 sold, 0 blocked of 4",
        "  Stalls-Pit  area: 20 available, 0 held, 0 sold, 0 blocked of 20",
        "  Lawn  area: 45 available, 2 held, 3 sold, 0 blocked of 50; adult: 1 held, 3 sold; \
         child: 1 held, 0 sold",
    ] {
        assert!(page.lines().any(|shown| shown == line), "{line} not in {page}");
    }
    let last = watched.seen.last().unwrap();
    assert_as_seen(&replayed(&data_dir, "end", &[]), last);
    let _folder = watched.festival.stop();

    let created = replayed(&data_dir, "end", &[])["created_at"].as_str().unwrap().to_owned();
    let unknown = refused(&data_dir, &["--event", "99"], 1);
    assert!(unknown.contains("there is no event 99"), "{unknown}");
    let early = refused(&data_dir, &["--event", "2", "--until", "2020-02-29T12:00:00Z"], 1);
    assert!(early.contains(&format!("it was created at {created}")), "{early}");
    let beyond = refused(&data_dir, &["--event", "2", "--until", "lsn:1000000"], 1);
    assert!(beyond.contains("there is no fact 1000000"), "{beyond}");
    for nonsense in ["yesterday", "lsn:x", "-1"] {
        let told = refused(&data_dir, &["--event", "2", &format!("--until={nonsense}")], 2);
        assert!(told.contains("a moment is a time such as"), "{told}");
    }
    let nowhere = refused(&data_dir.join("x"), &["--event", "2"], 1);
    assert!(nowhere.contains("is not a data directory"), "{nowhere}");
}

/// Makes a snapshot and puts away what lies behind two of them, as an engine does that keeps no
/// history.
fn prune(data_dir: &Path) {
    let recovered = recover(data_dir, Options::default(), &Arc::default()).unwrap();
    let options =
        SnapshotOptions { history_retention: Duration::ZERO, ..SnapshotOptions::default() };
    let (share, directory) = (recovered.journal.share(), Arc::new(Directory::default()));
    let useless = recovered.useless_snapshots;
    let mut snapshotter = Snapshotter::new(share, directory, useless, options);
    snapshotter.make().unwrap();
    snapshotter.archive().unwrap();
}

#[tokio::test]
async fn what_the_journal_has_no_more_postgres_has() {
    let postgres = Postgres::start(&[]).await.unwrap();
    postgres.create_database("sale").await.unwrap();
    let url = postgres.url("sale");
    let projected = ["--database-url", &url];
    let more = [&projected[..], &["--journal-segment-bytes", "65536"]].concat();
    let mut watched = Watched::open(&more).await;
    watched.sell().await;
    let data_dir = watched.festival.data_dir();
    let first = format!("lsn:{}", watched.seen[2].version);
    let mut expected = replayed(&data_dir, &first, &projected);
    assert!(expected["source"].as_str().unwrap().starts_with("the journal in"), "{expected}");
    for _ in 0..2 {
        watched.fill().await;
        let Watched { festival, seen } = watched;
        watched = Watched { festival: festival.restarted(&more, prune), seen };
        watched.sell().await;
    }
    let Watched { festival, seen } = watched;
    // Everything is in Postgres when it has left.
    let _folder = festival.stop();

    let told = refused(&data_dir, &["--event", "2", "--until", &first], 1);
    assert!(told.contains("the journal no longer has event 2 as it was then"), "{told}");
    let from = told.split("(lsn:").nth(1).unwrap().split(')').next().unwrap().to_owned();
    let from_lsn: u64 = from.parse().unwrap();
    assert!(from_lsn > seen[2].version, "{told}");
    let shown = replayed(&data_dir, &format!("lsn:{from}"), &[]);
    assert_eq!(shown["lsn"], from_lsn);
    let kept: Vec<_> = seen.iter().filter(|seen| seen.version >= from_lsn).collect();
    assert!(kept.len() > 5 && kept.len() < seen.len() - 5, "{from_lsn}");
    for seen in kept {
        assert_as_seen(&replayed(&data_dir, &format!("lsn:{}", seen.version), &[]), seen);
    }

    // Postgres shows the same, as does the journal where it can.
    let from_postgres = replayed(&data_dir, &first, &projected);
    let source = format!("the history in Postgres at 127.0.0.1:{}/sale", postgres.port());
    expected["source"] = json!(source);
    assert_eq!(from_postgres, expected);
    let nowhere = data_dir.join("x");
    for seen in &seen {
        let shown = replayed(&nowhere, &format!("lsn:{}", seen.version), &projected);
        assert_as_seen(&shown, seen);
        assert_eq!(shown["source"], expected["source"]);
    }
    let flags = ["--event", "2", "--until", "5", projected[0], projected[1]];
    let early = refused(&nowhere, &flags, 1);
    assert!(early.contains("event 2 was not there yet"), "{early}");
    let unknown = refused(&nowhere, &["--event", "99", projected[0], projected[1]], 1);
    assert!(unknown.contains("there is no event 99"), "{unknown}");
}
