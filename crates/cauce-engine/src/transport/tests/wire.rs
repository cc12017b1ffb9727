use std::sync::Arc;

use cauce_destinations::destination::{Answer, Fault, Header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Mutex,
};

use super::{OK, patient_transport, post, read_request, send, serve, serve_answer};
use crate::transport::Transport;

fn header(name: &'static str, value: &str) -> Header {
    Header {
        name,
        value: value.to_owned(),
        secret: false,
    }
}

/// What the server reads when `path` of it is posted to.
async fn seen_by_server(
    user: &str,
    path: &str,
    headers: Vec<Header>,
    body: &'static str,
) -> String {
    let seen = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&seen);
    let url = serve(move |mut stream, _| {
        let kept = Arc::clone(&kept);
        async move {
            *kept.lock().await = read_request(&mut stream).await;
            stream.write_all(OK).await.unwrap();
        }
    })
    .await;
    let url = url.replace("://", &format!("://{user}"));
    let mut request = post(&format!("{url}{path}"), body);
    request.headers = headers;
    send(&patient_transport(), request).await.response();
    let text = seen.lock().await.clone();
    let port = url.rsplit(':').next().unwrap();
    text.replace(port, "PORT")
}

const AGENT: &str = concat!("user-agent: cauce/", env!("CARGO_PKG_VERSION"));

#[tokio::test]
async fn a_request_is_written_in_origin_form_with_our_name() {
    let seen = seen_by_server("", "/v1/e?a=b%20c", vec![header("x-one", "1")], "hi").await;
    let expected = format!(
        "POST /v1/e?a=b%20c HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\n{AGENT}\r\nx-one: 1\r\n\
         content-length: 2\r\n\r\nhi"
    );
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_empty_post_says_that_it_is_empty() {
    let seen = seen_by_server("", "", Vec::new(), "").await;
    assert!(seen.starts_with("POST / HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("\r\ncontent-length: 0\r\n"), "{seen}");
}

#[tokio::test]
async fn user_information_stays_here() {
    let seen = seen_by_server("ann:secret@", "/", Vec::new(), "hi").await;
    assert!(seen.contains("\r\nhost: 127.0.0.1:PORT\r\n"), "{seen}");
    assert!(!seen.contains("secret"), "{seen}");
}

#[tokio::test]
async fn framing_is_not_for_the_caller_to_set() {
    let headers = vec![
        header("content-length", "99"),
        header("transfer-encoding", "chunked"),
    ];
    let seen = seen_by_server("", "/", headers, "hi").await;
    assert!(seen.contains("\r\ncontent-length: 2\r\n"), "{seen}");
    assert!(!seen.contains("chunked"), "{seen}");
}

async fn check_unsendable(transport: &Transport, url: &str, headers: Vec<Header>) {
    let mut request = post(url, "x");
    request.headers = headers;
    send(transport, request)
        .await
        .is_not_sent(Fault::Unsendable);
}

#[tokio::test]
async fn what_cannot_be_written_is_not_sent() {
    let transport = patient_transport();
    for url in [
        "",
        "/path",
        "no host",
        "ftp://example.com/",
        "http://",
        "http://ex ample/",
    ] {
        check_unsendable(&transport, url, Vec::new()).await;
    }
    let url = serve_answer(OK).await;
    check_unsendable(&transport, &url, vec![header("x-one", "1\r\nx-two: 2")]).await;
    check_unsendable(&transport, &url, vec![header("x one", "1")]).await;
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let url = serve_answer(answer).await;
    let response = send(&patient_transport(), post(&url, "x")).await.response();
    assert_eq!(response.status, 302);
    assert_eq!(response.headers["location"], "http://127.0.0.1:1/");
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let url = serve_answer([b"HTTP/1.1 103 Early Hints\r\n\r\n", OK].concat()).await;
    let response = send(&patient_transport(), post(&url, "x")).await.response();
    assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
}

#[tokio::test]
async fn a_body_in_pieces_comes_whole() {
    for whole in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde",
    ] {
        let url = serve(move |mut stream, _| async move {
            read_request(&mut stream).await;
            for byte in whole.as_bytes() {
                stream.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
        .await;
        let response = send(&patient_transport(), post(&url, "x")).await.response();
        assert_eq!(response.body, "abcde");
    }
}

#[tokio::test]
async fn what_comes_piece_by_piece_is_sent_so_and_whole() {
    let (told, mut heard) = tokio::sync::mpsc::channel(1);
    let url = serve(move |mut stream, _| {
        let told = told.clone();
        async move {
            let mut seen = Vec::new();
            while !seen.ends_with(b"0\r\n\r\n") {
                let more = stream.read_buf(&mut seen).await.unwrap();
                assert!(more > 0, "the request broke off");
            }
            told.send(String::from_utf8(seen).unwrap()).await.unwrap();
            stream.write_all(OK).await.unwrap();
        }
    })
    .await;
    let (pieces, rest) = tokio::sync::mpsc::channel(1);
    let sent =
        tokio::spawn(async move { patient_transport().upload(post(&url, "one"), rest).await });
    for piece in ["two", "three"] {
        pieces.send(piece.into()).await.unwrap();
    }
    drop(pieces);
    let seen = heard.recv().await.unwrap();
    let answer = sent.await.unwrap().answer;
    assert!(matches!(answer, Answer::Response(answer) if answer.status == 200));
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("transfer-encoding: chunked") && !head.contains("content-length"),
        "{head}"
    );
    assert_eq!(body, "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
}
