//! What people see in a browser: pages of the front and of the sandbox, and what programs get at the same addresses.

use cheapbob_test_support::{Answer, Api, RealServer, TestApp, TestDatabase, mongo_settings, redis_url};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;

/// What Chrome sends when a person opens an address.
const BROWSER: (&str, &str) =
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The sandbox's pages, with what their JSON holds for programs.
const PAGES: [(&str, &str); 7] = [
    ("/sandbox/portone/checkout", "holds"),
    ("/sandbox/portone/payments", "payments"),
    ("/sandbox/portone/faults", "next"),
    ("/sandbox/faults", "next"),
    ("/sandbox/clock", "now"),
    ("/sandbox/jobs", "jobs"),
    ("/sandbox/mail", ""),
];

pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// The HTML of a whole page, which loads nothing from elsewhere and says which language it is in.
#[track_caller]
fn html(answer: &Answer, status: u16, lang: &str) -> String {
    let html = answer.body.as_str().unwrap_or_else(|| panic!("no page: {}", answer.body)).to_owned();
    assert_eq!((answer.status, header(answer, "content-type")), (status, "text/html; charset=utf-8"), "{html}");
    for part in [&format!("<html lang=\"{lang}\">"), "<main>", "name=\"viewport\" content=\"width=device-width", "· CheapBob</title>"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    let policy = header(answer, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    for outside in ["src=\"http", "src=\"//", "href=\"http", "href=\"//", "url(http", " style=", " onclick=", "<script>"] {
        assert!(!html.contains(outside), "{outside} in {html}");
    }
    html
}

pub(crate) async fn open(api: &Api, path: &str) -> Answer {
    api.get_with(path, &[BROWSER]).await
}

/// Sends a form of a page, as a browser does.
async fn submit(api: &Api, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    api.send(Method::POST, path, &[BROWSER, FORM], form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_has_pages_for_people_and_json_for_programs() {
    let app = TestApp::start().await;
    let index = html(&open(&app.api, "/sandbox").await, 200, "en");
    assert_eq!(html(&open(&app.api, "/sandbox/").await, 200, "en").len(), index.len());
    for (page, field) in PAGES {
        html(&open(&app.api, page).await, 200, "en");
        html(&open(&app.api, &format!("{page}/")).await, 200, "en");
        assert!(page == "/sandbox/portone/faults" || index.contains(&format!("href=\"{page}\"")), "{page} is linked");
        for headers in [&[][..], &[("accept", "application/json")], &[("accept", "*/*")]] {
            let body = app.api.get_with(page, headers).await.expect(200);
            assert!(if field.is_empty() { body.is_array() } else { !body[field].is_null() }, "{page}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_moves_the_clock() {
    let app = TestApp::start().await;
    let before = app.api.now().await;
    let moved = submit(&app.api, "/sandbox/clock", &[("by", "five_minutes")]).await;
    assert_eq!((moved.status, header(&moved, "location")), (303, "/sandbox/clock"));
    let by = app.api.now().await - before;
    assert!((300..330).contains(&by.num_seconds()), "{by}");
    submit(&app.api, "/sandbox/clock", &[("to", "2030-12-24T18:30")]).await;
    let page = html(&open(&app.api, "/sandbox/clock").await, 200, "en");
    assert!(page.contains("2030-12-24 18:30:") && page.contains(" KST</time>") && page.contains("ahead of the real time"), "{page}");
    assert_eq!(submit(&app.api, "/sandbox/clock", &[("by", "right")]).await.status, 303);
    assert!(html(&open(&app.api, "/sandbox/clock").await, 200, "en").contains("This is the real time."));
    let wrong = html(&submit(&app.api, "/sandbox/clock", &[("to", "tomorrow")]).await, 422, "en");
    assert!(wrong.contains("neither a move that the page knows nor a date and time"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_orders_faults_and_runs_jobs() {
    let app = TestApp::start().await;
    for (on, action) in [("cancel", "error500"), ("get", "delay_ms")] {
        let added = submit(&app.api, "/sandbox/faults", &[("on", on), ("do", action), ("times", "2"), ("ms", "1500")]).await;
        assert_eq!((added.status, header(&added, "location")), (303, "/sandbox/faults"));
    }
    let next = app.api.get("/sandbox/portone/faults").await.expect(200)["next"].clone();
    assert_eq!(
        next,
        json!([{ "on": "cancel", "do": "error500", "times": 2, "ms": 1500 }, { "on": "get", "do": "delay_ms", "times": 2, "ms": 1500 }])
    );
    let page = html(&open(&app.api, "/sandbox/faults").await, 200, "en");
    assert!(page.contains("when asked for payments, PortOne answers late by 1500 ms"), "{page}");
    html(&submit(&app.api, "/sandbox/faults", &[("on", "cancel"), ("do", "explode")]).await, 422, "en");
    assert_eq!(submit(&app.api, "/sandbox/faults", &[]).await.status, 303);
    assert_eq!(app.api.get("/sandbox/faults").await.expect(200), json!({ "next": [] }));

    let ran = submit(&app.api, "/sandbox/jobs/prune_inbox", &[]).await;
    assert_eq!((ran.status, header(&ran, "location")), (303, "/sandbox/jobs#prune_inbox"));
    let page = html(&open(&app.api, "/sandbox/jobs").await, 200, "en");
    let card = page.split("id=\"prune_inbox\"").nth(1).unwrap().split("</article>").next().unwrap();
    for part in ["each hour at minute 40", ">done</span>", " KST", "action=\"/sandbox/jobs/prune_inbox\""] {
        assert!(card.contains(part), "{part} in {card}");
    }
    assert!(html(&submit(&app.api, "/sandbox/jobs/dance", &[]).await, 404, "en").contains("no such job"));
    assert_eq!(app.api.call(Method::POST, "/sandbox/jobs/dance", None, None).await.expect(404), json!({ "error": "no such job" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn checkout_lists_the_holds_that_wait_for_their_money() {
    let app = TestApp::start().await;
    let (customer, other, shop) = (app.api.customer().await, app.api.customer().await, app.api.shop(5).await);
    let (first, second) = (customer.hold(&shop.product_id, 2).await, other.hold(&shop.product_id, 1).await);
    let page = html(&open(&app.api, "/sandbox/portone/checkout").await, 200, "en");
    for part in ["도시락 × 2", "도시락 × 1", "14,000원", "7,000원", &customer.email, &other.email, " KST"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let only = html(&open(&app.api, &format!("/sandbox/portone/checkout?paymentId={}", first.payment_id)).await, 200, "en");
    assert!(only.contains(&first.payment_id) && !only.contains(&second.payment_id));

    // Its form has all that PortOne must be told: nothing is copied by hand.
    let form = only.split("<form").nth(1).unwrap().split("</form>").next().unwrap();
    let value =
        |attribute: &str, input: &str| input.split(&format!("{attribute}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let hidden = form.split("<input type=\"hidden\"").skip(1);
    let mut fields: Vec<_> = hidden.map(|input| (value("name", input), value("value", input))).collect();
    fields.push(("status".to_owned(), "PAID".to_owned()));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let paid = html(&submit(&app.api, "/sandbox/portone/checkout", &fields).await, 200, "en");
    assert!(paid.contains("data-status=\"PAID\"") && paid.contains("14,000원"), "{paid}");
    assert!(html(&submit(&app.api, "/sandbox/portone/checkout", &fields).await, 409, "en").contains("ALREADY_PAID"));
    customer.confirm(&first.payment_id).await.expect(200);

    let left = app.api.get("/sandbox/portone/checkout").await.expect(200)["holds"].clone();
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!((&left[0]["paymentId"], &left[0]["totalAmount"]), (&json!(second.payment_id), &json!(7_000)));
    app.api.advance(chrono::Duration::minutes(6)).await;
    assert_eq!(app.api.get("/sandbox/portone/checkout").await.expect(200), json!({ "holds": [] }));
    let books = html(&open(&app.api, "/sandbox/portone/payments").await, 200, "en");
    assert!(books.contains("14,000원") && books.contains(" KST") && !books.contains("UTC"), "{books}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_shown_as_their_readers_see_them() {
    let app = TestApp::start().await;
    let (customer, shop) = (app.api.customer().await, app.api.shop(1).await);
    customer.order(&shop.product_id, 1).await;
    let mail = cheapbob_test_support::eventually("the mail", 10, || async {
        let mails = app.api.get("/sandbox/mail?limit=1").await.expect(200);
        mails[0]["html_url"].as_str().map(str::to_owned)
    })
    .await;
    let page = html(&open(&app.api, "/sandbox/mail").await, 200, "en");
    assert!(page.contains(&mail.replace('&', "&#38;")) && page.contains(" KST"), "{page}");
    let shown = open(&app.api, &mail).await;
    assert!(shown.body.as_str().unwrap().contains("<base target=\"_blank\"><body"), "{}", shown.body);
    assert!(header(&shown, "content-security-policy").contains("sandbox allow-popups"));
    html(&open(&app.api, "/sandbox/mail/html?id=none").await, 404, "en");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_a_page_in_a_browser_and_a_problem_in_the_api() {
    let app = TestApp::start().await;
    for (path, status, lang) in [
        ("/nope", 404, "ko"),
        ("/media/none.jpg", 404, "ko"),
        ("/docs/nope", 404, "ko"),
        ("/sandbox/nope", 404, "ko"),
        ("/sandbox/oauth/none/authorize", 404, "en"),
        ("/sandbox/oauth/naver/authorize?response_type=token&client_id=x&redirect_uri=http://localhost/", 400, "en"),
    ] {
        let page = html(&open(&app.api, path).await, status, lang);
        assert!(page.contains(&format!("<h1 lang=\"en\">{status} ")) && page.contains("href=\"/\""), "{page}");
    }
    // The page says what the problem says.
    let problem = app.api.get("/nope").await;
    assert!(html(&open(&app.api, "/nope").await, 404, "ko").contains(problem.body["detail"].as_str().unwrap()));
    let wrong = app.api.send(Method::POST, "/health", &[BROWSER], "").await;
    html(&wrong, 405, "ko");
    assert_eq!(header(&wrong, "allow"), "GET, HEAD");
    for path in ["/nope", "/media/none.jpg", "/sandbox/nope"] {
        assert_eq!(app.api.get(path).await.refused(404), "not_found", "{path}");
        assert_eq!(app.api.get_with(path, &[("accept", "image/avif,image/webp,*/*;q=0.8")]).await.refused(404), "not_found", "{path}");
    }
    assert_eq!(app.api.get("/sandbox/oauth/none/authorize").await.expect(404), json!({ "error": "no such provider" }));
    assert_eq!(open(&app.api, "/api/v1/nope").await.refused(404), "not_found");
    assert_eq!(open(&app.api, "/api/v1/user/role").await.refused(401), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_lets_a_person_click_through_a_purchase() {
    let app = TestApp::start().await;
    let front = html(&open(&app.api, "/").await, 200, "en");
    assert!(front.contains("href=\"/shop\"") && front.contains("href=\"/store\"") && !front.contains("<script"), "{front}");
    assert!(front.contains("This server plays Google, Kakao, Naver, PortOne and the mail box."), "{front}");
    assert!(!front.contains("real:"), "{front}");
    for name in ["shop", "store"] {
        let page = html(&open(&app.api, &format!("/{name}")).await, 200, "ko");
        assert!(page.contains(&format!("<script type=\"module\" src=\"/sandbox/tour/{name}.js\"></script>")), "{page}");
        for script in [name, "app"] {
            let script = app.api.get(&format!("/sandbox/tour/{script}.js")).await;
            assert_eq!((script.status, header(&script, "content-type")), (200, "text/javascript; charset=utf-8"));
            let text = script.body.as_str().unwrap();
            assert!(!text.contains("innerHTML") && !text.contains("http://localhost"), "nothing that people typed becomes markup");
        }
    }
    app.api.get("/sandbox/tour/other.js").await.expect(404);
    // Two people at once, whom one browser's cookie could not hold.
    for (role, home) in [("customer", "/api/v1/customer/profile/me"), ("seller", "/api/v1/seller/store/profile/me")] {
        let login = app.api.call(Method::POST, "/sandbox/login", None, Some(&json!({ "role": role }))).await.expect(200);
        let me = app.api.call(Method::GET, home, login["token"].as_str(), None).await.expect(200);
        assert_eq!((&me["email"], &login["email"]), (&json!(format!("{role}@cheapbob.example")), &me["email"]));
    }
    app.api.call(Method::POST, "/sandbox/login", None, Some(&json!({ "role": "admin" }))).await.expect(422);
    let code = app.api.get("/sandbox/qr.svg?text=PAY1").await;
    assert_eq!((code.status, header(&code, "content-type")), (200, "image/svg+xml"));
    assert!(code.body.as_str().unwrap().contains("<svg"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_real_is_not_called_played() {
    let app = TestApp::with(|settings| settings.portone = Some("https://api.portone.example".parse().unwrap())).await;
    for page in ["/", "/sandbox"] {
        let page = html(&open(&app.api, page).await, 200, "en");
        assert!(page.contains("This server plays Google, Kakao, Naver and the mail box."), "{page}");
        assert!(page.contains("real: PortOne."), "{page}");
        for played in ["href=\"/shop\"", "/sandbox/portone/checkout", "PortOne’s books"] {
            assert!(!page.contains(played), "{played} in {page}");
        }
    }
    assert!(html(&open(&app.api, "/sandbox/portone/checkout").await, 200, "en").contains("PortOne is real here"));
}

/// Everything set, as in production; most of it leads nowhere.
fn production(database: &TestDatabase) -> Vec<(&'static str, String)> {
    let (redis, mongo) = (url::Url::parse(&redis_url()).unwrap(), mongo_settings());
    let fixed = [
        ("ENVIRONMENT", "production"),
        ("DB_HOST", "127.0.0.1"),
        ("DB_USER", "cheapbob"),
        ("DB_PASSWORD", "any"),
        ("REDIS_HOST", "127.0.0.1"),
        ("GOOGLE_CLIENT_ID", "x"),
        ("GOOGLE_CLIENT_SECRET", "x"),
        ("KAKAO_CLIENT_ID", "x"),
        ("KAKAO_CLIENT_SECRET", "x"),
        ("NAVER_CLIENT_ID", "x"),
        ("NAVER_CLIENT_SECRET", "x"),
        ("JWT_SECRET", "a secret of the tests that is long enough"),
        ("FRONTEND_URL", "https://app.cheapbob.example"),
        ("OAUTH_REDIRECT_BASE_URL", "https://api.cheapbob.example"),
        ("CHEAPBOB_SECRET_KEYS", "one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_REGION", "ap-northeast-2"),
        ("AWS_S3_BUCKET_NAME", "cheapbob"),
        ("AWS_S3_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("SUPER_ADMIN_SMTP_HOST", "127.0.0.1"),
        ("SUPER_ADMIN_SMTP_USER", "x"),
        ("SUPER_ADMIN_SMTP_PASSWORD", "x"),
        ("SUPER_ADMIN_SMTP_EMAIL", "admin@cheapbob.example"),
    ];
    let mut settings: Vec<_> = fixed.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    settings.extend([
        ("DB_PORT", database.port()),
        ("DB_NAME", database.name().to_owned()),
        ("REDIS_PORT", redis.port().unwrap().to_string()),
        ("MONGODB_URI", mongo.uri.expose_secret().to_owned()),
        ("MONGODB_NAME", mongo.database.unwrap()),
    ]);
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn production_has_no_sandbox_and_says_nothing_of_it() {
    let database = TestDatabase::create().await;
    let server = RealServer::http(RealServer::free_port(), &production(&database)).await;
    let front = html(&open(&server.api, "/").await, 200, "en");
    for part in ["sandbox", "/shop", "Log in", "plays"] {
        assert!(!front.contains(part), "{part} in {front}");
    }
    let others = [
        "/sandbox",
        "/sandbox/",
        "/shop",
        "/store",
        "/sandbox/tour/shop.js",
        "/sandbox/qr.svg?text=x",
        "/sandbox/mail/html?id=x",
        "/auth/success",
    ];
    for path in PAGES.iter().map(|(page, _)| *page).chain(others) {
        html(&open(&server.api, path).await, 404, "ko");
        assert_eq!(server.api.get(path).await.refused(404), "not_found", "{path}");
    }
    for path in ["/sandbox/login", "/sandbox/clock", "/sandbox/faults", "/sandbox/portone/checkout", "/sandbox/jobs/resolve_holds"] {
        assert_eq!(server.api.call(Method::POST, path, None, Some(&json!({}))).await.refused(404), "not_found", "{path}");
    }
}
