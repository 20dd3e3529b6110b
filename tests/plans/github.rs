//! Markdown as GitHub reads it: a table is a table, what is folded is closed again, and no value became markup.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// What a text is made of.
#[derive(Default)]
struct Reader {
    /// How many `<details>` are open.
    folds: usize,
    /// Whether the text is code, in which nobody is called.
    is_code: bool,
    /// Cells of the head of the table, and of the row so far.
    head: usize,
    cells: usize,
    /// Languages of all fences.
    fences: Vec<String>,
}

/// Whether a plan in markdown is what it is meant to be, whatever values it shows.
pub(crate) fn sound(text: &str) {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        reader.read(&event);
    }
    assert_eq!(reader.folds, 0, "something stays open");
    assert!(reader.fences.iter().all(|language| ["diff", "mermaid", "sh"].contains(&language.as_str())), "{:?}", reader.fences);
    // Every fence begins and ends on a line of its own; a value cannot stand on one.
    let ticks = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
    assert_eq!(ticks, 2 * reader.fences.len());
}

impl Reader {
    fn read(&mut self, event: &Event<'_>) {
        match event {
            Event::Html(html) => self.block(html.trim()),
            Event::InlineHtml(html) => match &**html {
                "<code>" => self.is_code = true,
                "</code>" => self.is_code = false,
                other => panic!("{other} is no markup of a plan"),
            },
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                self.fences.push(language.to_string());
                self.is_code = true;
            }
            Event::End(TagEnd::CodeBlock) => self.is_code = false,
            Event::Start(Tag::TableRow | Tag::TableHead) => self.cells = 0,
            Event::Start(Tag::TableCell) => self.cells += 1,
            Event::End(TagEnd::TableHead) => self.head = self.cells,
            Event::End(TagEnd::TableRow) => assert_eq!(self.cells, self.head),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => panic!("a link to {dest_url}"),
            Event::Start(Tag::Emphasis | Tag::Strikethrough) => panic!("nothing of a plan is emphasised"),
            Event::Text(text) if !self.is_code => calls_nobody(text),
            _ => {}
        }
    }

    fn block(&mut self, html: &str) {
        match html {
            "" => {}
            html if html.starts_with("<details><summary>") && html.ends_with("</summary>") => self.folds += 1,
            "</details>" => self.folds = self.folds.checked_sub(1).expect("it was opened"),
            html => assert!(html.starts_with("<!-- infra plan: ") && html.ends_with(" -->"), "{html} is no markup of a plan"),
        }
        assert!(self.folds <= 1, "one within another");
    }
}

/// `@somebody`, `#1` and addresses of pages outside code would call people and mention the plan in other places.
fn calls_nobody(text: &str) {
    for (place, sign) in text.match_indices(['@', '#']) {
        let next = text[place + sign.len()..].chars().next();
        assert!(!next.is_some_and(char::is_alphanumeric), "{text} calls somebody or names an issue");
    }
    assert!(!text.contains("://") && !text.contains("www."), "{text} is a link");
}
