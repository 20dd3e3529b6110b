//! Docker's file of credentials.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| infra_fuzz::hold::docker(bytes));
