//! A marked value in every place that may hold a secret, searched for in all that we print.

use cauce_destinations::destination::{Header, Request};

use super::{hasty_transport, patient_transport, serve_answer};
use crate::transport::Transport;

const CANARY: &str = "canary-5f1c";

fn marked(url: &str) -> Request {
    let base = url.replace("://", &format!("://{CANARY}:{CANARY}@"));
    Request {
        method: http::Method::POST,
        url: format!("{base}/events?access_token={CANARY}"),
        headers: vec![Header {
            name: "authorization",
            value: format!("Bearer {CANARY}"),
            secret: true,
        }],
        body: CANARY.into(),
    }
}

async fn check(transport: &Transport, url: &str) {
    let request = marked(url);
    let shown_request = format!("{request:?}");
    let exchange = transport.send(request, || ()).await;
    let shown = format!("{shown_request} {exchange:?} {:?}", exchange.answer);
    assert!(!shown.contains(CANARY), "{shown}");
}

#[tokio::test]
async fn nothing_printed_holds_a_secret() {
    let (patient, hasty) = (patient_transport(), hasty_transport());
    let echo = format!("HTTP/1.1 400 {CANARY}\r\nx-echo: {CANARY}\r\n\r\n{CANARY}");
    check(&patient, &serve_answer(echo).await).await;
    check(&patient, &serve_answer(format!("{CANARY}\r\n\r\n")).await).await;
    check(&patient, &serve_answer("").await).await;
    check(&patient, "http://cauce.invalid").await;
    check(&patient, "http://not a host").await;
    check(&hasty, "http://127.0.0.1:1").await;
    let secure = serve_answer("").await.replace("http:", "https:");
    check(&hasty, &secure).await;
}
