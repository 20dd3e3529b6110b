//! The tags that say whose a resource is. There is no state file: these are how AWS itself remembers.

use super::{Address, Owner, Tags};

/// Tag: the project.
const PROJECT: &str = "infra:project";
/// Tag: the environment.
const ENVIRONMENT: &str = "infra:environment";
/// Tag: the address in the environment.
pub const ADDRESS: &str = "infra:address";
/// Tag: the fingerprint of the values it was last given, which tells *the spec changed* from *somebody changed AWS*.
pub const DECLARED: &str = "infra:declared";
/// Tag: the id of what it was made to take the place of. A run that is cut before that has gone leaves two with one address, and this
/// says which of them is left over.
pub const REPLACES: &str = "infra:replaces";

/// One environment of one project: what is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
}

impl Scope {
    /// The environment that these tags make a resource of; none where they do not.
    pub fn of(tags: &Tags) -> Option<Self> {
        Some(Self { project: tags.get(PROJECT)?.clone(), environment: tags.get(ENVIRONMENT)?.clone() })
    }

    /// What the names of this environment's resources begin with.
    pub fn prefix(&self) -> String {
        format!("{}-{}-", self.project, self.environment)
    }

    /// The tags that make a resource ours, [`DECLARED`] apart.
    pub fn tags(&self, address: &Address) -> Tags {
        [(PROJECT, self.project.as_str()), (ENVIRONMENT, &self.environment), (ADDRESS, address.as_str())]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    /// The two tags that every resource of this environment carries, for filters.
    pub fn filter(&self) -> [(&'static str, &str); 2] {
        [(PROJECT, &self.project), (ENVIRONMENT, &self.environment)]
    }

    /// Whether a resource is to be looked at: it carries our tags, or bears a name that begins as ours do.
    pub fn concerns(&self, name: &str, tags: &Tags) -> bool {
        name.starts_with(&self.prefix())
            || self.filter().iter().all(|&(key, value)| tags.get(key).is_some_and(|tag| tag == value))
    }

    /// Whose a resource with these tags is.
    pub fn owner(&self, tags: &Tags) -> Owner {
        let tag = |key: &str| tags.get(key).map(String::as_str);
        let (project, environment) = (tag(PROJECT), tag(ENVIRONMENT));
        if (project, environment) == (Some(&self.project), Some(&self.environment)) {
            return match tag(ADDRESS).and_then(|text| text.parse().ok()) {
                Some(address) => Owner::Ours { address, declared: tag(DECLARED).map(str::to_owned) },
                None => Owner::Nameless,
            };
        }
        Owner::Foreign(match (project, environment) {
            (Some(project), Some(environment)) => format!("environment {environment} of project {project}"),
            (Some(project), None) => format!("project {project}"),
            _ => match tag("Name").or(tag("owner")) {
                Some(name) => format!("somebody else, who tagged it {name}"),
                None => "somebody else; it carries no tags of ours".into(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_of_a_resource_tell_its_environment() {
        let scope = Scope { project: "shop".into(), environment: "prod".into() };
        let mut tags = scope.tags(&Address::of(&["network", "vpc"]));
        assert_eq!(Scope::of(&tags), Some(scope));
        tags.remove(ENVIRONMENT);
        assert_eq!(Scope::of(&tags), None);
    }
}
