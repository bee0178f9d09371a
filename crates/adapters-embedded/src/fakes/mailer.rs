use async_trait::async_trait;
use cheapbob_domain::shared::{
    Result,
    mail::{Delivery, Mail, Mailer},
};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::database::{Embedded, failed};

#[async_trait]
impl Mailer for Embedded {
    async fn send(&self, message_id: &str, mail: &Mail) -> Result<Delivery> {
        let mut connection = self.connection().await?;
        sql_query(
            "INSERT INTO embedded.mails (message_id, recipient, subject, text, html, sent_at)
             SELECT $1, $2, $3, $4, $5, now() + offset_ms * interval '1 millisecond' FROM embedded.clock ON CONFLICT DO NOTHING",
        )
        .bind::<t::Text, _>(message_id)
        .bind::<t::Text, _>(&mail.to)
        .bind::<t::Text, _>(&mail.subject)
        .bind::<t::Text, _>(&mail.text)
        .bind::<t::Text, _>(&mail.html)
        .execute(&mut connection)
        .await
        .map(|_| Delivery::Sent)
        .map_err(failed)
    }
}
