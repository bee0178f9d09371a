//! Plots, made on the server: bars of one height for each span of time.

use chrono::{DateTime, Utc};

use super::words;

/// A bar.
pub(super) struct Bar {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) height: i64,
    pub(super) label: String,
}

/// A plot of one thing over time.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) most: String,
    pub(super) sum: String,
    pub(super) width: i64,
    pub(super) bars: Vec<Bar>,
}

/// From one bar to the next.
const STEP: i64 = 20;

/// The tallest bar.
const HEIGHT: i64 = 80;

impl Plot {
    /// Of these values, each at its instant; `say` writes one.
    pub(super) fn new(title: &'static str, values: &[(DateTime<Utc>, i64)], say: fn(&i64) -> String) -> Self {
        let most = values.iter().map(|(_, value)| *value).max().unwrap_or_default();
        let bars = (0..).zip(values).map(|(n, (at, value))| {
            // What is not nothing is seen.
            let height = if *value == 0 { 0 } else { (value * HEIGHT / most.max(1)).max(1) };
            Bar { x: n * STEP, y: HEIGHT - height, height, label: format!("{} {}", words::time(at), say(value)) }
        });
        let bars: Vec<_> = bars.collect();
        let sum = values.iter().map(|(_, value)| value).sum();
        Self { title, most: say(&most), sum: say(&sum), width: STEP * i64::try_from(bars.len()).unwrap_or_default().max(1), bars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_of_the_most() {
        let at = DateTime::UNIX_EPOCH;
        let plot = Plot::new("t", &[(at, 0), (at, 200), (at, 1), (at, 100)], ToString::to_string);
        let heights: Vec<_> = plot.bars.iter().map(|bar| (bar.x, bar.y, bar.height)).collect();
        assert_eq!(heights, [(0, 80, 0), (20, 0, 80), (40, 79, 1), (60, 40, 40)]);
        assert_eq!((plot.most.as_str(), plot.sum.as_str(), plot.width), ("200", "301", 80));
        assert_eq!(Plot::new("t", &[], ToString::to_string).width, 20);
    }
}
