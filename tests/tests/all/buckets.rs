//! The bucket as people have it: moto's S3, behind a gate that answers as S3 does whose key may neither list nor ask for heads.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use cheapbob_test_support::{Person, RealServer, TestDatabase, eventually, fresh_email, store, text};
use image::ImageFormat;
use reqwest::{Client, Method, StatusCode};
use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{any, header, method, path},
};

use crate::images::{FIRST, MORE, picture, upload};

/// moto, with the bucket `media`; it ends with this value.
struct Moto(Child, u16);

impl Moto {
    async fn start() -> Self {
        cheapbob_wiring::prepare_process();
        let port = RealServer::free_port();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/moto_server");
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let moto = Self(command.spawn().expect("moto_server is missing; ./test gets it"), port);
        let client = Client::new();
        eventually("moto has the bucket", 60, || async {
            client.put(moto.url("")).send().await.ok().filter(|made| made.status().is_success())
        })
        .await;
        // Everybody may look at what is in it.
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*" },
        ] });
        client
            .put(format!("{}?policy", moto.url("").trim_end_matches('/')))
            .json(&policy)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
        moto
    }

    fn url(&self, key: &str) -> String {
        format!("http://127.0.0.1:{}/media/{key}", self.1)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets through what a key with PutObject, GetObject and DeleteObject may do: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
struct Gate(u16);

const DENIED: &str =
    "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>R1</RequestId></Error>";

impl Gate {
    async fn start(moto: &Moto) -> MockServer {
        let gate = MockServer::start().await;
        Mock::given(any()).respond_with(Self(moto.1)).mount(&gate).await;
        gate
    }

    async fn forward(&self, asked: &Request) -> ResponseTemplate {
        let query = asked.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("http://127.0.0.1:{}{}{query}", self.0, asked.url.path());
        let mut request = Client::new().request(asked.method.clone(), url).body(asked.body.clone());
        for (name, value) in &asked.headers {
            // A bucket in the name: moto knows it at AWS' own.
            let in_name = name == "host" && value.to_str().unwrap().starts_with("media.");
            request = if in_name { request.header(name, "media.s3.amazonaws.com") } else { request.header(name, value) };
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let reads = [Method::GET, Method::HEAD].contains(&asked.method);
        if reads && (status == StatusCode::NOT_FOUND || asked.url.query().is_some_and(|query| query.contains("list-type"))) {
            return ResponseTemplate::new(403).set_body_string(DENIED);
        }
        let mut template = ResponseTemplate::new(status.as_u16()).set_body_bytes(answer.bytes().await.unwrap());
        for name in ["content-type", "etag"] {
            template = headers.get(name).into_iter().fold(template, |template, value| template.append_header(name, value));
        }
        template
    }
}

impl Respond for Gate {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        // wiremock's own thread answers, and may not wait for anything.
        let forwarded = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(self.forward(request))
        };
        thread::scope(|scope| scope.spawn(forwarded).join().unwrap())
    }
}

fn settings(database: &TestDatabase, moto: &Moto) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", database.url()),
        ("AWS_REGION", "ap-northeast-2".to_owned()),
        ("AWS_S3_BUCKET_NAME", "media".to_owned()),
        ("AWS_S3_PUBLIC_URL", moto.url("")),
        ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
    ]
}

