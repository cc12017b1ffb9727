//! What a backend says of one session, when it is asked.

use cauce_flow::reason::Reason;
use serde::Deserialize;

use crate::{
    answer::received,
    destination::{Answer, Response},
};

/// What a backend says of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It knows the session.
    Found {
        /// What the session is doing.
        status: String,
        /// The QR code that it is shown, if any.
        qr: Option<String>,
    },
    /// It knows no such session.
    Absent,
    /// It said nothing that can be used.
    Unavailable(Reason),
}

#[derive(Deserialize)]
struct Body {
    status: String,
    #[serde(default)]
    qr: Option<String>,
}

/// What the answer to a lookup means.
pub fn looked(answer: &Answer) -> Looked {
    let response = match received(answer) {
        Ok(response) => response,
        Err(_) => {
            let code = match answer {
                Answer::NotSent(fault) | Answer::Ambiguous(fault) => fault.code(),
                Answer::Response(_) => "no_answer",
            };
            let detail = "the backend could not be asked";
            return Looked::Unavailable(Reason::new(code, detail));
        }
    };
    match response.status {
        200..=299 => found(response),
        404 | 410 => Looked::Absent,
        status => {
            let code = format!("backend_http_{status}");
            Looked::Unavailable(Reason::new(code, "the backend does not tell"))
        }
    }
}

fn found(response: &Response) -> Looked {
    match serde_json::from_slice::<Body>(&response.body) {
        Ok(Body { status, qr }) => Looked::Found { status, qr },
        Err(_) => {
            let detail = "the backend's answer is not {status, qr}";
            Looked::Unavailable(Reason::new("backend_answer", detail))
        }
    }
}
