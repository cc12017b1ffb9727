//! Towns, states and postal codes.

use super::{
    country::{Country, fold},
    name::{is_mark, keep, some},
};

/// Lower case, letters only (Meta, TikTok).
pub fn city(raw: &str) -> Option<String> {
    some(keep(raw, |c| c.is_alphabetic() || is_mark(c)))
}

/// The two letters of a state of the United States; elsewhere lower case, letters and digits only.
/// Without a country, the name of a state of the United States means that state.
pub fn state(raw: &str, country: Option<Country>) -> Option<String> {
    if country.is_none_or(|country| country == Country::UNITED_STATES) {
        let name = fold(raw);
        if let Some((_, code)) = US_STATES.iter().find(|(known, _)| *known == name) {
            return Some((*code).to_owned());
        }
    }
    some(keep(raw, |c| c.is_alphanumeric() || is_mark(c)))
}

/// Lower case, without spaces and dashes. In the United States, and where the country is not
/// known, what follows the first dash is left off: it names the house, not the area.
pub fn zip(raw: &str, country: Option<Country>) -> Option<String> {
    let bounded = match country {
        Some(country) if country != Country::UNITED_STATES => raw,
        _ => raw.split('-').next().unwrap_or(raw),
    };
    let code = keep(bounded, char::is_alphanumeric);
    if country == Some(Country::UNITED_STATES) && code.is_ascii() {
        return some(code[..code.len().min(5)].to_owned());
    }
    some(code)
}

/// The names of the states of the United States, with the federal district, the territories and
/// those names that differ in Spanish, to their USPS codes.
const US_STATES: &[(&str, &str)] = &[
    ("alabama", "al"),
    ("alaska", "ak"),
    ("arizona", "az"),
    ("arkansas", "ar"),
    ("california", "ca"),
    ("carolinadelnorte", "nc"),
    ("carolinadelsur", "sc"),
    ("colorado", "co"),
    ("connecticut", "ct"),
    ("dakotadelnorte", "nd"),
    ("dakotadelsur", "sd"),
    ("delaware", "de"),
    ("districtofcolumbia", "dc"),
    ("distritodecolumbia", "dc"),
    ("florida", "fl"),
    ("georgia", "ga"),
    ("guam", "gu"),
    ("hawai", "hi"),
    ("hawaii", "hi"),
    ("idaho", "id"),
    ("illinois", "il"),
    ("indiana", "in"),
    ("iowa", "ia"),
    ("kansas", "ks"),
    ("kentucky", "ky"),
    ("louisiana", "la"),
    ("luisiana", "la"),
    ("maine", "me"),
    ("maryland", "md"),
    ("massachusetts", "ma"),
    ("michigan", "mi"),
    ("minnesota", "mn"),
    ("mississippi", "ms"),
    ("missouri", "mo"),
    ("montana", "mt"),
    ("nebraska", "ne"),
    ("nevada", "nv"),
    ("newhampshire", "nh"),
    ("newjersey", "nj"),
    ("newmexico", "nm"),
    ("newyork", "ny"),
    ("northcarolina", "nc"),
    ("northdakota", "nd"),
    ("nuevajersey", "nj"),
    ("nuevayork", "ny"),
    ("nuevohampshire", "nh"),
    ("nuevomexico", "nm"),
    ("ohio", "oh"),
    ("oklahoma", "ok"),
    ("oregon", "or"),
    ("pennsylvania", "pa"),
    ("pensilvania", "pa"),
    ("puertorico", "pr"),
    ("rhodeisland", "ri"),
    ("southcarolina", "sc"),
    ("southdakota", "sd"),
    ("tennessee", "tn"),
    ("texas", "tx"),
    ("tejas", "tx"),
    ("utah", "ut"),
    ("vermont", "vt"),
    ("virginia", "va"),
    ("virginiaoccidental", "wv"),
    ("washington", "wa"),
    ("westvirginia", "wv"),
    ("wisconsin", "wi"),
    ("wyoming", "wy"),
];
