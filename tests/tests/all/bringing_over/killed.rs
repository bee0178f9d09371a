//! Killed anywhere and started again, the end is the same.

use std::time::Duration;

use cheapbob_test_support::{
    legacy::{LegacyData, LegacyDatabases},
    noon,
};

use super::house::House;

#[expect(clippy::print_stdout, reason = "says how much it did")]
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_and_started_again_it_comes_to_the_same() {
    let old = LegacyDatabases::with(&LegacyData::awkward(1, noon())).await;
    let (whole, killed) = (House::with_fakes().await, House::with_fakes().await);
    let (ok, said) = whole.import(&old, &[]);
    assert!(ok, "{said}");
    let mut kills = 0;
    for _ in 0..6 {
        let mut process = killed.begin(&old);
        // Between the first connection and somewhat more than a whole run.
        tokio::time::sleep(Duration::from_millis(rand::random_range(100..4_000))).await;
        kills += u32::from(process.try_wait().unwrap().is_none());
        process.kill().unwrap();
        process.wait().unwrap();
    }
    println!("killed {kills} times; {} rows of orders by then", killed.database.count("embedded.order_archive").await);
    let (ok, said) = killed.import(&old, &[]);
    assert!(ok, "{said}");
    assert_eq!(killed.contents().await, whole.contents().await);
    let (ok, said) = killed.import(&old, &["--verify"]);
    assert!(ok, "{said}");
}
