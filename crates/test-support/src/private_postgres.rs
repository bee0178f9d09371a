//! A PostgreSQL of one test's own, for what cannot be done to the one that all share.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use cheapbob_adapters_embedded::fakes::postgres::ManagedPostgres;

use crate::{database::sql, real::RealServer};

/// A server with the database `cheapbob`; it ends with this value. To be started in the test's own thread.
pub struct PrivatePostgres {
    /// On 127.0.0.1.
    pub port: u16,
    server: ManagedPostgres,
    folder: tempfile::TempDir,
}

impl PrivatePostgres {
    /// Starts one with these settings (`name=value`) beside its usual ones.
    pub async fn start(settings: &[&str]) -> Self {
        let started = Self::on(tempfile::Builder::new().prefix("cheapbob-postgres-").tempdir().unwrap(), settings);
        started.sql("postgres", "CREATE DATABASE cheapbob").await;
        started
    }

    fn on(folder: tempfile::TempDir, settings: &[&str]) -> Self {
        let quick = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
        let settings = [&quick, settings].concat();
        loop {
            let port = RealServer::free_port();
            match ManagedPostgres::start_with(folder.path(), Some(port), &settings) {
                Ok(server) => return Self { port, server, folder },
                // While its files were made another test's server has taken the port.
                Err(error) if error.to_string().contains("could not create any TCP/IP sockets") => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// A standby of it, which streams.
    pub async fn standby(&self) -> Self {
        let folder = tempfile::Builder::new().prefix("cheapbob-standby-").tempdir().unwrap();
        let data = folder.path().join("postgres/data");
        fs::create_dir_all(data.parent().unwrap()).unwrap();
        let copied = Command::new(self.program("pg_basebackup"))
            .args(["-h", "127.0.0.1", "-U", "cheapbob", "-X", "stream", "--checkpoint=fast", "-R", "-p", &self.port.to_string(), "-D"])
            .arg(&data)
            .status()
            .unwrap();
        assert!(copied.success(), "pg_basebackup: {copied}");
        self.give(&data);
        Self::on(folder, &[])
    }

    /// One of PostgreSQL's programs of this version.
    fn program(&self, name: &str) -> PathBuf {
        fs::read_link(format!("/proc/{}/exe", self.server.pid())).unwrap().with_file_name(name)
    }

    /// Gives what lies there to the server's user.
    fn give(&self, path: &Path) {
        let owner = fs::metadata(self.data()).unwrap();
        chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
        if path.is_dir() {
            fs::read_dir(path).unwrap().flatten().for_each(|entry| self.give(&entry.path()));
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("postgres/data")
    }

    /// Writes a file of the server's own; its path.
    pub fn file(&self, name: &str, contents: &str) -> String {
        let path = self.folder.path().join("postgres").join(name);
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self.give(&path);
        path.display().to_string()
    }

    /// From now on it admits over TCP whom these lines of `pg_hba.conf` admit; over its socket whoever comes.
    pub async fn admit(&self, lines: &str) {
        fs::write(self.data().join("pg_hba.conf"), format!("local all all trust\n{lines}\n")).unwrap();
        self.sql("postgres", "SELECT pg_reload_conf()").await;
    }

    /// Changes settings that a running server takes (`name = value`).
    pub async fn set(&self, settings: &[&str]) {
        for setting in settings {
            self.sql("postgres", &format!("ALTER SYSTEM SET {setting}")).await;
        }
        self.sql("postgres", "SELECT pg_reload_conf()").await;
    }

    /// Runs SQL as its superuser, over its socket.
    pub async fn sql(&self, database: &str, statements: &str) {
        sql(&self.server.url(database), statements).await.unwrap();
    }

    /// Where to find its database, with these words; as its superuser, to whom no password is known.
    pub fn url(&self, words: &str) -> String {
        format!("postgres://cheapbob@127.0.0.1:{}/cheapbob?{words}", self.port)
    }
}
