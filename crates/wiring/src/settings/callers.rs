//! Who calls us, and how often they may.

use std::{net::IpAddr, sync::Arc};

use cheapbob_domain::shared::kst;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use ipnet::IpNet;

use super::{
    check::{Check, is_loopback, secret, set},
    raw::Raw,
};

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
        let networks: Arc<[IpNet]> = networks.collect();
        if check.production && networks.is_empty() {
            let behind = "TRUSTED_PROXIES is not set: whoever comes through a proxy shares the proxy's limits with everybody else";
            check.warnings.push(behind.to_owned());
        }
        networks
    }

    /// On unless it is `off`, which production does not take.
    pub(super) fn rate_limits(&self, check: &mut Check) -> bool {
        let on = check.on_off("RATE_LIMITS", &self.rate_limits).unwrap_or(true);
        if check.production && !on {
            check.errors.push("RATE_LIMITS=off is for load tests, not for production".to_owned());
        }
        on
    }

    /// Off unless it is `required`.
    pub(super) fn store_approval(&self, check: &mut Check) -> bool {
        match set(&self.store_approval) {
            Some("required") => true,
            None | Some("off") => false,
            Some(other) => {
                check.errors.push(format!("STORE_APPROVAL is required or off, not {other}"));
                false
            }
        }
    }

    /// An instant, or a day, whose end in Seoul is meant.
    pub(super) fn legacy_tokens_until(&self, check: &mut Check) -> Option<DateTime<Utc>> {
        let text = set(&self.legacy_tokens_until)?;
        if secret(&self.jwt_secret).is_none() {
            let message = "LEGACY_TOKENS_UNTIL is set, but JWT_SECRET is not: it is the Python service's, or that is JWT_SECRET_PREVIOUS";
            check.errors.push(message.to_owned());
        }
        let end_of_day = || Some(kst::instant(text.parse::<NaiveDate>().ok()?.succ_opt()?, NaiveTime::MIN));
        let until = DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc)).or_else(end_of_day);
        if until.is_none() {
            check.errors.push(format!("LEGACY_TOKENS_UNTIL is a day (2026-12-31) or an instant (2026-12-31T04:00:00+09:00), not {text}"));
        }
        until
    }

    /// Development has the sandbox, in which everybody is whoever they say, and pays nothing. That harms nobody on a machine and a database
    /// of one's own: elsewhere somebody must have meant it.
    pub(super) fn exposed_development(&self, check: &mut Check, on_server: bool) {
        let place = match (on_server, !is_loopback(&self.host)) {
            (true, true) => "on a database server, and reachable from other machines",
            (true, false) => "on a database server",
            (false, true) => "reachable from other machines",
            (false, false) => return,
        };
        if check.production {
            return;
        }
        if !self.allow_exposed_development {
            check.errors.push(format!(
                "ENVIRONMENT=development {place}: its sandbox lets everybody in as anybody. ENVIRONMENT=production has none; where you mean \
                 this, set ALLOW_EXPOSED_DEVELOPMENT=true"
            ));
        }
        check.warnings.push(format!("development is {place}: whoever reaches it can log in as anybody, move its clock and run its jobs"));
        if secret(&self.jwt_secret).is_none() {
            let own = "JWT_SECRET is not set: this process has drawn its own, and its sessions end with it, or at another process";
            check.warnings.push(own.to_owned());
        }
        if secret(&self.cheapbob_secret_keys).is_none() {
            let known = "CHEAPBOB_SECRET_KEYS is not set: secrets in the database are sealed with a key that everybody knows";
            check.warnings.push(known.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn wrong(settings: &[(&str, &str)]) -> String {
        Settings::from_pairs(settings).map_or_else(|e| e.0.join("; "), |_| String::new())
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
    fn tokens_of_the_python_service_are_taken_until_a_day_or_an_instant() {
        let until = |text| {
            let settings = Settings::from_pairs(&[("legacy_tokens_until", text), ("jwt_secret", "theirs")]).unwrap();
            settings.legacy_tokens_until.map(|at| at.to_rfc3339())
        };
        assert_eq!(until(""), None);
        assert_eq!(until("2026-12-31").as_deref(), Some("2026-12-31T15:00:00+00:00"));
        assert_eq!(until(" 2026-12-31T04:00:00+09:00 ").as_deref(), Some("2026-12-30T19:00:00+00:00"));
        for bad in ["soon", "2026-12-32", "2026-12-31T04:00:00"] {
            let said = wrong(&[("legacy_tokens_until", bad), ("jwt_secret", "theirs")]);
            assert!(said.starts_with("LEGACY_TOKENS_UNTIL is a day"), "{said}");
        }
        assert!(wrong(&[("legacy_tokens_until", "2026-12-31")]).contains("JWT_SECRET is not"));
    }

    #[test]
    fn production_has_limits_and_says_where_they_are_everybodys() {
        assert!(Settings::from_pairs(&[]).unwrap().rate_limits);
        assert!(!Settings::from_pairs(&[("rate_limits", "off")]).unwrap().rate_limits);
        assert!(wrong(&[("rate_limits", "no")]).contains("RATE_LIMITS is on or off, not no"));
        assert!(wrong(&[("rate_limits", "off"), ("environment", "production")]).contains("RATE_LIMITS=off is for load tests"));
        let warnings = |proxies: &str, production| {
            let mut check = Check { production, errors: Vec::new(), warnings: Vec::new() };
            Raw::from_pairs(&[("trusted_proxies", proxies)]).unwrap().trusted_proxies(&mut check);
            check.warnings.len()
        };
        assert_eq!((warnings("", true), warnings("10.0.0.0/8", true), warnings("", false)), (1, 0, 0));
    }

    #[test]
    fn stores_are_approved_where_that_is_asked_for() {
        for (text, required) in [("", false), ("off", false), ("required", true)] {
            assert_eq!(Settings::from_pairs(&[("store_approval", text)]).unwrap().store_approval, required, "{text}");
        }
        assert!(wrong(&[("store_approval", "on")]).contains("STORE_APPROVAL is required or off, not on"));
    }

    #[test]
    fn development_that_others_reach_must_be_meant() {
        let server = ("database_url", "postgres://u:p@localhost/shop");
        let (meant, everywhere) = (("allow_exposed_development", "true"), ("host", "0.0.0.0"));
        for exposed in [&[server][..], &[everywhere], &[("host", "192.168.0.7")], &[("host", "shop.example")]] {
            assert!(wrong(exposed).contains("ALLOW_EXPOSED_DEVELOPMENT"), "{exposed:?}");
            let settings = Settings::from_pairs(&[exposed, &[meant]].concat()).unwrap();
            assert!(settings.warnings.iter().any(|line| line.starts_with("development is ")), "{:?}", settings.warnings);
        }
        for own in [&[][..], &[("host", "::1")], &[("host", "localhost")], &[("host", "127.0.0.2")]] {
            assert_eq!(Settings::from_pairs(own).unwrap().warnings, Vec::<String>::new(), "{own:?}");
        }
    }
}
