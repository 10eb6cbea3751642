//! `completions` and `man`: made from the table of options.

use super::print;
use crate::command_line;
use crate::failure::Failure;
use clap_complete::Shell;

/// Prints a shell's completion script.
pub(super) fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command_line(), "anomalyzer", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page with a section for each command.
pub(super) fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    let mut command = command_line();
    command.build();
    let made = clap_mangen::Man::new(command.clone()).render(&mut page).and_then(|()| {
        command.get_subcommands().try_for_each(|sub| {
            clap_mangen::Man::new(sub.clone()).render_options_section(&mut page)
        })
    });
    made.map_err(|e| Failure::runtime(format!("manual page: {e}")))?;
    print(&String::from_utf8_lossy(&page))
}
