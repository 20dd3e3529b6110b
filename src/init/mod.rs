//! A new project: which files it begins with, from what is known of it. Knows neither AWS nor the file system.

mod answers;
mod fill;
mod shapes;

pub use answers::{Answers, Question, Tool};
pub use fill::{NewFile, files};
pub use shapes::{SHAPES, Shape};
