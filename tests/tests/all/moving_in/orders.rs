//! Orders and money under way go on where they stood.

use cheapbob_test_support::{Shop, eventually, legacy::names, text};
use chrono::Duration;
use serde_json::json;

use super::house::House;

const ORDERS: &str = "/api/v1/customer/orders";
const SELLERS: &str = "/api/v1/seller/store/orders";
const UNTIL: (&str, &str) = ("LEGACY_TOKENS_UNTIL", "2026-11-30");

async fn shop(house: &House) -> Shop {
    let seller = house.moved(names::SELLER, "seller").await;
    Shop { seller, product_id: names::PRODUCTS[0].to_owned(), store_id: names::STORE.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_orders_are_seen_accepted_handed_out_and_refunded() {
    let house = House::moved_in(&[UNTIL]).await;
    let (customer, shop) = (house.moved(names::CUSTOMER, "customer").await, shop(&house).await);
    let seller = &shop.seller;
    for payment in [names::OPEN, names::TO_CANCEL, names::TO_REFUND, names::ACCEPTED] {
        house.pay(payment, 2).await;
    }
    // Today's and the archive's, in lists and one by one, for both sides.
    let all = customer.get(ORDERS).await.expect(200);
    assert_eq!(House::of(&all, names::OPEN)["status"], "reservation");
    assert_eq!(House::of(&all, names::ARCHIVED)["status"], "complete");
    assert!(!customer.get(&format!("{ORDERS}/today")).await.expect(200).to_string().contains(names::ARCHIVED));
    for payment in [names::OPEN, names::ARCHIVED] {
        let order = customer.get(&format!("{ORDERS}/{payment}")).await.expect(200);
        assert_eq!((&order["payment_id"], &order["total_amount"]), (&payment.into(), &14_000.into()));
    }
    House::of(&seller.get(SELLERS).await.expect(200), names::ARCHIVED);
    // Another's is nobody's, whatever its id looks like.
    let other = house.moved(names::UPPER_CASE, "customer").await;
    for payment in [names::OPEN, names::ARCHIVED, "PAY_00000000_1"] {
        assert_eq!(other.get(&format!("{ORDERS}/{payment}")).await.refused(404), "order_not_found");
    }

    assert_eq!(shop.accept(names::OPEN).await.expect(200)["status"], "accept");
    let screen = shop.screen(&house.api.base, names::ACCEPTED).await.unwrap();
    let code = shop.code(names::ACCEPTED).await;
    assert_eq!(customer.scan(names::OPEN, &code).await.refused(400), "qr_invalid");
    assert_eq!(customer.scan(names::ACCEPTED, &code).await.expect(200)["status"], "complete");
    assert_eq!(screen.await.unwrap()["status"], "completed");
    let (left, purchased) = shop.stock().await;
    assert_eq!(customer.cancel(names::TO_CANCEL).await.expect(200)["total_amount"], 14_000);
    let path = format!("{SELLERS}/{}/cancel", names::TO_REFUND);
    seller.delete_with(&path, &json!({ "reason": "재료 소진" })).await.expect(200);
    for payment in [names::TO_CANCEL, names::TO_REFUND] {
        eventually("the money is back", 20, || async { (house.api.cancelled(payment).await == 14_000).then_some(()) }).await;
    }
    assert_eq!(shop.stock().await, (left + 4, purchased - 4));
    assert_eq!(customer.cancel(names::OPEN).await.refused(400), "order_accepted");

    // Stores and products have their old ids in every call as well.
    let product = format!("/api/v1/seller/store/products/{}", names::PRODUCTS[0]);
    assert_eq!(seller.put(&product, &json!({ "description": "새 설명" })).await.expect(200)["description"], "새 설명");
    seller.patch(&format!("{product}/stock/up")).await.expect(200);
    seller.post(&format!("{product}/stock/reservation"), &json!({ "new_stock": 7 })).await.expect(201);
    let store = format!("/api/v1/customer/search/stores/{}", names::STORE);
    assert_eq!(customer.get(&format!("{store}/products")).await.expect(200)["store_id"], names::STORE);
    other.post(&format!("{store}/favorites"), &json!({})).await.expect(200);

    // What is bought now has an id of ours, at the same store and of the same product.
    let bought = other.order(&shop.product_id, 1).await;
    assert!(!bought.payment_id.contains('_'), "{}", bought.payment_id);
    assert_eq!(bought.body["store_id"], format!("store-{}", names::STORE));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_cart_that_turns_out_paid_becomes_an_order() {
    let house = House::moved_in(&[UNTIL]).await;
    let (customer, shop) = (house.moved(names::CUSTOMER, "customer").await, shop(&house).await);
    let status = async |payment: &str| {
        let answer = customer.get(&format!("{ORDERS}/{payment}")).await;
        if answer.status == 200 { Some(text(&answer.body, "status")) } else { None }
    };
    // By the app, before its five minutes are over.
    assert_eq!(customer.confirm(names::CART_FRESH).await.refused(400), "payment_not_paid");
    house.pay(names::CART_FRESH, 1).await;
    assert_eq!(customer.confirm(names::CART_FRESH).await.expect(200)["payment_id"], names::CART_FRESH);
    assert_eq!(status(names::CART_FRESH).await.as_deref(), Some("reservation"));
    // By PortOne's word.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    shop.set_webhook_secret(SECRET).await;
    house.pay(names::CART_TO_BE_PAID, 1).await;
    let message = json!({ "type": "Transaction.Paid", "timestamp": "2026-11-24T03:00:00.000Z", "data": { "storeId": "s", "paymentId": names::CART_TO_BE_PAID, "transactionId": "t" } });
    house.api.webhook(names::STORE, SECRET, "WH-old", &message).await.expect(200);
    eventually("the webhook's order", 20, || async { status(names::CART_TO_BE_PAID).await }).await;
    // By the job that looks at what has ended, hours after.
    house.pay(names::CART_KEPT, 1).await;
    house.api.advance(Duration::minutes(10)).await;
    eventually("the late order", 20, || async { status(names::CART_KEPT).await }).await;
    shop.stock().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rollover_and_reconciliation_take_old_orders_as_ours() {
    let mut house = House::before_the_switch(&[UNTIL]).await;
    let (customer, shop) = (house.moved(names::CUSTOMER, "customer").await, shop(&house).await);
    house.pay_all().await;
    // The money of a past order is known, since the records of its payment came over. A stranger's is not.
    house.pay(names::ARCHIVED, 2).await;
    house.pay("PAY_ffffffff_1795480000", 2).await;
    house.start_jobs();
    house.api.run_job("reconcile").await;
    let reported = house.database.texts("SELECT DISTINCT payment_id FROM audit_log WHERE event = 'discrepancy'").await;
    assert_eq!(reported, ["PAY_ffffffff_1795480000"]);

    house.api.set_clock("2026-11-25T04:45:00+09:00".parse().unwrap()).await;
    for job in ["end_pickups", "refund_open_orders", "rollover_stock", "archive_orders"] {
        house.api.run_job(job).await;
    }
    // All that was open goes back, but for a store that is gone: nobody has its PortOne account.
    let open = "refunds r JOIN store_payments p USING (store_id) WHERE r.state <> 'succeeded'";
    eventually("the money is back", 120, || async { (house.database.count(open).await == 0).then_some(()) }).await;
    for payment in [names::LEFT_OVER, names::OPEN] {
        assert_eq!(house.api.cancelled(payment).await, 14_000, "{payment}");
    }
    assert_eq!(house.api.cancelled(names::COLLECTED).await, 0);
    let kept = format!("orders WHERE payment_id = '{}'", names::COLLECTED);
    eventually("orders are archived", 20, || async { (house.database.count(&kept).await == 0).then_some(()) }).await;
    let order = customer.get(&format!("{ORDERS}/{}", names::COLLECTED)).await.expect(200);
    assert_eq!(order["status"], "complete");
    // What was left of the ordinary store's products is all of it again.
    let (left, purchased) = shop.stock().await;
    assert_eq!((left, purchased), (50, 0));
}
