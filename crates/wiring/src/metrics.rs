//! What an alarm watches, for Prometheus, on a port of its own.
//!
//! What the database knows is read when Prometheus asks: right for all processes together, and after any restart.

use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, Result};
use cheapbob_domain::orders::RefundState;
use metrics::{describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Services, Settings};

/// The server of the metrics, if there is one.
pub struct MetricsServer(Option<JoinHandle<()>>);

impl MetricsServer {
    /// Waits for its end.
    pub async fn ended(self) {
        if let Some(server) = self.0 {
            // It panics only with its worker, which has said so.
            let _ = server.await;
        }
    }
}

struct Source {
    services: Services,
    recorder: PrometheusRecorder,
}

impl Source {
    fn new(services: Services) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        with_local_recorder(&recorder, || {
            describe_gauge!(
                "cheapbob_refunds",
                "Refunds that are not done, by state. `failed` needs somebody's help: cheapbob-jobs refunds list"
            );
            describe_gauge!("cheapbob_refunds_oldest_seconds", "For how long the oldest refund in this state has been owed");
            describe_gauge!(
                "cheapbob_reconciliation_differences",
                "Differences between our books and PortOne's that no rule can mend, ever reported"
            );
        });
        Self { services, recorder }
    }

    async fn read(&self) -> cheapbob_domain::shared::Result<String> {
        let refunds = self.services.refunds.count().await?;
        let differences = self.services.trail.differences().await?;
        with_local_recorder(&self.recorder, || {
            for state in [RefundState::Requested, RefundState::Processing, RefundState::Failed, RefundState::Unknown] {
                let (number, age) =
                    refunds.iter().find(|(s, ..)| *s == state).map_or((0, 0), |(_, number, age)| (*number, age.num_seconds()));
                gauge!("cheapbob_refunds", "state" => state.as_str()).set(number as f64);
                gauge!("cheapbob_refunds_oldest_seconds", "state" => state.as_str()).set(age as f64);
            }
            gauge!("cheapbob_reconciliation_differences").set(differences as f64);
        });
        Ok(self.recorder.handle().render())
    }
}

async fn show(source: web::Data<Source>) -> HttpResponse {
    match source.read().await {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be read");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

/// Serves `/metrics` on its port until `stop`, where the settings name one.
///
/// # Errors
/// Where the port cannot be used.
pub fn serve(settings: &Settings, services: Services, stop: CancellationToken) -> Result<MetricsServer> {
    let Some(port) = settings.metrics_port else { return Ok(MetricsServer(None)) };
    let source = web::Data::from(Arc::new(Source::new(services)));
    let server = HttpServer::new(move || App::new().app_data(web::Data::clone(&source)).route("/metrics", web::get().to(show)))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .bind((settings.host.as_str(), port))
        .with_context(|| format!("port {port} on {} cannot be used for metrics; set METRICS_PORT to another one", settings.host))?
        .run();
    let handle = server.handle();
    Ok(MetricsServer(Some(tokio::spawn(async move {
        let stopper = async {
            stop.cancelled().await;
            handle.stop(true).await;
        };
        let (served, ()) = tokio::join!(server, stopper);
        if let Err(error) = served {
            tracing::error!(%error, "the metrics are served no more");
        }
    }))))
}
