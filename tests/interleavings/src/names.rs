//! What stands here for the engine's names of things, which no model asks for.

use inventory_core::chart::Chart;
use inventory_core::ticket_type::TicketType;

use crate::sync::Arc;

/// An event's names.
#[derive(Clone, Debug)]
pub(crate) struct EventNames {
    /// Of seats, tables and areas.
    pub(crate) chart: Arc<Chart>,
    /// Of ticket types, by index.
    pub(crate) ticket_types: Arc<[TicketType]>,
}
