//! Where PostgreSQL is: an address as libpq reads it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

use crate::tls::{self, TlsError, Trust};

/// Why an address is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is no `postgres://` address, or has words that PostgreSQL's drivers do not know.
    #[error("{0}")]
    Syntax(String),
    /// A word of it has no such value.
    #[error("{word} is {known}, not {value}")]
    Word {
        /// The word.
        word: &'static str,
        /// What it may be.
        known: &'static str,
        /// What it is.
        value: String,
    },
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Where PostgreSQL is, and how to speak with it. [`fmt::Display`] shows its servers, no secret.
///
/// `postgres://user:password@host:port,host:port/database?word=value…` with libpq's words: `sslmode` (`disable`, `prefer`, `require`,
/// `verify-ca`, `verify-full`; `prefer` where nothing is said), `sslrootcert` (a PEM file, or `system`, as where nothing is said), `sslcert`
/// and `sslkey`, `target_session_attrs` (`read-write` where nothing is said, `any`), and what tokio-postgres knows besides. Of our own is
/// `pool_mode=transaction` (or `pgbouncer=true`): behind a pooler whose server connections change hands after each transaction.
/// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>)
#[derive(Clone)]
pub struct Address {
    pub(crate) config: Arc<Config>,
    pub(crate) servers: Vec<(Host, u16)>,
    /// `None`: in the clear.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// Whether a server with which we cannot speak TLS is spoken to in the clear.
    pub(crate) clear_will_do: bool,
    pub(crate) pool_mode: PoolMode,
    /// The same database without the pooler.
    pub(crate) direct: Option<Arc<Address>>,
    /// The server that answered last: tried first.
    pub(crate) last: Arc<AtomicUsize>,
}

/// For how long a pooler in between leaves us one server connection (PgBouncer's word).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PoolMode {
    /// There is no pooler, or it leaves it until we go.
    Session,
    /// For a transaction. What a session sets is lost then, and statements that it has prepared are not there.
    Transaction,
}

/// Words of other drivers, and of libpq, that change nothing for us.
const OF_NO_MATTER: [&str; 4] = ["gssencmode", "sslsni", "sslcompression", "client_encoding"];

