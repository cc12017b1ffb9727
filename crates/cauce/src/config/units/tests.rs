use std::time::Duration;

use super::{parse_size, parse_time, show_time};

#[test]
fn times_are_read_as_people_write_them() {
    for (text, ms) in [
        ("500ms", Some(500)),
        ("5s", Some(5_000)),
        ("60 s", Some(60_000)),
        ("1h 30m", Some(5_400_000)),
        ("1h30m", Some(5_400_000)),
        ("1.5s", Some(1_500)),
        ("7d", Some(604_800_000)),
        ("0s", Some(0)),
        ("5", None),
        ("", None),
        ("s", None),
        ("-5s", None),
        ("5 weeks", None),
        ("0.3ms", None),
        ("99999999999999999d", None),
        ("1..5s", None),
    ] {
        assert_eq!(parse_time(text), ms.map(Duration::from_millis), "{text:?}");
    }
}

#[test]
fn sizes_are_read_as_people_write_them() {
    for (text, bytes) in [
        ("4 MiB", Some(4 << 20)),
        ("4mib", Some(4 << 20)),
        ("10 MB", Some(10_000_000)),
        ("1.5 GiB", Some(3 << 29)),
        ("300", Some(300)),
        ("300 B", Some(300)),
        ("4 MiB 2 KiB", None),
        ("4M", None),
        ("MiB", None),
        ("-4 MiB", None),
        ("99999999999 TiB", None),
    ] {
        assert_eq!(parse_size(text), bytes, "{text:?}");
    }
}

#[test]
fn a_shown_time_reads_back_as_itself() {
    for text in ["500ms", "5s", "90s", "2m", "24h", "7d", "0s", "1500ms"] {
        let time = parse_time(text).unwrap();
        assert_eq!(parse_time(&show_time(time)), Some(time), "{text}");
    }
}
