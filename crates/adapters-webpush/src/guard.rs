//! Where we may be led by a stranger.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// An endpoint is at most so long; those of the large push services have 200 to 500 characters.
const LONGEST: usize = 2_048;

/// Where an endpoint leads, if we go there. `own_machine`: to this one as well, in the clear too.
pub(crate) fn endpoint(text: &str, own_machine: bool) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_public = match url.host()? {
        Host::Domain(name) => url.scheme() == "https" && url.port().is_none() && name.contains('.') && !name.ends_with('.'),
        Host::Ipv4(_) | Host::Ipv6(_) => false,
    };
    let is_own = own_machine
        && matches!(url.scheme(), "http" | "https")
        && match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
    (is_bare && (is_public || is_own)).then_some(url)
}

/// Resolves names as the system does, and leaves out every address that is not everybody's.
pub(crate) struct PublicOnly {
    pub(crate) own_machine: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let own_machine = self.own_machine;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| is_public(address.ip()) || own_machine && address.ip().is_loopback()).collect();
            if allowed.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether it is an address of the internet, and of nobody's own network (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = a == 192 && b == 0 && c == 0 || a == 192 && b == 88 && c == 99 || a == 198 && (18..20).contains(&b);
    let private = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation();
    !(a == 0 || a >= 224 || private || shared || special)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // 2000::/3 is what is given out; of it 2001::/23 (Teredo among it), documentation and 6to4 are no one's own address.
    (0x2000..0x4000).contains(&a) && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && a != 0x2002 && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_gone_to() {
        for public in ["8.8.8.8", "142.250.206.206", "1.1.1.1", "2404:6800:400a:813::200a", "2606:4700::1111"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for ours in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(ours.parse().unwrap()), "{ours}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_here_leads_nowhere() {
        let resolved = async |own_machine| PublicOnly { own_machine }.resolve("localhost".parse().unwrap()).await;
        assert!(resolved(false).await.is_err());
        assert!(resolved(true).await.is_ok_and(|mut found| found.all(|address| address.ip().is_loopback())));
    }

    #[test]
    fn an_endpoint_is_a_name_reached_by_https() {
        for good in [
            "https://fcm.googleapis.com/fcm/send/abc:def",
            "https://updates.push.services.mozilla.com/wpush/v2/x",
            "https://web.push.apple.com/Q",
        ] {
            assert!(endpoint(good, false).is_some(), "{good}");
        }
        let long = format!("https://push.example/{}", "a".repeat(2_048));
        for bad in [
            "",
            "push",
            "http://push.example/x",
            "https://push.example:8443/x",
            "https://8.8.8.8/x",
            "https://[2606:4700::1111]/x",
            "https://0x7f000001/x",
            "https://2130706433/x",
            "https://localhost/x",
            "https://internal/x",
            "https://push.example./x",
            "https://user@push.example/x",
            "https://push.example/x#y",
            "ftp://push.example/x",
            "file:///etc/passwd",
            "https://push.example/길",
            "https://push.example/\0",
            "https://push.example/a b",
            "http://127.0.0.1:9/x",
            &long,
        ] {
            assert!(endpoint(bad, false).is_none(), "{bad}");
        }
        for own in ["http://127.0.0.1:9/x", "http://localhost:9/x", "https://[::1]:9/x"] {
            assert!(endpoint(own, true).is_some() && endpoint(own, false).is_none(), "{own}");
        }
        assert!(endpoint("http://10.0.0.1/x", true).is_none());
    }
}
