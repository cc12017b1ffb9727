//! Brings an object into canonical form without building a tree of it.
//!
//! Most metadata is small and plain: a few texts, numbers and flags. Their bytes are canonical as
//! they stand, and only the order of keys and the white space are to be mended. Whatever is not
//! certain to be written the same by `serde_json` (an escape, an exponent, a key given twice, deep
//! nesting) is left to it: the answer is none, and the tree is built.

/// Deeper objects are left to the tree.
const MAX_DEPTH: usize = 6;
/// So many digits are the same as a number and as a text, whatever the number is kept in.
const MAX_DIGITS: usize = 15;
/// Smaller numbers may be written with an exponent.
const MAX_LEADING_ZEROS: usize = 3;

/// The canonical form of the object, where it can be told from the text alone.
pub(super) fn canonical(text: &str) -> Option<String> {
    let whole = Text(text.as_bytes());
    let start = whole.skip_space(0);
    let end = whole.object_end(start, 0)?;
    if whole.skip_space(end) != text.len() {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    whole.write(start, end, &mut out)?;
    String::from_utf8(out).ok()
}

/// A member of an object: where its key (with quotes) and its value stand.
type Member = ((usize, usize), (usize, usize));

struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn at(&self, place: usize) -> Option<u8> {
        self.0.get(place).copied()
    }

    fn skip_space(&self, mut place: usize) -> usize {
        while matches!(self.at(place), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            place += 1;
        }
        place
    }

    /// Where the value that begins here ends.
    fn value_end(&self, place: usize, depth: usize) -> Option<usize> {
        match self.at(place)? {
            b'"' => self.string_end(place),
            b'{' => self.object_end(place, depth),
            b'[' => self.list(place, depth, |_, _| {}),
            b't' => self.word_end(place, b"true"),
            b'f' => self.word_end(place, b"false"),
            b'n' => self.word_end(place, b"null"),
            _ => self.number_end(place),
        }
    }

    fn word_end(&self, place: usize, word: &[u8]) -> Option<usize> {
        self.0[place..]
            .starts_with(word)
            .then_some(place + word.len())
    }

    /// A text without escapes.
    fn string_end(&self, place: usize) -> Option<usize> {
        let inside = &self.0[place + 1..];
        let length = inside
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        (inside[length] == b'"').then_some(place + length + 2)
    }

    /// A number whose digits are few enough to come back as they are.
    fn number_end(&self, place: usize) -> Option<usize> {
        let digits_from = place + usize::from(self.at(place)? == b'-');
        let whole_end = self.digits_end(digits_from);
        let whole = &self.0[digits_from..whole_end];
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let end = if self.at(whole_end) == Some(b'.') {
            self.fraction_end(whole, whole_end + 1)?
        } else if whole == b"0" && digits_from > place {
            return None;
        } else {
            whole_end
        };
        let ends = !matches!(self.at(end), Some(b'.' | b'e' | b'E'));
        (ends && end - digits_from <= MAX_DIGITS).then_some(end)
    }

    fn fraction_end(&self, whole: &[u8], from: usize) -> Option<usize> {
        let end = self.digits_end(from);
        let digits = &self.0[from..end];
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        let plain = match digits {
            [] => false,
            [b'0'] => whole != b"0",
            [.., b'0'] => false,
            _ => whole != b"0" || zeros <= MAX_LEADING_ZEROS,
        };
        plain.then_some(end)
    }

    fn digits_end(&self, from: usize) -> usize {
        let digits = self.0[from.min(self.0.len())..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        from + digits.count()
    }

    fn object_end(&self, place: usize, depth: usize) -> Option<usize> {
        self.members(place, depth, |_| {})
    }

    /// Shows every member of the object that begins here; answers where the object ends.
    fn members(&self, place: usize, depth: usize, mut show: impl FnMut(Member)) -> Option<usize> {
        if self.at(place)? != b'{' || depth == MAX_DEPTH {
            return None;
        }
        let mut place = self.skip_space(place + 1);
        if self.at(place)? == b'}' {
            return Some(place + 1);
        }
        loop {
            if self.at(place)? != b'"' {
                return None;
            }
            let key_end = self.string_end(place)?;
            let colon = self.skip_space(key_end);
            if self.at(colon)? != b':' {
                return None;
            }
            let value = self.skip_space(colon + 1);
            let value_end = self.value_end(value, depth + 1)?;
            show(((place, key_end), (value, value_end)));
            let next = self.skip_space(value_end);
            match self.at(next)? {
                b',' => place = self.skip_space(next + 1),
                b'}' => return Some(next + 1),
                _ => return None,
            }
        }
    }

    /// Shows every item of the list that begins here; answers where the list ends.
    fn list(
        &self,
        place: usize,
        depth: usize,
        mut show: impl FnMut(usize, usize),
    ) -> Option<usize> {
        if depth == MAX_DEPTH {
            return None;
        }
        let mut place = self.skip_space(place + 1);
        if self.at(place)? == b']' {
            return Some(place + 1);
        }
        loop {
            let end = self.value_end(place, depth + 1)?;
            show(place, end);
            let next = self.skip_space(end);
            match self.at(next)? {
                b',' => place = self.skip_space(next + 1),
                b']' => return Some(next + 1),
                _ => return None,
            }
        }
    }

    /// Writes the value that stands here, known to be plain.
    fn write(&self, from: usize, to: usize, out: &mut Vec<u8>) -> Option<()> {
        match self.at(from)? {
            b'{' => self.write_object(from, out),
            b'[' => self.write_list(from, out),
            _ => {
                out.extend_from_slice(&self.0[from..to]);
                Some(())
            }
        }
    }

    fn write_object(&self, from: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut members: Vec<Member> = Vec::with_capacity(8);
        self.members(from, 0, |member| members.push(member))?;
        // Without the closing quote: it is greater than some characters that may stand in a key.
        let key = |member: &Member| &self.0[member.0.0 + 1..member.0.1 - 1];
        if !members.is_sorted_by(|a, b| key(a) < key(b)) {
            members.sort_unstable_by(|a, b| key(a).cmp(key(b)));
            if members
                .windows(2)
                .any(|pair| key(&pair[0]) == key(&pair[1]))
            {
                return None;
            }
        }
        out.push(b'{');
        for (place, ((key_from, key_to), (value_from, value_to))) in members.into_iter().enumerate()
        {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&self.0[key_from..key_to]);
            out.push(b':');
            self.write(value_from, value_to, out)?;
        }
        out.push(b'}');
        Some(())
    }

    fn write_list(&self, from: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut items: Vec<(usize, usize)> = Vec::new();
        self.list(from, 0, |from, to| items.push((from, to)))?;
        out.push(b'[');
        for (place, (from, to)) in items.into_iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.write(from, to, out)?;
        }
        out.push(b']');
        Some(())
    }
}

#[cfg(test)]
mod tests;
