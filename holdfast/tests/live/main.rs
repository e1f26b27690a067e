//! Live changes against the truth: buyers at full speed on seats, areas and ticket types, and
//! listeners over real sockets who read, stall, leave and come back. What each of them makes of
//! what it is sent is, at every version that it is at, what the journal says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod buyers;
mod house;
mod listener;
mod source;
mod truth;

use std::collections::BTreeSet;
use std::time::Duration;

use inventory_core::command::{CloseEvent, Verb};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;

use buyers::{ask, buy};
use house::{EVENT, House, untouched};
use listener::{Day, Habit, Seen, listen};
use source::Way;

const BUYERS: u64 = 12;
/// How much is bought before it is enough, and for how long at most.
const FACTS: usize = 30_000;
const SELLING_MAX: Duration = Duration::from_secs(12);
/// Far more than anything else here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The value of a metric without labels.
fn metric(metrics: &PrometheusHandle, name: &str) -> f64 {
    let text = metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listener_has_the_truth_at_each_version() {
    let metrics = PrometheusBuilder::new().install_recorder().unwrap();
    let house = House::open().await;
    let (last_sender, last_version) = watch::channel(None);
    let over = CancellationToken::new();
    let history = house.history.clone();
    let day = Day { history: history.clone(), over: over.clone(), last_version };
    let habits = [
        Habit::Reads,
        Habit::Reads,
        Habit::Stalls(2_500),
        Habit::Stalls(18_000),
        Habit::Leaves(40),
        Habit::Leaves(900),
        Habit::Leaves(4_000),
        Habit::Reads,
    ];
    let channel = Endpoint::from_shared(format!("http://{}", house.grpc)).unwrap();
    // A caller who does not read is soon felt on the other side.
    let channel = channel.initial_stream_window_size(16_384).connect().await.unwrap();
    let mut listeners = Vec::new();
    for way in [Way::Rest(house.http), Way::Grpc(channel)] {
        for habit in habits {
            let listening = tokio::spawn(listen(way.clone(), habit, day.clone()));
            listeners.push((way.clone(), habit, listening));
        }
    }

    let buyers: Vec<_> = (0..BUYERS)
        .map(|number| {
            tokio::spawn(buy(house.handle.clone(), number, house.neighbour, over.clone()))
        })
        .collect();
    let mut selling = history.clone();
    let enough = selling.wait_for(|history| history.facts.len() >= FACTS);
    // What was sold by then is enough on a machine that is slow.
    drop(timeout(SELLING_MAX, enough).await);
    // Eight listeners over the edge, or fewer, and one stream for all of them.
    let grpc_watchers = habits.len() as f64;
    assert!(metric(&metrics, "holdfast_watchers_open") <= 1.0 + grpc_watchers);
    assert!(metric(&metrics, "edge_live_events") == 1.0);
    over.cancel();
    for buyer in buyers {
        buyer.await.unwrap();
    }
    ask(&house.handle, Verb::CloseEvent(CloseEvent { event_id: EVENT })).await.unwrap();
    // What was forgotten expires.
    timeout(PATIENCE, selling.wait_for(|history| history.held == 0)).await.unwrap().unwrap();
    let facts = history.borrow().facts.clone();
    let last = facts.iter().rfind(|fact| fact.event_id == EVENT).unwrap().lsn.0;
    last_sender.send_replace(Some(last));

    let mut everything = Vec::new();
    for (way, habit, listening) in listeners {
        let seen = timeout(PATIENCE, listening).await.expect("it gets there").unwrap();
        everything.push((way, habit, seen));
    }
    let versions = everything.iter().flat_map(|(_, _, seen)| &seen.digests);
    let wanted: BTreeSet<u64> = versions.map(|&(version, _)| version).collect();
    let truth = truth::digests(&facts, EVENT, untouched(), &wanted);
    let map = seat_map(&house).await;
    assert_eq!(map["version"], last);
    for (way, habit, seen) in &everything {
        println!(
            "{} {habit:?}: {} deltas, {} snapshots, came back {} times",
            if matches!(way, Way::Rest(_)) { "rest" } else { "grpc" },
            seen.deltas,
            seen.snapshots,
            seen.returns
        );
        for (version, digest) in &seen.digests {
            assert_eq!(truth.get(version), Some(digest), "{way:?} {habit:?} at {version}");
        }
        let statuses: String = seen.picture.statuses.iter().map(u8::to_string).collect();
        assert_eq!(map["statuses"], statuses);
        assert!(seen.picture.is_closed);
    }
    check_that_it_was_a_test(&metrics, facts.len(), &everything);
    house.close().await;
}

/// Enough happened, and everything that may happen to a listener did.
fn check_that_it_was_a_test(
    metrics: &PrometheusHandle,
    facts: usize,
    everything: &[(Way, Habit, Seen)],
) {
    assert!(facts > 1_000, "{facts} facts");
    for is_rest in [true, false] {
        let of = |wanted: fn(&Habit) -> bool| {
            let with = everything.iter().filter(move |(way, habit, _)| {
                matches!(way, Way::Rest(_)) == is_rest && wanted(habit)
            });
            with.map(|(_, _, seen)| seen)
        };
        let most = of(|habit| *habit == Habit::Reads).map(|seen| seen.deltas).max().unwrap();
        let fewest = of(|habit| matches!(habit, Habit::Stalls(_))).map(|seen| seen.deltas).min();
        // On a machine that is very slow all that is missed fits between the two sides.
        let is_felt = fewest.unwrap() < most || facts < FACTS / 2;
        assert!(is_felt, "who stalls gets fewer and larger deltas");
        assert!(of(|habit| matches!(habit, Habit::Leaves(_))).all(|seen| seen.returns > 0));
    }
    let merged = ["holdfast_watch_frames_merged_total", "edge_live_deltas_merged_total"];
    let [in_engine, in_edge] = merged.map(|name| metric(metrics, name));
    let merged = format!("of {facts} facts, engine {in_engine}, edge {in_edge}");
    assert!(in_engine > 0.0 && in_edge > 0.0, "frames merged: {merged}");
}

async fn seat_map(house: &House) -> Value {
    let url = format!("http://{}/v1/events/{EVENT}/seats?view=statuses", house.http);
    reqwest::get(url).await.unwrap().json().await.unwrap()
}