impl Address {
    /// Reads `url` and the files that it names.
    ///
    /// # Errors
    /// [`AddressError`]; it shows no password.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        Self::read(url, Wanted::Writable)
    }

    /// The same of a replica, or several: `target_session_attrs` may be `any`, `standby`, `prefer-standby` or `read-only`, which all mean
    /// the same here, since it is asked whether they are standbys.
    ///
    /// # Errors
    /// [`AddressError`]; it shows no password.
    pub fn parse_replica(url: &str) -> Result<Self, AddressError> {
        Self::read(url, Wanted::Replica)
    }

    fn read(url: &str, wanted: Wanted) -> Result<Self, AddressError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(AddressError::Syntax("it does not begin with postgres:// or postgresql://".to_owned()));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut others = Vec::new();
        let (mut mode, mut trust, mut pool_mode) = (Mode::Prefer, Trust::default(), PoolMode::Session);
        let mut writable = wanted == Wanted::Writable;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (word, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match word {
                "sslmode" => mode = Mode::parse(value)?,
                "sslrootcert" => trust.authorities = Some(value).filter(|path| path != "system"),
                "sslcert" => trust.certificate = Some(value),
                "sslkey" => trust.key = Some(value),
                "target_session_attrs" => match (wanted, value.as_str()) {
                    (_, "any") | (Wanted::Replica, "standby" | "prefer-standby" | "read-only") => writable = false,
                    (Wanted::Writable, "read-write" | "primary") => writable = true,
                    _ => return Err(AddressError::Word { word: "target_session_attrs", known: wanted.words(), value }),
                },
                "pool_mode" => match value.as_str() {
                    "session" => pool_mode = PoolMode::Session,
                    "transaction" => pool_mode = PoolMode::Transaction,
                    _ => return Err(AddressError::Word { word: "pool_mode", known: "session or transaction", value }),
                },
                // Prisma's word for the same, which hosts of PostgreSQL put into the addresses that they show.
                "pgbouncer" if value == "true" => pool_mode = PoolMode::Transaction,
                word if OF_NO_MATTER.contains(&word) => {}
                _ => others.push(pair),
            }
        }
        let mut config: Config = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) }
            .parse()
            .map_err(|e: tokio_postgres::Error| AddressError::Syntax(in_full(&e)))?;
        let servers = servers(&config)?;
        config.target_session_attrs(if writable { TargetSessionAttrs::ReadWrite } else { TargetSessionAttrs::Any });
        config.ssl_mode(match mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        // As libpq: who names an authority wants it asked.
        let mode = if mode == Mode::Require && trust.authorities.is_some() { Mode::VerifyCa } else { mode };
        let tls = match mode {
            Mode::Disable => None,
            Mode::Prefer | Mode::Require => Some(tls::client(&trust, tls::Verified::Nothing)?),
            Mode::VerifyCa => Some(tls::client(&trust, tls::Verified::Chain)?),
            Mode::VerifyFull => Some(tls::client(&trust, tls::Verified::ChainAndName)?),
        };
        Ok(Self {
            config: Arc::new(config),
            servers,
            tls,
            clear_will_do: mode == Mode::Prefer,
            pool_mode,
            direct: None,
            last: Arc::new(AtomicUsize::new(0)),
        })
    }

    /// The same, but migrations, and whoever listens, go another way: past the pooler.
    #[must_use]
    pub fn past_pooler(self, direct: Self) -> Self {
        Self { direct: Some(Arc::new(direct)), ..self }
    }

    /// Where migrations, and whoever listens, go, if that is another way.
    pub fn direct(&self) -> Option<&Self> {
        self.direct.as_deref()
    }

    /// Whether a pooler in between gives the server connection to others after each transaction, and no way past it is known.
    pub fn lacks_way_past_pooler(&self) -> bool {
        self.pool_mode == PoolMode::Transaction && self.direct.is_none()
    }

    /// The servers, the one that answered last first.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (usize, &(Host, u16))> {
        let last = self.last.load(Ordering::Relaxed) % self.servers.len();
        self.servers.iter().enumerate().cycle().skip(last).take(self.servers.len())
    }

    /// Whether only a server will do that can be written to.
    pub(crate) fn wants_writable(&self) -> bool {
        self.config.get_target_session_attrs() == TargetSessionAttrs::ReadWrite
    }
}

/// The error with what caused it: tokio-postgres' own text names neither.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn servers(config: &Config) -> Result<Vec<(Host, u16)>, AddressError> {
    const PORT: u16 = 5432;
    let (hosts, ports) = (config.get_hosts(), config.get_ports());
    if hosts.is_empty() {
        return Err(AddressError::Syntax("it names no host".to_owned()));
    }
    // Two in an address: the first ended the password too early, and what we show as a host would be a part of it.
    if hosts.iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
        return Err(AddressError::Syntax("it has an @ too many: write one in a user or password as %40".to_owned()));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(AddressError::Syntax(format!("it names {} hosts and {} ports", hosts.len(), ports.len())));
    }
    let port = |n: usize| ports.get(n).or(ports.first()).copied().unwrap_or(PORT);
    Ok(hosts.iter().cloned().enumerate().map(|(n, host)| (host, port(n))).collect())
}

/// What an address is to lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Writable,
    Replica,
}

