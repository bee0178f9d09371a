//! Every implementation of a port through the port's suite.

use std::sync::Arc;

use cheapbob_adapters_embedded::fakes::{Embedded, Feed, Folder, SandboxClock};
use cheapbob_adapters_mongo::{Mongo, MongoSettings};
use cheapbob_adapters_redis::{Redis, RedisSessions, RedisSignals};
use cheapbob_adapters_s3::S3;
use cheapbob_adapters_webpush::{WebPush, WebPushSettings};
use cheapbob_domain::notices::Subscription;
use cheapbob_test_support::{
    Proxy, PushServer, S3Server, TestDatabase, VAPID_KEY, mongo_settings, redis_at, redis_url,
    suites::{self, World},
};
use cheapbob_wiring::ProcessLimits;
use secrecy::SecretString;

async fn on_postgres<F: AsyncFnOnce(&World)>(suite: F) {
    let database = TestDatabase::create().await;
    let postgres = Arc::new(database.postgres());
    let world = World {
        accounts: postgres.clone(),
        takeovers: postgres.clone(),
        unlink_tokens: postgres.clone(),
        revocations: postgres.clone(),
        imported_sessions: postgres.clone(),
        customers: postgres.clone(),
        stores: postgres.clone(),
        approvals: postgres.clone(),
        search: postgres.clone(),
        nearby: postgres.clone(),
        hours: postgres.clone(),
        images: postgres.clone(),
        products: postgres.clone(),
        holds: postgres.clone(),
        orders: postgres.clone(),
        changes: postgres.clone(),
        reviews: postgres.clone(),
        disputes: postgres.clone(),
        operators: postgres.clone(),
        factors: postgres.clone(),
        operator_sessions: postgres.clone(),
        operator_log: postgres.clone(),
        cases: postgres.clone(),
        console: postgres.clone(),
        notice_choices: postgres.clone(),
        happenings: postgres.clone(),
        notice_book: postgres.clone(),
        cancellations: postgres.clone(),
        refunds: postgres.clone(),
        audit: postgres.clone(),
        inbox: postgres.clone(),
        keys: postgres.clone(),
        books: postgres.clone(),
        ended: postgres.clone(),
        settled: postgres.clone(),
        imports: postgres.clone(),
        ours: postgres.clone(),
        tasks: postgres.clone(),
        ledger: postgres.clone(),
        outbox: postgres,
    };
    suite(&world).await;
}

/// Each rule of each suite is a test on a database of its own.
macro_rules! postgres {
    ($($suite:ident { $($rule:ident)* })*) => {
        $(
            mod $suite {
                use super::*;

                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $rule() {
                        on_postgres(async |world| suites::$suite::$rule(world).await).await;
                    }
                )*
            }
        )*
    };
}

mod postgres {
    use super::*;

