//! The tools that ask a running engine: the story of a seat, and events held against
//! themselves.

use std::process::{Command, Output};

use reqwest::Client;
use serde_json::{Value, json};

use crate::node::{Node, PROGRAM};
use crate::venue::TestVenue;

fn ask(node: &Node, arguments: &[&str]) -> Output {
    let engine = format!("http://{}", node.address("grpc"));
    let arguments = [arguments, &["--engine", &engine]].concat();
    Command::new(PROGRAM).args(arguments).output().expect("the program starts")
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::to_owned).collect()
}

async fn post(node: &Node, path: &str, body: Value) -> Value {
    let response = Client::new().post(node.url(path)).json(&body).send().await.unwrap();
    assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    response.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_tells_who_had_it_and_why_it_went() {
    let venue = TestVenue::with_rows(&["A"], 4);
    let node = Node::up(&venue.data_dir(), &["--chart", venue.chart()]);
    let reserve = |user: &'static str| {
        post(&node, "/v1/seats/reserve", json!({"eventId": 1, "userId": user, "seatIds": ["A-2"]}))
    };
    let held = reserve("ann").await;
    let hold_id = held["holdId"].as_str().unwrap();
    post(&node, "/v1/seats/release", json!({"holdId": hold_id, "userId": "ann"})).await;
    let held = reserve("bob").await;
    let hold_id = held["holdId"].as_str().unwrap();
    post(&node, "/v1/seats/allocate", json!({"holdId": hold_id, "userId": "bob"})).await;

    let told = ask(&node, &["seat", "history", "A-2"]);
    assert!(told.status.success(), "{told:?}");
    let told = lines(&told);
    assert!(told[0].starts_with("seat A-2 of event 1 is sold"), "{told:#?}");
    let moments = [
        ("held, buyer \"ann\", until ", "hold "),
        ("released by its buyer, buyer \"ann\"", "request "),
        ("held, buyer \"bob\", until ", hold_id),
        ("sold, buyer \"bob\"", hold_id),
    ];
    assert_eq!(told.len(), 1 + moments.len(), "{told:#?}");
    for (line, (what, evidence)) in told[1..].iter().zip(moments) {
        assert!(line.contains(what) && line.contains(evidence), "{line}");
    }
    let quiet = lines(&ask(&node, &["seat", "history", "A-1"]));
    assert_eq!(quiet[1].trim(), "nothing happened to it");
    let newest = lines(&ask(&node, &["seat", "history", "A-2", "--max", "1"]));
    assert!(newest[1].contains("not shown") && newest[2].contains("sold"), "{newest:#?}");

    let nonsense = ask(&node, &["seat", "history", "Z-9"]);
    assert!(!nonsense.status.success());
    assert!(String::from_utf8_lossy(&nonsense.stderr).contains("no such seat"), "{nonsense:?}");

    let verified = ask(&node, &["verify"]);
    assert!(verified.status.success(), "{verified:?}");
    let told = lines(&verified);
    assert_eq!(told[0], "event 1: whole");
    assert_eq!(told[1], "  seats        3 available + 0 held + 1 allocated + 0 blocked = 4");
    assert!(!ask(&node, &["verify", "7"]).status.success(), "there is no event 7");
    assert!(node.stop().success());
}

#[test]
fn an_engine_that_is_not_there_is_told() {
    let mut command = Command::new(PROGRAM);
    let output = command.args(["verify", "--engine", "http://127.0.0.1:1"]).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("no engine answers at http://127.0.0.1:1"), "{told}");
}
