//! `infra promote --write`: the promotion as an edit of the spec, for a pull request to review.

use std::fs;

use super::agree::nothing_is_blocked;
use super::context::Context;
use super::error::{Error, Exit};
use super::prepare::prepare;
use crate::bounded;
use crate::plan::Choices;
use crate::promote::Promotion;
use crate::spec::with_images;

/// Writes the digests that would be promoted into the environment's spec. AWS is only read.
pub(super) async fn digests(context: &Context, name: &str, choices: &Choices) -> Result<Exit, Error> {
    let prepared = prepare(context, name, choices).await?;
    let promotion = &prepared.header.promotion;
    if let Some(refused) = promotion.iter().flat_map(Promotion::refused).next() {
        context.tell(&format!("{}\n", refused.why));
    }
    nothing_is_blocked(&prepared.plan)?;
    if promotion.is_empty() {
        context.tell(&format!("{name} runs what it would be given already\n"));
        return Ok(Exit::Done);
    }
    let loaded = context.load(Some(&[name.to_owned()]))?;
    let spec = loaded.specs.iter().find(|spec| spec.environment.environment == name);
    let path = spec.and_then(|spec| Some(spec.file.of(&loaded.sources)?.path.clone())).expect("it has just been planned from");
    let refuse = |what: &str, error: &dyn std::fmt::Display| Error::Usage {
        message: format!("{} could not be {what}: {error}", path.display()),
        help: "it must be a file that can be read and written".into(),
    };
    let text = bounded::read(&path, bounded::SPEC).map_err(|error| refuse("read", &error))?;
    let images = promotion.iter().map(|promotion| (promotion.service.as_str(), &promotion.to));
    let edited = with_images(&text, images).map_err(|error| refuse("edited", &error))?;
    fs::write(&path, edited).map_err(|error| refuse("written", &error))?;
    let lines =
        promotion.iter().map(|Promotion { service, to, source, .. }| format!("service.{service} = {to}, from {source}\n"));
    Ok(context.print_outcome(&format!("{}:\n{}", path.display(), lines.collect::<String>()), Exit::Done)?)
}
