//! Did you mean …?

/// How alike two words must be, by Jaro-Winkler from 0 to 1, for one to be taken as a slip of the other.
const ALIKE: f64 = 0.82;

/// The candidate most like what was written, if one is close enough to be what was meant.
pub(super) fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&written, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, candidate)| *likeness >= ALIKE || is_one_slip(&written, candidate))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// One letter wrong, missing, added or swapped: Jaro-Winkler is too strict with that in short words.
fn is_one_slip(written: &str, candidate: &str) -> bool {
    candidate.len() > 2 && strsim::damerau_levenshtein(written, candidate) == 1
}

/// "did you mean `x`?" where one is close, else what there is to choose from.
pub(super) fn help<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str> + Clone, otherwise: &str) -> String {
    match closest(written, candidates.clone()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("{otherwise} {}", list(candidates)),
    }
}

/// `a`, `b` and `c`.
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        assert_eq!(closest("ciddr", ["cidr", "zones", "nat"]), Some("cidr"));
        assert_eq!(closest("postgresql", ["mariadb", "mysql", "postgres"]), Some("postgres"));
        assert_eq!(closest("tow", ["one", "two"]), Some("two"));
        assert_eq!(closest("worker", ["main", "sessions"]), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list([]), "none");
    }
}
