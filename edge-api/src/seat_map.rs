//! Seat maps, written out. What a chart says of its seats never changes under its hash, so it is
//! turned into JSON once and kept; a request fetches one byte a seat from the engine and puts
//! the pieces together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use proto::inventory::v1::{AreaInfo, CategoryInfo, SeatInfo, SeatMap, SeatStatus};
use serde::Serialize;

use crate::limits::CHARTS_CACHED_MAX;
use crate::problem::Problem;
use crate::reads::Reads;
use crate::routes::counts::CountsDocument;
use crate::values::{EventId, hex, status_word};

/// What never changes of a seat map.
#[derive(Debug)]
pub(crate) struct ChartPart {
    chart_hash: String,
    categories: String,
    /// One after the other, each from its brace to the quote before the status' word.
    seats: String,
    /// Where each seat's piece ends.
    ends: Vec<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatDocument<'a> {
    seat_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    section: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    row: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    category: &'a str,
    x: f64,
    y: f64,
    #[serde(skip_serializing_if = "is_false")]
    accessible: bool,
    #[serde(skip_serializing_if = "is_false")]
    companion: bool,
    #[serde(skip_serializing_if = "is_false")]
    restricted_view: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    zone: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    floor: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    entrance: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    table: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    table_is_whole: bool,
}

/// An area is written out anew each time: its numbers change, and there are few of them.
#[derive(Serialize)]
struct AreaDocument<'a> {
    area: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    section: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    category: &'a str,
    #[serde(flatten)]
    counts: CountsDocument,
}

#[derive(Serialize)]
struct CategoryDocument<'a> {
    key: &'a str,
    label: &'a str,
    color: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl ChartPart {
    /// Writes out what a seat map with its chart says.
    ///
    /// # Errors
    /// If a part of it cannot be written as JSON.
    fn new(map: &SeatMap) -> Result<Self, serde_json::Error> {
        let categories: Vec<_> = map.categories.iter().map(CategoryDocument::from).collect();
        let mut seats = String::new();
        let mut ends = Vec::with_capacity(map.seats.len());
        for seat in &map.seats {
            let document = serde_json::to_string(&SeatDocument::from(seat))?;
            seats.push_str(document.strip_suffix('}').unwrap_or(&document));
            seats.push_str(",\"status\":\"");
            ends.push(seats.len());
        }
        let chart_hash = hex(&map.chart_hash);
        Ok(Self { chart_hash, categories: serde_json::to_string(&categories)?, seats, ends })
    }

    /// The whole document for these states; `None` if they are not as many as the seats, or if
    /// an area cannot be written as JSON.
    pub(crate) fn document(&self, map: &SeatMap) -> Option<Vec<u8>> {
        if map.statuses.len() != self.ends.len() {
            return None;
        }
        let words = "\"available\"},".len() * self.ends.len();
        let (event_id, version) = (map.event_id, map.version);
        let (chart_hash, categories) = (&self.chart_hash, &self.categories);
        let areas = areas(map)?;
        let head = format!(
            "{{\"eventId\":{event_id},\"version\":{version},\"chartHash\":\"{chart_hash}\",\
             \"categories\":{categories},\"areas\":{areas},\"seats\":["
        );
        let mut body = Vec::with_capacity(head.len() + self.seats.len() + words + 2);
        body.extend_from_slice(head.as_bytes());
        let mut start = 0;
        for (end, status) in self.ends.iter().zip(&map.statuses) {
            if start > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&self.seats.as_bytes()[start..*end]);
            body.extend_from_slice(word_of(*status).as_bytes());
            body.extend_from_slice(b"\"}");
            start = *end;
        }
        body.extend_from_slice(b"]}");
        Some(body)
    }
}

/// The areas of a seat map; `None` if one cannot be written as JSON.
fn areas(map: &SeatMap) -> Option<String> {
    let areas: Vec<_> = map.areas.iter().map(AreaDocument::from).collect();
    serde_json::to_string(&areas).ok()
}

