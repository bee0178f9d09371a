//! Somebody who runs the service, at the console, as a browser goes.

use cheapbob_domain::operators::form_token;
use chrono::{DateTime, Utc};
use reqwest::Method;
use totp_rs::{Builder, Secret};

use super::client::{Answer, Api, FORWARDED_FOR, answer, location, some_address};

/// An operator's browser.
#[derive(Clone)]
pub struct Console {
    api: Api,
    /// The session's token.
    pub token: String,
    /// The secret of their app.
    pub secret: String,
    /// What the page showed once they had enrolled.
    pub recovery_codes: Vec<String>,
}

/// The code of an app with this secret at an instant.
pub fn code_of(secret: &str, at: DateTime<Utc>) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build().unwrap().generate(at.timestamp().try_into().unwrap()).to_string()
}

/// The session's token in an answer's cookies.
fn token(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap());
    cookies.filter_map(|c| c.strip_prefix("operator=")).map(|c| c.split(';').next().unwrap().to_owned()).find(|token| !token.is_empty())
}

/// What stands between `<code>` and its end, each.
fn codes(page: &str) -> Vec<String> {
    page.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next()).map(str::to_owned).collect()
}

impl Api {
    /// An operator's way through a provider of the sandbox: what the way back answers.
    pub async fn operator_callback(&self, provider: &str, email: &str) -> Answer {
        let address = some_address();
        let name = FORWARDED_FOR;
        let from = (name.as_str(), address.to_str().unwrap());
        let start = self.get_with(&format!("/operator/start/{provider}"), &[from]).await;
        assert_eq!(start.status, 302);
        let cookie = start.headers.get("set-cookie").unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
        let typed: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("email", email).finish();
        let page = self.client.post(location(&start)).header("content-type", "application/x-www-form-urlencoded").body(typed);
        let callback = url::Url::parse(&location(&answer(page).await.unwrap())).unwrap();
        let path = format!("{}?{}", callback.path(), callback.query().unwrap());
        self.get_with(&path, &[from, ("cookie", &cookie), ("accept", "text/html")]).await
    }

    /// A session of an operator who has not shown a code yet.
    pub async fn operator_at_the_code(&self, email: &str) -> Console {
        let back = self.operator_callback("google", email).await;
        assert_eq!((back.status, location(&back)), (303, "/operator/code".to_owned()), "{}", back.body);
        Console { api: self.clone(), token: token(&back).unwrap(), secret: String::new(), recovery_codes: Vec::new() }
    }

    /// An operator who logs in for the first time, and enrols an app.
    pub async fn operator(&self, email: &str) -> Console {
        let mut console = self.operator_at_the_code(email).await;
        let page = console.page("/operator/code").await;
        console.secret = codes(&page).pop().unwrap().replace(' ', "");
        let enrolled = console.post("/operator/code", &[("code", &code_of(&console.secret, self.now().await))]).await;
        console.token = token(&enrolled).unwrap();
        console.recovery_codes = codes(enrolled.body.as_str().unwrap());
        console
    }
}

impl Console {
    /// As a browser asks for a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.api.get_with(path, &[("cookie", &format!("operator={}", self.token)), ("accept", "text/html")]).await
    }

    /// A page that is there.
    #[track_caller]
    pub fn page(&self, path: &str) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.get(path).await;
            assert_eq!(answer.status, 200, "{path} at {place}: {}", answer.body);
            answer.body.as_str().unwrap().to_owned()
        }
    }

    /// Sends a form of this session's.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form_token = form_token(&self.token);
        self.post_with(path, &[&[("form_token", form_token.as_str())], fields].concat()).await
    }

    /// Sends a form as it is.
    pub async fn post_with(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let typed: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let cookie = format!("operator={}", self.token);
        let headers = [("cookie", cookie.as_str()), ("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded")];
        self.api.send(Method::POST, path, &headers, typed).await
    }

    /// Goes on with the session that an answer begins.
    pub fn with(&self, answer: &Answer) -> Self {
        Self { token: token(answer).expect("the answer begins a session"), ..self.clone() }
    }

    /// Answers the question at `path`, with this reason.
    pub async fn act(&self, path: &str, reason: &str) -> Answer {
        let form = form_of(&self.page(path).await);
        let (path, about) = path.split_once("?about=").unwrap();
        self.post(path, &[("form", &form), ("reason", reason), ("about", about)]).await
    }
}

/// What names a form on a page that asks.
pub fn form_of(page: &str) -> String {
    page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}
