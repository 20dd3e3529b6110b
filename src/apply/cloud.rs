//! The one seam to the world.

use futures::future::BoxFuture;

use crate::graph::{Attrs, Outputs, Tags};

/// A call that did not work out.
pub trait Call: std::error::Error + Send + Sync + 'static {}
