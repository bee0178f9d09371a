//! Secrets that stand in files, as Docker and Kubernetes mount them: `X_FILE` instead of `X`.

use config::{Config, ConfigError};

/// What may come from a file: every secret, every address that may hold one, and the id that comes with AWS' secret.
const SECRETS: [&str; 22] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "cheapbob_secret_keys",
    "database_replica_url",
    "database_url",
    "db_password",
    "google_client_secret",
    "jwt_secret",
    "jwt_secret_previous",
    "kakao_admin_key",
    "kakao_client_secret",
    "migration_database_url",
    "mongodb_password",
    "mongodb_uri",
    "naver_client_secret",
    "redis_password",
    "redis_sentinel_password",
    "redis_url",
    "super_admin_smtp_password",
    "super_admin_smtp_user",
    "vapid_private_key",
];

/// Names of the files' settings, as the environment has them.
pub(super) fn names() -> impl Iterator<Item = String> {
    SECRETS.iter().map(|secret| format!("{}_FILE", secret.to_uppercase()))
}

/// The settings with what the files say; what is wrong with the files, a line each.
pub(super) fn read(config: Config) -> Result<Result<Config, Vec<String>>, ConfigError> {
    let text = |key: &str| config.get_string(key).ok().filter(|text| !text.trim().is_empty());
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    for secret in SECRETS {
        let Some(file) = text(&format!("{secret}_file")) else { continue };
        let name = secret.to_uppercase();
        if text(secret).is_some() {
            errors.push(format!("{name} and {name}_FILE are both set: set one of them"));
            continue;
        }
        match std::fs::read_to_string(file.trim()) {
            Ok(content) if content.trim().is_empty() => errors.push(format!("{name}_FILE: {} is empty", file.trim())),
            Ok(content) => {
                let content = content.strip_suffix('\n').unwrap_or(&content);
                read.push((secret, content.strip_suffix('\r').unwrap_or(content).to_owned()));
            }
            Err(error) => errors.push(format!("{name}_FILE: {} cannot be read: {error}", file.trim())),
        }
    }
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let builder = Config::builder().add_source(config);
    read.into_iter().try_fold(builder, |builder, (secret, content)| builder.set_override(secret, content))?.build().map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_may_stand_in_a_file() {
        let raw = include_str!("raw.rs");
        let secrets = raw.lines().filter_map(|line| line.trim().strip_prefix("pub(super) ")?.strip_suffix(": SecretString,"));
        for secret in secrets {
            assert!(SECRETS.contains(&secret), "{secret}");
        }
    }

    #[test]
    fn a_file_is_read_without_the_newline_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let with = |settings: &[(&str, &str)]| {
            let builder = Config::builder().set_default("db_password", "").unwrap();
            settings.iter().fold(builder, |builder, (key, value)| builder.set_override(key, *value).unwrap()).build().unwrap()
        };
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for (content, password) in [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), (" s\n\n", " s\n")] {
            std::fs::write(path("password"), content).unwrap();
            let config = read(with(&[("db_password_file", &path("password"))])).unwrap().unwrap();
            assert_eq!(config.get_string("db_password").unwrap(), password, "{content:?}");
        }
        let wrong = |settings: &[(&str, &str)]| read(with(settings)).unwrap().unwrap_err().remove(0);
        assert_eq!(
            wrong(&[("db_password_file", &path("password")), ("db_password", "x")]),
            "DB_PASSWORD and DB_PASSWORD_FILE are both set: set one of them"
        );
        assert!(wrong(&[("db_password_file", &path("missing"))]).contains("missing cannot be read: No such file"));
        std::fs::write(path("password"), "\n").unwrap();
        assert!(wrong(&[("db_password_file", &path("password"))]).ends_with("password is empty"));
    }
}
