//! Every question of docs/queries.md, asked of a real sale; each answer held against what the
//! journal of that sale says.

mod answers;
mod asking;
mod at_a_moment;
mod buyers;
mod sales;
mod truth;

use servers::Postgres;

use self::asking::{Asking, Page};
use self::truth::{EVENTS, Truth};
use crate::house::{House, assert_equal, database};
use crate::sale::{HOLD_MILLIS, Sale};

/// Questions that the page has at least.
const QUESTIONS_MIN: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn every_question_of_the_page_is_answered_as_the_journal_says() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let database = database(&postgres, "sale").await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder.path().join("data"), &database).await;
    let [short, long, few] = EVENTS;
    let mut sale = Sale::new(77);
    sale.create(&house.handle(), short.0, HOLD_MILLIS).await;
    sale.create(&house.handle(), long.0, 900_000).await;
    // Somebody holds here and buys nothing.
    let mut small = Sale::new(9);
    small.create(&house.handle(), few.0, 900_000).await;
    small.ask(&house.handle(), 40).await;
    // Until some holds ran out.
    while Truth::read(house.paths()).count("hold_expired") < 5 {
        sale.ask(&house.handle(), 100).await;
    }
    sale.ask(&house.handle(), 200).await;
    house.caught_up().await;
    assert_equal(&database, house.paths()).await;
    let paths = house.paths().clone();
    // From here on nothing changes but the time.
    house.close().await;
    let truth = Truth::read(&paths);
    at_a_moment::maps(&database, &truth).await;
    let again = folder.path().join("again");

    let page = Page::read();
    assert!(page.questions.len() >= QUESTIONS_MIN, "{}", page.questions.len());
    let mut asking = Asking::new(&database).await;
    for (question, sql) in page.questions {
        asking.sql = sql;
        let asked = &mut asking;
        match question.as_str() {
            "Where does the sale stand?" => sales::sections(asked, &truth).await,
            "What is left of each price?" => sales::categories(asked, &truth).await,
            "What is it sold as?" => sales::ticket_types(asked, &truth).await,
            "How does it sell, hour by hour?" => sales::hours(asked, &truth).await,
            "Through which door?" => sales::doors(asked, &truth).await,
            "How many holds become sales?" => sales::conversion(asked, &truth).await,
            "What is off sale?" => sales::off_sale(asked, &truth).await,
            "What came back?" => sales::returns(asked, &truth).await,
            "What does a buyer have?" => buyers::belongings(asked, &truth).await,
            "Why did I lose my seat?" => buyers::lost_seats(asked, &truth).await,
            "What happened to a seat?" => buyers::seat_histories(asked, &truth).await,
            "Which holds run out soon?" => buyers::running_out(asked, &truth).await,
            "Who holds long and buys nothing?" => buyers::hoarders(asked, &truth).await,
            "What did the seats look like at a moment?" => at_a_moment::seats(asked, &truth).await,
            "How full were the areas at a moment?" => at_a_moment::areas(asked, &truth).await,
            "Do the totals agree?" => answers::totals(asked, &truth).await,
            "How far is Postgres?" => answers::progress(asked, &truth).await,
            "What was taken over?" => {
                answers::takeovers(asked, &truth, &database, &again).await;
            }
            other => panic!("nothing checks what comes out of {other:?}"),
        }
        assert!(asking.rows > 0, "{question} had no answer at all");
    }
}

#[test]
fn a_page_says_each_question_once_with_its_sql() {
    let page = Page::read();
    for (question, sql) in &page.questions {
        let same = page.questions.iter().filter(|(other, _)| other == question);
        assert_eq!(same.count(), 1, "{question}");
        assert!(sql.trim_end().ends_with(';'), "{question}");
    }
}
