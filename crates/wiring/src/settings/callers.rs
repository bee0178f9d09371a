//! Who calls us, and how often they may.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use super::{check::Check, raw::Raw};

impl Raw {
    /// Addresses and networks with commas in between.
    pub(super) fn trusted_proxies(&self, check: &mut Check) -> Arc<[IpNet]> {
        let parts = self.trusted_proxies.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.filter_map(|part| {
            let network = part.parse::<IpNet>().ok().or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from));
            if network.is_none() {
                check
                    .errors
                    .push(format!("TRUSTED_PROXIES has addresses and networks (10.0.0.0/8, ::1) with commas in between, not {part}"));
            }
            network
        });
        networks.collect()
    }

    /// `on` or, outside production, `off`.
    pub(super) fn rate_limits(&self, check: &mut Check) -> bool {
        match self.rate_limits.trim() {
            "on" => return true,
            "off" if check.production => check.errors.push("RATE_LIMITS=off is for load tests, not for production".to_owned()),
            "off" => {}
            other => check.errors.push(format!("RATE_LIMITS is on or off, not {other}")),
        }
        false
    }

    /// What the settings allow, and somebody may not have meant.
    pub(super) fn warnings(trusted_proxies: &[IpNet], production: bool) -> Vec<String> {
        let behind_nothing = "TRUSTED_PROXIES is not set: whoever comes through a proxy shares the proxy's limits with everybody else";
        if production && trusted_proxies.is_empty() { vec![behind_nothing.to_owned()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn wrong(settings: &[(&str, &str)]) -> String {
        Settings::from_pairs(settings).unwrap_err().0.join("; ")
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let trusted = |text| Settings::from_pairs(&[("trusted_proxies", text)]).unwrap().trusted_proxies;
        assert!(trusted("").is_empty() && trusted(" , ").is_empty());
        let shown: Vec<_> = trusted("10.0.0.0/8, ::1,192.0.2.7").iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0/8", "::1/128", "192.0.2.7/32"]);
        for bad in ["all", "10.0.0.0/33", "10.0.0.0/8 ::1", "nginx"] {
            assert!(wrong(&[("trusted_proxies", bad)]).starts_with("TRUSTED_PROXIES has addresses and networks"), "{bad}");
        }
    }

    #[test]
    fn production_has_limits_and_says_where_they_are_everybodys() {
        assert!(Settings::from_pairs(&[]).unwrap().rate_limits);
        assert!(!Settings::from_pairs(&[("rate_limits", "off")]).unwrap().rate_limits);
        assert!(wrong(&[("rate_limits", "no")]).contains("RATE_LIMITS is on or off, not no"));
        assert!(wrong(&[("rate_limits", "off"), ("environment", "production")]).contains("RATE_LIMITS=off is for load tests"));
        let named: Arc<[IpNet]> = Arc::new(["10.0.0.0/8".parse().unwrap()]);
        let warnings = |proxies: &[IpNet], production| Raw::warnings(proxies, production);
        assert_eq!((warnings(&[], true).len(), warnings(&named, true).len(), warnings(&[], false).len()), (1, 0, 0));
    }
}
