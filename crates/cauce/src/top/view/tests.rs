use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::*;
use crate::top::{
    keys::{Command, on_key},
    queue::Look,
    screen::frame,
    state::Verb,
};
use cauce_flow::time::Timestamp;

/// 2026-01-31T09:00:00Z
const START: Timestamp = Timestamp::from_millis(1_769_850_000_000);

fn meta(accepted: u64, completed: u64) -> Value {
    json!({
        "name": "meta", "gate": "open", "oldestWaitingSeconds": 12.4,
        "counts": {
            "accepted": accepted, "completed": completed, "dead": 3, "expired": 0,
            "waiting": 1_204, "scheduled": 20, "active": 50, "deadListed": 3,
        },
        "lines": [
            {
                "account": "shop-meta", "tenant": "shop", "breaker": "closed", "inFlight": 2,
                "rate": [{"used": 12, "max": 50, "perMs": 1_000}, {"used": 4_800, "max": 5_000, "perMs": 3_600_000}],
                "gates": [{"name": "rate", "opensAt": "2026-01-31T09:00:02.340Z", "detail": ""}],
            },
            {
                "account": "zoo-meta", "tenant": "zoo", "breaker": "open", "inFlight": 0, "rate": [],
                "gates": [
                    {"name": "breaker", "opensAt": "2026-01-31T09:01:02.000Z", "detail": ""},
                    {"name": "credentials", "opensAt": null, "detail": ""},
                ],
            },
        ],
    })
}

fn relay() -> Value {
    json!({
        "name": "relay.orders", "gate": "paused", "oldestWaitingSeconds": 4_000.0,
        "counts": {"accepted": 7, "completed": 0, "waiting": 7},
        "lines": [{"account": "orders", "tenant": "shop", "breaker": "half-open", "inFlight": 0, "rate": [{"used": 5, "max": 5, "perMs": 60_000}], "gates": []}],
    })
}

fn look(items: &[Value]) -> Look {
    Look::read(&json!({ "items": items }), &Value::Null)
}

/// Two looks, two seconds apart.
fn at_work() -> State {
    let mut state = State::new("http://127.0.0.1:8080", Duration::from_secs(2), false);
    state.take(look(&[meta(1_000, 900), relay()]), START);
    let later = START + Duration::from_secs(2);
    state.take(look(&[meta(1_069, 967), relay()]), later);
    state
}

fn press(state: &mut State, code: KeyCode) -> Option<Command> {
    on_key(state, KeyEvent::new(code, KeyModifiers::NONE))
}

fn typed(state: &mut State, text: &str) {
    for c in text.chars() {
        assert_eq!(press(state, KeyCode::Char(c)), None);
    }
}

#[test]
fn a_wide_screen_shows_every_column() {
    insta::assert_snapshot!(frame(&at_work(), 150, 12));
}

#[test]
fn a_narrow_screen_keeps_what_matters_most() {
    insta::assert_snapshot!(frame(&at_work(), 80, 12));
    insta::assert_snapshot!(frame(&at_work(), 42, 8));
}

#[test]
fn what_is_too_long_for_its_column_is_cut_with_a_sign() {
    let mut long = relay();
    long["name"] = json!("relay.orders-of-the-house");
    let mut state = State::new("http://127.0.0.1:8080", Duration::from_secs(2), false);
    state.take(look(&[long]), START);
    for width in [42, 60, 80] {
        let shown = frame(&state, width, 12);
        assert!(
            shown.contains("relay.orders") && shown.contains('…'),
            "{shown}"
        );
    }
    let shown = frame(&state, 150, 12);
    assert!(shown.contains("of-the-house (paused)"), "{shown}");
}

#[test]
fn a_frame_that_stays_alone_says_what_its_rates_are_the_mean_of() {
    let mut state = at_work();
    assert!(frame(&state, 80, 12).contains("UTC, every 2 s"));
    state.is_alone = true;
    assert!(frame(&state, 80, 12).contains("UTC, over 2 s"));
}

