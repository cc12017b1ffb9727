use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn state(text: &str, from: i64, until: i64, sequence: u64) -> Held {
    held(Some(text.into()), at(from), at(until), sequence)
}

fn text(held: Option<Held>) -> Option<String> {
    held.and_then(|held| held.text).map(|text| text.to_string())
}

#[test]
fn what_was_accepted_later_is_kept_whatever_comes_first() {
    let mut known = Known::default();
    assert!(known.learn(Kind::Status, state("new", 2, 10, 7)));
    assert!(!known.learn(Kind::Status, state("old", 1, 10, 6)));
    assert_eq!(text(known.status(|_| true)), Some("new".to_owned()));
}

#[test]
fn what_was_asked_for_gives_way_to_what_was_accepted_and_is_good() {
    let mut known = Known::default();
    known.learn(Kind::Connection, state("connected", 2, 10, 7));
    assert!(!known.learn(Kind::Connection, state("asked", 9, 20, 0)));
    assert!(known.learn(Kind::Connection, state("asked", 10, 20, 0)));
    assert!(known.learn(Kind::Connection, state("again", 11, 21, 0)));
    assert!(known.learn(Kind::Connection, state("connected", 12, 22, 8)));
}

#[test]
fn the_backend_is_believed_once_what_was_handed_in_is_too_old() {
    let mut known = Known::default();
    known.learn(Kind::Status, state("own", 2, 10, 7));
    let good = |now: i64| move |held: &Held| held.until > at(now);
    assert_eq!(text(known.status(good(5))), Some("own".to_owned()));
    known.learn(Kind::Session, state("asked", 11, 30, 0));
    assert_eq!(text(known.status(good(20))), Some("asked".to_owned()));
    assert_eq!(
        text(known.status(|_| true)),
        Some("asked".to_owned()),
        "stale, the newer one"
    );
    assert_eq!(text(known.status(good(40))), None);
}

#[test]
fn an_expired_code_hides_what_the_backend_said_before() {
    let mut known = Known::default();
    known.learn(Kind::SessionQr, state("asked", 0, 30, 0));
    assert_eq!(
        text(known.qr(|held| held.until > at(5))),
        Some("asked".to_owned())
    );
    known.learn(Kind::Qr, state("own", 2, 10, 7));
    assert_eq!(
        text(known.qr(|held| held.until > at(5))),
        Some("own".to_owned())
    );
    assert_eq!(text(known.qr(|held| held.until > at(15))), None);
}
