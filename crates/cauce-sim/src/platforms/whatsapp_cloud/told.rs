//! What the Cloud API tells, in the form in which Meta signs it: with every character beyond ASCII
//! escaped, so that a body which is read and written again no longer fits its signature.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::messages::{Notice, Said, Step, Taken, digits, seconds};

/// A status of a message.
pub(super) fn status(taken: &Taken, step: Step) -> Notice {
    let name = match step {
        Step::Sent => "sent",
        Step::Delivered => "delivered",
        Step::Read => "read",
        Step::Failed(_) => "failed",
    };
    let mut status = json!({
        "id": taken.id, "status": name, "timestamp": seconds(taken.wall).to_string(),
        "recipient_id": digits(&taken.to).to_string(),
    });
    if let Some(reference) = &taken.reference {
        status["biz_opaque_callback_data"] = json!(reference);
    }
    match step {
        Step::Failed(code) => {
            let details = json!({"details": "No se entregó"});
            status["errors"] = json!([{
                "code": code, "title": "refused", "message": "refused", "error_data": details,
                "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
            }]);
        }
        Step::Sent | Step::Delivered => {
            status["pricing"] = json!({
                "billable": true, "pricing_model": "PMP", "type": "regular",
                "category": "marketing",
            });
        }
        Step::Read => {}
    }
    envelope(&taken.from, "statuses", status)
}

/// A message of a person.
pub(crate) fn inbound(id: &str, said: &Said) -> Notice {
    let mut message = json!({
        "from": digits(&said.from).to_string(), "id": id, "type": "text",
        "timestamp": seconds(std::time::SystemTime::now()).to_string(),
        "text": {"body": said.text},
    });
    if let Some(id) = &said.reply_to {
        message["context"] = json!({"id": id, "from": "15550783881"});
    }
    envelope(&said.to, "messages", message)
}

/// `X-Hub-Signature-256` over the bytes of the body.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn envelope(phone: &str, list: &str, item: Value) -> Notice {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": phone},
    });
    if list == "messages" {
        value["contacts"] = json!([{"profile": {"name": "Ana"}, "wa_id": item["from"]}]);
    }
    value[list] = json!([item]);
    let change = json!({"field": "messages", "value": value});
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [change]}],
    });
    Notice {
        url: None,
        content_type: "application/json",
        body: escaped(&body.to_string()).into(),
    }
}

/// JSON with `\u` and lower-case hex for everything beyond ASCII.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character.is_ascii() {
            true => text.push(character),
            false => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{escaped, sign};

    #[test]
    fn signature_is_over_the_escaped_bytes() {
        let body = escaped("{\"object\":\"whatsapp_business_account\",\"text\":\"España 🚀\"}");
        assert!(body.is_ascii());
        assert_eq!(
            sign("test_app_secret", body.as_bytes()),
            "sha256=2bbf09affc2ca4b81bda319fddf13e8cb0e9b5e74fdb861ec6229cd2b722546a"
        );
    }
}
