//! `infra image reject`: an image must not run anywhere any more.

use std::io;

use jiff::{Timestamp, Unit};

use super::context::Context;
use super::error::{Error, Exit};
use super::prepare;
use crate::aws::observe::Reader;
use crate::aws::{Aws, AwsError, ecr};
use crate::cli::{Image, ImageCommand, Reject};
use crate::desired::repository_name;
use crate::promote::Rejection;
use crate::record::{Kept, RejectedImage};
use crate::spec::Environment;

pub(super) async fn run(context: &Context, command: &Image) -> Result<Exit, Error> {
    let ImageCommand::Reject(command) = &command.command;
    // Everything that can be wrong with the invocation is found before anything is written.
    let environments: Vec<Environment> =
        command.env.iter().map(|name| prepare::environment(context, name)).collect::<Result<_, _>>()?;
    for Environment { aws, .. } in &environments {
        Reader::connect(&aws.account, &aws.region).await.check_account().await?;
    }
    let stop = context.stop_on_interrupt().stop();
    keep(context, command)?;
    let mut exit = Exit::Done;
    for environment in &environments {
        if stop.asked().is_some() {
            context.tell("interrupted; the rejection is in its file all the same; give the same command again for the tags\n");
            return Ok(Exit::Interrupted);
        }
        if let Err(error) = tag(context, environment, command).await {
            context.tell_error(&Error::Aws(error));
            context.tell("help: the rejection is in its file all the same; give the same command again for the tags\n");
            exit = Exit::Partly;
        }
    }
    Ok(exit)
}

/// Writes the rejection among the records, where every plan looks.
fn keep(context: &Context, command: &Reject) -> Result<(), Error> {
    let now = Timestamp::now();
    let now = now.round(Unit::Second).unwrap_or(now);
    let rejected = RejectedImage::new(command.digest.clone(), command.reason.clone(), context.origin(), now);
    let unwritten = |source: io::Error| Error::NotRejected { folder: context.records.clone(), source };
    match rejected.keep(&context.records).map_err(unwritten)? {
        Kept::New(path) => {
            context.tell(&format!("{} is rejected; commit {}, and no plan takes it any more\n", command.digest, path.display()));
        }
        Kept::Before(path) => {
            let before = Rejection::from(RejectedImage::read(&path)?);
            context.tell(&format!("{} stays as it was {before}\n  {}\n", command.digest, path.display()));
        }
    }
    Ok(())
}

/// Tags the image in every repository of an environment that has it.
async fn tag(context: &Context, environment: &Environment, command: &Reject) -> Result<(), AwsError> {
    let aws = Aws::writer(&environment.aws.account, &environment.aws.region).await;
    let mut tagged = false;
    for name in environment.repository.keys() {
        let repository = repository_name(environment, name);
        if let Some(tag) = ecr::tag_as_rejected(&aws, &repository, &command.digest).await? {
            context.tell(&format!("{}: it has the tag {tag} in {repository}\n", environment.environment));
            tagged = true;
        }
    }
    if !tagged {
        context.tell(&format!("{}: no repository has it\n", environment.environment));
    }
    Ok(())
}
