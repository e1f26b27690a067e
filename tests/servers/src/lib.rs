//! Servers of one's own: a Postgres and a Redis from the system's binaries, each in a folder and
//! on a port that nobody else uses, which can be ended, started again and stopped in the middle.
//!
//! Must always hold: dropping one ends its process and removes its folder, whatever happened, and
//! nothing outside of the folder was touched.

mod folder;
pub mod postgres;
pub mod redis;
mod server;

pub use self::folder::disk_folder;
pub use self::postgres::Postgres;
pub use self::redis::Redis;
