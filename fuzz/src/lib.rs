//! What the targets share with `tests/fuzz`: what must hold.

#[path = "../../tests/fuzz/aws.rs"]
pub mod aws;
#[path = "../../tests/fuzz/hold.rs"]
pub mod hold;
#[path = "../../tests/fuzz/registry.rs"]
pub mod registry;
#[path = "../../tests/fuzz/server.rs"]
pub mod server;
