//! Canonical types, so that `==` is equality as AWS means it.

pub mod architecture;
pub mod duration;
pub mod grants;
pub mod image_digest;
pub mod instance_class;
pub mod name;
pub mod origin;
pub mod partition;
pub mod policy;
pub mod secret_ref;
pub mod size;
pub mod strike;
pub mod userinfo;
pub mod version;
pub mod web_address;
