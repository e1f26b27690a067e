//! The examples of docs/rest.md, followed to the letter and in their order: each `curl` is sent
//! to a real server, and each answer has the fields and kinds of values that the page shows.
//!
//! Ids that a server makes up differ from those of the page: the first one that is answered in
//! the place of one on the page stands for it from then on.

use std::collections::HashMap;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::node::Node;

const PAGE: &str = include_str!("../../../docs/rest.md");
const ON_THE_PAGE: &str = "localhost:8080";
const TOKEN_ON_THE_PAGE: &str = "a-token-of-your-own";

/// Ids that a server makes up.
const MADE_UP: [&str; 3] = ["holdId", "allocationId", "requestId"];
/// Fields that are what the page says, and not only of its kind.
const CERTAIN: [&str; 20] = [
    ".seatIds",
    ".state",
    ".status",
    ".cause",
    ".area",
    ".count",
    ".ticketType",
    ".key",
    ".available",
    ".held",
    ".allocated",
    ".blocked",
    ".capacity",
    ".zone",
    ".entrance",
    ".places",
    ".areas",
    ".ticketTypes",
    ".availableSeats",
    ".violations",
];

/// A `curl` of the page and what the page says comes back.
struct Example {
    command: String,
    answer: Value,
}

/// Blocks of code that are indented; a block ends with an empty line.
fn blocks() -> Vec<String> {
    let blocks = PAGE.split("\n\n").filter(|block| block.starts_with("    "));
    blocks.map(|block| block.lines().map(str::trim).collect::<Vec<_>>().join(" ")).collect()
}

fn examples() -> Vec<Example> {
    let blocks = blocks();
    let pairs = blocks.windows(2).filter(|pair| pair[0].starts_with("curl "));
    pairs
        .map(|pair| {
            let shown = pair[1].replace(", …]", "]");
            let answer = serde_json::from_str(&shown)
                .unwrap_or_else(|error| panic!("after {:?}: {error} in {shown}", pair[0]));
            Example { command: pair[0].replace(" \\ ", " "), answer }
        })
        .collect()
}

/// The words of a command line, single quotes taken off.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in command.chars() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

async fn send(node: &Node, command: &str) -> Value {
    let words = words(command);
    let mut words = words.iter().skip(1).map(String::as_str);
    let (mut url, mut method, mut headers, mut body) = (None, Method::GET, Vec::new(), None);
    while let Some(word) = words.next() {
        match word {
            "-X" => method = words.next().unwrap().parse().unwrap(),
            "-H" => headers.push(words.next().unwrap().split_once(": ").unwrap()),
            "-d" => {
                method = Method::POST;
                body = Some(words.next().unwrap().to_owned());
            }
            word => url = Some(word),
        }
    }
    let path = url.unwrap().strip_prefix(ON_THE_PAGE).unwrap();
    let mut request = Client::new().request(method, node.url(path));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let answer = response.json().await.unwrap();
    assert!(matches!(status, 200 | 201), "{command}\n{status} {answer}");
    answer
}

/// The answer is of the page's form; ids on the page get those of the answer.
fn compare(shown: &Value, found: &Value, place: &str, ids: &mut HashMap<String, String>) {
    match (shown, found) {
        (Value::Object(shown), Value::Object(found)) => {
            let names = |object: &serde_json::Map<String, Value>| {
                object.keys().cloned().collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(names(shown), names(found), "the fields of {place}");
            for (name, value) in shown {
                compare(value, &found[name], &format!("{place}.{name}"), ids);
            }
        }
        (Value::Array(shown), Value::Array(found)) => {
            for (index, (shown, found)) in shown.iter().zip(found).enumerate() {
                compare(shown, found, &format!("{place}[{index}]"), ids);
            }
        }
        (Value::String(shown), Value::String(found)) if place.ends_with("Id") => {
            ids.entry(shown.clone()).or_insert_with(|| found.clone());
            if !MADE_UP.iter().any(|name| place.ends_with(name)) {
                assert_eq!(shown, found, "{place}");
            }
        }
        (shown, found) => {
            let kind = |value: &Value| {
                (value.is_string(), value.is_number(), value.is_boolean(), value.is_null())
            };
            assert_eq!(kind(shown), kind(found), "{place}: {shown} and {found}");
        }
    }
    if CERTAIN.iter().any(|name| place.ends_with(name)) {
        assert_eq!(shown, found, "{place}");
    }
}

#[tokio::test]
async fn the_examples_of_the_page_do_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::up(folder.path(), &["--admin-token", TOKEN_ON_THE_PAGE]);
    let examples = examples();
    assert!(examples.len() >= 20, "the page has lost its examples");
    let mut ids = HashMap::new();
    for Example { command, answer } in examples {
        let ours = ids.iter().fold(command.clone(), |command, (page, ours): (&String, &String)| {
            command.replace(page.as_str(), ours)
        });
        let found = send(&node, &ours).await;
        compare(&answer, &found, &command, &mut ids);
    }
}
