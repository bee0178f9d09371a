use cheapbob_domain::{
    orders::OrderMail,
    shared::{Result, mail::Delivery},
};
use cheapbob_wiring::Services;

/// A mail from the outbox.
pub(crate) async fn run(services: &Services, mail: &OrderMail) -> Result<Delivery> {
    services.mails.deliver(mail).await
}
