//! Passwords in addresses: `https://user:password@host`, which RFC 3986 calls user information.

use std::borrow::Cow;
use std::ops::Range;

use super::strike::STRUCK;

/// What ends the part of an address that names user and host.
const ENDS: [char; 9] = ['/', '?', '#', '\\', '`', '"', '\'', '<', '\n'];

/// Whether an address in a text holds a password.
pub fn holds_password(text: &str) -> bool {
    find(text, 0).is_some_and(|(user, _)| text[user].contains(':'))
}

/// A text without user and password in its addresses.
pub fn without_userinfo(text: &str) -> Cow<'_, str> {
    if find(text, 0).is_none() {
        return Cow::Borrowed(text);
    }
    let (mut told, mut from) = (String::new(), 0);
    while let Some((user, next)) = find(text, from) {
        told.push_str(&text[from..user.start]);
        told.push_str(STRUCK);
        from = next;
    }
    told.push_str(&text[from..]);
    Cow::Owned(told)
}

/// Where the next user information is, and where to go on.
fn find(text: &str, from: usize) -> Option<(Range<usize>, usize)> {
    let addresses = text[from..].match_indices("://").map(|(at, _)| from + at + "://".len());
    addresses.into_iter().find_map(|start| {
        let end = text[start..].find(ENDS).map_or(text.len(), |end| start + end);
        // Passwords are pasted as they are, white space and all; but what follows a host and its port is no part of them.
        let word = &text[start..end];
        let word = &word[..word.find(char::is_whitespace).unwrap_or(word.len())];
        let port = word.rsplit_once(':').map(|(_, port)| port);
        let pasted = port.is_some_and(|port| port.bytes().any(|b| !b.is_ascii_digit()));
        let end = if pasted { end } else { start + word.len() };
        let at = start + text[start..end].rfind('@')?;
        (at > start).then_some((start..at, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_struck_out_and_the_address_stays() {
        for (text, told) in [
            ("postgres://shop:hunter2@db:5432/shop", "postgres://(concealed)@db:5432/shop"),
            (
                "endpoint `http://u:hun ter@2@h:1` and https://v@w/x@y",
                "endpoint `http://(concealed)@h:1` and https://(concealed)@w/x@y",
            ),
            ("https://ghcr.io/web@sha256:12 by ana@example.com", "https://ghcr.io/web@sha256:12 by ana@example.com"),
            ("https://h failed for a@b, http://h:1 too for a@b", "https://h failed for a@b, http://h:1 too for a@b"),
            (":// ü@", ":// ü@"),
            ("no address", "no address"),
        ] {
            assert_eq!(without_userinfo(text), told);
        }
    }

    #[test]
    fn a_user_alone_is_no_password() {
        assert!(holds_password("see https://:hunter2@h") && !holds_password("ssh://git@example.com/shop.git"));
    }
}
