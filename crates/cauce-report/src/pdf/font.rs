//! Letters and how wide they are.
//!
//! The widths are those of Adobe's font metrics for Helvetica and Helvetica-Bold, in thousandths of
//! the size, by the codes of WinAnsi from 32 on (PDF 32000-1:2008, annex D).

/// One of the fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// Helvetica.
    Plain,
    /// Helvetica-Bold.
    Bold,
}

/// A letter that WinAnsi does not have.
const UNKNOWN: u8 = b'?';

/// What WinAnsi has at 128 to 159, where it is not Latin-1.
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

impl Font {
    /// The name in the file.
    pub(super) const fn base(self) -> &'static [u8] {
        match self {
            Font::Plain => b"Helvetica",
            Font::Bold => b"Helvetica-Bold",
        }
    }

    /// The name on a page.
    pub(super) const fn name(self) -> &'static [u8] {
        match self {
            Font::Plain => b"P",
            Font::Bold => b"B",
        }
    }

    /// How wide a text is in this size.
    pub(super) fn width(self, text: &str, size: f32) -> f32 {
        let widths = match self {
            Font::Plain => &PLAIN,
            Font::Bold => &BOLD,
        };
        let of = |code: u8| u32::from(widths[usize::from(code.saturating_sub(32))]);
        let sum: u32 = encode(text).into_iter().map(of).sum();
        sum as f32 * size / 1_000.0
    }

    /// As much of a text as is no wider than this; what was cut off is told by an ellipsis.
    pub(super) fn fit(self, text: &str, size: f32, width: f32) -> String {
        if self.width(text, size) <= width {
            return text.to_owned();
        }
        let mut kept: String = text.to_owned();
        while kept.pop().is_some() {
            let told = format!("{}…", kept.trim_end());
            if self.width(&told, size) <= width {
                return told;
            }
        }
        String::new()
    }

    /// A text in lines that are no wider than this, broken at spaces.
    pub(super) fn wrap(self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let longer = lines.last().map(|line| format!("{line} {word}"));
            match longer.filter(|line| self.width(line, size) <= width) {
                Some(line) => *lines.last_mut().expect("it has just been read") = line,
                None => lines.push(self.fit(word, size, width)),
            }
        }
        lines
    }
}

/// A text in the codes of WinAnsi.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let seen = text.chars().filter(|letter| !is_invisible(*letter));
    seen.map(|letter| code(letter).unwrap_or(UNKNOWN)).collect()
}

/// Whether every letter of a text can be printed.
pub(super) fn has_all(text: &str) -> bool {
    let mut letters = text.chars();
    letters.all(|letter| is_invisible(letter) || code(letter).is_some())
}

/// What joins letters, sets their direction or chooses their form (Unicode, `Default_Ignorable`).
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn code(letter: char) -> Option<u8> {
    match u32::from(letter) {
        code @ (32..=126 | 160..=255) => Some(code as u8),
        _ => {
            let mut own = WINDOWS.chars();
            let place = own.position(|own| own == letter && own > '\u{9f}')?;
            Some(128 + place as u8)
        }
    }
}

#[rustfmt::skip]
const PLAIN: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_the_codes_of_winansi() {
        assert_eq!(encode("Año"), [0x41, 0xf1, 0x6f]);
        assert_eq!(encode("€…–“”ž"), [0x80, 0x85, 0x96, 0x93, 0x94, 0x9e]);
        assert_eq!(encode("Ł\u{81}🙂\n"), [UNKNOWN; 4]);
        assert_eq!(encode("\u{202e}a\u{200d}\u{fe0f}b"), *b"ab");
        assert!(has_all("Año €\u{200b}") && !has_all("Łódź"));
    }

    #[test]
    fn widths_are_those_of_the_metrics() {
        assert_eq!(Font::Plain.width("Wi", 10.0), 9.44 + 2.22);
        assert_eq!(Font::Bold.width("ñ", 10.0), 6.11);
        assert_eq!(Font::Plain.width("€", 1_000.0), 556.0);
    }

    #[test]
    fn a_text_fits_and_wraps() {
        let font = Font::Plain;
        assert_eq!(font.fit("short", 10.0, 100.0), "short");
        let cut = font.fit("far too long for this", 10.0, 50.0);
        assert!(
            cut.ends_with('…') && font.width(&cut, 10.0) <= 50.0,
            "{cut}"
        );
        let lines = font.wrap("one two three four five", 10.0, 50.0);
        assert!(lines.len() > 1, "{lines:?}");
        assert!(lines.iter().all(|line| font.width(line, 10.0) <= 50.0));
        assert_eq!(lines.join(" "), "one two three four five");
    }
}