fn keys() -> [(&'static str, String); 2] {
    [("AWS_ACCESS_KEY_ID", "AKOURS".to_owned()), ("AWS_SECRET_ACCESS_KEY", "s3cret".to_owned())]
}

/// Pictures of a store, from the upload to the browser, and one of them deleted.
async fn pictures(product: &RealServer) {
    let seller: Person = product.api.person("seller", &fresh_email()).await;
    seller.post("/api/v1/seller/store/register", &store("가게")).await.expect(201);
    let formats = [ImageFormat::Jpeg, ImageFormat::Png].map(picture);
    let added = upload(&seller, FIRST, &formats).await.expect(201);
    let url = |n: usize| text(&added["images"][n], "image_url");
    for (n, mime) in [(0, "image/jpeg"), (1, "image/png")] {
        let shown = reqwest::get(url(n)).await.unwrap();
        assert_eq!((shown.status(), shown.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, mime));
        assert_eq!(image::load_from_memory(&shown.bytes().await.unwrap()).unwrap().width(), 8);
    }
    seller.delete(&format!("{MORE}/{}", text(&added["images"][1], "image_id"))).await.expect(204);
    assert_eq!(reqwest::get(url(1)).await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(reqwest::get(url(0)).await.unwrap().status(), StatusCode::OK);
    product.api.get("/health/ready").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_list_is_enough_in_path_style() {
    let (moto, database) = (Moto::start().await, TestDatabase::create().await);
    let gate = Gate::start(&moto).await;
    let more = [("AWS_S3_ENDPOINT_URL", gate.uri())];
    let product = RealServer::http(RealServer::free_port(), &[&settings(&database, &moto), keys().as_slice(), &more].concat()).await;
    pictures(&product).await;
    let asked = gate.received_requests().await.unwrap();
    assert!(asked.iter().all(|request| request.url.path().starts_with("/media/")));
    assert!(asked.iter().all(|request| request.method != Method::HEAD));
}

/// The bucket's name in the host's, which no name server here knows: the product goes through a proxy, as people's do.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_list_is_enough_in_virtual_host_style() {
    let (moto, database) = (Moto::start().await, TestDatabase::create().await);
    let gate = Gate::start(&moto).await;
    let more = [
        ("AWS_S3_ENDPOINT_URL", "http://s3.storage.example".to_owned()),
        ("AWS_S3_STYLE", "virtual".to_owned()),
        ("http_proxy", gate.uri()),
        ("no_proxy", "127.0.0.1,localhost".to_owned()),
    ];
    let product = RealServer::http(RealServer::free_port(), &[&settings(&database, &moto), keys().as_slice(), &more].concat()).await;
    pictures(&product).await;
    let asked = gate.received_requests().await.unwrap();
    assert!(asked.iter().all(|request| request.headers["host"] == "media.s3.storage.example"));
    assert!(asked.iter().any(|request| request.url.path().starts_with("/stores/")), "no bucket in the path");
}

/// No keys: those of the container's role, which end and are asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn a_container_has_the_keys_of_its_role() {
    let (moto, database) = (Moto::start().await, TestDatabase::create().await);
    let (gate, role) = (Gate::start(&moto).await, MockServer::start().await);
    let lent = |key: &str, until: &str| {
        let lent = json!({ "AccessKeyId": key, "SecretAccessKey": "s3cret", "Token": format!("lent-{key}"), "Expiration": until });
        Mock::given(method("GET"))
            .and(path("/role"))
            .and(header("authorization", "who we are"))
            .respond_with(ResponseTemplate::new(200).set_body_json(lent))
    };
    lent("AKENDED", "2020-01-01T00:00:00Z").up_to_n_times(1).mount(&role).await;
    lent("AKROLE", "2100-01-01T00:00:00Z").mount(&role).await;
    let more = [
        ("AWS_S3_ENDPOINT_URL", gate.uri()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/role", role.uri())),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "who we are".to_owned()),
        // No profile of whoever runs the tests.
        ("HOME", "/nonexistent".to_owned()),
    ];
    let product = RealServer::http(RealServer::free_port(), &[settings(&database, &moto).as_slice(), &more].concat()).await;
    pictures(&product).await;
    let asked = gate.received_requests().await.unwrap();
    assert!(!asked.is_empty());
    for request in asked {
        assert!(request.headers["authorization"].to_str().unwrap().contains("Credential=AKROLE/"), "{request:?}");
        assert_eq!(request.headers["x-amz-security-token"], "lent-AKROLE");
    }
}
