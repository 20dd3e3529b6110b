//! A plan file says what was reviewed, or it is refused: whatever one changes in it by hand.

use std::sync::LazyLock;

use infra::aws::kinds::Registry;
use infra::saved::{Saved, SavedError};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::{cases, header, made};

/// The files of all cases.
static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let file = |folder: std::path::PathBuf| {
        let (_, environment, case, plan) = made(&folder);
        Saved::new(header(&environment, &case), &plan, &Registry).to_text()
    };
    cases().into_iter().map(file).collect()
});

fn read(text: &str) -> Result<Saved, SavedError> {
    Saved::from_text(text, &Registry)
}

/// The paths of everything in it, as JSON pointers, the whole apart.
fn paths(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(table) => table.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let paths = inner.into_iter().map(|(key, value)| {
        let below = paths(value).into_iter().map(|path| format!("/{key}{path}"));
        std::iter::once(format!("/{key}")).chain(below).collect::<Vec<_>>()
    });
    paths.collect::<Vec<_>>().concat()
}

/// The value with what stands at a path replaced, or gone where there is nothing in its place.
fn with(file: &Value, path: &str, other: Option<Value>) -> Value {
    let mut file = file.clone();
    let (parent, key) = path.rsplit_once('/').expect("a path");
    let key = key.replace("~1", "/").replace("~0", "~");
    match (file.pointer_mut(parent).expect("it is there"), other) {
        (Value::Object(table), Some(other)) => drop(table.insert(key, other)),
        (Value::Object(table), None) => drop(table.remove(&key)),
        (Value::Array(items), Some(other)) => items[key.parse::<usize>().expect("a position")] = other,
        (Value::Array(items), None) => drop(items.remove(key.parse().expect("a position"))),
        _ => unreachable!("it has something in it"),
    }
    file
}

fn other() -> impl Strategy<Value = Option<Value>> {
    let fixed = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("absent"),
        json!([]),
        json!({}),
    ];
    prop_oneof![3 => select(fixed.to_vec()).prop_map(Some), 1 => "\\PC{1,20}".prop_map(|text| Some(json!(text))), 1 => Just(None)]
}

/// Text without what has no meaning between values. Written again here: what holds of the tool is not asked of the tool.
fn compact(text: &str) -> String {
    let (mut quoted, mut last) = (false, ' ');
    let keep = |c: &char| {
        quoted ^= *c == '"' && last != '\\';
        last = if last == '\\' && *c == '\\' { ' ' } else { *c };
        quoted || !c.is_ascii_whitespace()
    };
    text.chars().filter(keep).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Another value, or none, anywhere.
    #[test]
    fn no_value_is_another(file in select(&**FILES), at: Index, other in other()) {
        let whole: Value = serde_json::from_str(&file).unwrap();
        let paths = paths(&whole);
        let path = at.get(&paths);
        prop_assume!(other.as_ref() != whole.pointer(path));
        let edited = format!("{:#}\n", with(&whole, path, other.clone()));
        let refused = read(&edited).expect_err("it was edited");
        let expected = match path.as_str() {
            "/format" => matches!(refused, SavedError::NotAPlan(_)),
            "/format_version" => matches!(refused, SavedError::NotAPlan(_) | SavedError::Newer(_)),
            _ => matches!(refused, SavedError::Edited),
        };
        prop_assert!(expected, "{path}: {refused}");
    }

    /// Another key, and one that stands there twice, of which some readers see the first and some the last.
    #[test]
    fn no_key_is_another(file in select(&**FILES), at: Index, twice: bool) {
        let keys: Vec<_> = file.match_indices("\": ").map(|(end, _)| end).collect();
        let end = *at.get(&keys);
        let start = file[..end].rfind('"').unwrap() + 1;
        let mut edited = file.clone();
        if twice {
            let key = &file[start..end];
            edited.insert_str(start - 1, &format!("\"{key}\": \"another\", "));
        } else {
            edited.insert(end, 'x');
        }
        let refused = read(&edited).expect_err("it was edited");
        let by_format = file[start..end].starts_with("format");
        prop_assert!(by_format || matches!(refused, SavedError::Edited), "{refused}");
    }

    /// Whatever single byte is another, missing or more, unless it is white space between values.
    #[test]
    fn no_byte_is_another(file in select(&**FILES), at: Index, how in 0..3, byte in 1..128_u8) {
        let at = at.index(file.len());
        prop_assume!(file.is_char_boundary(at) && file.is_char_boundary(at + 1));
        let byte = char::from(byte).to_string();
        let edited = match how {
            0 => format!("{}{byte}{}", &file[..at], &file[at + 1..]),
            1 => format!("{}{byte}{}", &file[..at], &file[at..]),
            _ => format!("{}{}", &file[..at], &file[at + 1..]),
        };
        prop_assert!(compact(&edited) == compact(&file) || read(&edited).is_err(), "{} at {at}", byte.escape_debug());
    }

    /// Cut short, or with something behind it.
    #[test]
    fn no_part_is_missing(file in select(&**FILES), other in select(&**FILES), at: Index) {
        let at = (0..=at.index(file.trim_end().len())).rev().find(|at| file.is_char_boundary(*at)).unwrap();
        prop_assert!(matches!(read(&file[..at]), Err(SavedError::NotAPlan(_))));
        let both = [file.as_str(), other.as_str()].concat();
        prop_assert!(matches!(read(&both), Err(SavedError::NotAPlan(_))));
    }
}

#[test]
fn as_other_programs_lay_it_out_it_is_the_same() {
    for file in &*FILES {
        let whole: Value = serde_json::from_str(file).unwrap();
        assert_eq!(read(&whole.to_string()).expect("on one line"), read(file).expect("as it was written"));
        read(&file.replace('\n', "\r\n")).expect("as git on Windows checks it out");
    }
}

#[test]
fn other_formats_are_named() {
    let version =
        |version: &str| read(&FILES[0].replace("\"format_version\": \"1.0\"", &format!("\"format_version\": {version}")));
    assert!(matches!(version("\"1.1\""), Err(SavedError::Newer(named)) if named == "1.1"));
    assert!(matches!(version("\"2.0\""), Err(SavedError::Newer(_))));
    for none in ["\"0.9\"", "\"1\"", "\"one\"", "1.0", "null", "\"-1.0\"", "\"1.0.0\""] {
        assert!(matches!(version(none), Err(SavedError::NotAPlan(_))), "{none}");
    }
}
