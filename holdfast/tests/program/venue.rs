//! A small hall to be sold in a test, in a folder that goes with it.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A chart file, and room for a data directory beside it.
pub(crate) struct TestVenue {
    folder: TempDir,
    chart: String,
}

impl TestVenue {
    /// Rows without a section, each with seats called 1, 2, 3 and so on.
    pub(crate) fn with_rows(labels: &[&str], seats: u32) -> Self {
        let row = |(index, label): (usize, &&str)| {
            let y = 10 * (index + 1);
            json!({"label": label, "x": 0, "y": y, "category": "p", "seats": seats})
        };
        let rows: Vec<Value> = labels.iter().enumerate().map(row).collect();
        let chart = json!({
            "format": "holdfast-chart",
            "version": 1,
            "name": "Corner stage",
            "focalPoint": {"x": 10, "y": 0},
            "categories": [{"key": "p", "label": "Parquet"}],
            "rows": rows,
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.json");
        fs::write(&path, chart.to_string()).unwrap();
        Self { chart: path.to_str().unwrap().to_owned(), folder }
    }

    /// Where the chart is.
    pub(crate) fn chart(&self) -> &str {
        &self.chart
    }

    /// Where data may lie; nothing is there yet.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}
