//! What the figures depend on beside the tools: the machine, and what the proxy itself costs.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_proxy::{Nothing, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::{Error, program};

/// How many calls the proxy is judged by.
const CALLS: usize = 500;
/// How often `infra --help` is run.
const HELPED: usize = 11;

pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    /// The bytes of the binary.
    pub(crate) binary: u64,
    /// How long `infra --help` takes, which calls nothing: the middle of several times, since the first one reads the disk.
    pub(crate) idle: Duration,
    /// What the proxy adds to a call.
    pub(crate) proxy: Duration,
}

impl Machine {
    pub(crate) async fn look(infra: &Path) -> Result<Self, Error> {
        let memory = std::fs::read_to_string("/proc/meminfo")?;
        let kib =
            memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        let mut helped = Vec::new();
        for _ in 0..HELPED {
            let mut help = Command::new(infra);
            help.arg("--help");
            helped.push(program::run(help).await?.wall);
        }
        helped.sort();
        let endpoint = endpoint().await?;
        let proxy = Proxy::start(&endpoint).await;
        proxy.follow(Nothing);
        let (direct, through) = (call(&endpoint).await?, call(&proxy.url()).await?);
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: (kib.unwrap_or_default() + 524_288) / 1_048_576,
            binary: std::fs::metadata(infra)?.len(),
            idle: helped[HELPED / 2],
            proxy: through.saturating_sub(direct),
        })
    }
}

/// An endpoint that answers everything at once.
async fn endpoint() -> Result<String, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    Ok(url)
}

/// How long a call takes, one after another on one connection.
async fn call(url: &str) -> Result<Duration, Error> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    let began = Instant::now();
    for _ in 0..CALLS {
        stream.write_all(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 16\r\n\r\nAction=CreateVpc").await?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"done") {
            let read = stream.read(&mut buffer).await?;
            answer.extend_from_slice(&buffer[..read]);
            if read == 0 {
                return Err("the connection broke".into());
            }
        }
    }
    Ok(began.elapsed() / u32::try_from(CALLS)?)
}
