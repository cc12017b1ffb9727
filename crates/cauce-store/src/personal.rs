//! Personal data at rest: encrypted where it must be readable, a keyed hash where it must be found.
//!
//! Both come from one key in a file of its own ([`FILE`]) in the data folder. Without it, neither
//! can phone numbers be read, nor can it be tried out which ones are there.

use std::{io, path::Path, sync::Arc};

use cauce_flow::id::TenantId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    database::make_private_new,
    seal::{self, KEY_BYTES, Seal},
};

/// The name of the file with the key of personal data in the data folder.
pub const FILE: &str = "personal.key";

/// What a phone number is found by: a keyed hash of its tenant and the form that stands
/// for its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneHash(pub [u8; 16]);

/// Seals personal data and hashes phone numbers. Clones share the key.
#[derive(Clone)]
pub(crate) struct Personal {
    seal: Arc<Seal>,
    finder: Hmac<Sha256>,
}

impl Personal {
    /// With the key of a data folder, which is made where there is none. Answers what is wrong with
    /// the file.
    pub(crate) fn of(data_dir: &Path) -> Result<Personal, String> {
        let key = seal::key_in(&data_dir.join(FILE))?;
        // Two keys, so that neither use can tell anything about the other.
        let sealing = keyed(&key).chain_update(b"cauce personal data").finalize();
        let finding = keyed(&key).chain_update(b"cauce phone numbers").finalize();
        Ok(Personal {
            seal: Arc::new(Seal::new(sealing.into_bytes().into())),
            finder: keyed(&finding.into_bytes().into()),
        })
    }

    /// Copies the key into another folder, for its owner alone.
    pub(crate) fn copy(data_dir: &Path, to: &Path) -> io::Result<()> {
        let key = std::fs::read(data_dir.join(FILE))?;
        let to = to.join(FILE);
        make_private_new(&to)?;
        std::fs::write(to, key)
    }

    /// What a number, in the form that stands for its person, is found by.
    pub(crate) fn hash(&self, tenant: &TenantId, phone: &str) -> PhoneHash {
        let mac = self.finder.clone().chain_update(tenant.as_str());
        // No name of a tenant holds a NUL, so no two numbers read alike.
        let mac = mac.chain_update([0]).chain_update(phone).finalize();
        let mut hash = [0; 16];
        hash.copy_from_slice(&mac.into_bytes()[..16]);
        PhoneHash(hash)
    }

    /// Encrypts for one place; it can be read for no other.
    pub(crate) fn seal(&self, place: &[u8], text: &[u8]) -> io::Result<Vec<u8>> {
        self.seal.seal(place, text)
    }

    /// What was sealed for this place, if it is whole and the key is the same.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.seal.open(place, sealed)
    }
}

fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}
