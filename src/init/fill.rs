//! An example's files with a project's own names in them.

use super::answers::Answers;
use super::shapes::Shape;

/// What stands in the examples for what is known of a project.
mod stands_for {
    pub(super) const ACCOUNT: &str = "111122223333";
    pub(super) const REGION: &str = "eu-west-1";
    pub(super) const ORGANIZATION: &str = "example";
    pub(super) const TOOL: &str = "example/infra";
    pub(super) const COMMIT: &str = "1f0c2b3a4d5e6f708192a3b4c5d6e7f8091a2b3c";
}

/// The example's page about itself, and where it goes: a project has a page of its own.
const ABOUT: (&str, &str) = ("README.md", "INFRA.md");

/// A file of a new project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Below the project's folder.
    pub path: &'static str,
    /// What stands in it.
    pub text: String,
    /// Whether it is a program.
    pub runs: bool,
}

/// The files that a project of a shape begins with.
pub fn files(shape: &Shape, answers: &Answers) -> Vec<NewFile> {
    let file = |&(path, text): &(&'static str, &str)| NewFile {
        path: if path == ABOUT.0 { ABOUT.1 } else { path },
        text: filled(text, shape, answers),
        runs: text.starts_with("#!"),
    };
    shape.files.iter().map(file).collect()
}

/// No answer is looked through again, whatever it is: a project may well be called like what stands for something else.
fn filled(text: &str, shape: &Shape, answers: &Answers) -> String {
    let words = [
        (stands_for::TOOL, answers.tool.repository.as_str()),
        (stands_for::COMMIT, answers.tool.commit.as_str()),
        (stands_for::ACCOUNT, answers.account.as_str()),
        (stands_for::REGION, answers.region.as_str()),
        (shape.project, answers.project.as_str()),
        (stands_for::ORGANIZATION, answers.organization.as_str()),
    ];
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let found = words.iter().find(|(word, _)| rest.starts_with(word) && is_meant(word, &filled, &rest[word.len()..]));
        if let Some((word, answer)) = found {
            filled += answer;
            rest = &rest[word.len()..];
        } else {
            filled.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    filled
}

/// `example` is a word of the language, too, and the first half of `example.com`; all else is nothing but what it stands for.
fn is_meant(word: &str, before: &str, after: &str) -> bool {
    let part_of_more = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    word != stands_for::ORGANIZATION
        || before.ends_with(['/', '"', ':']) && !after.starts_with(|c: char| part_of_more(c) || c == '.')
}

#[cfg(test)]
mod tests {
    use super::super::shapes::SHAPES;
    use super::*;

    fn answers(project: &str) -> Answers {
        let tool = format!("acme/tools@{}", "ab".repeat(20)).parse().unwrap();
        let (account, region) = ("999988887777".into(), "ap-southeast-2".into());
        Answers { project: project.into(), account, region, organization: "acme".into(), tool }
    }

    #[test]
    fn nothing_of_the_example_is_left() {
        for shape in &SHAPES {
            let files = files(shape, &answers("shop"));
            assert!(files.iter().any(|file| file.path == "INFRA.md") && files.iter().any(|file| file.runs));
            for file in files {
                for word in [shape.project, stands_for::ACCOUNT, stands_for::REGION, stands_for::COMMIT, "/example", "\"example"]
                {
                    let left = file.text.lines().find(|line| line.replace("example.com", "").contains(word));
                    assert_eq!(left, None, "{} of {} has {word} in it", file.path, shape.name);
                }
            }
        }
    }

    #[test]
    fn an_example_told_its_own_names_is_itself() {
        for shape in &SHAPES {
            let own = Answers {
                project: shape.project.into(),
                account: stands_for::ACCOUNT.into(),
                region: stands_for::REGION.into(),
                organization: stands_for::ORGANIZATION.into(),
                tool: format!("{}@{}", stands_for::TOOL, stands_for::COMMIT).parse().unwrap(),
            };
            for (file, (_, text)) in files(shape, &own).iter().zip(shape.files) {
                assert_eq!(file.text, *text, "{}", file.path);
            }
        }
    }

    #[test]
    fn a_project_may_be_called_whatever_it_is_called() {
        let text = filled("a = \"example/techhub\" # for example, techhub.example.com", &SHAPES[0], &answers("example"));
        assert_eq!(text, "a = \"acme/example\" # for example, example.example.com");
    }
}