/// The document that has the states alone: the areas, and a digit a seat, in the order of the
/// whole document. `None` if an area cannot be written as JSON.
pub(crate) fn statuses_document(map: &SeatMap) -> Option<Vec<u8>> {
    let (event_id, version) = (map.event_id, map.version);
    let (chart_hash, areas) = (hex(&map.chart_hash), areas(map)?);
    let head = format!(
        "{{\"eventId\":{event_id},\"version\":{version},\"chartHash\":\"{chart_hash}\",\
         \"areas\":{areas},\"statuses\":\""
    );
    let mut body = Vec::with_capacity(head.len() + map.statuses.len() + 2);
    body.extend_from_slice(head.as_bytes());
    body.extend(map.statuses.iter().copied().map(digit));
    body.extend_from_slice(b"\"}");
    Some(body)
}

/// The digit of a state.
pub(crate) fn digit(status: u8) -> u8 {
    b'0' + known(status) as u8
}

fn word_of(status: u8) -> &'static str {
    status_word(known(status))
}

/// A state of a newer engine is one in which nobody can take the seat.
fn known(status: u8) -> SeatStatus {
    match SeatStatus::try_from(i32::from(status)) {
        Ok(SeatStatus::Unspecified) | Err(_) => SeatStatus::Blocked,
        Ok(known) => known,
    }
}

impl<'a> From<&'a SeatInfo> for SeatDocument<'a> {
    fn from(seat: &'a SeatInfo) -> Self {
        Self {
            seat_id: &seat.label,
            section: &seat.section,
            row: &seat.row,
            category: &seat.category,
            x: seat.x,
            y: seat.y,
            accessible: seat.accessible,
            companion: seat.companion,
            restricted_view: seat.restricted_view,
            zone: &seat.zone,
            floor: &seat.floor,
            entrance: &seat.entrance,
            table: &seat.table,
            table_is_whole: seat.table_is_whole,
        }
    }
}

impl<'a> From<&'a AreaInfo> for AreaDocument<'a> {
    fn from(area: &'a AreaInfo) -> Self {
        Self {
            area: &area.label,
            section: &area.section,
            category: &area.category,
            counts: CountsDocument::of(area.counts),
        }
    }
}

impl<'a> From<&'a CategoryInfo> for CategoryDocument<'a> {
    fn from(category: &'a CategoryInfo) -> Self {
        Self { key: &category.key, label: &category.label, color: &category.color }
    }
}

/// The charts that were asked for last, by their hash.
#[derive(Debug, Default)]
pub(crate) struct ChartCache {
    charts: RwLock<Charts>,
    /// Held while a chart is fetched: the first of a crowd fetches it for all.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Charts {
    by_hash: HashMap<Bytes, Arc<ChartPart>>,
    by_age: VecDeque<Bytes>,
}

