//! How the records of a log are written, for the stores that stand on it: variable-length integers
//! (LEB128), and texts and blobs with their length before them. All of it is guarded by the log's
//! checksum; a decoder still never panics.

/// Appends values to a record.
pub trait Encode {
    /// An unsigned integer, 7 bits a byte.
    fn put_u64(&mut self, value: u64);
    /// A signed integer, zigzag coded.
    fn put_i64(&mut self, value: i64);
    /// Bytes with their length before them.
    fn put_bytes(&mut self, bytes: &[u8]);
    /// A text with its length before it.
    fn put_text(&mut self, text: &str) {
        self.put_bytes(text.as_bytes());
    }
}

impl Encode for Vec<u8> {
    fn put_u64(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn put_i64(&mut self, value: i64) {
        self.put_u64(((value << 1) ^ (value >> 63)) as u64);
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_u64(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }
}

/// A record that does not read as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record is malformed: {0}")]
pub struct Malformed(pub &'static str);

/// Reads values from a record.
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Reads from the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Decoder { rest: bytes }
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed("it ends early"))?;
        self.rest = rest;
        Ok(*first)
    }

    /// An unsigned integer.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed("an integer has too many bytes"))
    }

    /// An unsigned integer that fits.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.u64()?).map_err(|_| Malformed("an integer is too large"))
    }

    /// A signed integer.
    pub fn i64(&mut self) -> Result<i64, Malformed> {
        let coded = self.u64()?;
        Ok((coded >> 1) as i64 ^ -((coded & 1) as i64))
    }

    /// Bytes with their length before them.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(self.u64()?).map_err(|_| Malformed("a length is too large"))?;
        self.take(len)
    }

    /// So many bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        if len > self.rest.len() {
            return Err(Malformed("it ends early"));
        }
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(taken)
    }

    /// Sixteen bytes, the lowest first.
    pub fn u128(&mut self) -> Result<u128, Malformed> {
        let bytes = self.take(16)?;
        Ok(u128::from_le_bytes(
            bytes.try_into().map_err(|_| Malformed("it ends early"))?,
        ))
    }

    /// Eight bytes, the lowest first.
    pub fn u64_fixed(&mut self) -> Result<u64, Malformed> {
        let bytes = self.take(8)?;
        Ok(u64::from_le_bytes(
            bytes.try_into().map_err(|_| Malformed("it ends early"))?,
        ))
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes follow.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether all has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A text with its length before it.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    /// How many items follow; a count that the rest cannot hold is refused before it is trusted.
    pub fn count(&mut self) -> Result<usize, Malformed> {
        let count = usize::try_from(self.u64()?).map_err(|_| Malformed("a count is too large"))?;
        if count > self.rest.len() {
            return Err(Malformed("a count is larger than the record"));
        }
        Ok(count)
    }
}
