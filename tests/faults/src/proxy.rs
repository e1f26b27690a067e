//! A network of our own between clients and a server: a TCP proxy that delays, stalls, splits into
//! single bytes, swallows and cuts what passes.
//!
//! Within a connection TCP keeps the order and loses nothing, and so does this: what comes is late,
//! or never comes again. Requests overtake each other and come twice where clients use several
//! connections.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::pause::pass;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bytes that are taken at a time.
const CHUNK_BYTES: usize = 4 << 10;

/// One chunk in so many is harmed, by what is done to it.
const CUT_ONCE_IN: u32 = 120;
const SWALLOW_ONCE_IN: u32 = 240;
const STALL_ONCE_IN: u32 = 60;
const TRICKLE_ONCE_IN: u32 = 30;
const DELAY_ONCE_IN: u32 = 4;

/// How long each of them is.
const DELAY_MAX: Duration = Duration::from_millis(20);
const STALL_MAX: Duration = Duration::from_millis(400);
const SWALLOW: Duration = Duration::from_millis(700);

/// How often each thing was done.
#[derive(Debug, Default)]
pub struct Harm {
    /// Connections that were cut in the middle.
    pub cut: AtomicU64,
    /// Connections of which one side heard nothing more, before they were cut.
    pub half_open: AtomicU64,
    /// Chunks that waited for long, with all behind them.
    pub stalled: AtomicU64,
    /// Chunks that came byte by byte.
    pub trickled: AtomicU64,
    /// Chunks that came a little late.
    pub delayed: AtomicU64,
}

/// A proxy. Its connections end with it.
#[derive(Debug)]
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
    /// Held for what it ends when it is dropped.
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    target: String,
    seed: u64,
    harm: Harm,
    is_calm: AtomicBool,
    /// How much later every chunk comes, whatever else becomes of it.
    late_micros: AtomicU64,
}

/// What becomes of a chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Pass,
    Delay,
    Stall,
    Trickle,
    Swallow,
    Cut,
}

