//! `[pixels]`: what holds for conversion events, whichever platform they go to.

use std::{collections::BTreeMap, time::Duration};

use cauce_engine::settings::Pixels;
use cauce_flow::id::TenantId;

use crate::config::{
    read::{choice, country, time, whole},
    reader::Section,
};

/// Reads the section.
pub(crate) fn read(section: Section<'_>) -> Option<Pixels> {
    let consent = section.need(
        "consent_default",
        choice(&[("granted", true), ("denied", false)]),
    );
    let fallback_country = section.find("default_country", country);
    let default_country = section.section("default_country_by_tenant").map(countries);
    let interval = Duration::from_secs(60)..=Duration::from_secs(30 * 86_400);
    let token_check = section.need("token_check_interval", time(interval));
    let stalled_after = section.need("stalled_after", whole(1..=1_000_u32));
    section.finish();
    Some(Pixels {
        consent_granted: consent?,
        default_country: default_country.unwrap_or_default(),
        fallback_country,
        token_check: token_check?,
        stalled_after: stalled_after?,
    })
}

fn countries(section: Section<'_>) -> BTreeMap<TenantId, String> {
    let mut countries = BTreeMap::new();
    for name in section.names() {
        let country = section.find(name, country);
        match (TenantId::new(name), country) {
            (Ok(tenant), Some(country)) => {
                countries.insert(tenant, country);
            }
            (Err(why), _) => section.fault(name, why.to_string(), "the name of a tenant"),
            (Ok(_), None) => {}
        }
    }
    section.finish();
    countries
}