#[test]
fn the_first_frames_say_what_is_missing() {
    let mut state = State::new("http://127.0.0.1:8080", Duration::from_secs(2), false);
    insta::assert_snapshot!("nothing_yet", frame(&state, 80, 8));
    state.take(look(&[]), START);
    insta::assert_snapshot!("no_queues", frame(&state, 80, 8));
    state.take(look(&[meta(1, 0)]), START + Duration::from_secs(2));
    state.lost("cannot reach http://127.0.0.1:8080 (connect); hint: start `cauce serve`");
    insta::assert_snapshot!("server_gone", frame(&state, 100, 12));
}

fn alert(severity: &str, kind: &str, account: &str, minutes: u64) -> Value {
    let since = START - Duration::from_secs(minutes * 60);
    json!({
        "severity": severity, "kind": kind, "tenant": "shop", "since": since.to_string(),
        "subject": {"kind": "account", "name": account}, "acknowledgedAt": null,
    })
}

#[test]
fn what_fires_stands_above_the_table_the_worst_first() {
    let mut known = alert("critical", "breaker_open", "zoo-meta", 90);
    known["acknowledgedAt"] = json!("2026-01-31T08:00:00.000Z");
    let mut disk = alert("critical", "disk_full", "", 3);
    disk["subject"] = json!({"kind": "disk", "name": ""});
    disk["tenant"] = json!("*");
    let firing = [
        alert("warning", "dead_letters", "shop-meta", 2),
        known,
        disk,
        alert("critical", "token_invalid", "shop-meta", 12),
    ];
    let mut state = at_work();
    let mut look = |alerts: &[Value]| {
        let queues = json!({ "items": [relay()] });
        state.take(Look::read(&queues, &json!({ "items": alerts })), START);
        frame(&state, 90, height(&state))
    };
    insta::assert_snapshot!("alerts", look(&firing));
    let many: Vec<Value> = firing.iter().cycle().take(9).cloned().collect();
    assert!(look(&many).contains("and 5 more alerts"));
    assert!(!look(&[]).contains("critical"));
}

/// What comes before a gap is not a rate of the time after it.
#[test]
fn rates_begin_anew_after_the_server_was_away() {
    let mut state = at_work();
    assert_eq!(state.rates_of("meta").map(|rates| rates.into), Some(34.5));
    state.lost("cannot reach it");
    assert_eq!(state.rates_of("meta"), None);
    state.take(look(&[meta(5_000, 4_000)]), START + Duration::from_secs(60));
    assert_eq!(state.rates_of("meta"), None);
    assert!(state.problem.is_empty());
    state.take(look(&[meta(5_010, 4_000)]), START + Duration::from_secs(62));
    assert_eq!(state.rates_of("meta").map(|rates| rates.into), Some(5.0));
}

#[test]
fn a_counter_that_went_back_is_no_negative_rate() {
    let mut state = at_work();
    state.take(look(&[meta(3, 1)]), START + Duration::from_secs(4));
    assert_eq!(state.rates_of("meta").map(|rates| rates.into), Some(0.0));
}

#[test]
fn help_and_questions_stand_above_the_table() {
    let mut state = at_work();
    assert_eq!(press(&mut state, KeyCode::Char('?')), None);
    insta::assert_snapshot!("help", frame(&state, 80, 20));
    assert_eq!(press(&mut state, KeyCode::Char('q')), None);
    assert_eq!(press(&mut state, KeyCode::Char('p')), None);
    insta::assert_snapshot!("question", frame(&state, 80, 14));
}

