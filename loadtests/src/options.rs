//! What a run is told: against what, how many buyers, over how long, from which seed.
//!
//! The same options and seed give the same arrivals and the same intentions of every buyer.
//! What then happens also depends on the server's timing, and is therefore recorded.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::process::Server;

/// The event that a server of the run's own has on sale from its start.
pub(crate) const MODEL_EVENT_ID: u64 = 1;

/// Where the seats are sold.
pub enum Target {
    /// A running engine, such as `http://127.0.0.1:7070`, asked over gRPC.
    Grpc(String),
    /// A running edge, asked over REST.
    Http(String),
    /// A server of the run's own: started, killed, started again and stopped by it.
    Own(Box<dyn Server>, Transport),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grpc(uri) => write!(f, "Grpc({uri})"),
            Self::Http(uri) => write!(f, "Http({uri})"),
            Self::Own(_, transport) => write!(f, "Own({transport:?})"),
        }
    }
}

/// A target's text that names neither transport.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a target is grpc://HOST:PORT or http://HOST:PORT; this is {0:?}")]
pub struct TargetError(pub String);

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let text = text.trim_end_matches('/');
        match text.split_once("://") {
            Some(("grpc", place)) if !place.is_empty() => Ok(Self::Grpc(format!("http://{place}"))),
            Some(("http", place)) if !place.is_empty() => Ok(Self::Http(text.to_owned())),
            _ => Err(TargetError(text.to_owned())),
        }
    }
}

/// Which door of its own server the buyers use. The audit always reads through gRPC.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Transport {
    /// The engine's `Pipeline` streams.
    #[default]
    Grpc,
    /// The edge's REST routes.
    Http,
}

/// How the arrivals are spread over the time of the drop.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Most come when the doors open, ever fewer after.
    #[default]
    Spike,
    /// Ever more come until the end.
    Ramp,
    /// They come in equal waves with calm between.
    Waves,
}

impl FromStr for Curve {
    type Err = CurveError;

    fn from_str(text: &str) -> Result<Self, CurveError> {
        match text {
            "spike" => Ok(Self::Spike),
            "ramp" => Ok(Self::Ramp),
            "waves" => Ok(Self::Waves),
            _ => Err(CurveError(text.to_owned())),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spike => "spike",
            Self::Ramp => "ramp",
            Self::Waves => "waves",
        })
    }
}

/// A curve's text that names none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an arrival curve is spike, ramp or waves; this is {0:?}")]
pub struct CurveError(pub String);

/// A ticket type of an event that the run puts on sale itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewTicketType {
    /// Its key.
    pub key: String,
    /// How many may be held and sold; no limit if absent.
    pub quota: Option<u32>,
    /// Keys of the price levels that it is for; empty: all.
    pub categories: Vec<String>,
}

/// A ticket type's text that describes none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a ticket type is KEY, KEY=QUOTA, KEY@CATEGORY,CATEGORY or KEY=QUOTA@CATEGORY; this is {0:?}"
)]
pub struct TicketTypeError(pub String);

impl FromStr for NewTicketType {
    type Err = TicketTypeError;

    fn from_str(text: &str) -> Result<Self, TicketTypeError> {
        let wrong = || TicketTypeError(text.to_owned());
        let (head, categories) = match text.split_once('@') {
            Some((head, keys)) => (head, keys.split(',').map(str::to_owned).collect()),
            None => (text, Vec::new()),
        };
        let (key, quota) = match head.split_once('=') {
            Some((key, quota)) => (key, Some(quota.parse().map_err(|_| wrong())?)),
            None => (head, None),
        };
        if key.is_empty() || quota == Some(0) || categories.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(Self { key: key.to_owned(), quota, categories })
    }
}

/// Everything that a run is told.
#[derive(Debug)]
pub struct OnsaleOptions {
    /// Where the seats are sold.
    pub target: Target,
    /// The event that is sold out.
    pub event_id: u64,
    /// If there are any, the run puts the event on sale itself, with these and otherwise like
    /// event 1 of its own server.
    pub ticket_types: Vec<NewTicketType>,
    /// Arrivals that are scheduled, bots among them. Late buyers of the tail come on top.
    pub buyers: u64,
    /// From the first scheduled arrival to the last.
    pub over: Duration,
    /// How they are spread over that time.
    pub curve: Curve,
    /// Where all chance comes from.
    pub seed: u64,
    /// The share of the arrivals that are bots, from 0 to 1.
    pub bots: f64,
    /// The share of the buyers who bring back what they bought, from 0 to 1.
    pub returns: f64,
    /// How often the own server is killed. Refused for a server that is not the run's own.
    pub kill_server: u32,
    /// Requests that must be unanswered at the moment of a kill.
    pub kill_unanswered_min: usize,
    /// Connections; `None`: 4 streams of gRPC, or 256 connections of HTTP at most.
    pub connections: Option<usize>,
    /// How often the page that buyers look at asks for the seat map again.
    pub map_refresh: Duration,
    /// How long a request is worth deciding; sent along where the transport can say it.
    pub request_timeout: Duration,
    /// How long the sale may stand still, beyond the deadlines of the holds it knows of, before
    /// the run ends with an error.
    pub stall: Duration,
    /// How far the server's clock may be off ours before an audit calls something late;
    /// `None`: 50 ms for the run's own server, 2 s for another.
    pub clock_slack: Option<Duration>,
    /// How long after its deadline a hold may still be alive before the audit objects.
    pub expiry_slack: Duration,
    /// How many holds the audit asks the server about, one by one.
    pub holds_sampled: usize,
}

