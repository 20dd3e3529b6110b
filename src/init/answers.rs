//! What has to be known of a new project, and what an answer must look like.

use std::fmt;
use std::str::FromStr;

/// What is known of a new project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Its name in specs and in AWS.
    pub project: String,
    /// The AWS account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The organization, or the user, that its repository and its images belong to.
    pub organization: String,
    /// Where its pipelines get `infra` from.
    pub tool: Tool,
}

/// Where `infra` is built from: a repository on GitHub at a commit, so that nobody changes it unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// `OWNER/REPOSITORY`.
    pub repository: String,
    /// The commit, in 40 hexadecimal digits.
    pub commit: String,
}

/// One thing that has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// See [`Answers::project`].
    Project,
    /// See [`Answers::account`].
    Account,
    /// See [`Answers::region`].
    Region,
    /// See [`Answers::organization`].
    Organization,
    /// See [`Answers::tool`].
    Tool,
}

impl Question {
    /// All of them, in the order in which people are asked.
    pub const ALL: [Self; 5] = [Self::Project, Self::Account, Self::Region, Self::Organization, Self::Tool];

    /// The flag that answers it.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Project => "--project",
            Self::Account => "--account",
            Self::Region => "--region",
            Self::Organization => "--organization",
            Self::Tool => "--infra",
        }
    }

    /// How people are asked.
    pub const fn asks(self) -> &'static str {
        match self {
            Self::Project => "Name of the project",
            Self::Account => "AWS account, twelve digits",
            Self::Region => "Region, such as eu-west-1",
            Self::Organization => "Organization of its repository and images, such as your user on GitHub",
            Self::Tool => "Where pipelines get infra from, as OWNER/REPOSITORY@COMMIT",
        }
    }

    /// What is wrong with an answer.
    ///
    /// # Errors
    /// What to write instead.
    pub fn check(self, answer: &str) -> Result<(), &'static str> {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let starts = answer.starts_with(|c: char| c.is_ascii_lowercase()) && !answer.ends_with('-') && !answer.contains("--");
        let sound = match self {
            Self::Project => starts && answer.bytes().all(lower),
            Self::Account => answer.len() == 12 && answer.bytes().all(|b| b.is_ascii_digit()),
            Self::Region => starts && answer.matches('-').count() >= 2 && answer.bytes().all(lower),
            Self::Organization => is_owner(answer),
            Self::Tool => answer.parse::<Tool>().is_ok(),
        };
        if sound { Ok(()) } else { Err(self.form()) }
    }

    const fn form(self) -> &'static str {
        match self {
            Self::Project => "a project has small letters, digits and single hyphens, and begins with a letter",
            Self::Account => "an account is twelve digits, like `123456789012`",
            Self::Region => "a region is written like `eu-west-1`",
            Self::Organization => "an organization has letters, digits and `-`",
            Self::Tool => "write OWNER/REPOSITORY@COMMIT, with all 40 digits of the commit",
        }
    }
}

impl FromStr for Tool {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let parts = text.split_once('@').and_then(|(repository, commit)| Some((repository, repository.split_once('/')?, commit)));
        match parts {
            Some((repository, (owner, name), commit)) if is_owner(owner) && is_repository(name) && is_commit(commit) => {
                Ok(Self { repository: repository.to_owned(), commit: commit.to_owned() })
            }
            _ => Err(Question::Tool.form()),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.commit)
    }
}

fn is_owner(text: &str) -> bool {
    (1..=39).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_repository(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_what_they_should_be() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let tool = format!("acme/infra@{commit}");
        for (question, good, bad) in [
            (Question::Project, "shop-2", "Shop"),
            (Question::Account, "123456789012", "1234-5678-9012"),
            (Question::Region, "us-gov-west-1", "frankfurt"),
            (Question::Organization, "Acme", "acme/shop"),
            (Question::Tool, tool.as_str(), "acme/infra@main"),
        ] {
            assert_eq!(question.check(good), Ok(()), "{question:?}");
            assert!(question.check(bad).is_err() && question.check("").is_err(), "{question:?}");
        }
        assert_eq!(tool.parse::<Tool>().unwrap().to_string(), tool);
    }
}
