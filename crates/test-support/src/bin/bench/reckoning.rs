//! From what a call costs to what so many customers need. `docs/scale.md` says why these numbers.

use super::cpu::Cpu;

/// Calls a day for each customer there is: one in ten opens the app, turns ten pages of a search, looks at three stores and twice at his
/// orders of today, and one in three of those buys something.
const SEARCHES: f64 = 1.0;
const STORE_PAGES: f64 = 0.3;
const LISTS: f64 = 0.2;
const PURCHASES: f64 = 1.0 / 30.0;

/// Half of a day's calls come in the two hours before the stores close, and the worst minute has twice as many as the mean of those.
const DAY_IN_SECONDS_OF_RUSH: f64 = 7_200.0;

/// How busy a core is to be in the worst minute.
const BUSY: f64 = 0.5;

/// What a purchase leaves in PostgreSQL, and for how many days.
pub(crate) const KEPT: [(&str, f64); 5] = [("holds", 90.0), ("audit_log", 90.0), ("inbox", 30.0), ("orders", 1.0), ("tasks", 1.0)];

const CUSTOMERS: [(&str, f64); 3] = [("10,000", 1e4), ("1 million", 1e6), ("50 million", 5e7)];

/// What one call of each kind costs.
#[derive(Default)]
pub(crate) struct Costs {
    pub(crate) search: Option<Cpu>,
    pub(crate) store_page: Option<Cpu>,
    pub(crate) list: Option<Cpu>,
    pub(crate) purchase: Option<Purchase>,
}

/// From the checkout to the pickup, with webhook and mails.
#[derive(Clone, Copy)]
pub(crate) struct Purchase {
    pub(crate) cpu: Cpu,
    /// By how many bytes the tables of [`KEPT`] have grown, indexes and all.
    pub(crate) stored: [f64; KEPT.len()],
    /// What it wrote to its log, bytes.
    pub(crate) logged: f64,
}

impl Costs {
    /// A line for each number of customers; nothing where a cost was not measured.
    pub(crate) fn say(&self, mut line: impl FnMut(String)) {
        let (Some(search), Some(store_page), Some(list), Some(purchase)) = (self.search, self.store_page, self.list, self.purchase) else {
            return;
        };
        line(format!(
            "{:<12}{:>10}{:>13}{:>12}{:>16}{:>16}{:>13}{:>10}{:>12}",
            "customers", "calls/s", "purchases/s", "http", "PostgreSQL for", "PostgreSQL for", "Redis cores", "log MB/s", "GB kept"
        ));
        line(format!("{:<12}{:>10}{:>13}{:>12}{:>16}{:>16}{:>13}{:>10}{:>12}", "", "", "", "cores", "searches", "the rest", "", "", ""));
        for (name, customers) in CUSTOMERS {
            let rush = |a_day: f64| customers * a_day / DAY_IN_SECONDS_OF_RUSH;
            let (searches, pages, lists, purchases) = (rush(SEARCHES), rush(STORE_PAGES), rush(LISTS), rush(PURCHASES));
            let kept: f64 = KEPT.iter().zip(purchase.stored).map(|((_, days), bytes)| days * bytes).sum();
            let cores = |microseconds: f64| microseconds / 1e6 / BUSY;
            let of_all = |part: fn(&Cpu) -> f64| {
                cores(searches * part(&search) + pages * part(&store_page) + lists * part(&list) + purchases * part(&purchase.cpu))
            };
            line(format!(
                "{name:<12}{:>10.1}{purchases:>13.2}{:>12.2}{:>16.2}{:>16.2}{:>13.3}{:>10.2}{:>12.1}",
                searches + pages + lists,
                of_all(|cpu| cpu.http),
                cores(searches * search.postgres + pages * store_page.postgres),
                cores(lists * list.postgres + purchases * purchase.cpu.postgres),
                of_all(|cpu| cpu.redis),
                purchases * purchase.logged / 1e6,
                customers * PURCHASES * kept / 1e9,
            ));
        }
    }
}
