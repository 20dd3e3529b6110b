//! Strikes out what could be a secret before anything of a file can be shown.
//!
//! A message that says "this looks like the secret itself" would otherwise print it, in the very line it points at.

use std::ops::Range;

use super::suggest;
use super::tree::{Node, Value};
use crate::values::secret_ref::SecretRef;
use crate::values::userinfo::holds_password;

/// The text of a file with `*` for every byte of a value that may be a secret: one that stands where a reference to
/// a secret belongs and is none, or in the environment of a service, whose key speaks of secrets wherever it stands, or
/// that is an address with a password. Its length stays, so that places keep their meaning.
pub(super) fn conceal(text: &str, tree: &Node) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut spans = Vec::new();
    by_place(tree, &mut spans);
    by_name(tree, &mut spans);
    for span in spans {
        // Lines stay lines.
        bytes.get_mut(span).into_iter().flatten().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
    }
    // Values begin and end at characters, so this cannot fail.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The same for a file that is not TOML, where nobody can say what belongs to what: every line that speaks of
/// secrets, or stands under a header that does, loses its value.
pub(super) fn conceal_lines(text: &str) -> String {
    let mut under_secrets = false;
    let line = |line: &str| {
        let start = line.trim_start();
        if start.starts_with('[') {
            under_secrets = speaks_of_secrets(start) || start.contains(".env]");
        }
        let hides = under_secrets || speaks_of_secrets(start) || holds_password(line);
        let value = line.find('=').filter(|_| hides).map_or(line.len(), |equals| equals + 1);
        let (shown, hidden) = line.split_at(value);
        let strike = |c: char| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) };
        shown.chars().map(String::from).chain(hidden.chars().map(strike)).collect::<String>()
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Whether a key promises a value that nobody should see.
pub(super) fn speaks_of_secrets(key: &str) -> bool {
    let key = key.to_lowercase();
    ["secret", "password", "passwd", "token", "credential", "private_key", "api_key"].iter().any(|word| key.contains(word))
}

fn by_place(tree: &Node, spans: &mut Vec<Range<usize>>) {
    let services = tree.at(&["service"]).and_then(Node::table).into_iter().flatten();
    for service in services.filter_map(|service| service.node.table()) {
        // Also under a misspelt key, which is reported and therefore shown. What is in the environment is nobody's business either.
        for entry in service.iter().filter(|entry| entry.key == "env" || suggest::closest(&entry.key, ["secrets"]).is_some()) {
            literals(&entry.node, spans);
        }
    }
    // Whoever knows the address of a webhook may write there.
    if let Some(url) = tree.at(&["notify", "webhook", "url"]) {
        literals(url, spans);
    }
}

fn by_name(node: &Node, spans: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Table(table) => table.iter().for_each(|entry| match entry.node.value {
            Value::Table(_) => by_name(&entry.node, spans),
            _ if speaks_of_secrets(&entry.key) => literals(&entry.node, spans),
            _ => by_name(&entry.node, spans),
        }),
        Value::Array(items) => items.iter().for_each(|item| by_name(item, spans)),
        Value::String(text) if holds_password(text) => spans.push(node.place.span.clone()),
        _ => {}
    }
}

/// Whatever is neither a table nor a reference.
fn literals(node: &Node, spans: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Table(table) => table.iter().for_each(|entry| literals(&entry.node, spans)),
        Value::String(text) if text.parse::<SecretRef>().is_ok() => {}
        _ => spans.push(node.place.span.clone()),
    }
}
