use std::sync::Arc;

use super::{Place, Problem, Problems};
use crate::config::place::Source;

fn place(text: &str, marked: &str) -> Place {
    let source = Source::File {
        name: "f.toml".to_owned(),
        text: text.to_owned(),
    };
    let at = text.find(marked).unwrap();
    Place::new(&Arc::new(source), at..at + marked.len())
}

#[test]
fn a_problem_points_at_its_place() {
    let text = "a = 1\nñandú = \"é\" # why\n";
    let problem = Problem::at(&place(text, "\"é\""), "it is wrong").write("another");
    let shown = problem.to_string();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[1], " --> f.toml:2:9");
    assert_eq!(lines[3], "2 | ñandú = \"é\" # why");
    assert_eq!(lines[4], "  |         ^^^");
    assert_eq!(lines[5], "  = write: another");
}

#[test]
fn the_value_of_a_secret_is_not_shown() {
    let text = "access_token = \"EAAB\"";
    let shown = Problem::at(&place(text, "\"EAAB\""), "it is wrong").to_string();
    assert!(!shown.contains("EAAB"), "{shown}");
}

#[test]
fn an_unknown_name_is_shown_without_its_value() {
    let text = "tokn = \"EAAB\"";
    let shown = Problem::at(&place(text, "tokn"), "it is wrong").to_string();
    assert!(!shown.contains("EAAB"), "{shown}");
}

#[test]
fn problems_are_sorted_by_line_and_told_once() {
    let text = "a = 1\nb = 2\n";
    let at = |marked, what: &str| Problem::at(&place(text, marked), what).write("c");
    let all = vec![at("b", "second"), at("a", "first"), at("b", "second again")];
    let shown = Problems::new(all).to_string();
    assert!(shown.find("first") < shown.find("second"));
    assert!(!shown.contains("again"));
    assert!(shown.ends_with("2 problems in the configuration; nothing was changed"));
}
