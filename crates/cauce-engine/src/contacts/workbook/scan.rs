//! Follows the XML of a workbook as its reader will: a tag ends with the first `>` outside of quotes, a
//! text with `<`, and tags close each other in order. The reader gathers all texts of a cell before
//! it hands it on, so their bytes are counted from where the cell opens.

/// Most bytes of a tag, or of a text between two.
const MAX_PIECE: usize = 1 << 20;
/// Most bytes of a cell, or of a text in the list of texts, with all that is in it.
const MAX_CELL: usize = 4 << 20;
/// Most bytes of the name of a tag, and most tags within each other.
const MAX_NAME: usize = 64;
const MAX_DEPTH: usize = 64;

/// Why XML is not of the kind that spreadsheets write.
pub(super) type Odd = &'static str;

#[derive(Default)]
pub(super) struct Scan {
    at: At,
    seen: u64,
    /// Bytes of the tag or the text that is read.
    piece: usize,
    tag: Tag,
    /// The names of the tags that are open, and where each begins.
    names: Vec<u8>,
    begins: Vec<usize>,
    /// How many tags are around the cell that is open, and its bytes.
    cell: Option<usize>,
    cell_bytes: usize,
    promise: Promise,
    /// How many texts a list says it has, and how many it has.
    pub(super) promised: u64,
    pub(super) texts: u64,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum At {
    #[default]
    Text,
    /// Behind `<`.
    Open,
    Name,
    Tag,
    Quoted(u8),
    /// In `<?…?>`; whether the byte before is `?`.
    Instruction(bool),
}

/// The tag that is read.
#[derive(Default)]
struct Tag {
    name: Vec<u8>,
    closes: bool,
    /// The byte before is a `/`, which makes it an empty one.
    slash: bool,
}

impl Scan {
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Odd> {
        bytes.iter().try_for_each(|byte| self.byte(*byte))
    }

    fn byte(&mut self, byte: u8) -> Result<(), Odd> {
        self.seen += 1;
        self.piece += 1;
        self.cell_bytes += usize::from(self.cell.is_some());
        if self.piece > MAX_PIECE || self.cell_bytes > MAX_CELL {
            return Err("holds a cell of more than a megabyte");
        }
        if byte < b' ' && !is_space(byte) {
            return Err("holds bytes that stand in no XML");
        }
        if self.at != At::Text {
            self.promised = self.promised.max(self.promise.byte(byte));
        }
        self.at = self.next(byte)?;
        Ok(())
    }

    fn next(&mut self, byte: u8) -> Result<At, Odd> {
        Ok(match (self.at, byte) {
            (At::Text, b'<') => {
                self.piece = 0;
                self.tag = Tag::default();
                At::Open
            }
            (At::Text, _) => At::Text,
            (At::Open, b'!') => return Err("holds comments or declarations"),
            // A mark of the encoding may stand before it.
            (At::Open, b'?') if self.seen <= 5 => At::Instruction(false),
            (At::Open, b'?') => return Err("holds instructions"),
            (At::Instruction(true), b'>') => self.text(),
            (At::Instruction(_), byte) => At::Instruction(byte == b'?'),
            (At::Open, b'/') => {
                self.tag.closes = true;
                At::Name
            }
            (At::Open | At::Name | At::Tag, b'>') => {
                self.end_tag()?;
                self.text()
            }
            (At::Open | At::Name | At::Tag, b'"' | b'\'') => At::Quoted(byte),
            (At::Open | At::Name, byte) if byte != b'/' && !is_space(byte) => {
                if self.tag.name.len() >= MAX_NAME {
                    return Err("holds a tag with a long name");
                }
                self.tag.name.push(byte);
                At::Name
            }
            (At::Open | At::Name | At::Tag, byte) => {
                self.tag.slash = byte == b'/';
                At::Tag
            }
            (At::Quoted(quote), byte) if byte == quote => {
                self.tag.slash = false;
                At::Tag
            }
            (At::Quoted(quote), _) => At::Quoted(quote),
        })
    }

    fn text(&mut self) -> At {
        self.piece = 0;
        At::Text
    }

    fn end_tag(&mut self) -> Result<(), Odd> {
        let tag = std::mem::take(&mut self.tag);
        let name = &tag.name[..];
        let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        if tag.closes {
            let begin = self.begins.pop().ok_or(UNCLOSED)?;
            if self.names[begin..] != *name {
                return Err(UNCLOSED);
            }
            self.names.truncate(begin);
            self.cell = self.cell.filter(|depth| *depth != self.begins.len());
            return Ok(());
        }
        self.texts += u64::from(local == b"si");
        if tag.slash {
            return Ok(());
        }
        if self.cell.is_none() && matches!(local, b"c" | b"si") {
            self.cell = Some(self.begins.len());
            self.cell_bytes = 0;
        }
        if self.begins.len() >= MAX_DEPTH {
            return Err("holds too many tags within each other");
        }
        self.begins.push(self.names.len());
        self.names.extend_from_slice(name);
        Ok(())
    }
}

const UNCLOSED: Odd = "holds tags that do not close each other";

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Finds `uniqueCount="…"`: the reader makes room for so many texts before it has seen one.
#[derive(Default)]
struct Promise {
    matched: usize,
    assigned: bool,
    quoted: bool,
    number: u64,
}

impl Promise {
    const NAME: &[u8] = b"uniqueCount";

    /// Answers the number, as far as it has come.
    fn byte(&mut self, byte: u8) -> u64 {
        let whole = self.matched == Promise::NAME.len();
        match byte {
            _ if !whole && Promise::NAME[self.matched] == byte => self.matched += 1,
            byte if whole && !self.quoted && is_space(byte) => {}
            b'=' if whole && !self.assigned => self.assigned = true,
            b'"' | b'\'' if self.assigned && !self.quoted => self.quoted = true,
            b'0'..=b'9' if self.quoted => {
                let digit = u64::from(byte - b'0');
                self.number = self.number.saturating_mul(10).saturating_add(digit);
            }
            byte => {
                *self = Promise::default();
                self.matched = usize::from(byte == Promise::NAME[0]);
            }
        }
        self.number
    }
}
