//! E-mail addresses.

/// Trimmed and in lower case: Meta, LinkedIn and TikTok.
pub fn plain(raw: &str) -> Option<String> {
    let address = raw.trim().to_lowercase();
    is_address(&address).then_some(address)
}

/// Google's form: without any space, and without the dots before the `@` where Gmail ignores them
/// (Measurement Protocol, "User-provided data").
pub fn google(raw: &str) -> Option<String> {
    let address: String = raw
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    if !is_address(&address) {
        return None;
    }
    let (name, domain) = address.rsplit_once('@')?;
    if matches!(domain, "gmail.com" | "googlemail.com") {
        return Some(format!("{}@{domain}", name.replace('.', "")));
    }
    Some(address)
}

/// Something, one `@`, and a domain of at least two labels.
fn is_address(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else {
        return false;
    };
    let labels = || domain.split('.');
    let unfit = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    !name.is_empty()
        && !name.contains(unfit)
        && !domain.contains(unfit)
        && labels().count() >= 2
        && labels().all(|label| !label.is_empty())
        && labels()
            .next_back()
            .is_some_and(|top| top.chars().count() >= 2)
}
