//! Encryption at rest.
//!
//! The key is a file of its own beside the database: 32 random bytes that their owner alone can
//! read, made at the first start. A copy of the database without it tells nothing, and without it
//! what was sealed can never be read again.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

use crate::database::make_private_new;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Random nonces of this length do not come twice (draft-irtf-cfrg-xchacha, section 3.1).
const NONCE_BYTES: usize = 24;

/// Seals and opens with one key.
pub(crate) struct Seal(XChaCha20Poly1305);

impl Seal {
    /// With this key.
    pub(crate) fn new(key: [u8; KEY_BYTES]) -> Seal {
        Seal(XChaCha20Poly1305::new(&key.into()))
    }

    /// Encrypts a text for one place: nonce, then ciphertext with its tag.
    pub(crate) fn seal(&self, place: &[u8], text: &[u8]) -> io::Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let payload = Payload {
            msg: text,
            aad: place,
        };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("a text is shorter than the cipher's 256 GiB");
        Ok([&nonce[..], &sealed].concat())
    }

    /// The text, if it was sealed with this key, for this place, and is whole.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: place,
        };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

/// Reads the key in a file, or makes one where there is none. Answers what is wrong with the file.
pub(crate) fn key_in(path: &Path) -> Result<[u8; KEY_BYTES], String> {
    let bytes = read_or_make(path).map_err(|why| why.to_string())?;
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| format!("it holds {} bytes, not {KEY_BYTES}", bytes.len()))
}

fn read_or_make(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path)?,
        read => return read,
    }
    fs::read(path)
}

/// Makes the file under its name only when it is whole and on disk. Where another process was
/// faster, its key stands.
fn make(path: &Path) -> io::Result<()> {
    let draft = draft_of(path)?;
    let made = write(&draft).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    made?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

fn draft_of(path: &Path) -> io::Result<PathBuf> {
    let name = data_encoding::HEXLOWER.encode(&random::<8>()?);
    let draft = path.with_extension(name);
    make_private_new(&draft)?;
    Ok(draft)
}

fn write(draft: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(draft)?;
    file.write_all(&random::<KEY_BYTES>()?)?;
    file.sync_all()
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}
