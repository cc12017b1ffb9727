//! See [`cauce_engine::contacts::fuzz::workbook`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cauce_engine::contacts::fuzz::workbook(data));
