//! What becomes of a resource, and of a whole that is made of several.

use crate::plan::{Action, Change};

/// What becomes of something, from what need not be looked at to what must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It stays as it is.
    Unchanged,
    /// It is not made yet.
    Deferred,
    /// It is made.
    Created,
    /// It changes in place, or some of its parts come and go.
    Updated,
    /// Another takes its place.
    Replaced,
    /// It goes.
    Deleted,
    /// It, and with it the whole plan, cannot be done.
    Blocked,
}

impl Fate {
    /// All of them, as they are ordered.
    pub const ALL: [Self; 7] =
        [Self::Unchanged, Self::Deferred, Self::Created, Self::Updated, Self::Replaced, Self::Deleted, Self::Blocked];

    /// What becomes of one resource.
    pub fn of(change: &Change) -> Self {
        match change.action {
            _ if change.blocked.is_some() => Self::Blocked,
            _ if change.deferred.is_some() => Self::Deferred,
            Action::NoOp => Self::Unchanged,
            Action::Create => Self::Created,
            Action::Update => Self::Updated,
            Action::Replace { .. } => Self::Replaced,
            Action::Delete => Self::Deleted,
        }
    }

    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Deferred => "deferred",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Replaced => "replaced",
            Self::Deleted => "deleted",
            Self::Blocked => "blocked",
        }
    }

    /// What becomes of a whole: the worst of its main part and of the others. That a part comes or goes changes the whole, and
    /// does not make or delete it; where the whole itself comes or goes, that says it all.
    pub(super) fn of_whole(main: Option<Self>, parts: impl Iterator<Item = Self>) -> Self {
        let Some(main) = main else { return parts.max().unwrap_or(Self::Unchanged) };
        let comes_or_goes = matches!(main, Self::Created | Self::Deferred | Self::Deleted);
        let seen = |part| match part {
            Self::Created | Self::Updated | Self::Deleted if comes_or_goes => main,
            Self::Created | Self::Deleted => Self::Updated,
            part => part,
        };
        parts.map(seen).fold(main, Self::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_goes_does_not_take_the_whole_with_it() {
        let whole = |main, part| Fate::of_whole(Some(main), [part].into_iter());
        assert_eq!(whole(Fate::Unchanged, Fate::Deleted), Fate::Updated);
        assert_eq!(whole(Fate::Created, Fate::Updated), Fate::Created);
        assert_eq!(whole(Fate::Deferred, Fate::Created), Fate::Deferred);
        assert_eq!(whole(Fate::Unchanged, Fate::Deferred), Fate::Deferred);
        assert_eq!(whole(Fate::Updated, Fate::Replaced), Fate::Replaced);
        assert_eq!(whole(Fate::Unchanged, Fate::Blocked), Fate::Blocked);
        assert_eq!(Fate::of_whole(None, [Fate::Created, Fate::Deleted].into_iter()), Fate::Deleted);
    }
}