    postgres! {
        users {
            account_is_found_by_email_and_identity
            account_with_a_taken_email_or_identity_is_not_made
            identity_is_added_once_and_one_of_each_provider
            identity_that_is_cut_stays_its_accounts
            registration_status_says_what_is_missing
            takeovers
            imported_account_is_claimed_once
            takeover_of_an_imported_account_leaves_it_what_it_is
            unlink_tokens
            revocations
            imported_session_begins_once
            profile_is_registered_once
            detail_change_leaves_the_other_fields
            preferences_are_added_all_or_none
            preference_is_removed_once
            preferences_need_a_profile
            nobody_leaves_an_order_in_progress
            account_is_deactivated_and_reactivated_once
            sessions_are_ended_by_generations
            payment_for_a_withdrawn_seller_becomes_no_order
            deleted_customer_leaves_a_pseudonym
            deleted_seller_waits_for_the_refunds_of_the_store
        }
        stores {
            store_is_registered_once
            payment_account_is_registered_once
            payment_account_change_leaves_the_other_fields
            webhook_secret_change_keeps_the_one_before
            store_change_leaves_the_other_fields
            planned_hours_are_replaced_and_canceled
            planned_hours_take_effect_at_the_rollover
            first_pictures_are_registered_once
            pictures_are_added_up_to_the_most
            picture_is_removed_once_unless_it_is_the_main_one
            main_picture_is_one
        }
        disputes {
            an_order_has_one_dispute
            disputes_are_listed_for_their_store_and_for_operators
            one_decision_stands_and_refunds_once
            a_payment_that_goes_back_already_does_not_go_back_twice
            a_deleted_customers_words_go_and_the_decision_stays
        }
        approvals {
            an_approval_is_changed_by_whom_knows_it
            stores_wait_in_the_order_of_asking
            a_withheld_store_is_not_shown_and_sells_nothing
        }
        search {
            search_finds_the_names_of_now
            search_without_a_filter_begins_with_the_newest
            search_by_a_text_finds_parts_of_names
            search_by_location_goes_by_name
            search_shows_each_store_as_it_is_now
            searches_at_once_are_each_answered
            favorites_are_a_customers_own
            store_is_found_by_its_id
        }
        nearby {
            stores_are_where_they_are_now
            addresses_that_are_no_places_are_nowhere
            offers_are_those_of_now
        }
        products {
            product_is_seen_by_its_own_store_only
            store_has_no_more_products_than_its_most
            product_change_leaves_the_other_fields
            prices_are_changed_by_whom_knows_them
            stock_adjustment_takes_no_more_than_is_left
            nutrition_types_change_all_or_nothing
            stock_rollover_finds_each_product_once_a_day
            stock_rollover_counts_what_the_new_day_has
            stock_rollover_goes_forward_only
            what_ends_after_the_rollover_gives_back_to_its_own_day
            stock_rollover_counts_what_is_bought_meanwhile
        }
        holds {
            offer_says_what_can_be_bought
            hold_takes_stock
            holds_at_once_are_decided_in_turn
            holds_at_once_fail_alone
            hold_is_refused_for_want_of_stock_and_for_another_price
            hold_release_gives_the_stock_back_once
            order_turns_held_stock_into_sold
            late_payment_takes_the_stock_again_once
            late_payment_without_stock_is_refunded_once
            hold_expiry_is_due_at_its_end
            hold_expiry_comes_before_looks_and_leaves_them_their_place
            hold_expiry_takes_the_stores_in_turn
            hold_expiry_leaves_the_payment_watched
            hold_is_not_unwatched
            hold_takes_the_place_of_the_unpaid_one
            customer_has_three_holds_at_once
            ten_holds_that_came_to_nothing_are_enough_for_an_hour
            customer_gets_no_more_pieces_than_the_limit
            hold_knows_the_prices_that_its_customer_may_have_seen
            hold_is_of_the_steps_that_were_read
        }
        orders {
            order_keeps_what_was_bought
            order_goes_forward_one_step_at_a_time
            lists_of_a_day_begin_with_the_newest_event
            lists_of_a_day_at_once_are_each_ones_own
            the_archive_has_another_version_when_orders_go_there_or_it_is_said
            an_order_has_the_hours_of_the_day_of_its_purchase
            pickup_end_finds_what_was_not_accepted
            closing_time_completes_what_was_accepted
            day_end_finds_what_was_left_open
            each_change_is_told_to_store_and_customer
            what_commits_late_is_not_missed
        }
        cancellations {
            order_is_canceled_once_with_stock_and_refund
            order_is_canceled_from_these_states_only
            order_of_an_ended_day_gives_no_stock_back
            closing_a_store_cancels_its_open_orders_and_lets_no_payment_by
        }
        reviews {
            an_order_has_one_review
            changes_at_once_are_each_made
            a_stores_reviews_come_in_pages
            the_rating_is_that_of_the_reviews_that_are_shown
            reviews_go_with_their_account
            a_reply_is_of_the_stores_own_review
            a_person_reports_a_review_once
        }
        operators {
            operators_come_change_and_go
            codes_are_used_once
            operators_sessions_end
            a_form_begins_one_action
            a_discrepancy_is_closed_once
        }
        notices {
            choices_are_what_was_chosen_last
            browsers_are_one_persons
            a_person_has_a_place_for_each_store_and_so_many_in_a_day
            a_batch_ends_when_everybody_is_told
            happenings_are_found_by_clock_and_by_what_sellers_did
        }
        refunds {
            refund_is_tried_by_one_at_a_time
            refunds_are_due_store_by_store
            refund_keeps_what_was_said
            refused_refund_is_tried_again_with_another_key
            refund_that_is_done_stays_done
            reopened_refund_is_open_again_with_another_key
            expedited_refund_is_due_now_unless_somebody_is_at_it
        }
        money {
            audit_log_tells_who_took_each_step_of_an_order
            audit_log_tells_each_turn_of_a_refund
            audit_log_tells_why_a_hold_was_released
            discrepancy_is_reported_once_until_it_changes
            webhook_is_kept_once_with_its_task
            webhooks_of_a_payment_make_one_task
            webhook_of_another_store_is_another_one
            webhook_about_another_stores_payment_is_not_kept
            webhook_that_does_not_matter_is_only_kept
            forgotten_webhook_is_new
            idempotent_call_is_done_by_one_at_a_time
            idempotency_key_is_for_one_request_of_one_account
            idempotent_call_goes_on_with_its_payment
            idempotent_call_keeps_its_first_answer
            forgotten_idempotency_key_is_new
            books_expect_what_became_of_each_payment_of_a_store
            books_find_payments_of_any_store
            books_list_stores_with_payments_in_pages
        }
        imports {
            what_was_brought_is_known_until_it_changes_here
            brought_again_it_is_there_once_and_nobody_is_written_over
            left_stays_what_it_was
            second_store_is_a_placeholders
            pieces_that_come_back_are_for_whom_they_were_promised
            favorites_are_of_customers_and_stores_that_are_here
            unseen_is_what_no_run_has_seen_since
        }
        past {
            settled_payments_are_those_of_which_nothing_is_left_to_do
            settled_payments_come_in_pages_the_oldest_first
            forgotten_payment_comes_back_as_it_was
            payment_that_has_changed_is_not_forgotten
            payment_of_somebody_being_deleted_does_not_come_back_yet
        }
        tasks {
            run_is_scheduled_once_and_one_at_a_time
            run_that_has_ended_is_not_scheduled_again
            task_is_claimed_by_one_worker_when_it_is_due
            task_is_tried_again_when_it_is_due_again
            silent_worker_loses_its_tasks
            task_dies_after_its_attempts
            run_that_the_clock_left_ahead_gives_way
            late_run_gives_way_to_no_older_one
            outbox_forgets_what_is_done_and_keeps_what_is_dead
            outbox_keeps_daily_runs_for_longer
            words_of_others_are_stored_as_what_can_be
            worker_taken_for_dead_changes_nothing
            claim_is_extended_by_its_own_token
            end_of_a_task_is_written_once
            lanes_are_apart
            stores_of_a_lane_take_turns
            claim_begins_where_it_is_told
            what_comes_late_or_comes_back_has_its_turn_now
        }
    }
}

