//! `infra init`: the files that a new project begins with.

use std::fs;
use std::io;
use std::path::Path;

use super::context::Context;
use super::error::{Error, Exit};
use crate::cli::Init;
use crate::init::{Answers, NewFile, Question, SHAPES, Shape, files};

pub(super) fn run(context: &Context, command: &Init) -> Result<Exit, Error> {
    missing(context, command)?;
    let shape = shape(context, command)?;
    let answers = answers(context, command, shape)?;
    let files = files(shape, &answers);
    let there: Vec<&str> = files.iter().map(|file| file.path).filter(|path| command.folder.join(path).exists()).collect();
    if !there.is_empty() {
        let message = format!("{} has these already, so nothing was written: {}", command.folder.display(), there.join(", "));
        return Err(Error::Usage { message, help: "name another folder, or move them away".into() });
    }
    for file in &files {
        let path = command.folder.join(file.path);
        write(&path, file).map_err(|error| Error::Usage {
            message: format!("{} cannot be written: {error}", path.display()),
            help: "what was written before it is there; remove it before you try again".into(),
        })?;
    }
    let written = files.iter().map(|file| format!("  {}\n", command.folder.join(file.path).display()));
    let written: Vec<String> = written.collect();
    let next = "`infra validate` accepts the specs as they are; INFRA.md says what to do once, and what every day brings\n";
    context.print_outcome(&format!("written:\n{}{next}", written.concat()), Exit::Done).map_err(Error::Output)
}

/// Nobody is asked in vain: all that has to be known where nobody can be asked, at once.
fn missing(context: &Context, command: &Init) -> Result<(), Error> {
    let shape = command.shape.is_none().then_some("--shape");
    let others = Question::ALL.into_iter().filter(|question| given(command, *question).is_none()).map(Question::flag);
    let flags: Vec<&str> = shape.into_iter().chain(others).collect();
    if context.interactive || flags.is_empty() {
        return Ok(());
    }
    let message = format!("nobody can be asked here, and these are missing: {}", flags.join(", "));
    Err(Error::Usage { message, help: format!("`infra init --help` says what they are; the shapes are\n{}", shapes()) })
}

fn given(command: &Init, question: Question) -> Option<&String> {
    match question {
        Question::Project => command.project.as_ref(),
        Question::Account => command.account.as_ref(),
        Question::Region => command.region.as_ref(),
        Question::Organization => command.organization.as_ref(),
        Question::Tool => command.infra.as_ref(),
    }
}

fn shape(context: &Context, command: &Init) -> Result<&'static Shape, Error> {
    let named = |name: &str| SHAPES.iter().find(|shape| shape.name == name);
    if let Some(shape) = command.shape.as_deref().and_then(named) {
        return Ok(shape);
    }
    context.tell(&format!("{}\n", shapes()));
    ask(context, "Shape", |answer| named(answer).ok_or_else(|| "write the first word of one of these lines".into()))
}

fn answers(context: &Context, command: &Init, shape: &Shape) -> Result<Answers, Error> {
    let check = |question: Question, answer: &str| {
        question.check(answer)?;
        match shape.longest_project() {
            longest if question == Question::Project && answer.len() > longest => {
                Err(format!("with the environments of this shape a project has {longest} characters at most"))
            }
            _ => Ok(answer.to_owned()),
        }
    };
    let answer = |question: Question| match given(command, question) {
        Some(given) => check(question, given).map_err(|message| Error::Usage { message, help: "give another name".into() }),
        None => ask(context, question.asks(), |answer| check(question, answer)),
    };
    Ok(Answers {
        project: answer(Question::Project)?,
        account: answer(Question::Account)?,
        region: answer(Question::Region)?,
        organization: answer(Question::Organization)?,
        tool: answer(Question::Tool)?.parse().expect("an answer was checked"),
    })
}

/// Asks until the answer is one; at the end of the input nobody answers any more.
fn ask<T>(context: &Context, question: &str, check: impl Fn(&str) -> Result<T, String>) -> Result<T, Error> {
    loop {
        let answer = context.ask(&format!("{question}: ")).map_err(Error::Output)?;
        let Some(answer) = answer else {
            return Err(Error::Usage { message: "nothing was written".into(), help: "answer, or give flags".into() });
        };
        match check(&answer) {
            Ok(answer) => return Ok(answer),
            Err(help) => context.tell(&format!("{help}\n")),
        }
    }
}

/// What there is to choose from, a line each.
fn shapes() -> String {
    let longest = SHAPES.iter().map(|shape| shape.name.len()).max().unwrap_or_default();
    let lines: Vec<String> = SHAPES.iter().map(|shape| format!("{:longest$}  {}", shape.name, shape.about)).collect();
    lines.join("\n")
}

fn write(path: &Path, file: &NewFile) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, &file.text)?;
    #[cfg(unix)]
    if file.runs {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
