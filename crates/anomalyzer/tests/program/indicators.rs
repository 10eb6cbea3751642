//! Threat lists from the command line: checked, used, refused.

use crate::tools::{Folder, json, pcapng, run, stderr, stdout};
use anomalyzer_scenario::{AttackKind, LISTED, Plan, generate};

fn listed() -> String {
    let [a, b, c, d] = LISTED;
    format!("{a}.{b}.{c}.{d}")
}

#[test]
fn a_list_is_checked_and_every_broken_one_is_named() {
    let folder = Folder::new();
    let text = format!("{}\n10.0.0.1\n\nevil.example\n", listed());
    let good = folder.write("good.txt", text.as_bytes());
    let empty = folder.write("empty.txt", b"# nothing\n");
    let broken = folder.write("broken.json", b"{\"objects\":[\n{]}");
    let paths = [&empty, &good, &broken].map(|p| p.to_str().unwrap().to_owned());
    let output = run(["indicators", "check", &paths[0], &paths[1], &paths[2], "/no/such/list"]);
    assert_eq!(output.status.code(), Some(2));
    let told = stdout(&output);
    assert!(told.contains(&format!("{}: lines, 2 indicators\n", paths[1])), "{told}");
    assert!(told.contains("line 2: a private address: 10.0.0.1\n"), "{told}");
    let complaint = stderr(&output);
    assert!(complaint.contains("empty.txt: no indicator in it"), "{complaint}");
    assert!(complaint.contains("broken.json:2: not readable as JSON"), "{complaint}");
    assert!(complaint.contains("/no/such/list: No such file"), "{complaint}");
}

#[test]
fn lists_come_from_the_option_or_the_settings() {
    let folder = Folder::new();
    let plan = Plan::office(7, 3).with(AttackKind::ThreatList);
    let office = folder.write("office.pcapng", &pcapng(&generate(&plan).collect::<Vec<_>>()));
    let list = folder.write("c2.txt", format!("{} # C2\n", listed()).as_bytes());
    let (office, list) = (office.to_str().unwrap(), list.to_str().unwrap());
    let severities = |args: &[&str]| {
        let base = ["analyze", office, "--json", "--only", "alerts"];
        let output = run(base.iter().chain(args));
        assert!(output.status.success(), "{output:?}");
        let mut alerts = json(&output);
        alerts.retain(|alert| alert["detector"] == "threat-list");
        alerts.iter().map(|a| a["severity"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(severities(&[]), Vec::<String>::new());
    assert_eq!(severities(&["--threat-list", list]), ["medium"]);
    assert_eq!(severities(&["--threat-list", &format!("high:{list}")]), ["high"]);
    assert_eq!(severities(&["--set", &format!("threat.lists={list}")]), ["medium"]);
    let own = format!("site.networks={}/32,192.168.0.0/16", listed());
    let refused = run(["analyze", office, "--threat-list", list, "--set", &own]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("an address of the site's own networks"));
}
