//! What one line of a story asks: its words, sorted by what they mean. Knows no state.

use super::script;
use super::venue::CHART;
use crate::ids::{ChartHash, EventId};
use crate::rules::EventRules;
use crate::time::Timestamp;

/// A line's words, sorted by what they mean.
pub(super) struct Asked<'a> {
    pub(super) verb: &'a str,
    /// Words without a meaning of their own: names, in the order they come.
    pub(super) loose: Vec<&'a str>,
    pub(super) labels: Option<Vec<String>>,
    pub(super) event: EventId,
    pub(super) buyer: Option<&'a str>,
    pub(super) sale: Option<&'a str>,
    pub(super) best: Option<u64>,
    pub(super) section: Option<&'a str>,
    pub(super) category: Option<&'a str>,
    pub(super) accessible: bool,
    pub(super) request: Option<&'a str>,
    pub(super) is_hashed: bool,
    pub(super) made_at: Option<Timestamp>,
    pub(super) rules: EventRules,
    pub(super) chart: ChartHash,
    pub(super) name_bytes: usize,
}

impl<'a> Asked<'a> {
    /// Sorts the words that follow a verb.
    pub(super) fn read(verb: &'a str, words: &[&'a str]) -> Self {
        let mut asked = Self {
            verb,
            loose: Vec::new(),
            labels: None,
            event: EventId(1),
            buyer: None,
            sale: None,
            best: None,
            section: None,
            category: None,
            accessible: false,
            request: None,
            is_hashed: false,
            made_at: None,
            rules: EventRules::default(),
            chart: CHART,
            name_bytes: 4,
        };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word:?} wants a value"));
            let rules = &mut asked.rules;
            match word {
                "on" => asked.event = EventId(script::number(value())),
                "by" => asked.buyer = Some(value()),
                "as" => asked.sale = Some(value()),
                "best" => asked.best = Some(script::number(value())),
                "section" => asked.section = Some(value()),
                "category" => asked.category = Some(value()),
                "accessible" => asked.accessible = true,
                "req" => asked.request = Some(value()),
                "key" => (asked.request, asked.is_hashed) = (Some(value()), true),
                "made" => asked.made_at = Some(script::time(value())),
                "limit" => rules.buyer_seats_max = Some(script::number(value()) as u32),
                "ttl" => rules.hold_ttl_millis = script::millis(value()),
                "extensions" => rules.extensions_max = script::number(value()) as u16,
                "opens" => rules.sale_opens_at = Some(script::time(value())),
                "closes" => rules.sale_closes_at = Some(script::time(value())),
                "chart" => asked.chart = ChartHash([script::number(value()) as u8; 32]),
                "name" => asked.name_bytes = script::number(value()) as usize,
                "none" => asked.labels = Some(Vec::new()),
                _ => match script::seats(word) {
                    Some(labels) => asked.labels.get_or_insert_default().extend(labels),
                    None => asked.loose.push(word),
                },
            }
        }
        asked
    }

    /// The name that comes first: of an event, of a hold, of an allocation.
    pub(super) fn named(&self) -> &'a str {
        self.loose.first().expect("the step names what it is about")
    }
}
