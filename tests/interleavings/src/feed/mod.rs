//! The lock-free half of the engine's feeds as it stands there, and in the place of the other
//! half, which is tasks and channels, one watcher that is driven by hand.

#[path = "../../../../inventory-engine/src/feed/frame.rs"]
mod frame;
#[path = "../../../../inventory-engine/src/feed/hub.rs"]
mod hub;
#[expect(unreachable_pub, reason = "out of the engine everybody reaches it")]
#[path = "../../../../inventory-engine/src/feed/picture.rs"]
mod picture;
#[path = "../../../../inventory-engine/src/feed/tap.rs"]
mod tap;
pub(crate) mod watcher;

pub(crate) use self::picture::Picture;
pub(crate) use self::tap::Tap;
use crate::sync::Arc;

/// The desk at which tasks meet; here there are none.
#[derive(Debug, Default)]
pub(crate) struct Feed {}

/// Something that is told to many; here without its bytes.
#[derive(Debug)]
pub(crate) struct Shared<T>(T);

impl<T> Shared<T> {
    pub(crate) fn new(content: T) -> Arc<Self> {
        Arc::new(Self(content))
    }

    pub(crate) fn content(&self) -> &T {
        &self.0
    }
}
