//! Striking secrets out of what somebody else says, who may quote them in another form than they were given in.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in the place of a secret.
pub const STRUCK: &str = "(concealed)";

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Secrets in all their forms, longest first, so that none is left over where one is part of another.
#[derive(Clone, Default)]
pub struct Strike(Vec<String>);

impl Strike {
    /// These secrets: as they are, in base64, percent-encoded, and as JSON and HTML write them.
    pub fn of(secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut forms: Vec<String> = secrets.into_iter().flat_map(|secret| forms(secret.as_ref())).collect();
        forms.retain(|form| !form.is_empty());
        forms.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        forms.dedup();
        Self(forms)
    }

    /// A text without them. Whoever shortens it shortens it afterwards: half a secret is not recognised.
    #[must_use]
    pub fn out_of(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| text.replace(form, STRUCK))
    }
}

fn forms(secret: &str) -> Vec<String> {
    let encoded = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|engine| engine.encode(secret));
    let percent = utf8_percent_encode(secret, RESERVED).to_string();
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // PHP writes `\/` for `/`.
    let slashes = json.replace('/', r"\/");
    let quotes = html.replace('"', "&quot;").replace('\'', "&#39;");
    encoded.into_iter().chain([secret.to_owned(), percent.replace("%20", "+"), percent, json, slashes, html, quotes]).collect()
}

impl fmt::Debug for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STRUCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognised_in_every_form() {
        let strike = Strike::of(["a/b+\"<c> d==", ""]);
        for form in [
            "a/b+\"<c> d==",
            "YS9iKyI8Yz4gZD09",
            "a%2Fb%2B%22%3Cc%3E%20d%3D%3D",
            "a%2Fb%2B%22%3Cc%3E+d%3D%3D",
            r#"a/b+\"<c> d=="#,
            r#"a\/b+\"<c> d=="#,
            "a/b+&quot;&lt;c&gt; d==",
        ] {
            assert_eq!(strike.out_of(&format!("it is {form}.")), "it is (concealed).", "{form}");
        }
        assert_eq!(format!("{strike:?}"), "(concealed)");
    }

    #[test]
    fn nothing_is_left_over_where_one_is_part_of_another() {
        assert_eq!(Strike::of(["hunter", "hunter2"]).out_of("hunter2 hunter"), "(concealed) (concealed)");
        assert_eq!(Strike::default().out_of("as it is"), "as it is");
    }
}
