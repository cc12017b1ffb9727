//! One request: written down, perhaps made to fail, judged, answered.

use std::{fmt, future::pending, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::{
    Fault,
    answer::{Answer, AnswerBody},
    call::{Call, Judged, Route},
    failing,
    ledger::{Decision, Flight},
    platforms,
    world::World,
};

/// An answer, or the way in which the connection ends instead.
pub(crate) type Served = Result<Response<AnswerBody>, Ending>;

/// The end of a connection, as the fault wants it.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// What is written first.
    pub(crate) wire: Bytes,
    /// Whether it ends with a reset.
    pub(crate) reset: bool,
}

impl Ending {
    fn reset() -> Ending {
        Ending {
            wire: Bytes::new(),
            reset: true,
        }
    }

    fn after(wire: impl Into<Bytes>) -> Ending {
        Ending {
            wire: wire.into(),
            reset: false,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stand-in was told to end this connection")
    }
}

impl std::error::Error for Ending {}

/// Serves one request.
pub(crate) async fn serve(world: Arc<World>, request: Request<Incoming>) -> Served {
    let (head, body) = request.into_parts();
    match platforms::route(world.platform, &head) {
        Route::Delivery => deliver(&world, head, body).await,
        Route::Check => check(&world, head, body).await,
    }
}

async fn check(world: &World, head: Parts, body: Incoming) -> Served {
    world.ledger.on_check();
    let body = read(world, body).await.unwrap_or_default();
    let call = Call {
        head: &head,
        body: &body,
        now_ms: world.now_ms(),
        takes: true,
        world,
    };
    let answer = platforms::check(&call);
    tokio::time::sleep(world.sessions.lookup_delay()).await;
    Ok(answer.into_response())
}

async fn deliver(world: &World, head: Parts, body: Incoming) -> Served {
    let mut flight = world.ledger.on_arrival();
    let fault = world.faults.pick(flight.at);
    if let Some(fault) = &fault {
        flight.on_fault(fault.name());
    }
    if fault == Some(Fault::ResetEarly) {
        flight.decide(0, Decision::default());
        return Err(Ending::reset());
    }
    let Some(body) = read(world, body).await else {
        flight.decide(0, Decision::default());
        return too_large(flight);
    };
    let is_taken = fault.as_ref().is_none_or(failing::accepts);
    let judged = judge(world, &head, &body, fault.as_ref());
    flight.decide(
        body.len(),
        if is_taken {
            judged.decision
        } else {
            judged.decision.turned_down()
        },
    );
    match fault {
        Some(fault) => play(fault, judged.answer, flight).await,
        None => {
            flight.answered();
            Ok(judged.answer.into_response())
        }
    }
}

fn judge(world: &World, head: &Parts, body: &[u8], fault: Option<&Fault>) -> Judged {
    match fault.and_then(|fault| failing::refusal(world, fault)) {
        Some(refusal) => refusal.judged(0),
        None => platforms::deliver(&Call {
            head,
            body,
            now_ms: world.now_ms(),
            takes: fault.is_none_or(failing::accepts),
            world,
        }),
    }
}

/// Gives the answer as the fault has it.
async fn play(fault: Fault, answer: Answer, flight: Flight) -> Served {
    match fault {
        Fault::Hang { .. } => {
            // Held, so that the request stays in flight until the client goes away.
            let _flight = flight;
            pending().await
        }
        Fault::ResetEarly | Fault::ResetLate { .. } => Err(Ending::reset()),
        Fault::Garbage { .. } => Err(Ending::after(
            &b"\x16\x03\x01\x00not a word of HTTP\r\n\r\n"[..],
        )),
        Fault::ShortBody { .. } => {
            let promised_bytes = answer.body.len() + 512;
            Err(Ending::after(answer.into_wire(promised_bytes)))
        }
        Fault::HalfJson { .. } => {
            let half = answer.body.slice(..answer.body.len() / 2);
            Ok(Answer {
                body: half,
                ..answer
            }
            .into_response())
        }
        Fault::Oversized { bytes, .. } => {
            let body = Bytes::from(vec![b' '; bytes]);
            Ok(Answer { body, ..answer }.into_response())
        }
        Fault::SlowAnswer { delay } => {
            tokio::time::sleep(delay).await;
            flight.answered();
            Ok(answer.into_response())
        }
        Fault::SlowBody { delay } => Ok(answer.into_slow_response(delay, flight)),
        Fault::TooManyRequests(_)
        | Fault::Throttled { .. }
        | Fault::ServerError { .. }
        | Fault::BadGateway
        | Fault::TokenExpired
        | Fault::TokenRevoked
        | Fault::TokenInvalid
        | Fault::VersionSunset
        | Fault::Redirect { .. } => {
            flight.answered();
            Ok(answer.into_response())
        }
    }
}

fn too_large(flight: Flight) -> Served {
    flight.answered();
    Ok(Answer::html(StatusCode::PAYLOAD_TOO_LARGE).into_response())
}

/// The whole body; none if it is above the limit or its sender went away.
async fn read(world: &World, body: Incoming) -> Option<Bytes> {
    let whole = Limited::new(body, world.options.max_body_bytes)
        .collect()
        .await;
    whole.ok().map(|whole| whole.to_bytes())
}
