//! A planted breach of every rule of shape, and what comes close to one.

use super::*;

fn source(text: &str) -> Vec<Source> {
    vec![Source::new("some/src/x.rs", text)]
}

fn lines_of(breaches: &[Breach]) -> Vec<Option<usize>> {
    breaches.iter().map(|breach| breach.line).collect()
}

#[test]
fn a_long_file_is_found_unless_it_is_generated() {
    let long = "x\n".repeat(601);
    let files = [
        TextFile::new("a.rs", &*long),
        TextFile::new("b.md", &*long),
        TextFile::new("c.rs", "x\n".repeat(600)),
        TextFile::new("d.rs", format!("// @generated\n{long}")),
        TextFile::new("Cargo.lock", &*long),
    ];
    let paths: Vec<_> = long_files(&files).into_iter().map(|breach| breach.path).collect();
    assert_eq!(paths, ["a.rs", "b.md"]);
}

#[test]
fn a_wide_line_is_found_unless_a_url_is_in_it() {
    let wide = "é".repeat(101);
    let text = format!("{}\n{wide}\n// https://{wide}\n", "é".repeat(100));
    assert_eq!(lines_of(&wide_lines(&source(&text))), [Some(2)]);
}

#[test]
fn a_module_without_an_introduction_is_found() {
    for text in ["", "use a::b;", "/// Of an item.\nfn a() {}", "//!", "//! .\nfn a() {}"] {
        assert_eq!(missing_introductions(&source(text)).len(), 1, "{text:?}");
    }
    assert_eq!(missing_introductions(&source("\n//! What it is for.")), []);
}

#[test]
fn a_marker_is_found_in_comments_and_contracts_but_not_in_literals() {
    let text = "fn a() {} // TODO: more\n/* FIXME */\nlet x = \"TODO\"; // a METODO\n// XXX";
    assert_eq!(lines_of(&markers(&[], &source(text))), [Some(1), Some(2), Some(4)]);
    let files = [
        TextFile::new("a.proto", "message A {}\n// TODO"),
        TextFile::new("b.toml", "# FIXME"),
        TextFile::new("c.md", "a word about TODO lists"),
    ];
    let paths: Vec<_> = markers(&files, &[]).into_iter().map(|breach| breach.path).collect();
    assert_eq!(paths, ["a.proto", "b.toml"]);
}

#[test]
fn a_leftover_macro_is_found() {
    let text =
        "fn a() { todo!() }\nfn b() { unimplemented!(\"c\") }\nlet c = dbg!(d);\n// todo!()\n";
    assert_eq!(lines_of(&leftovers(&source(text))), [Some(1), Some(2), Some(3)]);
}

#[test]
fn an_ignored_test_is_found() {
    let text =
        "#[test]\n#[ignore]\nfn a() {}\n#[test]\n#[ignore = \"slow\"]\nfn b() {}\n// #[ignore]";
    assert_eq!(lines_of(&ignored_tests(&source(text))), [Some(2), Some(5)]);
}

#[test]
fn a_sleep_is_found_in_tests_only() {
    let text = "fn a() { thread::sleep(b) }\n#[cfg(test)]\nmod tests {\n  fn c() { sleep(d) }\n\
                async fn e() { tokio::time::sleep_until(f).await }\n  fn g() { no_sleep(h) }\n}";
    assert_eq!(lines_of(&sleeping_tests(&source(text), &[])), [Some(4), Some(5)]);
    let excused = Exception { path: "some/src/x.rs", reason: "the clock itself is tested" };
    assert_eq!(sleeping_tests(&source(text), &[excused]), []);
    let in_tests = [Source::new("a/tests/b.rs", "fn a() { std::thread::sleep(b) }")];
    assert_eq!(lines_of(&sleeping_tests(&in_tests, &[])), [Some(1)]);
}

#[test]
fn an_unwrap_is_found_outside_of_tests_only() {
    let text = "fn a() { b.unwrap() }\nfn c() { d.unwrap_or(e) }\n/// f.unwrap()\n\
                #[test]\nfn g() { h.unwrap() }\n";
    assert_eq!(lines_of(&unwraps(&source(text))), [Some(1)]);
}
