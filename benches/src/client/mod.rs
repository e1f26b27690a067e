//! The clients. Each puts the same operations to whatever speaks its protocol, so that both sides
//! of a ratio are asked by the same code.
//!
//! Must always hold: a hold that was placed is ended before a client leaves, so that a side can
//! be held against what its clients know; anything but an answer or a refusal fails the round.

pub mod admin;
pub mod asks;
pub mod h2load;
pub mod rest;
pub mod stream;
pub mod unary;

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::measured::Window;
use crate::workload::{Load, Sale};

/// What a client says that finds nothing left to sell.
const SOLD_OUT: &str = "all events were sold: more have to be created before the rounds";

/// The reason of a refusal: somebody else has the seats. Any other is an error of the run.
const REFUSAL: &str = "seats_unavailable";

/// The same where the engine chooses: no two seats next to each other are left.
const REFUSAL_OF_A_CHOICE: &str = "not_enough_together";

/// What every client of a round has.
#[derive(Clone, Debug)]
pub struct Round {
    /// The sale that it takes part in.
    pub sale: Arc<Sale>,
    /// The time that counts.
    pub window: Window,
    /// Operations in flight on each connection.
    pub depth: usize,
    /// Where random numbers come from; other ones in each round.
    pub seed: u64,
}

impl Round {
    /// The next round of a sale, beginning now.
    pub fn begin(sale: &Arc<Sale>, load: &Load) -> Self {
        let window = Window::after(load.warm_up, load.measured);
        // What was sold tells rounds apart, so that none repeats the request ids of another.
        let seed = load.seed ^ sale.seats_sold().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { sale: Arc::clone(sale), window, depth: load.depth, seed }
    }

    /// Random numbers of one client's own.
    pub fn random(&self, client: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(client as u64);
        random
    }
}
