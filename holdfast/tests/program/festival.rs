//! A hall with everything that a chart can have, sold in a real process as event 2: zones, floors,
//! a table that is sold as a whole, areas, and ticket types with quotas and windows; and somebody
//! who talks to it.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::node::Node;

/// 18 seats and 70 places.
pub(crate) const CHART: &str = include_str!("festival.json");
pub(crate) const TOKEN: &str = "a-token-for-tests-only";

pub(crate) const RESERVE: &str = "/v1/seats/reserve";
pub(crate) const ALLOCATE: &str = "/v1/seats/allocate";
pub(crate) const RELEASE: &str = "/v1/seats/release";
pub(crate) const RETURN: &str = "/v1/seats/return";
pub(crate) const EXTEND: &str = "/v1/seats/extend";

/// A server, with the event on sale.
pub(crate) struct Festival {
    pub(crate) node: Node,
    pub(crate) client: Client,
    pub(crate) chart_hash: String,
    folder: TempDir,
}

impl Festival {
    /// Event 2, sold as these types.
    pub(crate) async fn with_types(ticket_types: Value) -> Self {
        Self::with(&[], ticket_types).await
    }

    /// The same of a server with these flags as well.
    pub(crate) async fn with(more: &[&str], ticket_types: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("chart.json"), CHART).unwrap();
        let node = up(&folder, more);
        let mut festival = Self { node, client: Client::new(), chart_hash: String::new(), folder };
        let chart: Value = serde_json::from_str(CHART).unwrap();
        let (status, stored) = festival.organize("/v1/charts", chart).await;
        assert_eq!((status, &stored["seats"], &stored["places"]), (200, &json!(22), &json!(70)));
        festival.chart_hash = stored["chartHash"].as_str().unwrap().to_owned();
        let (status, event) = festival.create(2, json!({}), ticket_types).await;
        assert_eq!((status, &event["eventId"]), (201, &json!(2)), "{event}");
        festival
    }

    /// Event 2 as most tests have it: adults anywhere, 30 children, a type that nobody can buy
    /// yet, one that nobody can buy any more, and one for standing alone.
    pub(crate) async fn open() -> Self {
        let hour_millis = 3_600_000;
        Self::with_types(json!([
            {"key": "adult"},
            {"key": "child", "quota": 3},
            {"key": "late", "saleOpensAt": now_millis() + hour_millis},
            {"key": "early", "saleClosesAt": "2020-02-29T12:00:00+01:00"},
            {"key": "stander", "categories": ["stand"]},
        ]))
        .await
    }

    /// Where its data lies.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Ends the server in order, has something done to its data, and starts it again.
    pub(crate) fn restarted(self, more: &[&str], meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { node, client, chart_hash, folder } = self;
        assert!(node.stop().success());
        meanwhile(&folder.path().join("data"));
        Self { node: up(&folder, more), client, chart_hash, folder }
    }

    /// Ends the server in order. Its data stays as long as what is returned.
    pub(crate) fn stop(self) -> TempDir {
        assert!(self.node.stop().success());
        self.folder
    }

    /// Puts another event on the same chart on sale.
    pub(crate) async fn create(
        &self,
        event_id: u64,
        rules: Value,
        ticket_types: Value,
    ) -> (u16, Value) {
        let body = json!({
            "eventId": event_id, "name": format!("Night {event_id}"),
            "chartHash": self.chart_hash, "rules": rules, "ticketTypes": ticket_types,
        });
        self.organize("/v1/events", body).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.node.url(path))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        document(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    /// With the token.
    pub(crate) async fn organize(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(Method::POST, path).bearer_auth(TOKEN);
        document(request.json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.request(Method::GET, path).bearer_auth(TOKEN);
        let (status, body) = document(request.send().await.unwrap()).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A hold of event 2: what was answered.
    pub(crate) async fn hold(&self, user: &str, what: Value) -> Value {
        let (status, held) = self.post(RESERVE, wanted(user, what)).await;
        assert_eq!(status, 200, "{held}");
        held
    }

    /// A wish for event 2, refused with this status and code: the problem.
    pub(crate) async fn refused(&self, what: Value, status: u16, code: &str) -> Value {
        let shown = what.to_string();
        let (found, problem) = self.post(RESERVE, wanted("eve", what)).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{shown}: {problem}");
        problem
    }

    /// Nothing is wrong with event 2.
    pub(crate) async fn is_sound(&self) -> Value {
        let verified = self.get("/v1/events/2/verify").await;
        assert_eq!(verified["violations"], json!([]), "{verified}");
        verified
    }
}

/// A server whose data and chart lie in a folder.
fn up(folder: &TempDir, more: &[&str]) -> Node {
    let chart = folder.path().join("chart.json");
    let flags = ["--chart", chart.to_str().unwrap(), "--admin-token", TOKEN];
    Node::up(&folder.path().join("data"), &[&flags, more].concat())
}

fn wanted(user: &str, mut what: Value) -> Value {
    what["userId"] = json!(user);
    what["eventId"] = json!(2);
    what
}

pub(crate) fn now_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// A reply's status and body; a problem is one in every respect.
pub(crate) async fn document(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    if status < 400 {
        assert_eq!(content_type, "application/json");
    } else {
        assert_eq!(content_type, "application/problem+json", "{body}");
        assert_eq!(body["status"], status);
        let code = body["code"].as_str().unwrap();
        assert_eq!(body["type"], format!("urn:holdfast:problem:{code}"));
        assert!(!body["detail"].as_str().unwrap().is_empty() && body["retryable"].is_boolean());
    }
    (status, body)
}
