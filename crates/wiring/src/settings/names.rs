//! The environment's names: which are ours, and which look as if they were meant to be.

use std::collections::{BTreeSet, HashMap};

use super::files;

/// What only our settings begin with. Where one of the parts is a Service of Kubernetes, its variables do too: see [`injected`].
const PREFIXES: [&str; 12] =
    ["AWS_S3_", "CHEAPBOB_", "DATABASE_", "DB_", "FRONTEND_", "JWT_", "KAKAO_", "MONGODB_", "NAVER_", "PORTONE_", "REDIS_", "SUPER_ADMIN_"];

/// Names that others read: PostgreSQL's programs, the tests.
const ELSEWHERE: [&str; 3] = ["CHEAPBOB_PG_BIN", "CHEAPBOB_CRASH_", "CHEAPBOB_TEST_"];

/// Shorter names are like too many others.
const LEAST: usize = 8;

fn known(defaults: &str) -> BTreeSet<String> {
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_uppercase());
    defaults.lines().filter(|line| !line.starts_with('#')).filter_map(key).chain(files::names()).collect()
}

/// Whether Kubernetes (or Docker's links) made it of a Service's name: `REDIS_SERVICE_HOST`, `REDIS_PORT_6379_TCP_ADDR`,
/// `REDIS_PORT=tcp://10.0.0.11:6379`.
fn injected(name: &str, value: &str) -> bool {
    let port_of_a_link =
        |rest: &str| rest.split('_').next().is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
        || name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.match_indices("_PORT_").any(|(at, text)| port_of_a_link(&name[at + text.len()..]))
}

/// The environment as settings are read from it: without what Kubernetes put there under a name of ours.
pub(super) fn ours(environment: impl Iterator<Item = (String, String)>) -> HashMap<String, String> {
    environment.filter(|(name, value)| !injected(&name.to_uppercase(), value)).collect()
}

/// A line for each name that looks like one of ours, of which the file of defaults is full, and is none.
pub(super) fn strangers(defaults: &str, environment: &HashMap<String, String>) -> Vec<String> {
    let known = known(defaults);
    let mut lines: Vec<_> = environment
        .keys()
        .map(|name| name.to_uppercase())
        .filter(|name| !known.contains(name) && !ELSEWHERE.iter().any(|other| name.starts_with(other)))
        .filter_map(|name| {
            let nearest = known.iter().min_by_key(|ours| strsim::osa_distance(ours, &name));
            let nearest = nearest.filter(|ours| ours.len() >= LEAST && strsim::osa_distance(ours, &name) <= 2);
            let meant = nearest.map(|ours| format!(": is {ours} meant?")).unwrap_or_default();
            (nearest.is_some() || PREFIXES.iter().any(|ours| name.starts_with(ours)))
                .then(|| format!("{name} is no setting and does nothing{meant}"))
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: &str = include_str!("../../../../config/default.toml");

    fn warned(environment: &[(&str, &str)]) -> Vec<String> {
        strangers(DEFAULTS, &ours(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))))
    }

    #[test]
    fn names_that_look_like_ours_are_told() {
        let lines = warned(&[
            ("REDIS_PASWORD", "s3cret"),
            ("DB_HOSTNAME", "db"),
            ("JWT_SECRETS", "s3cret"),
            ("OAUTH_REDIRECT_BASE_URI", "x"),
            ("google_client_secrets", "s3cret"),
            ("PORTONE_SECRET_KEY", "s3cret"),
        ]);
        assert_eq!(
            lines,
            [
                "DB_HOSTNAME is no setting and does nothing",
                "GOOGLE_CLIENT_SECRETS is no setting and does nothing: is GOOGLE_CLIENT_SECRET meant?",
                "JWT_SECRETS is no setting and does nothing: is JWT_SECRET meant?",
                "OAUTH_REDIRECT_BASE_URI is no setting and does nothing: is OAUTH_REDIRECT_BASE_URL meant?",
                "PORTONE_SECRET_KEY is no setting and does nothing",
                "REDIS_PASWORD is no setting and does nothing: is REDIS_PASSWORD meant?",
            ]
        );
    }

    #[test]
    fn settings_and_what_others_set_are_not() {
        for name in known(DEFAULTS) {
            assert!(warned(&[(&name, "x")]).is_empty(), "{name}");
        }
        let others = [
            ("PATH", "/bin"),
            ("HOSTNAME", "pod-1"),
            ("AWS_DEFAULT_REGION", "x"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "x"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "x"),
            ("OTEL_SERVICE_NAME", "x"),
            ("CHEAPBOB_PG_BIN", "/usr/lib/postgresql/17/bin"),
            ("REDIS_SERVICE_HOST", "10.0.0.11"),
            ("REDIS_SERVICE_PORT", "6379"),
            ("REDIS_SERVICE_PORT_TCP_REDIS", "6379"),
            ("REDIS_PORT", "tcp://10.0.0.11:6379"),
            ("REDIS_PORT_6379_TCP", "tcp://10.0.0.11:6379"),
            ("REDIS_PORT_6379_TCP_ADDR", "10.0.0.11"),
            ("REDIS_MASTER_PORT_6379_TCP_PORT", "6379"),
            ("CHEAPBOB_HTTP_PORT", "tcp://10.0.0.12:80"),
        ];
        assert_eq!(warned(&others), Vec::<String>::new());
        assert!(!ours(others.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).contains_key("REDIS_PORT"));
    }
}
