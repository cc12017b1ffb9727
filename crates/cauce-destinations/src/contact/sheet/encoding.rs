//! Bytes become text, piece by piece, in an encoding that is found out on the way.
//!
//! A byte order mark decides at once; so do zeros at the beginning, which only UTF-16 has. All other
//! encodings here agree on ASCII, so the text is read as such until the first byte that is not: what
//! stands around that one decides for the whole, UTF-8 where it can be.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder as Decoding, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes from the first that is not ASCII on, by which the encoding is told.
const MAX_SAMPLE: usize = 64 << 10;
/// Bytes by which it is told whether there is a mark, or a file that is no text.
const HEAD: usize = 64;

/// What the first bytes show to be no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoText {
    /// An older spreadsheet.
    OldSpreadsheet,
    /// A compressed file.
    Compressed,
    /// A PDF.
    Pdf,
    /// Bytes that stand in no text.
    Binary,
}

/// Decodes a file.
pub(super) struct Decoder {
    /// Bytes that wait until the encoding is known.
    held: Vec<u8>,
    begun: bool,
    decoding: Option<Decoding>,
    /// Helps to tell the encodings of the West from those of the East.
    country: Option<String>,
}

impl Decoder {
    /// With the encoding that somebody has named, or one that is found out.
    pub(super) fn new(named: Option<&'static Encoding>, country: Option<&str>) -> Decoder {
        Decoder {
            held: Vec::new(),
            begun: false,
            decoding: named.map(Encoding::new_decoder_with_bom_removal),
            country: country.map(str::to_ascii_lowercase),
        }
    }

    /// The encoding, once it has been told from something.
    pub(super) fn encoding(&self) -> &'static Encoding {
        self.decoding.as_ref().map_or(UTF_8, Decoding::encoding)
    }

    /// Takes bytes, and hands on what can be read of them.
    pub(super) fn push(&mut self, bytes: &[u8], text: &mut String) -> Result<(), NoText> {
        if self.begun && self.decoding.is_some() {
            self.decode(bytes, false, text);
            return Ok(());
        }
        self.held.extend_from_slice(bytes);
        self.decide(false, text)
    }

    /// Hands on what is left.
    pub(super) fn finish(&mut self, text: &mut String) -> Result<(), NoText> {
        self.decide(true, text)?;
        self.decode(&[], true, text);
        Ok(())
    }

    fn decide(&mut self, last: bool, text: &mut String) -> Result<(), NoText> {
        if !self.begun {
            if self.held.len() < HEAD && !last {
                return Ok(());
            }
            self.begin()?;
        }
        if self.decoding.is_none() {
            let ascii = self.held.iter().position(|byte| !byte.is_ascii());
            let ascii = ascii.unwrap_or(self.held.len());
            let rest = self.held.split_off(ascii);
            let plain = std::mem::replace(&mut self.held, rest);
            text.push_str(std::str::from_utf8(&plain).unwrap_or_default());
            if !last && self.held.len() < MAX_SAMPLE {
                return Ok(());
            }
            self.decoding = Some(self.told().new_decoder_without_bom_handling());
        }
        let held = std::mem::take(&mut self.held);
        self.decode(&held, false, text);
        Ok(())
    }

    /// Looks at the first bytes.
    fn begin(&mut self) -> Result<(), NoText> {
        self.begun = true;
        let head = &self.held[..];
        if let Some(what) = no_text(head) {
            return Err(what);
        }
        if self.decoding.is_some() {
            return Ok(());
        }
        if let Some((encoding, _)) = Encoding::for_bom(head) {
            self.decoding = Some(encoding.new_decoder_with_bom_removal());
            return Ok(());
        }
        let zeros = |odd: usize| {
            let of = head[..head.len().min(HEAD)].iter().skip(odd).step_by(2);
            of.filter(|byte| **byte == 0).count() * 8 > head.len().min(HEAD)
        };
        self.decoding = match (zeros(0), zeros(1)) {
            (false, true) => Some(UTF_16LE.new_decoder_without_bom_handling()),
            (true, false) => Some(UTF_16BE.new_decoder_without_bom_handling()),
            (true, true) => return Err(NoText::Binary),
            (false, false) => None,
        };
        Ok(())
    }

    /// The encoding of the sample that is held.
    fn told(&self) -> &'static Encoding {
        let sample = &self.held[..self.held.len().min(MAX_SAMPLE)];
        // In other encodings, bytes beyond ASCII hardly ever make a character of UTF-8. So a file of
        // which the most part is UTF-8 is UTF-8 with some bad rows.
        let (mut good, mut bad) = (0, 0);
        for chunk in sample.utf8_chunks() {
            good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            bad += usize::from(!chunk.invalid().is_empty());
        }
        if good > bad || bad == 0 {
            return UTF_8;
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(sample, true);
        let country = self.country.as_deref().map(str::as_bytes);
        detector.guess(country, Utf8Detection::Allow)
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool, text: &mut String) {
        let Some(decoding) = &mut self.decoding else {
            return;
        };
        loop {
            let room = decoding.max_utf8_buffer_length(bytes.len());
            text.reserve(room.unwrap_or(bytes.len()));
            let (result, read, _) = decoding.decode_to_string(bytes, text, last);
            bytes = &bytes[read..];
            if result == encoding_rs::CoderResult::InputEmpty {
                return;
            }
        }
    }
}

/// What a file is by its first bytes, where it is no text.
fn no_text(head: &[u8]) -> Option<NoText> {
    const KINDS: [(&[u8], NoText); 5] = [
        (b"\xd0\xcf\x11\xe0", NoText::OldSpreadsheet),
        (b"\x1f\x8b", NoText::Compressed),
        (b"\x28\xb5\x2f\xfd", NoText::Compressed),
        (b"7z\xbc\xaf", NoText::Compressed),
        (b"%PDF", NoText::Pdf),
    ];
    let kind = KINDS.iter().find(|(begin, _)| head.starts_with(begin));
    kind.map(|(_, what)| *what)
}
