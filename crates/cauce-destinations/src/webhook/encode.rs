//! The request that carries a batch to an endpoint.

use cauce_flow::{job::LeasedJob, time::Timestamp};
use sha2::{Digest, Sha256};

use super::{Webhook, template::Fill};
use crate::{
    destination::{Header, Request},
    payload,
};

pub(super) fn request(webhook: &Webhook, jobs: &[LeasedJob], now: Timestamp) -> Request {
    let batch = batch_id(jobs);
    let items: Vec<&[u8]> = jobs.iter().map(|job| &job.payload[..]).collect();
    let mut body = payload::room(jobs);
    let fill = Fill {
        items: &items,
        batch: &batch,
    };
    webhook.template.write(&fill, &mut body);
    let seconds = now.as_millis().div_euclid(1000);
    let plain = |name, value: String| Header {
        name,
        value,
        secret: false,
    };
    let mut headers = vec![
        plain("content-type", "application/json".to_owned()),
        plain("webhook-id", batch.clone()),
        plain("webhook-timestamp", seconds.to_string()),
    ];
    headers.extend(webhook.signer.as_ref().map(|signer| Header {
        name: "webhook-signature",
        value: signer.sign(&batch, seconds, &body),
        secret: true,
    }));
    headers.extend_from_slice(&webhook.headers);
    Request {
        method: http::Method::POST,
        url: webhook.url.clone(),
        headers,
        body: body.into(),
    }
}

/// The id of a batch: the same jobs sent again have the same one, by which the endpoint knows them.
fn batch_id(jobs: &[LeasedJob]) -> String {
    let mut hash = Sha256::new();
    for job in jobs {
        hash.update(job.id.to_string().as_bytes());
    }
    let digest = hash.finalize();
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("msg_{hex}")
}
