//! `just cluster`: the deployed topology on this machine, until Ctrl-C. Needs the servers of `with-servers`.

use cheapbob_test_support::Cluster;

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn main() -> anyhow::Result<()> {
    cheapbob_wiring::prepare_process();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let cluster = Cluster::start().await;
        println!("The cluster serves {} (sandbox: {0}/sandbox); Ctrl-C ends it", cluster.api.base);
        tokio::signal::ctrl_c().await?;
        println!("{} mails were sent, {} objects stored", cluster.mails.mails().len(), cluster.storage.objects());
        Ok(())
    })
}
