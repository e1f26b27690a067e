//! The edge over REST: one POST a request, over connections that are kept alive.
//!
//! The request id goes along as the `Idempotency-Key`. A request beyond the number of
//! connections waits for a free one, and that wait counts in its latency.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{HoldSeen, HoldStateSeen, InFlight, ReadError};
use crate::ids::{AllocationId, HoldId};
use crate::request::{Answer, Denial, Request, Selection, Verb, word};
use crate::seat_map::{Counts, Layout, SeatPlace};

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a read may take; the full seat map is a megabyte and more.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The connections that buyers share.
#[derive(Debug)]
pub(crate) struct Requests {
    client: reqwest::Client,
    base: String,
    event_id: u64,
    layout: Arc<Layout>,
    connections: Semaphore,
    in_flight: Arc<InFlight>,
}

/// Takes what left and got no answer back out of the count, even if its buyer stopped waiting.
struct Unanswered<'a> {
    in_flight: &'a InFlight,
    is_answered: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if self.is_answered {
            self.in_flight.answered();
        } else {
            self.in_flight.lose(1);
        }
    }
}

impl Requests {
    /// For an edge at `base`, such as `http://127.0.0.1:8080`.
    pub(crate) fn new(
        base: &str,
        event_id: u64,
        connections: usize,
        layout: Arc<Layout>,
        in_flight: &Arc<InFlight>,
    ) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder().pool_max_idle_per_host(connections);
        // Whoever retries has to know: the buyer does, the client does not.
        let client = builder
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()?;
        Ok(Self {
            client,
            base: base.to_owned(),
            event_id,
            layout,
            connections: Semaphore::new(connections),
            in_flight: in_flight.clone(),
        })
    }

    pub(crate) async fn send(&self, request: &Request) -> Answer {
        let (route, body) = self.body(request);
        let url = format!("{}/v1/seats/{route}", self.base);
        let posted = self.client.post(url).json(&body);
        let posted = posted.header("Idempotency-Key", request.id.to_string());
        let Ok(_connection) = self.connections.acquire().await else { return Answer::NotSent };
        self.in_flight.leave(1);
        let mut unanswered = Unanswered { in_flight: &self.in_flight, is_answered: false };
        let response = match posted.send().await {
            Ok(response) => response,
            // Without a connection nothing left.
            Err(error) if error.is_connect() => {
                unanswered.is_answered = true;
                return Answer::NotSent;
            }
            Err(_) => return Answer::Unknown,
        };
        let is_success = response.status().is_success();
        let Ok(body) = response.bytes().await else { return Answer::Unknown };
        unanswered.is_answered = true;
        if is_success { self.accepted(&request.verb, &body) } else { problem(&body) }
    }

    fn body(&self, request: &Request) -> (&'static str, Body<'_>) {
        let user_id = request.buyer.to_string();
        let labels = |seats: &[u32]| seats.iter().map(|seat| self.layout.label(*seat)).collect();
        let mut body = Body { user_id, ..Body::default() };
        let route = match &request.verb {
            Verb::Place(selection) => {
                body.event_id = Some(self.event_id);
                match selection {
                    Selection::Seats(seats) => body.seat_ids = Some(labels(seats)),
                    Selection::Best(quantity) => body.quantity = Some(*quantity),
                }
                "reserve"
            }
            Verb::Extend(hold_id) => {
                body.hold_id = Some(*hold_id);
                "extend"
            }
            Verb::Release(hold_id, part) => {
                body.hold_id = Some(*hold_id);
                body.seat_ids = part.as_deref().map(labels);
                "release"
            }
            Verb::Allocate(hold_id, part) => {
                body.hold_id = Some(*hold_id);
                body.seat_ids = part.as_deref().map(labels);
                "allocate"
            }
        };
        (route, body)
    }

    fn accepted(&self, verb: &Verb, body: &[u8]) -> Answer {
        let read = || {
            let done: Done<'_> = serde_json::from_slice(body).ok()?;
            let index = |label: &Cow<'_, str>| self.layout.index(label);
            let seats: Option<Box<[u32]>> = done.seat_ids.iter().map(index).collect();
            let (hold_id, lsn) = (done.hold_id, None);
            Some(match verb {
                Verb::Place(_) => {
                    let deadline_millis = done.expires_at_millis?;
                    Answer::Placed { hold_id, seats: seats?, deadline_millis, lsn }
                }
                Verb::Extend(_) => {
                    let deadline_millis = done.expires_at_millis?;
                    Answer::Extended { hold_id, deadline_millis, lsn }
                }
                Verb::Release(..) => Answer::Released { hold_id, seats: seats?, lsn },
                Verb::Allocate(..) => {
                    let allocation_id = done.allocation_id?;
                    Answer::Allocated { hold_id, allocation_id, seats: seats?, lsn }
                }
            })
        };
        read().unwrap_or_else(|| {
            // It was answered, so it was done: what exactly is all that can be unknown.
            tracing::error!(body = %String::from_utf8_lossy(body), "an answer cannot be read");
            Answer::Unknown
        })
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_id: Option<HoldId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat_ids: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
}

