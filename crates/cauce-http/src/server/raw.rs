//! Answers where there is no request that hyper could answer.

use crate::problem::Problem;

/// A problem as the bytes of a whole answer, after which the connection closes.
pub(super) fn raw_answer(problem: &Problem) -> Vec<u8> {
    let body = problem.to_json();
    let status = problem.code.status();
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         retry-after: 1\r\nconnection: close\r\n\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    answer
}
