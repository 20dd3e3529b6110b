//! Strikes out what could be a secret before anything of a file can be shown.
//!
//! A message that says "this looks like the secret itself" would otherwise print it, in the very line it points at.

use std::ops::Range;

use super::suggest;
use super::tree::{Node, Value};
use crate::values::secret_ref::SecretRef;

/// The text of a file with `*` for every byte of a value that stands where a reference to a secret belongs and is
/// none. Its length stays, so that places keep their meaning.
pub(super) fn conceal(text: &str, tree: &Node) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in secrets(tree) {
        // Lines stay lines.
        bytes.get_mut(span).into_iter().flatten().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
    }
    // Values begin and end at characters, so this cannot fail.
    String::from_utf8(bytes).unwrap_or_default()
}

fn secrets(tree: &Node) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let services = tree.at(&["service"]).and_then(Node::table).into_iter().flatten();
    for service in services.filter_map(|service| service.node.table()) {
        // Also under a misspelt key, which is reported and therefore shown.
        for entry in service.iter().filter(|entry| suggest::closest(&entry.key, ["secrets"]).is_some()) {
            literals(&entry.node, &mut spans);
        }
    }
    spans
}

fn literals(node: &Node, spans: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Table(table) => table.iter().for_each(|entry| literals(&entry.node, spans)),
        Value::String(text) if text.parse::<SecretRef>().is_ok() => {}
        _ => spans.push(node.place.span.clone()),
    }
}
