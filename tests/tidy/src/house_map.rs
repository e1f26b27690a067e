//! The map of the house in ARCHITECTURE.md is true: every folder on it exists, and every crate of
//! the workspace is on it.
//!
//! The map is the first block of code whose lines begin with folders (`core/`), each indented
//! below the folder that it is in; or it writes a path in one piece (`inventory-engine/core/`).

use std::collections::BTreeSet;

use crate::breach::Breach;
use crate::lexer::is_name_letter;
use crate::manifest::Member;
use crate::repository::Repository;

const PAGE: &str = "ARCHITECTURE.md";
const RULE: &str = "The map in ARCHITECTURE.md is the house as it is.";
/// Fewer folders are an example, not a map.
const FOLDERS_MIN: usize = 3;

/// Where the map and the house differ. A house without the page has no map to be wrong.
pub fn check(repository: &Repository, members: &[Member]) -> Vec<Breach> {
    let Some(page) = repository.file(PAGE) else { return Vec::new() };
    let breach =
        |line, found, remedy| Breach { path: PAGE.to_owned(), line, rule: RULE, found, remedy };
    let map = folders_of_map(&page.text);
    if map.is_empty() {
        let found = "there is no map".to_owned();
        return vec![breach(None, found, "draw the folders in a block of code, one a line")];
    }
    let gone = map.iter().filter(|(_, folder)| !repository.folders.contains(folder));
    let mut breaches: Vec<_> = gone
        .map(|(line, folder)| {
            breach(Some(*line), format!("{folder}/ does not exist"), "take it off the map")
        })
        .collect();
    let drawn: BTreeSet<&str> = map.iter().map(|(_, folder)| &**folder).collect();
    let missing = members.iter().filter(|member| !drawn.contains(member.folder()));
    breaches.extend(missing.map(|member| {
        let found = format!("the crate in {}/ is not on it", member.folder());
        breach(None, found, "draw it, with what it is for")
    }));
    breaches
}

/// The folders of the first block that is a map, with the numbers of their lines.
fn folders_of_map(page: &str) -> Vec<(usize, String)> {
    let mut block = Vec::new();
    let mut is_fenced = false;
    for (number, line) in (1..).zip(page.lines().chain([""])) {
        let is_fence = line.trim_start().starts_with("```");
        let is_code = !is_fence && (is_fenced || line.starts_with("    "));
        if is_fence {
            is_fenced = !is_fenced;
        }
        if is_code {
            block.push((number, line));
        } else {
            let folders = folders_of_block(&block);
            if folders.len() >= FOLDERS_MIN {
                return folders;
            }
            block.clear();
        }
    }
    Vec::new()
}

fn folders_of_block(block: &[(usize, &str)]) -> Vec<(usize, String)> {
    let mut folders: Vec<(usize, String)> = Vec::new();
    // The folders that the line at hand is in, with the columns where they stand.
    let mut around: Vec<(usize, String)> = Vec::new();
    for (number, line) in block {
        // Lines of a drawn tree may stand in front.
        let column = line.chars().take_while(|letter| !is_path_letter(*letter)).count();
        let entry: String = line.chars().skip(column).take_while(|c| is_path_letter(*c)).collect();
        let Some(name) = entry.strip_suffix('/') else { continue };
        while around.last().is_some_and(|(outer, _)| *outer >= column) {
            around.pop();
        }
        let path = match around.last() {
            Some((_, outer)) => format!("{outer}/{name}"),
            None => name.to_owned(),
        };
        around.push((column, path.clone()));
        folders.push((*number, path));
    }
    folders
}

fn is_path_letter(letter: char) -> bool {
    is_name_letter(letter) || matches!(letter, '/' | '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    const PAGE_TEXT: &str = "# The house

    ls some/

```text
Cargo.toml    versions
holdfast/     the binary
engine/       the engine, which decides
              nothing by itself
  core/       the rules
  src/        shards and so on
tests/tidy/   rules of another kind
```
";

    fn house(page: &str, folders: &[&str]) -> Repository {
        Repository {
            folders: folders.iter().map(|folder| (*folder).to_owned()).collect(),
            files: vec![TextFile::new(PAGE, page)],
        }
    }

    fn member(folder: &str) -> Member {
        Member::parse(format!("{folder}/Cargo.toml"), "[package]\nname = \"x\"").unwrap()
    }

    #[test]
    fn folders_are_read_with_what_they_are_in() {
        let folders: Vec<_> =
            folders_of_map(PAGE_TEXT).into_iter().map(|(_, folder)| folder).collect();
        assert_eq!(folders, ["holdfast", "engine", "engine/core", "engine/src", "tests/tidy"]);
        let drawn = "```\n├── a/\n│   └── b/\n└── c/\n```";
        let folders: Vec<_> = folders_of_map(drawn).into_iter().map(|(_, folder)| folder).collect();
        assert_eq!(folders, ["a", "a/b", "c"]);
    }

    #[test]
    fn a_folder_that_is_gone_and_a_crate_that_is_not_drawn_are_found() {
        let page = "    a/  one\n      b/  two\n    c/  three\n";
        let members = [member("a"), member("a/b"), member("d")];
        let found: Vec<_> = check(&house(page, &["a", "c"]), &members)
            .into_iter()
            .map(|breach| breach.found)
            .collect();
        assert_eq!(found, ["a/b/ does not exist", "the crate in d/ is not on it"]);
        assert_eq!(check(&house(page, &["a", "a/b", "c"]), &members[..2]), []);
    }

    #[test]
    fn a_page_without_a_map_is_found_and_no_page_is_fine() {
        assert_eq!(check(&house("# The house\n", &[]), &[])[0].found, "there is no map");
        assert_eq!(check(&Repository::default(), &[member("a")]), []);
    }
}
