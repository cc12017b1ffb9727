use std::{future::pending, time::Duration};

use cauce_destinations::destination::{Answer, Fault};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use super::{
    hasty, hasty_transport, patient, patient_transport, post, read_request, reset, send, serve,
    serve_answer,
};
use crate::{settings, transport::Transport};

/// More than the buffers of two sockets hold.
const LARGE: usize = 32 << 20;

async fn hold(_stream: TcpStream) {
    pending().await
}

#[tokio::test]
async fn a_closed_port_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sent = send(&patient_transport(), post(&url, "x")).await;
    sent.is_not_sent(Fault::Connect);
    assert_eq!(sent.timings.connected, None);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_not_sent() {
    let sent = send(&patient_transport(), post("http://cauce.invalid/", "x")).await;
    sent.is_not_sent(Fault::Dns);
}

#[tokio::test]
async fn silence_after_the_request_is_ambiguous() {
    let url = serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        hold(stream).await;
    })
    .await;
    let sent = send(&hasty_transport(), post(&url, "x")).await;
    sent.is_ambiguous(Fault::AnswerTimeout);
    assert!(sent.timings.total >= hasty().first_byte);
    assert!(sent.timings.total < hasty().total, "first_byte decides");
}

#[tokio::test]
async fn silence_after_a_request_without_a_body_is_ambiguous() {
    let url = serve(|stream, _| hold(stream)).await;
    let mut request = post(&url, "");
    request.method = http::Method::GET;
    let sent = send(&hasty_transport(), request).await;
    sent.is_ambiguous(Fault::AnswerTimeout);
}

#[tokio::test]
async fn an_answer_that_has_begun_may_take_until_the_total_deadline() {
    let transport = Transport::new(&settings::Transport {
        first_byte: Duration::from_millis(100),
        ..patient()
    });
    let url = serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200").await.unwrap();
        sleep(Duration::from_millis(150)).await;
        let rest = b" OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(rest).await.unwrap();
    })
    .await;
    let sent = send(&transport.unwrap(), post(&url, "x")).await;
    assert!(sent.timings.first_byte.unwrap() < sent.timings.total);
    assert_eq!(sent.response().status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_ambiguous() {
    let url = serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789";
        stream.write_all(half).await.unwrap();
        hold(stream).await;
    })
    .await;
    let sent = send(&hasty_transport(), post(&url, "x")).await;
    sent.is_ambiguous(Fault::AnswerTimeout);
    assert!(sent.timings.total >= hasty().total);
    assert!(sent.timings.total < 10 * hasty().total);
}

#[tokio::test]
async fn a_peer_that_stops_reading_is_not_sent_the_whole() {
    let url = serve(|stream, _| hold(stream)).await;
    let sent = send(&hasty_transport(), post(&url, vec![b'x'; LARGE])).await;
    sent.is_not_sent(Fault::AnswerTimeout);
}

#[tokio::test]
async fn a_reset_in_the_middle_of_the_request_is_not_sent() {
    let url = serve(|mut stream, _| async move {
        stream.read_exact(&mut [0; 1000]).await.unwrap();
        reset(stream);
    })
    .await;
    let sent = send(&patient_transport(), post(&url, vec![b'x'; LARGE])).await;
    sent.is_not_sent(Fault::Reset);
}

#[tokio::test]
async fn a_reset_on_accept_is_told_by_whether_the_request_had_left() {
    let url = serve(|stream, _| async move { reset(stream) }).await;
    for _ in 0..20 {
        let sent = send(&patient_transport(), post(&url, "x")).await;
        match sent.answer {
            Answer::NotSent(_) => sent.is_not_sent(Fault::Reset),
            _ => sent.is_ambiguous(Fault::Reset),
        }
    }
}

#[tokio::test]
async fn a_hang_up_after_the_request_is_ambiguous() {
    let gone = serve_answer("").await;
    let sent = send(&patient_transport(), post(&gone, "x")).await;
    sent.is_ambiguous(Fault::Reset);
    let url = serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        reset(stream);
    })
    .await;
    let sent = send(&patient_transport(), post(&url, "x")).await;
    sent.is_ambiguous(Fault::Reset);
}

#[tokio::test]
async fn half_an_answer_is_ambiguous() {
    for half in [
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let url = serve_answer(half).await;
        let sent = send(&patient_transport(), post(&url, "x")).await;
        sent.is_ambiguous(Fault::Reset);
    }
}

#[tokio::test]
async fn what_is_not_http_is_garbled() {
    for garbage in [
        "hello\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\u{0}\u{1}\u{2}\u{3}",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    ] {
        let url = serve_answer(garbage).await;
        let sent = send(&patient_transport(), post(&url, "x")).await;
        sent.is_ambiguous(Fault::Garbled);
    }
}

#[tokio::test]
async fn an_endless_head_is_too_long() {
    let head = format!("HTTP/1.1 200 OK\r\nx-long: {}", "x".repeat(1 << 20));
    let url = serve(move |mut stream, _| {
        let head = head.clone();
        async move {
            read_request(&mut stream).await;
            // The client hangs up before the end.
            let _ = stream.write_all(head.as_bytes()).await;
        }
    })
    .await;
    let sent = send(&patient_transport(), post(&url, "x")).await;
    sent.is_ambiguous(Fault::TooLong);
}

#[tokio::test]
async fn a_long_body_is_cut_at_the_cap() {
    let whole = "0123456789".repeat(500);
    for head in ["content-length: 5000\r\n", ""] {
        let url = serve_answer(format!("HTTP/1.1 400 No\r\n{head}\r\n{whole}")).await;
        let response = send(&patient_transport(), post(&url, "x")).await.response();
        assert_eq!(response.status, 400);
        assert_eq!(response.body, &whole[..patient().max_answer_bytes]);
    }
}

#[tokio::test]
async fn a_body_as_long_as_the_cap_is_whole() {
    let whole = "x".repeat(patient().max_answer_bytes);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{whole}",
        whole.len()
    );
    let url = serve_answer(answer).await;
    let response = send(&patient_transport(), post(&url, "x")).await.response();
    assert_eq!(response.body, whole);
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_is_an_answer() {
    let url = serve(|mut stream, _| async move {
        stream.read_exact(&mut [0; 1000]).await.unwrap();
        let refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(refusal).await.unwrap();
        hold(stream).await;
    })
    .await;
    let sent = send(&patient_transport(), post(&url, vec![b'x'; LARGE])).await;
    assert_eq!(sent.response().status, 413);
}

#[tokio::test]
async fn new_deadlines_hold_for_later_requests() {
    let transport = patient_transport();
    transport.reload(&hasty());
    let url = serve(|stream, _| hold(stream)).await;
    let sent = send(&transport, post(&url, "x")).await;
    sent.is_ambiguous(Fault::AnswerTimeout);
}
