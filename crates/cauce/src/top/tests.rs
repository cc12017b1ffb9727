use std::{cell::RefCell, collections::VecDeque, io, rc::Rc};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{state::Verb, *};

/// A person who presses keys.
struct Person(VecDeque<KeyCode>);

impl Terminal for Person {
    fn draw(&mut self, _: &State) -> io::Result<()> {
        Ok(())
    }

    async fn next(&mut self) -> Input {
        match self.0.pop_front() {
            Some(key) => Input::Key(KeyEvent::new(key, KeyModifiers::NONE)),
            None => std::future::pending().await,
        }
    }
}

fn state() -> State {
    let mut state = State::new("http://127.0.0.1:8080", Duration::from_secs(2), false);
    let queue = json!({ "name": "meta", "gate": "open", "counts": {}, "lines": [] });
    state.take(
        Look::read(&json!({ "items": [queue] }), &Value::Null),
        now(),
    );
    state
}

/// Shows to a person who presses these keys; answers what the server was asked. `ask` says whether
/// it answers.
async fn pressed(keys: &[KeyCode], ask: impl Fn(&Wish) -> bool) -> Vec<Wish> {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&asked);
    let answers = |wish: Wish| -> Asked<'_> {
        let answers = ask(&wish);
        noted.borrow_mut().push(wish.clone());
        Box::pin(async move {
            if !answers {
                std::future::pending::<()>().await;
            }
            let done = match wish {
                Wish::Look => None,
                Wish::Set { queue, verb } => Some((queue, verb, None)),
            };
            Answer {
                done,
                look: Ok(Look::default()),
            }
        })
    };
    let mut person = Person(keys.iter().copied().collect());
    let watched = watch(Asking::new(answers), state(), ONCE, &mut person);
    let ended = tokio::time::timeout(Duration::from_secs(60), watched).await;
    assert!(ended.is_ok(), "it does not leave");
    asked.take()
}

fn key(c: char) -> KeyCode {
    KeyCode::Char(c)
}

#[tokio::test]
async fn keys_are_heard_while_the_server_does_not_answer() {
    let asked = pressed(&[key('r'), key('?'), key('?'), key('q')], |_| false).await;
    assert!(asked.len() <= 1, "{asked:?}");
}

#[tokio::test]
async fn what_was_wished_is_done_before_it_leaves() {
    let keys = [key('p'), key('y'), key('q')];
    let asked = pressed(&keys, |_| true).await;
    let pause = Wish::Set {
        queue: "meta".to_owned(),
        verb: Verb::Pause,
    };
    assert!(asked.contains(&pause), "{asked:?}");
}
