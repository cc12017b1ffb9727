//! Files stay short enough to be read in one go.

use super::{Finding, is_test, source::Source};

/// Most lines of a file that is not a test.
const MAX_LINES: usize = 400;

/// Files that may be longer, with the most lines and the reason.
const LONGER: [(&str, usize, &str); 0] = [];

/// Finds files that are too long.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| !is_test(source))
        .filter_map(judge)
        .collect()
}

fn judge(source: &Source) -> Option<Finding> {
    let listed = LONGER.iter().find(|(path, ..)| *path == source.path);
    let most = listed.map_or(MAX_LINES, |(_, most, _)| *most);
    (source.lines > most).then(|| {
        format!(
            "{}: {} lines, at most {most}; hint: part it",
            source.path, source.lines
        )
    })
}
