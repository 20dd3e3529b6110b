//! What can be typed about images.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use super::{Consent, Environment};
use crate::plan::{Choices, Deploy};
use crate::promote::Gate;
use crate::values::image_digest::ImageDigest;

/// Gates that an image may pass in spite of what they say.
#[derive(Args, Debug)]
pub struct Overrides {
    /// Let images pass this gate of `[promotion]` in spite of what it says; with `--reason`. Can be repeated. An image that somebody
    /// has rejected passes in no case.
    #[arg(long = "override", id = "override", value_name = "GATE", requires = "reason", value_parser = gate())]
    pub gates: Vec<Gate>,

    /// Why, for the plan and the record.
    #[arg(long, value_name = "TEXT", requires = "override", value_parser = reason)]
    pub reason: Option<String>,
}

impl Overrides {
    /// As [`Choices`] keeps them: the gates by name, each with the reason.
    pub fn by_gate(&self) -> BTreeMap<String, String> {
        let reason = self.reason.clone().unwrap_or_default();
        self.gates.iter().map(|gate| (gate.name().to_owned(), reason.clone())).collect()
    }
}

/// `infra promote`
#[derive(Args, Debug)]
pub struct Promote {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    /// The environment whose images move here. Without it, the one in the spec's `[promotion]`.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub from: Option<String>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub overrides: Overrides,

    /// Write the digests into the spec instead, as `image` of each service, for a pull request to review. AWS is only read.
    #[arg(long, conflicts_with_all = ["yes", "approve", "allow", "json"])]
    pub write: bool,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub consent: Consent,
}

impl Promote {
    /// As the planner takes them.
    pub fn choices(&self) -> Choices {
        let deploy = Deploy::Alone { from: self.from.clone() };
        Choices { deploy, overrides: self.overrides.by_gate(), ..Choices::default() }
    }
}

/// `infra rollback`
#[derive(Args, Debug)]
pub struct Rollback {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub consent: Consent,
}

impl Rollback {
    /// As the planner takes them.
    pub fn choices(&self) -> Choices {
        Choices { deploy: Deploy::Back, ..Choices::default() }
    }
}

/// `infra image`
#[derive(Args, Debug)]
pub struct Image {
    #[command(subcommand)]
    #[expect(missing_docs, reason = "see the type")]
    pub command: ImageCommand,
}

/// What to say of an image.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Have an image never deployed again
    ///
    /// Writes a file named after the digest into the folder `rejected_images` among the records. Commit it: from then on no plan of any
    /// environment takes that image, wherever it comes from and whatever is overridden. What runs stays as it is. Who rejects an
    /// image first is remembered; whoever finds it good after all deletes the file.
    ///
    /// With `--env`, the image also gets a tag in that environment's repositories, by which those know who do not have that file yet.
    Reject(Reject),
}

/// `infra image reject`
#[derive(Args, Debug)]
pub struct Reject {
    /// The image by its digest, `sha256:…`, or by a whole reference that ends in one, as `infra status` shows it.
    #[arg(value_name = "DIGEST", value_parser = digest)]
    pub digest: ImageDigest,

    /// Why, for everybody whose plan it blocks.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,

    /// Tag the image as `rejected-…` in the repositories of this environment, too. Can be repeated.
    #[arg(long, short, value_name = "ENVIRONMENT")]
    pub env: Vec<String>,
}

fn digest(text: &str) -> Result<ImageDigest, String> {
    let (_, digest) = text.rsplit_once('@').unwrap_or(("", text));
    digest
        .parse()
        .map_err(|_| "write the whole digest, like `sha256:` and 64 digits; a tag may come to mean another image".into())
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err("say in one line why, for those who read it later".into());
    }
    Ok(text.into())
}

fn gate() -> impl clap::builder::TypedValueParser<Value = Gate> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    let overridable = Gate::ALL.into_iter().filter(|gate| gate.can_be_overridden()).map(Gate::name);
    PossibleValuesParser::new(overridable).map(|name| Gate::named(&name).expect("only names of gates are possible"))
}
