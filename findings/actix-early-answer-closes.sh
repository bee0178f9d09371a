#!/usr/bin/env bash
# actix-web closes the connection after an answer that did not read the request's body, though the body is there already.
#
# Seen with: crates.io actix-web 4.18.1.
# A POST of head and two bytes of body arrives in one packet. A handler that answers at once gets `connection: close` into its answer, and
# the connection is closed; so does a route that is not there (404) and a method that is not allowed (405). The same handler that lets the
# dispatcher have one more turn first (`yield_now().await`) keeps the connection: by then the two bytes are read.
# Why it matters: refusing early, before the body, is how a service is kept cheap under a flood (bad signature, no session, too many
# requests). Here each early refusal costs both sides a new TCP connection (and TLS handshake), so that in our measurement refusals without a
# look at the body were half as quick as those with a look at the database; behind a proxy they wear out its kept connections.
#
# Needs cargo. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder" && mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2024"
[dependencies]
actix-web = { version = "=4.18.1", default-features = false, features = ["macros"] }
tokio = { version = "1", features = ["io-util", "net"] }
TOML
cat >src/main.rs <<'RS'
use actix_web::{App, HttpResponse, HttpServer, web};
use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::TcpStream, task::yield_now};

async fn at_once() -> HttpResponse {
    HttpResponse::BadRequest().finish()
}

async fn after_a_turn() -> HttpResponse {
    yield_now().await;
    HttpResponse::BadRequest().finish()
}

async fn fate(port: u16, path: &str) -> &'static str {
    let mut line = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    line.write_all(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
        assert_ne!(line.read_buf(&mut answer).await.unwrap(), 0);
    }
    if String::from_utf8(answer).unwrap().to_lowercase().contains("connection: close") { "closed" } else { "kept" }
}

#[actix_web::main]
async fn main() {
    let routes = || App::new().route("/at-once", web::post().to(at_once)).route("/turn", web::post().to(after_a_turn)).route("/get", web::get().to(at_once));
    let server = HttpServer::new(routes).workers(1).bind(("127.0.0.1", 0)).unwrap();
    let port = server.addrs()[0].port();
    actix_web::rt::spawn(server.run());
    for path in ["/at-once", "/nowhere", "/get", "/turn"] {
        println!("{path}: {}", fate(port, path).await);
    }
}
RS
cargo run --quiet >out
cat out
[ "$(tr '\n' ' ' <out)" = "/at-once: closed /nowhere: closed /get: closed /turn: kept " ] || { echo "the behaviour has changed" >&2; exit 1; }
