//! `user` and `token`: who may use the console and the API. What is changed here holds for a
//! running service at once.

use super::table::{Align, Table};
use super::{failure, open};
use crate::cli::stored::{Role as Asked, TokenCommand, UserCommand};
use crate::commands::print;
use crate::data_dir;
use crate::failure::Failure;
use crate::terminal::Terminal;
use anomalyzer_store::Store;
use anomalyzer_store::control::Role;
use anomalyzer_web::{WebError, accounts};
use anomalyzer_wire::Timestamp;
use std::io::{self, BufRead};
use std::path::PathBuf;

/// Most bytes of a password that are read.
const PASSWORD_MAX: usize = 1_024;

/// Runs a command about users.
pub(in crate::commands) fn user(command: &UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::List(data) => users(&open(data.data.as_ref())?),
        UserCommand::Add { data, name, role } => {
            let store = beside(data.data.as_ref())?;
            accounts::add_user(&store, name, as_role(*role), &password()?)
                .map_err(|e| refused(&e))?;
            print(&format!("{name} can log in now\n"))
        }
        UserCommand::Change { data, name, role, disable, enable } => {
            let disabled = (*disable || *enable).then_some(*disable);
            let store = beside(data.data.as_ref())?;
            accounts::change_user(&store, name, role.map(as_role), disabled)
                .map_err(|e| refused(&e))
        }
        UserCommand::Password { data, name } => {
            let store = beside(data.data.as_ref())?;
            accounts::set_password(&store, name, &password()?).map_err(|e| refused(&e))
        }
        UserCommand::Link { data, name } => {
            let store = beside(data.data.as_ref())?;
            let path = accounts::login_link(&store, name).map_err(|e| refused(&e))?;
            let note = "behind the address of the console, once and within 15 minutes:";
            print(&format!("{note}\n{path}\n"))
        }
        UserCommand::Remove { data, name } => {
            let store = beside(data.data.as_ref())?;
            accounts::remove_user(&store, name).map_err(|e| refused(&e))
        }
    }
}

/// Runs a command about tokens.
pub(in crate::commands) fn token(command: &TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::List(data) => tokens(&open(data.data.as_ref())?),
        TokenCommand::Create { data, name, user, role, days } => {
            let store = beside(data.data.as_ref())?;
            let token = accounts::add_token(&store, user, name, as_role(*role), *days)
                .map_err(|e| refused(&e))?;
            print(&format!("{token}\n"))
        }
        TokenCommand::Remove { data, id } => {
            let store = beside(data.data.as_ref())?;
            accounts::remove_token(&store, *id).map_err(|e| refused(&e))
        }
    }
}

/// Opens the control store to be changed, whether the service runs or not.
fn beside(data: Option<&PathBuf>) -> Result<Store, Failure> {
    let dir = data_dir::choose(data);
    Store::open_beside(&dir).map_err(|e| failure(&e))
}

fn refused(error: &WebError) -> Failure {
    match error {
        WebError::Store(error) => failure(error),
        WebError::Refused(words) => Failure::usage(words.clone()),
        other => Failure::runtime(other.to_string()),
    }
}

/// The first line of standard input.
fn password() -> Result<String, Failure> {
    let mut line = String::new();
    let mut input = io::Read::take(io::stdin().lock(), PASSWORD_MAX as u64);
    input.read_line(&mut line).map_err(|e| Failure::runtime(format!("standard input: {e}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::usage("standard input holds no password: its first line is taken"));
    }
    Ok(password.to_owned())
}

const fn as_role(role: Asked) -> Role {
    match role {
        Asked::Viewer => Role::Viewer,
        Asked::Analyst => Role::Analyst,
        Asked::Admin => Role::Admin,
    }
}

fn day(seconds: i64) -> String {
    Timestamp::from_secs_nanos(seconds, 0).to_string().replace('T', " ").chars().take(16).collect()
}

fn users(store: &Store) -> Result<(), Failure> {
    let users = store.control().users().map_err(|e| failure(&e))?;
    let left = Align::Left;
    let mut table =
        Table::new(&[("NAME", left), ("ROLE", left), ("LAST LOG-IN", left), ("STATE", left)]);
    for user in users {
        let state = match (user.disabled, user.password.is_empty()) {
            (true, _) => "disabled",
            (_, true) => "no password",
            _ => "",
        };
        table.row(vec![
            user.name,
            user.role.name().to_owned(),
            user.last_login.map_or_else(|| "never".to_owned(), day),
            state.to_owned(),
        ]);
    }
    print(&table.text(Terminal::table_width()))
}

fn tokens(store: &Store) -> Result<(), Failure> {
    let tokens = store.control().tokens(None).map_err(|e| failure(&e))?;
    let users = store.control().users().map_err(|e| failure(&e))?;
    let owner = |id| users.iter().find(|u| u.id == id).map_or("?", |u| u.name.as_str()).to_owned();
    let (left, right) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("ID", right),
        ("BEGINS", left),
        ("ROLE", left),
        ("USER", left),
        ("ENDS", left),
        ("LAST USED", left),
        ("WHAT FOR", left),
    ]);
    for token in tokens {
        let used = token.used.map(|(at, from)| format!("{} from {from}", day(at)));
        table.row(vec![
            token.id.to_string(),
            format!("{}...", token.prefix),
            token.role.name().to_owned(),
            owner(token.user),
            day(token.expires),
            used.unwrap_or_else(|| "never".to_owned()),
            token.name,
        ]);
    }
    print(&table.text(Terminal::table_width()))
}
