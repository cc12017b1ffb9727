//! The sections of a report, one file for each subject.

mod campaigns;
mod conversations;
mod conversions;
mod delivery;
mod messages;
mod outlook;

use super::{Language, Material, document::Section};

/// All sections, in the order in which they are read.
pub(super) fn all(material: &Material, language: Language) -> Vec<Section> {
    [
        messages::section,
        conversations::section,
        conversions::section,
        campaigns::section,
        delivery::section,
        outlook::section,
    ]
    .map(|section| section(material, language))
    .into()
}
