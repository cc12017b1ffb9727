//! Follows the XML of a workbook as its reader will: a tag ends with the first `>` outside of quotes, a
//! text with `<`, and tags close each other in order. The reader gathers all texts of a cell before
//! it hands it on, so their bytes are counted from where the cell opens.

/// Most bytes of a tag, or of a text between two, in a sheet or among the texts.
const MAX_PIECE: usize = 1 << 20;
/// The same in parts that say how cells look and where parts are.
const MAX_SMALL_PIECE: usize = 32 << 10;
/// Most bytes of a cell, or of a text in the list of texts, with all that is in it.
const MAX_CELL: usize = 4 << 20;
/// Most tags of a part that is held as a whole.
const MAX_TAGS: u64 = 500_000;
/// Most bytes of the name of a tag, and most tags within each other.
const MAX_NAME: usize = 64;
const MAX_DEPTH: usize = 64;

/// Tags of which the reader keeps something, each in a part that is larger than one with them may be.
const FOREIGN: [&[u8]; 10] = [
    b"Relationship",
    b"Relationships",
    b"borders",
    b"cellXfs",
    b"clrScheme",
    b"definedName",
    b"fills",
    b"fonts",
    b"numFmts",
    b"sheet",
];

/// Why XML is not of the kind that spreadsheets write.
pub(super) type Odd = &'static str;

/// Which part it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sheet, which is read cell by cell.
    #[default]
    Sheet,
    /// The list of texts.
    Texts,
    /// How cells look, or where parts are.
    Small,
}

#[derive(Default)]
pub(super) struct Scan {
    kind: Kind,
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
    /// What is said of the encoding.
    instruction: Vec<u8>,
    /// How many texts a list says it has, and how many it has.
    pub(super) promised: u64,
    pub(super) texts: u64,
    tags: u64,
    /// The formats of cells, and the bytes of the longest tag.
    pub(super) formats: u64,
    pub(super) longest: usize,
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
    pub(super) fn of(kind: Kind) -> Scan {
        Scan {
            kind,
            ..Scan::default()
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Odd> {
        bytes.iter().try_for_each(|byte| self.byte(*byte))
    }

    fn byte(&mut self, byte: u8) -> Result<(), Odd> {
        self.seen += 1;
        self.piece += 1;
        self.cell_bytes += usize::from(self.cell.is_some());
        if self.kind == Kind::Small && self.piece > MAX_SMALL_PIECE {
            return Err("holds a tag of more than 32 KiB");
        }
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
            (At::Instruction(true), b'>') => {
                self.end_instruction()?;
                self.text()
            }
            (At::Instruction(_), byte) => {
                self.instruction.push(byte.to_ascii_lowercase());
                At::Instruction(byte == b'?')
            }
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

    /// In another encoding, few bytes may be many letters.
    fn end_instruction(&mut self) -> Result<(), Odd> {
        let text = String::from_utf8_lossy(&self.instruction);
        let is_utf_8 = text.contains("utf-8") || text.contains("utf8");
        match text.contains("encoding") && !is_utf_8 {
            true => Err("is not in UTF-8"),
            false => Ok(()),
        }
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
        self.count(local)?;
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

    /// Counts what the reader keeps of a tag.
    fn count(&mut self, local: &[u8]) -> Result<(), Odd> {
        self.tags += 1;
        self.texts += u64::from(local == b"si");
        self.formats += u64::from(local == b"xf");
        self.longest = self.longest.max(self.piece);
        match self.kind {
            Kind::Small if self.tags > MAX_TAGS => Err("holds more than 500,000 tags"),
            Kind::Small if local != b"sheet" => Ok(()),
            Kind::Sheet | Kind::Texts if !FOREIGN.contains(&local) => Ok(()),
            Kind::Sheet | Kind::Texts | Kind::Small => Err("holds what belongs into another part"),
        }
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
