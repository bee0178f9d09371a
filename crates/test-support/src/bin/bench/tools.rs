//! wrk and pgbench.

use std::{path::Path, process::Command, time::Duration};

use super::{
    Bench, CLIENTS,
    call::Call,
    cpu::{Cpu, Processes},
};

impl Bench {
    /// Requests a second; no answer may be a success.
    pub(super) fn wrk_refused(&self, path: &str, script: &str) -> f64 {
        let said = self.wrk_said(&self.call(path).with(script));
        assert_eq!(
            number_after(&said, "Non-2xx or 3xx responses:"),
            number_before(&said, " requests in "),
            "every request is refused:\n{said}"
        );
        number_after(&said, "Requests/sec:")
    }

    /// Requests a second, and what one costs; every answer must be a success.
    pub(super) fn wrk(&self, call: &Call<'_>) -> (f64, Cpu) {
        self.wrk_on(self.processes, call)
    }

    /// The same, on other processes.
    pub(super) fn wrk_on(&self, processes: Processes, call: &Call<'_>) -> (f64, Cpu) {
        let before = processes.used();
        let said = self.wrk_said(call);
        assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "every request is decided:\n{said}");
        let cost = (processes.used() - before).each(number_before(&said, " requests in "));
        (number_after(&said, "Requests/sec:"), cost)
    }

    fn wrk_said(&self, call: &Call<'_>) -> String {
        let mut command = Command::new("wrk");
        let (clients, duration) = (format!("-c{CLIENTS}"), format!("-d{}s", self.seconds));
        command.args(["-t1", &clients, &duration, "-H", &format!("Authorization: Bearer {}", call.token)]);
        if let Some(script) = call.script {
            let file = self.folder.path().join("init.lua");
            std::fs::write(&file, script).unwrap();
            command.arg("-s").arg(file);
        }
        run(command.arg(format!("{}{}", call.base.replace("localhost", "127.0.0.1"), call.path)))
    }

    /// The customer calls.
    pub(super) fn call<'a>(&'a self, path: &'a str) -> Call<'a> {
        Call { base: &self.api.base, path, token: &self.token, script: None }
    }

    /// Scripts a second.
    pub(super) fn pgbench(&self, sql: &str) -> f64 {
        let file = self.folder.path().join("statement.sql");
        // One statement, one line: pgbench ends a statement at its semicolon.
        std::fs::write(&file, if sql.contains(';') { sql.to_owned() } else { format!("{};\n", sql.trim()) }).unwrap();
        let pgbench = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path().join("bin/pgbench"))
            .find(|p| p.is_file());
        let mut command = Command::new(pgbench.unwrap_or_else(|| "pgbench".into()));
        command.args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "1",
            "-c",
            &CLIENTS.to_string(),
            // Each client's own count.
            "-D",
            "i=0",
            "-T",
            &self.seconds.to_string(),
            "-h",
            "127.0.0.1",
            "-p",
        ]);
        let said = run(command.arg(self.database.port()).args(["-U", "cheapbob", "-f"]).arg(&file).arg(self.database.name()));
        number_after(&said, "tps =")
    }
}

fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|e| panic!("{:?}: {e}; `just bench` gets what is missing", Path::new(command.get_program())));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    std::thread::sleep(Duration::from_millis(300));
    said
}

fn number_before(text: &str, label: &str) -> f64 {
    let before = text.split(label).next().unwrap();
    before.split_whitespace().next_back().unwrap().parse().unwrap_or_else(|_| panic!("no number before {label} in {text}"))
}

fn number_after(text: &str, label: &str) -> f64 {
    let rest = text.split(label).nth(1).unwrap_or_else(|| panic!("{label} in {text}"));
    rest.split_whitespace().next().unwrap().parse().unwrap()
}
