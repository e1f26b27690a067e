//! What a real process shows at `/metrics` is what docs/operations.md says, with words to each.

use std::collections::BTreeSet;

use serde_json::json;

use crate::node::Node;

const PAGE: &str = include_str!("../../../docs/operations.md");

/// What operators were promised to find from the first scrape on.
const FROM_THE_START: [&str; 15] = [
    "expired_reservations_released",
    "holdfast_events",
    "holdfast_inbox_commands",
    "holdfast_journal_append_seconds",
    "holdfast_journal_group_facts",
    "holdfast_journal_owed_bytes",
    "holdfast_journal_room_bytes",
    "holdfast_journal_short_of_space",
    "holdfast_parked_answers",
    "holdfast_ready",
    "holdfast_recovery_seconds",
    "holdfast_storage_short",
    "http_request_duration_seconds",
    "seat_reservations_failed",
    "seat_reservations_total",
];

/// The names behind a comment's keyword.
fn names<'a>(text: &'a str, keyword: &str) -> BTreeSet<&'a str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(keyword));
    lines.filter_map(|rest| rest.split_whitespace().next()).collect()
}

#[tokio::test]
async fn every_metric_that_is_shown_has_words_and_is_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::up(folder.path(), &[]);
    let client = reqwest::Client::new();
    let body = json!({ "eventId": 1, "quantity": 2, "userId": "ann" });
    let held = client.post(node.url("/v1/seats/reserve")).json(&body).send().await.unwrap();
    assert_eq!(held.status().as_u16(), 200);
    for path in ["/v1/events", "/of/my/own"] {
        reqwest::get(node.url(path)).await.unwrap();
    }
    let shown = reqwest::get(node.url("/metrics")).await.unwrap().text().await.unwrap();
    let (typed, described) = (names(&shown, "# TYPE "), names(&shown, "# HELP "));
    assert_eq!(typed, described, "each has words");
    for name in &typed {
        assert!(PAGE.contains(&format!("| `{name}` | ")), "docs/operations.md lacks {name}");
    }
    for name in FROM_THE_START {
        assert!(typed.contains(name), "{name} is not shown:\n{shown}");
    }
    assert!(shown.lines().any(|line| line == "holdfast_ready 1"), "{shown}");
    assert!(shown.lines().any(|line| line == "holdfast_storage_short 0"), "{shown}");
    assert!(node.stop().success());
}
