//! What of a line in a service's log is told: nobody but the service knows its secrets, and programs that fail like to print them.

use crate::values::strike::STRUCK;
use crate::values::userinfo::without_userinfo;

/// A line without passwords in addresses, and cut off where one of `names`, the variables that hold secrets, is followed by a value.
pub fn without_values(line: &str, names: &[&str]) -> String {
    let values = names.iter().flat_map(|name| line.match_indices(name).filter_map(|(at, name)| value(line, at + name.len())));
    match values.min() {
        Some(start) => format!("{}{STRUCK}", without_userinfo(&line[..start])),
        None => without_userinfo(line).into_owned(),
    }
}

/// Where a value begins, if one follows a name that ends here: `NAME=…`, `NAME: …`, `"NAME": "…"`, `'NAME' => '…'`.
fn value(line: &str, end: usize) -> Option<usize> {
    let rest = line[end..].trim_start_matches(['"', '\'', '`', ']', ')', ' ', '\\']);
    let value = rest.strip_prefix("=>").or_else(|| rest.strip_prefix('=')).or_else(|| rest.strip_prefix(':'))?;
    Some(line.len() - value.trim_start().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_name_of_a_secret_is_not_told() {
        for (line, told) in [
            ("KEY=hunter2", "KEY=(concealed)"),
            ("{'A': '1', 'KEY': 'hunter2', 'B': '2'}", "{'A': '1', 'KEY': (concealed)"),
            (r#"{\"KEY\":\"hunter2\"}"#, r#"{\"KEY\":(concealed)"#),
            ("os.environ['KEY'] = hunter2", "os.environ['KEY'] = (concealed)"),
            ("KeyError: 'KEY'", "KeyError: 'KEY'"),
            ("cannot reach postgres://shop:hunter2@db/shop", "cannot reach postgres://(concealed)@db/shop"),
            ("password authentication failed for user shop", "password authentication failed for user shop"),
        ] {
            assert_eq!(without_values(line, &["KEY", "TOKEN"]), told);
        }
    }
}
