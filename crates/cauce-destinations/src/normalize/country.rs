//! Countries by code or by name.

use std::{fmt, sync::LazyLock};

/// Each country: its two codes of ISO 3166-1, then its names in English and Spanish (the short
/// names of Unicode CLDR, and others in use), in lower case, letters only and without accents.
const TABLE: &str = include_str!("countries.txt");

/// Every code and name with its country, sorted.
static NAMES: LazyLock<Vec<(&str, Country)>> = LazyLock::new(|| {
    let mut names: Vec<_> = TABLE.lines().flat_map(names_of).collect();
    names.sort_unstable();
    names
});

fn names_of(line: &'static str) -> impl Iterator<Item = (&'static str, Country)> {
    let bytes = line.as_bytes();
    let country = Country([bytes[0].to_ascii_lowercase(), bytes[1].to_ascii_lowercase()]);
    line.split(' ').map(move |name| (name, country))
}

/// A country, by its two letters of ISO 3166-1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The United States, whose states and postal codes have forms of their own.
    pub const UNITED_STATES: Country = Country(*b"us");

    /// The country with this code of two or three letters, or with this name in English or Spanish.
    pub fn find(text: &str) -> Option<Country> {
        let name = fold(text);
        let named = || Country::named(&name);
        // Codes stand in the table in capitals, so that no name is taken for a code.
        match name.len() {
            2 | 3 => Country::named(&name.to_ascii_uppercase()).or_else(named),
            _ => named(),
        }
    }

    fn named(name: &str) -> Option<Country> {
        let place = NAMES.binary_search_by_key(&name, |(known, _)| known).ok()?;
        Some(NAMES[place].1)
    }

    /// The two letters in lower case.
    pub fn lower(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The two letters in capitals.
    pub fn upper(&self) -> String {
        self.lower().to_ascii_uppercase()
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.lower())
    }
}

/// The letters of a text, in lower case and without the accents of Western European languages.
pub fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .map(without_accent)
        .collect()
}

fn without_accent(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        'ý' => 'y',
        other => other,
    }
}
