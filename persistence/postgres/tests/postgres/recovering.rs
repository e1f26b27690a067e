//! A disk is gone: the shards are made again of what is in Postgres, and who wrote them before is
//! refused from then on.

use std::path::Path;

use inventory_engine::stop::StopReason;
use persistence::dir::DataDir;
use persistence::file::reader::JournalReader;
use persistence_postgres::claim::Refusal;
use persistence_postgres::compare::compare;
use persistence_postgres::recover::recover;
use persistence_postgres::{Database, Error, check_new_directory};
use servers::Postgres;

use crate::house::{House, Looks, assert_equal, database, digests};
use crate::sale::Sale;

async fn count(database: &Database, of: &'static str) -> i64 {
    let mut connection = database.connect().await.unwrap();
    sqlx::query_scalar(of).fetch_one(&mut connection).await.unwrap()
}

/// Until a question is answered by at least so many.
async fn until(database: &Database, of: &'static str, at_least: i64) {
    let mut looks = Looks::new();
    while count(database, of).await < at_least {
        looks.again().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_disk_comes_back_with_the_same_digests() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let lost = tempfile::tempdir().unwrap();
    let house = House::open(lost.path(), &database).await;
    let mut sale = Sale::new(11);
    sale.create(&house.handle(), 1, 900_000).await;
    sale.create(&house.handle(), 2, 900_000).await;
    sale.ask(&house.handle(), 500).await;
    house.caught_up().await;
    let path = house.close().await;
    let lived = digests(&path);

    // An empty directory is refused with the way out.
    let error = check_new_directory(&database).await.unwrap_err().to_string();
    assert!(error.contains("holdfast recover --from-postgres"), "{error}");
    assert!(error.contains("facts, the last of shard"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let found = folder.path().join("data");
    let recovered = recover(&database, &found).await.unwrap();
    assert_eq!(recovered.facts(), sale.accepted);
    assert_eq!(digests(&found), lived);

    // It goes on, and so does the projection; the old one may not.
    let house = House::open(&found, &database).await;
    sale.ask(&house.handle(), 200).await;
    house.caught_up().await;
    assert_eq!(count(&database, "SELECT count(*) FROM history").await as u64, sale.accepted);
    assert_eq!(count(&database, "SELECT sum(lsn)::bigint FROM shards").await as u64, sale.accepted);
    house.close().await;
    match House::try_open(&path, &database).await {
        Err(Error::Refused(refusal)) => {
            assert!(matches!(*refusal, Refusal::Superseded { .. }), "{refusal}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the old one may go on"),
    }
    // Nothing is behind the takeover that it had acknowledged.
    assert_eq!(std::fs::read_to_string(path.join("superseded.jsonl")).unwrap(), "");
    // A second loss, of the directory that was recovered.
    let again = folder.path().join("again");
    assert_eq!(recover(&database, &again).await.unwrap().facts(), sale.accepted);
    assert_eq!(digests(&again), digests(&found));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_stand_for_facts_that_are_gone() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let lost = tempfile::tempdir().unwrap();
    let house = House::open_archiving(lost.path(), &database).await;
    let mut sale = Sale::new(23);
    sale.create(&house.handle(), 1, 900_000).await;
    // Segments roll, snapshots are made of them and archived.
    let complete = "SELECT count(*) FROM snapshots WHERE completed_at IS NOT NULL";
    let newest = "SELECT max(snapshot) FROM snapshots WHERE completed_at IS NOT NULL";
    let mut looks = Looks::new();
    while count(&database, complete).await < 2 {
        sale.ask(&house.handle(), 500).await;
        looks.again().await;
    }
    let third = count(&database, newest).await + 1;
    while count(&database, newest).await < third {
        sale.ask(&house.handle(), 500).await;
        looks.again().await;
    }
    sale.ask(&house.handle(), 300).await;
    house.caught_up().await;
    assert!(count(&database, "SELECT min(first_lsn) FROM fact_batches").await > 1);
    assert_equal(&database, house.paths()).await;
    let path = house.close().await;

    let folder = tempfile::tempdir().unwrap();
    let found = folder.path().join("found");
    assert_eq!(recover(&database, &found).await.unwrap().facts(), sale.accepted);
    assert_eq!(digests(&found), digests(&path));
    // With the newest one damaged the older one does.
    damage(&database, count(&database, newest).await).await;
    let found = folder.path().join("again");
    assert_eq!(recover(&database, &found).await.unwrap().facts(), sale.accepted);
    assert_eq!(digests(&found), digests(&path));
    // With none that can be read there is a gap, which is told.
    damage(&database, count(&database, "SELECT min(snapshot) FROM snapshots").await).await;
    let found = folder.path().join("gap");
    let error = recover(&database, &found).await.unwrap_err();
    assert!(matches!(error, Error::ArchiveGap { .. }), "{error}");
    // What was made until then serves nobody, and may be begun anew.
    let opened = DataDir::open(&found).map(drop).unwrap_err().to_string();
    assert!(opened.contains("holdfast recover"), "{opened}");
    let error = recover(&database, &found).await.unwrap_err();
    assert!(matches!(error, Error::ArchiveGap { .. }), "{error}");
}

/// Flips some bits of an archived snapshot.
async fn damage(database: &Database, snapshot: i64) {
    let damage = "UPDATE snapshot_pieces SET image = set_byte(image, 20, get_byte(image, 20) # 255)
        WHERE snapshot = $1 AND length(image) > 60";
    let mut connection = database.connect().await.unwrap();
    let damaged = sqlx::query(damage).bind(snapshot).execute(&mut connection).await.unwrap();
    assert!(damaged.rows_affected() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_was_superseded_stops_and_lists_what_does_not_count() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let folder = tempfile::tempdir().unwrap();
    let old = House::open(&folder.path().join("old"), &database).await;
    let mut sale = Sale::new(31);
    sale.create(&old.handle(), 1, 900_000).await;
    sale.ask(&old.handle(), 200).await;
    old.caught_up().await;
    let before = sale.accepted;

    // Its projection is away while it is taken over: it acknowledges what nobody will know of.
    let (path, engine) = old.without_projection().await;
    sale.ask(&engine.handle(), 200).await;
    let acknowledged = sale.accepted - before;
    assert!(acknowledged > 20);
    let found = folder.path().join("new");
    assert_eq!(recover(&database, &found).await.unwrap().facts(), before);

    let house = House::of(engine, &path, &database);
    let reason = house.handle().stopper().stopped().await;
    assert!(matches!(reason, StopReason::Superseded { .. }), "{reason}");
    house.close().await;
    let listed = std::fs::read_to_string(path.join("superseded.jsonl")).unwrap();
    assert_eq!(listed.lines().count() as u64, acknowledged);
    assert_eq!(count(&database, "SELECT count(*) FROM history").await as u64, before);
    let facts = "SELECT sum(last_lsn - first_lsn + 1)::bigint FROM fact_batches";
    assert_eq!(count(&database, facts).await as u64, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_databases_and_older_copies_are_refused() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let house = House::open(&one, &database).await;
    let mut sale = Sale::new(41);
    sale.create(&house.handle(), 1, 900_000).await;
    house.caught_up().await;
    house.close().await;
    let copy = folder.path().join("copy");
    copy_folder(&one, &copy);

    let refusal = refused(&other, &database).await;
    assert!(matches!(refusal, Refusal::Foreign { .. }), "{refusal}");

    // A copy of the same age goes on, since nobody can tell it from the directory itself; then
    // the first one is behind it in epochs.
    let house = House::open(&copy, &database).await;
    let house = House::open(&house.close().await, &database).await;
    sale.ask(&house.handle(), 50).await;
    house.caught_up().await;
    house.close().await;
    let refusal = refused(&one, &database).await;
    assert!(matches!(refusal, Refusal::Copy { .. }), "{refusal}");
    // Once its epoch is high enough its facts are found missing.
    refused(&one, &database).await;
    let refusal = refused(&one, &database).await;
    assert!(matches!(refusal, Refusal::Ahead { .. }), "{refusal}");
    let comparison = compare(&database, &DataDir::open(&copy).unwrap().paths().clone()).await;
    assert_eq!(comparison.unwrap().differences, Vec::<String>::new());
}

async fn refused(path: &Path, database: &Database) -> Refusal {
    match House::try_open(path, database).await {
        Err(Error::Refused(refusal)) => *refusal,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_pruned_is_no_beginning() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let (first, second) = (database(&postgres, "one").await, database(&postgres, "two").await);
    let folder = tempfile::tempdir().unwrap();
    let house = House::open_keeping_no_history(folder.path(), &first).await;
    let mut sale = Sale::new(53);
    sale.create(&house.handle(), 1, 900_000).await;
    let mut looks = Looks::new();
    while JournalReader::of(house.paths()).unwrap().begins_with() == 1 {
        sale.ask(&house.handle(), 500).await;
        looks.again().await;
    }
    house.caught_up().await;
    let path = house.close().await;
    let refusal = refused(&path, &second).await;
    assert!(matches!(refusal, Refusal::Pruned { next: 1, .. }), "{refusal}");
    // The one that has what was pruned goes on.
    House::open(&path, &first).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_and_nothing_made_of_nothing() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let folder = tempfile::tempdir().unwrap();
    let error = recover(&database, &folder.path().join("new")).await.unwrap_err();
    assert!(matches!(error, Error::NothingThere), "{error}");
    check_new_directory(&database).await.unwrap();

    let house = House::open(&folder.path().join("old"), &database).await;
    Sale::new(3).create(&house.handle(), 1, 900_000).await;
    house.caught_up().await;
    let path = house.close().await;
    let error = recover(&database, &path).await.unwrap_err().to_string();
    assert!(error.contains("has something in it"), "{error}");
    // Nothing was taken over by that.
    House::open(&path, &database).await.close().await;
    until(&database, "SELECT count(*) FROM shards", 256).await;
    assert_eq!(count(&database, "SELECT count(*) FROM takeovers").await, 0);
}