impl ChartCache {
    /// The chart of a seat map, fetched if it is not here.
    pub(crate) async fn chart_of(
        &self,
        map: &SeatMap,
        reads: &Reads,
    ) -> Result<Arc<ChartPart>, Problem> {
        if let Some(chart) = self.get(&map.chart_hash) {
            return Ok(chart);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(chart) = self.get(&map.chart_hash) {
            return Ok(chart);
        }
        let with_chart = reads.seat_map(EventId(map.event_id), true).await?;
        let chart = ChartPart::new(&with_chart).map_err(|error| {
            tracing::error!(event_id = map.event_id, %error, "a chart cannot be written as JSON");
            Problem::internal()
        })?;
        let chart = Arc::new(chart);
        self.insert(with_chart.chart_hash, Arc::clone(&chart));
        Ok(chart)
    }

    fn get(&self, chart_hash: &Bytes) -> Option<Arc<ChartPart>> {
        // Nothing is left half done by a panic between these locks' holders.
        let charts = self.charts.read().unwrap_or_else(PoisonError::into_inner);
        charts.by_hash.get(chart_hash).map(Arc::clone)
    }

    fn insert(&self, chart_hash: Bytes, chart: Arc<ChartPart>) {
        let mut charts = self.charts.write().unwrap_or_else(PoisonError::into_inner);
        if charts.by_hash.insert(chart_hash.clone(), chart).is_none() {
            charts.by_age.push_back(chart_hash);
        }
        if charts.by_age.len() > CHARTS_CACHED_MAX
            && let Some(oldest) = charts.by_age.pop_front()
        {
            charts.by_hash.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::inventory::v1::Counts;
    use serde_json::{Value, json};

    use super::*;

    fn map() -> SeatMap {
        let seat = |label: &str, category: &str| SeatInfo {
            label: label.into(),
            category: category.into(),
            x: 1.5,
            y: -2.0,
            ..SeatInfo::default()
        };
        let accessible =
            SeatInfo { accessible: true, section: "S}".into(), ..seat("\"odd\" }}", "1") };
        let at_a_table = SeatInfo {
            zone: "left".into(),
            floor: "Ground".into(),
            entrance: "Door 1".into(),
            table: "T1".into(),
            table_is_whole: true,
            ..seat("A-3", "")
        };
        SeatMap {
            event_id: 7,
            version: 12,
            statuses: Bytes::from_static(&[1, 3, 9]),
            seats: vec![seat("A-1", ""), accessible, at_a_table],
            categories: vec![CategoryInfo {
                key: "1".into(),
                label: "Floor".into(),
                color: "#fff".into(),
            }],
            chart_hash: Bytes::from_static(&[0xab; 32]),
            areas: vec![AreaInfo {
                label: "\"Lawn\"".into(),
                category: "1".into(),
                counts: Some(Counts { available: 5, held: 2, capacity: 7, ..Counts::default() }),
                ..AreaInfo::default()
            }],
        }
    }

    fn lawn() -> Value {
        json!([{
            "area": "\"Lawn\"", "category": "1",
            "available": 5, "held": 2, "allocated": 0, "blocked": 0, "capacity": 7,
        }])
    }

    #[test]
    fn the_pieces_together_are_one_document() {
        let map = map();
        let body = ChartPart::new(&map).unwrap().document(&map).unwrap();
        let document: Value = serde_json::from_slice(&body).unwrap();
        let expected = json!({
            "eventId": 7,
            "version": 12,
            "chartHash": "ab".repeat(32),
            "categories": [{ "key": "1", "label": "Floor", "color": "#fff" }],
            "areas": lawn(),
            "seats": [
                { "seatId": "A-1", "x": 1.5, "y": -2.0, "status": "available" },
                {
                    "seatId": "\"odd\" }}", "section": "S}", "category": "1", "x": 1.5, "y": -2.0,
                    "accessible": true, "status": "allocated",
                },
                {
                    "seatId": "A-3", "x": 1.5, "y": -2.0, "zone": "left", "floor": "Ground",
                    "entrance": "Door 1", "table": "T1", "tableIsWhole": true,
                    "status": "blocked",
                },
            ],
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn states_alone_are_a_digit_a_seat() {
        let body = statuses_document(&map()).unwrap();
        let document: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&document["version"], &document["statuses"]), (&json!(12), &json!("134")));
        assert_eq!(document["areas"], lawn());
    }

    #[test]
    fn states_of_another_number_of_seats_are_refused() {
        let chart = ChartPart::new(&map()).unwrap();
        let other = SeatMap { statuses: Bytes::from_static(&[1]), ..map() };
        assert_eq!(chart.document(&other), None);
    }

    #[test]
    fn the_oldest_chart_makes_room() {
        let cache = ChartCache::default();
        let chart = Arc::new(ChartPart::new(&map()).unwrap());
        let hash = |number: usize| Bytes::copy_from_slice(&number.to_be_bytes());
        for number in 0..=CHARTS_CACHED_MAX {
            cache.insert(hash(number), Arc::clone(&chart));
        }
        assert!(cache.get(&hash(0)).is_none());
        assert!(cache.get(&hash(1)).is_some() && cache.get(&hash(CHARTS_CACHED_MAX)).is_some());
    }
}
