//! Records of rules.

use cauce_flow::{event::EventKind, id::TenantId, shape::sampler::Rule};

use super::malformed;
use cauce_log::codec::{Decoder, Encode, Malformed};

/// How a tenant samples a kind from here on; none puts the default back.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct RuleRecord {
    pub(in super::super) tenant: TenantId,
    pub(in super::super) kind: EventKind,
    pub(in super::super) rule: Option<Rule>,
}

const ALWAYS: u8 = 1;
const NONE: u8 = 2;

impl RuleRecord {
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_text(self.tenant.as_str());
        out.put_text(self.kind.as_str());
        let (flags, rate) = match self.rule {
            None => (NONE, 0.0),
            Some(Rule {
                sampling_rate,
                always_keep,
            }) => (u8::from(always_keep), sampling_rate),
        };
        out.push(flags);
        out.extend_from_slice(&f64::to_bits(rate).to_le_bytes());
    }

    pub(in super::super) fn decode(from: &mut Decoder<'_>) -> Result<RuleRecord, Malformed> {
        let tenant = TenantId::new(from.text()?).map_err(malformed("its tenant is no name"))?;
        let kind = EventKind::new(from.text()?).map_err(malformed("its kind is none"))?;
        let flags = from.u8()?;
        let sampling_rate = f64::from_bits(from.u64_fixed()?);
        let always_keep = flags & ALWAYS != 0;
        let rule = Rule {
            sampling_rate,
            always_keep,
        };
        Ok(RuleRecord {
            tenant,
            kind,
            rule: (flags & NONE == 0).then_some(rule),
        })
    }
}
