//! What whoever starts it reads, and what is left when it cannot start.

use std::{os::unix::fs::PermissionsExt, path::Path};

use cheapbob_test_support::{RealServer, TestDatabase};

/// Starts and must fail: (exit code is not 0, last lines).
fn refused(settings: &[(&str, String)]) -> String {
    refused_in(&std::env::temp_dir(), settings)
}

fn refused_in(folder: &Path, settings: &[(&str, String)]) -> String {
    let output = RealServer::command("cheapbob-http", settings).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    let mine: Vec<_> = said.lines().filter(|l| l.starts_with("cheapbob-http: ") || l.starts_with("  - ")).collect();
    assert!(!mine.is_empty(), "{said}");
    mine.join("\n")
}

fn embedded(data: &Path, port: u16) -> Vec<(&'static str, String)> {
    vec![("CHEAPBOB_DATA_DIR", data.display().to_string()), ("PORT", port.to_string())]
}

/// `check` with settings of which some are wrong: exit code 1, no secret, and for each part what to look at.
#[tokio::test(flavor = "multi_thread")]
async fn check_says_of_every_part_what_is_wrong() {
    let database = TestDatabase::create().await;
    let mut settings = vec![
        ("DATABASE_URL", database.url()),
        ("REDIS_HOST", "127.0.0.1".to_owned()),
        ("REDIS_PORT", "1".to_owned()),
        ("REDIS_PASSWORD", "hidden".to_owned()),
        ("SUPER_ADMIN_SMTP_HOST", "127.0.0.1".to_owned()),
        ("SUPER_ADMIN_SMTP_PORT", "1".to_owned()),
        ("SUPER_ADMIN_SMTP_EMAIL", "a@b.example".to_owned()),
        ("SUPER_ADMIN_SMTP_TLS", "none".to_owned()),
        ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
    ];
    let check = |settings: &[(&'static str, String)]| RealServer::command("cheapbob-http", settings).arg("check").output().unwrap();
    let checked = check(&settings);
    let (said, error) = (String::from_utf8(checked.stdout).unwrap(), String::from_utf8(checked.stderr).unwrap());
    assert_eq!(checked.status.code(), Some(1), "{said}{error}");
    assert!(!said.contains("hidden") && !error.contains("hidden"), "{said}{error}");
    let said = said.replace(&database.port(), "PORT");
    let said: Vec<_> = said.lines().map(|line| line.split(" (").next().unwrap_or_default()).collect();
    insta::assert_snapshot!("check", said.join("\n"));

    settings.retain(|(name, _)| !name.starts_with("REDIS") && !name.starts_with("SUPER_ADMIN"));
    let checked = check(&settings);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    // The way past a pooler is a part of its own.
    let past = [settings.as_slice(), &[("MIGRATION_DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/x".to_owned())]].concat();
    let checked = check(&past);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(!checked.status.success() && said.contains("migrate  WRONG  127.0.0.1:1") && !said.contains("hidden"), "{said}");
    // A database that nobody has migrated.
    database.sql("DROP TABLE holds CASCADE").await;
    let checked = check(&settings);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(!checked.status.success() && said.contains("run `cheapbob-jobs migrate`"), "{said}");
}

#[test]
fn a_port_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (data, port) = (tempfile::tempdir().unwrap(), taken.local_addr().unwrap().port());
    let said = refused(&embedded(data.path(), port));
    assert!(said.contains(&format!("port {port} on 127.0.0.1 cannot be used; set PORT")), "{said}");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_and_data_of_another_version() {
    let data = tempfile::tempdir().unwrap();
    let port = RealServer::free_port();
    let server = RealServer::http(port, &[("CHEAPBOB_DATA_DIR", data.path().display().to_string())]).await;
    let said = refused(&embedded(data.path(), RealServer::free_port()));
    assert!(said.contains("is in use by another process"), "{said}");
    server.interrupt();
    std::fs::write(data.path().join("postgres/data/PG_VERSION"), "9\n").unwrap();
    let said = refused(&embedded(data.path(), port));
    assert!(said.contains("is of PostgreSQL 9, but only PostgreSQL"), "{said}");
}

#[test]
fn an_unwritable_folder() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let said = refused(&embedded(&file.path().join("data"), RealServer::free_port()));
    assert!(said.contains("cannot be written"), "{said}");
}

#[test]
fn programs_missing() {
    let data = tempfile::tempdir().unwrap();
    let mut settings = embedded(data.path(), RealServer::free_port());
    settings.push(("CHEAPBOB_PG_BIN", "/nowhere".to_owned()));
    let said = refused(&settings);
    assert!(said.contains("PostgreSQL's programs are missing: run ./run"), "{said}");
}

/// A folder that PostgreSQL's user cannot pass through, as in /root or mktemp's: works where we are root.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_behind_closed_doors() {
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let deep =
        closed.path().join("so/deep/that/no/unix/socket/has/a/path/as/long/as/this/one/which/is/more/than/a/hundred/characters/long");
    let server = RealServer::http(RealServer::free_port(), &[("CHEAPBOB_DATA_DIR", deep.display().to_string())]).await;
    assert_eq!(server.api.get("/health/ready").await.status, 200);
    assert!(server.interrupt().success());
}

