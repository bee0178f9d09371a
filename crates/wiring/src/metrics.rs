//! What an alarm watches, for Prometheus, on a port of its own.
//!
//! What the database knows is read when Prometheus asks: right for all processes together, and after any restart. What a process
//! does itself (requests, tasks, waits for a connection) it counts, from its start.

use std::{
    net::TcpListener,
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::{App, HttpResponse, guard, middleware::from_fn, web};
use anyhow::{Context, Result};
use cheapbob_domain::{orders::RefundState, tasks::Lane};
use cheapbob_listener::{Serving, answer};
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{services::Services, settings::Settings};

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
    process: &'static PrometheusHandle,
}

/// Upper bounds of the histograms, in seconds: from a read in the cache to a provider that does not answer, and a rollover made up.
const BOUNDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Few ask here.
const SERVING: Serving = Serving { workers: 1, connections: 64, keep_alive: Duration::from_secs(75), to_end: Duration::from_secs(1) };

/// The recorder of what the process does, installed once.
fn process() -> Result<&'static PrometheusHandle> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle);
    }
    let handle = PrometheusBuilder::new().set_buckets(&BOUNDS)?.install_recorder()?;
    describe_histogram!("cheapbob_http_request_duration_seconds", "Requests by method, route and status, without their sockets");
    describe_counter!("cheapbob_http_refused_total", "Requests for which there was no room, by class");
    describe_counter!("cheapbob_rate_limited_total", "Calls that came too often, by the rule that refused them");
    describe_histogram!("cheapbob_db_pool_wait_seconds", "For how long a connection to PostgreSQL was waited for");
    describe_counter!("cheapbob_db_pool_failures_total", "Connections to PostgreSQL that were not to be had in time");
    describe_counter!("cheapbob_tasks_total", "Attempts at tasks of the outbox, by kind and outcome");
    describe_counter!("cheapbob_job_runs_total", "Attempts at scheduled runs, by job and outcome");
    describe_histogram!("cheapbob_job_lateness_seconds", "From the instant for which a run was due to its end");
    describe_gauge!("cheapbob_connections", "Connections of callers that are open");
    describe_counter!("cheapbob_connections_cut_total", "Connections that were closed because they kept us waiting, by why");
    describe_counter!("cheapbob_holds_expired_total", "Holds whose stock went back because no payment came");
    Ok(HANDLE.get_or_init(|| handle))
}

impl Source {
    fn new(services: Services) -> Result<Self> {
        let recorder = PrometheusBuilder::new().build_recorder();
        with_local_recorder(&recorder, || {
            describe_gauge!(
                "cheapbob_refunds",
                "Refunds that are not done, by state. `failed` needs somebody's help: cheapbob-jobs refunds list"
            );
            describe_gauge!("cheapbob_refunds_oldest_seconds", "For how long the oldest refund in this state has been owed");
            describe_gauge!(
                "cheapbob_reconciliation_discrepancies",
                "Discrepancies between our books and PortOne's, which no rule can mend, ever reported"
            );
            describe_gauge!("cheapbob_part_open", "1 while this process leaves the part alone because it does not answer");
            describe_gauge!("cheapbob_oversold_products", "Products that have promised more pieces than there are: must be 0");
            describe_gauge!("cheapbob_outbox_waiting", "Tasks of the outbox that are not done yet");
            describe_gauge!("cheapbob_outbox_oldest_seconds", "For how long the oldest of them has been waiting");
            describe_gauge!("cheapbob_lane_waiting", "Tasks and runs that are due or under way, by lane");
            describe_gauge!("cheapbob_lane_oldest_seconds", "For how long the oldest of them has been due");
            describe_gauge!("cheapbob_outbox_dead", "Tasks that need somebody's help: cheapbob-jobs outbox list");
        });
        Ok(Self { services, recorder, process: process()? })
    }

    async fn read(&self) -> cheapbob_domain::shared::Result<String> {
        let refunds = self.services.refunds.count().await?;
        let discrepancies = self.services.audit.discrepancies().await?;
        let oversold = self.services.products.oversold().await?;
        let outbox = self.services.outbox.depth().await?;
        let backlog = self.services.outbox.backlog(self.services.clock.now()).await?;
        with_local_recorder(&self.recorder, || {
            for breaker in self.services.breakers.all() {
                gauge!("cheapbob_part_open", "part" => breaker.part()).set(if breaker.is_open() { 1.0 } else { 0.0 });
            }
            gauge!("cheapbob_oversold_products").set(oversold as f64);
            gauge!("cheapbob_outbox_waiting").set(outbox.waiting as f64);
            gauge!("cheapbob_outbox_oldest_seconds").set(outbox.oldest_seconds as f64);
            gauge!("cheapbob_outbox_dead").set(outbox.dead as f64);
            for lane in Lane::all() {
                let (waiting, oldest) = backlog.iter().find(|b| b.lane == lane).map_or((0, 0), |b| (b.waiting, b.oldest_seconds));
                gauge!("cheapbob_lane_waiting", "lane" => lane.as_str()).set(waiting as f64);
                gauge!("cheapbob_lane_oldest_seconds", "lane" => lane.as_str()).set(oldest as f64);
            }
            for state in [RefundState::Requested, RefundState::Processing, RefundState::Failed, RefundState::Unknown] {
                let (number, age) =
                    refunds.iter().find(|(s, ..)| *s == state).map_or((0, 0), |(_, number, age)| (*number, age.num_seconds()));
                gauge!("cheapbob_refunds", "state" => state.as_str()).set(number as f64);
                gauge!("cheapbob_refunds_oldest_seconds", "state" => state.as_str()).set(age as f64);
            }
            gauge!("cheapbob_reconciliation_discrepancies").set(discrepancies as f64);
        });
        self.process.run_upkeep();
        Ok(self.recorder.handle().render() + &self.process.render())
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

async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(r#"{"status":"ok"}"#)
}

/// Serves `/metrics`, and `/health/live` for processes without another port, on its port until `stop`, where the settings name one.
///
/// # Errors
/// Where the port cannot be used.
pub fn serve(settings: &Settings, services: Services, stop: CancellationToken) -> Result<MetricsServer> {
    let Some(port) = settings.metrics_port else { return Ok(MetricsServer(None)) };
    let source = web::Data::from(Arc::new(Source::new(services)?));
    let listener = TcpListener::bind((settings.host.as_str(), port))
        .with_context(|| format!("port {port} on {} cannot be used for metrics; set METRICS_PORT to another one", settings.host))?;
    let app = move || {
        // HEAD is GET without the body.
        let get = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        let app = App::new().app_data(web::Data::clone(&source));
        app.route("/metrics", get().to(show)).route("/health/live", get().to(live)).wrap(from_fn(answer))
    };
    Ok(MetricsServer(Some(tokio::spawn(async move {
        if let Err(error) = cheapbob_listener::serve(app, listener, SERVING, stop).await {
            tracing::error!(%error, "the metrics server stopped");
        }
    }))))
}
