//! ECR: images.

pub mod repository;
