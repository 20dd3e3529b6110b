//! `infra history`: the records of runs, without AWS and without specs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::{Error, Exit};
use crate::cli::{History, HistoryCommand, HistoryShow};
use crate::record::{Entry, REJECTED_IMAGES, find, read};
use crate::render::history;

/// Candidates that are named; more would hide the message.
const CANDIDATES: usize = 10;

pub(super) fn run(context: &Context, command: &History) -> Result<Exit, Error> {
    match (&command.command, &command.env) {
        (Some(HistoryCommand::Show(command)), _) => show(context, command),
        (None, Some(environment)) => list(context, command, environment),
        (None, None) => unreachable!("the command line requires one of them"),
    }
}

fn list(context: &Context, command: &History, environment: &str) -> Result<Exit, Error> {
    let folder = context.records.join(environment);
    let mut entries = entries(context, &folder)?;
    let none = entries.is_empty();
    entries.truncate(command.last);
    if command.json {
        context.print(&format!("{:#}\n", history::json(environment, &entries)))?;
    } else if none {
        context.tell(&format!("no run of {environment} is recorded in {}\n", folder.display()));
        context.tell(&format!("help: {}\n", elsewhere(&context.records)));
    } else {
        context.print(&history::table(&entries, context.page()))?;
    }
    Ok(Exit::Done)
}

/// Where there may be records, if not where they were looked for.
fn elsewhere(records: &Path) -> String {
    let others = folders(records).unwrap_or_default();
    let others: Vec<_> = others.iter().filter_map(|folder| Some(format!("`{}`", folder.file_name()?.to_str()?))).collect();
    match others[..] {
        [] => "the first apply leaves one, in `plans` beside the specs; `--records` and `--specs` say where those are".into(),
        _ => format!("there are records of {}", others.join(", ")),
    }
}

fn show(context: &Context, command: &HistoryShow) -> Result<Exit, Error> {
    let folders = match &command.env {
        Some(environment) => vec![context.records.join(environment)],
        None => folders(&context.records).map_err(|source| Error::History { folder: context.records.clone(), source })?,
    };
    let mut all = Vec::new();
    for folder in folders {
        all.extend(entries(context, &folder)?);
    }
    let entry = match find(&all, &command.id)[..] {
        [entry] => entry,
        [] => {
            let message = format!("no run `{}` is recorded in {}", command.id, context.records.display());
            return Err(Error::Usage { message, help: "`infra history --env ENVIRONMENT` lists those that are".into() });
        }
        ref several => return Err(ambiguous(&command.id, several)),
    };
    let shown = if command.json {
        format!("{:#}\n", serde_json::to_value(&entry.record).map_err(io::Error::from)?)
    } else {
        history::one(entry, context.page())
    };
    context.print(&shown)?;
    Ok(Exit::Done)
}

fn ambiguous(id: &str, several: &[&Entry]) -> Error {
    let message = format!("`{id}` may be any of {} runs", several.len());
    let named = several.iter().take(CANDIDATES).map(|entry| format!("\n  {}  {}", entry.record.environment, entry.stem()));
    let more = several.len().saturating_sub(CANDIDATES);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    Error::Usage { message, help: format!("write more of it, up to the whole name:{}{more}", named.collect::<String>()) }
}

/// The records in a folder; what else is there is told, and hides nothing.
fn entries(context: &Context, folder: &Path) -> Result<Vec<Entry>, Error> {
    let found = read(folder).map_err(|source| Error::History { folder: folder.to_owned(), source })?;
    for file in &found.unreadable {
        context.tell(&format!("warning: {file}; it is passed over\n"));
    }
    Ok(found.entries)
}

/// The folders of all environments. Where nothing was recorded yet there are none.
fn folders(records: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = match fs::read_dir(records) {
        Ok(found) => found.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    // Rejected images have a folder of their own there.
    folders.retain(|path| path.is_dir() && !path.ends_with(REJECTED_IMAGES));
    folders.sort();
    Ok(folders)
}
