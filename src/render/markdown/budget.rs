//! What to leave out where not everything fits: whole things, the least important first, and never half of one.

use std::collections::BTreeSet;

/// How much something matters; first what matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// That there is a danger.
    Hazard,
    /// That something is in the way.
    Blocked,
    /// That something goes.
    Destroyed,
    /// That something waits.
    Deferred,
    /// That an image moves.
    Image,
    /// What a danger means.
    HazardInFull,
    /// All about what is in the way.
    BlockedInFull,
    /// All about what goes.
    DestroyedInFull,
    /// All about an image that moves.
    ImageInFull,
    /// The drawing.
    Drawing,
    /// A row of the table.
    Row,
    /// What differs in the rest.
    Detail,
}

/// Things of one sort, of which as many are shown as fit.
#[derive(Debug)]
pub(super) struct List {
    /// What stands before them.
    pub(super) open: String,
    /// Each in several forms, of which each says more than the one before. One without room for the first is left out.
    pub(super) items: Vec<Vec<Form>>,
    /// What stands after them.
    pub(super) close: String,
    /// What stands in the place of those left out.
    pub(super) more: fn(usize) -> String,
    /// What stands in the place of the whole where all are left out.
    pub(super) none: &'static str,
}

/// One way to say something.
#[derive(Debug)]
pub(super) struct Form {
    /// How much it matters that it is said this way.
    pub(super) rank: Rank,
    /// The text.
    pub(super) text: String,
}

/// Texts and lists in the order in which they are read.
#[derive(Debug, Default)]
pub(super) struct Document(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Fixed(String),
    List(List),
    IfCut(String),
}

impl Document {
    /// Adds what is never left out.
    pub(super) fn fixed(&mut self, text: String) {
        self.0.push(Piece::Fixed(text));
    }

    /// Adds what is shown as far as it fits.
    pub(super) fn list(&mut self, list: List) {
        self.0.push(Piece::List(list));
    }

    /// Adds what is said only where something is left out.
    pub(super) fn if_cut(&mut self, text: String) {
        self.0.push(Piece::IfCut(text));
    }

    /// The whole in at most so many bytes.
    pub(super) fn within(self, limit: usize) -> String {
        let Self(pieces) = self;
        let least: usize = pieces.iter().map(Piece::least).sum();
        let mut chosen = Choice::of(&pieces);
        chosen.fill(limit.saturating_sub(least));
        let is_cut = chosen.is_cut();
        let text = |(piece, shown): (&Piece, &Vec<usize>)| match piece {
            Piece::Fixed(text) => text.clone(),
            Piece::IfCut(text) if is_cut => text.clone(),
            Piece::IfCut(_) => String::new(),
            Piece::List(list) => list.drawn(shown),
        };
        pieces.iter().zip(&chosen.shown).map(text).collect()
    }
}

impl Piece {
    /// The bytes it takes with nothing in it.
    fn least(&self) -> usize {
        match self {
            Self::Fixed(text) | Self::IfCut(text) => text.len(),
            Self::List(list) => {
                let more = (list.more)(list.items.len()).len();
                (list.open.len() + list.close.len() + more).max(list.none.len())
            }
        }
    }
}

impl List {
    fn drawn(&self, shown: &[usize]) -> String {
        let left = shown.iter().filter(|&&forms| forms == 0).count();
        if left == self.items.len() {
            return self.none.to_owned();
        }
        let more = if left > 0 { (self.more)(left) } else { String::new() };
        let items = self.items.iter().zip(shown).filter_map(|(forms, &shown)| Some(&forms[shown.checked_sub(1)?].text));
        let items: String = items.map(String::as_str).collect();
        format!("{}{items}{more}{}", self.open, self.close)
    }
}

/// Which form of each item of each piece is shown, counted from one; none is zero.
struct Choice<'a> {
    pieces: &'a [Piece],
    shown: Vec<Vec<usize>>,
}

impl<'a> Choice<'a> {
    fn of(pieces: &'a [Piece]) -> Self {
        let nothing = |piece: &Piece| match piece {
            Piece::List(list) => vec![0; list.items.len()],
            Piece::Fixed(_) | Piece::IfCut(_) => Vec::new(),
        };
        Self { pieces, shown: pieces.iter().map(nothing).collect() }
    }

    fn items(&self) -> impl Iterator<Item = (usize, usize, &'a [Form])> {
        let lists = self.pieces.iter().enumerate().filter_map(|(at, piece)| match piece {
            Piece::List(list) => Some((at, list)),
            Piece::Fixed(_) | Piece::IfCut(_) => None,
        });
        lists.flat_map(|(at, list)| list.items.iter().enumerate().map(move |(item, forms)| (at, item, forms.as_slice())))
    }

    fn fill(&mut self, mut room: usize) {
        let forms = self.items().flat_map(|(piece, item, forms)| {
            forms.iter().enumerate().map(move |(form, text)| (text.rank, piece, item, form, text.text.len()))
        });
        let mut forms: Vec<_> = forms.collect();
        forms.sort_by_key(|&(rank, piece, item, form, _)| (rank, form, piece, item));
        // Once one is left out, those after it are too: what is shown is the beginning.
        let mut full: BTreeSet<usize> = BTreeSet::new();
        let mut taken: Vec<Vec<usize>> = self.shown.clone();
        for (_, piece, item, form, length) in forms {
            if self.shown[piece][item] != form || full.contains(&piece) && form == 0 {
                continue;
            }
            let cost = length.saturating_sub(taken[piece][item]);
            if cost <= room {
                room -= cost;
                (self.shown[piece][item], taken[piece][item]) = (form + 1, length.max(taken[piece][item]));
            } else if form == 0 {
                full.insert(piece);
            }
        }
    }

    fn is_cut(&self) -> bool {
        self.items().any(|(piece, item, forms)| self.shown[piece][item] < forms.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rank: Rank, items: &[&[&str]]) -> List {
        let form = |&text: &&str| Form { rank, text: text.into() };
        let items = items.iter().map(|forms| forms.iter().map(form).collect()).collect();
        List { open: "(".into(), items, close: ")".into(), more: |left| format!("+{left}"), none: "0" }
    }

    fn drawn(limit: usize, lists: Vec<List>) -> String {
        let mut document = Document::default();
        for list in lists {
            document.list(list);
        }
        document.if_cut("!".into());
        document.within(limit)
    }

    #[test]
    fn what_fits_is_whole() {
        assert_eq!(drawn(100, vec![list(Rank::Row, &[&["a", "aaa"], &["b"]])]), "(aaab)");
    }

    #[test]
    fn what_matters_less_goes_first() {
        let lists = || vec![list(Rank::Row, &[&["row"], &["row"]]), list(Rank::Destroyed, &[&["gone"]])];
        assert_eq!(drawn(17, lists()), "(row+1)(gone)!");
        assert_eq!(drawn(14, lists()), "0(gone)!");
        assert_eq!(drawn(9, lists()), "00!");
    }

    #[test]
    fn a_longer_form_takes_the_place_of_a_shorter() {
        let lists = || vec![list(Rank::Destroyed, &[&["a", "a: so long that it is left out"], &["b", "bb"]])];
        assert_eq!(drawn(10, lists()), "(abb)!");
    }
}
