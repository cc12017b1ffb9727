//! A filter over digests: spares a look into a run that does not hold an id.
//!
//! It is the split block Bloom filter of the Parquet format
//! (<https://github.com/apache/parquet-format/blob/master/BloomFilter.md>): a digest chooses one
//! block of 32 bytes and one bit in each of its eight words, so that a question touches one cache
//! line in memory, or 32 bytes on disk. At 12 bits an id about 1 of 200 others is let through.
//!
//! It is written here because it lies on disk: the crates that do it change their format between
//! releases. Its own begins with a header, is little-endian, and has to stay readable:
//!
//! ```text
//! "cidf" | version u32 = 1 | blocks u64 | xxh3-64 of all blocks u64 | blocks of 8 u32
//! ```

use xxhash_rust::xxh3::xxh3_64;

/// Bytes before the blocks.
pub const HEADER_BYTES: usize = 24;
/// Bytes of one block.
pub const BLOCK_BYTES: usize = 32;

const MAGIC: [u8; 4] = *b"cidf";
const VERSION: u32 = 1;
const BITS_AN_ID: usize = 12;
const WORDS: usize = 8;

/// The odd numbers of the Parquet format, one for each word of a block.
const SALT: [u32; WORDS] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// Why bytes are no filter. The run itself can answer instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// They do not begin as one.
    #[error("these bytes are no filter of ids")]
    Magic,
    /// Another version wrote it.
    #[error("the filter of ids has version {0}; this program knows version {VERSION}")]
    Version(u32),
    /// It is cut off, or something follows it.
    #[error("the filter of ids has {found} bytes and should have {expected}")]
    Length {
        /// Bytes there are.
        found: usize,
        /// Bytes there should be.
        expected: u64,
    },
    /// It has no blocks, though even a filter of nothing has one.
    #[error("the filter of ids has no blocks")]
    Empty,
    /// Its checksum does not fit.
    #[error("the filter of ids is damaged")]
    Checksum,
}

/// Says of a digest that it is not among those it was built of, or that it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    blocks: Vec<[u32; WORDS]>,
}

/// Where the blocks of a filter on disk are, for whoever does not want it in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    count: u64,
}

impl Filter {
    /// A filter of these digests.
    pub fn build(digests: impl ExactSizeIterator<Item = u128>) -> Filter {
        let count = (digests.len() * BITS_AN_ID)
            .div_ceil(BLOCK_BYTES * 8)
            .max(1);
        let mut filter = Filter {
            blocks: vec![[0; WORDS]; count],
        };
        for digest in digests {
            let block = &mut filter.blocks[block_of(digest, count as u64) as usize];
            for (word, bit) in block.iter_mut().zip(bits(digest)) {
                *word |= bit;
            }
        }
        filter
    }

    /// Whether the digest may be among those it was built of. `false` is certain.
    pub fn may_hold(&self, digest: u128) -> bool {
        let block = &self.blocks[block_of(digest, self.blocks.len() as u64) as usize];
        block
            .iter()
            .zip(bits(digest))
            .all(|(word, bit)| word & bit != 0)
    }

    /// Bytes that it takes in memory; on disk [`HEADER_BYTES`] more.
    pub fn size(&self) -> usize {
        self.blocks.len() * BLOCK_BYTES
    }

    /// The filter as it lies on disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        let words = self.blocks.iter().flatten();
        let body: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.blocks.len() as u64).to_le_bytes());
        bytes.extend(xxh3_64(&body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// Reads a filter back, and checks it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Filter, BadFilter> {
        let (header, body) = bytes.split_first_chunk().ok_or(BadFilter::Magic)?;
        let (blocks, checksum) = read_header(header)?;
        let expected = blocks.size();
        if bytes.len() as u64 != expected {
            let found = bytes.len();
            return Err(BadFilter::Length { found, expected });
        }
        if xxh3_64(body) != checksum {
            return Err(BadFilter::Checksum);
        }
        let (body, _) = body.as_chunks::<BLOCK_BYTES>();
        let blocks = body.iter().map(read_block).collect();
        Ok(Filter { blocks })
    }
}

impl Blocks {
    /// Reads the header of a filter. The blocks go unchecked: a flipped bit can hide an id.
    pub fn from_header(header: &[u8; HEADER_BYTES]) -> Result<Blocks, BadFilter> {
        read_header(header).map(|(blocks, _)| blocks)
    }

    /// Bytes of the whole filter.
    pub fn size(self) -> u64 {
        let body = self.count.saturating_mul(BLOCK_BYTES as u64);
        body.saturating_add(HEADER_BYTES as u64)
    }

    /// Where the block that knows of the digest begins, from the start of the filter.
    pub fn offset(self, digest: u128) -> u64 {
        HEADER_BYTES as u64 + block_of(digest, self.count) * BLOCK_BYTES as u64
    }

    /// Whether the digest may be there, by the block at its offset. `false` is certain.
    pub fn may_hold(block: &[u8; BLOCK_BYTES], digest: u128) -> bool {
        let block = read_block(block);
        block
            .iter()
            .zip(bits(digest))
            .all(|(word, bit)| word & bit != 0)
    }
}

/// Where the blocks are, and what their checksum should be.
fn read_header(header: &[u8; HEADER_BYTES]) -> Result<(Blocks, u64), BadFilter> {
    let (words, _) = header.as_chunks::<4>();
    let word = |place: usize| u32::from_le_bytes(words[place]);
    let long = |place: usize| u64::from(word(place)) | u64::from(word(place + 1)) << 32;
    if words[0] != MAGIC {
        return Err(BadFilter::Magic);
    }
    if word(1) != VERSION {
        return Err(BadFilter::Version(word(1)));
    }
    let count = long(2);
    if count == 0 {
        return Err(BadFilter::Empty);
    }
    Ok((Blocks { count }, long(4)))
}

fn read_block(bytes: &[u8; BLOCK_BYTES]) -> [u32; WORDS] {
    let (words, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|place| u32::from_le_bytes(words[place]))
}

/// The block of a digest, by the upper 32 of its low 64 bits.
fn block_of(digest: u128, count: u64) -> u64 {
    let chosen = u64::from((digest >> 32) as u32);
    // Fits: the product is below 2^96, and the quotient below `count`.
    ((u128::from(chosen) * u128::from(count)) >> 32) as u64
}

/// The bit of a digest in each word of its block, by its lowest 32 bits.
fn bits(digest: u128) -> [u32; WORDS] {
    let key = digest as u32;
    SALT.map(|salt| 1 << (key.wrapping_mul(salt) >> 27))
}

#[cfg(test)]
mod tests;
