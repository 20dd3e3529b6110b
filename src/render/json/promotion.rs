//! Images that move, for programs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::promote::{Promotion, Scan, Source, Verdict};
use crate::values::image_digest::ImageDigest;

/// An image that is to run in a service in place of another.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Promotion", deny_unknown_fields)]
pub(super) struct Move<'a> {
    /// The service.
    service: &'a str,
    /// The digest that runs; null where nothing does.
    from: Option<&'a str>,
    /// The digest that is to run.
    to: &'a str,
    /// Who says so: the environment it comes from, `spec`, what was asked for as it was written, or the name of a record.
    source: String,
    /// Which of these it is.
    source_kind: SourceKind,
    /// Where its bytes come from, as a whole reference by digest; null where the environment's own repository has it.
    copied_from: Option<&'a str>,
    /// Its tags in the repository it comes from.
    tags: &'a [String],
    /// When it was pushed there, in UTC; null where that is not known.
    #[schemars(extend("format" = "date-time"))]
    pushed_at: Option<String>,
    /// Its size there, compressed, in bytes; null where that is not known.
    size: Option<u64>,
    /// What scanning it found; null where it was not scanned.
    scan: Option<ScanCounts<'a>>,
    /// The commit it says it was built from; null where it does not.
    commit: Option<&'a str>,
    /// The platforms it is built for, such as `linux/amd64`.
    platforms: &'a [String],
    /// Since when it has run in the environment it comes from, in UTC; null where it does not, or that is not known.
    #[schemars(extend("format" = "date-time"))]
    runs_since: Option<String>,
    /// What each gate says that was asked, in their order.
    gates: &'a [Verdict],
}

/// Who says which image a service is to run.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SourceKind {
    /// It runs in that environment.
    Environment,
    /// The spec has it in writing.
    Spec,
    /// Somebody asked for it.
    Asked,
    /// It ran here before, as that record says.
    Record,
}

/// What scanning an image found, in numbers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ScanCounts<'a> {
    /// In ECR's words, such as `COMPLETE`.
    status: &'a str,
    /// How many findings there are of each severity, in ECR's words, such as `CRITICAL`.
    counts: &'a BTreeMap<String, u32>,
}

impl<'a> Move<'a> {
    /// As programs read it.
    pub(super) fn of(promotion: &'a Promotion) -> Self {
        let Promotion { service, from, to, source, copied_from, image, verdicts } = promotion;
        Self {
            service,
            from: from.as_ref().map(ImageDigest::as_str),
            to: to.as_str(),
            source: source.to_string(),
            source_kind: match source {
                Source::Environment(_) => SourceKind::Environment,
                Source::Spec => SourceKind::Spec,
                Source::Asked(_) => SourceKind::Asked,
                Source::Record(_) => SourceKind::Record,
            },
            copied_from: copied_from.as_deref(),
            tags: &image.tags,
            pushed_at: image.pushed_at.map(|at| at.to_string()),
            size: image.size,
            scan: image.scan.as_ref().map(|Scan { status, counts, .. }| ScanCounts { status, counts }),
            commit: image.commit.as_deref(),
            platforms: &image.platforms,
            runs_since: image.runs_since.map(|at| at.to_string()),
            gates: verdicts,
        }
    }
}
