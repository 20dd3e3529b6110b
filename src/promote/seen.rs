//! What runs of a service, as AWS tells it, and what is wrong with it.

use jiff::Timestamp;
use serde::Serialize;

use crate::values::image_digest::ImageDigest;

/// A service as it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The image that it is set to run, as a whole reference by digest.
    pub image: Option<String>,
    /// Since when it is set to.
    pub since: Option<Timestamp>,
    /// What AWS is at work on, in its words.
    pub busy: Option<String>,
    /// Its instances; App Runner shows one for all.
    pub parts: Vec<Part>,
}

/// An instance of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What AWS calls it.
    pub name: String,
    /// The image it runs, by digest.
    pub image: Option<String>,
    /// Whether it does its work.
    pub healthy: bool,
    /// How it is, in AWS's words.
    pub health: String,
}

/// The digest in a whole reference.
pub fn digest(image: &str) -> Option<ImageDigest> {
    image.rsplit_once('@')?.1.parse().ok()
}

impl Seen {
    /// The digest that it is set to run.
    pub fn digest(&self) -> Option<ImageDigest> {
        digest(self.image.as_deref()?)
    }

    /// What keeps it from running `intended` and being healthy, in words.
    pub fn ails(&self, intended: &ImageDigest) -> Option<String> {
        if let Some(busy) = &self.busy {
            return Some(format!("AWS is at work on it: {busy}"));
        }
        match self.digest() {
            Some(set) if set != *intended => return Some(format!("it is set to run {}", set.short())),
            None => return Some("it runs nothing".into()),
            Some(_) => {}
        }
        let runs = |part: &Part| part.image.as_deref().and_then(digest);
        if let Some(other) = self.parts.iter().find(|part| runs(part).as_ref() != Some(intended)) {
            let what = runs(other).map_or_else(|| "an unknown image".to_owned(), |digest| digest.short().to_owned());
            return Some(format!("{} runs {what}", other.name));
        }
        let mut sick = self.parts.iter().filter(|part| !part.healthy);
        match (sick.next(), self.parts.len()) {
            (_, 0) => Some("no instance of it runs".into()),
            (Some(first), all) => {
                let number = 1 + sick.count();
                let are = if number == 1 { "is" } else { "are" };
                Some(format!("{number} of {all} {are} not healthy: {} is {}", first.name, first.health))
            }
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(digit: char) -> String {
        format!("registry/shop/web@sha256:{}", digit.to_string().repeat(64))
    }

    fn part(name: &str, digit: char, healthy: bool) -> Part {
        let health = if healthy { "InService, healthy" } else { "InService, unhealthy: code 500" };
        Part { name: name.into(), image: Some(image(digit)), healthy, health: health.into() }
    }

    fn seen(parts: Vec<Part>) -> Seen {
        Seen { image: Some(image('1')), parts, ..Seen::default() }
    }

    #[test]
    fn only_the_intended_image_healthy_everywhere_is_well() {
        let one = digest(&image('1')).unwrap();
        let ails = |seen: Seen| seen.ails(&one).unwrap_or_default();
        assert_eq!(ails(seen(vec![part("i-1", '1', true), part("i-2", '1', true)])), "");
        assert_eq!(ails(seen(vec![part("i-1", '1', true), part("i-2", '2', true)])), "i-2 runs 222222222222");
        let sick = ails(seen(vec![part("i-1", '1', true), part("i-2", '1', false)]));
        assert_eq!(sick, "1 of 2 is not healthy: i-2 is InService, unhealthy: code 500");
        assert_eq!(ails(seen(Vec::new())), "no instance of it runs");
        assert_eq!(ails(Seen::default()), "it runs nothing");
        let busy = Seen { busy: Some("OPERATION_IN_PROGRESS".into()), ..seen(vec![part("i-1", '1', true)]) };
        assert_eq!(ails(busy), "AWS is at work on it: OPERATION_IN_PROGRESS");
        let other = seen(vec![part("i-1", '1', true)]).ails(&digest(&image('2')).unwrap());
        assert_eq!(other.unwrap(), "it is set to run 111111111111");
    }
}
