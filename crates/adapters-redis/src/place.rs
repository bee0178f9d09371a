//! Where Redis is: one server, the primary that Sentinels name, or the node of a Cluster that has our keys.

use std::fmt;

use cheapbob_domain::shared::remote::without_login;
use futures::future::{BoxFuture, FutureExt, select_ok};
use redis::{Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, TlsCertificates, cmd};
use secrecy::{ExposeSecret, SecretString};

use crate::client::code;

/// The key that is written, for a second, to see whether Redis takes writes.
pub(crate) const READY: &str = "ready";

/// What our keys begin with in a Cluster. The braces make it the part by which the Cluster spreads keys: all of ours are in one slot.
const TOGETHER: &str = "{cheapbob}:";

/// How often a node of a Cluster may send us on to another one.
const REDIRECTIONS: usize = 3;

/// A host and a port.
pub type HostPort = (String, u16);

/// Where Redis is.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://user:password@host:port/db`, `rediss://` with TLS, `unix:///path?db=0`. With Sentinels its host and port say nothing.
    pub url: SecretString,
    /// PEM of the authorities that may have signed its certificate; `None`: the system's.
    pub root_certificate: Option<Vec<u8>>,
    /// Which server it is.
    pub servers: RedisServers,
}

/// Which server is ours.
#[derive(Debug, Clone)]
pub enum RedisServers {
    /// That of the address.
    One,
    /// The primary that Sentinels name.
    Sentinels {
        /// The Sentinels, of which one is enough.
        sentinels: Vec<HostPort>,
        /// Their name for the primary and its replicas.
        service: String,
        /// Their own user (which may be empty) and password.
        login: Option<(String, SecretString)>,
    },
    /// A node of a Cluster: any leads to the one that has our keys.
    Cluster {
        /// Nodes beside that of the address, for when that one is away.
        others: Vec<HostPort>,
    },
}

impl RedisSettings {
    /// Whether they name a Redis that can be connected to; connects nowhere.
    ///
    /// # Errors
    /// What is wrong with them, without their secrets.
    pub fn check(&self) -> Result<(), RedisError> {
        self.place().map(|_| ())
    }

    pub(crate) fn place(&self) -> Result<Place, RedisError> {
        let given = self.url.expose_secret().into_connection_info()?;
        // An ACL user need not have the right to say which library asks.
        let quiet = given.redis_settings().clone().set_skip_set_lib_name();
        let given = given.set_redis_settings(quiet);
        let client = match &self.root_certificate {
            None => Client::open(given)?,
            Some(pem) => Client::build_with_tls(given, TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) })?,
        };
        let of_several = || {
            let info = client.get_connection_info().clone();
            if matches!(info.addr(), ConnectionAddr::Unix(_)) {
                return Err(wrong("Sentinels and Clusters have no sockets"));
            }
            Ok(Like(info))
        };
        Ok(match &self.servers {
            RedisServers::One => Place::One(client),
            RedisServers::Sentinels { sentinels, service, login } => {
                let primary = of_several()?;
                let login = login.as_ref().map(|(user, password)| (user.as_str(), password.expose_secret()));
                let sentinel = primary.with_login(login);
                let sentinels = sentinels.iter().map(|(host, port)| sentinel.client(host, *port)).collect::<Result<_, _>>()?;
                Place::Sentinels { sentinels, service: service.clone(), primary }
            }
            RedisServers::Cluster { others } => {
                let node = of_several()?;
                if node.0.redis_settings().db() != 0 {
                    return Err(wrong("a Cluster has database 0 alone"));
                }
                let others = others.iter().map(|(host, port)| node.client(host, *port));
                let nodes = std::iter::once(Ok(client)).chain(others).collect::<Result<_, _>>()?;
                Place::Cluster { nodes, node }
            }
        })
    }
}

/// Without what is secret.
impl fmt::Display for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = without_login(self.url.expose_secret());
        let scheme = place.split(':').next().unwrap_or_default();
        let list = |all: &[HostPort]| all.iter().map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(", ");
        match &self.servers {
            RedisServers::One => f.write_str(&place),
            RedisServers::Sentinels { sentinels, service, .. } => {
                write!(f, "{scheme}:// of {service}, by Sentinel at {}", list(sentinels))
            }
            RedisServers::Cluster { others } if others.is_empty() => write!(f, "{place}, a Cluster"),
            RedisServers::Cluster { others } => write!(f, "{place}, a Cluster; others: {}", list(others)),
        }
    }
}

