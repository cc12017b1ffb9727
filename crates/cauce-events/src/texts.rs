//! Different texts, each once, known by their places: what a column of texts is in memory and, as
//! a dictionary, in a file.

use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64;

/// Tells two collections apart, so that what was translated from one is not taken for the other.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Texts by their places, from 0 on.
pub(crate) struct Texts {
    id: u64,
    bytes: Vec<u8>,
    /// Where each text begins and ends in `bytes`.
    bounds: Vec<(u32, u32)>,
    /// Places by hash, one more than they are; 0 where nothing is. Empty until a text is looked up.
    table: Vec<u32>,
}

impl Texts {
    pub(crate) fn new() -> Texts {
        Texts {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            bytes: Vec::new(),
            bounds: Vec::new(),
            table: Vec::new(),
        }
    }

    /// The texts that stand in a buffer between these bounds; none where they do not.
    pub(crate) fn within(bytes: Vec<u8>, bounds: Vec<(u32, u32)>) -> Option<Texts> {
        let inside = |(start, end): &(u32, u32)| start <= end && *end as usize <= bytes.len();
        bounds.iter().all(inside).then(|| Texts {
            bytes,
            bounds,
            ..Texts::new()
        })
    }

    /// Which collection this is.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// Bytes of all texts together.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn get(&self, place: u32) -> &[u8] {
        let (start, end) = self.bounds[place as usize];
        &self.bytes[start as usize..end as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|place| self.get(place as u32))
    }

    fn push(&mut self, text: &[u8]) -> u32 {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text);
        let end = u32::try_from(self.bytes.len()).expect("a batch has less than 4 GB of texts");
        self.bounds.push((start, end));
        (self.bounds.len() - 1) as u32
    }

    /// The place of a text, which is added where it is new.
    pub(crate) fn place(&mut self, text: &[u8]) -> u32 {
        if (self.len() + 1) * 2 > self.table.len() {
            self.grow();
        }
        let mask = self.table.len() - 1;
        let mut slot = xxh3_64(text) as usize & mask;
        loop {
            match self.table[slot].checked_sub(1) {
                None => {
                    let place = self.push(text);
                    self.table[slot] = place + 1;
                    return place;
                }
                Some(place) if self.get(place) == text => return place,
                Some(_) => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let slots = (self.len() * 4).next_power_of_two().max(64);
        let mut table = vec![0u32; slots];
        for place in 0..self.len() as u32 {
            let mut slot = xxh3_64(self.get(place)) as usize & (slots - 1);
            while table[slot] != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            table[slot] = place + 1;
        }
        self.table = table;
    }

    /// Forgets all texts; what follows is another collection.
    pub(crate) fn clear(&mut self) {
        self.id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        self.bytes.clear();
        self.bounds.clear();
        self.table.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;

    #[test]
    fn equal_texts_have_one_place() {
        let mut texts = Texts::new();
        let places: Vec<u32> = (0..3_000)
            .map(|n| texts.place(format!("{}", n % 1_000).as_bytes()))
            .collect();
        assert_eq!(texts.len(), 1_000);
        for (n, place) in places.iter().enumerate() {
            assert_eq!(texts.get(*place), format!("{}", n % 1_000).as_bytes());
        }
        let id = texts.id();
        texts.clear();
        assert_eq!((texts.len(), texts.place(b"7")), (0, 0));
        assert_ne!(texts.id(), id);
    }
}
