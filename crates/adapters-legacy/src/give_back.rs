//! What is given back: a script for PostgreSQL, and a file for each of MongoDB's collections.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use cheapbob_domain::{
    imports::ports::{Change, GivenBack},
    shared::{Error, Result},
};
use serde_json::{Value, json};

/// Functions of the script, and the beginning of its transaction.
const HEAD: &str = include_str!("give_back.sql");

/// Files in a folder that their owner alone may read: people stand in them.
pub struct GiveBack {
    folder: PathBuf,
    script: BufWriter<File>,
    collections: BTreeMap<String, BufWriter<File>>,
}

impl GiveBack {
    /// Begins them in this folder, which is made where it is missing; what is there under their names is replaced.
    ///
    /// # Errors
    /// Where the files cannot be made.
    pub fn create(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut script = create(&folder.join("postgresql.sql"))?;
        script.write_all(HEAD.as_bytes())?;
        Ok(Self { folder: folder.to_owned(), script, collections: BTreeMap::new() })
    }

    fn collection(&mut self, name: &str) -> Result<&mut BufWriter<File>> {
        if !self.collections.contains_key(name) {
            let file = create(&self.folder.join(format!("{name}.jsonl"))).map_err(Error::internal)?;
            self.collections.insert(name.to_owned(), file);
        }
        self.collections.get_mut(name).ok_or_else(|| Error::internal("a file that was made is gone"))
    }
}

fn create(path: &Path) -> std::io::Result<BufWriter<File>> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path).map(BufWriter::new)
}

impl GivenBack for GiveBack {
    fn change(&mut self, table: &str, change: Change) -> Result<()> {
        writeln!(self.script, "{}", statement(table, change)).map_err(Error::internal)
    }

    fn whole(&mut self, collection: &str) -> Result<()> {
        self.collection(collection).map(|_| ())
    }

    fn document(&mut self, collection: &str, document: Value) -> Result<()> {
        writeln!(self.collection(collection)?, "{document}").map_err(Error::internal)
    }

    fn end(&mut self) -> Result<()> {
        writeln!(self.script, "\nCOMMIT;").map_err(Error::internal)?;
        self.collections.values_mut().chain([&mut self.script]).try_for_each(Write::flush).map_err(Error::internal)
    }
}

fn statement(table: &str, change: Change) -> String {
    match (table, change) {
        ("stores", Change::Row(row)) => format!("SELECT pg_temp.give_store({});", quoted(&row)),
        // Whether it is open there its timer says at the next opening or closing.
        ("store_operation_info", Change::Row(row)) => {
            format!("SELECT pg_temp.give('{table}', '{{store_id,day_of_week}}', {}, '{{\"is_currently_open\": false}}');", quoted(&row))
        }
        (_, Change::Row(row)) => format!("SELECT pg_temp.give('{table}', '{{{}}}', {});", key(table), quoted(&row)),
        ("store_operation_info_modifications", Change::All { of, rows }) => {
            format!("SELECT pg_temp.give_plans({}, {});", text(&of["store_id"]), quoted(&json!(rows)))
        }
        (_, Change::All { of, rows }) => format!("SELECT pg_temp.give_all('{table}', {}, {});", quoted(&of), quoted(&json!(rows))),
        ("accounts_gone", Change::Gone(key)) => format!("SELECT pg_temp.gone_account({});", text(&key["email_sha256"])),
        (_, Change::Gone(key)) => format!("SELECT pg_temp.gone('{table}', {});", quoted(&key)),
    }
}

/// The columns by which a row is found there; of some tables they are not the primary key, which is a number of that database's own.
fn key(table: &str) -> &'static str {
    match table {
        "customers" | "sellers" => "email",
        "customer_details" => "customer_email",
        "store_product_info" => "product_id",
        "cart_items" | "order_current_items" => "payment_id",
        _ => "store_id",
    }
}

fn text(value: &Value) -> String {
    literal(value.as_str().unwrap_or_default())
}

fn quoted(value: &Value) -> String {
    literal(&value.to_string())
}

/// A literal of SQL, whatever `standard_conforming_strings` is there.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_people_stay_texts() {
        let row = json!({ "customer_email": "o'hara@example.com", "nickname": "\\'); DROP" });
        assert_eq!(
            statement("customer_details", Change::Row(row)),
            r#"SELECT pg_temp.give('customer_details', '{customer_email}', E'{"customer_email":"o''hara@example.com","nickname":"\\\\''); DROP"}');"#
        );
    }
}
