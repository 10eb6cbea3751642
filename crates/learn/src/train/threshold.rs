//! From which score on a record is called anomalous.

use super::metrics::Judged;

/// The lowest threshold at which at most a share `fpr` of the normal scores is called anomalous.
/// Without normal scores that is the highest of all.
pub(crate) fn for_fpr(mut normals: Vec<f32>, fpr: f64) -> f32 {
    normals.sort_unstable_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let allowed = (normals.len() as f64 * fpr.clamp(0.0, 1.0)).floor() as usize;
    let Some(&first_refused) = normals.get(allowed) else {
        // All may be called anomalous.
        return normals.last().copied().unwrap_or(f32::MAX);
    };
    // Normal records from here on down must stay below the threshold.
    above(
        first_refused,
        normals[..allowed].iter().rev().copied().find(|&score| score > first_refused),
    )
}

/// The threshold that judges most records rightly; where many do equally well, one in their middle,
/// which leaves most room on both sides.
pub(crate) fn for_accuracy(judged: &[Judged]) -> f32 {
    let mut sorted: Vec<(f32, bool)> =
        judged.iter().map(|record| (record.raw, record.kind != 0)).collect();
    sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let Some(&(highest, _)) = sorted.first() else { return f32::MAX };
    // The gain, over calling nothing anomalous, of calling all down to here anomalous.
    let (mut best, mut gained) = (0_i64, 0_i64);
    let (mut first, mut last) = (above(highest, None), above(highest, None));
    let chunks: Vec<&[(f32, bool)]> = sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()).collect();
    for (at, same) in chunks.iter().enumerate() {
        gained += same.iter().map(|record| if record.1 { 1 } else { -1 }).sum::<i64>();
        if gained < best {
            continue;
        }
        let below = chunks.get(at + 1).map(|next| next[0].0);
        last = below.map_or(same[0].0, |below| above(below, Some(same[0].0)));
        if gained > best {
            (best, first) = (gained, last);
        }
    }
    last + (first - last) / 2.0
}

/// A number above `low`: half way to `high`, or the next one without it.
fn above(low: f32, high: Option<f32>) -> f32 {
    let Some(high) = high else { return low.next_up() };
    let middle = low + (high - low) / 2.0;
    if middle > low && middle <= high { middle } else { high }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small numbers that are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_false_alarms_is_kept() {
        let check = |scores: &[f32], fpr: f64, wrong: usize| {
            let threshold = for_fpr(scores.to_vec(), fpr);
            let alarms = scores.iter().filter(|&&score| score >= threshold).count();
            assert_eq!(alarms, wrong, "{scores:?} {fpr}");
        };
        let ten: Vec<f32> = (0..10_u8).map(f32::from).collect();
        check(&ten, 0.0, 0);
        check(&ten, 0.1, 1);
        check(&ten, 0.19, 1);
        check(&ten, 0.3, 3);
        check(&ten, 1.0, 10);
        check(&[1.0, 1.0, 1.0, 0.0], 0.5, 0);
        check(&[1.0; 5], 0.9, 0);
        check(&[], 0.1, 0);
    }

    #[test]
    fn most_records_are_judged_rightly() {
        let judged = |scores: &[(f32, u16)]| -> Vec<Judged> {
            scores.iter().map(|&(raw, kind)| Judged { raw, kind }).collect()
        };
        for (scores, low, high) in [
            (&[(0.9, 1), (0.8, 1), (0.3, 0), (0.1, 0)][..], 0.3, 0.8),
            (&[(0.9, 0), (0.8, 1), (0.7, 1), (0.1, 0)][..], 0.1, 0.7),
            (&[(0.9, 0), (0.1, 0)][..], 0.9, 1.0),
        ] {
            let threshold = for_accuracy(&judged(scores));
            assert!(threshold > low && threshold <= high, "{threshold}");
        }
        assert_eq!(for_accuracy(&[]), f32::MAX);
    }
}
