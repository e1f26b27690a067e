//! A Rust file as the rules see it: its code and comments apart, its `use` trees spread out, and
//! which of its lines are tests.
//!
//! Test code is what lies in a folder `tests` or `benches`, what `#[test]` or `#[cfg(test)]`
//! stands in front of, and every file of a module that is declared with `#[cfg(test)]`.

use std::ops::Range;

use crate::lexer::{self, find_words, has_words, is_name_letter};
use crate::repository::TextFile;

/// A Rust file.
#[derive(Clone, Debug)]
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Without comments and literals, in the same lines and columns.
    pub code: String,
    /// Without literals.
    pub prose: String,
    is_test: bool,
    /// Bytes of `code` that are tests.
    test_ranges: Vec<Range<usize>>,
}

impl Source {
    /// A file by itself.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let lexer::Views { code, prose } = lexer::split(&text);
        let is_test = path.split('/').any(|part| matches!(part, "tests" | "benches"));
        let test_ranges = test_items(&code).into_iter().map(|item| item.range).collect();
        Self { path, text, code, prose, is_test, test_ranges }
    }

    /// All Rust files of a repository, each knowing whether another declares it a test.
    pub fn all<'a>(files: impl IntoIterator<Item = &'a TextFile>) -> Vec<Self> {
        let rust = files.into_iter().filter(|file| file.extension() == "rs");
        let mut sources: Vec<_> = rust.map(|file| Self::new(&*file.path, &*file.text)).collect();
        let modules: Vec<String> = sources.iter().flat_map(Self::test_modules).collect();
        for source in &mut sources {
            let module = source.path.trim_end_matches(".rs");
            source.is_test |= modules.iter().any(|test| {
                module
                    .strip_prefix(test.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
        }
        sources
    }

    /// The modules that `#[cfg(test)] mod name;` declares, as paths without their endings.
    fn test_modules(&self) -> Vec<String> {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let folder = match name {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            _ => format!("{folder}/{}", name.trim_end_matches(".rs")),
        };
        let items = test_items(&self.code);
        let declared = items.iter().filter_map(|item| item.declares.as_ref());
        declared.map(|module| format!("{folder}/{module}")).collect()
    }

    /// The lines of the code with their numbers, and whether they are tests.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        let mut offset = 0;
        self.code.split('\n').enumerate().map(move |(index, line)| {
            let is_test = self.is_test_at(offset);
            offset += line.len() + 1;
            (index + 1, line, is_test)
        })
    }

    /// Whether the byte of the code at `offset` is part of a test.
    pub fn is_test_at(&self, offset: usize) -> bool {
        self.is_test || self.test_ranges.iter().any(|range| range.contains(&offset))
    }

    /// The number of the line that the byte of the code at `offset` is in.
    pub fn line_at(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }

    /// Every path that a `use` brings in, spread out, with the offset of its `use`.
    pub fn used_paths(&self) -> Vec<(usize, String)> {
        let mut paths = Vec::new();
        for start in find_words(&self.code, "use") {
            let rest = &self.code[start + "use".len()..];
            let Some(end) = rest.find(';') else { continue };
            let tree: String = rest[..end].replace(" as ", "\0").split_whitespace().collect();
            let mut spread_out = Vec::new();
            spread("", &tree, &mut spread_out);
            paths.extend(spread_out.into_iter().map(|path| (start, path)));
        }
        paths
    }
}

/// Spreads `a::{b, c::{d, e}}` out into `a::b`, `a::c::d` and `a::c::e`.
fn spread(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let mut depth = 0_usize;
    let mut start = 0;
    let mut branches = Vec::new();
    for (index, letter) in tree.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                branches.push(&tree[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    branches.push(&tree[start..]);
    for branch in branches.into_iter().filter(|branch| !branch.is_empty()) {
        match branch.split_once('{') {
            Some((path, inner)) => {
                let inner = inner.strip_suffix('}').unwrap_or(inner);
                spread(&format!("{prefix}{path}"), inner, paths);
            }
            None => {
                let name = branch.split('\0').next().unwrap_or(branch);
                paths.push(format!("{prefix}{}", name.trim_start_matches("::")));
            }
        }
    }
}

/// An item that is a test.
struct TestItem {
    range: Range<usize>,
    /// The module, if the item declares one that is in another file.
    declares: Option<String>,
}

fn test_items(code: &str) -> Vec<TestItem> {
    let mut items = Vec::new();
    let mut offset = 0;
    while let Some(found) = code[offset..].find("#[") {
        let start = offset + found;
        let attribute_end = start + closing(&code[start..], '[', ']');
        offset = attribute_end;
        let attribute = &code[start..attribute_end];
        if !is_test_attribute(attribute) {
            continue;
        }
        let body = attribute_end + item_head(&code[attribute_end..]);
        if code[body..].starts_with('{') {
            offset = body + closing(&code[body..], '{', '}');
            items.push(TestItem { range: start..offset, declares: None });
        } else {
            let head = &code[attribute_end..body];
            let declares = find_words(head, "mod").next().map(|at| name_at(&head[at + 3..]));
            items.push(TestItem { range: start..body, declares });
        }
    }
    items
}

fn is_test_attribute(attribute: &str) -> bool {
    let inner = attribute.trim_start_matches("#[").trim_end_matches(']').trim();
    let is_test_function = inner == "test" || inner.ends_with("::test");
    let is_configured = inner.starts_with("cfg(") && !inner.contains("not(");
    is_test_function
        || (is_configured && has_words(inner, "test"))
        || inner.starts_with("tokio::test")
}

/// How far it is from the end of an attribute to the body of its item, or to its semicolon.
fn item_head(code: &str) -> usize {
    let mut offset = 0;
    loop {
        let rest = &code[offset..];
        let step = rest.find(['{', ';', '#']).unwrap_or(rest.len());
        offset += step;
        match code[offset..].starts_with("#[") {
            true => offset += closing(&code[offset..], '[', ']'),
            false if code[offset..].starts_with('#') => offset += 1,
            false => return offset,
        }
    }
}

/// How far it is to behind the bracket that closes the first one.
fn closing(code: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    for (index, letter) in code.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return index + close.len_utf8();
            }
        }
    }
    code.len()
}

