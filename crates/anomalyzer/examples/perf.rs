use anomalyzer_engine::*;
use std::sync::Arc;
struct N(u64);
impl Output for N { fn flow(&mut self, _: &FlowRecord) { self.0 += 1; } }
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let config = Arc::new(Config::default());
    let matcher = Arc::new({let lists: Vec<_> = keyword::BUILTIN.iter().filter(|b| std::env::var("W").is_ok() || b.name != "words").map(|b| keyword::builtin(b.name).unwrap().unwrap()).collect(); keyword::Matcher::new(&lists).unwrap()});
    let mut w = Worker::new(&config, &matcher, 1, 7);
    let mut c = Correlator::new(&config, 7);
    let mut p = Pacer::default();
    let mut out = N(0);
    let mut r = anomalyzer_capture::CaptureReader::open(std::path::Path::new(&path), &Default::default()).unwrap();
    while let Ok(Some(f)) = r.next_frame() {
        let paced = p.frame(f.time);
        if let Some(m) = paced.marker { let b = w.marker(&m); c.epoch(&m, vec![b], &mut out); }
        w.frame(paced.seq, paced.now, &f);
    }
    let m = p.finish();
    let b = w.marker(&m);
    c.epoch(&m, vec![b], &mut out);
    let s = c.summary();
    println!("{} packets {} flows {} records digest {:x}", s.packets, s.flows, out.0, s.flow_digest);
    println!("{:?}", s.counters);
    println!("{:?}", s.protocols);
    println!("{:?}", s.applications);
    for a in c.alerts() { println!("{:?} {} {}", a.severity, a.detector, a.title); }
}
