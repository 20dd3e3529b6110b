//! One answer of AWS: a line with service and action, such as `ec2 DescribeVpcs`, and the body. `scripts/fuzz` names endpoint and port.

#![no_main]

use std::cell::LazyCell;
use std::path::Path;

use infra_fuzz::aws::{Instead, Observer, PORT};

thread_local! {
    static OBSERVER: LazyCell<Observer> = LazyCell::new(|| {
        let port = std::env::var(PORT).ok().and_then(|port| port.parse().ok()).expect("scripts/fuzz says which port");
        Observer::start(port, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../environments"))
    });
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let to = String::from_utf8_lossy(&bytes[..end]).into_owned();
    OBSERVER.with(|observer| drop(observer.observe(vec![Instead { to, status: None, body: bytes[end + 1..].to_vec() }])));
});