fn name_at(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| is_name_letter(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_lines(source: &Source) -> Vec<usize> {
        source.code_lines().filter(|(_, _, is_test)| *is_test).map(|(line, ..)| line).collect()
    }

    #[test]
    fn test_modules_and_test_functions_are_found() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n\
                    #[tokio::test(start_paused = true)]\nasync fn d() {}\nfn e() {}\n\
                    #[cfg(not(test))]\nfn f() {}\n";
        assert_eq!(test_lines(&Source::new("src/x.rs", text)), [2, 3, 4, 5, 7, 8]);
    }

    #[test]
    fn a_whole_file_is_a_test_in_tests_or_by_declaration() {
        let file = |path: &str, text: &str| TextFile::new(path, text);
        let files = [
            file("a/src/lib.rs", "#[cfg(test)]\n#[expect(x)]\nmod testing;\nmod other;"),
            file("a/src/testing.rs", "fn a() {}"),
            file("a/src/testing/more.rs", "fn a() {}"),
            file("a/src/testing_not.rs", "fn a() {}"),
            file("a/src/other.rs", "#[cfg(test)]\nmod tests;"),
            file("a/src/other/tests.rs", "fn a() {}"),
            file("a/tests/b.rs", "fn a() {}"),
        ];
        let sources = Source::all(&files);
        let tests: Vec<_> = sources
            .iter()
            .filter(|source| source.is_test_at(0) && source.text.starts_with("fn"))
            .map(|source| &*source.path)
            .collect();
        let expected =
            ["a/src/testing.rs", "a/src/testing/more.rs", "a/src/other/tests.rs", "a/tests/b.rs"];
        assert_eq!(tests, expected);
    }

    #[test]
    fn use_trees_are_spread_out() {
        let source = Source::new(
            "a.rs",
            "use std::{fs, io::{self, Write as _}};\npub use ::proto as wire;\n// use no::thing;",
        );
        let paths: Vec<_> = source.used_paths().into_iter().map(|(_, path)| path).collect();
        assert_eq!(paths, ["std::fs", "std::io::self", "std::io::Write", "proto"]);
    }
}
