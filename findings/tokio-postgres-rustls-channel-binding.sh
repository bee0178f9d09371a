#!/usr/bin/env bash
# tokio-postgres-rustls never binds the channel: SCRAM-SHA-256-PLUS is not used where the server offers it, and
# `channel_binding=require`, as some managed databases' addresses say, never connects.
#
# Seen with: crates.io tokio-postgres-rustls 0.13.0, tokio-postgres 0.7.18.
# A server with an ordinary certificate (ECDSA, SHA-256) offers both mechanisms over TLS. The client takes SCRAM-SHA-256; told that it must
# bind the channel, it gives up. The crate means to hash the certificate (RFC 5929), but reads the whole certificate as if it were the part
# inside that is signed; that fails for every certificate, and a failure counts as "nothing to bind".
# Expected by a reader: the crate's own description of channel binding; tokio-postgres-native-tls and -openssl bind.
# Cure: a `TlsConnect` of one's own over tokio-rustls, thirty lines, that reads the certificate as one.
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
rcgen = { version = "=0.14.10", default-features = false, features = ["ring", "pem"] }
rustls = { version = "0.23", default-features = false, features = ["ring", "std", "tls12"] }
tokio = { version = "1", features = ["rt", "macros", "net", "io-util"] }
tokio-postgres = "=0.7.18"
tokio-postgres-rustls = "=0.13.0"
tokio-rustls = { version = "0.26", default-features = false, features = ["ring", "tls12"] }
TOML
cat >src/main.rs <<'RS'
use std::{error::Error, sync::Arc};
use rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::PrivatePkcs8KeyDer};
use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::TcpListener};
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// As much of PostgreSQL as a login needs; gives the mechanism that the client takes.
async fn server(listener: &TcpListener, config: Arc<ServerConfig>) -> Result<String, Box<dyn Error>> {
    let (mut socket, _) = listener.accept().await?;
    let mut ssl_request = [0; 8];
    socket.read_exact(&mut ssl_request).await?;
    socket.write_all(b"S").await?;
    let mut stream = tokio_rustls::TlsAcceptor::from(config).accept(socket).await?;
    let length = stream.read_u32().await?;
    let mut startup = vec![0; length as usize - 4];
    stream.read_exact(&mut startup).await?;
    // AuthenticationSASL
    let body = b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
    stream.write_u8(b'R').await?;
    stream.write_u32(body.len() as u32 + 4).await?;
    stream.write_all(body).await?;
    stream.flush().await?;
    // SASLInitialResponse
    let (_kind, length) = (stream.read_u8().await?, stream.read_u32().await?);
    let mut answer = vec![0; length as usize - 4];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(answer.split(|b| *b == 0).next().unwrap_or_default()).into_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(identity.signing_key.serialize_der());
    let served = Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(vec![identity.cert.der().clone()], key.into())?);
    let mut trusted = RootCertStore::empty();
    trusted.add(identity.cert.der().clone())?;
    let tls = MakeRustlsConnect::new(ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth());
    for (name, binding) in [("prefer", ChannelBinding::Prefer), ("require", ChannelBinding::Require)] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut config = tokio_postgres::Config::new();
        config.host("localhost").hostaddr([127, 0, 0, 1].into()).port(listener.local_addr()?.port());
        config.user("u").password("p").ssl_mode(SslMode::Require).channel_binding(binding);
        let (taken, connected) = tokio::join!(server(&listener, Arc::clone(&served)), config.connect(tls.clone()));
        let said = connected.err().map(|e| e.source().map_or_else(|| e.to_string(), ToString::to_string)).unwrap_or_default();
        println!("{name}: {}", taken.unwrap_or_else(|_| format!("gives up: {said}")));
    }
    Ok(())
}
RS
seen=$(cargo run --quiet)
echo "$seen"
grep -qx 'prefer: SCRAM-SHA-256' <<<"$seen" && grep -q '^require: gives up' <<<"$seen" || { echo "it has changed" >&2; exit 1; }
