//! Caches: what ElastiCache offers.

use super::Subject;
use super::shapes::{class_help, is_class};
use crate::spec::problem::Problem;
use crate::spec::store::CacheEngine;
use crate::spec::suggest;

/// The versions ElastiCache offers. Since Redis 6, patches are AWS's affair and versions have two parts.
/// Source: "Supported engines and versions" in the ElastiCache user guide.
const fn versions(engine: CacheEngine) -> &'static [&'static str] {
    match engine {
        CacheEngine::Redis => &["4.0.10", "5.0.6", "6.0", "6.2", "7.0", "7.1"],
        CacheEngine::Valkey => &["7.2", "8.0", "8.1", "8.2", "9.0", "9.1"],
    }
}

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, cache) in &subject.environment.cache {
        let at = |key: &str| subject.place(&["cache", name, key]);
        let offered = versions(cache.engine);
        if !offered.contains(&cache.version.as_str()) {
            let message = format!("ElastiCache has no {} `{}`", cache.engine.as_str(), cache.version);
            let help = format!("it offers {}", suggest::list(offered.iter().copied(), "and"));
            problems.push(Problem::error(message).at(at("version")).help(help));
        }
        if !is_class("cache", &cache.node) {
            let problem = Problem::error(format!("`{}` is not a cache node type", cache.node)).at(at("node"));
            problems.push(problem.help(class_help("cache", &cache.node)));
        }
    }
    problems
}
