//! `[messages]`: how long messages are kept, and the words by which people opt out.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use cauce_destinations::normalize::country::fold;
use cauce_engine::settings::{MessageSettings, Words};

use crate::config::{
    read::{filled, time},
    reader::{Section, Wrong},
    tree::{Node, Value},
};

/// How long messages may be kept.
const KEPT: RangeInclusive<Duration> =
    Duration::from_secs(3600)..=Duration::from_secs(366 * 86_400);

/// Reads the section.
pub(crate) fn read(section: Section<'_>) -> Option<MessageSettings> {
    let kept_for = section.need("kept_for", time(KEPT));
    let out = section.need("opt_out", words);
    let again = section.need("opt_in", words);
    if let (Some(out), Some(again)) = (&out, &again) {
        let out: BTreeSet<String> = out.iter().map(|word| fold(word)).collect();
        if let Some(both) = again.iter().find(|word| out.contains(&fold(word))) {
            let what = format!(
                "`{}` has {both:?}, which opts out",
                section.name_of("opt_in")
            );
            section.fault("opt_in", what, "each word in one of the two lists");
        }
    }
    section.finish();
    Some(MessageSettings {
        kept_for: kept_for?,
        words: Words {
            out: out?,
            again: again?,
        },
        ..MessageSettings::default()
    })
}

/// A list of words. Without a letter, nothing would ever be one of them.
fn words(node: &Node) -> Result<BTreeSet<String>, Wrong> {
    let wrong = |what| Wrong::new(what, "words: [\"STOP\", \"BAJA\"]");
    let Value::List(items) = &node.value else {
        return Err(wrong("is not a list of words"));
    };
    let word = |item: &Node| {
        let word = filled(item).map_err(|_| wrong("is not a list of words"))?;
        match fold(&word).is_empty() {
            true => Err(wrong("holds a word without letters")),
            false => Ok(word),
        }
    };
    items.iter().map(word).collect()
}
