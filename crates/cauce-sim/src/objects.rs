//! What a stand-in for an object store holds.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// The objects of one stand-in; clones read the same ones.
#[derive(Clone, Default)]
pub struct Objects(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, Upload>,
    begun: u32,
    puts: BTreeMap<String, u32>,
    largest_bytes: usize,
}

struct Upload {
    key: String,
    parts: BTreeMap<u32, Vec<u8>>,
}

/// What is wrong with a request about an upload.
pub(crate) enum Wrong {
    NoSuchUpload,
    InvalidPart,
    InvalidPartOrder,
    EntityTooSmall,
}

impl Objects {
    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.0.lock().objects.keys().cloned().collect()
    }

    /// An object.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().objects.get(name).cloned()
    }

    /// How often an object was put, whole or by completing an upload.
    pub fn puts(&self, name: &str) -> u32 {
        self.0.lock().puts.get(name).copied().unwrap_or(0)
    }

    /// Uploads in parts that were begun and neither completed nor given up.
    pub fn open_uploads(&self) -> usize {
        self.0.lock().uploads.len()
    }

    /// Uploads in parts that were begun.
    pub fn uploads(&self) -> u32 {
        self.0.lock().begun
    }

    /// The largest body that came in one request.
    pub fn largest_bytes(&self) -> usize {
        self.0.lock().largest_bytes
    }

    pub(crate) fn put(&self, key: &str, body: &[u8]) -> String {
        let mut state = self.0.lock();
        state.largest_bytes = state.largest_bytes.max(body.len());
        state.keep(key, body.to_vec())
    }

    pub(crate) fn remove(&self, key: &str) {
        self.0.lock().objects.remove(key);
    }

    pub(crate) fn begin(&self, key: &str) -> String {
        let mut state = self.0.lock();
        state.begun += 1;
        // A character that has to be escaped in an address, as Amazon's ids have them.
        let id = format!("upload+{}/=", state.begun);
        let (key, parts) = (key.to_owned(), BTreeMap::new());
        state.uploads.insert(id.clone(), Upload { key, parts });
        id
    }

    pub(crate) fn put_part(
        &self,
        key: &str,
        id: &str,
        number: u32,
        body: &[u8],
    ) -> Result<String, Wrong> {
        let mut state = self.0.lock();
        state.largest_bytes = state.largest_bytes.max(body.len());
        state.upload(key, id)?.parts.insert(number, body.to_vec());
        Ok(tag(body))
    }

    pub(crate) fn abort(&self, key: &str, id: &str) -> Result<(), Wrong> {
        let mut state = self.0.lock();
        state.upload(key, id)?;
        state.uploads.remove(id);
        Ok(())
    }

    /// Makes an object of the parts that are named, in their order.
    pub(crate) fn complete(
        &self,
        key: &str,
        id: &str,
        parts: &[(u32, String)],
        least: usize,
    ) -> Result<String, Wrong> {
        let mut state = self.0.lock();
        let upload = state.upload(key, id)?;
        if !parts.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(Wrong::InvalidPartOrder);
        }
        let mut whole = Vec::new();
        for (at, (number, stated)) in parts.iter().enumerate() {
            let part = upload.parts.get(number).filter(|part| tag(part) == *stated);
            let part = part.ok_or(Wrong::InvalidPart)?;
            if part.len() < least && at + 1 < parts.len() {
                return Err(Wrong::EntityTooSmall);
            }
            whole.extend_from_slice(part);
        }
        state.uploads.remove(id);
        Ok(state.keep(key, whole))
    }
}

impl State {
    fn keep(&mut self, key: &str, body: Vec<u8>) -> String {
        let tag = tag(&body);
        *self.puts.entry(key.to_owned()).or_default() += 1;
        self.objects.insert(key.to_owned(), body);
        tag
    }

    fn upload(&mut self, key: &str, id: &str) -> Result<&mut Upload, Wrong> {
        let upload = self.uploads.get_mut(id).filter(|upload| upload.key == key);
        upload.ok_or(Wrong::NoSuchUpload)
    }
}

/// An entity tag. Clients take it as it is.
fn tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}
