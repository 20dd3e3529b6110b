//! A plan file, as it is and sealed anew.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| infra_fuzz::hold::plan(bytes));
