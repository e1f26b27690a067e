//! Puts mistakes into the text of a file: where the right text stood, the wrong one stands as
//! well, and a switch decides between the two when the program runs.
//!
//! Must always hold: no mistake is put anywhere but where it was meant. The text around it has to
//! be there exactly once, or the list has gone stale and the test says so.

use std::collections::BTreeMap;

use crate::mistakes::{Edit, Mistake};

/// The crate that every other one knows; its copy has the switch.
const CORE: &str = "inventory-engine/core/src/";
const CORE_ROOT: &str = "inventory-engine/core/src/lib.rs";

/// What tells the program which mistake it makes.
pub(crate) const SWITCH: &str = "HOLDFAST_PLANTED";

/// A place of a text, from one byte up to, not with, another.
type Place = (usize, usize);

/// The text of a file with all mistakes that are in it; `None` if none is.
pub(crate) fn plant(
    path: &str,
    text: &str,
    mistakes: &[Mistake],
) -> Result<Option<String>, String> {
    let mut places: BTreeMap<Place, Vec<(&Mistake, &Edit)>> = BTreeMap::new();
    for mistake in mistakes {
        for edit in mistake.edits.iter().filter(|edit| edit.path == path) {
            let place = place_of(text, edit).map_err(|why| format!("{}: {why}", mistake.name))?;
            places.entry(place).or_default().push((mistake, edit));
        }
    }
    if places.is_empty() && path != CORE_ROOT {
        return Ok(None);
    }
    let (mut planted, mut end_before) = (String::new(), 0);
    for (&(start, end), edits) in &places {
        if start < end_before {
            return Err(format!("{}: it lies within another mistake", edits[0].0.name));
        }
        planted.push_str(&text[end_before..start]);
        planted.push_str(&either(path, &text[start..end], edits));
        end_before = end;
    }
    planted.push_str(&text[end_before..]);
    if path == CORE_ROOT {
        planted.push_str(&switch());
    }
    Ok(Some(planted))
}

/// Where an edit belongs.
fn place_of(text: &str, edit: &Edit) -> Result<Place, String> {
    let around = once(text, edit.around).map_err(|why| format!("{}: {why}", edit.path))?;
    let within = once(edit.around, edit.right).map_err(|why| format!("{}: {why}", edit.path))?;
    Ok((around + within, around + within + edit.right.len()))
}

fn once(text: &str, part: &str) -> Result<usize, String> {
    let mut places = text.match_indices(part).map(|(place, _)| place);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (None, _) => Err(format!("{part:?} is not there any more")),
        (Some(_), Some(_)) => Err(format!("{part:?} is there more than once")),
    }
}

/// The right text, and the wrong ones behind their switches.
fn either(path: &str, right: &str, edits: &[(&Mistake, &Edit)]) -> String {
    let home = if path.starts_with(CORE) { "crate" } else { "inventory_core" };
    let wrong = edits.iter().map(|(Mistake { name, .. }, Edit { wrong, .. })| {
        format!("if {home}::planted(\"{name}\") {{ {wrong} }} else ")
    });
    let either = format!("{}{{ {right} }}", wrong.collect::<String>());
    // What is no statement may stand in the middle of an expression.
    if right.ends_with(';') { either } else { format!("({either})") }
}

fn switch() -> String {
    format!(
        r#"
/// Whether the program makes this mistake.
pub fn planted(mistake: &str) -> bool {{
    static PLANTED: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PLANTED.get_or_init(|| std::env::var("{SWITCH}").unwrap_or_default()) == mistake
}}
"#
    )
}

#[test]
fn a_mistake_goes_where_it_was_meant_or_nowhere() {
    let edit = |around, right, wrong| Edit { path: "persistence/src/a.rs", around, right, wrong };
    let planted = |edits: &'static [Edit]| {
        let mistakes = [Mistake { name: "one", breaks: "", edits }];
        plant("persistence/src/a.rs", "a(1); b(1); c(1 + 2);", &mistakes)
    };
    let edits = Box::leak(Box::new([edit("a(1);", "a(1);", ""), edit("1 + 2", "1 + 2", "1")]));
    let expected = "if inventory_core::planted(\"one\") {  } else { a(1); } b(1); \
                    c((if inventory_core::planted(\"one\") { 1 } else { 1 + 2 }));";
    assert_eq!(planted(edits), Ok(Some(expected.to_owned())));
    for (around, why) in [("(1)", "more than once"), ("d(1)", "not there any more")] {
        let edits = Box::leak(Box::new([edit(around, "1", "2")]));
        let error = planted(edits).expect_err("it has no place");
        assert!(error.starts_with("one: ") && error.contains(why), "{error}");
    }
    let edits = Box::leak(Box::new([edit("1 + 2", "1 + 2", "3"), edit("+ 2", "2", "3")]));
    assert!(planted(edits).expect_err("they overlap").contains("within another"));
}
