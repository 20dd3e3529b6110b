//! What becomes of a call, and of the program, under each fault.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_proxy::{Call, Cut, Delayed, Fault, Moment, Nothing, Proxy, Throttled};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// An endpoint that says `done` to everything, and how often it did.
async fn endpoint() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let done = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&done);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    count.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await.unwrap();
                }
            });
        }
    });
    (url, done)
}

/// Calls as a program does; what comes back.
async fn call(proxy: &Proxy) -> Option<String> {
    call_within(proxy, Duration::from_secs(30)).await
}

/// Calls where nothing should come back.
async fn call_in_vain(proxy: &Proxy) -> Option<String> {
    call_within(proxy, Duration::from_millis(300)).await
}

async fn call_within(proxy: &Proxy, patience: Duration) -> Option<String> {
    let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://")).await.unwrap();
    let request = "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 16\r\nconnection: close\r\n\r\nAction=CreateVpc";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    match timeout(patience, stream.read_to_string(&mut answer)).await {
        Ok(Ok(_)) if !answer.is_empty() => Some(answer),
        _ => None,
    }
}

#[tokio::test]
async fn what_goes_through_is_noted() {
    let (url, done) = endpoint().await;
    let proxy = Proxy::start(&url).await;
    assert!(call(&proxy).await.unwrap().ends_with("done"));
    let log = proxy.log();
    assert_eq!((log.len(), log[0].call.action.as_str(), log[0].call.writes, log[0].status), (1, "CreateVpc", true, Some(200)));
    assert!(log[0].ended.unwrap() >= log[0].started);
    assert_eq!(done.load(Ordering::SeqCst), 1);
    proxy.follow(Nothing);
    assert_eq!(proxy.log().len(), 0);
}

#[tokio::test]
async fn a_cut_decides_what_is_carried_out() {
    for (moment, carried_out, answered) in
        [(Moment::Before, 1, false), (Moment::CarriedOut, 2, false), (Moment::Answered, 2, true)]
    {
        let (url, done) = endpoint().await;
        let proxy = Proxy::start(&url).await;
        proxy.follow(Cut { call: 2, moment });
        assert!(call(&proxy).await.is_some());
        let second = if answered { call(&proxy).await } else { call_in_vain(&proxy).await };
        assert_eq!(second.is_some(), answered, "{moment:?}");
        timeout(Duration::from_secs(30), proxy.cut()).await.unwrap();
        assert!(call_in_vain(&proxy).await.is_none(), "nothing goes out after a cut");
        proxy.quiet().await;
        assert_eq!(done.load(Ordering::SeqCst), carried_out, "{moment:?}");
    }
}

#[tokio::test]
async fn answers_are_lost_late_or_others() {
    let (url, done) = endpoint().await;
    let proxy = Proxy::start(&url).await;
    proxy.follow(|_: &Call| Fault::Lost);
    assert_eq!(call(&proxy).await, None);
    assert_eq!(done.load(Ordering::SeqCst), 1);
    proxy.follow(Delayed(Duration::from_millis(100)));
    let began = Instant::now();
    assert!(call(&proxy).await.is_some() && began.elapsed() >= Duration::from_millis(100));
    assert_eq!(done.load(Ordering::SeqCst), 2);
    proxy.follow(|call: &Call| Fault::Instead(call.refusal(503, "ServiceUnavailable", "busy")));
    let answer = call(&proxy).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("<Code>ServiceUnavailable</Code>"), "{answer}");
    assert_eq!(done.load(Ordering::SeqCst), 2);
    proxy.follow(|call: &Call| Fault::After(call.refusal(500, "InternalFailure", "perhaps")));
    assert!(call(&proxy).await.unwrap().starts_with("HTTP/1.1 500"));
    assert_eq!(done.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_a_throttle_refuses_does_not_go_out() {
    let (url, done) = endpoint().await;
    let proxy = Proxy::start(&url).await;
    proxy.follow(Throttled::new(0));
    assert!(call(&proxy).await.unwrap().contains("<Code>Throttling</Code>"));
    proxy.follow(Throttled::new(1));
    assert!(call(&proxy).await.unwrap().ends_with("done"));
    assert_eq!(done.load(Ordering::SeqCst), 1);
    assert_eq!(proxy.log().iter().map(|entry| entry.reached).collect::<Vec<_>>(), [true]);
}
