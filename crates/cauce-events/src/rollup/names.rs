//! What metadata says of the page and of where the visitor came from.

/// Most bytes of the name of a page or referrer in statistics; longer ones are cut.
pub const MAX_NAME: usize = 512;

/// The page and the referrer of a page view.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) page: Option<String>,
    pub(crate) referrer: Option<String>,
}

/// Whether events of this kind are views of a page: `PAGE_VIEW`, however it is written.
pub(crate) fn is_page_view(kind: &[u8]) -> bool {
    let letters = kind.iter().filter(|letter| !b"_-.: ".contains(letter));
    letters.map(u8::to_ascii_lowercase).eq(*b"pageview")
}

/// Reads the page (`url`, else `path`, else `page`) and the `referrer`, each without its query and
/// fragment. A referrer on the host of the page itself is none.
///
/// Metadata is canonical JSON. This is done for every different metadata of every part that is
/// written, so it looks at the outermost members only, and at no more of them than it has to.
pub(crate) fn facts(metadata: &[u8]) -> Facts {
    let mut found: [Option<&[u8]>; 4] = [None; 4];
    let mut members = Members::of(metadata);
    while let Some((key, value)) = members.next() {
        let wanted: [&[u8]; 4] = [b"url", b"path", b"page", b"referrer"];
        if let Some(place) = wanted.iter().position(|name| *name == key) {
            found[place] = Some(value);
        }
    }
    let [url, path, page, referrer] = found;
    let page = [url, path, page].into_iter().find_map(name);
    let own = page.as_deref().and_then(host);
    let referrer = name(referrer).filter(|from| own.is_none() || host(from) != own);
    Facts { page, referrer }
}

/// A text without query and fragment; none where it is no text, or nothing is left.
fn name(value: Option<&[u8]>) -> Option<String> {
    let value = value?;
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut text: String = if inner.contains(&b'\\') {
        serde_json::from_slice(value).ok()?
    } else {
        std::str::from_utf8(inner).ok()?.to_owned()
    };
    let end = text.find(['?', '#']).unwrap_or(text.len()).min(MAX_NAME);
    text.truncate(text.floor_char_boundary(end));
    Some(text).filter(|text| !text.is_empty())
}

/// The members of an object in canonical JSON, as they are written. Ends early where it is none.
struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Members<'a> {
    fn of(object: &'a [u8]) -> Members<'a> {
        let rest = object.strip_prefix(b"{").unwrap_or_default();
        Members { rest }
    }

    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let key = self.take(text_length(self.rest)?)?;
        self.rest = self.rest.strip_prefix(b":")?;
        let value = self.take(value_length(self.rest)?)?;
        self.rest = self.rest.strip_prefix(b",").unwrap_or_default();
        Some((&key[1..key.len() - 1], value))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// The length of the text at the beginning, with its quotes.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut at = bytes.first().filter(|byte| **byte == b'"').map(|_| 1)?;
    loop {
        at += bytes
            .get(at..)?
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\'))?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// The length of the value at the beginning.
fn value_length(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0usize);
    loop {
        match bytes.get(at)? {
            b'"' => at += text_length(&bytes[at..])?,
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            b'}' | b']' if depth > 0 => (at, depth) = (at + 1, depth - 1),
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            _ => at += 1,
        }
        if depth == 0 && matches!(bytes.get(at), Some(b',' | b'}')) {
            return Some(at);
        }
    }
}

fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    Some(rest.split('/').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::{Facts, MAX_NAME, Members, facts, is_page_view};

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<i16>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
            "[a-z{}\\[\\],:\"\\\\\\né💡]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                any_object(inner).prop_map(Value::from),
            ]
        })
    }

    fn any_object(
        values: impl Strategy<Value = Value>,
    ) -> impl Strategy<Value = Map<String, Value>> {
        let member = ("[a-z\"\\\\{},:é]{0,6}", values);
        proptest::collection::vec(member, 0..5).prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #[test]
        fn members_are_those_of_the_object(object in any_object(any_json())) {
            let text = serde_json::to_string(&object).unwrap();
            let (mut members, mut found) = (Members::of(text.as_bytes()), Map::new());
            while let Some((key, value)) = members.next() {
                let key: String = serde_json::from_slice(&[b"\"", key, b"\""].concat()).unwrap();
                found.insert(key, serde_json::from_slice(value).unwrap());
            }
            prop_assert_eq!(found, object);
        }

        #[test]
        fn any_bytes_have_members_or_none(bytes in "[{}\\[\\]\",:\\\\a]{0,40}") {
            let mut members = Members::of(bytes.as_bytes());
            while members.next().is_some() {}
        }
    }

    #[test]
    fn page_and_referrer_lose_query_and_fragment() {
        let table = [
            (
                r#"{"url":"https://a.example/x?y=1#z"}"#,
                "https://a.example/x",
                "",
            ),
            (r#"{"path":"/p#x","page":"other"}"#, "/p", ""),
            (r#"{"page":"home"}"#, "home", ""),
            (r#"{"url":"?only=query","path":"/p"}"#, "/p", ""),
            (r#"{"url":5,"path":null,"page":["x"]}"#, "", ""),
            (
                r#"{"referrer":"https://b.example/?q=x","url":"https://a.example/"}"#,
                "https://a.example/",
                "https://b.example/",
            ),
            (
                r#"{"referrer":"https://a.example/before","url":"https://a.example/x"}"#,
                "https://a.example/x",
                "",
            ),
            (r#"{"path":"/p","referrer":"/before"}"#, "/p", "/before"),
            (r#"{"title":"caf\u00e9","url":"/caf\u00e9?x"}"#, "/café", ""),
            ("{}", "", ""),
            ("no JSON", "", ""),
        ];
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        for (metadata, page, referrer) in table {
            let wanted = Facts {
                page: some(page),
                referrer: some(referrer),
            };
            assert_eq!(facts(metadata.as_bytes()), wanted, "{metadata}");
        }
    }

    #[test]
    fn long_name_is_cut_between_letters() {
        let metadata = format!(r#"{{"url":"/{}"}}"#, "é".repeat(MAX_NAME));
        let page = facts(metadata.as_bytes()).page.unwrap();
        assert_eq!(page.len(), MAX_NAME - 1);
    }

    #[test]
    fn view_of_a_page_has_one_kind_in_many_spellings() {
        assert!(
            ["PAGE_VIEW", "page_view", "pageview", "PageView"]
                .iter()
                .all(|kind| is_page_view(kind.as_bytes()))
        );
        assert!(
            !["PAGE_VIEWED", "CLICK", ""]
                .iter()
                .any(|kind| is_page_view(kind.as_bytes()))
        );
    }
}
