//! A real Postgres, asked for what it has to refuse. One for each way to choose, since making one
//! takes longer than all that is asked of it.

use std::time::Duration;

use super::*;
use crate::testing::until_confirmed;

fn hold(id: i64, owner: &str) -> Hold {
    Hold { id, owner: owner.to_owned() }
}

fn seats(seats: [u32; 2]) -> Pick {
    Pick { event: 0, seats }
}

async fn desk(postgres: &Postgres) -> Desk {
    let connection = PgConnection::connect_with(&postgres.options).await.unwrap();
    Desk { connection, choice: postgres.choice }
}

/// Waits until a hold has run out.
async fn run_out(desk: &mut Desk, id: i64) {
    let lives = "SELECT 1 FROM holds WHERE id = $1 AND ends_at > now()";
    let mut lives = async || {
        let query = sqlx::query(lives).bind(id);
        query.fetch_optional(&mut desk.connection).await.unwrap().is_some()
    };
    while lives().await {}
}

#[tokio::test]
async fn by_id_it_refuses_what_holdfast_refuses() {
    let postgres = Postgres::start(Choice::ById).await.unwrap();
    refuses_what_is_taken(&postgres).await;
    gives_one_of_many_the_seat(&postgres).await;
    loads(&postgres).await;
}

#[tokio::test]
async fn best_available_finds_what_is_free_and_refuses_the_rest() {
    let postgres = Postgres::start(Choice::BestAvailable).await.unwrap();
    finds_what_is_free(&postgres).await;
    gives_each_of_many_their_own(&postgres).await;
    loads(&postgres).await;
}

async fn refuses_what_is_taken(postgres: &Postgres) {
    postgres.prepare(1, 100).await.unwrap();
    let mut desk = desk(postgres).await;
    let (ann, bob, cid) = (hold(1, "ann"), hold(2, "bob"), hold(3, "cid"));
    assert!(desk.place(&ann, &seats([1, 2]), 60_000).await.unwrap());
    assert!(!desk.place(&bob, &seats([2, 3]), 60_000).await.unwrap(), "seat 2 is held");
    assert!(!desk.place(&bob, &seats([3, 100]), 60_000).await.unwrap(), "there is no seat 100");
    for fate in [Fate::Allocate, Fate::Release] {
        assert!(!desk.end(&hold(1, "bob"), fate).await.unwrap(), "the hold is ann's");
    }
    assert!(desk.end(&ann, Fate::Allocate).await.unwrap());
    assert!(!desk.end(&ann, Fate::Allocate).await.unwrap(), "it is sold already");
    assert!(!desk.place(&bob, &seats([3, 2]), 60_000).await.unwrap(), "seat 2 is sold");
    assert!(desk.place(&bob, &seats([4, 3]), 1).await.unwrap());
    run_out(&mut desk, bob.id).await;
    assert!(!desk.end(&bob, Fate::Allocate).await.unwrap(), "its time is up");
    assert!(desk.place(&cid, &seats([3, 5]), 60_000).await.unwrap(), "seat 3 is free again");
    assert!(desk.end(&cid, Fate::Release).await.unwrap());
    assert!(desk.place(&hold(4, "dan"), &seats([3, 5]), 60_000).await.unwrap());
}

async fn finds_what_is_free(postgres: &Postgres) {
    postgres.prepare(1, 5).await.unwrap();
    let mut desk = desk(postgres).await;
    let any = seats([0, 0]);
    let (ann, bob, cid) = (hold(1, "ann"), hold(2, "bob"), hold(3, "cid"));
    assert!(desk.place(&ann, &any, 60_000).await.unwrap());
    assert!(desk.place(&bob, &any, 1).await.unwrap());
    run_out(&mut desk, bob.id).await;
    assert!(desk.place(&cid, &any, 60_000).await.unwrap(), "bob's seats are free again");
    assert!(!desk.end(&bob, Fate::Release).await.unwrap(), "they are cid's");
    assert!(!desk.place(&hold(4, "dan"), &any, 60_000).await.unwrap(), "one seat is left");
    assert!(desk.end(&ann, Fate::Release).await.unwrap());
    assert!(desk.end(&cid, Fate::Allocate).await.unwrap());
    let left = "SELECT seat FROM seats WHERE sold_to IS NULL ORDER BY seat";
    let left = sqlx::query_scalar::<_, i32>(left).fetch_all(&mut desk.connection);
    assert_eq!(left.await.unwrap(), [0, 1, 4]);
}

async fn loads(postgres: &Postgres) {
    let load = Load {
        events: 1,
        seats: 1_000,
        clients: 4,
        depth: 1,
        warm_up: Duration::from_millis(10),
        measured: Duration::ZERO,
        seed: 1,
    };
    let round = async |measured| postgres.run(&Load { measured, ..load.clone() }).await;
    let measured = until_confirmed(round).await.unwrap();
    assert_eq!(measured.refused, 0, "no two picks have a seat in common");
}

/// Everybody wants one of two overlapping pairs at the same time: of each three seats two are
/// taken, by one hold.
async fn gives_one_of_many_the_seat(postgres: &Postgres) {
    postgres.prepare(1, 300).await.unwrap();
    let mut crowd = JoinSet::new();
    for number in 0..6_u32 {
        let mut desk = desk(postgres).await;
        crowd.spawn(async move {
            let mut placed = 0;
            for first in (0..300).step_by(3) {
                let pair =
                    if number % 2 == 0 { [first, first + 1] } else { [first + 2, first + 1] };
                let hold = hold(i64::from(first * 100 + number), "someone");
                placed += u32::from(desk.place(&hold, &seats(pair), 60_000).await.unwrap());
            }
            placed
        });
    }
    let placed: u32 = crowd.join_all().await.into_iter().sum();
    assert_eq!(placed, 100);
}

/// Nobody gets what somebody else has locked, and nobody waits for it.
async fn gives_each_of_many_their_own(postgres: &Postgres) {
    postgres.prepare(1, 100).await.unwrap();
    let mut crowd = JoinSet::new();
    for number in 0..5 {
        let mut desk = desk(postgres).await;
        crowd.spawn(async move {
            for id in (number..50).step_by(5) {
                let is_placed = desk.place(&hold(id, "someone"), &seats([0, 0]), 60_000).await;
                assert!(is_placed.unwrap(), "there are as many seats as are asked for");
            }
        });
    }
    crowd.join_all().await;
    let mut desk = desk(postgres).await;
    let held = "SELECT count(DISTINCT seat) FROM holds, unnest(seats) seat";
    let held = sqlx::query_scalar::<_, i64>(held).fetch_one(&mut desk.connection);
    assert_eq!(held.await.unwrap(), 100);
}
