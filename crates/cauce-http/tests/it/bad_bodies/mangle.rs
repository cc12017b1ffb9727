//! Makes a bad body of a good one.

use serde_json::{Map, Value};

/// Stands for a value in a tree, and later for a text that no tree can hold.
const HERE: &str = "\"@here\"";
/// Stands for a name that is there already.
const TWICE: &str = "@twice";

/// Texts in place of a value: other types, numbers past every range, halves of characters, times
/// at the ends of the calendar, and some that are not JSON.
const ODD: &[&str] = &[
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "0.1",
    "1e308",
    "1e400",
    "-1e999999",
    "5e-324",
    "4294967296",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890",
    "NaN",
    "Infinity",
    "01",
    "+1",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"\":null}",
    "{\"a\":{\"a\":{}}}",
    "[0,\"\",{}]",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u202e\"",
    "\"\\x\"",
    "\"\n\"",
    "\"*\"",
    "\"../..\"",
    "\"%00\"",
    "\"job_0\"",
    "\"a@b\"",
    "\"https://\"",
    "\"-9999-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:60Z\"",
    "\"2026-02-30T00:00:00Z\"",
    "\"1970-01-01T00:00:00+25:00\"",
    "\"0000-01-01T00:00:00Z\"",
    "\"999999999-01-01T00:00:00Z\"",
    "",
    ",",
    "}",
    "\"",
];

/// Numbers that follow from a seed (SplitMix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most);
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// One of these with something wrong, or nothing to do with them; now and then as it is.
pub(super) fn mangled(random: &mut Random, good: &[Value]) -> Vec<u8> {
    let value = random.of(good).clone();
    match random.below(10) {
        0 => random.bytes(200),
        1 => soup(random),
        2 => nested(random, &value.to_string()),
        3..=5 => {
            let mut bytes = value.to_string().into_bytes();
            for _ in 0..=random.below(4) {
                cut(random, &mut bytes);
            }
            bytes
        }
        6 => with_name_twice(random, value).into_bytes(),
        _ => {
            let times = random.below(4);
            with_odd_values(random, value, times).into_bytes()
        }
    }
}

/// Characters of JSON in no order.
fn soup(random: &mut Random) -> Vec<u8> {
    let count = random.below(80);
    let one = |_| *random.of(b"{}[]\",:0123456789.eE+-\\utrfalsn \n");
    (0..count).map(one).collect()
}

/// Wrapped up to a hundred thousand times, closed or not.
fn nested(random: &mut Random, text: &str) -> Vec<u8> {
    let levels = 1 << random.below(17);
    let (open, close) = *random.of(&[("[", "]"), ("{\"user\":", "}"), ("[{\"a\":", "}]")]);
    let mut body = open.repeat(levels);
    body.push_str(text);
    if random.one_in(2) {
        body.push_str(&close.repeat(levels));
    }
    body.into_bytes()
}

/// Flips, cuts off, cuts out, doubles or puts in bytes.
fn cut(random: &mut Random, bytes: &mut Vec<u8>) {
    let from = random.below(bytes.len());
    let to = (from + random.below(20)).min(bytes.len());
    match random.below(5) {
        0 => bytes.truncate(from),
        1 => drop(bytes.drain(from..to)),
        2 => bytes.extend_from_within(from..to),
        3 => drop(bytes.splice(from..from, random.bytes(8))),
        _ => {
            if let Some(byte) = bytes.get_mut(from) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

fn with_odd_values(random: &mut Random, mut value: Value, times: usize) -> String {
    for _ in 0..times {
        *place(random, &mut value) = Value::from("@here");
    }
    let mut text = value.to_string();
    while text.contains(HERE) {
        let long = format!("\"{}\"", "x".repeat(1 << random.below(18)));
        let odd = if random.one_in(20) {
            &long
        } else {
            *random.of(ODD)
        };
        text = text.replacen(HERE, odd, 1);
    }
    text
}

fn with_name_twice(random: &mut Random, mut value: Value) -> String {
    let mut twice = String::new();
    for _ in 0..20 {
        if let Value::Object(object) = place(random, &mut value)
            && let Some(name) = name(random, object)
        {
            object.insert(TWICE.to_owned(), Value::from("@here"));
            twice = name;
            break;
        }
    }
    with_odd_values(random, value, 0).replace(TWICE, &twice)
}

fn name(random: &mut Random, object: &Map<String, Value>) -> Option<String> {
    object.keys().nth(random.below(object.len())).cloned()
}

/// Somewhere in a value.
fn place<'a>(random: &mut Random, value: &'a mut Value) -> &'a mut Value {
    let inside = match value {
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        _ => 0,
    };
    if inside == 0 || random.one_in(4) {
        return value;
    }
    let index = random.below(inside);
    match value {
        Value::Array(items) => place(random, &mut items[index]),
        Value::Object(object) => {
            let inner = object.values_mut().nth(index).expect("below its length");
            place(random, inner)
        }
        leaf => leaf,
    }
}
