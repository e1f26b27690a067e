//! Logs and metrics of the process. Logs go to standard error; standard output belongs to what
//! a command was asked for.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::task::AbortOnDropHandle;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};

/// Upper bounds of the buckets for times, in seconds: a microsecond disk up to a stuck one.
const SECONDS_BUCKETS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Upper bounds of the buckets for numbers of things that go together: facts of a sync, commands
/// of a batch.
const COUNT_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 512.0, 2_048.0];

/// Starts to log as the settings say. Call once.
pub(crate) fn log(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log).context("the log filter")?;
    // Colours are for people who look on, and noise in a file.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

/// Starts to count. Call once, before anything that counts.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_facts".to_owned()), &COUNT_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_commands".to_owned()), &COUNT_BUCKETS)?
        .install_recorder()
        .context("the metrics recorder")?;
    inventory_engine::metrics::describe();
    persistence_postgres::metrics::describe();
    edge_api::describe_metrics();
    Ok(handle)
}

/// Histograms grow until somebody empties them into their buckets, which scrapes do; this does
/// it where nobody scrapes, until dropped. The edge does the same for what it shows.
pub(crate) fn keep_tidy(handle: PrometheusHandle) -> AbortOnDropHandle<()> {
    const EVERY: Duration = Duration::from_secs(5);
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tick.tick().await;
            handle.run_upkeep();
        }
    }))
}

/// Says on standard error why the program ends, with every cause that says something new.
pub(crate) fn report(error: &anyhow::Error) {
    // With standard error closed there is nobody left to tell.
    drop(writeln!(std::io::stderr(), "holdfast: {}", with_causes(error)));
}

/// An error and its causes. Many messages quote their cause already.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_that_was_quoted_is_not_said_again() {
        let error = anyhow!("no such file").context("cannot read x: no such file");
        assert_eq!(with_causes(&error), "cannot read x: no such file");
        let error = anyhow!("no such file").context("cannot read x");
        assert_eq!(with_causes(&error), "cannot read x: no such file");
    }
}