impl OnsaleOptions {
    /// A drop of 10,000 buyers over 30 seconds, without kills, on event 1.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            event_id: 1,
            ticket_types: Vec::new(),
            buyers: 10_000,
            over: Duration::from_secs(30),
            curve: Curve::Spike,
            seed: 1,
            bots: 0.01,
            returns: 0.0,
            kill_server: 0,
            kill_unanswered_min: 100,
            connections: None,
            map_refresh: Duration::from_millis(500),
            request_timeout: Duration::from_secs(5),
            stall: Duration::from_secs(60),
            clock_slack: None,
            expiry_slack: Duration::from_secs(5),
            holds_sampled: 500,
        }
    }

    /// What cannot be done, in words for people.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.bots) {
            return Err(format!("the share of bots lies between 0 and 1; it is {}", self.bots));
        }
        if !(0.0..=1.0).contains(&self.returns) {
            return Err(format!(
                "the share of returns lies between 0 and 1; it is {}",
                self.returns
            ));
        }
        if !self.ticket_types.is_empty() && !matches!(self.target, Target::Own(..)) {
            return Err("only at the run's own server an event is put on sale; leave out the \
                        target or the ticket types"
                .to_owned());
        }
        if !self.ticket_types.is_empty() && self.event_id == MODEL_EVENT_ID {
            return Err(format!(
                "event {MODEL_EVENT_ID} is on sale already, without ticket types; say another one"
            ));
        }
        if self.kill_server > 0 && !matches!(self.target, Target::Own(..)) {
            return Err("only the run's own server can be killed; leave out the target or the \
                        kills"
                .to_owned());
        }
        let Target::Own(_, transport) = &self.target else { return self.check_connections() };
        let at_once = self.connections.unwrap_or(usize::MAX);
        let is_too_few = *transport == Transport::Http && at_once < self.kill_unanswered_min;
        if self.kill_server > 0 && is_too_few {
            return Err(format!(
                "{at_once} connections of HTTP carry {at_once} requests at once; a kill needs {} \
                 unanswered",
                self.kill_unanswered_min
            ));
        }
        self.check_connections()
    }

    fn check_connections(&self) -> Result<(), String> {
        if self.connections == Some(0) {
            return Err("at least one connection is needed".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_says_its_transport() {
        let grpc: Target = "grpc://127.0.0.1:7070".parse().unwrap();
        assert!(matches!(grpc, Target::Grpc(uri) if uri == "http://127.0.0.1:7070"));
        let http: Target = "http://localhost:8080/".parse().unwrap();
        assert!(matches!(http, Target::Http(uri) if uri == "http://localhost:8080"));
        for wrong in ["https://x", "grpc://", "127.0.0.1:7070", ""] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_ticket_type_has_a_key_and_perhaps_a_quota_and_categories() {
        let read = |text: &str| text.parse::<NewTicketType>();
        let of = |key: &str, quota, categories: &[&str]| NewTicketType {
            key: key.to_owned(),
            quota,
            categories: categories.iter().map(|key| (*key).to_owned()).collect(),
        };
        assert_eq!(read("adult"), Ok(of("adult", None, &[])));
        assert_eq!(read("child=20"), Ok(of("child", Some(20), &[])));
        assert_eq!(read("vip=5@first,box"), Ok(of("vip", Some(5), &["first", "box"])));
        assert_eq!(read("box@box"), Ok(of("box", None, &["box"])));
        for wrong in ["", "=5", "child=", "child=0", "child=-1", "child=many", "vip@", "vip@a,"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_an_own_server_is_killed() {
        let mut options = OnsaleOptions::new(Target::Grpc("http://x".to_owned()));
        assert_eq!(options.check(), Ok(()));
        options.kill_server = 1;
        assert!(options.check().unwrap_err().contains("own server"));
        options.kill_server = 0;
        options.bots = 1.5;
        assert!(options.check().is_err());
    }

    #[test]
    fn a_curve_survives_its_text() {
        for curve in [Curve::Spike, Curve::Ramp, Curve::Waves] {
            assert_eq!(curve.to_string().parse(), Ok(curve));
        }
        assert!("flat".parse::<Curve>().is_err());
    }
}
