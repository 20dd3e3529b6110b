//! What colours mean. Colour repeats what the words and symbols say, and is left out wherever it is not asked for.

use anstyle::{AnsiColor, Style};

/// What a piece of text is, as far as its look is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Text.
    #[default]
    Plain,
    /// What heads a section, and what people look for.
    Strong,
    /// What is there for those who want to know.
    Faint,
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Gone, or dangerous.
    Delete,
    /// In the way.
    Blocked,
    /// Not yet.
    Deferred,
}

impl Role {
    /// Its look on a terminal.
    pub const fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Strong => style.bold(),
            Self::Faint => style.dimmed(),
            Self::Create => AnsiColor::Green.on_default(),
            Self::Update => AnsiColor::Yellow.on_default(),
            Self::Delete => AnsiColor::Red.on_default().bold(),
            Self::Blocked => AnsiColor::Magenta.on_default().bold(),
            Self::Deferred => AnsiColor::Cyan.on_default(),
        }
    }
}
