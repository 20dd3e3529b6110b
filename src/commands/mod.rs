//! One file per verb. Commands tie the parts together; what they decide is how to end.

mod agree;
mod apply;
mod asked;
mod context;
mod deployment;
mod destroy;
mod error;
mod history;
mod iam_policy;
mod image;
mod images;
mod init;
mod lease;
mod notify;
mod origin;
mod plan;
mod prepare;
mod probe;
mod progress;
mod promote;
mod recorder;
mod rollback;
mod saved;
mod schema;
mod show;
mod signals;
mod status;
mod unlock;
mod validate;
mod write;

pub use context::Context;
pub use error::{Error, Exit};

use crate::cli::{Cli, Command};

/// Runs a command.
///
/// # Errors
/// Whatever keeps it from its end; the error knows its exit code.
pub fn run(cli: &Cli, context: &Context) -> Result<Exit, Error> {
    match &cli.command {
        Command::Init(command) => init::run(context, command),
        Command::Validate(command) => validate::run(context, command),
        Command::Plan(command) => context.block_on(plan::run(context, command)),
        Command::Show(command) => show::run(context, command),
        Command::Apply(command) => context.block_on(apply::run(context, command)),
        Command::Promote(command) => context.block_on(promote::run(context, command)),
        Command::Rollback(command) => context.block_on(rollback::run(context, command)),
        Command::Destroy(command) => context.block_on(destroy::run(context, command)),
        Command::Unlock(command) => context.block_on(unlock::run(context, command)),
        Command::Status(command) => context.block_on(status::run(context, command)),
        Command::History(command) => history::run(context, command),
        Command::Image(command) => context.block_on(image::run(context, command)),
        Command::IamPolicy(command) => iam_policy::run(context, command),
        Command::Schema => schema::schema(context),
        Command::Completions { shell } => schema::completions(context, *shell),
    }
}
