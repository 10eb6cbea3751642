//! Names that would forge lines, steer terminals, run as formulas or scripts: through every output.

use crate::tools::{Folder, frame, json, pcap, run, stdout};
use anomalyzer_scenario::Frame;

/// What a sender may put into a host name or a path.
const NAMES: [&[u8]; 14] = [
    b"a\r\nHIGH forged line",
    b"\x1b[2J\x1b[31mred",
    b"\x1b]52;c;aGVsbG8=\x07",
    b"nul\0byte",
    "right\u{202e}to\u{2066}left".as_bytes(),
    "line\u{2028}sep\u{85}".as_bytes(),
    b"\xff\xfe\xed\xa0\x80 lone surrogate",
    b"<img src=x onerror=alert(1)>",
    b"</script><script>alert(1)</script>",
    b"=cmd|' /C calc'!A0",
    b"@SUM(1)\"x\",y",
    b"{{7*7}}%n%s",
    b"\"quote\\back",
    b"\x7f\x9b31m",
];

/// A TCP packet with a payload, on its own flow.
fn packet(flow: u16, seq: u32, flags: u8, payload: &[u8], back: bool) -> Vec<u8> {
    let (a, b) = ([192, 0, 2, 1], [198, 51, 100, 2]);
    let (src, dst) = if back { (b, a) } else { (a, b) };
    let (sport, dport) = if back { (80, 40_000 + flow) } else { (40_000 + flow, 80) };
    let mut data = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let total = u16::try_from(40 + payload.len()).unwrap();
    data.extend([0x45, 0]);
    data.extend(total.to_be_bytes());
    data.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    data.extend(src);
    data.extend(dst);
    data.extend(sport.to_be_bytes());
    data.extend(dport.to_be_bytes());
    data.extend(seq.to_be_bytes());
    data.extend(u32::from(back).to_be_bytes());
    data.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    data.extend(payload);
    data
}

/// HTTP requests with each name as host, target and agent; one line of keyword bait each.
fn frames() -> Vec<Frame> {
    let mut frames = Vec::new();
    for (flow, name) in (0..).zip(NAMES) {
        let mut request = b"GET /?q=<script>../../etc/passwd&n=".to_vec();
        request.extend(name.iter().filter(|b| !b"\r\n ".contains(b)));
        request.extend(b" HTTP/1.1\r\nHost: ");
        request.extend(name.iter().filter(|b| !b"\r\n".contains(b)));
        request.extend(b"\r\nUser-Agent: ");
        request.extend(name);
        request.extend(b"\r\n\r\n");
        let second = i64::from(flow);
        frames.push(frame(second, packet(flow, 0, 0x02, b"", false)));
        frames.push(frame(second, packet(flow, 0, 0x12, b"", true)));
        frames.push(frame(second, packet(flow, 1, 0x18, &request, false)));
    }
    frames
}

/// Bytes that text for people must not hold.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[test]
fn no_output_can_be_steered_by_names_from_traffic() {
    let folder = Folder::new();
    let file = folder.write("hostile \u{1b}[31m\u{202e}.pcap", &pcap(&frames()));
    let tables = folder.path("tables");
    let plots = ["p.svg", "p.html"].map(|n| folder.path(n));
    for plot in &plots {
        let args = ["analyze", "--csv", tables.to_str().unwrap(), "--plot", plot.to_str().unwrap()];
        let output = run(args.into_iter().chain([file.to_str().unwrap()]));
        let text = stdout(&output);
        assert_eq!(text.chars().find(|c| steers(*c)), None, "{text}");
        assert!(!text.lines().any(|l| l.starts_with("HIGH forged")), "{text}");
        let picture = std::fs::read_to_string(plot).unwrap();
        assert!(!picture.contains("<img src=x") && !picture.contains("<script"), "{picture}");
        assert_eq!(picture.chars().find(|c| steers(*c) && *c != '\t'), None);
    }
    for name in ["flows.csv", "alerts.csv", "summary.csv"] {
        let table = std::fs::read_to_string(tables.join(name)).unwrap();
        let formula = |cell: &str| {
            let cell = cell.trim_start_matches('"');
            cell.starts_with(['=', '@', '\t']) || cell.starts_with("+c") || cell.starts_with("-c")
        };
        assert!(!table.split([',', '\n']).any(formula), "{name}: {table}");
        assert_eq!(table.chars().find(|c| steers(*c) && *c != '\r'), None, "{name}");
    }
}

#[test]
fn json_keeps_one_line_per_object_and_the_names() {
    let folder = Folder::new();
    let file = folder.write("hostile.pcap", &pcap(&frames()));
    let output = run(["analyze", "--json", file.to_str().unwrap()]);
    let lines = json(&output);
    let hosts: Vec<&str> = lines.iter().filter_map(|l| l["http_host"].as_str()).collect();
    assert_eq!(hosts.len(), NAMES.len(), "{hosts:?}");
    assert!(hosts.iter().any(|h| h.contains("<img src=x onerror=alert(1)>")));
    assert_eq!(stdout(&output).chars().find(|c| steers(*c)), None);
}
