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
    /// Seats, each with its ticket type.
    pub(super) labels: Option<Vec<(String, Option<&'a str>)>>,
    /// Areas, each with how many places and their ticket type.
    pub(super) areas: Vec<(&'a str, u32, Option<&'a str>)>,
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
    pub(super) ticket_types: Vec<TypeAsked<'a>>,
    /// Of best available: types with how many each.
    pub(super) types: Vec<(&'a str, u32)>,
    pub(super) zone: Option<&'a str>,
    pub(super) chart: ChartHash,
    pub(super) name_bytes: usize,
}

/// A ticket type of an event that a line creates.
#[derive(Default)]
pub(super) struct TypeAsked<'a> {
    pub(super) key: &'a str,
    pub(super) quota: Option<u32>,
    pub(super) sale_opens_at: Option<Timestamp>,
    pub(super) sale_closes_at: Option<Timestamp>,
    pub(super) categories: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    /// Sorts the words that follow a verb.
    pub(super) fn read(verb: &'a str, words: &[&'a str]) -> Self {
        let mut asked = Self {
            verb,
            loose: Vec::new(),
            labels: None,
            areas: Vec::new(),
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
            ticket_types: Vec::new(),
            types: Vec::new(),
            zone: None,
            chart: CHART,
            name_bytes: 4,
        };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word:?} wants a value"));
            let rules = &mut asked.rules;
            let ticket_type = asked.ticket_types.last_mut();
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
                "type" => {
                    // A key without letters is written ''.
                    let key = value().trim_matches('\'');
                    asked.ticket_types.push(TypeAsked { key, ..TypeAsked::default() });
                }
                "quota" => of_type(ticket_type).quota = Some(script::number(value()) as u32),
                "for" => of_type(ticket_type).categories.push(value()),
                "zone" => asked.zone = Some(value()),
                "as-type" => {
                    let (key, count) = value().split_once(':').expect("a type has its number");
                    asked.types.push((key, script::number(count) as u32));
                }
                "opens" | "closes" => {
                    let at = Some(script::time(value()));
                    let (opens_at, closes_at) = match ticket_type {
                        Some(of) => (&mut of.sale_opens_at, &mut of.sale_closes_at),
                        None => (&mut rules.sale_opens_at, &mut rules.sale_closes_at),
                    };
                    *(if word == "opens" { opens_at } else { closes_at }) = at;
                }
                "chart" => asked.chart = ChartHash([script::number(value()) as u8; 32]),
                "name" => asked.name_bytes = script::number(value()) as usize,
                "none" => asked.labels = Some(Vec::new()),
                _ => asked.read_spots(word),
            }
        }
        asked
    }

    /// A seat, seats, places in an area, or a name.
    fn read_spots(&mut self, word: &'a str) {
        if let Some(places) = script::places(word) {
            self.labels.get_or_insert_default();
            return self.areas.push(places);
        }
        let (seats, ticket_type) = script::typed(word);
        match script::seats(seats) {
            Some(labels) => {
                let labels = labels.into_iter().map(|label| (label, ticket_type));
                self.labels.get_or_insert_default().extend(labels);
            }
            None => self.loose.push(word),
        }
    }

    /// The name that comes first: of an event, of a hold, of an allocation.
    pub(super) fn named(&self) -> &'a str {
        self.loose.first().expect("the step names what it is about")
    }
}

fn of_type<'b, 'a>(ticket_type: Option<&'b mut TypeAsked<'a>>) -> &'b mut TypeAsked<'a> {
    ticket_type.expect("a ticket type comes before what is said of it")
}
