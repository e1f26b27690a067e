//! Facts come to Postgres, each once, whatever breaks in between.

use persistence_postgres::compare::compare;
use servers::Postgres;
use sqlx::Connection;

use crate::house::{House, Looks, assert_equal, database};
use crate::sale::{HOLD_MILLIS, Sale};

#[tokio::test(flavor = "multi_thread")]
async fn every_table_says_what_the_journal_says() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &database).await;
    let handle = house.handle();
    let mut sale = Sale::new(7);
    sale.create(&handle, 1, HOLD_MILLIS).await;
    sale.create(&handle, u64::MAX - 3, 900_000).await;
    sale.ask(&handle, 1_000).await;
    let mut connection = database.connect().await.unwrap();
    let expired = "SELECT count(*) FROM history WHERE change = 'hold_expired'";
    let mut looks = Looks::new();
    while sqlx::query_scalar::<_, i64>(expired).fetch_one(&mut connection).await.unwrap() < 3 {
        looks.again().await;
    }
    sale.ask(&handle, 500).await;
    sale.close_first(&handle).await;
    house.caught_up().await;
    let comparison = assert_equal(&database, house.paths()).await;
    assert!(comparison.facts > sale.accepted, "some holds ran out: {comparison}");
    let path = house.close().await;

    // Another life goes on where this one was.
    let house = House::open(&path, &database).await;
    let before = sale.accepted;
    sale.ask(&house.handle(), 300).await;
    house.caught_up().await;
    let after = assert_equal(&database, house.paths()).await;
    assert!(after.facts - comparison.facts >= sale.accepted - before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_by_hand_is_found_in_each_table() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &database).await;
    let mut sale = Sale::new(5);
    sale.create(&house.handle(), 1, 900_000).await;
    // The archive has two parts of it.
    house.caught_up().await;
    sale.ask(&house.handle(), 300).await;
    house.caught_up().await;
    assert_equal(&database, house.paths()).await;
    let changes = [
        "UPDATE seats SET label = 'other' WHERE seat = 3",
        "UPDATE seats SET hold_id = gen_random_uuid() WHERE seat = 4",
        "DELETE FROM seats WHERE seat = 5",
        "UPDATE events SET name = 'other'",
        "UPDATE holds SET spots_left = spots_left + 1
            WHERE hold_id = (SELECT min(hold_id::text)::uuid FROM holds)",
        "DELETE FROM allocations
            WHERE allocation_id = (SELECT min(allocation_id::text)::uuid FROM allocations)",
        "UPDATE area_places SET allocated = allocated + 1",
        "INSERT INTO area_places VALUES (1, 0, 17, 1, 0, 0)",
        "UPDATE ticket_types SET quota = 7 WHERE ticket_type = 1",
        "UPDATE areas SET capacity = capacity + 1",
        "UPDATE fact_batches SET facts = facts || '\\x00'
            WHERE first_lsn = (SELECT max(first_lsn) FROM fact_batches)",
        "DELETE FROM fact_batches WHERE first_lsn = (SELECT min(first_lsn) FROM fact_batches
            WHERE first_lsn > 1)",
        "UPDATE fact_batches SET digest = decode(repeat('ab', 16), 'hex')",
        "UPDATE shards SET lsn = lsn + 1 WHERE lsn > 0",
    ];
    let mut known = Vec::new();
    for change in changes {
        let mut connection = database.connect().await.unwrap();
        let mut before = connection.begin().await.unwrap();
        let changed = sqlx::query(change).execute(&mut *before).await.unwrap();
        assert!(changed.rows_affected() > 0, "{change}");
        before.commit().await.unwrap();
        let comparison = compare(&database, house.paths()).await.unwrap();
        let is_new = |difference: &String| !known.contains(difference);
        assert!(comparison.differences.iter().any(is_new), "{change}: {comparison}");
        known = comparison.differences;
    }
    house.close().await;
}