impl Wanted {
    /// What its `target_session_attrs` may be.
    fn words(self) -> &'static str {
        match self {
            Self::Writable => "read-write, primary or any",
            Self::Replica => "any, standby, prefer-standby or read-only",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    fn parse(value: String) -> Result<Self, AddressError> {
        Ok(match value.as_str() {
            "disable" => Self::Disable,
            // In the clear first, TLS where the server wants it: what `prefer` does the other way round.
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(AddressError::Word { word: "sslmode", known: "disable, prefer, require, verify-ca or verify-full", value }),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (host, port)) in self.servers.iter().enumerate() {
            if n > 0 {
                f.write_str(", ")?;
            }
            match host {
                Host::Tcp(name) => write!(f, "{name}:{port}")?,
                Host::Unix(folder) => write!(f, "{}/.s.PGSQL.{port}", folder.display())?,
            }
        }
        f.write_str(match (&self.tls, self.clear_will_do) {
            (None, _) => ", in the clear",
            (Some(_), true) => ", TLS where the server offers it",
            (Some(_), false) => ", over TLS",
        })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        Address::parse(url).map_or_else(|e| format!("refused: {e}"), |address| address.to_string())
    }

    #[test]
    fn addresses_are_read_as_libpq_reads_them() {
        for (url, expected) in [
            ("postgres://u:p@db/c", "db:5432, TLS where the server offers it"),
            ("postgresql://u:p@db:6432/c?sslmode=disable", "db:6432, in the clear"),
            ("postgres://u:p@a:1,b:2/c?sslmode=require&application_name=x", "a:1, b:2, over TLS"),
            ("postgres://u:p@[::1]:5433/c?sslmode=disable", "::1:5433, in the clear"),
            ("postgres://u@%2Frun%2Fpg/c?sslmode=disable", "/run/pg/.s.PGSQL.5432, in the clear"),
            ("postgres://u@/c?host=/run/pg&sslmode=disable", "/run/pg/.s.PGSQL.5432, in the clear"),
            ("postgres://u:p@db/c?gssencmode=disable&target_session_attrs=any&sslmode=disable", "db:5432, in the clear"),
            ("db/c", "refused: it does not begin with postgres:// or postgresql://"),
            ("postgres://u:p@db/c?sslmode=on", "refused: sslmode is disable, prefer, require, verify-ca or verify-full, not on"),
            (
                "postgres://u:p@db/c?target_session_attrs=standby",
                "refused: target_session_attrs is read-write, primary or any, not standby",
            ),
            ("postgres://u:p@db/c?pool_mode=statement", "refused: pool_mode is session or transaction, not statement"),
            (
                "postgres://u:p@db/c?sslmode=verify-ca&sslrootcert=/none",
                "refused: /none cannot be read: No such file or directory (os error 2)",
            ),
            ("postgres://u:p@db/c?sslcert=/none", "refused: sslcert and sslkey go together"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
        assert_eq!(shown("postgres://u:hid@den@db/c"), "refused: it has an @ too many: write one in a user or password as %40");
        let refused = shown("postgres://u:hidden@db/c?colour=blue");
        assert!(refused.starts_with("refused: ") && refused.contains("colour") && !refused.contains("hidden"), "{refused}");
    }

    #[test]
    fn a_replica_need_not_take_writes() {
        let read = |words: &str| Address::parse_replica(&format!("postgres://u:p@a,b/c?sslmode=disable{words}"));
        for words in ["", "&target_session_attrs=any", "&target_session_attrs=standby", "&target_session_attrs=prefer-standby"] {
            assert!(!read(words).unwrap().wants_writable(), "{words}");
        }
        let refused = read("&target_session_attrs=read-write").unwrap_err().to_string();
        assert_eq!(refused, "target_session_attrs is any, standby, prefer-standby or read-only, not read-write");
    }

    #[test]
    fn a_pooler_is_told_by_either_word() {
        for (words, transaction) in [("pool_mode=transaction", true), ("pgbouncer=true", true), ("pool_mode=session", false), ("", false)] {
            let address = Address::parse(&format!("postgres://u@db/c?sslmode=disable&{words}")).unwrap();
            assert_eq!(address.lacks_way_past_pooler(), transaction, "{words}");
            let direct = Address::parse("postgres://u@db/c?sslmode=disable").unwrap();
            assert!(!address.past_pooler(direct).lacks_way_past_pooler());
        }
    }

    #[test]
    fn the_server_that_answered_last_is_asked_first() {
        let address = Address::parse("postgres://u@a,b,c/d?sslmode=disable").unwrap();
        let order = |address: &Address| address.in_order().map(|(n, _)| n).collect::<Vec<_>>();
        assert_eq!(order(&address), [0, 1, 2]);
        address.last.store(2, Ordering::Relaxed);
        assert_eq!(order(&address), [2, 0, 1]);
    }
}
