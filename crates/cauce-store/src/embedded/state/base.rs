//! The small state at the head of each segment: with it, a log whose older segments are gone can
//! still be folded from its first record.
//!
//! It holds what cannot be told from the jobs: names, counters of what has ended, gates, the
//! request starts and notes of each line.

use bytes::Bytes;

use super::{
    super::{
        codec::{Decoder, Encode, Malformed},
        counters::Counters,
    },
    State,
};

impl State {
    /// The body of a `Base` record for the state as it is.
    pub(in super::super) fn base(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4_096);
        out.put_u64(self.instance.into());
        out.put_u64(self.next_number);
        out.put_i64(self.clock);
        out.put_u64(self.names.iter().count() as u64);
        for (_, text) in self.names.iter() {
            out.put_text(&text);
        }
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
        out
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
            let mut from = Decoder::new(body);
            if let (Ok(_), Ok(next_number)) = (from.u32(), from.u64()) {
                self.numbers_given(next_number);
            }
            return;
        }
        self.based = true;
        if let Err(fault) = self.read_base(&mut Decoder::new(body)) {
            tracing::error!(%fault, "the base of the first segment cannot be read in full");
        }
    }

    /// The small state need not be read: it begins here.
    pub(in super::super) fn begin_base(&mut self) {
        self.based = true;
    }

    fn read_base(&mut self, from: &mut Decoder<'_>) -> Result<(), Malformed> {
        self.instance = from.u32()?;
        self.start_gathering();
        self.next_number = from.u64()?.max(1);
        self.clock = from.i64()?;
        for number in 1..=from.count()? {
            let number = u32::try_from(number).map_err(|_| Malformed("too many names"))?;
            self.names.learn(number, from.text()?);
        }
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
