//! A client of a running server's API, over the engine's own transport.

use std::time::Duration;

use bytes::Bytes;
use cauce_destinations::destination::{Answer, Fault, Header, Request, Response};
use cauce_engine::{settings, transport::Transport};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;

use crate::{
    cli::Remote,
    config::{self, Config},
    failure::Failure,
    global::Global,
};

/// A server and a key for it.
pub(crate) struct Api {
    transport: Transport,
    /// For answers that take as long as they take.
    patient: Transport,
    base: String,
    key: String,
}

impl Api {
    /// The server that is meant: by flags, by environment, or by the configuration.
    pub(crate) fn connect(remote: &Remote, global: &Global) -> Result<Api, Failure> {
        let config = match (&remote.url, &remote.key) {
            (Some(_), Some(_)) => None,
            _ => Some(config::load(&config::inputs(global, Vec::new())).map_err(Failure::usage)?),
        };
        let base = remote
            .url
            .clone()
            .or_else(|| config.as_ref().map(Config::local_url));
        let key = remote
            .key
            .clone()
            .or_else(|| config.as_ref()?.admin_key.clone());
        let key = key.ok_or_else(|| Failure::usage(NO_KEY))?;
        Api::new(&base.unwrap_or_default(), key)
    }

    /// The server that is meant, for what needs no key.
    pub(crate) fn without_key(url: Option<String>, global: &Global) -> Result<Api, Failure> {
        let base = match url {
            Some(url) => url,
            None => config::load(&config::inputs(global, Vec::new()))
                .map_err(Failure::usage)?
                .local_url(),
        };
        Api::new(&base, String::new())
    }

    fn new(base: &str, key: String) -> Result<Api, Failure> {
        let transport = Transport::new(&deadlines()).map_err(Failure::failed)?;
        let patient = settings::Transport {
            total: LONG,
            ..deadlines()
        };
        let patient = Transport::new(&patient).map_err(Failure::failed)?;
        Ok(Api {
            transport,
            patient,
            base: base.trim_end_matches('/').to_owned(),
            key,
        })
    }

    /// The address of the server.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Asks for something.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(http::Method::GET, path, None).await
    }

    /// Asks for something to be done.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(http::Method::POST, path, Some(body)).await
    }

    /// Takes something away.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.call(http::Method::DELETE, path, None).await
    }

    /// Asks for something large, and hands it on piece by piece.
    pub(crate) async fn download(
        &self,
        path: &str,
        take: impl FnMut(Bytes) + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let request = self.request(http::Method::GET, path, None);
        match self.patient.download(request, take).await.answer {
            Answer::Response(response) => read(&response).map(drop),
            Answer::NotSent(fault) => Err(self.unreachable(fault)),
            Answer::Ambiguous(fault) => Err(Failure::failed(format!(
                "{} did not send all of it ({}); hint: look into the log of the server, then ask again",
                self.base,
                fault.code()
            ))),
        }
    }

    /// Sends something large, piece by piece; `first` is its first piece.
    pub(crate) async fn upload(
        &self,
        path: &str,
        kind: &str,
        first: Bytes,
        rest: Receiver<Bytes>,
    ) -> Result<Value, Failure> {
        // The answer comes when all of it was taken.
        let deadlines = settings::Transport {
            first_byte: LONG,
            total: LONG,
            ..deadlines()
        };
        let transport = Transport::new(&deadlines).map_err(Failure::failed)?;
        let mut request = self.request(http::Method::POST, path, None);
        let kind = header("content-type", kind.to_owned(), false);
        request.headers.push(kind);
        request.body = first;
        match transport.upload(request, rest).await.answer {
            Answer::Response(response) => read(&response),
            Answer::NotSent(fault @ (Fault::Dns | Fault::Connect | Fault::ConnectTimeout)) => {
                Err(self.unreachable(fault))
            }
            Answer::NotSent(fault) | Answer::Ambiguous(fault) => Err(Failure::failed(format!(
                "{} did not take all of it ({}); hint: look into the log of the server, then send it again",
                self.base,
                fault.code()
            ))),
        }
    }

    fn request(&self, method: http::Method, path: &str, body: Option<&Value>) -> Request {
        let mut headers = Vec::new();
        if !self.key.is_empty() {
            let bearer = format!("Bearer {}", self.key);
            headers.push(header("authorization", bearer, true));
        }
        if body.is_some() {
            headers.push(header("content-type", "application/json".to_owned(), false));
        }
        Request {
            method,
            url: format!("{}{path}", self.base),
            headers,
            body: body
                .map(|body| Bytes::from(body.to_string()))
                .unwrap_or_default(),
        }
    }

    async fn call(
        &self,
        method: http::Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let response = self.send(self.request(method, path, body)).await?;
        read(&response)
    }

    /// Asks for something whose status says as much as its body.
    pub(crate) async fn ask(&self, path: &str) -> Result<(u16, Value), Failure> {
        let request = self.request(http::Method::GET, path, None);
        let response = self.send(request).await?;
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        Ok((response.status, body))
    }

    async fn send(&self, request: Request) -> Result<Response, Failure> {
        match self.transport.send(request, || {}).await.answer {
            Answer::Response(response) => Ok(response),
            Answer::NotSent(fault) => Err(self.unreachable(fault)),
            Answer::Ambiguous(fault) => Err(Failure::failed(format!(
                "{} took the request and did not answer ({}); hint: look whether it was done",
                self.base,
                fault.code()
            ))),
        }
    }

    fn unreachable(&self, fault: Fault) -> Failure {
        Failure::failed(format!(
            "cannot reach {} ({}); hint: start `cauce serve`, or name the server with --url",
            self.base,
            fault.code()
        ))
    }
}

