//! The transport of messages alone: the same requests as a campaign makes, to the same stand-in, with
//! as many in flight, and no engine before them. It is what a campaign that no rate holds back can
//! reach at most.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cauce_destinations::destination::{Header, Request};
use cauce_engine::transport::Transport;
use cauce_sim::{Fault, StandIn};

use super::raw;
use crate::failure::Failure;

/// The account that messages go through.
pub(super) const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";
/// The account and the token `ok`, in Base64.
const CREDENTIALS: &str = "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpvaw==";

/// Lets a provider answer after so long.
pub(super) fn answer_after(provider: &StandIn, delay: Duration) {
    provider.faults().clear();
    if !delay.is_zero() {
        provider.faults().always(Fault::SlowAnswer { delay });
    }
}

/// Requests a second that a provider is given.
pub(super) async fn per_second(provider: &StandIn, requests: u64) -> Result<f64, Failure> {
    let transport = Transport::new(&raw::transport_settings()).map_err(Failure::failed)?;
    let url = format!(
        "{}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
        provider.base_url()
    );
    let began = Instant::now();
    raw::exchange_all(&transport, requests, move |number| message(&url, number)).await?;
    Ok(requests as f64 / began.elapsed().as_secs_f64())
}

fn message(url: &str, number: u64) -> Request {
    let header = |name, value: &str, secret| Header {
        name,
        value: value.to_owned(),
        secret,
    };
    // As long as what a campaign sends.
    let body = format!(
        "To=whatsapp%3A%2B34{phone}&From=whatsapp%3A%2B14155238886&Body=Hola+Ana+{number}+de+Ja%C3%A9n\
         &StatusCallback=https%3A%2F%2Fcauce.example%2Fwebhooks%2Ftwilio%3Fjob%3D{number:026}",
        phone = 700_000_000 + number,
    );
    Request {
        method: http::Method::POST,
        url: url.to_owned(),
        headers: vec![
            header("authorization", CREDENTIALS, true),
            header("content-type", "application/x-www-form-urlencoded", false),
        ],
        body: Bytes::from(body),
    }
}
