//! `cheapbob-http` as the tests kill it: the same program over ports that die where `CHEAPBOB_CRASH_AT` says.

use std::process::ExitCode;

use cheapbob_test_support::crash;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cheapbob_http::main(crash::mortal)
}
