//! Logging in, through the sandbox's providers.

use serde_json::json;

use super::{
    client::{Answer, Api, FORWARDED_FOR, answer, location, some_address},
    person::Person,
};

/// An e-mail that nobody has yet.
pub fn fresh_email() -> String {
    format!("{}@test.example", ulid::Ulid::r#gen().to_string().to_lowercase())
}

/// The session's token in an answer's cookies.
pub fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap());
    cookies.filter_map(|c| c.strip_prefix("access_token=")).map(|c| c.split(';').next().unwrap().to_owned()).next()
}

impl Api {
    /// The whole way through a provider of the sandbox, as a browser goes it. `form`: what is typed on the provider's page.
    pub async fn log_in(&self, provider: &str, role: &str, state: &str, form: &[(&str, &str)]) -> Answer {
        self.log_in_over(None, provider, role, state, form).await
    }

    /// The same in a browser that has the token of a session already.
    pub async fn log_in_over(&self, session: Option<&str>, provider: &str, role: &str, state: &str, form: &[(&str, &str)]) -> Answer {
        let address = some_address();
        let name = FORWARDED_FOR;
        let from = (name.as_str(), address.to_str().unwrap());
        let start = self.get_with(&format!("/api/v1/auth/{provider}/login/{role}?state={state}"), &[from]).await;
        assert_eq!(start.status, 302);
        let cookie = start.headers.get("set-cookie").unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
        let authorize = location(&start);
        let typed: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let page = self.client.post(authorize).header("content-type", "application/x-www-form-urlencoded").body(typed);
        let back = location(&answer(page).await.unwrap());
        let callback = url::Url::parse(&back).unwrap();
        let path = format!("{}?{}", callback.path(), callback.query().unwrap());
        let cookies = session.map_or_else(|| cookie.clone(), |session| format!("{cookie}; access_token={session}"));
        self.get_with(&path, &[from, ("cookie", &cookies), ("accept", "text/html")]).await
    }

    /// A person logged in with Google, which vouches for the e-mail.
    pub async fn person(&self, role: &str, email: &str) -> Person {
        let answer = self.log_in("google", role, "undefined", &[("email", email)]).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        assert!(location(&answer).contains("/auth/success"), "{}", location(&answer));
        Person { api: self.clone(), token: session(&answer).unwrap(), email: email.to_owned() }
    }

    /// A customer with a profile.
    pub async fn customer(&self) -> Person {
        let person = self.person("customer", &fresh_email()).await;
        person.post("/api/v1/customer/register", &json!({ "nickname": "길동", "phone_number": "01012345678" })).await.expect(201);
        person
    }
}
