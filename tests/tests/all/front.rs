//! nginx in front, on `config/nginx.conf`: no call is lost between it and us, and none is made twice.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cheapbob_test_support::{Api, Nginx, RealServer, TestApp, TestDatabase, eventually, noon};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// What stands behind nginx: it counts what it hears, and breaks off before it answers, as a process that dies, while it is told to.
struct Upstream {
    port: u16,
    accepts: AbortHandle,
}

impl Upstream {
    async fn start(heard: &Arc<Mutex<usize>>, dies: &Arc<AtomicBool>) -> Self {
        let port = RealServer::free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (heard, dies) = (Arc::clone(heard), Arc::clone(dies));
        let accepts = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (heard, dies) = (Arc::clone(&heard), Arc::clone(&dies));
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    // Each of them ends with its head, or with this body.
                    while !request.ends_with(b"{}")
                        && (!request.ends_with(b"\r\n\r\n") || request.windows(16).any(|w| w == b"Content-Length: "))
                    {
                        if socket.read_buf(&mut request).await.unwrap_or_default() == 0 {
                            return;
                        }
                    }
                    *heard.lock().unwrap() += 1;
                    if !dies.load(Ordering::Relaxed) {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                        socket.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        Self { port, accepts: accepts.abort_handle() }
    }
}

async fn listening(port: u16) {
    eventually("nginx listens", 10, || async { TcpStream::connect(("127.0.0.1", port)).await.ok() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_not_sent_again_and_what_was_not_is() {
    let (heard, dies) = (Arc::<Mutex<usize>>::default(), Arc::new(AtomicBool::new(true)));
    let (one, two) = (Upstream::start(&heard, &dies).await, Upstream::start(&heard, &dies).await);
    let front = RealServer::free_port();
    let _nginx = Nginx::start(front, [one.port, two.port]);
    listening(front).await;
    let api = Api::new(&format!("http://127.0.0.1:{front}"));
    let (body, moving) = (json!({}), [Method::POST, Method::PUT, Method::PATCH, Method::DELETE]);
    for method in &moving {
        for body in [None, Some(&body)] {
            *heard.lock().unwrap() = 0;
            let answer = api.call(method.clone(), "/x", None, body).await;
            assert_eq!((answer.status, *heard.lock().unwrap()), (502, 1), "{method} {body:?}");
        }
    }
    *heard.lock().unwrap() = 0;
    assert_eq!((api.get("/x").await.status, *heard.lock().unwrap()), (502, 2), "to read again does no harm");

    // One is gone: the other one gets it.
    one.accepts.abort();
    dies.store(false, Ordering::Relaxed);
    eventually("one is gone", 10, || async { TcpStream::connect(("127.0.0.1", one.port)).await.err() }).await;
    for method in moving.iter().chain([&Method::GET]) {
        for n in 0..4 {
            *heard.lock().unwrap() = 0;
            let answer = api.call(method.clone(), "/x", None, Some(&body)).await;
            assert_eq!((answer.status, *heard.lock().unwrap()), (200, 1), "{method} {n}");
        }
    }
    two.accepts.abort();
    eventually("both are gone", 10, || async { TcpStream::connect(("127.0.0.1", two.port)).await.err() }).await;
    for method in &moving {
        assert_eq!(api.call(method.clone(), "/x", None, Some(&body)).await.status, 502);
    }
}

/// A process dies right after it has canceled an order: its answer is lost, the money goes back once, and whoever asks again hears so.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_whose_answer_was_lost_is_heard_at_the_second_call() {
    let database = TestDatabase::create().await;
    let (front, ports) = (RealServer::free_port(), [RealServer::free_port(), RealServer::free_port()]);
    let settings = vec![
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("OAUTH_REDIRECT_BASE_URL", format!("http://localhost:{front}")),
        ("PORTONE_API_BASE_URL", format!("http://localhost:{front}/sandbox/portone")),
        ("CHEAPBOB_CRASH_AT", "cancel:after:1".to_owned()),
        ("RUST_LOG", "off".to_owned()),
    ];
    // Both are to die at their first: it is not known which of them gets it.
    let servers = [RealServer::mortal(ports[0], &settings).await.unwrap(), RealServer::mortal(ports[1], &settings).await.unwrap()];
    let _nginx = Nginx::start(front, ports);
    listening(front).await;
    let api = Api::new(&format!("http://localhost:{front}"));
    api.set_clock(noon()).await;
    let (shop, customer) = (api.shop(5).await, api.customer().await);
    let held = customer.order(&shop.product_id, 2).await;
    assert_eq!(customer.cancel(&held.payment_id).await.status, 502);
    let dead = || servers.iter().filter(|server| server.has_ended()).count();
    eventually("one has died", 10, || async { (dead() > 0).then_some(()) }).await;
    assert_eq!(dead(), 1, "the other one has not heard of it");
    let again = customer.cancel(&held.payment_id).await.expect(200);
    assert_eq!((&again["payment_id"], &again["total_amount"]), (&json!(held.payment_id), &json!(14_000)));
    eventually("the money is back", 30, || async { (api.cancelled(&held.payment_id).await == 14_000).then_some(()) }).await;
    assert_eq!(database.count("audit_log WHERE event = 'canceled'").await, 1);
    assert_eq!(shop.seller.delete(&format!("/api/v1/seller/store/orders/{}/cancel", held.payment_id)).await.refused(400), "order_canceled");
}

/// A connection to us as something in front holds it.
struct Line(TcpStream);

impl Line {
    async fn open(base: &str) -> Self {
        Self(TcpStream::connect(base.strip_prefix("http://").unwrap().replace("localhost", "127.0.0.1")).await.unwrap())
    }

    /// The status of a call, `None` where the connection is closed.
    async fn post(&mut self) -> Option<u16> {
        self.0.write_all(b"POST /api/v1/auth/logout HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.ok()?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            if self.0.read_buf(&mut answer).await.ok()? == 0 {
                return None;
            }
        }
        String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
    }

    /// Waits until the other side closes.
    async fn closed(&mut self) {
        while self.0.read_buf(&mut Vec::new()).await.unwrap_or_default() > 0 {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_outlive_what_is_in_front() {
    let config = |file: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(file)).unwrap();
    let number = |text: &str, before: &str| -> u64 {
        let after = text.split(before).nth(1).unwrap();
        after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    let (ours, theirs) = (number(&config("default.toml"), "\nkeep_alive_seconds = "), number(&config("nginx.conf"), " keepalive_timeout "));
    assert!(ours >= 75 && theirs <= 60, "{ours} s, nginx {theirs} s");

    let app = TestApp::start().await;
    let (mut kept, mut opened_ahead) = (Line::open(&app.api.base).await, Line::open(&app.api.base).await);
    assert_eq!(kept.post().await, Some(200));
    // More than the 5 s for which actix would keep them.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!((kept.post().await, opened_ahead.post().await), (Some(200), Some(200)));

    let short = TestApp::with(|settings| settings.keep_alive = Duration::from_secs(1)).await;
    let mut kept = Line::open(&short.api.base).await;
    assert_eq!(kept.post().await, Some(200));
    tokio::time::timeout(Duration::from_secs(10), kept.closed()).await.expect("KEEP_ALIVE_SECONDS is how long");
}

/// The field's own case: calls that come just when actix would close the connection on which nginx sends them.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_between_nginx_and_us() {
    let app = TestApp::start().await;
    let (front, port) = (RealServer::free_port(), url::Url::parse(&app.api.base).unwrap().port().unwrap());
    let _nginx = Nginx::start(front, [port, port]);
    listening(front).await;
    let api = Api::new(&format!("http://127.0.0.1:{front}"));
    let caller = async |n: u64| {
        for _ in 0..2 {
            assert_eq!(api.call(Method::POST, "/api/v1/auth/logout", None, None).await.status, 200, "caller {n}");
            tokio::time::sleep(Duration::from_millis(4_900 + 5 * n)).await;
        }
        assert_eq!(api.call(Method::POST, "/api/v1/auth/logout", None, None).await.status, 200, "caller {n}");
    };
    join_all((0..=40).map(caller)).await;
}

/// An idle connection keeps nobody from stopping, however long it would be kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_closes_idle_connections_and_ends_the_calls_under_way() {
    let data = tempfile::tempdir().unwrap();
    let server = RealServer::http(RealServer::free_port(), &[("CHEAPBOB_DATA_DIR", data.path().display().to_string())]).await;
    let (mut kept, mut opened_ahead) = (Line::open(&server.api.base).await, Line::open(&server.api.base).await);
    assert_eq!(kept.post().await, Some(200));
    let begin = Instant::now();
    let stopped = tokio::task::spawn_blocking(move || server.interrupt());
    kept.closed().await;
    opened_ahead.closed().await;
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(stopped.await.unwrap().success());
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
}

/// HEAD, and a caller's own id, reach us through nginx.
#[tokio::test(flavor = "multi_thread")]
async fn nginx_passes_on_what_it_gets() {
    let app = TestApp::start().await;
    let (front, port) = (RealServer::free_port(), url::Url::parse(&app.api.base).unwrap().port().unwrap());
    let _nginx = Nginx::start(front, [port, port]);
    listening(front).await;
    let api = Api::new(&format!("http://127.0.0.1:{front}"));
    let head = api.call(Method::HEAD, "/health", None, None).await;
    assert_eq!((head.status, head.headers["content-length"].to_str().unwrap(), head.body), (200, "15", Value::from("")));
    let answer = api.get_with("/api/v1/user/role", &[("x-request-id", "of-the-caller")]).await;
    let id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!((id.len(), answer.body["request_id"].as_str()), (26, Some(id.as_str())));
}
