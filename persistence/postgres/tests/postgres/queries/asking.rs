//! The page's SQL, asked as `psql` would: variables put in as text, answers as text.

use inventory_core::ids::EventId;
use persistence_postgres::Database;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Column, PgConnection, Row, TypeInfo, ValueRef};

const PAGE: &str = include_str!("../../../../../docs/queries.md");

/// What the page asks, each with its heading.
pub(crate) struct Page {
    pub(crate) questions: Vec<(String, String)>,
}

impl Page {
    pub(crate) fn read() -> Self {
        let (mut questions, mut heading, mut sql) = (Vec::new(), String::new(), None);
        for line in PAGE.lines() {
            match (line, &mut sql) {
                ("```sql", None) => sql = Some(String::new()),
                ("```", Some(text)) => {
                    questions.push((heading.clone(), std::mem::take(text)));
                    sql = None;
                }
                (line, Some(text)) => {
                    text.push_str(line);
                    text.push('\n');
                }
                (line, None) => {
                    if let Some(title) = line.strip_prefix("## ") {
                        title.clone_into(&mut heading);
                    }
                }
            }
        }
        assert!(sql.is_none(), "{heading} has SQL without an end");
        Self { questions }
    }
}

/// A connection, and the question that is asked over it.
pub(crate) struct Asking {
    connection: PgConnection,
    pub(crate) sql: String,
    /// Rows that came since the last question.
    pub(crate) rows: usize,
}

/// An answer: for each column that was asked for, its text. Times are milliseconds, ids 32 digits,
/// and what is not there is `-`.
pub(crate) type Answer = Vec<Vec<String>>;

impl Asking {
    pub(crate) async fn new(database: &Database) -> Self {
        let mut connection = database.connect().await.unwrap();
        sqlx::query("SET TIME ZONE 'UTC'").execute(&mut connection).await.unwrap();
        Self { connection, sql: String::new(), rows: 0 }
    }

    /// Asks about an event.
    pub(crate) async fn about(
        &mut self,
        event_id: EventId,
        variables: &[(&str, &str)],
        columns: &[&str],
    ) -> Answer {
        let event = event_id.0.cast_signed().to_string();
        let variables = [&[("event", event.as_str())], variables].concat();
        self.ask(&variables, columns).await
    }

    /// Asks, and takes these columns of the answer.
    pub(crate) async fn ask(&mut self, variables: &[(&str, &str)], columns: &[&str]) -> Answer {
        let mut sql = self.sql.clone();
        for (name, value) in variables {
            let quoted = format!("'{}'", value.replace('\'', "''"));
            sql = sql.replace(&format!(":'{name}'"), &quoted);
            // A plain one is a number.
            sql = sql.replace(&format!(":{name}"), value);
        }
        let is_complete = !sql.contains(":'") && !sql.contains(" :") && !sql.contains("(:");
        assert!(is_complete, "a variable is missing: {sql}");
        let asked = sqlx::raw_sql(AssertSqlSafe(sql.clone())).fetch_all(&mut self.connection);
        let rows = asked.await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        self.rows += rows.len();
        let cells = |row: &PgRow| columns.iter().map(|column| cell(row, column)).collect();
        rows.iter().map(cells).collect()
    }

    /// Does something beside the question.
    pub(crate) async fn execute(&mut self, sql: &'static str) -> u64 {
        sqlx::raw_sql(sql).execute(&mut self.connection).await.unwrap().rows_affected()
    }
}

fn cell(row: &PgRow, column: &str) -> String {
    let value = row.try_get_raw(column).unwrap();
    if value.is_null() {
        return "-".to_owned();
    }
    let text = value.as_str().unwrap();
    match row.column(column).type_info().name() {
        "TIMESTAMPTZ" => {
            let time: jiff::Timestamp = text.parse().unwrap();
            time.as_millisecond().to_string()
        }
        "UUID" => text.replace('-', ""),
        "BOOL" => (text == "t").to_string(),
        _ => text.to_owned(),
    }
}

/// A row to expect.
pub(crate) fn row<const N: usize>(cells: [&dyn ToString; N]) -> Vec<String> {
    cells.map(ToString::to_string).to_vec()
}

/// The text of what may not be there.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Rows in an order that does not depend on a collation.
pub(crate) fn sorted(mut rows: Answer) -> Answer {
    rows.sort_unstable();
    rows
}

/// A hundredfold share with one decimal, halves rounded up.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let tenths = (2_000 * part + whole) / (2 * whole);
    format!("{}.{}", tenths / 10, tenths % 10)
}
