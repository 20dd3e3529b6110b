//! User data.

/// The version of the script.
pub fn version() -> String {
    String::new()
}
