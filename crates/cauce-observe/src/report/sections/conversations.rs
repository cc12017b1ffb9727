//! Conversations: how many, how fast they were answered, who ended them.

use crate::{
    analytics::figures::{ConversationFigures, NOBODY_SAID, Named, SILENCE},
    report::{
        Language, Material,
        document::{Section, Table, Value},
        rows::{Pair, compared, counted, durations},
        words::Word,
    },
};

pub(super) fn section(material: &Material, language: Language) -> Section {
    Section {
        id: "conversations",
        title: language.say(Word::Conversations),
        tables: vec![
            figures(material, language),
            response_times(material, language),
            ended_by(&material.now.conversations, language),
        ],
        notes: Vec::new(),
    }
}

fn response_times(material: &Material, language: Language) -> Table {
    let of = &material.now.conversations;
    let mut all = vec![
        (Word::FirstResponse, &of.first_response),
        (Word::EachResponse, &of.response),
    ];
    if material.has_business_hours {
        all.push((Word::FirstResponseInHours, &of.first_response_in_hours));
        all.push((Word::EachResponseInHours, &of.response_in_hours));
    }
    all.push((Word::Duration, &of.duration));
    let quantiles = [
        ("p50", Word::HalfWithin, 0.5),
        ("p95", Word::Within95, 0.95),
    ];
    durations(
        "responseTimes",
        Word::ResponseTimes,
        &quantiles,
        &all,
        language,
    )
}

fn ended_by(of: &ConversationFigures, language: Language) -> Table {
    let said = |(name, count): &(String, u64)| {
        let name = match name.as_str() {
            SILENCE => language.say(Word::Silence),
            NOBODY_SAID => language.say(Word::NobodySaid),
            name => name.to_owned(),
        };
        (name, *count)
    };
    let named: Named = of.ended_by.iter().map(said).collect();
    let what = (Word::What, Word::Silence);
    counted("endedBy", Word::EndedBy, what, &named, language)
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
