//! One bad field of what was handed in.

use serde::Serialize;

/// One bad field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// Where it is, as a JSON Pointer into what was handed in.
    pub pointer: String,
    /// What is wrong, for a person. Holds no value of what was handed in.
    pub detail: String,
}

impl FieldFault {
    /// The fault at this place.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> FieldFault {
        FieldFault {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}
