#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bisik_fuzz::target("prepared")(data));
