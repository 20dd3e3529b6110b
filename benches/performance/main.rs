//! Measures `infra`, and Terraform beside it where it is installed, through the proxy of `tests/proxy`, and writes
//! `docs/performance.md`. `bench/run` starts it; `cargo test --bench performance` sees that it works, without measuring.
//!
//! The endpoint is `AWS_ENDPOINT_URL`; every tool and every environment has an account of its own there.

#![expect(clippy::print_stderr, reason = "it says how far it is")]

mod account;
mod figures;
mod fleet;
mod infra;
mod machine;
mod page;
mod program;
mod terraform;
mod tool;
mod work;

use std::path::{Path, PathBuf};
use std::time::Duration;

use account::Account;
use aws_proxy::Proxy;
use figures::{Condition, Figures};
use infra::Infra;
use terraform::Terraform;
use tool::Tool;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The environments that are measured one by one.
const ENVIRONMENTS: [&str; 2] = ["dev", "prod"];
/// How often a tool goes the way from nothing to nothing; and each plan within, once more for each time.
const TIMES: usize = 3;

/// What was asked for.
struct Asked {
    /// The binary that is measured.
    infra: PathBuf,
    /// The parts, or all where none is named.
    parts: Vec<String>,
}

impl Asked {
    fn read() -> Result<Self, Error> {
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        let mut infra = None;
        let mut parts = Vec::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--infra" => infra = words.next().map(PathBuf::from),
                "infra" | "terraform" | "delays" | "throttles" | "fleets" | "dev" | "prod" | "page" => parts.push(word),
                _ => return Err(format!("`{word}` is no part of the bench; docs/performance.md names them at its end").into()),
            }
        }
        Ok(Self { infra: infra.ok_or("--infra names the binary")?.canonicalize()?, parts })
    }

    /// Whether one of several that exclude each other is to be done.
    fn has(&self, part: &str, among: &[&str]) -> bool {
        self.parts.iter().any(|asked| asked == part) || !self.parts.iter().any(|asked| among.contains(&asked.as_str()))
    }
}

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let measures = std::env::args().any(|word| word == "--bench");
    let asked = Asked::read()?;
    let proxy = Proxy::start(&std::env::var("AWS_ENDPOINT_URL")?).await;
    if measures { measure(&asked, &proxy).await } else { smoke(&asked, &proxy).await }
}

/// One environment from nothing to nothing, and that its figures make sense.
async fn smoke(asked: &Asked, proxy: &Proxy) -> Result<(), Error> {
    let account = Account::new().await?;
    let tool = Infra::new(&asked.infra, &account, &proxy.url(), &["dev".into()])?;
    let mut figures = Figures::default();
    work::once(&tool, &account, "dev", Condition::PLAIN, proxy, 1, &mut figures).await?;
    page::text(&figures, &machine::Machine::look(&asked.infra).await?)?;
    eprintln!("{} kinds of work were measured", figures.rows.len());
    Ok(())
}

async fn measure(asked: &Asked, proxy: &Proxy) -> Result<(), Error> {
    let mut figures = Figures::load()?;
    figures.terraform = terraform::version();
    let tools: &[&str] = if asked.parts == ["page"] { &[] } else { &["infra", "terraform"] };
    for &tool in tools {
        if !asked.has(tool, &["infra", "terraform"]) || (tool == "terraform" && figures.terraform.is_none()) {
            continue;
        }
        for part in ["delays", "throttles", "fleets"] {
            if asked.has(part, &["delays", "throttles", "fleets"]) {
                part_of(tool, part, asked, proxy, &mut figures).await?;
            }
        }
    }
    figures.agree()?;
    let machine = machine::Machine::look(&asked.infra).await?;
    std::fs::write(root().join("docs/performance.md"), page::text(&figures, &machine)?)?;
    Ok(())
}

async fn part_of(tool: &str, part: &str, asked: &Asked, proxy: &Proxy, figures: &mut Figures) -> Result<(), Error> {
    if part == "fleets" {
        return fleet::measure(tool, asked, proxy, figures).await;
    }
    let conditions: Vec<Condition> = match part {
        "delays" => [0, 50, 100].map(|late| Condition { late: Duration::from_millis(late), ..Condition::PLAIN }).to_vec(),
        _ => [20, 5].map(|rate| Condition { rate: Some(rate), ..Condition::PLAIN }).to_vec(),
    };
    // Terraform sleeps for minutes in each; how long is no matter of chance.
    let times = if tool == "terraform" || part == "throttles" { 1 } else { TIMES };
    for environment in ENVIRONMENTS.into_iter().filter(|environment| asked.has(environment, &ENVIRONMENTS)) {
        for &condition in &conditions {
            for _ in 0..times {
                let account = Account::new().await?;
                let tool = instance(tool, asked, &account, proxy, &[environment.to_owned()]).await?;
                work::once(tool.as_ref(), &account, environment, condition, proxy, TIMES, figures).await?;
                figures.save()?;
            }
        }
    }
    Ok(())
}

/// A tool in an account.
async fn instance(
    tool: &str,
    asked: &Asked,
    account: &Account,
    proxy: &Proxy,
    environments: &[String],
) -> Result<Box<dyn Tool>, Error> {
    Ok(match tool {
        "infra" => Box::new(Infra::new(&asked.infra, account, &proxy.url(), environments)?),
        _ => Box::new(Terraform::new(account, &proxy.url(), environments).await?),
    })
}
