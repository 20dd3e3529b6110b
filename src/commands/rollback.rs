//! `infra rollback`: what ran before, as the records have it, and nothing else.

use super::apply::carry_out;
use super::context::Context;
use super::error::{Error, Exit};
use crate::cli::Rollback;

pub(super) async fn run(context: &Context, command: &Rollback) -> Result<Exit, Error> {
    carry_out(context, &command.environment.env, &command.choices(), &command.consent, None).await
}
