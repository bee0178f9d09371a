//! PostgreSQL as a private child process.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Why the child does not run: each is one line that a person can act on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No `initdb` and `postgres` anywhere.
    #[error(
        "PostgreSQL's programs are missing: run ./run, or install them (Debian: apt-get install postgresql; macOS: brew install postgresql@17), or set DB_HOST to use a server, or CHEAPBOB_PG_BIN to their folder"
    )]
    ProgramsMissing,
    /// The lock is taken.
    #[error("the data folder {} is in use by another process: stop it, or set CHEAPBOB_DATA_DIR to another folder", .0.display())]
    FolderInUse(PathBuf),
    /// Cannot create or write.
    #[error("the data folder {} cannot be written: {}; set CHEAPBOB_DATA_DIR to another folder", .0.display(), .1)]
    FolderUnwritable(PathBuf, io::Error),
    /// The data belongs to a major version that is not installed.
    #[error("the data in {} is of PostgreSQL {found}, but only PostgreSQL {installed} is installed here: install version {found}, or set CHEAPBOB_DATA_DIR to another folder", .folder.display())]
    OtherVersion {
        /// Where the data is.
        folder: PathBuf,
        /// Its major version.
        found: u32,
        /// What is installed.
        installed: String,
    },
    /// Anything else that PostgreSQL says.
    #[error("PostgreSQL does not start: {} (its log: {})", .0, .1.display())]
    Failed(String, PathBuf),
}

/// A running child. Dropping it stops it.
#[derive(Debug)]
pub struct ManagedPostgres {
    child: Child,
    socket_dir: PathBuf,
    port: u16,
    /// Held as long as the child runs.
    _lock: File,
}

/// One installation of PostgreSQL.
struct Programs {
    bin: PathBuf,
    major: u32,
}

