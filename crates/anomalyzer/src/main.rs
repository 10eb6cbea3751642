//! The program. Everything is in the library beside it, so that documents can be made from it.

fn main() -> std::process::ExitCode {
    anomalyzer::main(std::env::args_os())
}
