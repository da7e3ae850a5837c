//! The `trimtab` command.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut io = trimtab_cli::Io::of_process();
    trimtab_cli::run(std::env::args_os(), &mut io).into()
}
