//! The engine's request id of an HTTP request. One with an `Idempotency-Key` gets the same id
//! each time, so that the engine gives its first answer again; one without gets a new id and
//! cannot be repeated. The hash may never change its meaning while keys are remembered: the same
//! request, sent to an edge of the next release, has to get the same id.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What the caller chose to recognise a request by: 1 to 255 visible ASCII characters.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Accepts a key of a fitting length and alphabet.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let length_fits = (1..=crate::limits::IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.len());
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (length_fits && is_visible).then(|| Self(text.to_owned()))
    }
}

/// The id of `caller`'s request to `route`: hashed if there is a key, else new.
pub(crate) fn request_id(caller: &str, route: &str, key: Option<&IdempotencyKey>) -> Bytes {
    let id = match key {
        Some(key) => hashed(caller, route, &key.0),
        None => Uuid::now_v7(),
    };
    Bytes::copy_from_slice(id.as_bytes())
}

/// A UUID of version 8: the first 16 bytes of SHA-256 over the parts, each after its length, so
/// that no two different triples are hashed alike.
fn hashed(caller: &str, route: &str, key: &str) -> Uuid {
    let mut hash = Sha256::new();
    for part in ["holdfast.request-id.1", caller, route, key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    Uuid::from_bytes(id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::new(text).unwrap()
    }

    /// Computed apart from this code, from what the module says.
    const GOLDEN: &str = "9609a1de-c168-80d1-a328-fcba3cda7c3d";

    #[test]
    fn the_same_request_gets_the_same_id_for_ever() {
        let id = request_id("u1", "reserve", Some(&key("order-17")));
        // Golden: a change would break the promise to whoever repeats across an upgrade.
        assert_eq!(Uuid::from_slice(&id).unwrap().to_string(), GOLDEN);
        assert_eq!(id, request_id("u1", "reserve", Some(&key("order-17"))));
    }

    #[test]
    fn caller_route_and_key_each_make_a_difference() {
        let ids: HashSet<Uuid> = [
            hashed("u1", "reserve", "k"),
            hashed("u2", "reserve", "k"),
            hashed("u1", "release", "k"),
            hashed("u1", "reserve", "K"),
            hashed("u1r", "eserve", "k"),
            hashed("u1", "reservek", ""),
        ]
        .into();
        assert_eq!(ids.len(), 6);
        for id in ids {
            assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
        }
    }

    #[test]
    fn without_a_key_each_id_is_new_and_ordered_by_time() {
        let first = request_id("u1", "reserve", None);
        let second = request_id("u1", "reserve", None);
        assert_ne!(first, second);
        assert_eq!(Uuid::from_slice(&first).unwrap().get_version_num(), 7);
    }

    #[test]
    fn keys_are_visible_ascii_of_a_fitting_length() {
        assert!(IdempotencyKey::new("a").is_some());
        assert!(IdempotencyKey::new(&"k".repeat(255)).is_some());
        for bad in ["", "with space", "tab\t", "umläut", &"k".repeat(256)] {
            assert!(IdempotencyKey::new(bad).is_none(), "{bad:?}");
        }
    }
    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        /// Whatever they are: moved from one part to the next, the same letters are another id.
        #[test]
        fn any_request_with_a_key_has_one_id_of_its_own(
            letters in "[a-z:]{1,12}",
            first in 0..=12_usize,
            second in 0..=12_usize,
        ) {
            let parts = |first: usize, second: usize| {
                let first = first.min(letters.len());
                let second = second.clamp(first, letters.len());
                (&letters[..first], &letters[first..second], &letters[second..])
            };
            let id = |(caller, route, key): (&str, &str, &str)| hashed(caller, route, key);
            let one = parts(first, second);
            prop_assert_eq!(id(one), id(one));
            prop_assert_eq!(id(one).get_version_num(), 8);
            prop_assert_eq!(id(one).get_variant(), uuid::Variant::RFC4122);
            for other in [parts(first + 1, second), parts(first, second + 1), parts(0, 0)] {
                prop_assert_eq!(id(one) == id(other), one == other, "{:?} and {:?}", one, other);
            }
        }
    }
}
