//! Users, sessions, tokens, values.

use crate::{Fixture, kind};
use anomalyzer_store::Control;
use anomalyzer_store::control::{NewSession, NewToken, NewUser, Role};

const PHC: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

fn user(name: &str, role: Role) -> NewUser {
    NewUser { name: name.into(), role, password: PHC.into() }
}

fn session(user: i64, n: u8) -> NewSession {
    let (peer, agent) = ("10.0.0.7".into(), "a browser".into());
    NewSession { hash: [n; 32], user, peer, agent, csrf: format!("csrf-{n}") }
}

fn token(user: i64, n: u8, role: Role) -> NewToken {
    let (name, prefix) = (format!("script {n}"), format!("anz_{n}"));
    NewToken { hash: [n; 32], user, name, prefix, role, expires: 10_000 }
}

fn live(control: &Control, n: u8, now: i64) -> bool {
    control.session(&[n; 32], now, 1_800, 43_200).unwrap().is_some()
}

fn works(control: &Control, n: u8, now: i64) -> bool {
    control.token(&[n; 32], now, "10.0.0.8").unwrap().is_some()
}

#[test]
fn users_are_unique_whatever_the_case() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("Ädmin", Role::Admin), 5).unwrap();
    assert_eq!(kind(c.add_user(&user("äDMIN", Role::Viewer), 6)), "conflict");
    let found = c.user_named("ÄDMIN").unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str(), found.created), (id, "Ädmin", 5));
    assert_eq!((found.preferences.as_str(), found.last_login), ("{}", None));
    assert_eq!(c.user(id).unwrap(), found);
    assert_eq!(kind(c.user(id + 1)), "missing");
    assert_eq!(c.user_named("nobody").unwrap(), None);
    c.add_user(&user("b", Role::Viewer), 7).unwrap();
    c.add_user(&user("A", Role::Viewer), 7).unwrap();
    let names: Vec<_> = c.users().unwrap().into_iter().map(|u| u.name).collect();
    assert_eq!(names, ["A", "b", "Ädmin"]);
}

#[test]
fn names_and_passwords_that_make_no_sense_are_refused() {
    let f = Fixture::new();
    let c = f.store.control();
    for name in ["", " a", "a ", "a\nb", "a\u{0}", &"x".repeat(65)] {
        assert_eq!(kind(c.add_user(&user(name, Role::Admin), 1)), "invalid", "{name:?}");
    }
    let plain = NewUser { password: "hunter2hunter2".into(), ..user("a", Role::Admin) };
    assert_eq!(kind(c.add_user(&plain, 1)), "invalid");
    let id = c.add_user(&user(&"ü".repeat(64), Role::Admin), 1).unwrap();
    assert_eq!(kind(c.set_password(id, "plain", None)), "invalid");
    assert_eq!(kind(c.set_password(id + 1, PHC, None)), "missing");
}

#[test]
fn at_most_a_thousand_users() {
    let f = Fixture::new();
    let c = f.store.control();
    for n in 0..1_000 {
        c.add_user(&user(&format!("user{n}"), Role::Viewer), 1).unwrap();
    }
    assert_eq!(kind(c.add_user(&user("one more", Role::Viewer), 1)), "limit");
    assert!(c.counters().contains(&("refused", 1)));
}

#[test]
fn the_last_admin_stays() {
    let f = Fixture::new();
    let c = f.store.control();
    let first = c.add_user(&user("first", Role::Admin), 1).unwrap();
    assert_eq!(kind(c.change_user(first, Some(Role::Analyst), None)), "invalid");
    assert_eq!(kind(c.change_user(first, None, Some(true))), "invalid");
    assert_eq!(kind(c.remove_user(first)), "invalid");
    assert_eq!(kind(c.set_password(first, "", None)), "invalid");
    assert_eq!(c.user(first).unwrap().role, Role::Admin);
    // One without a password does not replace one with.
    let link = NewUser { password: String::new(), ..user("link", Role::Admin) };
    let link = c.add_user(&link, 1).unwrap();
    assert_eq!(kind(c.remove_user(first)), "invalid");
    c.change_user(link, None, Some(true)).unwrap();
    assert_eq!(kind(c.remove_user(first)), "invalid");
    let second = c.add_user(&user("second", Role::Admin), 1).unwrap();
    c.remove_user(first).unwrap();
    assert_eq!(kind(c.change_user(second, Some(Role::Viewer), None)), "invalid");
    assert_eq!(kind(c.remove_user(first)), "missing");
}

#[test]
fn the_only_admin_may_be_one_that_logs_in_by_link() {
    let f = Fixture::new();
    let c = f.store.control();
    let link = NewUser { password: String::new(), ..user("demo", Role::Admin) };
    let link = c.add_user(&link, 1).unwrap();
    assert_eq!(kind(c.remove_user(link)), "invalid");
    c.set_password(link, PHC, None).unwrap();
}

