//! Did you mean …?

/// How alike two words must be, by Jaro-Winkler from 0 to 1, for one to be taken as a slip of the other.
const ALIKE: f64 = 0.82;

/// How long words are, and how many there are of them at most, for a slip to be looked for: comparing takes the time of the product, and a
/// file may name thousands of thousands.
const LONGEST: usize = 100;
const MANY: usize = 200;

/// How many of those that are there are named.
const NAMED: usize = 20;

/// The candidate most like what was written, if one is close enough to be what was meant.
pub(super) fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates = candidates.into_iter().filter(|candidate| candidate.len() <= LONGEST);
    let candidates: Vec<&str> = candidates.take(MANY + 1).collect();
    if written.len() > LONGEST || candidates.len() > MANY {
        return None;
    }
    let written = written.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&written, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, candidate)| *likeness >= ALIKE || is_one_slip(&written, candidate))
        .filter(|(_, candidate)| !differ_in_numbers_only(&written, candidate))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// One letter wrong, missing, added or swapped: Jaro-Winkler is too strict with that in short words.
fn is_one_slip(written: &str, candidate: &str) -> bool {
    candidate.len() > 2 && strsim::damerau_levenshtein(written, candidate) == 1
}

/// `8 vCPU` is not a slip of `4 vCPU`: who writes another number means another number, unless digits were swapped.
fn differ_in_numbers_only(written: &str, candidate: &str) -> bool {
    let candidate = candidate.to_lowercase();
    let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    let digits = |text: &str| {
        let mut digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        digits.sort_unstable();
        digits
    };
    words(written) == words(&candidate) && digits(written) != digits(&candidate)
}

/// Did you mean one of those that are there, or what is there at all?
pub(super) fn there<'a>(written: &str, candidates: impl ExactSizeIterator<Item = &'a str> + Clone) -> String {
    let lead = match candidates.len() {
        0 => return "there is no other".to_owned(),
        1 => "there is only ",
        2..=NAMED => "there are ",
        count => {
            let some = || candidates.clone().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return closest(written, candidates.clone())
                .map_or_else(|| format!("there are {} and {} others", some(), count - NAMED), did_you_mean);
        }
    };
    choice(written, candidates, lead, "and")
}

/// Did you mean one of these, or else all of them: the lead, then `a`, `b` and `c`.
pub(super) fn choice<'a>(written: &str, candidates: impl Iterator<Item = &'a str> + Clone, lead: &str, last: &str) -> String {
    match closest(written, candidates.clone()) {
        Some(candidate) => did_you_mean(candidate),
        None => format!("{lead}{}", list(candidates, last)),
    }
}

fn did_you_mean(candidate: &str) -> String {
    format!("did you mean `{candidate}`?")
}

/// `a`, `b` and `c`, where "and" is the last word's conjunction.
pub(super) fn list<'a>(words: impl Iterator<Item = &'a str>, conjunction: &str) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} {conjunction} {last}", first.join(", ")),
        other => other.concat(),
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
        assert_eq!(closest("8 vCPU", ["4 vCPU", "2 vCPU"]), None);
        assert_eq!(closest("linux/amd46", ["linux/amd64", "linux/arm64"]), Some("linux/amd64"));
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(["a", "b", "c"].into_iter(), "or"), "`a`, `b` or `c`");
        assert_eq!(there("x", ["main"].into_iter()), "there is only `main`");
        assert_eq!(there("x", ["main", "side"].into_iter()), "there are `main` and `side`");
        assert_eq!(there("mian", ["main", "side"].into_iter()), "did you mean `main`?");
        assert_eq!(there("x", std::iter::empty()), "there is no other");
    }

    #[test]
    fn of_very_many_some_are_named() {
        let names: Vec<String> = (1..=5000).map(|number| format!("queue-{number}")).collect();
        let all = there("web", names[..20].iter().map(String::as_str));
        assert!(all.ends_with("`queue-19` and `queue-20`"), "{all}");
        let some = there("web", names.iter().map(String::as_str));
        assert!(some.starts_with("there are `queue-1`, `queue-2`") && some.ends_with("`queue-20` and 4980 others"), "{some}");
        assert_eq!(there("quue-7", names[..30].iter().map(String::as_str)), "did you mean `queue-7`?");
        let long = "x".repeat(1 << 20);
        assert_eq!(closest(&long, ["x"]), None);
        assert_eq!(closest("x", [long.as_str()]), None);
    }
}
