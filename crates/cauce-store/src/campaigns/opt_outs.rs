//! Numbers that want no messages: a table, and their hashes in memory.
//!
//! The memory follows each commit before the next one begins, so whoever asks after an answer sees
//! what was answered.

use std::collections::HashSet;

use cauce_flow::{id::TenantId, time::Timestamp};
use parking_lot::RwLock;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{
    Campaigns, Error,
    contact::{OptOut, OptedBy},
    tenants,
};
use crate::personal::PhoneHash;

/// The hashes of all numbers that have opted out. A hash is one tenant's.
#[derive(Default)]
pub(super) struct OptedOut(RwLock<HashSet<PhoneHash>>);

/// What becomes of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opting {
    /// Whose number it is.
    pub tenant: TenantId,
    /// The number, in the form that stands for its person.
    pub phone: String,
    /// How it opts out; none where it opts in again.
    pub out: Option<OptOut>,
}

impl OptedOut {
    pub(super) fn add(&self, new: impl IntoIterator<Item = PhoneHash>) {
        self.0.write().extend(new);
    }

    fn remove(&self, gone: &[PhoneHash]) {
        let mut known = self.0.write();
        gone.iter().for_each(|hash| {
            known.remove(hash);
        });
    }
}

impl Campaigns {
    /// Whether a number, in the form that stands for its person, wants no messages of this tenant. Costs no look at
    /// the disk.
    pub fn is_opted_out(&self, tenant: &TenantId, phone: &str) -> bool {
        let hash = self.phone_hash(tenant, phone);
        self.opted_out.0.read().contains(&hash)
    }

    /// How many numbers have opted out, of all tenants.
    pub fn opted_out(&self) -> usize {
        self.opted_out.0.read().len()
    }

    /// Since when a number has opted out, and by what.
    pub async fn opt_out_of(
        &self,
        tenant: &TenantId,
        phone: &str,
    ) -> Result<Option<OptOut>, Error> {
        let hash = self.phone_hash(tenant, phone);
        self.database
            .read(move |connection| find(connection, &hash))
            .await
    }

    /// Notes that numbers, in the form that stands for their person, want no messages. Holds when it answers, for
    /// contacts that come later, too. Answers how many of them are new.
    pub async fn opt_out(
        &self,
        tenant: &TenantId,
        phones: &[&str],
        by: OptedBy,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let hashes = self.hashes(tenant, phones);
        let (tenant, opted_out) = (tenant.clone(), self.opted_out.clone());
        let after = hashes.clone();
        let work = move |tx: &Transaction<'_>| -> Result<u64, Error> {
            let tenant = tenants::number(tx, &tenant)?;
            let mut new = 0;
            for hash in &hashes {
                new += u64::from(note(tx, tenant, hash, OptOut { at: now, by })?);
            }
            Ok(new)
        };
        let then = move |_: &u64| opted_out.add(after);
        self.database.write_then(work, then).await
    }

    /// Notes that numbers want messages again. Answers how many of them had opted out.
    pub async fn opt_in(&self, tenant: &TenantId, phones: &[&str]) -> Result<u64, Error> {
        let hashes = self.hashes(tenant, phones);
        let (opted_out, after) = (self.opted_out.clone(), hashes.clone());
        let work = move |tx: &Transaction<'_>| -> Result<u64, Error> {
            let mut gone = 0;
            for hash in &hashes {
                gone += u64::from(forget(tx, hash)?);
            }
            Ok(gone)
        };
        let then = move |_: &u64| opted_out.remove(&after);
        self.database.write_then(work, then).await
    }

    /// Notes what becomes of numbers, one after the other, all of it or nothing. Holds when it answers.
    pub async fn opt(&self, optings: Vec<Opting>) -> Result<(), Error> {
        let hashed = optings.into_iter().map(|opting| {
            let hash = self.phone_hash(&opting.tenant, &opting.phone);
            (opting.tenant, hash, opting.out)
        });
        let hashed: Vec<(TenantId, PhoneHash, Option<OptOut>)> = hashed.collect();
        let opted_out = self.opted_out.clone();
        let work = move |tx: &Transaction<'_>| -> Result<_, Error> {
            for (tenant, hash, out) in &hashed {
                match out {
                    Some(out) => note(tx, tenants::number(tx, tenant)?, hash, *out)?,
                    None => forget(tx, hash)?,
                };
            }
            Ok(hashed)
        };
        let then = move |hashed: &Vec<(TenantId, PhoneHash, Option<OptOut>)>| {
            for (_, hash, out) in hashed {
                match out {
                    Some(_) => opted_out.add([*hash]),
                    None => opted_out.remove(&[*hash]),
                }
            }
        };
        self.database.write_then(work, then).await.map(drop)
    }

    fn hashes(&self, tenant: &TenantId, phones: &[&str]) -> Vec<PhoneHash> {
        let hashes = phones.iter();
        hashes.map(|one| self.phone_hash(tenant, one)).collect()
    }
}

/// Notes an opt-out, and that the contacts with the number have it. The first one stands.
pub(super) fn note(
    tx: &Transaction<'_>,
    tenant: i64,
    hash: &PhoneHash,
    opt_out: OptOut,
) -> rusqlite::Result<bool> {
    let new = tx
        .prepare_cached(
            "INSERT INTO opt_outs (phone, tenant, at, by) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute((hash.0, tenant, opt_out.at.as_millis(), opt_out.by.as_str()))?;
    if new > 0 {
        tx.prepare_cached("UPDATE contacts SET opted_out = 1 WHERE phone = ?1")?
            .execute([hash.0])?;
    }
    Ok(new > 0)
}

fn forget(tx: &Transaction<'_>, hash: &PhoneHash) -> rusqlite::Result<bool> {
    let gone = tx
        .prepare_cached("DELETE FROM opt_outs WHERE phone = ?1")?
        .execute([hash.0])?;
    if gone > 0 {
        tx.prepare_cached("UPDATE contacts SET opted_out = 0 WHERE phone = ?1")?
            .execute([hash.0])?;
    }
    Ok(gone > 0)
}

/// How a number has opted out.
fn find(connection: &Connection, hash: &PhoneHash) -> Result<Option<OptOut>, Error> {
    let found: Option<(i64, String)> = connection
        .prepare_cached("SELECT at, by FROM opt_outs WHERE phone = ?1")?
        .query_row([hash.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.and_then(|(at, by)| {
        Some(OptOut {
            at: Timestamp::from_millis(at),
            by: by.parse().ok()?,
        })
    }))
}

/// Whether a number has opted out, as of a transaction.
pub(super) fn is_noted(tx: &Transaction<'_>, hash: &PhoneHash) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT 1 FROM opt_outs WHERE phone = ?1")?
        .exists([hash.0])
}

/// All of them, at the start.
pub(super) fn load(connection: &Connection) -> Result<OptedOut, Error> {
    let mut all = connection.prepare("SELECT phone FROM opt_outs")?;
    let all = all.query_map([], |row| Ok(PhoneHash(row.get(0)?)))?;
    let known = all.collect::<rusqlite::Result<HashSet<_>>>()?;
    Ok(OptedOut(RwLock::new(known)))
}
