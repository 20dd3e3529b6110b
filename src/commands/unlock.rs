//! `infra unlock`: takes an environment away from a run that holds it.

use std::time::Duration;

use super::context::Context;
use super::error::{Error, Exit};
use super::lease::{claim, refused};
use super::prepare;
use crate::aws::observe::Reader;
use crate::cli::Unlock;
use crate::render::lease;

pub(super) async fn run(context: &Context, command: &Unlock) -> Result<Exit, Error> {
    let environment = prepare::environment(context, &command.environment.env)?;
    let name = &environment.environment;
    Reader::connect(&environment.aws.account, &environment.aws.region).await.check_account().await?;
    // It holds nothing itself, so its term is none.
    let claim = claim(context, &environment, "unlock", None, Duration::ZERO).await?;
    let Some(holder) = claim.holder().await.map_err(|error| refused(&environment, error))? else {
        context.tell(&format!("nobody holds {name}\n"));
        return Ok(Exit::Done);
    };
    context.tell(&format!("{}\n", lease::held(name, &holder)));
    agree(context, name, command.yes)?;
    // It ends soon: an interrupt waits for that, and a second one does not.
    context.stop_on_interrupt();
    claim.unlock(&holder).await.map_err(|error| refused(&environment, error))?;
    context.tell(&format!("{name} is free. If that run is alive, it starts nothing more once it tries to renew its lease\n"));
    Ok(Exit::Done)
}

fn agree(context: &Context, name: &str, yes: bool) -> Result<(), Error> {
    if yes {
        return Ok(());
    }
    if !context.interactive {
        let message = "nobody agreed to end it, and nobody can be asked here".to_owned();
        return Err(Error::Refused { message, help: "add `--yes`, once you know that the run is dead or should stop".into() });
    }
    if context.ask(&format!("\nType {name} to end the lease: "))?.as_deref() == Some(name) {
        return Ok(());
    }
    Err(Error::Refused { message: "nothing was done".into(), help: format!("type exactly {name} to agree") })
}
