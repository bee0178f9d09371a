//! Where a caller calls from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::{HttpRequest, http::header::X_FORWARDED_FOR};
use ipnet::IpNet;

/// The address by which a caller is counted; `None` where there is none, as on a Unix socket.
///
/// Each proxy writes into X-Forwarded-For, at its end, who called it. So the list is believed from its end, as long as whoever wrote an entry is among
/// `trusted`: the first address that is not is the caller. What stands before it the caller may have written.
pub(crate) fn of(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let headers = request.headers().get_all(X_FORWARDED_FOR).map(|value| value.to_str().unwrap_or_default());
    Some(network(caller(peer, &headers.collect::<Vec<_>>(), trusted)))
}

/// Whether a proxy that nobody trusts says who calls.
pub(crate) fn is_of_a_stranger(request: &HttpRequest, trusted: &[IpNet]) -> bool {
    request.headers().contains_key(X_FORWARDED_FOR) && request.peer_addr().is_some_and(|peer| !trusts(trusted, peer.ip().to_canonical()))
}

fn caller(peer: IpAddr, headers: &[&str], trusted: &[IpNet]) -> IpAddr {
    let mut caller = peer.to_canonical();
    let mut entries = headers.iter().rev().flat_map(|header| header.rsplit(','));
    while trusts(trusted, caller) {
        // A proxy that writes no address is one itself: nobody before it can be known.
        let Some(before) = entries.next().and_then(address) else { break };
        caller = before;
    }
    caller
}

fn trusts(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// An entry: an address, perhaps with a port, IPv6 perhaps in brackets. An IPv4 address is one however it is written.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let plain = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let parsed = plain.parse().or_else(|_| entry.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    parsed.ok().map(|address: IpAddr| address.to_canonical())
}

/// A household or a server has a /64 of IPv6, and may call from any address in it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, headers: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        caller(peer.parse().unwrap(), headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_but_whom_the_settings_name() {
        assert_eq!(found("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(found("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(found("10.1.2.3", &[], &["10.0.0.0/8"]), "10.1.2.3");
        assert_eq!(found("10.1.2.3", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(found("::ffff:10.1.2.3", &["::ffff:198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn what_the_caller_wrote_is_not_reached() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        // The proxy at the edge appends; the next one too, perhaps in a header of its own.
        assert_eq!(found("10.0.0.2", &["1.1.1.1, 10.9.9.9, 198.51.100.7, 10.0.0.1"], &trusted), "198.51.100.7");
        assert_eq!(found("10.0.0.2", &["1.1.1.1, 198.51.100.7", "10.0.0.1"], &trusted), "198.51.100.7");
        assert_eq!(found("fd00::2", &["2001:db8::7,fd00::1"], &trusted), "2001:db8::7");
        // Rubbish stops at whoever passed it on, as does a list of proxies alone.
        for rubbish in ["", "unknown", "1.2.3.4.5", "<script>", "[::1", ","] {
            assert_eq!(found("10.0.0.2", &[&format!("1.1.1.1,{rubbish}")], &trusted), "10.0.0.2", "{rubbish}");
        }
        assert_eq!(found("10.0.0.2", &["10.0.0.3,10.0.0.1"], &trusted), "10.0.0.3");
    }

    #[test]
    fn an_entry_may_have_a_port() {
        let trusted = ["10.0.0.0/8"];
        for (entry, address) in
            [("198.51.100.7:443", "198.51.100.7"), ("[2001:db8::7]:443", "2001:db8::7"), ("[2001:db8::7]", "2001:db8::7")]
        {
            assert_eq!(found("10.0.0.2", &[entry], &trusted), address);
        }
    }

    #[test]
    fn of_ipv6_the_network_counts() {
        let of = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("198.51.100.7"), "198.51.100.7");
    }
}
