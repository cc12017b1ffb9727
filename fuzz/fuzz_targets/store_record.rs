//! See [`cauce_store::embedded::fuzz::record`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cauce_store::embedded::fuzz::record(data));
