//! Whether an event may be kept, by what its visitor has said.
//!
//! There are three ways to object: Global Privacy Control (`Sec-GPC: 1`,
//! <https://www.w3.org/TR/gpc/>), Do Not Track (`DNT: 1`), and `consent.analytics: false` of a call
//! or an event. Each of them is enough, also against a yes elsewhere. Where nobody objects, silence
//! is a yes, unless the site has to ask first.

/// What a site heeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Heeds Global Privacy Control.
    pub heed_gpc: bool,
    /// Heeds Do Not Track.
    pub heed_dnt: bool,
    /// Keeps nothing without a yes.
    pub ask_first: bool,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            heed_gpc: true,
            heed_dnt: true,
            ask_first: false,
        }
    }
}

/// What a call says for all its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Global Privacy Control is on.
    pub gpc: bool,
    /// Do Not Track is on.
    pub dnt: bool,
    /// `consent.analytics` of the call.
    pub analytics: Option<bool>,
}

/// Whether an event may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Keep,
    /// It may not.
    Withhold(Reason),
}

/// Why an event may not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Global Privacy Control is on.
    GlobalPrivacyControl,
    /// Do Not Track is on.
    DoNotTrack,
    /// The visitor said no.
    Refused,
    /// The visitor was not asked, and has to be.
    NotAsked,
}

impl Signals {
    /// Reads the headers `Sec-GPC` and `DNT`. Only the value `1` means that they are on.
    pub fn from_headers(sec_gpc: Option<&str>, dnt: Option<&str>) -> Signals {
        let on = |value: Option<&str>| value.is_some_and(|value| value.trim() == "1");
        Signals {
            gpc: on(sec_gpc),
            dnt: on(dnt),
            analytics: None,
        }
    }
}

impl Policy {
    /// Decides on an event by what its call says, and it itself in `consent.analytics`.
    pub fn judge(&self, call: &Signals, event: Option<bool>) -> Verdict {
        if self.heed_gpc && call.gpc {
            return Verdict::Withhold(Reason::GlobalPrivacyControl);
        }
        if self.heed_dnt && call.dnt {
            return Verdict::Withhold(Reason::DoNotTrack);
        }
        match (call.analytics, event) {
            (Some(false), _) | (_, Some(false)) => Verdict::Withhold(Reason::Refused),
            (None, None) if self.ask_first => Verdict::Withhold(Reason::NotAsked),
            _ => Verdict::Keep,
        }
    }
}

impl Reason {
    /// A short word to count by.
    pub fn word(self) -> &'static str {
        match self {
            Reason::GlobalPrivacyControl => "gpc",
            Reason::DoNotTrack => "dnt",
            Reason::Refused => "consent_refused",
            Reason::NotAsked => "consent_missing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK_FIRST: Policy = Policy {
        heed_gpc: true,
        heed_dnt: true,
        ask_first: true,
    };

    fn judge(policy: Policy, gpc: &str, dnt: &str, said: [Option<bool>; 2]) -> Verdict {
        let headers = Signals::from_headers(Some(gpc), Some(dnt));
        let call = Signals {
            analytics: said[0],
            ..headers
        };
        policy.judge(&call, said[1])
    }

    #[test]
    fn every_objection_is_enough() {
        let (yes, no) = (Some(true), Some(false));
        let gpc = Verdict::Withhold(Reason::GlobalPrivacyControl);
        let dnt = Verdict::Withhold(Reason::DoNotTrack);
        let refused = Verdict::Withhold(Reason::Refused);
        for (signals, said, verdict) in [
            (("0", "0"), [None, None], Verdict::Keep),
            (("0", "0"), [yes, None], Verdict::Keep),
            (("1", "0"), [yes, yes], gpc),
            ((" 1 ", "1"), [None, None], gpc),
            (("0", "1"), [yes, yes], dnt),
            (("true", "null"), [None, None], Verdict::Keep),
            (("0", "0"), [no, yes], refused),
            (("0", "0"), [yes, no], refused),
            (("0", "0"), [None, no], refused),
        ] {
            let judged = judge(Policy::default(), signals.0, signals.1, said);
            assert_eq!(judged, verdict, "{signals:?} {said:?}");
        }
    }

    #[test]
    fn who_has_to_ask_first_keeps_nothing_on_silence() {
        let missing = Verdict::Withhold(Reason::NotAsked);
        assert_eq!(judge(ASK_FIRST, "0", "0", [None, None]), missing);
        for said in [[Some(true), None], [None, Some(true)]] {
            assert_eq!(judge(ASK_FIRST, "0", "0", said), Verdict::Keep);
        }
    }

    #[test]
    fn a_signal_that_is_not_heeded_changes_nothing() {
        let deaf = Policy {
            heed_gpc: false,
            heed_dnt: false,
            ask_first: false,
        };
        assert_eq!(judge(deaf, "1", "1", [None, None]), Verdict::Keep);
        assert_eq!(
            judge(deaf, "1", "1", [None, Some(false)]),
            Verdict::Withhold(Reason::Refused)
        );
    }
}
