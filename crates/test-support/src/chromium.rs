//! A browser without a window, by the DevTools protocol.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::waiting::eventually;

/// A browser with a profile of its own and one page; it ends with this value.
pub struct Chromium {
    child: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    calls: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

/// Its program: `CHROMIUM`, or the first of the usual names that is there.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut usual =
        std::env::split_paths(&paths).flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)));
    named.or_else(|| usual.find(|program| program.is_file()))
}

impl Chromium {
    /// Starts one. `None`: there is none on this machine.
    pub async fn start() -> Option<Self> {
        let (program, profile) = (program()?, tempfile::tempdir().unwrap());
        let child = Command::new(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-port=0",
                "about:blank",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port = profile.path().join("DevToolsActivePort");
        let address = eventually("the browser listens", 60, || async {
            let text = std::fs::read_to_string(&port).ok()?;
            let (port, path) = text.trim().split_once('\n')?;
            Some(format!("ws://127.0.0.1:{port}{path}"))
        });
        let (socket, _) = connect_async(address.await).await.unwrap();
        let mut browser = Self { child, socket, session: None, calls: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true })).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        Some(browser)
    }

    /// Calls a method of the protocol; gives its result.
    pub async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": parameters });
        // What is of the browser is not of its page.
        if let Some(session) = self.session.as_ref().filter(|_| !method.starts_with("Browser.")) {
            call["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(call.to_string())).await.unwrap();
        loop {
            let said = self.hear().await;
            if said["id"] == self.calls {
                assert!(said.get("error").is_none(), "{method}: {said}");
                return said["result"].clone();
            }
            self.events.push(said);
        }
    }

    async fn hear(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.next().await.expect("the browser lives").unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Waits for what `found` finds in an event of this name, which may have come before.
    pub async fn event<T>(&mut self, name: &str, found: impl Fn(&Value) -> Option<T>) -> T {
        let of_name = |event: &Value| (event["method"] == name).then(|| found(&event["params"])).flatten();
        if let Some(found) = self.events.iter().find_map(of_name) {
            return found;
        }
        loop {
            let event = self.hear().await;
            if let Some(found) = of_name(&event) {
                return found;
            }
            self.events.push(event);
        }
    }

    /// What a script of the page comes to.
    pub async fn evaluate(&mut self, script: &str) -> Value {
        let parameters = json!({ "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let done = self.call("Runtime.evaluate", parameters).await;
        assert!(done.get("exceptionDetails").is_none(), "{script}: {done}");
        done["result"]["value"].clone()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
