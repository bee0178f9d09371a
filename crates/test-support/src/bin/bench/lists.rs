//! The row of a list of all days.

use super::{
    Bench,
    judge::{Goal, Judge},
    shown,
    statements::TODAY,
};

/// Customers whose lists are asked for in turn, and how many orders each of them has of today and in the archive.
const CUSTOMERS: u32 = 1_000;
const OF_TODAY: u32 = 30;
const ARCHIVED: u32 = 50;

impl Bench {
    /// `today`: lists of today's orders a second.
    pub(super) async fn all_orders(&self, today: f64, judge: &mut Judge) {
        const NAME: &str = "orders of all days (30 + 50)";
        if !self.wants(NAME) {
            return;
        }
        let insert = |day: &str, at: &str, status: &str, each: u32| {
            format!(
                "INSERT INTO orders (payment_id, customer_email, customer_nickname, customer_phone_number, product_id, product_name, store_id,
                                     store_name, quantity, price, sale, total_amount, status, business_day, reservation_at, completed_at)
                 SELECT 'PAY' || md5(n || '{status}' || k), 'c' || n || '@bench.example', '길동', '01012345678', 'PRD_' || lpad(k::text, 26, '0'), '도시락',
                        'STR_' || lpad(k::text, 26, '0'), '마포 가게', 1, 10000, 30, 7000, '{status}', {day}, {at} - k * interval '1 second',
                        CASE WHEN '{status}' = 'complete' THEN {at} END
                 FROM generate_series(1, {CUSTOMERS}) n, generate_series(1, {each}) k;"
            )
        };
        self.database.sql(&insert(&format!("{TODAY} - 1"), "now() - interval '1 day'", "complete", ARCHIVED)).await;
        self.api.call(reqwest::Method::POST, "/sandbox/jobs/archive_orders", None, None).await.expect(200);
        let archived = self.database.number("SELECT count(*) AS n FROM embedded.order_archive").await;
        assert!(archived >= i64::from(CUSTOMERS * ARCHIVED), "only {archived} are archived");
        self.database.sql(&insert(TODAY, "now()", "reservation", OF_TODAY)).await;
        self.database.sql("VACUUM ANALYZE orders, embedded.order_archive").await;
        let script = format!(
            r#"local sessions, n = {{}}, 0
for token in io.lines("{}") do sessions[#sessions + 1] = "Bearer " .. token end
request = function()
    n = n % {CUSTOMERS} + 1
    wrk.headers["Authorization"] = sessions[n]
    return wrk.format()
end
"#,
            self.folder.path().join("tokens").display()
        );
        let call = || self.call("/api/v1/customer/orders").with(&script);
        let (rate, cost) = self.wrk(&call());
        let percent = rate / today * 100.0;
        let goal = judge.judge(NAME, percent, Goal::Least(25.0), "% of orders today");
        println!("{NAME:<34}{rate:>12.0}{:>12}{percent:>8.0}%  {goal:<12}{}", "", shown(cost));
        self.database.sql("TRUNCATE orders").await;
    }
}
