//! ElastiCache: caches.

pub mod replication_group;
pub mod subnet_group;
