//! A push service, and browsers that subscribed there: the other side of Web Push, in tests. It has a page with a service worker, too.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::notices::Subscription;
use p256::{SecretKey, elliptic_curve::sec1::ToEncodedPoint};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A private key of VAPID, base64url.
pub const VAPID_KEY: &str = "RS0WdYWWo1HajXg3NZR1olzCf31i-ZBGDkFyCs7j1jw";

/// A service worker that shows what it gets, as a front end's would.
const WORKER: &str = "self.addEventListener('push', (event) => {
  const { title, ...notification } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, notification));
});";

/// A message as it came over the wire.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// Of which browser.
    pub path: String,
    /// By their names in lower case.
    pub headers: HashMap<String, String>,
    /// Encrypted.
    pub body: Vec<u8>,
}

/// Status, and what stands in `Retry-After`.
type Refusal = (u16, u32);

#[derive(Default)]
struct State {
    received: Vec<PushRequest>,
    /// What came is counted, and not kept.
    counts_only: bool,
    count: usize,
    /// Answers other than 201, by path, in turn.
    refusals: HashMap<String, VecDeque<Refusal>>,
}

/// A push service; it ends with this value.
pub struct PushServer {
    /// On 127.0.0.1.
    pub port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl PushServer {
    /// Starts one that counts, and keeps nothing.
    pub async fn counting() -> Self {
        let server = Self::start().await;
        server.state.lock().unwrap().counts_only = true;
        server
    }

    /// Starts it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, state) = (listener.local_addr().unwrap().port(), Arc::<Mutex<State>>::default());
        let kept = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&kept)));
            }
        });
        Self { port, state, task }
    }

    /// A browser that subscribes here.
    pub fn browser(&self) -> Browser {
        let path = format!("/push/{}", ulid::Ulid::r#gen());
        let secret = std::iter::repeat_with(|| SecretKey::from_slice(&rand::random::<[u8; 32]>())).find_map(Result::ok).unwrap();
        Browser { endpoint: format!("http://127.0.0.1:{}{path}", self.port), path, secret, auth: rand::random() }
    }

    /// What came so far.
    pub fn received(&self) -> Vec<PushRequest> {
        self.state.lock().unwrap().received.clone()
    }

    /// How many came so far.
    pub fn count(&self) -> usize {
        self.state.lock().unwrap().count
    }

    /// What came for this browser and was taken, decrypted.
    pub fn shown(&self, browser: &Browser) -> Vec<Value> {
        self.received().iter().filter(|request| request.path == browser.path).map(|request| browser.read(request)).collect()
    }

    /// Refuses the next message of this browser.
    pub fn refuse(&self, browser: &Browser, status: u16, retry_after: u32) {
        self.state.lock().unwrap().refusals.entry(browser.path.clone()).or_default().push_back((status, retry_after));
    }
}

impl Drop for PushServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// HTTP/1.1, as far as our client speaks it.
async fn serve(socket: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    loop {
        let (mut line, mut headers) = (String::new(), HashMap::new());
        if socket.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let is_read = line.starts_with("GET ");
        loop {
            line.clear();
            socket.read_line(&mut line).await?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None => break,
            };
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await?;
        if is_read {
            let (kind, text) =
                if path == "/worker.js" { ("text/javascript", WORKER) } else { ("text/html", "<!doctype html><title>page</title>") };
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{text}", text.len());
            socket.write_all(answer.as_bytes()).await?;
            continue;
        }
        let refused = {
            let mut state = state.lock().unwrap();
            let refused = state.refusals.get_mut(&path).and_then(VecDeque::pop_front);
            if refused.is_none() {
                state.count += 1;
                if !state.counts_only {
                    state.received.push(PushRequest { path, headers, body });
                }
            }
            refused
        };
        let answer = match refused {
            None => "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Some((status, after)) => format!("HTTP/1.1 {status} No\r\nretry-after: {after}\r\ncontent-length: 0\r\n\r\n"),
        };
        socket.write_all(answer.as_bytes()).await?;
    }
}

/// A browser with a key pair of its own.
#[derive(Clone)]
pub struct Browser {
    /// Where its push service takes messages for it.
    pub endpoint: String,
    path: String,
    secret: SecretKey,
    auth: [u8; 16],
}

impl Browser {
    /// What `pushManager.subscribe` would give, as JSON.
    pub fn subscription(&self) -> Value {
        let point = self.secret.public_key().to_encoded_point(false);
        let keys = json!({ "p256dh": URL_SAFE_NO_PAD.encode(point.as_bytes()), "auth": URL_SAFE_NO_PAD.encode(self.auth) });
        json!({ "endpoint": self.endpoint, "expirationTime": null, "keys": keys })
    }

    /// The same, for the adapter.
    pub fn parts(&self) -> Subscription {
        let subscription = self.subscription();
        let key = |name: &str| subscription["keys"][name].as_str().unwrap().to_owned();
        Subscription { endpoint: self.endpoint.clone(), p256dh: key("p256dh"), auth: key("auth") }
    }

    /// What a message says to this browser, and to no other (RFC 8291).
    pub fn read(&self, request: &PushRequest) -> Value {
        assert_eq!(request.headers["content-encoding"], "aes128gcm");
        let auth = web_push_native::Auth::from(self.auth);
        let plain = web_push_native::decrypt(request.body.clone(), &self.secret, &auth).unwrap();
        serde_json::from_slice(&plain).unwrap()
    }
}

/// What an ES256 token says, once its signature is verified with this public key, an uncompressed point.
pub fn verified_es256(token: &str, point: &[u8]) -> Value {
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.validate_aud = false;
    let key = jsonwebtoken::DecodingKey::from_ec_der(point);
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims
}
