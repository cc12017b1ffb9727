//! What an application does: posts events to the API and reads the answer.

use std::time::Duration;

use bytes::Bytes;
use cauce_destinations::destination::{Answer, Header, Request};
use cauce_engine::{settings, transport::Transport};
use serde_json::Value;

use crate::failure::Failure;

pub(crate) struct Client {
    transport: Transport,
    url: String,
    key: String,
}

impl Client {
    pub(crate) fn new(url: &str, key: &str) -> Result<Client, Failure> {
        let patience = Duration::from_secs(10);
        let transport = Transport::new(&settings::Transport {
            connect: patience,
            first_byte: patience,
            total: patience,
            max_answer_bytes: 4 << 20,
            max_idle_connections: 64,
            roots: Vec::new(),
        })
        .map_err(Failure::failed)?;
        Ok(Client {
            transport,
            url: url.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Posts a batch of events. An answer that is no success ends the demo.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Value, Failure> {
        let path = of_tenant("/api/pixels/events");
        self.send(http::Method::POST, &path, Bytes::from(body))
            .await
    }

    /// Posts to a route that finds the tenant in the body. An answer that is no success ends the demo.
    pub(crate) async fn post_to(&self, path: &str, body: String) -> Result<Value, Failure> {
        self.send(http::Method::POST, path, Bytes::from(body)).await
    }

    /// Asks for something.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(http::Method::GET, path, Bytes::new()).await
    }

    /// Has something made or done for the demo's tenant.
    pub(crate) async fn make(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let body = Bytes::from(body.to_string());
        self.send(http::Method::POST, &of_tenant(path), body).await
    }

    /// Tells of one thing. An answer that is no success ends the demo.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let body = Bytes::from(body.to_string());
        self.send(http::Method::PUT, &of_tenant(path), body).await
    }

    async fn send(&self, method: http::Method, path: &str, body: Bytes) -> Result<Value, Failure> {
        let header = |name, value: String| Header {
            name,
            value,
            secret: true,
        };
        let request = Request {
            method,
            url: format!("{}{path}", self.url),
            headers: vec![
                header("authorization", format!("Bearer {}", self.key)),
                header("content-type", "application/json".to_owned()),
            ],
            body,
        };
        match self.transport.send(request, || {}).await.answer {
            Answer::Response(answer) if (200..300).contains(&answer.status) => {
                serde_json::from_slice(&answer.body).map_err(|error| Failure::caused(&error))
            }
            Answer::Response(answer) => Err(Failure::failed(format!(
                "the API answered {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            ))),
            Answer::NotSent(fault) | Answer::Ambiguous(fault) => Err(Failure::failed(format!(
                "the API cannot be reached ({})",
                fault.code()
            ))),
        }
    }
}

/// A route with the tenant that a key for all has to name.
fn of_tenant(path: &str) -> String {
    format!("{path}?tenant={}", super::TENANT)
}
