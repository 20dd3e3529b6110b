//! Names sent to AWS: `<project>-<environment>-…`, shortened with a hash where AWS has a limit.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Length of a suffix that tells a replacement from what it replaces: `-b`, `-c`, ….
const SUFFIX: usize = 2;

/// Length of the hash that stands for what a shortened name lost, with its hyphen.
const HASH: usize = 7;

/// Joins `words` with hyphens in at most `limit` characters, with room left for the suffixes of [`alternates`].
/// Too long a name loses its end to a hash of the whole.
pub fn name(words: &[&str], limit: usize) -> String {
    let whole = words.join("-");
    let room = limit - SUFFIX;
    if whole.len() <= room {
        return whole;
    }
    let head = whole[..room - HASH].trim_end_matches('-');
    format!("{head}-{}", &fingerprint(whole.as_bytes())[..HASH - 1])
}

/// The names that a resource and its replacements take in turn: the name itself, then `-b`, `-c` and so on.
pub fn alternates(name: &str) -> impl Iterator<Item = String> + '_ {
    std::iter::once(name.to_owned()).chain(('b'..='z').map(move |letter| format!("{name}-{letter}")))
}

/// A SHA-256 in hexadecimal; names and tags take its beginning.
pub fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_stay_and_long_ones_keep_their_beginning() {
        assert_eq!(name(&["techhub", "prod", "web"], 32), "techhub-prod-web");
        let long = name(&["techhub", "production", "customer-facing-site"], 32);
        assert!(long.len() <= 30 && long.starts_with("techhub-production-"), "{long}");
        assert_ne!(long, name(&["techhub", "production", "customer-facing-side"], 32));
    }

    #[test]
    fn alternates_begin_with_the_name_itself() {
        assert_eq!(alternates("a").take(3).collect::<Vec<_>>(), ["a", "a-b", "a-c"]);
    }
}
