//! What pgbench is given, one request at a time, and the calls that are the same for cheapbob.

use cheapbob_adapters_postgres::{one_store_statement, pattern, statements};

use super::{Bench, RARE};

/// The two statements of payment/init for one customer. cheapbob sends those of many at once.
const OFFER: &str = include_str!("offer.sql");
const HOLD: &str = include_str!("hold.sql");

/// A customer's orders of a business day.
const LIST: &str = include_str!("today.sql");

/// The business day.
pub(super) const TODAY: &str = "((now() AT TIME ZONE 'Asia/Seoul') - interval '4 hours')::date";

/// A row that reads.
pub(super) struct Read {
    pub(super) name: &'static str,
    pub(super) path: String,
    pub(super) sql: String,
    /// A seller asks, and not the customer.
    pub(super) by_seller: bool,
    /// Stores that are shown, whose stock changes meanwhile.
    pub(super) stores: Vec<String>,
}

/// A page of a search as one statement that reads all of it: first the ids of the page, then the stores of those ids. cheapbob asked so
/// before it kept what does not change. $1: customer.
fn search_statement(name: Option<&str>, offset: u32) -> String {
    const NEAR: u32 = 256;
    let (page, order) = match name {
        None => (
            format!(
                "SELECT f.id FROM stores f WHERE f.has_product AND NOT f.withheld ORDER BY f.created_at DESC, f.id DESC LIMIT 5 OFFSET {offset}"
            ),
            "s.created_at DESC, s.id DESC",
        ),
        Some(name) => {
            let words = format!("words LIKE '{}'", pattern(name));
            let page = format!(
                "WITH near AS MATERIALIZED (
                    SELECT store_id, name FROM (SELECT * FROM store_search ORDER BY name, store_id LIMIT {NEAR}) first
                    WHERE {words} ORDER BY name, store_id LIMIT 5 OFFSET {offset}
                ), hits AS MATERIALIZED (SELECT store_id, name FROM store_search WHERE (SELECT count(*) FROM near) < 5 AND {words})
                SELECT store_id AS id FROM near WHERE (SELECT count(*) FROM near) = 5
                UNION ALL (SELECT store_id FROM hits ORDER BY name, store_id LIMIT 5 OFFSET {offset})"
            );
            (page, "s.name COLLATE \"C\", s.id")
        }
    };
    format!("{}WHERE s.id = ANY (ARRAY({page}))\nORDER BY {order}", statements::STORES)
}

pub(super) fn by_name(text: &str) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("search_name", text).finish();
    format!("/api/v1/customer/search/stores/by-name?{query}&page=0")
}

fn store(number: u32) -> String {
    format!("STR_{number:026}")
}

/// `$11` before `$1`.
pub(super) fn fill(sql: &str, values: &[(&str, &str)]) -> String {
    values.iter().rev().fold(sql.to_owned(), |sql, (parameter, value)| sql.replace(parameter, value))
}

impl Bench {
    pub(super) fn reads(&self) -> Vec<Read> {
        let me = format!("'{}'", self.email);
        let read = |name, path: String, sql: String, stores: &[u32]| {
            let stores = stores.iter().map(|n| store(*n)).collect();
            Read { name, path, sql: sql.replace("$1", &me), by_seller: false, stores }
        };
        let stores = "/api/v1/customer/search/stores";
        let today_of_store = format!("SELECT * FROM orders WHERE store_id = '{}' AND business_day = {TODAY}", self.shop.store_id);
        let one_store = one_store_statement().replace("$2", &format!("'{}'", store(1)));
        vec![
            read("search, page 0", format!("{stores}?page=0"), search_statement(None, 0), &[1, 2, 3, 4, 5]),
            read("search, page 50", format!("{stores}?page=50"), search_statement(None, 200), &[200, 201, 202, 203, 204, 205]),
            read("search by name", by_name(RARE), search_statement(Some(RARE), 0), &[7, 70, 71, 72, 73]),
            read("a store's page", format!("{stores}/{}/products", store(1)), one_store, &[]),
            read("orders today (5 orders)", "/api/v1/customer/orders/today".to_owned(), LIST.replace("$2", TODAY), &[]),
            Read {
                by_seller: true,
                ..read("orders today of a store", "/api/v1/seller/store/orders/today".to_owned(), today_of_store, &[])
            },
        ]
    }

    /// The two statements of payment/init, a customer at a time.
    pub(super) fn init_sql(products: usize) -> String {
        // Somebody else each time, as on the other side.
        let (me, product) = ("('c' || :b::text || '@bench.example')", "('PRD_' || lpad(:p::text, 26, '0'))");
        let offer = fill(OFFER, &[("$1", product), ("$2", me), ("$3", "1"), ("$4", TODAY), ("$5", "now() - interval '1 day'")]);
        let hold = fill(
            HOLD,
            &[
                ("$1", "('PAY' || md5(:a::text || :b::text))"),
                ("$2", me),
                ("$3", product),
                ("$4", "1"),
                ("$5", "10000"),
                ("$6", "30"),
                ("$7", "7000"),
                ("$8", "'store-1'"),
                ("$9", TODAY),
                ("$10", "now()"),
                ("$11", "now() + interval '5 minutes'"),
                ("$12", "md5(:a::text)"),
                ("$13", "now() - interval '15 minutes'"),
                ("$14", "NULL::text"),
                ("$15", "NULL::text"),
                ("$16", "now() - interval '1 day'"),
                ("$17", "3"),
                ("$18", "now() - interval '1 hour'"),
                ("$19", "10"),
                ("$20", "now() + interval '1 minute'"),
            ],
        );
        format!(
            "\\set p random(1, {products})\n\\set a random(1, 9000000000000000000)\n\\set b random(1, 9000000000000000000)\n{};\n{};\n",
            offer.trim(),
            hold.trim()
        )
    }

    /// payment/confirm of one hold after the other: the statements by which cheapbob decides it. `:i` counts each client's own.
    pub(super) fn confirm_sql(of_each: u64) -> String {
        let hold = "('PAY' || lpad(:n::text, 26, '0'))";
        let me = "('c' || :n::text || '@bench.example')";
        let product = format!("(SELECT product_id FROM holds WHERE payment_id = {hold})");
        let offer = fill(OFFER, &[("$1", &product), ("$2", me), ("$3", "1"), ("$4", TODAY), ("$5", "now() - interval '1 day'")]);
        let order = fill(
            statements::ORDER,
            &[
                ("$1", hold),
                ("$2", "now()"),
                ("$3", "'customer'"),
                ("$4", me),
                ("$5", "'request'"),
                ("$6", "10000"),
                ("$7", "30"),
                ("$8", "7000"),
                ("$9", "'held'"),
            ],
        );
        let order: String = order.lines().filter(|line| !line.trim_start().starts_with("--")).map(|line| format!("{line}\n")).collect();
        format!(
            "\\set i :i + 1\n\\set n :client_id * {of_each} + :i\n\
             SELECT h.*, r.reason FROM holds h LEFT JOIN refunds r ON r.payment_id = h.payment_id WHERE h.payment_id = {hold};\n\
             SELECT p.* FROM store_payments p JOIN holds h ON h.store_id = p.store_id WHERE h.payment_id = {hold};\n{};\n{};\n",
            offer.trim(),
            order.trim()
        )
    }
}
