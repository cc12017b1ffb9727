//! What stands between the columns.

/// What may stand there, the more usual first: Excel in most of Europe and Latin America writes `;`.
pub(super) const DELIMITERS: [u8; 4] = [b';', b',', b'\t', b'|'];

/// The delimiter of a table with this first line: the one that stands most often outside of quotes.
pub(super) fn delimiter(line: &str) -> u8 {
    let (mut counts, mut quoted) = ([0_u32; 4], false);
    for byte in line.bytes() {
        match DELIMITERS.iter().position(|known| *known == byte) {
            _ if byte == b'"' => quoted = !quoted,
            Some(which) if !quoted => counts[which] += 1,
            _ => {}
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    let which = counts.iter().position(|count| *count == most && most > 0);
    which.map_or(b',', |which| DELIMITERS[which])
}

/// The delimiter that a first line `sep=;` names, as Excel understands it.
pub(super) fn named(line: &str) -> Option<u8> {
    let rest = line.trim_end_matches(['\r', '\n']);
    let name = rest
        .get(..4)
        .filter(|name| name.eq_ignore_ascii_case("sep="))?;
    match &rest.as_bytes()[name.len()..] {
        [one] => Some(*one).filter(|one| DELIMITERS.contains(one)),
        _ => None,
    }
}
