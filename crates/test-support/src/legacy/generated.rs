//! Small old services for property tests: whatever can stand in one, each seed another.

use chrono::{DateTime, TimeDelta, Utc};
use mongodb::bson::doc;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::rows::{LegacyData, LegacyOrder, date, instant};

impl LegacyData {
    /// A few people, stores and products, some dozens of orders; the same for the same seed and instant.
    pub fn generated(seed: u64, now: DateTime<Utc>) -> Self {
        let mut generator = Generator { rng: StdRng::seed_from_u64(seed), now, data: Self::new(), customers: vec![], products: vec![] };
        generator.people();
        generator.stores();
        generator.orders();
        generator.carts();
        generator.reservations();
        generator.data
    }
}

struct Generator {
    rng: StdRng,
    now: DateTime<Utc>,
    data: LegacyData,
    customers: Vec<String>,
    /// Product, store, price, discount.
    products: Vec<(String, String, i64, Option<i64>)>,
}

impl Generator {
    fn yes(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn past(&mut self, hours: i64) -> DateTime<Utc> {
        self.now - TimeDelta::seconds(self.rng.random_range(1..hours * 3_600))
    }

    /// E-mails collide on purpose: in case, and across the roles.
    fn email(&mut self) -> String {
        let number = self.rng.random_range(0..12);
        if self.yes(20) { format!("Person{number}@Example.com") } else { format!("person{number}@example.com") }
    }

    fn people(&mut self) {
        for table in
            ["customers", "customers", "customers", "customers", "customers", "customers", "sellers", "sellers", "sellers", "sellers"]
        {
            let email = self.email();
            if self.data.rows(table).iter().any(|row| row["email"] == email) {
                continue;
            }
            let (is_active, at) = (if self.yes(10) { None } else { Some(self.yes(90)) }, self.past(9_000));
            let created = (!self.yes(10)).then_some(at);
            self.data.account(table, &email, is_active, created);
            if table == "customers" {
                if self.yes(80) {
                    self.data.row(
                        "customer_details",
                        json!({ "customer_email": email, "nickname": "이웃", "phone_number": "01000000000", "created_at": instant(at), "updated_at": instant(at) }),
                    );
                }
                self.preferences(&email);
                self.customers.push(email);
            }
        }
    }

    fn preferences(&mut self, email: &str) {
        for _ in 0..self.rng.random_range(0..4) {
            let menu = ["salad", "poke", "korean", "sandwich"][self.rng.random_range(0..4)];
            self.data.row("customer_preferred_menus", json!({ "customer_email": email, "menu_type": menu }));
        }
    }

    fn stores(&mut self) {
        let sellers: Vec<_> = self.data.rows("sellers").iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect();
        for n in 0..4_i64 {
            let (seller, at) = (sellers[self.rng.random_range(0..sellers.len())].clone(), self.past(9_000));
            let store = format!("STR_{}_{n:08x}", at.timestamp());
            self.data.store(&store, &format!("가게 {n}"), &seller, at);
            if self.yes(30) {
                let gone = self.rng.random_range(0..7);
                self.data.rows_mut("store_operation_info").retain(|row| row["store_id"] != store || row["day_of_week"] != gone);
            }
            for piece in 0..2 {
                let product = format!("PRD_{}_{n:06x}{piece:02x}", at.timestamp() + piece);
                let (price, sale) = (self.rng.random_range(1..400) * 50, [None, Some(0), Some(15), Some(50)][self.rng.random_range(0..4)]);
                let stock = self.rng.random_range(0..15);
                self.data.product(&product, &store, price, sale, stock);
                self.data.of("store_product_info", "product_id", &product)["admin_adjustment"] = json!(self.rng.random_range(-3..4));
                self.products.push((product, store.clone(), price, sale));
            }
        }
    }

    fn order(&mut self, number: u32, at: DateTime<Utc>) -> LegacyOrder {
        let (product_id, store_id, price, sale) = self.products[self.rng.random_range(0..self.products.len())].clone();
        let customer = self.customers[self.rng.random_range(0..self.customers.len())].clone();
        let after = |seconds| Some(at + TimeDelta::seconds(seconds));
        let (status, mut instants) = match self.rng.random_range(0..6) {
            0 => ("reservation", [Some(at), None, None, None]),
            1 => ("accept", [Some(at), after(1), None, None]),
            2 => ("cancel", [Some(at), None, None, after(2)]),
            _ => ("complete", [Some(at), after(1), after(2), None]),
        };
        if self.yes(10) {
            instants[self.rng.random_range(0..4)] = None;
        }
        let quantity = self.rng.random_range(1..4);
        let payment_id = format!("PAY_{number:08x}_{}", at.timestamp());
        LegacyOrder {
            payment_id,
            customer,
            product_id,
            store_id,
            quantity,
            price,
            sale,
            status,
            instants,
            preferred_menus: Some("salad,unheard_of"),
        }
    }

    fn orders(&mut self) {
        if self.customers.is_empty() {
            return;
        }
        for number in 0..self.rng.random_range(5..40) {
            let hours = if self.yes(30) { 2_000 } else { 5 };
            let at = self.past(hours);
            let order = self.order(number, at);
            match self.rng.random_range(0..10) {
                0..5 => self.data.current(&order),
                5 => {
                    self.data.current(&order);
                    self.archive(order);
                }
                6 => {
                    self.archive(order.clone());
                    self.archive(order);
                }
                _ => self.archive(order),
            }
        }
    }

    /// The archive always says when an order was paid.
    fn archive(&mut self, mut order: LegacyOrder) {
        order.instants[0] = order.instants[0].or(Some(self.now - TimeDelta::days(1)));
        self.data.archived(&order);
    }

    fn carts(&mut self) {
        if self.customers.is_empty() {
            return;
        }
        for number in 0..self.rng.random_range(0..5) {
            let minutes = if self.yes(50) { 4 } else { 300 };
            let created = self.now - TimeDelta::seconds(self.rng.random_range(1..minutes * 60));
            let cart = self.order(0x00ca_0000 + number, created);
            if self.yes(70) {
                self.data.purchased(&cart.product_id, cart.quantity);
            }
            self.data.cart(&cart, created);
        }
    }

    fn reservations(&mut self) {
        let at = date(self.past(5));
        for (product, ..) in self.products.clone() {
            if self.yes(20) {
                let new_stock = self.rng.random_range(0..30);
                self.data.document(
                    "product_stock_reservations",
                    doc! { "product_id": product, "initial_stock": 5, "new_stock": new_stock, "reserved_at": at.clone(), "created_at": at.clone(), "updated_at": at.clone() },
                );
            }
        }
        for (table, collection, field) in
            [("customers", "customer_withdraw_reservations", "customer_email"), ("sellers", "seller_withdraw_reservations", "seller_email")]
        {
            let inactive = self.data.rows(table).iter().find(|row| row["is_active"] == false);
            if let Some(email) = inactive.map(|row| row["email"].as_str().unwrap().to_owned()) {
                self.data.document(
                    collection,
                    doc! { field: email, "withdrawn_at": at.clone(), "created_at": at.clone(), "updated_at": at.clone() },
                );
            }
        }
    }
}
