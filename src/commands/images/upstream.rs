//! The environment that images come from, and what runs there.

use std::collections::BTreeMap;

use super::super::context::Context;
use super::super::error::Error;
use super::super::prepare::{environment, scope};
use crate::aws::observe::Reader;
use crate::aws::registries::{Elsewhere, Registries};
use crate::plan::{Choices, Deploy};
use crate::promote::Seen;
use crate::spec::Environment;

/// See the module.
#[derive(Debug)]
pub(in crate::commands) struct Upstream {
    pub(super) environment: Environment,
    /// Where it is in another account or region.
    pub(super) reader: Option<Reader>,
    /// What runs, by service.
    pub(super) seen: BTreeMap<String, Seen>,
}

impl Upstream {
    /// The environment that images come from, if they come from one.
    pub(in crate::commands) fn spec(
        context: &Context,
        own: &Environment,
        choices: &Choices,
    ) -> Result<Option<Environment>, Error> {
        let written = own.promotion.as_ref().and_then(|promotion| promotion.from.as_deref());
        let name = match &choices.deploy {
            _ if choices.destroy => None,
            Deploy::AsSpec => written,
            Deploy::Alone { from } => Some(from.as_deref().or(written).ok_or_else(|| Error::Usage {
                message: format!("{} does not say where its images come from", own.environment),
                help: "name the environment with `--from`, or write `[promotion] from = \"…\"` into the spec".into(),
            })?),
            Deploy::Without | Deploy::Back => None,
        };
        name.map(|name| environment(context, name)).transpose()
    }

    /// Looks at what runs in it.
    pub(in crate::commands) async fn look(
        spec: Option<Environment>,
        registries: &Registries,
        reader: &Reader,
    ) -> Result<Option<Self>, Error> {
        let Some(environment) = spec else { return Ok(None) };
        let elsewhere = match &registries.source {
            Some(elsewhere) => Some(Reader::elsewhere(elsewhere).await),
            None => None,
        };
        let seen = elsewhere.as_ref().unwrap_or(reader).running(&scope(&environment)).await?;
        Ok(Some(Self { environment, reader: elsewhere, seen }))
    }
}

/// How to enter registries, that of the environment `upstream` included.
pub(in crate::commands) fn registries(context: &Context, own: &Environment, upstream: Option<&Environment>) -> Registries {
    let place = |environment: &Environment| (environment.aws.account.clone(), environment.aws.region.clone());
    let elsewhere = upstream.filter(|upstream| place(upstream) != place(own)).map(|upstream| {
        let (account, region) = place(upstream);
        Elsewhere { account, region, role: upstream.aws.role.clone() }
    });
    Registries { docker_configs: context.docker_configs(), source: elsewhere }
}
