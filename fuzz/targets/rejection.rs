//! The rejection of an image.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| infra_fuzz::hold::rejection(bytes));
