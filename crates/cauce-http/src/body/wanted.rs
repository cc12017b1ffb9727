//! What was expected, in the words of JSON instead of those of the program.

/// What readers say that they expect, and how people are told.
const WORDS: [(&str, &str); 20] = [
    ("u8", "a whole number from 0 to 255"),
    ("u16", "a whole number from 0 to 65535"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u64", "a whole number, 0 or above"),
    ("u128", "a whole number, 0 or above"),
    ("usize", "a whole number, 0 or above"),
    ("i8", "a whole number from -128 to 127"),
    ("i16", "a whole number from -32768 to 32767"),
    ("i32", "a whole number from -2147483648 to 2147483647"),
    ("i64", "a whole number"),
    ("i128", "a whole number"),
    ("f32", "a number"),
    ("f64", "a number"),
    ("bool", "true or false"),
    ("a boolean", "true or false"),
    ("a map", "an object"),
    ("a sequence", "a list"),
    ("a borrowed string", "a string"),
    ("unit", "null"),
    ("string or map", "a string or an object"),
];

/// Kinds of types, before whose names nothing is told of them.
const KINDS: [(&str, &str); 6] = [
    ("struct ", "an object"),
    ("internally tagged enum ", "an object"),
    ("adjacently tagged enum ", "an object"),
    ("enum ", "a string"),
    ("tuple ", "a list"),
    ("a tuple ", "a list"),
];

/// What was expected, for people.
pub(crate) fn in_json(wanted: &str) -> &str {
    let word = WORDS.iter().find(|(name, _)| *name == wanted);
    let kind = || KINDS.iter().find(|(kind, _)| wanted.starts_with(kind));
    word.or_else(kind).map_or(wanted, |(_, words)| *words)
}