/// How servers of one kind are reached.
#[derive(Clone)]
pub(crate) struct Like(ConnectionInfo);

impl Like {
    fn with_login(&self, login: Option<(&str, &str)>) -> Self {
        let plain = redis::RedisConnectionInfo::default().set_skip_set_lib_name();
        let settings = match login {
            None => plain,
            Some(("", password)) => plain.set_password(password),
            Some((user, password)) => plain.set_username(user).set_password(password),
        };
        Self(self.0.clone().set_redis_settings(settings))
    }

    fn client(&self, host: &str, port: u16) -> Result<Client, RedisError> {
        let host = host.to_owned();
        let address = match self.0.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        Client::open(self.0.clone().set_addr(address))
    }
}

/// Where the server with our keys is to be found. It may be another one each time.
#[derive(Clone)]
pub(crate) enum Place {
    One(Client),
    Sentinels { sentinels: Vec<Client>, service: String, primary: Like },
    Cluster { nodes: Vec<Client>, node: Like },
}

type Found<'a> = BoxFuture<'a, Result<Client, RedisError>>;

impl Place {
    /// The server that has our keys now: of several that are asked at once the first answer counts.
    pub(crate) async fn find(&self) -> Result<Client, RedisError> {
        match self {
            Self::One(client) => Ok(client.clone()),
            Self::Sentinels { sentinels, service, primary } => {
                let asked = sentinels.iter().map(|sentinel| -> Found<'_> { named(sentinel, service, primary).boxed() });
                let none = |e: RedisError| RedisError::from((ErrorKind::Io, "no Sentinel names the primary", e.to_string()));
                select_ok(asked).await.map(|(client, _)| client).map_err(none)
            }
            Self::Cluster { nodes, node } => {
                let asked = nodes.iter().map(|first| -> Found<'_> { owner(first, node).boxed() });
                select_ok(asked).await.map(|(client, _)| client)
            }
        }
    }

    /// A key of ours as it is there.
    pub(crate) fn key(&self, name: impl fmt::Display) -> String {
        match self {
            Self::One(_) | Self::Sentinels { .. } => name.to_string(),
            Self::Cluster { .. } => format!("{TOGETHER}{name}"),
        }
    }
}

async fn named(sentinel: &Client, service: &str, primary: &Like) -> Result<Client, RedisError> {
    let mut connection = sentinel.get_multiplexed_async_connection().await?;
    let asked = cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(service).query_async::<Option<HostPort>>(&mut connection).await?;
    let (host, port) = asked.ok_or_else(|| wrong("it knows no such service"))?;
    primary.client(&host, port)
}

/// Who a node says has our keys, and who says so of itself. A replica sends us to its primary.
async fn owner(first: &Client, like: &Like) -> Result<Client, RedisError> {
    let mut node = first.clone();
    for _ in 0..=REDIRECTIONS {
        let mut connection = node.get_multiplexed_async_connection().await?;
        let answer = cmd("MGET").arg(format!("{TOGETHER}{READY}")).query_async::<redis::Value>(&mut connection).await;
        let Err(error) = answer else { return Ok(node) };
        node = match (code(&error).as_deref(), error.redirect_node()) {
            (Some("MOVED"), Some((address, _))) => elsewhere(&node, address, like)?,
            // It has them still, while they are moved.
            (Some("ASK" | "TRYAGAIN"), _) => return Ok(node),
            _ => return Err(error),
        };
    }
    Err(wrong("the nodes of the Cluster send us to each other"))
}

/// A node by the address in a redirection, whose host is left out where it is that of the node that says so.
fn elsewhere(from: &Client, address: &str, like: &Like) -> Result<Client, RedisError> {
    let place = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = place.ok_or_else(|| wrong("a node sends us to no address"))?;
    match (host, from.get_connection_info().addr()) {
        ("", ConnectionAddr::Tcp(same, _) | ConnectionAddr::TcpTls { host: same, .. }) => like.client(same, port),
        (host, _) => like.client(host, port),
    }
}

fn wrong(what: &'static str) -> RedisError {
    RedisError::from((ErrorKind::InvalidClientConfig, what))
}
