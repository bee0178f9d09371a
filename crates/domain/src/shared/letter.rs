//! A mail about one thing that has happened: a sentence and its particulars, as text and HTML.

use askama::Template;

use super::{
    error::{Error, Result},
    ids::Email,
    mail::Mail,
};

/// What it says; the template escapes what people typed.
#[derive(Debug, Template)]
#[template(path = "shared/letter.html")]
pub struct Letter<'a> {
    /// Without the product's name.
    pub subject: &'a str,
    /// Who is addressed: a customer's nickname, a store's name.
    pub nickname: &'a str,
    /// What has happened.
    pub lead: &'a str,
    /// Name and value.
    pub rows: &'a [(&'static str, String)],
    /// Address of a map, where there is something to be picked up.
    pub map: Option<&'a str>,
}

impl Letter<'_> {
    /// The mail.
    ///
    /// # Errors
    /// Internal: the template cannot be written.
    pub fn to(&self, email: &Email) -> Result<Mail> {
        let Self { subject, nickname, lead, rows, map } = self;
        let text_rows: String = rows.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let text_map: String = map.iter().map(|link| format!("지도: {link}\n")).collect();
        Ok(Mail {
            to: email.to_string(),
            text: format!("{nickname}님, {lead}\n\n{text_rows}{text_map}\nCheapBob\n"),
            html: self.render().map_err(Error::internal)?,
            subject: format!("[CheapBob] {subject}"),
            unsubscribe: None,
        })
    }
}