/// Ports that are implemented twice, by suites that need nothing but the port.
macro_rules! ports {
    ($make:expr, $($suite:ident { $($rule:ident)* })*) => {
        $(
            mod $suite {
                use super::*;

                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $rule() {
                        let (port, _keep) = $make.await;
                        suites::$suite::$rule(&port).await;
                    }
                )*
            }
        )*
    };
}

mod embedded {
    use super::*;

    async fn embedded() -> (Embedded, TestDatabase) {
        let database = TestDatabase::create().await;
        (Embedded::new(&database.connect(), 4).unwrap(), database)
    }

    ports! {
        embedded(),
        ephemeral {
            session_is_revoked_alone
            looks_at_once_are_told_apart
            login_is_taken_once
            search_history_begins_with_the_newest
            search_history_keeps_the_newest_few
            search_history_keeps_a_text_for_a_week
        }
        limits {
            burst_is_let_through_and_then_one_each_interval
            refused_call_does_not_count
            callers_and_rules_are_counted_apart
            calls_at_once_get_no_more_than_the_quota
            streams_of_an_account_have_so_many_places
            stream_that_nobody_closed_gives_its_place_back
            stream_that_is_extended_keeps_its_place
        }
        archive {
            what_is_in_the_archive_stays_as_it_is
            lists_of_the_archive_begin_with_the_newest_event
            settlement_finds_orders_by_the_instant_of_their_end
            several_orders_are_found_at_once
            orders_of_a_deleted_customer_bear_a_pseudonym
        }
        past {
            archived_payments_are_those_written_first
            archived_payments_of_a_deleted_person_bear_a_pseudonym
        }
        products { stock_reservations }
        users { withdrawals }
    }

