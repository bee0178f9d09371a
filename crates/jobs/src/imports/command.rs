use std::path::PathBuf;

use anyhow::{Result, bail};
use cheapbob_domain::imports::{Compared, Done, Kind, Mode, Summary};
use cheapbob_wiring::{Services, give_back_into, open_legacy};
use chrono::{DateTime, Utc};
use clap::Args;

use super::watch::Watch;
use crate::instant::instant;

/// What there is to say to `import`. Where the old databases are may be in the environment: an argument shows in the list of processes.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct ImportArguments {
    /// The old PostgreSQL, postgres://…
    #[arg(long, value_name = "URL", env = "IMPORT_FROM_POSTGRES", hide_env_values = true)]
    pub from_postgres: String,
    /// The old MongoDB with its database, mongodb://…/NAME
    #[arg(long, value_name = "URI", env = "IMPORT_FROM_MONGODB", hide_env_values = true)]
    pub from_mongodb: String,
    /// Read and tell everything, write nothing
    #[arg(long, conflicts_with = "verify")]
    pub dry_run: bool,
    /// End with an error where anything is not here as it was there
    #[arg(long)]
    pub strict: bool,
    /// Compare both sides, write nothing
    #[arg(long)]
    pub verify: bool,
    /// A file for what does not fit: a line of JSON for each row
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// What there is to say to `give-back`.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct GiveBackArguments {
    /// A folder for the files: a script for the old PostgreSQL, documents for the old MongoDB
    pub folder: PathBuf,
    /// From when on; else since the last import
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub since: Option<DateTime<Utc>>,
}

/// Brings everything over, or compares; says what it came to.
///
/// # Errors
/// Where a database does not answer; with `strict`, where anything was changed; where the two sides differ.
pub async fn import(services: &Services, arguments: ImportArguments) -> Result<Vec<String>> {
    let mut old = open_legacy(&arguments.from_postgres, &arguments.from_mongodb).await?;
    let mut watch = Watch::new(arguments.report.as_deref())?;
    if arguments.verify {
        let compared = services.verify.verify(&mut old, &mut watch).await?;
        watch.finish()?;
        let lines = compared_lines(&compared);
        if !compared.is_same() {
            bail!("the two sides differ\n{}", lines.join("\n"));
        }
        return Ok(lines);
    }
    let mode = if arguments.dry_run { Mode::Dry } else { Mode::Write };
    let summary = services.import.import(&mut old, &mut watch, mode).await?;
    watch.finish()?;
    let lines = lines(&summary, mode);
    if arguments.strict && summary.is_changed() {
        bail!("not everything is here as it was there (--strict)\n{}", lines.join("\n"));
    }
    Ok(lines)
}

fn lines(summary: &Summary, mode: Mode) -> Vec<String> {
    let brought = if mode == Mode::Dry { "WOULD BE BROUGHT" } else { "BROUGHT" };
    let mut lines = vec![format!("{:<20} {:>12} {:>16}", "KIND", "READ", brought)];
    for kind in Kind::ALL {
        let of = |rows: &std::collections::BTreeMap<Kind, u64>| rows.get(&kind).copied().unwrap_or_default();
        lines.push(format!("{:<20} {:>12} {:>16}", kind.as_str(), of(&summary.read), of(&summary.brought)));
    }
    lines.push(String::new());
    lines.push(format!("{:<20} {:<26} {:<9} {:>9}  WHAT", "KIND", "REASON", "DONE", "ROWS"));
    for ((kind, reason), rows) in &summary.told {
        let done = match reason.done {
            Done::Kept => "kept",
            Done::Changed => "changed",
            Done::LeftOut => "left out",
        };
        lines.push(format!("{:<20} {:<26} {done:<9} {rows:>9}  {}", kind.as_str(), reason.code, reason.says));
    }
    lines
}

fn compared_lines(compared: &Compared) -> Vec<String> {
    let row = |[what, there, here, otherwise]: [&str; 4]| format!("{what:<20} {there:>15} {here:>15} {otherwise:>11}");
    let mut lines = vec![row(["KIND", "THERE", "HERE", "OTHERWISE"])];
    for (kind, there) in &compared.there {
        let of = |rows: &std::collections::BTreeMap<Kind, u64>| rows.get(kind).copied().unwrap_or_default().to_string();
        lines.push(row([kind.as_str(), &there.to_string(), &of(&compared.here), &of(&compared.differing)]));
    }
    for (what, there, here) in
        [("won in orders", compared.won_there, compared.won_here), ("pieces left", compared.left_there, compared.left_here)]
    {
        lines.push(row([what, &there.to_string(), &here.to_string(), ""]));
    }
    for (store, day, orders, won) in &compared.days {
        lines.push(format!("{store} on {day}: {orders:+} orders, {won:+} won here"));
    }
    lines
}

/// Writes what was taken here since the move, in the old service's terms; says how many rows of each table and collection.
///
/// # Errors
/// Where a database does not answer, or the files cannot be written.
pub async fn give_back(services: &Services, arguments: &GiveBackArguments) -> Result<Vec<String>> {
    let given = services.give_back.give_back(arguments.since, &mut give_back_into(&arguments.folder)?).await?;
    let mut lines: Vec<_> = given.iter().map(|(table, rows)| format!("{table:<36} {rows:>9}")).collect();
    lines.push(format!("written into {}: docs/moving-in.md says how the old databases read it", arguments.folder.display()));
    Ok(lines)
}
