//! Every limit of the experiments and of the checker.

use std::time::Duration;

/// Configurations that the search for an order of one seat's operations visits.
pub const SEARCH_CONFIGURATIONS_MAX: usize = 4_000_000;

/// Operations of one seat that a search takes: its sets of them are bits.
pub const SEARCH_OPERATIONS_MAX: usize = 65_536;

/// How far a server's clock, in milliseconds and set right while it runs, may be from ours.
pub const CLOCK_SLACK: Duration = Duration::from_millis(25);

/// Operations that a violation quotes of a seat.
pub const QUOTED_OPERATIONS_MAX: usize = 12;

/// Violations of one kind in one experiment that are printed.
pub const PRINTED_OF_A_KIND_MAX: usize = 3;

/// Requests that have to be unanswered when a server is killed under load.
pub const KILL_UNANSWERED_MIN: usize = 100;

/// How long a server may take to say where it is, or to leave.
pub const SERVER_PATIENCE: Duration = Duration::from_secs(120);

/// Bytes of a server's log that an error quotes.
pub const LOG_TAIL_BYTES: u64 = 2_000;

/// How long a lane may take to connect, and the pause before it tries again.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// See [`CONNECT_TIMEOUT`].
pub const RECONNECT_PAUSE: Duration = Duration::from_millis(5);

/// How long a client waits for one answer before it asks again elsewhere.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the clients of a run may take to be told the outcome of all that they asked for, once
/// nothing is done to the server any more.
pub const SETTLE_PATIENCE: Duration = Duration::from_secs(60);

/// The p99 of holds with Postgres behind, in times of without.
pub const PROJECTION_P99_RATIO_MAX: f64 = 1.5;

/// How long Postgres may take to get what it has not, once it is there again.
pub const CATCH_UP_PATIENCE: Duration = Duration::from_secs(180);

/// Commands that one message of a lane carries.
pub const MESSAGE_COMMANDS_MAX: usize = 256;

/// Seats that one ask names: a unary refusal names all of them within its headers.
pub const ASK_SEATS_MAX: u32 = 3;

/// How much of peak has to be confirmed with ten times the operations in flight.
pub const OVERLOAD_CONFIRMED_MIN: f64 = 0.8;

/// Memory of a server with one event that has ten times the operations in flight: what a million
/// remembered requests and ended holds take, and room to serve.
pub const OVERLOAD_MEMORY_MIB_MAX: u64 = 1_024;

/// How long an answer over REST may take. An edge gives up on an engine sooner, and says so.
pub const REST_PATIENCE: Duration = Duration::from_secs(30);

/// How much longer than without a fault the slowest answer may take, and a sale be waited for,
/// while Redis is away, where time is judged.
pub const REDIS_COST_MAX: Duration = Duration::from_millis(100);

/// How much later all comes from a Redis that is slow, each way: an edge waits for 40 ms.
pub const REDIS_DELAY: Duration = Duration::from_millis(80);

/// How often it is tried to see a limit hold while Redis neither comes nor goes: on a busy machine
/// it does so by itself.
pub const STEADY_TRIES_MAX: u32 = 60;

// The engine takes 1,024 commands in a message.
const _: () = assert!(MESSAGE_COMMANDS_MAX <= 1_024);
// A kill waits for so many within a few messages.
const _: () = assert!(KILL_UNANSWERED_MIN < MESSAGE_COMMANDS_MAX);
// What is late by that is late for every edge.
const _: () = assert!(REDIS_DELAY.as_millis() > 40);