impl ManagedPostgres {
    /// Starts PostgreSQL on the data in `folder` (made where there is none), reachable by a Unix socket only. Call it from
    /// the main thread: on Linux the child dies with the *thread* that made it.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(folder: &Path) -> Result<Self, StartError> {
        Self::start_with(folder, None, &[])
    }

    /// [`ManagedPostgres::start`], also on 127.0.0.1:`tcp_port`, with further settings (`name=value`).
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start_with(folder: &Path, tcp_port: Option<u16>, settings: &[&str]) -> Result<Self, StartError> {
        let unwritable = |e| StartError::FolderUnwritable(folder.to_owned(), e);
        fs::create_dir_all(folder).map_err(unwritable)?;
        let folder = &folder.canonicalize().map_err(unwritable)?;
        let lock = File::create(folder.join("lock")).map_err(unwritable)?;
        lock.try_lock().map_err(|_| StartError::FolderInUse(folder.clone()))?;

        let home = folder.join("postgres");
        let (data, log) = (home.join("data"), home.join("log"));
        let programs = choose(&installed(), &data)?;
        let user = unprivileged();
        fs::create_dir_all(&home).map_err(unwritable)?;
        fs::set_permissions(&home, Permissions::from_mode(0o700)).map_err(unwritable)?;
        if let Some(user) = user {
            std::os::unix::fs::chown(&home, Some(user.uid), Some(user.gid)).map_err(unwritable)?;
        }
        let log_file = File::create(&log).map_err(unwritable)?;
        end_predecessor(&data);
        if !data.join("PG_VERSION").exists() {
            initialize(&programs, user, &home, &data).map_err(|why| StartError::Failed(why, log.clone()))?;
        }

        let socket_dir = socket_dir(&home, user).map_err(unwritable)?;
        let port = tcp_port.unwrap_or(5432);
        let mut command = command(&programs.bin.join("postgres"), user, &home);
        command.arg("-D").arg(&data);
        let own = [
            format!("unix_socket_directories={}", socket_dir.display()),
            "unix_socket_permissions=0700".to_owned(),
            format!("port={port}"),
            format!("listen_addresses={}", if tcp_port.is_some() { "127.0.0.1" } else { "" }),
            "shared_buffers=64MB".to_owned(),
            "max_connections=80".to_owned(),
            "logging_collector=off".to_owned(),
        ];
        for setting in own.iter().map(String::as_str).chain(settings.iter().copied()) {
            command.args(["-c", setting]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file)
            // Ctrl-C in a terminal is for us; we end the child when our work is done.
            .process_group(0)
            .spawn()
            .map_err(|e| StartError::Failed(e.to_string(), log.clone()))?;
        let mut started = Self { child, socket_dir, port, _lock: lock };
        started.wait_until_ready(&data, &log)?;
        Ok(started)
    }

    /// Connection URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        let host: String = url::form_urlencoded::byte_serialize(self.socket_dir.as_os_str().as_encoded_bytes()).collect();
        format!("postgres://cheapbob@/{database}?host={host}&port={}", self.port)
    }

    /// The folder of its socket.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self, data: &Path, log: &Path) -> Result<(), StartError> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let begin = Instant::now();
        loop {
            // The last line of the lock file says how far the server has come.
            let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let mut lines = state.lines();
            if lines.next() == Some(&self.child.id().to_string()) && lines.next_back().is_some_and(|l| l.trim() == "ready") {
                return Ok(());
            }
            let exited = self.child.try_wait().ok().flatten();
            if exited.is_some() || begin.elapsed() > PATIENCE {
                let said = fs::read_to_string(log).unwrap_or_default();
                let why = said.lines().rfind(|l| l.contains("FATAL") || l.contains("could not")).unwrap_or("it said nothing");
                return Err(StartError::Failed(why.to_owned(), log.to_owned()));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the child: open transactions roll back, everything committed is on disk.
    fn stop(&mut self) {
        for (signal, patience) in [(libc::SIGINT, 15), (libc::SIGQUIT, 5), (libc::SIGKILL, 5)] {
            send(self.child.id(), signal);
            let end = Instant::now() + Duration::from_secs(patience);
            while Instant::now() < end {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for ManagedPostgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// All installations, the newest first; `CHEAPBOB_PG_BIN` alone where it is set.
fn installed() -> Vec<Programs> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(bin) = std::env::var_os("CHEAPBOB_PG_BIN") {
        folders.push(bin.into());
    } else {
        for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
            folders.extend(fs::read_dir(parent).into_iter().flatten().flatten().map(|e| e.path().join("bin")));
        }
        folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    }
    let mut found: Vec<_> = folders
        .into_iter()
        .filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .filter_map(|bin| major(&bin).map(|major| Programs { bin, major }))
        .collect();
    found.sort_by_key(|p| std::cmp::Reverse(p.major));
    found
}

/// `postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)` → 15
fn major(bin: &Path) -> Option<u32> {
    let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn choose(installed: &[Programs], data: &Path) -> Result<Programs, StartError> {
    let newest = installed.first().ok_or(StartError::ProgramsMissing)?;
    let found = fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|v| v.trim().parse::<u32>().ok());
    let chosen = match found {
        None => newest,
        Some(found) => installed.iter().find(|p| p.major == found).ok_or_else(|| StartError::OtherVersion {
            folder: data.to_owned(),
            found,
            installed: installed.iter().map(|p| p.major.to_string()).collect::<Vec<_>>().join(", "),
        })?,
    };
    Ok(Programs { bin: chosen.bin.clone(), major: chosen.major })
}

/// Makes the data beside and renames it: a kill in between leaves no half cluster.
fn initialize(programs: &Programs, user: Option<User>, home: &Path, data: &Path) -> Result<(), String> {
    let fresh = home.join("data.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|e| e.to_string())?;
    }
    let output = command(&programs.bin.join("initdb"), user, home)
        .arg("-D")
        .arg(&fresh)
        .args(["-U", "cheapbob", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
        .output()
        .map_err(|e| format!("initdb: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        // What went wrong outside of it (a full disk, a program that it calls) is no line with "error".
        let error = said.lines().rfind(|l| l.contains("error")).map(str::to_owned);
        return Err(error.unwrap_or_else(|| format!("initdb failed: {}", said.lines().collect::<Vec<_>>().join("; "))));
    }
    fs::rename(&fresh, data).map_err(|e| e.to_string())
}

/// A child of an earlier run may still be ending (we hold the lock, so it is nobody else's). A lock file whose process is
/// another program's would keep PostgreSQL from starting: process ids come again after a reboot or in a container.
fn end_predecessor(data: &Path) {
    let file = data.join("postmaster.pid");
    let Some(pid) = fs::read_to_string(&file).ok().and_then(|t| t.lines().next()?.trim().parse::<u32>().ok()) else { return };
    let is_ours =
        || fs::read_link(format!("/proc/{pid}/cwd")).map_or_else(|_| cfg!(not(target_os = "linux")) && alive(pid), |cwd| cwd == data);
    for (signal, patience) in [(0, 5), (libc::SIGINT, 10), (libc::SIGQUIT, 5), (libc::SIGKILL, 5)] {
        let end = Instant::now() + Duration::from_secs(patience);
        while is_ours() && Instant::now() < end {
            if signal != 0 {
                send(pid, signal);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    if !is_ours() {
        // Gone already where the predecessor ended in order.
        let _ = fs::remove_file(&file);
    }
}

/// A socket's path has 107 bytes at most: beside the data where it fits, else in the temporary folder under a name that
/// stays the same for this data.
fn socket_dir(home: &Path, user: Option<User>) -> io::Result<PathBuf> {
    const LONGEST_NAME: usize = "/.s.PGSQL.65535.lock".len();
    if home.as_os_str().len() + LONGEST_NAME < 100 {
        return Ok(home.to_owned());
    }
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(home.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let dir = std::env::temp_dir().join(format!("cheapbob-{name}"));
    fs::create_dir_all(&dir)?;
    fs::set_permissions(&dir, Permissions::from_mode(0o700))?;
    if let Some(user) = user {
        std::os::unix::fs::chown(&dir, Some(user.uid), Some(user.gid))?;
    }
    Ok(dir)
}

/// Whom PostgreSQL runs as where we are root: it refuses root.
#[derive(Debug, Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

#[expect(unsafe_code, reason = "geteuid has no safe wrapper in std; it cannot fail")]
fn unprivileged() -> Option<User> {
    if unsafe { libc::geteuid() } != 0 {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].into_iter().find_map(|name| {
        let fields: Vec<_> = passwd.lines().map(|l| l.split(':').collect::<Vec<_>>()).find(|f| f.first() == Some(&name))?;
        Some(User { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    })
}

/// A program of PostgreSQL's as the right user, ended by the kernel when our thread ends, however it ends.
#[expect(unsafe_code, reason = "what happens between fork and exec is unsafe by nature; it makes system calls only")]
fn command(program: &Path, user: Option<User>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    // A clone in /root or in mktemp's folder: the user cannot pass through it, unless it keeps the right to.
    let pass = user.is_some() && home.ancestors().skip(1).any(|a| fs::metadata(a).is_ok_and(|m| m.permissions().mode() & 0o001 == 0));
    unsafe {
        command.pre_exec(move || {
            if let Some(user) = user {
                become_user(user, pass)?;
            }
            die_with_parent()
        });
    }
    command
}

#[expect(unsafe_code, reason = "changing the user between fork and exec")]
fn become_user(user: User, pass: bool) -> io::Result<()> {
    let check = |result: libc::c_int| if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    unsafe {
        #[cfg(target_os = "linux")]
        if pass {
            check(libc::prctl(libc::PR_SET_KEEPCAPS, 1))?;
        }
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setgid(user.gid))?;
        check(libc::setuid(user.uid))?;
    }
    #[cfg(target_os = "linux")]
    if pass {
        // Where the capability is not ours to keep, PostgreSQL will say that it cannot reach its data.
        let _ = linux::keep_dac_override();
    }
    #[cfg(not(target_os = "linux"))]
    let _ = pass;
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Data {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }

    /// capabilities(7): of all that root may do, only passing through and reading folders of others, also after exec.
    #[expect(unsafe_code, reason = "capset has no wrapper in libc")]
    pub(super) fn keep_dac_override() -> io::Result<()> {
        const VERSION_3: u32 = 0x2008_0522;
        const CAP_DAC_OVERRIDE: libc::c_ulong = 1;
        let mask = 1_u32 << CAP_DAC_OVERRIDE;
        let mut header = Header { version: VERSION_3, pid: 0 };
        let none = Data { effective: 0, permitted: 0, inheritable: 0 };
        let data = [Data { effective: mask, permitted: mask, inheritable: mask }, none];
        unsafe {
            if libc::syscall(libc::SYS_capset, &raw mut header, data.as_ptr()) != 0
                || libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE as libc::c_ulong, CAP_DAC_OVERRIDE, 0, 0) != 0
            {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }
}

/// SIGINT is PostgreSQL's fast shutdown. Set last: a change of the user clears it. Elsewhere than on Linux the next start
/// ends what a killed process left ([`end_predecessor`]).
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "prctl between fork and exec"))]
fn die_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    unsafe {
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGINT) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

#[expect(unsafe_code, reason = "kill has no safe wrapper in std for signals other than KILL")]
fn send(pid: u32, signal: libc::c_int) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        unsafe { libc::kill(pid, signal) };
    }
}

#[expect(unsafe_code, reason = "kill with signal 0 asks whether a process lives")]
fn alive(pid: u32) -> bool {
    libc::pid_t::try_from(pid).is_ok_and(|pid| unsafe { libc::kill(pid, 0) } == 0)
}
