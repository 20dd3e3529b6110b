//! The name of an image.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| infra_fuzz::hold::reference(text));
