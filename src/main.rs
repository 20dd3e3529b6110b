//! The command line of `infra`: reads what was typed, runs the command, and turns its end into an exit code.

use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use infra::cli::Cli;
use infra::commands::{Context, Error, Exit, run};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and the version are what was asked for; anything else is a wrong invocation.
        Err(error) => {
            let code = if error.use_stderr() { Exit::Failed } else { Exit::Done };
            return error.print().map_or(Exit::Failed, |()| code).into();
        }
    };
    if let Ok(wanted) = tracing_subscriber::EnvFilter::try_from_default_env() {
        // It is the first and only one, so this cannot fail; and nobody would be there to be told.
        let _ = tracing::subscriber::set_global_default(infra::logs::subscriber(wanted, io::stderr));
    }
    let Ok(context) = Context::new(cli.specs.clone(), cli.records.clone()) else { return Exit::Failed.into() };
    match run(&cli, &context) {
        Ok(exit) => exit.into(),
        // Whoever read the output has seen enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done.into(),
        Err(error) => {
            context.tell_error(&error);
            error.exit().into()
        }
    }
}
