//! Is a password one of those that are tried first?
//!
//! Of passwords with twelve characters and more, the common ones are made of few well-known parts:
//! words such as `password`, runs on the keyboard, years, repetitions. A password that is covered by
//! two words and any number of such parts is refused, whatever its upper case, digits for letters
//! and a few marks between.

/// Words that people take, lower case. Those of less than 3 letters would cover too much.
const WORDS: &[&str] = &[
    "aaa",
    "abc",
    "access",
    "account",
    "admin",
    "administrator",
    "alex",
    "alexander",
    "amanda",
    "andrea",
    "andrew",
    "andrey",
    "angel",
    "anna",
    "anomalyzer",
    "anthony",
    "apple",
    "arsenal",
    "asdf",
    "ashley",
    "asshole",
    "august",
    "austin",
    "autumn",
    "babygirl",
    "bailey",
    "banana",
    "baseball",
    "basketball",
    "batman",
    "bella",
    "berlin",
    "bitch",
    "blink",
    "bonnie",
    "buster",
    "butterfly",
    "carlos",
    "change",
    "changeme",
    "changeit",
    "charlie",
    "cheese",
    "chelsea",
    "chicken",
    "chocolate",
    "christmas",
    "cisco",
    "computer",
    "cookie",
    "cowboy",
    "daniel",
    "dave",
    "david",
    "december",
    "default",
    "demo",
    "diamond",
    "donald",
    "dragon",
    "eagle",
    "eagles",
    "elizabeth",
    "eminem",
    "england",
    "enter",
    "entry",
    "everton",
    "family",
    "february",
    "ferrari",
    "fishing",
    "flower",
    "football",
    "forever",
    "frank",
    "freedom",
    "friday",
    "friend",
    "friends",
    "fuck",
    "fuckoff",
    "fuckyou",
    "games",
    "gateway",
    "george",
    "germany",
    "ginger",
    "god",
    "golf",
    "google",
    "guest",
    "gandalf",
    "hallo",
    "hammer",
    "hannah",
    "happy",
    "harley",
    "hello",
    "hockey",
    "home",
    "hunter",
    "iceman",
    "iloveyou",
    "internet",
    "jackson",
    "jasmine",
    "jasper",
    "jennifer",
    "jessica",
    "jesus",
    "john",
    "johnny",
    "jonathan",
    "jordan",
    "joseph",
    "joshua",
    "july",
    "june",
    "junior",
    "justin",
    "killer",
    "kitty",
    "letmein",
    "linux",
    "liverpool",
    "login",
    "london",
    "love",
    "lovely",
    "lover",
    "loveyou",
    "lucky",
    "maggie",
    "magic",
    "manager",
    "manchester",
    "march",
    "maria",
    "marina",
    "martin",
    "master",
    "matrix",
    "matthew",
    "melissa",
    "mercedes",
    "merlin",
    "michael",
    "michelle",
    "mickey",
    "miller",
    "monday",
    "monitor",
    "monkey",
    "monster",
    "morgan",
    "mother",
    "mustang",
    "naruto",
    "natasha",
    "network",
    "nicole",
    "nintendo",
    "nothing",
    "november",
    "october",
    "office",
    "operator",
    "orange",
    "pass",
    "passphrase",
    "passw",
    "passwd",
    "password",
    "passwort",
    "patrick",
    "peanut",
    "pepper",
    "phoenix",
    "please",
    "pokemon",
    "princess",
    "private",
    "public",
    "purple",
    "qwer",
    "qwert",
    "qwerty",
    "qwertz",
    "rachel",
    "rainbow",
    "raspberry",
    "richard",
    "robert",
    "root",
    "samantha",
    "samsung",
    "schatz",
    "secret",
    "secure",
    "security",
    "september",
    "server",
    "service",
    "setup",
    "shadow",
    "silver",
    "soccer",
    "spider",
    "spring",
    "star",
    "starwars",
    "steven",
    "summer",
    "sunday",
    "sunshine",
    "super",
    "superman",
    "support",
    "sysadmin",
    "system",
    "taylor",
    "tech",
    "temp",
    "temporary",
    "test",
    "tester",
    "testing",
    "thomas",
    "thunder",
    "tigger",
    "tiger",
    "toor",
    "trustno",
    "turtle",
    "ubuntu",
    "user",
    "vagrant",
    "welcome",
    "welcometo",
    "whatever",
    "william",
    "windows",
    "winter",
    "wizard",
    "yankees",
    "yellow",
    "zxcv",
    "zxcvbn",
];

/// Rows and columns of keyboards, and other runs. Any 3 neighbours, either way, are a part.
const RUNS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik",
    "9ol",
    "qaywsxedcrfvtgbzhnujm",
    "!@#$%^&*()",
    "!\"§$%&/()=",
];

