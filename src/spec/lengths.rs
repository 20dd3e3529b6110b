//! How long keys and texts of a spec are at most. Problems repeat them, each as often as something is wrong beneath it.

use super::problem::Problem;
use super::tree::{Node, Value};

/// Bytes of a key; the longest that AWS takes anywhere is that of a tag, with 128 characters.
const KEY: usize = 512;

/// Bytes of a text. All variables of an instance together have to fit into 16 KiB.
const TEXT: usize = 64 * 1024;

/// Every key and every text that is longer.
pub(super) fn check(tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    look(tree, &mut problems);
    problems
}

fn look(node: &Node, problems: &mut Vec<Problem>) {
    match &node.value {
        Value::Table(table) => {
            for entry in table {
                if entry.key.len() > KEY {
                    problems.push(Problem::error(format!("this key is longer than {KEY} bytes")).at(entry.place.clone()));
                }
                look(&entry.node, problems);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, problems)),
        Value::String(text) if text.len() > TEXT => {
            problems.push(Problem::error(format!("this text is longer than {} KiB", TEXT / 1024)).at(node.place.clone()));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;
    use crate::spec::problem::FileId;

    #[test]
    fn what_is_longer_is_pointed_at_and_not_repeated() {
        let said = |key: usize, text: usize| {
            let spec = format!("a = [{{ {} = \"{}\" }}]", "k".repeat(key), "t".repeat(text));
            let tree = Node::document(FileId(0), &DeTable::parse(&spec).unwrap());
            check(&tree).into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        assert_eq!(said(KEY, TEXT), Vec::<String>::new());
        assert_eq!(said(KEY + 1, TEXT + 1), ["this key is longer than 512 bytes", "this text is longer than 64 KiB"]);
    }
}
