//! Create an event: put a chart's seats on sale under rules.
//!
//! Refused, in this order: `EventExists`, `ChartUnknown`, `RulesInvalid`.

use std::sync::Arc;

use compact_str::CompactString;

use crate::command::CreateEvent;
use crate::fact::{Change, Fact};
use crate::ids::ChartHash;
use crate::limits::EVENT_NAME_BYTES_MAX;
use crate::rejection::{Rejection, RejectionCode};
use crate::rules::EventRules;
use crate::state::{EventState, ShardState};
use crate::ticket_type::{self, TicketType};

impl ShardState {
    pub(crate) fn decide_create_event(&self, command: &CreateEvent) -> Result<Change, Rejection> {
        if self.events.contains_key(&command.event_id) {
            return Err(Rejection::never(RejectionCode::EventExists));
        }
        let Some(chart) = self.chart(command.chart) else {
            return Err(Rejection::never(RejectionCode::ChartUnknown));
        };
        let can_be_sold = command.rules.is_valid()
            && command.name.len() <= EVENT_NAME_BYTES_MAX
            && ticket_type::are_valid(&command.ticket_types, chart);
        if !can_be_sold {
            return Err(Rejection::never(RejectionCode::RulesInvalid));
        }
        let CreateEvent { name, chart, rules, ticket_types, .. } = command.clone();
        Ok(Change::EventCreated { name, chart, rules, ticket_types })
    }

    pub(crate) fn apply_event_created(
        &mut self,
        fact: &Fact,
        name: &CompactString,
        hash: ChartHash,
        (rules, ticket_types): (EventRules, &[TicketType]),
    ) {
        let chart = self.chart(hash).expect("a chart is known before the first fact that uses it");
        let chart = (hash, Arc::clone(chart));
        let (id, name) = (fact.event_id, name.clone());
        let event =
            EventState::new(id, name, chart, (rules, ticket_types.into()), fact.at, self.hashing);
        event.add_to(&mut self.digest);
        let before = self.events.insert(fact.event_id, event);
        assert!(before.is_none(), "an event is created once");
    }
}

#[cfg(test)]
pub(super) mod tests;
