//! `cheapbob-http`: the API; in the embedded default with the jobs in the same process.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cheapbob_http::main(|ports| ports)
}
