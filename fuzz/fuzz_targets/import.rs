#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| docgen_fuzz::import(data));
