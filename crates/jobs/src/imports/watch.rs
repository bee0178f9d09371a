//! Who watches an import: the report's file, and the terminal or the log.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal, Write, stderr},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use cheapbob_domain::{
    imports::{Finding, Kind, ports::Watcher},
    shared::{self, Error},
};

/// How often a terminal's line is drawn anew, and how often the log has a line.
const DRAWN: Duration = Duration::from_millis(200);
const LOGGED: Duration = Duration::from_secs(10);

/// Letters of the bar.
const WIDTH: u64 = 30;

/// A file that its owner alone may read: people stand in it.
fn create(path: &Path) -> Result<BufWriter<File>> {
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes findings into a file, and shows how far it is.
pub(super) struct Watch {
    report: Option<BufWriter<File>>,
    terminal: bool,
    /// The kind that is being read, since when, and when that was shown last.
    now: Option<(Kind, Instant, Instant)>,
}

impl Watch {
    /// Findings go into `report`, where one is named.
    pub(super) fn new(report: Option<&Path>) -> Result<Self> {
        Ok(Self { report: report.map(create).transpose()?, terminal: stderr().is_terminal(), now: None })
    }

    /// Writes what is not written yet.
    pub(super) fn finish(mut self) -> Result<()> {
        if self.terminal && self.now.is_some() {
            writeln!(stderr())?;
        }
        self.report.as_mut().map_or(Ok(()), |report| report.flush().context("cannot write the report"))
    }

    fn show(&self, kind: Kind, done: u64, of: u64, since: Duration) {
        let rate = (done as f64 / since.as_secs_f64().max(0.001)).round() as u64;
        if !self.terminal {
            tracing::info!(kind = kind.as_str(), rows = done, of, rows_per_second = rate, "import goes on");
            return;
        }
        let filled = (done * WIDTH / of.max(1)).min(WIDTH) as usize;
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(WIDTH as usize - filled));
        let left = of.saturating_sub(done).checked_div(rate).unwrap_or_default();
        // Nobody is hurt by a line that is not drawn.
        let _ = write!(stderr(), "\r{:<18} [{bar}] {done} of {of}, {rate}/s, {}:{:02} left  ", kind.as_str(), left / 60, left % 60);
    }
}

impl Watcher for Watch {
    fn tell(&mut self, finding: &Finding) -> shared::Result<()> {
        match &mut self.report {
            Some(report) => writeln!(report, "{}", finding.line()).map_err(Error::internal),
            None => Ok(()),
        }
    }

    fn progress(&mut self, kind: Kind, done: u64, of: u64) {
        let now = Instant::now();
        let (since, last) = match self.now {
            Some((same, since, last)) if same == kind => (since, last),
            other => {
                if self.terminal && other.is_some() {
                    let _ = writeln!(stderr());
                }
                (now, now)
            }
        };
        let often = if self.terminal { DRAWN } else { LOGGED };
        let due = now - last >= often || (self.terminal && done >= of);
        if due {
            self.show(kind, done, of, now - since);
        }
        self.now = Some((kind, since, if due { now } else { last }));
    }
}
