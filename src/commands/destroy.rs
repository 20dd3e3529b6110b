//! `infra destroy`: a plan of nothing, carried out like any other.

use super::apply::carry_out;
use super::context::Context;
use super::error::{Error, Exit};
use crate::cli::Destroy;
use crate::plan::Choices;

pub(super) async fn run(context: &Context, command: &Destroy) -> Result<Exit, Error> {
    let choices = Choices { destroy: true, only: command.only.clone(), ..Choices::default() };
    carry_out(context, &command.environment.env, &choices, &command.consent, None).await
}