impl Proxy {
    /// Listens on a port of its own, and leads to `target`.
    ///
    /// # Errors
    /// If there is no port.
    pub async fn start(target: &str, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            seed,
            harm: Harm::default(),
            is_calm: AtomicBool::new(false),
            late_micros: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was done so far.
    pub fn harm(&self) -> &Harm {
        &self.shared.harm
    }

    /// From now on everything passes.
    pub fn calm(&self) {
        self.shared.is_calm.store(true, Ordering::Relaxed);
    }

    /// From now on every chunk, of either direction, comes so much later.
    pub fn slow_down(&self, by: Duration) {
        self.shared.late_micros.store(by.as_micros() as u64, Ordering::Relaxed);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    while let Ok((client, _)) = listener.accept().await {
        number += 1;
        connections.spawn(connect(client, number, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, until either side or chance ends it. Both sides end with this task.
async fn connect(client: TcpStream, number: u64, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(&shared.target).await else { return };
    // Single bytes have to leave as such.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (cut, is_cut) = watch::channel(false);
    let way = |direction: u64| Way {
        rng: ChaCha8Rng::seed_from_u64(shared.seed ^ (number << 1 | direction)),
        shared: &shared,
    };
    let (up, down) = (way(0), way(1));
    let mut is_cut_too = is_cut;
    tokio::select! {
        () = up.pump(from_client, to_server, &cut) => {}
        () = down.pump(from_server, to_client, &cut) => {}
        _ = is_cut_too.changed() => {}
    }
}

/// One direction of a connection.
struct Way<'a> {
    rng: ChaCha8Rng,
    shared: &'a Shared,
}

impl Way<'_> {
    async fn pump(
        mut self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        cut: &watch::Sender<bool>,
    ) {
        let mut bytes = vec![0; CHUNK_BYTES];
        loop {
            let Ok(count) = from.read(&mut bytes).await else { return };
            let chunk = &bytes[..count];
            if chunk.is_empty() || self.pass(chunk, &mut from, &mut to, cut).await.is_err() {
                return;
            }
        }
    }

    /// Lets a chunk meet its fate.
    async fn pass(
        &mut self,
        chunk: &[u8],
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        cut: &watch::Sender<bool>,
    ) -> io::Result<()> {
        let harm = &self.shared.harm;
        let late = Duration::from_micros(self.shared.late_micros.load(Ordering::Relaxed));
        if !late.is_zero() {
            count(&harm.delayed);
            pass(late).await;
        }
        match self.fate() {
            Fate::Pass => to.write_all(chunk).await,
            Fate::Delay => {
                count(&harm.delayed);
                self.wait(DELAY_MAX).await;
                to.write_all(chunk).await
            }
            Fate::Stall => {
                count(&harm.stalled);
                self.wait(STALL_MAX).await;
                to.write_all(chunk).await
            }
            Fate::Trickle => {
                count(&harm.trickled);
                for byte in chunk {
                    to.write_all(&[*byte]).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Fate::Swallow => {
                count(&harm.half_open);
                let mut unheard = vec![0; CHUNK_BYTES];
                let swallowing = async { while let Ok(1..) = from.read(&mut unheard).await {} };
                // Over sooner if who speaks gives up.
                let _ = tokio::time::timeout(SWALLOW, swallowing).await;
                cut.send_replace(true);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Fate::Cut => {
                count(&harm.cut);
                let some = self.rng.random_range(0..=chunk.len());
                to.write_all(&chunk[..some]).await?;
                cut.send_replace(true);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    fn fate(&mut self) -> Fate {
        if self.shared.is_calm.load(Ordering::Relaxed) {
            return Fate::Pass;
        }
        let fates = [
            (CUT_ONCE_IN, Fate::Cut),
            (SWALLOW_ONCE_IN, Fate::Swallow),
            (STALL_ONCE_IN, Fate::Stall),
            (TRICKLE_ONCE_IN, Fate::Trickle),
            (DELAY_ONCE_IN, Fate::Delay),
        ];
        let mut happens = |once_in| self.rng.random_range(0..once_in) == 0;
        fates.into_iter().find(|&(once_in, _)| happens(once_in)).map_or(Fate::Pass, |(_, of)| of)
    }

    async fn wait(&mut self, at_most: Duration) {
        let part = self.rng.random::<f64>();
        pass(at_most.mul_f64(part)).await;
    }
}

fn count(of: &AtomicU64) {
    of.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every byte with the next one.
    async fn successor(listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = vec![0; 100];
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    let next: Vec<_> = bytes[..count].iter().map(|of| of.wrapping_add(1)).collect();
                    if stream.write_all(&next).await.is_err() {
                        return;
                    }
                }
            });
        }
    }

    #[tokio::test]
    async fn what_comes_is_whole_and_in_order_up_to_a_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap().to_string();
        tokio::spawn(successor(listener));
        let proxy = Proxy::start(&target, 5).await.unwrap();
        let harmed = || proxy.harm().cut.load(Ordering::Relaxed);
        let mut heard = 0;
        while harmed() < 3 || heard < 1_000 {
            let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
            for number in 0..200_u8 {
                let mut answer = [0];
                let is_sent = stream.write_all(&[number]).await.is_ok();
                if !is_sent || stream.read_exact(&mut answer).await.is_err() {
                    break;
                }
                assert_eq!(answer, [number + 1]);
                heard += 1;
            }
        }
        proxy.calm();
        let before = harmed();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        for number in 0..250 {
            let mut answer = [0];
            stream.write_all(&[number]).await.unwrap();
            stream.read_exact(&mut answer).await.unwrap();
        }
        assert_eq!(harmed(), before);
        let late = Duration::from_millis(30);
        proxy.slow_down(late);
        let left = std::time::Instant::now();
        stream.write_all(&[7]).await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        assert!(left.elapsed() >= 2 * late, "both ways are slow");
    }
}
