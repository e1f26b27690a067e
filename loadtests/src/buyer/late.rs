//! The tail of the sale: buyers who take exactly what is left, accessible seats included, and
//! pay at once, until nothing is left.

use super::Buyer;
use super::person::not_held;
use crate::request::{Answer, Selection, Verb};

impl Buyer {
    /// Holds this and buys it.
    pub(super) async fn visit_late(
        mut self,
        selection: Selection,
        intended_micros: u64,
    ) -> &'static str {
        let verb = Verb::Place(selection);
        let (answer, at_micros) = self.ask(verb, intended_micros, false).await;
        let Answer::Placed { hold_id, .. } = answer else { return not_held(&answer) };
        match self.ask(Verb::Allocate(hold_id, None), at_micros, false).await.0 {
            Answer::Allocated { .. } => "bought",
            other => not_held(&other),
        }
    }
}
