//! All that a registry answers, in the parts that `tests/fuzz/registry.rs` reads.

#![no_main]

use std::cell::LazyCell;

use infra_fuzz::registry::Registry;

thread_local! {
    static REGISTRY: LazyCell<Registry> = LazyCell::new(Registry::start);
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    REGISTRY.with(|registry| registry.ask(text));
});
