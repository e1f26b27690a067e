//! Where Redis is, as `redis://` or `rediss://`. **An address may hold a password and is never
//! written**, neither by errors nor by `Debug`.

use std::fmt;

use redis::Client;

/// Where Redis is, and how to be let in.
#[derive(Clone)]
pub struct RedisAddress(Client);

/// Why an address of Redis is of no use. It does not repeat the address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "not an address of Redis, such as redis://127.0.0.1:6379, \
     redis://USER:PASSWORD@HOST:6379/0 or rediss://HOST:6379 for TLS"
)]
pub struct RedisAddressError;

impl RedisAddress {
    /// Reads `redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`.
    ///
    /// # Errors
    /// If it is none. What may be asked for behind `?` and `#` elsewhere is refused: there are no
    /// connections that trust any certificate.
    pub fn parse(text: &str) -> Result<Self, RedisAddressError> {
        let is_of_redis = text.starts_with("redis://") || text.starts_with("rediss://");
        if !is_of_redis || text.contains(['?', '#']) {
            return Err(RedisAddressError);
        }
        Client::open(text).map(Self).map_err(|_| RedisAddressError)
    }

    /// A client, which connects to nothing yet.
    pub(super) fn client(&self) -> Client {
        // The one provider of this program; somebody else may have said so before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        self.0.clone()
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisAddress")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_never_shown() {
        for (good, expected) in [
            ("redis://127.0.0.1:6379", "127.0.0.1:6379"),
            ("redis://cache", "cache:6379"),
            ("redis://:secret@cache:6380/3", "cache:6380"),
            ("rediss://user:secret@cache.example.com", "cache.example.com:6379"),
            ("redis://[::1]:6379", "::1:6379"),
        ] {
            let address = RedisAddress::parse(good).unwrap();
            assert_eq!(address.client().get_connection_info().addr().to_string(), expected);
            assert_eq!(format!("{address:?}"), "RedisAddress");
        }
        for bad in [
            "",
            "127.0.0.1:6379",
            "http://secret:6379",
            "redis://",
            "redis://:secret@",
            "redis://cache:secret",
            "redis://cache/secret",
            "rediss://secret#insecure",
            "redis://cache?protocol=resp3",
            "unix:///run/secret",
        ] {
            let error = RedisAddress::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("secret") && error.contains("redis://"), "{bad}: {error}");
        }
    }
}
