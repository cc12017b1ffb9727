//! Campaigns of one tenant, as tests make and watch them.

use serde_json::{Value, json};

use super::{SOON, Server, until};

/// The key of these tests is for all tenants.
pub(crate) const OF_TENANT: &str = "?tenant=acme";

/// The phone of a contact.
pub(crate) fn phone(number: usize) -> String {
    format!("+3460020{number:04}")
}

fn contact(number: usize) -> Value {
    json!({"id": format!("c{number}"), "phone": phone(number), "name": format!("Ana {number}"), "tags": ["vip"]})
}

/// Makes so many contacts.
pub(crate) async fn with_contacts(server: &Server, count: usize) {
    let contacts: Vec<Value> = (0..count).map(contact).collect();
    server
        .post(&format!("/api/contacts{OF_TENANT}"), &json!(contacts))
        .await;
}

/// A campaign to everybody with the tag, changed by these fields.
pub(crate) fn campaign(fields: Value) -> Value {
    let mut campaign = json!({
        "tenant": "acme", "name": "Navidad", "sender": "twilio",
        "message": "Hola {{name}}", "audience": {"tags": ["vip"]},
    });
    let more = fields.as_object().unwrap().clone();
    campaign.as_object_mut().unwrap().extend(more);
    campaign
}

/// Makes a campaign; answers its id.
pub(crate) async fn make(server: &Server, fields: Value) -> String {
    let made = server.post("/api/campaigns", &campaign(fields)).await;
    made["id"].as_str().unwrap().to_owned()
}

/// Gives an order.
pub(crate) async fn order(server: &Server, id: &str, what: &str) -> Value {
    server
        .post(&format!("/api/campaigns/{id}/{what}"), &json!({}))
        .await
}

/// How a campaign does; whatever moment it is, its figures add up.
pub(crate) async fn status(server: &Server, id: &str) -> Value {
    let answer = server
        .get(&format!("/api/campaigns/{id}/queue-status"))
        .await;
    let status = answer["status"].clone();
    let figure = |name: &str| status[name].as_u64().unwrap();
    let batches = ["activeJobs", "waitingJobs", "completedJobs", "failedJobs"];
    let sum: u64 = batches.iter().map(|name| figure(name)).sum();
    assert_eq!(sum, figure("totalJobs"), "{status}");
    let progress = &status["progress"];
    let of = |name: &str| progress[name].as_u64().unwrap();
    assert_eq!(of("success") + of("failed"), of("processed"), "{status}");
    assert!(of("processed") <= of("total"), "{status}");
    status
}

/// Waits until a campaign stands there.
pub(crate) async fn becomes(server: &Server, id: &str, wanted: &str) -> Value {
    until(&format!("{id} is {wanted}"), SOON, async || {
        status(server, id).await["status"] == wanted
    })
    .await;
    status(server, id).await
}
