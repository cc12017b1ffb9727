//! How events are sampled where nobody has said otherwise.
//!
//! Six of the rates are given: page views, clicks, scrolling, mouse movement, forms and carts. The
//! others follow them: what is worth money is always kept, what a hand makes by the hundred is
//! thinned, and everything else is kept and thinned only near a limit.

use super::Rule;
use crate::event::{EventKind, USUAL};

const ALWAYS: Rule = Rule {
    sampling_rate: 100.0,
    always_keep: true,
};

const ALL: Rule = share(100.0);

/// The rules of [`USUAL`], in the same order.
const RULES: [Rule; USUAL.len()] = {
    let mut rules = [ALL; USUAL.len()];
    let mut place = 0;
    while place < rules.len() {
        rules[place] = rule(USUAL[place].as_bytes());
        place += 1;
    }
    rules
};

/// The rule of a kind that nobody has set one for.
pub fn default_rule(kind: &EventKind) -> Rule {
    kind.usual().map_or(ALL, |place| RULES[place])
}

const fn rule(kind: &[u8]) -> Rule {
    match kind {
        b"PAGE_VIEW" | b"FORM_SUBMIT" | b"ADD_TO_CART" | b"SESSION_START" => ALWAYS,
        b"INITIATE_CHECKOUT" | b"CHECKOUT" | b"ADD_PAYMENT_INFO" | b"PURCHASE" | b"REFUND" => {
            ALWAYS
        }
        b"LEAD" | b"CONTACT" | b"COMPLETE_REGISTRATION" | b"SIGN_UP" | b"SUBSCRIBE" => ALWAYS,
        b"MOUSE_MOVE" | b"TOUCH_MOVE" => share(1.0),
        b"HOVER" | b"KEY_PRESS" => share(5.0),
        b"SCROLL" | b"RESIZE" | b"HEARTBEAT" => share(10.0),
        b"VIDEO_PROGRESS" | b"PERFORMANCE" | b"FOCUS" | b"BLUR" => share(25.0),
        b"VISIBILITY_CHANGE" => share(50.0),
        _ => ALL,
    }
}

const fn share(sampling_rate: f64) -> Rule {
    Rule {
        sampling_rate,
        always_keep: false,
    }
}
