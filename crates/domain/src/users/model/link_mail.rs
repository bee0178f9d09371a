//! A mail with one link in it.

use crate::shared::{Email, mail::Mail};

/// What it says. Nothing of it is typed by anybody: fixed sentences, a base64url token, the settings' address.
pub(super) struct LinkMail {
    pub(super) title: &'static str,
    pub(super) lead: String,
    pub(super) link: String,
    pub(super) button: &'static str,
    /// What to do about it who has not asked for it.
    pub(super) ignore: &'static str,
}

impl LinkMail {
    pub(super) fn to(self, email: &Email) -> Mail {
        let Self { title, lead, link, button, ignore } = self;
        Mail {
            to: email.to_string(),
            subject: format!("[CheapBob] {title}"),
            text: format!("{lead}\n\n{link}\n\n{ignore}\n\nCheapBob\n"),
            html: format!(
                "<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
                 <body style=\"margin:0;padding:24px;background:#f6f5f1;font-family:sans-serif;color:#222\">\
                 <div style=\"max-width:480px;margin:0 auto;padding:24px;background:#fff;border-radius:12px\">\
                 <h1 style=\"margin:0 0 12px;font-size:20px\">{title}</h1><p style=\"line-height:1.6\">{lead}</p>\
                 <p><a href=\"{link}\" style=\"display:inline-block;padding:10px 18px;border-radius:8px;background:#e8590c;color:#fff;text-decoration:none\">\
                 {button}</a></p><p style=\"line-height:1.6;color:#767676\">{ignore}</p></div></body></html>"
            ),
            unsubscribe: None,
        }
    }
}
