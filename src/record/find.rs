//! Finding a record by what people have of it.

use super::Entry;

/// The records that `id` may mean: a plan id, the name of a file, or the beginning of either; a file's name begins with the time.
/// A name written out means that file alone.
pub fn find<'a>(entries: &'a [Entry], id: &str) -> Vec<&'a Entry> {
    let name = id.rsplit('/').next().unwrap_or(id);
    let name = name.strip_suffix(".json").unwrap_or(name);
    let exact: Vec<&Entry> = entries.iter().filter(|entry| entry.stem() == name).collect();
    if !exact.is_empty() {
        return exact;
    }
    entries.iter().filter(|entry| entry.stem().starts_with(name) || entry.record.plan_id.starts_with(name)).collect()
}
