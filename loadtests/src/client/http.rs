//! The edge over REST: one POST a request, over connections that are kept alive.
//!
//! The request id goes along as the `Idempotency-Key`. A request beyond the number of
//! connections waits for a free one, and that wait counts in its latency.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::json::{
    AreaLine, AreaSeen, Availability, Body, CountedType, Done, Event, Hold, Map, Problem, Statuses,
    TypedSeat, Wish, status_number,
};
use super::{HoldSeen, InFlight, ReadError, Totals};
use crate::ids::HoldId;
use crate::layout::{Area, Layout, SeatPlace};
use crate::request::{Answer, Best, Denial, Refusal, Request, Selection, Verb, word};
use crate::seat_map::Stock;
use crate::spots::{Places, Spots};

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
        if is_success { self.accepted(&request.verb, &body) } else { problem(&self.layout, &body) }
    }

    fn body(&self, request: &Request) -> (&'static str, Body<'_>) {
        let user_id = request.buyer.to_string();
        let body = Body { user_id, ..Body::default() };
        match &request.verb {
            Verb::Place(selection) => {
                let body = Body { event_id: Some(self.event_id), ..body };
                ("reserve", self.selected(selection, body))
            }
            Verb::Extend(hold_id) => ("extend", Body { hold_id: Some(*hold_id), ..body }),
            Verb::Release(hold_id, part) => {
                let body = Body { hold_id: Some(*hold_id), ..body };
                ("release", self.part(part.as_ref(), body))
            }
            Verb::Allocate(hold_id, part) => {
                let body = Body { hold_id: Some(*hold_id), ..body };
                ("allocate", self.part(part.as_ref(), body))
            }
            Verb::Return(allocation_id, part) => {
                let body = Body { allocation_id: Some(*allocation_id), ..body };
                ("return", self.part(part.as_ref(), body))
            }
        }
    }

    /// What is to be held. The verb outlives the body as little as the layout does: names are of
    /// the layout, but for a wish's price level.
    fn selected<'a>(&'a self, selection: &Selection, body: Body<'a>) -> Body<'a> {
        match selection {
            Selection::Spots(spots) => {
                let body = self.part(Some(spots), body);
                if spots.seat_types.is_empty() {
                    return body;
                }
                let typed = spots.seats.iter().zip(&spots.seat_types);
                let typed = typed.map(|(seat, of)| TypedSeat {
                    seat_id: self.layout.label(*seat).into(),
                    ticket_type: self.layout.type_key(*of).into(),
                });
                Body { seat_ids: None, seats: Some(typed.collect()), ..body }
            }
            Selection::Table { table, ticket_type } => {
                let label = self.layout.tables().get(*table as usize).map(|of| of.label.as_str());
                let ticket_type = ticket_type.map(|of| self.layout.type_key(of));
                Body { seat_ids: Some(label.into_iter().collect()), ticket_type, ..body }
            }
            Selection::Best(Best { quantity, category: None, ticket_types })
                if ticket_types.is_empty() =>
            {
                Body { quantity: Some(*quantity), ..body }
            }
            Selection::Best(Best { quantity, category, ticket_types }) => {
                let counted = ticket_types.iter().map(|(of, count)| CountedType {
                    ticket_type: self.layout.type_key(*of),
                    count: *count,
                });
                let wish = Wish {
                    quantity: *quantity,
                    category: category.as_deref().map(|key| key.to_owned().into()),
                    ticket_types: counted.collect(),
                };
                Body { best_available: Some(wish), ..body }
            }
        }
    }

    /// A part of a hold or an allocation.
    fn part<'a>(&'a self, part: Option<&Spots>, mut body: Body<'a>) -> Body<'a> {
        let Some(spots) = part else { return body };
        if !spots.seats.is_empty() {
            let labels = spots.seats.iter().map(|seat| self.layout.label(*seat));
            body.seat_ids = Some(labels.collect());
        }
        if !spots.areas.is_empty() {
            let lines = spots.areas.iter().map(|of| AreaLine {
                area: self.layout.area_label(of.area).into(),
                count: of.count,
                ticket_type: of.ticket_type.map(|of| self.layout.type_key(of).into()),
            });
            body.areas = Some(lines.collect());
        }
        body
    }

    fn accepted(&self, verb: &Verb, body: &[u8]) -> Answer {
        let read = || {
            let done: Done<'_> = serde_json::from_slice(body).ok()?;
            let spots = spots(&self.layout, &done);
            let (lsn, deadline_millis) = (None, done.expires_at_millis);
            Some(match verb {
                Verb::Place(_) => {
                    let (hold_id, spots) = (done.hold_id?, spots?);
                    Answer::Placed { hold_id, spots, deadline_millis: deadline_millis?, lsn }
                }
                Verb::Extend(_) => {
                    let (hold_id, deadline_millis) = (done.hold_id?, deadline_millis?);
                    Answer::Extended { hold_id, deadline_millis, lsn }
                }
                Verb::Release(..) => {
                    Answer::Released { hold_id: done.hold_id?, spots: spots?, lsn }
                }
                Verb::Allocate(..) => {
                    let (hold_id, allocation_id) = (done.hold_id?, done.allocation_id?);
                    Answer::Allocated { hold_id, allocation_id, spots: spots?, lsn }
                }
                Verb::Return(..) => {
                    Answer::Returned { allocation_id: done.allocation_id?, spots: spots?, lsn }
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

/// What a reply names; `None` if the event does not have all of it.
fn spots(layout: &Layout, done: &Done<'_>) -> Option<Spots> {
    let type_of = |key: &str| layout.type_index(key);
    let typed: HashMap<&str, &str> =
        done.seats.iter().map(|seat| (&*seat.seat_id, &*seat.ticket_type)).collect();
    let seat_types = match typed.is_empty() {
        true => Box::default(),
        false => {
            let types = done.seat_ids.iter().map(|label| type_of(typed.get(&**label)?));
            types.collect::<Option<Box<[u16]>>>()?
        }
    };
    let places = done.areas.iter().map(|line| {
        let ticket_type = match &line.ticket_type {
            None => None,
            Some(key) => Some(type_of(key)?),
        };
        Some(Places { area: layout.area_index(&line.area)?, ticket_type, count: line.count })
    });
    Some(Spots {
        seats: done.seat_ids.iter().map(|label| layout.index(label)).collect::<Option<_>>()?,
        seat_types,
        areas: places.collect::<Option<_>>()?,
    })
}

/// What a problem document says became of the request.
fn problem(layout: &Layout, body: &[u8]) -> Answer {
    // Whatever stands between may answer in its own words, and may have passed the request on.
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else { return Answer::Unknown };
    let reason = match problem.code.as_str() {
        "overloaded" | "storage_short" | "projection_behind" => Denial::Overloaded,
        "rate_limited" => Denial::RateLimited,
        "shutting_down" | "engine_unavailable" | "recovering" => Denial::ShuttingDown,
        "deadline_exceeded" | "request_timeout" => Denial::DeadlineExceeded,
        "outcome_unknown" | "internal" => return Answer::Unknown,
        "invalid_request"
        | "not_found"
        | "method_not_allowed"
        | "body_too_large"
        | "unsupported_media_type" => Denial::Invalid(problem.detail.into()),
        code => {
            // Buyers ask for places of one area at a time.
            let of_area = problem.areas.first().and_then(|area| area.could_have);
            let ticket_type = problem.ticket_type.as_deref();
            return Answer::Rejected(Refusal {
                reason: word(code),
                could_have: problem.could_have.or(of_area),
                ticket_type: ticket_type.and_then(|key| layout.type_index(key)),
            });
        }
    };
    let retry_after_millis =
        problem.retry_after_millis.map(|millis| u32::try_from(millis).unwrap_or(u32::MAX));
    Answer::Denied { reason, retry_after_millis }
}

/// Reads, over connections of their own.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    client: reqwest::Client,
    base: String,
    event_id: u64,
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

    pub(crate) async fn layout(&self) -> Result<(Layout, Stock), ReadError> {
        let event: Event = self.get(&format!("/v1/events/{}", self.event_id)).await?;
        let map: Map = self.get(&format!("/v1/events/{}/seats", self.event_id)).await?;
        let statuses: Result<Vec<u8>, ReadError> =
            map.seats.iter().map(|seat| status_number(&seat.status)).collect();
        let statuses = statuses?.into();
        let areas = map.areas.iter().map(Area::from).collect();
        let seats = map.seats.into_iter().map(SeatPlace::from).collect();
        let layout = Layout::with(seats, areas, event.terms()?);
        let stock = self.with_tickets(&layout, statuses, &map.areas).await?;
        Ok((layout, stock))
    }

    pub(crate) async fn stock(&self, layout: &Layout) -> Result<Stock, ReadError> {
        let path = format!("/v1/events/{}/seats?view=statuses", self.event_id);
        let map: Statuses = self.get(&path).await?;
        let statuses = map.statuses.bytes().map(|digit| digit.wrapping_sub(b'0')).collect();
        self.with_tickets(layout, statuses, &map.areas).await
    }

    /// What a seat map says, and what is left of the ticket types, if there are any.
    async fn with_tickets(
        &self,
        layout: &Layout,
        statuses: Bytes,
        areas: &[AreaSeen],
    ) -> Result<Stock, ReadError> {
        let areas = areas.iter().map(|area| area.counts.into()).collect();
        let mut stock = Stock { statuses, areas, ticket_types: Vec::new() };
        if !layout.ticket_types().is_empty() {
            let told = self.availability("&by=ticketType").await?;
            stock.ticket_types = told.ticket_types.iter().map(|of| of.counts.into()).collect();
        }
        Ok(stock)
    }

    async fn availability(&self, what: &str) -> Result<Availability, ReadError> {
        self.get(&format!("/v1/seats/availability?eventId={}{what}", self.event_id)).await
    }

    pub(crate) async fn totals(&self) -> Result<Totals, ReadError> {
        Ok(self.availability("").await?.totals())
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
        let body = response.error_for_status()?.bytes().await?;
        let nonsense = |what: String| ReadError::Nonsense(format!("hold {hold_id}: {what}"));
        let hold: Hold<'_> =
            serde_json::from_slice(&body).map_err(|error| nonsense(error.to_string()))?;
        let spots = spots(layout, &hold.spots);
        let spots = spots.ok_or_else(|| nonsense("what it has is not in the event".to_owned()))?;
        let deadline_millis = hold.spots.expires_at_millis;
        Ok(Some(HoldSeen { state: hold.state()?, deadline_millis, spots }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_became_of_the_request() {
        let layout = Layout::default();
        let answer = |code| {
            let body = format!(r#"{{"code":"{code}","couldHave":3}}"#);
            problem(&layout, body.as_bytes())
        };
        let refusal = Refusal { could_have: Some(3), ..Refusal::of("not_enough_together") };
        assert_eq!(answer("not_enough_together"), Answer::Rejected(refusal));
        let full = br#"{"code":"area_full","areas":[{"area":"Lawn","couldHave":4}]}"#;
        let refusal = Refusal { could_have: Some(4), ..Refusal::of("area_full") };
        assert_eq!(problem(&layout, full), Answer::Rejected(refusal));
        let in_years = br#"{"code":"ticket_type_not_open","retryAfterMillis":98000000000}"#;
        let refusal = Refusal::of("ticket_type_not_open");
        assert_eq!(problem(&layout, in_years), Answer::Rejected(refusal));
        assert_eq!(answer("outcome_unknown"), Answer::Unknown);
        assert!(matches!(
            answer("overloaded"),
            Answer::Denied { reason: Denial::Overloaded, retry_after_millis: None }
        ));
        let limited = br#"{"code":"rate_limited","retryAfterMillis":187}"#;
        assert!(matches!(
            problem(&layout, limited),
            Answer::Denied { reason: Denial::RateLimited, retry_after_millis: Some(187) }
        ));
        assert_eq!(problem(&layout, b"<html>502 Bad Gateway</html>"), Answer::Unknown);
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
        let (route, reserve) = body(Verb::Place(Selection::Spots(Spots::of_seats([1, 0]))));
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
