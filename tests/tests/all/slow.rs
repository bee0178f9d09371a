//! Callers who keep us waiting: heads, bodies and answers have their time, and nobody else notices. Over real sockets, against the real
//! program.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use cheapbob_test_support::{Api, Person, RealServer, TestDatabase, eventually, fresh_email};
use futures::future::join_all;
use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{interval, timeout},
};

/// Larger than what the system keeps of an answer that nobody reads, on both sides.
const LARGE: &str = "/docs/swagger-ui-bundle.js";

/// A route that takes a body of anybody.
const ANYBODY: &str = "/api/v1/auth/kakao/unlink";

async fn settings() -> (TestDatabase, Vec<(&'static str, String)>) {
    let database = TestDatabase::create().await;
    let settings = vec![("DATABASE_URL", database.url()), ("RATE_LIMITS", "off".to_owned()), ("RUST_LOG", "off".to_owned())];
    (database, settings)
}

/// A connection that is told nothing of HTTP.
struct Line(TcpStream);

impl Line {
    async fn open(api: &Api) -> Self {
        Self(TcpStream::connect(address(api)).await.unwrap())
    }

    /// One whose own system keeps next to nothing of what comes.
    async fn open_narrow(api: &Api) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let address = address(api).into();
        tokio::task::spawn_blocking(move || socket.connect(&address).map(|()| socket))
            .await
            .unwrap()
            .map(|socket| {
                socket.set_nonblocking(true).unwrap();
                Self(TcpStream::from_std(socket.into()).unwrap())
            })
            .unwrap()
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Says the same again and again, until the other side closes; gives what it said before.
    async fn repeat(mut self, text: &str, every: Duration) -> String {
        let mut heard = Vec::new();
        let mut ticks = interval(every);
        loop {
            tokio::select! {
                read = self.0.read_buf(&mut heard) => if read.unwrap_or_default() == 0 { break },
                _ = ticks.tick() => if self.0.write_all(text.as_bytes()).await.is_err() { break },
            }
        }
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Waits until the other side has closed, without reading what it says.
    async fn unheard(mut self) {
        // Once it is closed there, what we send is answered with a reset.
        while self.0.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// An answer without a body, or with one that ends with the answer's end.
    async fn answer(&mut self, end: &[u8]) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end) {
            assert_ne!(self.0.read_buf(&mut heard).await.unwrap(), 0, "{}", String::from_utf8_lossy(&heard));
        }
        String::from_utf8_lossy(&heard).into_owned()
    }
}

fn address(api: &Api) -> SocketAddr {
    api.base.strip_prefix("http://").unwrap().replace("localhost", "127.0.0.1").parse().unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
}

fn post(path: &str, rest: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n{rest}\r\n\r\n")
}

/// How long it takes, in seconds.
async fn seconds<T>(future: impl Future<Output = T>) -> (u64, T) {
    let begun = Instant::now();
    let output = timeout(Duration::from_secs(60), future).await.expect("closed within a minute");
    (begun.elapsed().as_secs(), output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_and_a_body_have_ten_seconds_and_more_by_their_size() {
    let (_database, settings) = settings().await;
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let (api, second) = (&server.api, Duration::from_secs(1));
    let first_head = async {
        let mut line = Line::open(api).await;
        line.say("GET /health HTTP/1.1\r\n").await;
        seconds(line.repeat("x", second)).await
    };
    // After an answer a head has no more time than the first one.
    let second_head = async {
        let mut line = Line::open(api).await;
        line.say(&get("/health")).await;
        line.answer(b"}").await;
        line.say("GET /health HTTP/1.1\r\nx: ").await;
        seconds(line.repeat("x", second)).await
    };
    let body = async {
        let mut line = Line::open(api).await;
        line.say(&post(ANYBODY, "content-length: 1000")).await;
        seconds(line.repeat("x", second)).await
    };
    let silent_body = async {
        let mut line = Line::open(api).await;
        line.say(&post(ANYBODY, "content-length: 1000")).await;
        seconds(line.repeat("", second * 60)).await
    };
    // Nobody reads this one: its end is waited for after the answer.
    let unread_body = async {
        let mut line = Line::open(api).await;
        line.say(&post("/nowhere", "transfer-encoding: chunked")).await;
        seconds(line.repeat("1\r\nx\r\n", second)).await
    };
    // 15 KB in 12 s: slow, but by its size not too slow.
    let steady_body = async {
        let mut line = Line::open(api).await;
        line.say(&post(ANYBODY, "content-length: 15600\r\nconnection: close")).await;
        for _ in 0..12 {
            tokio::time::sleep(second).await;
            line.say(&"x".repeat(1_300)).await;
        }
        line.repeat("", second * 60).await
    };
    let (first, second, body, silent, unread, steady) = tokio::join!(first_head, second_head, body, silent_body, unread_body, steady_body);
    for (what, (after, _)) in [("the first head", &first), ("the second", &second), ("a body that nobody reads", &unread)] {
        assert!((9..20).contains(after), "{what}: {after} s");
    }
    assert!(unread.1.starts_with("HTTP/1.1 404"), "{}", unread.1);
    for (after, said) in [body, silent] {
        assert!((9..20).contains(&after), "{after} s");
        assert!(said.starts_with("HTTP/1.1 400") && said.contains("body_too_slow"), "{said}");
    }
    assert!(steady.contains("unlink_unverified"), "it was read to its end: {steady}");
}

/// Whoever is refused before his body was read need not connect anew: it came with the head.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_connection() {
    let (_database, settings) = settings().await;
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let mut line = Line::open(&server.api).await;
    let refused = [
        ("/api/v1/webhooks/portone/STR_1", "400"),
        ("/api/v1/customer/payment/init", "401"),
        ("/api/v1/common/options/allergies", "405"),
        ("/nowhere", "404"),
    ];
    for (path, status) in refused {
        line.say(&(post(path, "content-length: 2") + "{}")).await;
        let answer = line.answer(b"}").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && !answer.contains("connection: close"), "{path}: {answer}");
    }
    line.say(&get("/health")).await;
    assert!(line.answer(b"}").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_has_twenty_seconds() {
    let (_database, settings) = settings().await;
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let api = &server.api;
    let reader = async {
        let mut line = Line::open_narrow(api).await;
        line.say(&get(LARGE)).await;
        seconds(line.unheard()).await.0
    };
    // The answers to what he goes on to ask do not pile up.
    let asker = async {
        let mut line = Line::open_narrow(api).await;
        let heads = "HEAD /health HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
        let asks = async { while line.0.write_all(heads.as_bytes()).await.is_ok() {} };
        seconds(asks).await.0
    };
    // A read now and then is no help where it is less than 4 KiB a second.
    let sipper = async {
        let mut line = Line::open_narrow(api).await;
        line.say(&get(LARGE)).await;
        let sips = async {
            let mut sip = [0; 100];
            while line.0.read(&mut sip).await.is_ok_and(|bytes| bytes > 0) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        seconds(sips).await.0
    };
    // And one that reads all of it, slowly, gets all of it.
    let slow = async {
        let mut line = Line::open(api).await;
        line.say(&get(LARGE)).await;
        let (mut heard, mut length) = (Vec::new(), None);
        while length.is_none_or(|length| heard.len() < length) {
            let mut piece = vec![0; 100 << 10];
            let read = line.0.read(&mut piece).await.unwrap();
            assert_ne!(read, 0, "cut after {} bytes", heard.len());
            heard.extend_from_slice(&piece[..read]);
            if length.is_none() {
                let text = String::from_utf8_lossy(&heard);
                let (head, _) = text.split_once("\r\n\r\n").unwrap();
                let body = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
                length = Some(head.len() + 4 + body.parse::<usize>().unwrap());
            }
            tokio::time::sleep(Duration::from_millis(1_000)).await;
        }
        length.unwrap()
    };
    let (reader, asker, sipper, slow) = tokio::join!(reader, asker, sipper, slow);
    for (what, after) in [("a reader", reader), ("an asker", asker)] {
        assert!((19..40).contains(&after), "{what}: {after} s");
    }
    assert!(sipper < 60, "{sipper} s");
    assert!(slow > 1_000_000, "{slow} bytes");
    assert!(api.get("/health").await.status == 200);
}

/// A screen that sends and does not read.
#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_that_does_not_read_is_closed() {
    let (_database, settings) = settings().await;
    let port = RealServer::free_port();
    let server = RealServer::http_with_jobs(port, &settings).await;
    let api = &server.api;
    let (shop, customer) = (api.shop(1).await, api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    shop.accept(&held.payment_id).await.expect(200);
    let mut line = Line::open_narrow(api).await;
    let path = format!("/api/v1/seller/store/orders/{}/qr/callback", held.payment_id);
    line.say(&format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        shop.seller.token
    ))
    .await;
    line.answer(b"\r\n\r\n").await;
    // Masked pings of 100 bytes, each of which is answered.
    let ping = [&[0x89, 0x80 | 100, 0, 0, 0, 0][..], &[b'x'; 100]].concat().repeat(100);
    let (after, ()) = seconds(async { while line.0.write_all(&ping).await.is_ok() {} }).await;
    assert!((19..55).contains(&after), "{after} s");
    // Half a connection is answered, and closed.
    let mut half = Line::open(api).await;
    half.say(&post("/api/v1/auth/logout", "content-length: 0")).await;
    half.0.shutdown().await.unwrap();
    let mut heard = String::new();
    timeout(Duration::from_secs(5), half.0.read_to_string(&mut heard)).await.expect("closed").unwrap();
    assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
}

/// In MB: now, and at most so far.
fn memory(pid: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kb = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    (kb("VmRSS:") / 1024, kb("VmHWM:") / 1024)
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn two_thousand_of_each_leave_memory_and_others_alone() {
    const EACH: usize = 2_000;
    cheapbob_http::room_for_connections();
    let (_database, settings) = settings().await;
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let api = &server.api;
    let customer: Person = api.person("customer", &fresh_email()).await;
    let before = memory(server.pid());

    let ended = tokio_util::sync::CancellationToken::new();
    let slow_body = async || {
        let mut line = Line::open(api).await;
        line.say(&post(ANYBODY, "content-length: 1000")).await;
        line.repeat("x", Duration::from_secs(1)).await;
    };
    let deaf_reader = async || {
        let mut line = Line::open(api).await;
        line.say(&get(LARGE)).await;
        line.unheard().await;
    };
    let attackers = async {
        tokio::join!(join_all((0..EACH).map(|_| slow_body())), join_all((0..EACH).map(|_| deaf_reader())));
    };
    // An ordinary customer, all the while until the last of them is cut.
    let ordinary = async {
        let (mut slowest, mut calls) = (Duration::ZERO, 0);
        while !ended.is_cancelled() {
            let begun = Instant::now();
            customer.get("/api/v1/customer/search/stores").await.expect(200);
            assert_eq!(customer.post("/api/v1/customer/payment/init", &serde_json::json!({})).await.refused(422), "validation_failed");
            slowest = slowest.max(begun.elapsed());
            calls += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (slowest, calls)
    };
    let attack = async {
        timeout(Duration::from_secs(100), attackers).await.expect("all of them are cut");
        ended.cancel();
    };
    let ((), (slowest, calls)) = tokio::join!(attack, ordinary);
    let after = memory(server.pid());
    assert!(calls > 100 && slowest < Duration::from_secs(5), "{calls} calls, the slowest {slowest:?}");
    // Some 20 KB each, most of it actix' buffers and headers.
    assert!(after.1 < before.1 + 100, "before {before:?} MB, after {after:?} MB; {calls} calls, the slowest {slowest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_stay_below_the_limit_of_descriptors() {
    let (_database, mut settings) = settings().await;
    let (port, log) = (RealServer::free_port(), tempfile::NamedTempFile::new().unwrap());
    settings.extend([("PORT", port.to_string()), ("RUST_LOG", "info".to_owned())]);
    let plain = RealServer::command("cheapbob-http", &settings);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 300 && exec \"$0\""]).arg(plain.get_program()).stdout(Stdio::null()).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let child = command.stderr(log.reopen().unwrap()).spawn().unwrap();
    let child = Ended(child);
    let api = Api::new(&format!("http://localhost:{port}"));
    eventually("it serves", 60, || async { api.try_call(reqwest::Method::GET, "/health", None, None).await.ok() }).await;
    let mut known = Line::open(&api).await;
    known.say(&get("/health")).await;
    known.answer(b"}").await;
    let mut others = Vec::new();
    for _ in 0..400 {
        others.push(Line::open(&api).await);
    }
    let said = || std::fs::read_to_string(log.path()).unwrap();
    eventually("the log says so", 10, || async { said().contains("as many connections are open as this process takes").then_some(()) })
        .await;
    assert!(said().contains("connections=150") && said().contains("descriptors=300"), "{}", said());
    known.say(&get("/health/ready")).await;
    let answer = known.answer(b"}}}").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "databases have their descriptors: {answer}");
    // Who waits is served when others have gone.
    let mut last = others.pop().unwrap();
    drop(others);
    last.say(&get("/health")).await;
    assert!(last.answer(b"}").await.starts_with("HTTP/1.1 200"));
    assert!(!said().contains("Too many open files"), "{}", said());
    drop(child);
}

/// A process that ends with this value.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
