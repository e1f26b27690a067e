//! JSON as people write it: an object of an object on lines of its own, what belongs together on
//! one line. Numbers and texts are written as the canonical form writes them.

use std::fmt::Write;

use crate::canonical::Number;

/// An object that is being written.
pub(super) struct Object<'o> {
    out: &'o mut String,
    /// The spaces in front of its brackets, where each field has a line; nothing on one line.
    indent: Option<usize>,
    has_fields: bool,
}

impl<'o> Object<'o> {
    /// One with a line a field.
    pub(super) fn new(out: &'o mut String, indent: usize) -> Self {
        out.push('{');
        Self { out, indent: Some(indent), has_fields: false }
    }

    /// One on a single line.
    pub(super) fn inline(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, indent: None, has_fields: false }
    }

    /// The spaces in front of the lines within it.
    fn inner_indent(&self) -> usize {
        self.indent.map_or(0, |indent| indent + 2)
    }

    fn name(&mut self, name: &str) -> &mut String {
        if std::mem::replace(&mut self.has_fields, true) {
            self.out.push(',');
            if self.indent.is_none() {
                self.out.push(' ');
            }
        }
        if self.indent.is_some() {
            new_line(self.out, self.inner_indent());
        }
        let _ = write!(self.out, "\"{name}\": ");
        self.out
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        json(self.name(name), text);
    }

    /// A text, unless it is what it would be taken for without being there.
    pub(super) fn text_unless(&mut self, usual: &str, name: &str, text: &str) {
        if text != usual {
            self.text(name, text);
        }
    }

    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub(super) fn number(&mut self, name: &str, number: f64) {
        json(self.name(name), &Number(number));
    }

    /// A flag that is only there where it is set.
    pub(super) fn flag(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.name(name).push_str("true");
        }
    }

    /// JSON that is written already.
    pub(super) fn value(&mut self, name: &str, json: Option<String>) {
        if let Some(json) = json {
            self.name(name).push_str(&json);
        }
    }

    /// A list that is written element by element, each on a line of its own.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        indent: usize,
        items: &[T],
        write: impl Fn(&mut String, &T),
    ) {
        let out = self.name(name);
        out.push('[');
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            new_line(out, indent + 2);
            write(out, item);
        }
        if !items.is_empty() {
            new_line(out, indent);
        }
        out.push(']');
    }

    pub(super) fn end(self) {
        if let Some(indent) = self.indent.filter(|_| self.has_fields) {
            new_line(self.out, indent);
        }
        self.out.push('}');
    }
}

/// A list of an object with a line a field; an empty one is not written.
pub(super) fn list<T>(
    object: &mut Object<'_>,
    name: &str,
    items: &[T],
    write: impl Fn(&mut String, &T),
) {
    if !items.is_empty() {
        let indent = object.inner_indent();
        object.list(name, indent, items, write);
    }
}

fn new_line(out: &mut String, indent: usize) {
    let _ = write!(out, "\n{:indent$}", "");
}

fn json(out: &mut String, value: &(impl serde::Serialize + ?Sized)) {
    let text = serde_json::to_string(value);
    out.push_str(&text.expect("texts and finite numbers can be written"));
}
