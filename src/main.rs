//! The command line of `infra`.

fn main() {}
