//! What Twilio tells: the status of a message, and a message from a person.

use form_urlencoded::Serializer;

use crate::messages::{Notice, Said, Step, Taken};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The name of a status. Twilio says `undelivered` when a channel gave a message back.
pub(super) const fn status_text(step: Step) -> &'static str {
    match step {
        Step::Sent => "sent",
        Step::Delivered => "delivered",
        Step::Read => "read",
        Step::Failed(code) if code >= 63_000 => "undelivered",
        Step::Failed(_) => "failed",
    }
}

/// A status callback, to the address that the message named.
pub(super) fn status(account: &str, taken: &Taken, step: Step) -> Notice {
    let status = status_text(step);
    let mut form = Serializer::new(String::new());
    form.append_pair("SmsSid", &taken.id)
        .append_pair("SmsStatus", status)
        .append_pair("MessageSid", &taken.id)
        .append_pair("MessageStatus", status)
        .append_pair("AccountSid", account)
        .append_pair("From", &taken.from)
        .append_pair("To", &taken.to)
        .append_pair("ApiVersion", "2010-04-01")
        .append_pair("ChannelPrefix", "whatsapp")
        .append_pair("ChannelToAddress", &taken.to)
        .append_pair("ChannelInstallSid", "XE00000000000000000000000000000001");
    match step {
        Step::Failed(code) => {
            form.append_pair("ErrorCode", &code.to_string());
        }
        Step::Delivered => {
            form.append_pair("EventType", "DELIVERED");
        }
        Step::Read => {
            form.append_pair("EventType", "READ");
        }
        Step::Sent => {}
    }
    Notice {
        url: taken.reference.clone(),
        content_type: FORM,
        body: form.finish().into(),
    }
}

/// A message of a person, to the configured address.
pub(crate) fn inbound(id: &str, account: &str, said: &Said) -> Notice {
    let mut form = Serializer::new(String::new());
    form.append_pair("SmsMessageSid", id)
        .append_pair("SmsSid", id)
        .append_pair("MessageSid", id)
        .append_pair("AccountSid", account)
        .append_pair("NumMedia", "0")
        .append_pair("NumSegments", "1")
        .append_pair("ProfileName", "Ana")
        .append_pair("MessageType", "text")
        .append_pair("SmsStatus", "received")
        .append_pair("WaId", said.from.trim_start_matches('+'))
        .append_pair("Body", &said.text)
        .append_pair("To", &said.to)
        .append_pair("From", &format!("whatsapp:{}", said.from))
        .append_pair("ApiVersion", "2010-04-01");
    if let Some(id) = &said.reply_to {
        form.append_pair("OriginalRepliedMessageSid", id)
            .append_pair("OriginalRepliedMessageSender", &said.to);
    }
    Notice {
        url: None,
        content_type: FORM,
        body: form.finish().into(),
    }
}
