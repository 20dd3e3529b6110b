//! Bytes that are nearly what they should be, where a text is none: answers in CBOR, whose lengths and kinds are bytes among others.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::cbor;

/// What stands in the place of an item.
const ODD: [&[u8]; 24] = [
    b"",
    // Null, undefined, a break, and a kind that is none.
    b"\xf6",
    b"\xf7",
    b"\xff",
    b"\x1c",
    // Nothing in it.
    b"\x60",
    b"\x80",
    b"\xa0",
    b"\x9f\xff",
    b"\xbf\xff",
    // The most and the least that there is.
    b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xfb\x7f\xef\xff\xff\xff\xff\xff\xff",
    // No number, and more than any.
    b"\xf9\x7e\x00",
    b"\xf9\x7c\x00",
    b"\xc1\xf9\x7e\x00",
    b"\xc1\xfb\xff\xef\xff\xff\xff\xff\xff\xff",
    // As long as nothing is.
    b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    // A text that is none, one in pieces, one that talks to the terminal.
    b"\x62\xc3\x28",
    b"\x7f\x61a\x61b\xff",
    b"\x64\x1b[2J",
    b"\x43abc",
];

/// What opens something, over and over.
const OPENING: [&[u8]; 4] = [b"\x81", b"\x9f", b"\xbf\x61a", b"\xc1"];

/// One thing that is done to bytes.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// They end here.
    Cut(Index),
    /// A bit is the other one.
    Flip(Index, u32),
    /// A byte is another.
    Replace(Index, u8),
    /// An item says that it is shorter or longer than it is.
    Length(Index, u8),
    /// An item is another.
    Item(Index, Vec<u8>),
    /// Something stands here that did not.
    Insert(Index, Vec<u8>),
    /// From here to there, all is gone.
    Lose(Index, usize),
    /// From here to there, all stands there twice.
    Repeat(Index, usize),
    /// An item stands elsewhere, too, with its name.
    Copy(Index, Index),
}

/// What may be written in the place of something.
fn odd() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => select(ODD.as_slice()).prop_map(<[u8]>::to_vec),
        2 => prop::collection::vec(any::<u8>(), 1..12),
        1 => (select(OPENING.as_slice()), 1..3000_usize).prop_map(|(opening, depth)| opening.repeat(depth)),
    ]
}

/// One to three deeds.
pub(crate) fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => any::<Index>().prop_map(Deed::Cut),
        4 => (any::<Index>(), 0..8_u32).prop_map(|(at, bit)| Deed::Flip(at, bit)),
        3 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Deed::Replace(at, byte)),
        4 => (any::<Index>(), 0..32_u8).prop_map(|(at, length)| Deed::Length(at, length)),
        8 => (any::<Index>(), odd()).prop_map(|(at, odd)| Deed::Item(at, odd)),
        3 => (any::<Index>(), odd()).prop_map(|(at, odd)| Deed::Insert(at, odd)),
        2 => (any::<Index>(), 1..60_usize).prop_map(|(at, length)| Deed::Lose(at, length)),
        2 => (any::<Index>(), 1..60_usize).prop_map(|(at, length)| Deed::Repeat(at, length)),
        3 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Deed::Copy(from, to)),
    ];
    prop::collection::vec(deed, 1..=3)
}

/// The bytes after all that was done to them.
pub(crate) fn spoiled(bytes: &[u8], deeds: &[Deed]) -> Vec<u8> {
    deeds.iter().fold(bytes.to_owned(), spoil)
}

fn spoil(mut bytes: Vec<u8>, deed: &Deed) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let range = |at: &Index, length: usize| {
        let start = at.index(bytes.len());
        start..(start + length).min(bytes.len())
    };
    match deed {
        Deed::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Deed::Flip(at, bit) => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Deed::Replace(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Deed::Length(at, length) => {
            let head = at.get(&cbor::parts(&bytes)).item.start;
            bytes[head] = bytes[head] & 0xe0 | length;
        }
        Deed::Item(at, odd) => {
            let item = at.get(&cbor::parts(&bytes)).item.clone();
            bytes.splice(item, odd.iter().copied());
        }
        Deed::Insert(at, odd) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, odd.iter().copied());
        }
        Deed::Lose(at, length) => drop(bytes.drain(range(at, *length))),
        Deed::Repeat(at, length) => {
            let range = range(at, *length);
            let again = bytes[range.clone()].to_vec();
            bytes.splice(range.end..range.end, again);
        }
        Deed::Copy(from, to) => {
            let parts = cbor::parts(&bytes);
            let (from, to) = (from.get(&parts), to.get(&parts).start);
            let copy = bytes[from.start..from.item.end].to_vec();
            bytes.splice(to..to, copy);
        }
    }
    bytes
}
