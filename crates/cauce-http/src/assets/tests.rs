use super::*;

fn asset() -> Asset {
    Asset::new(b"plain", b"gz", b"br").expect("it is not empty")
}

#[test]
fn the_smallest_form_that_a_client_takes_is_chosen() {
    for (accepted, encoding, bytes) in [
        ("gzip, deflate, br, zstd", Some("br"), "br"),
        ("gzip, deflate", Some("gzip"), "gz"),
        ("GZIP;q=0.5", Some("gzip"), "gz"),
        ("br;q=0, gzip", Some("gzip"), "gz"),
        ("br; q=0.0", None, "plain"),
        ("brotli, gzipped", None, "plain"),
        ("", None, "plain"),
    ] {
        let form = asset().encoded(accepted);
        assert_eq!(form.encoding, encoding, "{accepted}");
        assert_eq!(form.bytes, bytes.as_bytes(), "{accepted}");
    }
}

#[test]
fn a_form_that_was_not_built_is_not_chosen() {
    let asset = Asset::new(b"plain", b"gz", b"").expect("it is not empty");
    assert_eq!(asset.encoded("br, gzip").encoding, Some("gzip"));
}

#[test]
fn a_client_that_names_the_tag_has_the_file() {
    let asset = asset();
    let strong = asset.etag.trim_start_matches("W/");
    for known in [&asset.etag, strong, "*", &format!("\"other\", {strong}")] {
        assert!(asset.is_known(known), "{known}");
    }
    assert!(!asset.is_known("\"other\""));
    let changed = Asset::new(b"plane", b"", b"").expect("it is not empty");
    assert!(!changed.is_known(&asset.etag));
}

#[test]
fn nothing_is_there_that_was_not_built() {
    assert!(Asset::new(b"", b"gz", b"br").is_none());
}

/// What is in the binary is what was built, whether or not anything was.
#[test]
fn the_tracker_is_the_built_one() {
    let built = std::fs::read("../../web/tracker/dist/t.js").ok();
    assert_eq!(tracker().map(|asset| asset.bytes), built.as_deref());
}
