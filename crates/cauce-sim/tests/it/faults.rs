//! Every fault, seen from the wire.

use std::{
    io,
    time::{Duration, Instant},
};

use cauce_sim::{Fault, Options, Outcome, Platform, RetryAfter, StandIn};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    client::{Call, Reply},
    meta::{batch, event},
};

async fn start() -> StandIn {
    StandIn::start(Platform::Meta, Options::default())
        .await
        .unwrap()
}

fn one() -> Call {
    batch(&[event("a")])
}

/// Plays one fault and gives what came back, and how often the event was taken.
async fn play(fault: Fault) -> (io::Result<Reply>, u32) {
    let meta = start().await;
    let name = fault.name();
    meta.faults().next(1, fault);
    let reply = one().try_send(meta.addr).await;
    assert_eq!(meta.ledger().faults()[name], 1);
    let taken = meta.ledger().count("a");
    assert_eq!(one().send(&meta).await.status, 200, "the fault is over");
    (reply, taken)
}

async fn answered(fault: Fault) -> Reply {
    let (reply, taken) = play(fault).await;
    assert_eq!(taken, 0);
    reply.unwrap()
}

#[tokio::test]
async fn too_many_requests_carries_each_form_of_retry_after() {
    let reply = answered(Fault::TooManyRequests(RetryAfter::Seconds(7))).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("7"))
    );
    let reply = answered(Fault::TooManyRequests(RetryAfter::Absent)).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, None));
    let reply = answered(Fault::TooManyRequests(RetryAfter::Date(
        Duration::from_secs(60),
    )))
    .await;
    let date = reply.header("retry-after").unwrap();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
}

#[tokio::test]
async fn provider_throttle_carries_minutes() {
    let reply = answered(Fault::Throttled { minutes: 3 }).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (400, &4.into())
    );
    let usage = reply.header("x-business-use-case-usage").unwrap();
    assert!(
        usage.contains("\"estimated_time_to_regain_access\":3"),
        "{usage}"
    );
}

#[tokio::test]
async fn answers_of_broken_servers_have_their_status() {
    let reply = answered(Fault::ServerError { status: 503 }).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (503, &2.into())
    );
    let reply = answered(Fault::BadGateway).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (502, Some("text/html"))
    );
    let reply = answered(Fault::VersionSunset).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (400, &2500.into())
    );
    let reply = answered(Fault::Redirect {
        location: "http://127.0.0.1:9/x".into(),
    })
    .await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some("http://127.0.0.1:9/x"))
    );
}

#[tokio::test]
async fn token_dies_in_mid_run() {
    for (fault, subcode) in [
        (Fault::TokenExpired, Some(463)),
        (Fault::TokenRevoked, Some(458)),
        (Fault::TokenInvalid, None),
    ] {
        let reply = answered(fault).await;
        assert_eq!(reply.status, 401);
        assert_eq!(reply.json()["error"]["error_subcode"].as_u64(), subcode);
    }
}

