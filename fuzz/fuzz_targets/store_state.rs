#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bisik_fuzz::target("store_state")(data));
