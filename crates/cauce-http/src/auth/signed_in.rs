//! Callers that signed in with a browser: the cookie that stands for a key.
//!
//! Scripts cannot read it (`HttpOnly`) and other sites cannot send it (`SameSite=Strict`). What
//! changes something must in addition come from a page of ours, which browsers say in `Origin`: a
//! neighbour on the same site could send the cookie, too
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html>).

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header},
};
use cauce_flow::time::Timestamp;
use cauce_store::control::{Control, KeyHash, KeyScope, Refusal, sign_ins::MAX_AGE};

use super::{Caller, allowed, authenticate};
use crate::problem::{Code, Problem};

const COOKIE: &str = "cauce_session";

/// Finds out who is calling, by key or by cookie, and whether the key allows this.
pub(crate) fn authenticate_any(
    request: &Request,
    public_url: Option<&str>,
    control: &Control,
    needed: KeyScope,
    now: Timestamp,
) -> Result<Caller, Problem> {
    let headers = request.headers();
    match token(headers) {
        Some(token) if !headers.contains_key(header::AUTHORIZATION) => {
            let caller = signed_in(token, control, now)?;
            check_origin(request.method(), headers, public_url)?;
            allowed(caller, needed)
        }
        _ => authenticate(headers, control, needed, now),
    }
}

/// The caller that signed in and got this token.
pub(crate) fn signed_in(token: &str, control: &Control, now: Timestamp) -> Result<Caller, Problem> {
    let key = control.signed_in(token, now).map_err(|refusal| {
        let why = match refusal {
            Refusal::Unknown => "nobody is signed in here any more; sign in again",
            Refusal::Expired => "the sign-in or its key has expired; sign in again",
            Refusal::Revoked => "the key was revoked; sign in with another",
        };
        Problem::new(Code::BadKey, why)
    })?;
    Ok(Caller {
        key,
        sign_in: Some(KeyHash::of(token)),
    })
}

/// Refuses what changes something where it does not come from a page of ours.
pub(crate) fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    public_url: Option<&str>,
) -> Result<(), Problem> {
    if method.is_safe() || is_ours(headers, public_url) {
        return Ok(());
    }
    Err(Problem::new(
        Code::WrongOrigin,
        "with the cookie of a sign-in only our own pages may change something; behind a proxy, set public_url to the address of the pages, or send a key",
    ))
}

fn is_ours(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let Some(origin) = text(header::ORIGIN) else {
        return false;
    };
    let same = |host: &str| {
        let named = ["http://", "https://"].iter().find_map(|scheme| {
            let begins = origin.get(..scheme.len())?.eq_ignore_ascii_case(scheme);
            begins.then(|| &origin[scheme.len()..])
        });
        named.is_some_and(|named| named.eq_ignore_ascii_case(host))
    };
    text(header::HOST).is_some_and(same) || public_url.is_some_and(|url| begins_with(url, origin))
}

/// Whether an address is of an origin.
fn begins_with(url: &str, origin: &str) -> bool {
    let begins = url
        .get(..origin.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(origin));
    begins && matches!(url.as_bytes().get(origin.len()), None | Some(b'/'))
}

/// The token of a request's cookie, if it has one.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token)
}

/// The header that makes a browser keep a token, or with none forget it.
pub(crate) fn cookie(token: Option<&str>, public_url: Option<&str>) -> HeaderValue {
    let age = token.map_or(0, |_| MAX_AGE.as_secs());
    let is_secure = public_url.is_some_and(|url| url.starts_with("https://"));
    let secure = if is_secure { "; Secure" } else { "" };
    let token = token.unwrap_or_default();
    let text =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    HeaderValue::try_from(text).expect("letters and digits are valid in a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_pages_of_our_own_origin_may_change_something() {
        let public = Some("https://cauce.example/");
        for (origin, host, public_url, ours) in [
            ("http://localhost:8080", "localhost:8080", None, true),
            ("https://cauce.example", "CAUCE.example", None, true),
            ("http://localhost:8081", "localhost:8080", None, false),
            ("null", "localhost:8080", None, false),
            ("https://cauce.example", "inside:8080", public, true),
            ("https://cauce.exampl", "inside:8080", public, false),
            ("https://cauce.example.evil", "inside:8080", public, false),
            ("ftp://inside:8080", "inside:8080", None, false),
            ("", "inside:8080", public, false),
        ] {
            let headers = headers(&[("origin", origin), ("host", host)]);
            let checked = |method| check_origin(&method, &headers, public_url).is_ok();
            assert_eq!(checked(Method::POST), ours, "{origin} {host}");
            assert!(checked(Method::GET), "{origin} {host}");
        }
        let none = headers(&[("host", "localhost:8080")]);
        assert!(check_origin(&Method::DELETE, &none, None).is_err());
    }

    #[test]
    fn token_is_found_among_other_cookies() {
        let of = |pairs| token(&headers(pairs)).map(str::to_owned);
        assert_eq!(
            of(&[("cookie", "a=b; cauce_session=t; c=d")]).as_deref(),
            Some("t")
        );
        assert_eq!(
            of(&[("cookie", "a=b"), ("cookie", "cauce_session=t")]).as_deref(),
            Some("t")
        );
        assert_eq!(of(&[("cookie", "xcauce_session=t; cauce_session")]), None);
    }

    #[test]
    fn cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let text = |token, url| cookie(token, url).to_str().unwrap().to_owned();
        let plain = text(Some("t"), Some("http://cauce.example"));
        assert_eq!(
            plain,
            "cauce_session=t; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800"
        );
        assert!(text(Some("t"), Some("https://cauce.example")).ends_with("; Secure"));
        assert!(
            text(None, None).contains("cauce_session=;") && text(None, None).contains("Max-Age=0")
        );
    }
}
