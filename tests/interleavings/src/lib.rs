//! What is lock-free of our own, in every order that its threads may run in: loom tries them all,
//! and every value that the memory model lets a load see.
//!
//! The modules of the engine and of the edge are here as they stand there, file by file. They say
//! `std::sync` and `tokio::sync`, and in this crate those names are ours: atomics and locks are
//! loom's. So nothing of loom is in any other crate, and no line of theirs is written for it.
//!
//! Must always hold: what the models run is the source that the program is built from; what
//! stands in for something else (`sync`, `time`, `limits`, `names`, `feed::watcher`) does as much
//! as the models need and promises no more than the original.

extern crate self as std;
extern crate self as tokio;
extern crate std as real_std;

pub(crate) use real_std::{collections, marker, mem};

pub(crate) mod feed;
pub(crate) mod limits;
pub mod models;
#[expect(dead_code, reason = "no model asks for a name")]
pub(crate) mod names;
pub(crate) mod story;
pub mod sync;
pub(crate) mod time;

pub(crate) use self::edge_api::{in_flight, pipeline};
pub(crate) use self::inventory_engine::{room, throttle, view};

#[expect(dead_code, unreachable_pub, reason = "the models need a part of it")]
#[path = "../../../inventory-engine/src"]
mod inventory_engine {
    pub(crate) mod room;
    pub(crate) mod throttle;
    pub(crate) mod view;
}

#[path = "../../../edge-api/src"]
mod edge_api {
    pub(crate) mod in_flight;
    pub(crate) mod pipeline {
        mod claim;

        /// A command that its caller and its stream may claim.
        #[derive(Debug, Default)]
        pub(crate) struct Command(claim::Claim);

        impl Command {
            pub(crate) fn send(&self) -> bool {
                self.0.send()
            }

            pub(crate) fn abandon(&self) -> bool {
                self.0.abandon()
            }
        }
    }
}
