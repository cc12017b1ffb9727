//! How many requests one key may make, and how often an address may try to sign in.
//!
//! The limit is a leaky bucket (GCRA) as deep as one second's allowance, so a burst after a rest
//! may take up to two seconds' worth. That is fine for what protects this server; the limits of
//! outside systems are kept exactly, elsewhere. The state is told in the `RateLimit` headers of
//! draft-ietf-httpapi-ratelimit-headers.

use std::{net::IpAddr, num::NonZeroU32};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use crate::problem::{Code, Problem};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

type Limiter =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Tries of one address to sign in within a minute.
const MAX_TRIES: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");

/// The limit of every key, and how much of it each key has used.
pub(crate) struct RateLimit {
    limiter: Limiter,
    policy: HeaderValue,
}

/// What is left of a key's limit.
pub(crate) struct Left {
    policy: HeaderValue,
    requests: u32,
}

impl RateLimit {
    /// A limit of so many requests of one key in a second.
    pub(crate) fn new(per_second: NonZeroU32) -> RateLimit {
        let limiter = RateLimiter::keyed(Quota::per_second(per_second)).with_middleware();
        let policy = HeaderValue::try_from(format!("\"key\";q={per_second};w=1"))
            .expect("digits and quotes are valid in a header");
        RateLimit { limiter, policy }
    }

    /// Counts a request of a key, or refuses it.
    pub(crate) fn take(&self, key_id: &String) -> Result<Left, Box<(Problem, Left)>> {
        match self.limiter.check_key(key_id) {
            Ok(state) => Ok(self.left(state.remaining_burst_capacity())),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                let detail = format!(
                    "the key makes more than {} requests a second; wait as told by Retry-After, and send more entries in each request",
                    until.quota().burst_size()
                );
                let problem = Problem::new(Code::RateLimited, detail).retry_after(wait);
                Err(Box::new((problem, self.left(0))))
            }
        }
    }

    /// Forgets keys that have not been used of late.
    pub(crate) fn prune(&self) {
        self.limiter.retain_recent();
    }

    fn left(&self, requests: u32) -> Left {
        Left {
            policy: self.policy.clone(),
            requests,
        }
    }
}

impl Left {
    /// Tells the caller.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(POLICY, self.policy);
        if let Ok(state) = HeaderValue::try_from(format!("\"key\";r={};t=1", self.requests)) {
            headers.insert(STATE, state);
        }
    }
}

/// How often each address has tried to sign in.
pub(crate) struct Tries {
    limiter: RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock>,
}

impl Tries {
    /// Nobody has tried.
    pub(crate) fn new() -> Tries {
        Tries {
            limiter: RateLimiter::keyed(Quota::per_minute(MAX_TRIES)),
        }
    }

    /// Counts a try of an address, or refuses it.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), Problem> {
        self.limiter.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let detail = format!(
                "your address tried to sign in more than {MAX_TRIES} times in a minute; wait as told by Retry-After"
            );
            Problem::new(Code::RateLimited, detail).retry_after(wait)
        })
    }

    /// Forgets addresses that have not tried of late.
    pub(crate) fn prune(&self) {
        self.limiter.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::header, response::IntoResponse};

    use super::*;

    fn limit(per_second: u32) -> RateLimit {
        RateLimit::new(NonZeroU32::new(per_second).unwrap())
    }

    #[test]
    fn key_past_its_limit_is_refused_and_told_when_to_come_again() {
        let limit = limit(2);
        let key = "key_1".to_owned();
        assert!(limit.take(&key).is_ok() && limit.take(&key).is_ok());
        let Err(refused) = limit.take(&key) else {
            panic!("the third request passed")
        };
        let (problem, left) = *refused;
        assert_eq!(left.requests, 0);
        let response = problem.into_response();
        assert_eq!(
            (
                response.status().as_u16(),
                &response.headers()[header::RETRY_AFTER]
            ),
            (429, &HeaderValue::from(1))
        );
        assert!(limit.take(&"key_2".to_owned()).is_ok());
    }

    #[test]
    fn address_that_tries_too_often_has_to_wait_and_others_do_not() {
        let tries = Tries::new();
        let address = |last| IpAddr::from([192, 0, 2, last]);
        for _ in 0..MAX_TRIES.get() {
            assert!(tries.take(address(1)).is_ok());
        }
        let refused = tries.take(address(1)).map_err(|problem| problem.code);
        assert_eq!(refused, Err(Code::RateLimited));
        assert!(tries.take(address(2)).is_ok());
    }

    #[test]
    fn headers_tell_policy_and_what_is_left() {
        let mut headers = HeaderMap::new();
        let Ok(left) = limit(5).take(&"key_1".to_owned()) else {
            panic!("the first request was refused")
        };
        left.tell(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"key\";q=5;w=1");
        assert_eq!(headers["ratelimit"], "\"key\";r=4;t=1");
    }
}
