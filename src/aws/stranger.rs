//! Answers that are none of AWS's: of a proxy on the way, of a captive portal, of an emulator that does not have the service.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// How much of what it says is told.
const LONGEST: usize = 160;

/// Where a page may begin to repeat the request, whose headers hold keys.
const REQUEST: [&str; 4] = ["authorization", "x-amz-security-token", "credential=", "aws4-hmac-sha256"];

/// The code and the message for an answer in which the SDK finds no error of AWS's; `why` are the SDK's own words.
pub(super) fn words(answer: &HttpResponse, why: &str) -> (String, String) {
    let status = answer.status().as_u16();
    let body = answer.body().bytes().unwrap_or_default();
    let taken = (200..300).contains(&status);
    // What is refused on the way there is not carried out; what broke there, or was taken, may be.
    let open = taken || [500, 502, 504].contains(&status);
    let code = if open { "NotUnderstood" } else { "NotAws" };
    if taken && !is_page(body) {
        // It may well be AWS's, and hold what nobody is to read.
        return (code.into(), format!("the answer, HTTP {status}, is not understood: {why}"));
    }
    let said = beginning(body);
    let said = if said.is_empty() { "nothing else".to_owned() } else { format!("`{said}`") };
    (code.into(), format!("this is no answer of AWS: HTTP {status}, and {said}"))
}

/// Whether people are to read it.
fn is_page(body: &[u8]) -> bool {
    let begins = body.trim_ascii_start().get(..14).unwrap_or(body).to_ascii_lowercase();
    begins.starts_with(b"<html") || begins.starts_with(b"<!doctype html")
}

/// What a body begins with, in one line, without control characters.
fn beginning(body: &[u8]) -> String {
    // A character that is cut, and what makes no text, is no reason to say nothing.
    let body = String::from_utf8_lossy(&body[..body.len().min(16 * LONGEST)]);
    let lower = body.to_ascii_lowercase();
    let end = REQUEST.iter().filter_map(|word| lower.find(word)).min();
    let words = body[..end.unwrap_or(body.len())].split(|letter: char| letter.is_whitespace() || letter.is_control());
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        // Whole words only: what is struck out of messages is struck out whole.
        if line.chars().count() + word.chars().count() > LONGEST {
            return line + "…";
        }
        line += if line.is_empty() { "" } else { " " };
        line += word;
    }
    if end.is_some() { line + "…" } else { line }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn said(status: u16, body: &str) -> (String, String) {
        words(&HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)), "no XML")
    }

    #[test]
    fn it_is_told_in_one_line() {
        let (code, message) = said(404, "<html>\r\n\t<h1>Not\u{1b}[31m Found</h1>\n</html>\n");
        assert_eq!(code, "NotAws");
        assert_eq!(message, "this is no answer of AWS: HTTP 404, and `<html> <h1>Not [31m Found</h1> </html>`");
        assert_eq!(said(407, ""), ("NotAws".into(), "this is no answer of AWS: HTTP 407, and nothing else".into()));
    }

    #[test]
    fn what_may_have_been_carried_out_is_left_open() {
        let codes = [200, 302, 403, 404, 500, 501, 502, 503, 504].map(|status| said(status, "x").0 == "NotUnderstood");
        assert_eq!(codes, [true, false, false, false, true, false, true, false, true]);
    }

    #[test]
    fn of_what_was_taken_only_a_page_is_told() {
        let (_, message) = said(200, r#"{"environment": {"KEY": "hunter22"}}"#);
        assert_eq!(message, "the answer, HTTP 200, is not understood: no XML");
        let (_, message) = said(200, "\n<!DOCTYPE html>\n<title>Sign in</title>");
        assert_eq!(message, "this is no answer of AWS: HTTP 200, and `<!DOCTYPE html> <title>Sign in</title>`");
        assert_eq!(said(200, "<HTML>").1, "this is no answer of AWS: HTTP 200, and `<HTML>`");
    }

    #[test]
    fn it_is_bounded_and_betrays_no_request() {
        let long = beginning("word ".repeat(10_000).as_bytes());
        assert!(long.chars().count() <= LONGEST + 1 && long.ends_with("word…"), "{long}");
        assert_eq!(beginning("x".repeat(10_000).as_bytes()), "…");
        assert_eq!(beginning(b"You sent:\nHost: aws\nX-Amz-Security-Token: hunter2"), "You sent: Host: aws…");
        assert_eq!(beginning("é".repeat(16 * LONGEST).as_bytes()), "…");
        assert_eq!(beginning(b"\xff\xfe ok"), "\u{fffd}\u{fffd} ok");
    }
}
