//! Calls of a server, and its answers.

use reqwest::{
    Client, Method, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
    multipart::{Form, Part},
    redirect,
};
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// JSON body, or the text.
    pub body: Value,
}

impl Answer {
    /// The body, where the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The error's code, where the status is this one and the body is a whole problem.
    #[track_caller]
    pub fn refused(self, status: u16) -> String {
        let content_type = self.headers.get("content-type").unwrap().to_str().unwrap().to_owned();
        let body = self.expect(status);
        assert_eq!(content_type, "application/problem+json");
        for field in ["type", "title", "detail", "request_id"] {
            assert!(body[field].is_string(), "{field} in {body}");
        }
        assert_eq!(body["status"], status);
        assert!(!body["detail"].as_str().unwrap().contains(['<', '>', '&']));
        body["code"].as_str().unwrap().to_owned()
    }
}

/// Where a proxy says who calls: the servers under test believe this machine.
pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// An address of somebody's: calls are counted by address, and the tests' people do not share one.
pub(super) fn some_address() -> HeaderValue {
    let [a, b, c, ..] = ulid::Ulid::r#gen().random().to_le_bytes();
    HeaderValue::from_str(&format!("198.{a}.{b}.{c}")).unwrap()
}

/// A server, and nobody logged in.
#[derive(Clone)]
pub struct Api {
    /// Its address.
    pub base: String,
    pub(super) client: Client,
}

impl Api {
    /// The server at `base`.
    pub fn new(base: &str) -> Self {
        cheapbob_wiring::prepare_process();
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(std::time::Duration::from_secs(60));
        let client = client.default_headers(HeaderMap::from_iter([(FORWARDED_FOR, some_address())])).build().unwrap();
        Self { base: base.to_owned(), client }
    }

    /// A request, perhaps as somebody, perhaps with JSON.
    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        self.try_call(method, path, token, body).await.unwrap()
    }

    /// [`Api::call`] where the connection may break.
    pub async fn try_call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    /// A GET with headers of its own.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await.unwrap()
    }

    /// A GET as nobody.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, None).await
    }

    /// A raw body.
    pub async fn raw(&self, method: Method, path: &str, token: Option<&str>, body: &'static str) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("content-type", "application/json").body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await.unwrap()
    }

    /// A request with headers of its own and perhaps a raw body.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    /// [`Api::send`] where the connection may break.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    /// A form with `files`: (file name, declared type, bytes).
    pub async fn upload(&self, path: &str, token: &str, files: &[(&str, &str, Vec<u8>)]) -> Answer {
        self.upload_as("files", path, token, files).await
    }

    /// The same, but the fields have another name.
    pub async fn upload_as(&self, field: &'static str, path: &str, token: &str, files: &[(&str, &str, Vec<u8>)]) -> Answer {
        let form = files.iter().fold(Form::new(), |form, (name, mime, bytes)| {
            form.part(field, Part::bytes(bytes.clone()).file_name((*name).to_owned()).mime_str(mime).unwrap())
        });
        answer(self.client.post(format!("{}{path}", self.base)).bearer_auth(token).multipart(form)).await.unwrap()
    }
}

pub(super) async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await?;
    if status == StatusCode::NO_CONTENT {
        assert!(bytes.is_empty(), "204 has no body");
    }
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Ok(Answer { status: status.as_u16(), headers, body })
}

/// Where an answer sends the browser.
pub fn location(answer: &Answer) -> String {
    answer.headers.get("location").unwrap_or_else(|| panic!("no redirect: {} {}", answer.status, answer.body)).to_str().unwrap().to_owned()
}

/// A text field.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}")).to_owned()
}
