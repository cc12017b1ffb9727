//! The pure crates open nothing, read no clock, draw no number: in their code and in what they
//! depend on.

use super::{
    Finding, is_test,
    source::{Source, paths},
};

/// Crates that hold rules and nothing else.
pub(crate) const PURE: [&str; 3] = ["cauce-flow", "cauce-destinations", "cauce-observe"];

/// What a pure crate never names.
const FORBIDDEN: [&str; 13] = [
    "std::fs",
    "std::env",
    "std::thread",
    "std::process",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "std::time::SystemTime",
    "std::time::Instant",
    "tokio",
    "rand",
    "getrandom",
];

/// Finds what a pure crate must not name.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let pure = |source: &&Source| PURE.contains(&source.krate.as_str()) && !is_test(source);
    sources.iter().filter(pure).flat_map(findings).collect()
}

fn findings(source: &Source) -> Vec<Finding> {
    paths(&source.code, &["std", "tokio", "rand", "getrandom"])
        .iter()
        .map(|path| path.join("::"))
        .filter(|path| FORBIDDEN.iter().any(|forbidden| is_within(path, forbidden)))
        .map(|path| {
            format!(
                "{}: names {path}; time, chance and IO come in as parameters",
                source.path
            )
        })
        .collect()
}

fn is_within(path: &str, forbidden: &str) -> bool {
    path.strip_prefix(forbidden)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn only_whole_names_are_forbidden() {
        assert!(is_within("std::fs::read", "std::fs"));
        assert!(is_within("tokio", "tokio"));
        assert!(!is_within("std::fsx", "std::fs"));
        assert!(!is_within("std::net::IpAddr", "std::net::TcpStream"));
    }
}
