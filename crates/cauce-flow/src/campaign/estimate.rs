//! How long a campaign takes when nothing but the rate limits it.

use std::time::Duration;

use crate::dispatch::policy::Window;

/// How long `recipients` take where every window has to admit them. Without a window it is not
/// known, which counts as no time.
///
/// A thousand at ten a second take 100 s, as in the requirement's example.
pub fn duration(recipients: u64, windows: &[Window]) -> Duration {
    windows
        .iter()
        .map(|window| of_window(recipients, window))
        .max()
        .unwrap_or_default()
}

fn of_window(recipients: u64, window: &Window) -> Duration {
    let ms = u128::from(recipients) * window.per.as_millis();
    let ms = ms.div_ceil(u128::from(window.max.max(1)));
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
