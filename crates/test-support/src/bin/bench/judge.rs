//! What each row is to reach, and what falls short of it.

/// A goal of the dinner rush.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// At least so much.
    Least(f64),
    /// At most so much.
    Most(f64),
}

impl Goal {
    fn is_reached(self, measured: f64) -> bool {
        match self {
            Self::Least(least) => measured >= least,
            Self::Most(most) => measured <= most,
        }
    }

    fn shown(self, unit: &str) -> String {
        match self {
            Self::Least(least) => format!("≥ {least} {unit}"),
            Self::Most(most) => format!("≤ {most} {unit}"),
        }
    }
}

/// Shares of pgbench, in per cent.
const SHARES: [(&str, f64); 10] = [
    ("search, page 0", 300.0),
    ("search, page 50", 300.0),
    ("search by name", 200.0),
    ("orders today (5 orders)", 100.0),
    ("orders today of a store", 100.0),
    ("payment init, one hot product", 1_000.0),
    ("payment init, 500 products", 200.0),
    ("payment confirm", 80.0),
    ("nearby", 60.0),
    ("nearby, map of Seoul", 60.0),
];

/// Remembers what fell short.
#[derive(Default)]
pub(crate) struct Judge {
    short: Vec<String>,
}

impl Judge {
    /// The goal of a measurement, as the table shows it.
    pub(crate) fn judge(&mut self, what: &str, measured: f64, goal: Goal, unit: &str) -> String {
        let shown = goal.shown(unit);
        if !goal.is_reached(measured) {
            self.short.push(format!("{what}: {measured:.1} {unit}, to be {shown}"));
        }
        shown
    }

    /// The same of a row's share of pgbench; empty where it has no goal.
    pub(crate) fn share(&mut self, row: &str, percent: f64) -> String {
        let goal = SHARES.iter().find(|(name, _)| *name == row);
        goal.map_or_else(String::new, |(_, least)| self.judge(row, percent, Goal::Least(*least), "%"))
    }

    /// The last word.
    pub(crate) fn say(&self, mut line: impl FnMut(String)) {
        if self.short.is_empty() {
            line("Every goal that was measured is reached.".to_owned());
            return;
        }
        line("Short of its goal:".to_owned());
        self.short.iter().for_each(|short| line(format!("  {short}")));
    }
}
