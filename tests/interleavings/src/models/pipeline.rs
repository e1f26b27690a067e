//! The edge's pipeline: a caller gives up while the stream sends.

use loom::thread;

use super::in_every_order;
use crate::pipeline::Command;
use crate::sync::Arc;

/// A command is sent or given up, and both sides know which.
pub fn a_command_is_either_sent_or_abandoned() {
    in_every_order(|| {
        let command = Arc::new(Command::default());
        let stream = thread::spawn({
            let command = Arc::clone(&command);
            move || command.send()
        });
        let is_abandoned = command.abandon();
        assert_ne!(is_abandoned, stream.join().expect("it sends or not"));
    });
}