const NO_KEY: &str = "no API key; hint: give one with --key or CAUCE_KEY, \
    or make one: cauce keys create --name me --tenant '*' --scopes read,manage";

/// The longest that a download may take.
const LONG: Duration = Duration::from_secs(24 * 3_600);

/// Deadlines fit for a person who waits.
fn deadlines() -> settings::Transport {
    settings::Transport {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(30),
        total: Duration::from_secs(60),
        max_answer_bytes: 64 << 20,
        max_idle_connections: 1,
        roots: Vec::new(),
    }
}

fn header(name: &'static str, value: String, secret: bool) -> Header {
    Header {
        name,
        value,
        secret,
    }
}

fn read(response: &Response) -> Result<Value, Failure> {
    let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    if (200..300).contains(&response.status) {
        return Ok(body);
    }
    Err(Failure::failed(refusal(response.status, &body)))
}

/// What a problem document (RFC 9457) says, in one line and one more for each bad field.
pub(crate) fn refusal(status: u16, problem: &Value) -> String {
    let text = |name: &str| {
        problem
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut words = format!("the server answered {status} {}", text("title"));
    if !text("detail").is_empty() {
        words = format!("{words}: {}", text("detail"));
    }
    for error in problem
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let part = |name: &str| error.get(name).and_then(Value::as_str);
        let place = part("pointer").or(part("parameter")).unwrap_or_default();
        let detail = part("detail").unwrap_or_default();
        words = format!("{words}\n  {place}: {detail}");
    }
    words
}

/// A path segment or the value of a query, with everything else than letters, digits and `-._~`
/// escaped (RFC 3986, 2.3).
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A query of those parameters that are given.
pub(crate) fn query(parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    let pairs: Vec<_> = given
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_name_fields_and_parameters() {
        let problem = json!({"title": "bad", "detail": "see below", "errors": [
            {"pointer": "/phone", "detail": "missing"}, {"parameter": "from", "detail": "too early"}]});
        let said = refusal(400, &problem);
        let expected =
            "the server answered 400 bad: see below\n  /phone: missing\n  from: too early";
        assert_eq!(said, expected);
    }
}