/// Any of the four successes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Done<'a> {
    hold_id: HoldId,
    allocation_id: Option<AllocationId>,
    #[serde(borrow, default)]
    seat_ids: Vec<Cow<'a, str>>,
    expires_at_millis: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    code: String,
    #[serde(default)]
    detail: String,
    could_have: Option<u32>,
    retry_after_millis: Option<u32>,
}

/// What a problem document says became of the request.
fn problem(body: &[u8]) -> Answer {
    // Whatever stands between may answer in its own words, and may have passed the request on.
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else { return Answer::Unknown };
    let reason = match problem.code.as_str() {
        "overloaded" | "storage_short" => Denial::Overloaded,
        "shutting_down" | "engine_unavailable" | "recovering" => Denial::ShuttingDown,
        "deadline_exceeded" | "request_timeout" => Denial::DeadlineExceeded,
        "outcome_unknown" | "internal" => return Answer::Unknown,
        "invalid_request"
        | "not_found"
        | "method_not_allowed"
        | "body_too_large"
        | "unsupported_media_type" => Denial::Invalid(problem.detail.into()),
        code => {
            return Answer::Rejected { reason: word(code), could_have: problem.could_have };
        }
    };
    Answer::Denied { reason, retry_after_millis: problem.retry_after_millis }
}