#[test]
fn settings_that_are_half_there_are_listed_at_once() {
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("GOOGLE_CLIENT_ID", "x".to_owned()),
        ("JWT_ALGORITHM", "none".to_owned()),
        ("FRONTEND_URL", "not an address".to_owned()),
    ];
    insta::assert_snapshot!("half settings", refused(&settings));
    insta::assert_snapshot!("production without settings", refused(&[("ENVIRONMENT", "production".to_owned())]));
}

#[test]
fn a_secret_may_stand_in_a_file_and_an_address_instead_of_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (file, port) = (folder.path().join("jwt"), RealServer::free_port().to_string());
    std::fs::write(&file, "s3cret\n").unwrap();
    let with = |settings: &[(&'static str, &str)]| {
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).chain([("PORT", port.clone())]).collect();
        let output = RealServer::command("cheapbob-http", &settings).arg("health").output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let file = file.to_str().unwrap();
    for taken in [
        &[("JWT_SECRET_FILE", file)][..],
        &[("REDIS_HOST", "::1"), ("REDIS_USER", "u"), ("REDIS_PASSWORD", "p@/:%")],
        &[("REDIS_URL", "unix:///run/redis.sock?db=1")],
        &[("REDIS_PORT", "tcp://10.0.0.11:6379"), ("REDIS_HOST", "redis")],
        &[("MONGODB_URI", "mongodb+srv://u:p@shop.example/name")],
        &[("AWS_REGION", "ap-northeast-2"), ("AWS_S3_BUCKET_NAME", "b")],
        &[("SUPER_ADMIN_SMTP_HOST", "relay"), ("SUPER_ADMIN_SMTP_EMAIL", "a@b.example")],
        &[("FRONTEND_URL", "https://Shop.example:443/")],
    ] {
        let said = with(taken);
        assert!(said.contains("nothing answers on port"), "{taken:?}: {said}");
    }
    let said = with(&[("REDIS_PASSWORDS", "s3cret"), ("REDIS_SERVICE_HOST", "10.0.0.11")]);
    assert!(said.contains("WARN REDIS_PASSWORDS is no setting and does nothing: is REDIS_PASSWORD meant?"), "{said}");
    assert!(!said.contains("SERVICE_HOST") && !said.contains("s3cret"), "{said}");
    for (wrong, line) in [
        (&[("JWT_SECRET_FILE", file), ("JWT_SECRET", "s3cret")][..], "JWT_SECRET and JWT_SECRET_FILE are both set: set one of them"),
        (&[("JWT_SECRET_FILE", "/nowhere")], "JWT_SECRET_FILE: /nowhere cannot be read: No such file or directory"),
        (&[("REDIS_URL", "redis://:s3cret@h"), ("REDIS_HOST", "h")], "REDIS_URL stands instead of REDIS_HOST: set one or the other"),
        (&[("REDIS_URL", "http://:s3cret@h")], "REDIS_URL, or the names instead of it, and REDIS_CA_FILE: "),
        (&[("REDIS_PASSWORD", "s3cret")], "REDIS_PASSWORD is set, but REDIS_HOST (or REDIS_URL, or REDIS_SENTINELS) is not"),
        (&[("MONGODB_URI", "mongodb://u:s3cret@/@h")], "MONGODB_URI is no address of MongoDB"),
        (&[("MONGODB_URI", "mongodb://u:s3cret@h")], "set MONGODB_NAME, or name the database in MONGODB_URI"),
        (&[("AWS_REGION", "r"), ("AWS_S3_BUCKET_NAME", "b"), ("AWS_S3_STYLE", "s3cret?")], "AWS_S3_STYLE is path or virtual"),
        (
            &[("SUPER_ADMIN_SMTP_HOST", "relay"), ("SUPER_ADMIN_SMTP_EMAIL", "a@b.example"), ("SUPER_ADMIN_SMTP_PASSWORD", "s3cret")],
            "SUPER_ADMIN_SMTP_USER and SUPER_ADMIN_SMTP_PASSWORD go together",
        ),
        (&[("FRONTEND_URL", "https://u:s3cret@shop.example/app?x#y")], "FRONTEND_URL is an origin, here https://shop.example: it has no"),
        (&[("OAUTH_REDIRECT_BASE_URL", "https://shop.example/api")], "OAUTH_REDIRECT_BASE_URL is an origin, here https://shop.example"),
    ] {
        let said = with(wrong);
        assert!(said.contains(line) && said.contains("the settings are wrong"), "{wrong:?}: {said}");
        assert!(!said.contains("s3cret") || line.contains("s3cret") || line.starts_with("AWS_S3_STYLE"), "{said}");
    }
}

