//! `[[suppress]]`: rules that hide alerts, read strictly.

use super::Prefix;
use super::read::{At, Doc, Fields, join, kind};
use crate::alert::suppress::{RULES_MAX, Scope, Suppression, expiry};
use anomalyzer_wire::Timestamp;
use toml::Spanned;
use toml::de::DeValue;

/// Name of the tables.
pub(super) const SECTION: &str = "suppress";

const KEYS: [&str; 10] = [
    "detector",
    "technique",
    "src",
    "dst",
    "port",
    "name",
    "subject",
    "reason",
    "created",
    "expires",
];

/// For the reference: an example, commented out.
pub(super) const EXAMPLE: &str = "
# Alerts that need not be seen. A rule hides an alert that fits all of what the rule gives:
# detector, technique, src and dst (a network that all listed addresses are in), port (the only
# one), name (of a list), subject (as `anomalyzer feedback` prints it). Hidden alerts are counted
# for each rule and told. `expires` is a time, or a duration from `created`; an alert that goes on
# beyond it is shown again.
#   [[suppress]]
#   detector = \"port-scan\"
#   src = \"10.0.0.5\"
#   reason = \"our own scanner\"
#   expires = 2027-01-31T12:00:00Z
";

/// Reads all tables; what is wrong is noted in `doc`.
pub(super) fn read(doc: &mut Doc<'_>, item: &Spanned<DeValue<'_>>) -> Vec<Suppression> {
    let Some(items) = item.get_ref().as_array() else {
        let text = format!("must be tables written as [[suppress]], not {}", kind(item.get_ref()));
        doc.fault(Some(item.span()), SECTION, text);
        return Vec::new();
    };
    if items.len() > RULES_MAX {
        doc.fault(Some(item.span()), SECTION, format!("must be at most {RULES_MAX} rules"));
        return Vec::new();
    }
    items.iter().filter_map(|item| rule(doc, item)).collect()
}

fn rule(doc: &mut Doc<'_>, item: &Spanned<DeValue<'_>>) -> Option<Suppression> {
    let Some(table) = item.get_ref().as_table() else {
        let text = format!("must be a table, not {}", kind(item.get_ref()));
        doc.fault(Some(item.span()), SECTION, text);
        return None;
    };
    let fields = doc.fields(table, SECTION, &KEYS);
    let text =
        |doc: &mut Doc<'_>, key| fields.string(doc, key).map(|at: At<&str>| at.value.to_owned());
    let scope = Scope {
        detector: text(doc, "detector"),
        technique: text(doc, "technique"),
        src: network(doc, &fields, "src"),
        dst: network(doc, &fields, "dst"),
        port: port(doc, &fields),
        name: text(doc, "name"),
        subject: text(doc, "subject"),
    };
    let reason = text(doc, "reason").unwrap_or_default();
    let created = time(doc, &fields, "created", None);
    let expires = time(doc, &fields, "expires", created);
    match Suppression::new(scope, &reason, created, expires) {
        Ok(rule) => Some(rule),
        Err(text) => {
            doc.fault(Some(item.span()), SECTION, text);
            None
        }
    }
}

fn network(doc: &mut Doc<'_>, fields: &Fields<'_, '_>, key: &str) -> Option<Prefix> {
    let at = fields.string(doc, key)?;
    match Prefix::parse(at.value) {
        Ok(prefix) => Some(prefix),
        Err(text) => {
            doc.fault(Some(at.span), &join(SECTION, key), text);
            None
        }
    }
}

fn port(doc: &mut Doc<'_>, fields: &Fields<'_, '_>) -> Option<u16> {
    let item = fields.get("port")?;
    let number = item.get_ref().as_integer();
    let port = number.and_then(|n| u16::from_str_radix(n.as_str(), n.radix()).ok());
    if port.is_none() {
        let text = format!("must be a port, 0 to 65535, not {}", kind(item.get_ref()));
        doc.fault(Some(item.span()), &join(SECTION, "port"), text);
    }
    port
}

/// A TOML date with time and zone, or a text that [`expiry`] reads.
fn time(
    doc: &mut Doc<'_>,
    fields: &Fields<'_, '_>,
    key: &str,
    from: Option<Timestamp>,
) -> Option<Timestamp> {
    let item = fields.get(key)?;
    let given = match item.get_ref() {
        DeValue::Datetime(date) => Ok(date.to_string()),
        DeValue::String(text) => Ok(text.to_string()),
        other => Err(format!("must be a time such as 2027-01-31T12:00:00Z, not {}", kind(other))),
    };
    match given.and_then(|text| expiry(&text, from)) {
        Ok(time) => Some(time),
        Err(text) => {
            doc.fault(Some(item.span()), &join(SECTION, key), text);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use anomalyzer_wire::Timestamp;

    #[test]
    fn rules_are_read() {
        let config = Config::parse(
            "[[suppress]]\ndetector = \"port-scan\"\nsrc = \"10.0.0.0/24\"\nport = 22\n\
             reason = \"scanner\"\ncreated = \"2026-01-01T00:00:00Z\"\nexpires = \"30d\"\n\
             [[suppress]]\nname = \"web-attacks\"\nreason = \"test\"\n\
             expires = 2027-01-31T12:00:00Z\n",
            "x.toml",
        )
        .unwrap();
        let [scan, words] = config.suppress.as_slice() else { panic!("{:?}", config.suppress) };
        assert_eq!(scan.scope.to_string(), "detector port-scan, src 10.0.0.0/24, port 22");
        assert_eq!(scan.expires, Timestamp::parse("2026-01-31T00:00:00Z"));
        assert_eq!(words.expires, Timestamp::parse("2027-01-31T12:00:00Z"));
        assert_eq!((words.created, words.reason.as_str()), (None, "test"));
    }

    #[test]
    fn faults_name_key_and_line() {
        let check = |text: &str, expected: &str| {
            let error = Config::parse(text, "x.toml").unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        let rule = |line: &str| format!("[[suppress]]\nname = \"n\"\nreason = \"r\"\n{line}\n");
        check(&rule("sorce = \"10.0.0.1\""), "x.toml:4: `suppress.sorce`: unknown key");
        check(&rule("src = \"10.0.0.1/8\""), "x.toml:4: `suppress.src`: ");
        check(&rule("port = 70000"), "x.toml:4: `suppress.port`: must be a port");
        check(&rule("expires = 5"), "x.toml:4: `suppress.expires`: must be a time");
        check(&rule("expires = \"30d\""), "x.toml:4: `suppress.expires`: a duration needs");
        check(&rule("expires = 2027-01-31"), "x.toml:4: `suppress.expires`: ");
        check(&rule("detector = \"portscan\""), "did you mean `port-scan`?");
        check("[[suppress]]\nname = \"n\"\n", "x.toml:1: `suppress`: a reason");
        check("[[suppress]]\nreason = \"n\"\n", "x.toml:1: `suppress`: it names nothing");
        check("[suppress]\nname = \"n\"\n", "must be tables written as [[suppress]]");
        check("suppress = [1]\n", "must be a table, not a whole number");
    }
}