#[test]
fn a_queue_is_paused_only_after_a_yes() {
    let pause = Command::Set {
        queue: "meta".to_owned(),
        verb: Verb::Pause,
    };
    for (answer, expected) in [
        (KeyCode::Char('n'), None),
        (KeyCode::Esc, None),
        (KeyCode::Char('x'), None),
        (KeyCode::Char('y'), Some(pause)),
    ] {
        let mut state = at_work();
        // The row of an account stands for its queue.
        press(&mut state, KeyCode::Down);
        press(&mut state, KeyCode::Char('p'));
        assert_eq!(press(&mut state, answer), expected, "{answer:?}");
    }
    let mut state = at_work();
    press(&mut state, KeyCode::End);
    press(&mut state, KeyCode::Char('p'));
    let resume = Command::Set {
        queue: "relay.orders".to_owned(),
        verb: Verb::Resume,
    };
    assert_eq!(press(&mut state, KeyCode::Enter), Some(resume));
}

#[test]
fn what_became_of_a_command_is_said_until_the_next_key() {
    let mut state = at_work();
    state.told("meta", Verb::Pause, None);
    assert!(frame(&state, 80, 12).contains("meta is paused"));
    let refusal =
        crate::failure::Failure::failed("the server answered 403 The key does not allow this");
    state.told("meta", Verb::Pause, Some(refusal));
    assert!(frame(&state, 80, 12).contains("403 The key does not allow this"));
    press(&mut state, KeyCode::Down);
    assert!(frame(&state, 80, 12).contains("q quit"));
}

#[test]
fn a_filter_narrows_rows_and_the_selection_stays_within_them() {
    let mut state = at_work();
    press(&mut state, KeyCode::End);
    press(&mut state, KeyCode::Char('/'));
    typed(&mut state, "zoo");
    insta::assert_snapshot!("filter", frame(&state, 100, 8));
    assert_eq!(state.selected, 1);
    press(&mut state, KeyCode::Enter);
    assert_eq!(
        state.selected_queue().map(|queue| queue.name.as_str()),
        Some("meta")
    );
    press(&mut state, KeyCode::Char('/'));
    typed(&mut state, "q");
    assert!(frame(&state, 80, 8).contains("no queue or account has `zooq`"));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.rows().len(), 5);
}

#[test]
fn the_selection_ends_at_both_ends() {
    let mut state = at_work();
    press(&mut state, KeyCode::Up);
    assert_eq!(state.selected, 0);
    press(&mut state, KeyCode::PageDown);
    assert_eq!(state.selected, 4);
    state.take(look(&[]), START + Duration::from_secs(4));
    assert_eq!(
        (state.selected, state.selected_queue().is_none()),
        (0, true)
    );
    assert_eq!(press(&mut state, KeyCode::Char('p')), None);
    assert_eq!(state.mode, Mode::Watch);
}

#[test]
fn one_leaves_with_q_and_with_control_c_from_everywhere() {
    let mut state = at_work();
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    for key in [' ', '?', '/'] {
        assert_eq!(on_key(&mut state, ctrl_c), Some(Command::Leave));
        press(&mut state, KeyCode::Char(key));
    }
    let mut state = at_work();
    assert_eq!(press(&mut state, KeyCode::Char('q')), Some(Command::Leave));
}

/// A window may be drawn to any size while one looks.
#[test]
fn every_size_can_be_drawn() {
    let mut state = at_work();
    for mode in [Mode::Watch, Mode::Help, Mode::Filter] {
        state.mode = mode;
        for (width, height) in [(1, 1), (3, 2), (20, 3), (40, 4), (400, 100)] {
            frame(&state, width, height);
        }
    }
}

#[test]
fn a_frame_is_as_high_as_what_it_shows() {
    let state = at_work();
    let whole = frame(&state, 120, height(&state));
    assert!(whole.contains("relay.orders"));
    assert!(whole.contains("orders (shop)"), "{whole}");
    assert!(whole.ends_with("? help"), "{whole}");
}

#[test]
fn hostile_names_are_cut_and_control_nothing() {
    let mut queue = relay();
    queue["name"] = json!("\u{1b}[31mred\u{7}".repeat(50));
    let mut state = State::new("http://x", Duration::from_secs(2), false);
    state.take(look(&[queue]), START);
    assert!(!frame(&state, 60, 8).contains('\u{1b}'));
}
