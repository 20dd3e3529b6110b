//! What AWS answers to the tool, and what the tool sends to AWS's registry: what it is told belongs there, and so does ECR's token.

use std::sync::{Arc, Mutex};

use aws_proxy::{Answer, Call, Fault, Script};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use super::search::Texts;
use crate::life::Stage;

/// The calls whose answers are kept.
const ANSWERS: [&str; 2] = ["ssm:GetParameter", "apprunner:DescribeService"];

/// Listens on both ways.
#[derive(Clone)]
pub(super) struct Listener {
    /// What lets the tool into the registry, and where that is.
    entry: String,
    answers: Arc<Mutex<Vec<String>>>,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    /// LocalStack names itself as the registry, past every proxy: the tool is told of a wire to it instead.
    pub(super) async fn start(stage: &Stage) -> Self {
        let answer = stage.aws().ecr.get_authorization_token().send().await.unwrap();
        let data = &answer.authorization_data()[0];
        let registry = data.proxy_endpoint().unwrap().trim_start_matches("http://").to_owned();
        let sent = Arc::default();
        let entry = json!({ "authorizationData": [{
            "authorizationToken": data.authorization_token(),
            "expiresAt": data.expires_at().unwrap().secs(),
            "proxyEndpoint": wire(registry, Arc::clone(&sent)).await,
        }] });
        Self { entry: entry.to_string(), answers: Arc::default(), sent }
    }

    pub(super) fn answers(&self) -> Texts {
        Texts::one("AWS's answers", self.answers.lock().unwrap().join("\n"))
    }

    pub(super) fn sent(&self) -> Texts {
        Texts::one("AWS's registry", String::from_utf8_lossy(&self.sent.lock().unwrap()))
    }
}

impl Script for Listener {
    fn decide(&mut self, call: &Call) -> Fault {
        if call.name() != "ecr:GetAuthorizationToken" {
            return Fault::None;
        }
        Fault::After(Answer { body: self.entry.clone().into(), ..Answer::empty(call.protocol, &call.action) })
    }

    fn answered(&mut self, call: &Call, answer: &Answer) {
        if ANSWERS.contains(&call.name().as_str()) {
            self.answers.lock().unwrap().push(String::from_utf8_lossy(&answer.body).into_owned());
        }
    }
}

/// Leads to an address, and writes down what is sent there. Gives where it begins.
async fn wire(to: String, sent: Arc<Mutex<Vec<u8>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(&to).await.unwrap();
            tokio::spawn(lead(near, far, Arc::clone(&sent)));
        }
    });
    format!("http://{address}")
}

/// Until one side has enough.
async fn lead(near: TcpStream, far: TcpStream, sent: Arc<Mutex<Vec<u8>>>) {
    let ((mut requests, mut back), (mut answers, mut onward)) = (near.into_split(), far.into_split());
    let there = async {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = requests.read(&mut piece).await {
            sent.lock().unwrap().extend(&piece[..read]);
            if onward.write_all(&piece[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        _ = copy(&mut answers, &mut back) => {}
    }
}
