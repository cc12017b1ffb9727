//! Whether the key of personal data is the one that the file was written with.
//!
//! A known text is sealed in the file. With another key, nothing must be written: half of the
//! contacts could be read with one key and half with the other.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::Error;
use crate::personal::Personal;

const PLACE: &[u8] = b"identity";
const TEXT: &[u8] = b"cauce";

/// Refuses a key that is not that of the file; a new file takes the key.
pub(super) fn check(connection: &mut Connection, personal: &Personal) -> Result<(), Error> {
    let tx = connection.transaction()?;
    let known: Option<Vec<u8>> = tx
        .query_row("SELECT sealed FROM identity", [], |row| row.get(0))
        .optional()?;
    match known {
        Some(sealed) if personal.open(PLACE, &sealed).as_deref() == Some(TEXT) => {}
        Some(_) => return Err(Error::Sealed),
        None => take(&tx, personal)?,
    }
    Ok(tx.commit()?)
}

fn take(tx: &Transaction<'_>, personal: &Personal) -> Result<(), Error> {
    let sealed = personal.seal(PLACE, TEXT)?;
    tx.execute("INSERT INTO identity (sealed) VALUES (?1)", [sealed])?;
    Ok(())
}
