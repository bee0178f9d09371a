//! Redis as several servers: a primary that Sentinels name, and a Cluster.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cheapbob_test_support::{Api, Person, PrivateServer, RealServer, TestDatabase, eventually, noon};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    journey::servers,
    parts::{ROLE, acl, log_out},
};

/// Two processes on one database and a Redis of these settings.
async fn two_processes(database: &TestDatabase, redis: &[(&'static str, String)]) -> [RealServer; 2] {
    let mut settings = servers(database);
    settings.retain(|(name, _)| !name.starts_with("REDIS_"));
    settings.extend_from_slice(redis);
    let start = || RealServer::http(RealServer::free_port(), &settings);
    let both = [start().await, start().await];
    both[0].api.set_clock(noon()).await;
    both
}

fn at(api: &Api, person: &Person) -> Person {
    Person { api: api.clone(), ..person.clone() }
}

/// A purchase at one process with all that it asks of Redis; the store's screen and the end of the session are at the other one.
async fn sells([one, two]: &[RealServer; 2]) {
    let (shop, customer) = (one.api.shop(9).await, one.api.customer().await);
    let there = at(&two.api, &customer);
    there.get(ROLE).await.expect(200);
    customer.get("/api/v1/customer/search/stores/by-name?search_name=x").await.expect(200);
    assert!(there.get("/api/v1/customer/history/search").await.expect(200).to_string().contains("\"x\""));
    there.delete("/api/v1/customer/history/search/x").await.expect(204);
    let bought = customer.order(&shop.product_id, 1).await;
    shop.accept(&bought.payment_id).await.expect(200);
    let code = shop.code(&bought.payment_id).await;
    let screen = shop.screen(&two.api.base, &bought.payment_id).await.unwrap();
    customer.scan(&bought.payment_id, &code).await.expect(200);
    assert_eq!(timeout(Duration::from_secs(5), screen).await.unwrap().unwrap()["status"], "completed");
    log_out(&customer).await;
    for person in [customer, there] {
        assert_eq!(person.get(ROLE).await.refused(401), "unauthenticated");
    }
}

/// Two people whom both processes know: one has logged out, one has not. They ask all the time.
struct Asking {
    out: Person,
    stays: Person,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Asking {
    async fn begin(both: &[RealServer; 2]) -> Self {
        let (out, stays) = (both[0].api.customer().await, both[0].api.customer().await);
        log_out(&out).await;
        let stop = Arc::new(AtomicBool::new(false));
        let ask = |person: Person, answers: [u16; 2]| {
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let status = person.get(ROLE).await.status;
                    assert!(answers.contains(&status), "{status}");
                    tokio::time::sleep(Duration::from_millis(25)).await;
                }
            })
        };
        let tasks = both.iter().flat_map(|server| [ask(at(&server.api, &out), [401, 503]), ask(at(&server.api, &stays), [200, 503])]);
        Self { tasks: tasks.collect(), out, stays, stop }
    }

    /// Both processes answer again within five seconds, and tell the two apart.
    async fn healed(&self, both: &[RealServer; 2]) {
        for server in both {
            eventually("healed", 5, || async { (at(&server.api, &self.stays).get(ROLE).await.status == 200).then_some(()) }).await;
            assert_eq!(at(&server.api, &self.out).get(ROLE).await.refused(401), "unauthenticated");
        }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

fn address(server: &PrivateServer) -> String {
    format!("127.0.0.1:{}", server.port)
}

/// How the settings say it.
fn over_tls(tls: bool, one: &PrivateServer) -> Vec<(&'static str, String)> {
    let settings = [("REDIS_TLS", "true".to_owned()), ("REDIS_CA_FILE", one.certificate().display().to_string())];
    if tls { settings.into() } else { Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_name_the_primary_and_after_its_death_another_one() {
    sentinels_name_the_primary(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_name_the_primary_and_after_its_death_another_one_over_tls() {
    sentinels_name_the_primary(true).await;
}

async fn sentinels_name_the_primary(tls: bool) {
    const WITH: [&str; 3] = ["-a", "s3cret", "--no-auth-warning"];
    let password = ["--requirepass", "s3cret", "--masterauth", "s3cret"];
    let primary = if tls { PrivateServer::redis_over_tls(&password).await } else { PrivateServer::redis(&password).await };
    let replica_of = ["--replicaof", "127.0.0.1", &primary.port.to_string()];
    let replica = primary.redis_beside(&[password.as_slice(), replica_of.as_slice()].concat()).await;
    let mut sentinels = Vec::new();
    for _ in 0..3 {
        sentinels.push(PrivateServer::sentinel(&primary, "s3cret").await);
    }
    let asked = |sentinel: &PrivateServer, what: &str| sentinel.cli(&[WITH.as_slice(), &["SENTINEL", what, "shop"]].concat());
    for sentinel in &sentinels {
        eventually("the Sentinels know each other and the replica", 30, || async {
            let known = asked(sentinel, "MASTER");
            (known.contains("num-slaves\n1\nnum-other-sentinels\n2\n")).then_some(())
        })
        .await;
    }
    let database = TestDatabase::create().await;
    let redis = [
        ("REDIS_SENTINELS", sentinels.iter().map(address).collect::<Vec<_>>().join(",")),
        ("REDIS_SENTINEL_SERVICE", "shop".to_owned()),
        ("REDIS_SENTINEL_PASSWORD", "s3cret".to_owned()),
        ("REDIS_PASSWORD", "s3cret".to_owned()),
    ];
    let both = two_processes(&database, &[redis.as_slice(), &over_tls(tls, &primary)].concat()).await;
    sells(&both).await;

    let asking = Asking::begin(&both).await;
    // The machine of the primary and of one Sentinel is gone.
    sentinels.pop().unwrap().kill();
    primary.kill();
    let promoted = || async { asked(&sentinels[0], "GET-MASTER-ADDR-BY-NAME").contains(&replica.port.to_string()).then_some(()) };
    eventually("the replica is the primary", 30, promoted).await;
    asking.healed(&both).await;
    sells(&both).await;
    asking.healed(&both).await;

    // The operator hands over to the old one, which has come back.
    primary.start_redis(&[password.as_slice(), &["--replicaof", "127.0.0.1", &replica.port.to_string()]].concat()).await;
    eventually("the old primary may take over", 60, || async { (asked(&sentinels[0], "FAILOVER") == "OK").then_some(()) }).await;
    let back = || async { asked(&sentinels[0], "GET-MASTER-ADDR-BY-NAME").contains(&primary.port.to_string()).then_some(()) };
    eventually("the old primary is the primary again", 60, back).await;
    asking.healed(&both).await;
    sells(&both).await;
    asking.end().await;
}

/// Three primaries and a replica of the one that has our keys, which is the first.
async fn cluster(tls: bool) -> Vec<PrivateServer> {
    let mut nodes = PrivateServer::redis_nodes(4, tls).await;
    for other in &nodes[1..] {
        nodes[0].meet(other);
    }
    for (node, [first, last]) in nodes.iter().zip([["0", "5460"], ["5461", "10922"], ["10923", "16383"]]) {
        assert_eq!(node.cli(&["CLUSTER", "ADDSLOTSRANGE", first, last]), "OK");
    }
    let slot: usize = nodes[0].cli(&["CLUSTER", "KEYSLOT", "{cheapbob}:ready"]).parse().unwrap();
    nodes[..3].rotate_left(slot / 5461);
    serves(&nodes, 4).await;
    let whose = nodes[0].cli(&["CLUSTER", "MYID"]);
    assert_eq!(nodes[3].cli(&["CLUSTER", "REPLICATE", &whose]), "OK");
    eventually("the replica follows", 30, || async { nodes[3].cli(&["INFO", "replication"]).contains("link_status:up").then_some(()) })
        .await;
    nodes
}

async fn serves(nodes: &[PrivateServer], known: usize) {
    for node in nodes {
        eventually("the Cluster serves", 30, || async {
            let info = node.cli(&["CLUSTER", "INFO"]);
            (info.contains("cluster_state:ok") && info.contains(&format!("cluster_known_nodes:{known}"))).then_some(())
        })
        .await;
    }
}

/// Moves our slot with all that is in it.
fn move_slot(from: &PrivateServer, to: &PrivateServer, all: &[PrivateServer]) {
    let slot = from.cli(&["CLUSTER", "KEYSLOT", "{cheapbob}:ready"]);
    let (source, target) = (from.cli(&["CLUSTER", "MYID"]), to.cli(&["CLUSTER", "MYID"]));
    assert_eq!(to.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source]), "OK");
    assert_eq!(from.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target]), "OK");
    loop {
        let keys = from.cli(&["CLUSTER", "GETKEYSINSLOT", &slot, "100"]);
        if keys.is_empty() {
            break;
        }
        let port = to.port.to_string();
        let migrate = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        from.cli(&migrate.into_iter().chain(keys.lines()).collect::<Vec<_>>());
    }
    for node in [to, from].into_iter().chain(all) {
        // A replica learns it of the others.
        node.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &target]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_serves_while_our_keys_move_and_when_the_node_that_has_them_dies() {
    a_cluster_serves(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_serves_while_our_keys_move_and_when_the_node_that_has_them_dies_over_tls() {
    a_cluster_serves(true).await;
}

async fn a_cluster_serves(tls: bool) {
    let nodes = cluster(tls).await;
    // A key's rights are those of the tag that all of ours have.
    let rights = acl("s3cret").into_iter().filter(|right| !right.starts_with('~')).chain(["~{cheapbob}:*".to_owned()]);
    let words: Vec<_> = ["ACL".to_owned(), "SETUSER".to_owned(), "cheapbob".to_owned()].into_iter().chain(rights).collect();
    for node in &nodes {
        assert_eq!(node.cli(&words.iter().map(String::as_str).collect::<Vec<_>>()), "OK");
    }
    let database = TestDatabase::create().await;
    let redis = [
        // Neither has our keys.
        ("REDIS_HOST", format!("{},{}", address(&nodes[1]), address(&nodes[2]))),
        ("REDIS_CLUSTER", "true".to_owned()),
        ("REDIS_USER", "cheapbob".to_owned()),
        ("REDIS_PASSWORD", "s3cret".to_owned()),
    ];
    let both = two_processes(&database, &[redis.as_slice(), &over_tls(tls, &nodes[0])].concat()).await;
    sells(&both).await;
    let asking = Asking::begin(&both).await;

    move_slot(&nodes[0], &nodes[1], &nodes);
    asking.healed(&both).await;
    sells(&both).await;
    move_slot(&nodes[1], &nodes[0], &nodes);
    asking.healed(&both).await;
    for node in &nodes {
        let refused = node.cli(&["ACL", "LOG"]);
        assert!(refused.is_empty(), "{refused}");
    }

    let followed = || async {
        let port = nodes[0].port.to_string();
        let replication = nodes[3].cli(&["INFO", "replication"]);
        (replication.contains(&format!("master_port:{port}")) && replication.contains("link_status:up")).then_some(())
    };
    eventually("the replica follows", 30, followed).await;
    nodes[0].kill();
    eventually("the replica has our keys", 30, || async { nodes[3].cli(&["ROLE"]).starts_with("master").then_some(()) }).await;
    serves(&nodes[1..], 4).await;
    asking.healed(&both).await;
    sells(&both).await;
    asking.end().await;
}