#[test]
fn a_session_lives_until_it_is_idle_or_old() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("a", Role::Viewer), 1).unwrap();
    let sid = c.add_session(&session(id, 1), 1_000).unwrap();
    assert_eq!(c.user(id).unwrap().last_login, Some(1_000));
    let (found, who) = c.session(&[1; 32], 1_010, 1_800, 43_200).unwrap().unwrap();
    assert_eq!((found.id, found.user, found.seen, who.id), (sid, id, 1_000, id));
    assert_eq!((found.csrf.as_str(), found.authenticated), ("csrf-1", 1_000));
    assert!(!live(c, 2, 1_010));
    // Being seen is noted once a minute.
    for (now, seen) in [(1_059, 1_000), (1_060, 1_060), (1_119, 1_060), (2_500, 2_500)] {
        c.session(&[1; 32], now, 1_800, 43_200).unwrap().unwrap();
        assert_eq!(c.sessions(id).unwrap()[0].seen, seen, "at {now}");
    }
    assert!(!live(c, 1, 2_500 + 1_801));
    assert!(live(c, 1, 2_500 + 1_800));
    assert_eq!(c.session(&[1; 32], 1_000 + 3_601, 1_800, 3_600).unwrap(), None);
    c.reauthenticated(sid, 4_400).unwrap();
    assert_eq!(c.sessions(id).unwrap()[0].authenticated, 4_400);
    assert_eq!(kind(c.reauthenticated(99, 1)), "missing");
}

#[test]
fn a_change_of_role_password_or_state_ends_sessions() {
    let f = Fixture::new();
    let c = f.store.control();
    c.add_user(&user("admin", Role::Admin), 1).unwrap();
    let id = c.add_user(&user("a", Role::Analyst), 1).unwrap();
    let start = |n| c.add_session(&session(id, n), 100).unwrap();
    start(1);
    let version = c.user(id).unwrap().version;
    c.change_user(id, Some(Role::Analyst), Some(false)).unwrap();
    assert!(live(c, 1, 100), "nothing changed");
    c.change_user(id, Some(Role::Viewer), None).unwrap();
    assert!(!live(c, 1, 100));
    assert!(c.user(id).unwrap().version > version);
    start(2);
    let keep = start(3);
    c.set_password(id, PHC, Some(keep)).unwrap();
    assert!(!live(c, 2, 100) && live(c, 3, 100));
    c.change_user(id, None, Some(true)).unwrap();
    assert!(!live(c, 3, 100));
    assert_eq!(kind(c.add_session(&session(id, 4), 100)), "invalid");
    c.change_user(id, None, Some(false)).unwrap();
    assert!(!live(c, 3, 100), "what was ended stays ended");
    start(5);
    c.remove_user(id).unwrap();
    assert!(!live(c, 5, 100));
    assert_eq!(kind(c.add_session(&session(id, 6), 100)), "missing");
}

#[test]
fn sessions_end_one_by_one_or_all_but_one() {
    let f = Fixture::new();
    let c = f.store.control();
    let a = c.add_user(&user("a", Role::Viewer), 1).unwrap();
    let b = c.add_user(&user("b", Role::Viewer), 1).unwrap();
    let ids: Vec<i64> = (1..=4).map(|n| c.add_session(&session(a, n), 100).unwrap()).collect();
    let other = c.add_session(&session(b, 9), 100).unwrap();
    assert_eq!(c.end_sessions(a, Some(other), None).unwrap(), 0, "of somebody else");
    assert_eq!(c.end_sessions(a, Some(ids[0]), None).unwrap(), 1);
    assert_eq!(c.end_sessions(a, None, Some(ids[2])).unwrap(), 2);
    assert_eq!(c.sessions(a).unwrap().iter().map(|s| s.id).collect::<Vec<_>>(), [ids[2]]);
    assert_eq!(c.end_sessions(a, None, None).unwrap(), 1);
    assert!(live(c, 9, 100));
}

#[test]
fn of_too_many_sessions_the_one_unseen_for_longest_ends() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("a", Role::Viewer), 1).unwrap();
    for n in 0..33 {
        c.add_session(&session(id, n), 100 + i64::from(n)).unwrap();
    }
    assert_eq!(c.sessions(id).unwrap().len(), 32);
    assert!(!live(c, 0, 200) && live(c, 1, 200));
    // A clock that was set back does not end the session that just began.
    c.add_session(&session(id, 40), 1).unwrap();
    assert!(live(c, 40, 1));
    assert!(c.counters().contains(&("sessions_evicted", 2)));
}

#[test]
fn what_a_browser_calls_itself_is_cut() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("a", Role::Viewer), 1).unwrap();
    let long = NewSession { agent: "é".repeat(500), ..session(id, 1) };
    c.add_session(&long, 1).unwrap();
    assert_eq!(c.sessions(id).unwrap()[0].agent, "é".repeat(100));
}

