use super::{Fault, World, replace};

struct Room;

impl World for Room {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("t0k".into()),
            "TRICKY" => Some("a${TOKEN}b".into()),
            _ => None,
        }
    }
    fn file(&self, path: &str) -> Result<String, String> {
        match path {
            "/run/secret" => Ok("from file\n".into()),
            _ => Err("no such file".into()),
        }
    }
}

fn check(text: &str, replaced: &str) {
    assert_eq!(replace(text, &Room).as_deref(), Ok(replaced), "{text}");
}

#[test]
fn references_are_replaced_wherever_they_stand() {
    check("${TOKEN}", "t0k");
    check("a-${TOKEN}-b-${TOKEN}", "a-t0k-b-t0k");
    check("${file:/run/secret}", "from file");
    check("no reference $ { }", "no reference $ { }");
}

#[test]
fn what_a_variable_holds_is_not_replaced_again() {
    check("${TRICKY}", "a${TOKEN}b");
}

#[test]
fn a_doubled_dollar_stands_for_itself() {
    check("$${TOKEN} ${TOKEN}", "${TOKEN} t0k");
}

#[test]
fn every_fault_of_a_text_is_reported() {
    let faults = replace("${GONE} ${file:/none} ${a b} ${TOKEN", &Room).unwrap_err();
    assert_eq!(
        faults,
        [
            Fault::Missing("GONE".into()),
            Fault::Unreadable {
                path: "/none".into(),
                why: "no such file".into()
            },
            Fault::Nameless("a b".into()),
            Fault::Open,
        ]
    );
}
