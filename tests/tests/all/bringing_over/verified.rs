//! `import --verify` finds what is not here as it was there.

use cheapbob_test_support::{
    legacy::{LegacyData, LegacyDatabases, names::*},
    noon,
};

use super::house::{House, reasons};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_tampered_with_is_found() {
    let (old, house) = (LegacyDatabases::with(&LegacyData::awkward(1, noon())).await, House::with_fakes().await);
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(!ok && said.contains("the two sides differ"), "{said}");
    let (ok, said) = house.import(&old, &[]);
    assert!(ok, "{said}");
    assert_eq!(house.report(&old, &["--verify"]), Vec::<serde_json::Value>::new());
    let file = tempfile::NamedTempFile::new().unwrap();
    for (tamper, mend, id, reason) in [
        (
            "UPDATE customers SET nickname = 'x' WHERE email = '{}'",
            "UPDATE customers SET nickname = '손님' WHERE email = '{}'",
            CUSTOMER,
            "differs",
        ),
        ("UPDATE stores SET phone = 'x' WHERE id = '{}'", "UPDATE stores SET phone = '02-555-1000' WHERE id = '{}'", STORE, "differs"),
        (
            "UPDATE operation_times SET open_time = '01:00' WHERE store_id = '{}'",
            "UPDATE operation_times SET open_time = '09:00' WHERE store_id = '{}'",
            STORE,
            "differs",
        ),
        (
            "UPDATE products SET adjustment = adjustment + 1 WHERE id = '{}'",
            "UPDATE products SET adjustment = adjustment - 1 WHERE id = '{}'",
            PRODUCTS[1],
            "differs",
        ),
        (
            "UPDATE orders SET total_amount = 14001 WHERE payment_id = '{}'",
            "UPDATE orders SET total_amount = 14000 WHERE payment_id = '{}'",
            OPEN,
            "differs",
        ),
        (
            "UPDATE embedded.order_archive SET \"order\" = \"order\" || '{\"total_amount\": 1}' WHERE payment_id = '{}'",
            "UPDATE embedded.order_archive SET \"order\" = \"order\" || '{\"total_amount\": 14000}' WHERE payment_id = '{}'",
            ARCHIVED,
            "differs",
        ),
        (
            "DELETE FROM embedded.withdrawals WHERE email = '{}'",
            "INSERT INTO embedded.withdrawals VALUES ('{}', 'customer', now())",
            WITHDRAWN_CUSTOMER,
            "missing_here",
        ),
        ("DELETE FROM operation_reservations WHERE store_id = '{}'", "SELECT 1", PLANNED_STORE, "differs"),
        ("DELETE FROM embedded.order_archive WHERE payment_id = '{}'", "SELECT 1", ARCHIVED_TWICE, "missing_here"),
        ("DELETE FROM accounts WHERE email = '{}'", "SELECT 1", UNVOUCHED_CUSTOMER, "missing_here"),
    ] {
        house.database.sql(&tamper.replace("'{}'", &format!("'{id}'"))).await;
        let (ok, said) = house.import(&old, &["--verify", "--report", file.path().to_str().unwrap()]);
        assert!(!ok, "{tamper}: {said}");
        let report: Vec<_> =
            std::fs::read_to_string(file.path()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(reasons(&report, id), [reason], "{tamper}");
        if tamper.contains("total_amount") {
            assert!(said.contains(&format!("{STORE} on ")) && said.contains("won here"), "{said}");
        }
        house.database.sql(&mend.replace("'{}'", &format!("'{id}'"))).await;
    }
}
