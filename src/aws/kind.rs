//! What a kind of resource is: typed inside its own file, erased at its edge.
//!
//! [`resource!`](crate::resource) writes the attributes once, for both phases, with the table the planner reads: a field
//! without a rule does not compile. [`Resource`] is what AWS can do to one; [`Of`] erases it for the registry.

use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;

use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::access::Access;
use super::client::Aws;
use super::error::AwsError;
use super::unanswered;
use crate::graph::{Attrs, Live, Outputs, Scope, State, Tags};
pub use crate::graph::{Created, Target};
use crate::plan::Schema;

/// A resource as its own file sees it in AWS.
#[derive(Clone, Debug)]
pub struct Found<R> {
    /// What AWS calls it: unique within its kind.
    pub id: String,
    /// How it is.
    pub state: State,
    /// Its attributes.
    pub attrs: R,
    /// What references to it resolve to; leave out what AWS has not assigned yet.
    pub outputs: Outputs,
    /// All its tags.
    pub tags: Tags,
}

/// A live resource that is to be changed or deleted, typed.
#[derive(Clone, Debug)]
pub struct At<R> {
    /// What AWS calls it.
    pub id: String,
    /// Its attributes when the plan was made.
    pub attrs: R,
    /// Its outputs when the plan was made.
    pub outputs: Outputs,
}

impl<R> From<Found<R>> for At<R> {
    fn from(found: Found<R>) -> Self {
        Self { id: found.id, attrs: found.attrs, outputs: found.outputs }
    }
}

/// The names of attributes that differ.
#[derive(Clone, Debug)]
pub struct Changed<'a>(pub &'a [String]);

impl Changed<'_> {
    /// Whether any of these differs.
    pub fn any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|changed| names.contains(&changed.as_str()))
    }

    /// Those of the attributes named that are not yet what is wanted, in the sense of the kind's table.
    pub fn unmet<R: Shape>(&self, want: &R, live: &R) -> Vec<String> {
        let (want, live) = (encode(want), encode(live));
        let met = |name: &String| match (R::SCHEMA.attribute(name), want.get(name).filter(|want| !want.is_null())) {
            (Some(attribute), Some(want)) => (attribute.same)(want, live.get(name).unwrap_or(&serde_json::Value::Null)),
            _ => true,
        };
        self.0.iter().filter(|name| !met(name)).cloned().collect()
    }

    /// Whether each of the attributes named is by now what is wanted.
    pub fn are_met<R: Shape>(&self, want: &R, live: &R) -> bool {
        self.unmet(want, live).is_empty()
    }
}

/// The attributes of a kind, in both phases, with their table. Written by [`resource!`](crate::resource).
pub trait Shape: Sized + Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The same attributes with references.
    type Wanted: Serialize + DeserializeOwned;
    /// The table.
    const SCHEMA: &'static Schema;
}

/// What AWS can do to a kind of resource. Every call is finished when its future is; waiting is [`settle`](Self::settle) and
/// [`gone`](Self::gone), so that whoever depends on an id alone need not wait.
pub trait Resource: Shape {
    /// What its calls need of IAM.
    const ACCESS: Access;

    /// Everything of this kind that bears our tags or a name that begins as ours do, in as few calls as AWS allows:
    /// calls that do not need each other's answers run at the same time.
    fn list(aws: &Aws, scope: &Scope) -> impl Future<Output = Result<Vec<Found<Self>>, AwsError>> + Send;

    /// Makes one. The tags go into the create call itself, so that a run killed right after it loses nothing.
    fn create(aws: &Aws, want: &Self, tags: &Tags) -> impl Future<Output = Result<Created, AwsError>> + Send;

    /// Waits until it is ready, and gives the outputs that it has only then.
    fn settle(_aws: &Aws, created: Created) -> impl Future<Output = Result<Outputs, AwsError>> + Send {
        async { Ok(created.outputs) }
    }

    /// Changes in place what differs; gives the outputs that are new.
    fn update(
        aws: &Aws,
        live: &At<Self>,
        want: &Self,
        changed: &Changed<'_>,
    ) -> impl Future<Output = Result<Outputs, AwsError>> + Send;

    /// Puts back what a change has made of it: the attributes named in `changed` become what they were when the change was planned,
    /// and whatever a change leaves behind goes. Gives whether there was anything to put back: what is as it was is left alone, so
    /// that one cut short is finished by the next.
    fn restore(
        aws: &Aws,
        was: &At<Self>,
        now: Found<Self>,
        changed: &Changed<'_>,
    ) -> impl Future<Output = Result<bool, AwsError>> + Send {
        async {
            let left = changed.unmet(&was.attrs, &now.attrs);
            if left.is_empty() {
                return Ok(false);
            }
            if matches!(now.state, State::Busy(_)) {
                Self::settle(aws, Created { id: now.id.clone(), outputs: now.outputs.clone() }).await?;
            }
            Self::update(aws, &now.into(), &was.attrs, &Changed(&left)).await?;
            Ok(true)
        }
    }

