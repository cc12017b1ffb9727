use std::time::Duration;

use cauce_destinations::destination::Fault;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::{advance, pause, resume, sleep, timeout},
};

use super::{OK, patient, patient_transport, post, read_request, send, serve};
use crate::{settings, transport::Transport};

/// Answers every request on every connection; the body of the answer is the connection's number.
async fn answer_all(mut stream: TcpStream, connection: usize) {
    while !read_request(&mut stream).await.is_empty() {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{connection}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

async fn connection_of(transport: &Transport, url: &str) -> String {
    let response = send(transport, post(url, "x")).await.response();
    String::from_utf8(response.body.to_vec()).unwrap()
}

#[tokio::test]
async fn requests_in_a_row_share_a_connection() {
    let (transport, url) = (patient_transport(), serve(answer_all).await);
    let first = send(&transport, post(&url, "x")).await;
    assert!(!first.timings.reused);
    for _ in 0..10 {
        let sent = send(&transport, post(&url, "x")).await;
        assert!(sent.timings.reused);
        assert_eq!(sent.response().body, "0");
    }
}

#[tokio::test]
async fn hosts_do_not_share_connections() {
    let transport = patient_transport();
    let (one, other) = (serve(answer_all).await, serve(answer_all).await);
    assert_eq!(connection_of(&transport, &one).await, "0");
    assert_eq!(connection_of(&transport, &other).await, "0");
}

#[tokio::test]
async fn no_more_connections_wait_than_allowed() {
    let allowed = settings::Transport {
        max_idle_connections: 1,
        ..patient()
    };
    let transport = Transport::new(&allowed).unwrap();
    let url = serve(answer_all).await;
    let both = || async {
        let (a, b) = tokio::join!(
            connection_of(&transport, &url),
            connection_of(&transport, &url)
        );
        a.parse::<u32>().unwrap().max(b.parse().unwrap())
    };
    assert_eq!(both().await, 1);
    assert_eq!(both().await, 2, "one of the two was kept");
}

#[tokio::test]
async fn a_connection_that_waited_too_long_is_not_used() {
    let (transport, url) = (patient_transport(), serve(answer_all).await);
    assert_eq!(connection_of(&transport, &url).await, "0");
    pause();
    advance(Duration::from_secs(5)).await;
    resume();
    assert_eq!(connection_of(&transport, &url).await, "1");
}

#[tokio::test]
async fn connections_that_nobody_wants_are_closed() {
    let (hung_up, mut hang_ups) = mpsc::channel(1);
    let url = serve(move |stream, connection| {
        let hung_up = hung_up.clone();
        async move {
            answer_all(stream, connection).await;
            hung_up.send(()).await.unwrap();
        }
    })
    .await;
    let transport = patient_transport();
    connection_of(&transport, &url).await;
    // The sweeper sets its timer before time is moved.
    tokio::task::yield_now().await;
    pause();
    advance(Duration::from_secs(5)).await;
    resume();
    let closed = timeout(Duration::from_secs(5), hang_ups.recv()).await;
    assert!(closed.is_ok());
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_is_replaced() {
    let url = serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let transport = patient_transport();
    for _ in 0..3 {
        let sent = send(&transport, post(&url, "x")).await;
        assert!(!sent.timings.reused);
        assert_eq!(sent.response().status, 200);
        // Nothing tells this side that the goodbye has arrived.
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_request_that_met_a_goodbye_under_way_is_not_sent_again() {
    let (seen, mut requests) = mpsc::channel(10);
    let url = serve(move |mut stream, _| {
        let seen = seen.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(OK).await.unwrap();
            seen.send(read_request(&mut stream).await).await.unwrap();
        }
    })
    .await;
    let transport = patient_transport();
    send(&transport, post(&url, "x")).await.response();
    let sent = send(&transport, post(&url, "x")).await;
    sent.is_ambiguous(Fault::Reset);
    assert!(sent.timings.reused);
    assert!(requests.recv().await.unwrap().ends_with('x'));
    assert!(requests.try_recv().is_err(), "it came once");
}

#[tokio::test]
async fn a_connection_is_given_up_where_the_peer_says_close() {
    let url = serve(|mut stream, connection| async move {
        read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n";
        let answer = format!("{head}{connection}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    })
    .await;
    let transport = patient_transport();
    assert_eq!(connection_of(&transport, &url).await, "0");
    assert_eq!(connection_of(&transport, &url).await, "1");
}

#[tokio::test]
async fn a_connection_with_an_answer_cut_short_is_given_up() {
    let url = serve(|mut stream, connection| async move {
        while !read_request(&mut stream).await.is_empty() {
            let body = connection.to_string().repeat(5000);
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{body}");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    })
    .await;
    let transport = patient_transport();
    assert!(connection_of(&transport, &url).await.starts_with('0'));
    assert!(connection_of(&transport, &url).await.starts_with('1'));
}

#[tokio::test]
async fn an_abandoned_request_closes_its_connection() {
    let (hung_up, mut hang_ups) = mpsc::channel(1);
    let url = serve(move |mut stream, _| {
        let hung_up = hung_up.clone();
        async move {
            read_request(&mut stream).await;
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            hung_up.send(()).await.unwrap();
        }
    })
    .await;
    let (transport, (left, gone)) = (patient_transport(), tokio::sync::oneshot::channel());
    let exchange = transport.send(post(&url, "x"), || left.send(()).unwrap());
    tokio::select! {
        _ = exchange => panic!("nobody answers"),
        left = gone => left.unwrap(),
    }
    assert!(hang_ups.recv().await.is_some());
}