#[tokio::test]
async fn reset_comes_before_or_after_the_body_is_taken() {
    for (fault, expected) in [
        (Fault::ResetEarly, 0),
        (Fault::ResetLate { accepts: false }, 0),
        (Fault::ResetLate { accepts: true }, 1),
    ] {
        let (reply, taken) = play(fault.clone()).await;
        assert_eq!(
            reply.unwrap_err().kind(),
            io::ErrorKind::ConnectionReset,
            "{fault:?}"
        );
        assert_eq!(taken, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn early_reset_does_not_wait_for_the_body() {
    let meta = start().await;
    meta.faults().always(Fault::ResetEarly);
    let mut stream = TcpStream::connect(meta.addr).await.unwrap();
    let wire = one().wire();
    stream.write_all(&wire[..wire.len() - 10]).await.unwrap();
    assert!(Reply::read(&mut stream).await.is_err());
    assert_eq!(meta.ledger().requests()[0].outcome, Outcome::Refused);
}

#[tokio::test]
async fn repeat_after_a_lost_answer_is_excused() {
    let meta = start().await;
    meta.faults().next(1, Fault::ResetLate { accepts: true });
    one().try_send(meta.addr).await.unwrap_err();
    one().send(&meta).await;
    assert_eq!(
        (meta.ledger().repeats(), meta.ledger().unexcused_repeats()),
        (1, 0)
    );
    one().send(&meta).await;
    assert_eq!(
        (meta.ledger().repeats(), meta.ledger().unexcused_repeats()),
        (2, 1)
    );
}

#[tokio::test]
async fn hanging_request_stays_in_flight_until_the_client_goes() {
    for accepts in [false, true] {
        let meta = start().await;
        meta.faults().next(1, Fault::Hang { accepts });
        let mut stream = TcpStream::connect(meta.addr).await.unwrap();
        stream.write_all(&one().wire()).await.unwrap();
        let silence = timeout(Duration::from_millis(100), Reply::read(&mut stream)).await;
        assert!(silence.is_err());
        assert_eq!(
            (meta.ledger().in_flight(), meta.ledger().count("a")),
            (1, u32::from(accepts))
        );
        drop(stream);
        while meta.ledger().in_flight() > 0 {
            tokio::task::yield_now().await;
        }
        one().send(&meta).await;
        assert_eq!(meta.ledger().unexcused_repeats(), 0);
    }
}

#[tokio::test]
async fn slow_answers_are_right_and_late_and_count_as_given() {
    let delay = Duration::from_millis(60);
    for (fault, at_least) in [
        (Fault::SlowAnswer { delay }, delay),
        (Fault::SlowBody { delay }, 4 * delay),
    ] {
        let meta = start().await;
        meta.faults().next(1, fault);
        let begun = Instant::now();
        let reply = one().send(&meta).await;
        assert!(begun.elapsed() >= at_least);
        assert_eq!(reply.json()["events_received"], 1);
        one().send(&meta).await;
        assert_eq!(meta.ledger().unexcused_repeats(), 1);
    }
}

#[tokio::test]
async fn client_that_leaves_during_a_slow_body_lost_the_answer() {
    let meta = start().await;
    let delay = Duration::from_millis(50);
    meta.faults().next(1, Fault::SlowBody { delay });
    let mut stream = TcpStream::connect(meta.addr).await.unwrap();
    stream.write_all(&one().wire()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(2).any(|two| two == b"{\"") {
        stream.read_buf(&mut seen).await.unwrap();
    }
    drop(stream);
    while meta.ledger().in_flight() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    one().send(&meta).await;
    let ledger = meta.ledger();
    assert_eq!((ledger.repeats(), ledger.unexcused_repeats()), (1, 0));
}

#[tokio::test]
async fn half_json_is_whole_http() {
    let (reply, taken) = play(Fault::HalfJson { accepts: true }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, taken), (200, 1));
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());
}

#[tokio::test]
async fn short_body_ends_before_its_length() {
    for accepts in [false, true] {
        let (reply, taken) = play(Fault::ShortBody { accepts }).await;
        assert_eq!(reply.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(taken, u32::from(accepts));
    }
}

#[tokio::test]
async fn garbage_is_not_http() {
    let meta = start().await;
    meta.faults().always(Fault::Garbage { accepts: false });
    let all = one().try_send_raw(meta.addr).await.unwrap();
    assert!(!all.is_empty() && !all.starts_with(b"HTTP"));
    assert_eq!(meta.ledger().count("a"), 0);
}

#[tokio::test]
async fn oversized_answer_has_the_size_asked_for() {
    let (reply, taken) = play(Fault::Oversized {
        bytes: 3 << 20,
        accepts: true,
    })
    .await;
    assert_eq!((reply.unwrap().body.len(), taken), (3 << 20, 1));
}

#[tokio::test]
async fn outage_cuts_and_refuses_until_it_ends_on_the_same_port() {
    let meta = start().await;
    let mut open = TcpStream::connect(meta.addr).await.unwrap();
    open.write_all(&one().wire()).await.unwrap();
    assert_eq!(Reply::read(&mut open).await.unwrap().status, 200);

    meta.go_down().await;
    assert!(open.write_all(&one().wire()).await.is_err() || Reply::read(&mut open).await.is_err());
    let refused = TcpStream::connect(meta.addr).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

    meta.come_back().await;
    assert_eq!(one().send(&meta).await.status, 200);
    meta.stop().await;
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let meta = start().await;
    let mut stream = TcpStream::connect(meta.addr).await.unwrap();
    for _ in 0..20 {
        stream.write_all(&one().wire()).await.unwrap();
        assert_eq!(Reply::read(&mut stream).await.unwrap().status, 200);
    }
    assert_eq!(
        (meta.ledger().request_count(), meta.ledger().max_in_flight()),
        (20, 1)
    );
    assert_eq!(meta.ledger().highest_in(Duration::from_secs(60)), 20);
}

#[tokio::test]
async fn rules_fire_in_order_and_end() {
    let meta = start().await;
    meta.faults().next(2, Fault::BadGateway);
    meta.faults().next(1, Fault::ServerError { status: 500 });
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(one().send(&meta).await.status);
    }
    assert_eq!(statuses, [502, 502, 500, 200]);
    meta.faults()
        .during(Duration::from_secs(3600), Fault::BadGateway);
    assert_eq!(one().send(&meta).await.status, 502);
    meta.faults().clear();
    meta.faults().between(
        Duration::from_secs(3600),
        Duration::from_secs(7200),
        Fault::BadGateway,
    );
    assert_eq!(one().send(&meta).await.status, 200);
}

#[tokio::test]
async fn chance_replays_from_its_seed() {
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let options = Options {
            seed,
            ..Options::default()
        };
        let sink = StandIn::start(Platform::Sink, options).await.unwrap();
        sink.faults().chance(0.5, Fault::BadGateway);
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(Call::post("/", &1.into()).send(&sink).await.status);
        }
        let failed = statuses.iter().filter(|status| **status == 502).count();
        assert!((8..=32).contains(&failed), "{failed} of 40");
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn sink_takes_anything_and_counts() {
    let sink = StandIn::start(Platform::Sink, Options::default())
        .await
        .unwrap();
    let reply = Call::post("/any/where", &serde_json::json!({"x": 1}))
        .send(&sink)
        .await;
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(
        (sink.ledger().request_count(), sink.ledger().bytes()),
        (1, 7)
    );
}
