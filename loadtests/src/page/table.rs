//! Tables: with a caption, a header to each column, numbers to the right, and a way to scroll
//! where the screen is narrower than they are.

use std::fmt::Write as _;

use super::markup::esc;

/// A column and how its cells are set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    name: &'static str,
    class: &'static str,
}

impl Column {
    pub(super) fn number(name: &'static str) -> Self {
        Self { name, class: "number" }
    }

    /// A word or two that should stay in one line.
    pub(super) fn word(name: &'static str) -> Self {
        Self { name, class: "word" }
    }

    pub(super) fn text(name: &'static str) -> Self {
        Self { name, class: "text" }
    }
}

/// Rows of text; every cell is escaped.
pub(super) struct Table {
    caption: String,
    columns: Vec<Column>,
    rows: String,
}

impl Table {
    pub(super) fn new(caption: &str, columns: Vec<Column>) -> Self {
        Self { caption: caption.to_owned(), columns, rows: String::new() }
    }

    /// One cell a column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push_str("<tr>");
        for (column, cell) in self.columns.iter().zip(cells) {
            let _ = write!(self.rows, "<td class=\"{}\">{}</td>", column.class, esc(&cell));
        }
        self.rows.push_str("</tr>\n");
    }

    pub(super) fn html(&self) -> String {
        let caption = esc(&self.caption);
        // With explanations there is little room on a phone: the rows are set as cards there.
        let is_explained = self.columns.iter().any(|column| column.class == "text");
        let class = if is_explained { " class=\"explained\"" } else { "" };
        let mut html = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\
             <table{class}><caption>{caption}</caption><thead><tr>"
        );
        for Column { name, class } in &self.columns {
            let _ = write!(html, "<th scope=\"col\" class=\"{class}\">{}</th>", esc(name));
        }
        let _ = write!(html, "</tr></thead><tbody>\n{}</tbody></table></div>\n", self.rows);
        html
    }

    /// To be opened by who wants to see it.
    pub(super) fn folded(&self, summary: &str) -> String {
        format!("<details><summary>{}</summary>\n{}</details>\n", esc(summary), self.html())
    }
}
