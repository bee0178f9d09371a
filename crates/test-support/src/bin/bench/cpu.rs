//! The CPU time of the processes that serve.

use std::{fs, ops::Sub, path::Path, process::Command};

use cheapbob_test_support::TestDatabase;

/// Microseconds of CPU time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) http: f64,
    pub(crate) postgres: f64,
    pub(crate) redis: f64,
}

impl Cpu {
    /// Of each of so many calls.
    pub(crate) fn each(self, calls: f64) -> Self {
        Self { http: self.http / calls, postgres: self.postgres / calls, redis: self.redis / calls }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { http: self.http - before.http, postgres: self.postgres - before.postgres, redis: self.redis - before.redis }
    }
}

/// Whose time is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Processes {
    http: u32,
    /// The others of PostgreSQL's are its children.
    postmaster: u32,
    redis: u32,
}

impl Processes {
    pub(crate) async fn find(http: u32, database: &TestDatabase, redis_port: u16) -> Self {
        let backend = database.number("SELECT pg_backend_pid()::bigint AS n").await;
        let postmaster = Stat::of(u32::try_from(backend).unwrap()).unwrap().parent;
        let info = Command::new("redis-cli").args(["-p", &redis_port.to_string(), "INFO", "server"]).output().unwrap().stdout;
        let info = String::from_utf8(info).unwrap();
        let redis = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap().trim().parse().unwrap();
        Self { http, postmaster, redis }
    }

    /// The same, but another process serves.
    pub(crate) fn with_http(self, http: u32) -> Self {
        Self { http, ..self }
    }

    /// What this process itself has used.
    pub(crate) fn own() -> f64 {
        Stat::of(std::process::id()).map_or(0.0, |stat| stat.own)
    }

    pub(crate) fn used(self) -> Cpu {
        let own = |pid| Stat::of(pid).map_or(0.0, |stat| stat.own);
        let all = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let children = all.filter_map(Stat::of).filter(|stat| stat.parent == self.postmaster);
        let postmaster = Stat::of(self.postmaster).unwrap();
        Cpu {
            http: own(self.http),
            postgres: postmaster.own + postmaster.ended_children + children.map(|stat| stat.own).sum::<f64>(),
            redis: own(self.redis),
        }
    }
}

/// What the kernel says of a process (proc_pid_stat(5)).
struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Stat {
    /// `None`: it has ended.
    fn of(pid: u32) -> Option<Self> {
        /// Linux counts in hundredths of a second here, on every machine that we know.
        const TICK: f64 = 10_000.0;
        let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
        // The name before may have blanks and brackets.
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |n: usize| fields[n].parse::<f64>().unwrap() * TICK;
        Some(Self { parent: fields[1].parse().unwrap(), own: ticks(11) + ticks(12), ended_children: ticks(13) + ticks(14) })
    }
}
