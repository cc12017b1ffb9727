//! The small state at the head of each segment: with it, a log whose older segments are gone can
//! still be folded from its first record.

use std::{collections::BTreeMap, sync::Arc};

use cauce_flow::time::Timestamp;

use super::{
    super::{
        digest::{SECRET_BYTES, Secret},
        manifest::Manifest,
        record::RuleRecord,
        tally::Tally,
    },
    State, Tombstone,
};
use crate::store::Removed;
use cauce_log::codec::{Decoder, Encode, Malformed};

impl State {
    /// The body of a base for the state as it is.
    pub(in super::super) fn base(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4_096);
        out.extend_from_slice(&self.secret.0);
        out.put_i64(self.clock.as_millis());
        out.put_u64(self.followed_through);
        self.counters.encode(&mut out);
        out.put_u64(self.rules.len() as u64);
        for ((tenant, kind), rule) in &self.rules {
            let (tenant, kind, rule) = (tenant.clone(), kind.clone(), Some(*rule));
            RuleRecord { tenant, kind, rule }.encode(&mut out);
        }
        out.put_u64(self.erased.len() as u64);
        // In order, so that the same state has the same bytes.
        let erased: BTreeMap<_, _> = self.erased.iter().collect();
        for (visitor, tombstone) in &erased {
            out.extend_from_slice(&visitor.to_le_bytes());
            out.put_i64(tombstone.at.as_millis());
            out.put_u64(tombstone.before_file.map_or(0, |file| file + 1));
        }
        self.manifest.encode(&mut out);
        for tombstone in erased.values() {
            out.extend_from_slice(&tombstone.id.to_le_bytes());
            tombstone.removed.encode(&mut out);
        }
        out
    }

    /// Takes the state at the head of a segment. That of a later segment says what is known already,
    /// unless a record between is damaged: then it is right and the fold is not.
    pub(super) fn adopt(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let mut from = Decoder::new(body);
        let from = &mut from;
        let secret = from.take(SECRET_BYTES)?.try_into();
        let secret = secret.map_err(|_| Malformed("its secret is too short"))?;
        let clock = Timestamp::from_millis(from.i64()?);
        let followed_through = from.u64()?;
        let counters = Tally::decode(from)?;
        let mut rules = BTreeMap::new();
        for _ in 0..from.count()? {
            let RuleRecord { tenant, kind, rule } = RuleRecord::decode(from)?;
            rules.extend(rule.map(|rule| ((tenant, kind), rule)));
        }
        let count = from.count()?;
        let mut erased = (0..count)
            .map(|_| take_tombstone(from))
            .collect::<Result<Vec<_>, _>>()?;
        self.manifest = Manifest::decode(from)?;
        // Receipts came later: older bases end here.
        if !from.is_empty() {
            for (_, tombstone) in &mut erased {
                tombstone.id = from.u128()?;
                tombstone.removed = Removed::decode(from)?;
            }
        }
        let erased = erased.into_iter().collect();
        self.secret = Arc::new(Secret(secret));
        (self.clock, self.followed_through) = (clock, followed_through);
        (self.counters, self.rules, self.erased) = (counters, rules, erased);
        Ok(())
    }
}

fn take_tombstone(from: &mut Decoder<'_>) -> Result<(u128, Tombstone), Malformed> {
    let visitor = from.u128()?;
    let at = Timestamp::from_millis(from.i64()?);
    let before_file = from.u64()?.checked_sub(1);
    let tombstone = Tombstone {
        at,
        before_file,
        id: 0,
        removed: Removed::default(),
    };
    Ok((visitor, tombstone))
}