#[test]
fn tokens_are_never_above_their_user() {
    let f = Fixture::new();
    let c = f.store.control();
    c.add_user(&user("admin", Role::Admin), 1).unwrap();
    let id = c.add_user(&user("a", Role::Analyst), 1).unwrap();
    assert_eq!(kind(c.add_token(&token(id, 1, Role::Admin), 1)), "invalid");
    assert_eq!(kind(c.add_token(&token(id, 1, Role::Viewer), 10_000)), "invalid");
    c.add_token(&token(id, 1, Role::Analyst), 1).unwrap();
    c.add_token(&token(id, 2, Role::Viewer), 1).unwrap();
    let (found, who) = c.token(&[1; 32], 50, "10.0.0.8").unwrap().unwrap();
    assert_eq!((found.role, who.id, found.prefix.as_str()), (Role::Analyst, id, "anz_1"));
    assert_eq!(found.used, Some((50, "10.0.0.8".into())));
    assert!(!works(c, 1, 10_000), "it has ended");
    c.change_user(id, Some(Role::Viewer), None).unwrap();
    assert!(!works(c, 1, 50) && works(c, 2, 50));
    c.change_user(id, None, Some(true)).unwrap();
    assert!(!works(c, 2, 50));
    assert_eq!(c.tokens(Some(id)).unwrap(), []);
}

#[test]
fn use_of_a_token_is_noted_once_a_minute() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("a", Role::Admin), 1).unwrap();
    c.add_token(&token(id, 1, Role::Admin), 1).unwrap();
    for (now, noted) in [(100, 100), (159, 100), (160, 160)] {
        c.token(&[1; 32], now, "::1").unwrap().unwrap();
        let used = c.tokens(None).unwrap()[0].used.clone();
        assert_eq!(used, Some((noted, "::1".into())), "at {now}");
    }
    let other = c.add_user(&user("b", Role::Viewer), 1).unwrap();
    let tid = c.add_token(&token(other, 2, Role::Viewer), 1).unwrap();
    assert_eq!(c.tokens(None).unwrap().len(), 2);
    assert_eq!(c.tokens(Some(other)).unwrap().len(), 1);
    c.remove_token(tid).unwrap();
    assert_eq!(kind(c.remove_token(tid)), "missing");
    assert!(!works(c, 2, 100));
}

#[test]
fn at_most_a_hundred_tokens_that_still_work() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("a", Role::Admin), 1).unwrap();
    let make =
        |n: u8, expires, now| c.add_token(&NewToken { expires, ..token(id, n, Role::Admin) }, now);
    for n in 0..100 {
        make(n, 500 + i64::from(n), 1).unwrap();
    }
    assert_eq!(kind(make(200, 900, 1)), "limit");
    make(200, 900, 500).unwrap();
}

#[test]
fn preferences_are_an_object_of_bounded_size() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("a", Role::Viewer), 1).unwrap();
    c.set_preferences(id, r#"{"theme":"dark"}"#).unwrap();
    assert_eq!(c.user(id).unwrap().preferences, r#"{"theme":"dark"}"#);
    assert_eq!(kind(c.set_preferences(id, "[1]")), "invalid");
    assert_eq!(kind(c.set_preferences(id, "{")), "invalid");
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(64 << 10));
    assert_eq!(kind(c.set_preferences(id, &large)), "limit");
    assert_eq!(kind(c.set_preferences(id + 1, "{}")), "missing");
}

#[test]
fn values_outlive_the_program() {
    let f = Fixture::new();
    f.store.control().put_value("secret.csrf", b"\0one").unwrap();
    f.store.control().put_value("secret.csrf", b"\0two").unwrap();
    let f = f.again();
    let c = f.store.control();
    assert_eq!(c.value("secret.csrf").unwrap().as_deref(), Some(&b"\0two"[..]));
    assert_eq!(c.value("other").unwrap(), None);
    assert_eq!(kind(c.put_value("", b"")), "invalid");
    assert_eq!(kind(c.put_value("big", &vec![0; (1 << 20) + 1])), "limit");
}

#[test]
fn a_password_hashed_anew_ends_no_session() {
    let f = Fixture::new();
    let c = f.store.control();
    let id = c.add_user(&user("ann", Role::Analyst), 1).unwrap();
    c.add_session(&session(id, 1), 1).unwrap();
    let before = c.user(id).unwrap().password;
    c.renew_hash(id, &before, "$argon2id$newer").unwrap();
    assert_eq!(c.user(id).unwrap().password, "$argon2id$newer");
    assert!(live(c, 1, 2));
    // Somebody has changed the password in between: the old one does not come back.
    c.renew_hash(id, &before, "$argon2id$stale").unwrap();
    assert_eq!(c.user(id).unwrap().password, "$argon2id$newer");
    assert_eq!(kind(c.renew_hash(id, &before, "plain text")), "invalid");
}
