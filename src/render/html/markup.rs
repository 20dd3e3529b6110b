//! Markup by type. What comes from AWS or a spec is text, and the only way for text into markup is through escaping; names of
//! elements and attributes are the program's own words.

use std::fmt::{self, Display, Write as _};

use crate::render::visible::visible;

/// A piece of a page, safe to put anywhere between tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Markup(String);

/// An element while it is filled.
#[derive(Clone, Debug)]
pub(super) struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

/// Elements that have no content and no end.
const EMPTY: &[&str] = &["input", "link", "meta"];

/// An element without content.
pub(super) fn element(name: &'static str) -> Element {
    Element { name, attributes: String::new(), content: String::new() }
}

/// An element of a class, without content.
pub(super) fn classed(name: &'static str, class: &'static str) -> Element {
    element(name).attr("class", class)
}

impl Element {
    /// An attribute with its value.
    pub(super) fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        let _ = write!(self.attributes, " {name}=\"{}\"", Escaped(&value.to_string()));
        self
    }

    /// An attribute that is there or not.
    pub(super) fn flag(mut self, name: &'static str, is: bool) -> Self {
        if is {
            let _ = write!(self.attributes, " {name}");
        }
        self
    }

    /// More content.
    pub(super) fn add(mut self, part: impl Into<Markup>) -> Self {
        self.content.push_str(&part.into().0);
        self
    }

    /// More content.
    pub(super) fn add_all(self, parts: impl IntoIterator<Item = impl Into<Markup>>) -> Self {
        parts.into_iter().fold(self, Self::add)
    }

    /// The program's own style or script, which must not be escaped: within these two elements nothing is.
    pub(super) fn source(mut self, source: &'static str) -> Self {
        self.content.push_str(source);
        self
    }
}

impl Markup {
    /// Its source.
    pub(super) fn into_source(self) -> String {
        self.0
    }
}

impl From<Element> for Markup {
    fn from(Element { name, attributes, content }: Element) -> Self {
        let end = if EMPTY.contains(&name) { String::new() } else { format!("</{name}>") };
        Self(format!("<{name}{attributes}>{content}{end}"))
    }
}

impl From<&str> for Markup {
    fn from(text: &str) -> Self {
        Self(Escaped(text).to_string())
    }
}

impl From<String> for Markup {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl<T: Into<Self>> From<Option<T>> for Markup {
    fn from(part: Option<T>) -> Self {
        part.map(Into::into).unwrap_or_default()
    }
}

/// Text, for content and for values of attributes alike.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        // HTML has no way to write control characters, nor is there one to see them.
        for c in visible(self.0).chars() {
            match c {
                '&' => to.write_str("&amp;")?,
                '<' => to.write_str("&lt;")?,
                '>' => to.write_str("&gt;")?,
                '"' => to.write_str("&quot;")?,
                '\'' => to.write_str("&#39;")?,
                c => to.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_hold_text_and_elements() {
        let link = element("a").attr("href", "#a\"b").add("<b> & ").add(element("b").add("bold"));
        assert_eq!(Markup::from(link).into_source(), "<a href=\"#a&quot;b\">&lt;b&gt; &amp; <b>bold</b></a>");
        assert_eq!(Markup::from(element("meta").attr("charset", "utf-8")).into_source(), "<meta charset=\"utf-8\">");
        assert_eq!(
            Markup::from(element("details").flag("open", true).flag("hidden", false)).into_source(),
            "<details open></details>"
        );
    }

    proptest! {
        #[test]
        fn no_text_gets_out_of_its_place(text in "\\PC*|[<>&\"'/=a-z \u{0}\u{1b}]*") {
            let source = Markup::from(element("p").attr("title", &text).add(text.as_str())).into_source();
            let inside = source.strip_prefix("<p title=\"").and_then(|rest| rest.strip_suffix("</p>")).expect("one element");
            let (attribute, content) = inside.split_once("\">").expect("an attribute");
            for part in [attribute, content] {
                prop_assert!(!part.contains(['<', '>', '"', '\'', '\0', '\u{1b}']), "{part}");
            }
        }
    }
}
