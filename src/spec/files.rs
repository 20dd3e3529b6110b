//! The files of a folder of specs: reading, parsing, and following `extends`. The only place that reads files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::conceal::{conceal, conceal_lines};
use super::lengths;
use super::problem::{FileId, Place, Problem, Source};
use super::suggest;
use super::tree::Node;
use crate::bounded;

/// The key by which a file names the one it extends.
pub(super) const EXTENDS: &str = "extends";

/// Every file read so far.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// For problems to point into.
    pub(super) sources: Vec<Source>,
    /// What stands in each; `None` if it cannot be read or is not TOML.
    trees: Vec<Option<Node>>,
    /// By canonical path, so that a file is read once however it is named.
    known: BTreeMap<PathBuf, FileId>,
    /// Which files others extend.
    extended: BTreeSet<FileId>,
    /// What keeps files from being read. While there is any, nobody can say what is not in the folder.
    pub(super) unreadable: Vec<Problem>,
}

impl Files {
    /// Reads every spec of a folder, in the order of their names.
    pub(super) fn folder(folder: &Path) -> (Self, Vec<FileId>) {
        let mut files = Self::default();
        let mut paths: Vec<PathBuf> = match fs::read_dir(folder) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_spec(path)).collect(),
            Err(error) => {
                let message = format!("cannot read the folder `{}`: {error}", folder.display());
                let help = "run this where the folder of the specs is, or name it with `--specs`";
                files.unreadable.push(Problem::error(message).help(help));
                return (files, Vec::new());
            }
        };
        paths.sort();
        if paths.is_empty() {
            let message = format!("there is no spec in `{}`", folder.display());
            files.unreadable.push(Problem::error(message).help("specs are files like `dev.toml`"));
        }
        let ids = paths.into_iter().filter_map(|path| files.read(path)).collect();
        (files, ids)
    }

    /// What a file says, without what it extends.
    pub(super) fn tree(&self, file: FileId) -> Option<&Node> {
        self.trees.get(file.0)?.as_ref()
    }

    /// What a file says together with all it extends; `None` if something of that cannot be had, which is then in
    /// `problems` or in `unreadable`.
    pub(super) fn merged(&mut self, file: FileId, problems: &mut Vec<Problem>) -> Option<Node> {
        let mut chain = vec![file];
        let mut merged = self.tree(file)?.clone();
        while let Some(extends) = merged.table_mut().and_then(|keys| keys.remove(EXTENDS)) {
            let base = self.base(&extends.node, &chain, problems)?;
            chain.push(base);
            // What was just followed has been taken out, so the next `extends` is the base's own.
            merged = self.tree(base)?.clone().overlaid(merged);
        }
        Some(merged)
    }

    /// The file that an `extends` names.
    fn base(&mut self, extends: &Node, chain: &[FileId], problems: &mut Vec<Problem>) -> Option<FileId> {
        let Some(name) = extends.text() else {
            let problem = Problem::error(format!("`{EXTENDS}` must be the name of a file, in quotes"));
            problems.push(problem.at(extends.place.clone()).help("write it like `extends = \"base.toml\"`"));
            return None;
        };
        let folder = extends.place.file.of(&self.sources)?.path.parent().unwrap_or(Path::new("")).to_owned();
        let path = folder.join(name);
        if !path.is_file() {
            let problem = Problem::error(format!("there is no file `{name}` to extend")).at(extends.place.clone());
            problems.push(match self.nearest(&folder, name) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("the name is relative to the file it stands in"),
            });
            return None;
        }
        let base = self.read(path)?;
        if chain.contains(&base) {
            problems.push(self.cycle(extends.place.clone(), base, chain));
            return None;
        }
        self.extended.insert(base);
        Some(base)
    }

    /// Whether some file extends this one.
    pub(super) fn is_extended(&self, file: FileId) -> bool {
        self.extended.contains(&file)
    }

    /// A file that was read from the same folder and has nearly that name.
    fn nearest(&self, folder: &Path, name: &str) -> Option<&str> {
        let siblings = self.sources.iter().filter(|source| source.path.parent() == Some(folder));
        suggest::closest(name, siblings.filter_map(|source| source.path.file_name()?.to_str()))
    }

    fn cycle(&self, place: Place, base: FileId, chain: &[FileId]) -> Problem {
        let name = |file: &FileId| {
            let file_name = file.of(&self.sources).and_then(|source| source.path.file_name());
            format!("`{}`", file_name.unwrap_or_default().to_string_lossy())
        };
        let round = chain.iter().skip_while(|file| **file != base).chain([&base]);
        let path = round.map(name).collect::<Vec<_>>().join(" extends ");
        Problem::error("these files extend each other in a circle").at(place).help(path)
    }

    /// Reads a file unless it has been read already.
    fn read(&mut self, path: PathBuf) -> Option<FileId> {
        let canonical = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if let Some(id) = self.known.get(&canonical) {
            return Some(*id);
        }
        let text = match bounded::read(&path, bounded::SPEC) {
            Ok(text) => text,
            Err(error) => {
                self.unreadable.push(Problem::error(format!("cannot read `{}`: {error}", path.display())));
                return None;
            }
        };
        let file = FileId(self.sources.len());
        self.known.insert(canonical, file);
        let (document, errors) = DeTable::parse_recoverable(&text);
        let tree = Node::document(file, &document);
        let text = if errors.is_empty() { conceal(&text, &tree) } else { conceal_lines(&conceal(&text, &tree)) };
        self.sources.push(Source { path, text });
        let mut unreadable: Vec<Problem> = errors.iter().map(|error| not_toml(file, error)).collect();
        unreadable.extend(lengths::check(&tree));
        self.trees.push(unreadable.is_empty().then_some(tree));
        self.unreadable.append(&mut unreadable);
        Some(file)
    }
}

fn is_spec(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml") && path.is_file()
}

fn not_toml(file: FileId, error: &toml::de::Error) -> Problem {
    let place = Place { file, span: error.span().unwrap_or_default() };
    let problem = Problem::error(format!("not valid TOML: {}", error.message())).at(place);
    if error.message().contains("leading zero") {
        problem.help("what is not a quantity, like an account's number, is written in quotes")
    } else {
        problem
    }
}