    /// Sets these tags and leaves others alone.
    fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Deletes it. One that is not there any more, or is going already, is no error.
    fn delete(aws: &Aws, live: &At<Self>) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Waits until it is gone, and with it all that would keep others from going.
    fn gone(_aws: &Aws, _live: &At<Self>) -> impl Future<Output = Result<(), AwsError>> + Send {
        async { Ok(()) }
    }
}

/// A kind as the registry holds it.
pub trait Kind: Sync {
    /// Its table.
    fn schema(&self) -> &'static Schema;
    /// See [`Resource::ACCESS`].
    fn access(&self) -> &'static Access;
    /// See [`Schemas::normalise`](crate::plan::Schemas::normalise).
    fn normalise(&self, attrs: Attrs) -> Attrs;
    /// See [`Resource::list`].
    fn list<'a>(&self, aws: &'a Aws, scope: &'a Scope) -> BoxFuture<'a, Result<Vec<Live>, AwsError>>;
    /// See [`Resource::create`].
    fn create<'a>(&self, aws: &'a Aws, want: &'a Attrs, tags: &'a Tags) -> BoxFuture<'a, Result<Created, AwsError>>;
    /// See [`Resource::settle`].
    fn settle<'a>(&self, aws: &'a Aws, created: Created) -> BoxFuture<'a, Result<Outputs, AwsError>>;
    /// See [`Resource::update`]; tags, which every update of what stays writes, come last, so that `infra:declared` is true.
    fn update<'a>(
        &self,
        aws: &'a Aws,
        live: &'a Target,
        want: &'a Attrs,
        changed: &'a [String],
        tags: &'a Tags,
    ) -> BoxFuture<'a, Result<Outputs, AwsError>>;
    /// See [`Resource::restore`]; of `tags`, those that say something else by now come last. Tags that were added stay.
    fn restore<'a>(
        &self,
        aws: &'a Aws,
        scope: &'a Scope,
        was: &'a Target,
        changed: &'a [String],
        tags: &'a Tags,
    ) -> BoxFuture<'a, Result<bool, AwsError>>;
    /// See [`Resource::delete`].
    fn delete<'a>(&self, aws: &'a Aws, live: &'a Target) -> BoxFuture<'a, Result<(), AwsError>>;
    /// See [`Resource::gone`].
    fn gone<'a>(&self, aws: &'a Aws, live: &'a Target) -> BoxFuture<'a, Result<(), AwsError>>;
}

/// Erases a [`Resource`].
#[derive(Debug)]
pub struct Of<R>(PhantomData<fn() -> R>);

impl<R> Of<R> {
    /// The only value there is.
    pub const NEW: Self = Self(PhantomData);
}

impl<R: Resource> Kind for Of<R> {
    fn schema(&self) -> &'static Schema {
        R::SCHEMA
    }

    fn access(&self) -> &'static Access {
        &R::ACCESS
    }

    fn normalise(&self, attrs: Attrs) -> Attrs {
        decode::<R::Wanted>(R::SCHEMA.kind, &attrs).map_or(attrs, |typed| encode(&typed))
    }

    fn list<'a>(&self, aws: &'a Aws, scope: &'a Scope) -> BoxFuture<'a, Result<Vec<Live>, AwsError>> {
        Box::pin(async move {
            let found = R::list(aws, scope).await?;
            Ok(found.into_iter().map(|found| found.erase(scope)).collect())
        })
    }

    fn create<'a>(&self, aws: &'a Aws, want: &'a Attrs, tags: &'a Tags) -> BoxFuture<'a, Result<Created, AwsError>> {
        Box::pin(async move { unanswered::create::<R>(aws, &decode(R::SCHEMA.kind, want)?, tags).await })
    }

    fn settle<'a>(&self, aws: &'a Aws, created: Created) -> BoxFuture<'a, Result<Outputs, AwsError>> {
        Box::pin(R::settle(aws, created))
    }

    fn update<'a>(
        &self,
        aws: &'a Aws,
        live: &'a Target,
        want: &'a Attrs,
        changed: &'a [String],
        tags: &'a Tags,
    ) -> BoxFuture<'a, Result<Outputs, AwsError>> {
        Box::pin(async move {
            let at = at::<R>(live)?;
            let outputs = if changed.iter().any(|name| name != "tags") {
                unanswered::update(aws, &at, &decode(R::SCHEMA.kind, want)?, &Changed(changed), tags).await?
            } else {
                Outputs::new()
            };
            if !tags.is_empty() {
                R::tag(aws, &at, tags).await?;
            }
            Ok(outputs)
        })
    }

    fn restore<'a>(
        &self,
        aws: &'a Aws,
        scope: &'a Scope,
        was: &'a Target,
        changed: &'a [String],
        tags: &'a Tags,
    ) -> BoxFuture<'a, Result<bool, AwsError>> {
        Box::pin(async move {
            let was = at::<R>(was)?;
            let there = |found: &Found<R>| found.id == was.id && found.state != State::Deleting;
            let Some(now) = R::list(aws, scope).await?.into_iter().find(there) else {
                let message = format!("{} is gone, so it cannot be put back; the next apply makes it anew", was.id);
                return Err(AwsError { code: "Gone".into(), ..AwsError::unexpected("infra", message) });
            };
            let wrong: Tags = tags.iter().filter(|(key, value)| now.tags.get(*key) != Some(value)).map(owned).collect();
            let restored = R::restore(aws, &was, now, &Changed(changed)).await?;
            if !wrong.is_empty() {
                R::tag(aws, &was, &wrong).await?;
            }
            Ok(restored || !wrong.is_empty())
        })
    }

    fn delete<'a>(&self, aws: &'a Aws, live: &'a Target) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move { unanswered::delete::<R>(aws, &at(live)?).await })
    }

    fn gone<'a>(&self, aws: &'a Aws, live: &'a Target) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move { R::gone(aws, &at(live)?).await })
    }
}

