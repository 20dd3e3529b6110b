//! AWS as the executor sees it.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::client::Aws;
use super::error::AwsError;
use super::kind::Kind;
use super::kinds::Registry;
use super::registries::Registries;
use crate::apply::{Cloud, Failure};
use crate::graph::{Attrs, Created, Outputs, Scope, Tags, Target};
use crate::plan::{Action, Change};

/// The handle that writes. Code that plans never holds one.
#[derive(Debug)]
pub struct Writer {
    aws: Aws,
}

impl Writer {
    /// Connects to the account and region of a spec.
    pub async fn connect(account: &str, region: &str) -> Self {
        Self { aws: Aws::writer(account, region).await }
    }

    /// Knows how to enter other registries.
    pub fn entering(mut self, registries: &Registries) -> Self {
        self.aws.registries = Arc::new(registries.clone());
        self
    }

    /// Whether anything has been written, be it a part of a step that failed.
    pub fn wrote(&self) -> bool {
        self.aws.reads().wrote()
    }
}

impl From<Aws> for Writer {
    fn from(aws: Aws) -> Self {
        Self { aws }
    }
}

fn kind(name: &str) -> Result<&'static dyn Kind, Failure> {
    Registry.kind(name).ok_or_else(|| AwsError::unexpected("infra", format!("no kind is called {name}")).into())
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let AwsError { operation, code, message, request_id } = error;
        Self { operation, code, message, request_id }
    }
}

impl Cloud for Writer {
    fn create<'a>(&'a self, name: &'a str, want: &'a Attrs, tags: &'a Tags) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move { Ok(kind(name)?.create(&self.aws, want, tags).await?) })
    }

    fn settle<'a>(&'a self, name: &'a str, created: Created) -> BoxFuture<'a, Result<Outputs, Failure>> {
        Box::pin(async move { Ok(kind(name)?.settle(&self.aws, created).await?) })
    }

    fn update<'a>(
        &'a self,
        name: &'a str,
        live: &'a Target,
        want: &'a Attrs,
        changed: &'a [String],
        tags: &'a Tags,
    ) -> BoxFuture<'a, Result<Outputs, Failure>> {
        Box::pin(async move { Ok(kind(name)?.update(&self.aws, live, want, changed, tags).await?) })
    }

    fn restore<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async move {
            let nothing = || AwsError::unexpected("infra", format!("{} was not to be changed in place", change.address));
            let was = change.live.as_ref().filter(|_| change.action == Action::Update).ok_or_else(nothing)?;
            let scope = Scope::of(&change.tags).ok_or_else(nothing)?;
            let target = Target { id: was.id.clone(), attrs: was.attrs.clone(), outputs: was.outputs.clone() };
            let changed: Vec<String> = change.fields.iter().map(|field| field.name.clone()).collect();
            let mut tags = was.tags.clone();
            tags.retain(|key, _| change.tags.contains_key(key));
            Ok(kind(change.kind)?.restore(&self.aws, &scope, &target, &changed, &tags).await?)
        })
    }

    fn delete<'a>(&'a self, name: &'a str, live: &'a Target) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(kind(name)?.delete(&self.aws, live).await?) })
    }

    fn gone<'a>(&'a self, name: &'a str, live: &'a Target) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(kind(name)?.gone(&self.aws, live).await?) })
    }
}
