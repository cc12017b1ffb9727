//! What the validation twin says.

use serde_json::{Value, json};

/// One sentence of the validation twin.
pub(super) struct Message {
    /// The validation code.
    pub(super) code: &'static str,
    path: String,
    text: String,
}

impl Message {
    pub(super) fn new(
        code: &'static str,
        path: impl Into<String>,
        text: impl Into<String>,
    ) -> Message {
        Message {
            code,
            path: path.into(),
            text: text.into(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"fieldPath": self.path, "description": self.text, "validationCode": self.code})
    }
}
