//! The log, and which of its entries is the last that counts.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::entry::{Entry, Mark};
use crate::aws::AwsError;

/// Where entries are kept: numbered one by one in the order in which they landed, none changed afterwards, the oldest forgotten.
pub trait Log: Send + Sync {
    /// What is kept, oldest first; nothing where there is no log. It may lag behind.
    fn history(&self) -> BoxFuture<'_, Result<Vec<Version>, AwsError>>;

    /// Appends, and gives the number of what was appended. Gives none where somebody else was at it in the same moment and nothing
    /// was appended; so too, with `begins`, where there is a log already.
    ///
    /// An error does not mean that nothing was appended, nor that nothing will be.
    fn append<'a>(&'a self, text: &'a str, begins: bool) -> BoxFuture<'a, Result<Option<u64>, AwsError>>;

    /// The clock by which terms are judged.
    fn now(&self) -> Timestamp;
}

/// One version of the log's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1.
    pub number: u64,
    /// An [`Entry`] as JSON, or whatever somebody wrote there by hand.
    pub text: String,
}

/// The last entry that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its number.
    pub version: u64,
    /// What it says.
    pub entry: Entry,
}

impl Last {
    /// How the next entry names it.
    pub fn mark(&self) -> Mark {
        Mark { version: self.version, run: self.entry.run.clone() }
    }
}

/// What was read does not tell which entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// A version is missing: it has not arrived yet where was read, or pages were read while the log moved on.
    #[error("version {0} is missing in what AWS answered")]
    Gap(u64),
    /// All that is kept was written in vain, and what it was written after is forgotten.
    #[error("everything that is kept of it was written by runs that were too late")]
    Forgotten,
}

/// The last entry that counts, if any; `history` is in order.
///
/// An entry counts if it names the last one before it that did. Where the beginning is forgotten, one that names the version just
/// before itself must count: its writer knew that version to, and nothing came between.
///
/// # Errors
/// Where that cannot be told.
pub fn last_valid(history: &[Version]) -> Result<Option<Last>, Unclear> {
    if let Some(gap) = history.windows(2).find(|pair| pair[0].number + 1 != pair[1].number) {
        return Err(Unclear::Gap(gap[0].number + 1));
    }
    // What is no entry was written by somebody who takes no part.
    let parsed = history.iter().map(|version| (version.number, serde_json::from_str(&version.text).ok()));
    let entries: Vec<(u64, Option<Entry>)> = parsed.collect();
    let begin = match entries.first() {
        None | Some((1, _)) => 0,
        Some(_) => (0..entries.len()).find(|&index| follows(&entries, index)).ok_or(Unclear::Forgotten)?,
    };
    let mut after = entries.get(begin).filter(|(version, _)| *version > 1).and_then(|(_, entry)| entry.as_ref()?.after.clone());
    let mut last = None;
    for (version, entry) in entries.into_iter().skip(begin) {
        if let Some(entry) = entry.filter(|entry| entry.after == after) {
            after = Some(Mark { version, run: entry.run.clone() });
            last = Some(Last { version, entry });
        }
    }
    Ok(last)
}

/// Whether an entry names the version just before its own.
fn follows(entries: &[(u64, Option<Entry>)], index: usize) -> bool {
    let (version, entry) = &entries[index];
    let before = index.checked_sub(1).map(|before| entries[before].1.as_ref().map(|entry| &entry.run));
    entry.as_ref().and_then(|entry| entry.after.as_ref()).is_some_and(|after| {
        // The version before the first that is kept is known by its number alone.
        after.version.checked_add(1) == Some(*version) && before.is_none_or(|run| run == Some(&after.run))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::origin::Origin;

    fn version(number: u64, run: &str, after: Option<(u64, &str)>) -> Version {
        let entry = Entry {
            run: run.into(),
            verb: "apply".into(),
            plan: None,
            origin: Origin::default(),
            started: Timestamp::UNIX_EPOCH,
            expires: None,
            ended: None,
            after: after.map(|(version, run)| Mark { version, run: run.into() }),
        };
        Version { number, text: serde_json::to_string(&entry).unwrap() }
    }

    fn last(history: &[Version]) -> Result<Option<(u64, String)>, Unclear> {
        Ok(last_valid(history)?.map(|last| (last.version, last.entry.run)))
    }

    #[test]
    fn of_two_that_write_at_once_the_first_counts() {
        let history = [version(1, "a", None), version(2, "b", Some((1, "a"))), version(3, "c", Some((1, "a")))];
        assert_eq!(last(&history), Ok(Some((2, "b".into()))));
        assert_eq!(last(&[]), Ok(None));
    }

    #[test]
    fn what_was_written_in_vain_changes_nothing() {
        let mut history = vec![version(1, "a", None), version(2, "b", None), version(3, "c", Some((2, "b")))];
        assert_eq!(last(&history), Ok(Some((1, "a".into()))));
        history.push(Version { number: 4, text: "unlocked".into() });
        history.push(version(5, "a", Some((1, "a"))));
        assert_eq!(last(&history), Ok(Some((5, "a".into()))));
    }

    /// A run whose log was deleted renews: that begins a new log, and counts for nothing in it.
    #[test]
    fn an_entry_of_a_deleted_log_does_not_count_in_the_next() {
        let mut history = vec![version(1, "a", Some((7, "a")))];
        assert_eq!(last(&history), Ok(None));
        history.push(version(2, "b", None));
        history.push(version(3, "a", Some((2, "a"))));
        assert_eq!(last(&history), Ok(Some((2, "b".into()))));
    }

    #[test]
    fn a_forgotten_beginning_is_found_again_by_who_wrote_right_after_another() {
        let vain = version(101, "c", Some((98, "a")));
        assert_eq!(last(std::slice::from_ref(&vain)), Err(Unclear::Forgotten));
        let history = [vain, version(102, "a", Some((100, "a"))), version(103, "a", Some((102, "a")))];
        assert_eq!(last(&history), Ok(Some((103, "a".into()))));
    }

    /// Somebody wrote it by hand: no version comes after the last number there is.
    #[test]
    fn an_entry_after_the_last_number_counts_for_nothing() {
        let vain = version(5, "a", Some((u64::MAX, "b")));
        assert_eq!(last(std::slice::from_ref(&vain)), Err(Unclear::Forgotten));
        assert_eq!(last(&[vain, version(6, "c", Some((5, "a")))]), Ok(Some((6, "c".into()))));
        assert_eq!(last(&[version(1, "a", Some((u64::MAX, "b")))]), Ok(None));
    }

    #[test]
    fn a_gap_is_no_answer() {
        let history = [version(1, "a", None), version(3, "b", Some((1, "a")))];
        assert_eq!(last(&history), Err(Unclear::Gap(2)));
    }
}
