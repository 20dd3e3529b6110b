//! Which images a plan moves, read off the resources that name them.

use std::collections::BTreeMap;

use super::ImageChange;
use crate::desired::Running;
use crate::graph::Attrs;
use crate::plan::Plan;
use crate::render::Header;
use crate::values::image_digest::ImageDigest;

/// The services whose image becomes another, with both digests and what is known of why.
pub fn changes(header: &Header, plan: &Plan) -> BTreeMap<String, ImageChange> {
    let mut changes: BTreeMap<String, ImageChange> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.is_step()) {
        let Some(service) = change.address.service() else { continue };
        let (from, to) = (digest(change.kind, &change.before()), digest(change.kind, &change.after));
        if from != to {
            let promotion =
                header.promotion.iter().find(|promotion| promotion.service == service && Some(&promotion.to) == to.as_ref());
            let source = promotion.map(|promotion| promotion.source.words());
            changes.insert(service.into(), ImageChange { from, to, source, running: None });
        }
    }
    changes
}

fn digest(kind: &str, attrs: &Attrs) -> Option<ImageDigest> {
    let (_, digest) = Running::image(kind, attrs)?.split_once('@')?;
    digest.parse().ok()
}
