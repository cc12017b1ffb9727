//! Asks Twilio what became of a message whose request may have been accepted.
//!
//! Twilio keeps no id of ours at a message, so it is found by what it says: the newest messages to
//! that person are read, and one that was made at that time, by us, with these words, is it. If two
//! could be, or not far enough back could be read, nobody can tell. It is not there only if no such
//! message was made since the job was taken: what is not there is sent again.

use std::time::Duration;

use cauce_flow::time::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::Deserialize;

use super::{
    Twilio, classify,
    encode::{Origin, address, signed},
};
use crate::{
    answer::escaped,
    destination::{Answer, Asked, Found, Request},
    message::{Content, Message, Phone},
};

/// Clocks differ by this much at most, and a request is on its way for as long.
const AROUND: Duration = Duration::from_secs(60);
/// A message that is not there after so long was not accepted.
const SETTLED_AFTER: Duration = Duration::from_secs(180);
/// Messages that are read: more than one person is sent in the time looked at.
const PAGE: u32 = 100;

/// The request for the newest messages to the person. Those that still wait have no date of sending,
/// so none is asked for.
pub(super) fn request(twilio: &Twilio, asked: &Asked<'_>) -> Option<Request> {
    let message = Message::of_payload(asked.payload).ok()?;
    let to = address(&message.to);
    let mut query = format!("?To={}&PageSize={PAGE}", escaped(&to));
    if let Origin::Number(number) = &twilio.origin {
        query.push_str(&format!("&From={}", escaped(&address(number))));
    }
    let path = format!("/Messages.json{query}");
    Some(signed(&twilio.config, http::Method::GET, &path))
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Listed>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    sid: String,
    #[serde(default)]
    direction: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    num_media: Option<String>,
    date_created: String,
}

/// What the list says of the message.
pub(super) fn found(asked: &Asked<'_>, answer: &Answer, now: Timestamp) -> Found {
    let Answer::Response(response) = answer else {
        return Found::CannotTell;
    };
    let page = serde_json::from_slice::<Page>(&response.body);
    let (Ok(page), Ok(message), 200) = (page, Message::of_payload(asked.payload), response.status)
    else {
        return Found::CannotTell;
    };
    // After a crash nobody knows when the request left, only that the job was there before.
    let earliest = asked.job.taken_at() - AROUND;
    let (mut oldest, mut alike, mut near) = (now, 0, Vec::new());
    for listed in &page.messages {
        let Some(at) = moment(&listed.date_created) else {
            return Found::CannotTell;
        };
        oldest = oldest.min(at);
        if at < earliest || at > asked.sent_at + AROUND || !is_it(listed, &message) {
            continue;
        }
        alike += 1;
        if at + AROUND >= asked.sent_at {
            near.push(&listed.sid);
        }
    }
    let read_all = page.next_page_uri.is_none() || oldest < earliest;
    match near[..] {
        [sid] if read_all => Found::There {
            provider_id: sid.clone(),
        },
        [] if read_all && alike == 0 && now.since(asked.sent_at) >= SETTLED_AFTER => {
            Found::NotThere
        }
        _ => Found::CannotTell,
    }
}

/// Whether a listed message could be this one. The words of a template are not known here.
fn is_it(listed: &Listed, message: &Message) -> bool {
    let words = |expected: Option<&str>| {
        listed.body.as_deref().unwrap_or_default() == expected.unwrap_or_default()
    };
    let has_media = listed
        .num_media
        .as_deref()
        .is_some_and(|count| count != "0");
    let is_alike = match &message.content {
        Content::Text(text) => words(Some(text)) && !has_media,
        Content::Media(media) => words(media.caption.as_deref()) && has_media,
        Content::Location(location) => words(location.name.as_deref()),
        Content::Template(_) => true,
        Content::Reaction(_) => false,
    };
    classify::is_message_sid(&listed.sid)
        && listed.direction.starts_with("outbound")
        && Phone::of_whatsapp(&listed.to).as_ref() == Some(&message.to)
        && is_alike
}

/// Twilio writes dates by RFC 2822.
fn moment(date: &str) -> Option<Timestamp> {
    let at = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}
