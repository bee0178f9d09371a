use async_trait::async_trait;
use cheapbob_domain::{
    orders::{OrderMail, ports::OrderMails},
    shared::Result,
};
use diesel::{dsl::exists, prelude::*, select};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    schema::tasks,
};

#[async_trait]
impl OrderMails for Postgres {
    async fn is_later_told(&self, mail: &OrderMail) -> Result<bool> {
        let later: Vec<_> = mail.event.later().iter().map(|event| format!("mail:{event}:{}", mail.payment_id)).collect();
        let mut connection = self.connection().await?;
        let told = tasks::table.filter(tasks::id.eq_any(later).and(tasks::status.ne("pending")));
        select(exists(told)).get_result(&mut connection).await.map_err(failed)
    }
}
