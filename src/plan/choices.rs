//! What people ask of a plan beside the spec: part of what is approved, and of what a saved plan remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::planner::Options;
use crate::graph::Address;

/// The flags that shape a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// Nothing is wanted; with `only`, all but that.
    pub destroy: bool,
    /// Only these addresses and all within them. Empty: everything.
    pub only: Vec<Address>,
    /// Resources of somebody else under our names that are taken over.
    pub adopt: Vec<Address>,
    /// The image of each service that gets one: a tag, a digest or a whole reference.
    pub images: BTreeMap<String, String>,
    /// What becomes of images beside those.
    #[serde(default)]
    pub deploy: Deploy,
    /// Gates that an image may pass in spite of what they say, by name, and why.
    #[serde(default)]
    pub overrides: BTreeMap<String, String>,
}

/// Which images a plan moves beside those that were asked for by service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deploy {
    /// As the spec says: digests in writing, and its `[promotion]`.
    #[default]
    AsSpec,
    /// None.
    Without,
    /// Images and nothing else: `infra promote`.
    Alone {
        /// The environment they come from, where that is not the one in the spec.
        from: Option<String>,
    },
    /// What ran before and nothing else: `infra rollback`.
    Back,
}

impl Choices {
    /// What of it the planner needs to know.
    pub fn options(&self) -> Options {
        Options { only: self.only.clone(), adopt: self.adopt.iter().cloned().collect() }
    }

    /// The verb and the flags that say the same on a command line, environment apart.
    pub fn words(&self) -> Vec<String> {
        let verb = match &self.deploy {
            _ if self.destroy => "destroy",
            Deploy::AsSpec | Deploy::Without => "apply",
            Deploy::Alone { .. } => "promote",
            Deploy::Back => "rollback",
        };
        let mut words = vec![verb.to_owned()];
        let mut flag = |name: &str, value: &str| words.extend([format!("--{name}"), quoted(value)]);
        self.only.iter().for_each(|address| flag("only", address.as_str()));
        self.adopt.iter().for_each(|address| flag("adopt", address.as_str()));
        self.images.iter().for_each(|(service, reference)| flag("image", &format!("{service}={reference}")));
        match &self.deploy {
            Deploy::Alone { from: Some(from) } => flag("from", from),
            Deploy::Without => words.push("--no-promotion".into()),
            Deploy::AsSpec | Deploy::Alone { from: None } | Deploy::Back => {}
        }
        // One reason serves all gates of a command line.
        self.overrides.keys().for_each(|gate| words.extend(["--override".to_owned(), gate.clone()]));
        let reason = self.overrides.values().next();
        words.extend(reason.into_iter().flat_map(|reason| ["--reason".to_owned(), quoted(reason)]));
        words
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    if word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_survive_a_shell() {
        let images = BTreeMap::from([("web".to_owned(), "it's; rm".to_owned())]);
        let choices = Choices { images, only: vec![Address::of(&["network"])], ..Choices::default() };
        assert_eq!(choices.words().join(" "), r"apply --only network --image 'web=it'\''s; rm'");
    }
}
