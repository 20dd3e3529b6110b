//! `infra destroy`: a plan of nothing, carried out like any other.

use super::apply::carry_out;
use super::context::Context;
use super::error::{Error, Exit};
use super::prepare::{Ends, prepare};
use crate::cli::Destroy;

pub(super) async fn run(context: &Context, command: &Destroy) -> Result<Exit, Error> {
    let ends = Ends { destroy: true, only: &command.only, ..Ends::default() };
    let prepared = prepare(context, &command.environment.env, ends).await?;
    carry_out(context, &prepared, &command.consent).await
}
