//! A connection to whichever of the servers can be written to.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use diesel::{ConnectionError, ConnectionResult, connection::CacheSize};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use rustls::{
    ClientConfig,
    pki_types::{InvalidDnsNameError, ServerName},
};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream, lookup_host},
    time::timeout,
};
use tokio_postgres::{
    Client, Config, NoTls, SimpleQueryMessage,
    config::{Host, SslMode, SslNegotiation},
    error::SqlState,
    tls::{MakeTlsConnect, TlsConnect},
};
use tokio_rustls::TlsConnector;

use crate::{
    address::{Address, PoolMode, in_full},
    wire::{Code, Watched},
};

/// How long all servers together may take to let us in: less than a pool waits for it, so that the reason is told.
const PATIENCE: Duration = Duration::from_millis(1_800);

/// Data that nobody acknowledges for so long: the cable was pulled, and the connection is closed.
const UNACKNOWLEDGED: Duration = Duration::from_secs(2);

/// At the beginning of a transaction behind a pooler: whoever had the server connection before may have left statements there, under names
/// that we will use. (A row holds its statement, and is often dropped after the transaction.)
pub(crate) const FORGET: &str = "DEALLOCATE ALL; ";

/// Why a server did not let us in.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("TLS: the server does not offer it: see DB_SSLMODE")]
    NoTls,
    #[error("TLS: {0} is no name that a certificate can have")]
    Name(String),
    #[error("{}{}", in_full(.0), .0.code().map_or_else(String::new, told))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("it takes no writes: it is a standby, or read-only")]
    ReadOnly,
}

/// A code and what an operator can do about it. The server's words before it are in its own language.
fn told(code: &SqlState) -> String {
    let advice = match code.code() {
        "28P01" | "28000" => {
            ": it takes no such user and password from this host, or not without TLS: see DB_USER, DB_PASSWORD, DB_SSLMODE"
        }
        "3D000" => ": there is no such database: see DB_NAME",
        "42501" => ": our user may not connect: GRANT CONNECT",
        "53300" => ": it has no connection left: fewer processes, a smaller DB_POOL_SIZE, or a pooler",
        "57P03" => ": it starts or stops just now",
        _ => "",
    };
    format!(" ({}){advice}", code.code())
}

impl Address {
    /// A connection on which `setup` was run, and the code of its last error.
    ///
    /// # Errors
    /// Of each server why not, a line.
    pub(crate) async fn connect(&self, setup: &str) -> ConnectionResult<(AsyncPgConnection, Arc<Code>)> {
        let mut refused = Vec::new();
        let patience = PATIENCE / u32::try_from(self.servers.len()).unwrap_or(1);
        for (n, (host, port)) in self.in_order() {
            match timeout(patience, self.ask(host, *port, setup)).await {
                Ok(Ok((client, code))) => {
                    self.last.store(n, std::sync::atomic::Ordering::Relaxed);
                    return Ok((self.prepare(client).await?, code));
                }
                Ok(Err(e)) => refused.push(format!("{}: {e}", shown(host, *port))),
                Err(_) => refused.push(format!("{}: no answer in time", shown(host, *port))),
            }
        }
        Err(ConnectionError::BadConnection(refused.join("; ")))
    }

    /// diesel's own settings of a connection are two statements that it prepares. Behind a pooler they must find one server connection.
    async fn prepare(&self, client: Client) -> ConnectionResult<AsyncPgConnection> {
        let failed = |e: tokio_postgres::Error| ConnectionError::BadConnection(in_full(&e));
        if self.pool_mode == PoolMode::Session {
            return AsyncPgConnection::try_from(client).await;
        }
        client.batch_execute(&format!("BEGIN; {FORGET}")).await.map_err(failed)?;
        let mut connection = AsyncPgConnection::try_from(client).await?;
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        let done = connection.batch_execute("COMMIT").await;
        done.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }

    async fn ask(&self, host: &Host, port: u16, setup: &str) -> Result<(Client, Arc<Code>), Refused> {
        let name = match host {
            Host::Unix(folder) => {
                let stream = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
                return self.speak(stream, None, setup).await;
            }
            Host::Tcp(name) => name,
        };
        let mut refused = Refused::Io(io::Error::new(io::ErrorKind::NotFound, "its name has no address"));
        for address in lookup_host((name.as_str(), port)).await? {
            let spoken = async {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let socket = SockRef::from(&stream);
                socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
                socket.set_keepalive(true)?;
                self.speak(stream, Some(name), setup).await
            };
            match spoken.await {
                Err(e) => refused = e,
                client => return client,
            }
        }
        Err(refused)
    }

    async fn speak<S>(&self, mut stream: S, name: Option<&str>, setup: &str) -> Result<(Client, Arc<Code>), Refused>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let code = Arc::new(Code::default());
        let mut config = Config::clone(&self.config);
        let tls = match self.tls.as_ref().zip(name) {
            Some(tls) if offers_tls(&mut stream).await? => Some(tls),
            Some(_) if !self.clear_will_do => return Err(Refused::NoTls),
            _ => None,
        };
        let client = if let Some((tls, name)) = tls {
            // It has been asked already.
            config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
            let connector = connector(tls, name, &code).map_err(|_| Refused::Name(name.to_owned()))?;
            let (client, connection) = config.connect_raw(stream, connector).await?;
            tokio::spawn(connection);
            client
        } else {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect_raw(Watched::new(stream, Arc::clone(&code)), NoTls).await?;
            tokio::spawn(connection);
            client
        };
        let answers = client.simple_query(&format!("{setup}SHOW transaction_read_only")).await?;
        let read_only = answers.iter().any(|answer| matches!(answer, SimpleQueryMessage::Row(row) if row.get(0) == Some("on")));
        if read_only && self.wants_writable() { Err(Refused::ReadOnly) } else { Ok((client, code)) }
    }

    /// A connection without limits, past the pooler: for migrations, and to listen.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn establish(&self) -> ConnectionResult<AsyncPgConnection> {
        self.direct.as_deref().unwrap_or(self).establish_here().await
    }

    async fn establish_here(&self) -> ConnectionResult<AsyncPgConnection> {
        let failed = |e: tokio_postgres::Error| {
            let code = e.code().map_or_else(String::new, told);
            ConnectionError::BadConnection(format!("{}{code}", in_full(&e)))
        };
        match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(Making(Arc::clone(tls))).await.map_err(failed)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        }
    }
}

fn shown(host: &Host, port: u16) -> String {
    match host {
        Host::Tcp(name) => format!("{name}:{port}"),
        Host::Unix(folder) => folder.display().to_string(),
    }
}

/// Asks whether the server speaks TLS (`SSLRequest`).
async fn offers_tls<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<bool> {
    const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    stream.write_all(&REQUEST).await?;
    Ok(stream.read_u8().await? == b'S')
}

/// TLS for one connection.
struct Connector {
    connector: TlsConnector,
    name: ServerName<'static>,
    code: Arc<Code>,
}

fn connector(tls: &Arc<ClientConfig>, name: &str, code: &Arc<Code>) -> Result<Connector, InvalidDnsNameError> {
    let name = ServerName::try_from(name)?.to_owned();
    Ok(Connector { connector: TlsConnector::from(Arc::clone(tls)), name, code: Arc::clone(code) })
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Connector {
    type Stream = Watched<tokio_rustls::client::TlsStream<S>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Stream>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Watched::new(self.connector.connect(self.name, stream).await?, self.code)) })
    }
}

/// TLS for any of the hosts.
struct Making(Arc<ClientConfig>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Making {
    type Stream = <Connector as TlsConnect<S>>::Stream;
    type TlsConnect = Connector;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connector, InvalidDnsNameError> {
        // A socket's folder has no name, and no TLS either.
        connector(&self.0, if host.is_empty() { "localhost" } else { host }, &Arc::default())
    }
}