    async fn folder() -> (Folder, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Folder::new(folder.path().into(), "http://localhost"), folder)
    }

    mod objects {
        use super::*;

        ports! { folder(), ephemeral { object_is_what_was_put_last objects_are_listed_by_key object_outside_of_the_folder_is_not_there } }
    }

    /// The same port in two processes, of which the first listens over a way of its own.
    async fn signals() -> (Feed, Feed, Proxy, TestDatabase) {
        let database = TestDatabase::create().await;
        let way = Proxy::to(database.port().parse().unwrap()).await;
        let listening = |url: &str| {
            let connect = cheapbob_wiring::connect(&cheapbob_wiring::Address::parse(url).unwrap());
            Feed::start(&connect, Embedded::new(&database.connect(), 4).unwrap(), Arc::new(SandboxClock::default()))
        };
        let mine = listening(&database.url().replace(&format!(":{}", database.port()), &format!(":{}", way.port)));
        (mine, listening(&database.url()), way, database)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pickup_reaches_every_screen_of_its_payment() {
        let (mine, other, _way, _database) = signals().await;
        suites::ephemeral::pickup_reaches_every_screen_of_its_payment(&mine, &other).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pickup_signals_end_with_the_connection() {
        let (mine, other, way, _database) = signals().await;
        suites::ephemeral::pickup_signals_end_with_the_connection(&mine, &other, &way).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn processes_count_together() {
        let (mine, database) = embedded().await;
        let other = Embedded::new(&database.connect(), 4).unwrap();
        suites::limits::processes_count_together(&mine, &other).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn push_service_takes_what_it_has_checked() {
        let database = TestDatabase::create().await;
        let embedded = Embedded::new(&database.connect(), 4).unwrap();
        let browser = PushServer::start().await.browser().parts();
        let browser = Subscription { endpoint: "https://push.example/x".into(), ..browser };
        suites::notices::push_service_takes_what_it_has_checked(&embedded, &browser).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mail_of_an_event_is_kept_once() {
        let database = TestDatabase::create().await;
        let embedded = Embedded::new(&database.connect(), 4).unwrap();
        suites::ephemeral::mail_of_an_event_is_kept_once(&embedded, || database.count("embedded.mails")).await;
    }
}

mod process {
    use super::*;

    async fn process() -> (ProcessLimits, ()) {
        (ProcessLimits::default(), ())
    }

    ports! {
        process(),
        limits {
            burst_is_let_through_and_then_one_each_interval
            refused_call_does_not_count
            callers_and_rules_are_counted_apart
            calls_at_once_get_no_more_than_the_quota
        }
    }
}

mod redis {
    use super::*;

    async fn history() -> (Redis, ()) {
        (Redis::new(&redis_at(&redis_url()), 8).unwrap(), ())
    }

    ports! {
        history(),
        ephemeral { search_history_begins_with_the_newest search_history_keeps_the_newest_few search_history_keeps_a_text_for_a_week }
        limits {
            burst_is_let_through_and_then_one_each_interval
            refused_call_does_not_count
            callers_and_rules_are_counted_apart
            calls_at_once_get_no_more_than_the_quota
            streams_of_an_account_have_so_many_places
            stream_that_nobody_closed_gives_its_place_back
            stream_that_is_extended_keeps_its_place
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn processes_count_together() {
        let (mine, other) = (history().await.0, history().await.0);
        suites::limits::processes_count_together(&mine, &other).await;
    }

    async fn sessions() -> (RedisSessions, TestDatabase) {
        let database = TestDatabase::create().await;
        (sessions_of(&database), database)
    }

    fn sessions_of(database: &TestDatabase) -> RedisSessions {
        RedisSessions::new(Redis::new(&redis_at(&redis_url()), 8).unwrap(), Arc::new(database.postgres()))
    }

    mod sessions_of_one_process {
        use super::*;

        ports! { sessions(), ephemeral { session_is_revoked_alone looks_at_once_are_told_apart login_is_taken_once } }
    }

    /// Each rule of sessions of two processes.
    macro_rules! sessions_of_two_processes {
        ($($rule:ident)*) => {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    let database = TestDatabase::create().await;
                    suites::ephemeral::$rule(&sessions_of(&database), &sessions_of(&database)).await;
                }
            )*
        };
    }

    sessions_of_two_processes! {
        changed_account_is_forgotten_everywhere
        account_read_before_a_change_is_not_remembered
        revoked_session_of_a_remembered_account_is_revoked_everywhere
    }

    /// The same port in two processes, of which the first listens over a way of its own.
    async fn signals() -> (RedisSignals, RedisSignals, Proxy) {
        let mut url = url::Url::parse(&redis_url()).unwrap();
        let way = Proxy::to(url.port().unwrap()).await;
        url.set_port(Some(way.port)).unwrap();
        let listening = |url: &str| RedisSignals::start(Redis::new(&redis_at(&redis_url()), 8).unwrap(), &redis_at(url)).unwrap();
        (listening(url.as_str()), listening(&redis_url()), way)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pickup_reaches_every_screen_of_its_payment() {
        let (mine, other, _way) = signals().await;
        suites::ephemeral::pickup_reaches_every_screen_of_its_payment(&mine, &other).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pickup_signals_end_with_the_connection() {
        let (mine, other, way) = signals().await;
        suites::ephemeral::pickup_signals_end_with_the_connection(&mine, &other, &way).await;
    }
}

mod mongo {
    use super::*;

    async fn mongo() -> (Mongo, ()) {
        let mongo = Mongo::new(&mongo_settings()).unwrap();
        // Any number of processes may make the indexes at once.
        for prepared in futures::future::join_all((0..4).map(|_| mongo.prepare())).await {
            prepared.unwrap();
        }
        mongo.ping().await.unwrap();
        (mongo, ())
    }

    ports! {
        mongo(),
        archive {
            what_is_in_the_archive_stays_as_it_is
            lists_of_the_archive_begin_with_the_newest_event
            settlement_finds_orders_by_the_instant_of_their_end
            several_orders_are_found_at_once
            orders_of_a_deleted_customer_bear_a_pseudonym
        }
        past {
            archived_payments_are_those_written_first
            archived_payments_of_a_deleted_person_bear_a_pseudonym
        }
        products { stock_reservations }
        users { withdrawals }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_does_not_answer_is_unavailable_within_three_seconds() {
        let settings = MongoSettings { uri: "mongodb://127.0.0.1:1".into(), ..mongo_settings() };
        let begin = std::time::Instant::now();
        let error = Mongo::new(&settings).unwrap().ping().await.unwrap_err();
        assert_eq!(error.kind(), cheapbob_domain::shared::ErrorKind::Unavailable);
        assert!(begin.elapsed() < std::time::Duration::from_secs(4), "{:?}", begin.elapsed());
    }
}

mod web_push {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn push_service_takes_what_it_has_checked() {
        cheapbob_wiring::prepare_process();
        let (server, key) = (PushServer::start().await, SecretString::from(VAPID_KEY));
        let settings = WebPushSettings { private_key: key, subject: "mailto:a@b.example".into(), own_machine: true };
        let web_push = WebPush::new(&settings).unwrap();
        suites::notices::push_service_takes_what_it_has_checked(&web_push, &server.browser().parts()).await;
        assert_eq!(server.count(), 1);
    }
}

mod s3 {
    use super::*;

    async fn bucket() -> (S3, S3Server) {
        let server = S3Server::start().await;
        let s3 = S3::new(&server.settings()).unwrap();
        s3.ping().await.unwrap();
        (s3, server)
    }

    ports! { bucket(), ephemeral { object_is_what_was_put_last objects_are_listed_by_key object_outside_of_the_folder_is_not_there } }
}

/// A rule that no implementation is held to would go unnoticed.
#[test]
fn every_rule_is_listed_here() {
    let here = include_str!("contract_suites.rs");
    let words: std::collections::BTreeSet<_> = here.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/test-support/src/suites"));
    let rules = crate::imports::sources(folder).into_values().flat_map(|source| {
        let names = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")).filter_map(|rest| rest.split(['(', '<']).next());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    let (listed, forgotten): (Vec<_>, Vec<_>) = rules.partition(|rule| words.contains(rule.as_str()));
    assert!(listed.len() > 50 && forgotten.is_empty(), "{} listed, forgotten: {forgotten:?}", listed.len());
}
