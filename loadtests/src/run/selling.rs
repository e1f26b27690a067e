//! The sale itself: the scheduled crowd, the kills, and the tail that takes what is left.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::future;
use tokio::task::JoinError;

use super::{Error, Terms, Venue};
use crate::buyer::{Sale, Visitor, admit};
use crate::client::Reader;
use crate::clock::millis;
use crate::kill::{self, Kill, Killer};
use crate::progress::{Progress, Snapshot};
use crate::rest;
use crate::schedule::Schedule;
use crate::seat_map::View;

/// How often the display moves.
const PROGRESS_PAUSE: Duration = Duration::from_millis(200);

/// The doorkeeper never sleeps longer than this, to notice that a run is given up.
const DOORKEEPER_PAUSE: Duration = Duration::from_millis(20);

/// Late buyers that come at once, each for something of their own.
const LATE_BUYERS_MAX: usize = 500;

/// Between two waves of them.
const LATE_PAUSE: Duration = Duration::from_millis(50);

/// How long a wave is waited for before the seats are looked at again.
const WAVE_WATCH: Duration = Duration::from_secs(1);

/// How the sale went.
#[derive(Debug)]
pub(super) struct Sold {
    pub(super) kills: Vec<Kill>,
    /// If the sale stood still: what the server said last, or nothing.
    pub(super) stalled: Option<String>,
    /// When the last buyer left.
    pub(super) ended_micros: u64,
    /// Buyers who came beyond the schedule.
    pub(super) extra_buyers: u64,
}

/// Lets everybody in and waits until all is sold that can be, and everybody has left.
pub(super) async fn sell_out(
    venue: &mut Venue,
    terms: &Terms,
    progress: &dyn Progress,
) -> Result<Sold, Error> {
    let (sale, reader) = (venue.sale.clone(), venue.reader.clone());
    let schedule = Schedule::new(terms.curve, terms.buyers, terms.over, terms.seed);
    let doorkeeper = {
        let (sale, opened_micros) = (sale.clone(), venue.opened_micros);
        tokio::task::spawn_blocking(move || let_in(&sale, &schedule, opened_micros))
    };
    let killing = async {
        let Some(server) = venue.server.as_deref_mut() else { return Ok(Vec::new()) };
        let killer = Killer {
            sale: sale.clone(),
            in_flight: venue.in_flight.clone(),
            reader: reader.clone(),
            server,
            unanswered_min: terms.kill_unanswered_min,
            opened_micros: venue.opened_micros,
            bursts: 0,
            progress,
        };
        killer.run(kill::moments(terms.kill_server, terms.over, terms.seed)).await
    };
    let selling = async {
        if let Err(Ok(panic)) = doorkeeper.await.map_err(JoinError::try_into_panic) {
            std::panic::resume_unwind(panic);
        }
        let stalled = sell_rest(&sale, &reader, terms.stall).await.err();
        if stalled.is_some() {
            sale.stop.cancel();
        }
        Ok(stalled)
    };
    let watching = future::join(
        show(&sale, terms, venue.opened_micros, &venue.in_flight, progress),
        refresh(&sale, &reader, terms.map_refresh),
    );
    let (stalled, kills) = tokio::select! {
        sold = future::try_join(selling, killing) => {
            sold.inspect_err(|_| sale.stop.cancel())?
        }
        _ = watching => unreachable!("watching goes on for as long as it is let"),
    };
    see_off(&sale, terms.stall).await;
    let (progressed, _) = sale.recorder.progressed();
    Ok(Sold {
        kills,
        stalled,
        ended_micros: sale.clock.now_micros(),
        extra_buyers: progressed.arrived.saturating_sub(terms.buyers),
    })
}

/// Lets the scheduled buyers in, each at its time, on a thread of its own: a thread's sleep is
/// finer than a timer's, and nothing that the runtime does can hold an arrival up.
fn let_in(sale: &Arc<Sale>, schedule: &Schedule, opened_micros: u64) {
    for (number, after_micros) in (0..).zip(&schedule.arrivals_micros) {
        let at_micros = opened_micros + after_micros;
        loop {
            let left_micros = at_micros.saturating_sub(sale.clock.now_micros());
            if left_micros == 0 {
                break;
            }
            if sale.stop.is_cancelled() {
                return;
            }
            std::thread::sleep(DOORKEEPER_PAUSE.min(Duration::from_micros(left_micros)));
        }
        admit(sale, Visitor::Scheduled(number), at_micros);
    }
}

