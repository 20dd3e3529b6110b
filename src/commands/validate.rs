//! `infra validate`: specs alone.

use super::context::Context;
use super::error::{Error, Exit};
use crate::cli::Validate;

pub(super) fn run(context: &Context, command: &Validate) -> Result<Exit, Error> {
    let only = (!command.env.is_empty()).then_some(command.env.as_slice());
    let loaded = context.load(only)?;
    if loaded.specs.is_empty() {
        return Err(Error::Usage {
            message: format!("there is no environment in `{}`", context.specs.display()),
            help: "an environment is a file `NAME.toml` there with `environment = \"NAME\"`; `--specs` names another folder"
                .into(),
        });
    }
    for spec in &loaded.specs {
        let Some(source) = spec.file.of(&loaded.sources) else { continue };
        context.print(&format!("{}: {} is valid\n", source.path.display(), spec.environment.environment))?;
    }
    Ok(Exit::Done)
}
