//! Problems of specs as text: the line, a caret under the value, and what to write instead.

use std::borrow::Cow;
use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::visible::{self, lines, visible};
use crate::spec::{FileId, Label, Problem, Severity, Source};

/// How many problems are drawn. Whoever has more mends these first, and to draw one takes the longer the longer its file is.
const MOST: usize = 100;

/// Draws problems, with an empty line between two. Paths are shown as seen from `from`.
#[must_use]
pub fn text(problems: &[Problem], sources: &[Source], colour: bool, from: &Path) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let drawn = problems.iter().take(MOST).map(|problem| renderer.render(&[group(problem, sources, from)]));
    let more = problems.len().checked_sub(MOST).filter(|more| *more > 0).map(|more| format!("and {more} more like these"));
    drawn.chain(more).collect::<Vec<_>>().join("\n\n")
}

fn group<'a>(problem: &'a Problem, sources: &'a [Source], from: &Path) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(visible(&problem.message)).elements(snippets(&problem.labels, sources, from));
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(lines(help)));
    }
    group
}

/// One snippet for every file that has labels, in the order of the labels.
fn snippets<'a>(labels: &'a [Label], sources: &'a [Source], from: &Path) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut files: Vec<FileId> = Vec::new();
    for label in labels {
        if !files.contains(&label.place.file) {
            files.push(label.place.file);
        }
    }
    files.into_iter().filter_map(|file| Some(snippet(file, file.of(sources)?, labels, from))).collect()
}

fn snippet<'a>(
    file: FileId,
    source: &'a Source,
    labels: &'a [Label],
    from: &Path,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let path = source.path.strip_prefix(from).unwrap_or(&source.path).display().to_string();
    let path = visible(&path);
    let annotations = labels.iter().enumerate().filter(|(_, label)| label.place.file == file).map(|(index, label)| {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(label.place.span.clone());
        if label.text.is_empty() { annotation } else { annotation.label(visible(&label.text)) }
    });
    Snippet::source(harmless(&source.text)).path(path).annotations(annotations)
}

/// What the renderer leaves as it is and a terminal does not. Spans are in bytes, so each character becomes one as long.
fn harmless(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| visible::is_hidden(c) && !c.is_ascii();
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c.len_utf8() {
        2 if harmful(c) => '·',
        _ if harmful(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    Cow::Owned(text.chars().map(shown).collect())
}
