//! Names of people.

/// Meta and TikTok: lower case, letters only. Accents and other scripts stay.
pub fn letters(raw: &str) -> Option<String> {
    some(keep(raw, |c| c.is_alphabetic() || is_mark(c)))
}

/// Google: lower case, trimmed, without digits and symbols; the spaces inside stay.
pub fn google(raw: &str) -> Option<String> {
    let kept = keep(raw, |c| c.is_alphabetic() || is_mark(c) || c == ' ');
    some(kept.trim().to_owned())
}

/// The characters that `wanted` wants, in lower case.
pub(super) fn keep(raw: &str, wanted: impl Fn(char) -> bool) -> String {
    raw.chars()
        .filter(|c| wanted(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// A text, unless nothing is left of it.
pub(super) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Accents that are characters of their own, and the vowel signs of Indic scripts, which belong
/// to a name though they are no letters.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}') && !c.is_numeric()
}
