//! h2load, a load tester of another house, in the place of our clients: it sends one message
//! again and again. So an engine that has accepted a place is asked for the same one: a repeat,
//! which it answers with the first result.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use prost::Message;
use proto::inventory::v1::PlaceRequest;
use tokio::process::Command;

use crate::measured::Measured;
use crate::workload::Load;

/// A message as gRPC frames it: not compressed, and its length.
pub fn framed(request: &PlaceRequest) -> Vec<u8> {
    let message = request.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a request is no longer than some bytes");
    let mut framed = vec![0];
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    framed
}

/// Sends the message in `folder` for the load's time.
///
/// # Errors
/// If h2load cannot be run, or a request does not succeed.
pub async fn run(address: &str, folder: &Path, load: &Load) -> anyhow::Result<Measured> {
    let log = folder.join("h2load.log");
    // It appends.
    drop(std::fs::remove_file(&log));
    let output = Command::new("h2load")
        .args(["-t", "1", "-c", &load.clients.to_string(), "-m", &load.depth.to_string()])
        .args(["-D", &format!("{}ms", load.measured.as_millis())])
        .args(["--warm-up-time", &format!("{}ms", load.warm_up.as_millis())])
        .args(["-H", "content-type: application/grpc", "-H", "te: trailers"])
        .arg("-d")
        .arg(message_in(folder))
        .arg(format!("--log-file={}", log.display()))
        .arg(format!("http://{address}/holdfast.inventory.v1.Inventory/Place"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("run h2load (package nghttp2-client)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "h2load failed: {text}");
    let succeeded = succeeded(&text).with_context(|| format!("h2load said {text}"))?;
    let log = std::fs::read_to_string(&log).context("read the log of h2load")?;
    let mut measured = Measured::nothing(load.measured);
    for micros in log.lines().filter_map(latency_micros) {
        measured.confirm(Duration::from_micros(micros));
    }
    // The log also tells of the warm-up; the count is that of the measured time.
    measured.confirmed = succeeded;
    Ok(measured)
}

/// Where the message is that it sends.
pub fn message_in(folder: &Path) -> std::path::PathBuf {
    folder.join("place.bin")
}

/// How many requests succeeded, if none did anything else.
fn succeeded(text: &str) -> anyhow::Result<u64> {
    let line = text.lines().find(|line| line.starts_with("requests:")).context("no summary")?;
    let count = |word: &str| {
        let mut parts = line.trim_start_matches("requests:").split(',');
        let part = parts.find(|part| part.ends_with(word));
        let number = part.and_then(|part| part.split_whitespace().next());
        number.and_then(|number| number.parse::<u64>().ok()).context("a count is missing")
    };
    let failed = count("failed")? + count("errored")? + count("timeout")?;
    ensure!(failed == 0, "{failed} requests did not succeed");
    count("succeeded")
}

/// The third column of a line: when it began, its status, how long it took.
fn latency_micros(line: &str) -> Option<u64> {
    line.split('\t').nth(2)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_framed_with_its_length() {
        let framed = framed(&PlaceRequest { event_id: 3, ..PlaceRequest::default() });
        assert_eq!(framed, [0, 0, 0, 0, 2, 0x10, 3]);
    }

    #[test]
    fn only_a_run_without_failures_counts() {
        let summary = |failed| {
            format!(
                "finished in 5.00s, 1234.50 req/s, 1.1MB/s\n\
                 requests: 6173 total, 6685 started, 6173 done, 6173 succeeded, {failed} failed, \
                 {failed} errored, 0 timeout\nstatus codes: 6173 2xx"
            )
        };
        assert_eq!(succeeded(&summary(0)).unwrap(), 6_173);
        assert!(succeeded(&summary(1)).is_err());
        assert!(succeeded("nothing").is_err());
        assert_eq!(latency_micros("1795244914250123\t200\t811"), Some(811));
        assert_eq!(latency_micros("nonsense"), None);
    }
}
