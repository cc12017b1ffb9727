//! The small state at the head of each segment: with it, a log whose older segments are gone can
//! still be folded from its first record.
//!
//! It holds what cannot be told from the jobs: names, counters of what has ended, gates, the
//! request starts and notes of each line.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{
    super::{
        counters::Counters,
        record::{GroupState, NameId},
    },
    State,
};
use cauce_log::codec::{Decoder, Encode, Malformed};

/// Marks the instance (28 bits) of a base in which each name has its number beside it.
const NUMBERED: u32 = 1 << 31;

impl State {
    /// The body of a `Base` record for the state as it is.
    pub(in super::super) fn base(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4_096);
        out.put_u64((self.instance | NUMBERED).into());
        out.put_u64(self.next_number);
        out.put_i64(self.clock);
        self.encode_names(&mut out);
        out.put_u64(self.counters.len() as u64);
        for (queue, tenant, _, counters) in self.counters.iter() {
            out.put_u64(queue.into());
            out.put_u64(tenant.into());
            counters.encode(&mut out);
        }
        out.put_u64(self.gates.len() as u64);
        for ((queue, tenant), gate) in &self.gates {
            out.put_u64((*queue).into());
            out.put_u64((*tenant).into());
            out.push(*gate);
        }
        self.encode_lines(&mut out);
        self.encode_superseded(&mut out);
        self.encode_groups(&mut out);
        out
    }

    /// Behind all that an earlier version reads.
    fn encode_groups(&self, out: &mut Vec<u8>) {
        out.put_u64(self.groups.len() as u64);
        for (_, group) in self.groups.iter() {
            group.told.encode(out);
        }
    }

    /// Stands at the end, where a base of an earlier version has nothing.
    fn encode_superseded(&self, out: &mut Vec<u8>) {
        let counted = || self.counters.iter().filter(|(.., of)| of.superseded > 0);
        out.put_u64(counted().count() as u64);
        for (queue, tenant, _, of) in counted() {
            out.put_u64(queue.into());
            out.put_u64(tenant.into());
            out.put_u64(of.superseded);
        }
    }

    fn encode_names(&self, out: &mut Vec<u8>) {
        out.put_u64(self.names.last().into());
        out.put_u64(self.names.iter().len() as u64);
        let mut last = 0;
        for (number, text) in self.names.iter() {
            out.put_u64((number - last).into());
            out.put_text(text);
            last = number;
        }
    }

    fn encode_lines(&self, out: &mut Vec<u8>) {
        out.put_u64(self.line_numbers.len() as u64);
        let mut lines: Vec<_> = self.line_numbers.iter().collect();
        lines.sort_unstable_by_key(|(_, number)| **number);
        for ((queue, account), number) in lines {
            let line = &self.lines[*number as usize];
            out.put_u64((*queue).into());
            out.put_u64((*account).into());
            out.put_bytes(line.note.as_deref().unwrap_or_default());
            out.put_u64(line.starts.len() as u64);
            let mut last = 0;
            for (at, requests) in line.starts.iter() {
                out.put_i64(at - last);
                out.put_u64(requests.into());
                last = at;
            }
        }
    }

    /// Takes the small state at the head of the first segment, or its copy where the first is
    /// damaged. Later ones say what is known already.
    pub(super) fn fold_base(&mut self, body: &[u8]) {
        if self.based {
            let passed = self.pass_base(&mut Decoder::new(body));
            self.unread.learn(&self.names);
            if let Err(fault) = passed {
                tracing::error!(%fault, "the base of a segment cannot be read in full");
            }
            return;
        }
        self.based = true;
        let read = self.read_base(&mut Decoder::new(body));
        self.unread.learn(&self.names);
        if let Err(fault) = read {
            tracing::error!(%fault, "the base of the first segment cannot be read in full");
        }
    }

    /// The small state need not be read: it begins here.
    pub(in super::super) fn begin_base(&mut self) {
        self.based = true;
    }

    /// What of a later base is not known already, where records before it are damaged. And as the
    /// names were pruned when it was written, they are here.
    fn pass_base(&mut self, from: &mut Decoder<'_>) -> Result<(), Malformed> {
        let flags = from.u32()?;
        self.numbers_given(from.u64()?);
        from.i64()?;
        let named = self.read_names(flags, from)?;
        self.prune_names(&named);
        Ok(())
    }

    /// Answers the numbers of the names.
    fn read_names(
        &mut self,
        flags: u32,
        from: &mut Decoder<'_>,
    ) -> Result<BTreeSet<NameId>, Malformed> {
        if flags & NUMBERED != 0 {
            self.names.given(from.u32()?);
        }
        let (mut named, mut number) = (BTreeSet::new(), 0u32);
        for _ in 0..from.count()? {
            // The first version of the log wrote all names that there ever were.
            let step = if flags & NUMBERED != 0 {
                from.u32()?
            } else {
                1
            };
            number = number
                .checked_add(step)
                .ok_or(Malformed("too many names"))?;
            let text = from.text()?;
            // What was called by its number so far goes on under that name.
            if !self.names.is_lost(number) {
                self.names.learn(number, text);
            }
            named.insert(number);
        }
        Ok(named)
    }

    fn read_base(&mut self, from: &mut Decoder<'_>) -> Result<(), Malformed> {
        let flags = from.u32()?;
        self.instance = flags & !NUMBERED;
        self.start_gathering();
        self.next_number = from.u64()?.max(1);
        self.clock = from.i64()?;
        self.read_names(flags, from)?;
        for _ in 0..from.count()? {
            let (queue, tenant) = (from.u32()?, from.u32()?);
            let counters = Counters::decode(from)?;
            *self.counters.of(queue, tenant) = counters;
        }
        for _ in 0..from.count()? {
            let (queue, tenant) = (from.u32()?, from.u32()?);
            self.gates.insert((queue, tenant), from.u8()?);
        }
        for _ in 0..from.count()? {
            self.read_line(from)?;
        }
        for _ in 0..from.count().unwrap_or(0) {
            let (queue, tenant) = (from.u32()?, from.u32()?);
            self.counters.of(queue, tenant).superseded = from.u64()?;
        }
        for _ in 0..from.count().unwrap_or(0) {
            self.fold_group(&GroupState::decode(from)?);
        }
        Ok(())
    }

    fn read_line(&mut self, from: &mut Decoder<'_>) -> Result<(), Malformed> {
        let (queue, account) = (from.u32()?, from.u32()?);
        let line = self.line_number_or_new(queue, account);
        let note = from.bytes()?;
        let state = &mut self.lines[line as usize];
        state.note = (!note.is_empty()).then(|| Bytes::copy_from_slice(note));
        let mut at = 0;
        for _ in 0..from.count()? {
            at += from.i64()?;
            let requests = from.u32()?;
            state.starts.add(at, requests);
        }
        Ok(())
    }
}
