//! temporary root of the branch `spec`
pub mod render;
pub mod spec;
pub mod values;
