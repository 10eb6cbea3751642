//! Answers compared with a plain evaluation in memory.

use super::fixture::{DAY, EVER, all, history, plain, record};
use super::*;
use anomalyzer_wire::Timestamp;
use proptest::prelude::*;

const SENSOR: SourceId = SourceId::SENSOR;

fn query(sort: FlowSort, descending: bool, limit: usize) -> FlowQuery {
    let (filter, cursor) = (Filter::default(), None);
    FlowQuery { source: SENSOR, range: EVER, filter, sort, descending, limit, cursor }
}

/// All pages of a query, one after the other.
fn pages(history: &History, mut query: FlowQuery) -> Vec<StoredFlow> {
    let mut rows = Vec::new();
    loop {
        let page = history.query(&query).unwrap();
        assert!(page.rows.len() <= query.limit);
        rows.extend(page.rows);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return rows,
        }
    }
}

fn text(record: &FlowRecord) -> String {
    format!("{record:?}")
}

const SORTS: [FlowSort; 8] = [
    FlowSort::Last,
    FlowSort::First,
    FlowSort::Bytes,
    FlowSort::Packets,
    FlowSort::Duration,
    FlowSort::Src,
    FlowSort::Dst,
    FlowSort::DstPort,
];

fn naive_value(sort: FlowSort, flow: &FlowRecord) -> i128 {
    let address = |addr: anomalyzer_wire::Addr| (addr.to_bits() ^ 1 << 127).cast_signed();
    match sort {
        FlowSort::Last => flow.last.nanos().into(),
        FlowSort::First => flow.first.nanos().into(),
        FlowSort::Bytes => flow.orig.bytes.saturating_add(flow.resp.bytes).into(),
        FlowSort::Packets => flow.orig.packets.saturating_add(flow.resp.packets).into(),
        FlowSort::Duration => flow.last.since(flow.first).max(0).into(),
        FlowSort::Src => address(flow.tuple.src),
        FlowSort::Dst => address(flow.tuple.dst),
        FlowSort::DstPort => flow.tuple.dst_port.into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_record_comes_back_as_it_was(flows in proptest::collection::vec(record(), 1..40)) {
        let (dir, history) = history();
        history.append(SENSOR, &flows).unwrap();
        history.flush().unwrap();
        drop(history);
        let history = fixture::open(dir.path());
        let mut expected: Vec<String> = flows.iter().map(text).collect();
        let mut found: Vec<String> = all(&history).iter().map(text).collect();
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn pages_are_the_sorted_flows_in_pieces(
        batches in proptest::collection::vec(proptest::collection::vec(record(), 0..40), 1..4),
        sort in 0..SORTS.len(),
        descending: bool,
        limit in 1..50_usize,
    ) {
        let (_dir, history) = history();
        for batch in &batches {
            history.append(SENSOR, batch).unwrap();
            history.flush().unwrap();
        }
        let sort = SORTS[sort];
        let rows = pages(&history, query(sort, descending, limit));
        let mut expected: Vec<i128> =
            batches.iter().flatten().map(|flow| naive_value(sort, flow)).collect();
        expected.sort_unstable();
        if descending {
            expected.reverse();
        }
        let found: Vec<i128> = rows.iter().map(|row| naive_value(sort, &row.record)).collect();
        prop_assert_eq!(found, expected);
        for row in &rows {
            prop_assert_eq!(text(&history.flow(&row.key).unwrap().record), text(&row.record));
        }
        let keys: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
        prop_assert_eq!(keys.len(), rows.len());
    }

    #[test]
    fn a_range_holds_what_ended_within(
        flows in proptest::collection::vec(record(), 1..60),
        from in -10..11_000_i64,
        seconds in 0..11_000_i64,
    ) {
        let (_dir, history) = history();
        history.append(SENSOR, &flows).unwrap();
        history.flush().unwrap();
        let from = Timestamp::from_secs_nanos(DAY + from, 0);
        let range = Range { from, to: from.plus_secs(seconds) };
        let mut asked = query(FlowSort::Last, true, 1_000);
        asked.range = range;
        let page = history.query(&asked).unwrap();
        let inside = |flow: &&FlowRecord| flow.last >= range.from && flow.last < range.to;
        let expected = flows.iter().filter(inside).count();
        prop_assert_eq!(page.rows.len(), expected);
        prop_assert_eq!(page.total, Some(expected as u64));
    }

    #[test]
    fn groups_are_the_sums(flows in proptest::collection::vec(record(), 1..150)) {
        let (_dir, history) = history();
        history.append(SENSOR, &flows).unwrap();
        history.flush().unwrap();
        let groups = history.groups(SENSOR, EVER, &Filter::default(), GroupBy::Src, 10_000).unwrap();
        let mut expected: BTreeMap<String, Group> = BTreeMap::new();
        let mut peers: BTreeMap<String, std::collections::BTreeSet<_>> = BTreeMap::new();
        for flow in &flows {
            let key = flow.tuple.src.to_string();
            let group = expected.entry(key.clone()).or_default();
            group.key.clone_from(&key);
            group.flows += 1;
            let add = |a: u64, b: u64| a.saturating_add(b);
            group.packets = add(group.packets, add(flow.orig.packets, flow.resp.packets));
            group.bytes = add(group.bytes, add(flow.orig.bytes, flow.resp.bytes));
            group.bytes_orig = add(group.bytes_orig, flow.orig.bytes);
            let of = peers.entry(key).or_default();
            of.insert(flow.tuple.dst);
            group.peers = of.len() as u64;
        }
        let mut expected: Vec<Group> = expected.into_values().collect();
        expected.sort_by(|a, b| {
            (b.bytes, b.flows).cmp(&(a.bytes, a.flows)).then_with(|| a.key.cmp(&b.key))
        });
        prop_assert_eq!(groups, expected);
    }
}

#[test]
fn a_page_of_the_latest_looks_at_few_rows() {
    let (_dir, history) = history();
    let flows: Vec<FlowRecord> = (0..50_000).map(|n| plain(n, DAY + i64::from(n) / 10)).collect();
    history.append(SENSOR, &flows).unwrap();
    history.flush().unwrap();
    let page = history.query(&query(FlowSort::Last, true, 100)).unwrap();
    assert_eq!(page.rows.len(), 100);
    assert_eq!(page.rows[0].record.id.0, 49_999);
    assert_eq!(page.total, None);
    assert!(page.scanned < 1_000, "{}", page.scanned);
}

#[test]
fn a_query_out_of_time_is_stopped() {
    let (_dir, history) = history();
    let flows: Vec<FlowRecord> = (0..5_000).map(|n| plain(n, DAY + i64::from(n))).collect();
    history.append(SENSOR, &flows).unwrap();
    history.flush().unwrap();
    let everything = Filter::default();
    let (page, groups, scan) = crate::within(Duration::ZERO, || {
        let page = history.query(&query(FlowSort::Bytes, true, 10)).map(drop);
        let groups = history.groups(SENSOR, EVER, &everything, GroupBy::Src, 10).map(drop);
        (page, groups, history.scan(SENSOR, EVER, &everything, &mut |_| true))
    });
    for result in [page, groups, scan] {
        assert!(matches!(result, Err(StoreError::Slow(_))), "{result:?}");
    }
    assert_eq!(history.query(&query(FlowSort::Bytes, true, 10)).unwrap().rows.len(), 10);
}

proptest! {
    #[test]
    fn no_bytes_are_a_block_that_panics(
        flows in proptest::collection::vec(record(), 1..8),
        flips in proptest::collection::vec((any::<usize>(), 0..8_u8), 0..40),
        end: usize,
    ) {
        let mut block = block::Builder::default();
        for flow in &flows {
            let mut row = Vec::new();
            row::encode(flow, &mut row);
            block.add(&row, flow.last.nanos());
        }
        let mut bytes = block.finish().to_vec();
        for (place, bit) in flips {
            let place = place % bytes.len();
            bytes[place] ^= 1 << bit;
        }
        bytes.truncate(end % (bytes.len() * 2));
        fuzz(&bytes);
    }
}