/// Reads, over connections of their own.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    client: reqwest::Client,
    base: String,
    event_id: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Map {
    seats: Vec<MapSeat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MapSeat {
    seat_id: String,
    #[serde(default)]
    section: String,
    #[serde(default)]
    row: String,
    #[serde(default)]
    accessible: bool,
    #[serde(default)]
    companion: bool,
    #[serde(default)]
    x: f64,
    #[serde(default)]
    y: f64,
    status: String,
}

#[derive(Deserialize)]
struct Statuses {
    statuses: String,
}

#[derive(Deserialize)]
struct Availability {
    available: u32,
    held: u32,
    allocated: u32,
    blocked: u32,
    capacity: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hold {
    state: String,
    #[serde(default)]
    seat_ids: Vec<String>,
    expires_at_millis: Option<u64>,
}

impl Reader {
    pub(crate) fn new(base: &str, event_id: u64) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT);
        let client = builder.timeout(READ_TIMEOUT).build()?;
        Ok(Self { client, base: base.to_owned(), event_id })
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T, ReadError> {
        let response = self.client.get(format!("{}{path}", self.base)).send().await?;
        Ok(response.error_for_status()?.json().await?)
    }

    pub(crate) async fn layout(&self) -> Result<(Layout, Bytes), ReadError> {
        let map: Map = self.get(&format!("/v1/events/{}/seats", self.event_id)).await?;
        let statuses: Result<Vec<u8>, ReadError> =
            map.seats.iter().map(|seat| status_number(&seat.status)).collect();
        let places = map.seats.into_iter().map(|seat| SeatPlace {
            label: seat.seat_id,
            section: seat.section,
            row: seat.row,
            reserved: seat.accessible || seat.companion,
            x: seat.x,
            y: seat.y,
        });
        Ok((Layout::new(places.collect()), statuses?.into()))
    }

    pub(crate) async fn statuses(&self) -> Result<Bytes, ReadError> {
        let path = format!("/v1/events/{}/seats?view=statuses", self.event_id);
        let map: Statuses = self.get(&path).await?;
        // One digit a seat, the numbers of the contract.
        Ok(map.statuses.bytes().map(|digit| digit.wrapping_sub(b'0')).collect())
    }

    pub(crate) async fn counts(&self) -> Result<(Counts, u32), ReadError> {
        let path = format!("/v1/seats/availability?eventId={}", self.event_id);
        let seats: Availability = self.get(&path).await?;
        let counts = Counts {
            available: seats.available,
            held: seats.held,
            allocated: seats.allocated,
            blocked: seats.blocked,
        };
        Ok((counts, seats.capacity))
    }

    pub(crate) async fn hold(
        &self,
        hold_id: HoldId,
        layout: &Layout,
    ) -> Result<Option<HoldSeen>, ReadError> {
        let url = format!("{}/v1/holds/{hold_id}", self.base);
        let response = self.client.get(url).send().await?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let hold: Hold = response.error_for_status()?.json().await?;
        let state = match hold.state.as_str() {
            "live" => HoldStateSeen::Live,
            "expired" => HoldStateSeen::Expired,
            "released" => HoldStateSeen::Released,
            "allocated" => HoldStateSeen::Allocated,
            other => return Err(ReadError::Nonsense(format!("a hold is {other:?}"))),
        };
        let seats = hold.seat_ids.iter().filter_map(|label| layout.index(label)).collect();
        Ok(Some(HoldSeen { state, deadline_millis: hold.expires_at_millis, seats }))
    }
}

fn status_number(status: &str) -> Result<u8, ReadError> {
    match status {
        "available" => Ok(crate::seat_map::AVAILABLE),
        "held" => Ok(crate::seat_map::HELD),
        "allocated" => Ok(crate::seat_map::ALLOCATED),
        "blocked" => Ok(crate::seat_map::BLOCKED),
        other => Err(ReadError::Nonsense(format!("a seat is {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_became_of_the_request() {
        let answer = |code| problem(format!(r#"{{"code":"{code}","couldHave":3}}"#).as_bytes());
        assert_eq!(
            answer("not_enough_together"),
            Answer::Rejected { reason: "not_enough_together".into(), could_have: Some(3) }
        );
        assert_eq!(answer("outcome_unknown"), Answer::Unknown);
        assert!(matches!(
            answer("overloaded"),
            Answer::Denied { reason: Denial::Overloaded, retry_after_millis: None }
        ));
        assert_eq!(problem(b"<html>502 Bad Gateway</html>"), Answer::Unknown);
    }

    #[test]
    fn requests_are_as_the_routes_take_them() {
        let place = |label: &str| SeatPlace { label: label.to_owned(), ..SeatPlace::default() };
        let layout = Arc::new(Layout::new(vec![place("A-1"), place("A-2")]));
        let requests = Requests::new("http://127.0.0.1:1", 7, 1, layout, &Arc::default()).unwrap();
        let body = |verb| {
            let request = Request { id: crate::ids::RequestId(1), buyer: "ann".into(), verb };
            let (route, body) = requests.body(&request);
            (route, serde_json::to_value(&body).unwrap())
        };
        let (route, reserve) = body(Verb::Place(Selection::Seats(Box::new([1, 0]))));
        let expected =
            serde_json::json!({ "userId": "ann", "eventId": 7, "seatIds": ["A-2", "A-1"] });
        assert_eq!((route, reserve), ("reserve", expected));
        let (route, allocate) = body(Verb::Allocate(HoldId(1), None));
        let hold_id = "00000000000000000000000000000001";
        let expected = serde_json::json!({ "userId": "ann", "holdId": hold_id });
        assert_eq!((route, allocate), ("allocate", expected));
        let done = format!(
            r#"{{"allocationId":"{hold_id}","holdId":"{hold_id}","eventId":7,"seatIds":["A-2"]}}"#
        );
        let answer = requests.accepted(&Verb::Allocate(HoldId(1), None), done.as_bytes());
        assert_eq!(answer.seats(), [1]);
        assert!(matches!(answer, Answer::Allocated { .. }));
    }
}