/// The original's own file: below a name with a space the real database is named.
#[test]
fn every_line_of_a_dotenv_counts_and_one_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, inner) = (folder.path().join(".env"), folder.path().join("a/b"));
    std::fs::create_dir_all(&inner).unwrap();
    let port = [("PORT", RealServer::free_port().to_string())];
    std::fs::write(
        &file,
        "SUPER_ADMIN_SMTP_NAME=CheapBob Admin\nexport DB_HOST=127.0.0.1 # ours\ndb_port='1'\nDB_USER=u\nDB_NAME=$n\nDB_PASSWORD=a$b#c\n",
    )
    .unwrap();
    for folder in [folder.path(), &inner] {
        let said = refused_in(folder, &port);
        assert!(said.contains("cannot prepare the database (127.0.0.1:"), "{said}");
    }
    // What is in the environment already stays.
    let said = refused_in(folder.path(), &[("DB_NAME", String::new())]);
    assert!(said.contains("DB_HOST (or DATABASE_URL), DB_USER is set, but DB_NAME is not"), "{said}");

    std::fs::write(&file, "JWT_SECRET=x\nDB_HOST=\"127.0.0.1\nDB_NAME 'n'\n").unwrap();
    let said = refused_in(folder.path(), &port);
    for line in [2, 3] {
        assert!(said.contains(&format!("{}, line {line}: not NAME=value", file.display())), "{said}");
    }
    assert!(!said.contains("127.0.0.1"), "values are secrets: {said}");
    // In production nobody reads it.
    let said = refused_in(folder.path(), &[("ENVIRONMENT", "production".to_owned())]);
    assert!(said.contains("DB_HOST (or DATABASE_URL) is required in production"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer() {
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", "1".to_owned()),
        ("DB_USER", "u".to_owned()),
        ("DB_NAME", "n".to_owned()),
        ("PORT", RealServer::free_port().to_string()),
    ];
    let said = refused(&settings);
    assert!(said.contains("cannot prepare the database (127.0.0.1:"), "{said}");
    // Two at once on one fresh database: both start.
    let database = TestDatabase::create().await;
    database.sql("DROP SCHEMA public CASCADE; DROP SCHEMA embedded CASCADE; CREATE SCHEMA public;").await;
    let settings = |port: u16| {
        vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", database.port()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            ("PORT", port.to_string()),
        ]
    };
    let (one, two) = (RealServer::free_port(), RealServer::free_port());
    let (settings_one, settings_two) = (settings(one), settings(two));
    let (one, two) = tokio::join!(RealServer::http(one, &settings_one), RealServer::http(two, &settings_two));
    assert_eq!(one.api.get("/health/ready").await.status, 200);
    assert_eq!(two.api.get("/health/ready").await.status, 200);
}

/// `kill -9` leaves no PostgreSQL behind.
#[tokio::test(flavor = "multi_thread")]
async fn no_orphan_after_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let server = RealServer::http(RealServer::free_port(), &[("CHEAPBOB_DATA_DIR", data.path().display().to_string())]).await;
    let pid: u32 =
        std::fs::read_to_string(data.path().join("postgres/data/postmaster.pid")).unwrap().lines().next().unwrap().parse().unwrap();
    server.kill();
    cheapbob_test_support::eventually("PostgreSQL ends", 20, || async { (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()) })
        .await;
}
