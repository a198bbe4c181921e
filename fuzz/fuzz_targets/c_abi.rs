#![no_main]

#[allow(dead_code, reason = "the seeds are for the stable test")]
#[path = "../src/abi.rs"]
mod abi;

libfuzzer_sys::fuzz_target!(|data: &[u8]| abi::c_abi(data));
