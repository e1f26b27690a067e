//! A directory: the names that everybody sees, those that last, and the changes between them.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::power_cut::{Order, Unsynced};

/// What a name stands for.
pub(super) type NodeId = u64;

/// One change: names that get another meaning, or none, together.
pub(super) type Change = Vec<(String, Option<NodeId>)>;

/// The names in one directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    now: BTreeMap<String, NodeId>,
    lasting: BTreeMap<String, NodeId>,
    /// What was not synced, in order.
    unsynced: Vec<Change>,
}

impl Names {
    pub(super) fn get(&self, name: &str) -> Option<NodeId> {
        self.now.get(name).copied()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&String, NodeId)> {
        self.now.iter().map(|(name, id)| (name, *id))
    }

    /// Whether a power cut may still bring a node back.
    pub(super) fn may_name(&self, id: NodeId) -> bool {
        let in_changes = self.unsynced.iter().flatten().filter_map(|(_, named)| named.as_ref());
        self.now.values().chain(self.lasting.values()).chain(in_changes).any(|named| *named == id)
    }

    pub(super) fn change(&mut self, change: Change) {
        apply(&mut self.now, &change);
        self.unsynced.push(change);
    }

    pub(super) fn sync(&mut self) {
        self.lasting.clone_from(&self.now);
        self.unsynced.clear();
    }

    /// What is there when the power is back.
    pub(super) fn after(&self, unsynced: Unsynced, order: Order, mut chance: Chance) -> Self {
        let mut lasting = self.lasting.clone();
        let kept_in_order = chance.below(self.unsynced.len() + 1);
        for (number, change) in self.unsynced.iter().enumerate() {
            let is_kept = match (unsynced, order) {
                (Unsynced::Lost, _) => false,
                (Unsynced::Kept, _) => true,
                (Unsynced::ByChance, Order::AsDone) => number < kept_in_order,
                (Unsynced::ByChance, Order::Any) => chance.once_in(2),
            };
            if is_kept {
                apply(&mut lasting, change);
            }
        }
        Self { now: lasting.clone(), lasting, unsynced: Vec::new() }
    }
}

fn apply(names: &mut BTreeMap<String, NodeId>, change: &Change) {
    for (name, id) in change {
        match id {
            Some(id) => names.insert(name.clone(), *id),
            None => names.remove(name),
        };
    }
}
