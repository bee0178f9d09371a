//! What the sandbox's routes work with.

use std::sync::Arc;

use cheapbob_domain::{tasks::ports::JobRunner, users::Provider};

use url::{Host, Url};

use crate::fakes::{Embedded, SandboxClock};

/// What the sandbox plays with.
#[derive(Clone)]
pub struct Sandbox {
    /// This server, as its own processes reach it.
    pub base: String,
    /// Hosts that it is called by, beside this machine's own names and bare addresses; and origins of the apps.
    pub names: Names,
    /// Which parts it plays.
    pub played: Played,
    /// Its books.
    pub embedded: Embedded,
    /// The clock it moves.
    pub clock: Arc<SandboxClock>,
    /// The jobs it runs.
    pub jobs: Arc<dyn JobRunner>,
}

/// What is called ours.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Addresses of this server: as browsers reach it, and as other processes reach its PortOne.
    pub servers: Vec<Url>,
    /// Origins of the apps.
    pub apps: Vec<Url>,
}

impl Names {
    /// Whether a request for this host is meant for us. Another name leads here only where somebody has made it lead here (DNS rebinding):
    /// a page under that name could then read and press everything. A bare address is nobody's name.
    pub fn has_host(&self, host: &str) -> bool {
        let Ok(asked) = Url::parse(&format!("http://{host}")) else { return false };
        is_this_machine(&asked)
            || matches!(asked.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))
            || self.servers.iter().any(|own| own.host() == asked.host())
    }

    /// Whether a browser may be sent on to this address: ours, an app's, or this machine's.
    pub fn leads_home(&self, to: &Url) -> bool {
        let web = matches!(to.scheme(), "http" | "https");
        web && (is_this_machine(to) || self.servers.iter().chain(&self.apps).any(|own| own.origin() == to.origin()))
    }
}

fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Which parts the sandbox plays; the others are real, or another fake's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// Google, Kakao and Naver, in this order.
    pub providers: [bool; 3],
    /// The payments.
    pub portone: bool,
    /// The mail box.
    pub mail: bool,
}

impl Played {
    /// A login provider that is played.
    pub fn provider(&self) -> Option<Provider> {
        PROVIDERS.into_iter().zip(self.providers).find(|(_, played)| *played).map(|((provider, _), _)| provider)
    }

    /// Whether a purchase can be clicked through: nobody has to log in or pay in earnest.
    pub fn purchase(&self) -> bool {
        self.portone && self.provider().is_some()
    }

    /// The parts that are played, as a text: `Google, Kakao and PortOne`.
    pub fn played(&self) -> String {
        listed(self.parts().filter(|(_, played)| *played))
    }

    /// The parts that are real, as a text; empty where all are played.
    pub fn real(&self) -> String {
        listed(self.parts().filter(|(_, played)| !played))
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let providers = PROVIDERS.into_iter().zip(self.providers).map(|((_, name), played)| (name, played));
        providers.chain([("PortOne", self.portone), ("the mail box", self.mail)])
    }
}

const PROVIDERS: [(Provider, &str); 3] = [(Provider::Google, "Google"), (Provider::Kakao, "Kakao"), (Provider::Naver, "Naver")];

fn listed(parts: impl Iterator<Item = (&'static str, bool)>) -> String {
    let names: Vec<_> = parts.map(|(name, _)| name).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_and_another_site_are_not_ours() {
        let url = |text| Url::parse(text).unwrap();
        let names = Names {
            servers: vec![url("https://dev.example:8443"), url("http://http-1:3000/sandbox")],
            apps: vec![url("https://app.example")],
        };
        for ours in [
            "localhost:3000",
            "LOCALHOST",
            "a.localhost",
            "127.0.0.1:3000",
            "[::1]:1",
            "192.168.0.7:3000",
            "dev.example:8443",
            "http-1:3000",
        ] {
            assert!(names.has_host(ours), "{ours}");
        }
        for other in ["evil.example", "localhost.evil.example", "dev.example.evil.example", "", "app.example", "a b"] {
            assert!(!names.has_host(other), "{other}");
        }
        for home in ["http://localhost:4000/cb", "http://127.0.0.1/cb", "https://dev.example:8443/cb", "https://app.example/x"] {
            assert!(names.leads_home(&url(home)), "{home}");
        }
        for away in [
            "https://evil.example/cb",
            "http://app.example/",
            "https://dev.example/",
            "javascript:alert(1)",
            "http://192.168.0.7/",
            "custom://app",
        ] {
            assert!(!names.leads_home(&url(away)), "{away}");
        }
    }

    #[test]
    fn what_is_real_is_not_called_played() {
        let all = Played { providers: [true; 3], portone: true, mail: true };
        assert_eq!((all.played().as_str(), all.real().as_str()), ("Google, Kakao, Naver, PortOne and the mail box", ""));
        let some = Played { providers: [false, true, false], portone: false, mail: true };
        assert_eq!((some.played().as_str(), some.real().as_str()), ("Kakao and the mail box", "Google, Naver and PortOne"));
        assert_eq!((some.provider(), some.purchase(), all.purchase()), (Some(Provider::Kakao), false, true));
        let one = Played { providers: [false; 3], portone: true, mail: false };
        assert_eq!((one.played().as_str(), one.provider(), one.purchase()), ("PortOne", None, false));
    }
}
