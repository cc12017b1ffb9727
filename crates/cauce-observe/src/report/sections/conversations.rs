//! Conversations: how many, how fast they were answered, who ended them.

use crate::{
    analytics::figures::ConversationFigures,
    report::{
        Language, Material,
        document::{Section, Table, Value},
        rows::{Pair, compared, counted, durations},
        words::Word,
    },
};

pub(super) fn section(material: &Material, language: Language) -> Section {
    let of = &material.now.conversations;
    Section {
        id: "conversations",
        title: language.say(Word::Conversations),
        tables: vec![
            figures(material, language),
            durations(
                "responseTimes",
                Word::ResponseTimes,
                &[
                    ("p50", Word::HalfWithin, 0.5),
                    ("p95", Word::Within95, 0.95),
                ],
                &[
                    (Word::FirstResponse, &of.first_response),
                    (Word::EachResponse, &of.response),
                    (Word::Duration, &of.duration),
                ],
                language,
            ),
            counted(
                "endedBy",
                Word::EndedBy,
                (Word::What, Word::Silence),
                &of.ended_by,
                language,
            ),
        ],
        notes: Vec::new(),
    }
}

fn figures(material: &Material, language: Language) -> Table {
    type Figure = fn(&ConversationFigures) -> Value;
    let all: [(Word, Figure); 7] = [
        (Word::Started, |of| Value::Count(of.started)),
        (Word::Ended, |of| Value::Count(of.ended)),
        (Word::Active, |of| Value::Count(of.active)),
        (Word::HandOffs, |of| Value::Count(of.hand_offs)),
        (Word::HandOffRate, |of| Value::share(of.hand_off().rate())),
        (Word::MessagesEach, |of| {
            of.messages_each().map_or(Value::None, Value::Number)
        }),
        (Word::FirstResponseHalf, |of| {
            Value::duration(of.first_response.quantile_ms(0.5))
        }),
    ];
    let pairs = all.map(|(name, figure)| {
        let (now, before) = (&material.now.conversations, &material.before.conversations);
        Pair(language.say(name), figure(now), figure(before))
    });
    let title = Word::Conversations;
    compared("conversations", title, pairs.into(), language)
}
