//! `infra promote`: the images that run in the environment before, and nothing else.

use super::apply::carry_out;
use super::context::Context;
use super::error::{Error, Exit};
use super::write;
use crate::cli::Promote;

pub(super) async fn run(context: &Context, command: &Promote) -> Result<Exit, Error> {
    let (name, choices) = (&command.environment.env, command.choices());
    if command.write {
        return write::digests(context, name, &choices).await;
    }
    carry_out(context, name, &choices, &command.consent, None).await
}
