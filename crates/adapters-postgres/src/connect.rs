//! A connection to whichever of the servers can be written to.

use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

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
    Client, Config, Connection, NoTls, SimpleQueryMessage, Socket,
    config::{Host, SslMode, SslNegotiation},
    error::SqlState,
    tls::{MakeTlsConnect, NoTlsStream, TlsConnect},
};
use tokio_rustls::TlsConnector;

use crate::{
    address::{Address, PoolMode, in_full},
    wire::{Code, Watched},
};

/// How long all servers together may take to let us in: less than a pool waits for it, so that the reason is told.
const PATIENCE: Duration = Duration::from_millis(1_800);

/// How long one server may take where nobody waits: at the start, and to listen.
const PATIENCE_AT_LEISURE: Duration = Duration::from_secs(10);

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
    #[error("no answer in time")]
    Silent,
}

/// Statements that are not there, or are there already: somebody gives our server connection to others.
pub(crate) const POOLED: &str = ": a pooler in transaction mode is in between: set DB_POOL_MODE=transaction and MIGRATION_DATABASE_URL";

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
        "26000" | "42P05" => POOLED,
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
        let patience = share(PATIENCE, self.servers.len());
        for (n, (host, port)) in self.in_order() {
            match self.ask(host, *port, setup, patience).await {
                Ok((client, code)) => {
                    self.last.store(n, std::sync::atomic::Ordering::Relaxed);
                    return Ok((self.prepare(client).await?, code));
                }
                Err(e) => refused.push(format!("{}: {e}", shown(host, *port))),
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

    async fn ask(&self, host: &Host, port: u16, setup: &str, patience: Duration) -> Result<(Client, Arc<Code>), Refused> {
        let name = match host {
            Host::Unix(folder) => {
                let socket = folder.join(format!(".s.PGSQL.{port}"));
                let spoken = async { self.speak(UnixStream::connect(socket).await?, None, setup, None).await };
                return timeout(patience, spoken).await.unwrap_or(Err(Refused::Silent));
            }
            Host::Tcp(name) => name,
        };
        let addresses: Vec<_> = timeout(patience, lookup_host((name.as_str(), port))).await.map_err(|_| Refused::Silent)??.collect();
        self.ask_in_turn(&addresses, name, setup, patience).await
    }

    /// Of the addresses of one name each has its share of the time, so that a silent one keeps nobody from the next.
    async fn ask_in_turn(
        &self,
        addresses: &[SocketAddr],
        name: &str,
        setup: &str,
        patience: Duration,
    ) -> Result<(Client, Arc<Code>), Refused> {
        let mut refused = Refused::Io(io::Error::new(io::ErrorKind::NotFound, "its name has no address"));
        for address in addresses {
            let spoken = timeout(share(patience, addresses.len()), self.ask_address(*address, name, setup));
            match spoken.await.unwrap_or(Err(Refused::Silent)) {
                Err(e) => refused = e,
                client => return client,
            }
        }
        Err(refused)
    }

    /// Where TLS is only preferred, a server with which it fails is spoken to in the clear, as libpq does.
    async fn ask_address(&self, address: SocketAddr, name: &str, setup: &str) -> Result<(Client, Arc<Code>), Refused> {
        let over_tls = self.speak(connected(address).await?, Some(name), setup, self.tls.as_ref()).await;
        match over_tls {
            Err(Refused::Postgres(e)) if self.clear_will_do && e.code().is_none() => {
                self.speak(connected(address).await?, Some(name), setup, None).await
            }
            answer => answer,
        }
    }

    async fn speak<S>(
        &self,
        mut stream: S,
        name: Option<&str>,
        setup: &str,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<(Client, Arc<Code>), Refused>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let code = Arc::new(Code::default());
        let mut config = Config::clone(&self.config);
        let tls = match tls.zip(name) {
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
        // Boxed: whatever starts a product would carry all of it.
        Box::pin(self.direct().unwrap_or(self).establish_here()).await
    }

    /// tokio-postgres' own way, since only of that diesel hears notifications; each server by itself, so that a silent one ends nothing.
    async fn establish_here(&self) -> ConnectionResult<AsyncPgConnection> {
        let mut refused = Vec::new();
        for (n, (host, port)) in self.in_order() {
            let mut config = self.of_one(host, *port);
            let mut tried = timeout(PATIENCE_AT_LEISURE, self.establish_at(&config)).await;
            if self.clear_will_do && matches!(&tried, Ok(Err(e)) if e.code().is_none()) {
                config.ssl_mode(SslMode::Disable);
                tried = timeout(PATIENCE_AT_LEISURE, self.establish_at(&config)).await;
            }
            match tried {
                Ok(Ok(established)) => {
                    self.last.store(n, std::sync::atomic::Ordering::Relaxed);
                    return match established {
                        Established::Tls(client, connection) => {
                            AsyncPgConnection::try_from_client_and_connection(client, *connection).await
                        }
                        Established::Clear(client, connection) => {
                            AsyncPgConnection::try_from_client_and_connection(client, *connection).await
                        }
                    };
                }
                Ok(Err(e)) => {
                    let code = e.code().map_or_else(String::new, told);
                    refused.push(format!("{}: {}{code}", shown(host, *port), in_full(&e)));
                }
                Err(_) => refused.push(format!("{}: no answer in time", shown(host, *port))),
            }
        }
        Err(ConnectionError::BadConnection(refused.join("; ")))
    }

    async fn establish_at(&self, config: &Config) -> Result<Established, tokio_postgres::Error> {
        Ok(match &self.tls {
            Some(tls) if config.get_ssl_mode() != SslMode::Disable => {
                let (client, connection) = config.connect(Making(Arc::clone(tls))).await?;
                Established::Tls(client, Box::new(connection))
            }
            _ => {
                let (client, connection) = config.connect(NoTls).await?;
                Established::Clear(client, Box::new(connection))
            }
        })
    }

    /// The settings for one of the servers.
    fn of_one(&self, host: &Host, port: u16) -> Config {
        let mut config = Config::new();
        let all = &self.config;
        match host {
            Host::Tcp(name) => config.host(name),
            Host::Unix(folder) => config.host_path(folder),
        };
        config.port(port).ssl_mode(all.get_ssl_mode()).ssl_negotiation(SslNegotiation::Postgres);
        config.target_session_attrs(all.get_target_session_attrs()).channel_binding(all.get_channel_binding());
        config.tcp_user_timeout(UNACKNOWLEDGED);
        all.get_user().map(|user| config.user(user));
        all.get_password().map(|password| config.password(password));
        all.get_dbname().map(|name| config.dbname(name));
        all.get_options().map(|options| config.options(options));
        all.get_application_name().map(|name| config.application_name(name));
        config
    }
}

/// A connection of either kind, with what drives it.
enum Established {
    Tls(Client, Box<Connection<Socket, <Connector as TlsConnect<Socket>>::Stream>>),
    Clear(Client, Box<Connection<Socket, NoTlsStream>>),
}

/// What each of so many may take of the whole.
fn share(whole: Duration, of: usize) -> Duration {
    whole / u32::try_from(of.max(1)).unwrap_or(u32::MAX)
}

async fn connected(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    socket.set_keepalive(true)?;
    Ok(stream)
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Nobody listens at the first address of a name, the second accepts and says nothing, the third is the server.
    #[tokio::test]
    async fn a_name_may_have_several_addresses() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let (silent, server) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let addresses = [closed, silent.local_addr().unwrap(), server.local_addr().unwrap()];
        tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let refusal = b"SFATAL\0C28P01\0Mno\0\0";
            let length = u32::try_from(refusal.len() + 4).unwrap();
            stream.write_all(&[b"E", length.to_be_bytes().as_slice(), refusal].concat()).await.unwrap();
            // Until the other side goes: else what it has not read is lost.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        });
        let address = Address::parse("postgres://u:p@name/c?sslmode=disable").unwrap();
        let begin = std::time::Instant::now();
        let refused = address.ask_in_turn(&addresses, "name", "", PATIENCE).await.err().unwrap().to_string();
        assert!(refused.contains("28P01"), "{refused}");
        assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    }
}
