//! `holdfast onsale --html`: a drop leaves one page that says what happened.

use std::process::Command;

use crate::node::PROGRAM;

#[test]
fn a_drop_leaves_a_page_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let output = Command::new(PROGRAM)
        .args(["onsale", "--seats", "150", "--buyers", "400", "--over", "1", "--hold-secs", "2"])
        .args(["--seed", "5", "--html", page.to_str().unwrap()])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    let page = std::fs::read_to_string(page).unwrap();
    for text in [
        "All 150 seats sold in",
        "No seat was sold twice.",
        "No acknowledged sale was lost.",
        "holdfast onsale --seats 150",
        "drawn with 150 seats",
    ] {
        assert!(page.contains(text), "{text:?} is missing");
    }
    assert!(page.ends_with("</html>\n"), "it is whole");
}

#[test]
fn a_page_that_cannot_be_written_is_told_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("missing").join("report.html");
    let output = Command::new(PROGRAM)
        .args(["onsale", "--seats", "10", "--html", nowhere.to_str().unwrap()])
        .output()
        .expect("the program starts");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("report.html") && !said.contains("seats sold"), "{said}");
}
