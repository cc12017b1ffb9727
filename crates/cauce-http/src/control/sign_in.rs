//! Signing in with a browser, and out again; who is signed in.
//!
//! How often an address may try is limited, so that a short key of the configuration cannot be
//! found by trying.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Extension,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use cauce_store::control::KeyHash;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Json;
use crate::{
    app::{App, Deed},
    auth::{self, Caller, signed_in},
    body,
    problem::{Code, Problem},
    wire::system::KeyView,
};

/// A key to sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignInRequest)]
pub(crate) struct SignIn {
    /// The key.
    #[schema(example = "ck_live_…", max_length = 512)]
    key: String,
}

type Connection = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Sign in with a browser.
///
/// The answer sets a cookie that stands for the key. It ends after 12 hours without use, after 7
/// days at most, and with the key. What it changes has to come from the server's own pages.
#[utoipa::path(
    post, path = "/api/session", tag = "keys", operation_id = "signIn",
    request_body = SignIn,
    responses((status = 200, description = "Signed in; about the key.", body = KeyView)),
    security(())
)]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    connection: Connection,
    headers: HeaderMap,
    body::Json(body): body::Json<SignIn>,
) -> Result<Response, Problem> {
    let public_url = app.settings.public_url.as_deref();
    if headers.contains_key(header::ORIGIN) {
        signed_in::check_origin(&Method::POST, &headers, public_url)?;
    }
    if let Some(Extension(ConnectInfo(peer))) = connection {
        app.sign_in_tries.take(neighbourhood(peer.ip()))?;
    }
    let (control, now) = (app.engine.control(), app.engine.now());
    let secret = body.key.trim();
    let key = auth::verify(secret, control, now)?;
    if key.is_public() {
        return Err(Problem::new(
            Code::BadKey,
            "this is a public write key, which shows nothing; sign in with a key that begins with ck_live_",
        ));
    }
    let caller = Caller::with_key(key);
    let deed = deed("sign_in.begin", &caller);
    let work = async {
        let key = Arc::clone(&caller.key);
        Ok(control.sign_in(key, KeyHash::of(secret), now).await?)
    };
    let token = app.audited(&caller, deed, work).await?.token;
    let cookie = signed_in::cookie(Some(&token), public_url);
    Ok((
        [(header::SET_COOKIE, cookie)],
        Json(KeyView::from(&*caller.key)),
    )
        .into_response())
}

/// Who is signed in?
#[utoipa::path(
    get, path = "/api/session", tag = "keys", operation_id = "whoAmI",
    responses((status = 200, description = "About the key that the cookie stands for.", body = KeyView)),
    security(())
)]
pub(crate) async fn who(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<KeyView>, Problem> {
    let Some(token) = signed_in::token(&headers) else {
        return Err(Problem::new(
            Code::NoKey,
            "nobody is signed in; send a key to POST /api/session",
        ));
    };
    let caller = signed_in::signed_in(token, app.engine.control(), app.engine.now())?;
    Ok(Json(KeyView::from(&*caller.key)))
}

/// Sign out.
#[utoipa::path(
    delete, path = "/api/session", tag = "keys", operation_id = "signOut",
    responses((status = 204, description = "Nobody is signed in any more.")),
    security(())
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let public_url = app.settings.public_url.as_deref();
    if let Some(token) = signed_in::token(&headers) {
        signed_in::check_origin(&Method::DELETE, &headers, public_url)?;
        let (control, now) = (app.engine.control(), app.engine.now());
        let work = async { Ok(control.sign_out(token).await?) };
        match signed_in::signed_in(token, control, now) {
            Ok(caller) => {
                let deed = deed("sign_in.end", &caller);
                app.audited(&caller, deed, work).await?;
            }
            // Nobody is known to sign out, and nothing of it is to stay.
            Err(_) => work.await?,
        }
    }
    let cookie = signed_in::cookie(None, public_url);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn deed(verb: &'static str, caller: &Caller) -> Deed {
    Deed {
        verb,
        object: caller.key.id.clone(),
        tenant: None,
    }
}

/// Who has one address of IPv6 has a whole network of them (RFC 6177).
fn neighbourhood(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let of = |text: &str| neighbourhood(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::2"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