/// Most words in a common password.
const WORDS_MAX: usize = 2;
/// Most other characters in a common password: marks and digits between its parts.
const OTHERS_MAX: usize = 4;

/// True when the password is common, or made of the user's name.
pub(super) fn is_common(password: &str, user: &str) -> bool {
    let lower = password.to_lowercase();
    let plain: Vec<char> = lower.chars().collect();
    let letters: Vec<char> = plain.iter().map(|c| letter(*c)).collect();
    let user = user.to_lowercase();
    covered(&plain, &letters, &user) || interleaved(&plain) || repeated(&plain)
}

/// The letter that a digit or mark stands for.
fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        other => other,
    }
}

/// Fewest other characters that are left over, for each count of words, up to each position.
fn covered(plain: &[char], letters: &[char], user: &str) -> bool {
    let none = usize::MAX;
    let mut best = vec![[none; WORDS_MAX + 1]; plain.len() + 1];
    best[0][0] = 0;
    for at in 0..plain.len() {
        for words in 0..=WORDS_MAX {
            let others = best[at][words];
            if others == none {
                continue;
            }
            let mut reach = |end: usize, words: usize, others: usize| {
                if words <= WORDS_MAX && others <= OTHERS_MAX {
                    best[end][words] = best[end][words].min(others);
                }
            };
            reach(at + 1, words, others + 1);
            for length in run_lengths(plain, at) {
                reach(at + length, words, others);
            }
            for word in WORDS.iter().copied().chain((user.len() >= 3).then_some(user)) {
                if begins(plain, at, word) || begins(letters, at, word) {
                    reach(at + word.chars().count(), words + 1, others);
                }
            }
        }
    }
    best.last().is_some_and(|last| last.iter().any(|others| *others != none))
}

fn begins(text: &[char], at: usize, word: &str) -> bool {
    let mut rest = text[at..].iter();
    word.chars().all(|c| rest.next() == Some(&c))
}

/// Lengths of parts that begin here and are no words: runs, one character again and again, years.
fn run_lengths(text: &[char], at: usize) -> impl Iterator<Item = usize> {
    let rest = &text[at..];
    let same = rest.iter().take_while(|c| **c == rest[0]).count();
    let run = RUNS.iter().map(|run| run_length(rest, run)).max().unwrap_or(0);
    let year = rest.len() >= 4
        && matches!(rest[..2], ['1', '9'] | ['2', '0'])
        && rest[2..4].iter().all(char::is_ascii_digit);
    let longest = same.max(run);
    (3..=longest).chain(year.then_some(4))
}

/// How many characters from the start follow the run, one way or the other.
fn run_length(text: &[char], run: &str) -> usize {
    let along = |run: Vec<char>| {
        let Some(start) = run.iter().position(|c| *c == text[0]) else { return 0 };
        run[start..].iter().zip(text).take_while(|(a, b)| a == b).count()
    };
    along(run.chars().collect()).max(along(run.chars().rev().collect()))
}

/// `1q2w3e4r5t6y`: two runs, one character of each in turn.
fn interleaved(text: &[char]) -> bool {
    let every = |first: usize| text.iter().skip(first).step_by(2).copied().collect::<Vec<_>>();
    [every(0), every(1)].iter().all(|half| {
        half.len() >= 4 && RUNS.iter().any(|run| run_length(half, run) >= half.len() - 1)
    })
}

/// A short piece again and again: `ab12ab12ab12`.
fn repeated(text: &[char]) -> bool {
    (1..=text.len() / 3).any(|length| {
        let piece = &text[..length];
        text.chunks(length).all(|chunk| piece.starts_with(chunk))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_refused() {
        for password in [
            "password1234",
            "Password123!",
            "P@ssw0rd2024",
            "passwordpassword",
            "qwertyuiop123",
            "123456789012",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "iloveyou1234",
            "letmein-please",
            "Summer2024!!",
            "adminadmin12",
            "anomalyzer123",
            "welcome12345",
            "zxcvbnm,./123",
            "0987654321qwerty",
            "changeme2025!",
            "Sunshine#2019",
            "trustno1trustno1",
            "administrator",
            "correctcorrectcorrect",
        ] {
            assert!(is_common(password, "anna"), "{password}");
        }
    }

    #[test]
    fn the_own_name_does_not_make_a_password() {
        assert!(is_common("hildegard-1977", "Hildegard"));
        assert!(!is_common("hildegard-1977", "otto"));
    }

    #[test]
    fn other_passwords_are_accepted() {
        for password in [
            "correct horse battery staple",
            "vg7kq-2mz9x-hp4tw",
            "grüner tisch am fenster",
            "t7Yq!pLz0#wE",
            "meine katze frisst lampen",
            "dragon monkey sunshine teapot",
            "korrekturband9hummel",
        ] {
            assert!(!is_common(password, "anna"), "{password}");
        }
    }
}
