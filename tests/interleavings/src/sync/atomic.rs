//! Loom's atomics, made good where loom falls short of what it says or of what our code needs.
//!
//! One order: loom takes `SeqCst` of a load or a store for no more than `Acquire` or `Release`,
//! and knows the one order of all only between fences. Here a fence stands between a thread's
//! store and its next load if both are `SeqCst`, and nowhere else: so do processors that have no
//! instruction for it keep that order, and weaken either of the two and it is gone.
//!
//! Every order: loom tries a store before a load of another thread only if nothing else happened
//! to the atomic in between, and overlooks it if the storing thread had loaded first. So a load
//! counts here as something that loads of others may not be swapped with.

use core::cell::Cell;

pub use loom::sync::atomic::Ordering;
use loom::sync::atomic::fence;

loom::thread_local! {
    /// Whether the thread has stored something in the one order since it last loaded so.
    static HAS_STORED: Cell<bool> = Cell::new(false);
}

macro_rules! atomic {
    ($name:ident of $value:ty) => {
        #[doc = concat!("The `", stringify!($name), "` of a model.")]
        #[derive(Debug, Default)]
        pub struct $name {
            value: loom::sync::atomic::$name,
            loads: loom::sync::atomic::AtomicUsize,
        }

        impl $name {
            /// See [`core::sync::atomic`], as for all of these.
            pub fn new(value: $value) -> Self {
                Self { value: loom::sync::atomic::$name::new(value), loads: Default::default() }
            }

            /// Reads it.
            pub fn load(&self, order: Ordering) -> $value {
                self.loads.fetch_add(0, Ordering::Relaxed);
                let is_in_one_order = order == Ordering::SeqCst;
                if is_in_one_order && HAS_STORED.with(|has_stored| has_stored.replace(false)) {
                    fence(Ordering::SeqCst);
                }
                self.value.load(order)
            }

            /// Writes it.
            pub fn store(&self, value: $value, order: Ordering) {
                self.value.store(value, order);
                if order == Ordering::SeqCst {
                    HAS_STORED.with(|has_stored| has_stored.set(true));
                }
            }

            /// Writes it, and says what was there.
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.value.swap(value, order)
            }

            /// Writes it if it is as expected.
            ///
            /// # Errors
            /// What is there, if it is not.
            pub fn compare_exchange(
                &self,
                expected: $value,
                value: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.value.compare_exchange(expected, value, success, failure)
            }

            /// Writes what becomes of it, if anything does.
            ///
            /// # Errors
            /// What is there, if nothing becomes of it.
            pub fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                become_of: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.loads.fetch_add(0, Ordering::Relaxed);
                self.value.fetch_update(success, failure, become_of)
            }
        }
    };
}

macro_rules! number {
    ($name:ident of $value:ty) => {
        atomic!($name of $value);

        impl $name {
            /// Adds to it, and says what was there.
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.value.fetch_add(value, order)
            }

            /// Takes from it, and says what was there.
            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.value.fetch_sub(value, order)
            }
        }
    };
}

atomic!(AtomicBool of bool);
number!(AtomicU8 of u8);
number!(AtomicU64 of u64);
number!(AtomicUsize of usize);
