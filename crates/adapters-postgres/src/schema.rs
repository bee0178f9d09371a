//! The tables as diesel sees them; `migrations/postgres` makes them.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    accounts (email) {
        email -> Text,
        role -> Text,
        is_active -> Bool,
        email_vouched -> Bool,
        created_at -> Timestamptz,
        generation -> BigInt,
        kept_session -> Nullable<Text>,
        imported_at -> Nullable<Timestamptz>,
        imported_as -> Nullable<Text>,
    }
}
table! { account_identities (provider, provider_user_id) { provider -> Text, provider_user_id -> Text, email -> Text, created_at -> Timestamptz, cut_at -> Nullable<Timestamptz>, } }
table! { erasures (pseudonym) { pseudonym -> Text, email -> Text, erased_at -> Timestamptz, } }
table! { exports (email) { email -> Text, token_hash -> Text, account_created_at -> Timestamptz, requested_at -> Timestamptz, expires_at -> Timestamptz, } }
table! { unlink_tokens (identity) { identity -> Text, token -> Text, stored_at -> Timestamptz, } }
table! { imported_sessions (session_id) { session_id -> Text, began_at -> Timestamptz, until -> Timestamptz, } }
table! { revoked_sessions (session_id) { session_id -> Text, until -> Timestamptz, } }
table! { customers (email) { email -> Text, nickname -> Text, phone_number -> Text, created_at -> Timestamptz, updated_at -> Timestamptz, } }
table! { customer_preferences (id) { id -> BigInt, email -> Text, kind -> Text, word -> Text, created_at -> Timestamptz, } }
table! {
    stores (id) {
        id -> Text,
        seller_email -> Text,
        name -> Text,
        introduction -> Text,
        phone -> Text,
        postal_code -> Text,
        address -> Text,
        detail_address -> Text,
        sido -> Text,
        sigungu -> Text,
        bname -> Text,
        lat -> Text,
        lng -> Text,
        nearest_station -> Nullable<Text>,
        walking_time -> Nullable<Integer>,
        instagram -> Nullable<Text>,
        facebook -> Nullable<Text>,
        x -> Nullable<Text>,
        homepage -> Nullable<Text>,
        has_product -> Bool,
        closed_on -> Nullable<Date>,
        suspended -> Bool,
        withheld -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}
table! {
    store_payments (store_id) {
        store_id -> Text,
        portone_store_id -> Text,
        portone_channel_id -> Text,
        portone_secret -> Text,
        webhook_secret -> Nullable<Text>,
        previous_webhook_secret -> Nullable<Text>,
        updated_at -> Timestamptz,
    }
}
table! {
    operation_times (id) {
        id -> BigInt,
        store_id -> Text,
        day_of_week -> SmallInt,
        open_time -> Time,
        close_time -> Time,
        pickup_start_time -> Time,
        pickup_end_time -> Time,
        is_open_enabled -> Bool,
        updated_at -> Timestamptz,
    }
}
table! { operation_reservations (store_id) { store_id -> Text, days -> Jsonb, created_at -> Timestamptz, } }
table! { store_images (key) { key -> Text, store_id -> Text, is_main -> Bool, display_order -> Integer, } }
table! { favorites (customer_email, store_id) { customer_email -> Text, store_id -> Text, created_at -> Timestamptz, } }
table! {
    products (id) {
        id -> Text,
        store_id -> Text,
        name -> Text,
        description -> Text,
        price -> BigInt,
        sale -> Integer,
        initial_stock -> Integer,
        sold -> Integer,
        held -> Integer,
        adjustment -> Integer,
        version -> Integer,
        nutrition_types -> Array<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        stock_day -> Date,
        price_since -> Nullable<Timestamptz>,
        past_prices -> Jsonb,
        price_steps -> Jsonb,
        max_per_customer -> Nullable<Integer>,
        restocked_at -> Nullable<Timestamptz>,
    }
}
table! {
    reviews (id) {
        id -> Text,
        payment_id -> Text,
        store_id -> Text,
        product_id -> Text,
        product_name -> Text,
        customer_email -> Text,
        rating -> SmallInt,
        reasons -> Array<Text>,
        text -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        reply -> Nullable<Text>,
        replied_at -> Nullable<Timestamptz>,
        hidden_at -> Nullable<Timestamptz>,
    }
}
table! {
    review_reports (review_id, reporter) {
        review_id -> Text,
        reporter -> Text,
        reason -> Text,
        created_at -> Timestamptz,
    }
}
table! {
    holds (payment_id) {
        payment_id -> Text,
        customer_email -> Text,
        product_id -> Text,
        store_id -> Text,
        quantity -> Integer,
        price -> BigInt,
        sale -> Integer,
        total_amount -> BigInt,
        portone_store_id -> Text,
        business_day -> Date,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        state -> Text,
        ended_because -> Nullable<Text>,
        ended_at -> Nullable<Timestamptz>,
        next_look_at -> Nullable<Timestamptz>,
        request_id -> Nullable<Text>,
        seen_prices -> Nullable<Jsonb>,
        replaced_by -> Nullable<Text>,
    }
}
table! {
    orders (payment_id) {
        payment_id -> Text,
        customer_email -> Text,
        customer_nickname -> Text,
        customer_phone_number -> Text,
        product_id -> Text,
        product_name -> Text,
        store_id -> Text,
        store_name -> Text,
        quantity -> Integer,
        price -> BigInt,
        sale -> Integer,
        total_amount -> BigInt,
        status -> Text,
        business_day -> Date,
        reservation_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        canceled_at -> Nullable<Timestamptz>,
        cancel_reason -> Nullable<Text>,
        preferred_menus -> Nullable<Array<Text>>,
        nutrition_types -> Nullable<Array<Text>>,
        allergies -> Nullable<Array<Text>>,
        topping_types -> Nullable<Array<Text>>,
    }
}
table! {
    refunds (payment_id) {
        payment_id -> Text,
        store_id -> Text,
        reason -> Text,
        state -> Text,
        attempts -> Integer,
        key_generation -> Integer,
        requested_at -> Timestamptz,
        next_attempt_at -> Nullable<Timestamptz>,
        last_answer -> Nullable<Text>,
        amount -> Nullable<BigInt>,
        claimed -> Bool,
    }
}
table! {
    disputes (payment_id) {
        payment_id -> Text,
        store_id -> Text,
        customer_email -> Text,
        product_name -> Text,
        quantity -> Integer,
        total_amount -> BigInt,
        reason -> Text,
        text -> Text,
        pictures -> Array<Text>,
        opened_at -> Timestamptz,
        answer -> Nullable<Text>,
        answered_at -> Nullable<Timestamptz>,
        decision -> Nullable<Text>,
        decision_reason -> Nullable<Text>,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Text>,
    }
}
table! {
    inbox (store_id, webhook_id) {
        store_id -> Text,
        webhook_id -> Text,
        received_at -> Timestamptz,
    }
}
table! {
    idempotency_keys (account, key) {
        account -> Text,
        key -> Text,
        request -> Text,
        created_at -> Timestamptz,
        leased_until -> Timestamptz,
        status -> Nullable<Integer>,
        body -> Nullable<Text>,
    }
}
table! {
    tasks (id) {
        id -> Text,
        job -> Nullable<Text>,
        due_at -> Nullable<Timestamptz>,
        payload -> Jsonb,
        status -> Text,
        attempts -> Integer,
        max_attempts -> Integer,
        run_at -> Timestamptz,
        locked_by -> Nullable<Text>,
        locked_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        due_from -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        request_id -> Nullable<Text>,
        lane -> Nullable<Text>,
        store_id -> Nullable<Text>,
        turn -> Nullable<Timestamptz>,
        claim -> Nullable<Text>,
        again -> Bool,
    }
}
table! {
    operators (email) {
        email -> Text,
        role -> Text,
        invited_by -> Nullable<Text>,
        by_setting -> Bool,
        created_at -> Timestamptz,
        totp_secret -> Nullable<Text>,
        enrolled -> Bool,
        totp_step -> BigInt,
    }
}
table! { operator_sessions (hash) { hash -> Text, email -> Text, confirmed -> Bool, expires_at -> Timestamptz, } }
table! {
    operator_log (id) {
        id -> BigInt,
        at -> Timestamptz,
        operator -> Nullable<Text>,
        event -> Text,
        about -> Nullable<Text>,
        detail -> Nullable<Text>,
        reason -> Nullable<Text>,
        form -> Nullable<Text>,
        outcome -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}
table! { archive_version (one) { one -> Bool, version -> BigInt, } }

joinable!(operator_sessions -> operators (email));

allow_tables_to_appear_in_same_query!(
    accounts,
    account_identities,
    exports,
    customers,
    customer_preferences,
    stores,
    store_payments,
    operation_times,
    operation_reservations,
    store_images,
    favorites,
    products,
    reviews,
    review_reports,
    disputes,
    holds,
    orders,
    archive_version,
    refunds,
    inbox,
    idempotency_keys,
    tasks,
    operators,
    operator_sessions,
);
