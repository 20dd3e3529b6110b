//! `infra init`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::init::{Question, SHAPES};

/// `infra init`
#[derive(Args, Debug)]
pub struct Init {
    /// What the project is like.
    #[arg(long, value_name = "SHAPE", value_parser = PossibleValuesParser::new(SHAPES.iter().map(|shape| shape.name)))]
    pub shape: Option<String>,

    /// The name of the project, in specs and in AWS.
    #[arg(long, value_name = "NAME", value_parser = answer(Question::Project))]
    pub project: Option<String>,

    /// The AWS account: twelve digits.
    #[arg(long, value_name = "ACCOUNT", value_parser = answer(Question::Account))]
    pub account: Option<String>,

    /// The region.
    #[arg(long, value_name = "REGION", env = "AWS_REGION", value_parser = answer(Question::Region))]
    pub region: Option<String>,

    /// The organization, or user, that the project's repository and images belong to.
    #[arg(long, value_name = "NAME", value_parser = answer(Question::Organization))]
    pub organization: Option<String>,

    /// Where pipelines get `infra` from: a repository on GitHub, and a commit of it.
    #[arg(long, value_name = "OWNER/REPOSITORY@COMMIT", value_parser = answer(Question::Tool))]
    pub infra: Option<String>,

    /// The folder of the project. Files that are there stay as they are, and then nothing is written.
    #[arg(default_value = ".", value_name = "FOLDER")]
    pub folder: PathBuf,
}

fn answer(question: Question) -> impl Fn(&str) -> Result<String, &'static str> + Clone + Send + Sync + 'static {
    move |text| question.check(text).map(|()| text.to_owned())
}
