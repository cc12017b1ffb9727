//! Why something did not work, for a person and for a group-by.

/// Why a delivery failed: the destination's own code where it has one, and a sentence for a person.
///
/// Neither holds a secret or personal data: both are shown in the API and kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A short, stable word or code to group by: `meta_2804003`, `http_503`, `too_old`, `timeout`.
    pub code: String,
    /// What happened, for a person.
    pub detail: String,
}

impl Reason {
    /// A reason with this code and this sentence.
    pub fn new(code: impl Into<String>, detail: impl Into<String>) -> Reason {
        Reason {
            code: code.into(),
            detail: detail.into(),
        }
    }
}
