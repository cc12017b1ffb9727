//! The fuzz targets of this crate on their corpus and some thousands of inputs more.

use std::path::PathBuf;

use cauce_log::fuzz;

fn corpus(target: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../fuzz/corpus").join(target)
}

#[test]
fn no_bytes_make_a_frame_panic() {
    fuzz::feed(&corpus("log_frames"), 20_000, fuzz::frames);
}

#[test]
fn no_bytes_make_a_sidecar_panic() {
    fuzz::feed(&corpus("log_sidecar"), 20_000, fuzz::sidecar);
}

#[test]
fn no_bytes_make_a_log_serve_what_was_not_written() {
    fuzz::feed(&corpus("log_segment"), 2_000, fuzz::segment);
}
