//! Who asks an edge over REST, and reads what the edge says of itself at `/metrics`.
//!
//! Must always hold: an answer is told from none, whatever its status is.

use std::time::{Duration, Instant};

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Error, RequestBuilder};
use serde_json::Value;

use crate::limits::REST_PATIENCE;

/// An edge, as seen from outside. A clone shares its connections.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client,
    /// `http://HOST:PORT`.
    edge: String,
}

/// An answer, whatever it says.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status of HTTP.
    pub status: u16,
    /// When to come again, as the header of that name has it.
    pub retry_after: Option<String>,
    /// The document; null if it is not JSON.
    pub body: Value,
    /// From asking to the last byte.
    pub took: Duration,
}

/// All metrics of one moment.
#[derive(Clone, Debug)]
pub struct Metrics(String);

impl Rest {
    /// Asks the edge at `HOST:PORT`.
    ///
    /// # Errors
    /// If there can be no client on this machine.
    pub fn new(address: &str) -> Result<Self, Error> {
        let client = Client::builder().timeout(REST_PATIENCE).build()?;
        Ok(Self { client, edge: format!("http://{address}") })
    }

    /// Asks for a change of seats, `reserve` for one, with an `Idempotency-Key`.
    ///
    /// # Errors
    /// If there is no answer in time.
    pub async fn change(&self, verb: &str, key: &str, body: &Value) -> Result<Reply, Error> {
        let request = self.client.post(format!("{}/v1/seats/{verb}", self.edge));
        reply(request.header("Idempotency-Key", key).json(body)).await
    }

    /// Asks how much of an event is left.
    ///
    /// # Errors
    /// If there is no answer in time.
    pub async fn availability(&self, event_id: u64) -> Result<Reply, Error> {
        let path = format!("{}/v1/seats/availability?eventId={event_id}", self.edge);
        reply(self.client.get(path)).await
    }

    /// What it counts.
    ///
    /// # Errors
    /// If it does not say.
    pub async fn metrics(&self) -> Result<Metrics, Error> {
        let response = self.client.get(format!("{}/metrics", self.edge)).send().await?;
        Ok(Metrics(response.error_for_status()?.text().await?))
    }
}

async fn reply(request: RequestBuilder) -> Result<Reply, Error> {
    let asked = Instant::now();
    let response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    Ok(Reply { status, retry_after, body, took: asked.elapsed() })
}

impl Metrics {
    /// A metric, added up over what has all of these labels, each `name="value"`. `None` if there
    /// is none of the kind.
    pub fn sum(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let values = self.0.lines().filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let of = series.split('{').next()?;
            let is_meant = of == name && labels.iter().all(|label| series.contains(label));
            if is_meant { value.parse::<f64>().ok() } else { None }
        });
        values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_added_up_over_its_labels() {
        let text = "# HELP calls_total calls\ncalls_total{work=\"look\",by=\"a\"} 2\n\
                    calls_total{work=\"look\",by=\"b\"} 3\ncalls_total{work=\"keep\"} 7\n\
                    calls_total_long 11\nin_use 1\n";
        let metrics = Metrics(text.to_owned());
        assert_eq!(metrics.sum("calls_total", &["work=\"look\""]), Some(5.0));
        assert_eq!(metrics.sum("calls_total", &["work=\"look\"", "by=\"a\""]), Some(2.0));
        assert_eq!(metrics.sum("calls_total", &[]), Some(12.0));
        assert_eq!(metrics.sum("in_use", &[]), Some(1.0));
        assert_eq!(metrics.sum("in_us", &[]), None);
        assert_eq!(metrics.sum("calls_total", &["work=\"none\""]), None);
    }
}
