//! Whatever stands in the place of AWS's answers, the tool reads what is there or says which call failed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use infra::aws::kinds::Registry;
use infra::aws::observe::{Ask, ObserveError, Reader};
use infra::desired::{Facts, Running, build, choose_zones};
use infra::graph::Scope;
use infra::plan::{Options, plan};
use infra::spec::{self, Environment};
use infra::values::architecture::Architecture;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::server::{Request, answer, serve};

/// The variable by which a process that observes is told the port that it is to serve itself.
pub const PORT: &str = "INFRA_FUZZ_PORT";

/// One of the answers in `answers.json`. Bodies may be binary: each character of these texts is a byte.
#[derive(Clone, Deserialize)]
pub struct Answer {
    service: String,
    target: String,
    request: String,
    status: u16,
    r#type: String,
    body: String,
}

impl Answer {
    /// Service and action, such as `ec2 DescribeVpcs`.
    pub fn name(&self) -> String {
        name(&self.service, &self.target, &self.request)
    }

    /// What was answered.
    pub fn body(&self) -> Vec<u8> {
        bytes(&self.body)
    }
}

fn name(service: &str, target: &str, request: &str) -> String {
    let action = request.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or("");
    let action = if target.is_empty() { action } else { target.rsplit('.').next().unwrap_or("") };
    format!("{service} {action}")
}

/// Service and action where they are not in the body. What is asked in CBOR has them in its path: `/service/A/operation/B`.
fn target(request: &Request) -> String {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let named = path.strip_prefix("/service/").and_then(|path| path.split_once("/operation/"));
    named.map_or_else(|| request.header("x-amz-target").to_owned(), |(service, action)| format!("{service}.{action}"))
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("a byte")).collect()
}

/// What is answered to one action instead.
#[derive(Clone, Debug)]
pub struct Instead {
    /// As [`Answer::name`] has it.
    pub to: String,
    /// The status; that of the answer where there is none.
    pub status: Option<u16>,
    /// The body.
    pub body: Vec<u8>,
}

/// An AWS that answers as it once did, but for what it is told to answer instead.
pub struct World {
    answers: Vec<Answer>,
    instead: Mutex<Vec<Instead>>,
}

impl World {
    /// What AWS was once heard to answer.
    pub fn new() -> Self {
        let answers = serde_json::from_str(include_str!("answers.json")).expect("answers that were kept");
        Self { answers, instead: Mutex::default() }
    }

    /// All of it.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    fn answer(&self, request: &Request) -> Vec<u8> {
        let scope = request.header("authorization").split('/').nth(3).unwrap_or_default();
        let (target, text) = (target(request), request.body.iter().map(|b| char::from(*b)).collect::<String>());
        let name = name(scope, &target, &text);
        let same = |answer: &&Answer| answer.service == scope && answer.target == target && answer.request == text;
        let alike = |answer: &&Answer| answer.name() == name;
        let Some(known) = self.answers.iter().find(same).or_else(|| self.answers.iter().find(alike)) else {
            return answer(
                400,
                &[("content-type", "text/plain")],
                format!("nobody has ever heard an answer to {name}").as_bytes(),
            );
        };
        let instead = self.instead.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, body) = match instead.iter().find(|instead| instead.to == name) {
            Some(instead) => (instead.status.unwrap_or(known.status), instead.body.clone()),
            None => (known.status, known.body()),
        };
        answer(status, &[("content-type", &known.r#type)], &body)
    }
}

/// Somebody who reads that AWS. The endpoint is that of the process, so there is one of these in a process.
pub struct Observer {
    world: Arc<World>,
    runtime: tokio::runtime::Runtime,
    reader: Reader,
    environment: Environment,
    scope: Scope,
}

impl Observer {
    /// Begins to answer at `port`, which `AWS_ENDPOINT_URL` names, to somebody who has these specs.
    pub fn start(port: u16, specs: &Path) -> Self {
        // Where nothing is under way, the clock goes on to the next moment at which something is: pauses between attempts take no time.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let world = Arc::new(World::new());
        let shared = Arc::clone(&world);
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", port))).expect("the port is free");
        runtime.spawn(serve(listener, Arc::new(move |request: &Request| shared.answer(request))));
        let loaded = spec::load(specs, None).expect("specs that hold together");
        let environment = loaded.environment("dev").expect("it is there").clone();
        let scope = Scope { project: environment.project.clone(), environment: environment.environment.clone() };
        let reader = runtime.block_on(Reader::connect(&environment.aws.account, &environment.aws.region));
        Self { world, runtime, reader, environment, scope }
    }

    /// The AWS that is read.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Reads it, and plans from what was read. Gives how many resources were seen, or the errors.
    pub fn observe(&self, instead: Vec<Instead>) -> Result<usize, Vec<String>> {
        *self.world.instead.lock().unwrap_or_else(PoisonError::into_inner) = instead;
        let ask = Ask { zones: true, architectures: [Architecture::X86].into() };
        let seen = match self.runtime.block_on(self.reader.observe(&self.scope, &ask)) {
            Ok(seen) => seen,
            Err(ObserveError::Aws(errors)) => {
                assert!(!errors.is_empty(), "it says what failed");
                for error in &errors {
                    assert!(error.operation.contains(':') && !error.code.is_empty(), "{error:?}");
                }
                return Err(errors.iter().map(ToString::to_string).collect());
            }
            Err(error) => return Err(vec![error.to_string()]),
        };
        let facts = Facts {
            zones: choose_zones(2, &seen.zones, &seen.live),
            machine_images: seen.machine_images.clone(),
            running: Running::read(&seen.live),
            ..Facts::default()
        };
        if let Ok(desired) = build(&self.environment, &facts) {
            let _ = plan(&Registry, &self.scope, &desired, &seen.live, &Options::default());
        }
        let _ = plan(&Registry, &self.scope, &[], &seen.live, &Options::default());
        Ok(seen.live.len())
    }
}
