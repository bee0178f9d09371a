//! The two apps, as a test drives them.

mod client;
mod login;
mod operator;
mod person;
mod sandbox;
mod shop;

pub use client::{Answer, Api, location, text};
pub use login::{fresh_email, session};
pub use operator::{Console, code_of, form_of};
pub use person::{Held, Person};
pub use shop::{Shop, store};
