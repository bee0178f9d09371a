//! README's tour in headless Chromium, by clicks and by keyboard.

use std::{path::Path, process::Command};

use cheapbob_test_support::RealServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_in_six_clicks_in_two_windows_and_by_keyboard() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut node = Command::new("node");
    node.args(["config/clicks.mjs", "--tour"]).env("CHEAPBOB_HTTP", RealServer::binary("cheapbob-http")).current_dir(root);
    let output = tokio::task::spawn_blocking(move || node.output()).await.unwrap().expect("node is missing: run ./test");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
}