impl<R: Shape> Found<R> {
    fn erase(self, scope: &Scope) -> Live {
        Live {
            kind: R::SCHEMA.kind,
            id: self.id,
            owner: scope.owner(&self.tags),
            state: self.state,
            attrs: encode(&self.attrs),
            outputs: self.outputs,
            tags: self.tags,
            neighbours: Vec::new(),
        }
    }
}

fn owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

fn at<R: Shape>(live: &Target) -> Result<At<R>, AwsError> {
    Ok(At { id: live.id.clone(), attrs: decode(R::SCHEMA.kind, &live.attrs)?, outputs: live.outputs.clone() })
}

/// A kind's attributes, erased.
///
/// # Panics
/// Never for what [`resource!`](crate::resource) declares: it is plain data with texts as keys.
pub fn encode<T: Serialize>(typed: &T) -> Attrs {
    match serde_json::to_value(typed).expect("attributes are plain data") {
        serde_json::Value::Object(object) => object.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

pub(super) fn decode<T: DeserializeOwned>(kind: &str, attrs: &Attrs) -> Result<T, AwsError> {
    let object = serde_json::Value::Object(attrs.clone().into_iter().collect());
    serde_json::from_value(object).map_err(|error| AwsError::unexpected(kind, format!("its attributes do not fit: {error}")))
}

/// Outputs from pairs of name and value; those AWS has not assigned are left out.
pub fn outputs<const N: usize>(pairs: [(&str, Option<&str>); N]) -> Outputs {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}

/// Declares a kind: its type and its table. With `<P>` after its name, it is over both [phases](crate::graph::Phase), and a
/// field of type `P::Text` may be a reference.
///
/// A field is `name: Type => rule`, where the rule is one of [`crate::plan::rule`]. An `Option` that is `None` is not managed:
/// it is neither sent nor compared. `hourly` says whether AWS bills the kind by the hour, used or not; what else is special about
/// it as a whole may follow.
#[macro_export]
macro_rules! resource {
    (
        $(#[doc = $about:literal])+
        $name:ident <P> = $kind:literal {
            $($(#[doc = $doc:literal])+ $(#[serde($($serde:tt)*)])* $field:ident: $type:ty => $rule:expr),+ $(,)?
        }
        outputs: [$($output:expr),* $(,)?], hourly: $hourly:literal $(, $special:expr)? $(,)?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(bound = "", deny_unknown_fields)]
        pub struct $name<P: $crate::graph::Phase = $crate::graph::Actual> {
            $($(#[doc = $doc])+ $(#[serde($($serde)*)])* pub $field: $type,)+
        }
        $crate::resource!(@shape $name, $name<$crate::graph::Wanted>, $kind, concat!($($about),+),
            [$(($field, concat!($($doc),+), $rule)),+], [$($output),*], $hourly, [$($special)?]);
    };
    (
        $(#[doc = $about:literal])+
        $name:ident = $kind:literal {
            $($(#[doc = $doc:literal])+ $(#[serde($($serde:tt)*)])* $field:ident: $type:ty => $rule:expr),+ $(,)?
        }
        outputs: [$($output:expr),* $(,)?], hourly: $hourly:literal $(, $special:expr)? $(,)?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[doc = $doc])+ $(#[serde($($serde)*)])* pub $field: $type,)+
        }
        $crate::resource!(@shape $name, $name, $kind, concat!($($about),+),
            [$(($field, concat!($($doc),+), $rule)),+], [$($output),*], $hourly, [$($special)?]);
    };
    (@shape $name:ty, $wanted:ty, $kind:literal, $about:expr, [$(($field:ident, $doc:expr, $rule:expr)),+], [$($output:expr),*],
        $hourly:literal, [$($special:expr)?]) => {
        impl $crate::aws::kind::Shape for $name {
            type Wanted = $wanted;
            const SCHEMA: &'static $crate::plan::Schema = &$crate::plan::Schema {
                kind: $kind,
                about: $about,
                attributes: &[$($crate::plan::Attribute { name: stringify!($field), about: $doc, ..$rule }),+],
                outputs: &[$($output),*],
                hourly: $hourly,
                ..$crate::resource!(@special $($special)?)
            };
        }
    };
    (@special) => { $crate::plan::Schema::ORDINARY };
    (@special $special:expr) => { $special };
}
