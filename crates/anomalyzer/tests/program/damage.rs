//! Files that are cut, damaged or something else.

use crate::tools::{
    Folder, anomalyzer, json, office, pcap, pcapng, record_len, run, stderr, stdout,
};

#[test]
fn a_cut_file_names_packet_and_byte_and_reports_the_rest() {
    let folder = Folder::new();
    let frames = office();
    let whole = pcap(&frames);
    let before: usize = frames.iter().take(99).map(|f| record_len(&f.raw())).sum();
    let file = folder.write("cut.pcap", &whole[..24 + before + 20]);
    let output = run(["analyze", "--json", "--only", "summary", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(json(&output)[0]["packets"], 99);
    let message = stderr(&output);
    assert!(message.contains("packet 100 at byte"), "{message}");
    assert!(message.contains("cut.pcap"), "{message}");
    let strict = run(["analyze", "--strict", file.to_str().unwrap()]);
    assert_eq!(strict.status.code(), Some(2));
    assert!(stdout(&strict).contains("99 packets"));
}

#[test]
fn cut_at_any_length_is_partial_and_never_a_crash() {
    let folder = Folder::new();
    let frames: Vec<_> = office().into_iter().take(40).collect();
    for (name, whole) in [("a.pcap", pcap(&frames)), ("a.pcapng", pcapng(&frames))] {
        let mut last = 0;
        // Every length of the headers, then samples.
        for length in (0..64).chain((64..whole.len()).step_by(whole.len() / 150)) {
            let file = folder.write(name, &whole[..length]);
            let output = run(["analyze", "--json", "--only", "summary", file.to_str().unwrap()]);
            let code = output.status.code();
            if (1..4).contains(&length) {
                // Too little to tell that it was to be a capture.
                assert_eq!(code, Some(4), "{name} {length}: {output:?}");
                continue;
            }
            assert!(matches!(code, Some(0 | 3)), "{name} {length}: {output:?}");
            let packets = json(&output)[0]["packets"].as_u64().unwrap();
            assert!(packets >= last, "{name} {length}");
            last = packets;
        }
        assert!(last > 30, "{name}: {last}");
    }
}

#[test]
fn flipped_bytes_never_crash() {
    let folder = Folder::new();
    let frames: Vec<_> = office().into_iter().take(60).collect();
    let whole = pcapng(&frames);
    for seed in 0..80_usize {
        let mut bytes = whole.clone();
        for k in 0..20 {
            let at = (seed * 7_919 + k * 104_729) % bytes.len();
            bytes[at] ^= u8::try_from((seed * 31 + k * 17 + 1) % 256).unwrap();
        }
        let file = folder.write("flipped.pcapng", &bytes);
        let output = anomalyzer().args(["analyze", "--json"]).arg(&file).output().unwrap();
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 3 | 4)), "{seed}: {code:?} {}", stderr(&output));
        assert!(!stderr(&output).contains("internal error"), "{seed}: {}", stderr(&output));
    }
}

#[test]
fn one_damaged_file_of_several_does_not_hide_the_others() {
    let folder = Folder::new();
    let frames = office();
    let whole = pcap(&frames);
    let good = folder.write("good.pcap", &whole);
    let cut = folder.write("cut.pcap", &whole[..whole.len() / 2]);
    let empty = folder.write("empty.pcap", &[]);
    let args = ["analyze", "--json", "--only", "summary"];
    let output = anomalyzer().args(args).args([&cut, &good, &empty]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let summary = &json(&output)[0];
    assert!(summary["packets"].as_u64().unwrap() > frames.len() as u64);
    let sources = summary["sources"].as_array().unwrap();
    let damaged = |at: usize| sources[at].get("damage").is_some();
    assert!(damaged(0) && !damaged(1) && damaged(2));
    let message = stderr(&output);
    assert!(message.contains("cut.pcap") && message.contains("empty.pcap"), "{message}");
}