/// Sends late buyers for whatever is free until nothing is left. The error says what the
/// server said last, if it did not answer any more.
async fn sell_rest(sale: &Arc<Sale>, reader: &Reader, stall: Duration) -> Result<(), String> {
    let layout = sale.map.layout.as_ref();
    let mut late_buyers = 0;
    let mut wave = None;
    let mut best = (0, 0);
    let mut moved = Instant::now();
    let mut trouble = String::new();
    loop {
        // Asked first: what was brought back before is in the states that are read now.
        let returning = sale.returning.load(Ordering::Acquire);
        match reader.stock(layout).await {
            Ok(stock) => {
                trouble.clear();
                see(sale, View::new(stock, layout));
            }
            Err(error) => trouble = format!("; {error}"),
        }
        let view = sale.map.view();
        let now_millis = millis(sale.clock.now_micros());
        let is_over = returning == 0 && rest::is_over(&view, layout, now_millis);
        if trouble.is_empty() && is_over {
            sale.is_sold_out.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let (progressed, latest_deadline_millis) = sale.recorder.progressed();
        let all = view.all();
        if (progressed.sold, all.allocated) != best {
            best = (progressed.sold, all.allocated);
            moved = Instant::now();
        }
        // Seats in a hold cannot be sold before it ends: that is no standstill.
        let held_for = Duration::from_millis(latest_deadline_millis.saturating_sub(now_millis));
        if held_for.is_zero() && moved.elapsed() > stall {
            return Err(trouble);
        }
        if !held_for.is_zero() && all.available == 0 {
            moved = Instant::now();
        }
        if wave.is_none() {
            let selections = rest::selections(&view, layout, now_millis, LATE_BUYERS_MAX);
            let visits = selections.into_iter().map(|selection| {
                late_buyers += 1;
                admit(sale, Visitor::Late(late_buyers, selection), sale.clock.now_micros())
            });
            wave = Some(future::join_all(visits.collect::<Vec<_>>()));
        }
        // The next ones come when these have left: a slow server is not buried in late buyers.
        if let Some(visits) = &mut wave
            && tokio::time::timeout(WAVE_WATCH, visits).await.is_ok()
        {
            wave = None;
            tokio::time::sleep(LATE_PAUSE).await;
        }
    }
}

/// Waits until everybody has left.
async fn see_off(sale: &Sale, patience: Duration) {
    sale.buyers.close();
    if tokio::time::timeout(patience, sale.buyers.wait()).await.is_err() {
        sale.stop.cancel();
        sale.buyers.wait().await;
    }
}

/// The page: asks for the seats again and again, for as long as it is let.
async fn refresh(sale: &Sale, reader: &Reader, pause: Duration) {
    loop {
        // Without an answer the page stays as it was.
        let layout = &sale.map.layout;
        if let Ok(stock) = reader.stock(layout).await {
            let view = View::new(stock, layout);
            let is_over = rest::is_over(&view, layout, millis(sale.clock.now_micros()));
            sale.is_sold_out.store(is_over, Ordering::Relaxed);
            see(sale, view);
        }
        tokio::time::sleep(pause).await;
    }
}

/// The page shows what the server just said.
fn see(sale: &Sale, view: View) {
    sale.recorder.seen(sale.clock.now_micros(), view.all());
    sale.map.show(view);
}

/// The display, for as long as it is let.
async fn show(
    sale: &Sale,
    terms: &Terms,
    opened_micros: u64,
    in_flight: &crate::client::InFlight,
    progress: &dyn Progress,
) {
    loop {
        let (progressed, _) = sale.recorder.progressed();
        let elapsed_micros = sale.clock.now_micros().saturating_sub(opened_micros);
        progress.update(&Snapshot {
            elapsed: Duration::from_micros(elapsed_micros),
            arrived: progressed.arrived,
            buyers: terms.buyers,
            live: sale.buyers.len(),
            in_flight: in_flight.now(),
            settled: progressed.settled,
            rejected: progressed.rejected,
            seats: sale.map.view().all(),
            p99_ms: progressed.p99_ms,
        });
        tokio::time::sleep(PROGRESS_PAUSE).await;
    }
}
