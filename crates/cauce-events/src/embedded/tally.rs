//! Counters of each tenant.

use std::collections::BTreeMap;

use cauce_flow::id::TenantId;

use crate::store::Counters;
use cauce_log::codec::{Decoder, Encode, Malformed};

/// Counters of each tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally(BTreeMap<TenantId, Counters>);

impl Tally {
    /// Counts what became of the events of one call.
    pub(super) fn add(&mut self, tenant: &TenantId, more: &Counters) {
        match self.0.get_mut(tenant) {
            Some(counters) => add(counters, more),
            None => drop(self.0.insert(tenant.clone(), *more)),
        }
    }

    /// The counters of a tenant, or the sum of all.
    pub(super) fn of(&self, tenant: Option<&TenantId>) -> Counters {
        match tenant {
            Some(tenant) => self.0.get(tenant).copied().unwrap_or_default(),
            None => self
                .0
                .values()
                .fold(Counters::default(), |mut sum, counters| {
                    add(&mut sum, counters);
                    sum
                }),
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&TenantId, &Counters)> {
        self.0.iter()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.0.len() as u64);
        for (tenant, counters) in &self.0 {
            out.put_text(tenant.as_str());
            let mut counters = *counters;
            fields(&mut counters)
                .into_iter()
                .for_each(|field| out.put_u64(*field));
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Tally, Malformed> {
        let mut tally = Tally::default();
        for _ in 0..from.count()? {
            let tenant =
                TenantId::new(from.text()?).map_err(|_| Malformed("a tenant is no name"))?;
            let mut counters = Counters::default();
            for field in fields(&mut counters) {
                *field = from.u64()?;
            }
            tally.0.insert(tenant, counters);
        }
        Ok(tally)
    }
}

fn add(counters: &mut Counters, more: &Counters) {
    let mut more = *more;
    let pairs = fields(counters).into_iter().zip(fields(&mut more));
    pairs.for_each(|(field, more)| *field += *more);
}

/// All counters, in the order of the log.
fn fields(counters: &mut Counters) -> [&mut u64; 7] {
    let Counters {
        received,
        stored,
        sampled_out,
        merged,
        duplicates,
        withheld,
        rejected,
    } = counters;
    [
        received,
        stored,
        sampled_out,
        merged,
        duplicates,
        withheld,
        rejected,
    ]
}
