//! See [`cauce_log::fuzz::sidecar`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cauce_log::fuzz::sidecar(data));
