//! The program. Everything is in the library beside it, so that documents can be made from it.

fn main() -> std::process::ExitCode {
    anomalyzer::main(std::env::args_os())
}

/// Flows, records and facts are many small allocations that are freed in another order; measured
/// on the benchmark's capture, this allocator takes some six percent off the whole run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
