//! A request as a platform looks at it.

use std::borrow::Cow;

use http::{Method, header, request::Parts};

use crate::{EventKey, Token, answer::Answer, ledger::Decision, world::World};

/// A whole request.
pub(crate) struct Call<'a> {
    pub(crate) head: &'a Parts,
    pub(crate) body: &'a [u8],
    /// Unix milliseconds.
    pub(crate) now_ms: i64,
    /// Whether a delivery that is good has its effect; a fault may lose it.
    pub(crate) takes: bool,
    pub(crate) world: &'a World,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// It delivers events.
    Delivery,
    /// It asks something.
    Check,
}

/// What a platform says to a delivery.
pub(crate) struct Judged {
    pub(crate) answer: Answer,
    pub(crate) decision: Decision,
}

impl Judged {
    /// The whole request is refused.
    pub(crate) fn refused(answer: Answer, code: impl Into<String>, events: usize) -> Judged {
        let refusals = vec![code.into()];
        let decision = Decision {
            refusals,
            events: events as u32,
            ..Decision::default()
        };
        Judged { answer, decision }
    }

    /// These events are taken.
    pub(crate) fn accepted(answer: Answer, keys: &[Option<EventKey>]) -> Judged {
        let accepted: Vec<_> = keys.iter().flatten().copied().collect();
        let decision = Decision {
            unnamed: (keys.len() - accepted.len()) as u32,
            events: keys.len() as u32,
            accepted,
            is_accepted: true,
            refusals: Vec::new(),
        };
        Judged { answer, decision }
    }
}

/// A refusal of a whole request.
pub(crate) struct Refusal {
    /// The code to count it by.
    pub(crate) code: String,
    /// The answer.
    pub(crate) answer: Answer,
}

impl Refusal {
    pub(crate) fn new(code: impl Into<String>, answer: Answer) -> Refusal {
        Refusal {
            code: code.into(),
            answer,
        }
    }

    pub(crate) fn judged(self, events: usize) -> Judged {
        Judged::refused(self.answer, self.code, events)
    }
}

impl<'a> Call<'a> {
    pub(crate) fn is_post(&self) -> bool {
        self.head.method == Method::POST
    }

    pub(crate) fn path(&self) -> &'a str {
        self.head.uri.path()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// Whether the body says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        let media_type = self
            .header(header::CONTENT_TYPE.as_str())
            .unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&'a str> {
        self.header(header::AUTHORIZATION.as_str())?
            .strip_prefix("Bearer ")
    }

    pub(crate) fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        in_form(self.head.uri.query()?.as_bytes(), name)
    }

    pub(crate) fn form(&self, name: &str) -> Option<Cow<'a, str>> {
        in_form(self.body, name)
    }

    /// What a token is worth at this moment; none if it is not known.
    pub(crate) fn token(&self, text: &str) -> Option<Token> {
        let token = self.world.faults.token(text)?;
        match token {
            Token::GoodUntil(end) if end * 1000 <= self.now_ms => Some(Token::Expired),
            token => Some(token),
        }
    }
}

fn in_form<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = form_urlencoded::parse(form);
    pairs.find(|(key, _)| key == name).map(|(_, value)| value)
}
