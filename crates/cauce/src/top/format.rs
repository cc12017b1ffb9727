//! Figures as they are shown: short, and as wide as they were a moment ago.

/// A count, with its thousands apart up to seven digits, and rounded beyond.
pub(super) fn count(n: u64) -> String {
    match n {
        10_000_000_000.. => format!("{} G", n / 1_000_000_000),
        10_000_000.. => format!("{} M", n / 1_000_000),
        _ => grouped(n),
    }
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many in a second; a dash where that is not known yet.
pub(super) fn rate(per_second: Option<f64>) -> String {
    match per_second {
        None => "-".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(rate) if rate < 0.05 => "<0.1".to_owned(),
        Some(rate) if rate < 100.0 => format!("{rate:.1}"),
        Some(rate) => grouped(rate.round() as u64),
    }
}

/// A length of time in its largest unit and the next.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 0.9995 {
        return format!("{} ms", (seconds.max(0.0) * 1_000.0).round());
    }
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..120 => format!("{whole} s"),
        120..7_200 => format!("{} m {:02} s", whole / 60, whole % 60),
        7_200..172_800 => format!("{} h {:02} m", whole / 3_600, whole % 3_600 / 60),
        _ => format!("{} d {:02} h", whole / 86_400, whole % 86_400 / 3_600),
    }
}

/// The length of a window, as it is written in the configuration.
pub(super) fn window(per_ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let fits = |&&(ms, _): &&(u64, &str)| per_ms >= ms && per_ms.is_multiple_of(ms);
    match UNITS.iter().find(fits) {
        Some((ms, unit)) => format!("{}{unit}", per_ms / ms),
        None => format!("{per_ms}ms"),
    }
}

/// A text that fits, cut with a sign where it is longer.
pub(super) fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let counts = [
            (0, "0"),
            (999, "999"),
            (1_234, "1,234"),
            (9_999_999, "9,999,999"),
        ];
        for (n, text) in counts {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(12_345_678), "12 M");
        assert_eq!(count(123_000_000_000), "123 G");
        let rates = [
            (0.0, "0"),
            (0.01, "<0.1"),
            (1.24, "1.2"),
            (99.94, "99.9"),
            (1_234.5, "1,235"),
        ];
        for (n, text) in rates {
            assert_eq!(rate(Some(n)), text);
        }
        assert_eq!(rate(None), "-");
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        for (n, text) in [
            (-1.0, "0 ms"),
            (0.34, "340 ms"),
            (0.9996, "1.0 s"),
            (9.94, "9.9 s"),
            (119.0, "119 s"),
            (125.0, "2 m 05 s"),
            (7_260.0, "2 h 01 m"),
            (200_000.0, "2 d 07 h"),
        ] {
            assert_eq!(seconds(n), text);
        }
        for (ms, text) in [
            (500, "500ms"),
            (1_000, "1s"),
            (90_000, "90s"),
            (3_600_000, "1h"),
        ] {
            assert_eq!(window(ms), text);
        }
    }

    #[test]
    fn long_names_are_cut_by_characters() {
        assert_eq!(cut("añojo", 5), "añojo");
        assert_eq!(cut("añojos", 5), "añoj…");
    }
}
